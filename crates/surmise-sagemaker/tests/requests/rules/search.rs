//! Rules of strategy, limits, completion criteria and objective.

use serde_json::{Value, json};
use surmise_sagemaker::{Quotas, Severity, Validator};

use super::{RANGES, assert_error, assert_warning, base, config, definition, has_finding};
use crate::{document, file, with, without};

const CONFIG: &str = "$.HyperParameterTuningJobConfig";

fn several() -> Value {
    file("accepted/several_definitions.json")
}

#[test]
fn hyperband_excludes_other_early_stopping() {
    let pointer = "/HyperParameterTuningJobConfig/TrainingJobEarlyStoppingType";
    let hyperband = |early: &str| with(several(), &[(pointer, json!(early))]);
    let path = format!("{CONFIG}.TrainingJobEarlyStoppingType");
    assert_error(&path, "its own early stopping", &[hyperband("Off")], &[hyperband("Auto")]);
}

#[test]
fn resources_of_hyperband_are_bounded() {
    let of = |min: i64, max: i64| {
        let pointer = "/HyperParameterTuningJobConfig/StrategyConfig/HyperbandStrategyConfig";
        with(several(), &[(pointer, json!({"MinResource": min, "MaxResource": max}))])
    };
    let path = format!("{CONFIG}.StrategyConfig.HyperbandStrategyConfig");
    let (valid, invalid) = ([of(1, 20_000)], [of(1, 20_001)]);
    assert_error(&format!("{path}.MaxResource"), "at most 20000", &valid, &invalid);
    assert_error(&format!("{path}.MinResource"), "at most MaxResource", &[of(5, 5)], &[of(6, 5)]);
}

#[test]
fn hyperband_needs_a_maximum_resource() {
    let hyperband = config(&[
        ("/Strategy", json!("Hyperband")),
        ("/TrainingJobEarlyStoppingType", json!("Off")),
    ]);
    let bare = without(hyperband, &["/TrainingJobDefinition/StaticHyperParameters/epochs"]);
    let fixed = |name: &str| {
        let pointer = format!("/TrainingJobDefinition/StaticHyperParameters/{name}");
        with(bare.clone(), &[(&pointer, json!("30"))])
    };
    let mut valid =
        ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"].map(fixed).to_vec();
    let settings = json!({"HyperbandStrategyConfig": {"MaxResource": 30}});
    valid.push(with(bare.clone(), &[("/HyperParameterTuningJobConfig/StrategyConfig", settings)]));
    let invalid = [bare.clone(), fixed("num_round")];
    let path = format!("{CONFIG}.StrategyConfig.HyperbandStrategyConfig.MaxResource");
    assert_error(&path, "Hyperband needs it", &valid, &invalid);
}

#[test]
fn fault_d8_hyperband_needs_a_whole_number_of_epochs() {
    let epochs = |text: &str| {
        let changes =
            [("/Strategy", json!("Hyperband")), ("/TrainingJobEarlyStoppingType", json!("Off"))];
        let pointer = "/TrainingJobDefinition/StaticHyperParameters/epochs";
        with(config(&changes), &[(pointer, json!(text))])
    };
    let path = "$.TrainingJobDefinition.StaticHyperParameters.epochs";
    let invalid = ["10.0", "\"10\"", "1e1", "0", "-3", "", "ten"].map(epochs);
    assert_error(path, "Hyperband infers MaxResource from it", &[epochs("10")], &invalid);
}

#[test]
fn settings_of_hyperband_need_hyperband() {
    let settings = ("/StrategyConfig", json!({"HyperbandStrategyConfig": {"MaxResource": 30}}));
    let path = format!("{CONFIG}.StrategyConfig.HyperbandStrategyConfig");
    assert_error(&path, "Hyperband only", &[base(), several()], &[config(&[settings])]);
}

fn limits(jobs: u32, parallel: u32, seconds: u32) -> Value {
    let limits = json!({
        "MaxNumberOfTrainingJobs": jobs,
        "MaxParallelTrainingJobs": parallel,
        "MaxRuntimeInSeconds": seconds,
    });
    config(&[("/ResourceLimits", limits), ("/TuningJobCompletionCriteria", json!({}))])
}

