//! Conversion of requests to studies, and of studies to descriptions of tuning jobs.

use std::time::Duration;

use serde_json::{Value, json};
use surmise::limits::{CompletionCriteria, EarlyStopping};
use surmise::trial::{Failure, FailureKind};
use surmise::{
    AskOutcome, Configuration, Objective, Outcome, ParameterRange, ResourceLimits, ScalingType,
    Study,
};
use surmise_sagemaker::{
    CreateHyperParameterTuningJobRequest, Document, HyperParameterTuningJobConfig,
    TuningJobDescription, TuningJobStatus, WarmStartType, training_job_name,
    training_job_summaries, tuned_values,
};
use surmise_sagemaker::{Feature, TuningError};

use crate::{document, file, one_definition, validate, with, without};

fn features(document: &Document) -> Vec<Feature> {
    document.tuning().unwrap().not_supported.iter().map(|part| part.feature).collect()
}

#[test]
fn the_study_has_all_settings_of_the_request() {
    let tuning = document(&one_definition()).tuning().unwrap();
    let names: Vec<&str> = tuning.space.ranges().iter().map(ParameterRange::name).collect();
    assert_eq!(names, ["rate", "momentum", "dropout", "decay", "layers", "batch", "optimizer"]);
    let ParameterRange::Continuous(rate) = &tuning.space.ranges()[0] else { panic!() };
    assert_eq!((rate.min(), rate.max(), rate.scaling()), (1e-5, 0.1, ScalingType::Logarithmic));
    let ParameterRange::Categorical(optimizer) = &tuning.space.ranges()[6] else { panic!() };
    assert_eq!(optimizer.values()[0], "\"adam\"".into());
    assert_eq!(tuning.objective, Objective::maximize("validation:accuracy"));
    let max_runtime = Some(Duration::from_secs(86_400));
    assert_eq!(tuning.limits, ResourceLimits { max_runtime, ..ResourceLimits::new(750, 10) });
    assert!(format!("{:?}", tuning.strategy).starts_with("BayesianOptimization"));
    assert_eq!(tuning.seed, Some(123));
    assert_eq!(tuning.static_values["epochs"], "30");
    assert_eq!(tuning.rules.early_stopping, EarlyStopping::auto());
    let wanted = CompletionCriteria {
        target: Some(0.95),
        not_improving_for: Some(30),
        min_improvement: 0.0,
    };
    assert_eq!(tuning.rules.completion, wanted);
    assert_eq!(tuning.rules.job_timeout, Some(Duration::from_secs(3_600)));
    assert_eq!(tuning.rules.retries.retries(FailureKind::Interrupted), 3);
    assert_eq!(tuning.rules.retries.retries(FailureKind::MissingMetric), 0);
    tuning.rules.check().unwrap();
    let warm_start = tuning.warm_start.as_ref().unwrap();
    assert_eq!(warm_start.warm_start_type, WarmStartType::TransferLearning);
    assert_eq!(warm_start.parents.len(), 5);
    // Unsupported parts of the request are named with their paths.
    let parts: Vec<(Feature, &str)> =
        tuning.not_supported.iter().map(|part| (part.feature, part.path.as_str())).collect();
    let config = "$.HyperParameterTuningJobConfig";
    assert_eq!(
        parts,
        [
            (
                Feature::Convergence,
                format!("{config}.TuningJobCompletionCriteria.ConvergenceDetected").as_str()
            ),
            (Feature::WarmStart, "$.WarmStartConfig"),
        ]
    );
    let text = tuning.not_supported[0].to_string();
    assert!(
        text.contains("not supported yet")
            && text.contains("the search continues until its limits"),
        "{text}"
    );
}

#[test]
fn unknown_members_are_named() {
    let more = with(
        one_definition(),
        &[
            ("/Tomorrow", json!(1)),
            ("/HyperParameterTuningJobConfig/Next", json!({})),
            (
                "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/0/Unit",
                json!("m"),
            ),
        ],
    );
    let request: CreateHyperParameterTuningJobRequest = serde_json::from_value(more).unwrap();
    let tuning = request.tuning().unwrap();
    let unknown = tuning.not_supported.iter().filter(|part| part.feature == Feature::UnknownMember);
    let paths: Vec<&str> = unknown.map(|part| part.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "$.HyperParameterTuningJobConfig.Next",
            "$.Tomorrow",
            "$.HyperParameterTuningJobConfig.ParameterRanges.IntegerParameterRanges[0].Unit"
        ]
    );
}

