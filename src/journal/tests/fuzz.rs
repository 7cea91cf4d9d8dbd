//! Journals with random changes of their bytes.
//!
//! `SURMISE_CASES=1000000 cargo test --lib journal::tests::fuzz` tries more cases.

use std::path::Path;

use super::example::{ScratchFolder, event_texts, write_journal};
use crate::journal::changed_search::PlaceholderStrategy;
use crate::journal::record::SearchDescription;
use crate::journal::salvage::ReadableRecords;
use crate::journal::scan::scan;
use crate::rng::Rng;

#[allow(clippy::disallowed_methods, reason = "the caller chooses the number of cases")]
fn cases() -> u64 {
    std::env::var("SURMISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(3000)
}

/// Returns a random range of the bytes: a few bytes, a whole line, or any length.
fn random_range(bytes: &[u8], rng: &mut Rng) -> (usize, usize) {
    let start = rng.index(bytes.len() + 1);
    let length = match rng.index(3) {
        0 => rng.index(8),
        1 => bytes[start..].iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1),
        _ => rng.index(bytes.len() + 1),
    };
    (start, (start + length).min(bytes.len()))
}

fn change(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if bytes.is_empty() {
        bytes.extend_from_slice(b"{\"seq\":0,");
        return;
    }
    let (start, end) = random_range(bytes, rng);
    let at = rng.index(bytes.len());
    match rng.index(8) {
        0 => bytes[at] ^= 1 << rng.index(8),
        1 => bytes[at] = *b"\n\"{}[],:0\0".get(rng.index(10)).unwrap_or(&b' '),
        2 => drop(bytes.drain(start..end)),
        3 => {
            let copy = bytes[start..end].to_vec();
            bytes.splice(at..at, copy);
        }
        4 => bytes.truncate(start),
        5 => bytes[start..end].fill(0),
        6 => bytes[start..end].reverse(),
        _ => {
            let middle = start + rng.index(end - start + 1);
            bytes[start..end].rotate_left(middle - start);
        }
    }
}

/// Checks a changed journal: its events are the first ones of the original, or it is refused and
/// the salvaged events are a valid study.
///
/// Returns whether it could be read.
fn check_changed_journal(
    path: &Path,
    bytes: &[u8],
    all_events: &[String],
    search: &SearchDescription,
) -> bool {
    if let Ok(found) = scan(path, bytes) {
        let events = event_texts(&found.events);
        assert!(events.len() <= all_events.len() && events == all_events[..events.len()]);
        return true;
    }
    let readable = ReadableRecords::read(bytes);
    let salvaged = readable.salvage(path, Some(search.clone())).unwrap();
    let mut study = search.build_study_with(PlaceholderStrategy::from_search(search)).unwrap();
    study.extend(salvaged.events.into_iter().map(|(_, event)| event)).unwrap();
    false
}

#[test]
fn changed_bytes_never_yield_other_events() {
    let scratch = ScratchFolder::new("fuzz");
    let path = scratch.file("run");
    let (study, bytes) = write_journal(&path, 40);
    let all_events = event_texts(study.events());
    let search = SearchDescription::from_study(&study).unwrap();
    let cases = cases();
    let mut read_count = 0;
    for case in 0..cases {
        let mut rng = Rng::stream(case, 11);
        let mut changed = bytes.clone();
        for _ in 0..=rng.index(3) {
            change(&mut changed, &mut rng);
        }
        read_count += u64::from(check_changed_journal(&path, &changed, &all_events, &search));
    }
    assert!(read_count > cases / 20 && read_count < cases, "{read_count} of {cases} are read");
}
