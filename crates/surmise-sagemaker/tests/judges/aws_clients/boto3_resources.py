"""boto3: training jobs, algorithms, models, transform jobs and endpoints."""
import datetime

from .checks import NOT_FOUND, VALIDATION, check, check_refused, sleep
from .definitions import (
    ALGORITHM, IMAGE, INSTANCE_TYPE, ROLE, SWITCHES, TAGS, TRAINING_JOB, names_of, wait_for)

MODEL = {
    "PrimaryContainer": {
        "Image": IMAGE,
        "ModelDataUrl": "s3://bucket/models/one/output/model.tar.gz",
        "Environment": {"A": "b"},
    },
    "ExecutionRoleArn": ROLE,
}
TRANSFORM_JOB = {
    "ModelName": "model-a",
    "TransformInput": {"DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/test"}}},
    "TransformOutput": {"S3OutputPath": "s3://bucket/answers"},
    "TransformResources": {"InstanceType": INSTANCE_TYPE, "InstanceCount": 1},
}
SOLO_JOBS = ["solo-a", "solo-b", "solo-c"]


def check_training_jobs(client):
    for name in SOLO_JOBS:
        client.create_training_job(TrainingJobName=name, **TRAINING_JOB, Tags=TAGS)
        sleep(0.2)
    client.stop_training_job(TrainingJobName="solo-b")
    for name in SOLO_JOBS:
        wait_for(client, "training_job_completed_or_stopped", TrainingJobName=name)
    job = client.describe_training_job(TrainingJobName="solo-a")
    check(job["OutputDataConfig"].get("KmsKeyId") == "", f"solo-a: {job['OutputDataConfig']}")
    for member in SWITCHES:
        check(job.get(member) is False, f"solo-a: {member} is {job.get(member)}")
    check(job["HyperParameters"] == TRAINING_JOB["HyperParameters"], str(job["HyperParameters"]))
    check_lists_of_training_jobs(client)


def check_lists_of_training_jobs(client):
    def found(**options):
        options = {"NameContains": "solo", "SortOrder": "Ascending", **options}
        return names_of(client.list_training_jobs(**options)["TrainingJobSummaries"])

    by_name = found(SortBy="Name")
    check(by_name == SOLO_JOBS, f"training jobs by name: {by_name}")
    check(found(SortBy="Name", SortOrder="Descending") == SOLO_JOBS[::-1],
          "training jobs by name, descending")
    check(found() == SOLO_JOBS, f"training jobs by creation: {found()}")
    check(found(SortOrder="Descending") == SOLO_JOBS[::-1],
          "training jobs by creation, descending")
    stopped = found(StatusEquals="Stopped")
    check(stopped == ["solo-b"], f"stopped training jobs: {stopped}")
    jobs = client.list_training_jobs(NameContains="solo", SortBy="Name", SortOrder="Ascending")
    jobs = jobs["TrainingJobSummaries"]
    for job in jobs:
        missing = {"TrainingEndTime", "LastModifiedTime", "SecondaryStatus"} - job.keys()
        # A job that is stopped before it has instances has no times of training.
        if job["TrainingJobStatus"] == "Stopped":
            missing -= {"TrainingEndTime"}
        check(not missing, f"{job['TrainingJobName']}: no {sorted(missing)} in the list")
    margin = datetime.timedelta(milliseconds=50)
    second = jobs[1]["CreationTime"]
    after = found(CreationTimeAfter=second + margin)
    before = found(CreationTimeBefore=second - margin)
    check(after == ["solo-c"] and before == ["solo-a"],
          f"training jobs created after {after}, before {before}")
    ends = sorted((job.get("LastModifiedTime", second), job["TrainingJobName"]) for job in jobs)
    after = found(LastModifiedTimeAfter=ends[1][0] + margin)
    before = found(LastModifiedTimeBefore=ends[1][0] - margin)
    check(after == [ends[2][1]] and before == [ends[0][1]],
          f"training jobs modified after {after}, before {before}")
    pages = client.get_paginator("list_training_jobs").paginate(
        NameContains="solo", PaginationConfig={"PageSize": 1})
    jobs = pages.build_full_result()["TrainingJobSummaries"]
    check(sorted(names_of(jobs)) == SOLO_JOBS, "training jobs page by page")