#[test]
fn unsupported_features_are_typed_errors() {
    let assert_unsupported = |request: Value, feature: Feature| {
        let Err(TuningError::Unsupported(parts)) = document(&request).tuning() else {
            panic!("{feature:?}")
        };
        assert!(parts.iter().any(|part| part.feature == feature), "{parts:?}");
    };
    assert_unsupported(file("accepted/autotune.json"), Feature::Autotune);
    assert_unsupported(file("accepted/several_definitions.json"), Feature::SeveralDefinitions);
    let mut tuned = one_definition();
    tuned["Autotune"] = json!({"Mode": "Enabled"});
    assert!(features(&document(&tuned)).contains(&Feature::Autotune));
    let off = with(
        one_definition(),
        &[
            ("/HyperParameterTuningJobConfig/TrainingJobEarlyStoppingType", json!("Off")),
            (
                "/HyperParameterTuningJobConfig/TuningJobCompletionCriteria",
                json!({"ConvergenceDetected": {"CompleteOnConvergence": "Disabled"}}),
            ),
        ],
    );
    let off = without(off, &["/WarmStartConfig"]);
    assert_eq!(features(&document(&off)), []);
}

#[test]
fn a_grid_tries_each_combination_once() {
    let tuning = document(&file("accepted/grid.json")).tuning().unwrap();
    assert!(tuning.is_grid());
    let count = tuning.space.cardinality().unwrap();
    let mut study = tuning.study().unwrap();
    let mut proposed = 0;
    while let AskOutcome::Trials(trials) = study.ask(1).unwrap() {
        proposed += trials.len() as u128;
    }
    assert_eq!(proposed, count);
    let mut numeric = one_definition();
    numeric["HyperParameterTuningJobConfig"]["Strategy"] = "Grid".into();
    let error = document(&numeric).tuning().unwrap_err();
    let named: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(named, ["rate", "momentum", "dropout", "decay", "layers", "batch"]);
}

#[test]
fn hyperband_is_successive_halving_over_random_search() {
    let mut request = one_definition();
    let config = &mut request["HyperParameterTuningJobConfig"];
    config["Strategy"] = "Hyperband".into();
    config["TrainingJobEarlyStoppingType"] = "Off".into();
    let resources = json!({"HyperbandStrategyConfig": {"MinResource": 2, "MaxResource": 27}});
    let with_resources =
        with(request.clone(), &[("/HyperParameterTuningJobConfig/StrategyConfig", resources)]);
    let tuning = document(&with_resources).tuning().unwrap();
    assert_eq!(tuning.rules.early_stopping, EarlyStopping::hyperband(2, 27));
    assert!(format!("{:?}", tuning.strategy).starts_with("RandomSearch"));
    // Otherwise MaxResource follows from the static hyperparameter `epochs`.
    let tuning = document(&request).tuning().unwrap();
    assert_eq!(tuning.rules.early_stopping, EarlyStopping::hyperband(1, 30));
    let without_epochs = without(request, &["/TrainingJobDefinition/StaticHyperParameters/epochs"]);
    let error = document(&without_epochs).tuning().unwrap_err();
    assert!(error.to_string().contains("HyperbandStrategyConfig.MaxResource"), "{error}");
}

#[test]
fn ranges_and_objective_of_the_definition_apply() {
    let mut one = file("accepted/several_definitions.json");
    one["TrainingJobDefinitions"].as_array_mut().unwrap().truncate(1);
    one["HyperParameterTuningJobConfig"]["Strategy"] = "Random".into();
    let tuning = document(&one).tuning().unwrap();
    assert_eq!(tuning.objective, Objective::maximize("validation:accuracy"));
    assert_eq!(tuning.space.ranges()[0].name(), "max_leaf_nodes");
    assert!(format!("{:?}", tuning.strategy).starts_with("RandomSearch"));
}

