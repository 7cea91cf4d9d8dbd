//! Fuzzes tuning requests: a readable request is validated and written back unchanged.
//!
//! No request causes a panic. `fuzz/README.md` describes how to run it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use surmise_sagemaker::{Document, Validator};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::read(bytes) else { return };
    let _ = Validator::default().validate(&document).to_string();
    let _ = document.tuning().map(|tuning| tuning.study().map(|mut study| study.ask(2).map(drop)));
    if let Ok(request) = document.request() {
        assert_eq!(serde_json::to_value(&request).expect("a request is JSON"), *document.body());
    }
});
