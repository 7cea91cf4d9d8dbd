//! Resuming a journal that another process has written.

use std::fs;
use std::time::Duration;

use surmise::journal::{Journal, JournalError, JournalErrorKind};
use surmise::study::{Event, EventSink};
use surmise::*;

use super::folder::{TempFolder, test_process, test_process_folder};

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

/// Returns configuration and outcome of each trial.
fn results(study: &Study) -> Vec<(Configuration, Option<Outcome>)> {
    let trials = study.trials().iter();
    trials.map(|trial| (trial.configuration.clone(), trial.outcome.clone())).collect()
}

pub(super) fn error_kind(error: Error) -> JournalErrorKind {
    match error {
        Error::Journal(JournalError { kind, .. }) => kind,
        other => panic!("{other}"),
    }
}

#[test]
fn resuming_after_any_event_gives_the_same_trials() {
    let folder = TempFolder::new("any-event");
    let path = folder.file("run.surmise");
    let (mut uninterrupted, mut journal) = Journal::resume(&path, study()).unwrap();
    let result =
        Tuner::new().journal_to(&mut journal).run(&mut uninterrupted, &mut jobs()).unwrap();
    assert!(matches!(result.reason, StopReason::JobLimit { .. }));
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    for end in newlines.map(|(index, _)| index + 1) {
        fs::write(&path, &bytes[..end]).unwrap();
        let (mut resumed, mut journal) = Journal::resume(&path, study()).unwrap();
        Tuner::new().journal_to(&mut journal).run(&mut resumed, &mut jobs()).unwrap();
        assert_eq!(results(&resumed), results(&uninterrupted), "truncated at byte {end}");
        drop(journal);
        // `open` rebuilds the study from the journal alone.
        let (opened, _) = Journal::open(&path).unwrap();
        assert_eq!(opened.trials(), resumed.trials());
        assert_eq!(opened.best().map(|trial| trial.id), uninterrupted.best().map(|trial| trial.id));
    }
}

#[test]
fn trials_begun_by_another_process_get_a_new_attempt() {
    let folder = TempFolder::new("another-attempt");
    let path = folder.file("run.surmise");
    let (mut original, mut journal) = Journal::resume(&path, study()).unwrap();
    original.ask(1).unwrap();
    original.report(TrialId(1), 1, 0.5).unwrap();
    journal.write(&original).unwrap();
    drop(journal);
    let (mut resumed, mut journal) = Journal::resume(&path, study()).unwrap();
    assert!(journal.is_from_earlier_process(TrialId(1)));
    assert!(journal.attempt_age(TrialId(1)).unwrap() < Duration::from_secs(60));
    Tuner::new().journal_to(&mut journal).run(&mut resumed, &mut jobs()).unwrap();
    assert!(!journal.is_from_earlier_process(TrialId(1)));
    let trial = resumed.trial(TrialId(1)).unwrap();
    assert_eq!((trial.attempt(), trial.reports.len()), (2, 0));
    assert_eq!(trial.failed_attempts[0].kind, FailureKind::Cancelled);
    // A trial of the same process keeps its first attempt.
    assert_eq!(resumed.trial(TrialId(2)).unwrap().attempt(), 1);
}

