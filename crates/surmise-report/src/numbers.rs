//! Numbers as text and as floats, and quantiles of the normal distribution.

/// Formats a number with at most five significant digits.
pub(crate) fn format_number(value: f64) -> String {
    if !value.is_finite() {
        return surmise::drawing::format_short(value);
    }
    let short: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    let is_plain = short == 0.0 || (1e-4..1e7).contains(&short.abs());
    if is_plain { format!("{short}") } else { format!("{short:e}") }
}

/// Converts a count, or the number of a trial, to a float.
pub(crate) fn to_float<N: TryInto<u64>>(count: N) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    count.try_into().map_or(f64::MAX, |count| count as f64)
}

/// Returns the quantile of the standard normal distribution, by bisection.
///
/// Its precision of about 10⁻¹¹ is more than a picture needs.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if surmise::normal::cdf(middle) < probability { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Formats the value of a parameter, with at most five significant digits.
pub(crate) fn format_value(value: &surmise::ParameterValue) -> String {
    match value {
        surmise::ParameterValue::Float(float) => format_number(*float),
        other => other.to_text(),
    }
}
