//! The serialized form of spaces, objectives, rules and failure kinds.
//!
//! `tests/data/vocabulary-1.json` was written by hand. A change that cannot read it breaks the
//! journals and files of users.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use surmise::limits::{Canary, CircuitBreaker};
use surmise::strategy::Phase;
use surmise::{
    CompletionCriteria, EarlyStopping, FailureKind, Objective, ParameterRange, ParameterValue,
    ScalingType, SearchSpace, TuningRules,
};

const VOCABULARY: &str = include_str!("../data/vocabulary-1.json");

/// Asserts that the entry `name` of the file is read as these values, and that they are written as
/// the entry.
fn assert_serialized_form<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    name: &str,
    values: &[T],
) {
    let vocabulary: Value = serde_json::from_str(VOCABULARY).unwrap();
    let entries = vocabulary[name].as_array().unwrap();
    assert_eq!(entries.len(), values.len(), "{name}");
    for (written, value) in entries.iter().zip(values) {
        assert_eq!(&serde_json::to_value(value).unwrap(), written);
        assert_eq!(&serde_json::from_value::<T>(written.clone()).unwrap(), value);
    }
}

#[test]
fn failure_kinds_and_phases_keep_their_serialized_names() {
    assert_serialized_form("failure_kinds", &FailureKind::ALL);
    let phases = [
        Phase::Random,
        Phase::Design,
        Phase::Heuristic,
        Phase::Grid,
        Phase::Enqueued,
        Phase::Model,
        Phase::Exploration,
        Phase::Rerun,
    ];
    assert_serialized_form("phases", &phases);
}

#[test]
fn ranges_and_objectives_keep_their_serialized_form() {
    let values =
        [ParameterValue::from("adam"), 3.into(), 0.5.into(), true.into(), ParameterValue::Null];
    let ranges = [
        ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.5..=0.999, ScalingType::ReverseLogarithmic),
        ParameterRange::continuous("decay", 1e-6..=1e-2, ScalingType::Logarithmic)
            .and_then(|range| range.with_significant_digits(3)),
        ParameterRange::continuous("dropout", 0.0..=0.5, ScalingType::Linear)
            .and_then(|range| range.with_step(0.05)),
        ParameterRange::integer("layers", 1..=6, ScalingType::Auto),
        ParameterRange::categorical("optimizer", values),
    ];
    let space = SearchSpace::new(ranges).unwrap();
    assert_serialized_form("space", space.ranges());
    assert_serialized_form(
        "objectives",
        &[Objective::minimize("loss"), Objective::maximize("accuracy")],
    );
}

#[test]
fn rules_keep_their_serialized_form() {
    let rules = TuningRules {
        early_stopping: EarlyStopping::auto(),
        completion: CompletionCriteria::target(0.05),
        job_timeout: Some(Duration::from_millis(1500)),
        circuit_breaker: Some(CircuitBreaker::default()),
        canary: Some(Canary::default()),
        ..TuningRules::default()
    };
    assert_serialized_form("rules", &[rules, TuningRules::default()]);
}