/// Eight threads create the same journal. A thread tries again while the journal is locked.
#[test]
fn concurrent_creators_create_one_journal() {
    for round in 0..20 {
        let folder = TempFolder::new(&format!("created-{round}"));
        let path = folder.file("run.surmise");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (mut study, mut journal) = loop {
                        match Journal::resume(&path, self::study()) {
                            Ok(opened) => break opened,
                            Err(error) => {
                                let kind = error_kind(error);
                                assert!(
                                    matches!(kind, JournalErrorKind::Locked { .. }),
                                    "{kind:?}"
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
fn fault_10_one_process_writes_and_other_processes_read() {
    let folder = TempFolder::new("two-writers");
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
        assert_eq!(error_kind(error), JournalErrorKind::Locked { process });
    }
    assert_eq!(
        error_kind(Journal::create(&path, &study).unwrap_err()),
        JournalErrorKind::AlreadyExists
    );
    let mut reader =
        test_process("persistence::resuming::subprocess_that_may_only_read", folder.path());
    assert!(reader.status().unwrap().success());
    // The other process has not changed the file.
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    journal.write_note("a", 1).unwrap();
    let view = Journal::view(&path).unwrap();
    assert_eq!((view.study.trials().len(), view.times.len()), (2, study.events().len()));
    assert_eq!(view.notes["a"], 1);
    assert_eq!(Journal::writer_process(&path).unwrap(), Some(std::process::id()));
    drop(journal);
    assert_eq!(Journal::writer_process(&path).unwrap(), None);
}

/// The Python script `tests/data/journal-1.py` has computed the hashes in the file.
#[test]
fn a_view_contains_the_hashes_and_versions_of_a_study() {
    let golden = include_str!("../../data/journal-1.surmise");
    let folder = TempFolder::new("hashes");
    let path = folder.file("run.surmise");
    std::fs::write(&path, golden).unwrap();
    let view = Journal::view(&path).unwrap();
    let hashes =
        ["objective", "settings", "space", "strategy"].map(|part| view.hashes[part].as_str());
    let expected = ["3e3558549982b50b", "ff76ca0624a48bcc", "406925a43bdd4157", "55679c682653d9ab"];
    assert_eq!(hashes, expected);
    assert_eq!(view.versions, ["0.1.0", "0.1.0"]);
}

#[test]
fn subprocess_that_may_only_read() {
    let Some(folder) = test_process_folder() else { return };
    let path = folder.join("run.surmise");
    let error = error_kind(Journal::resume(&path, study()).unwrap_err());
    let JournalErrorKind::Locked { process: Some(process) } = error else { panic!("{error:?}") };
    assert_ne!(process, std::process::id());
    assert_eq!(Journal::read(&path).unwrap().trials().len(), 1);
}

#[test]
fn a_journal_can_start_from_a_study_with_events() {
    let folder = TempFolder::new("study-with-events");
    let path = folder.file("run.surmise");
    let mut study = study();
    study.ask(1).unwrap();
    study.tell(TrialId(1), Outcome::from(0.5)).unwrap();
    drop(Journal::create(&path, &study).unwrap());
    assert_eq!(Journal::open(&path).unwrap().0.events(), study.events());
    // `resume` requires a study without events.
    assert!(matches!(
        error_kind(Journal::resume(&path, study).unwrap_err()),
        JournalErrorKind::OutOfSync { .. }
    ));
    assert_eq!(
        error_kind(Journal::open(folder.file("none")).unwrap_err()),
        JournalErrorKind::NotFound
    );
}

#[test]
fn events_of_another_study_are_refused() {
    let folder = TempFolder::new("another-study");
    let path = folder.file("run.surmise");
    let (mut original, mut journal) = Journal::resume(&path, study()).unwrap();
    original.ask(1).unwrap();
    journal.write(&original).unwrap();
    let mut other = study();
    assert!(matches!(
        error_kind(journal.write(&other).unwrap_err()),
        JournalErrorKind::OutOfSync { .. }
    ));
    other.add_observation(&original.trials()[0].configuration, Outcome::from(1.0)).unwrap();
    assert!(matches!(
        error_kind(journal.write(&other).unwrap_err()),
        JournalErrorKind::OutOfSync { .. }
    ));
    journal.write(&original).unwrap();
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().0.events(), original.events());
    // A study of another search is refused, even while the journal has no events.
    let path = folder.file("other.surmise");
    let mut journal = Journal::create(&path, &study()).unwrap();
    let space = SearchSpace::new([ParameterRange::integer("n", 1..=3, ScalingType::Linear)]);
    let settings = StudySettings::default();
    let mut other =
        Study::new(space.unwrap(), Objective::minimize("loss"), RandomSearch, settings).unwrap();
    let error = Tuner::new().journal_to(&mut journal).run(&mut other, &mut jobs()).unwrap_err();
    assert!(
        error.to_string().contains("it has another search: space.n.max was 40, and is 3"),
        "{error}"
    );
}

#[test]
fn a_symbolic_link_to_a_journal_stays_a_link() {
    let folder = TempFolder::new("link");
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
fn notes_survive_reopening_and_compaction() {
    let folder = TempFolder::new("notes");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, self::study()).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    for seconds in 0..50 {
        journal.write_note("bill", seconds).unwrap();
    }
    drop(journal);
    let (mut study, mut journal) = Journal::resume(&path, self::study()).unwrap();
    assert_eq!(journal.note("bill"), Some(&49.into()));
    assert_eq!(journal.note("other"), None);
    let size = fs::metadata(&path).unwrap().len();
    journal.compact().unwrap();
    assert!(fs::metadata(&path).unwrap().len() < size / 2);
    // The journal continues in the new file, under the same lock.
    study.tell(TrialId(1), Outcome::from(0.5)).unwrap();
    journal.write(&study).unwrap();
    assert!(matches!(
        error_kind(Journal::open(&path).unwrap_err()),
        JournalErrorKind::Locked { .. }
    ));
    drop(journal);
    let (reopened, journal) = Journal::open(&path).unwrap();
    assert_eq!((reopened.events(), journal.note("bill")), (study.events(), Some(&49.into())));
    assert_eq!(journal.open_summary().warnings, Vec::<String>::new());
}

#[test]
fn the_python_reader_agrees_with_the_study() {
    let folder = TempFolder::new("reader");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, study()).unwrap();
    Tuner::new().journal_to(&mut journal).run(&mut study, &mut jobs()).unwrap();
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/read_journal.py");
    let output = std::process::Command::new("python3").arg(reader).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), study.trials().len());
    for (line, trial) in printed.lines().zip(study.trials()) {
        let end = match &trial.outcome {
            Some(Outcome::Completed { value }) => format!("completed {value}"),
            Some(Outcome::Failed(failure)) => format!("failed {}", failure.kind),
            other => panic!("{other:?}"),
        };
        assert!(line.starts_with(&trial.id.to_string()) && line.ends_with(&end), "{line}: {end}");
    }
}

/// Every later version must read journals of version 1. The Python script `tests/data/journal-1.py`
/// wrote `tests/data/journal-1.surmise`, without the crate.
#[test]
fn fault_26_version_1_journals_are_read_and_newer_ones_are_refused() {
    let folder = TempFolder::new("golden");
    let path = folder.file("run.surmise");
    let golden = include_str!("../../data/journal-1.surmise");
    fs::write(&path, golden).unwrap();
    let study = Journal::read(&path).unwrap();
    let name = |event: &Event| serde_json::to_value(event).unwrap()["event"].clone();
    let names: Vec<String> =
        study.events().iter().map(|event| name(event).as_str().unwrap().to_owned()).collect();
    assert_eq!(
        names,
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
    assert_eq!(journal.time_spent().as_secs(), 65, "35 seconds of one process and 30 of the other");
    drop(journal);
    let newer = with_version_2(golden);
    fs::write(&path, &newer).unwrap();
    for error in [
        Journal::open(&path).unwrap_err(),
        Journal::read(&path).unwrap_err(),
        Journal::repair(&path).unwrap_err(),
        Journal::resume(&path, self::study()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("version 2, written by surmise 0.1.0"), "{error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

/// A later version has appended records to a journal of this version.
#[test]
fn records_of_a_newer_version_are_refused_and_not_dropped_by_repair() {
    let folder = TempFolder::new("newer");
    let path = folder.file("run.surmise");
    let golden = include_str!("../../data/journal-1.surmise");
    let seq = golden.lines().count();
    let with_record = |record: &str| {
        let covered = format!("{{\"seq\":{seq},\"time\":1764486600.000,{record}");
        let checksum = crc32fast::hash(covered.as_bytes());
        format!("{golden}{covered},\"crc32\":\"{checksum:08x}\"}}\n")
    };
    let opened =
        "\"event\":\"opened\",\"journal\":1,\"events\":3,\"surmise\":\"0.9.0\",\"process\":7";
    fs::write(&path, with_record(opened)).unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert!(error.to_string().contains("version 3, written by surmise 0.9.0"), "{error}");
    // `repair` does not drop these records, even if an earlier record is damaged.
    let damaged = with_record(opened).replace("\"step\":1", "\"step\":2");
    fs::write(&path, &damaged).unwrap();
    let error = Journal::repair(&path).unwrap_err();
    assert!(error.to_string().contains("version 3, written by surmise 0.9.0"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    // An `opened` record of the same version is accepted.
    fs::write(&path, with_record(&opened.replace(":3", ":1"))).unwrap();
    assert!(Journal::open(&path).is_ok());
}

#[test]
fn a_journal_changed_by_another_program_is_not_compacted() {
    let folder = TempFolder::new("changed-by-another-program");
    let path = folder.file("run.surmise");
    let (mut study, mut journal) = Journal::resume(&path, study()).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let changed_byte = bytes.len() - 30;
    bytes[changed_byte] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(error_kind(journal.compact().unwrap_err()), JournalErrorKind::Damaged { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// Returns the journal with the version 2 in its first line.
fn with_version_2(golden: &str) -> String {
    let (first_line, rest) = golden.split_once('\n').unwrap();
    let first_line = first_line.replace("\"journal\":1", "\"journal\":2");
    let covered = &first_line[..first_line.len() - 20];
    let checksum = crc32fast::hash(covered.as_bytes());
    format!("{covered},\"crc32\":\"{checksum:08x}\"}}\n{rest}")
}
