//! Rules of a whole request: definitions, warm start parents, tags, environment variables.

use serde_json::{Map, Value, json};

use super::{assert_error, assert_warning, base};
use crate::{file, validate, with, without};

fn several() -> Value {
    file("accepted/several_definitions.json")
}

#[test]
fn definitions_are_in_one_place_and_have_names() {
    let mut both = base();
    both["TrainingJobDefinitions"] = json!([several()["TrainingJobDefinitions"][0]]);
    assert_error("$.TrainingJobDefinitions", "not both", &[base(), several()], &[both]);
    let neither = without(base(), &["/TrainingJobDefinition"]);
    let valid = [base(), several()];
    assert_error("$.TrainingJobDefinition", "must define its training jobs", &valid, &[neither]);
    let pointer = "/TrainingJobDefinitions/1/DefinitionName";
    let path = "$.TrainingJobDefinitions[1].DefinitionName";
    let same = with(several(), &[(pointer, json!("trees"))]);
    assert_error(path, "distinct names", &[several()], &[same]);
    assert_error(path, "have a name", &[several()], &[without(several(), &[pointer])]);
}

#[test]
fn warm_start_parents_are_named_distinct_and_other_jobs() {
    let pointer = "/WarmStartConfig/ParentHyperParameterTuningJobs";
    let names = |names: &[&str]| {
        let parent = |name: &&str| json!({"HyperParameterTuningJobName": name});
        with(base(), &[(pointer, names.iter().map(parent).collect())])
    };
    let path = |i: usize| {
        format!("$.WarmStartConfig.ParentHyperParameterTuningJobs[{i}].HyperParameterTuningJobName")
    };
    assert_error(&path(1), "named only once", &[names(&["a", "b"])], &[names(&["a", "A"])]);
    assert_error(
        &path(0),
        "cannot be its own parent",
        &[names(&["a"])],
        &[names(&["EVERY-field-1"])],
    );
    let nameless = with(base(), &[(&format!("{pointer}/0"), json!({}))]);
    assert_error(&path(0), "must have a name", &[base()], &[nameless]);
    let mut grid = file("accepted/grid.json");
    grid["WarmStartConfig"] = base()["WarmStartConfig"].clone();
    let valid = [base(), file("accepted/grid.json")];
    assert_warning("$.WarmStartConfig", "only for Bayesian and Random", &valid, &[grid]);
}

#[test]
fn tag_keys_are_unique_and_not_reserved() {
    let tags = |keys: &[&str]| {
        let tag = |key: &&str| json!({"Key": key, "Value": ""});
        with(base(), &[("/Tags", keys.iter().map(tag).collect())])
    };
    assert_error("$.Tags[1].Key", "unique", &[tags(&["a", "A"])], &[tags(&["a", "a"])]);
    let (valid, invalid) =
        ([tags(&["awsome", "a:aws:"])], [tags(&["aws:cost"]), tags(&["AWS:cost"])]);
    assert_error("$.Tags[0].Key", "belong to AWS", &valid, &invalid);
}

#[test]
fn environment_variables_of_all_definitions_count_together() {
    let of = |first: usize, second: usize| {
        let map = |count: usize| -> Value {
            (0..count).map(|i| (format!("V{i}"), json!(""))).collect::<Map<_, _>>().into()
        };
        let pointer = |i: usize| format!("/TrainingJobDefinitions/{i}/Environment");
        with(several(), &[(&pointer(0), map(first)), (&pointer(1), map(second))])
    };
    let path = "$.TrainingJobDefinitions";
    assert_error(path, "at most 48 variables, not 49", &[of(24, 24)], &[of(24, 25)]);
}

#[test]
fn all_errors_are_reported_at_once() {
    let config = "/HyperParameterTuningJobConfig";
    let invalid = with(
        base(),
        &[
            ("/HyperParameterTuningJobName", json!("no_underscores")),
            (&format!("{config}/Strategy"), json!("bayesian")),
            (&format!("{config}/ParameterRanges/ContinuousParameterRanges/0/MinValue"), json!("0")),
            (&format!("{config}/ResourceLimits/MaxParallelTrainingJobs"), json!(0)),
            ("/TrainingJobDefinition/RoleArn", json!("admin")),
            ("/TrainingJobDefinition/StoppingCondition/MaxWaitTimeInSeconds", json!(1)),
            ("/Tags/1/Key", json!("team")),
        ],
    );
    let validation = validate(&invalid);
    let mut paths: Vec<&str> = validation.errors().map(|error| error.subject.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "$.HyperParameterTuningJobConfig.ParameterRanges.ContinuousParameterRanges[0].MinValue",
            "$.HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs",
            "$.HyperParameterTuningJobConfig.Strategy",
            "$.HyperParameterTuningJobName",
            "$.Tags[1].Key",
            "$.TrainingJobDefinition.RoleArn",
            "$.TrainingJobDefinition.StoppingCondition.MaxWaitTimeInSeconds",
        ]
    );
    let strategy = validation.errors().find(|error| error.subject.ends_with("Strategy")).unwrap();
    assert_eq!(
        strategy.to_string(),
        "`$.HyperParameterTuningJobConfig.Strategy` is \"bayesian\": \
         it must be one of Bayesian, Random, Hyperband, Grid; use \"Bayesian\""
    );
}
