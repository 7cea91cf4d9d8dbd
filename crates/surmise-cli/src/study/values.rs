//! Configurations as text: `lr=0.01 opt=adam`.

use surmise::{Configuration, ParameterRange, ParameterValue, SearchSpace};

use super::range::{Fault, choice};

/// A value of this range. Whether it lies within the bounds is checked by the space.
///
/// # Errors
/// Why the text is no value of the range.
pub(crate) fn parse_value(range: &ParameterRange, text: &str) -> Result<ParameterValue, String> {
    match range {
        ParameterRange::Continuous(_) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(ParameterValue::Float(number)),
            _ => Err(format!("`{text}` is no number")),
        },
        ParameterRange::Integer(_) => text
            .parse()
            .map(ParameterValue::Integer)
            .map_err(|_| format!("`{text}` is no whole number")),
        ParameterRange::Categorical(range) => {
            let value = choice(text);
            let known = range.values();
            let is_printed_alike = |known: &&ParameterValue| known.printed() == text;
            let found = known.iter().find(|known| **known == value);
            found.or_else(|| known.iter().find(is_printed_alike)).cloned().ok_or_else(|| {
                let known: Vec<String> = known.iter().map(ParameterValue::printed).collect();
                format!("`{text}` is none of {}", known.join(", "))
            })
        }
    }
}

/// Reads `NAME=VALUE NAME=VALUE …`, a part of a configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse_configuration(
    space: &SearchSpace,
    text: &str,
) -> Result<Configuration, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut values: Vec<(String, ParameterValue)> = Vec::new();
    let mut at = 0;
    for word in text.split_whitespace() {
        let start = at + text[at..].find(word).unwrap_or(0);
        at = start + word.len();
        let mut fault = |message: String, remedy: String| {
            faults.push(Fault { place: start..at, message, remedy });
        };
        let Some((name, value)) = word.split_once('=') else {
            fault(format!("`{word}` is no NAME=VALUE"), "write it so".to_owned());
            continue;
        };
        let Some(range) = space.ranges().iter().find(|range| range.name() == name) else {
            let names: Vec<&str> = space.ranges().iter().map(ParameterRange::name).collect();
            fault(
                format!("no parameter is called `{name}`"),
                format!("use one of {}", names.join(", ")),
            );
            continue;
        };
        match parse_value(range, value) {
            _ if values.iter().any(|(known, _)| known == name) => {
                fault(format!("`{name}` is given twice"), "take one out".to_owned());
            }
            Ok(value) => values.push((name.to_owned(), value)),
            Err(message) => fault(message, format!("write a value of `{name}`")),
        }
    }
    if values.is_empty() && faults.is_empty() {
        let remedy = "write NAME=VALUE, such as `lr=0.01`".to_owned();
        faults.push(Fault {
            place: 0..text.len(),
            message: "no value is given".to_owned(),
            remedy,
        });
    }
    if faults.is_empty() { Ok(values.into_iter().collect()) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use surmise::ScalingType;

    use super::*;

    #[test]
    fn a_part_of_a_configuration_is_read() {
        let space = SearchSpace::new([
            ParameterRange::continuous("lr", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::integer("n", 1..=6, ScalingType::Linear),
            ParameterRange::categorical("size", [8, 16]),
            ParameterRange::categorical("opt", ["adam", "8"]),
        ])
        .unwrap();
        let read = parse_configuration(&space, " lr=0.5  n=3 size=8 opt=8").unwrap();
        let opt = ParameterValue::Category("8".to_owned());
        let wanted: [(&str, ParameterValue); 4] =
            [("lr", 0.5.into()), ("n", 3.into()), ("size", 8.into()), ("opt", opt)];
        assert_eq!(read, Configuration::from(wanted));

        let faults =
            parse_configuration(&space, "lr=x n=1.5 size=9 a=1 lr=1 b lr=0.2").unwrap_err();
        let messages: Vec<&str> = faults.iter().map(|fault| &fault.message[..]).collect();
        assert_eq!(
            messages,
            [
                "`x` is no number",
                "`1.5` is no whole number",
                "`9` is none of 8, 16",
                "no parameter is called `a`",
                "`b` is no NAME=VALUE",
                "`lr` is given twice",
            ]
        );
        assert_eq!(faults[4].place, 27..28);
    }
}
