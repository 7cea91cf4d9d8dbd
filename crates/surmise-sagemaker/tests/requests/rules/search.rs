//! Strategy, limits, completion, objective.

use serde_json::{Value, json};
use surmise_sagemaker::{Judge, Quotas, Severity};

use super::{RANGES, base, config, definition, error, says, warning};
use crate::{document, file, with, without};

const CONFIG: &str = "$.HyperParameterTuningJobConfig";

fn several() -> Value {
    file("accepted/several_definitions.json")
}

#[test]
fn hyperband_stops_by_itself() {
    let place = "/HyperParameterTuningJobConfig/TrainingJobEarlyStoppingType";
    let hyperband = |early: &str| with(several(), &[(place, json!(early))]);
    let path = format!("{CONFIG}.TrainingJobEarlyStoppingType");
    error(&path, "early stopping of its own", &[hyperband("Off")], &[hyperband("Auto")]);
}

#[test]
fn hyperbands_resources_are_bounded() {
    let of = |least: i64, most: i64| {
        let place = "/HyperParameterTuningJobConfig/StrategyConfig/HyperbandStrategyConfig";
        with(several(), &[(place, json!({"MinResource": least, "MaxResource": most}))])
    };
    let path = format!("{CONFIG}.StrategyConfig.HyperbandStrategyConfig");
    let (good, bad) = ([of(1, 20_000)], [of(1, 20_001)]);
    error(&format!("{path}.MaxResource"), "at most 20000", &good, &bad);
    error(&format!("{path}.MinResource"), "at most MaxResource", &[of(5, 5)], &[of(6, 5)]);
}

#[test]
fn hyperband_knows_its_greatest_resource() {
    let hyperband = config(&[
        ("/Strategy", json!("Hyperband")),
        ("/TrainingJobEarlyStoppingType", json!("Off")),
    ]);
    let bare = without(hyperband, &["/TrainingJobDefinition/StaticHyperParameters/epochs"]);
    let fixed = |name: &str| {
        let place = format!("/TrainingJobDefinition/StaticHyperParameters/{name}");
        with(bare.clone(), &[(&place, json!("30"))])
    };
    let mut good =
        ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"].map(fixed).to_vec();
    let settings = json!({"HyperbandStrategyConfig": {"MaxResource": 30}});
    good.push(with(bare.clone(), &[("/HyperParameterTuningJobConfig/StrategyConfig", settings)]));
    let bad = [bare.clone(), fixed("num_round")];
    let path = format!("{CONFIG}.StrategyConfig.HyperbandStrategyConfig.MaxResource");
    error(&path, "Hyperband needs it", &good, &bad);
}

#[test]
fn fault_d8_epochs_are_judged_where_they_are_read() {
    let epochs = |text: &str| {
        let changes =
            [("/Strategy", json!("Hyperband")), ("/TrainingJobEarlyStoppingType", json!("Off"))];
        let place = "/TrainingJobDefinition/StaticHyperParameters/epochs";
        with(config(&changes), &[(place, json!(text))])
    };
    let path = "$.TrainingJobDefinition.StaticHyperParameters.epochs";
    let bad = ["10.0", "\"10\"", "1e1", "0", "-3", "", "ten"].map(epochs);
    error(path, "Hyperband infers its greatest resource from it", &[epochs("10")], &bad);
}

