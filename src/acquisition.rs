//! What a trial is worth: functions of the believed mean and deviation of its loss, with slopes.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | μ, σ | mean and deviation of the belief in the loss of a trial, as transformed losses |
//! | f* | the incumbent: the best loss so far, as the strategy sees it |
//! | u = (f* − μ) ⁄ σ | by how many deviations the trial is expected to be better |
//! | φ, Φ, h(u) = φ(u) + u Φ(u) | [`log_distribution`], [`log_improvement`] |
//!
//! Expected improvement (Mockus 1974; Jones, Schonlau & Welch 1998, eq. 15) is E\[max(f* − f, 0)\] = σ h(u). Of its logarithm,
//! the slopes are −(Φ ⁄ h) ⁄ σ by μ, and (φ ⁄ h) ⁄ σ by σ.
//!
//! An acquisition knows no points and no gradients by coordinates; the chain rule is applied once, by the strategy that
//! holds the posterior. All quantities are transformed losses: smaller is better.

use std::fmt::Debug;

use crate::description::Description;
use crate::error::{Error, Violation};
use crate::normal::density;
pub use crate::normal::{log_distribution, log_improvement};

const LOG_EXPECTED_IMPROVEMENT: &str = "log_expected_improvement";
const LOG_PROBABILITY: &str = "log_probability_of_improvement";
const UPPER_CONFIDENCE_BOUND: &str = "upper_confidence_bound";

/// The worth of a trial and its slopes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Larger is better. Where trials fail, the logarithm of the chance of success is added.
    pub value: f64,
    /// Derivative by the believed mean.
    pub slope_mean: f64,
    /// Derivative by the believed deviation.
    pub slope_deviation: f64,
}

/// Says what a trial is worth whose loss is believed to be normal.
///
/// ```
/// use surmise::acquisition::Worth;
/// use surmise::acquisition::log_distribution;
/// use surmise::{Acquisition, BayesianOptimization};
///
/// /// The logarithm of the probability of an improvement by at least `least`, in transformed losses.
/// #[derive(Debug)]
/// struct RealImprovement {
///     least: f64,
/// }
///
/// impl Acquisition for RealImprovement {
///     fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth {
///         let u = (incumbent - self.least - mean) / deviation;
///         let (value, slope) = log_distribution(u);
///         Worth { value, slope_mean: -slope / deviation, slope_deviation: -slope * u / deviation }
///     }
/// }
///
/// surmise::conformance::check_acquisition(&RealImprovement { least: 0.1 }).unwrap();
/// let strategy = BayesianOptimization::new(RealImprovement { least: 0.1 });
/// ```
///
/// The worth is a number or −∞, and a function of the three arguments alone; to expect less loss is never worth less; where
/// the worth is finite its slopes are, and where it is smooth they are its derivatives. This is what
/// [`check_acquisition`](crate::conformance::check_acquisition) checks.
pub trait Acquisition: Debug + Send + Sync {
    /// The worth where the loss has this `mean` and `deviation` (above 0), and the best loss so far is `incumbent`.
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth;

    /// Whether worths are logarithms; one that is none must say so here. Where several beliefs count (of the hyperparameters, of what pending trials come out as),
    /// what is averaged is then the number itself; else it is the worth.
    fn is_logarithm(&self) -> bool {
        true
    }

    /// What the acquisition is called, and its settings: two of the same description say the same. By default the name of the type, and
    /// what its `Debug` form shows.
    fn description(&self) -> Description {
        Description::of_type::<Self>().with(format!("{self:?}"))
    }
}

/// The logarithm of the expected improvement over the incumbent: ln E[max(f* − f, 0)] = ln σ + ln h((f* − μ) ⁄ σ).
///
/// Never underflows, so that its gradient leads a search from anywhere (Ament et al. 2023, "Unexpected improvements to
/// expected improvement for Bayesian optimization"; evaluated as [`log_improvement`] explains).
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

    fn description(&self) -> Description {
        Description::named(LOG_EXPECTED_IMPROVEMENT)
    }
}

/// The logarithm of the probability of improvement: ln Φ((f* − μ) ⁄ σ) (Kushner 1964). It goes where an improvement is likely, however
/// small it is; to be compared with, rather than used alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogProbabilityOfImprovement;

impl Acquisition for LogProbabilityOfImprovement {
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth {
        let u = (incumbent - mean) / deviation;
        let (value, slope) = log_distribution(u);
        Worth { value, slope_mean: -slope / deviation, slope_deviation: -slope * u / deviation }
    }

    fn description(&self) -> Description {
        Description::named(LOG_PROBABILITY)
    }
}

/// The upper confidence bound, here of an advantage: f* − (μ − κ σ) (Cox & John 1992; Srinivas et al. 2010). The incumbent only
/// sets the zero. Not a logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpperConfidenceBound {
    kappa: f64,
}

