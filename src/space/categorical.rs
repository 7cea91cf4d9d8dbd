//! Categorical ranges: choices among values without order.

use std::collections::HashMap;

use super::configuration::ParameterValue;
use super::violations::{MAX_INTEGER, check_name, wrong_type};
use crate::error::{Error, Violation};
use crate::unit_cube::Axis;

/// A categorical range: a choice among values without order.
///
/// Values are texts, numbers, booleans or null, and configurations return them with their types.
///
/// ```
/// use surmise::space::{ParameterRange, ParameterValue};
///
/// let kind = ParameterRange::categorical("kind", ["adam", "sgd"])?;
/// let batch_size = ParameterRange::categorical("batch_size", [32, 64, 128])?;
/// let nesterov = ParameterRange::categorical("nesterov", [true, false])?;
/// let depths = [ParameterValue::Null, 3.into(), 6.into()];
/// let max_depth = ParameterRange::categorical("max_depth", depths)?;
/// # Ok::<(), surmise::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalParameterRange {
    name: String,
    values: Vec<ParameterValue>,
}

impl CategoricalParameterRange {
    /// Creates a choice among `values`.
    ///
    /// Values must be distinct as numbers and as text, because programs and SageMaker receive them
    /// as text. So `1` equals `1.0` and `"1"`. Two texts are equal only if all characters are:
    /// `"1.10"` and `"1.1"` are distinct.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - The name is empty, or the name or a text has a NUL character.
    /// - There are no values, or two values are equal.
    /// - A number is not finite, or an integer is beyond ±2⁵³.
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
                "a categorical range needs at least one value",
                "list its values",
            ));
        }
        violations.extend(values.iter().filter_map(|value| check_value(&name, value)));
        violations.extend(duplicates(&values).map(|(first, second)| {
            let duplicate = if first == second {
                format!("{}, twice", quoted(second))
            } else {
                format!(
                    "{} and {}, which are equal as text or number",
                    quoted(first),
                    quoted(second)
                )
            };
            let rule = "the values of a categorical range must be distinct";
            Violation::new(&name, duplicate, rule, "list each value once")
        }));
        Error::from_violations(violations)?;
        Ok(Self { name, values })
    }

    /// Returns the name of the parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the values, in the order of the arguments of [`new`](Self::new).
    pub fn values(&self) -> &[ParameterValue] {
        &self.values
    }

    pub(super) fn axis(&self) -> Axis {
        Axis::Categories(self.values.len())
    }

    /// Returns the coordinate of a value.
    ///
    /// A value of another type selects the choice that it equals: `64.0` and `"64"` select the
    /// choice `64`.
    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let identical = self.values.iter().position(|choice| choice == value);
        let equal = || self.values.iter().position(|choice| is_equal(choice, value));
        match identical.or_else(equal) {
            Some(index) => Ok(self.axis().coordinate(index as u64)),
            None if self.has_only_texts() && !matches!(value, ParameterValue::Category(_)) => {
                Err(wrong_type(&self.name, value, "one of its choices as text"))
            }
            None => {
                let values: Vec<String> = self.values.iter().map(quoted).collect();
                Err(Violation::new(
                    &self.name,
                    quoted(value),
                    format!("the choices are [{}]", values.join(", ")),
                    "use one of them",
                ))
            }
        }
    }

    fn has_only_texts(&self) -> bool {
        self.values.iter().all(|value| matches!(value, ParameterValue::Category(_)))
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        let index = usize::try_from(self.axis().cell(coordinate)).expect("an index of a list");
        self.values[index].clone()
    }
}

fn check_value(name: &str, value: &ParameterValue) -> Option<Violation> {
    match value {
        ParameterValue::Category(text) if text.contains('\0') => Some(Violation::new(
            name,
            quoted(value),
            "programs cannot receive a NUL character",
            "remove the character",
        )),
        ParameterValue::Float(number) if !number.is_finite() => Some(Violation::new(
            name,
            quoted(value),
            "a choice that is a number must be finite",
            "remove it, or write it as text",
        )),
        ParameterValue::Integer(number) if number.unsigned_abs() > MAX_INTEGER.unsigned_abs() => {
            Some(Violation::new(
                name,
                quoted(value),
                "integers beyond 2^53 are not exact in JSON",
                "write it as text",
            ))
        }
        _ => None,
    }
}

/// Returns `true` if two values are equal as text or as numbers.
///
/// Two texts are compared only as text, because version 1.10 is not version 1.1.
fn is_equal(a: &ParameterValue, b: &ParameterValue) -> bool {
    let are_texts = matches!((a, b), (ParameterValue::Category(_), ParameterValue::Category(_)));
    let are_equal_numbers = || number_bits(a).is_some_and(|a| number_bits(b) == Some(a));
    a.to_string() == b.to_string() || (!are_texts && are_equal_numbers())
}

/// Returns the pairs of equal values: an earlier value, and a later value that equals it.
fn duplicates(
    values: &[ParameterValue],
) -> impl Iterator<Item = (&ParameterValue, &ParameterValue)> {
    let mut by_text: HashMap<String, &ParameterValue> = HashMap::new();
    // Numbers and texts are separate, because texts are not compared with each other as numbers.
    let mut by_number: [HashMap<u64, &ParameterValue>; 2] = [HashMap::new(), HashMap::new()];
    values.iter().filter_map(move |value| {
        let text = value.to_string();
        let is_text = matches!(value, ParameterValue::Category(_));
        let number = number_bits(value);
        let earlier = by_text.get(&text).copied().or_else(|| {
            let [numbers, texts] = &by_number;
            let equal = numbers.get(&number?);
            equal.or_else(|| if is_text { None } else { texts.get(&number?) }).copied()
        });
        if let Some(number) = number {
            by_number[usize::from(is_text)].insert(number, value);
        }
        by_text.insert(text, value);
        earlier.map(|earlier| (earlier, value))
    })
}

/// Returns the bits of a value as a number, if it is one or a text with one.
fn number_bits(value: &ParameterValue) -> Option<u64> {
    let number = match value {
        ParameterValue::Category(text) => text.parse().ok(),
        other => other.number(),
    };
    // Adding 0 turns −0 into 0.
    number.filter(|number: &f64| number.is_finite()).map(|number| (number + 0.0).to_bits())
}

/// Formats a value as in JSON, with quotation marks around text.
fn quoted(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Category(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
