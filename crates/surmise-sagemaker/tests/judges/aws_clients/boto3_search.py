"""boto3: lists of tuning jobs by filter and order, and searches."""
import datetime

from .checks import check
from .definitions import TAGS, named, names_of, tuning_job_names

BY_CREATION = {"SortBy": "CreationTime", "MaxResults": 100}
CREATED_JOBS = ["alpha", "alpha-2", "long"]


def list_summaries(client, **options):
    response = client.list_hyper_parameter_tuning_jobs(**options)
    return response["HyperParameterTuningJobSummaries"]


def check_lists(client):
    def found(**options):
        return tuning_job_names(list_summaries(client, **options))

    summaries = list_summaries(client, MaxResults=100)
    all_names = tuning_job_names(summaries)
    check({*CREATED_JOBS, "large-random"} <= set(all_names), f"the list: {all_names}")
    check(all_names == sorted(all_names), f"the default order is by name: {all_names}")
    check(found(SortOrder="Descending", MaxResults=100) == all_names[::-1],
          "tuning jobs by name, descending")
    both = ["alpha", "alpha-2"]
    check(found(NameContains="alpha") == both, f"alpha: {found(NameContains='alpha')}")
    check(found(StatusEquals="Completed", NameContains="alpha") == both, "completed tuning jobs")
    stopped = found(StatusEquals="Stopped", MaxResults=100)
    check("long" in stopped and "alpha" not in stopped, f"stopped: {stopped}")
    check(found(StatusEquals="DeleteFailed") == [], "failed deletions")
    by_age = tuning_job_names(sorted(summaries, key=lambda job: job["CreationTime"]))
    check(found(**BY_CREATION) == by_age, "tuning jobs by creation")
    check(found(**BY_CREATION, SortOrder="Descending") == by_age[::-1],
          "tuning jobs by creation, descending")
    listed = list_summaries(client, SortBy="Status", MaxResults=100)
    status = names_of(listed, "HyperParameterTuningJobStatus")
    changes = sum(one != next_one for one, next_one in zip(status, status[1:]))
    check(changes == len(set(status)) - 1, f"tuning jobs by status: {status}")
    check(len(found()) == min(10, len(all_names)), f"pages are of ten: {len(found())}")
    pages = client.get_paginator("list_hyper_parameter_tuning_jobs").paginate(
        PaginationConfig={"PageSize": 2})
    listed = pages.build_full_result()["HyperParameterTuningJobSummaries"]
    check(tuning_job_names(listed) == all_names, f"page by page: {tuning_job_names(listed)}")
    by_name = {job["HyperParameterTuningJobName"]: job for job in summaries}
    check_times(client, found, *(by_name[name] for name in CREATED_JOBS))


def check_times(client, found, first, second, third):
    """Checks filters by time, by the summaries of alpha, alpha-2 and long."""
    margin = datetime.timedelta(milliseconds=100)
    some = {"NameContains": "a", "MaxResults": 100}
    before = found(**some, CreationTimeBefore=second["CreationTime"] - margin)
    check("alpha" in before and "alpha-2" not in before, f"created before alpha-2: {before}")
    after = found(**some, CreationTimeAfter=second["CreationTime"] + margin)
    check("large-random" in after and "alpha-2" not in after, f"created after alpha-2: {after}")
    between = found(CreationTimeAfter=first["CreationTime"] + margin,
                    CreationTimeBefore=third["CreationTime"] - margin)
    check(between == ["alpha-2"], f"created between alpha and long: {between}")
    modified = first["LastModifiedTime"]
    after = found(MaxResults=100, LastModifiedTimeAfter=modified - margin)
    before = found(MaxResults=100, LastModifiedTimeBefore=modified - margin)
    check("alpha" in after and "alpha" not in before, f"modified after {after}, before {before}")
    again = list_summaries(client, NameContains="alpha")[0]["LastModifiedTime"]
    check(again == modified, "an ended tuning job is not modified any more")
    for job in (first, second):
        check(job["Strategy"] == "Random" and "HyperParameterTuningEndTime" in job,
              f"the list has {job}")
        limits = job["ResourceLimits"]
        check(limits["MaxNumberOfTrainingJobs"] in (4, 1), f"the list has limits {limits}")
        check(job["TrainingJobStatusCounters"]["Completed"] in (4, 1), "the list has counters")


def search(client, resource, *filters, expression=None, **options):
    """Returns the records that satisfy all filters, each of a name, an operator and a value."""
    filters = [dict(zip(("Name", "Operator", "Value"), one)) for one in filters]
    response = client.search(
        Resource=resource, SearchExpression={"Filters": filters, **(expression or {})}, **options)
    return [record[resource] for record in response["Results"]]


