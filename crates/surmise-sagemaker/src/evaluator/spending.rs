//! What the training jobs of a tuning job are billed for, job by job.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bill::{Bill, BilledFor};
use super::description::TrainingJob;
use super::prices::{Budget, Limit, Money, Prices};
use crate::request::ResourceConfig;

/// Secondary statuses in which a job has no machines yet, or none any more.
const WITHOUT_MACHINES: [&str; 6] = [
    "Starting",
    "LaunchingMLInstances",
    "PreparingTrainingStack",
    "Pending",
    "Interrupted",
    "Restarting",
];
/// For how long a job may run that does not say so: a day, the service's default.
const LONGEST: u64 = 86_400;
/// What a job may take beyond its time: the service is late by up to a minute or two, then a job has two minutes until it is killed, and puts
/// away what it has. Users report five minutes in all (apache/airflow#33942).
const STOPPING: u64 = 300;

/// What a job that runs may be billed for at the most: so many seconds of each of its machines.
pub(super) fn most_seconds(max_runtime: Option<u64>) -> u64 {
    max_runtime.unwrap_or(LONGEST).saturating_add(STOPPING)
}

/// Prices, and the region that they are of.
#[derive(Debug, Clone)]
pub(super) struct PriceList {
    pub(super) prices: Prices,
    pub(super) region: String,
}

/// One machine's time, job by job.
#[derive(Debug, Default)]
pub(super) struct Spending {
    budget: Option<Budget>,
    pub(super) prices: Option<PriceList>,
    by_name: BTreeMap<String, Entry>,
    /// Whether jobs of earlier calls have been looked for; the page that comes next, if not.
    has_looked_back: bool,
    pub(super) next_page: Option<String>,
}

#[derive(Debug, Clone)]
struct Entry {
    time: Time,
    machines: u32,
    /// Whether the service has said anything of it.
    was_seen: bool,
    /// Types of its machines whose prices are not known.
    without_price: Vec<String>,
    /// What all its machines cost in a second.
    price: Option<f64>,
    is_spot: bool,
    /// Time of one machine that was used; more than what is billed for on spot machines.
    used: Duration,
    /// Time of one machine that it may take at the most.
    most: Duration,
    outcome: BilledFor,
}

#[derive(Debug, Clone, Copy)]
enum Time {
    /// Billed for so much.
    Ended(Duration),
    /// Had its machines for so much, and has them since then, if it has any now.
    Running { spent: Duration, since: Option<Duration> },
}

impl Spending {
    pub(super) fn limit(&mut self, budget: Budget) {
        self.budget = Some(budget);
    }

    /// Whether it must still be found out what earlier calls have spent.
    pub(super) fn must_look_back(&self) -> bool {
        self.budget.is_some() && !self.has_looked_back
    }

    pub(super) fn has_looked_back(&mut self) {
        self.has_looked_back = true;
    }

    /// Takes in what the service says of a job.
    /// The time is told in seconds since 1970, too.
    pub(super) fn note(&mut self, job: &TrainingJob, (now, unix): (Duration, f64)) {
        let known = self.by_name.get(&job.name);
        // Ended once, ended for ever: a search may be behind.
        if known.is_some_and(|entry| matches!(entry.time, Time::Ended(_))) {
            return;
        }
        let machines = job.instances.unwrap_or(1).max(1);
        let spent = match known.filter(|entry| entry.was_seen) {
            Some(entry) => entry.whole_time(now),
            // It had its machines before it was seen.
            None => {
                let on = job.started_at.map_or(0.0, |started| (unix - started).max(0.0));
                Duration::try_from_secs_f64(on).unwrap_or_default().saturating_mul(machines)
            }
        };
        // A job that had ended before this evaluator saw it was run by another call.
        let outcome = match (known, job.has_ended()) {
            (None, true) => BilledFor::Adopted,
            _ => BilledFor::Completed,
        };
        let billed = job.billable_instance_seconds().map(Duration::from_secs);
        let has_machines = !WITHOUT_MACHINES.contains(&job.secondary_status.as_str());
        let time = match (job.has_ended(), billed) {
            (true, Some(billed)) => Time::Ended(billed),
            // It never had machines, or it is not said: what was seen is what there is.
            (true, None) if job.never_ran() => Time::Ended(Duration::ZERO),
            (true, None) => Time::Ended(spent),
            (false, _) => Time::Running { spent, since: has_machines.then_some(now) },
        };
        let used = job.training_seconds.or(job.billable_seconds).unwrap_or(0);
        let max_runtime = job.description["StoppingCondition"]["MaxRuntimeInSeconds"].as_u64();
        let prices = self.prices.as_ref();
        let entry = Entry {
            time,
            machines,
            was_seen: true,
            without_price: match prices {
                Some(list) => list.prices.lacking(&list.region, &job.instance_types),
                None => Vec::new(),
            },
            price: prices.and_then(|it| it.prices.per_second(&it.region, &job.instance_types)),
            is_spot: job.is_spot,
            used: Duration::from_secs(used * u64::from(machines)),
            most: Duration::from_secs(most_seconds(max_runtime) * u64::from(machines)),
            outcome,
        };
        self.by_name.insert(job.name.clone(), entry);
    }

