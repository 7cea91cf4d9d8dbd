//! The values that expressions refer to: the state's input and the context object.

use serde_json::Value;

use super::path::JsonPath;
use super::unresolved_reason::UnresolvedReason;

/// The values that expressions refer to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    /// The input of the state, after its `InputPath` was applied.
    pub(crate) input: Option<&'a Value>,
    pub(crate) context: Option<&'a Value>,
}

impl Scope<'_> {
    /// Looks a path up: in the context if it begins with `$$`, else in the input.
    pub(crate) fn find(&self, path: &str) -> Result<Value, UnresolvedReason> {
        let with_full_path = |reason| match reason {
            UnresolvedReason::Missing(_) => UnresolvedReason::Missing(path.to_owned()),
            other => other,
        };
        match path.strip_prefix("$$") {
            Some(rest) => {
                let path = JsonPath::new(&format!("${rest}"))?;
                let context = self.context.ok_or(UnresolvedReason::NotGiven("context"))?;
                path.find(context).map_err(with_full_path)
            }
            None => {
                let is_variable = path.strip_prefix('$').is_some_and(|rest| {
                    rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                });
                if is_variable {
                    let reason = format!("variables such as {path} are not supported");
                    return Err(UnresolvedReason::Unsupported(reason));
                }
                let input = self.input.ok_or(UnresolvedReason::NotGiven("input"));
                JsonPath::new(path)?.find(input?).map_err(with_full_path)
            }
        }
    }
}
