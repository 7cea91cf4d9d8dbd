//! Numbers, times, configurations and ranges as short texts.

use std::time::Duration;

use surmise::{Configuration, ParameterRange, ParameterValue, ScalingType};

/// A number with six significant digits.
pub(crate) fn number(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-4..1e7).contains(&rounded.abs()) || !rounded.is_finite() {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// A value of a parameter with six significant digits.
pub(crate) fn value(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Float(value) => number(*value),
        other => other.printed(),
    }
}

/// A configuration in one line.
pub(crate) fn short(configuration: &Configuration) -> String {
    let parts: Vec<String> =
        configuration.iter().map(|(name, own)| format!("{name}={}", value(own))).collect();
    parts.join(" ")
}

/// So many of them: `1 job`, `2 jobs`.
pub(crate) fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A text of a program without what would change the terminal: escape sequences and control characters, but for ends of lines.
pub(crate) fn printable(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    let is_shown = |c: &char| !c.is_control() || *c == '\n';
    plain.replace('\t', " ").chars().filter(is_shown).collect()
}

/// A time in its two largest units.
pub(crate) fn duration(time: Duration) -> String {
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

/// A range in a few words.
pub(crate) fn described(range: &ParameterRange) -> String {
    let scaling = match range.scale().map(|scale| scale.scaling) {
        Some(ScalingType::Logarithmic) => ", logarithmic",
        Some(ScalingType::ReverseLogarithmic) => ", reverse logarithmic",
        _ => "",
    };
    match range {
        ParameterRange::Continuous(range) => {
            let step = range.step().map(|step| format!(", in steps of {}", number(step)));
            let (min, max) = (number(range.min()), number(range.max()));
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
            let values: Vec<String> = range.values().iter().map(ParameterValue::printed).collect();
            values.join(" | ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
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
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_program_does_not_change_the_terminal() {
        assert_eq!(printable("\u{1b}[2J\u{1b}]0;t\u{7}bad\r\u{1b}[31m\nred"), "bad\nred");
    }

    #[test]
    fn times_are_short() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.25, "250 ms"),
            (1.25, "1.2 s"),
            (59.9, "59 s"),
            (61.0, "1 min 01 s"),
            (7260.0, "2 h 01 min"),
            (90_000.0, "1 d 01 h"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), text);
        }
    }
}
