//! Parses ranges: `lr=1e-5..1 log`, `layers=1..6`, `opt=adam|sgd`.

use std::ops::Range;

use surmise::{Error, ParameterRange, ParameterValue, ScalingType};

/// An error in a part of a text, with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// The range of bytes in the text.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Diagnostic {
    fn new(span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { span, message: message.into(), remedy: remedy.into() }
    }
}

/// A word of a text, with its range of bytes.
type Word<'a> = (Range<usize>, &'a str);

/// Splits a part of a text into words; their spans are positions in the text, not in the part.
fn split_words(text: &str, part: Range<usize>) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    let letters = text[part.clone()].char_indices();
    for (index, letter) in letters.map(|(index, letter)| (part.start + index, letter)) {
        match (start, letter.is_whitespace()) {
            (None, false) => start = Some(index),
            (Some(from), true) => {
                words.push((from..index, &text[from..index]));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        words.push((from..part.end, &text[from..part.end]));
    }
    words
}

/// Parses `NAME=RANGE`.
///
/// # Errors
/// Returns all errors in the text.
pub(crate) fn parse_assignment(text: &str) -> Result<ParameterRange, Vec<Diagnostic>> {
    let Some(equals) = text.find('=') else {
        let remedy = "write NAME=LOW..HIGH for a range, or NAME=a|b|c for choices";
        return Err(vec![Diagnostic::new(0..text.len(), "expected NAME=RANGE", remedy)]);
    };
    let name = text[..equals].trim();
    if name.is_empty() {
        let remedy = "write the parameter's name before the `=`";
        return Err(vec![Diagnostic::new(0..equals + 1, "the parameter has no name", remedy)]);
    }
    parse_range(name, text, equals + 1)
}

/// Parses the range of the parameter `name`, which starts at byte `from` of the text.
///
/// # Errors
/// Returns all errors in the range.
pub(crate) fn parse_range(
    name: &str,
    text: &str,
    from: usize,
) -> Result<ParameterRange, Vec<Diagnostic>> {
    let part = from..text.len();
    if text[part.clone()].trim().is_empty() {
        let remedy = "write LOW..HIGH, such as `1e-5..1 log`, or choices, such as `adam|sgd`";
        let message = format!("`{name}` has no range");
        return Err(vec![Diagnostic::new(0..text.len(), message, remedy)]);
    }
    let has_bounds = text[part.clone()].contains("..");
    if text[part.clone()].contains('|') || !has_bounds {
        parse_choices(name, text, part)
    } else {
        parse_interval(name, text, part)
    }
}

/// Converts an error of the library into diagnostics at this span.
fn diagnostics_of(error: &Error, span: Range<usize>) -> Vec<Diagnostic> {
    match error {
        Error::Invalid(violations) => violations
            .iter()
            .map(|violation| {
                let message =
                    format!("{} = {}: {}", violation.subject, violation.value, violation.rule);
                Diagnostic::new(span.clone(), message, violation.remedy.clone())
            })
            .collect(),
        other => vec![Diagnostic::new(span, other.to_string(), "")],
    }
}

fn parse_choices(
    name: &str,
    text: &str,
    part: Range<usize>,
) -> Result<ParameterRange, Vec<Diagnostic>> {
    let mut values = Vec::new();
    let mut diagnostics = Vec::new();
    let mut start = part.start;
    for piece in text[part.clone()].split('|') {
        let span = start..start + piece.len();
        start = span.end + 1;
        if piece.trim().is_empty() {
            diagnostics.push(Diagnostic::new(
                span,
                "this choice is empty",
                "write a value, or remove one `|`",
            ));
        } else {
            values.push(parse_choice(piece.trim()));
        }
    }
    if values.len() == 1 && diagnostics.is_empty() {
        let message = format!("`{name}` has only one value, so there is nothing to tune");
        let remedy = "write LOW..HIGH or a|b, or put the fixed value into the command";
        return Err(vec![Diagnostic::new(part, message, remedy)]);
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    ParameterRange::categorical(name, values).map_err(|error| diagnostics_of(&error, part))
}

/// Parses a choice as a number, a boolean, `null` or text; text in quotes is always text.
pub(crate) fn parse_choice(text: &str) -> ParameterValue {
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return ParameterValue::Category(inner.to_owned());
        }
    }
    match text {
        "true" => return ParameterValue::Boolean(true),
        "false" => return ParameterValue::Boolean(false),
        "null" => return ParameterValue::Null,
        _ => {}
    }
    if let Ok(number) = text.parse() {
        return ParameterValue::Integer(number);
    }
    match text.parse::<f64>() {
        // `nan` and `inf` are parsed as text.
        Ok(number) if number.is_finite() => ParameterValue::Float(number),
        _ => ParameterValue::Category(text.to_owned()),
    }
}

