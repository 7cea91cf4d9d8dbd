//! What expressions are looked up in.

use serde_json::Value;

use super::path::JsonPath;
use super::unresolvable::Unresolvable;

/// What expressions are looked up in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    /// The input of the state, after its `InputPath`.
    pub(crate) input: Option<&'a Value>,
    /// The context object.
    pub(crate) context: Option<&'a Value>,
}

impl Scope<'_> {
    /// What a path leads to: in the context if it begins with `$$`, else in the input.
    pub(crate) fn find(&self, path: &str) -> Result<Value, Unresolvable> {
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
}
