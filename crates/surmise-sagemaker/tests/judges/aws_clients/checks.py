"""Counts of checks and failures, and sessions whose every response is checked."""
import contextlib
import json
import time

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

REGION, ACCOUNT = "us-west-2", "012345678912"
VALIDATION = ("ValidationException",)
RESOURCE_NOT_FOUND = ("ResourceNotFound",)
# Public transcripts have either code; the service model has neither.
NOT_FOUND = VALIDATION + RESOURCE_NOT_FOUND
sleep = time.sleep


class Results:
    """The number of checks, and the descriptions of those that failed."""

    count = 0
    failures = []


def check(is_right, description):
    Results.count += 1
    if not is_right:
        Results.failures.append(description)


@contextlib.contextmanager
def section(name):
    """Runs a section of checks. An exception counts as a failure; the next section still runs."""
    try:
        yield
        check(True, name)
    except Exception as error:  # pylint: disable=broad-except
        check(False, f"{name}: {type(error).__name__}: {error}")


def check_refused(codes, description, call, *arguments, **options):
    """Checks that the service refuses a call with status 400 and one of the error codes."""
    try:
        call(*arguments, **options)
        check(False, f"{description} is not refused")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        check(code in codes and status == 400,
              f"{description}: {code}, not {' or '.join(codes)}: {error}")


def shorten_waits():
    """Lets clients poll after half a second, not 5 to 30 seconds: the fake's jobs take five."""
    time.sleep = lambda seconds: sleep(min(seconds, 0.5))


def unknown_members(body, shape, path=""):
    """Yields the members that the service model lacks, and those that are null.

    boto3 drops both; AWS's clients in other languages do not.
    """
    if body is None:
        yield f"{path} is null"
    elif shape.type_name == "structure":
        for name, value in body.items():
            if name in shape.members:
                yield from unknown_members(value, shape.members[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is unknown"
    elif shape.type_name == "list":
        for value in body:
            yield from unknown_members(value, shape.member, f"{path}[]")
    elif shape.type_name == "map":
        for value in body.values():
            yield from unknown_members(value, shape.value, path)


def check_response(http_response, parsed, model, **_):
    """Checks a response's members and types against the service model."""
    if http_response.status_code != 200 or model.output_shape is None:
        return
    response = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
    report = ParamValidator().validate(response, model.output_shape).generate_report()
    # A job that was stopped before it had instances has no model artifacts, though the service
    # model requires them: crates/surmise-sagemaker/docs/fake.md.
    errors = [line for line in report.splitlines()
              if '"ModelArtifacts"' not in line or "TrainingStartTime" in response]
    check(not errors, f"{model.name}: {errors}")
    body = json.loads(http_response.content)
    unknown = sorted(set(unknown_members(body, model.output_shape)))
    check(not unknown, f"{model.name}: {unknown}")


class LocalSession(boto3.Session):
    """A session that asks the local STS, though the packages pass STS's address at AWS."""

    def client(self, service_name, *arguments, **options):
        if service_name == "sts":
            options.pop("endpoint_url", None)
        return super().client(service_name, *arguments, **options)


def checked_session():
    """Returns a session that checks every response of SageMaker."""
    session = LocalSession(region_name=REGION)
    session.events.register("after-call.sagemaker", check_response)
    return session
