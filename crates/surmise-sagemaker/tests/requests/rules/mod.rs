//! Tests of each rule between members, with requests that satisfy and violate it.

mod algorithm;
mod definition;
mod ranges;
mod request;
mod search;
mod unresolved;

use serde_json::Value;
use surmise_sagemaker::{Severity, Validation};

use super::{one_definition, validate, with};

const RANGES: &str = "$.HyperParameterTuningJobConfig.ParameterRanges";

/// Returns whether a validation has a finding at a path whose rule contains a text.
fn has_finding(validation: &Validation, severity: Severity, path: &str, rule: &str) -> bool {
    validation.findings().iter().any(|finding| {
        let violation = &finding.violation;
        finding.severity == severity && violation.subject == path && violation.rule.contains(rule)
    })
}

/// Asserts that the requests of `bad` violate a rule, and those of `good` do not.
fn assert_rule(severity: Severity, path: &str, rule: &str, good: &[Value], bad: &[Value]) {
    for value in good {
        let validation = validate(value);
        let is_found = has_finding(&validation, severity, path, rule);
        assert!(!is_found, "unexpected finding: {validation}");
        // No other error hides the rule on the good side.
        assert!(validation.is_accepted(), "{validation}");
    }
    for value in bad {
        let validation = validate(value);
        let is_found = has_finding(&validation, severity, path, rule);
        assert!(is_found, "{path}: {rule}: missing in\n{validation}");
        for (index, finding) in validation.findings().iter().enumerate() {
            assert!(!validation.findings()[..index].contains(finding), "repeated: {finding}");
        }
    }
}

fn assert_error(path: &str, text: &str, good: &[Value], bad: &[Value]) {
    assert_rule(Severity::Error, path, text, good, bad);
}

fn assert_warning(path: &str, text: &str, good: &[Value], bad: &[Value]) {
    assert_rule(Severity::Warning, path, text, good, bad);
    for value in bad {
        assert!(validate(value).is_accepted(), "only a warning: {}", validate(value));
    }
}

fn base() -> Value {
    one_definition()
}

fn changed(below: &str, changes: &[(&str, Value)]) -> Value {
    changes.iter().fold(base(), |value, (place, new)| {
        with(value, &[(&format!("{below}{place}"), new.clone())])
    })
}

/// Returns the base request with another configuration.
fn config(changes: &[(&str, Value)]) -> Value {
    changed("/HyperParameterTuningJobConfig", changes)
}

/// Returns the base request with another definition.
fn definition(changes: &[(&str, Value)]) -> Value {
    changed("/TrainingJobDefinition", changes)
}
