//! Where trials fail: a Gaussian process of the labels −1 (failed) and 1 (gave a loss).
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | labels, 1 or −1 | n |
//! | μ, v | mean and variance of the label's field | m, m |
//! | σ² | variance of a label around the field | – |
//! | z = μ ⁄ √(σ² + v) | by how many deviations success is expected | m |
//! | c | mean of the field where nothing is known | – |
//! | b = (min(c, 0) − ε) v | the least mean that may be asked for: 0 where the field is known, below c where it is not | m |
//! | d = max(0, b − μ) ⁄ √(σ² + v) | how deep a place lies in what is known to fail | m |
//!
//! The chance that a trial gives a loss is Φ(z): the label is a field seen through a probit, averaged over the belief in the field
//! (Rasmussen & Williams 2006, §3.9), but it is regressed upon, not classified. Its logarithm is added to the acquisition, so that expected improvement
//! becomes expected improvement times that chance.
//!
//! A chance is not enough where the field is known: an improvement that is expected behind the border of what fails may be greater than any
//! other by hundreds in its logarithm, and is never had. So λ d² is taken off: what is asked for lies at most at the border, as long as there
//! is anything else. (Smooth, so that a climb ends at the border rather than before a step.)
//!
//! Where failures look like chance there is no such field: it would keep the search away from places that only had bad luck. Each
//! label is predicted from the others (leaving one out: Rasmussen & Williams 2006, §5.4.2), and by the overall share of labels like it;
//! the sums of the logarithms of these predictions are compared.

use crate::cube::UnitPoint;
use crate::error::Error;
use crate::gp::{
    self, Assumptions, Features, GaussianProcess, Hyperparameters, Noise, Posterior, Prediction,
    Start,
};
use crate::normal::log_distribution;
use crate::strategy::contract::{FailedPoint, History, Infeasibility};

/// Variance of a label around what the place stands for: small, so that what has failed is known to fail.
const LABEL_NOISE: f64 = 1e-3;
/// The same where it is judged whether the place matters at all: much, because a border is a step, of which no smooth field is
/// rightly as sure as this one.
const JUDGED_NOISE: f64 = 0.5;
/// λ.
const DEPTH_PENALTY: f64 = 1e8;
/// ε: how much less than elsewhere may be expected where nothing is known.
const SLACK: f64 = 0.03;
/// By so many nats, chance must explain 10 labels better; by that much less each further one, until places must explain them better.
const BENEFIT_OF_DOUBT: f64 = 3.0;
const LESS_EACH: f64 = 0.15;
const PROOF: f64 = 2.0;
/// The field is fitted to so many labels, those of the last trials.
const MOST_FITTED: usize = 200;

/// A field of the labels with length scales of its own: which parameters decide where trials fail is another question than which of them
/// the losses depend on.
fn field(
    features: &Features,
    points: &[&UnitPoint],
    labels: &[f64],
    of_losses: &Hyperparameters,
) -> GaussianProcess {
    let first = points.len().saturating_sub(MOST_FITTED);
    let assumptions = Assumptions {
        kernel: of_losses.kernel,
        noise: Noise::Present,
        warping: false,
        priors: true,
    };
    let (points, labels) = (&points[first..], &labels[first..]);
    let fit = gp::fit(features, points, labels, assumptions, Start::Both(of_losses));
    let of_labels = Hyperparameters {
        signal_variance: 1.0,
        noise_variance: LABEL_NOISE,
        ..fit.process.hyperparameters().clone()
    };
    GaussianProcess::new(features.clone(), of_labels)
}

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
    /// The belief after a history with failures; `None` where these look like chance. The kernel is that of the losses, and
    /// its lengths are one of two starts of the fit. Pending trials are believed to come out as expected, or many workers would go behind a border at once.
    ///
    /// They look like chance if no more trials fail than not, and if the overall share of failures predicts the labels better, by 3 nats at first and
    /// less later, than the labels of the other places do, each place left out in turn.
    pub(super) fn new(
        history: &History<'_>,
        features: &Features,
        hyperparameters: &Hyperparameters,
    ) -> Result<Option<Self>, Error> {
        let gave = history.observations.iter().map(|o| (&o.point, 1.0));
        let failures: Vec<&FailedPoint> = infeasible(history).collect();
        let failed = failures.iter().map(|f| (&f.point, -1.0));
        let (points, labels): (Vec<&UnitPoint>, Vec<f64>) = gave.chain(failed).unzip();
        let process = field(features, &points, &labels, hyperparameters);
        let posterior = process.condition(&points, &labels)?;
        let by_place = score_by_place(&posterior);
        let by_chance = score_by_chance(history.observations.len(), failures.len());
        let most_fail = failures.len() > history.observations.len();
        #[allow(clippy::cast_precision_loss, reason = "a count of trials")]
        let further = points.len().saturating_sub(10) as f64;
        let benefit = (BENEFIT_OF_DOUBT - LESS_EACH * further).max(-PROOF);
        if !most_fail && by_place + benefit < by_chance {
            return Ok(None);
        }
        let mut posterior = posterior;
        let pending: Vec<&UnitPoint> = history.pending.iter().map(|p| &p.point).collect();
        posterior.believe(&pending)?;
        Ok(Some(Self { posterior }))
    }

    /// Logarithms of the chances that trials at these points give a loss, less λ d².
    pub(super) fn log_chances(&self, points: &[UnitPoint]) -> Vec<f64> {
        let prediction = self.posterior.predict(points);
        let pairs = prediction.mean.iter().zip(&prediction.variance);
        pairs.map(|(mean, variance)| self.chance(*mean, *variance).value).collect()
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
            let chance = self.chance(prediction.mean[i], prediction.variance[i]);
            *value += chance.value;
            for (axis, component) in gradient.iter_mut().enumerate() {
                *component += chance.by_mean * slopes.mean[[i, axis]]
                    + chance.by_variance * slopes.variance[[i, axis]];
            }
        }
    }

    /// ln Φ(z) − λ d² and its slopes.
    fn chance(&self, mean: f64, variance: f64) -> Chance {
        let total = LABEL_NOISE + variance;
        let z = mean / total.sqrt();
        let (logarithm, slope) = log_distribution(z);
        let bound = self.posterior.mean().min(0.0) - SLACK;
        let depth = ((bound * variance - mean) / total.sqrt()).max(0.0);
        let steep = -2.0 * DEPTH_PENALTY * depth;
        Chance {
            value: logarithm - DEPTH_PENALTY * depth * depth,
            by_mean: (slope - steep) / total.sqrt(),
            by_variance: -0.5 * slope * z / total
                + steep * (bound / total.sqrt() - 0.5 * depth / total),
        }
    }
}

/// A value and its slopes by the mean and the variance of the field.
struct Chance {
    value: f64,
    by_mean: f64,
    by_variance: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Axis;
    use crate::rng::Rng;
    use crate::strategy::{Observation, Repetitions};
    use crate::trial_id::TrialId;

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
                failures.push(FailedPoint::new(TrialId(trial), point, Infeasibility::Infeasible));
            } else {
                observations.push(Observation::new(TrialId(trial), point, 0.0));
            }
        }
        let history = History {
            axes: &axes,
            observations: &observations,
            pending: &[],
            failures: &failures,
            next_trial: TrialId(41),
            max_jobs: None,
            max_parallel_jobs: 1,
            repetitions: Repetitions::Never,
            index: None,
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
