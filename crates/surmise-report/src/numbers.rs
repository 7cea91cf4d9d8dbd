//! Numbers: as text, as floats, and the normal distribution's quantile.

/// Five significant digits of a number, or fewer.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return surmise::drawing::short(value);
    }
    let short: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    let is_plain = short == 0.0 || (1e-4..1e7).contains(&short.abs());
    if is_plain { format!("{short}") } else { format!("{short:e}") }
}

/// A count, or a number of a trial, as a float.
pub(crate) fn to_float<N: TryInto<u64>>(count: N) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    count.try_into().map_or(f64::MAX, |count| count as f64)
}

/// The quantile of the standard normal distribution, to the digits that a picture shows: by halving an interval.
pub(crate) fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if surmise::normal::distribution(middle) < share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// A value with at most five significant digits.
pub(crate) fn printed(value: &surmise::ParameterValue) -> String {
    match value {
        surmise::ParameterValue::Float(float) => number(*float),
        other => other.printed(),
    }
}
