//! The intrinsic functions of Step Functions.
//!
//! Three are not supported. `States.Hash` would need a library of hash functions; `States.UUID` and
//! `States.MathRandom` have a value only when the state machine runs.

use serde_json::{Map, Value, json};

use super::unresolved_reason::UnresolvedReason;

/// The maximum number of items that `ArrayRange` may return in Step Functions.
const MAX_RANGE_ITEMS: i64 = 1000;

/// Applies a function other than `Format`.
pub(super) fn apply(function: &str, arguments: &[Value]) -> Result<Value, UnresolvedReason> {
    match function {
        "Hash" => Err(UnresolvedReason::Unsupported("States.Hash is not supported".to_owned())),
        "UUID" | "MathRandom" => Err(UnresolvedReason::Random(format!("States.{function}"))),
        array if array.starts_with("Array") => apply_array_function(array, arguments),
        other => apply_value_function(other, arguments),
    }
}

fn wrong_arguments(function: &str, parameters: &str) -> UnresolvedReason {
    UnresolvedReason::Malformed(format!("States.{function} takes {parameters}"))
}

fn apply_array_function(function: &str, arguments: &[Value]) -> Result<Value, UnresolvedReason> {
    match (function, arguments) {
        ("Array", items) => Ok(Value::Array(items.to_vec())),
        ("ArrayLength", [Value::Array(items)]) => Ok(json!(items.len())),
        ("ArrayContains", [Value::Array(items), wanted]) => {
            Ok(json!(items.iter().any(|item| is_equal(item, wanted))))
        }
        ("ArrayGetItem", [Value::Array(items), index]) => {
            let index = to_integer(index).and_then(|index| usize::try_from(index).ok());
            index
                .and_then(|index| items.get(index))
                .cloned()
                .ok_or_else(|| UnresolvedReason::Missing("ArrayGetItem".to_owned()))
        }
        ("ArrayUnique", [Value::Array(items)]) => {
            let mut unique: Vec<Value> = Vec::new();
            for item in items {
                if !unique.iter().any(|it| is_equal(it, item)) {
                    unique.push(item.clone());
                }
            }
            Ok(Value::Array(unique))
        }
        ("ArrayPartition", [Value::Array(items), size]) => {
            let size = to_integer(size).and_then(|size| usize::try_from(size).ok());
            let size = size.filter(|size| *size > 0);
            let size =
                size.ok_or_else(|| wrong_arguments(function, "a list and a size above 0"))?;
            Ok(items.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect())
        }
        ("ArrayRange", [first, last, step]) => {
            let numbers = (to_integer(first), to_integer(last), to_integer(step));
            let (Some(first), Some(last), Some(step)) = numbers else {
                return Err(wrong_arguments(function, "three whole numbers"));
            };
            range(first, last, step).ok_or_else(|| {
                wrong_arguments(
                    function,
                    &format!("a step other than 0 and at most {MAX_RANGE_ITEMS} items"),
                )
            })
        }
        _ => Err(unknown_or_wrong_arguments(function)),
    }
}

fn apply_value_function(function: &str, arguments: &[Value]) -> Result<Value, UnresolvedReason> {
    match (function, arguments) {
        ("Base64Encode", [Value::String(text)]) => {
            Ok(Value::String(base64_encode(text.as_bytes())))
        }
        ("Base64Decode", [Value::String(text)]) => base64_decode(text)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Value::String)
            .ok_or_else(|| wrong_arguments(function, "text in Base64")),
        ("JsonMerge", [Value::Object(first), Value::Object(second), Value::Bool(false)]) => {
            let mut merged: Map<String, Value> = first.clone();
            merged.extend(second.clone());
            Ok(Value::Object(merged))
        }
        ("JsonToString", [value]) => Ok(Value::String(value.to_string())),
        ("StringToJson", [Value::String(text)]) => {
            serde_json::from_str(text).map_err(|_| wrong_arguments(function, "text that is JSON"))
        }
        ("StringSplit", [Value::String(text), Value::String(separators)]) => {
            let parts = text.split(|c| separators.contains(c)).filter(|part| !part.is_empty());
            Ok(parts.map(Value::from).collect())
        }
        ("MathAdd", [a, b]) => to_integer(a)
            .zip(to_integer(b))
            .and_then(|(a, b)| a.checked_add(b))
            .map(Value::from)
            .ok_or_else(|| wrong_arguments(function, "two whole numbers")),
        _ => Err(unknown_or_wrong_arguments(function)),
    }
}

fn unknown_or_wrong_arguments(function: &str) -> UnresolvedReason {
    const SUPPORTED: [&str; 13] = [
        "ArrayLength",
        "ArrayContains",
        "ArrayGetItem",
        "ArrayUnique",
        "ArrayPartition",
        "ArrayRange",
        "Base64Encode",
        "Base64Decode",
        "JsonMerge",
        "JsonToString",
        "StringToJson",
        "StringSplit",
        "MathAdd",
    ];
    if SUPPORTED.contains(&function) {
        wrong_arguments(function, "other arguments than these")
    } else {
        UnresolvedReason::Malformed(format!("there is no function States.{function}"))
    }
}

/// Compares two values; numbers are compared by value, so that 1 equals 1.0.
fn is_equal(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
}

/// Converts a number to an integer; a fraction is rounded, as in Step Functions.
fn to_integer(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "below 2⁵³")]
    let rounded = |number: f64| (number.abs() < 9e15).then(|| number.round() as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(rounded))
}

fn range(first: i64, last: i64, step: i64) -> Option<Value> {
    let mut items = Vec::new();
    let mut next = first;
    while if step > 0 { next <= last } else { next >= last } {
        items.push(Value::from(next));
        if step == 0 || items.len() > usize::try_from(MAX_RANGE_ITEMS).ok()? {
            return None;
        }
        next = next.checked_add(step)?;
    }
    (step != 0).then_some(Value::Array(items))
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes as Base64 (RFC 4648, section 4).
fn base64_encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let sextet = usize::try_from(bits >> (18 - 6 * position) & 63).unwrap_or_default();
            text.push(if position <= chunk.len() { char::from(BASE64[sextet]) } else { '=' });
        }
    }
    text
}

fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || !text.len().is_multiple_of(4) {
        return None;
    }
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits.bytes() {
        let sextet = BASE64.iter().position(|it| *it == digit)?;
        bits = (bits << 6 | u32::try_from(sextet).ok()?) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    Some(bytes)
}
