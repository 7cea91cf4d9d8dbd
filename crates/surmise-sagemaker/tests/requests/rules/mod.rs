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

/// Asserts that each `invalid` request violates a rule, and that no `valid` one does.
fn assert_rule(severity: Severity, path: &str, rule: &str, valid: &[Value], invalid: &[Value]) {
    for value in valid {
        let validation = validate(value);
        let is_found = has_finding(&validation, severity, path, rule);
        assert!(!is_found, "unexpected finding: {validation}");
        // No other error hides the rule in a valid request.
        assert!(validation.is_accepted(), "{validation}");
    }
    for value in invalid {
        let validation = validate(value);
        let is_found = has_finding(&validation, severity, path, rule);
        assert!(is_found, "{path}: {rule}: missing in\n{validation}");
        for (index, finding) in validation.findings().iter().enumerate() {
            assert!(!validation.findings()[..index].contains(finding), "repeated: {finding}");
        }
    }
}

fn assert_error(path: &str, text: &str, valid: &[Value], invalid: &[Value]) {
    assert_rule(Severity::Error, path, text, valid, invalid);
}

fn assert_warning(path: &str, text: &str, valid: &[Value], invalid: &[Value]) {
    assert_rule(Severity::Warning, path, text, valid, invalid);
    for value in invalid {
        assert!(validate(value).is_accepted(), "only a warning: {}", validate(value));
    }
}

fn base() -> Value {
    one_definition()
}

fn changed(below: &str, changes: &[(&str, Value)]) -> Value {
    changes.iter().fold(base(), |value, (pointer, new)| {
        with(value, &[(&format!("{below}{pointer}"), new.clone())])
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
