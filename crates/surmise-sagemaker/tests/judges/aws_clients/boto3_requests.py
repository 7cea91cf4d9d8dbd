"""boto3: which requests for tuning jobs the fake accepts and refuses."""
import time

from .checks import (
    NOT_FOUND, RESOURCE_NOT_FOUND, Results, VALIDATION, check, check_refused, section, sleep)
from .definitions import (
    DEFINITION, IMAGE, INSTANCE_TYPE, METRICS, OBJECTIVE, RANGES, TAGS, changed_definition, named,
    tuning_request, warm_start)


def create_tuning_jobs(client):
    """Creates the three tuning jobs that most checks read. The last runs until it is stopped."""
    create = client.create_hyper_parameter_tuning_job
    create(**tuning_request("alpha", jobs=4, goal="Maximize", Tags=TAGS))
    sleep(0.4)
    instances = {"InstanceType": INSTANCE_TYPE, "InstanceCount": 1, "VolumeSizeInGB": 30}
    definition = {key: value for key, value in DEFINITION.items() if key != "ResourceConfig"}
    definition["HyperParameterTuningResourceConfig"] = {"InstanceConfigs": [instances]}
    create(**tuning_request("alpha-2", jobs=1, parallel=1, definition=definition))
    sleep(0.4)
    create(**tuning_request("long", jobs=60, parallel=1))


