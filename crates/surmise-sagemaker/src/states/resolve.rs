//! Resolves the expressions of a template: members whose names end in `.$`.

use serde_json::{Map, Value};

use super::intrinsic::Call;
use super::scope::Scope;
use super::unresolved_reason::UnresolvedReason;
use crate::json_path::step;

impl Scope<'_> {
    /// Evaluates an expression: a path or a call of an intrinsic function.
    pub(crate) fn value(&self, expression: &str) -> Result<Value, UnresolvedReason> {
        let expression = expression.trim();
        if expression.starts_with("States.") {
            Call::new(expression)?.value(self)
        } else if expression.starts_with('$') {
            self.find(expression)
        } else {
            let reason = format!("{expression:?} begins neither with $ nor with States.");
            Err(UnresolvedReason::Malformed(reason))
        }
    }
}

/// An expression whose value is unknown, and the reason.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnresolvedExpression {
    /// The JSON path of its member.
    pub(crate) path: String,
    pub(crate) expression: Value,
    pub(crate) reason: UnresolvedReason,
}

/// Replaces the expressions of a template by their values.
///
/// An expression without a value stays in the result and is appended to `unresolved`.
pub(crate) fn resolve(
    template: &Value,
    scope: &Scope<'_>,
    path: &str,
    unresolved: &mut Vec<UnresolvedExpression>,
) -> Value {
    match template {
        Value::Object(members) => {
            let mut resolved = Map::new();
            for (name, value) in members {
                let path = format!("{path}{}", step(name));
                let Some(stem) = name.strip_suffix(".$") else {
                    resolved.insert(name.clone(), resolve(value, scope, &path, unresolved));
                    continue;
                };
                let result = match value {
                    _ if members.contains_key(stem) => {
                        Err(UnresolvedReason::DuplicateName(stem.to_owned()))
                    }
                    Value::String(expression) => scope.value(expression),
                    _ => {
                        let reason = "an expression must be a string".to_owned();
                        Err(UnresolvedReason::Malformed(reason))
                    }
                };
                match result {
                    Ok(result) => {
                        resolved.insert(stem.to_owned(), result);
                    }
                    Err(reason) => {
                        let expression = value.clone();
                        unresolved.push(UnresolvedExpression { path, expression, reason });
                        resolved.insert(name.clone(), value.clone());
                    }
                }
            }
            Value::Object(resolved)
        }
        Value::Array(items) => {
            let resolved = items
                .iter()
                .enumerate()
                .map(|(index, item)| resolve(item, scope, &format!("{path}[{index}]"), unresolved));
            Value::Array(resolved.collect())
        }
        other => other.clone(),
    }
}

/// Collects paths and texts of strings that look like expressions, but whose names lack `.$`.
///
/// Step Functions uses such a string as it is.
pub(crate) fn find_unmarked_expressions(
    template: &Value,
    path: &str,
    found: &mut Vec<(String, String)>,
) {
    match template {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !name.ends_with(".$")) {
                let path = format!("{path}{}", step(name));
                match value {
                    Value::String(text)
                        if ["$.", "$$.", "$[", "States."]
                            .iter()
                            .any(|start| text.starts_with(start)) =>
                    {
                        found.push((path, text.clone()));
                    }
                    value => find_unmarked_expressions(value, &path, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_unmarked_expressions(item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}
