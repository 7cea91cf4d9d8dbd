//! Calibration: the errors of the surrogate's leave-one-out predictions.

use serde::Serialize;
use surmise::TrialId;
use surmise::gp::Posterior;

use crate::numbers::to_float;
use crate::surrogate::{NORMAL_975, PredictionInterval, Surrogate};

/// Probabilities, and the half-widths of their central normal intervals in standard deviations.
const LEVELS: [(f64, f64); 3] =
    [(0.5, 0.674_489_750_196_081_7), (0.8, 1.281_551_565_544_600_4), (0.95, NORMAL_975)];

/// The quality of the surrogate's predictions of values that it has not seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Calibration {
    /// The leave-one-out prediction of each value, in the order of trials.
    pub predictions: Vec<LeaveOneOutPrediction>,
    /// The coverage of the 50 %, 80 % and 95 % intervals.
    pub coverage: Vec<Coverage>,
    /// The share of the variance of the transformed values that the leave-one-out predictions
    /// explain.
    ///
    /// 1 is perfect; 0 or less is no better than the mean.
    pub explained_variance: f64,
}

/// A value, and its prediction from all other values.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LeaveOneOutPrediction {
    /// The trial with the value.
    pub trial: TrialId,
    /// The measured value of the trial.
    pub value: f64,
    /// The prediction from all other values, with noise.
    pub predicted: PredictionInterval,
    /// The standardized residual of the transformed loss, in standard deviations of the prediction.
    ///
    /// The residuals of a calibrated surrogate have a standard normal distribution.
    pub standardized: f64,
}

/// The coverage of prediction intervals: the share of the values that they contain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// The nominal share, such as 0.95.
    #[serde(rename = "wanted")]
    pub nominal: f64,
    /// The observed share of the values.
    pub observed: f64,
}

impl Surrogate {
    /// Predicts each value from all other values (Rasmussen & Williams 2006, section 5.4.2).
    ///
    /// The hyperparameters are fitted to all values.
    pub fn calibration(&self) -> Calibration {
        let left_out = self.posterior.leave_one_out();
        let losses = self.posterior.losses();
        // The posterior merges measurements of one configuration; the first trial represents them.
        let mut seen = std::collections::HashSet::new();
        let key = |point: &[f64]| point.iter().map(|u| (u + 0.0).to_bits()).collect::<Vec<u64>>();
        let distinct = self.data.iter().filter(|observation| seen.insert(key(&observation.point)));
        let predictions: Vec<LeaveOneOutPrediction> = distinct
            .zip(losses.iter().zip(left_out.mean.iter().zip(&left_out.variance)))
            .map(|(observation, (loss, (mean, variance)))| {
                let std_dev = variance.sqrt();
                LeaveOneOutPrediction {
                    trial: observation.trial,
                    value: self.value(*loss),
                    predicted: self.prediction_interval(*mean, std_dev),
                    standardized: (loss - mean) / std_dev,
                }
            })
            .collect();
        let count = to_float(losses.len());
        let coverage = LEVELS.map(|(nominal, half_width)| {
            let is_inside =
                |prediction: &&LeaveOneOutPrediction| prediction.standardized.abs() <= half_width;
            let inside = predictions.iter().filter(is_inside).count();
            Coverage { nominal, observed: to_float(inside) / count }
        });
        let explained_variance = explained_variance(&self.posterior);
        Calibration { predictions, coverage: coverage.to_vec(), explained_variance }
    }
}

/// Returns the share of the losses' variance that leave-one-out predictions explain.
///
/// It is below 0 if the predictions are worse than the mean.
pub(crate) fn explained_variance(posterior: &Posterior) -> f64 {
    let losses = posterior.losses();
    let mean_loss = losses.sum() / to_float(losses.len());
    let total_squares: f64 = losses.iter().map(|loss| (loss - mean_loss).powi(2)).sum();
    let expected = posterior.leave_one_out().mean;
    let residual_squares: f64 =
        losses.iter().zip(&expected).map(|(loss, mean)| (loss - mean).powi(2)).sum();
    if total_squares > 0.0 { 1.0 - residual_squares / total_squares } else { 0.0 }
}
