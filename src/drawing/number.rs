//! Numbers as people read them.

/// Two significant digits: `0.31`, `42`, `1.8e-5`, `∞`, `–` for what is no number.
pub fn short(value: f64) -> String {
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

/// A number with so many digits behind the point.
pub fn fixed(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { short(value) }
}

/// The same as [`short`] of what may be missing.
pub fn short_or_none(value: Option<f64>) -> String {
    short(value.unwrap_or(f64::NAN))
}

/// A duration in seconds, in the unit that suits it.
pub fn seconds(value: f64) -> String {
    let (scale, unit) = match value {
        v if v.is_nan() => return "–".to_owned(),
        v if v < 1e-3 => (1e6, "µs"),
        v if v < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", short(value * scale))
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    if share.is_nan() { "–".to_owned() } else { format!("{:.0} %", 100.0 * share) }
}
