//! What instances cost, what a tuning could cost at the most, and how much may be spent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use surmise::error::{Error, Violation};

/// Prices of instances for training, by region and type, in one currency for an hour of one instance: those of AWS's price list, or your own.
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
    /// The currency, as people write it.
    pub currency: String,
    /// Regions, and in each the types of instances with the price of an hour of one.
    pub per_hour: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Prices {
    /// No prices yet, in this currency.
    pub fn new(currency: impl Into<String>) -> Self {
        Self { currency: currency.into(), per_hour: BTreeMap::new() }
    }

    /// The same with the price of an hour of one instance of this type in this region.
    #[must_use]
    pub fn with(mut self, region: &str, instance_type: &str, per_hour: f64) -> Self {
        let region = self.per_hour.entry(region.to_owned()).or_default();
        region.insert(instance_type.to_owned(), per_hour);
        self
    }

    /// Whether they are prices.
    ///
    /// # Errors
    /// [`Error::Invalid`] with each that is negative or no number.
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
                "a price is a number that is not negative",
                "give what an hour of one instance costs",
            )
        });
        Error::unless_empty(wrong.collect())
    }

    /// Types of these instances whose prices are not known.
    pub(super) fn lacking(&self, region: &str, instances: &[(String, u32)]) -> Vec<String> {
        let is_known =
            |kind: &str| self.per_hour.get(region).is_some_and(|types| types.contains_key(kind));
        let all = instances.iter().map(|(kind, _)| kind);
        all.filter(|kind| !is_known(kind)).cloned().collect()
    }

    /// The price of a second of these instances together, if it is known.
    pub(super) fn per_second(&self, region: &str, instances: &[(String, u32)]) -> Option<f64> {
        let types = self.per_hour.get(region)?;
        let prices =
            instances.iter().map(|(kind, count)| Some(types.get(kind)? * f64::from(*count)));
        let sum: Option<f64> = prices.sum();
        sum.filter(|_| !instances.is_empty()).map(|per_hour| per_hour / 3600.0)
    }
}

/// A sum of money.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Money {
    /// How much.
    pub amount: f64,
    /// Of what.
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} {}", self.amount, self.currency)
    }
}

/// How much may be spent on training jobs. Clones are the same budget: one can be kept, and changed while a tuning runs, also while it
/// drains because the budget was used up.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Mutex<Limit>>);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    InstanceTime(Duration),
    Money(f64),
}

impl Budget {
    /// So much time of one instance: `BillableTimeInSeconds` times the number of instances.
    pub fn instance_time(time: Duration) -> Self {
        Self(Arc::new(Mutex::new(Limit::InstanceTime(time))))
    }

    /// So much money, by the [prices](super::SageMakerEvaluator::with_prices) that the evaluator has, in their currency.
    pub fn money(amount: f64) -> Self {
        Self(Arc::new(Mutex::new(Limit::Money(amount))))
    }

    /// From now on so much time of one instance may be used in all.
    pub fn set_instance_time(&self, time: Duration) {
        self.set(Limit::InstanceTime(time));
    }

    /// From now on so much money may be spent in all.
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

/// So much time of one instance.
impl From<Duration> for Budget {
    fn from(time: Duration) -> Self {
        Self::instance_time(time)
    }
}

/// What a tuning could cost at the most, if each of its training jobs takes all the time that it may, and is tried again as often as that is
/// allowed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MostCost {
    /// Trials, and jobs that only tell a broken program from a bad region.
    pub jobs: usize,
    /// Training jobs for each trial: the first and its retries.
    pub attempts: u32,
    /// Seconds for each training job: `MaxRuntimeInSeconds`, and what it may take to stop.
    pub seconds: u64,
    /// Instances of each training job: the most of those that would do.
    pub instances: u32,
    /// The types of instances that would do.
    pub instance_types: Vec<String>,
    /// All of it, as time of one instance.
    pub instance_time: Duration,
    /// All of it in money, if the prices of all types are known.
    pub money: Option<Money>,
    /// Types whose price is not known, each with the region, where prices were given.
    pub without_price: Vec<String>,
}

impl fmt::Display for MostCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at the most {} jobs × {} attempts × {} s × {} instances ({}) = {} instance-seconds",
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
            None => write!(f, "; no price is known of {}", self.without_price.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_of_a_region_and_of_all_instances_together() {
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
