//! What a trial is worth: functions of the believed mean and deviation of its loss, with slopes.
//!
//! An acquisition knows no points and no gradients by coordinates; the chain rule is applied once, by the strategy that
//! holds the posterior. All quantities are transformed losses: smaller is better.

use std::fmt::Debug;

use crate::normal::{density, log_improvement};

/// The worth of a trial and its slopes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Larger is better. On a logarithmic scale: where trials fail, the logarithm of the chance of success is added.
    pub value: f64,
    /// Derivative by the believed mean.
    pub slope_mean: f64,
    /// Derivative by the believed deviation.
    pub slope_deviation: f64,
}

/// Says what a trial is worth whose loss is believed to be normal.
pub trait Acquisition: Debug + Send + Sync {
    /// The worth where the loss has this `mean` and `deviation` (above 0), and the best loss so far is `incumbent`.
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth;
}

/// The logarithm of the expected improvement over the incumbent: ln E[max(f* − f, 0)] = ln σ + ln h((f* − μ) ⁄ σ).
///
/// Never underflows, so that its gradient leads a search from anywhere (Ament et al. 2023, "Unexpected improvements to
/// expected improvement for Bayesian optimization"; evaluated as [`crate::normal::log_improvement`] explains).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogExpectedImprovement;

impl Acquisition for LogExpectedImprovement {
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth {
        let u = (incumbent - mean) / deviation;
        let (logarithm, slope) = log_improvement(u);
        // φ ⁄ h = 1 − u Φ ⁄ h, whichever of the two loses no digits.
        let spread = if u < 0.0 { 1.0 - u * slope } else { density(u) / logarithm.exp() };
        Worth {
            value: deviation.ln() + logarithm,
            slope_mean: -slope / deviation,
            slope_deviation: spread / deviation,
        }
    }
}

// A trait that users implement must stay usable behind a pointer.
const _: Option<&dyn Acquisition> = None;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm_of_expected_improvement() {
        for (mean, deviation, incumbent) in [(0.3, 0.5, 0.0), (-1.0, 2.0, 0.5), (0.0, 0.1, 0.2)] {
            // By the midpoint rule over the density.
            let steps = 200_000;
            let width = 20.0 / f64::from(steps);
            let expected: f64 = (0..steps)
                .map(|i| -10.0 + width * (f64::from(i) + 0.5))
                .map(|z| (incumbent - mean - deviation * z).max(0.0) * crate::normal::density(z))
                .sum::<f64>()
                * width;
            let got = LogExpectedImprovement.worth(mean, deviation, incumbent).value;
            assert!((got - expected.ln()).abs() < 1e-8, "{got} {}", expected.ln());
        }
    }

    #[test]
    fn slopes_are_central_differences_and_have_the_right_sign() {
        for (mean, deviation) in [(0.0, 1.0), (3.0, 0.5), (-2.0, 0.2), (30.0, 0.7)] {
            let worth = |mean, deviation| LogExpectedImprovement.worth(mean, deviation, 0.1);
            let Worth { slope_mean, slope_deviation, .. } = worth(mean, deviation);
            let step = 1e-6;
            let by_mean =
                (worth(mean + step, deviation).value - worth(mean - step, deviation).value) / 2e-6;
            let by_deviation =
                (worth(mean, deviation + step).value - worth(mean, deviation - step).value) / 2e-6;
            assert!((slope_mean - by_mean).abs() < 1e-5 * by_mean.abs().max(1.0));
            assert!((slope_deviation - by_deviation).abs() < 1e-5 * by_deviation.abs().max(1.0));
            assert!(slope_mean < 0.0 && slope_deviation > 0.0);
        }
    }
}
