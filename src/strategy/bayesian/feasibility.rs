//! The feasibility model, which predicts where trials fail by a Gaussian process of labels.
//!
//! The label of a trial is −1 if it failed and 1 if it gave a loss.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | labels, 1 or −1 | n |
//! | μ, v | posterior mean and variance of the latent function | m, m |
//! | σ² | variance of a label around the latent function | – |
//! | z = μ ⁄ √(σ² + v) | standardized mean | m |
//! | c | constant mean of the latent function | – |
//! | b = (min(c, 0) − ε) v | minimum mean of an acceptable point | m |
//! | d = max(0, b − μ) ⁄ √(σ² + v) | depth of a point in the infeasible region | m |
//!
//! The probability that a trial gives a loss is Φ(z): a probit of the latent function, averaged
//! over its posterior (Rasmussen & Williams 2006, §3.9). The latent function is fitted by
//! regression, not by classification. ln Φ(z) is added to the acquisition value. For a logarithmic
//! one, expected improvement is thus multiplied by the probability of success.
//!
//! The probability alone is not enough. Inside the infeasible region, the logarithm of the expected
//! improvement can be larger by hundreds than outside. Therefore λ d² is subtracted. Proposals then
//! lie at most at the border of the region, as long as there are other points. b is 0 where the
//! latent function is known, and below c where it is not. The penalty is smooth, so that a local
//! search ends at the border.
//!
//! If failures look random, there is no feasibility model, because it would keep the search away
//! from promising points. To decide, each label is predicted in two ways: from the other labels
//! (leave-one-out: Rasmussen & Williams 2006, §5.4.2), and by the share of trials with this label.
//! The sums of the log probabilities are compared.

use crate::error::Error;
use crate::gp::{
    self, Assumptions, Features, GaussianProcess, Hyperparameters, Noise, Posterior, Prediction,
    Start,
};
use crate::normal::log_cdf;
use crate::strategy::contract::{FailedPoint, History, Infeasibility};
use crate::unit_cube::UnitPoint;

/// Variance σ² of a label; it is small, so that a point that has failed once is predicted to fail.
const LABEL_NOISE: f64 = 1e-3;
/// Variance of a label in the comparison with random failures.
///
/// It is large, because a border is a step, near which a smooth latent function is too certain.
const COMPARISON_NOISE: f64 = 0.5;
/// Factor λ of the penalty.
const DEPTH_PENALTY: f64 = 1e8;
/// The constant ε, which keeps points far from all trials acceptable.
const SLACK: f64 = 0.03;
/// Margin of the comparison for up to 10 labels, in nats, in favor of the feasibility model.
const INITIAL_MARGIN: f64 = 3.0;
/// Decrease of the margin per further label, in nats.
const MARGIN_DECREASE: f64 = 0.15;
/// Minimum margin, in nats; being negative, it is in favor of random failures.
const FINAL_MARGIN: f64 = -2.0;
/// Maximum number of labels that length scales are fitted to; those of the last trials are used.
const MAX_FITTED: usize = 200;

/// Fits a process to the labels.
///
/// Its length scales differ from those of the losses, because other parameters may cause failures.
fn fit_process(
    features: &Features,
    points: &[&UnitPoint],
    labels: &[f64],
    loss_hyperparameters: &Hyperparameters,
) -> GaussianProcess {
    let first = points.len().saturating_sub(MAX_FITTED);
    let assumptions = Assumptions {
        kernel: loss_hyperparameters.kernel,
        noise: Noise::Present,
        warping: false,
        priors: true,
    };
    let (points, labels) = (&points[first..], &labels[first..]);
    let start = Start::Both(loss_hyperparameters);
    let fit = gp::fit(features, points, labels, assumptions, start);
    let hyperparameters = Hyperparameters {
        signal_variance: 1.0,
        noise_variance: LABEL_NOISE,
        ..fit.process.hyperparameters().clone()
    };
    GaussianProcess::new(features.clone(), hyperparameters)
}

/// The feasibility model: the posterior of the latent function of the labels.
#[derive(Debug)]
pub(super) struct FeasibilityModel {
    posterior: Posterior,
}

/// Returns the sum of the leave-one-out log probabilities of the labels.
fn log_score_of_model(posterior: &Posterior) -> f64 {
    let Prediction { mean, variance } = posterior.leave_one_out();
    let labels = posterior.losses().iter().zip(posterior.noise()).zip(mean.iter().zip(&variance));
    let score = |((label, noise), (mean, variance)): ((&f64, &f64), (&f64, &f64))| {
        // Labels at the same point are merged into their mean.
        let count = LABEL_NOISE / noise;
        let z = mean / (variance + COMPARISON_NOISE).sqrt();
        0.5 * count * ((1.0 + label) * log_cdf(z).0 + (1.0 - label) * log_cdf(-z).0)
    };
    labels.map(score).sum()
}

/// Returns the sum of the log probabilities of the labels if failures were random.
#[allow(clippy::cast_precision_loss, reason = "counts of trials")]
fn log_score_of_shares(succeeded: usize, failed: usize) -> f64 {
    let total = (succeeded + failed) as f64;
    let log_score =
        |count: usize| count as f64 * (count as f64 / total).max(f64::MIN_POSITIVE).ln();
    log_score(succeeded) + log_score(failed)
}

/// Returns the failures that the configuration may have caused.
pub(super) fn infeasible<'a>(history: &History<'a>) -> impl Iterator<Item = &'a FailedPoint> {
    history.failures.iter().filter(|failure| failure.kind == Infeasibility::Infeasible)
}

