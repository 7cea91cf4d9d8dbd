//! Tests of SageMaker's tuning requests: reading, validation, conversion to studies and back, and
//! the local container of training jobs.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod bounds;
mod container;
mod formats;
mod fuzz;
mod reading;
mod rules;
mod step_functions;
mod study;
mod tuning_form;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use surmise_sagemaker::{Document, DocumentReader, Validation, Validator};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn file(name: &str) -> Value {
    serde_json::from_slice(&fs::read(data().join(name)).unwrap()).unwrap()
}

/// Reads all JSON files of a folder, sorted by name.
fn files(folder: &str) -> Vec<(String, Value)> {
    let mut names: Vec<String> = fs::read_dir(data().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), file(&format!("{folder}/{name}")))).collect()
}

/// Reads the request that uses every member allowed beside a single definition.
fn one_definition() -> Value {
    file("accepted/one_definition.json")
}

fn document(value: &Value) -> Document {
    DocumentReader::default().read_value(value.clone()).unwrap()
}

fn validate(value: &Value) -> Validation {
    Validator::default().validate(&document(value))
}

/// Returns the value at a JSON pointer, which is created if it is missing.
fn at<'a>(value: &'a mut Value, pointer: &str) -> &'a mut Value {
    pointer.split('/').skip(1).fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) => &mut value[index],
        Err(_) => &mut value[step],
    })
}

/// Returns a request with these values at these JSON pointers.
fn with(mut value: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, new) in changes {
        *at(&mut value, pointer) = new.clone();
    }
    value
}

/// Returns a request without the members at these JSON pointers.
fn without(mut value: Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        at(&mut value, parent).as_object_mut().unwrap().shift_remove(name).expect(pointer);
    }
    value
}
