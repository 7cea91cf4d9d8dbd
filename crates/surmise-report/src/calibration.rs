//! Whether the surrogate can be trusted: each value as it is expected from the others alone.

use serde::Serialize;
use surmise::TrialId;
use surmise::gp::Posterior;

use crate::numbers::to_float;
use crate::surrogate::{NORMAL_975, Predicted, Surrogate};

/// Shares of a normal distribution, and how many standard deviations around the mean hold them.
const LEVELS: [(f64, f64); 3] =
    [(0.5, 0.674_489_750_196_081_7), (0.8, 1.281_551_565_544_600_4), (0.95, NORMAL_975)];

/// How well the surrogate expects what it has not seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Calibration {
    /// Each value that the surrogate is made of, in the order of trials.
    pub left_out: Vec<LeftOut>,
    /// How many values lie in intervals that should hold so many.
    pub coverage: Vec<Coverage>,
    /// The share of the variance of the transformed values that is expected from the others: 1 is perfect, 0 or less is no better than their
    /// mean.
    pub explained: f64,
}

/// A value, and what the other values say of it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The trial.
    pub trial: TrialId,
    /// Its value.
    pub value: f64,
    /// What is expected of it from the others, noise included.
    pub predicted: Predicted,
    /// How many standard deviations the transformed value lies above what is expected. Of a calibrated surrogate, these are like draws from the
    /// standard normal distribution.
    pub standardized: f64,
}

/// How many values lie in intervals that should hold so many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// The share that should.
    pub wanted: f64,
    /// The share that does.
    pub observed: f64,
}

impl Surrogate {
    /// Leave-one-out predictions of all values, with hyperparameters that are fitted to all (Rasmussen & Williams 2006, section 5.4.2).
    pub fn calibration(&self) -> Calibration {
        let expected = self.posterior.leave_one_out();
        let losses = self.posterior.losses();
        // Measurements of the same place are merged: the first of them stands for all.
        let mut seen = std::collections::HashSet::new();
        let place = |point: &[f64]| point.iter().map(|u| (u + 0.0).to_bits()).collect::<Vec<u64>>();
        let first = self.data.iter().filter(|datum| seen.insert(place(&datum.point)));
        let left_out: Vec<LeftOut> = first
            .zip(losses.iter().zip(expected.mean.iter().zip(&expected.variance)))
            .map(|(datum, (loss, (mean, variance)))| {
                let deviation = variance.sqrt();
                LeftOut {
                    trial: datum.trial,
                    value: self.value(*loss),
                    predicted: self.predicted(*mean, deviation),
                    standardized: (loss - mean) / deviation,
                }
            })
            .collect();
        let count = to_float(losses.len());
        let coverage = LEVELS.map(|(wanted, width)| {
            let inside = left_out.iter().filter(|one| one.standardized.abs() <= width).count();
            Coverage { wanted, observed: to_float(inside) / count }
        });
        let explained = explained_by(&self.posterior);
        Calibration { left_out, coverage: coverage.to_vec(), explained }
    }
}

/// The share of the variance of the losses that is expected from the others; below 0 if that is worse than their mean.
pub(crate) fn explained_by(posterior: &Posterior) -> f64 {
    let losses = posterior.losses();
    let centre = losses.sum() / to_float(losses.len());
    let spread: f64 = losses.iter().map(|loss| (loss - centre).powi(2)).sum();
    let expected = posterior.leave_one_out().mean;
    let missed: f64 = losses.iter().zip(&expected).map(|(loss, mean)| (loss - mean).powi(2)).sum();
    if spread > 0.0 { 1.0 - missed / spread } else { 0.0 }
}