impl FeasibilityModel {
    /// Fits the model to a history with failures; `None` if the failures look random.
    ///
    /// `hyperparameters` are those of the losses. The model has the same kernel, and one of the
    /// starts of its fit has their length scales. Pending trials have their expected labels;
    /// otherwise parallel jobs would all enter an infeasible region at once.
    ///
    /// Failures look random if at most half of the trials fail. In addition, the share of failures
    /// must predict the labels better than the model by a margin. The margin is 3 nats at first,
    /// and decreases to −2 nats: then the model must be better by 2 nats.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the covariance of the labels cannot be factored.
    pub(super) fn new(
        history: &History<'_>,
        features: &Features,
        hyperparameters: &Hyperparameters,
    ) -> Result<Option<Self>, Error> {
        let succeeded = history.observations.iter().map(|o| (&o.point, 1.0));
        let failures: Vec<&FailedPoint> = infeasible(history).collect();
        let failed = failures.iter().map(|f| (&f.point, -1.0));
        let (points, labels): (Vec<&UnitPoint>, Vec<f64>) = succeeded.chain(failed).unzip();
        let process = fit_process(features, &points, &labels, hyperparameters);
        let mut posterior = process.condition(&points, &labels)?;
        let model_score = log_score_of_model(&posterior);
        let share_score = log_score_of_shares(history.observations.len(), failures.len());
        let has_majority_failed = failures.len() > history.observations.len();
        #[allow(clippy::cast_precision_loss, reason = "a count of trials")]
        let further_labels = points.len().saturating_sub(10) as f64;
        let margin = (INITIAL_MARGIN - MARGIN_DECREASE * further_labels).max(FINAL_MARGIN);
        if !has_majority_failed && model_score + margin < share_score {
            return Ok(None);
        }
        let pending: Vec<&UnitPoint> = history.pending.iter().map(|p| &p.point).collect();
        posterior.impute_expected(&pending)?;
        Ok(Some(Self { posterior }))
    }

    /// Returns the log probabilities that trials at these points give a loss, less λ d².
    pub(super) fn log_probabilities(&self, points: &[UnitPoint]) -> Vec<f64> {
        let prediction = self.posterior.predict(points);
        let pairs = prediction.mean.iter().zip(&prediction.variance);
        pairs.map(|(mean, variance)| self.log_probability(*mean, *variance).value).collect()
    }

    /// Adds the log probabilities and their gradients to existing values and gradients.
    pub(super) fn add_log_probabilities(
        &self,
        points: &[UnitPoint],
        values: &mut [f64],
        gradients: &mut [Vec<f64>],
    ) {
        let (prediction, prediction_gradients) = self.posterior.predict_with_gradients(points);
        for (i, (value, gradient)) in values.iter_mut().zip(gradients).enumerate() {
            let log = self.log_probability(prediction.mean[i], prediction.variance[i]);
            *value += log.value;
            for (axis, component) in gradient.iter_mut().enumerate() {
                *component += log.mean_derivative * prediction_gradients.mean[[i, axis]]
                    + log.variance_derivative * prediction_gradients.variance[[i, axis]];
            }
        }
    }

    /// Returns ln Φ(z) − λ d² and its derivatives.
    fn log_probability(&self, mean: f64, variance: f64) -> LogProbability {
        let total = LABEL_NOISE + variance;
        let z = mean / total.sqrt();
        let (logarithm, derivative) = log_cdf(z);
        let bound = self.posterior.mean().min(0.0) - SLACK;
        let depth = ((bound * variance - mean) / total.sqrt()).max(0.0);
        let penalty_derivative = -2.0 * DEPTH_PENALTY * depth;
        LogProbability {
            value: logarithm - DEPTH_PENALTY * depth * depth,
            mean_derivative: (derivative - penalty_derivative) / total.sqrt(),
            variance_derivative: -0.5 * derivative * z / total
                + penalty_derivative * (bound / total.sqrt() - 0.5 * depth / total),
        }
    }
}

/// The value ln Φ(z) − λ d², and its derivatives.
///
/// The derivatives are with respect to the mean and the variance of the latent function.
struct LogProbability {
    value: f64,
    mean_derivative: f64,
    variance_derivative: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::strategy::{Observation, Repetitions};
    use crate::trial_id::TrialId;
    use crate::unit_cube::Axis;

    /// Returns `true` if 40 random trials, of which some fail, give a feasibility model.
    ///
    /// With `repeats`, every second trial is at the same point.
    fn has_model(fails: impl Fn(&[f64], &mut Rng) -> bool, repeats: bool, seed: u64) -> bool {
        let axes = [Axis::Continuous { resolution: 1e-7 }; 2];
        let mut rng = Rng::stream(seed, 0);
        let (mut observations, mut failures) = (Vec::new(), Vec::new());
        for trial in 1..=40 {
            let drawn = vec![rng.uniform(), rng.uniform()];
            let is_repeated = repeats && trial % 2 == 0;
            let point = UnitPoint::from(if is_repeated { vec![0.25, 0.75] } else { drawn });
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
        FeasibilityModel::new(&history, &Features::new(&axes), &hyperparameters).unwrap().is_some()
    }

    #[test]
    fn failures_in_a_region_are_distinguished_from_random_failures() {
        let count = |repeats, fails: &dyn Fn(&[f64], &mut Rng) -> bool| {
            (0..20).filter(|seed| has_model(fails, repeats, *seed)).count()
        };
        assert_eq!(count(false, &|point, _| point[0] > 0.7), 20, "a region");
        assert_eq!(count(false, &|point, _| point[0] > 0.3), 20, "most of the space");
        for repeats in [false, true] {
            let random = count(repeats, &|_, rng| rng.uniform() < 0.2);
            assert!(random < 8, "{random} of 20 model random failures");
        }
    }
}
