//! Named values for one job.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// Of an integer range.
    Integer(i64),
    /// Of a continuous range.
    Float(f64),
    /// Text, of a categorical range.
    Category(String),
    /// Yes or no, of a categorical range.
    Boolean(bool),
    /// Nothing, of a categorical range; as JSON `null`.
    Null,
}

impl ParameterValue {
    /// The number that a value is, if it is one.
    #[allow(clippy::cast_precision_loss, reason = "nearest float is meant")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Category(_) | Self::Boolean(_) | Self::Null => None,
        }
    }

    /// As a program is given it: whole numbers by their digits, other numbers by the fewest digits that tell them apart, as Python prints them
    /// (`0.1373`, `1.5e-08`), text as it is, `true`, `false` and `null`.
    ///
    /// ```
    /// use surmise::ParameterValue;
    ///
    /// assert_eq!(ParameterValue::from(1.5e-8).printed(), "1.5e-08");
    /// assert_eq!(ParameterValue::from(7).printed(), "7");
    /// ```
    pub fn printed(&self) -> String {
        match self {
            Self::Float(number) => printed_float(*number),
            Self::Integer(_) | Self::Category(_) | Self::Boolean(_) | Self::Null => {
                self.to_string()
            }
        }
    }
}

/// As Python's `repr`, which is what the values of jobs look like that SageMaker tunes.
fn printed_float(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        let text = format!("{number}");
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(size) => ('-', size),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

impl From<f64> for ParameterValue {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<i64> for ParameterValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for ParameterValue {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<&str> for ParameterValue {
    fn from(name: &str) -> Self {
        Self::Category(name.to_owned())
    }
}

impl From<String> for ParameterValue {
    fn from(name: String) -> Self {
        Self::Category(name)
    }
}

impl From<&String> for ParameterValue {
    fn from(name: &String) -> Self {
        Self::Category(name.clone())
    }
}

impl From<bool> for ParameterValue {
    fn from(answer: bool) -> Self {
        Self::Boolean(answer)
    }
}

impl<'de> Deserialize<'de> for ParameterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;

        impl Visitor<'_> for Value {
            type Value = ParameterValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, text, true, false or null")
            }

            fn visit_i64<E>(self, number: i64) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Integer(number))
            }

            #[allow(clippy::cast_precision_loss, reason = "too large to be exact anyway")]
            fn visit_u64<E>(self, number: u64) -> Result<ParameterValue, E> {
                let integer = i64::try_from(number).map(ParameterValue::Integer);
                Ok(integer.unwrap_or(ParameterValue::Float(number as f64)))
            }

            fn visit_f64<E>(self, number: f64) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Float(number))
            }

            fn visit_str<E>(self, name: &str) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Category(name.to_owned()))
            }

            fn visit_bool<E>(self, answer: bool) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Boolean(answer))
            }

            fn visit_unit<E>(self) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Null)
            }
        }

        deserializer.deserialize_any(Value)
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Category(name) => f.write_str(name),
            Self::Boolean(answer) => write!(f, "{answer}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Named values for one job, in the order of the search space.
///
/// As JSON it is an object: `{"learning_rate": 0.003, "depth": 7, "optimizer": "adam"}`.
///
/// ```
/// use surmise::Configuration;
///
/// let known = Configuration::from([
///     ("learning_rate", 0.003.into()),
///     ("depth", 7.into()),
///     ("optimizer", "adam".into()),
/// ]);
/// assert_eq!((known.float("learning_rate"), known.integer("depth")), (0.003, 7));
/// assert_eq!(known.to_string(), "learning_rate = 0.003, depth = 7, optimizer = adam");
/// ```
///
/// A clone shares the values with the original, and configurations of one space share their names.
#[derive(Clone, Default, PartialEq)]
pub struct Configuration(Arc<Entries>);

#[derive(Default)]
struct Entries {
    names: Arc<[String]>,
    values: Box<[ParameterValue]>,
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        let same_names = Arc::ptr_eq(&self.names, &other.names) || self.names == other.names;
        same_names && self.values == other.values
    }
}

