//! Journals that are cut off, and whose lines are lost, repeated, swapped or changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::example::{ScratchFolder, event_texts, line_starts, new_study, write_journal};
use crate::error::Error;
use crate::journal::scan::scan;
use crate::journal::{Journal, JournalError, JournalErrorKind};
use crate::rng::Rng;
use crate::study::{Event, Study};
use crate::trial::Outcome;

const EVENTS: usize = 300;

fn error_kind(error: Error) -> JournalErrorKind {
    match error {
        Error::Journal(JournalError { kind, .. }) => kind,
        other => panic!("{other}"),
    }
}

/// Returns the outcomes of each configuration.
fn results(study: &Study) -> BTreeMap<String, Vec<Outcome>> {
    let mut results: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for trial in study.trials() {
        if let Some(outcome) = &trial.outcome {
            results.entry(trial.configuration.to_string()).or_default().push(outcome.clone());
        }
    }
    results
}

/// Returns the number of results of a study that another study lacks.
fn count_missing_results(study: &Study, other: &Study) -> usize {
    let available = results(other);
    let count_missing = |(configuration, outcomes): (&String, &Vec<Outcome>)| {
        let found = available.get(configuration);
        outcomes
            .iter()
            .filter(|outcome| !found.is_some_and(|found| found.contains(outcome)))
            .count()
    };
    results(study).iter().map(count_missing).sum()
}

#[test]
fn journal_cut_off_anywhere_keeps_complete_events() {
    let scratch = ScratchFolder::new("cut");
    let path = scratch.file("run");
    let (study, bytes) = write_journal(&path, EVENTS);
    let all = event_texts(study.events());
    let starts = line_starts(&bytes);
    for end in 0..=bytes.len() {
        // A line without its newline is complete.
        let line_count = starts.iter().skip(1).filter(|start| *start - 1 <= end).count();
        let scanned = scan(&path, &bytes[..end]);
        if line_count == 0 {
            let error = scanned.unwrap_err();
            assert!(
                matches!(
                    error.kind,
                    JournalErrorKind::NotAJournal { .. }
                        | JournalErrorKind::Damaged { offset: 0, .. }
                ),
                "{error}"
            );
            continue;
        }
        let scan = scanned.unwrap();
        assert_eq!(event_texts(&scan.events), all[..line_count - 1], "cut off at {end}");
        let is_torn = !starts.contains(&end) && !starts.contains(&(end + 1));
        assert_eq!(scan.torn_tail.is_some(), is_torn, "cut off at {end}");
    }
}

#[test]
fn fault_07_cut_off_journal_is_resumed() {
    let scratch = ScratchFolder::new("goes-on");
    let path = scratch.file("run");
    let (original, bytes) = write_journal(&path, EVENTS);
    let starts = line_starts(&bytes);
    let mut rng = Rng::stream(2, 2);
    for pair in starts.windows(2) {
        let torn = pair[0] + 1 + rng.index(pair[1] - pair[0] - 2);
        for end in [pair[0], torn, pair[1] - 1] {
            let _ = fs::remove_file(scratch.file(&format!("run.torn-{}", pair[0])));
            fs::write(&path, &bytes[..end]).unwrap();
            let (mut again, mut journal) = Journal::resume(&path, new_study()).unwrap();
            let all = event_texts(original.events());
            let common = again.events().len();
            assert_eq!(event_texts(again.events()), all[..common]);
            let kept = journal.open_summary().torn_line_copy.clone();
            if end == torn && pair[0] > 0 {
                assert_eq!(fs::read(kept.unwrap()).unwrap(), bytes[pair[0]..torn]);
                assert!(journal.open_summary().warnings[0].contains("were cut off"));
            } else {
                assert_eq!(kept, None);
            }
            // Later events are read, too.
            again.ask(1).unwrap();
            journal.write(&again).unwrap();
            drop(journal);
            assert_eq!(
                event_texts(Journal::open(&path).unwrap().0.events()),
                event_texts(again.events())
            );
        }
    }
}

