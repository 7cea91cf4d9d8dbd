//! Formats numbers for tables and labels.

/// Formats a number with two or more digits: `0.31`, `42`, `1234`, `1.8e-5`, `∞`, or `–` for NaN.
pub fn format_short(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "–".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() }
    } else if size == 0.0 {
        "0".to_owned()
    } else if !(9.95e-3..99_999.5).contains(&size) {
        format!("{value:.1e}")
    } else if size < 0.0995 {
        format!("{value:.3}")
    } else if size < 0.995 {
        format!("{value:.2}")
    } else if size < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// Formats a number with `digits` digits after the decimal point; NaN is `–`.
pub fn format_fixed(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { format_short(value) }
}

/// Formats a number as [`format_short`] does; `None` is `–`.
pub fn format_optional(value: Option<f64>) -> String {
    format_short(value.unwrap_or(f64::NAN))
}

/// Formats a duration, given in seconds, with the unit s, ms or µs.
pub fn format_seconds(value: f64) -> String {
    let (scale, unit) = match value {
        v if v.is_nan() => return "–".to_owned(),
        v if v < 1e-3 => (1e6, "µs"),
        v if v < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", format_short(value * scale))
}

/// Formats a share from 0 to 1 as a percentage without decimals, such as `25 %`.
pub fn format_percent(share: f64) -> String {
    if share.is_nan() { "–".to_owned() } else { format!("{:.0} %", 100.0 * share) }
}
