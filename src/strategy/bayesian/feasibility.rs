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

use crate::cube::UnitPoint;
use crate::error::Error;
use crate::gp::{Features, GaussianProcess, Hyperparameters, Posterior};
use crate::normal::log_distribution;
use crate::strategy::History;

/// What failures may be: a matter of the place, or of chance. Whichever makes the labels (±1) more probable is believed, so that a
/// region that fails is known to, and a trial that fails by chance leaves no mark on its place.
const CAUSES: [Cause; 3] = [
    // Little noise: what has failed is known to fail.
    Cause { signal_variance: 1.0, noise_variance: 1e-3, reach: 1.0 },
    // The border may be sharper than anything else about the losses.
    Cause { signal_variance: 1.0, noise_variance: 1e-3, reach: 0.5 },
    Cause { signal_variance: 1e-3, noise_variance: 0.5, reach: 1.0 },
];

#[derive(Debug, Clone, Copy)]
struct Cause {
    signal_variance: f64,
    noise_variance: f64,
    /// Length scales, as a share of those of the losses.
    reach: f64,
}

/// The belief about where trials fail.
#[derive(Debug)]
pub(super) struct Feasibility {
    posterior: Posterior,
    /// σ².
    noise_variance: f64,
}

impl Feasibility {
    /// The belief after a history. Kernel, lengths and warps are those of the losses.
    pub(super) fn new(
        history: &History<'_>,
        features: &Features,
        hyperparameters: &Hyperparameters,
    ) -> Result<Self, Error> {
        let gave = history.observations.iter().map(|o| (&o.point, 1.0));
        let failed = history.failures.iter().map(|f| (&f.point, -1.0));
        let (points, labels): (Vec<&UnitPoint>, Vec<f64>) = gave.chain(failed).unzip();
        let condition = |Cause { signal_variance, noise_variance, reach }| {
            let length_scales = hyperparameters.length_scales.iter().map(|l| reach * l).collect();
            let of_labels = Hyperparameters {
                signal_variance,
                noise_variance,
                length_scales,
                ..hyperparameters.clone()
            };
            GaussianProcess::new(features.clone(), of_labels).condition(&points, &labels)
        };
        let mut best: Option<Posterior> = None;
        for cause in CAUSES {
            let posterior = condition(cause)?;
            let evidence = posterior.log_likelihood();
            if best.as_ref().is_none_or(|best| evidence > best.log_likelihood()) {
                best = Some(posterior);
            }
        }
        let posterior = best.expect("there is a cause");
        let noise_variance = posterior.process().hyperparameters().noise_variance;
        Ok(Self { posterior, noise_variance })
    }

    /// Logarithms of the chances that trials at these points give a loss.
    pub(super) fn log_chances(&self, points: &[UnitPoint]) -> Vec<f64> {
        let prediction = self.posterior.predict(points);
        let pairs = prediction.mean.iter().zip(&prediction.variance);
        pairs
            .map(|(mean, variance)| {
                log_distribution(mean / (self.noise_variance + variance).sqrt()).0
            })
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
            let total = self.noise_variance + prediction.variance[i];
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
