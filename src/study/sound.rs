//! What may be recorded: finite values only.

use crate::error::{Error, Violation};
use crate::trial::{Failure, Outcome};

/// The value of an outcome that must not be recorded, because it is not finite.
pub(super) fn stray_value(outcome: &Outcome) -> Option<f64> {
    match outcome {
        Outcome::Completed { value } | Outcome::Stopped { value: Some(value) } => {
            (!value.is_finite()).then_some(*value)
        }
        _ => None,
    }
}

pub(super) fn check_deviation(deviation: Option<f64>) -> Result<(), Error> {
    match deviation {
        Some(given) if !(given.is_finite() && given >= 0.0) => {
            Err(Error::Invalid(vec![Violation::new(
                "deviation",
                given,
                "a standard deviation is finite and not negative",
                "give it in the unit of the metric, or use observe, which lets the model estimate it",
            )]))
        }
        _ => Ok(()),
    }
}

/// Outcomes as they are recorded: with finite values only.
pub(super) fn sound(outcome: Outcome) -> Outcome {
    match (stray_value(&outcome), outcome) {
        (None, sound) => sound,
        (Some(value), Outcome::Completed { .. }) => Outcome::Failed(Failure::not_finite(value)),
        (Some(_), _) => Outcome::Stopped { value: None },
    }
}

/// Whether an outcome is one that [`sound`] gives.
pub(super) fn check_sound(outcome: &Outcome) -> Result<(), Error> {
    match stray_value(outcome) {
        None => Ok(()),
        Some(value) => Err(Error::Invalid(vec![Violation::new(
            "value",
            value,
            "recorded values are finite",
            "record a failure of kind NonFiniteMetric instead",
        )])),
    }
}
