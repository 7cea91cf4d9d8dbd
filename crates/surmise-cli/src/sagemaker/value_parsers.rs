//! Parsers of argument values.

use std::fs;
use std::io::Read;

use serde_json::Value;
use surmise_sagemaker::Quotas;

/// Reads a file, or standard input for `-`.
pub(super) fn read_bytes(path: &str) -> Result<Vec<u8>, String> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| format!("standard input: {error}"));
    }
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

pub(crate) fn parse_json(text: &str) -> Result<Value, String> {
    let is_json = text.trim_start().starts_with(['{', '[', '"']);
    let bytes = if is_json { text.as_bytes().to_vec() } else { read_bytes(text)? };
    serde_json::from_slice(&bytes).map_err(|error| format!("{text:?} is not JSON: {error}"))
}

pub(super) fn parse_quotas(name: &str) -> Result<Quotas, String> {
    match name {
        "default" => Ok(Quotas::DEFAULT),
        "2023" => Ok(Quotas::DEFAULT_2023),
        "raised" => Ok(Quotas::RAISED),
        _ => Err(format!("unknown quotas {name:?}: use default, 2023 or raised")),
    }
}