#[test]
fn ranges_of_the_definition_replace_those_of_the_configuration() {
    let ranges = json!({"ContinuousParameterRanges": [
        {"Name": "rate", "MinValue": "0.5", "MaxValue": "0.6"}]});
    let request =
        with(one_definition(), &[("/TrainingJobDefinition/HyperParameterRanges", ranges)]);
    assert!(validate(&request).is_accepted());
    let tuning = document(&request).tuning().unwrap();
    let ranges = tuning.space.ranges();
    assert_eq!((ranges.len(), ranges[0].name()), (1, "rate"));
}

#[test]
fn hyperparameters_left_to_autotune_are_named() {
    let mut request = one_definition();
    request["Autotune"] = json!({"Mode": "Enabled"});
    request["HyperParameterTuningJobConfig"]["ParameterRanges"]["AutoParameters"] =
        json!([{"Name": "width", "ValueHint": "64"}]);
    let tuning = document(&request).tuning().unwrap();
    let left = tuning.not_supported.iter().filter(|part| part.requested == "width");
    assert_eq!(left.map(|part| part.feature).collect::<Vec<_>>(), [Feature::Autotune]);
}

#[test]
fn numbers_that_pass_validation_are_read() {
    let pointer = "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/0";
    let request = with(
        one_definition(),
        &[
            (&format!("{pointer}/MinValue"), json!(" 2")),
            (&format!("{pointer}/MaxValue"), json!("1e1")),
        ],
    );
    assert!(validate(&request).is_accepted());
    let tuning = document(&request).tuning().unwrap();
    let ParameterRange::Integer(layers) = &tuning.space.ranges()[4] else { panic!() };
    assert_eq!((layers.min(), layers.max()), (2, 10));
}

#[test]
fn all_violations_of_a_configuration_are_reported_at_once() {
    let config = one_definition()["HyperParameterTuningJobConfig"].clone();
    let mut config: HyperParameterTuningJobConfig = serde_json::from_value(config).unwrap();
    config.resource_limits.max_parallel_training_jobs = 0;
    config.objective = None;
    let ranges = config.parameter_ranges.as_mut().unwrap();
    ranges.continuous.as_mut().unwrap()[0].min_value = "none".to_owned();
    ranges.integer.as_mut().unwrap()[0].max_value = "1.5".to_owned();
    ranges.integer.as_mut().unwrap()[1].max_value = "-3".to_owned();
    let error = config.tuning().unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["rate", "layers", "batch", "max_parallel_jobs", "$.HyperParameterTuningJobObjective"]
    );
}

/// Returns a request and its study, with two values, a NaN, a failure, a pending trial, and an
/// external observation.
fn study_with_trials() -> (CreateHyperParameterTuningJobRequest, Study) {
    let request = document(&one_definition()).request().unwrap();
    let mut study = request.tuning().unwrap().study().unwrap();
    let AskOutcome::Trials(trials) = study.ask(5).unwrap() else { panic!() };
    let outcomes = [
        Outcome::from(0.7),
        Outcome::from(0.9),
        Outcome::from(f64::NAN),
        Outcome::Failed(Failure::new(FailureKind::Error, "AlgorithmError: out of paper")),
    ];
    for (trial, outcome) in trials.iter().zip(outcomes) {
        study.tell(trial.id, outcome).unwrap();
    }
    let outside = trials[0].configuration.clone();
    study.add_observation(&outside, Outcome::from(0.99)).unwrap();
    (request, study)
}

