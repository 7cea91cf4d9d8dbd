//! Findings of a validation: errors and warnings about a request.

use std::fmt;

use indexmap::IndexSet;

use crate::node::{Node, display_value};
use surmise::error::{Error, Violation};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The service, or a client such as botocore, refuses the request.
    Error,
    /// The service accepts the request, but it probably does not do what its author wants.
    Warning,
}

/// A broken rule of a request, or advice about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// Whether the finding is an error or a warning.
    pub severity: Severity,
    /// The JSON path, the value, the broken rule and the remedy.
    pub violation: Violation,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{word}: {}", self.violation)
    }
}

/// The result of validating a request: all findings, errors first.
///
/// Within errors and within warnings the findings are in the order of the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validation {
    findings: Vec<Finding>,
}

impl Validation {
    /// Returns whether there is no error, so that the service would accept the request.
    pub fn is_accepted(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Returns all findings, errors first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the broken rules for which the service refuses the request.
    pub fn errors(&self) -> impl Iterator<Item = &Violation> {
        self.with_severity(Severity::Error)
    }

    /// Returns the advice about a request that the service accepts.
    pub fn warnings(&self) -> impl Iterator<Item = &Violation> {
        self.with_severity(Severity::Warning)
    }

    /// Converts the validation to a result and drops the warnings.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all errors, if there are any.
    pub fn into_result(self) -> Result<(), Error> {
        Error::from_violations(self.errors().cloned().collect())
    }

    fn with_severity(&self, severity: Severity) -> impl Iterator<Item = &Violation> {
        let findings = self.findings.iter().filter(move |finding| finding.severity == severity);
        findings.map(|finding| &finding.violation)
    }
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        let result = if errors == 0 { "accepted" } else { "refused" };
        let ending = |count: usize| if count == 1 { "" } else { "s" };
        let (of_errors, of_warnings) = (ending(errors), ending(warnings));
        write!(f, "{result}: {errors} error{of_errors}, {warnings} warning{of_warnings}")
    }
}

/// Collects findings during a validation and drops repeated ones.
#[derive(Debug)]
pub(crate) struct Findings {
    findings: IndexSet<Finding>,
    /// The severity of a member that the service's model does not have.
    unknown_member_severity: Severity,
    /// True if the request comes from a state machine, where a value can be null at run time.
    pub(crate) in_state_machine: bool,
}

impl Findings {
    pub(crate) fn new(unknown_member_severity: Severity, in_state_machine: bool) -> Self {
        Self { findings: IndexSet::new(), unknown_member_severity, in_state_machine }
    }

    pub(crate) fn add(&mut self, severity: Severity, violation: Violation) {
        self.findings.insert(Finding { severity, violation });
    }

    pub(crate) fn error(
        &mut self,
        node: &Node<'_>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add_at(Severity::Error, node, rule, remedy);
    }

    pub(crate) fn warning(
        &mut self,
        node: &Node<'_>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add_at(Severity::Warning, node, rule, remedy);
    }

    pub(crate) fn add_at(
        &mut self,
        severity: Severity,
        node: &Node<'_>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(severity, Violation::new(&node.path, display_value(node.value), rule, remedy));
    }

    /// Adds an error about a member that is missing at `path`.
    pub(crate) fn missing(
        &mut self,
        path: impl Into<String>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Severity::Error, Violation::new(path, "missing", rule, remedy));
    }

    /// Adds a finding about a member that the structure does not have.
    pub(crate) fn unknown_member(&mut self, node: &Node<'_>, structure: &str, remedy: String) {
        let rule = format!("{structure} has no such member");
        self.add_at(self.unknown_member_severity, node, rule, remedy);
    }

    pub(crate) fn into_validation(self) -> Validation {
        let mut findings: Vec<Finding> = self.findings.into_iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        Validation { findings }
    }
}
