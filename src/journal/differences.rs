//! Describes the differences between two searches, for people.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::stable_hash::stable_hash;

/// Returns the hash of a value, which does not depend on the order of members of objects.
pub(super) fn hash(value: &Value) -> String {
    format!("{:016x}", stable_hash(&sorted(value).to_string()))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            Value::Object(
                members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect(),
            )
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Appends a line for each difference of two values at a path, such as `space.rate.max`.
///
/// Members of objects are compared by name, and so are the values of lists that have names. A
/// missing member counts as null.
pub(super) fn compare(path: &str, before: &Value, now: &Value, differences: &mut Vec<String>) {
    if before == now {
        return;
    }
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            compare_by_name(path, before, now, differences);
        }
        (Value::Array(before), Value::Array(now)) => {
            match (index_by_name(before), index_by_name(now)) {
                (Some(earlier), Some(later)) if !before.is_empty() || !now.is_empty() => {
                    let count = differences.len();
                    compare_by_name(path, &earlier, &later, differences);
                    if differences.len() == count {
                        differences.push(format!("{path}: the order differs"));
                    }
                }
                _ => differences.push(describe(path, &before.clone().into(), &now.clone().into())),
            }
        }
        _ => differences.push(describe(path, before, now)),
    }
}

fn compare_by_name(
    path: &str,
    before: &Map<String, Value>,
    now: &Map<String, Value>,
    differences: &mut Vec<String>,
) {
    // The names are sorted, because the order of members depends on a feature of serde_json.
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for name in names {
        let [before, now] = [before, now].map(|members| members.get(name).unwrap_or(&Value::Null));
        compare(&format!("{path}.{name}"), before, now, differences);
    }
}

/// Returns a list as a map by name, if its values have distinct names.
fn index_by_name(values: &[Value]) -> Option<Map<String, Value>> {
    let members: Option<Map<String, Value>> = values
        .iter()
        .map(|value| Some((value.get("name")?.as_str()?.to_owned(), value.clone())))
        .collect();
    members.filter(|members| members.len() == values.len())
}

fn describe(path: &str, before: &Value, now: &Value) -> String {
    match (&sorted(before), &sorted(now)) {
        (Value::Null, now) => format!("{path} was not there, and is {now}"),
        (before, Value::Null) => format!("{path} was {before}, and is not there"),
        (before, now) => format!("{path} was {before}, and is {now}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(before: &Value, now: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        compare("space", before, now, &mut differences);
        differences
    }

    #[test]
    fn differences_name_parameter_and_member() {
        let before =
            json!([{"name": "rate", "min": 0.1, "max": 1.0}, {"name": "layers", "max": 3}]);
        let now = json!([
            {"name": "rate", "min": 0.1, "max": 2.0, "step": 0.1},
            {"name": "width", "max": 3}
        ]);
        assert_eq!(differences(&before, &before), Vec::<String>::new());
        assert_eq!(
            differences(&before, &now),
            [
                "space.layers was {\"max\":3,\"name\":\"layers\"}, and is not there",
                "space.rate.max was 1.0, and is 2.0",
                "space.rate.step was not there, and is 0.1",
                "space.width was not there, and is {\"max\":3,\"name\":\"width\"}",
            ]
        );
        let reordered =
            json!([{"name": "layers", "max": 3}, {"name": "rate", "min": 0.1, "max": 1.0}]);
        assert_eq!(differences(&before, &reordered), ["space: the order differs"]);
        assert_eq!(differences(&json!([1, 2]), &json!([1])), ["space was [1,2], and is [1]"]);
        assert_eq!(differences(&json!([]), &json!([])), Vec::<String>::new());
    }

    #[test]
    fn hash_does_not_depend_on_the_order_of_members() {
        let [one, same, other] = [
            "{\"a\":1,\"b\":[{\"c\":2,\"d\":3}]}",
            "{\"b\":[{\"d\":3,\"c\":2}],\"a\":1}",
            "{\"a\":1}",
        ]
        .map(|text| hash(&serde_json::from_str(text).unwrap()));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(one.len(), 16);
    }
}
