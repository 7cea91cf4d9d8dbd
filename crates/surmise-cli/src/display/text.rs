//! Formats numbers, times, configurations and ranges as short texts.

use std::time::Duration;

use surmise::{Configuration, ParameterRange, ParameterValue, ScalingType};

/// Formats a number with six significant digits.
pub(crate) fn format_number(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-4..1e7).contains(&rounded.abs()) || !rounded.is_finite() {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// Formats a value of a parameter; numbers have six significant digits.
pub(crate) fn format_value(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Float(value) => format_number(*value),
        other => other.to_text(),
    }
}

/// Formats a configuration as one line, such as `lr=0.01 opt=adam`.
pub(crate) fn format_configuration(configuration: &Configuration) -> String {
    let parts: Vec<String> = configuration
        .iter()
        .map(|(name, value)| format!("{name}={}", format_value(value)))
        .collect();
    parts.join(" ")
}

/// Formats a count with its noun: `1 job`, `2 jobs`.
pub(crate) fn pluralize(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Removes escape sequences and control characters, except line ends, from a program's output.
pub(crate) fn sanitize(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    let is_shown = |c: &char| !c.is_control() || *c == '\n';
    plain.replace('\t', " ").chars().filter(is_shown).collect()
}

/// Formats a duration with at most two units, such as `250 ms` or `2 h 01 min`.
pub(crate) fn format_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if !time.is_zero() => format!("{} ms", time.as_millis()),
        0..10 if !time.is_zero() => format!("{:.1} s", time.as_secs_f64()),
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Describes a range in a few words, such as `1e-5 to 1, logarithmic`.
pub(crate) fn describe_range(range: &ParameterRange) -> String {
    let scaling = match range.resolved_scaling().map(|scale| scale.scaling) {
        Some(ScalingType::Logarithmic) => ", logarithmic",
        Some(ScalingType::ReverseLogarithmic) => ", reverse logarithmic",
        _ => "",
    };
    match range {
        ParameterRange::Continuous(range) => {
            let step = range.step().map(|step| format!(", in steps of {}", format_number(step)));
            let (min, max) = (format_number(range.min()), format_number(range.max()));
            format!("{min} to {max}{}{scaling}", step.unwrap_or_default())
        }
        ParameterRange::Integer(range) => {
            let step = match range.step() {
                1 => String::new(),
                step => format!(", in steps of {step}"),
            };
            format!("{} to {}, whole numbers{step}{scaling}", range.min(), range.max())
        }
        ParameterRange::Categorical(range) => {
            let values: Vec<String> = range.values().iter().map(ParameterValue::to_text).collect();
            values.join(" | ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_significant_digits() {
        for (value, text) in [
            (0.046_347_010_869_165_484, "0.046347"),
            (0.0, "0"),
            (-1.0, "-1"),
            (1e-7, "1e-7"),
            (0.000_012_345_678, "1.23457e-5"),
            (1_234_567.8, "1234570"),
            (123_456_789.0, "1.23457e8"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(format_number(value), text);
        }
    }

    #[test]
    fn escape_sequences_are_removed() {
        assert_eq!(sanitize("\u{1b}[2J\u{1b}]0;t\u{7}bad\r\u{1b}[31m\nred"), "bad\nred");
    }

    #[test]
    fn durations_have_at_most_two_units() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.25, "250 ms"),
            (1.25, "1.2 s"),
            (59.9, "59 s"),
            (61.0, "1 min 01 s"),
            (7260.0, "2 h 01 min"),
            (90_000.0, "1 d 01 h"),
        ] {
            assert_eq!(format_duration(Duration::from_secs_f64(seconds)), text);
        }
    }
}
