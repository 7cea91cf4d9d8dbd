"""Version 3 of the package `sagemaker`."""
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.core.resources import HyperParameterTuningJob, TrainingJob
from sagemaker.core.shapes import (
    HyperParameterTuningJobWarmStartConfig, ParentHyperParameterTuningJob)
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig
from sagemaker.train.model_trainer import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

from .checks import check, checked_session, section
from .definitions import IMAGE, INSTANCE_TYPE, METRICS, ROLE, TAGS, TUNED_PARAMETERS


def check_sagemaker_3():
    Checks().run()


class Checks:
    """The checks, and the trainer, ranges and inputs that they share."""

    def __init__(self):
        self.trainer = ModelTrainer(
            training_image=IMAGE, role=ROLE,
            sagemaker_session=Session(boto_session=checked_session()),
            hyperparameters={"rounds": 3},
            compute=Compute(
                instance_type=INSTANCE_TYPE, instance_count=1, volume_size_in_gb=30),
            output_data_config=OutputDataConfig(s3_output_path="s3://bucket/models"))
        self.ranges = {
            "rate": ContinuousParameter(0.1, 1), "depth": IntegerParameter(2, 9),
            "booster": CategoricalParameter(["dart", "gbtree"])}
        self.inputs = [InputData(
            channel_name="train", data_source="s3://bucket/train", content_type="text/csv")]

    def run(self):
        with section("sagemaker 3, tune"):
            self.first = self.tuner(tags=TAGS, early_stopping_type="Auto")
            self.first.tune(self.inputs, job_name="v3-first", wait=True)
        for run_check in (
                self.check_results, self.check_lists, self.check_stop, self.check_warm_start,
                self.check_deletion):
            with section(f"sagemaker 3, {run_check.__name__}"):
                run_check()

    def tuner(self, **options):
        defaults = {"objective_type": "Minimize", "max_jobs": 2, "max_parallel_jobs": 2,
                    "strategy": "Random"}
        return HyperparameterTuner(
            self.trainer, "loss", self.ranges, METRICS, **{**defaults, **options})

    def check_results(self):
        described = self.first.describe()
        status = described.hyper_parameter_tuning_job_status
        check(status == "Completed", status)
        frame = self.first.analytics().dataframe()
        check(len(frame) == 2 and TUNED_PARAMETERS <= set(frame.columns),
              f"a frame of {list(frame.columns)}")
        check((frame["TrainingElapsedTimeSeconds"] > 0.5).all(), "elapsed times")
        best = frame.sort_values("FinalObjectiveValue")["TrainingJobName"].iloc[0]
        check(self.first.best_training_job() == best,
              f"the best is {self.first.best_training_job()}, not {best}")
        definition = described.training_job_definition
        check(definition.resource_config.instance_type == INSTANCE_TYPE,
              "the instance type is described")
        check(described.hyper_parameter_tuning_end_time > described.creation_time, "the end time")
        job = TrainingJob.get(best)
        check(job.training_job_status == "Completed",
              f"the best job is {job.training_job_status}")
        check(job.model_artifacts.s3_model_artifacts.endswith("model.tar.gz"),
              "the best job's model")

    def check_lists(self):
        jobs = list(self.first.latest_tuning_job.get_all_training_jobs())
        check(len(jobs) == 2, f"{len(jobs)} jobs")
        found = [
            job.hyper_parameter_tuning_job_name for job in HyperParameterTuningJob.get_all(
                name_contains="v3", status_equals="Completed")]
        check(found == ["v3-first"], f"found {found}")
        status = HyperParameterTuningJob.get("v3-first").hyper_parameter_tuning_job_status
        check(status == "Completed", f"v3-first by its name: {status}")

    def check_stop(self):
        tuner = self.tuner(max_jobs=20)
        tuner.tune(self.inputs, job_name="v3-stop", wait=False)
        tuner.stop_tuning_job()
        status = tuner.latest_tuning_job.refresh().hyper_parameter_tuning_job_status
        check(status == "Stopping", f"{status} right after the stop request")
        tuner.wait()
        status = tuner.latest_tuning_job.refresh().hyper_parameter_tuning_job_status
        check(status == "Stopped", f"{status} in the end")

    def check_warm_start(self):
        kind = "IdenticalDataAndAlgorithm"
        parent = ParentHyperParameterTuningJob(hyper_parameter_tuning_job_name="v3-first")
        config = HyperParameterTuningJobWarmStartConfig(
            warm_start_type=kind, parent_hyper_parameter_tuning_jobs=[parent])
        child = self.tuner(max_jobs=1, max_parallel_jobs=1, warm_start_config=config)
        child.tune(self.inputs, job_name="v3-child", wait=True)
        described = child.latest_tuning_job.refresh()
        check(described.warm_start_config.warm_start_type == kind, "a warm start is described")

        def value_of(job):
            return job.final_hyper_parameter_tuning_job_objective_metric.value

        check(value_of(described.overall_best_training_job)
              <= value_of(described.best_training_job), "the overall best")

    def check_deletion(self):
        job = HyperParameterTuningJob.get("v3-stop")
        job.delete()
        job.wait_for_delete(timeout=20)
