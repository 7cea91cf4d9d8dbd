//! Reads and writes JSON without silent losses.
//!
//! `serde_json` keeps only the last of several members with one name; this module reports their
//! paths. It also keeps the text of numbers that `serde_json` would write differently.

use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json_path::step;

/// Parses a document; returns its value and the paths of members that occur more than once.
pub(crate) fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut duplicates = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = ValueSeed { path: "$".to_owned(), duplicates: &mut duplicates };
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, duplicates))
}

/// Returns the texts of numbers that are not in their shortest form, by their paths. The text must
/// be valid JSON.
pub(crate) fn numbers(text: &str) -> BTreeMap<String, String> {
    let mut scanner = NumberScanner { rest: text, numbers: BTreeMap::new() };
    scanner.value("$");
    scanner.numbers
}

/// Writes the value at `path` as indented JSON.
///
/// A number keeps the text that `numbers` has for its path, if that is the same number.
pub(crate) fn to_text(value: &Value, path: &str, numbers: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    write(value, path, numbers, 0, &mut text);
    text
}

fn write(
    value: &Value,
    path: &str,
    numbers: &BTreeMap<String, String>,
    depth: usize,
    text: &mut String,
) {
    let line = |depth: usize, text: &mut String| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                line(depth + 1, text);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(": ");
                write(value, &format!("{path}{}", step(name)), numbers, depth + 1, text);
            }
            line(depth, text);
            text.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                line(depth + 1, text);
                write(item, &format!("{path}[{index}]"), numbers, depth + 1, text);
            }
            line(depth, text);
            text.push(']');
        }
        Value::Number(number) => {
            let original = numbers.get(path).filter(|original| {
                serde_json::from_str::<Number>(original).is_ok_and(|it| it == *number)
            });
            text.push_str(original.unwrap_or(&number.to_string()));
        }
        other => text.push_str(&other.to_string()),
    }
}

/// Scans a valid JSON text for numbers.
struct NumberScanner<'t> {
    rest: &'t str,
    numbers: BTreeMap<String, String>,
}

impl<'t> NumberScanner<'t> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Takes a string with its quotation marks.
    fn string(&mut self) -> &'t str {
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        self.take(end.map_or(self.rest.len(), |end| end + 2))
    }

    fn value(&mut self, path: &str) {
        self.skip_blanks();
        match self.rest.as_bytes().first() {
            Some(b'{') => {
                self.take(1);
                self.skip_blanks();
                if self.rest.starts_with('}') {
                    self.take(1);
                    return;
                }
                loop {
                    self.skip_blanks();
                    let name: String = serde_json::from_str(self.string()).unwrap_or_default();
                    self.skip_blanks();
                    self.take(1);
                    self.value(&format!("{path}{}", step(&name)));
                    self.skip_blanks();
                    if self.take(1) != "," {
                        return;
                    }
                }
            }
            Some(b'[') => {
                self.take(1);
                self.skip_blanks();
                if self.rest.starts_with(']') {
                    self.take(1);
                    return;
                }
                for index in 0_usize.. {
                    self.value(&format!("{path}[{index}]"));
                    self.skip_blanks();
                    if self.take(1) != "," {
                        return;
                    }
                }
            }
            Some(b'"') => {
                self.string();
            }
            _ => {
                let end = self.rest.find([',', '}', ']', ' ', '\t', '\n', '\r']);
                let text = self.take(end.unwrap_or(self.rest.len()));
                let number = serde_json::from_str::<Number>(text);
                if number.is_ok_and(|number| number.to_string() != text) {
                    self.numbers.insert(path.to_owned(), text.to_owned());
                }
            }
        }
    }
}

/// Deserializes the value at a path and records duplicate members below it.
struct ValueSeed<'a> {
    path: String,
    duplicates: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("a number is finite"))?;
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let path = |index: usize| format!("{}[{index}]", self.path);
        while let Some(item) = items
            .next_element_seed(ValueSeed { path: path(list.len()), duplicates: self.duplicates })?
        {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let path = format!("{}{}", self.path, step(&name));
            let seed = ValueSeed { path: path.clone(), duplicates: self.duplicates };
            let value = members.next_value_seed(seed)?;
            if object.insert(name, value).is_some() {
                self.duplicates.push(path);
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_notation() {
        let text = concat!(
            r#" { "a" : [0.10, 1e-2,-3, {"b c": 123456789012345678901234567890}, "0.10", "#,
            r#"[], {} , true,null],"\u0061\"": 1E5, "n": 7.0, "d": {"e": {"f": {}}}, "g": 1.50 } "#
        );
        let (value, _) = read(text.as_bytes()).unwrap();
        let numbers = numbers(text);
        let kept: Vec<(&str, &str)> =
            numbers.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(
            kept,
            [
                ("$.a[0]", "0.10"),
                ("$.a[1]", "1e-2"),
                ("$.a[3]['b c']", "123456789012345678901234567890"),
                ("$.g", "1.50"),
                ("$['a\"']", "1E5"),
            ]
        );
        let again = to_text(&value, "$", &numbers);
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(plain(&again), plain(&text.replace(r"\u0061", "a")));
        assert_eq!(to_text(&value, "$", &BTreeMap::new()), format!("{value:#}"));
        // A changed value gets the shortest notation.
        let changed = serde_json::json!({"a": [0.2]});
        assert_eq!(plain(&to_text(&changed, "$", &numbers)), r#"{"a":[0.2]}"#);
    }

    #[test]
    fn values_are_those_of_serde_json_and_duplicates_are_reported() {
        let text = concat!(
            r#" {"a": [1, -2, 3.5, 1e300, "x\u00e4", null, true, {}], "#,
            r#""b": {"c": 1, "c": 2}, "b": {"d e": [{"f": 1, "f": 2}]}} "#
        );
        let (value, duplicates) = read(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(duplicates, ["$.b.c", "$.b['d e'][0].f", "$.b"]);
        for invalid in ["", "{", "[1,]", "{} x", "nul", "1e999", "\"\\ud800\""] {
            let error = read(invalid.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, serde_json::from_str::<Value>(invalid).unwrap_err().to_string());
        }
    }
}
