//! A test for each rule between members, on both sides.

mod algorithm;
mod definition;
mod open;
mod ranges;
mod request;
mod search;

use serde_json::Value;
use surmise_sagemaker::{Severity, Verdict};

use super::{judge, one_definition, with};

const RANGES: &str = "$.HyperParameterTuningJobConfig.ParameterRanges";

/// Whether a verdict has a finding at a path whose rule contains a text.
fn says(verdict: &Verdict, severity: Severity, path: &str, rule: &str) -> bool {
    verdict.findings().iter().any(|finding| {
        let violation = &finding.violation;
        finding.severity == severity && violation.subject == path && violation.rule.contains(rule)
    })
}

/// The rule is broken by `bad` and by nothing of `good`.
fn rule(severity: Severity, path: &str, rule: &str, good: &[Value], bad: &[Value]) {
    for value in good {
        let verdict = judge(value);
        assert!(!says(&verdict, severity, path, rule), "should not be said: {verdict}");
        // The good side is not hidden behind another rule.
        assert!(verdict.is_accepted(), "{verdict}");
    }
    for value in bad {
        let verdict = judge(value);
        let is_said = says(&verdict, severity, path, rule);
        assert!(is_said, "{path}: {rule}: should be said in\n{verdict}");
        for (index, finding) in verdict.findings().iter().enumerate() {
            assert!(!verdict.findings()[..index].contains(finding), "said twice: {finding}");
        }
    }
}

fn error(path: &str, text: &str, good: &[Value], bad: &[Value]) {
    rule(Severity::Error, path, text, good, bad);
}

fn warning(path: &str, text: &str, good: &[Value], bad: &[Value]) {
    rule(Severity::Warning, path, text, good, bad);
    for value in bad {
        assert!(judge(value).is_accepted(), "a warning alone: {}", judge(value));
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

/// The base with another configuration.
fn config(changes: &[(&str, Value)]) -> Value {
    changed("/HyperParameterTuningJobConfig", changes)
}

/// The base with another definition.
fn definition(changes: &[(&str, Value)]) -> Value {
    changed("/TrainingJobDefinition", changes)
}
