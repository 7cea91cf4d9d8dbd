"""boto3, in the order in which its checks depend on one another."""
from .boto3_requests import (
    check_500_jobs, check_refusals, create_special_tuning_jobs, create_tuning_jobs)
from .boto3_resources import (
    check_algorithms, check_endpoints, check_models, check_training_jobs, check_transform_jobs)
from .boto3_search import (
    check_lists, check_search_for_training_jobs, check_search_for_tuning_jobs)
from .boto3_tuning_jobs import (
    check_autotune, check_completed, check_deletion, check_jobs_of_tuning_job,
    check_several_definitions, check_stop, check_tags, check_warm_start)
from .checks import checked_session, section

CHECKS = (
    create_tuning_jobs, create_special_tuning_jobs, check_refusals, check_500_jobs, check_stop,
    check_training_jobs, check_algorithms, check_models, check_transform_jobs, check_endpoints,
    check_completed, check_lists, check_jobs_of_tuning_job, check_search_for_tuning_jobs,
    check_search_for_training_jobs, check_tags, check_warm_start, check_several_definitions,
    check_autotune, check_deletion,
)


def check_boto3():
    client = checked_session().client("sagemaker")
    for run_check in CHECKS:
        with section(f"boto3, {run_check.__name__}"):
            run_check(client)