    /// A job was asked for, of so many machines and for so many seconds at the most: it is not one of an earlier call.
    pub(super) fn created(&mut self, name: &str, machines: u32, most: u64) {
        let time = Time::Running { spent: Duration::ZERO, since: None };
        let entry = Entry {
            time,
            machines,
            was_seen: false,
            without_price: Vec::new(),
            price: None,
            is_spot: false,
            used: Duration::ZERO,
            most: Duration::from_secs(most.saturating_mul(u64::from(machines))),
            outcome: BilledFor::Completed,
        };
        self.by_name.entry(name.to_owned()).or_insert(entry);
    }

    /// What a job that has ended was for.
    pub(super) fn was_for(&mut self, name: &str, outcome: BilledFor) {
        let entry = self.by_name.get_mut(name);
        if let Some(entry) = entry.filter(|entry| entry.outcome != BilledFor::Adopted) {
            entry.outcome = outcome;
        }
    }

    /// A job of this name was not one of this call after all.
    pub(super) fn was_not_created(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// Types of machines that were paid for, and whose prices are not known.
    pub(super) fn without_price(&self) -> Vec<String> {
        let mut types: Vec<String> =
            self.by_name.values().flat_map(|entry| entry.without_price.iter().cloned()).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// An amount of money that is none.
    pub(super) fn bad_amount(&self) -> Option<f64> {
        match self.budget.as_ref()?.limit() {
            Limit::Money(amount) => Some(amount).filter(|it| !it.is_finite() || *it < 0.0),
            Limit::InstanceTime(_) => None,
        }
    }

    /// Jobs that have not been seen to end.
    pub(super) fn running(&self) -> impl Iterator<Item = &str> {
        let running = self.by_name.iter().filter(|(_, it)| matches!(it.time, Time::Running { .. }));
        running.map(|(name, _)| name.as_str())
    }

    /// A job has been removed, or was never created: the service will not say what it is billed for.
    pub(super) fn gone(&mut self, name: &str, now: Duration) {
        if let Some(entry) = self.by_name.get_mut(name) {
            entry.time = Time::Ended(entry.whole_time(now));
        }
    }

    /// What is billed of the time that spot machines are used, as far as jobs that have ended tell.
    fn spot_share(&self) -> f64 {
        let ended = self.by_name.values().filter(|entry| entry.is_spot);
        let (billed, used) = ended.fold((0.0, 0.0), |(billed, used), entry| match entry.time {
            Time::Ended(time) => (billed + time.as_secs_f64(), used + entry.used.as_secs_f64()),
            Time::Running { .. } => (billed, used),
        });
        if used > 0.0 { (billed / used).clamp(0.0, 1.0) } else { 1.0 }
    }

    pub(super) fn total(&self, now: Duration) -> Duration {
        let share = self.spot_share();
        self.by_name.values().map(|entry| entry.time(now, share)).sum()
    }

    fn money(&self, now: Duration) -> Option<f64> {
        let share = self.spot_share();
        self.prices.as_ref()?;
        let billed = self.by_name.values().filter(|entry| !entry.time(now, share).is_zero());
        let prices = billed.map(|entry| {
            Some(entry.time(now, share).as_secs_f64() / f64::from(entry.machines) * entry.price?)
        });
        prices.sum()
    }

    /// What is spent and what was to be, as time of one machine, if that is over.
    pub(super) fn is_over(&self, now: Duration) -> Option<(Duration, Duration)> {
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

    /// Whether money is to be counted.
    pub(super) fn is_in_money(&self) -> bool {
        self.budget.as_ref().is_some_and(|budget| matches!(budget.limit(), Limit::Money(_)))
    }

    pub(super) fn bill(&self, now: Duration) -> Bill {
        let share = self.spot_share();
        let mut bill = Bill::default();
        for entry in self.by_name.values() {
            let time = entry.time(now, share);
            if matches!(entry.time, Time::Running { .. }) {
                bill.running += time;
                bill.committed += entry.most.saturating_sub(time);
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
    /// Time of one machine that it is billed for, if of time on spot machines so much is.
    fn time(&self, now: Duration, spot_share: f64) -> Duration {
        match self.time {
            Time::Running { .. } if self.is_spot => self.whole_time(now).mul_f64(spot_share),
            _ => self.whole_time(now),
        }
    }

    /// The same without a discount.
    fn whole_time(&self, now: Duration) -> Duration {
        match self.time {
            Time::Ended(billed) => billed,
            Time::Running { spent, since } => {
                let on = since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
                spent.saturating_add(on.saturating_mul(self.machines))
            }
        }
    }
}

/// The types of instances of a request, and how many of each.
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
    fn jobs_count_while_they_run_and_once_when_they_have_ended() {
        let second = Duration::from_secs;
        let mut spending = Spending::default();
        spending.created("trees-001-00000000", 2, 86_700);
        spending.note(&job("InProgress", "Starting", None), (second(10), 0.0));
        assert_eq!(spending.total(second(50)), second(0), "no machines, no bill");
        spending.note(&job("InProgress", "Training", None), (second(60), 0.0));
        spending.note(&job("InProgress", "Interrupted", None), (second(70), 0.0));
        assert_eq!(spending.total(second(5000)), second(20), "waiting for machines is not billed");
        spending.note(&job("InProgress", "Training", None), (second(5000), 0.0));
        spending.note(&job("InProgress", "Uploading", None), (second(5010), 0.0));
        assert_eq!(spending.total(second(5030)), second(80), "40 seconds of two machines");
        spending.limit(Budget::from(second(81)));
        assert_eq!(spending.is_over(second(5030)), None);
        assert_eq!(spending.is_over(second(5031)), Some((second(82), second(81))));
        spending.note(&job("Completed", "Completed", Some(45)), (second(5050), 0.0));
        spending.note(&job("InProgress", "Training", None), (second(5060), 0.0));
        assert_eq!(spending.total(second(9000)), second(90));
        let bill = spending.bill(second(9000));
        assert_eq!((bill.spent, bill.running, bill.committed), (second(90), second(0), second(0)));
    }

    #[test]
    fn what_spot_machines_save_is_expected_of_those_that_run() {
        let spot = |name: &str, status: &str, used, billed| TrainingJob {
            name: name.to_owned(),
            is_spot: true,
            training_seconds: used,
            ..job(status, status, billed)
        };
        let mut spending = Spending::default();
        spending.created("a", 2, 86_700);
        spending.note(&spot("a", "InProgress", None, None), (SECOND, 0.0));
        assert_eq!(spending.total(101 * SECOND), 200 * SECOND, "nothing is known yet");
        spending.note(&spot("a", "Completed", Some(100), Some(30)), (101 * SECOND, 0.0));
        spending.created("b", 2, 86_700);
        spending.note(&spot("b", "InProgress", None, None), (200 * SECOND, 0.0));
        assert_eq!(spending.total(300 * SECOND), 60 * SECOND + 60 * SECOND);
        let bill = spending.bill(300 * SECOND);
        assert_eq!(bill.saved_by_spot, 140 * SECOND);
        assert!(bill.committed > 86_400 * SECOND, "two machines for a day");
    }

    #[test]
    fn money_is_what_the_instances_of_a_job_cost_together() {
        let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 3.6);
        let mut spending = Spending {
            prices: Some(PriceList { prices, region: "us-west-2".to_owned() }),
            ..Spending::default()
        };
        spending.created("trees-001-00000000", 2, 86_700);
        spending.note(&job("Completed", "Completed", Some(1000)), (SECOND, 0.0));
        let money = spending.bill(SECOND).money.unwrap();
        assert_eq!(money.to_string(), "2.00 USD");
        let budget = Budget::money(1.0);
        spending.limit(budget.clone());
        assert_eq!(spending.is_over(SECOND), Some((2000 * SECOND, 1000 * SECOND)));
        budget.set_money(2.5);
        assert_eq!(spending.is_over(SECOND), None);
    }
}
