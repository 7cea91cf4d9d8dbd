//! Full disks and moved journal files, and the behavior of a tuning during such faults.

use std::fs;
use std::ops::ControlFlow;
use std::process::Command;
use std::time::Duration;

use surmise::journal::{Journal, JournalError, JournalErrorKind};
use surmise::study::EventSink;
use surmise::tune::Progress;
use surmise::*;

use super::folder::{TempFolder, test_process, test_process_folder};
use super::resuming::error_kind;

fn study(jobs: usize) -> Study {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let settings = StudySettings { limits: ResourceLimits::new(jobs, 2), ..Default::default() };
    Study::new(space.unwrap(), Objective::minimize("loss"), RandomSearch, settings).unwrap()
}

fn jobs() -> FunctionEvaluator {
    FunctionEvaluator::new(|configuration: &Configuration| {
        Ok::<_, String>(configuration.float("x"))
    })
}

/// An event sink whose calls `from..to` fail, counted from 1.
#[derive(Debug)]
struct FailingSink {
    calls: usize,
    from: usize,
    to: usize,
    /// The number of persisted events.
    persisted: usize,
    /// The runtime of earlier processes.
    spent: Duration,
}

impl FailingSink {
    fn new(from: usize, to: usize) -> Self {
        Self { calls: 0, from, to, persisted: 0, spent: Duration::ZERO }
    }
}

impl EventSink for FailingSink {
    fn persist(&mut self, study: &Study) -> Result<(), Error> {
        self.calls += 1;
        if (self.from..self.to).contains(&self.calls) {
            let full = std::io::ErrorKind::StorageFull.into();
            return Err(JournalError::io("run".as_ref(), "write", &full).into());
        }
        self.persisted = study.events().len();
        Ok(())
    }

    fn time_spent(&self) -> Duration {
        self.spent
    }
}

