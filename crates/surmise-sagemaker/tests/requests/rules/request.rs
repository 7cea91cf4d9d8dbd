//! Definitions, parents, tags, variables.

use serde_json::{Map, Value, json};

use super::{base, error, warning};
use crate::{file, judge, with, without};

fn several() -> Value {
    file("accepted/several_definitions.json")
}

#[test]
fn there_is_one_kind_of_definition_and_each_has_a_name() {
    let mut both = base();
    both["TrainingJobDefinitions"] = json!([several()["TrainingJobDefinitions"][0]]);
    error("$.TrainingJobDefinitions", "not both", &[base(), several()], &[both]);
    let neither = without(base(), &["/TrainingJobDefinition"]);
    let good = [base(), several()];
    error("$.TrainingJobDefinition", "what its training jobs are", &good, &[neither]);
    let place = "/TrainingJobDefinitions/1/DefinitionName";
    let path = "$.TrainingJobDefinitions[1].DefinitionName";
    let same = with(several(), &[(place, json!("trees"))]);
    error(path, "distinct names", &[several()], &[same]);
    error(path, "have a name", &[several()], &[without(several(), &[place])]);
}

#[test]
fn parents_are_known_distinct_and_others() {
    let place = "/WarmStartConfig/ParentHyperParameterTuningJobs";
    let names = |names: &[&str]| {
        let parent = |name: &&str| json!({"HyperParameterTuningJobName": name});
        with(base(), &[(place, names.iter().map(parent).collect())])
    };
    let path = |i: usize| {
        format!("$.WarmStartConfig.ParentHyperParameterTuningJobs[{i}].HyperParameterTuningJobName")
    };
    error(&path(1), "named once", &[names(&["a", "b"])], &[names(&["a", "A"])]);
    error(&path(0), "cannot be its own parent", &[names(&["a"])], &[names(&["EVERY-field-1"])]);
    let nameless = with(base(), &[(&format!("{place}/0"), json!({}))]);
    error(&path(0), "known by its name", &[base()], &[nameless]);
    let mut grid = file("accepted/grid.json");
    grid["WarmStartConfig"] = base()["WarmStartConfig"].clone();
    let good = [base(), file("accepted/grid.json")];
    warning("$.WarmStartConfig", "Bayesian and Random only", &good, &[grid]);
}

#[test]
fn keys_of_tags_are_unique_and_ours() {
    let tags = |keys: &[&str]| {
        let tag = |key: &&str| json!({"Key": key, "Value": ""});
        with(base(), &[("/Tags", keys.iter().map(tag).collect())])
    };
    error("$.Tags[1].Key", "unique", &[tags(&["a", "A"])], &[tags(&["a", "a"])]);
    let (good, bad) = ([tags(&["awsome", "a:aws:"])], [tags(&["aws:cost"]), tags(&["AWS:cost"])]);
    error("$.Tags[0].Key", "belong to AWS", &good, &bad);
}

#[test]
fn variables_of_all_definitions_are_counted_together() {
    let of = |first: usize, second: usize| {
        let map = |count: usize| -> Value {
            (0..count).map(|i| (format!("V{i}"), json!(""))).collect::<Map<_, _>>().into()
        };
        let place = |i: usize| format!("/TrainingJobDefinitions/{i}/Environment");
        with(several(), &[(&place(0), map(first)), (&place(1), map(second))])
    };
    let path = "$.TrainingJobDefinitions";
    error(path, "at most 48 variables, not 49", &[of(24, 24)], &[of(24, 25)]);
}

#[test]
fn everything_is_said_at_once() {
    let config = "/HyperParameterTuningJobConfig";
    let bad = with(
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
    let verdict = judge(&bad);
    let mut paths: Vec<&str> = verdict.errors().map(|error| error.subject.as_str()).collect();
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
    let strategy = verdict.errors().find(|error| error.subject.ends_with("Strategy")).unwrap();
    assert_eq!(
        strategy.to_string(),
        "`$.HyperParameterTuningJobConfig.Strategy` is \"bayesian\": \
         it must be one of Bayesian, Random, Hyperband, Grid; use \"Bayesian\""
    );
}