def check_search_for_tuning_jobs(client):
    describe = client.describe_hyper_parameter_tuning_job

    def in_order(*filters, **options):
        return tuning_job_names(search(client, "HyperParameterTuningJob", *filters, **options))

    def found(*filters, **options):
        return sorted(in_order(*filters, **options))

    name, both = "HyperParameterTuningJobName", ["alpha", "alpha-2"]
    by_name = (name, "Contains", "alpha")
    check(found(by_name) == both, f"search for alpha: {found(by_name)}")
    check(found((name, "Equals", "alpha")) == ["alpha"], "search for one")
    check(found((name, "In", "alpha,long")) == ["alpha", "long"], "search for two")
    check(found(by_name, (name, "NotEquals", "alpha")) == ["alpha-2"], "search by NotEquals")
    completed = ("HyperParameterTuningJobStatus", "Equals", "Completed")
    check(found(by_name, completed) == both, "search by status")
    check(found(("Tags.team", "Equals", "trees")) == ["alpha"], "search by tag")
    either = found(by_name, (name, "Equals", "long"), expression={"Operator": "Or"})
    check(either == CREATED_JOBS, f"search by either: {either}")
    created = {name: describe(**named(name))["CreationTime"].astimezone(datetime.timezone.utc)
               for name in CREATED_JOBS}
    # In searches, times are of whole seconds.
    limit = created["long"].replace(microsecond=0)
    by_time = ("CreationTime", "GreaterThanOrEqualTo", limit.strftime("%Y-%m-%dT%H:%M:%S"))
    listed = found(by_time, MaxResults=100)
    check(created.keys() & listed == {name for name, time in created.items() if time >= limit},
          f"search by time: {listed}")
    listed = in_order(by_name, SortBy="CreationTime", SortOrder="Ascending")
    check(listed == both, f"search in ascending order: {listed}")
    listed = in_order(by_name, SortBy="CreationTime", SortOrder="Descending")
    check(listed == both[::-1], f"search in descending order: {listed}")
    record, = search(client, "HyperParameterTuningJob", (name, "Equals", "alpha"))
    described = describe(**named("alpha"))
    for member in ("BestTrainingJob", "HyperParameterTuningJobConfig", "TrainingJobDefinition",
                   "HyperParameterTuningEndTime", "TrainingJobStatusCounters"):
        check(record.get(member) == described[member],
              f"a search's {member} is {record.get(member)}")
    check(record.get("Tags") == TAGS, f"a search's tags are {record.get('Tags')}")


def check_search_for_training_jobs(client):
    def found(*filters, **options):
        jobs = search(client, "TrainingJob", *filters, MaxResults=100, **options)
        return {job["TrainingJobName"]: job for job in jobs}

    alpha = client.describe_hyper_parameter_tuning_job(**named("alpha"))
    of_alpha = ("TuningJobArn", "Equals", alpha["HyperParameterTuningJobArn"])
    jobs = found(of_alpha)
    check(len(jobs) == 4, f"search by tuning job: {sorted(jobs)}")
    check(all(job.get("Tags") == TAGS for job in jobs.values()),
          "tags of training jobs in a search")
    depths = {name: int(job["HyperParameters"]["depth"]) for name, job in jobs.items()}
    middle = sorted(depths.values())[2]
    deep = found(of_alpha, ("HyperParameters.depth", "GreaterThanOrEqualTo", str(middle)))
    check(set(deep) == {name for name, depth in depths.items() if depth >= middle},
          f"search by depth: {sorted(deep)}, {depths}")
    values = {name: job["FinalMetricDataList"][0]["Value"] for name, job in jobs.items()}
    middle = sum(sorted(values.values())[1:3]) / 2
    low = found(of_alpha, ("Metrics.loss", "LessThan", str(middle)))
    check(set(low) == {name for name, value in values.items() if value < middle},
          f"search by metric: {sorted(low)}, {values}")
    solo = ("TrainingJobName", "Contains", "solo")
    stopped = found(solo, ("TrainingJobStatus", "Equals", "Stopped"))
    check(sorted(stopped) == ["solo-b"], f"search for stopped jobs: {sorted(stopped)}")
    nested = {"SubExpressions": [{"Operator": "Or", "Filters": [
        {"Name": "TrainingJobName", "Operator": "Equals", "Value": name}
        for name in ("solo-a", "solo-b")]}]}
    completed = found(("TrainingJobStatus", "Equals", "Completed"), expression=nested)
    check(sorted(completed) == ["solo-a"], f"a nested expression: {sorted(completed)}")
    check(not found(of_alpha, ("FailureReason", "Exists")), "search for failures")
    check(len(found(of_alpha, ("FailureReason", "NotExists"))) == 4,
          "search for jobs without failure")
    expression = {"Filters": [dict(zip(("Name", "Operator", "Value"), solo))]}
    pages = client.get_paginator("search").paginate(
        Resource="TrainingJob", SearchExpression=expression, PaginationConfig={"PageSize": 1})
    check(len(pages.build_full_result()["Results"]) == 3, "a search page by page")
