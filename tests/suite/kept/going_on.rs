//! Going on where another process ended.

use std::fs;
use std::time::Duration;

use surmise::journal::{Journal, JournalError, JournalTrouble};
use surmise::study::{Event, Sink};
use surmise::*;

use super::folder::{Folder, another_process, here};

fn study() -> Study {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", -1.0..=2.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=40, ScalingType::Logarithmic),
    ]);
    let settings = StudySettings { limits: ResourceLimits::new(14, 1), ..Default::default() };
    let strategy = BayesianOptimization::default();
    Study::new(space.unwrap(), Objective::minimize("loss"), strategy, settings).unwrap()
}

fn jobs() -> FunctionEvaluator {
    FunctionEvaluator::new(|configuration: &Configuration| {
        let (x, n) = (configuration.float("x"), configuration.integer("n"));
        if n % 7 == 0 { Err("no".to_owned()) } else { Ok(x * x + n as f64 / 40.0) }
    })
}

/// What was tried and what came of it.
fn trajectory(study: &Study) -> Vec<(Configuration, Option<Outcome>)> {
    let trials = study.trials().iter();
    trials.map(|trial| (trial.configuration.clone(), trial.outcome.clone())).collect()
}

pub(super) fn trouble(error: Error) -> JournalTrouble {
    match error {
        Error::Journal(JournalError { trouble, .. }) => trouble,
        other => panic!("{other}"),
    }
}

#[test]
fn after_any_event_a_tuning_goes_on_as_if_nothing_had_happened() {
    let folder = Folder::new("any-event");
    let path = folder.file("run.surmise");
    let (mut whole, mut journal) = Journal::resume(&path, study()).unwrap();
    let tuned = Tuner::new().keep_in(&mut journal).run(&mut whole, &mut jobs()).unwrap();
    assert!(matches!(tuned.reason, StopReason::JobLimit { .. }));
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    for end in ends {
        fs::write(&path, &bytes[..end]).unwrap();
        let (mut again, mut journal) = Journal::resume(&path, study()).unwrap();
        Tuner::new().keep_in(&mut journal).run(&mut again, &mut jobs()).unwrap();
        assert_eq!(trajectory(&again), trajectory(&whole), "cut off at {end}");
        drop(journal);
        // Without the program it is the same study.
        let (opened, _) = Journal::open(&path).unwrap();
        assert_eq!(opened.trials(), again.trials());
        assert_eq!(opened.best().map(|trial| trial.id), whole.best().map(|trial| trial.id));
    }
}

#[test]
fn what_another_process_may_have_begun_is_another_attempt() {
    let folder = Folder::new("another-attempt");
    let path = folder.file("run.surmise");
    let (mut first, mut journal) = Journal::resume(&path, study()).unwrap();
    first.ask(1).unwrap();
    first.report(TrialId(1), 1, 0.5).unwrap();
    journal.write(&first).unwrap();
    drop(journal);
    let (mut again, mut journal) = Journal::resume(&path, study()).unwrap();
    assert!(journal.is_from_before(TrialId(1)));
    assert!(journal.age(TrialId(1)).unwrap() < Duration::from_secs(60));
    Tuner::new().keep_in(&mut journal).run(&mut again, &mut jobs()).unwrap();
    assert!(!journal.is_from_before(TrialId(1)));
    let trial = again.trial(TrialId(1)).unwrap();
    assert_eq!((trial.attempt(), trial.reports.len()), (2, 0));
    assert_eq!(trial.failed_attempts[0].kind, FailureKind::Cancelled);
    // What the same process has asked for is not.
    assert_eq!(again.trial(TrialId(2)).unwrap().attempt(), 1);
}

/// Eight threads that want the same journal: each finds it in turn.
#[test]
fn a_journal_that_several_create_at_once_is_created_once() {
    for round in 0..20 {
        let folder = Folder::new(&format!("created-{round}"));
        let path = folder.file("run.surmise");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (mut study, mut journal) = loop {
                        match Journal::resume(&path, self::study()) {
                            Ok(opened) => break opened,
                            Err(error) => {
                                let trouble = trouble(error);
                                assert!(
                                    matches!(trouble, JournalTrouble::Locked { .. }),
                                    "{trouble:?}"
                                );
                            }
                        }
                    };
                    study.ask(1).unwrap();
                    journal.write(&study).unwrap();
                });
            }
        });
        assert_eq!(Journal::read(&path).unwrap().trials().len(), 8);
    }
}

