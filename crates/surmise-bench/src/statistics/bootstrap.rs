//! Confidence intervals of a statistic, by the bootstrap.

use super::quantile::quantile_of_sorted;
use surmise::rng::Rng;

/// A statistic of a sample, with a 95 % confidence interval from resamples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The statistic of the sample itself.
    pub estimate: f64,
    /// The 2.5 % quantile over the resamples.
    pub low: f64,
    /// The 97.5 % quantile over the resamples.
    pub high: f64,
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
    let mut statistics: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            resample.iter_mut().for_each(|x| *x = values[rng.index(values.len())]);
            statistic(&resample)
        })
        .collect();
    statistics.sort_by(f64::total_cmp);
    Band {
        estimate: statistic(values),
        low: quantile_of_sorted(&statistics, 0.025),
        high: quantile_of_sorted(&statistics, 0.975),
    }
}
