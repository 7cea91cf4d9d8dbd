//! What is wrong with a request, and what a person would regret.

use std::fmt;

use indexmap::IndexSet;

use crate::node::{Node, shown};
use surmise::error::{Error, Violation};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The service, or the client that speaks to it, refuses the request.
    Error,
    /// The request is accepted, and somebody will regret it.
    Warning,
}

/// One rule that is broken, or one piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The JSON path, the value there, the rule, the remedy.
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

/// Everything that was found in a request: errors first, each group in the order of the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    findings: Vec<Finding>,
}

impl Verdict {
    /// Whether the service would take the request on: whether there is no error.
    pub fn is_accepted(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Everything.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the service refuses.
    pub fn errors(&self) -> impl Iterator<Item = &Violation> {
        self.of(Severity::Error)
    }

    /// What it accepts, and a person regrets.
    pub fn warnings(&self) -> impl Iterator<Item = &Violation> {
        self.of(Severity::Warning)
    }

    /// The verdict as a result.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all errors, if there are any.
    pub fn into_result(self) -> Result<(), Error> {
        Error::unless_empty(self.errors().cloned().collect())
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Violation> {
        let findings = self.findings.iter().filter(move |finding| finding.severity == severity);
        findings.map(|finding| &finding.violation)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        let verdict = if errors == 0 { "accepted" } else { "refused" };
        write!(f, "{verdict}: {errors} errors, {warnings} warnings")
    }
}

/// A verdict in the making. Nothing is said twice.
#[derive(Debug)]
pub(crate) struct Findings {
    findings: IndexSet<Finding>,
    /// How a member that the model does not have is taken.
    unknown: Severity,
    /// Whether the request comes from a state machine, where a value can turn out to be null.
    pub(crate) in_machine: bool,
}

impl Findings {
    /// None yet; `unknown` members are taken as so bad.
    pub(crate) fn new(unknown: Severity, in_machine: bool) -> Self {
        Self { findings: IndexSet::new(), unknown, in_machine }
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
        self.at(Severity::Error, node, rule, remedy);
    }

    pub(crate) fn warning(
        &mut self,
        node: &Node<'_>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.at(Severity::Warning, node, rule, remedy);
    }

    pub(crate) fn at(
        &mut self,
        severity: Severity,
        node: &Node<'_>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(severity, Violation::new(&node.path, shown(node.value), rule, remedy));
    }

    /// A member should be at `path`, and is not.
    pub(crate) fn missing(
        &mut self,
        path: impl Into<String>,
        rule: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Severity::Error, Violation::new(path, "missing", rule, remedy));
    }

    /// A member that the structure does not have.
    pub(crate) fn unknown(&mut self, node: &Node<'_>, structure: &str, remedy: String) {
        let rule = format!("{structure} has no such member");
        self.at(self.unknown, node, rule, remedy);
    }

    pub(crate) fn into_verdict(self) -> Verdict {
        let mut findings: Vec<Finding> = self.findings.into_iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        Verdict { findings }
    }
}