/// Checks that a damaged journal is refused, and repairs it.
///
/// Returns the repaired study and the number of losses that the repair lists.
fn check_refusal_and_repair(path: &Path, damaged: &[u8], offset: usize) -> (Study, usize) {
    fs::write(path, damaged).unwrap();
    let found = error_kind(Journal::open(path).unwrap_err());
    let JournalErrorKind::Damaged { offset: reported, .. } = found else { panic!("{found:?}") };
    assert_eq!(reported, offset as u64);
    assert_eq!(fs::read(path).unwrap(), damaged, "a refused file is not changed");
    let repair = Journal::repair(path).unwrap();
    let kept = repair.damaged_copy.unwrap();
    assert_eq!(fs::read(&kept).unwrap(), damaged);
    fs::remove_file(kept).unwrap();
    let (study, journal) = Journal::open(path).unwrap();
    assert_eq!(study.events().len(), repair.event_count);
    drop(journal);
    let again = Journal::repair(path).unwrap();
    assert_eq!((again.damaged_copy, again.lost.len()), (None, 0), "an intact file needs no repair");
    (study, repair.lost.len())
}

/// This test opens the journal once, because each refusal waits a third of a second for a lock that
/// a child may hold.
#[test]
fn locked_journal_is_not_repaired() {
    let scratch = ScratchFolder::new("in-use");
    let path = scratch.file("run");
    drop(write_journal(&path, EVENTS));
    let (_, journal) = Journal::open(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for error in
        [Journal::repair(&path).unwrap_err(), Journal::repair_for(&path, &new_study()).unwrap_err()]
    {
        assert_eq!(
            error_kind(error),
            JournalErrorKind::Locked { process: Some(std::process::id()) }
        );
    }
    drop(journal);
    assert!(fs::read(&path).unwrap() == bytes, "the file was changed");
}

#[test]
fn repeated_lines_are_refused_and_repaired_without_loss() {
    let scratch = ScratchFolder::new("twice");
    let path = scratch.file("run");
    let (original, bytes) = write_journal(&path, EVENTS);
    for pair in line_starts(&bytes).windows(2) {
        let mut damaged = bytes.clone();
        damaged.splice(pair[1]..pair[1], bytes[pair[0]..pair[1]].iter().copied());
        let (study, lost) = check_refusal_and_repair(&path, &damaged, pair[1]);
        assert_eq!((event_texts(study.events()), lost), (event_texts(original.events()), 0));
    }
}

#[test]
fn swapped_lines_are_refused_and_repaired_without_loss() {
    let scratch = ScratchFolder::new("swapped");
    let path = scratch.file("run");
    let (original, bytes) = write_journal(&path, EVENTS);
    // Without the first line, the file is no journal.
    for triple in line_starts(&bytes).windows(3).skip(1) {
        let mut damaged = bytes.clone();
        damaged[triple[0]..triple[2]].rotate_left(triple[1] - triple[0]);
        let (study, lost) = check_refusal_and_repair(&path, &damaged, triple[0]);
        assert_eq!((event_texts(study.events()), lost), (event_texts(original.events()), 0));
    }
}

/// Damages each line but the first. Most damage is refused, and its repair may lose some results.
///
/// `damage` returns the maximum number of lost results. A report is torn if no later line shows
/// that it was on disk.
fn damage_each_line(name: &str, mut damage: impl FnMut(&mut Vec<u8>, usize, usize) -> usize) {
    let scratch = ScratchFolder::new(name);
    let path = scratch.file("run");
    let (original, bytes) = write_journal(&path, EVENTS);
    let starts = line_starts(&bytes);
    let mut torn = 0;
    for (number, pair) in starts.windows(2).enumerate().skip(1) {
        let mut damaged = bytes.clone();
        let max_missing = damage(&mut damaged, pair[0], pair[1]);
        fs::write(&path, &damaged).unwrap();
        if let Ok((study, _)) = Journal::open(&path) {
            assert_eq!(event_texts(study.events()), event_texts(&original.events()[..number - 1]));
            let is_report = |event: &Event| matches!(event, Event::Reported { .. });
            // Only the last record, and reports before the next sync, may be torn.
            assert!(original.events()[number - 1..EVENTS - 1].iter().all(is_report));
            torn += 1;
            continue;
        }
        let (study, lost) = check_refusal_and_repair(&path, &damaged, pair[0]);
        assert!(lost > 0);
        let missing = count_missing_results(&original, &study);
        assert!(missing <= max_missing, "{:?}", original.events()[number - 1]);
    }
    assert!(torn < 10, "{torn}");
}

#[test]
fn fault_08_changed_bits_are_refused_and_cost_one_record() {
    let mut rng = Rng::stream(4, 4);
    damage_each_line("flipped", |bytes, start, end| {
        let at = start + rng.index(end - start);
        bytes[at] ^= 1 << rng.index(8);
        // A damaged newline also damages the next line.
        if at + 1 == end { 2 } else { 1 }
    });
}

#[test]
fn missing_lines_are_refused_and_losses_are_listed() {
    damage_each_line("missing", |bytes, start, end| {
        bytes.drain(start..end);
        1
    });
}

#[test]
fn journal_without_first_record_is_repaired_for_a_study() {
    let scratch = ScratchFolder::new("headless");
    let path = scratch.file("run");
    let (original, bytes) = write_journal(&path, EVENTS);
    let mut damaged = bytes;
    damaged[40] ^= 1;
    fs::write(&path, &damaged).unwrap();
    assert!(matches!(
        error_kind(Journal::open(&path).unwrap_err()),
        JournalErrorKind::Damaged { offset: 0, .. }
    ));
    assert!(matches!(
        error_kind(Journal::repair(&path).unwrap_err()),
        JournalErrorKind::UnreadableHeader { .. }
    ));
    let repair = Journal::repair_for(&path, &new_study()).unwrap();
    assert_eq!(repair.lost.len(), 2, "{:?}", repair.lost);
    assert_eq!(
        event_texts(Journal::open(&path).unwrap().0.events()),
        event_texts(original.events())
    );
}

#[test]
fn files_that_are_no_journal_are_not_changed() {
    let scratch = ScratchFolder::new("none");
    let path = scratch.file("run");
    for text in ["Once upon a time\n", "{\"seq\":0}\n", "\n\n\n", "{\"events\":[]}"] {
        fs::write(&path, text).unwrap();
        for error in [
            Journal::open(&path).unwrap_err(),
            Journal::resume(&path, new_study()).unwrap_err(),
            Journal::repair(&path).unwrap_err(),
            Journal::repair_for(&path, &new_study()).unwrap_err(),
            Journal::read(&path).unwrap_err(),
        ] {
            assert!(matches!(error_kind(error), JournalErrorKind::NotAJournal { .. }), "{text}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// The checksums are right, but one search cannot be built, and the other has other parameters
/// without a restart. Fuzzing has found both.
#[test]
fn invalid_changes_of_the_search_are_dropped_by_repair() {
    let golden = include_str!("../../../tests/data/journal-1.surmise");
    for (from, to) in
        [("continuous", "continJuous"), ("\"name\":\"layers\"", "\"name\":\"lasers\"")]
    {
        let scratch = ScratchFolder::new("bad-change");
        let path = scratch.file("run");
        let damaged = |line: &str| {
            let changed = line.replace(from, to);
            let covered = changed.rsplit_once(",\"crc32\":").unwrap().0;
            format!("{covered},\"crc32\":\"{:08x}\"}}\n", crc32fast::hash(covered.as_bytes()))
        };
        let lines = golden.lines().map(|line| match line.contains("\"event\":\"changed\"") {
            true => damaged(line),
            false => format!("{line}\n"),
        });
        fs::write(&path, lines.collect::<String>()).unwrap();
        assert!(Journal::read(&path).is_err());
        let repair = Journal::repair(&path).unwrap();
        assert!(repair.lost.iter().any(|line| line.contains("a change of the search")));
        assert_eq!(Journal::read(&path).unwrap().best().unwrap().value(), Some(0.25));
    }
}
