//! What a check found, in words.

use crate::evaluator::panic_message;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// What is promised.
    pub promise: &'static str,
    /// Where, and what was found instead, the first time.
    pub found: String,
    /// What usually mends it.
    pub remedy: &'static str,
}

/// Every promise that was not kept. Its `Debug` form is the same text for people, so that `unwrap` in a test shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Breaches(pub Vec<Breach>);

impl fmt::Display for Breaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promises = if self.0.len() == 1 { "promise is" } else { "promises are" };
        write!(f, "{} {promises} not kept", self.0.len())?;
        for Breach { promise, found, remedy } in &self.0 {
            write!(f, "\n- Promised: {promise}.\n  Found: {found}.\n  Remedy: {remedy}.")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Breaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Breaches {}

/// What a contract promises, and what usually mends a breach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
}

/// Takes down what was found, once per promise.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Breach>);

impl Findings {
    /// Notes a breach unless the promise is kept.
    pub(super) fn check(&mut self, promise: Promise, kept: bool, found: impl FnOnce() -> String) {
        if !kept && !self.has(promise) {
            let Promise { what, remedy } = promise;
            self.0.push(Breach { promise: what, found: found(), remedy });
        }
    }

    /// Whether a breach of this promise has been found.
    pub(super) fn has(&self, promise: Promise) -> bool {
        self.0.iter().any(|breach| breach.promise == promise.what)
    }

    pub(super) fn into_result(self) -> Result<(), Breaches> {
        if self.0.is_empty() { Ok(()) } else { Err(Breaches(self.0)) }
    }
}

/// What a call gives, or what it panics with.
pub(super) fn guarded<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| panic_message(payload.as_ref()))
}
