//! Acquisition functions: how useful a trial would be, given the predicted loss.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | μ, σ | mean and standard deviation of the predicted loss of a trial, as transformed losses |
//! | f* | the incumbent: the smallest observed loss, as the strategy sees it |
//! | u = (f* − μ) ⁄ σ | distance of μ below the incumbent, in standard deviations |
//! | φ, Φ, h(u) = φ(u) + u Φ(u) | [`log_cdf`], [`log_improvement`] |
//!
//! Expected improvement (Mockus 1974; Jones, Schonlau & Welch 1998, eq. 15) is
//! E\[max(f* − f, 0)\] = σ h(u). The derivatives of its logarithm are
//! −(Φ ⁄ h) ⁄ σ with respect to μ, and (φ ⁄ h) ⁄ σ with respect to σ.
//!
//! An acquisition function sees neither points nor gradients with respect to coordinates. The
//! strategy, which holds the posterior, applies the chain rule. All quantities are transformed
//! losses: smaller is better.

use std::fmt::Debug;

use crate::description::Description;
use crate::error::{Error, Violation};
use crate::normal::pdf;
pub use crate::normal::{log_cdf, log_improvement};

const LOG_EXPECTED_IMPROVEMENT: &str = "log_expected_improvement";
const LOG_PROBABILITY_OF_IMPROVEMENT: &str = "log_probability_of_improvement";
const UPPER_CONFIDENCE_BOUND: &str = "upper_confidence_bound";

/// The value of an acquisition function at one prediction, and its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AcquisitionValue {
    /// The acquisition value: larger is better.
    ///
    /// If trials may fail, the strategy adds the logarithm of the probability of success.
    pub value: f64,
    /// Derivative of `value` with respect to the predicted mean.
    pub mean_derivative: f64,
    /// Derivative of `value` with respect to the predicted standard deviation.
    pub std_dev_derivative: f64,
}

/// Computes the acquisition value of a trial from the normal distribution of its predicted loss.
///
/// ```
/// use surmise::acquisition::AcquisitionValue;
/// use surmise::acquisition::log_cdf;
/// use surmise::{Acquisition, BayesianOptimization};
///
/// /// Log probability of an improvement by at least `threshold`, in transformed losses.
/// #[derive(Debug)]
/// struct MinimumImprovement {
///     threshold: f64,
/// }
///
/// impl Acquisition for MinimumImprovement {
///     fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue {
///         let u = (incumbent - self.threshold - mean) / std_dev;
///         let (value, derivative) = log_cdf(u);
///         AcquisitionValue {
///             value,
///             mean_derivative: -derivative / std_dev,
///             std_dev_derivative: -derivative * u / std_dev,
///         }
///     }
/// }
///
/// surmise::conformance::check_acquisition(&MinimumImprovement { threshold: 0.1 }).unwrap();
/// let strategy = BayesianOptimization::new(MinimumImprovement { threshold: 0.1 });
/// ```
///
/// An implementation must satisfy these rules:
///
/// - The value is finite or −∞, and depends on the three arguments only.
/// - A smaller predicted mean never has a smaller value.
/// - Where the value is finite, so are its derivatives. Where it is smooth, they are correct.
///
/// [`check_acquisition`](crate::conformance::check_acquisition) checks them.
pub trait Acquisition: Debug + Send + Sync {
    /// Returns the acquisition value for a predicted loss of this `mean` and `std_dev`.
    ///
    /// `std_dev` is above 0, and `incumbent` is the smallest observed loss.
    fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue;

    /// Returns `true` if the values are logarithms, which is the default.
    ///
    /// Return `false` for any other scale. The strategy averages over several posteriors, such as
    /// draws of the hyperparameters and imputed losses of pending trials. It averages the
    /// exponentials of logarithmic values, and other values as they are.
    fn is_logarithmic(&self) -> bool {
        true
    }

