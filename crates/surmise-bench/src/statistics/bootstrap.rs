//! Confidence intervals of a statistic, by the bootstrap.

use super::quantile::quantile_of_sorted;
use surmise::rng::Rng;

/// A statistic of a sample, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The statistic of the sample itself.
    pub estimate: f64,
    /// The lower end of the interval; NaN if the sample is too small for one.
    pub low: f64,
    /// The upper end of the interval; NaN if the sample is too small for one.
    pub high: f64,
}

impl Band {
    /// Applies an increasing function to all three numbers, such as a power of 10.
    #[must_use]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self {
            estimate: function(self.estimate),
            low: function(self.low),
            high: function(self.high),
        }
    }

    fn of(estimate: f64, mut resampled: Vec<f64>) -> Self {
        resampled.sort_by(f64::total_cmp);
        Self {
            estimate,
            low: quantile_of_sorted(&resampled, 0.025),
            high: quantile_of_sorted(&resampled, 0.975),
        }
    }
}

const RESAMPLES: usize = 1000;
/// The seed of all resamples, so that a report is reproducible.
const SEED: u64 = 20_251_122;

/// Computes the 95 % percentile bootstrap interval (Efron 1979) of a statistic; 1,000 resamples.
///
/// All numbers are NaN for an empty sample.
pub fn bootstrap_band(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Band {
    if values.is_empty() {
        return Band { estimate: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let mut rng = Rng::stream(SEED, values.len() as u64);
    let mut resample = vec![0.0; values.len()];
    let statistics = (0..RESAMPLES)
        .map(|_| {
            resample.iter_mut().for_each(|x| *x = values[rng.index(values.len())]);
            statistic(&resample)
        })
        .collect();
    Band::of(statistic(values), statistics)
}
