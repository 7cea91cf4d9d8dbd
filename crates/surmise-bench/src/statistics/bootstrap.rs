//! How sure is a median? Bands by resampling.

use super::quantile::quantile_of_sorted;
use surmise::rng::Rng;

/// A statistic of a sample, and the band in which 95 % of its values over resamples lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Of the sample itself.
    pub middle: f64,
    /// 2.5 % of the resamples are below.
    pub low: f64,
    /// 2.5 % of the resamples are above.
    pub high: f64,
}

const RESAMPLES: usize = 1000;
/// Of all bands, so that a report is the same whenever it is made.
const SEED: u64 = 20_251_122;

/// The percentile bootstrap (Efron 1979) of a statistic of a sample: 1,000 resamples, 95 %. NaN of an empty sample.
pub fn bootstrap_band(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Band {
    if values.is_empty() {
        return Band { middle: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let mut rng = Rng::stream(SEED, values.len() as u64);
    let mut resample = vec![0.0; values.len()];
    let mut found: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            resample.iter_mut().for_each(|x| *x = values[rng.index(values.len())]);
            statistic(&resample)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    Band {
        middle: statistic(values),
        low: quantile_of_sorted(&found, 0.025),
        high: quantile_of_sorted(&found, 0.975),
    }
}
