//! Configurations: the values of all parameters for one trial.

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
    /// An integer, of an integer range or a categorical range.
    Integer(i64),
    /// A float, of a continuous range or a categorical range.
    Float(f64),
    /// A text, of a categorical range.
    Category(String),
    /// A boolean, of a categorical range.
    Boolean(bool),
    /// No value, of a categorical range; `null` in JSON.
    Null,
}

impl ParameterValue {
    /// Returns the value as a float, or `None` if it is not a number.
    #[allow(clippy::cast_precision_loss, reason = "the nearest float is intended")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Category(_) | Self::Boolean(_) | Self::Null => None,
        }
    }

    /// Returns the text that a program receives for this value.
    ///
    /// A float has the fewest digits that identify it, in the form of Python (`0.1373`, `1.5e-08`).
    /// The `Display` form differs only in the exponent (`1.5e-8`). A text has no quotation marks.
    ///
    /// ```
    /// use surmise::ParameterValue;
    ///
    /// assert_eq!(ParameterValue::from(1.5e-8).to_text(), "1.5e-08");
    /// assert_eq!(ParameterValue::from(7).to_text(), "7");
    /// ```
    pub fn to_text(&self) -> String {
        match self {
            Self::Float(number) => python_repr(*number),
            Self::Integer(_) | Self::Category(_) | Self::Boolean(_) | Self::Null => {
                self.to_string()
            }
        }
    }
}

/// Formats a float like Python's `repr`, as SageMaker's tuner does for its jobs.
fn python_repr(number: f64) -> String {
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
    fn from(text: &str) -> Self {
        Self::Category(text.to_owned())
    }
}

impl From<String> for ParameterValue {
    fn from(text: String) -> Self {
        Self::Category(text)
    }
}

impl From<&String> for ParameterValue {
    fn from(text: &String) -> Self {
        Self::Category(text.clone())
    }
}

impl From<bool> for ParameterValue {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl<'de> Deserialize<'de> for ParameterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl Visitor<'_> for ValueVisitor {
            type Value = ParameterValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, text, true, false or null")
            }

            fn visit_i64<E>(self, number: i64) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Integer(number))
            }

            #[allow(clippy::cast_precision_loss, reason = "too large to be exact")]
            fn visit_u64<E>(self, number: u64) -> Result<ParameterValue, E> {
                let integer = i64::try_from(number).map(ParameterValue::Integer);
                Ok(integer.unwrap_or(ParameterValue::Float(number as f64)))
            }

            fn visit_f64<E>(self, number: f64) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Float(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Category(text.to_owned()))
            }

            fn visit_bool<E>(self, boolean: bool) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Boolean(boolean))
            }

            fn visit_unit<E>(self) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Null)
            }
        }

        deserializer.deserialize_any(ValueVisitor)
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Category(text) => f.write_str(text),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// The values of all parameters for one trial, in the order of the search space.
///
/// The JSON form is an object: `{"learning_rate": 0.003, "depth": 7, "optimizer": "adam"}`.
///
/// ```
/// use surmise::Configuration;
///
/// let defaults = Configuration::from([
///     ("learning_rate", 0.003.into()),
///     ("depth", 7.into()),
///     ("optimizer", "adam".into()),
/// ]);
/// assert_eq!(defaults.float("learning_rate"), 0.003);
/// assert_eq!(defaults.integer("depth"), 7);
/// assert_eq!(defaults.to_string(), "learning_rate = 0.003, depth = 7, optimizer = adam");
/// ```
///
/// Clones share their memory, and all configurations of a space share their names.
#[derive(Clone, Default, PartialEq)]
pub struct Configuration(Arc<Entries>);

#[derive(Default)]
struct Entries {
    names: Arc<[String]>,
    values: Box<[ParameterValue]>,
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        let has_same_names = Arc::ptr_eq(&self.names, &other.names) || self.names == other.names;
        has_same_names && self.values == other.values
    }
}

impl Configuration {
    /// Creates a configuration from names and values in the same order.
    pub(super) fn new(names: Arc<[String]>, values: Vec<ParameterValue>) -> Self {
        debug_assert_eq!(names.len(), values.len());
        Self(Arc::new(Entries { names, values: values.into() }))
    }

    /// Returns the names, in order.
    pub(super) fn names(&self) -> &Arc<[String]> {
        &self.0.names
    }

    /// Returns the values, in the order of the names.
    pub(super) fn values(&self) -> &[ParameterValue] {
        &self.0.values
    }

    /// Returns a hash of the values and their order, for hash tables within one process.
    pub(crate) fn hash_values(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for value in self.values() {
            match value {
                ParameterValue::Integer(number) => number.hash(&mut hasher),
                // Adding 0 turns −0 into 0.
                ParameterValue::Float(number) => (number + 0.0).to_bits().hash(&mut hasher),
                ParameterValue::Category(text) => text.hash(&mut hasher),
                ParameterValue::Boolean(boolean) => boolean.hash(&mut hasher),
                ParameterValue::Null => 0_u8.hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    /// Returns the value of a parameter, or `None` if there is no parameter with this name.
    pub fn value(&self, name: &str) -> Option<&ParameterValue> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns the value of a numeric parameter as a float.
    ///
    /// # Panics
    /// Panics if there is no parameter with this name, or if its value is not a number. Use
    /// [`value`](Self::value) for names that may be unknown.
    #[track_caller]
    pub fn float(&self, name: &str) -> f64 {
        let value = self.expect_value(name);
        value.number().unwrap_or_else(|| panic!("parameter `{name}` is {value:?}, not a number"))
    }

    /// Returns the value of an integer parameter, or of a categorical parameter of integers.
    ///
    /// # Panics
    /// Panics if there is no parameter with this name, or if its value is not an integer. Use
    /// [`value`](Self::value) for names that may be unknown.
    #[track_caller]
    pub fn integer(&self, name: &str) -> i64 {
        match self.expect_value(name) {
            ParameterValue::Integer(number) => *number,
            other => panic!("parameter `{name}` is {other}, not an integer"),
        }
    }

    /// Returns the value of a categorical parameter of texts.
    ///
    /// # Panics
    /// Panics if there is no parameter with this name, or if its value is not a text. Use
    /// [`value`](Self::value) for names that may be unknown.
    #[track_caller]
    pub fn category(&self, name: &str) -> &str {
        match self.expect_value(name) {
            ParameterValue::Category(value) => value,
            other => panic!("parameter `{name}` is {other}, not a text"),
        }
    }

    /// Returns the value of a categorical parameter of booleans.
    ///
    /// # Panics
    /// Panics if there is no parameter with this name, or if its value is not a boolean. Use
    /// [`value`](Self::value) for names that may be unknown.
    #[track_caller]
    pub fn boolean(&self, name: &str) -> bool {
        match self.expect_value(name) {
            ParameterValue::Boolean(boolean) => *boolean,
            other => panic!("parameter `{name}` is {other}, not a boolean"),
        }
    }

    #[track_caller]
    fn expect_value(&self, name: &str) -> &ParameterValue {
        self.value(name).unwrap_or_else(|| {
            let names: Vec<&str> = self.iter().map(|(name, _)| name).collect();
            panic!("there is no parameter `{name}`; the parameters are {names:?}")
        })
    }

    /// Returns an iterator over names and values, in order.
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
        Self::new(names.into(), values)
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
        struct ConfigurationVisitor;

        impl<'de> Visitor<'de> for ConfigurationVisitor {
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

        deserializer.deserialize_map(ConfigurationVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_formatted_like_pythons_repr() {
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
            assert_eq!(python_repr(number), text);
        }
    }
}
