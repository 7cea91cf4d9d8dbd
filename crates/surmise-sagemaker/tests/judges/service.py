"""Compares requests to SageMaker, and the fake SageMaker, with moto's server, botocore and boto3.

    pip install -r requirements.txt
    python3 service.py PROGRAM

PROGRAM is the command `surmise`, built with the feature `sdk`. The checks:

1. A tuning on moto's server ends with its best job. Each training job on moto has the settings of
   the request, and botocore's validator accepts it. (moto drops Environment and RetryStrategy, and
   replaces metric definitions by its own.)
2. boto3 works with the fake: responses have the members and types of the service model, and errors
   are boto3's exceptions.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from servers import free_port, start_server

PROGRAM = sys.argv[1]
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-west-2",
}
# moto's training jobs report only this metric.
METRIC = "train:progress"
DEFINITION = {
    "AlgorithmSpecification": {
        "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": METRIC, "Regex": "progress=(\\S+)"}],
    },
    "RoleArn": "arn:aws:iam::012345678912:role/tuner",
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "ContentType": "text/csv",
            "CompressionType": "None",
            "InputMode": "FastFile",
            "ShuffleConfig": {"Seed": 9007199254740993},
            "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train",
                "S3DataDistributionType": "FullyReplicated"}},
        },
        {
            "ChannelName": "files",
            "DataSource": {"FileSystemDataSource": {
                "FileSystemId": "fs-12345678901", "FileSystemAccessMode": "ro",
                "FileSystemType": "EFS", "DirectoryPath": "/data"}},
        },
    ],
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
    "OutputDataConfig": {
        "S3OutputPath": "s3://bucket/models", "KmsKeyId": "alias/key", "CompressionType": "NONE"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30,
        "VolumeKmsKeyId": "key-1"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    "EnableNetworkIsolation": False,
    "EnableInterContainerTrafficEncryption": True,
    "EnableManagedSpotTraining": True,
    "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/opt/ml/checkpoints"},
}
STATICS = {"num_round": "20", "objective": "reg:squarederror"}
TAGS = [{"Key": "team", "Value": "trees"}]
REQUEST = {
    "HyperParameterTuningJobName": "trees",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Random",
        "RandomSeed": 3,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": METRIC},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "ContinuousParameterRanges": [{
                "Name": "rate", "MinValue": "1e-5", "MaxValue": "1", "ScalingType": "Logarithmic"}],
            "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}],
            "CategoricalParameterRanges": [{"Name": "booster", "Values": ["dart", "gbtree"]}],
        },
    },
    "TrainingJobDefinition": {
        **DEFINITION,
        "StaticHyperParameters": STATICS,
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "Environment": {"GREETING": "hello"},
    },
    "Tags": TAGS,
}
wrong, checked = [], 0


def check(is_right, description):
    global checked
    checked += 1
    if not is_right:
        wrong.append(description)


def make_client(port):
    return boto3.client(
        "sagemaker", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-west-2",
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )


def run_example(port, *more):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "request.json"
        file.write_text(json.dumps(REQUEST))
        endpoint = f"http://127.0.0.1:{port}"
        command = [PROGRAM, "sagemaker", "tune", file, "--spend", "--poll", "0.2",
                   "--endpoint", endpoint, *more]
        done = subprocess.run(command, env=os.environ | VARIABLES, text=True, capture_output=True,
                              timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_moto():
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = start_server(*command, port=port)
    try:
        output = run_example(port)
        client = make_client(port)
        summaries = client.list_training_jobs()["TrainingJobSummaries"]
        jobs = [job["TrainingJobName"] for job in summaries]
        check(len(jobs) == 5, f"moto has {jobs}")
        check("best: 100" in output, f"no best job in the output: {output}")
        shape = client.meta.service_model.operation_model("CreateTrainingJob").input_shape
        for name in jobs:
            job = client.describe_training_job(TrainingJobName=name)
            values = job["HyperParameters"]
            tuned = {key: values[key] for key in ("rate", "depth", "booster")}
            is_in_range = 1e-5 <= float(tuned["rate"]) <= 1 and 1 <= int(tuned["depth"]) <= 9
            check(is_in_range, f"{name}: {tuned}")
            expected = STATICS | tuned | {"_tuning_objective_metric": METRIC}
            check(values == expected, f"{name}: {values}")
            for member, wanted in DEFINITION.items():
                found = job.get(member)
                if member == "CheckpointConfig":
                    # Each trial has its own folder, named by its number and a hash of its values.
                    prefix = re.escape(f"{wanted['S3Uri']}/{name.rsplit('-', 1)[0]}-")
                    is_own_folder = re.fullmatch(prefix + "[0-9a-f]{8}", found["S3Uri"])
                    check(is_own_folder, f"{name}: {member} is {found}")
                    wanted = {**wanted, "S3Uri": found["S3Uri"]}
                if member == "AlgorithmSpecification":
                    parts = (wanted, found)
                    wanted, found = ({**part, "MetricDefinitions": None} for part in parts)
                check(found == wanted, f"{name}: {member} is {found}, not {wanted}")
            tags = client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
            check(tags == TAGS, f"{name}: tags")
            members = (*DEFINITION, "HyperParameters", "TrainingJobName")
            report = ParamValidator().validate({member: job[member] for member in members}, shape)
            check(not report.has_errors(), f"{name}: {report.generate_report()}")
    finally:
        server.kill()
        server.wait()


def check_fake():
    port = free_port()
    server = start_server(PROGRAM, "sagemaker", "fake", "--port", str(port), port=port)
    client = make_client(port)

    def call(operation, **arguments):
        """Returns a response, and checks its members and types against the service model."""
        response = getattr(client, operation)(**arguments)
        response = {key: value for key, value in response.items() if key != "ResponseMetadata"}
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).output_shape
        if shape is not None:
            report = ParamValidator().validate(response, shape).generate_report().splitlines()
            # A job without instances has no ModelArtifacts, though the model requires it; see
            # crates/surmise-sagemaker/docs/fake.md.
            has_started = "TrainingStartTime" in response
            wrong = [line for line in report if has_started or '"ModelArtifacts"' not in line]
            check(not wrong, f"{operation}: {wrong}")
        return response

    def check_refused(code, operation, **arguments):
        try:
            getattr(client, operation)(**arguments)
            check(False, f"{operation} was not refused")
        except ClientError as error:
            check(error.response["Error"]["Code"] == code, f"{operation}: {error}")

    def follow(describe, status, **name):
        seen = []
        for _ in range(600):
            response = call(describe, **name)
            seen += [response[status]] if response[status] not in seen[-1:] else []
            if response[status] in ("Completed", "Stopped", "Failed"):
                return seen, response
            time.sleep(0.1)
        raise SystemExit(f"{name} does not end: {seen}")

    try:
        request = {**DEFINITION, "TrainingJobName": "one",
                   "HyperParameters": {"x": "3", "_tuning_objective_metric": "loss"}}
        del request["EnableManagedSpotTraining"], request["CheckpointConfig"]
        request["StoppingCondition"] = {"MaxRuntimeInSeconds": 60}
        call("create_training_job", **request)
        check_refused("ResourceInUse", "create_training_job", **request)
        invalid_name = {**request, "TrainingJobName": "-"}
        check_refused("ValidationException", "create_training_job", **invalid_name)
        check_refused("ValidationException", "describe_training_job", TrainingJobName="nothing")
        seen, end = follow("describe_training_job", "SecondaryStatus", TrainingJobName="one")
        steps = [step for step in seen if step in ("Training", "Completed")]
        check(steps == ["Training", "Completed"], str(seen))
        check(end["FinalMetricDataList"][0]["Value"] == 9.0, str(end["FinalMetricDataList"]))
        model = end["ModelArtifacts"]["S3ModelArtifacts"]
        check(model.endswith("/one/output/model.tar.gz"), "no model")
        check_refused("ValidationException", "stop_training_job", TrainingJobName="one")
        call("create_training_job", **{**request, "TrainingJobName": "two"})
        call("stop_training_job", TrainingJobName="two")
        seen, _ = follow("describe_training_job", "TrainingJobStatus", TrainingJobName="two")
        check(seen == ["Stopping", "Stopped"], str(seen))
        expression = {"Operator": "Or", "Filters": [
            {"Name": "TrainingJobName", "Operator": "Equals", "Value": name}
            for name in ("one", "two", "three")]}
        query = {"Resource": "TrainingJob", "SearchExpression": expression}
        found = call("search", **query, MaxResults=1)
        check(len(found["Results"]) == 1 and "NextToken" in found, "first page of a search")
        more = call("search", **query, NextToken=found["NextToken"])
        check(len(more["Results"]) == 1 and "NextToken" not in more, "last page of a search")
        check(len(call("list_training_jobs")["TrainingJobSummaries"]) == 2, "list of jobs")

        call("create_hyper_parameter_tuning_job", **REQUEST)
        check_refused("ResourceInUse", "create_hyper_parameter_tuning_job", **REQUEST)
        name = {"HyperParameterTuningJobName": "trees"}
        status = "HyperParameterTuningJobStatus"
        _, end = follow("describe_hyper_parameter_tuning_job", status, **name)
        counters = end["TrainingJobStatusCounters"]
        check(counters["Completed"] == 5, str(counters))
        page = call("list_training_jobs_for_hyper_parameter_tuning_job", **name)
        jobs = page["TrainingJobSummaries"]
        values = [job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in jobs]
        best = jobs[values.index(max(values))]["TrainingJobName"]
        is_best = end["BestTrainingJob"]["TrainingJobName"] == best
        check(len(jobs) == 5 and is_best, "best training job")
        check_refused("ResourceNotFound", "describe_hyper_parameter_tuning_job",
                      HyperParameterTuningJobName="nothing")

        # PROGRAM tunes on the fake in real time: itself, and by SageMaker's own tuner.
        output = run_example(port, "--name", "ours")
        check("The tuning ended: 5 jobs" in output, "PROGRAM on the fake")
        output = run_example(port, "--name", "theirs", "--hand-over")
        check("imported 5 observations" in output, "SageMaker's tuner on the fake")
    finally:
        server.kill()
        server.wait()


check_moto()
print(f"moto: {checked} checks, {len(wrong)} fail")
check_fake()
print(f"boto3 {boto3.__version__}: {checked} checks in all, {len(wrong)} fail")
print("\n".join(wrong), end="\n" if wrong else "")
assert checked > 100, "few checks ran"
sys.exit(bool(wrong))
