//! Expressions of a state machine that have no value.

use surmise::error::Violation;

use crate::json_path::step;

/// An expression in a state machine that has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unresolved {
    /// Where it stands.
    pub path: String,
    /// What it says.
    pub expression: String,
    /// Why it has no value, for people.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether it will have a value when the state machine runs, as far as can be told.
    pub when_running: bool,
    /// Whether it is a placeholder, whose name got the suffix `.$` when it was read.
    pub(crate) is_placeholder: bool,
}

impl Unresolved {
    /// The path in the document: `.$` is its own in state machines only.
    fn place(&self) -> String {
        match self.path.strip_suffix(".$']").and_then(|path| path.rsplit_once("['")) {
            Some((path, name)) if self.is_placeholder => format!("{path}{}", step(name)),
            _ => self.path.clone(),
        }
    }

    pub(crate) fn violation(&self) -> Violation {
        Violation::new(self.place(), format!("{:?}", self.expression), &self.reason, &self.remedy)
    }
}
