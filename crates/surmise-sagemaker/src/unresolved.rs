//! An expression or placeholder of a document whose value is unknown.

use surmise::error::Violation;

use crate::json_path::step;

/// An expression or placeholder of a document whose value is unknown.
///
/// [`Document::unresolved`](crate::Document::unresolved) lists them. The validator reports each one
/// as a warning if it gets its value at run time, and as an error otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unresolved {
    /// The JSON path of its member.
    pub path: String,
    /// The text of the expression.
    pub expression: String,
    /// Why the value is unknown, for a message.
    pub reason: String,
    /// What the user can do, for a message.
    pub remedy: String,
    /// True if the state machine, pipeline or template presumably gives it a value when it runs.
    pub resolves_at_run_time: bool,
    /// True if the reader appended `.$` to the name of the member; the document does not have it.
    pub(crate) is_placeholder: bool,
}

impl Unresolved {
    /// Returns the path in the document, without the `.$` that the reader appended.
    fn document_path(&self) -> String {
        match self.path.strip_suffix(".$']").and_then(|path| path.rsplit_once("['")) {
            Some((path, name)) if self.is_placeholder => format!("{path}{}", step(name)),
            _ => self.path.clone(),
        }
    }

    pub(crate) fn violation(&self) -> Violation {
        let path = self.document_path();
        Violation::new(path, format!("{:?}", self.expression), &self.reason, &self.remedy)
    }
}