    /// Returns the name and settings that identify the acquisition function in a journal.
    ///
    /// Two functions with equal descriptions must return equal values. By default, the description
    /// consists of the name of the type and its `Debug` output.
    fn description(&self) -> Description {
        Description::of_type::<Self>().with_settings(format!("{self:?}"))
    }
}

/// Logarithm of the expected improvement over the incumbent; the default.
///
/// Its value is ln E[max(f* − f, 0)] = ln σ + ln h((f* − μ) ⁄ σ). It never underflows, so its
/// gradient leads a search from anywhere (Ament et al. 2023, "Unexpected improvements to expected
/// improvement for Bayesian optimization"). [`log_improvement`] explains how it is evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogExpectedImprovement;

impl Acquisition for LogExpectedImprovement {
    fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue {
        let u = (incumbent - mean) / std_dev;
        let (log_h, derivative) = log_improvement(u);
        // φ ⁄ h = 1 − u Φ ⁄ h: choose the form without cancellation.
        let pdf_over_h = if u < 0.0 { 1.0 - u * derivative } else { pdf(u) / log_h.exp() };
        AcquisitionValue {
            value: std_dev.ln() + log_h,
            mean_derivative: -derivative / std_dev,
            std_dev_derivative: pdf_over_h / std_dev,
        }
    }

    fn description(&self) -> Description {
        Description::named(LOG_EXPECTED_IMPROVEMENT)
    }
}

/// Logarithm of the probability of improvement: ln Φ((f* − μ) ⁄ σ) (Kushner 1964).
///
/// It prefers likely improvements, however small. It serves as a baseline for comparisons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogProbabilityOfImprovement;

impl Acquisition for LogProbabilityOfImprovement {
    fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue {
        let u = (incumbent - mean) / std_dev;
        let (value, derivative) = log_cdf(u);
        AcquisitionValue {
            value,
            mean_derivative: -derivative / std_dev,
            std_dev_derivative: -derivative * u / std_dev,
        }
    }

    fn description(&self) -> Description {
        Description::named(LOG_PROBABILITY_OF_IMPROVEMENT)
    }
}

/// Upper confidence bound of the improvement: f* − (μ − κ σ).
///
/// Sources: Cox & John 1992; Srinivas et al. 2010. The incumbent shifts all values by the same
/// amount. The values are not logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpperConfidenceBound {
    kappa: f64,
}

impl UpperConfidenceBound {
    /// The default: κ = 1.8, as in Google Vizier.
    pub const DEFAULT: Self = Self { kappa: 1.8 };

    /// Creates the function with this κ, in standard deviations; larger values explore more.
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
            "kappa is a finite number of standard deviations, at least 0",
            "use 1.8, the default",
        )]))
    }
}

impl Default for UpperConfidenceBound {
    /// Returns [`UpperConfidenceBound::DEFAULT`], with κ = 1.8.
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Acquisition for UpperConfidenceBound {
    fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue {
        AcquisitionValue {
            value: incumbent - mean + self.kappa * std_dev,
            mean_derivative: -1.0,
            std_dev_derivative: self.kappa,
        }
    }

    fn is_logarithmic(&self) -> bool {
        false
    }

    fn description(&self) -> Description {
        Description::named(UPPER_CONFIDENCE_BOUND).with_settings(self.kappa)
    }
}

/// Creates the built-in acquisition function that a description identifies.
///
/// # Errors
/// - [`Error::Strategy`] if no built-in function has this name, or if an upper confidence bound has
///   no κ. Only the program that defines a custom function can create it.
/// - [`Error::Invalid`] if κ is negative.
pub fn from_description(description: &Description) -> Result<Box<dyn Acquisition>, Error> {
    let kappa = description.settings.as_f64();
    match (description.name.as_str(), kappa) {
        (LOG_EXPECTED_IMPROVEMENT, _) => Ok(Box::new(LogExpectedImprovement)),
        (LOG_PROBABILITY_OF_IMPROVEMENT, _) => Ok(Box::new(LogProbabilityOfImprovement)),
        (UPPER_CONFIDENCE_BOUND, Some(kappa)) => Ok(Box::new(UpperConfidenceBound::new(kappa)?)),
        (name, _) => Err(Error::Strategy(format!(
            "`{name}` is not a built-in acquisition function; resume with the program that \
             defines it"
        ))),
    }
}

// Checks at compile time that the trait is object-safe.
const _: Option<&dyn Acquisition> = None;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Positive numbers from 10⁻⁶ to 10⁶.
    fn positive() -> impl Strategy<Value = f64> {
        (-6.0..6.0_f64).prop_map(|exponent| 10.0_f64.powf(exponent))
    }