#[test]
fn while_the_journal_cannot_be_written_no_job_starts_and_results_are_collected() {
    let mut study = study(12);
    let mut sink = FailingSink::new(8, 10);
    let mut is_persisted = true;
    let (mut failures, mut recoveries) = (0, 0);
    let result = Tuner::new()
        .journal_to(&mut sink)
        .on_progress(|_, progress| {
            match progress {
                Progress::PersistFailed { error } => {
                    assert!(error.to_string().contains("free some disk space"));
                    is_persisted = false;
                    failures += 1;
                }
                Progress::PersistRecovered => {
                    is_persisted = true;
                    recoveries += 1;
                }
                Progress::Started { .. } => {
                    assert!(is_persisted, "no job starts while events are not written");
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs())
        .unwrap();
    assert_eq!((failures, recoveries), (1, 1));
    assert!(matches!(result.reason, StopReason::JobLimit { jobs: 12 }));
    assert_eq!(sink.persisted, study.events().len());
}

#[test]
fn fault_09_a_full_disk_is_an_error_with_no_job_left_running() {
    let mut study = study(12);
    let mut sink = FailingSink::new(6, usize::MAX);
    let mut started = Vec::new();
    let error = Tuner::new()
        .journal_to(&mut sink)
        .on_progress(|_, progress| {
            if let Progress::Started { job, .. } = progress {
                started.push(job.trial);
            }
            ControlFlow::Continue(())
        })
        .journal_retry_time(Duration::from_millis(300))
        .run(&mut study, &mut jobs())
        .unwrap_err();
    let JournalErrorKind::Io { kind, .. } = error_kind(error) else { panic!() };
    assert_eq!(kind, std::io::ErrorKind::StorageFull);
    // The running jobs have ended, and their outcomes are in the study.
    assert!(study.events().len() > sink.persisted);
    assert!(study.pending().all(|trial| !started.contains(&trial.id)));
    assert!(!started.is_empty());
    // Another call resumes once the disk has room.
    sink.to = 0;
    Tuner::new().journal_to(&mut sink).run(&mut study, &mut jobs()).unwrap();
    assert_eq!((study.trials().len(), sink.persisted), (12, study.events().len()));
}

/// The disk has room again just before the tuning gives up.
#[test]
fn writing_the_journal_is_retried_once_before_giving_up() {
    let mut study = study(4);
    // The second attempt to write is due after one second, but the retry time ends earlier.
    let mut sink = FailingSink::new(4, 5);
    Tuner::new()
        .journal_to(&mut sink)
        .journal_retry_time(Duration::from_millis(200))
        .run(&mut study, &mut jobs())
        .unwrap();
    assert_eq!((study.trials().len(), sink.persisted), (4, study.events().len()));
}

/// The function ignores the stop request and the disk stays full; neither must block the end of a
/// cancelled tuning.
#[test]
fn a_cancelled_tuning_ends_even_if_the_journal_cannot_be_written() {
    let mut study = study(4);
    let mut sink = FailingSink::new(3, usize::MAX);
    let handle = StopHandle::new();
    let cancel = handle.clone();
    let mut unresponsive = FunctionEvaluator::new(|configuration: &Configuration| {
        std::thread::sleep(Duration::from_secs(3));
        Ok::<_, String>(configuration.float("x"))
    });
    let error = Tuner::new()
        .journal_to(&mut sink)
        .journal_retry_time(Duration::from_millis(100))
        .stop_grace_period(Duration::from_millis(100))
        .stop_handle(&handle)
        .on_progress(move |_, progress| {
            if matches!(progress, Progress::PersistFailed { .. }) {
                cancel.cancel();
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut unresponsive)
        .unwrap_err();
    assert!(matches!(error_kind(error), JournalErrorKind::Io { .. }));
}

#[test]
fn the_time_of_earlier_processes_counts_toward_max_runtime() {
    let mut study = study(12);
    let max_runtime = Some(Duration::from_secs(3600));
    let limits = ResourceLimits { max_runtime, ..ResourceLimits::new(12, 1) };
    let settings = StudySettings { limits, ..*study.settings() };
    study = Study::new(study.space().clone(), study.objective().clone(), RandomSearch, settings)
        .unwrap();
    let mut sink = FailingSink { spent: Duration::from_secs(3601), ..FailingSink::new(0, 0) };
    let result = Tuner::new().journal_to(&mut sink).run(&mut study, &mut jobs()).unwrap();
    let reason = result.reason;
    assert!(matches!(reason, StopReason::MaxRuntime { jobs: 0, .. }), "{reason:?}");
}

#[test]
fn a_moved_journal_is_refused_until_it_is_back() {
    let folder = TempFolder::new("moved");
    let (path, moved) = (folder.file("run.surmise"), folder.file("moved"));
    let (mut study, mut journal) = Journal::resume(&path, self::study(12)).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    fs::rename(&path, &moved).unwrap();
    study.ask(1).unwrap();
    assert_eq!(error_kind(journal.write(&study).unwrap_err()), JournalErrorKind::Replaced);
    fs::write(&path, "another file").unwrap();
    assert_eq!(error_kind(journal.write(&study).unwrap_err()), JournalErrorKind::Replaced);
    assert_eq!(error_kind(journal.compact().unwrap_err()), JournalErrorKind::Replaced);
    assert_eq!(fs::read_to_string(&path).unwrap(), "another file");
    fs::rename(&moved, &path).unwrap();
    journal.write(&study).unwrap();
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().0.events(), study.events());
}

#[test]
fn a_path_that_cannot_be_written_is_an_error_at_once() {
    let folder = TempFolder::new("unwritable");
    for path in [folder.file("no/such/folder/run"), folder.path().to_owned()] {
        let error = Journal::resume(&path, study(3)).unwrap_err();
        assert!(matches!(
            error_kind(error),
            JournalErrorKind::Io { .. } | JournalErrorKind::NotFound
        ));
    }
}

/// A file size limit of the system acts as a full disk.
#[test]
fn fault_09_a_full_disk_loses_no_event_reported_as_written() {
    let folder = TempFolder::new("full");
    let test = test_process("persistence::disk::subprocess_with_a_file_size_limit", folder.path());
    let mut shell = Command::new("sh");
    // The limit is in blocks of 512 bytes. The shell ignores the signal, so that writing fails.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"]);
    shell.arg(test.get_program()).args(test.get_args());
    shell.envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = folder.file("run.surmise");
    let persisted: usize =
        fs::read_to_string(folder.file("persisted-count")).unwrap().parse().unwrap();
    let (mut study, mut journal) = Journal::resume(&path, study(200)).unwrap();
    assert!(study.events().len() >= persisted && persisted > 5, "{persisted}");
    Tuner::new().journal_to(&mut journal).run(&mut study, &mut jobs()).unwrap();
    assert_eq!(study.trials().len(), 200);
}

#[test]
fn subprocess_with_a_file_size_limit() {
    let Some(folder) = test_process_folder() else { return };
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), study(200)).unwrap();
    let mut persisted = 0;
    let error = loop {
        study.ask(1).unwrap();
        match journal.write(&study) {
            Ok(()) => persisted = study.events().len(),
            Err(error) => break error,
        }
    };
    let JournalErrorKind::Io { kind, .. } = error_kind(error) else { panic!() };
    assert_eq!(kind, std::io::ErrorKind::FileTooLarge);
    assert!(journal.write(&study).is_err());
    fs::write(folder.join("persisted-count"), persisted.to_string()).unwrap();
}
