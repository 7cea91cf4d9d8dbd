"""Outside judges of what we send to SageMaker, and of our fake SageMaker: moto's server, botocore's validator, boto3.

    pip install -r requirements.txt
    python3 service.py PROGRAM

PROGRAM is the command `surmise`, built with the feature `sdk`. The checks:

1. A tuning on moto's server ends with its best job; each training job that moto then describes has what the request says, and is a
   request that botocore's validator accepts. (moto drops Environment and RetryStrategy, and puts metric definitions of its own in place.)
2. boto3 gets along with our fake: its replies have the members and types of the service model, and its errors are boto3's exceptions.
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

from servers import free_port, started

PROGRAM = sys.argv[1]
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-west-2"}
# moto's training jobs tell this metric, and nothing else.
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
                "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train", "S3DataDistributionType": "FullyReplicated"}},
        },
        {
            "ChannelName": "files",
            "DataSource": {"FileSystemDataSource": {
                "FileSystemId": "fs-12345678901", "FileSystemAccessMode": "ro", "FileSystemType": "EFS",
                "DirectoryPath": "/data"}},
        },
    ],
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models", "KmsKeyId": "alias/key", "CompressionType": "NONE"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30, "VolumeKmsKeyId": "key-1"},
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
            "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "1e-5", "MaxValue": "1", "ScalingType": "Logarithmic"}],
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


def check(is_right, what):
    global checked
    checked += 1
    if not is_right:
        wrong.append(what)


def client_of(port):
    return boto3.client(
        "sagemaker", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-west-2",
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )


def run_example(port, *more):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "request.json"
        file.write_text(json.dumps(REQUEST))
        command = [PROGRAM, "sagemaker", "tune", file, "--spend", "--poll", "0.2", "--endpoint", f"http://127.0.0.1:{port}", *more]
        done = subprocess.run(command, env=os.environ | KEYS, text=True, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def judge_moto():
    port = free_port()
    server = started(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), port=port)
    try:
        told = run_example(port)
        client = client_of(port)
        jobs = [job["TrainingJobName"] for job in client.list_training_jobs()["TrainingJobSummaries"]]
        check(len(jobs) == 5, f"moto has {jobs}")
        check("best: 100" in told, f"no best job is told: {told}")
        shape = client.meta.service_model.operation_model("CreateTrainingJob").input_shape
        for name in jobs:
            there = client.describe_training_job(TrainingJobName=name)
            values = there["HyperParameters"]
            tuned = {key: values[key] for key in ("rate", "depth", "booster")}
            check(1e-5 <= float(tuned["rate"]) <= 1 and 1 <= int(tuned["depth"]) <= 9, f"{name}: {tuned}")
            check(values == STATICS | tuned | {"_tuning_objective_metric": METRIC}, f"{name}: {values}")
            for member, wanted in DEFINITION.items():
                found = there.get(member)
                if member == "CheckpointConfig":
                    # Each trial has a folder of its own, which a hash of its hyperparameters tells from others of its number.
                    folder = re.escape(f"{wanted['S3Uri']}/{name.rsplit('-', 1)[0]}-") + "[0-9a-f]{8}"
                    check(re.fullmatch(folder, found["S3Uri"]), f"{name}: {member} is {found}")
                    wanted = {**wanted, "S3Uri": found["S3Uri"]}
                if member == "AlgorithmSpecification":
                    wanted, found = ({**part, "MetricDefinitions": None} for part in (wanted, found))
                check(found == wanted, f"{name}: {member} is {found}, not {wanted}")
            check(client.list_tags(ResourceArn=there["TrainingJobArn"])["Tags"] == TAGS, f"{name}: tags")
            sent = {member: there[member] for member in (*DEFINITION, "HyperParameters", "TrainingJobName")}
            report = ParamValidator().validate(sent, shape)
            check(not report.has_errors(), f"{name}: {report.generate_report()}")
    finally:
        server.kill()
        server.wait()


def judge_fake():
    port = free_port()
    server = started(PROGRAM, "sagemaker", "fake", "--port", str(port), port=port)
    client = client_of(port)

    def call(operation, **given):
        """An answer, whose members and types are those of the service model."""
        answer = getattr(client, operation)(**given)
        answer = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).output_shape
        if shape is not None:
            report = ParamValidator().validate(answer, shape).generate_report().splitlines()
            # A job without instances has none, though the model requires it: crates/surmise-sagemaker/docs/fake.md.
            wrong = [line for line in report if '"ModelArtifacts"' not in line or "TrainingStartTime" in answer]
            check(not wrong, f"{operation}: {wrong}")
        return answer

    def refused(code, operation, **given):
        try:
            getattr(client, operation)(**given)
            check(False, f"{operation} was not refused")
        except ClientError as error:
            check(error.response["Error"]["Code"] == code, f"{operation}: {error}")

    def follow(describe, status, **name):
        seen = []
        for _ in range(600):
            answer = call(describe, **name)
            seen += [answer[status]] if answer[status] not in seen[-1:] else []
            if answer[status] in ("Completed", "Stopped", "Failed"):
                return seen, answer
            time.sleep(0.1)
        raise SystemExit(f"{name} does not end: {seen}")

    try:
        request = {**DEFINITION, "TrainingJobName": "one", "HyperParameters": {"x": "3", "_tuning_objective_metric": "loss"}}
        del request["EnableManagedSpotTraining"], request["CheckpointConfig"]
        request["StoppingCondition"] = {"MaxRuntimeInSeconds": 60}
        call("create_training_job", **request)
        refused("ResourceInUse", "create_training_job", **request)
        refused("ValidationException", "create_training_job", **{**request, "TrainingJobName": "-"})
        refused("ValidationException", "describe_training_job", TrainingJobName="nothing")
        seen, end = follow("describe_training_job", "SecondaryStatus", TrainingJobName="one")
        check([step for step in seen if step in ("Training", "Completed")] == ["Training", "Completed"], str(seen))
        check(end["FinalMetricDataList"][0]["Value"] == 9.0, str(end["FinalMetricDataList"]))
        check(end["ModelArtifacts"]["S3ModelArtifacts"].endswith("/one/output/model.tar.gz"), "no model")
        refused("ValidationException", "stop_training_job", TrainingJobName="one")
        call("create_training_job", **{**request, "TrainingJobName": "two"})
        call("stop_training_job", TrainingJobName="two")
        seen, _ = follow("describe_training_job", "TrainingJobStatus", TrainingJobName="two")
        check(seen == ["Stopping", "Stopped"], str(seen))
        expression = {"Operator": "Or", "Filters": [
            {"Name": "TrainingJobName", "Operator": "Equals", "Value": name} for name in ("one", "two", "three")]}
        found = call("search", Resource="TrainingJob", SearchExpression=expression, MaxResults=1)
        check(len(found["Results"]) == 1 and "NextToken" in found, "pages")
        more = call("search", Resource="TrainingJob", SearchExpression=expression, NextToken=found["NextToken"])
        check(len(more["Results"]) == 1 and "NextToken" not in more, "the last page")
        check(len(call("list_training_jobs")["TrainingJobSummaries"]) == 2, "a list")

        call("create_hyper_parameter_tuning_job", **REQUEST)
        refused("ResourceInUse", "create_hyper_parameter_tuning_job", **REQUEST)
        name = {"HyperParameterTuningJobName": "trees"}
        _, end = follow("describe_hyper_parameter_tuning_job", "HyperParameterTuningJobStatus", **name)
        check(end["TrainingJobStatusCounters"]["Completed"] == 5, str(end["TrainingJobStatusCounters"]))
        jobs = call("list_training_jobs_for_hyper_parameter_tuning_job", **name)["TrainingJobSummaries"]
        values = [job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in jobs]
        check(len(jobs) == 5 and end["BestTrainingJob"]["TrainingJobName"] == jobs[values.index(max(values))]["TrainingJobName"], "best")
        refused("ResourceNotFound", "describe_hyper_parameter_tuning_job", HyperParameterTuningJobName="nothing")

        # Our own program, on our own fake, in real time: both ways.
        check("It is over: 5 jobs" in run_example(port, "--name", "ours"), "our tuner on our fake")
        check("5 observations were brought back" in run_example(port, "--name", "theirs", "--hand-over"), "handed over")
    finally:
        server.kill()
        server.wait()


judge_moto()
print(f"moto: {checked} checks so far, {len(wrong)} fail")
judge_fake()
print(f"boto3 {boto3.__version__}: {checked} checks in all, {len(wrong)} fail")
print("\n".join(wrong), end="\n" if wrong else "")
assert checked > 100, "hardly anything was checked"
sys.exit(bool(wrong))