def check_algorithms(client):
    arn = client.create_algorithm(**ALGORITHM)["AlgorithmArn"]
    for name in ("forest", arn):
        algorithm = client.describe_algorithm(AlgorithmName=name)
        check(algorithm["TrainingSpecification"] == ALGORITHM["TrainingSpecification"],
              f"the algorithm {name}: {algorithm}")
        check(algorithm["AlgorithmStatus"] == "Completed" and "ProductId" not in algorithm,
              f"the algorithm's status: {algorithm}")
    check_refused(NOT_FOUND, "an algorithm that does not exist", client.describe_algorithm,
                  AlgorithmName="nothing")
    check_refused(("ConflictException", *VALIDATION), "an algorithm's name in use",
                  client.create_algorithm, **ALGORITHM)


def check_models(client):
    for name in ("model-a", "model-b"):
        arn = client.create_model(ModelName=name, **MODEL, Tags=TAGS)["ModelArn"]
        sleep(0.05)
    model = client.describe_model(ModelName="model-b")
    check(model["ModelArn"] == arn and model["ExecutionRoleArn"] == ROLE, str(model))
    check(MODEL["PrimaryContainer"].items() <= model["PrimaryContainer"].items(),
          str(model["PrimaryContainer"]))
    check(client.list_tags(ResourceArn=arn)["Tags"] == TAGS, "a model's tags")
    listed = client.list_models(NameContains="model-", SortBy="Name", SortOrder="Ascending")
    check(names_of(listed["Models"], "ModelName") == ["model-a", "model-b"], str(listed))
    listed = client.list_models(NameContains="model-", MaxResults=1)
    check(names_of(listed["Models"], "ModelName") == ["model-b"] and "NextToken" in listed,
          f"the latest model: {listed}")
    check_refused(VALIDATION, "a model's name in use", client.create_model,
                  ModelName="model-a", **MODEL)
    client.delete_model(ModelName="model-b")
    check_refused(NOT_FOUND, "a deleted model", client.describe_model, ModelName="model-b")


def check_transform_jobs(client):
    """Checks batch transforms by the model that `check_models` leaves."""
    create, describe = client.create_transform_job, client.describe_transform_job
    for name in ("transform-a", "transform-b"):
        create(TransformJobName=name, **TRANSFORM_JOB)
    check_refused(("ResourceInUse",), "a transform job's name in use", create,
                  TransformJobName="transform-a", **TRANSFORM_JOB)
    check_refused(NOT_FOUND, "a transform job of an unknown model", create,
                  TransformJobName="transform-c", **{**TRANSFORM_JOB, "ModelName": "nothing"})
    status = describe(TransformJobName="transform-b")["TransformJobStatus"]
    check(status == "InProgress", f"transform-b: {status}")
    client.stop_transform_job(TransformJobName="transform-b")
    for name, expected in (("transform-b", "Stopped"), ("transform-a", "Completed")):
        wait_for(client, "transform_job_completed_or_stopped", TransformJobName=name)
        job = describe(TransformJobName=name)
        check(job["TransformJobStatus"] == expected, f"{name}: {job['TransformJobStatus']}")
    check(job["TransformStartTime"] < job["TransformEndTime"], "a transform job's times")
    check_refused(NOT_FOUND, "a transform job that does not exist", describe,
                  TransformJobName="nothing")


def check_endpoints(client):
    """Checks endpoints of the model that `check_models` leaves."""
    variant = {"VariantName": "AllTraffic", "ModelName": "model-a", "InstanceType": INSTANCE_TYPE,
               "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="endpoint", EndpointConfigName="config")
    wait_for(client, "endpoint_in_service", EndpointName="endpoint")
    endpoint = client.describe_endpoint(EndpointName="endpoint")
    check(endpoint["EndpointConfigName"] == "config", "the endpoint's configuration")
    config = client.describe_endpoint_config(EndpointConfigName="config")
    described, = config["ProductionVariants"]
    check(variant.items() <= described.items(), f"the endpoint's variant: {described}")
    client.delete_endpoint(EndpointName="endpoint")
    wait_for(client, "endpoint_deleted", EndpointName="endpoint")
