//! Reading JSON without losing anything in silence: of a member that is there twice only the last counts, and its path is told; numbers that
//! would be written otherwise than they were are kept as text, and written so.

use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json_path::step;

/// The value of a document, and the paths of members that are there more than once.
pub(crate) fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut twice = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let place = Place { path: "$".to_owned(), twice: &mut twice };
    let value = place.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, twice))
}

/// The numbers of a text that is known to be JSON whose shortest form is another one, by their paths.
pub(crate) fn numbers(text: &str) -> BTreeMap<String, String> {
    let mut scan = Scan { rest: text, numbers: BTreeMap::new() };
    scan.value("$");
    scan.numbers
}

/// A value as indented JSON that stands at `path`, with numbers as `numbers` has them where they are the same.
pub(crate) fn written(value: &Value, path: &str, numbers: &BTreeMap<String, String>) -> String {
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
            let given = numbers.get(path).filter(|given| {
                serde_json::from_str::<Number>(given).is_ok_and(|given| given == *number)
            });
            text.push_str(given.unwrap_or(&number.to_string()));
        }
        other => text.push_str(&other.to_string()),
    }
}

/// Goes through a text that is known to be JSON.
struct Scan<'t> {
    rest: &'t str,
    numbers: BTreeMap<String, String>,
}

impl<'t> Scan<'t> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A string with its quotation marks.
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

/// The place in a document whose value comes next.
struct Place<'a> {
    path: String,
    twice: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
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
        let place = |index: usize| format!("{}[{index}]", self.path);
        while let Some(item) =
            items.next_element_seed(Place { path: place(list.len()), twice: self.twice })?
        {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let path = format!("{}{}", self.path, step(&name));
            let value = members.next_value_seed(Place { path: path.clone(), twice: self.twice })?;
            if object.insert(name, value).is_some() {
                self.twice.push(path);
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_were() {
        let text = r#" { "a" : [0.10, 1e-2,-3, {"b c": 123456789012345678901234567890}, "0.10", [], {} , true,null],"\u0061\"": 1E5, "n": 7.0, "d": {"e": {"f": {}}}, "g": 1.50 } "#;
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
        let again = written(&value, "$", &numbers);
        let plain = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(plain(&again), plain(&text.replace(r"\u0061", "a")));
        assert_eq!(written(&value, "$", &BTreeMap::new()), format!("{value:#}"));
        // Another value is not the one that was written so.
        let changed = serde_json::json!({"a": [0.2]});
        assert_eq!(plain(&written(&changed, "$", &numbers)), r#"{"a":[0.2]}"#);
    }

    #[test]
    fn it_reads_what_serde_json_reads_and_tells_what_is_there_twice() {
        let text = r#" {"a": [1, -2, 3.5, 1e300, "x\u00e4", null, true, {}], "b": {"c": 1, "c": 2}, "b": {"d e": [{"f": 1, "f": 2}]}} "#;
        let (value, twice) = read(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(twice, ["$.b.c", "$.b['d e'][0].f", "$.b"]);
        for bad in ["", "{", "[1,]", "{} x", "nul", "1e999", "\"\\ud800\""] {
            let ours = read(bad.as_bytes()).unwrap_err().to_string();
            assert_eq!(ours, serde_json::from_str::<Value>(bad).unwrap_err().to_string());
        }
    }
}
