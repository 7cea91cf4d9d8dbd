//! Fuzzes requests of ask-tell: each line gets a reply, and no line causes a panic.
//!
//! `fuzz/README.md` describes how to run it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use surmise::ask_tell::{Init, Session};
use surmise::{RandomSearch, Strategy};

fuzz_target!(|bytes: &[u8]| {
    let strategy = |_: &Init| Box::new(RandomSearch) as Box<dyn Strategy>;
    let mut session = Session::new(strategy);
    for line in bytes.split(|byte| *byte == b'\n') {
        let reply = session.answer(line);
        let text = serde_json::to_string(&reply).expect("a reply is JSON");
        assert!(!text.contains('\n'));
    }
});