#[test]
fn descriptions_count_jobs_and_name_the_best() {
    let (request, study) = study_with_trials();
    let description =
        TuningJobDescription::from_study(&request, &study, TuningJobStatus::InProgress);
    let json = serde_json::to_value(&description).unwrap();
    assert_eq!(json["HyperParameterTuningJobName"], "every-field-1");
    assert_eq!(json["HyperParameterTuningJobStatus"], "InProgress");
    assert_eq!(
        json["TrainingJobStatusCounters"],
        json!({
            "Completed": 3, "InProgress": 1, "RetryableError": 0, "NonRetryableError": 1,
            "Stopped": 0
        })
    );
    assert_eq!(json["ObjectiveStatusCounters"], json!({"Succeeded": 2, "Pending": 1, "Failed": 2}));
    // The external observation is better, but it is no training job of this tuning job.
    let best = &json["BestTrainingJob"];
    let name = training_job_name("every-field-1", 2, 1);
    assert_eq!(best["TrainingJobName"], name.as_str());
    assert_eq!(
        best["FinalHyperParameterTuningJobObjectiveMetric"],
        json!({"Type": "Maximize", "MetricName": "validation:accuracy", "Value": 0.9})
    );
    let address = format!("s3://amzn-s3-demo-bucket/models/{name}/output/model.tar.gz");
    assert_eq!(best["ModelArtifacts"]["S3ModelArtifacts"], address.as_str());
    assert_eq!(
        description.next_states_input(),
        Some(json!({"body": {
            "jobName": "every-field-1",
            "bestTrainingJobName": name,
            "modelDataUrl": address
        }}))
    );
    assert_eq!(
        json["HyperParameterTuningJobConfig"],
        one_definition()["HyperParameterTuningJobConfig"]
    );
    assert_eq!(json["WarmStartConfig"], one_definition()["WarmStartConfig"]);
    let jobs = serde_json::to_value(training_job_summaries(&request, &study)).unwrap();
    assert_eq!(jobs.as_array().unwrap().len(), 5);
    let statuses = |member: &str| -> Vec<&str> {
        jobs.as_array().unwrap().iter().map(|job| job[member].as_str().unwrap()).collect()
    };
    assert_eq!(
        statuses("TrainingJobStatus"),
        ["Completed", "Completed", "Completed", "Failed", "InProgress"]
    );
    assert_eq!(
        statuses("ObjectiveStatus"),
        ["Succeeded", "Succeeded", "Failed", "Failed", "Pending"]
    );
    assert_eq!(jobs[3]["FailureReason"], "AlgorithmError: out of paper");
    assert!(jobs[4].get("ModelArtifacts").is_none());
}

#[test]
fn without_completed_jobs_there_is_no_best_job() {
    let request = document(&one_definition()).request().unwrap();
    let study = request.tuning().unwrap().study().unwrap();
    let description = TuningJobDescription::from_study(&request, &study, TuningJobStatus::Failed);
    assert_eq!(
        (description.best_training_job.as_ref(), description.next_states_input()),
        (None, None)
    );
    assert!(serde_json::to_value(&description).unwrap().get("BestTrainingJob").is_none());
}

#[test]
fn stopped_jobs_have_an_objective_and_are_not_the_best() {
    let (request, mut study) = study_with_trials();
    let pending = study.pending().next().unwrap().id;
    study.tell(pending, Outcome::Stopped { value: Some(0.95) }).unwrap();
    let description =
        TuningJobDescription::from_study(&request, &study, TuningJobStatus::Completed);
    assert_eq!(description.training_job_status_counters.stopped, 1);
    assert_eq!(description.objective_status_counters.succeeded, 3);
    assert_eq!(
        description.best_training_job.unwrap().name,
        training_job_name("every-field-1", 2, 1)
    );
}

#[test]
fn tuned_values_are_read_back_to_the_last_digit() {
    let (request, study) = study_with_trials();
    for (trial, job) in study.trials().iter().zip(training_job_summaries(&request, &study)) {
        let values = &job.tuned_hyper_parameters;
        assert_eq!(*values, tuned_values(&trial.configuration));
        let parsed: Configuration = study
            .space()
            .ranges()
            .iter()
            .map(|range| {
                let text = &values[range.name()];
                let value = match range {
                    ParameterRange::Continuous(_) => text.parse::<f64>().unwrap().into(),
                    ParameterRange::Integer(_) => text.parse::<i64>().unwrap().into(),
                    ParameterRange::Categorical(_) => text.as_str().into(),
                };
                (range.name(), value)
            })
            .collect();
        assert_eq!(parsed, trial.configuration);
    }
}

#[test]
fn the_job_of_the_example_is_a_valid_request() {
    let job: Value =
        serde_json::from_str(include_str!("../../../surmise-cli/src/tuning_job.json")).unwrap();
    let config: HyperParameterTuningJobConfig = serde_json::from_value(job.clone()).unwrap();
    assert_eq!(serde_json::to_string(&config).unwrap(), job.to_string());
    let tuning = config.tuning().unwrap();
    let names: Vec<&str> = tuning.space.ranges().iter().map(ParameterRange::name).collect();
    assert_eq!(names, ["alpha", "gamma", "max_delta_step", "max_depth"]);
    assert_eq!(tuning.limits, ResourceLimits::new(50, 4));
    assert!(tuning.not_supported.is_empty());
}
