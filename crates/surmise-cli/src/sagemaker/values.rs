//! Values on the command line.

use std::fs;
use std::io::Read;

use serde_json::Value;
use surmise_sagemaker::Quotas;

/// What a file holds, or standard input.
pub(super) fn bytes(path: &str) -> Result<Vec<u8>, String> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| format!("standard input: {error}"));
    }
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

pub(crate) fn json(text: &str) -> Result<Value, String> {
    let is_json = text.trim_start().starts_with(['{', '[', '"']);
    let bytes = if is_json { text.as_bytes().to_vec() } else { bytes(text)? };
    serde_json::from_slice(&bytes).map_err(|error| format!("{text:?} is no JSON: {error}"))
}

pub(super) fn quotas(name: &str) -> Result<Quotas, String> {
    match name {
        "default" => Ok(Quotas::DEFAULT),
        "2023" => Ok(Quotas::DEFAULT_2023),
        "raised" => Ok(Quotas::RAISED),
        _ => Err(format!("{name:?} are no quotas; use default, 2023 or raised")),
    }
}