impl Configuration {
    /// Values by their names, in the same order.
    pub(super) fn of(names: Arc<[String]>, values: Vec<ParameterValue>) -> Self {
        debug_assert_eq!(names.len(), values.len());
        Self(Arc::new(Entries { names, values: values.into() }))
    }

    /// The names, in order.
    pub(super) fn names(&self) -> &Arc<[String]> {
        &self.0.names
    }

    /// The values, in the order of the names.
    pub(super) fn values(&self) -> &[ParameterValue] {
        &self.0.values
    }

    /// The same for equal values in the same order; for tables within one process.
    pub(crate) fn hash_of_values(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for value in self.values() {
            match value {
                ParameterValue::Integer(number) => number.hash(&mut hasher),
                // Adding 0 makes one of the two zeros.
                ParameterValue::Float(number) => (number + 0.0).to_bits().hash(&mut hasher),
                ParameterValue::Category(name) => name.hash(&mut hasher),
                ParameterValue::Boolean(answer) => answer.hash(&mut hasher),
                ParameterValue::Null => 0_u8.hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    /// The value of a parameter, if there is one of this name.
    pub fn value(&self, name: &str) -> Option<&ParameterValue> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A number, of a continuous or an integer parameter or of choices that are numbers.
    ///
    /// # Panics
    /// If there is no parameter of this name, or its value is no number. For names that may be unknown use
    /// [`value`](Self::value).
    #[track_caller]
    pub fn float(&self, name: &str) -> f64 {
        let value = self.known(name);
        value.number().unwrap_or_else(|| panic!("parameter `{name}` is {value:?}, no number"))
    }

    /// A whole number, of an integer parameter or of choices that are whole numbers.
    ///
    /// # Panics
    /// If there is no parameter of this name, or its value is no integer.
    #[track_caller]
    pub fn integer(&self, name: &str) -> i64 {
        match self.known(name) {
            ParameterValue::Integer(number) => *number,
            other => panic!("parameter `{name}` is {other}, no integer"),
        }
    }

    /// The choice of a categorical parameter whose choices are text.
    ///
    /// # Panics
    /// If there is no parameter of this name, or its value is no text.
    #[track_caller]
    pub fn category(&self, name: &str) -> &str {
        match self.known(name) {
            ParameterValue::Category(value) => value,
            other => panic!("parameter `{name}` is {other}, no category"),
        }
    }

    /// The choice of a categorical parameter whose choices are `true` and `false`.
    ///
    /// # Panics
    /// If there is no parameter of this name, or its value is neither.
    #[track_caller]
    pub fn boolean(&self, name: &str) -> bool {
        match self.known(name) {
            ParameterValue::Boolean(answer) => *answer,
            other => panic!("parameter `{name}` is {other}, neither true nor false"),
        }
    }

    #[track_caller]
    fn known(&self, name: &str) -> &ParameterValue {
        self.value(name).unwrap_or_else(|| {
            let names: Vec<&str> = self.iter().map(|(name, _)| name).collect();
            panic!("there is no parameter `{name}` among {names:?}")
        })
    }

    /// Names and values in order.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&str, &ParameterValue)> + ExactSizeIterator {
        self.names().iter().map(String::as_str).zip(self.values())
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<String>, const COUNT: usize> From<[(N, ParameterValue); COUNT]> for Configuration {
    fn from(entries: [(N, ParameterValue); COUNT]) -> Self {
        entries.into_iter().collect()
    }
}

impl<N: Into<String>> FromIterator<(N, ParameterValue)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (N, ParameterValue)>>(entries: I) -> Self {
        let (names, values): (Vec<String>, Vec<ParameterValue>) =
            entries.into_iter().map(|(name, value)| (name.into(), value)).unzip();
        Self::of(names.into(), values)
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, value)) in self.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{name} = {value}")?;
        }
        Ok(())
    }
}

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values().len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Configuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Configuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of parameter names and values")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Configuration, M::Error> {
                let mut entries: Vec<(String, ParameterValue)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries.into_iter().collect())
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_python_does() {
        for (number, text) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (9.999e-5, "9.999e-05"),
            (1.349_441_757_371_362_9e-8, "1.3494417573713629e-08"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (-1.5e300, "-1.5e+300"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(printed_float(number), text);
        }
    }
}
