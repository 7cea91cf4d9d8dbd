//! Collects the violations of several rules.

use std::fmt::Display;

use crate::error::Violation;

/// Checks rules one by one, and collects the violations.
#[derive(Default)]
pub(super) struct RuleChecks(Vec<Violation>);

impl RuleChecks {
    /// Adds a violation unless `holds` is true.
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
