//! Templates with expressions, and what they are when they are resolved.

use serde_json::{Map, Value};

use super::intrinsic::Call;
use super::scope::Scope;
use super::unresolvable::Unresolvable;
use crate::json_path::step;

impl Scope<'_> {
    /// The value of an expression.
    pub(crate) fn value(&self, expression: &str) -> Result<Value, Unresolvable> {
        let expression = expression.trim();
        if expression.starts_with("States.") {
            Call::new(expression)?.value(self)
        } else if expression.starts_with('$') {
            self.find(expression)
        } else {
            let why = format!("{expression:?} begins neither with $ nor with States.");
            Err(Unresolvable::Malformed(why))
        }
    }
}

/// An expression that has no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leftover {
    /// Where it stands.
    pub(crate) path: String,
    /// What it says.
    pub(crate) expression: Value,
    pub(crate) why: Unresolvable,
}

/// A template with its expressions replaced by their values. What has none stays as it is, and is named in `leftovers`.
pub(crate) fn resolve(
    template: &Value,
    scope: &Scope<'_>,
    path: &str,
    leftovers: &mut Vec<Leftover>,
) -> Value {
    match template {
        Value::Object(members) => {
            let mut resolved = Map::new();
            for (name, value) in members {
                let path = format!("{path}{}", step(name));
                let Some(stem) = name.strip_suffix(".$") else {
                    resolved.insert(name.clone(), resolve(value, scope, &path, leftovers));
                    continue;
                };
                let found = match value {
                    _ if members.contains_key(stem) => Err(Unresolvable::Beside(stem.to_owned())),
                    Value::String(expression) => scope.value(expression),
                    _ => Err(Unresolvable::Malformed("an expression is text".to_owned())),
                };
                match found {
                    Ok(found) => {
                        resolved.insert(stem.to_owned(), found);
                    }
                    Err(why) => {
                        leftovers.push(Leftover { path, expression: value.clone(), why });
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
                .map(|(index, item)| resolve(item, scope, &format!("{path}[{index}]"), leftovers));
            Value::Array(resolved.collect())
        }
        other => other.clone(),
    }
}

/// Texts that look like expressions, but stand under names without `.$`, and are taken as they are: their paths and texts.
pub(crate) fn forgotten(template: &Value, path: &str, found: &mut Vec<(String, String)>) {
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
                    value => forgotten(value, &path, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                forgotten(item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}