#[test]
fn quotas_limit_jobs_parallelism_and_time() {
    let path = |member: &str| format!("{CONFIG}.ResourceLimits.{member}");
    let valid = [limits(750, 10, 2_592_000)];
    let invalid = [limits(751, 10, 120)];
    assert_error(&path("MaxNumberOfTrainingJobs"), "at most 750", &valid, &invalid);
    assert_error(&path("MaxParallelTrainingJobs"), "at most 10", &valid, &[limits(750, 11, 120)]);
    // The service's model allows half a year.
    let invalid = [limits(750, 10, 2_592_001)];
    assert_warning(&path("MaxRuntimeInSeconds"), "at most 2592000", &valid, &invalid);
    let runtime = |seconds: u32| {
        let times = json!({"MaxRuntimeInSeconds": seconds, "MaxWaitTimeInSeconds": seconds});
        definition(&[("/StoppingCondition", times)])
    };
    let path = "$.TrainingJobDefinition.StoppingCondition.MaxRuntimeInSeconds";
    assert_error(path, "at most 2419200", &[runtime(2_419_200)], &[runtime(2_419_201)]);
}

#[test]
fn other_quotas_set_other_limits() {
    let accepts = |quotas: Quotas, request: &Value| {
        Validator::default().with_quotas(quotas).validate(&document(request)).is_accepted()
    };
    assert!(accepts(Quotas::DEFAULT_2023, &limits(500, 10, 120)));
    let validation = Validator::default()
        .with_quotas(Quotas::DEFAULT_2023)
        .validate(&document(&limits(501, 10, 120)));
    let path = format!("{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs");
    assert!(has_finding(&validation, Severity::Error, &path, "June 2023"), "{validation}");
    assert!(accepts(Quotas::RAISED, &limits(750, 100, 120)));
    assert!(!accepts(Quotas::RAISED, &limits(750, 101, 120)));
    let random = |jobs: u32| {
        with(limits(jobs, 10, 120), &[("/HyperParameterTuningJobConfig/Strategy", json!("Random"))])
    };
    assert!(accepts(Quotas::RAISED, &random(10_000)));
    assert!(!accepts(Quotas::RAISED, &random(10_001)));
    assert!(!accepts(Quotas::RAISED, &limits(751, 10, 120)));
    assert!(!accepts(Quotas::DEFAULT, &random(751)));
}

#[test]
fn running_all_jobs_at_once_gives_a_warning() {
    let path = format!("{CONFIG}.ResourceLimits.MaxParallelTrainingJobs");
    let of = |jobs: u32, parallel: u32| limits(jobs, parallel, 120);
    let random = |parallel: u32| {
        with(of(5, parallel), &[("/HyperParameterTuningJobConfig/Strategy", json!("Random"))])
    };
    let valid = [of(5, 4), random(5), of(1, 1)];
    assert_warning(&path, "Bayesian optimization cannot use", &valid, &[of(5, 5), of(5, 6)]);
    assert_warning(&path, "can run at once", &[random(5)], &[random(6)]);
}

