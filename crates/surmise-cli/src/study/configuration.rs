//! Parses configurations: `lr=0.01 opt=adam`.

use surmise::{Configuration, ParameterRange, ParameterValue, SearchSpace};

use super::range::{Diagnostic, parse_choice};

/// Parses a value of this range; the search space checks later whether it is within the bounds.
///
/// # Errors
/// Returns a message if the text is not a value of the range's type.
pub(crate) fn parse_value(range: &ParameterRange, text: &str) -> Result<ParameterValue, String> {
    match range {
        ParameterRange::Continuous(_) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(ParameterValue::Float(number)),
            _ => Err(format!("`{text}` is not a number")),
        },
        ParameterRange::Integer(_) => text
            .parse()
            .map(ParameterValue::Integer)
            .map_err(|_| format!("`{text}` is not a whole number")),
        ParameterRange::Categorical(range) => {
            let value = parse_choice(text);
            let choices = range.values();
            let has_same_text = |choice: &&ParameterValue| choice.to_text() == text;
            let found = choices.iter().find(|choice| **choice == value);
            found.or_else(|| choices.iter().find(has_same_text)).cloned().ok_or_else(|| {
                let choices: Vec<String> = choices.iter().map(ParameterValue::to_text).collect();
                format!("`{text}` is not one of {}", choices.join(", "))
            })
        }
    }
}

/// Parses `NAME=VALUE NAME=VALUE …`, which may name some or all of the parameters.
///
/// # Errors
/// Returns all errors in the text.
pub(crate) fn parse_configuration(
    space: &SearchSpace,
    text: &str,
) -> Result<Configuration, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut values: Vec<(String, ParameterValue)> = Vec::new();
    let mut end = 0;
    for word in text.split_whitespace() {
        let start = end + text[end..].find(word).unwrap_or(0);
        end = start + word.len();
        let mut diagnostic = |message: String, remedy: String| {
            diagnostics.push(Diagnostic { span: start..end, message, remedy });
        };
        let Some((name, value)) = word.split_once('=') else {
            let remedy = "write NAME=VALUE, such as `lr=0.01`, without spaces".to_owned();
            diagnostic(format!("`{word}` is not NAME=VALUE"), remedy);
            continue;
        };
        let Some(range) = space.ranges().iter().find(|range| range.name() == name) else {
            let names: Vec<&str> = space.ranges().iter().map(ParameterRange::name).collect();
            diagnostic(
                format!("no parameter is called `{name}`"),
                format!("use one of {}", names.join(", ")),
            );
            continue;
        };
        match parse_value(range, value) {
            _ if values.iter().any(|(earlier, _)| earlier == name) => {
                diagnostic(format!("`{name}` is given twice"), "remove one of them".to_owned());
            }
            Ok(value) => values.push((name.to_owned(), value)),
            Err(message) => diagnostic(message, format!("write a value of `{name}`")),
        }
    }
    if values.is_empty() && diagnostics.is_empty() {
        let remedy = "write NAME=VALUE, such as `lr=0.01`".to_owned();
        diagnostics.push(Diagnostic {
            span: 0..text.len(),
            message: "no value is given".to_owned(),
            remedy,
        });
    }
    if diagnostics.is_empty() { Ok(values.into_iter().collect()) } else { Err(diagnostics) }
}

#[cfg(test)]
mod tests {
    use surmise::ScalingType;

    use super::*;

    #[test]
    fn a_partial_configuration_is_parsed() {
        let space = SearchSpace::new([
            ParameterRange::continuous("lr", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::integer("n", 1..=6, ScalingType::Linear),
            ParameterRange::categorical("size", [8, 16]),
            ParameterRange::categorical("opt", ["adam", "8"]),
        ])
        .unwrap();
        let parsed = parse_configuration(&space, " lr=0.5  n=3 size=8 opt=8").unwrap();
        let opt = ParameterValue::Category("8".to_owned());
        let expected: [(&str, ParameterValue); 4] =
            [("lr", 0.5.into()), ("n", 3.into()), ("size", 8.into()), ("opt", opt)];
        assert_eq!(parsed, Configuration::from(expected));

        let diagnostics =
            parse_configuration(&space, "lr=x n=1.5 size=9 a=1 lr=1 b lr=0.2").unwrap_err();
        let messages: Vec<&str> =
            diagnostics.iter().map(|diagnostic| &diagnostic.message[..]).collect();
        assert_eq!(
            messages,
            [
                "`x` is not a number",
                "`1.5` is not a whole number",
                "`9` is not one of 8, 16",
                "no parameter is called `a`",
                "`b` is not NAME=VALUE",
                "`lr` is given twice",
            ]
        );
        assert_eq!(diagnostics[4].span, 27..28);
    }
}
