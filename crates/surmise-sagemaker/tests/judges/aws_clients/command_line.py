"""The AWS command line."""
import datetime
import json
import pathlib
import subprocess
import sys

from .checks import check, section
from .definitions import FINAL_STATUSES, TAGS, names_of, tuning_request

AWS = pathlib.Path(sys.executable).with_name("aws")
NAME = "--hyper-parameter-tuning-job-name"
DESCRIBE = "describe-hyper-parameter-tuning-job"
BOTH = ["cli-one", "cli-two"]


def run(operation, *options):
    command = [AWS, "sagemaker", operation, *options]
    return subprocess.run(command, text=True, capture_output=True, timeout=90, check=False)


def output_of(operation, *options):
    """Returns the parsed output of an operation that must succeed."""
    done = run(operation, *options)
    check(done.returncode == 0, f"aws {operation}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else {}


def check_command_line():
    with section("aws, tuning jobs"):
        arn = check_tuning_jobs()
    with section("aws, lists"):
        check_lists()
    with section("aws, tags"):
        check_tags(arn)
    with section("aws, deletion"):
        check_deletion()


def check_tuning_jobs():
    create = "create-hyper-parameter-tuning-job"
    request = tuning_request("cli-one", jobs=1, Tags=TAGS)
    arn = output_of(create, "--cli-input-json", json.dumps(request))["HyperParameterTuningJobArn"]
    request = tuning_request("cli-two", jobs=9, parallel=1)
    config = json.dumps(request["HyperParameterTuningJobConfig"])
    definition = json.dumps(request["TrainingJobDefinition"])
    output_of(create, NAME, "cli-two", "--hyper-parameter-tuning-job-config", config,
              "--training-job-definition", definition)
    output_of("stop-hyper-parameter-tuning-job", NAME, "cli-two")
    for _ in range(60):
        end = output_of(DESCRIBE, NAME, "cli-one")
        status = end["HyperParameterTuningJobStatus"]
        if status in FINAL_STATUSES:
            break
    check(status == "Completed", f"cli-one: {status}")
    check("HyperParameterTuningEndTime" in end and "BestTrainingJob" in end,
          "aws: the end of a tuning job")
    best = output_of(DESCRIBE, NAME, "cli-one", "--query", "BestTrainingJob.TrainingJobName")
    jobs = output_of(
        "list-training-jobs-for-hyper-parameter-tuning-job", NAME, "cli-one",
        "--status-equals", "Completed", "--sort-by", "FinalObjectiveMetricValue",
        "--max-items", "5")["TrainingJobSummaries"]
    check(names_of(jobs) == [best], f"aws: {best} of {names_of(jobs)}")
    return arn


def check_lists():
    def found(*options):
        return output_of(
            "list-hyper-parameter-tuning-jobs", "--name-contains", "cli-",
            "--query", "HyperParameterTuningJobSummaries[].HyperParameterTuningJobName", *options)

    names = found("--sort-by", "CreationTime", "--sort-order", "Descending")
    check(names == BOTH[::-1], f"aws: the list by creation is {names}")
    names = found("--status-equals", "Completed")
    check(names == ["cli-one"], f"aws: completed are {names}")
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    names = found("--creation-time-after", hour_ago.isoformat())
    check(names == BOTH, f"aws: of the last hour are {names}")
    names = found("--creation-time-before", hour_ago.isoformat())
    check(names == [], f"aws: older than an hour are {names}")
    names = found("--page-size", "1")
    check(names == BOTH, f"aws: page by page {names}")


def check_tags(arn):
    def tags():
        return output_of("list-tags", "--resource-arn", arn).get("Tags")

    check(tags() == TAGS, "aws: tags")
    output_of("add-tags", "--resource-arn", arn, "--tags", "Key=level,Value=high")
    output_of("delete-tags", "--resource-arn", arn, "--tag-keys", "team")
    check(tags() == [{"Key": "level", "Value": "high"}], "aws: changed tags")


def check_deletion():
    output_of("delete-hyper-parameter-tuning-job", NAME, "cli-one")
    for _ in range(20):
        done = run(DESCRIBE, NAME, "cli-one")
        if done.returncode != 0:
            break
    check("(ResourceNotFound)" in done.stderr, f"aws: a deleted tuning job: {done.stderr}")
