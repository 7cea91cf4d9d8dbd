//! Tuning requests: whatever is read is judged and written back, and nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use surmise_sagemaker::{Document, Judge};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::read(bytes) else { return };
    let _ = Judge::default().judge(&document).to_string();
    let _ = document.tuning().map(|tuning| tuning.study().map(|mut study| study.ask(2).map(drop)));
    if let Ok(request) = document.request() {
        assert_eq!(serde_json::to_value(&request).expect("a request is JSON"), *document.body());
    }
});
