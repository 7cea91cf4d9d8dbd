//! Student's t-test of a mean.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::quantile::mean;

/// Returns the one-sided p-value of Student's t-test that the mean of a sample is less than a
/// bound.
///
/// Unlike a test of ranks, it notices few values that are far larger than the rest. Samples of
/// fewer than two values have the p-value 1. If all values are equal, it is 0 or 1.
#[allow(clippy::missing_panics_doc, reason = "there are two values or more")]
pub fn mean_is_less(values: &[f64], bound: f64) -> f64 {
    if values.len() < 2 {
        return 1.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "sizes of samples")]
    let count = values.len() as f64;
    let center = mean(values);
    let squares: f64 = values.iter().map(|x| (x - center).powi(2)).sum();
    let standard_error = (squares / (count - 1.0) / count).sqrt();
    if standard_error == 0.0 {
        return if center < bound { 0.0 } else { 1.0 };
    }
    let law = StudentsT::new(0.0, 1.0, count - 1.0).expect("a degree of freedom above 0");
    law.cdf((center - bound) / standard_error)
}
