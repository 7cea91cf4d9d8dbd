//! Quantiles, medians and means of samples.

/// Returns the quantile of a sample at a probability from 0 to 1; NaN for an empty sample.
///
/// It interpolates linearly between the values (type 7 of Hyndman & Fan 1996), as numpy does.
pub fn quantile(values: &[f64], probability: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, probability)
}

/// Returns the median of a sample; NaN for an empty sample.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Returns the arithmetic mean of a sample; NaN for an empty sample.
#[allow(clippy::cast_precision_loss, reason = "sizes of samples")]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index between 0 and the size"
)]
pub(super) fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = probability.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    // The difference of two infinite values is not a number.
    if low.total_cmp(&high).is_eq() { low } else { low + (high - low) * position.fract() }
}
