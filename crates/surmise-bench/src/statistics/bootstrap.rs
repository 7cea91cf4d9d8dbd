//! Confidence intervals of a statistic, by the bootstrap.

use super::quantile::{mean, quantile_of_sorted};
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

/// Computes the mean over problems, with its 95 % interval by a two-level bootstrap; 1,000
/// resamples.
///
/// `problems` has a list of cases for each problem, and a list of values for each case, one for
/// each seed. The mean is that of the problems' means, which are those of their cases' means. A
/// resample draws problems, and within each case seeds. A single problem is kept, and only its
/// seeds are drawn. All numbers are NaN if there is no problem, or a case without a seed.
pub fn bootstrap_mean_over_problems(problems: &[Vec<Vec<f64>>]) -> Band {
    let mean_of = |cases: &Vec<Vec<f64>>, case_mean: &mut dyn FnMut(&[f64]) -> f64| {
        mean(&cases.iter().map(|case| case_mean(case)).collect::<Vec<f64>>())
    };
    let plain: Vec<f64> = problems.iter().map(|cases| mean_of(cases, &mut |v| mean(v))).collect();
    let estimate = mean(&plain);
    if problems.is_empty() || estimate.is_nan() {
        return Band { estimate: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let mut rng = Rng::stream(SEED, problems.len() as u64);
    let resampled = (0..RESAMPLES).map(|_| {
        let drawn: Vec<f64> = (0..problems.len())
            .map(|_| {
                let problem = &problems[rng.index(problems.len())];
                mean_of(problem, &mut |values| {
                    #[allow(clippy::cast_precision_loss, reason = "a number of seeds")]
                    let count = values.len() as f64;
                    let sum: f64 = values.iter().map(|_| values[rng.index(values.len())]).sum();
                    sum / count
                })
            })
            .collect();
        mean(&drawn)
    });
    Band::of(estimate, resampled.collect())
}
