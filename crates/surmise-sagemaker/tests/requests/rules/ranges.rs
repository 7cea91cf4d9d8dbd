//! Rules of parameter ranges and grids.

use serde_json::{Map, Value, json};
use surmise_sagemaker::Severity;

use super::{RANGES, assert_error, assert_warning, base, config, definition, has_finding};
use crate::{file, validate, with, without};

const FIRST: &str = "/ParameterRanges/ContinuousParameterRanges/0";

/// Returns the base request with only this range, and few jobs.
fn with_range(list: &str, range: &Value) -> Value {
    let limits = json!({"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1});
    let no_criteria = json!({});
    config(&[
        ("/ParameterRanges", json!({ list: [range] })),
        ("/ResourceLimits", limits),
        ("/TuningJobCompletionCriteria", no_criteria),
    ])
}

fn numeric(list: &str, (min, max): (&str, &str), scaling: &str) -> Value {
    let range = json!({"Name": "x", "MinValue": min, "MaxValue": max, "ScalingType": scaling});
    with_range(list, &range)
}

fn continuous(min: &str, max: &str, scaling: &str) -> Value {
    numeric("ContinuousParameterRanges", (min, max), scaling)
}

fn integer(min: &str, max: &str, scaling: &str) -> Value {
    numeric("IntegerParameterRanges", (min, max), scaling)
}

fn of_continuous(member: &str) -> String {
    format!("{RANGES}.ContinuousParameterRanges[0].{member}")
}

fn of_integer(member: &str) -> String {
    format!("{RANGES}.IntegerParameterRanges[0].{member}")
}

#[test]
fn bounds_of_continuous_ranges_are_finite_numbers() {
    let from = |min: &str| continuous(min, "1", "Auto");
    let valid = ["0", "-1e3", "+0.5", "1e-300"].map(from);
    let invalid = ["", "zero", "nan", "-inf", "1e999", "0,5"].map(from);
    assert_error(&of_continuous("MinValue"), "finite numbers", &valid, &invalid);
    assert_warning(&of_continuous("MinValue"), "it is unknown", &valid, &[from(" 0")]);
}

#[test]
fn bounds_of_integer_ranges_are_whole_numbers() {
    let to = |max: &str| integer("-1", max, "Auto");
    let invalid = ["10.5", "ten", "", "99999999999999999999"].map(to);
    let valid = ["0", "+10"].map(to);
    assert_error(&of_integer("MaxValue"), "whole numbers", &valid, &invalid);
    assert_warning(
        &of_integer("MaxValue"),
        "it is unknown",
        &valid,
        &["1e3", "10 ", "10.0"].map(to),
    );
}

#[test]
fn the_maximum_is_above_the_minimum() {
    let valid = [continuous("0", "1e-9", "Auto"), continuous("-2", "-1", "Linear")];
    let invalid = [continuous("1", "1.0", "Auto"), continuous("1", "0", "Auto")];
    assert_error(&of_continuous("MaxValue"), "above MinValue", &valid, &invalid);
    let invalid = [integer("2", "2", "Auto"), integer("3", "2", "Auto")];
    // These neighbors are equal as floating-point numbers.
    let large = integer("9007199254740992", "9007199254740993", "Auto");
    assert_error(
        &of_integer("MaxValue"),
        "above MinValue",
        &[integer("1", "2", "Auto"), large],
        &invalid,
    );
}

#[test]
fn logarithmic_ranges_are_above_zero() {
    let log = |min: &str| continuous(min, "10", "Logarithmic");
    let valid = [log("1e-9"), continuous("0", "10", "Linear"), continuous("0", "10", "Auto")];
    assert_error(
        &of_continuous("MinValue"),
        "logarithmic scale it must be above 0",
        &valid,
        &[log("0"), log("-1")],
    );
    let log = |min: &str| integer(min, "10", "Logarithmic");
    assert_error(
        &of_integer("MinValue"),
        "logarithmic scale it must be above 0",
        &[log("1")],
        &[log("0"), log("-1")],
    );
}

#[test]
fn reverse_logarithmic_ranges_lie_between_zero_and_one() {
    let reverse = |min: &str, max: &str| continuous(min, max, "ReverseLogarithmic");
    let valid = [reverse("0", "0.999")];
    assert_error(
        &of_continuous("MinValue"),
        "must be at least 0",
        &valid,
        &[reverse("-0.001", "0.9")],
    );
    let invalid = [reverse("0", "1"), reverse("0", "1.5")];
    assert_error(&of_continuous("MaxValue"), "must be below 1", &valid, &invalid);
}

#[test]
fn reverse_logarithmic_scaling_is_for_continuous_ranges() {
    let invalid = [integer("0", "5", "ReverseLogarithmic")];
    let valid = [integer("0", "5", "Linear")];
    assert_error(&of_integer("ScalingType"), "only continuous ranges", &valid, &invalid);
}

#[test]
fn many_decades_on_a_linear_scale_give_a_warning() {
    let valid = [
        continuous("0.0011", "1", "Linear"),
        continuous("0.0001", "1", "Auto"),
        continuous("0", "1000", "Linear"),
        continuous("0", "0.99", "Linear"),
    ];
    let invalid = [continuous("0.001", "1", "Linear"), continuous("0", "0.999", "Linear")];
    assert_warning(&of_continuous("ScalingType"), "decades", &valid, &invalid);
    let (valid, invalid) = ([integer("1", "999", "Linear")], [integer("1", "1000", "Linear")]);
    assert_warning(&of_integer("ScalingType"), "decades", &valid, &invalid);
}

#[test]
fn choices_of_a_categorical_range_are_distinct() {
    let values = |values: Value| {
        with_range("CategoricalParameterRanges", &json!({"Name": "c", "Values": values}))
    };
    let path = format!("{RANGES}.CategoricalParameterRanges[0].Values[1]");
    let (valid, invalid) = (values(json!(["a", "b", "A"])), values(json!(["a", "a", "b"])));
    assert_error(&path, "distinct", &[valid], &[invalid]);
}

#[test]
fn a_hyperparameter_has_a_name_and_one_range() {
    let named = |name: &str| config(&[(&format!("{FIRST}/Name"), json!(name))]);
    assert_error(&of_continuous("Name"), "have a name", &[base(), named(" ")], &[named("")]);
    assert_error(
        &of_continuous("Name"),
        "have only one range",
        &[named("Layers")],
        &[named("layers")],
    );
}

#[test]
fn a_hyperparameter_is_tuned_or_static() {
    let of = |name: &str| definition(&[(&format!("/StaticHyperParameters/{name}"), json!("0.1"))]);
    assert_error(&of_continuous("Name"), "tuned or static", &[of("Rate")], &[of("rate")]);
}

#[test]
fn the_objective_hyperparameter_is_set_by_sagemaker() {
    const INJECTED: &str = "_tuning_objective_metric";
    let tuned = config(&[(&format!("{FIRST}/Name"), json!(INJECTED))]);
    assert_error(&of_continuous("Name"), "sets this hyperparameter itself", &[base()], &[tuned]);
    let path = format!("$.TrainingJobDefinition.StaticHyperParameters.{INJECTED}");
    let fixed = definition(&[(&format!("/StaticHyperParameters/{INJECTED}"), json!("loss"))]);
    assert_warning(&path, "sets this hyperparameter itself", &[base()], &[fixed]);
}

#[test]
fn there_are_at_most_thirty_ranges_of_all_types() {
    let of = |count: usize, kind: &str| -> Vec<Value> {
        let range = |i| json!({"Name": format!("{kind}{i}"), "MinValue": "1", "MaxValue": "2"});
        (0..count).map(range).collect()
    };
    let ranges = |integers: usize, continuous: usize| {
        let ranges = json!({
            "IntegerParameterRanges": of(integers, "i"),
            "ContinuousParameterRanges": of(continuous, "c"),
        });
        config(&[("/ParameterRanges", ranges)])
    };
    let valid = [ranges(15, 15), ranges(0, 30)];
    assert_error(RANGES, "at most 30 ranges", &valid, &[ranges(16, 15), ranges(1, 30)]);
}

#[test]
fn at_least_one_hyperparameter_is_tuned() {
    let invalid = [
        config(&[("/ParameterRanges", json!({}))]),
        config(&[("/ParameterRanges", json!({"IntegerParameterRanges": []}))]),
        without(base(), &["/HyperParameterTuningJobConfig/ParameterRanges"]),
    ];
    let valid = [base(), file("accepted/autotune.json"), file("accepted/several_definitions.json")];
    assert_error(RANGES, "at least one hyperparameter", &valid, &invalid);
}

#[test]
fn a_training_job_has_at_most_a_hundred_hyperparameters() {
    // The base request tunes seven hyperparameters, and SageMaker adds one.
    let statics = |count: usize| {
        let map: Map<String, Value> = (0..count).map(|i| (format!("s{i}"), json!("1"))).collect();
        definition(&[("/StaticHyperParameters", map.into())])
    };
    let path = "$.TrainingJobDefinition.StaticHyperParameters";
    assert_error(path, "at most 100", &[statics(92)], &[statics(93), statics(100), statics(101)]);
}

#[test]
fn finite_spaces_have_enough_configurations() {
    let jobs = |jobs: u32| {
        let ranges = json!({
            "IntegerParameterRanges": [{"Name": "i", "MinValue": "1", "MaxValue": "5"}],
            "CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "b"]}],
        });
        let limits = json!({"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 2});
        config(&[("/ParameterRanges", ranges), ("/ResourceLimits", limits)])
    };
    let path = "$.HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs";
    assert_error(path, "only 10 configurations", &[jobs(10)], &[jobs(11)]);
}

const JOBS: &str = "/HyperParameterTuningJobConfig/ResourceLimits/MaxNumberOfTrainingJobs";

fn grid() -> Value {
    file("accepted/grid.json")
}

#[test]
fn a_grid_runs_every_combination_once() {
    let path = "$.HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs";
    let valid = [grid(), without(grid(), &[JOBS])];
    let invalid = [5, 7].map(|jobs| with(grid(), &[(JOBS, json!(jobs))]));
    assert_error(path, "each of its 6 combinations once", &valid, &invalid);
    let values = |count: usize| -> Value { (1..=count).map(|i| i.to_string()).collect() };
    let sized = |a: usize, b: usize| {
        let lists = json!([
            {"Name": "max_depth", "Values": values(a)},
            {"Name": "num_round", "Values": values(b)},
        ]);
        let pointer = "/HyperParameterTuningJobConfig/ParameterRanges/CategoricalParameterRanges";
        let grid = with(grid(), &[(pointer, lists)]);
        without(grid, &[JOBS, "/TrainingJobDefinition/StaticHyperParameters/num_round"])
    };
    assert_error(RANGES, "780 combinations exceeds 750", &[sized(30, 25)], &[sized(30, 26)]);
}

#[test]
fn a_grid_has_only_categorical_ranges() {
    for list in ["IntegerParameterRanges", "ContinuousParameterRanges"] {
        let pointer = format!("/HyperParameterTuningJobConfig/ParameterRanges/{list}");
        let range = json!([{"Name": "gamma", "MinValue": "0", "MaxValue": "5"}]);
        let invalid = with(grid(), &[(&pointer, range)]);
        assert_error(
            &format!("{RANGES}.{list}[0]"),
            "only categorical ranges",
            &[grid()],
            &[invalid],
        );
    }
}

#[test]
fn an_unreadable_range_hides_no_other_error() {
    let range =
        json!({"Name": "", "MinValue": "x", "MaxValue": "2", "ScalingType": "ReverseLogarithmic"});
    let validation = validate(&with_range("ContinuousParameterRanges", &range));
    for (member, text) in
        [("Name", "have a name"), ("MinValue", "finite"), ("MaxValue", "be below 1")]
    {
        assert!(
            has_finding(&validation, Severity::Error, &of_continuous(member), text),
            "{validation}"
        );
    }
}

#[test]
fn two_texts_of_one_number_give_a_warning() {
    let pointer = "/HyperParameterTuningJobConfig/ParameterRanges/CategoricalParameterRanges";
    let of =
        |values: Value| with(base(), &[(pointer, json!([{"Name": "choice", "Values": values}]))]);
    let path = format!("{RANGES}.CategoricalParameterRanges[0].Values[1]");
    let valid = [of(json!(["0.1", "0.2"])), of(json!(["a", "b"]))];
    let invalid =
        [of(json!(["0.1", "0.10"])), of(json!(["1", "1.0"])), of(json!(["1e-2", "0.01"]))];
    assert_warning(&path, "is the same number", &valid, &invalid);
}
