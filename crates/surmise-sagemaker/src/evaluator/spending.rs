//! The billed time of the training jobs of a tuning job, job by job.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bill::{Bill, BilledFor};
use super::description::TrainingJob;
use super::prices::{Budget, Limit, Money, Prices};
use crate::request::ResourceConfig;

/// Secondary statuses in which a job has no instances.
const STATUSES_WITHOUT_INSTANCES: [&str; 6] = [
    "Starting",
    "LaunchingMLInstances",
    "PreparingTrainingStack",
    "Pending",
    "Interrupted",
    "Restarting",
];
/// Maximum runtime of a job that has no limit, in seconds: a day, the service's default.
const DEFAULT_MAX_RUNTIME: u64 = 86_400;
/// Seconds that a job may take beyond its maximum runtime.
///
/// The service is late by up to a minute or two. Then the job has two minutes until it is killed,
/// and its results are uploaded. Users report five minutes in all (apache/airflow#33942).
const MAX_STOPPING_TIME: u64 = 300;

/// Returns for how many seconds each instance of a job may be billed at most.
pub(super) fn max_seconds(max_runtime: Option<u64>) -> u64 {
    max_runtime.unwrap_or(DEFAULT_MAX_RUNTIME).saturating_add(MAX_STOPPING_TIME)
}

/// Prices, and the region whose prices apply.
#[derive(Debug, Clone)]
pub(super) struct PriceList {
    pub(super) prices: Prices,
    pub(super) region: String,
}

/// The billed time of all training jobs. Times are of one instance.
#[derive(Debug, Default)]
pub(super) struct Spending {
    budget: Option<Budget>,
    pub(super) prices: Option<PriceList>,
    by_name: BTreeMap<String, Entry>,
    /// True once the jobs of earlier runs have been searched.
    is_earlier_spending_known: bool,
    /// The next page of that search.
    pub(super) next_page: Option<String>,
}

#[derive(Debug, Clone)]
struct Entry {
    time: BilledTime,
    instances: u32,
    /// True once the service has described the job.
    is_described: bool,
    /// The types of its instances that have no price.
    types_without_price: Vec<String>,
    /// The price of a second of all instances together.
    price_per_second: Option<f64>,
    is_spot: bool,
    /// The used time of one instance; more than the billed time for spot instances.
    used: Duration,
    /// The maximum time of one instance.
    max: Duration,
    outcome: BilledFor,
}

#[derive(Debug, Clone, Copy)]
enum BilledTime {
    /// The job has ended, and this time is billed.
    Ended(Duration),
    /// The job has used its instances for `spent`, and since `since` if it has instances now.
    Running { spent: Duration, since: Option<Duration> },
}

impl Spending {
    pub(super) fn set_budget(&mut self, budget: Budget) {
        self.budget = Some(budget);
    }

    /// Returns whether the spending of earlier runs must still be searched.
    pub(super) fn needs_earlier_spending(&self) -> bool {
        self.budget.is_some() && !self.is_earlier_spending_known
    }

    pub(super) fn set_earlier_spending_known(&mut self) {
        self.is_earlier_spending_known = true;
    }

