"""boto3: descriptions of tuning jobs, their training jobs, stops, tags and deletion."""
import datetime

from botocore.exceptions import ClientError

from .checks import (
    NOT_FOUND, RESOURCE_NOT_FOUND, VALIDATION, check, check_refused, sleep)
from .definitions import (
    DEFINITION, IMAGE, METRICS, RANGES, SWITCHES, TAGS, TUNED_PARAMETERS, changed_definition,
    is_close, named, names_of, sum_of_squares, tuning_job_names, tuning_request, value_of,
    wait_until_ended, warm_start)


def jobs_of(client, name, **options):
    """Returns the summaries of a tuning job's training jobs."""
    response = client.list_training_jobs_for_hyper_parameter_tuning_job(**named(name), **options)
    return response["TrainingJobSummaries"]


def check_stop(client):
    describe = client.describe_hyper_parameter_tuning_job
    running = describe(**named("long"))
    status = running["HyperParameterTuningJobStatus"]
    check(status == "InProgress", f"long: {status}")
    check("HyperParameterTuningEndTime" not in running, "an end time before the end")
    age = datetime.datetime.now(datetime.timezone.utc) - running["CreationTime"]
    check(abs(age.total_seconds()) < 120,
          f"created {age} ago: a client that lists the jobs of today misses it")
    check_refused(VALIDATION, "deletion before the end", client.delete_hyper_parameter_tuning_job,
                  **named("long"))
    job, = jobs_of(client, "long", StatusEquals="InProgress")
    check(job["ObjectiveStatus"] == "Pending", f"{job['ObjectiveStatus']} before the end")
    final_members = {"FinalHyperParameterTuningJobObjectiveMetric", "TrainingEndTime"}
    check(not final_members & job.keys(), f"final members of a running job: {job}")
    client.stop_hyper_parameter_tuning_job(**named("long"))
    status = describe(**named("long"))["HyperParameterTuningJobStatus"]
    check(status == "Stopping", f"{status} right after the stop request")
    wait_until_ended(client, "long")
    check_refused(VALIDATION, "a stop request to a stopped tuning job",
                  client.stop_hyper_parameter_tuning_job, **named("long"))


def check_completed(client):
    for name, goal, count in (("alpha", "Maximize", 4), ("alpha-2", "Minimize", 1)):
        end = wait_until_ended(client, name)
        jobs = jobs_of(client, name)
        status = end["HyperParameterTuningJobStatus"]
        check(status == "Completed", f"{name}: {status}")
        counters = end["TrainingJobStatusCounters"]
        check(counters["Completed"] == len(jobs) == count, f"{name}: {counters}")
        objectives = {"Succeeded": count, "Pending": 0, "Failed": 0}
        check(end["ObjectiveStatusCounters"] == objectives, f"{name}: objectives")
        best = end["BestTrainingJob"]
        best_value = (max if goal == "Maximize" else min)(map(value_of, jobs))
        check(value_of(best) == best_value, f"{name}: the best is {best}")
        check(best["ObjectiveStatus"] == "Succeeded"
              and best["TunedHyperParameters"].keys() == TUNED_PARAMETERS, f"{name}: {best}")
        last = max(job["TrainingEndTime"] for job in jobs)
        ended = end["HyperParameterTuningEndTime"]
        check(end["CreationTime"] < last <= ended + datetime.timedelta(seconds=1),
              f"{name}: ends {ended}, its last job {last}")
        elapsed = (ended - end["CreationTime"]).total_seconds()
        consumed = end["ConsumedResources"]["RuntimeInSeconds"]
        check(abs(consumed - elapsed) <= 2, f"{name}: {consumed} s consumed in {elapsed} s")
        details = end["TuningJobCompletionDetails"]
        stale = details["NumberOfTrainingJobsObjectiveNotImproving"]
        check(0 <= stale < count, f"{name}: {stale} of {count} do not improve")
        check("OverallBestTrainingJob" not in end, f"{name}: an overall best without parents")
        config = end["HyperParameterTuningJobConfig"]
        check(config["TrainingJobEarlyStoppingType"] == "Off"
              and config["ParameterRanges"] == RANGES, f"{name}: {config}")
        objective = {"Type": goal, "MetricName": "loss"}
        check(config["HyperParameterTuningJobObjective"] == objective, f"{name}: its objective")
        check_defaults(name, end["TrainingJobDefinition"])


def check_defaults(name, definition):
    """Checks that a description has the members that its request omits."""
    resources, output = definition["ResourceConfig"], definition["OutputDataConfig"]
    check(resources.items() >= DEFINITION["ResourceConfig"].items(), f"{name}: {resources}")
    check("HyperParameterTuningResourceConfig" not in definition, f"{name}: resources twice")
    no_key = {"KmsKeyId": ""}
    check(output | no_key == DEFINITION["OutputDataConfig"] | no_key, f"{name}: its output")
    algorithm = definition["AlgorithmSpecification"]
    check(algorithm["MetricDefinitions"] == METRICS, f"{name}: {algorithm}")
    static = DEFINITION["StaticHyperParameters"] | {"_tuning_objective_metric": "loss"}
    check(definition["StaticHyperParameters"] == static,
          f"{name}: {definition['StaticHyperParameters']}")
    for member in SWITCHES:
        check(definition.get(member) is False, f"{name}: {member} is {definition.get(member)}")


