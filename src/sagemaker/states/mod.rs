//! Step Functions: the task that makes a tuning job, and what its parameters are when it runs.
//!
//! A member whose name ends in `.$` takes its value from the state's input (`$.name`), from the context object (`$$.Execution.Name`)
//! or from an intrinsic function (`States.Format(…)`); the suffix is dropped.

mod functions;
mod intrinsic;
mod machine;
mod path;

use serde_json::{Map, Value};

use self::intrinsic::Call;
use self::path::JsonPath;
use super::node::step;

pub(super) use self::machine::{Found, find_task};

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unresolvable {
    /// Nothing was given to look it up in.
    Unknown(&'static str),
    /// This path leads nowhere in what was given.
    Missing(String),
    /// There is a value beside it under the same name.
    Beside(String),
    /// It is no expression.
    Malformed(String),
    /// It is one that Step Functions knows and we do not.
    Unsupported(String),
    /// It has another value each time.
    Random(String),
    /// It is known when this happens.
    Later(&'static str),
}

/// What expressions are looked up in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scope<'a> {
    /// The input of the state, after its `InputPath`.
    pub(super) input: Option<&'a Value>,
    /// The context object.
    pub(super) context: Option<&'a Value>,
}

impl Scope<'_> {
    /// What a path leads to: in the context if it begins with `$$`, else in the input.
    pub(super) fn find(&self, path: &str) -> Result<Value, Unresolvable> {
        let named = |why| match why {
            Unresolvable::Missing(_) => Unresolvable::Missing(path.to_owned()),
            other => other,
        };
        match path.strip_prefix("$$") {
            Some(rest) => {
                let path = JsonPath::new(&format!("${rest}"))?;
                path.find(self.context.ok_or(Unresolvable::Unknown("context"))?).map_err(named)
            }
            None => {
                let variable = path.strip_prefix('$').is_some_and(|rest| {
                    rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                });
                if variable {
                    let why = format!("variables such as {path} are not supported");
                    return Err(Unresolvable::Unsupported(why));
                }
                let input = self.input.ok_or(Unresolvable::Unknown("input"));
                JsonPath::new(path)?.find(input?).map_err(named)
            }
        }
    }

    /// The value of an expression.
    pub(super) fn value(&self, expression: &str) -> Result<Value, Unresolvable> {
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
pub(super) struct Leftover {
    /// Where it stands.
    pub(super) path: String,
    /// What it says.
    pub(super) expression: Value,
    pub(super) why: Unresolvable,
}

/// A template with its expressions replaced by their values. What has none stays as it is, and is named in `leftovers`.
pub(super) fn resolve(
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
pub(super) fn forgotten(template: &Value, path: &str, found: &mut Vec<(String, String)>) {
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