impl UpperConfidenceBound {
    /// κ = 1.8, as Vizier has it.
    pub const USUAL: Self = Self { kappa: 1.8 };

    /// With this many deviations κ of optimism.
    ///
    /// # Errors
    /// [`Error::Invalid`] if κ is negative or not finite.
    pub fn new(kappa: f64) -> Result<Self, Error> {
        if kappa.is_finite() && kappa >= 0.0 {
            return Ok(Self { kappa });
        }
        Err(Error::Invalid(vec![Violation::new(
            "kappa",
            kappa,
            "optimism is counted in deviations: a finite number, 0 or more",
            "1.8 is usual",
        )]))
    }
}

impl Default for UpperConfidenceBound {
    /// [`USUAL`](Self::USUAL).
    fn default() -> Self {
        Self::USUAL
    }
}

impl Acquisition for UpperConfidenceBound {
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth {
        Worth {
            value: incumbent - mean + self.kappa * deviation,
            slope_mean: -1.0,
            slope_deviation: self.kappa,
        }
    }

    fn is_logarithm(&self) -> bool {
        false
    }

    fn description(&self) -> Description {
        Description::named(UPPER_CONFIDENCE_BOUND).with(self.kappa)
    }
}

/// The acquisition of this crate that has this description.
///
/// # Errors
/// [`Error::Strategy`] if there is none: one of a program's own can only be made by that program.
pub fn of_description(description: &Description) -> Result<Box<dyn Acquisition>, Error> {
    let kappa = description.settings.as_f64();
    match (description.name.as_str(), kappa) {
        (LOG_EXPECTED_IMPROVEMENT, _) => Ok(Box::new(LogExpectedImprovement)),
        (LOG_PROBABILITY, _) => Ok(Box::new(LogProbabilityOfImprovement)),
        (UPPER_CONFIDENCE_BOUND, Some(kappa)) => Ok(Box::new(UpperConfidenceBound::new(kappa)?)),
        (name, _) => Err(Error::Strategy(format!(
            "`{name}` is no acquisition of this crate: go on in the program that has it"
        ))),
    }
}

// A trait that users implement must stay usable behind a pointer.
const _: Option<&dyn Acquisition> = None;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A size from 10⁻⁶ to 10⁶.
    fn size() -> impl Strategy<Value = f64> {
        (-6.0..6.0_f64).prop_map(|exponent| 10.0_f64.powf(exponent))
    }

    proptest! {
        /// Less loss expected, or more doubt, is never worth less.
        #[test]
        fn worth_is_monotone_in_mean_and_deviation(
            gap in -1e3..1e3_f64,
            deviation in size(),
            better in 0.0..10.0_f64,
            doubt in 0.0..10.0_f64,
        ) {
            let worth = |mean, deviation| LogExpectedImprovement.worth(mean, deviation, 0.0);
            let here = worth(gap, deviation);
            // The logarithm rounds at one part in 10^13 of its size.
            let rounding = 1e-12 * here.value.abs().max(1.0);
            prop_assert!(worth(gap - better, deviation).value >= here.value - rounding);
            prop_assert!(worth(gap, deviation * (1.0 + doubt)).value >= here.value - rounding);
            prop_assert!(here.slope_mean <= 0.0 && here.slope_deviation >= 0.0, "{here:?}");
            prop_assert!(here.value.is_finite());
        }

        #[test]
        fn slopes_are_central_differences_everywhere(u in -60.0..12.0_f64, deviation in size()) {
            let worth = |mean: f64, deviation: f64| {
                LogExpectedImprovement.worth(mean, deviation, 0.0).value
            };
            let mean = -u * deviation;
            let step = 1e-5 * deviation;
            let by_mean = (worth(mean + step, deviation) - worth(mean - step, deviation)) / (2.0 * step);
            let by_deviation =
                (worth(mean, deviation + step) - worth(mean, deviation - step)) / (2.0 * step);
            let Worth { slope_mean, slope_deviation, .. } =
                LogExpectedImprovement.worth(mean, deviation, 0.0);
            let close = |slope: f64, difference: f64| {
                (slope - difference).abs() * deviation < 1e-4 * (slope * deviation).abs().max(1e-2)
            };
            prop_assert!(close(slope_mean, by_mean), "{slope_mean} {by_mean}");
            prop_assert!(close(slope_deviation, by_deviation), "{slope_deviation} {by_deviation}");
        }
    }

    #[test]
    fn optimism_is_a_finite_number_of_deviations() {
        assert!(UpperConfidenceBound::new(0.0).is_ok());
        for kappa in [-0.1, f64::NAN, f64::INFINITY] {
            let error = UpperConfidenceBound::new(kappa).unwrap_err().to_string();
            assert!(error.contains("kappa") && error.contains("1.8 is usual"), "{error}");
        }
    }

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
}