#[test]
fn a_tuning_job_that_never_ends_gives_a_warning() {
    let of = |limits: Value| config(&[("/ResourceLimits", limits)]);
    let valid = [
        of(json!({"MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 99})),
        of(json!({"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 9000})),
    ];
    let path = format!("{CONFIG}.ResourceLimits");
    let invalid = [of(json!({"MaxParallelTrainingJobs": 1}))];
    assert_warning(&path, "quotas end this job", &valid, &invalid);
    let not_improving = |jobs: u32| {
        let criteria =
            json!({"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": jobs}});
        with(
            limits(9, 1, 120),
            &[("/HyperParameterTuningJobConfig/TuningJobCompletionCriteria", criteria)],
        )
    };
    let path = format!(
        "{CONFIG}.TuningJobCompletionCriteria.BestObjectiveNotImproving\
         .MaxNumberOfTrainingJobsNotImproving"
    );
    assert_warning(&path, "never ends", &[not_improving(8)], &[not_improving(9)]);
}

#[test]
fn there_is_exactly_one_objective() {
    let path = format!("{CONFIG}.HyperParameterTuningJobObjective");
    let bare =
        without(base(), &["/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective"]);
    let objective = json!({"Type": "Maximize", "MetricName": "validation:accuracy"});
    let in_definition =
        with(bare.clone(), &[("/TrainingJobDefinition/TuningObjective", objective.clone())]);
    let valid = [base(), in_definition, several(), file("accepted/autotune.json")];
    assert_error(&path, "there must be an objective", &valid, &[bare]);
    let same = definition(&[("/TuningObjective", objective)]);
    let other = json!({"Type": "Minimize", "MetricName": "train:loss"});
    let invalid = [definition(&[("/TuningObjective", other)])];
    assert_warning("$.TrainingJobDefinition.TuningObjective", "two objectives", &[same], &invalid);
}

#[test]
fn ranges_in_two_places_give_a_warning() {
    let more = json!([{"Name": "more", "MinValue": "0", "MaxValue": "1"}]);
    let ranges = json!({ "ContinuousParameterRanges": more });
    let invalid = [definition(&[("/HyperParameterRanges", ranges)])];
    assert_warning(
        "$.TrainingJobDefinition.HyperParameterRanges",
        "has ranges, too",
        &[base()],
        &invalid,
    );
}

#[test]
fn auto_parameters_need_autotune() {
    let hints = |hints: Value| config(&[("/ParameterRanges/AutoParameters", hints)]);
    let valid = [base(), hints(json!([])), file("accepted/autotune.json")];
    let invalid = [hints(json!([{"Name": "hint", "ValueHint": "3"}]))];
    assert_error(&format!("{RANGES}.AutoParameters"), "Autotune only", &valid, &invalid);
}

#[test]
fn early_stopping_and_warm_start_need_one_definition() {
    let random = |early: &str, definitions: usize| {
        let mut several = several();
        let config = several["HyperParameterTuningJobConfig"].as_object_mut().unwrap();
        config.shift_remove("StrategyConfig");
        config.insert("Strategy".into(), "Random".into());
        config.insert("TrainingJobEarlyStoppingType".into(), early.into());
        several["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] =
            50.into();
        several["TrainingJobDefinitions"].as_array_mut().unwrap().truncate(definitions);
        several
    };
    let path = format!("{CONFIG}.TrainingJobEarlyStoppingType");
    let valid = [random("Off", 3), random("Auto", 1)];
    assert_error(&path, "only one definition", &valid, &[random("Auto", 2)]);
    let warm = |definitions: usize| {
        let mut request = random("Off", definitions);
        request["WarmStartConfig"] = base()["WarmStartConfig"].clone();
        request
    };
    assert_error("$.WarmStartConfig", "only one definition", &[warm(1)], &[warm(2)]);
}

#[test]
fn several_definitions_may_share_the_jobs_of_a_grid() {
    let grid = |jobs: u32| {
        let mut request = several();
        let definitions = request["TrainingJobDefinitions"].as_array_mut().unwrap();
        definitions.remove(0);
        definitions.truncate(1);
        let mut second = definitions[0].clone();
        second["DefinitionName"] = "second".into();
        second["HyperParameterRanges"]["CategoricalParameterRanges"][0]["Values"] =
            json!(["1", "2", "3"]);
        definitions.push(second);
        let config = request["HyperParameterTuningJobConfig"].as_object_mut().unwrap();
        config.shift_remove("StrategyConfig");
        config.insert("Strategy".into(), "Grid".into());
        config["ResourceLimits"]["MaxNumberOfTrainingJobs"] = jobs.into();
        request
    };
    for jobs in [2, 3, 5] {
        let validation = crate::validate(&grid(jobs));
        assert!(validation.is_accepted(), "{validation}");
    }
}

#[test]
fn autotuned_hyperparameters_are_set_nowhere_else() {
    let autotune = |name: &str| {
        let pointer = "/HyperParameterTuningJobConfig/ParameterRanges/AutoParameters/0/Name";
        with(file("accepted/autotune.json"), &[(pointer, json!(name))])
    };
    let path = format!("{RANGES}.AutoParameters[0].Name");
    let valid = [autotune("eta")];
    assert_warning(&path, "Autotune cannot choose", &valid, &[autotune("num_round")]);
    let path = format!("{RANGES}.AutoParameters[1].Name");
    assert_warning(&path, "Autotune cannot choose", &valid, &[autotune("max_depth")]);
    let hints = json!({"AutoParameters": [{"Name": "hint", "ValueHint": "3"}]});
    let path = "$.TrainingJobDefinitions[0].HyperParameterRanges.AutoParameters";
    let mut in_definition = several();
    in_definition["TrainingJobDefinitions"][0]["HyperParameterRanges"]["AutoParameters"] =
        hints["AutoParameters"].clone();
    assert_error(path, "Autotune only", &[several()], &[in_definition]);
}
