"""Outside judges of our fake SageMaker: the clients that AWS publishes. boto3, the AWS command line, the `sagemaker` package.

    pip install -r requirements-clients.txt
    python3 clients.py PROGRAM

PROGRAM is the command `surmise`, built with the feature `fake`. S3, STS and IAM are moto's. The checks:

1. Every answer that any of the clients gets has the members and types of the service model, and no others.
2. boto3: tuning jobs and training jobs are created, described, listed by every filter and order, searched, tagged, stopped and deleted;
   algorithms, models, transform jobs and endpoints as far as a tuning needs them; what the service refuses is refused by its names.
3. The AWS command line does the same in the main.
4. `sagemaker` 2: a tuner's whole life, from `fit` to `deploy`, and all ways to begin one. Where version 3 is installed
   (requirements-clients-3.txt), that one is judged instead of all the others.
"""
import contextlib
import datetime
import importlib.metadata
import io
import json
import logging
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from servers import free_port, started

PROGRAM = sys.argv[1]
REGION, ACCOUNT = "us-west-2", "012345678912"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tuner"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/trees:1"
METRICS = [{"Name": "loss", "Regex": "loss=(\\S+)"}]
TAGS = [{"Key": "team", "Value": "trees"}]
MACHINE = "ml.m5.xlarge"
RANGES = {
    "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.1", "MaxValue": "1", "ScalingType": "Linear"}],
    "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9", "ScalingType": "Linear"}],
    "CategoricalParameterRanges": [{"Name": "booster", "Values": ["dart", "gbtree"]}],
}
TUNED = {"rate", "depth", "booster"}
DEFINITION = {
    "StaticHyperParameters": {"rounds": "3", "objective": "squared"},
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": METRICS},
    "RoleArn": ROLE,
    "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train", "S3DataDistributionType": "FullyReplicated"}}}],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": MACHINE, "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
TRAINING = {
    "InputDataConfig": DEFINITION["InputDataConfig"], "OutputDataConfig": DEFINITION["OutputDataConfig"], "RoleArn": ROLE,
    "AlgorithmSpecification": DEFINITION["AlgorithmSpecification"], "ResourceConfig": DEFINITION["ResourceConfig"],
    "StoppingCondition": {"MaxRuntimeInSeconds": 60}, "HyperParameters": {"x": "3", "_tuning_objective_metric": "loss"},
}
ALGORITHM = {
    "AlgorithmName": "forest",
    "TrainingSpecification": {
        "TrainingImage": IMAGE,
        "SupportedTrainingInstanceTypes": [MACHINE],
        "SupportedHyperParameters": [
            {"Name": "rate", "Type": "Continuous", "IsTunable": True, "IsRequired": False,
             "Range": {"ContinuousParameterRangeSpecification": {"MinValue": "0", "MaxValue": "1"}}},
            {"Name": "depth", "Type": "Integer", "IsTunable": True, "DefaultValue": "4",
             "Range": {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "9"}}},
            {"Name": "kind", "Type": "Categorical", "IsRequired": True,
             "Range": {"CategoricalParameterRangeSpecification": {"Values": ["gini", "entropy"]}}},
            {"Name": "note", "Type": "FreeText"},
        ],
        "MetricDefinitions": METRICS,
        "SupportedTuningJobObjectiveMetrics": [{"Type": "Minimize", "MetricName": "loss"}],
        "TrainingChannels": [{"Name": "train", "IsRequired": True, "SupportedContentTypes": ["text/csv"],
                              "SupportedInputModes": ["File"]}],
    },
}
OVER = ("Completed", "Stopped", "Failed")
wrong, checked = [], 0
# Clients look every 5 to 30 seconds; the fake's jobs take five.
nap = time.sleep
time.sleep = lambda seconds: nap(min(seconds, 0.5))


def check(is_right, what):
    global checked
    checked += 1
    if not is_right:
        wrong.append(what)


@contextlib.contextmanager
def part(what):
    """A part without which the others can be judged."""
    try:
        yield
        check(True, what)
    except Exception as error:  # pylint: disable=broad-except
        check(False, f"{what}: {type(error).__name__}: {error}")


def refused(codes, what, call, *given, **named):
    try:
        call(*given, **named)
        check(False, f"{what} is not refused")
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        check(code in codes and status == 400, f"{what}: {code}, not {' or '.join(codes)}: {error}")


INVALID, MISSING = ("ValidationException",), ("ResourceNotFound",)
# Either is what public transcripts have, and none is in the service model.
LOST = INVALID + MISSING


def strays(body, shape, place=""):
    """Members that the service model does not know, and those that are null; JSON's clients in other languages see both."""
    if body is None:
        yield f"{place} is null"
    elif shape.type_name == "structure":
        for name, value in body.items():
            if name in shape.members:
                yield from strays(value, shape.members[name], f"{place}.{name}")
            else:
                yield f"{place}.{name} is unknown"
    elif shape.type_name == "list":
        for value in body:
            yield from strays(value, shape.member, f"{place}[]")
    elif shape.type_name == "map":
        for value in body.values():
            yield from strays(value, shape.value, place)


def judge_answer(http_response, parsed, model, **_):
    if http_response.status_code != 200 or model.output_shape is None:
        return
    answer = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
    report = ParamValidator().validate(answer, model.output_shape).generate_report().splitlines()
    # A job without instances has none, though the model requires it: crates/surmise-sagemaker/docs/fake.md.
    wrong = [line for line in report if '"ModelArtifacts"' not in line or "TrainingStartTime" in answer]
    check(not wrong, f"{model.name}: {wrong}")
    unknown = sorted(set(strays(json.loads(http_response.content), model.output_shape)))
    check(not unknown, f"{model.name}: {unknown}")


class Account(boto3.Session):
    """The packages ask STS by its full address."""

    def client(self, service_name, *given, **named):
        if service_name == "sts":
            named.pop("endpoint_url", None)
        return super().client(service_name, *given, **named)


def session():
    made = Account(region_name=REGION)
    made.events.register("after-call.sagemaker", judge_answer)
    return made


def tuning(name, jobs=2, parallel=2, goal="Minimize", definition=None, **more):
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": goal, "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
        "ParameterRanges": RANGES,
    }
    return {"HyperParameterTuningJobName": name, "HyperParameterTuningJobConfig": config,
            "TrainingJobDefinition": definition or DEFINITION, **more}


def called(name):
    return {"HyperParameterTuningJobName": name}


def names(jobs, kind="TrainingJobName"):
    return [job[kind] for job in jobs]


def value_of(job):
    return job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def squares(values):
    """What the fake's training jobs tell."""
    def number(text):
        try:
            return float(text)
        except ValueError:
            return 0.0
    return sum(number(text) ** 2 for text in values.values())


def is_near(ours, theirs):
    return math.isclose(ours, theirs, rel_tol=1e-5)


def follow(client, name):
    for _ in range(300):
        answer = client.describe_hyper_parameter_tuning_job(**called(name))
        if answer["HyperParameterTuningJobStatus"] in OVER:
            return answer
        nap(0.2)
    raise TimeoutError(f"{name} does not end")