/// The words after the bounds of an interval.
#[derive(Debug, Default)]
struct IntervalSettings<'a> {
    scaling: ScalingType,
    step: Option<Word<'a>>,
    is_float: bool,
}

fn parse_settings<'a>(
    words: &[Word<'a>],
    diagnostics: &mut Vec<Diagnostic>,
) -> IntervalSettings<'a> {
    let mut settings = IntervalSettings::default();
    let mut words = words.iter();
    while let Some((span, word)) = words.next() {
        match *word {
            "auto" => settings.scaling = ScalingType::Auto,
            "linear" => settings.scaling = ScalingType::Linear,
            "log" => settings.scaling = ScalingType::Logarithmic,
            "reverse-log" => settings.scaling = ScalingType::ReverseLogarithmic,
            "float" => settings.is_float = true,
            "step" => match words.next() {
                Some(step) => settings.step = Some(step.clone()),
                None => {
                    let remedy = "write its size, such as `step 0.5`";
                    let message = "`step` has no size";
                    diagnostics.push(Diagnostic::new(span.clone(), message, remedy));
                }
            },
            _ => {
                let message = format!("unknown word `{word}` after the bounds");
                let remedy = "write `log`, `reverse-log`, `linear`, `auto`, `float` or `step SIZE`";
                diagnostics.push(Diagnostic::new(span.clone(), message, remedy));
            }
        }
    }
    settings
}

fn parse_number(span: &Range<usize>, text: &str, diagnostics: &mut Vec<Diagnostic>) -> f64 {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number,
        _ => {
            let remedy = "write a number, such as 0.5 or 1e-5";
            let message = format!("`{text}` is not a number");
            diagnostics.push(Diagnostic::new(span.clone(), message, remedy));
            0.0
        }
    }
}

