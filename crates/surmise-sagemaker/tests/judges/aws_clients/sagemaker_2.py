"""Version 2 of the package `sagemaker`: tuners of each kind, from `fit` to `deploy`."""
import pathlib
import tempfile

import sagemaker
from sagemaker.algorithm import AlgorithmEstimator
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.sklearn import SKLearn
from sagemaker.tuner import (
    HyperparameterTuner, WarmStartConfig, WarmStartTypes,
    create_identical_dataset_and_algorithm_tuner)

from .checks import NOT_FOUND, REGION, check, check_refused, checked_session, section
from .definitions import (
    ALGORITHM, IMAGE, INSTANCE_TYPE, METRICS, ROLE, TAGS, TUNED_PARAMETERS, names_of, value_of,
    wait_until_ended)


def check_sagemaker_2():
    Checks().run()


class Checks:
    """The checks, and the session, ranges and inputs that they share."""

    def __init__(self):
        self.session = sagemaker.Session(boto_session=checked_session())
        self.client = self.session.sagemaker_client
        self.ranges = {
            "rate": ContinuousParameter(0.1, 1.0), "depth": IntegerParameter(2, 9),
            "booster": CategoricalParameter(["dart", "gbtree"])}
        self.inputs = {"train": TrainingInput("s3://bucket/train", content_type="text/csv")}
        # The package looks up the role's name in IAM, and creates the account's default bucket in
        # S3 for models.
        self.common = {"role": "tuner", "instance_count": 1, "instance_type": INSTANCE_TYPE,
                       "sagemaker_session": self.session}

    def run(self):
        with section("sagemaker 2, fit and wait"):
            self.first = self.tuner(
                self.estimator(tags=TAGS), early_stopping_type="Auto", random_seed=5)
            self.first.fit(self.inputs, job_name="py-first", wait=False)
            self.first.wait()
        for run_check in (
                self.check_results, self.check_attach, self.check_deploy, self.check_stop,
                self.check_warm_start, self.check_several_estimators, self.check_autotune,
                self.check_built_in_algorithm, self.check_script, self.check_algorithm):
            with section(f"sagemaker 2, {run_check.__name__}"):
                run_check()

    def estimator(self, **options):
        return Estimator(image_uri=IMAGE, hyperparameters={"rounds": "3"}, **self.common, **options)

    def tuner(self, estimator, **options):
        defaults = {
            "metric_definitions": METRICS, "objective_type": "Minimize", "max_jobs": 2,
            "max_parallel_jobs": 2, "strategy": "Random"}
        return HyperparameterTuner(estimator, "loss", self.ranges, **{**defaults, **options})

    def attach(self, name, **options):
        return HyperparameterTuner.attach(name, sagemaker_session=self.session, **options)

    def check_results(self):
        described = self.first.describe()
        status = described["HyperParameterTuningJobStatus"]
        check(status == "Completed", status)
        analytics = self.first.analytics()
        frame = analytics.dataframe()
        check(len(frame) == 2 and TUNED_PARAMETERS <= set(frame.columns),
              f"a frame of {list(frame.columns)}")
        elapsed = frame.get("TrainingElapsedTimeSeconds")
        check(elapsed is not None and (elapsed > 0.5).all(), f"elapsed times: {elapsed}")
        best = frame.sort_values("FinalObjectiveValue")["TrainingJobName"].iloc[0]
        check(self.first.best_training_job() == best,
              f"the best is {self.first.best_training_job()}, not {best}")
        ranges = analytics.tuning_ranges
        check(ranges.keys() == TUNED_PARAMETERS, f"ranges: {ranges}")
        resources = analytics.description()["TrainingJobDefinition"]["ResourceConfig"]
        check(resources["InstanceType"] == INSTANCE_TYPE, "the instance type is described")

    def check_attach(self):
        tuner = self.attach("py-first")
        check(tuner.metric_definitions == METRICS and tuner.objective_type == "Minimize",
              "attach: metrics")
        check(tuner.objective_metric_name == "loss" and tuner.max_jobs == 2
              and tuner.strategy == "Random", "attach: limits")
        check(tuner.early_stopping_type == "Auto" and tuner.random_seed == 5,
              "attach: early stopping and seed")

        def as_tuning_ranges(ranges):
            return {name: item.as_tuning_range(name) for name, item in ranges.items()}

        ranges = as_tuning_ranges(tuner._hyperparameter_ranges)
        check(ranges == as_tuning_ranges(self.ranges), f"attach: {ranges}")
        estimator = tuner.estimator
        check(estimator.instance_type == INSTANCE_TYPE and estimator.instance_count == 1
              and estimator.volume_size == 30, "attach: instances")
        parameters = estimator.hyperparameters()
        check(parameters == {"rounds": "3"}, f"attach: {parameters}")
        check(estimator.role == ROLE and not estimator.enable_network_isolation(),
              "attach: role")
        best = tuner.best_estimator()
        name = best.latest_training_job.name
        check(name == tuner.best_training_job(), "the best estimator's job")
        check(best.model_data.endswith(f"/{name}/output/model.tar.gz"),
              f"the best estimator's model: {best.model_data}")
        parameters = best.hyperparameters()
        check(parameters.keys() >= TUNED_PARAMETERS | {"rounds"},
              f"the best estimator's hyperparameters: {parameters}")
        check(TAGS[0] in best.tags, f"the best estimator's tags: {best.tags}")

    def check_deploy(self):
        client = self.client
        predictor = self.first.deploy(1, INSTANCE_TYPE, endpoint_name="py-endpoint")
        endpoint = client.describe_endpoint(EndpointName="py-endpoint")
        check(endpoint["EndpointStatus"] == "InService", f"endpoint: {endpoint['EndpointStatus']}")
        config_name = {"EndpointConfigName": endpoint["EndpointConfigName"]}
        config = client.describe_endpoint_config(**config_name)
        model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
        check(self.first.best_training_job() in model["PrimaryContainer"]["ModelDataUrl"],
              f"the endpoint's model: {model}")
        predictor.delete_model()
        predictor.delete_endpoint()
        check_refused(NOT_FOUND, "a deleted endpoint configuration",
                      client.describe_endpoint_config, **config_name)
        transformer = self.first.best_estimator().transformer(
            1, INSTANCE_TYPE, output_path="s3://bucket/answers")
        transformer.transform(
            "s3://bucket/test", content_type="text/csv", wait=True, logs=False)
        job = transformer.latest_transform_job.name
        status = client.describe_transform_job(TransformJobName=job)["TransformJobStatus"]
        check(status == "Completed", f"transform job: {status}")

    def check_stop(self):
        tuner = self.tuner(self.estimator(), max_jobs=20)
        tuner.fit(self.inputs, job_name="py-stop", wait=False)
        tuner.stop_tuning_job()
        status = tuner.describe()["HyperParameterTuningJobStatus"]
        check(status == "Stopping", f"stop_tuning_job: {status}")
        wait_until_ended(self.client, "py-stop")
        # The package recognizes the refusal of a second stop request.
        tuner.stop_tuning_job()

    def check_warm_start(self):
        config = WarmStartConfig(WarmStartTypes.TRANSFER_LEARNING, {"nothing"})
        tuner = self.tuner(self.estimator(), warm_start_config=config)
        check_refused(NOT_FOUND, "a parent that does not exist", tuner.fit, self.inputs,
                      job_name="py-orphan", wait=False)
        child = create_identical_dataset_and_algorithm_tuner(
            "py-first", sagemaker_session=self.session)
        heir = self.first.transfer_learning_tuner(
            additional_parents={"py-stop"}, estimator=self.estimator())
        for tuner in (child, heir):
            tuner.max_jobs = tuner.max_parallel_jobs = 1
            # The package does not copy the metric definitions.
            tuner.metric_definitions = METRICS
        child.fit(self.inputs, job_name="py-child", wait=False)
        heir.fit(self.inputs, job_name="py-heir", wait=True)
        child.wait()
        for tuner, name in ((child, "py-child"), (heir, "py-heir")):
            described = WarmStartConfig.from_job_desc(tuner.describe().get("WarmStartConfig"))
            expected = tuner.warm_start_config
            check(described and described.type == expected.type
                  and described.parents == expected.parents, f"{name}: {described}")
        overall = child.describe()["OverallBestTrainingJob"]
        check(value_of(overall) <= value_of(self.first.describe()["BestTrainingJob"]),
              "the overall best")
        parents = self.attach("py-heir").warm_start_config.parents
        check(parents == {"py-first", "py-stop"}, "attach: parents")

    def check_several_estimators(self):
        both = ("one", "two")
        tuner = HyperparameterTuner.create(
            estimator_dict={name: self.estimator() for name in both},
            objective_metric_name_dict={name: "loss" for name in both},
            hyperparameter_ranges_dict={
                "one": self.ranges, "two": {"depth": self.ranges["depth"]}},
            metric_definitions_dict={name: METRICS for name in both},
            objective_type="Minimize", strategy="Random", max_jobs=4, max_parallel_jobs=4)
        inputs = {name: self.inputs for name in both}
        tuner.fit(inputs, job_name="py-several", include_cls_metadata={}, wait=True)
        frame = tuner.analytics().dataframe()
        tried = frame["TrainingJobDefinitionName"]
        check(set(tried) == set(both), f"both estimators are tried: {list(tried)}")
        check(tuner.analytics().tuning_ranges.keys() == set(both), "ranges of both estimators")
        attached = self.attach("py-several")
        metric_names = attached.objective_metric_name_dict
        check(attached.estimator_dict.keys() == metric_names.keys() == set(both),
              "attach: both estimators")
        best = attached.best_estimator().latest_training_job.name
        check(best == tuner.best_training_job(), "the best estimator of both")

    def check_autotune(self):
        estimator = Estimator(
            image_uri=IMAGE, hyperparameters={"rate": 0.3, "rounds": 3}, **self.common)
        tuner = HyperparameterTuner(
            estimator, "loss", {}, METRICS, objective_type="Minimize", max_jobs=2,
            max_parallel_jobs=2, autotune=True, hyperparameters_to_keep_static=["rounds"])
        tuner.fit(self.inputs, job_name="py-auto", wait=True)
        check("rate" in tuner.analytics().dataframe().columns,
              "Autotune tunes the given hyperparameter")
        check(tuner.describe()["Autotune"] == {"Mode": "Enabled"}, "Autotune is described")

    def check_built_in_algorithm(self):
        image = sagemaker.image_uris.retrieve("xgboost", REGION, "1.7-1")
        static = {"num_round": 5, "objective": "reg:squarederror"}
        estimator = Estimator(image_uri=image, hyperparameters=static, **self.common)
        ranges = {"eta": self.ranges["rate"], "max_depth": self.ranges["depth"]}
        tuner = HyperparameterTuner(
            estimator, "validation:rmse", ranges, objective_type="Minimize", max_jobs=1)
        inputs = self.inputs | {"validation": "s3://bucket/validation"}
        tuner.fit(inputs, job_name="py-xgboost", wait=True)
        attached = self.attach("py-xgboost")
        metrics = names_of(attached.metric_definitions, "Name")
        check({"validation:rmse", "train:rmse"} <= set(metrics),
              f"the algorithm's own metrics are filled in: {metrics}")
        check(attached.best_estimator().image_uri == image, "the built-in algorithm's image")

    def check_script(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "train.py"
            script.write_text("print('loss=1')")
            estimator = SKLearn(
                entry_point=str(script), framework_version="1.2-1",
                hyperparameters={"rounds": 3}, **self.common)
            tuner = self.tuner(estimator, max_jobs=1, max_parallel_jobs=1)
            tuner.fit(self.inputs, job_name="py-script", include_cls_metadata=True, wait=True)
        attached = self.attach("py-script")
        check(isinstance(attached.estimator, SKLearn), f"attach: {type(attached.estimator)}")
        best = attached.best_estimator()
        check(best.hyperparameters()["rounds"] == "3" and best.source_dir.startswith("s3://"),
              f"a script: {best.source_dir}")

    def check_algorithm(self):
        algorithm = {**ALGORITHM, "AlgorithmName": "py-forest"}
        arn = self.client.create_algorithm(**algorithm)["AlgorithmArn"]
        estimator = AlgorithmEstimator(
            arn, hyperparameters={"rate": 0.5, "kind": "gini"}, **self.common)
        parameters = estimator.hyperparameters()
        check(parameters == {"rate": 0.5, "kind": "gini", "depth": "4"}, f"defaults: {parameters}")
        tuner = HyperparameterTuner(
            estimator, "loss", {"rate": self.ranges["rate"]}, objective_type="Minimize",
            max_jobs=1, base_tuning_job_name="py-forest")
        tuner.fit(self.inputs, job_name="py-forest", wait=True)
        definition = tuner.describe()["TrainingJobDefinition"]
        check(definition["AlgorithmSpecification"]["AlgorithmName"] == arn,
              "the algorithm is described")
        attached = self.attach(
            "py-forest", estimator_cls="sagemaker.algorithm.AlgorithmEstimator")
        check(attached.estimator.algorithm_arn == arn
              and names_of(attached.metric_definitions, "Name") == ["loss"],
              "attach: an algorithm")
        best = attached.best_estimator()
        check(best.hyperparameters()["depth"] == 4 and best.model_data,
              f"an algorithm's job: {best.hyperparameters()}")
