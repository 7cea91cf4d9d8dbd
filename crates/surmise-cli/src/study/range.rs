//! Ranges as text: `lr=1e-5..1 log`, `layers=1..6`, `opt=adam|sgd`.

use std::ops::Range;

use surmise::{Error, ParameterRange, ParameterValue, ScalingType};

/// What is wrong with a part of a text, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes of the text.
    pub(crate) place: Range<usize>,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Fault {
    fn new(place: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place, message: message.into(), remedy: remedy.into() }
    }
}

/// A word of a text and where it stands.
type Word<'a> = (Range<usize>, &'a str);

/// The words of a part of a text, with their places in the whole.
fn words(text: &str, part: Range<usize>) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, letter) in text[part.clone()].char_indices().map(|(at, c)| (part.start + at, c)) {
        match (start, letter.is_whitespace()) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                words.push((from..at, &text[from..at]));
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

/// Reads `NAME=RANGE`.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse_assignment(text: &str) -> Result<ParameterRange, Vec<Fault>> {
    let Some(equals) = text.find('=') else {
        let remedy = "write NAME=LOW..HIGH for a range, or NAME=a|b|c for choices";
        return Err(vec![Fault::new(0..text.len(), "this is no NAME=RANGE", remedy)]);
    };
    let name = text[..equals].trim();
    if name.is_empty() {
        let remedy = "write the parameter's name before the `=`";
        return Err(vec![Fault::new(0..equals + 1, "the parameter has no name", remedy)]);
    }
    parse_range(name, text, equals + 1)
}

/// Reads the range of a parameter, which begins at this byte of a text.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse_range(
    name: &str,
    text: &str,
    from: usize,
) -> Result<ParameterRange, Vec<Fault>> {
    let part = from..text.len();
    if text[part.clone()].trim().is_empty() {
        let remedy = "write LOW..HIGH, such as `1e-5..1 log`, or choices, such as `adam|sgd`";
        let message = format!("`{name}` has no range");
        return Err(vec![Fault::new(0..text.len(), message, remedy)]);
    }
    let has_bounds = text[part.clone()].contains("..");
    if text[part.clone()].contains('|') || !has_bounds {
        parse_choices(name, text, part)
    } else {
        parse_interval(name, text, part)
    }
}

/// The faults that the range's own rules find, at this place.
fn faults_of(error: &Error, place: Range<usize>) -> Vec<Fault> {
    match error {
        Error::Invalid(violations) => violations
            .iter()
            .map(|violation| {
                let message =
                    format!("{} = {}: {}", violation.subject, violation.value, violation.rule);
                Fault::new(place.clone(), message, violation.remedy.clone())
            })
            .collect(),
        other => vec![Fault::new(place, other.to_string(), "")],
    }
}

fn parse_choices(name: &str, text: &str, part: Range<usize>) -> Result<ParameterRange, Vec<Fault>> {
    let mut values = Vec::new();
    let mut faults = Vec::new();
    let mut start = part.start;
    for piece in text[part.clone()].split('|') {
        let place = start..start + piece.len();
        start = place.end + 1;
        if piece.trim().is_empty() {
            faults.push(Fault::new(
                place,
                "this choice is empty",
                "write a value, or take one `|` out",
            ));
        } else {
            values.push(choice(piece.trim()));
        }
    }
    if values.len() == 1 && faults.is_empty() {
        let message = format!("`{name}` has one value only, which leaves nothing to tune");
        let remedy = "write LOW..HIGH or a|b; a fixed value belongs into the command itself";
        return Err(vec![Fault::new(part, message, remedy)]);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    ParameterRange::categorical(name, values).map_err(|error| faults_of(&error, part))
}

/// A choice with its type: a number, a boolean, nothing, or text. Quotes make text of anything.
pub(crate) fn choice(text: &str) -> ParameterValue {
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
        // `nan` and `inf` are names rather than numbers here.
        Ok(number) if number.is_finite() => ParameterValue::Float(number),
        _ => ParameterValue::Category(text.to_owned()),
    }
}

/// What follows the bounds of an interval.
#[derive(Debug, Default)]
struct Settings<'a> {
    scaling: ScalingType,
    step: Option<Word<'a>>,
    is_float: bool,
}

fn settings<'a>(words: &[Word<'a>], faults: &mut Vec<Fault>) -> Settings<'a> {
    let mut settings = Settings::default();
    let mut rest = words.iter();
    while let Some((place, word)) = rest.next() {
        match *word {
            "auto" => settings.scaling = ScalingType::Auto,
            "linear" => settings.scaling = ScalingType::Linear,
            "log" => settings.scaling = ScalingType::Logarithmic,
            "reverse-log" => settings.scaling = ScalingType::ReverseLogarithmic,
            "float" => settings.is_float = true,
            "step" => match rest.next() {
                Some(step) => settings.step = Some(step.clone()),
                None => {
                    let remedy = "write its size, such as `step 0.5`";
                    faults.push(Fault::new(place.clone(), "the step has no size", remedy));
                }
            },
            _ => {
                let remedy = "after the bounds stand `log`, `reverse-log`, `linear`, `auto`, `float` or `step SIZE`";
                faults.push(Fault::new(place.clone(), format!("`{word}` is unknown here"), remedy));
            }
        }
    }
    settings
}

fn number(place: &Range<usize>, text: &str, faults: &mut Vec<Fault>) -> f64 {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number,
        _ => {
            let remedy = "write a number, such as 0.5 or 1e-5";
            faults.push(Fault::new(place.clone(), format!("`{text}` is no number"), remedy));
            0.0
        }
    }
}

