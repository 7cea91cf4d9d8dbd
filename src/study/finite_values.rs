//! Checks that recorded values are finite.

use crate::error::{Error, Violation};
use crate::trial::{Failure, Outcome};

/// Returns the value of an outcome if it is not finite.
pub(super) fn non_finite_value(outcome: &Outcome) -> Option<f64> {
    match outcome {
        Outcome::Completed { value } | Outcome::Stopped { value: Some(value) } => {
            (!value.is_finite()).then_some(*value)
        }
        _ => None,
    }
}

pub(super) fn check_noise_std_dev(noise_std_dev: Option<f64>) -> Result<(), Error> {
    match noise_std_dev {
        Some(std_dev) if !(std_dev.is_finite() && std_dev >= 0.0) => {
            Err(Error::Invalid(vec![Violation::new(
                "noise_std_dev",
                std_dev,
                "a standard deviation is finite and not negative",
                "give it in the unit of the metric, or use add_observation, which lets the model \
                 estimate it",
            )]))
        }
        _ => Ok(()),
    }
}

/// Replaces a completed outcome without a finite value by a failure, and drops a non-finite value
/// of a stopped trial.
pub(super) fn make_finite(outcome: Outcome) -> Outcome {
    match (non_finite_value(&outcome), outcome) {
        (None, outcome) => outcome,
        (Some(value), Outcome::Completed { .. }) => Outcome::Failed(Failure::not_finite(value)),
        (Some(_), _) => Outcome::Stopped { value: None },
    }
}

/// Checks that an event's outcome is one that [`make_finite`] returns.
///
/// # Errors
/// [`Error::Invalid`] if its value is not finite.
pub(super) fn check_finite(outcome: &Outcome) -> Result<(), Error> {
    match non_finite_value(outcome) {
        None => Ok(()),
        Some(value) => Err(Error::Invalid(vec![Violation::new(
            "value",
            value,
            "recorded values are finite",
            "record a failure of kind NonFiniteMetric instead",
        )])),
    }
}
