//! Limits and rules of a tuning as data: how many jobs may run, and when a job or the tuning stops.
//!
//! [`tune`](mod@crate::tune) applies them.

mod rule_checks;

mod resource_limits;

mod completion;
mod early_stopping;
mod failure_limits;
mod retries;

mod tuning_rules;

pub use self::completion::CompletionCriteria;
pub use self::early_stopping::{EarlyStopping, MedianRule, SuccessiveHalving};
pub use self::failure_limits::{Canary, CircuitBreaker};
pub use self::resource_limits::ResourceLimits;
pub use self::retries::{Backoff, RetryPolicy};
pub use self::tuning_rules::TuningRules;
