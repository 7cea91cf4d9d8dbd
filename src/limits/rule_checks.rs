//! Collects the violations of several rules.

use std::fmt::Display;

use crate::error::Violation;

/// The violations that were found so far.
#[derive(Default)]
pub(super) struct RuleChecks(Vec<Violation>);

impl RuleChecks {
    /// Records a violation unless `holds` is true.
    pub(super) fn require(
        &mut self,
        holds: bool,
        subject: &str,
        value: impl Display,
        rule: impl Into<String>,
        remedy: &str,
    ) {
        if !holds {
            self.0.push(Violation::new(subject, value, rule, remedy));
        }
    }

    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}
