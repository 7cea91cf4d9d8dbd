"""The requests that the checks send, and what the checks read from responses."""
import math

from .checks import ACCOUNT, REGION, sleep

ROLE = f"arn:aws:iam::{ACCOUNT}:role/tuner"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/trees:1"
METRICS = [{"Name": "loss", "Regex": "loss=(\\S+)"}]
OBJECTIVE = {"Type": "Minimize", "MetricName": "loss"}
TAGS = [{"Key": "team", "Value": "trees"}]
INSTANCE_TYPE = "ml.m5.xlarge"
RANGES = {
    "ContinuousParameterRanges": [
        {"Name": "rate", "MinValue": "0.1", "MaxValue": "1", "ScalingType": "Linear"}],
    "IntegerParameterRanges": [
        {"Name": "depth", "MinValue": "2", "MaxValue": "9", "ScalingType": "Linear"}],
    "CategoricalParameterRanges": [{"Name": "booster", "Values": ["dart", "gbtree"]}],
}
TUNED_PARAMETERS = {"rate", "depth", "booster"}
DEFINITION = {
    "StaticHyperParameters": {"rounds": "3", "objective": "squared"},
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": METRICS},
    "RoleArn": ROLE,
    "InputDataConfig": [{
        "ChannelName": "train",
        "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train",
            "S3DataDistributionType": "FullyReplicated"}},
    }],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": INSTANCE_TYPE, "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
TRAINING_JOB = {
    "InputDataConfig": DEFINITION["InputDataConfig"],
    "OutputDataConfig": DEFINITION["OutputDataConfig"],
    "RoleArn": ROLE,
    "AlgorithmSpecification": DEFINITION["AlgorithmSpecification"],
    "ResourceConfig": DEFINITION["ResourceConfig"],
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "HyperParameters": {"x": "3", "_tuning_objective_metric": "loss"},
}
ALGORITHM = {
    "AlgorithmName": "forest",
    "TrainingSpecification": {
        "TrainingImage": IMAGE,
        "SupportedTrainingInstanceTypes": [INSTANCE_TYPE],
        "SupportedHyperParameters": [
            {"Name": "rate", "Type": "Continuous", "IsTunable": True, "IsRequired": False,
             "Range": {"ContinuousParameterRangeSpecification": {
                 "MinValue": "0", "MaxValue": "1"}}},
            {"Name": "depth", "Type": "Integer", "IsTunable": True, "DefaultValue": "4",
             "Range": {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "9"}}},
            {"Name": "kind", "Type": "Categorical", "IsRequired": True,
             "Range": {"CategoricalParameterRangeSpecification": {"Values": ["gini", "entropy"]}}},
            {"Name": "note", "Type": "FreeText"},
        ],
        "MetricDefinitions": METRICS,
        "SupportedTuningJobObjectiveMetrics": [OBJECTIVE],
        "TrainingChannels": [{
            "Name": "train", "IsRequired": True, "SupportedContentTypes": ["text/csv"],
            "SupportedInputModes": ["File"]}],
    },
}
FINAL_STATUSES = ("Completed", "Stopped", "Failed")
SWITCHES = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption",
            "EnableManagedSpotTraining")


def tuning_request(name, jobs=2, parallel=2, goal="Minimize", definition=None, **members):
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": goal, "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
        "ParameterRanges": RANGES,
    }
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": definition or DEFINITION,
        **members,
    }


def changed_definition(**changes):
    return {**DEFINITION, **changes}


def named(name):
    """Returns the member that names a tuning job."""
    return {"HyperParameterTuningJobName": name}


def warm_start(*parents, kind="IdenticalDataAndAlgorithm"):
    parents = [named(parent) for parent in parents]
    return {"WarmStartType": kind, "ParentHyperParameterTuningJobs": parents}


def names_of(jobs, member="TrainingJobName"):
    return [job[member] for job in jobs]


def tuning_job_names(jobs):
    return names_of(jobs, "HyperParameterTuningJobName")


def value_of(job):
    return job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def sum_of_squares(parameters):
    """Returns the value that the fake's training jobs report: text counts as zero."""
    def number(text):
        try:
            return float(text)
        except ValueError:
            return 0.0
    return sum(number(text) ** 2 for text in parameters.values())


def is_close(ours, theirs):
    return math.isclose(ours, theirs, rel_tol=1e-5)


def wait_until_ended(client, name):
    """Returns the description of a tuning job when it has ended."""
    for _ in range(300):
        response = client.describe_hyper_parameter_tuning_job(**named(name))
        if response["HyperParameterTuningJobStatus"] in FINAL_STATUSES:
            return response
        sleep(0.2)
    raise TimeoutError(f"{name} does not end")


def wait_for(client, waiter, **name):
    client.get_waiter(waiter).wait(**name, WaiterConfig={"MaxAttempts": 60})