#[test]
fn fault_10_one_process_writes_and_others_look_on() {
    let folder = Folder::new("two-writers");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, self::study()).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    for error in [
        Journal::open(&path).unwrap_err(),
        Journal::resume(&path, self::study()).unwrap_err(),
        Journal::resume_changed(&path, self::study()).unwrap_err(),
        Journal::repair(&path).unwrap_err(),
    ] {
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        let process = Some(std::process::id());
        assert_eq!(trouble(error), JournalTrouble::Locked { process });
    }
    assert_eq!(trouble(Journal::create(&path, &study).unwrap_err()), JournalTrouble::Exists);
    let mut other =
        another_process("kept::going_on::another_process_that_may_only_look_on", folder.path());
    assert!(other.status().unwrap().success());
    // It has left everything as it was.
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    journal.write_note("a", 1).unwrap();
    let view = Journal::view(&path).unwrap();
    assert_eq!((view.study.trials().len(), view.times.len()), (2, study.events().len()));
    assert_eq!(view.notes["a"], 1);
    assert_eq!(Journal::writer(&path).unwrap(), Some(std::process::id()));
    drop(journal);
    assert_eq!(Journal::writer(&path).unwrap(), None);
}

/// The hashes are those that a program in another language has written.
#[test]
fn a_view_says_where_a_study_comes_from() {
    let golden = include_str!("../../data/journal-1.surmise");
    let folder = Folder::new("origin");
    let path = folder.file("run.surmise");
    std::fs::write(&path, golden).unwrap();
    let view = Journal::view(&path).unwrap();
    let hashes =
        ["objective", "settings", "space", "strategy"].map(|part| view.hashes[part].as_str());
    let written = ["3e3558549982b50b", "ff76ca0624a48bcc", "406925a43bdd4157", "55679c682653d9ab"];
    assert_eq!(hashes, written);
    assert_eq!(view.versions, ["0.1.0", "0.1.0"]);
}

#[test]
fn another_process_that_may_only_look_on() {
    let Some(folder) = here() else { return };
    let path = folder.join("run.surmise");
    let error = trouble(Journal::resume(&path, study()).unwrap_err());
    let JournalTrouble::Locked { process: Some(process) } = error else { panic!("{error:?}") };
    assert_ne!(process, std::process::id());
    assert_eq!(Journal::read(&path).unwrap().trials().len(), 1);
}

#[test]
fn a_journal_can_begin_in_the_middle_of_a_study() {
    let folder = Folder::new("middle");
    let path = folder.file("run.surmise");
    let mut study = study();
    study.ask(1).unwrap();
    study.tell(TrialId(1), Outcome::from(0.5)).unwrap();
    drop(Journal::create(&path, &study).unwrap());
    assert_eq!(Journal::open(&path).unwrap().0.events(), study.events());
    // To resume, one comes with a study that has seen nothing.
    assert!(matches!(
        trouble(Journal::resume(&path, study).unwrap_err()),
        JournalTrouble::OutOfStep { .. }
    ));
    assert_eq!(trouble(Journal::open(folder.file("none")).unwrap_err()), JournalTrouble::Missing);
}

#[test]
fn the_events_of_another_study_are_not_written() {
    let folder = Folder::new("another-study");
    let path = folder.file("run.surmise");
    let (mut one, mut journal) = Journal::resume(&path, study()).unwrap();
    one.ask(1).unwrap();
    journal.write(&one).unwrap();
    let mut other = study();
    assert!(matches!(
        trouble(journal.write(&other).unwrap_err()),
        JournalTrouble::OutOfStep { .. }
    ));
    other.observe(&one.trials()[0].configuration, Outcome::from(1.0)).unwrap();
    assert!(matches!(
        trouble(journal.write(&other).unwrap_err()),
        JournalTrouble::OutOfStep { .. }
    ));
    journal.write(&one).unwrap();
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().0.events(), one.events());
    // Nor where nothing has happened yet.
    let path = folder.file("other.surmise");
    let mut journal = Journal::create(&path, &study()).unwrap();
    let space = SearchSpace::new([ParameterRange::integer("n", 1..=3, ScalingType::Linear)]);
    let settings = StudySettings::default();
    let mut other =
        Study::new(space.unwrap(), Objective::minimize("loss"), RandomSearch, settings).unwrap();
    let error = Tuner::new().keep_in(&mut journal).run(&mut other, &mut jobs()).unwrap_err();
    assert!(
        error.to_string().contains("it searches something else: space.n.max was 40, and is 3"),
        "{error}"
    );
}

#[test]
fn a_link_to_a_journal_stays_one() {
    let folder = Folder::new("link");
    let (file, link) = (folder.file("run.surmise"), folder.file("link"));
    drop(Journal::create(&file, &study()).unwrap());
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let (mut study, mut journal) = Journal::open(&link).unwrap();
    journal.compact().unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    drop(journal);
    assert!(link.is_symlink());
    assert_eq!(Journal::open(&file).unwrap().0.trials().len(), 1);
}

#[test]
fn notes_are_found_again_and_outlive_a_compaction() {
    let folder = Folder::new("notes");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, self::study()).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    for billed in 0..50 {
        journal.write_note("bill", billed).unwrap();
    }
    drop(journal);
    let (mut study, mut journal) = Journal::resume(&path, self::study()).unwrap();
    assert_eq!(journal.note("bill"), Some(&49.into()));
    assert_eq!(journal.note("other"), None);
    let before = fs::metadata(&path).unwrap().len();
    journal.compact().unwrap();
    assert!(fs::metadata(&path).unwrap().len() < before / 2);
    // It goes on, in the new file and under its lock.
    study.tell(TrialId(1), Outcome::from(0.5)).unwrap();
    journal.write(&study).unwrap();
    assert!(matches!(trouble(Journal::open(&path).unwrap_err()), JournalTrouble::Locked { .. }));
    drop(journal);
    let (again, journal) = Journal::open(&path).unwrap();
    assert_eq!((again.events(), journal.note("bill")), (study.events(), Some(&49.into())));
    assert_eq!(journal.opening().warnings, Vec::<String>::new());
}