    proptest! {
        #[test]
        fn acquisition_value_is_monotone_in_mean_and_std_dev(
            mean in -1e3..1e3_f64,
            std_dev in positive(),
            decrease in 0.0..10.0_f64,
            growth in 0.0..10.0_f64,
        ) {
            let evaluate = |mean, std_dev| LogExpectedImprovement.evaluate(mean, std_dev, 0.0);
            let base = evaluate(mean, std_dev);
            // The relative rounding error of the logarithm is 10⁻¹³.
            let rounding = 1e-12 * base.value.abs().max(1.0);
            prop_assert!(evaluate(mean - decrease, std_dev).value >= base.value - rounding);
            prop_assert!(evaluate(mean, std_dev * (1.0 + growth)).value >= base.value - rounding);
            prop_assert!(base.mean_derivative <= 0.0 && base.std_dev_derivative >= 0.0, "{base:?}");
            prop_assert!(base.value.is_finite());
        }

        #[test]
        fn derivatives_match_central_differences(u in -60.0..12.0_f64, std_dev in positive()) {
            let value = |mean: f64, std_dev: f64| {
                LogExpectedImprovement.evaluate(mean, std_dev, 0.0).value
            };
            let mean = -u * std_dev;
            let step = 1e-5 * std_dev;
            let mean_difference =
                (value(mean + step, std_dev) - value(mean - step, std_dev)) / (2.0 * step);
            let std_dev_difference =
                (value(mean, std_dev + step) - value(mean, std_dev - step)) / (2.0 * step);
            let AcquisitionValue { mean_derivative, std_dev_derivative, .. } =
                LogExpectedImprovement.evaluate(mean, std_dev, 0.0);
            let is_close = |derivative: f64, difference: f64| {
                let tolerance = 1e-4 * (derivative * std_dev).abs().max(1e-2);
                (derivative - difference).abs() * std_dev < tolerance
            };
            prop_assert!(
                is_close(mean_derivative, mean_difference),
                "{mean_derivative} {mean_difference}"
            );
            prop_assert!(
                is_close(std_dev_derivative, std_dev_difference),
                "{std_dev_derivative} {std_dev_difference}"
            );
        }
    }

    #[test]
    fn kappa_must_be_finite_and_not_negative() {
        assert!(UpperConfidenceBound::new(0.0).is_ok());
        for kappa in [-0.1, f64::NAN, f64::INFINITY] {
            let error = UpperConfidenceBound::new(kappa).unwrap_err().to_string();
            assert!(error.contains("kappa") && error.contains("use 1.8"), "{error}");
        }
    }

    #[test]
    fn log_expected_improvement_agrees_with_numerical_integration() {
        for (mean, std_dev, incumbent) in [(0.3, 0.5, 0.0), (-1.0, 2.0, 0.5), (0.0, 0.1, 0.2)] {
            // Integrate by the midpoint rule, weighted by the density.
            let steps = 200_000;
            let width = 20.0 / f64::from(steps);
            let expected: f64 = (0..steps)
                .map(|i| -10.0 + width * (f64::from(i) + 0.5))
                .map(|z| (incumbent - mean - std_dev * z).max(0.0) * crate::normal::pdf(z))
                .sum::<f64>()
                * width;
            let actual = LogExpectedImprovement.evaluate(mean, std_dev, incumbent).value;
            assert!((actual - expected.ln()).abs() < 1e-8, "{actual} {}", expected.ln());
        }
    }
}
