//! What the training jobs of a tuning job are billed for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::service::TrainingJob;

/// Secondary statuses in which a job has no machines yet, or none any more.
const WITHOUT_MACHINES: [&str; 6] = [
    "Starting",
    "LaunchingMLInstances",
    "PreparingTrainingStack",
    "Pending",
    "Interrupted",
    "Restarting",
];

/// One machine's time, job by job.
#[derive(Debug, Default)]
pub(super) struct Spending {
    limit: Option<Duration>,
    by_name: BTreeMap<String, Entry>,
    /// Whether jobs of earlier calls have been looked for; the page that comes next, if not.
    has_looked_back: bool,
    pub(super) next_page: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    /// Billed for so much.
    Ended(Duration),
    /// Had its machines for so much, and has so many since then, if it has any now.
    Running { spent: Duration, machines: u32, since: Option<Duration> },
}

impl Spending {
    pub(super) fn limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Whether it must still be found out what earlier calls have spent.
    pub(super) fn must_look_back(&self) -> bool {
        self.limit.is_some() && !self.has_looked_back
    }

    pub(super) fn has_looked_back(&mut self) {
        self.has_looked_back = true;
    }

    /// Takes in what the service says of a job.
    pub(super) fn note(&mut self, job: &TrainingJob, now: Duration) {
        let running = match self.by_name.get(&job.name) {
            // Ended once, ended for ever: a search may be behind.
            Some(Entry::Ended(_)) => return,
            Some(running @ Entry::Running { .. }) => Some(*running),
            None => None,
        };
        let billed = job.billable_instance_seconds().map(Duration::from_secs);
        let spent = running.map_or(Duration::ZERO, |entry| entry.time(now));
        let has_machines = !WITHOUT_MACHINES.contains(&job.secondary_status.as_str());
        let entry = match (job.has_ended(), billed) {
            (true, Some(billed)) => Some(Entry::Ended(billed)),
            // It is not said: what was seen is what there is.
            (true, None) => running.map(|_| Entry::Ended(spent)),
            (false, _) => Some(Entry::Running {
                spent,
                machines: job.instances.unwrap_or(1).max(1),
                since: has_machines.then_some(now),
            }),
        };
        if let Some(entry) = entry {
            self.by_name.insert(job.name.clone(), entry);
        }
    }

    /// Jobs that have not been seen to end.
    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        let running = self.by_name.iter().filter(|(_, it)| matches!(it, Entry::Running { .. }));
        running.map(|(name, _)| name.as_str())
    }

    /// A job has been removed: nobody will say what it is billed for.
    pub(super) fn gone(&mut self, name: &str, now: Duration) {
        if let Some(entry) = self.by_name.get_mut(name) {
            *entry = Entry::Ended(entry.time(now));
        }
    }

    pub(super) fn total(&self, now: Duration) -> Duration {
        self.by_name.values().map(|entry| entry.time(now)).sum()
    }

    /// What is spent and what was to be, if that is over.
    pub(super) fn is_over(&self, now: Duration) -> Option<(Duration, Duration)> {
        let (spent, limit) = (self.total(now), self.limit?);
        (spent >= limit).then_some((spent, limit))
    }
}

impl Entry {
    fn time(self, now: Duration) -> Duration {
        match self {
            Self::Ended(billed) => billed,
            Self::Running { spent, since: None, .. } => spent,
            Self::Running { spent, machines, since: Some(since) } => {
                spent.saturating_add(now.saturating_sub(since).saturating_mul(machines))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_count_while_they_run_and_once_when_they_have_ended() {
        let second = Duration::from_secs;
        let mut spending = Spending::default();
        let job = |status: &str, secondary: &str, billed| TrainingJob {
            instances: Some(2),
            billable_seconds: billed,
            ..TrainingJob::new("trees-001-00000000", status, secondary)
        };
        spending.note(&job("InProgress", "Starting", None), second(10));
        assert_eq!(spending.total(second(50)), second(0), "no machines, no bill");
        spending.note(&job("InProgress", "Training", None), second(60));
        spending.note(&job("InProgress", "Interrupted", None), second(70));
        assert_eq!(spending.total(second(5000)), second(20), "waiting for machines is not billed");
        spending.note(&job("InProgress", "Training", None), second(5000));
        spending.note(&job("InProgress", "Uploading", None), second(5010));
        assert_eq!(spending.total(second(5030)), second(80), "40 seconds of two machines");
        spending.limit(second(81));
        assert_eq!(spending.is_over(second(5030)), None);
        assert_eq!(spending.is_over(second(5031)), Some((second(82), second(81))));
        spending.note(&job("Completed", "Completed", Some(45)), second(5050));
        spending.note(&job("InProgress", "Training", None), second(5060));
        assert_eq!(spending.total(second(9000)), second(90));
    }
}