def check_jobs_of_tuning_job(client):
    jobs = jobs_of(client, "alpha")
    check(names_of(jobs) == sorted(names_of(jobs)) and len(jobs) == 4,
          f"a tuning job's jobs by name: {names_of(jobs)}")
    check(all(name.startswith("alpha-") for name in names_of(jobs)),
          f"jobs are named after the tuning job: {names_of(jobs)}")
    for job in jobs:
        name, tuned = job["TrainingJobName"], job["TunedHyperParameters"]
        check(tuned.keys() == TUNED_PARAMETERS and 0.1 <= float(tuned["rate"]) <= 1
              and 2 <= int(tuned["depth"]) <= 9, f"{name}: {tuned}")
        expected = sum_of_squares(tuned | DEFINITION["StaticHyperParameters"])
        check(is_close(value_of(job), expected), f"{name}: {value_of(job)}, not {expected}")
        described = client.describe_training_job(TrainingJobName=name)
        for member in ("TrainingStartTime", "TrainingEndTime", "CreationTime",
                       "TrainingJobStatus", "TrainingJobArn"):
            check(job.get(member) == described[member],
                  f"{name}: {member} is {job.get(member)} and {described[member]}")
        arn = described["TuningJobArn"]
        check(arn.endswith(":hyper-parameter-tuning-job/alpha"), f"{name}: {arn}")
        tags = client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
        check(tags == TAGS, f"{name}: the tuning job's tags")
    check_order_of_jobs(client, jobs)


def check_order_of_jobs(client, jobs):
    by_value = {"SortBy": "FinalObjectiveMetricValue"}
    values = sorted(map(value_of, jobs))
    listed = jobs_of(client, "alpha", **by_value)
    check(list(map(value_of, listed)) == values, "jobs by value")
    listed = jobs_of(client, "alpha", **by_value, SortOrder="Descending")
    check(list(map(value_of, listed)) == values[::-1], "jobs by value, descending")
    created = names_of(jobs_of(client, "alpha", SortBy="CreationTime"), "CreationTime")
    check(created == sorted(created) and len(created) == 4, "a tuning job's jobs by creation")
    listed = jobs_of(client, "alpha", SortBy="CreationTime", SortOrder="Descending")
    created = names_of(listed, "CreationTime")
    check(created == sorted(created, reverse=True),
          "a tuning job's jobs by creation, descending")
    listed = jobs_of(client, "alpha", SortBy="Name", SortOrder="Descending")
    check(names_of(listed) == names_of(jobs)[::-1], "a tuning job's jobs by name, descending")
    completed = jobs_of(client, "alpha", StatusEquals="Completed")
    check(len(completed) == 4 and not jobs_of(client, "alpha", StatusEquals="Failed"),
          "a tuning job's jobs by status")
    listed = jobs_of(client, "long", **by_value, MaxResults=100)
    check(all("FinalHyperParameterTuningJobObjectiveMetric" in job for job in listed),
          "by value, jobs without a value are omitted")
    pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        **named("alpha"), PaginationConfig={"PageSize": 3})
    listed = pages.build_full_result()["TrainingJobSummaries"]
    check(names_of(listed) == names_of(jobs), "a tuning job's jobs page by page")


def check_tags(client):
    arn = client.describe_hyper_parameter_tuning_job(**named("alpha"))
    arn = arn["HyperParameterTuningJobArn"]

    def as_map(tags):
        return {tag["Key"]: tag["Value"] for tag in tags}

    def tags():
        return as_map(client.list_tags(ResourceArn=arn)["Tags"])

    check(tags() == {"team": "trees"}, f"tags of the request: {tags()}")
    more = [{"Key": "team", "Value": "woods"}, {"Key": "level", "Value": ""}]
    added = client.add_tags(ResourceArn=arn, Tags=more)["Tags"]
    check(as_map(added) == as_map(more), f"add_tags returns {added}")
    check(tags() == as_map(more), f"tags after add_tags: {tags()}")
    client.delete_tags(ResourceArn=arn, TagKeys=["team", "nothing"])
    check(tags() == {"level": ""}, f"tags after delete_tags: {tags()}")
    many = [{"Key": f"key-{index}", "Value": "x"} for index in range(50)]
    check_refused(VALIDATION, "51 tags of one resource", client.add_tags,
                  ResourceArn=arn, Tags=many)
    check_refused(NOT_FOUND, "tags of an unknown resource", client.list_tags,
                  ResourceArn=arn.replace("/alpha", "/nothing"))


