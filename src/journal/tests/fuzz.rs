//! Journals that were changed at random.
//!
//! `SURMISE_CASES=1000000 cargo test --lib journal::tests::fuzz` tries more.

use std::path::Path;

use super::example::{Scratch, journal, texts};
use crate::journal::changes::Unknown;
use crate::journal::record::Search;
use crate::journal::salvage::Sound;
use crate::journal::scan::scan;
use crate::rng::Rng;

#[allow(clippy::disallowed_methods, reason = "how much is tried is up to whoever runs it")]
fn cases() -> u64 {
    std::env::var("SURMISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(3000)
}

/// A part of the bytes: a few of them, whole lines, or any.
fn part(bytes: &[u8], rng: &mut Rng) -> (usize, usize) {
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
    let (start, end) = part(bytes, rng);
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

/// What is found is what happened, up to a point; or it is an error, and what can be saved of it is a study.
fn look_at(path: &Path, bytes: &[u8], whole: &[String], search: &Search) -> bool {
    if let Ok(found) = scan(path, bytes) {
        let events = texts(&found.events);
        assert!(events.len() <= whole.len() && events == whole[..events.len()]);
        return true;
    }
    let sound = Sound::of(bytes);
    let saved = sound.salvage(path, Some(search.clone())).unwrap();
    let mut study = search.study_by(Unknown::of(search)).unwrap();
    study.extend(saved.events.into_iter().map(|(_, event)| event)).unwrap();
    false
}

#[test]
fn whatever_happens_to_a_journal_no_other_study_comes_of_it() {
    let scratch = Scratch::new("fuzz");
    let path = scratch.file("run");
    let (study, bytes) = journal(&path, 40);
    let whole = texts(study.events());
    let search = Search::of(&study).unwrap();
    let cases = cases();
    let mut read = 0;
    for case in 0..cases {
        let mut rng = Rng::stream(case, 11);
        let mut changed = bytes.clone();
        for _ in 0..=rng.index(3) {
            change(&mut changed, &mut rng);
        }
        read += u64::from(look_at(&path, &changed, &whole, &search));
    }
    assert!(read > cases / 20 && read < cases, "{read} of {cases} are read");
}
