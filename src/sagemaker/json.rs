//! Reading JSON without losing anything in silence: of a member that is there twice only the last counts, and its path is told.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::node::step;

/// The value of a document, and the paths of members that are there more than once.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut twice = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let place = Place { path: "$".to_owned(), twice: &mut twice };
    let value = place.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, twice))
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