class Boto:
    """boto3."""

    def __init__(self):
        self.client = session().client("sagemaker")
        self.create = self.client.create_hyper_parameter_tuning_job
        self.describe = self.client.describe_hyper_parameter_tuning_job
        self.list = self.client.list_hyper_parameter_tuning_jobs
        self.jobs = self.client.list_training_jobs_for_hyper_parameter_tuning_job

    def judge(self):
        with part("three tuning jobs"):
            self.create(**tuning("alpha", jobs=4, goal="Maximize", Tags=TAGS))
            nap(0.4)
            resources = {"InstanceConfigs": [{"InstanceType": MACHINE, "InstanceCount": 1, "VolumeSizeInGB": 30}]}
            definition = {key: value for key, value in DEFINITION.items() if key != "ResourceConfig"}
            definition["HyperParameterTuningResourceConfig"] = resources
            self.create(**tuning("alpha-2", jobs=1, parallel=1, definition=definition))
            nap(0.4)
            self.create(**tuning("long", jobs=60, parallel=1))
        for what in (self.other_ways, self.refusals, self.five_hundred, self.running, self.training_jobs, self.things, self.ended,
                     self.lists, self.its_jobs, self.searches, self.tags, self.warm, self.several, self.auto, self.deletion):
            with part(f"boto3, {what.__name__}"):
                what()

    def wait(self, waiter, **name):
        self.client.get_waiter(waiter).wait(**name, WaiterConfig={"MaxAttempts": 60})

    def other_ways(self):
        """They run while others are judged."""
        first = {**DEFINITION, "DefinitionName": "first", "HyperParameterRanges": RANGES,
                 "TuningObjective": {"Type": "Minimize", "MetricName": "loss"}}
        second = {**first, "DefinitionName": "second",
                  "HyperParameterRanges": {"IntegerParameterRanges": RANGES["IntegerParameterRanges"]},
                  "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File",
                                             "MetricDefinitions": [{"Name": "error", "Regex": "error=(\\S+)"}]},
                  "TuningObjective": {"Type": "Minimize", "MetricName": "error"}}
        request = tuning("several", jobs=4, parallel=4)
        del request["TrainingJobDefinition"]
        request["HyperParameterTuningJobConfig"] = {
            key: request["HyperParameterTuningJobConfig"][key] for key in ("Strategy", "ResourceLimits")}
        with part("several definitions"):
            self.create(**request, TrainingJobDefinitions=[first, second])
        request = tuning("auto", Autotune={"Mode": "Enabled"})
        request["HyperParameterTuningJobConfig"]["ParameterRanges"] = {
            "AutoParameters": [{"Name": "rate", "ValueHint": "0.3"}, {"Name": "depth", "ValueHint": "6"}]}
        with part("Autotune"):
            self.create(**request)
        without = {"Strategy": "Bayesian", "ResourceLimits": {"MaxParallelTrainingJobs": 1},
                   "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"}}
        with part("Autotune that says little"):
            self.create(**{**tuning("auto-2", Autotune={"Mode": "Enabled"}), "HyperParameterTuningJobConfig": without})
            self.client.stop_hyper_parameter_tuning_job(**called("auto-2"))

    def refusals(self):
        def is_refused(codes, what, name=None, **more):
            refused(codes, what, self.create, **tuning(name or f"bad-{checked}", **more))

        def parents(*parents, kind="IdenticalDataAndAlgorithm"):
            return {"WarmStartConfig": {"WarmStartType": kind, "ParentHyperParameterTuningJobs": [called(name) for name in parents]}}

        def with_definition(**changes):
            return {"definition": {**DEFINITION, **changes}}

        is_refused(("ResourceInUse",), "a name that is taken", name="alpha")
        is_refused(("ResourceInUse",), "a name that is taken but for its case", name="Alpha")
        is_refused(INVALID, "a name of 33 letters", name="a" * 33)
        is_refused(INVALID, "six parents", **parents(*(f"parent-{index}" for index in range(6))))
        is_refused(LOST, "a parent that does not exist", **parents("nothing"))
        is_refused(INVALID, "a parent that has not ended", **parents("long"))
        is_refused(INVALID, "an unknown way to start warm", **parents("long", kind="Lukewarm"))
        is_refused(("ResourceLimitExceeded", *INVALID), "twenty jobs at once", jobs=40, parallel=20)
        is_refused(INVALID, "51 tags", Tags=[{"Key": f"key-{index}", "Value": ""} for index in range(51)])
        is_refused(INVALID, "a tag twice", Tags=TAGS * 2)
        train = DEFINITION["InputDataConfig"][0]
        source = {"S3DataSource": {**train["DataSource"]["S3DataSource"], "S3Uri": "http://bucket/train"}}
        is_refused(INVALID, "http:// for data", **with_definition(InputDataConfig=[{**train, "DataSource": source}]))
        is_refused(INVALID, "http:// for models", **with_definition(OutputDataConfig={"S3OutputPath": "http://bucket/models"}))
        is_refused(INVALID, "no metric by the objective's name", **with_definition(
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"}))
        is_refused(INVALID, "an unknown machine", **with_definition(
            ResourceConfig={**DEFINITION["ResourceConfig"], "InstanceType": "ml.nothing"}))
        is_refused(INVALID, "neither image nor algorithm", **with_definition(
            AlgorithmSpecification={"TrainingInputMode": "File", "MetricDefinitions": METRICS}))
        is_refused(LOST, "an algorithm that does not exist", **with_definition(
            AlgorithmSpecification={"AlgorithmName": "nothing", "TrainingInputMode": "File"}))
        is_refused(INVALID, "a parameter that is both tuned and static", **with_definition(StaticHyperParameters={"rate": "1"}))
        is_refused(INVALID, "both ways to define training jobs", TrainingJobDefinitions=[DEFINITION])
        request = tuning(f"bad-{checked}")
        request["HyperParameterTuningJobConfig"]["ParameterRanges"] = {
            "IntegerParameterRanges": [{"Name": "depth", "MinValue": "9", "MaxValue": "2"}]}
        refused(INVALID, "a range that ends before it begins", self.create, **request)
        for operation in ("describe", "stop"):
            call = getattr(self.client, f"{operation}_hyper_parameter_tuning_job")
            refused(MISSING, f"{operation} nothing", call, **called("nothing"))
        refused(MISSING, "jobs of nothing", self.jobs, **called("nothing"))
        refused(INVALID, "101 at once", self.list, MaxResults=101)
        refused(INVALID, "an unknown order", self.list, SortBy="Beauty")
        refused(INVALID, "a token that nobody gave", self.list, NextToken="nonsense")
        check(not self.list(NameContains="bad")["HyperParameterTuningJobSummaries"], "what was refused is there")

    def five_hundred(self):
        for strategy in ("Bayesian", "Random"):
            name = f"large-{strategy.lower()}"
            request = tuning(name, jobs=500, parallel=10)
            request["HyperParameterTuningJobConfig"]["Strategy"] = strategy
            for what, call, given in (("create", self.create, request), ("describe", self.describe, called(name)),
                                      ("list", self.jobs, called(name)), ("describe another", self.describe, called("alpha"))):
                begin = time.monotonic()
                call(**given)
                taken = time.monotonic() - begin
                check(taken < 2, f"500 jobs, {strategy}, {what}: {taken:.1f} s")
            counts = self.describe(**called(name))["TrainingJobStatusCounters"]
            check(0 < counts["InProgress"] <= 10, f"500 jobs begin: {counts}")
            self.client.stop_hyper_parameter_tuning_job(**called(name))

    def running(self):
        long = self.describe(**called("long"))
        check(long["HyperParameterTuningJobStatus"] == "InProgress", long["HyperParameterTuningJobStatus"])
        check("HyperParameterTuningEndTime" not in long, "an end before the end")
        age = datetime.datetime.now(datetime.timezone.utc) - long["CreationTime"]
        check(abs(age.total_seconds()) < 120, f"created {age} ago: a client that asks for the jobs of today misses it")
        refused(INVALID, "deletion before the end", self.client.delete_hyper_parameter_tuning_job, **called("long"))
        job, = self.jobs(**called("long"), StatusEquals="InProgress")["TrainingJobSummaries"]
        check(job["ObjectiveStatus"] == "Pending", f"{job['ObjectiveStatus']} before the end")
        check("FinalHyperParameterTuningJobObjectiveMetric" not in job and "TrainingEndTime" not in job, f"too early: {job}")
        self.client.stop_hyper_parameter_tuning_job(**called("long"))
        status = self.describe(**called("long"))["HyperParameterTuningJobStatus"]
        check(status == "Stopping", f"{status} as soon as it is stopped")
        follow(self.client, "long")
        refused(INVALID, "to stop what has stopped", self.client.stop_hyper_parameter_tuning_job, **called("long"))

    def training_jobs(self):
        for name in ("solo-a", "solo-b", "solo-c"):
            self.client.create_training_job(TrainingJobName=name, **TRAINING, Tags=TAGS)
            nap(0.2)
        self.client.stop_training_job(TrainingJobName="solo-b")
        for name in ("solo-a", "solo-b", "solo-c"):
            self.wait("training_job_completed_or_stopped", TrainingJobName=name)
        there = self.client.describe_training_job(TrainingJobName="solo-a")
        check(there["OutputDataConfig"].get("KmsKeyId") == "", f"solo-a: {there['OutputDataConfig']}")
        for member in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
            check(there.get(member) is False, f"solo-a: {member} is {there.get(member)}")
        check(there["HyperParameters"] == TRAINING["HyperParameters"], str(there["HyperParameters"]))

        def found(**given):
            given = {"NameContains": "solo", "SortOrder": "Ascending", **given}
            return names(self.client.list_training_jobs(**given)["TrainingJobSummaries"])

        check(found(SortBy="Name") == ["solo-a", "solo-b", "solo-c"], f"by name: {found(SortBy='Name')}")
        check(found(SortBy="Name", SortOrder="Descending") == ["solo-c", "solo-b", "solo-a"], "training jobs by name, descending")
        check(found() == ["solo-a", "solo-b", "solo-c"], f"training jobs by creation: {found()}")
        check(found(SortOrder="Descending") == ["solo-c", "solo-b", "solo-a"], "training jobs by creation, descending")
        check(found(StatusEquals="Stopped") == ["solo-b"], f"stopped: {found(StatusEquals='Stopped')}")
        by_name = {"NameContains": "solo", "SortBy": "Name", "SortOrder": "Ascending"}
        all_three = self.client.list_training_jobs(**by_name)["TrainingJobSummaries"]
        for job in all_three:
            missing = {"TrainingEndTime", "LastModifiedTime", "SecondaryStatus"} - job.keys()
            # What is stopped before it has instances has no times of training.
            if job["TrainingJobStatus"] == "Stopped":
                missing -= {"TrainingEndTime"}
            check(not missing, f"{job['TrainingJobName']}: no {sorted(missing)} in the list")
        second = all_three[1]["CreationTime"]
        moment = datetime.timedelta(milliseconds=50)
        after, before = found(CreationTimeAfter=second + moment), found(CreationTimeBefore=second - moment)
        check(after == ["solo-c"] and before == ["solo-a"], f"after {after}, before {before}")
        ends = sorted((job.get("LastModifiedTime", second), job["TrainingJobName"]) for job in all_three)
        after, before = found(LastModifiedTimeAfter=ends[1][0] + moment), found(LastModifiedTimeBefore=ends[1][0] - moment)
        check(after == [ends[2][1]] and before == [ends[0][1]], f"modified after {after}, before {before}")
        pages = self.client.get_paginator("list_training_jobs").paginate(NameContains="solo", PaginationConfig={"PageSize": 1})
        check(sorted(names(pages.build_full_result()["TrainingJobSummaries"])) == ["solo-a", "solo-b", "solo-c"], "pages of training jobs")

    def things(self):
        """Algorithms, models, transform jobs, endpoints."""
        client = self.client
        arn = client.create_algorithm(**ALGORITHM)["AlgorithmArn"]
        for name in ("forest", arn):
            there = client.describe_algorithm(AlgorithmName=name)
            check(there["TrainingSpecification"] == ALGORITHM["TrainingSpecification"], f"the algorithm {name}: {there}")
            check(there["AlgorithmStatus"] == "Completed" and "ProductId" not in there, f"the algorithm's status: {there}")
        refused(LOST, "an algorithm that does not exist", client.describe_algorithm, AlgorithmName="nothing")
        refused(("ConflictException", *INVALID), "an algorithm's name that is taken", client.create_algorithm, **ALGORITHM)

        container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/models/one/output/model.tar.gz", "Environment": {"A": "b"}}
        model = {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}
        for name in ("model-a", "model-b"):
            arn = client.create_model(ModelName=name, **model, Tags=TAGS)["ModelArn"]
            nap(0.05)
        there = client.describe_model(ModelName="model-b")
        check(there["ModelArn"] == arn and there["ExecutionRoleArn"] == ROLE, str(there))
        check(container.items() <= there["PrimaryContainer"].items(), str(there["PrimaryContainer"]))
        check(client.list_tags(ResourceArn=arn)["Tags"] == TAGS, "a model's tags")
        listed = client.list_models(NameContains="model-", SortBy="Name", SortOrder="Ascending")["Models"]
        check(names(listed, "ModelName") == ["model-a", "model-b"], str(listed))
        listed = client.list_models(NameContains="model-", MaxResults=1)
        check(names(listed["Models"], "ModelName") == ["model-b"] and "NextToken" in listed, f"the latest model: {listed}")
        refused(INVALID, "a model's name that is taken", client.create_model, ModelName="model-a", **model)
        client.delete_model(ModelName="model-b")
        refused(LOST, "a model that was deleted", client.describe_model, ModelName="model-b")

        transform = {
            "ModelName": "model-a",
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/test"}}},
            "TransformOutput": {"S3OutputPath": "s3://bucket/answers"},
            "TransformResources": {"InstanceType": MACHINE, "InstanceCount": 1},
        }
        for name in ("transform-a", "transform-b"):
            client.create_transform_job(TransformJobName=name, **transform)
        refused(("ResourceInUse",), "a transform job's name that is taken", client.create_transform_job,
                TransformJobName="transform-a", **transform)
        refused(LOST, "a transform job of no model", client.create_transform_job,
                TransformJobName="transform-c", **{**transform, "ModelName": "nothing"})
        there = client.describe_transform_job(TransformJobName="transform-b")
        check(there["TransformJobStatus"] == "InProgress", there["TransformJobStatus"])
        client.stop_transform_job(TransformJobName="transform-b")
        self.wait("transform_job_completed_or_stopped", TransformJobName="transform-b")
        status = client.describe_transform_job(TransformJobName="transform-b")["TransformJobStatus"]
        check(status == "Stopped", f"transform-b: {status}")
        self.wait("transform_job_completed_or_stopped", TransformJobName="transform-a")
        there = client.describe_transform_job(TransformJobName="transform-a")
        check(there["TransformJobStatus"] == "Completed", f"transform-a: {there['TransformJobStatus']}")
        check(there["TransformStartTime"] < there["TransformEndTime"], "a transform job's times")
        refused(LOST, "a transform job that does not exist", client.describe_transform_job, TransformJobName="nothing")

        variant = {"VariantName": "AllTraffic", "ModelName": "model-a", "InstanceType": MACHINE, "InitialInstanceCount": 1}
        client.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
        client.create_endpoint(EndpointName="endpoint", EndpointConfigName="config")
        self.wait("endpoint_in_service", EndpointName="endpoint")
        check(client.describe_endpoint(EndpointName="endpoint")["EndpointConfigName"] == "config", "the endpoint's configuration")
        there, = client.describe_endpoint_config(EndpointConfigName="config")["ProductionVariants"]
        check(variant.items() <= there.items(), f"the endpoint's variant: {there}")
        client.delete_endpoint(EndpointName="endpoint")
        self.wait("endpoint_deleted", EndpointName="endpoint")

    def ended(self):
        for name, goal, count, choose in (("alpha", "Maximize", 4, max), ("alpha-2", "Minimize", 1, min)):
            end = follow(self.client, name)
            jobs = self.jobs(**called(name))["TrainingJobSummaries"]
            check(end["HyperParameterTuningJobStatus"] == "Completed", end["HyperParameterTuningJobStatus"])
            check(end["TrainingJobStatusCounters"]["Completed"] == len(jobs) == count, f"{name}: {end['TrainingJobStatusCounters']}")
            check(end["ObjectiveStatusCounters"] == {"Succeeded": count, "Pending": 0, "Failed": 0}, f"{name}: objectives")
            best = end["BestTrainingJob"]
            check(value_of(best) == choose(map(value_of, jobs)), f"{name}: the best is {best}")
            check(best["ObjectiveStatus"] == "Succeeded" and best["TunedHyperParameters"].keys() == TUNED, f"{name}: {best}")
            last = max(job["TrainingEndTime"] for job in jobs)
            over = end["HyperParameterTuningEndTime"]
            check(end["CreationTime"] < last <= over + datetime.timedelta(seconds=1), f"{name}: ends {over}, its last job {last}")
            spent, used = (over - end["CreationTime"]).total_seconds(), end["ConsumedResources"]["RuntimeInSeconds"]
            check(abs(used - spent) <= 2, f"{name}: {used} s consumed in {spent} s")
            stale = end["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"]
            check(0 <= stale < count, f"{name}: {stale} of {count} do not improve")
            check("OverallBestTrainingJob" not in end, f"{name}: the best of parents that it does not have")
            config = end["HyperParameterTuningJobConfig"]
            check(config["TrainingJobEarlyStoppingType"] == "Off" and config["ParameterRanges"] == RANGES, f"{name}: {config}")
            check(config["HyperParameterTuningJobObjective"] == {"Type": goal, "MetricName": "loss"}, f"{name}: its objective")
            self.filled_in(name, end["TrainingJobDefinition"])

    @staticmethod
    def filled_in(name, there):
        """What is not in a request is in the description."""
        check(there["ResourceConfig"].items() >= DEFINITION["ResourceConfig"].items(), f"{name}: {there['ResourceConfig']}")
        check("HyperParameterTuningResourceConfig" not in there, f"{name}: resources twice")
        check(there["OutputDataConfig"] | {"KmsKeyId": ""} == DEFINITION["OutputDataConfig"] | {"KmsKeyId": ""}, f"{name}: its output")
        check(there["AlgorithmSpecification"]["MetricDefinitions"] == METRICS, f"{name}: {there['AlgorithmSpecification']}")
        static = DEFINITION["StaticHyperParameters"] | {"_tuning_objective_metric": "loss"}
        check(there["StaticHyperParameters"] == static, f"{name}: {there['StaticHyperParameters']}")
        for member in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
            check(there.get(member) is False, f"{name}: {member} is {there.get(member)}")

    def lists(self):
        def found(**given):
            return names(self.list(**given)["HyperParameterTuningJobSummaries"], "HyperParameterTuningJobName")

        everything = self.list(MaxResults=100)["HyperParameterTuningJobSummaries"]
        all_names = names(everything, "HyperParameterTuningJobName")
        check({"alpha", "alpha-2", "long", "large-random"} <= set(all_names), f"the list: {all_names}")
        check(all_names == sorted(all_names), f"by name, as ever: {all_names}")
        check(found(SortOrder="Descending", MaxResults=100) == all_names[::-1], "tuning jobs by name, descending")
        check(found(NameContains="alpha") == ["alpha", "alpha-2"], f"alpha: {found(NameContains='alpha')}")
        check(found(StatusEquals="Completed", NameContains="alpha") == ["alpha", "alpha-2"], "completed tuning jobs")
        stopped = found(StatusEquals="Stopped", MaxResults=100)
        check("long" in stopped and "alpha" not in stopped, f"stopped: {stopped}")
        check(found(StatusEquals="DeleteFailed") == [], "failed deletions")
        first, second, third = (next(job for job in everything if job["HyperParameterTuningJobName"] == name)
                                for name in ("alpha", "alpha-2", "long"))
        some = {"NameContains": "a", "MaxResults": 100}
        by_age = names(sorted(everything, key=lambda job: job["CreationTime"]), "HyperParameterTuningJobName")
        check(found(SortBy="CreationTime", MaxResults=100) == by_age, "tuning jobs by creation")
        check(found(SortBy="CreationTime", SortOrder="Descending", MaxResults=100) == by_age[::-1], "tuning jobs by creation, descending")
        by_status = self.list(SortBy="Status", MaxResults=100)["HyperParameterTuningJobSummaries"]
        status = names(by_status, "HyperParameterTuningJobStatus")
        check(sum(one != other for one, other in zip(status, status[1:])) == len(set(status)) - 1, f"by status: {status}")
        moment = datetime.timedelta(milliseconds=100)
        before = found(**some, CreationTimeBefore=second["CreationTime"] - moment)
        check("alpha" in before and "alpha-2" not in before, f"created before alpha-2: {before}")
        after = found(**some, CreationTimeAfter=second["CreationTime"] + moment)
        check("large-random" in after and "alpha-2" not in after, f"created after alpha-2: {after}")
        between = found(CreationTimeAfter=first["CreationTime"] + moment, CreationTimeBefore=third["CreationTime"] - moment)
        check(between == ["alpha-2"], f"between alpha and long: {between}")
        changed = first["LastModifiedTime"]
        after, before = found(MaxResults=100, LastModifiedTimeAfter=changed - moment), found(
            MaxResults=100, LastModifiedTimeBefore=changed - moment)
        check("alpha" in after and "alpha" not in before, f"modified after {after}, before {before}")
        again = self.list(NameContains="alpha")["HyperParameterTuningJobSummaries"][0]["LastModifiedTime"]
        check(again == changed, "what has ended is modified no more")
        for job in (first, second):
            check(job["Strategy"] == "Random" and "HyperParameterTuningEndTime" in job, f"the list has {job}")
            limits = job["ResourceLimits"]
            check(limits["MaxNumberOfTrainingJobs"] in (4, 1), f"the list has limits {limits}")
            check(job["TrainingJobStatusCounters"]["Completed"] in (4, 1), "the list has counters")
        check(len(found()) == min(10, len(all_names)), f"pages are of ten: {len(found())}")
        pages = self.client.get_paginator("list_hyper_parameter_tuning_jobs").paginate(PaginationConfig={"PageSize": 2})
        seen = names(pages.build_full_result()["HyperParameterTuningJobSummaries"], "HyperParameterTuningJobName")
        check(seen == all_names, f"page by page: {seen}")

    def its_jobs(self):
        def found(**given):
            return self.jobs(**called("alpha"), **given)["TrainingJobSummaries"]

        jobs = found()
        check(names(jobs) == sorted(names(jobs)) and len(jobs) == 4, f"by name, as ever: {names(jobs)}")
        check(all(name.startswith("alpha-") for name in names(jobs)), f"named by the tuning job: {names(jobs)}")
        for job in jobs:
            name, tuned = job["TrainingJobName"], job["TunedHyperParameters"]
            check(tuned.keys() == TUNED and 0.1 <= float(tuned["rate"]) <= 1 and 2 <= int(tuned["depth"]) <= 9, f"{name}: {tuned}")
            wanted = squares(tuned | DEFINITION["StaticHyperParameters"])
            check(is_near(value_of(job), wanted), f"{name}: {value_of(job)}, not {wanted}")
            there = self.client.describe_training_job(TrainingJobName=name)
            for member in ("TrainingStartTime", "TrainingEndTime", "CreationTime", "TrainingJobStatus", "TrainingJobArn"):
                check(job.get(member) == there[member], f"{name}: {member} is {job.get(member)} and {there[member]}")
            check(there["TuningJobArn"].endswith(":hyper-parameter-tuning-job/alpha"), f"{name}: {there.get('TuningJobArn')}")
            check(self.client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == TAGS, f"{name}: the tuning job's tags")
        values = sorted(map(value_of, jobs))
        by_value = {"SortBy": "FinalObjectiveMetricValue"}
        check([value_of(job) for job in found(**by_value)] == values, "by value")
        check([value_of(job) for job in found(**by_value, SortOrder="Descending")] == values[::-1], "by value, descending")
        seen = [job["CreationTime"] for job in found(SortBy="CreationTime")]
        check(seen == sorted(seen) and len(seen) == 4, "a tuning job's jobs by creation")
        seen = [job["CreationTime"] for job in found(SortBy="CreationTime", SortOrder="Descending")]
        check(seen == sorted(seen, reverse=True), "a tuning job's jobs by creation, descending")
        check(names(found(SortBy="Name", SortOrder="Descending")) == names(jobs)[::-1], "a tuning job's jobs by name, descending")
        check(len(found(StatusEquals="Completed")) == 4 and not found(StatusEquals="Failed"), "a tuning job's jobs by status")
        listed = self.jobs(**called("long"), SortBy="FinalObjectiveMetricValue", MaxResults=100)["TrainingJobSummaries"]
        check(all("FinalHyperParameterTuningJobObjectiveMetric" in job for job in listed), "by value, those without one are left out")
        pages = self.client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
        seen = pages.paginate(**called("alpha"), PaginationConfig={"PageSize": 3}).build_full_result()["TrainingJobSummaries"]
        check(names(seen) == names(jobs), "a tuning job's jobs page by page")

    def searches(self):
        def found(*filters, resource="HyperParameterTuningJob", **more):
            wanted = [dict(zip(("Name", "Operator", "Value"), one)) for one in filters]
            answer = self.client.search(Resource=resource, SearchExpression={"Filters": wanted, **more.pop("expression", {})}, **more)
            return [record[resource] for record in answer["Results"]]

        def tuning_jobs(*filters, **more):
            return sorted(names(found(*filters, **more), "HyperParameterTuningJobName"))

        by_name = ("HyperParameterTuningJobName", "Contains", "alpha")
        check(tuning_jobs(by_name) == ["alpha", "alpha-2"], f"search alpha: {tuning_jobs(by_name)}")
        check(tuning_jobs(("HyperParameterTuningJobName", "Equals", "alpha")) == ["alpha"], "search for one")
        check(tuning_jobs(("HyperParameterTuningJobName", "In", "alpha,long")) == ["alpha", "long"], "search for two")
        check(tuning_jobs(by_name, ("HyperParameterTuningJobName", "NotEquals", "alpha")) == ["alpha-2"], "search for the others")
        check(tuning_jobs(by_name, ("HyperParameterTuningJobStatus", "Equals", "Completed")) == ["alpha", "alpha-2"], "search by status")
        check(tuning_jobs(("Tags.team", "Equals", "trees")) == ["alpha"], "search by tag")
        either = {"expression": {"Operator": "Or"}}
        all_three = ["alpha", "alpha-2", "long"]
        seen = tuning_jobs(by_name, ("HyperParameterTuningJobName", "Equals", "long"), **either)
        check(seen == all_three, f"search by either: {seen}")
        ages = {name: self.describe(**called(name))["CreationTime"].astimezone(datetime.timezone.utc) for name in all_three}
        # In searches, times are of whole seconds.
        instant = ages["long"].replace(microsecond=0)
        seen = tuning_jobs(("CreationTime", "GreaterThanOrEqualTo", instant.strftime("%Y-%m-%dT%H:%M:%S")), MaxResults=100)
        check(ages.keys() & seen == {name for name, age in ages.items() if age >= instant}, f"search by time: {seen}")
        order = names(found(by_name, SortBy="CreationTime", SortOrder="Ascending"), "HyperParameterTuningJobName")
        check(order == ["alpha", "alpha-2"], f"search in order: {order}")
        order = names(found(by_name, SortBy="CreationTime", SortOrder="Descending"), "HyperParameterTuningJobName")
        check(order == ["alpha-2", "alpha"], f"search in the other order: {order}")
        record, = found(("HyperParameterTuningJobName", "Equals", "alpha"))
        there = self.describe(**called("alpha"))
        for member in ("BestTrainingJob", "HyperParameterTuningJobConfig", "TrainingJobDefinition", "HyperParameterTuningEndTime",
                       "TrainingJobStatusCounters"):
            check(record.get(member) == there[member], f"a search's {member} is {record.get(member)}")
        check(record.get("Tags") == TAGS, f"a search's tags are {record.get('Tags')}")

        def training_jobs(*filters, **more):
            return {job["TrainingJobName"]: job for job in found(*filters, resource="TrainingJob", MaxResults=100, **more)}

        of_alpha = ("TuningJobArn", "Equals", there["HyperParameterTuningJobArn"])
        jobs = training_jobs(of_alpha)
        check(len(jobs) == 4, f"search by tuning job: {sorted(jobs)}")
        check(all(job.get("Tags") == TAGS for job in jobs.values()), "tags of training jobs in a search")
        depths = {name: int(job["HyperParameters"]["depth"]) for name, job in jobs.items()}
        middle = sorted(depths.values())[2]
        deep = training_jobs(of_alpha, ("HyperParameters.depth", "GreaterThanOrEqualTo", str(middle)))
        check(set(deep) == {name for name, depth in depths.items() if depth >= middle}, f"search by depth: {sorted(deep)}, {depths}")
        values = {name: job["FinalMetricDataList"][0]["Value"] for name, job in jobs.items()}
        middle = sum(sorted(values.values())[1:3]) / 2
        low = training_jobs(of_alpha, ("Metrics.loss", "LessThan", str(middle)))
        check(set(low) == {name for name, value in values.items() if value < middle}, f"search by metric: {sorted(low)}, {values}")
        solo = training_jobs(("TrainingJobName", "Contains", "solo"), ("TrainingJobStatus", "Equals", "Stopped"))
        check(sorted(solo) == ["solo-b"], f"search for what was stopped: {sorted(solo)}")
        nested = {"expression": {"SubExpressions": [{"Operator": "Or", "Filters": [
            {"Name": "TrainingJobName", "Operator": "Equals", "Value": name} for name in ("solo-a", "solo-b")]}]}}
        both = training_jobs(("TrainingJobStatus", "Equals", "Completed"), **nested)
        check(sorted(both) == ["solo-a"], f"an expression in an expression: {sorted(both)}")
        check(not training_jobs(of_alpha, ("FailureReason", "Exists")), "search for failures")
        check(len(training_jobs(of_alpha, ("FailureReason", "NotExists"))) == 4, "search for what did not fail")
        pages = self.client.get_paginator("search").paginate(Resource="TrainingJob", PaginationConfig={"PageSize": 1}, SearchExpression={
            "Filters": [{"Name": "TrainingJobName", "Operator": "Contains", "Value": "solo"}]})
        check(len(pages.build_full_result()["Results"]) == 3, "a search page by page")

    def tags(self):
        arn = self.describe(**called("alpha"))["HyperParameterTuningJobArn"]

        def tags():
            return {tag["Key"]: tag["Value"] for tag in self.client.list_tags(ResourceArn=arn)["Tags"]}

        check(tags() == {"team": "trees"}, f"tags of the request: {tags()}")
        given = [{"Key": "team", "Value": "woods"}, {"Key": "level", "Value": ""}]
        added = self.client.add_tags(ResourceArn=arn, Tags=given)["Tags"]
        check({tag["Key"]: tag["Value"] for tag in added} == {"team": "woods", "level": ""}, f"add_tags answers {added}")
        check(tags() == {"team": "woods", "level": ""}, f"tags that were added: {tags()}")
        self.client.delete_tags(ResourceArn=arn, TagKeys=["team", "nothing"])
        check(tags() == {"level": ""}, f"tags that are left: {tags()}")
        many = [{"Key": f"key-{index}", "Value": "x"} for index in range(50)]
        refused(INVALID, "51 tags on one thing", self.client.add_tags, ResourceArn=arn, Tags=many)
        refused(LOST, "tags of nothing", self.client.list_tags, ResourceArn=arn.replace("/alpha", "/nothing"))

    def warm(self):
        def parents(*parents, kind="IdenticalDataAndAlgorithm"):
            return {"WarmStartType": kind, "ParentHyperParameterTuningJobs": [called(name) for name in parents]}

        refused(INVALID, "a child whose parameters are others", self.create, **tuning(
            "bad-child", goal="Maximize", WarmStartConfig=parents("alpha"),
            definition={**DEFINITION, "StaticHyperParameters": {"other": "1"}}))
        other = {**DEFINITION["AlgorithmSpecification"], "TrainingImage": IMAGE.replace("trees", "woods")}
        refused(INVALID, "an identical child of another image", self.create, **tuning(
            "bad-image", goal="Maximize", WarmStartConfig=parents("alpha"), definition={**DEFINITION, "AlgorithmSpecification": other}))
        self.create(**tuning("child", jobs=1, goal="Maximize", WarmStartConfig=parents("alpha")))
        self.create(**tuning("heir", jobs=1, goal="Maximize", WarmStartConfig=parents("alpha", "alpha-2", kind="TransferLearning"),
                             definition={**DEFINITION, "AlgorithmSpecification": other}))
        parent, child, heir = (follow(self.client, name) for name in ("alpha", "child", "heir"))
        check(child["WarmStartConfig"] == parents("alpha"), f"a warm start is described: {child.get('WarmStartConfig')}")
        overall = child["OverallBestTrainingJob"]
        best = max((parent["BestTrainingJob"], child["BestTrainingJob"]), key=value_of)
        check(overall["TrainingJobName"] == best["TrainingJobName"], f"best of all: {overall}")
        check(overall.get("TuningJobName", "alpha") in ("alpha", "child"), f"best of all: {overall}")
        check(heir["HyperParameterTuningJobStatus"] == "Completed" and "OverallBestTrainingJob" not in heir, "transfer learning")
        check(len(heir["WarmStartConfig"]["ParentHyperParameterTuningJobs"]) == 2, "two parents")

    def several(self):
        end = follow(self.client, "several")
        check("TrainingJobDefinition" not in end and len(end["TrainingJobDefinitions"]) == 2, "definitions that are described")
        static = {there["DefinitionName"]: there["StaticHyperParameters"]["_tuning_objective_metric"]
                  for there in end["TrainingJobDefinitions"]}
        check(static == {"first": "loss", "second": "error"}, f"each has its objective: {static}")
        jobs = self.jobs(**called("several"))["TrainingJobSummaries"]
        tuned = {job["TrainingJobDefinitionName"]: job["TunedHyperParameters"].keys() for job in jobs}
        check(tuned == {"first": TUNED, "second": {"depth"}}, f"each is tried: {tuned}")
        metrics = {job["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] for job in jobs}
        check(metrics == {"loss", "error"}, f"each by its metric: {metrics}")
        best = end["BestTrainingJob"]
        check(value_of(best) == min(map(value_of, jobs)), f"the best of several: {best}")
        check(best["TrainingJobDefinitionName"] in tuned, f"the best of several is of {best.get('TrainingJobDefinitionName')}")

    def auto(self):
        end = follow(self.client, "auto")
        check(end["Autotune"] == {"Mode": "Enabled"} and end["HyperParameterTuningJobStatus"] == "Completed", f"Autotune: {end}")
        for job in self.jobs(**called("auto"))["TrainingJobSummaries"]:
            check(job["TunedHyperParameters"].keys() >= {"rate", "depth"}, f"Autotune tunes {job['TunedHyperParameters']}")
        check(self.describe(**called("auto-2"))["HyperParameterTuningJobStatus"] in ("Stopping", "Stopped"), "Autotune that says little")

    def deletion(self):
        jobs = names(self.jobs(**called("alpha-2"))["TrainingJobSummaries"])
        self.client.delete_hyper_parameter_tuning_job(**called("alpha-2"))
        for _ in range(50):
            try:
                status = self.describe(**called("alpha-2"))["HyperParameterTuningJobStatus"]
                check(status == "Deleting", f"after deletion: {status}")
            except ClientError:
                break
            nap(0.2)
        refused(MISSING, "what was deleted", self.describe, **called("alpha-2"))
        left = names(self.list(NameContains="alpha")["HyperParameterTuningJobSummaries"], "HyperParameterTuningJobName")
        check(left == ["alpha"], f"left: {left}")
        for name in jobs:
            self.client.describe_training_job(TrainingJobName=name)
        refused(MISSING, "to delete nothing", self.client.delete_hyper_parameter_tuning_job, **called("nothing"))
        self.client.delete_algorithm(AlgorithmName="forest")
        refused(LOST, "an algorithm that was deleted", self.client.describe_algorithm, AlgorithmName="forest")


class CommandLine:
    """The AWS command line."""

    def __init__(self):
        self.program = pathlib.Path(sys.executable).with_name("aws")

    def run(self, operation, *options):
        command = [self.program, "sagemaker", operation, *options]
        return subprocess.run(command, text=True, capture_output=True, timeout=90, check=False)

    def told(self, operation, *options):
        done = self.run(operation, *options)
        check(done.returncode == 0, f"aws {operation}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else {}

    def judge(self):
        name = "--hyper-parameter-tuning-job-name"

        def create(request):
            return self.told("create-hyper-parameter-tuning-job", "--cli-input-json", json.dumps(request))

        with part("aws, the main"):
            arn = create(tuning("cli-one", jobs=1, Tags=TAGS))["HyperParameterTuningJobArn"]
            options = [f"--{member}" for member in ("hyper-parameter-tuning-job-config", "training-job-definition")]
            request = tuning("cli-two", jobs=9, parallel=1)
            config, definition = (json.dumps(request[key]) for key in ("HyperParameterTuningJobConfig", "TrainingJobDefinition"))
            self.told("create-hyper-parameter-tuning-job", name, "cli-two", options[0], config, options[1], definition)
            self.told("stop-hyper-parameter-tuning-job", name, "cli-two")
            for _ in range(60):
                end = self.told("describe-hyper-parameter-tuning-job", name, "cli-one")
                if end["HyperParameterTuningJobStatus"] in OVER:
                    break
            check(end["HyperParameterTuningJobStatus"] == "Completed", f"cli-one: {end['HyperParameterTuningJobStatus']}")
            check("HyperParameterTuningEndTime" in end and "BestTrainingJob" in end, "aws: the end of a tuning job")
            best = self.told("describe-hyper-parameter-tuning-job", name, "cli-one", "--query", "BestTrainingJob.TrainingJobName")
            jobs = self.told("list-training-jobs-for-hyper-parameter-tuning-job", name, "cli-one", "--status-equals", "Completed",
                             "--sort-by", "FinalObjectiveMetricValue", "--max-items", "5")["TrainingJobSummaries"]
            check(names(jobs) == [best], f"aws: {best} of {names(jobs)}")
        with part("aws, lists"):
            query = ("--query", "HyperParameterTuningJobSummaries[].HyperParameterTuningJobName")
            some = self.told("list-hyper-parameter-tuning-jobs", "--name-contains", "cli-", "--sort-by", "CreationTime",
                             "--sort-order", "Descending", *query)
            check(some == ["cli-two", "cli-one"], f"aws: the list by age is {some}")
            some = self.told("list-hyper-parameter-tuning-jobs", "--name-contains", "cli-", "--status-equals", "Completed", *query)
            check(some == ["cli-one"], f"aws: completed are {some}")
            hour = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
            of_cli = ("list-hyper-parameter-tuning-jobs", "--name-contains", "cli-", *query)
            some = self.told(*of_cli, "--creation-time-after", hour.isoformat())
            check(some == ["cli-one", "cli-two"], f"aws: of the last hour are {some}")
            some = self.told(*of_cli, "--creation-time-before", hour.isoformat())
            check(some == [], f"aws: older than an hour are {some}")
            some = self.told(*of_cli, "--page-size", "1")
            check(some == ["cli-one", "cli-two"], f"aws: page by page {some}")
        with part("aws, tags"):
            check(self.told("list-tags", "--resource-arn", arn).get("Tags") == TAGS, "aws: tags")
            self.told("add-tags", "--resource-arn", arn, "--tags", "Key=level,Value=high")
            self.told("delete-tags", "--resource-arn", arn, "--tag-keys", "team")
            check(self.told("list-tags", "--resource-arn", arn).get("Tags") == [{"Key": "level", "Value": "high"}], "aws: other tags")
        with part("aws, deletion"):
            self.told("delete-hyper-parameter-tuning-job", name, "cli-one")
            for _ in range(20):
                done = self.run("describe-hyper-parameter-tuning-job", name, "cli-one")
                if done.returncode != 0:
                    break
            check("(ResourceNotFound)" in done.stderr, f"aws: what was deleted: {done.stderr}")


class Package2:
    """`sagemaker` 2."""

    def __init__(self):
        import sagemaker
        from sagemaker import algorithm, estimator, inputs, parameter, tuner
        self.estimator, self.algorithm, self.tuner, self.images = estimator, algorithm, tuner, sagemaker.image_uris
        self.session = sagemaker.Session(boto_session=session())
        self.client = self.session.sagemaker_client
        self.ranges = {"rate": parameter.ContinuousParameter(0.1, 1.0), "depth": parameter.IntegerParameter(2, 9),
                       "booster": parameter.CategoricalParameter(["dart", "gbtree"])}
        self.inputs = {"train": inputs.TrainingInput("s3://bucket/train", content_type="text/csv")}
        # A role by its name is looked up in IAM; models go to the account's own bucket in S3, which is made.
        self.common = {"role": "tuner", "instance_count": 1, "instance_type": MACHINE, "sagemaker_session": self.session}

    def custom(self, **more):
        return self.estimator.Estimator(image_uri=IMAGE, hyperparameters={"rounds": "3"}, **self.common, **more)

    def tuner_of(self, estimator, ranges=None, **more):
        given = {"metric_definitions": METRICS, "objective_type": "Minimize", "max_jobs": 2, "max_parallel_jobs": 2,
                 "strategy": "Random", **more}
        return self.tuner.HyperparameterTuner(estimator, "loss", ranges or self.ranges, **given)

    def judge(self):
        with part("sagemaker 2, fit and wait"):
            self.first = self.tuner_of(self.custom(tags=TAGS), early_stopping_type="Auto", random_seed=5)
            self.first.fit(self.inputs, job_name="py-first", wait=False)
            self.first.wait()
        for what in (self.results, self.attached, self.served, self.stopped, self.warm, self.several, self.auto, self.built_in,
                     self.script, self.of_algorithm):
            with part(f"sagemaker 2, {what.__name__}"):
                what()

    def results(self):
        described = self.first.describe()
        check(described["HyperParameterTuningJobStatus"] == "Completed", described["HyperParameterTuningJobStatus"])
        analytics = self.first.analytics()
        frame = analytics.dataframe()
        check(len(frame) == 2 and TUNED <= set(frame.columns), f"a frame of {list(frame.columns)}")
        check("TrainingElapsedTimeSeconds" in frame.columns and (frame["TrainingElapsedTimeSeconds"] > 0.5).all(),
              f"elapsed times: {frame.get('TrainingElapsedTimeSeconds')}")
        best = frame.sort_values("FinalObjectiveValue")["TrainingJobName"].iloc[0]
        check(self.first.best_training_job() == best, f"the best is {self.first.best_training_job()}, not {best}")
        check(analytics.tuning_ranges.keys() == TUNED, f"ranges: {analytics.tuning_ranges}")
        check(analytics.description()["TrainingJobDefinition"]["ResourceConfig"]["InstanceType"] == MACHINE, "machines are described")

    def attached(self):
        again = self.tuner.HyperparameterTuner.attach("py-first", sagemaker_session=self.session)
        check(again.metric_definitions == METRICS and again.objective_type == "Minimize", "attach: metrics")
        check(again.objective_metric_name == "loss" and again.max_jobs == 2 and again.strategy == "Random", "attach: limits")
        check(again.early_stopping_type == "Auto" and again.random_seed == 5, "attach: early stopping and seed")
        ranges = {name: one.as_tuning_range(name) for name, one in again._hyperparameter_ranges.items()}
        check(ranges == {name: one.as_tuning_range(name) for name, one in self.ranges.items()}, f"attach: {ranges}")
        estimator = again.estimator
        check((estimator.instance_type, estimator.instance_count, estimator.volume_size) == (MACHINE, 1, 30), "attach: machines")
        check(estimator.hyperparameters() == {"rounds": "3"}, f"attach: {estimator.hyperparameters()}")
        check(estimator.role == ROLE and not estimator.enable_network_isolation(), "attach: role")
        best = again.best_estimator()
        check(best.latest_training_job.name == again.best_training_job(), "the best estimator's job")
        check(best.model_data.endswith(f"/{best.latest_training_job.name}/output/model.tar.gz"), f"its model: {best.model_data}")
        check(best.hyperparameters().keys() >= TUNED | {"rounds"}, f"its hyperparameters: {best.hyperparameters()}")
        check(TAGS[0] in best.tags, f"its tags: {best.tags}")

    def served(self):
        endpoint = self.first.deploy(1, MACHINE, endpoint_name="py-endpoint")
        there = self.client.describe_endpoint(EndpointName="py-endpoint")
        check(there["EndpointStatus"] == "InService", f"an endpoint {there['EndpointStatus']}")
        config = self.client.describe_endpoint_config(EndpointConfigName=there["EndpointConfigName"])
        model = self.client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
        check(self.first.best_training_job() in model["PrimaryContainer"]["ModelDataUrl"], f"the endpoint's model: {model}")
        endpoint.delete_model()
        endpoint.delete_endpoint()
        refused(LOST, "an endpoint that was deleted", self.client.describe_endpoint_config, EndpointConfigName=there["EndpointConfigName"])
        transformer = self.first.best_estimator().transformer(1, MACHINE, output_path="s3://bucket/answers")
        transformer.transform("s3://bucket/test", content_type="text/csv", wait=True, logs=False)
        status = self.client.describe_transform_job(TransformJobName=transformer.latest_transform_job.name)["TransformJobStatus"]
        check(status == "Completed", f"a transform job {status}")

    def stopped(self):
        tuner = self.tuner_of(self.custom(), max_jobs=20)
        tuner.fit(self.inputs, job_name="py-stop", wait=False)
        tuner.stop_tuning_job()
        check(tuner.describe()["HyperParameterTuningJobStatus"] == "Stopping", "stop_tuning_job")
        follow(self.client, "py-stop")
        # The package takes the refusal for what it is.
        tuner.stop_tuning_job()

    def warm(self):
        kinds = self.tuner.WarmStartTypes
        tuner = self.tuner_of(self.custom(), warm_start_config=self.tuner.WarmStartConfig(kinds.TRANSFER_LEARNING, {"nothing"}))
        refused(LOST, "a parent that does not exist", tuner.fit, self.inputs, job_name="py-orphan", wait=False)
        child = self.tuner.create_identical_dataset_and_algorithm_tuner("py-first", sagemaker_session=self.session)
        child.max_jobs = child.max_parallel_jobs = 1
        # The package leaves them behind.
        child.metric_definitions = METRICS
        child.fit(self.inputs, job_name="py-child", wait=False)
        heir = self.first.transfer_learning_tuner(additional_parents={"py-stop"}, estimator=self.custom())
        heir.max_jobs = heir.max_parallel_jobs = 1
        heir.metric_definitions = METRICS
        heir.fit(self.inputs, job_name="py-heir", wait=True)
        child.wait()
        for tuner, name in ((child, "py-child"), (heir, "py-heir")):
            there = self.tuner.WarmStartConfig.from_job_desc(tuner.describe().get("WarmStartConfig"))
            wanted = tuner.warm_start_config
            check(there and (there.type, there.parents) == (wanted.type, wanted.parents), f"{name}: {there}")
        check(value_of(child.describe()["OverallBestTrainingJob"]) <= value_of(self.first.describe()["BestTrainingJob"]), "best of all")
        again = self.tuner.HyperparameterTuner.attach("py-heir", sagemaker_session=self.session)
        check(again.warm_start_config.parents == {"py-first", "py-stop"}, "attach: parents")

    def several(self):
        both = ("one", "two")
        tuner = self.tuner.HyperparameterTuner.create(
            estimator_dict={name: self.custom() for name in both},
            objective_metric_name_dict={name: "loss" for name in both},
            hyperparameter_ranges_dict={"one": self.ranges, "two": {"depth": self.ranges["depth"]}},
            metric_definitions_dict={name: METRICS for name in both},
            objective_type="Minimize", strategy="Random", max_jobs=4, max_parallel_jobs=4)
        tuner.fit({name: self.inputs for name in both}, job_name="py-several", include_cls_metadata={}, wait=True)
        frame = tuner.analytics().dataframe()
        check(set(frame["TrainingJobDefinitionName"]) == set(both), f"both are tried: {list(frame.get('TrainingJobDefinitionName', []))}")
        check(tuner.analytics().tuning_ranges.keys() == set(both), "ranges of both")
        again = self.tuner.HyperparameterTuner.attach("py-several", sagemaker_session=self.session)
        check(again.estimator_dict.keys() == again.objective_metric_name_dict.keys() == set(both), "attach: both")
        check(again.best_estimator().latest_training_job.name == tuner.best_training_job(), "the best estimator of both")

    def auto(self):
        estimator = self.estimator.Estimator(image_uri=IMAGE, hyperparameters={"rate": 0.3, "rounds": 3}, **self.common)
        tuner = self.tuner.HyperparameterTuner(
            estimator, "loss", {}, METRICS, objective_type="Minimize", max_jobs=2, max_parallel_jobs=2, autotune=True,
            hyperparameters_to_keep_static=["rounds"])
        tuner.fit(self.inputs, job_name="py-auto", wait=True)
        check("rate" in tuner.analytics().dataframe().columns, "Autotune tunes what it was given")
        check(tuner.describe()["Autotune"] == {"Mode": "Enabled"}, "Autotune is described")

    def built_in(self):
        image = self.images.retrieve("xgboost", REGION, "1.7-1")
        static = {"num_round": 5, "objective": "reg:squarederror"}
        estimator = self.estimator.Estimator(image_uri=image, hyperparameters=static, **self.common)
        ranges = {"eta": self.ranges["rate"], "max_depth": self.ranges["depth"]}
        tuner = self.tuner.HyperparameterTuner(estimator, "validation:rmse", ranges, objective_type="Minimize", max_jobs=1)
        tuner.fit(self.inputs | {"validation": "s3://bucket/validation"}, job_name="py-xgboost", wait=True)
        again = self.tuner.HyperparameterTuner.attach("py-xgboost", sagemaker_session=self.session)
        metrics = names(again.metric_definitions, "Name")
        check({"validation:rmse", "train:rmse"} <= set(metrics), f"the algorithm's own metrics are filled in: {metrics}")
        check(again.best_estimator().image_uri == image, "the built-in algorithm's image")

    def script(self):
        from sagemaker.sklearn import SKLearn
        with tempfile.TemporaryDirectory() as folder:
            entry = pathlib.Path(folder) / "train.py"
            entry.write_text("print('loss=1')")
            estimator = SKLearn(entry_point=str(entry), framework_version="1.2-1", hyperparameters={"rounds": 3}, **self.common)
            tuner = self.tuner_of(estimator, max_jobs=1, max_parallel_jobs=1)
            tuner.fit(self.inputs, job_name="py-script", include_cls_metadata=True, wait=True)
        again = self.tuner.HyperparameterTuner.attach("py-script", sagemaker_session=self.session)
        check(isinstance(again.estimator, SKLearn), f"attach: {type(again.estimator)}")
        best = again.best_estimator()
        check(best.hyperparameters()["rounds"] == "3" and best.source_dir.startswith("s3://"), f"a script: {best.source_dir}")

    def of_algorithm(self):
        arn = self.client.create_algorithm(**{**ALGORITHM, "AlgorithmName": "py-forest"})["AlgorithmArn"]
        estimator = self.algorithm.AlgorithmEstimator(arn, hyperparameters={"rate": 0.5, "kind": "gini"}, **self.common)
        check(estimator.hyperparameters() == {"rate": 0.5, "kind": "gini", "depth": "4"}, f"defaults: {estimator.hyperparameters()}")
        tuner = self.tuner.HyperparameterTuner(
            estimator, "loss", {"rate": self.ranges["rate"]}, objective_type="Minimize", max_jobs=1, base_tuning_job_name="py-forest")
        tuner.fit(self.inputs, job_name="py-forest", wait=True)
        check(tuner.describe()["TrainingJobDefinition"]["AlgorithmSpecification"]["AlgorithmName"] == arn, "the algorithm is described")
        again = self.tuner.HyperparameterTuner.attach(
            "py-forest", sagemaker_session=self.session, estimator_cls="sagemaker.algorithm.AlgorithmEstimator")
        check(again.estimator.algorithm_arn == arn and names(again.metric_definitions, "Name") == ["loss"], "attach: an algorithm")
        best = again.best_estimator()
        check(best.hyperparameters()["depth"] == 4 and best.model_data, f"an algorithm's job: {best.hyperparameters()}")


class Package3:
    """`sagemaker` 3."""

    def __init__(self):
        from sagemaker.core import resources
        from sagemaker.core.helper.session_helper import Session
        from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
        from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig
        from sagemaker.train.model_trainer import ModelTrainer
        from sagemaker.train.tuner import HyperparameterTuner
        self.resources, self.tuner, self.data = resources, HyperparameterTuner, InputData
        self.trainer = ModelTrainer(
            training_image=IMAGE, role=ROLE, sagemaker_session=Session(boto_session=session()), hyperparameters={"rounds": 3},
            compute=Compute(instance_type=MACHINE, instance_count=1, volume_size_in_gb=30),
            output_data_config=OutputDataConfig(s3_output_path="s3://bucket/models"))
        self.ranges = {"rate": ContinuousParameter(0.1, 1), "depth": IntegerParameter(2, 9),
                       "booster": CategoricalParameter(["dart", "gbtree"])}

    def tuner_of(self, **more):
        return self.tuner(self.trainer, "loss", self.ranges, METRICS, **{
            "objective_type": "Minimize", "max_jobs": 2, "max_parallel_jobs": 2, "strategy": "Random", **more})

    def judge(self):
        inputs = [self.data(channel_name="train", data_source="s3://bucket/train", content_type="text/csv")]
        with part("sagemaker 3, tune"):
            self.first = self.tuner_of(tags=TAGS, early_stopping_type="Auto")
            self.first.tune(inputs, job_name="v3-first", wait=True)
        with part("sagemaker 3, results"):
            there = self.first.describe()
            check(there.hyper_parameter_tuning_job_status == "Completed", there.hyper_parameter_tuning_job_status)
            frame = self.first.analytics().dataframe()
            check(len(frame) == 2 and TUNED <= set(frame.columns), f"a frame of {list(frame.columns)}")
            check((frame["TrainingElapsedTimeSeconds"] > 0.5).all(), "elapsed times")
            best = frame.sort_values("FinalObjectiveValue")["TrainingJobName"].iloc[0]
            check(self.first.best_training_job() == best, f"the best is {self.first.best_training_job()}, not {best}")
            definition = there.training_job_definition
            check(definition.resource_config.instance_type == MACHINE, "machines are described")
            check(there.hyper_parameter_tuning_end_time > there.creation_time, "an end")
            job = self.resources.TrainingJob.get(best)
            check(job.training_job_status == "Completed", f"the best job is {job.training_job_status}")
            check(job.model_artifacts.s3_model_artifacts.endswith("model.tar.gz"), "its model")
        with part("sagemaker 3, lists"):
            jobs = list(self.first.latest_tuning_job.get_all_training_jobs())
            check(len(jobs) == 2, f"{len(jobs)} jobs")
            kind = self.resources.HyperParameterTuningJob
            found = [one.hyper_parameter_tuning_job_name for one in kind.get_all(name_contains="v3", status_equals="Completed")]
            check(found == ["v3-first"], f"found {found}")
            check(kind.get("v3-first").hyper_parameter_tuning_job_status == "Completed", "one by its name")
        with part("sagemaker 3, stop"):
            tuner = self.tuner_of(max_jobs=20)
            tuner.tune(inputs, job_name="v3-stop", wait=False)
            tuner.stop_tuning_job()
            status = tuner.latest_tuning_job.refresh().hyper_parameter_tuning_job_status
            check(status == "Stopping", f"{status} as soon as it is stopped")
            tuner.wait()
            status = tuner.latest_tuning_job.refresh().hyper_parameter_tuning_job_status
            check(status == "Stopped", f"{status} in the end")
        with part("sagemaker 3, warm start"):
            from sagemaker.core.shapes import HyperParameterTuningJobWarmStartConfig, ParentHyperParameterTuningJob
            warm = HyperParameterTuningJobWarmStartConfig(
                warm_start_type="IdenticalDataAndAlgorithm",
                parent_hyper_parameter_tuning_jobs=[ParentHyperParameterTuningJob(hyper_parameter_tuning_job_name="v3-first")])
            child = self.tuner_of(max_jobs=1, max_parallel_jobs=1, warm_start_config=warm)
            child.tune(inputs, job_name="v3-child", wait=True)
            there = child.latest_tuning_job.refresh()
            check(there.warm_start_config.warm_start_type == "IdenticalDataAndAlgorithm", "a warm start is described")
            overall, own = there.overall_best_training_job, there.best_training_job
            metric = "final_hyper_parameter_tuning_job_objective_metric"
            check(getattr(overall, metric).value <= getattr(own, metric).value, "best of all")
        with part("sagemaker 3, deletion"):
            job = self.resources.HyperParameterTuningJob.get("v3-stop")
            job.delete()
            job.wait_for_delete(timeout=20)


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def main(folder):
    ports = {"fake": free_port(), "others": free_port()}
    others = f"http://127.0.0.1:{ports['others']}"
    settings = pathlib.Path(folder) / "config.yaml"
    settings.write_text("SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    os.environ.update({
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": "",
        # Whatever a client may ask for, nothing leaves this machine.
        "AWS_ENDPOINT_URL": others, "AWS_ENDPOINT_URL_SAGEMAKER": f"http://127.0.0.1:{ports['fake']}",
        "MOTO_ACCOUNT_ID": ACCOUNT, "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings),
        # Version 3 has IAM simulate a role's policies, which moto can't.
        "SAGEMAKER_VALIDATE_ROLE": "false",
    })
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    major = version_of("sagemaker").split(".", maxsplit=1)[0]
    judges = [Package3] if major == "3" else [Boto, CommandLine] + [Package2] * (major == "2")
    servers = [started(PROGRAM, "sagemaker", "fake", "--port", str(ports["fake"]), port=ports["fake"])]
    try:
        servers.append(started(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(ports["others"]), port=ports["others"]))
        boto3.client("iam").create_role(RoleName="tuner", AssumeRolePolicyDocument="{}")
        for judge in judges:
            before, begin = (checked, len(wrong)), time.monotonic()
            # The packages talk while they wait.
            with contextlib.redirect_stdout(io.StringIO()), part(judge.__doc__):
                judge().judge()
            taken = time.monotonic() - begin
            print(f"{judge.__doc__.rstrip('.')}: {checked - before[0]} checks, {len(wrong) - before[1]} fail, {taken:.0f} s", flush=True)
    finally:
        for server in servers:
            server.kill()
            server.wait()
    versions = ", ".join(f"{name} {version_of(name)}" for name in ("boto3", "awscli", "sagemaker", "sagemaker-train") if version_of(name))
    print(f"{versions}: {checked} checks in all, {len(wrong)} fail")
    print("\n".join(dict.fromkeys(wrong)), end="\n" if wrong else "")
    assert wrong or checked > (30 if major == "3" else 400), "hardly anything was checked"
    sys.exit(bool(wrong))


with tempfile.TemporaryDirectory() as place:
    main(place)
