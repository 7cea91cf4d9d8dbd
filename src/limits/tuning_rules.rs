//! The rules of a tuning, in one type.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::completion::CompletionCriteria;
use super::early_stopping::EarlyStopping;
use super::failure_limits::{Canary, CircuitBreaker};
use super::retries::RetryPolicy;
use super::rule_checks::RuleChecks;
use crate::error::Error;

/// The rules that [`tune`](mod@crate::tune) follows, in addition to the limits of the study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuningRules {
    /// Stops unpromising jobs early; off by default.
    pub early_stopping: EarlyStopping,
    /// Ends the tuning before its limits; no criterion by default.
    pub completion: CompletionCriteria,
    /// Sets which failed attempts are retried, how often, and after which delays.
    pub retries: RetryPolicy,
    /// Maximum runtime of an attempt; `None`, the default, is no timeout.
    ///
    /// After it, the job gets a stop request, and the attempt fails as
    /// [`FailureKind::Timeout`](crate::trial::FailureKind::Timeout).
    #[serde(rename = "job_deadline")]
    pub job_timeout: Option<Duration>,
    /// Ends the tuning after too many failures; by default ten in a row. `None` disables the rule.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Ends the tuning if its first jobs fail for a common reason; `None` by default.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// Ends the tuning after this many jobs in a row that succeed without reporting the metric.
    ///
    /// `None`, the default, disables the rule. SageMaker's tuner uses five.
    #[serde(default, rename = "missing_metrics")]
    pub max_missing_metrics: Option<usize>,
}

impl Default for TuningRules {
    /// Returns the default retries and the default circuit breaker, and no other rule.
    fn default() -> Self {
        Self {
            early_stopping: EarlyStopping::Off,
            completion: CompletionCriteria::default(),
            retries: RetryPolicy::default(),
            job_timeout: None,
            circuit_breaker: Some(CircuitBreaker::default()),
            canary: None,
            max_missing_metrics: None,
        }
    }
}

impl TuningRules {
    /// Checks that all values are in their valid ranges.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each invalid value.
    pub fn check(&self) -> Result<(), Error> {
        let mut checks = RuleChecks::default();
        self.early_stopping.check(&mut checks);
        self.completion.check(&mut checks);
        self.retries.backoff.check(&mut checks);
        let holds = self.job_timeout != Some(Duration::ZERO);
        let rule = "the timeout must be longer than 0 s";
        checks.require(holds, "job_timeout", "0 s", rule, "raise it, or use None for no timeout");
        if let Some(CircuitBreaker { failures, of_last }) = self.circuit_breaker {
            let name = "circuit_breaker.failures";
            let rule = format!("the number must be from 1 to of_last, which is {of_last}");
            let holds = (1..=of_last).contains(&failures);
            checks.require(holds, name, failures, rule, "use 10 of the last 10, or None");
        }
        let holds = self.canary.is_none_or(|canary| canary.failures > 0);
        let rule = "the number of failures must be at least 1";
        checks.require(holds, "canary.failures", 0, rule, "use 2, or None for no canary");
        let holds = self.max_missing_metrics != Some(0);
        let rule = "the number of jobs must be at least 1";
        checks.require(holds, "max_missing_metrics", 0, rule, "use 5, or None for no limit");
        Error::from_violations(checks.into_violations())
    }
}
