//! What has been spent on training jobs, for what, and what may still be.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::prices::Money;

/// What a training job was billed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BilledFor {
    /// It gave the trial its value.
    Completed,
    /// It was stopped before its end: early, because it had all the resource that there is for a job, because the tuning was over, or because its time was up.
    Stopped,
    /// It failed, and was the last attempt at its trial.
    Failed,
    /// It failed, and the trial was tried again.
    Retried,
    /// It had ended before this evaluator first saw it: another call has run it.
    Adopted,
}

impl fmt::Display for BilledFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Retried => "failed and tried again",
            Self::Adopted => "ended before",
        })
    }
}

/// Training jobs that were billed for the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Billed {
    /// How many.
    pub jobs: usize,
    /// Time of one instance.
    pub instance_time: Duration,
}

/// What the training jobs of a tuning cost, so far or in the end. Times are of one instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Bill {
    /// Billed for jobs that have ended.
    pub spent: Duration,
    /// What jobs that run have taken so far, as far as this evaluator has seen. Spot instances count with the discount that jobs before them had.
    pub running: Duration,
    /// What jobs that run may take besides, at the most.
    pub committed: Duration,
    /// What was spent, by what it was spent for.
    pub by_outcome: BTreeMap<BilledFor, Billed>,
    /// What spot instances were used for and not billed.
    pub saved_by_spot: Duration,
    /// What stopped jobs would have taken besides if they had taken as long as completed ones did on average: an estimate.
    pub saved_by_stopping: Duration,
    /// `spent` and `running` in money, where the prices of all instances are known.
    pub money: Option<Money>,
}

impl Bill {
    /// Spent and running.
    pub fn total(&self) -> Duration {
        self.spent.saturating_add(self.running)
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} instance-seconds are billed", self.spent.as_secs())?;
        if !self.by_outcome.is_empty() {
            let parts = self.by_outcome.iter().map(|(what, billed)| {
                format!("{} {what}: {}", billed.jobs, billed.instance_time.as_secs())
            });
            write!(f, " ({})", parts.collect::<Vec<_>>().join(", "))?;
        }
        if !(self.running + self.committed).is_zero() {
            write!(
                f,
                "; {} so far for what runs, which may take {} more",
                self.running.as_secs(),
                self.committed.as_secs()
            )?;
        }
        if !self.saved_by_spot.is_zero() {
            write!(f, "; spot instances saved {}", self.saved_by_spot.as_secs())?;
        }
        if !self.saved_by_stopping.is_zero() {
            write!(f, "; stopping saved about {}", self.saved_by_stopping.as_secs())?;
        }
        self.money.iter().try_for_each(|money| write!(f, "; in all {money}"))
    }
}
