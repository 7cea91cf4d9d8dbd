//! Fuzzes journals: a readable journal can be opened, and a repaired journal can be read.
//!
//! No journal causes a panic. `fuzz/README.md` describes how to run it.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use surmise::journal::Journal;

/// Replaces the checksum of each line by the correct one, so that mutated lines are parsed.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut corrected = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let key = b",\"crc32\":";
        let end = line.windows(key.len()).rposition(|window| window == key);
        let (covered, is_complete) = (&line[..end.unwrap_or(line.len())], line.ends_with(b"\n"));
        corrected.extend_from_slice(covered);
        if end.is_some() && is_complete {
            let crc = crc32fast::hash(covered);
            corrected.extend_from_slice(format!(",\"crc32\":\"{crc:08x}\"}}\n").as_bytes());
        }
    }
    corrected
}

fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    parent.join(format!("surmise-fuzz-{}", std::process::id()))
}

fuzz_target!(|bytes: &[u8]| {
    let folder = folder();
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder can be created");
    let path = folder.join("run.surmise");
    // The first byte selects: checksums are corrected only if it is `{`.
    let bytes = match bytes.split_first() {
        Some((b'{', _)) | None => with_checksums(bytes),
        Some((_, journal)) => journal.to_owned(),
    };
    fs::write(&path, &bytes).expect("the file can be written");
    let read = Journal::read(&path);
    let opened = Journal::open(&path);
    if let (Ok(read), Ok((study, _))) = (&read, &opened) {
        assert_eq!(format!("{:?}", read.events()), format!("{:?}", study.events()));
    }
    assert!(read.is_ok() || opened.is_err(), "an unreadable journal was opened");
    drop(opened);
    if read.is_err() && Journal::repair(&path).is_ok() {
        Journal::read(&path).expect("a repaired journal can be read");
    }
});