#[test]
fn hyperbands_settings_are_for_hyperband() {
    let settings = ("/StrategyConfig", json!({"HyperbandStrategyConfig": {"MaxResource": 30}}));
    let path = format!("{CONFIG}.StrategyConfig.HyperbandStrategyConfig");
    error(&path, "Hyperband only", &[base(), several()], &[config(&[settings])]);
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
fn quotas_bound_jobs_parallelism_and_time() {
    let path = |member: &str| format!("{CONFIG}.ResourceLimits.{member}");
    let good = [limits(750, 10, 2_592_000)];
    let bad = [limits(751, 10, 120)];
    error(&path("MaxNumberOfTrainingJobs"), "at most 750", &good, &bad);
    error(&path("MaxParallelTrainingJobs"), "at most 10", &good, &[limits(750, 11, 120)]);
    // The service's model allows half a year.
    let bad = [limits(750, 10, 2_592_001)];
    warning(&path("MaxRuntimeInSeconds"), "at most 2592000", &good, &bad);
    let runtime = |seconds: u32| {
        let times = json!({"MaxRuntimeInSeconds": seconds, "MaxWaitTimeInSeconds": seconds});
        definition(&[("/StoppingCondition", times)])
    };
    let path = "$.TrainingJobDefinition.StoppingCondition.MaxRuntimeInSeconds";
    error(path, "at most 2419200", &[runtime(2_419_200)], &[runtime(2_419_201)]);
}

#[test]
fn other_quotas_bound_otherwise() {
    let accepts = |quotas: Quotas, request: &Value| {
        Judge::default().with_quotas(quotas).judge(&document(request)).is_accepted()
    };
    assert!(accepts(Quotas::DEFAULT_2023, &limits(500, 10, 120)));
    let verdict =
        Judge::default().with_quotas(Quotas::DEFAULT_2023).judge(&document(&limits(501, 10, 120)));
    let path = format!("{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs");
    assert!(says(&verdict, Severity::Error, &path, "June 2023"), "{verdict}");
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
fn all_jobs_at_once_are_warned_of() {
    let path = format!("{CONFIG}.ResourceLimits.MaxParallelTrainingJobs");
    let of = |jobs: u32, parallel: u32| limits(jobs, parallel, 120);
    let random = |parallel: u32| {
        with(of(5, parallel), &[("/HyperParameterTuningJobConfig/Strategy", json!("Random"))])
    };
    let good = [of(5, 4), random(5), of(1, 1)];
    warning(&path, "nothing is Bayesian", &good, &[of(5, 5), of(5, 6)]);
    warning(&path, "can run at once", &[random(5)], &[random(6)]);
}

#[test]
fn what_never_ends_is_warned_of() {
    let of = |limits: Value| config(&[("/ResourceLimits", limits)]);
    let good = [
        of(json!({"MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 99})),
        of(json!({"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 9000})),
    ];
    let path = format!("{CONFIG}.ResourceLimits");
    let bad = [of(json!({"MaxParallelTrainingJobs": 1}))];
    warning(&path, "quotas ends this job", &good, &bad);
    let patience = |jobs: u32| {
        let criteria =
            json!({"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": jobs}});
        with(
            limits(9, 1, 120),
            &[("/HyperParameterTuningJobConfig/TuningJobCompletionCriteria", criteria)],
        )
    };
    let path = format!(
        "{CONFIG}.TuningJobCompletionCriteria.BestObjectiveNotImproving.MaxNumberOfTrainingJobsNotImproving"
    );
    warning(&path, "never ends", &[patience(8)], &[patience(9)]);
}

#[test]
fn there_is_one_objective() {
    let path = format!("{CONFIG}.HyperParameterTuningJobObjective");
    let bare =
        without(base(), &["/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective"]);
    let objective = json!({"Type": "Maximize", "MetricName": "validation:accuracy"});
    let own = with(bare.clone(), &[("/TrainingJobDefinition/TuningObjective", objective.clone())]);
    let good = [base(), own, several(), file("accepted/autotune.json")];
    error(&path, "there must be an objective", &good, &[bare]);
    let same = definition(&[("/TuningObjective", objective)]);
    let other = json!({"Type": "Minimize", "MetricName": "train:loss"});
    let bad = [definition(&[("/TuningObjective", other)])];
    warning("$.TrainingJobDefinition.TuningObjective", "two objectives", &[same], &bad);
}

#[test]
fn ranges_in_two_places_are_warned_of() {
    let more = json!([{"Name": "more", "MinValue": "0", "MaxValue": "1"}]);
    let own = json!({ "ContinuousParameterRanges": more });
    let bad = [definition(&[("/HyperParameterRanges", own)])];
    warning("$.TrainingJobDefinition.HyperParameterRanges", "ranges at", &[base()], &bad);
}

#[test]
fn auto_parameters_are_for_autotune() {
    let hints = |hints: Value| config(&[("/ParameterRanges/AutoParameters", hints)]);
    let good = [base(), hints(json!([])), file("accepted/autotune.json")];
    let bad = [hints(json!([{"Name": "hint", "ValueHint": "3"}]))];
    error(&format!("{RANGES}.AutoParameters"), "Autotune only", &good, &bad);
}

#[test]
fn early_stopping_and_warm_start_want_one_definition() {
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
    let good = [random("Off", 3), random("Auto", 1)];
    error(&path, "one definition", &good, &[random("Auto", 2)]);
    let warm = |definitions: usize| {
        let mut request = random("Off", definitions);
        request["WarmStartConfig"] = base()["WarmStartConfig"].clone();
        request
    };
    error("$.WarmStartConfig", "one definition", &[warm(1)], &[warm(2)]);
}

#[test]
fn several_definitions_share_the_jobs_of_a_grid_as_they_like() {
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
        let verdict = crate::judge(&grid(jobs));
        assert!(verdict.is_accepted(), "{verdict}");
    }
}

#[test]
fn what_is_left_to_autotune_is_given_nowhere_else() {
    let autotune = |name: &str| {
        let place = "/HyperParameterTuningJobConfig/ParameterRanges/AutoParameters/0/Name";
        with(file("accepted/autotune.json"), &[(place, json!(name))])
    };
    let path = format!("{RANGES}.AutoParameters[0].Name");
    let good = [autotune("eta")];
    warning(&path, "given elsewhere", &good, &[autotune("num_round")]);
    let path = format!("{RANGES}.AutoParameters[1].Name");
    warning(&path, "given elsewhere", &good, &[autotune("max_depth")]);
    let hints = json!({"AutoParameters": [{"Name": "hint", "ValueHint": "3"}]});
    let path = "$.TrainingJobDefinitions[0].HyperParameterRanges.AutoParameters";
    let mut own = several();
    own["TrainingJobDefinitions"][0]["HyperParameterRanges"]["AutoParameters"] =
        hints["AutoParameters"].clone();
    error(path, "Autotune only", &[several()], &[own]);
}
