//! Choices without order: text, numbers, yes or no, nothing.

use std::collections::HashMap;

use super::configuration::ParameterValue;
use super::violations::{LARGEST_INTEGER, check_name, wrong_type};
use crate::cube::Axis;
use crate::error::{Error, Violation};

/// A choice among values without order: text, numbers, booleans or null, which come back as such.
///
/// ```
/// use surmise::space::{ParameterRange, ParameterValue};
///
/// let kinds = ParameterRange::categorical("kind", ["adam", "sgd"])?;
/// let sizes = ParameterRange::categorical("batch_size", [32, 64, 128])?;
/// let either = ParameterRange::categorical("nesterov", [true, false])?;
/// let depth = ParameterRange::categorical("max_depth", [ParameterValue::Null, 3.into(), 6.into()])?;
/// # Ok::<(), surmise::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalParameterRange {
    name: String,
    values: Vec<ParameterValue>,
}

impl CategoricalParameterRange {
    /// A choice among `values`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule that the range breaks: the name is not empty; there is at least one value; no
    /// value occurs twice, neither as a number (`1` and `1.0`) nor as text (`1` and `"1"`), which is how programs and SageMaker get it; numbers
    /// are finite, whole ones at most 2⁵³ in size; neither name nor text has the character NUL. Of texts, `"1.10"` and `"1.1"` are two.
    pub fn new<V: Into<ParameterValue>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let values: Vec<ParameterValue> = values.into_iter().map(V::into).collect();
        let mut violations = check_name(&name);
        if values.is_empty() {
            violations.push(Violation::new(
                &name,
                "empty",
                "a categorical range has at least one value",
                "list its values",
            ));
        }
        violations.extend(values.iter().filter_map(|value| check_value(&name, value)));
        violations.extend(twins(&values).map(|(first, second)| {
            let twice = if first == second {
                format!("{}, twice", shown(second))
            } else {
                format!("{} and {}, which are one value", shown(first), shown(second))
            };
            let rule = "the values of a categorical range are distinct";
            Violation::new(&name, twice, rule, "list each value once")
        }));
        Error::unless_empty(violations)?;
        Ok(Self { name, values })
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What can be chosen.
    pub fn values(&self) -> &[ParameterValue] {
        &self.values
    }

    pub(super) fn axis(&self) -> Axis {
        Axis::Categories(self.values.len())
    }

    /// A number or a text that means one of the values without being of its type is that one: `64.0` or `"64"` is the choice `64`.
    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let exact = self.values.iter().position(|known| known == value);
        let meant = || self.values.iter().position(|known| means_the_same(known, value));
        match exact.or_else(meant) {
            Some(index) => Ok(self.axis().coordinate(index as u64)),
            None if self.is_text() && !matches!(value, ParameterValue::Category(_)) => {
                Err(wrong_type(&self.name, value, "one of its values, as text"))
            }
            None => {
                let values: Vec<String> = self.values.iter().map(shown).collect();
                Err(Violation::new(
                    &self.name,
                    shown(value),
                    format!("its values are [{}]", values.join(", ")),
                    "use one of these",
                ))
            }
        }
    }

    fn is_text(&self) -> bool {
        self.values.iter().all(|value| matches!(value, ParameterValue::Category(_)))
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        let index = usize::try_from(self.axis().cell(coordinate)).expect("indexes a list");
        self.values[index].clone()
    }
}

fn check_value(name: &str, value: &ParameterValue) -> Option<Violation> {
    match value {
        ParameterValue::Category(text) if text.contains('\0') => Some(Violation::new(
            name,
            shown(value),
            "values are passed to programs, which cannot be given the character NUL",
            "leave it out",
        )),
        ParameterValue::Float(number) if !number.is_finite() => Some(Violation::new(
            name,
            shown(value),
            "choices that are numbers are finite",
            "leave it out, or give it as text",
        )),
        ParameterValue::Integer(number)
            if number.unsigned_abs() > LARGEST_INTEGER.unsigned_abs() =>
        {
            Some(Violation::new(
                name,
                shown(value),
                "whole numbers beyond 2^53 in size are not exact in JSON",
                "give it as text",
            ))
        }
        _ => None,
    }
}

/// Whether two values are one to a program or to a person: as text, or as numbers. Two texts are one only if they are equal, because
/// version 1.10 is not version 1.1.
fn means_the_same(a: &ParameterValue, b: &ParameterValue) -> bool {
    let are_texts = matches!((a, b), (ParameterValue::Category(_), ParameterValue::Category(_)));
    let as_numbers = || meant(a).is_some_and(|a| meant(b) == Some(a));
    a.to_string() == b.to_string() || (!are_texts && as_numbers())
}

/// Values that mean the same as one before them, with it.
fn twins(values: &[ParameterValue]) -> impl Iterator<Item = (&ParameterValue, &ParameterValue)> {
    let mut by_text: HashMap<String, &ParameterValue> = HashMap::new();
    // Numbers and texts apart, because texts are not compared with each other as numbers.
    let mut by_number: [HashMap<u64, &ParameterValue>; 2] = [HashMap::new(), HashMap::new()];
    values.iter().filter_map(move |value| {
        let text = value.to_string();
        let is_text = matches!(value, ParameterValue::Category(_));
        let number = meant(value);
        let twin = by_text.get(&text).copied().or_else(|| {
            let [numbers, texts] = &by_number;
            let same = numbers.get(&number?);
            same.or_else(|| if is_text { None } else { texts.get(&number?) }).copied()
        });
        if let Some(number) = number {
            by_number[usize::from(is_text)].insert(number, value);
        }
        by_text.insert(text, value);
        twin.map(|twin| (twin, value))
    })
}

/// The bits of the number that a value is, or that its text means.
fn meant(value: &ParameterValue) -> Option<u64> {
    let number = match value {
        ParameterValue::Category(text) => text.parse().ok(),
        other => other.number(),
    };
    // Adding 0 makes one of the two zeros.
    number.filter(|number: &f64| number.is_finite()).map(|number| (number + 0.0).to_bits())
}

/// A value as JSON has it: text in quotation marks.
fn shown(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Category(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
