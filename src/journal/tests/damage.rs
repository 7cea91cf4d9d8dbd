//! Journals that are cut off, and whose lines are lost, repeated, swapped and changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::example::{Scratch, journal, starts, study, texts};
use crate::error::Error;
use crate::journal::scan::scan;
use crate::journal::{Journal, JournalError, JournalTrouble};
use crate::rng::Rng;
use crate::study::{Event, Study};
use crate::trial::Outcome;

const EVENTS: usize = 300;

fn trouble(error: Error) -> JournalTrouble {
    match error {
        Error::Journal(JournalError { trouble, .. }) => trouble,
        other => panic!("{other}"),
    }
}

/// Outcomes by configuration: what has cost something.
fn results(study: &Study) -> BTreeMap<String, Vec<Outcome>> {
    let mut results: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for trial in study.trials() {
        if let Some(outcome) = &trial.outcome {
            results.entry(trial.configuration.to_string()).or_default().push(outcome.clone());
        }
    }
    results
}

/// How many results of a study another one does not have.
fn missing(study: &Study, other: &Study) -> usize {
    let there = results(other);
    let missing = |(configuration, outcomes): (&String, &Vec<Outcome>)| {
        let found = there.get(configuration);
        outcomes
            .iter()
            .filter(|outcome| !found.is_some_and(|found| found.contains(outcome)))
            .count()
    };
    results(study).iter().map(missing).sum()
}

#[test]
fn a_journal_that_is_cut_off_anywhere_has_all_that_was_whole() {
    let scratch = Scratch::new("cut");
    let path = scratch.file("run");
    let (study, bytes) = journal(&path, EVENTS);
    let all = texts(study.events());
    let starts = starts(&bytes);
    for end in 0..=bytes.len() {
        // A line without its end is whole.
        let whole = starts.iter().skip(1).filter(|start| *start - 1 <= end).count();
        let scanned = scan(&path, &bytes[..end]);
        if whole == 0 {
            let error = scanned.unwrap_err();
            assert!(
                matches!(
                    error.trouble,
                    JournalTrouble::NoJournal { .. } | JournalTrouble::Damaged { offset: 0, .. }
                ),
                "{error}"
            );
            continue;
        }
        let scan = scanned.unwrap();
        assert_eq!(texts(&scan.events), all[..whole - 1], "cut off at {end}");
        let is_torn = !starts.contains(&end) && !starts.contains(&(end + 1));
        assert_eq!(scan.torn.is_some(), is_torn, "cut off at {end}");
    }
}

#[test]
fn fault_07_a_journal_that_was_cut_off_goes_on() {
    let scratch = Scratch::new("goes-on");
    let path = scratch.file("run");
    let (whole, bytes) = journal(&path, EVENTS);
    let starts = starts(&bytes);
    let mut rng = Rng::stream(2, 2);
    for pair in starts.windows(2) {
        let torn = pair[0] + 1 + rng.index(pair[1] - pair[0] - 2);
        for end in [pair[0], torn, pair[1] - 1] {
            let _ = fs::remove_file(scratch.file(&format!("run.torn-{}", pair[0])));
            fs::write(&path, &bytes[..end]).unwrap();
            let (mut again, mut journal) = Journal::resume(&path, study()).unwrap();
            let all = texts(whole.events());
            let common = again.events().len();
            assert_eq!(texts(again.events()), all[..common]);
            let kept = journal.opening().torn.clone();
            if end == torn && pair[0] > 0 {
                assert_eq!(fs::read(kept.unwrap()).unwrap(), bytes[pair[0]..torn]);
                assert!(journal.opening().warnings[0].contains("were cut off"));
            } else {
                assert_eq!(kept, None);
            }
            // What comes next is found, too.
            again.ask(1).unwrap();
            journal.write(&again).unwrap();
            drop(journal);
            assert_eq!(texts(Journal::open(&path).unwrap().0.events()), texts(again.events()));
        }
    }
}

/// Opens a damaged journal, which is refused, and repairs it.
fn refused_and_repaired(path: &Path, damaged: &[u8], offset: usize) -> (Study, usize) {
    fs::write(path, damaged).unwrap();
    let found = trouble(Journal::open(path).unwrap_err());
    let JournalTrouble::Damaged { offset: said, .. } = found else { panic!("{found:?}") };
    assert_eq!(said, offset as u64);
    assert_eq!(fs::read(path).unwrap(), damaged, "what is refused is left as it is");
    let repair = Journal::repair(path).unwrap();
    let kept = repair.kept_aside.unwrap();
    assert_eq!(fs::read(&kept).unwrap(), damaged);
    fs::remove_file(kept).unwrap();
    let (study, journal) = Journal::open(path).unwrap();
    assert_eq!(study.events().len(), repair.events);
    drop(journal);
    let again = Journal::repair(path).unwrap();
    assert_eq!((again.kept_aside, again.lost.len()), (None, 0), "what is sound needs no repair");
    (study, repair.lost.len())
}