    /// Records the description of a job. The time is given on the evaluator's clock and in seconds
    /// since 1970.
    pub(super) fn record(&mut self, job: &TrainingJob, (now, unix): (Duration, f64)) {
        let existing = self.by_name.get(&job.name);
        // A search may be stale: an ended job stays ended.
        if existing.is_some_and(|entry| matches!(entry.time, BilledTime::Ended(_))) {
            return;
        }
        let instances = job.instances.unwrap_or(1).max(1);
        let spent = match existing.filter(|entry| entry.is_described) {
            Some(entry) => entry.undiscounted_time(now),
            // The job had its instances before it was described for the first time.
            None => {
                let runtime = job.started_at.map_or(0.0, |started| (unix - started).max(0.0));
                Duration::try_from_secs_f64(runtime).unwrap_or_default().saturating_mul(instances)
            }
        };
        // A job that had ended when it was first described belongs to an earlier run.
        let outcome = match (existing, job.has_ended()) {
            (None, true) => BilledFor::Adopted,
            _ => BilledFor::Completed,
        };
        let billed = job.billable_instance_seconds().map(Duration::from_secs);
        let secondary_status = job.secondary_status.as_str();
        let has_instances = !STATUSES_WITHOUT_INSTANCES.contains(&secondary_status);
        let time = match (job.has_ended(), billed) {
            (true, Some(billed)) => BilledTime::Ended(billed),
            // Without a billed time, the observed time counts, or none if the job never ran.
            (true, None) if job.never_ran() => BilledTime::Ended(Duration::ZERO),
            (true, None) => BilledTime::Ended(spent),
            (false, _) => BilledTime::Running { spent, since: has_instances.then_some(now) },
        };
        let used = job.training_seconds.or(job.billable_seconds).unwrap_or(0);
        let max_runtime = job.description["StoppingCondition"]["MaxRuntimeInSeconds"].as_u64();
        let prices = self.prices.as_ref();
        let entry = Entry {
            time,
            instances,
            is_described: true,
            types_without_price: match prices {
                Some(list) => list.prices.types_without_price(&list.region, &job.instance_types),
                None => Vec::new(),
            },
            price_per_second: prices
                .and_then(|it| it.prices.per_second(&it.region, &job.instance_types)),
            is_spot: job.is_spot,
            used: Duration::from_secs(used * u64::from(instances)),
            max: Duration::from_secs(max_seconds(max_runtime) * u64::from(instances)),
            outcome,
        };
        self.by_name.insert(job.name.clone(), entry);
    }

    /// Records the creation of a job by this run, with its number of instances and the maximum
    /// seconds of each.
    pub(super) fn record_creation(&mut self, name: &str, instances: u32, max_seconds: u64) {
        let time = BilledTime::Running { spent: Duration::ZERO, since: None };
        let entry = Entry {
            time,
            instances,
            is_described: false,
            types_without_price: Vec::new(),
            price_per_second: None,
            is_spot: false,
            used: Duration::ZERO,
            max: Duration::from_secs(max_seconds.saturating_mul(u64::from(instances))),
            outcome: BilledFor::Completed,
        };
        self.by_name.entry(name.to_owned()).or_insert(entry);
    }

    /// Sets the purpose for which an ended job was billed, unless it had ended in an earlier run.
    pub(super) fn set_outcome(&mut self, name: &str, outcome: BilledFor) {
        let entry = self.by_name.get_mut(name);
        if let Some(entry) = entry.filter(|entry| entry.outcome != BilledFor::Adopted) {
            entry.outcome = outcome;
        }
    }

    /// Removes a job that turned out not to be created by this run.
    pub(super) fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// Returns the types of billed instances that have no price.
    pub(super) fn types_without_price(&self) -> Vec<String> {
        let entries = self.by_name.values();
        let mut types: Vec<String> =
            entries.flat_map(|entry| entry.types_without_price.iter().cloned()).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// Returns the budget if it is an invalid amount of money: negative or not finite.
    pub(super) fn invalid_amount(&self) -> Option<f64> {
        match self.budget.as_ref()?.limit() {
            Limit::Money(amount) => Some(amount).filter(|it| !it.is_finite() || *it < 0.0),
            Limit::InstanceTime(_) => None,
        }
    }

    /// Returns the names of the jobs that are not known to have ended.
    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        let running =
            self.by_name.iter().filter(|(_, it)| matches!(it.time, BilledTime::Running { .. }));
        running.map(|(name, _)| name.as_str())
    }

    /// Ends the time of a job that was deleted or never created: the service has no billed time.
    pub(super) fn record_missing(&mut self, name: &str, now: Duration) {
        if let Some(entry) = self.by_name.get_mut(name) {
            entry.time = BilledTime::Ended(entry.undiscounted_time(now));
        }
    }

