"""Values of a state's Parameters, by moto's interpreter of Step Functions (moto 5.2.5).

    pip install -r ../judges/requirements.txt

Some expressions are left out because moto differs from the documentation or does not support them:
negative indices, escaped braces, null as an argument, descending ranges, and more arguments than
placeholders in States.Format.
"""

import json
import logging
import os
import time

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

logging.disable(logging.CRITICAL)
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")

INPUT = {
    "body": {"jobName": "from-path-1", "modelDataUrl": "s3://b/m", "a-b": 5, "x y": "blank"},
    "list": [1, 2, 3, 2, "two"],
    "objects": [{"n": 1}, {"n": 2}],
    "text": "it's {odd} \\ here",
    "number": 3.5,
    "flag": True,
    "nothing": None,
    "json": '{"k": [1, 2]}',
    "first": {"a": 1, "b": {"c": 2}},
    "second": {"b": 3, "d": 4},
}

EXPRESSIONS = [
    "$",
    "$.body.jobName",
    "$.body['a-b']",
    "$['body']['x y']",
    "$.list[0]",
    "$.list[1:3]",
    "$.list[*]",
    "$.objects[*].n",
    "$..n",
    "$.nothing",
    "$.missing",
    "$.list[9]",
    "States.Format('{}-{}', $.body.jobName, $.number)",
    "States.Format('{} {} {} {}', $.flag, $.nothing, 7, 'text')",
    "States.Format('{} {}', 1)",
    "States.Format('none')",
    "States.Array(1, 'two', $.list, true)",
    "States.Array()",
    "States.ArrayLength($.list)",
    "States.ArrayContains($.list, 3)",
    "States.ArrayContains($.list, 'two')",
    "States.ArrayContains($.list, 9)",
    "States.ArrayGetItem($.list, 4)",
    "States.ArrayGetItem($.list, 9)",
    "States.ArrayPartition($.list, 2)",
    "States.ArrayPartition($.list, 9)",
    "States.ArrayRange(1, 9, 2)",
    "States.ArrayRange(1, 9, 0)",
    "States.JsonMerge($.first, $.second, false)",
    "States.StringToJson($.json)",
    "States.StringSplit('1,2,3', ',')",
    "States.StringSplit('a.b+c,d', '.+,')",
    "States.StringSplit(',a,,b,', ',')",
    "States.MathAdd(111, -1)",
    "States.Base64Encode('Data to encode')",
    "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')",
    "States.Format('{}', States.ArrayLength(States.ArrayRange(0, 10, 5)))",
    "States.Nonsense(1)",
    "States.MathAdd(1",
    "body.jobName",
]


def run(expression):
    """Returns the value in a list, or None if the execution fails."""
    state = {"Type": "Pass", "Parameters": {"v.$": expression}, "End": True}
    machine = {"StartAt": "P", "States": {"P": state}}
    client = boto3.client("stepfunctions", region_name="us-east-1")
    try:
        arn = client.create_state_machine(
            name="m", definition=json.dumps(machine), roleArn="arn:aws:iam::111122223333:role/r"
        )["stateMachineArn"]
    except ClientError:
        return None
    execution = client.start_execution(stateMachineArn=arn, input=json.dumps(INPUT))["executionArn"]
    for _ in range(100):
        description = client.describe_execution(executionArn=execution)
        if description["status"] != "RUNNING":
            break
        time.sleep(0.02)
    client.delete_state_machine(stateMachineArn=arn)
    # moto drops a member without a value; Step Functions would fail.
    output = json.loads(description["output"]) if description["status"] == "SUCCEEDED" else {}
    return [output["v"]] if "v" in output else None


with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
    cases = [{"expression": expression, "value": run(expression)} for expression in EXPRESSIONS]
print(json.dumps({"input": INPUT, "cases": cases}, indent=1))
