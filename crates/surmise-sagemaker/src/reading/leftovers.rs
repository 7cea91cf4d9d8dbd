//! What the expressions of a state machine lack, for people.

use serde_json::Value;

use crate::states::{Leftover, Unresolvable};
use crate::unresolved::Unresolved;

impl From<Leftover> for Unresolved {
    fn from(leftover: Leftover) -> Self {
        let (reason, remedy, when_running) = told(&leftover.why);
        let is_placeholder = matches!(leftover.why, Unresolvable::Later(_));
        let expression = match leftover.expression {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self { path: leftover.path, expression, reason, remedy, when_running, is_placeholder }
    }
}

/// Reason, remedy, and whether it resolves when the state machine runs.
fn told(why: &Unresolvable) -> (String, String, bool) {
    match why {
        Unresolvable::Unknown(what) => (
            format!("its value is known when the state machine runs: it comes from the {what}"),
            format!("give the {what} of the state to have it judged too"),
            true,
        ),
        Unresolvable::Later(when) => (
            format!("its value is known when {when}"),
            "give its value in its place to have it judged too".to_owned(),
            true,
        ),
        Unresolvable::Random(function) => (
            format!("{function} has another value each time"),
            "nothing can be done about it here".to_owned(),
            true,
        ),
        Unresolvable::Unsupported(why) => {
            (why.clone(), "give its value in place of the expression".to_owned(), true)
        }
        Unresolvable::Missing(path) => {
            let what = if path.starts_with("$$") { "context" } else { "input" };
            let reason = format!("{path} leads to nothing in what was given");
            (reason, format!("mend the path, or the {what}"), false)
        }
        Unresolvable::Beside(name) => {
            (format!("there is {name} beside it"), "remove one of them".to_owned(), false)
        }
        Unresolvable::Malformed(why) => (why.clone(), "mend the expression".to_owned(), false),
    }
}
