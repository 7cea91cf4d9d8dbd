//! SageMaker's tuning request: read, judged, made a study, written back; and what its training jobs get on this machine.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod bounds;
mod container;
mod fuzz;
mod page;
mod reading;
mod rules;
mod states;
mod study;
mod wrapping;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use surmise_sagemaker::{Document, DocumentReader, Judge, Verdict};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn file(name: &str) -> Value {
    serde_json::from_slice(&fs::read(data().join(name)).unwrap()).unwrap()
}

/// All JSON files of a folder, in order.
fn files(folder: &str) -> Vec<(String, Value)> {
    let mut names: Vec<String> = fs::read_dir(data().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), file(&format!("{folder}/{name}")))).collect()
}

/// The request that uses every member that can stand beside one definition.
fn one_definition() -> Value {
    file("accepted/one_definition.json")
}

fn document(value: &Value) -> Document {
    DocumentReader::default().recognize(value.clone()).unwrap()
}

fn judge(value: &Value) -> Verdict {
    Judge::default().judge(&document(value))
}

/// The place of a JSON pointer, made if it is not there.
fn at<'a>(value: &'a mut Value, pointer: &str) -> &'a mut Value {
    pointer.split('/').skip(1).fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) => &mut value[index],
        Err(_) => &mut value[step],
    })
}

/// A request with some places changed.
fn with(mut value: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, new) in changes {
        *at(&mut value, pointer) = new.clone();
    }
    value
}

/// A request without some members.
fn without(mut value: Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        at(&mut value, parent).as_object_mut().unwrap().shift_remove(name).expect(pointer);
    }
    value
}