def create_special_tuning_jobs(client):
    """Creates tuning jobs with several definitions or Autotune, which run during later checks."""
    create = client.create_hyper_parameter_tuning_job
    first = changed_definition(
        DefinitionName="first", HyperParameterRanges=RANGES, TuningObjective=OBJECTIVE)
    algorithm = {
        "TrainingImage": IMAGE, "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "error", "Regex": "error=(\\S+)"}]}
    second = {
        **first, "DefinitionName": "second",
        "HyperParameterRanges": {"IntegerParameterRanges": RANGES["IntegerParameterRanges"]},
        "AlgorithmSpecification": algorithm,
        "TuningObjective": {"Type": "Minimize", "MetricName": "error"}}
    request = tuning_request("several", jobs=4, parallel=4)
    del request["TrainingJobDefinition"]
    config = request["HyperParameterTuningJobConfig"]
    request["HyperParameterTuningJobConfig"] = {
        key: config[key] for key in ("Strategy", "ResourceLimits")}
    with section("several definitions"):
        create(**request, TrainingJobDefinitions=[first, second])
    autotune = {"Autotune": {"Mode": "Enabled"}}
    request = tuning_request("auto", **autotune)
    request["HyperParameterTuningJobConfig"]["ParameterRanges"] = {"AutoParameters": [
        {"Name": "rate", "ValueHint": "0.3"}, {"Name": "depth", "ValueHint": "6"}]}
    with section("Autotune"):
        create(**request)
    request = tuning_request("auto-2", **autotune)
    request["HyperParameterTuningJobConfig"] = {
        "Strategy": "Bayesian", "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        "HyperParameterTuningJobObjective": OBJECTIVE}
    with section("Autotune without ranges"):
        create(**request)
        client.stop_hyper_parameter_tuning_job(**named("auto-2"))


def check_refusals(client):
    create = client.create_hyper_parameter_tuning_job

    def check_create(codes, description, name=None, **members):
        request = tuning_request(name or f"bad-{Results.count}", **members)
        check_refused(codes, description, create, **request)

    def check_parents(codes, description, *parents, **options):
        check_create(codes, description, WarmStartConfig=warm_start(*parents, **options))

    def check_definition(codes, description, **changes):
        check_create(codes, description, definition=changed_definition(**changes))

    check_create(("ResourceInUse",), "a name in use", name="alpha")
    check_create(("ResourceInUse",), "a name in use, in other case", name="Alpha")
    check_create(VALIDATION, "a name of 33 letters", name="a" * 33)
    check_create(("ResourceLimitExceeded", *VALIDATION), "twenty jobs at once",
                 jobs=40, parallel=20)
    tags = [{"Key": f"key-{index}", "Value": ""} for index in range(51)]
    check_create(VALIDATION, "51 tags", Tags=tags)
    check_create(VALIDATION, "the same tag twice", Tags=TAGS * 2)
    check_create(VALIDATION, "TrainingJobDefinition and TrainingJobDefinitions together",
                 TrainingJobDefinitions=[DEFINITION])
    check_parents(VALIDATION, "six parents", *(f"parent-{index}" for index in range(6)))
    check_parents(NOT_FOUND, "a parent that does not exist", "nothing")
    check_parents(VALIDATION, "a parent that has not ended", "long")
    check_parents(VALIDATION, "an unknown type of warm start", "long", kind="Lukewarm")
    channel = DEFINITION["InputDataConfig"][0]
    s3_source = channel["DataSource"]["S3DataSource"] | {"S3Uri": "http://bucket/train"}
    check_definition(VALIDATION, "http:// for data",
                     InputDataConfig=[{**channel, "DataSource": {"S3DataSource": s3_source}}])
    check_definition(VALIDATION, "http:// for models",
                     OutputDataConfig={"S3OutputPath": "http://bucket/models"})
    check_definition(
        VALIDATION, "an objective without metric definition",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"})
    check_definition(
        VALIDATION, "an unknown instance type",
        ResourceConfig={**DEFINITION["ResourceConfig"], "InstanceType": "ml.nothing"})
    check_definition(
        VALIDATION, "neither image nor algorithm",
        AlgorithmSpecification={"TrainingInputMode": "File", "MetricDefinitions": METRICS})
    check_definition(
        NOT_FOUND, "an algorithm that does not exist",
        AlgorithmSpecification={"AlgorithmName": "nothing", "TrainingInputMode": "File"})
    check_definition(VALIDATION, "a parameter that is both tuned and static",
                     StaticHyperParameters={"rate": "1"})
    request = tuning_request(f"bad-{Results.count}")
    request["HyperParameterTuningJobConfig"]["ParameterRanges"] = {
        "IntegerParameterRanges": [{"Name": "depth", "MinValue": "9", "MaxValue": "2"}]}
    check_refused(VALIDATION, "a minimum above the maximum", create, **request)
    check_refused_reads(client)


def check_refused_reads(client):
    list_tuning_jobs = client.list_hyper_parameter_tuning_jobs
    for operation in ("describe", "stop"):
        call = getattr(client, f"{operation}_hyper_parameter_tuning_job")
        check_refused(RESOURCE_NOT_FOUND, f"{operation} an unknown tuning job", call,
                      **named("nothing"))
    check_refused(RESOURCE_NOT_FOUND, "jobs of an unknown tuning job",
                  client.list_training_jobs_for_hyper_parameter_tuning_job, **named("nothing"))
    check_refused(VALIDATION, "pages of 101", list_tuning_jobs, MaxResults=101)
    check_refused(VALIDATION, "an unknown order", list_tuning_jobs, SortBy="Beauty")
    check_refused(VALIDATION, "an unknown token", list_tuning_jobs, NextToken="nonsense")
    refused = list_tuning_jobs(NameContains="bad")["HyperParameterTuningJobSummaries"]
    check(not refused, "a refused tuning job exists")


def check_500_jobs(client):
    """Checks that each request takes less than two seconds while the largest tuning jobs run."""
    describe = client.describe_hyper_parameter_tuning_job
    list_jobs = client.list_training_jobs_for_hyper_parameter_tuning_job
    for strategy in ("Bayesian", "Random"):
        name = f"large-{strategy.lower()}"
        request = tuning_request(name, jobs=500, parallel=10)
        request["HyperParameterTuningJobConfig"]["Strategy"] = strategy
        for description, call, members in (
                ("create", client.create_hyper_parameter_tuning_job, request),
                ("describe", describe, named(name)),
                ("list", list_jobs, named(name)),
                ("describe a small one", describe, named("alpha"))):
            start = time.monotonic()
            call(**members)
            elapsed = time.monotonic() - start
            check(elapsed < 2, f"500 jobs, {strategy}, {description}: {elapsed:.1f} s")
        counts = describe(**named(name))["TrainingJobStatusCounters"]
        check(0 < counts["InProgress"] <= 10, f"500 jobs start: {counts}")
        client.stop_hyper_parameter_tuning_job(**named(name))
