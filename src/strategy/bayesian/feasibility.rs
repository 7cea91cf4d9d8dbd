//! Where trials fail: a Gaussian process of the labels −1 (failed) and 1 (gave a loss).
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | labels, 1 or −1 | n |
//! | μ, v | mean and variance of the label's field | m, m |
//! | σ² | variance of a label around the field | – |
//! | z = μ ⁄ √(σ² + v) | by how many deviations success is expected | m |
//!
//! The chance that a trial gives a loss is Φ(z): the label is a field seen through a probit, averaged over the belief in the field
//! (Rasmussen & Williams 2006, §3.9), but it is regressed upon, not classified. Its logarithm is added to the acquisition, so that expected improvement
//! becomes expected improvement times that chance.
//!
//! Where failures look like chance there is no such field: it would keep the search away from places that only had bad luck. Each
//! label is predicted from the others (leaving one out: Rasmussen & Williams 2006, §5.4.2), and by the overall share of labels like it;
//! the sums of the logarithms of these predictions are compared.

use crate::cube::UnitPoint;
use crate::error::Error;
use crate::gp::{Features, GaussianProcess, Hyperparameters, Posterior, Prediction};
use crate::normal::log_distribution;
use crate::strategy::{FailedPoint, History, Infeasibility};

/// Variance of a label around what the place stands for: small, so that what has failed is known to fail.
const LABEL_NOISE: f64 = 1e-3;
/// The same where it is judged whether the place matters at all: much, because a border is a step, of which no smooth field is
/// rightly as sure as this one.
const JUDGED_NOISE: f64 = 0.5;
/// By so many nats, chance must explain the labels better.
const BENEFIT_OF_DOUBT: f64 = 6.0;

/// The belief about where trials fail.
#[derive(Debug)]
pub(super) struct Feasibility {
    posterior: Posterior,
}

/// Σ ln of the chances that the labels of other places give to each.
fn score_by_place(posterior: &Posterior) -> f64 {
    let Prediction { mean, variance } = posterior.leave_one_out();
    let places = posterior.losses().iter().zip(posterior.noise()).zip(mean.iter().zip(&variance));
    let score = |((label, noise), (mean, variance)): ((&f64, &f64), (&f64, &f64))| {
        // Labels of one place are merged into their mean.
        let count = LABEL_NOISE / noise;
        let z = mean / (variance + JUDGED_NOISE).sqrt();
        0.5 * count
            * ((1.0 + label) * log_distribution(z).0 + (1.0 - label) * log_distribution(-z).0)
    };
    places.map(score).sum()
}

/// The same, if each has the chance that labels like it have overall.
#[allow(clippy::cast_precision_loss, reason = "counts of trials")]
fn score_by_chance(gave: usize, failed: usize) -> f64 {
    let total = (gave + failed) as f64;
    let part = |count: usize| count as f64 * (count as f64 / total).max(f64::MIN_POSITIVE).ln();
    part(gave) + part(failed)
}

/// The failures that may lie at their places.
pub(super) fn infeasible<'a>(history: &History<'a>) -> impl Iterator<Item = &'a FailedPoint> {
    history.failures.iter().filter(|failure| failure.kind == Infeasibility::Infeasible)
}

impl Feasibility {
    /// The belief after a history with failures; `None` where these look like chance. Kernel, lengths and warps are those of the
    /// losses.
    ///
    /// They look like chance if no more trials fail than not, and if the overall share of failures predicts the labels better, by 6 nats,
    /// than the labels of the other places do, each place left out in turn.
    pub(super) fn new(
        history: &History<'_>,
        features: &Features,
        hyperparameters: &Hyperparameters,
    ) -> Result<Option<Self>, Error> {
        let gave = history.observations.iter().map(|o| (&o.point, 1.0));
        let failures: Vec<&FailedPoint> = infeasible(history).collect();
        let failed = failures.iter().map(|f| (&f.point, -1.0));
        let (points, labels): (Vec<&UnitPoint>, Vec<f64>) = gave.chain(failed).unzip();
        let of_labels = Hyperparameters {
            signal_variance: 1.0,
            noise_variance: LABEL_NOISE,
            ..hyperparameters.clone()
        };
        let process = GaussianProcess::new(features.clone(), of_labels);
        let posterior = process.condition(&points, &labels)?;
        let by_place = score_by_place(&posterior);
        let by_chance = score_by_chance(history.observations.len(), failures.len());
        let most_fail = failures.len() > history.observations.len();
        let is_place = most_fail || by_place + BENEFIT_OF_DOUBT >= by_chance;
        Ok(is_place.then_some(Self { posterior }))
    }

