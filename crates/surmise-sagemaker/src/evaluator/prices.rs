//! Prices of instances, budgets, and the maximum cost of a tuning.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use surmise::error::{Error, Violation};

/// Prices of training instances per hour, by region and instance type, in one currency.
///
/// Take them from AWS's price list, or use your own.
///
/// ```
/// use surmise_sagemaker::evaluator::Prices;
///
/// let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 0.23);
/// let text = r#"{"currency": "USD", "per_hour": {"us-west-2": {"ml.m5.xlarge": 0.23}}}"#;
/// assert_eq!(serde_json::from_str::<Prices>(text).unwrap(), prices);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The currency, such as `USD`; it is only displayed.
    pub currency: String,
    /// The price of an hour of one instance, by region and then by instance type.
    pub per_hour: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Prices {
    /// Returns an empty list of prices in this currency.
    pub fn new(currency: impl Into<String>) -> Self {
        Self { currency: currency.into(), per_hour: BTreeMap::new() }
    }

    /// Adds the price of an hour of one instance of a type in a region, in units of the currency.
    ///
    /// Call it for each instance type that jobs may use; a new list has no prices.
    #[must_use]
    pub fn with(mut self, region: &str, instance_type: &str, per_hour: f64) -> Self {
        let region = self.per_hour.entry(region.to_owned()).or_default();
        region.insert(instance_type.to_owned(), per_hour);
        self
    }

    /// Checks that all prices are finite and not negative.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a violation for each price that is not.
    pub fn check(&self) -> Result<(), Error> {
        let all = self
            .per_hour
            .iter()
            .flat_map(|(region, types)| types.iter().map(move |it| (region, it)));
        let wrong = all.filter(|(_, (_, price))| !price.is_finite() || **price < 0.0);
        let wrong = wrong.map(|(region, (kind, price))| {
            Violation::new(
                format!("price of {kind} in {region}"),
                price,
                "a price must be a finite number, at least 0",
                "give the price of an hour of one instance",
            )
        });
        Error::from_violations(wrong.collect())
    }

    /// Returns the types of these instances that have no price.
    pub(super) fn types_without_price(
        &self,
        region: &str,
        instances: &[(String, u32)],
    ) -> Vec<String> {
        let has_price =
            |kind: &str| self.per_hour.get(region).is_some_and(|types| types.contains_key(kind));
        let all = instances.iter().map(|(kind, _)| kind);
        all.filter(|kind| !has_price(kind)).cloned().collect()
    }

    /// Returns the price of a second of these instances together, if all have a price.
    pub(super) fn per_second(&self, region: &str, instances: &[(String, u32)]) -> Option<f64> {
        let types = self.per_hour.get(region)?;
        let prices =
            instances.iter().map(|(kind, count)| Some(types.get(kind)? * f64::from(*count)));
        let sum: Option<f64> = prices.sum();
        sum.filter(|_| !instances.is_empty()).map(|per_hour| per_hour / 3600.0)
    }
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Money {
    /// The amount, in units of the currency.
    pub amount: f64,
    /// The currency, such as `USD`.
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} {}", self.amount, self.currency)
    }
}

/// A limit on what may be spent on training jobs.
///
/// Clones share the limit: keep one to change it while a tuning is running. The tuning continues if
/// the limit is raised while its last jobs are running.
///
/// ```
/// use std::time::Duration;
/// use surmise_sagemaker::evaluator::Budget;
///
/// let budget = Budget::instance_time(Duration::from_secs(10 * 3600));
/// let shared = budget.clone(); // Pass `budget` to SageMakerEvaluator::with_budget.
/// shared.set_instance_time(Duration::from_secs(20 * 3600)); // Raises the limit of both.
/// ```
#[derive(Debug, Clone)]
pub struct Budget(Arc<Mutex<Limit>>);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    InstanceTime(Duration),
    Money(f64),
}

impl Budget {
    /// Returns a budget in time of one instance: `BillableTimeInSeconds` times the number of
    /// instances, summed over the jobs.
    pub fn instance_time(time: Duration) -> Self {
        Self(Arc::new(Mutex::new(Limit::InstanceTime(time))))
    }

    /// Returns a budget in the currency of the evaluator's
    /// [prices](super::SageMakerEvaluator::with_prices).
    pub fn money(amount: f64) -> Self {
        Self(Arc::new(Mutex::new(Limit::Money(amount))))
    }

    /// Changes the limit to a total time of one instance.
    pub fn set_instance_time(&self, time: Duration) {
        self.set(Limit::InstanceTime(time));
    }

    /// Changes the limit to a total amount of money.
    pub fn set_money(&self, amount: f64) {
        self.set(Limit::Money(amount));
    }

    fn set(&self, limit: Limit) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    pub(super) fn limit(&self) -> Limit {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A duration is a budget in time of one instance.
impl From<Duration> for Budget {
    fn from(time: Duration) -> Self {
        Self::instance_time(time)
    }
}

/// The maximum cost of a tuning: every training job takes its maximum time, and every trial is
/// retried as often as the rules allow.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MaxCost {
    /// The number of trials, including jobs that only test whether a program or a region of the
    /// space causes failures.
    pub jobs: usize,
    /// The number of training jobs for each trial: the first attempt and its retries.
    pub attempts: u32,
    /// The seconds of each training job: `MaxRuntimeInSeconds`, and the time that stopping takes.
    pub seconds: u64,
    /// The instances of each training job; the largest number among the instance options.
    pub instances: u32,
    /// The types of all instance options.
    pub instance_types: Vec<String>,
    /// The product of these numbers, as time of one instance.
    pub instance_time: Duration,
    /// The cost of that time, if all instance types have a price.
    pub money: Option<Money>,
    /// The types without a price, each with the region; empty if no prices were given.
    pub without_price: Vec<String>,
}

impl fmt::Display for MaxCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at most {} jobs × {} attempts × {} s × {} instances ({}) = {} instance-seconds",
            self.jobs,
            self.attempts,
            self.seconds,
            self.instances,
            self.instance_types.join(" or "),
            self.instance_time.as_secs(),
        )?;
        match &self.money {
            Some(money) => write!(f, ", {money}"),
            None if self.without_price.is_empty() => Ok(()),
            None => write!(f, "; there is no price for {}", self.without_price.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_depend_on_the_region_and_sum_over_instances() {
        let prices = Prices::new("USD").with("us-west-2", "a", 3.6).with("us-west-2", "b", 7.2);
        let groups = [("a".to_owned(), 2), ("b".to_owned(), 1)];
        let second = prices.per_second("us-west-2", &groups).unwrap();
        assert!((second - 0.004).abs() < 1e-12, "{second}");
        assert_eq!(prices.per_second("eu-west-1", &groups), None);
        assert_eq!(prices.per_second("us-west-2", &[("c".to_owned(), 1)]), None);
        assert!(prices.check().is_ok());
        let text = Prices::new("USD").with("us-west-2", "a", -1.0).check().unwrap_err().to_string();
        assert!(text.contains("price of a in us-west-2"), "{text}");
    }
}