def check_warm_start(client):
    create = client.create_hyper_parameter_tuning_job
    from_alpha = {"jobs": 1, "goal": "Maximize", "WarmStartConfig": warm_start("alpha")}
    other_parameters = changed_definition(StaticHyperParameters={"other": "1"})
    check_refused(VALIDATION, "a child with other parameters", create,
                  **tuning_request("bad-child", **from_alpha, definition=other_parameters))
    algorithm = DEFINITION["AlgorithmSpecification"]
    other_image = changed_definition(AlgorithmSpecification={
        **algorithm, "TrainingImage": IMAGE.replace("trees", "woods")})
    check_refused(VALIDATION, "a child of type IdenticalDataAndAlgorithm with another image",
                  create, **tuning_request("bad-image", **from_alpha, definition=other_image))
    create(**tuning_request("child", **from_alpha))
    from_both = warm_start("alpha", "alpha-2", kind="TransferLearning")
    create(**tuning_request("heir", jobs=1, goal="Maximize", WarmStartConfig=from_both,
                            definition=other_image))
    parent, child, heir = (
        wait_until_ended(client, name) for name in ("alpha", "child", "heir"))
    config = child.get("WarmStartConfig")
    check(config == warm_start("alpha"), f"a warm start is described: {config}")
    overall = child["OverallBestTrainingJob"]
    best = max((parent["BestTrainingJob"], child["BestTrainingJob"]), key=value_of)
    check(overall["TrainingJobName"] == best["TrainingJobName"], f"the overall best: {overall}")
    check(overall.get("TuningJobName", "alpha") in ("alpha", "child"),
          f"the overall best: {overall}")
    check(heir["HyperParameterTuningJobStatus"] == "Completed"
          and "OverallBestTrainingJob" not in heir, "transfer learning")
    parents = heir["WarmStartConfig"]["ParentHyperParameterTuningJobs"]
    check(len(parents) == 2, "two parents")


def check_several_definitions(client):
    end = wait_until_ended(client, "several")
    definitions = end["TrainingJobDefinitions"]
    check("TrainingJobDefinition" not in end and len(definitions) == 2,
          "both definitions are described")
    metrics = {
        definition["DefinitionName"]:
            definition["StaticHyperParameters"]["_tuning_objective_metric"]
        for definition in definitions}
    check(metrics == {"first": "loss", "second": "error"}, f"objectives: {metrics}")
    jobs = jobs_of(client, "several")
    tuned = {job["TrainingJobDefinitionName"]: job["TunedHyperParameters"].keys() for job in jobs}
    check(tuned == {"first": TUNED_PARAMETERS, "second": {"depth"}},
          f"both definitions are tried: {tuned}")
    metrics = {
        job["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] for job in jobs}
    check(metrics == {"loss", "error"}, f"each definition has its metric: {metrics}")
    best = end["BestTrainingJob"]
    check(value_of(best) == min(map(value_of, jobs)), f"the best of both definitions: {best}")
    check(best["TrainingJobDefinitionName"] in tuned,
          f"the best job's definition: {best.get('TrainingJobDefinitionName')}")


def check_autotune(client):
    end = wait_until_ended(client, "auto")
    check(end["Autotune"] == {"Mode": "Enabled"}
          and end["HyperParameterTuningJobStatus"] == "Completed", f"Autotune: {end}")
    for job in jobs_of(client, "auto"):
        tuned = job["TunedHyperParameters"]
        check(tuned.keys() >= {"rate", "depth"}, f"Autotune tunes {tuned}")
    status = client.describe_hyper_parameter_tuning_job(**named("auto-2"))
    check(status["HyperParameterTuningJobStatus"] in ("Stopping", "Stopped"),
          "Autotune without ranges")


def check_deletion(client):
    describe = client.describe_hyper_parameter_tuning_job
    jobs = names_of(jobs_of(client, "alpha-2"))
    client.delete_hyper_parameter_tuning_job(**named("alpha-2"))
    for _ in range(50):
        try:
            status = describe(**named("alpha-2"))["HyperParameterTuningJobStatus"]
            check(status == "Deleting", f"after deletion: {status}")
        except ClientError:
            break
        sleep(0.2)
    check_refused(RESOURCE_NOT_FOUND, "a deleted tuning job", describe, **named("alpha-2"))
    remaining = client.list_hyper_parameter_tuning_jobs(NameContains="alpha")
    remaining = tuning_job_names(remaining["HyperParameterTuningJobSummaries"])
    check(remaining == ["alpha"], f"tuning jobs after deletion: {remaining}")
    # The training jobs of a deleted tuning job remain.
    for name in jobs:
        client.describe_training_job(TrainingJobName=name)
    check_refused(RESOURCE_NOT_FOUND, "deletion of an unknown tuning job",
                  client.delete_hyper_parameter_tuning_job, **named("nothing"))
    client.delete_algorithm(AlgorithmName="forest")
    check_refused(NOT_FOUND, "a deleted algorithm", client.describe_algorithm,
                  AlgorithmName="forest")