/// Each refusal takes a third of a second, in which the lock could have been a child's that is about to close it: hence once, not at each
/// damage.
#[test]
fn a_journal_in_use_is_not_repaired() {
    let scratch = Scratch::new("in-use");
    let path = scratch.file("run");
    drop(journal(&path, EVENTS));
    let (_, journal) = Journal::open(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for error in
        [Journal::repair(&path).unwrap_err(), Journal::repair_for(&path, &study()).unwrap_err()]
    {
        assert_eq!(trouble(error), JournalTrouble::Locked { process: Some(std::process::id()) });
    }
    drop(journal);
    assert!(fs::read(&path).unwrap() == bytes, "it was changed");
}

#[test]
fn a_line_that_is_there_twice_is_refused_and_repaired_without_loss() {
    let scratch = Scratch::new("twice");
    let path = scratch.file("run");
    let (whole, bytes) = journal(&path, EVENTS);
    for pair in starts(&bytes).windows(2) {
        let mut damaged = bytes.clone();
        damaged.splice(pair[1]..pair[1], bytes[pair[0]..pair[1]].iter().copied());
        let (study, lost) = refused_and_repaired(&path, &damaged, pair[1]);
        assert_eq!((texts(study.events()), lost), (texts(whole.events()), 0));
    }
}

#[test]
fn lines_that_are_swapped_are_refused_and_repaired_without_loss() {
    let scratch = Scratch::new("swapped");
    let path = scratch.file("run");
    let (whole, bytes) = journal(&path, EVENTS);
    // The first line says what the file is; without it there is no journal.
    for triple in starts(&bytes).windows(3).skip(1) {
        let mut damaged = bytes.clone();
        damaged[triple[0]..triple[2]].rotate_left(triple[1] - triple[0]);
        let (study, lost) = refused_and_repaired(&path, &damaged, triple[0]);
        assert_eq!((texts(study.events()), lost), (texts(whole.events()), 0));
    }
}

/// Damages each line but the first: most are refused, and repaired at the cost of so many results at the most. Reports that nothing says
/// to have been on disk are torn.
fn damage_each_line(name: &str, mut damage: impl FnMut(&mut Vec<u8>, usize, usize) -> usize) {
    let scratch = Scratch::new(name);
    let path = scratch.file("run");
    let (whole, bytes) = journal(&path, EVENTS);
    let starts = starts(&bytes);
    let mut torn = 0;
    for (number, pair) in starts.windows(2).enumerate().skip(1) {
        let mut damaged = bytes.clone();
        let most = damage(&mut damaged, pair[0], pair[1]);
        fs::write(&path, &damaged).unwrap();
        if let Ok((study, _)) = Journal::open(&path) {
            assert_eq!(texts(study.events()), texts(&whole.events()[..number - 1]));
            let is_report = |event: &Event| matches!(event, Event::Reported { .. });
            // The last record, and the reports that became durable together with it.
            assert!(whole.events()[number - 1..EVENTS - 1].iter().all(is_report));
            torn += 1;
            continue;
        }
        let (study, lost) = refused_and_repaired(&path, &damaged, pair[0]);
        assert!(lost > 0);
        assert!(missing(&whole, &study) <= most, "{:?}", whole.events()[number - 1]);
    }
    assert!(torn < 10, "{torn}");
}

#[test]
fn fault_08_a_changed_bit_is_refused_and_costs_one_record() {
    let mut rng = Rng::stream(4, 4);
    damage_each_line("flipped", |bytes, start, end| {
        let at = start + rng.index(end - start);
        bytes[at] ^= 1 << rng.index(8);
        // A damaged end of line takes the next one with it.
        if at + 1 == end { 2 } else { 1 }
    });
}

#[test]
fn a_missing_line_is_refused_and_what_it_costs_is_said() {
    damage_each_line("missing", |bytes, start, end| {
        bytes.drain(start..end);
        1
    });
}

#[test]
fn without_its_first_record_a_journal_is_repaired_for_a_study() {
    let scratch = Scratch::new("headless");
    let path = scratch.file("run");
    let (whole, bytes) = journal(&path, EVENTS);
    let mut damaged = bytes;
    damaged[40] ^= 1;
    fs::write(&path, &damaged).unwrap();
    assert!(matches!(
        trouble(Journal::open(&path).unwrap_err()),
        JournalTrouble::Damaged { offset: 0, .. }
    ));
    assert!(matches!(
        trouble(Journal::repair(&path).unwrap_err()),
        JournalTrouble::NoSearch { .. }
    ));
    let repair = Journal::repair_for(&path, &study()).unwrap();
    assert_eq!(repair.lost.len(), 2, "{:?}", repair.lost);
    assert_eq!(texts(Journal::open(&path).unwrap().0.events()), texts(whole.events()));
}

#[test]
fn what_is_no_journal_is_left_alone() {
    let scratch = Scratch::new("none");
    let path = scratch.file("run");
    for text in ["Once upon a time\n", "{\"seq\":0}\n", "\n\n\n", "{\"events\":[]}"] {
        fs::write(&path, text).unwrap();
        for error in [
            Journal::open(&path).unwrap_err(),
            Journal::resume(&path, study()).unwrap_err(),
            Journal::repair(&path).unwrap_err(),
            Journal::repair_for(&path, &study()).unwrap_err(),
            Journal::read(&path).unwrap_err(),
        ] {
            assert!(matches!(trouble(error), JournalTrouble::NoJournal { .. }), "{text}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// Lines that are sound and say what cannot be: a search that nothing can be made of, and one that has other parameters but does not
/// begin anew. Found by fuzzing.
#[test]
fn a_change_that_cannot_be_is_left_out_of_what_is_repaired() {
    let golden = include_str!("../../../tests/data/journal-1.surmise");
    for (from, to) in
        [("continuous", "continJuous"), ("\"name\":\"layers\"", "\"name\":\"lasers\"")]
    {
        let scratch = Scratch::new("bad-change");
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