    /// Returns which share of the used time of spot instances was billed, in the jobs that have
    /// ended; 1 before the first end.
    fn spot_share(&self) -> f64 {
        let spot_jobs = self.by_name.values().filter(|entry| entry.is_spot);
        let (billed, used) = spot_jobs.fold((0.0, 0.0), |(billed, used), entry| match entry.time {
            BilledTime::Ended(time) => {
                (billed + time.as_secs_f64(), used + entry.used.as_secs_f64())
            }
            BilledTime::Running { .. } => (billed, used),
        });
        if used > 0.0 { (billed / used).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Returns the billed time of all jobs, including the estimate for running ones.
    pub(super) fn total(&self, now: Duration) -> Duration {
        let share = self.spot_share();
        self.by_name.values().map(|entry| entry.time(now, share)).sum()
    }

    fn money(&self, now: Duration) -> Option<f64> {
        let share = self.spot_share();
        self.prices.as_ref()?;
        let billed = self.by_name.values().filter(|entry| !entry.time(now, share).is_zero());
        let prices = billed.map(|entry| {
            let seconds = entry.time(now, share).as_secs_f64() / f64::from(entry.instances);
            Some(seconds * entry.price_per_second?)
        });
        prices.sum()
    }

    /// Returns the spent time and the budget, as time of one instance, if the budget is used up.
    pub(super) fn exceeded_budget(&self, now: Duration) -> Option<(Duration, Duration)> {
        let spent = self.total(now);
        match self.budget.as_ref()?.limit() {
            Limit::InstanceTime(limit) => (spent >= limit).then_some((spent, limit)),
            Limit::Money(limit) => {
                let money = self.money(now)?;
                let share = if money > 0.0 { limit / money } else { 0.0 };
                let limit_time = Duration::try_from_secs_f64(spent.as_secs_f64() * share);
                (money >= limit).then_some((spent, limit_time.unwrap_or(Duration::MAX)))
            }
        }
    }

    /// Returns whether there is a budget in money.
    pub(super) fn is_budget_in_money(&self) -> bool {
        self.budget.as_ref().is_some_and(|budget| matches!(budget.limit(), Limit::Money(_)))
    }

    pub(super) fn bill(&self, now: Duration) -> Bill {
        let share = self.spot_share();
        let mut bill = Bill::default();
        for entry in self.by_name.values() {
            let time = entry.time(now, share);
            if matches!(entry.time, BilledTime::Running { .. }) {
                bill.running += time;
                bill.committed += entry.max.saturating_sub(time);
                continue;
            }
            bill.spent += time;
            bill.saved_by_spot += entry.used.saturating_sub(time);
            let billed = bill.by_outcome.entry(entry.outcome).or_default();
            billed.jobs += 1;
            billed.instance_time += time;
        }
        if let Some(completed) = bill.by_outcome.get(&BilledFor::Completed).copied() {
            let mean = completed.instance_time / u32::try_from(completed.jobs.max(1)).unwrap_or(1);
            let stopped = self.by_name.values().filter(|it| it.outcome == BilledFor::Stopped);
            bill.saved_by_stopping =
                stopped.map(|it| mean.saturating_sub(it.time(now, share))).sum();
        }
        let currency = self.prices.as_ref().map(|list| list.prices.currency.clone());
        bill.money =
            self.money(now).zip(currency).map(|(amount, currency)| Money { amount, currency });
        bill
    }
}

impl Entry {
    /// Returns the billed time of one instance; for a running spot job, an estimate by
    /// `spot_share`.
    fn time(&self, now: Duration, spot_share: f64) -> Duration {
        match self.time {
            BilledTime::Running { .. } if self.is_spot => {
                self.undiscounted_time(now).mul_f64(spot_share)
            }
            _ => self.undiscounted_time(now),
        }
    }

    /// Returns the time of one instance without the discount for spot instances.
    fn undiscounted_time(&self, now: Duration) -> Duration {
        match self.time {
            BilledTime::Ended(billed) => billed,
            BilledTime::Running { spent, since } => {
                let current = since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
                spent.saturating_add(current.saturating_mul(self.instances))
            }
        }
    }
}

/// Returns the types of the instances of a request, each with its number.
pub(super) fn instances(resources: &ResourceConfig) -> Vec<(String, u32)> {
    if let Some(groups) = resources.instance_groups.as_ref().filter(|groups| !groups.is_empty()) {
        return groups.iter().map(|it| (it.instance_type.clone(), it.instance_count)).collect();
    }
    let kind = resources.instance_type.clone().unwrap_or_default();
    vec![(kind, resources.instance_count.unwrap_or(1))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(status: &str, secondary: &str, billed: Option<u64>) -> TrainingJob {
        TrainingJob {
            instances: Some(2),
            instance_types: vec![("ml.m5.xlarge".to_owned(), 2)],
            billable_seconds: billed,
            training_seconds: billed,
            started_at: Some(0.0),
            ..TrainingJob::new("trees-001-00000000", status, secondary)
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn jobs_count_while_running_and_once_after_their_end() {
        let second = Duration::from_secs;
        let mut spending = Spending::default();
        spending.record_creation("trees-001-00000000", 2, 86_700);
        spending.record(&job("InProgress", "Starting", None), (second(10), 0.0));
        assert_eq!(spending.total(second(50)), second(0), "without instances, nothing is billed");
        spending.record(&job("InProgress", "Training", None), (second(60), 0.0));
        spending.record(&job("InProgress", "Interrupted", None), (second(70), 0.0));
        assert_eq!(spending.total(second(5000)), second(20), "waiting is not billed");
        spending.record(&job("InProgress", "Training", None), (second(5000), 0.0));
        spending.record(&job("InProgress", "Uploading", None), (second(5010), 0.0));
        assert_eq!(spending.total(second(5030)), second(80), "40 seconds of two instances");
        spending.set_budget(Budget::from(second(81)));
        assert_eq!(spending.exceeded_budget(second(5030)), None);
        assert_eq!(spending.exceeded_budget(second(5031)), Some((second(82), second(81))));
        spending.record(&job("Completed", "Completed", Some(45)), (second(5050), 0.0));
        spending.record(&job("InProgress", "Training", None), (second(5060), 0.0));
        assert_eq!(spending.total(second(9000)), second(90));
        let bill = spending.bill(second(9000));
        assert_eq!((bill.spent, bill.running, bill.committed), (second(90), second(0), second(0)));
    }

    #[test]
    fn running_spot_jobs_get_the_discount_of_ended_ones() {
        let spot = |name: &str, status: &str, used, billed| TrainingJob {
            name: name.to_owned(),
            is_spot: true,
            training_seconds: used,
            ..job(status, status, billed)
        };
        let mut spending = Spending::default();
        spending.record_creation("a", 2, 86_700);
        spending.record(&spot("a", "InProgress", None, None), (SECOND, 0.0));
        assert_eq!(spending.total(101 * SECOND), 200 * SECOND, "the discount is not known yet");
        spending.record(&spot("a", "Completed", Some(100), Some(30)), (101 * SECOND, 0.0));
        spending.record_creation("b", 2, 86_700);
        spending.record(&spot("b", "InProgress", None, None), (200 * SECOND, 0.0));
        assert_eq!(spending.total(300 * SECOND), 60 * SECOND + 60 * SECOND);
        let bill = spending.bill(300 * SECOND);
        assert_eq!(bill.saved_by_spot, 140 * SECOND);
        assert!(bill.committed > 86_400 * SECOND, "two instances for a day");
    }

    #[test]
    fn money_is_the_price_of_all_instances_together() {
        let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 3.6);
        let mut spending = Spending {
            prices: Some(PriceList { prices, region: "us-west-2".to_owned() }),
            ..Spending::default()
        };
        spending.record_creation("trees-001-00000000", 2, 86_700);
        spending.record(&job("Completed", "Completed", Some(1000)), (SECOND, 0.0));
        let money = spending.bill(SECOND).money.unwrap();
        assert_eq!(money.to_string(), "2.00 USD");
        let budget = Budget::money(1.0);
        spending.set_budget(budget.clone());
        assert_eq!(spending.exceeded_budget(SECOND), Some((2000 * SECOND, 1000 * SECOND)));
        budget.set_money(2.5);
        assert_eq!(spending.exceeded_budget(SECOND), None);
    }
}
