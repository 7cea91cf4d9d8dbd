//! Student's t: a test of a mean, and the interval of a mean.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::bootstrap::Band;
use super::quantile::mean;

/// Returns the one-sided p-value of Student's t-test that the mean of a sample is less than a
/// bound.
///
/// Unlike a test of ranks, it notices few values that are far larger than the rest. Samples of
/// fewer than two values have the p-value 1. If all values are equal, it is 0 or 1.
pub fn mean_is_less(values: &[f64], bound: f64) -> f64 {
    if values.len() < 2 {
        return 1.0;
    }
    let center = mean(values);
    let standard_error = standard_error(values);
    if standard_error == 0.0 {
        return if center < bound { 0.0 } else { 1.0 };
    }
    law(values).cdf((center - bound) / standard_error)
}

/// Returns the standard error of the mean of two values or more.
fn standard_error(values: &[f64]) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "sizes of samples")]
    let count = values.len() as f64;
    let center = mean(values);
    let squares: f64 = values.iter().map(|x| (x - center).powi(2)).sum();
    (squares / (count - 1.0) / count).sqrt()
}

/// Returns Student's law for the mean of two values or more.
fn law(values: &[f64]) -> StudentsT {
    #[allow(clippy::cast_precision_loss, reason = "sizes of samples")]
    let freedom = values.len() as f64 - 1.0;
    StudentsT::new(0.0, 1.0, freedom).expect("a degree of freedom above 0")
}

/// Returns the mean of a sample, with Student's 95 % interval; a single value has none.
pub fn mean_band(values: &[f64]) -> Band {
    let estimate = mean(values);
    if values.len() < 2 {
        return Band { estimate, low: f64::NAN, high: f64::NAN };
    }
    let reach = law(values).inverse_cdf(0.975) * standard_error(values);
    Band { estimate, low: estimate - reach, high: estimate + reach }
}

/// Returns the mean over problems, with Student's 95 % interval.
///
/// `problems` has a list of cases for each problem, and a list of values for each case, one for
/// each seed. The mean is that of the problems' means, which are those of their cases' means. The
/// interval is that of the problems' means, because another set of problems is what a conclusion
/// has to hold for; of a single problem, it is that of its cases' means, and of a single case that
/// of its values. A bootstrap of eight problems would cover the mean in 89 % of samples only.
pub fn mean_over_problems(problems: &[Vec<Vec<f64>>]) -> Band {
    match problems {
        [cases] => match cases.as_slice() {
            [values] => mean_band(values),
            cases => mean_band(&cases.iter().map(|values| mean(values)).collect::<Vec<f64>>()),
        },
        problems => {
            let mean_of = |cases: &Vec<Vec<f64>>| {
                mean(&cases.iter().map(|values| mean(values)).collect::<Vec<f64>>())
            };
            mean_band(&problems.iter().map(mean_of).collect::<Vec<f64>>())
        }
    }
}
