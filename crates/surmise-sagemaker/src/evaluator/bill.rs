//! The bill of a tuning: spent, running and committed time, by outcome, and in money.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::prices::Money;

/// What the time of a training job was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BilledFor {
    /// The job gave the trial its value.
    Completed,
    /// The job was stopped: by early stopping, at the maximum resource, by the end of the tuning,
    /// or by a time limit.
    Stopped,
    /// The job failed, and was the last attempt at its trial.
    Failed,
    /// The job failed, and the trial was retried.
    Retried,
    /// The job had ended when this evaluator first saw it: an earlier run started it.
    Adopted,
}

impl fmt::Display for BilledFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Retried => "failed and retried",
            Self::Adopted => "ended in an earlier run",
        })
    }
}

/// The training jobs with the same [`BilledFor`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Billed {
    /// The number of jobs.
    pub jobs: usize,
    /// The billed time of one instance, summed over the jobs.
    pub instance_time: Duration,
}

/// The bill of a tuning, during it or at its end. Times are of one instance: the billed time of a
/// job times its number of instances.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Bill {
    /// The billed time of jobs that have ended.
    pub spent: Duration,
    /// The time of running jobs so far, as observed by this evaluator. Spot instances count with
    /// the average discount of earlier jobs.
    pub running: Duration,
    /// The maximum time that running jobs may still take.
    pub committed: Duration,
    /// The spent time, divided by what it was used for.
    pub by_outcome: BTreeMap<BilledFor, Billed>,
    /// The time for which spot instances were used and not billed.
    pub saved_by_spot: Duration,
    /// The estimated time that stopping saved: the average time of completed jobs, less the time of
    /// each stopped job.
    pub saved_by_stopping: Duration,
    /// The cost of `spent` and `running`, if the prices of all instance types are known.
    pub money: Option<Money>,
}

impl Bill {
    /// Returns the sum of `spent` and `running`.
    pub fn total(&self) -> Duration {
        self.spent.saturating_add(self.running)
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} instance-seconds billed", self.spent.as_secs())?;
        if !self.by_outcome.is_empty() {
            let parts = self.by_outcome.iter().map(|(what, billed)| {
                format!("{} {what}: {}", billed.jobs, billed.instance_time.as_secs())
            });
            write!(f, " ({})", parts.collect::<Vec<_>>().join(", "))?;
        }
        if !(self.running + self.committed).is_zero() {
            write!(
                f,
                "; running jobs have used {} and may use {} more",
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
        self.money.iter().try_for_each(|money| write!(f, "; {money} in total"))
    }
}