fn parse_interval(
    name: &str,
    text: &str,
    part: Range<usize>,
) -> Result<ParameterRange, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    // Spaces around the dots are allowed.
    let dots = part.start + text[part.clone()].find("..").unwrap_or(0);
    let before = split_words(text, part.start..dots);
    let mut after = split_words(text, dots + 2..part.end);
    let (low, high) = match (&before[..], after.is_empty()) {
        ([low], false) => (low.clone(), after.remove(0)),
        _ => {
            let remedy = "write LOW..HIGH, such as `1e-5..1 log`";
            let message = "expected one bound before `..` and one after it";
            return Err(vec![Diagnostic::new(part, message, remedy)]);
        }
    };
    let settings = parse_settings(&after, &mut diagnostics);
    let low_number = parse_number(&low.0, low.1, &mut diagnostics);
    let high_number = parse_number(&high.0, high.1, &mut diagnostics);
    let step =
        settings.step.as_ref().map(|(span, step)| parse_number(span, step, &mut diagnostics));
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let to_integer = |text: &str| text.parse::<i64>().ok();
    let step_integer = settings.step.as_ref().map(|(_, step)| to_integer(step));
    let integers = (to_integer(low.1), to_integer(high.1), step_integer);
    let bounds = low.0.start..high.0.end;
    if integers == (Some(0), Some(1), None) && !settings.is_float {
        let message = format!("`{name}` = 0..1 has only two values, the whole numbers 0 and 1");
        let remedy = "write 0.0..1.0 for all numbers from 0 to 1, or 0|1 for the two values";
        return Err(vec![Diagnostic::new(bounds, message, remedy)]);
    }
    let range = match integers {
        (Some(low), Some(high), None | Some(Some(_))) if !settings.is_float => {
            ParameterRange::integer(name, low..=high, settings.scaling)
        }
        _ => ParameterRange::continuous(name, low_number..=high_number, settings.scaling),
    };
    let range = range.map_err(|error| diagnostics_of(&error, bounds))?;
    match (step, settings.step) {
        (Some(step), Some((span, _))) => {
            range.with_step(step).map_err(|error| diagnostics_of(&error, span))
        }
        _ => Ok(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostics(text: &str) -> Vec<(String, String)> {
        let diagnostics = parse_assignment(text).unwrap_err();
        diagnostics
            .into_iter()
            .map(|diagnostic| (text[diagnostic.span].to_owned(), diagnostic.message))
            .collect()
    }

    #[test]
    fn ranges_are_parsed() {
        let parse = |text: &str| parse_assignment(text).unwrap();
        let log = ParameterRange::continuous("lr", 1e-5..=1.0, ScalingType::Logarithmic);
        assert_eq!(parse("lr=1e-5..1 log"), log.unwrap());
        assert_eq!(parse(" lr = 1e-5 .. 1  log "), parse("lr=1e-5..1 log"));
        let layers = ParameterRange::integer("layers", 1..=6, ScalingType::Auto);
        assert_eq!(parse("layers=1..6"), layers.unwrap());
        let float = ParameterRange::continuous("x", -1.0..=6.0, ScalingType::Linear);
        assert_eq!(parse("x=-1..6 float linear"), float.unwrap());
        let stepped = ParameterRange::continuous("x", 0.0..=10.0, ScalingType::Auto);
        assert_eq!(parse("x=0..10 step 0.5"), stepped.unwrap().with_step(0.5).unwrap());
        let whole = ParameterRange::integer("n", 0..=10, ScalingType::Auto);
        assert_eq!(parse("n=0..10 step 2"), whole.unwrap().with_step(2.0).unwrap());
    }

    #[test]
    fn choices_are_parsed_with_their_types() {
        let parse = |text: &str| match parse_assignment(text).unwrap() {
            ParameterRange::Categorical(range) => range.values().to_vec(),
            other => panic!("{other:?}"),
        };
        let text = |value: &str| ParameterValue::Category(value.to_owned());
        assert_eq!(parse("opt=adam|sgd"), [text("adam"), text("sgd")]);
        let mixed = [
            ParameterValue::Integer(8),
            ParameterValue::Float(0.5),
            ParameterValue::Boolean(true),
            ParameterValue::Null,
        ];
        assert_eq!(parse("x=8 | 0.5 | true | null"), mixed);
        assert_eq!(parse("x='8'|\"true\"|nan"), [text("8"), text("true"), text("nan")]);
        assert_eq!(parse("path=a..b|c"), [text("a..b"), text("c")]);
    }

    #[test]
    fn each_error_has_its_span() {
        let diagnostic = |span: &str, message: &str| (span.to_owned(), message.to_owned());
        assert_eq!(diagnostics("lr"), [diagnostic("lr", "expected NAME=RANGE")]);
        assert_eq!(diagnostics("=1..2"), [diagnostic("=", "the parameter has no name")]);
        assert_eq!(diagnostics("lr="), [diagnostic("lr=", "`lr` has no range")]);
        assert_eq!(diagnostics("x=a||b"), [diagnostic("", "this choice is empty")]);
        assert_eq!(
            diagnostics("lr=one..2 lgo step"),
            [
                diagnostic("lgo", "unknown word `lgo` after the bounds"),
                diagnostic("step", "`step` has no size"),
                diagnostic("one", "`one` is not a number"),
            ]
        );
        assert_eq!(diagnostics("lr=0.1")[0].0, "0.1");
        assert_eq!(diagnostics("lr=1..2..3")[0], diagnostic("2..3", "`2..3` is not a number"));
        assert_eq!(diagnostics("lr=0..1.0 log")[0].0, "0..1.0");
        assert_eq!(diagnostics("n=1..6 step 0")[0].0, "0");
        assert_eq!(diagnostics("dropout=0..1 linear")[0].0, "0..1");
    }
}
