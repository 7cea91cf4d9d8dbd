"""Checks the fake SageMaker with AWS's own clients: boto3, the AWS command line and `sagemaker`.

    pip install -r requirements-clients.txt
    python3 clients.py PROGRAM

PROGRAM is the command `surmise`, built with the feature `fake`. moto serves S3, STS and IAM. The
checks:

1. Every response to any client has only the members of the service model, in the model's types.
2. boto3 creates, describes, lists (by every filter and order), searches, tags, stops and deletes
   tuning jobs and training jobs. It uses algorithms, models, transform jobs and endpoints as far
   as a tuning needs them. Refusals have the service's error codes.
3. The AWS command line repeats the most common of these operations.
4. The package `sagemaker`, version 2, creates tuners of each kind, and runs them from `fit` to
   `deploy`. Where version 3 is installed (requirements-clients-3.txt), only that version is
   checked.
"""
import contextlib
import importlib.metadata
import io
import logging
import os
import pathlib
import sys
import tempfile
import time
import warnings

import boto3

from aws_clients.checks import ACCOUNT, REGION, Results, section, shorten_waits
from servers import free_port, start_server

PACKAGES = ("boto3", "awscli", "sagemaker", "sagemaker-train")


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def major_version():
    """Returns the installed major version of `sagemaker`, or no text."""
    return version_of("sagemaker").split(".", maxsplit=1)[0]


def client_checks():
    """Returns the checks of the installed clients, by the client's name."""
    if major_version() == "3":
        from aws_clients.sagemaker_3 import check_sagemaker_3
        return {"`sagemaker` 3": check_sagemaker_3}
    from aws_clients.boto3_checks import check_boto3
    from aws_clients.command_line import check_command_line
    checks = {"boto3": check_boto3, "The AWS command line": check_command_line}
    if major_version() == "2":
        from aws_clients.sagemaker_2 import check_sagemaker_2
        checks["`sagemaker` 2"] = check_sagemaker_2
    return checks


def set_environment(folder, fake_port, moto_port):
    settings = pathlib.Path(folder) / "config.yaml"
    settings.write_text(
        "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    os.environ.update({
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_PAGER": "",
        # All services are local: no request leaves this machine.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{moto_port}",
        "AWS_ENDPOINT_URL_SAGEMAKER": f"http://127.0.0.1:{fake_port}",
        "MOTO_ACCOUNT_ID": ACCOUNT,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings),
        # Version 3 validates a role by IAM's policy simulation, which moto lacks.
        "SAGEMAKER_VALIDATE_ROLE": "false",
    })


def run_checks(name, check_client):
    count, failures, start = Results.count, len(Results.failures), time.monotonic()
    # The packages print while they wait.
    with contextlib.redirect_stdout(io.StringIO()), section(name):
        check_client()
    elapsed = time.monotonic() - start
    print(f"{name}: {Results.count - count} checks, {len(Results.failures) - failures} fail, "
          f"{elapsed:.0f} s", flush=True)


def main(program):
    fake_port, moto_port = free_port(), free_port()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        set_environment(folder, fake_port, moto_port)
        shorten_waits()
        try:
            servers.append(start_server(
                program, "sagemaker", "fake", "--port", str(fake_port), port=fake_port))
            servers.append(start_server(
                sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(moto_port),
                port=moto_port))
            boto3.client("iam").create_role(RoleName="tuner", AssumeRolePolicyDocument="{}")
            for name, check_client in client_checks().items():
                run_checks(name, check_client)
        finally:
            for server in servers:
                server.kill()
                server.wait()
    count, failures = Results.count, Results.failures
    versions = ", ".join(f"{name} {version_of(name)}" for name in PACKAGES if version_of(name))
    print(f"{versions}: {count} checks in all, {len(failures)} fail")
    print("\n".join(dict.fromkeys(failures)), end="\n" if failures else "")
    assert failures or count > (30 if major_version() == "3" else 400), "too few checks ran"
    sys.exit(bool(failures))


if __name__ == "__main__":
    main(sys.argv[1])
