//! The check of the contract of [`Acquisition`].

use std::fmt;

use super::violations::{ContractViolations, Requirement, ViolationCollector, catch_panic};
use crate::acquisition::{Acquisition, AcquisitionValue};

const VALID: Requirement = Requirement {
    text: "the acquisition value is a number or minus infinity, without a panic",
    remedy: "use formulas that are stable in the tails, such as \
             `surmise::acquisition::log_improvement`",
};
const FINITE: Requirement = Requirement {
    text: "if the acquisition value is finite, so are its derivatives",
    remedy: "cancel factors that overflow; `surmise::acquisition::log_improvement` returns its \
             derivative, too",
};
const DETERMINISTIC: Requirement = Requirement {
    text: "the same mean, standard deviation and incumbent give the same acquisition value",
    remedy: "compute it from the three arguments alone",
};
const MONOTONE: Requirement = Requirement {
    text: "a lower mean never has a lower acquisition value",
    remedy: "check the sign of the mean: smaller losses are better",
};
const MEAN_DERIVATIVE: Requirement = Requirement {
    text: "`mean_derivative` is the derivative of the acquisition value with respect to the mean",
    remedy: "differentiate the value as it is computed, including a logarithm",
};
const STD_DEV_DERIVATIVE: Requirement = Requirement {
    text: "`std_dev_derivative` is the derivative of the acquisition value with respect to the \
           standard deviation",
    remedy: "differentiate the value as it is computed, including a logarithm, and by the \
             standard deviation, not by the variance",
};

/// Means and incumbents, in standardized losses.
const LOSSES: [f64; 9] = [-1e4, -30.0, -4.0, -1.0, -0.05, 0.7, 3.0, 40.0, 1e4];
const STD_DEVS: [f64; 6] = [1e-6, 1e-3, 0.05, 0.4, 1.0, 30.0];
/// Step of central differences, as a share of the standard deviation.
const STEP: f64 = 1e-4;

/// Checks the contract of [`Acquisition`] for small and large means and standard deviations.
///
/// Derivatives are compared with central differences where the acquisition value is smooth; kinks
/// are allowed.
///
/// ```
/// surmise::conformance::check_acquisition(&surmise::LogExpectedImprovement).unwrap();
/// ```
///
/// # Errors
/// Returns [`ContractViolations`] with every requirement that is not met, and the first arguments
/// for which it is not met.
pub fn check_acquisition(acquisition: &dyn Acquisition) -> Result<(), ContractViolations> {
    let mut violations = ViolationCollector::default();
    for incumbent in LOSSES {
        for mean in LOSSES {
            for std_dev in STD_DEVS {
                TestCase { acquisition, mean, std_dev, incumbent }.check(&mut violations);
            }
        }
    }
    violations.into_result()
}

/// The arguments for which an acquisition function is checked.
struct TestCase<'a> {
    acquisition: &'a dyn Acquisition,
    mean: f64,
    std_dev: f64,
    incumbent: f64,
}

impl TestCase<'_> {
    fn check(&self, violations: &mut ViolationCollector) {
        let result = match self.evaluate(0.0, 0.0) {
            Ok(result) => result,
            Err(message) => {
                violations.check(VALID, false, || format!("{self}: the panic \"{message}\""));
                return;
            }
        };
        let AcquisitionValue { value, mean_derivative, std_dev_derivative } = result;
        let is_valid = !value.is_nan() && value < f64::INFINITY;
        violations.check(VALID, is_valid, || format!("{self}: {value}"));
        let second = self.evaluate(0.0, 0.0);
        // The text is compared, because NaN does not equal NaN.
        let is_equal =
            second.as_ref().is_ok_and(|second| format!("{second:?}") == format!("{result:?}"));
        violations.check(DETERMINISTIC, is_equal, || {
            format!("{self}: first {result:?}, then {second:?}")
        });
        if !value.is_finite() {
            return;
        }
        let is_finite = mean_derivative.is_finite() && std_dev_derivative.is_finite();
        violations.check(FINITE, is_finite, || {
            format!("{self}: derivatives {mean_derivative} and {std_dev_derivative}")
        });
        if let Ok(at_lower_mean) = self.evaluate(-self.std_dev, 0.0) {
            let lower_mean_value = at_lower_mean.value;
            violations.check(MONOTONE, lower_mean_value >= value - rounding(value), || {
                format!(
                    "{self}: {value}, but {lower_mean_value} at a mean that is lower by std_dev"
                )
            });
        }
        // Rounding of the mean must not hide the step.
        if STEP * self.std_dev > 1e-9 * self.mean.abs().max(self.incumbent.abs()) {
            let evaluate = |step| self.evaluate(step, 0.0);
            self.check_derivative(MEAN_DERIVATIVE, mean_derivative, value, &evaluate, violations);
        }
        let evaluate = |step| self.evaluate(0.0, step);
        self.check_derivative(STD_DEV_DERIVATIVE, std_dev_derivative, value, &evaluate, violations);
    }

    /// Evaluates the acquisition function at a shifted mean and a shifted standard deviation.
    fn evaluate(&self, mean_shift: f64, std_dev_shift: f64) -> Result<AcquisitionValue, String> {
        let (mean, std_dev) = (self.mean + mean_shift, self.std_dev + std_dev_shift);
        catch_panic(|| self.acquisition.evaluate(mean, std_dev, self.incumbent))
    }

    /// Compares a derivative with the central difference over one step, unless there is a kink.
    fn check_derivative(
        &self,
        requirement: Requirement,
        derivative: f64,
        value: f64,
        evaluate: &dyn Fn(f64) -> Result<AcquisitionValue, String>,
        violations: &mut ViolationCollector,
    ) {
        let step = STEP * self.std_dev;
        let (Ok(low), Ok(high)) = (evaluate(-step), evaluate(step)) else { return };
        let (backward, forward) = ((value - low.value) / step, (high.value - value) / step);
        let difference = 0.5 * (backward + forward);
        // Rounding and curvature show in the difference between both one-sided differences.
        let tolerance = (forward - backward).abs() + rounding(value) / step;
        let size = difference.abs().max(derivative.abs());
        if tolerance <= 0.05 * size {
            let is_close = (derivative - difference).abs() <= tolerance + 1e-3 * size;
            violations.check(requirement, is_close, || {
                format!(
                    "{self}: the derivative {derivative}, but the central difference {difference}"
                )
            });
        }
    }
}

impl fmt::Display for TestCase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, std_dev, incumbent, .. } = self;
        write!(f, "at mean {mean}, std_dev {std_dev} and incumbent {incumbent}")
    }
}

/// Returns the maximum rounding error of an acquisition value.
fn rounding(value: f64) -> f64 {
    1e-11 * value.abs().max(1.0)
}
