//! Contract violations, and the code that collects and prints them.

use crate::evaluator::panic_message;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A requirement of a contract that an implementation does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractViolation {
    /// The requirement that the contract states.
    pub requirement: &'static str,
    /// The first case in which the requirement was not met, and the observed behavior.
    pub found: String,
    /// The usual way to meet the requirement.
    pub remedy: &'static str,
}

/// All requirements of a contract that an implementation does not meet.
///
/// The `Debug` form is the same text as the `Display` form, so that `unwrap` in a test prints a
/// readable list.
#[derive(Clone, PartialEq, Eq)]
pub struct ContractViolations(pub Vec<ContractViolation>);

impl fmt::Display for ContractViolations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} contract violation{plural}", self.0.len())?;
        for ContractViolation { requirement, found, remedy } in &self.0 {
            write!(f, "\n- Requirement: {requirement}.\n  Found: {found}.\n  Remedy: {remedy}.")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ContractViolations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ContractViolations {}

/// A requirement of a contract, and the usual way to meet it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requirement {
    pub(super) text: &'static str,
    pub(super) remedy: &'static str,
}

/// Collects contract violations, at most one per requirement.
#[derive(Debug, Default)]
pub(super) struct ViolationCollector(pub(super) Vec<ContractViolation>);

impl ViolationCollector {
    /// Adds a violation unless the requirement is met; `found` describes the observed behavior.
    pub(super) fn check(
        &mut self,
        requirement: Requirement,
        is_met: bool,
        found: impl FnOnce() -> String,
    ) {
        if !is_met && !self.has_violation(requirement) {
            let Requirement { text, remedy } = requirement;
            self.0.push(ContractViolation { requirement: text, found: found(), remedy });
        }
    }

    /// Returns `true` if a violation of this requirement has been added.
    pub(super) fn has_violation(&self, requirement: Requirement) -> bool {
        self.0.iter().any(|violation| violation.requirement == requirement.text)
    }

    pub(super) fn into_result(self) -> Result<(), ContractViolations> {
        if self.0.is_empty() { Ok(()) } else { Err(ContractViolations(self.0)) }
    }
}

/// Returns the result of a call, or the message of its panic.
pub(super) fn catch_panic<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| panic_message(payload.as_ref()))
}