#[test]
fn a_reader_in_another_language_tells_the_same() {
    let folder = Folder::new("reader");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, study()).unwrap();
    Tuner::new().keep_in(&mut journal).run(&mut study, &mut jobs()).unwrap();
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/read_journal.py");
    let output = std::process::Command::new("python3").arg(reader).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), study.trials().len());
    for (line, trial) in told.lines().zip(study.trials()) {
        let end = match &trial.outcome {
            Some(Outcome::Completed { value }) => format!("completed {value}"),
            Some(Outcome::Failed(failure)) => format!("failed {}", failure.kind),
            other => panic!("{other:?}"),
        };
        assert!(line.starts_with(&trial.id.to_string()) && line.ends_with(&end), "{line}: {end}");
    }
}

/// What was written once is read for ever: form 1, written by hand in `tests/data`.
#[test]
fn fault_26_journals_of_form_1_are_read_and_later_ones_are_refused_by_name() {
    let folder = Folder::new("golden");
    let path = folder.file("run.surmise");
    let golden = include_str!("../../data/journal-1.surmise");
    fs::write(&path, golden).unwrap();
    let study = Journal::read(&path).unwrap();
    let kind = |event: &Event| serde_json::to_value(event).unwrap()["event"].clone();
    let kinds: Vec<String> =
        study.events().iter().map(|event| kind(event).as_str().unwrap().to_owned()).collect();
    assert_eq!(
        kinds,
        [
            "enqueued",
            "asked",
            "located",
            "reported",
            "attempt_failed",
            "reported",
            "stop_asked",
            "stop_withdrawn",
            "told",
            "set_aside",
            "observed",
            "enqueued",
            "dequeued",
            "asked"
        ]
    );
    assert_eq!(study.best().unwrap().value(), Some(0.25));
    let (opened, journal) = Journal::open(&path).unwrap();
    assert_eq!(opened.trials(), study.trials());
    assert_eq!(journal.note("bill"), Some(&serde_json::json!({"seconds": 17})));
    assert_eq!(journal.spent().as_secs(), 65, "35 seconds of one process and 30 of the other");
    drop(journal);
    let later = newer(golden);
    fs::write(&path, &later).unwrap();
    for error in [
        Journal::open(&path).unwrap_err(),
        Journal::read(&path).unwrap_err(),
        Journal::repair(&path).unwrap_err(),
        Journal::resume(&path, self::study()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("form 2, by surmise 0.1.0"), "{error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), later);
}

/// A later version has gone on with a journal of this form.
#[test]
fn what_a_later_version_has_appended_is_refused_by_name_and_not_repaired_away() {
    let folder = Folder::new("later");
    let path = folder.file("run.surmise");
    let golden = include_str!("../../data/journal-1.surmise");
    let seq = golden.lines().count();
    let line = |record: &str| {
        let covered = format!("{{\"seq\":{seq},\"time\":1764486600.000,{record}");
        let checksum = crc32fast::hash(covered.as_bytes());
        format!("{golden}{covered},\"crc32\":\"{checksum:08x}\"}}\n")
    };
    let opened =
        "\"event\":\"opened\",\"journal\":1,\"events\":3,\"surmise\":\"0.9.0\",\"process\":7";
    fs::write(&path, line(opened)).unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert!(error.to_string().contains("form 3, by surmise 0.9.0"), "{error}");
    // Also where something before it is damaged.
    let damaged = line(opened).replace("\"step\":1", "\"step\":2");
    fs::write(&path, &damaged).unwrap();
    let error = Journal::repair(&path).unwrap_err();
    assert!(error.to_string().contains("form 3, by surmise 0.9.0"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    // Another process of this version is none.
    fs::write(&path, line(&opened.replace(":3", ":1"))).unwrap();
    assert!(Journal::open(&path).is_ok());
}

#[test]
fn a_file_that_something_else_has_changed_is_not_compacted() {
    let folder = Folder::new("changed-meanwhile");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, study()).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 30;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(trouble(journal.compact().unwrap_err()), JournalTrouble::Damaged { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// The same as a later version may write it: its first line in another form.
fn newer(golden: &str) -> String {
    let (first, rest) = golden.split_once('\n').unwrap();
    let first = first.replace("\"journal\":1", "\"journal\":2");
    let covered = &first[..first.len() - 20];
    let checksum = crc32fast::hash(covered.as_bytes());
    format!("{covered},\"crc32\":\"{checksum:08x}\"}}\n{rest}")
}