    /// Logarithms of the chances that trials at these points give a loss.
    pub(super) fn log_chances(&self, points: &[UnitPoint]) -> Vec<f64> {
        let prediction = self.posterior.predict(points);
        let pairs = prediction.mean.iter().zip(&prediction.variance);
        pairs
            .map(|(mean, variance)| log_distribution(mean / (LABEL_NOISE + variance).sqrt()).0)
            .collect()
    }

    /// Adds them, and their gradients, to what is there.
    pub(super) fn add_log_chances(
        &self,
        points: &[UnitPoint],
        values: &mut [f64],
        gradients: &mut [Vec<f64>],
    ) {
        let (prediction, slopes) = self.posterior.predict_with_gradients(points);
        for (i, (value, gradient)) in values.iter_mut().zip(gradients).enumerate() {
            let total = LABEL_NOISE + prediction.variance[i];
            let z = prediction.mean[i] / total.sqrt();
            let (logarithm, slope) = log_distribution(z);
            *value += logarithm;
            for (axis, component) in gradient.iter_mut().enumerate() {
                let by_mean = slopes.mean[[i, axis]] / total.sqrt();
                let by_variance = -0.5 * z * slopes.variance[[i, axis]] / total;
                *component += slope * (by_mean + by_variance);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Axis;
    use crate::rng::Rng;
    use crate::strategy::{Observation, Repetitions};

    /// Whether 40 random trials, of which some fail, leave a field of failures. Every second is at the same place, if `again`.
    fn is_place(fails: impl Fn(&[f64], &mut Rng) -> bool, again: bool, seed: u64) -> bool {
        let axes = [Axis::Continuous { resolution: 1e-7 }; 2];
        let mut rng = Rng::stream(seed, 0);
        let (mut observations, mut failures) = (Vec::new(), Vec::new());
        for trial in 1..=40 {
            let drawn = vec![rng.uniform(), rng.uniform()];
            let repeats = again && trial % 2 == 0;
            let point = UnitPoint::from(if repeats { vec![0.25, 0.75] } else { drawn });
            if fails(&point, &mut rng) {
                failures.push(FailedPoint::new(trial, point, Infeasibility::Infeasible));
            } else {
                observations.push(Observation::new(trial, point, 0.0));
            }
        }
        let history = History {
            axes: &axes,
            observations: &observations,
            pending: &[],
            failures: &failures,
            next_trial: 41,
            max_jobs: None,
            max_parallel_jobs: 1,
            repetitions: Repetitions::Never,
        };
        let hyperparameters = Hyperparameters::new(vec![0.4, 0.4], 1.0, 1e-6);
        Feasibility::new(&history, &Features::new(&axes), &hyperparameters).unwrap().is_some()
    }

    #[test]
    fn failures_by_place_are_told_from_failures_by_chance() {
        let count = |again, fails: &dyn Fn(&[f64], &mut Rng) -> bool| {
            (0..20).filter(|seed| is_place(fails, again, *seed)).count()
        };
        assert_eq!(count(false, &|point, _| point[0] > 0.7), 20, "a region");
        assert_eq!(count(false, &|point, _| point[0] > 0.3), 20, "most of the space");
        for again in [false, true] {
            let by_chance = count(again, &|_, rng| rng.uniform() < 0.2);
            assert!(by_chance < 8, "{by_chance} of 20 take chance for a place");
        }
    }
}