fn parse_interval(
    name: &str,
    text: &str,
    part: Range<usize>,
) -> Result<ParameterRange, Vec<Fault>> {
    let mut faults = Vec::new();
    // Blanks around the dots are allowed.
    let dots = part.start + text[part.clone()].find("..").unwrap_or(0);
    let before = words(text, part.start..dots);
    let mut after = words(text, dots + 2..part.end);
    let (low, high) = match (&before[..], after.is_empty()) {
        ([low], false) => (low.clone(), after.remove(0)),
        _ => {
            let remedy = "write LOW..HIGH, such as `1e-5..1 log`";
            return Err(vec![Fault::new(part, "a bound is missing or there are too many", remedy)]);
        }
    };
    let settings = settings(&after, &mut faults);
    let low_number = number(&low.0, low.1, &mut faults);
    let high_number = number(&high.0, high.1, &mut faults);
    let step = settings.step.as_ref().map(|(place, step)| number(place, step, &mut faults));
    if !faults.is_empty() {
        return Err(faults);
    }
    let is_whole = |text: &str| text.parse::<i64>().ok();
    let whole =
        (is_whole(low.1), is_whole(high.1), settings.step.as_ref().map(|(_, s)| is_whole(s)));
    let bounds = low.0.start..high.0.end;
    if whole == (Some(0), Some(1), None) && !settings.is_float {
        let message = format!("`{name}` would be one of the two whole numbers 0 and 1");
        let remedy = "write 0.0..1.0 for all numbers between them, or 0|1 for the two";
        return Err(vec![Fault::new(bounds, message, remedy)]);
    }
    let range = match whole {
        (Some(low), Some(high), None | Some(Some(_))) if !settings.is_float => {
            ParameterRange::integer(name, low..=high, settings.scaling)
        }
        _ => ParameterRange::continuous(name, low_number..=high_number, settings.scaling),
    };
    let range = range.map_err(|error| faults_of(&error, bounds))?;
    match (step, settings.step) {
        (Some(step), Some((place, _))) => {
            range.with_step(step).map_err(|error| faults_of(&error, place))
        }
        _ => Ok(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(String, String)> {
        let faults = parse_assignment(text).unwrap_err();
        faults.into_iter().map(|fault| (text[fault.place].to_owned(), fault.message)).collect()
    }

    #[test]
    fn ranges_are_read() {
        let read = |text: &str| parse_assignment(text).unwrap();
        let log = ParameterRange::continuous("lr", 1e-5..=1.0, ScalingType::Logarithmic);
        assert_eq!(read("lr=1e-5..1 log"), log.unwrap());
        assert_eq!(read(" lr = 1e-5 .. 1  log "), read("lr=1e-5..1 log"));
        let layers = ParameterRange::integer("layers", 1..=6, ScalingType::Auto);
        assert_eq!(read("layers=1..6"), layers.unwrap());
        let float = ParameterRange::continuous("x", -1.0..=6.0, ScalingType::Linear);
        assert_eq!(read("x=-1..6 float linear"), float.unwrap());
        let stepped = ParameterRange::continuous("x", 0.0..=10.0, ScalingType::Auto);
        assert_eq!(read("x=0..10 step 0.5"), stepped.unwrap().with_step(0.5).unwrap());
        let whole = ParameterRange::integer("n", 0..=10, ScalingType::Auto);
        assert_eq!(read("n=0..10 step 2"), whole.unwrap().with_step(2.0).unwrap());
    }

    #[test]
    fn choices_have_types() {
        let read = |text: &str| match parse_assignment(text).unwrap() {
            ParameterRange::Categorical(range) => range.values().to_vec(),
            other => panic!("{other:?}"),
        };
        let text = |value: &str| ParameterValue::Category(value.to_owned());
        assert_eq!(read("opt=adam|sgd"), [text("adam"), text("sgd")]);
        let mixed = [
            ParameterValue::Integer(8),
            ParameterValue::Float(0.5),
            ParameterValue::Boolean(true),
            ParameterValue::Null,
        ];
        assert_eq!(read("x=8 | 0.5 | true | null"), mixed);
        assert_eq!(read("x='8'|\"true\"|nan"), [text("8"), text("true"), text("nan")]);
        assert_eq!(read("path=a..b|c"), [text("a..b"), text("c")]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_place() {
        let one = |place: &str, message: &str| (place.to_owned(), message.to_owned());
        assert_eq!(faults("lr"), [one("lr", "this is no NAME=RANGE")]);
        assert_eq!(faults("=1..2"), [one("=", "the parameter has no name")]);
        assert_eq!(faults("lr="), [one("lr=", "`lr` has no range")]);
        assert_eq!(faults("x=a||b"), [one("", "this choice is empty")]);
        assert_eq!(
            faults("lr=one..2 lgo step"),
            [
                one("lgo", "`lgo` is unknown here"),
                one("step", "the step has no size"),
                one("one", "`one` is no number"),
            ]
        );
        assert_eq!(faults("lr=0.1")[0].0, "0.1");
        assert_eq!(faults("lr=1..2..3")[0], one("2..3", "`2..3` is no number"));
        assert_eq!(faults("lr=0..1.0 log")[0].0, "0..1.0");
        assert_eq!(faults("n=1..6 step 0")[0].0, "0");
        assert_eq!(faults("dropout=0..1 linear")[0].0, "0..1");
    }
}
