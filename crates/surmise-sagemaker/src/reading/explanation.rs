//! Messages about expressions that have no value.

use serde_json::Value;

use crate::states::{UnresolvedExpression, UnresolvedReason};
use crate::unresolved::Unresolved;

impl From<UnresolvedExpression> for Unresolved {
    fn from(unresolved: UnresolvedExpression) -> Self {
        let (reason, remedy, resolves_at_run_time) = explain(&unresolved.reason);
        let is_placeholder = matches!(unresolved.reason, UnresolvedReason::Later(_));
        let expression = match unresolved.expression {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self {
            path: unresolved.path,
            expression,
            reason,
            remedy,
            resolves_at_run_time,
            is_placeholder,
        }
    }
}

/// Returns reason and remedy as text, and whether the expression gets a value at run time.
fn explain(reason: &UnresolvedReason) -> (String, String, bool) {
    match reason {
        UnresolvedReason::NotGiven(source) => (
            format!("its value is known when the state machine runs: it comes from the {source}"),
            format!("to check it too, give the {source} of the state"),
            true,
        ),
        UnresolvedReason::Later(event) => (
            format!("its value is known when {event}"),
            "to check it too, replace it by its value".to_owned(),
            true,
        ),
        UnresolvedReason::Random(function) => (
            format!("{function} returns a random value"),
            "it cannot be checked; make sure that every value is valid".to_owned(),
            true,
        ),
        UnresolvedReason::Unsupported(reason) => {
            (reason.clone(), "replace the expression by its value".to_owned(), true)
        }
        UnresolvedReason::Missing(path) => {
            let source = if path.starts_with("$$") { "context" } else { "input" };
            let reason = format!("{path} does not exist in the given {source}");
            (reason, format!("correct the path or the {source}"), false)
        }
        UnresolvedReason::DuplicateName(name) => (
            format!("there is also a member {name} without .$"),
            "remove one of them".to_owned(),
            false,
        ),
        UnresolvedReason::Malformed(reason) => {
            (reason.clone(), "correct the expression".to_owned(), false)
        }
    }
}
