//! Disks that are full, files that vanish, and what a tuning does meanwhile.

use std::fs;
use std::ops::ControlFlow;
use std::process::Command;
use std::time::Duration;

use surmise::journal::{Journal, JournalError, JournalTrouble};
use surmise::study::{Event, Sink};
use surmise::tune::Progress;
use surmise::*;

use super::folder::{Folder, another_process, here};
use super::going_on::trouble;

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

/// Keeps nothing from its so many-th call on, for so many calls.
#[derive(Debug)]
struct Failing {
    calls: usize,
    from: usize,
    to: usize,
    kept: usize,
    spent: Duration,
}

impl Failing {
    fn new(from: usize, to: usize) -> Self {
        Self { calls: 0, from, to, kept: 0, spent: Duration::ZERO }
    }
}

impl Sink for Failing {
    fn keep(&mut self, study: &Study) -> Result<(), Error> {
        self.calls += 1;
        if (self.from..self.to).contains(&self.calls) {
            let full = std::io::ErrorKind::StorageFull.into();
            return Err(JournalError::refused("run".as_ref(), "write", &full).into());
        }
        self.kept = study.events().len();
        Ok(())
    }

    fn spent(&self) -> Duration {
        self.spent
    }
}

#[test]
fn while_nothing_can_be_kept_nothing_is_started_and_everything_is_collected() {
    let mut study = study(12);
    let mut sink = Failing::new(8, 10);
    let mut is_kept = true;
    let mut told = (0, 0, 0);
    let tuned = Tuner::new()
        .keep_in(&mut sink)
        .observe(|_, progress| {
            match progress {
                Progress::NotKept { error } => {
                    assert!(error.to_string().contains("make room on the disk"));
                    is_kept = false;
                    told.0 += 1;
                }
                Progress::KeptAgain => {
                    is_kept = true;
                    told.1 += 1;
                }
                Progress::Started { .. } => assert!(is_kept, "a job starts that may be forgotten"),
                Progress::Recorded(Event::Told { .. }) if !is_kept => told.2 += 1,
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs())
        .unwrap();
    assert_eq!((told.0, told.1), (1, 1));
    assert!(matches!(tuned.reason, StopReason::JobLimit { jobs: 12 }));
    assert_eq!(sink.kept, study.events().len());
}

#[test]
fn fault_09_a_disk_that_stays_full_is_an_error_with_nothing_left_running() {
    let mut study = study(12);
    let mut sink = Failing::new(6, usize::MAX);
    let mut started = Vec::new();
    let error = Tuner::new()
        .keep_in(&mut sink)
        .observe(|_, progress| {
            if let Progress::Started { job, .. } = progress {
                started.push(job.trial);
            }
            ControlFlow::Continue(())
        })
        .keep_patience(Duration::from_millis(300))
        .run(&mut study, &mut jobs())
        .unwrap_err();
    let JournalTrouble::Refused { kind, .. } = trouble(error) else { panic!() };
    assert_eq!(kind, std::io::ErrorKind::StorageFull);
    // What ran has come to its end, and is in the study.
    assert!(study.events().len() > sink.kept);
    assert!(study.pending().all(|trial| !started.contains(&trial.id)));
    assert!(!started.is_empty());
    // Another call, with room on the disk, goes on.
    sink.to = 0;
    Tuner::new().keep_in(&mut sink).run(&mut study, &mut jobs()).unwrap();
    assert_eq!((study.trials().len(), sink.kept), (12, study.events().len()));
}

/// A sink whose disk has room again when the tuning is about to give up.
#[test]
fn before_a_tuning_gives_up_it_tries_once_more() {
    let mut study = study(4);
    // The second try would come after a second; the patience is over before.
    let mut sink = Failing::new(4, 5);
    Tuner::new()
        .keep_in(&mut sink)
        .keep_patience(Duration::from_millis(200))
        .run(&mut study, &mut jobs())
        .unwrap();
    assert_eq!((study.trials().len(), sink.kept), (4, study.events().len()));
}

/// A closure that does not hear of its end, and a disk that stays full: the tuning that was cancelled ends all the same.
#[test]
fn a_cancelled_tuning_ends_though_nothing_can_be_kept() {
    let mut study = study(4);
    let mut sink = Failing::new(3, usize::MAX);
    let handle = StopHandle::new();
    let cancel = handle.clone();
    let mut deaf = FunctionEvaluator::new(|configuration: &Configuration| {
        std::thread::sleep(Duration::from_secs(3));
        Ok::<_, String>(configuration.float("x"))
    });
    let error = Tuner::new()
        .keep_in(&mut sink)
        .keep_patience(Duration::from_millis(100))
        .cancel_patience(Duration::from_millis(100))
        .stop_by(&handle)
        .observe(move |_, progress| {
            if matches!(progress, Progress::NotKept { .. }) {
                cancel.cancel();
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut deaf)
        .unwrap_err();
    assert!(matches!(trouble(error), JournalTrouble::Refused { .. }));
}

#[test]
fn the_time_of_earlier_processes_counts() {
    let mut study = study(12);
    let max_runtime = Some(Duration::from_secs(3600));
    let limits = ResourceLimits { max_runtime, ..ResourceLimits::new(12, 1) };
    let settings = StudySettings { limits, ..*study.settings() };
    study = Study::new(study.space().clone(), study.objective().clone(), RandomSearch, settings)
        .unwrap();
    let mut sink = Failing { spent: Duration::from_secs(3601), ..Failing::new(0, 0) };
    let tuned = Tuner::new().keep_in(&mut sink).run(&mut study, &mut jobs()).unwrap();
    assert!(matches!(tuned.reason, StopReason::MaxRuntime { jobs: 0, .. }), "{:?}", tuned.reason);
}

#[test]
fn a_file_that_vanished_is_missed_and_goes_on_when_it_is_back() {
    let folder = Folder::new("vanished");
    let (path, aside) = (folder.file("run.surmise"), folder.file("aside"));
    let (mut study, mut journal) = Journal::resume(&path, self::study(12)).unwrap();
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    fs::rename(&path, &aside).unwrap();
    study.ask(1).unwrap();
    assert_eq!(trouble(journal.write(&study).unwrap_err()), JournalTrouble::Replaced);
    fs::write(&path, "another file").unwrap();
    assert_eq!(trouble(journal.write(&study).unwrap_err()), JournalTrouble::Replaced);
    assert_eq!(trouble(journal.compact().unwrap_err()), JournalTrouble::Replaced);
    assert_eq!(fs::read_to_string(&path).unwrap(), "another file");
    fs::rename(&aside, &path).unwrap();
    journal.write(&study).unwrap();
    drop(journal);
    assert_eq!(Journal::open(&path).unwrap().0.events(), study.events());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_at_once() {
    let folder = Folder::new("no-place");
    for path in [folder.file("no/such/folder/run"), folder.path().to_owned()] {
        let error = Journal::resume(&path, study(3)).unwrap_err();
        assert!(matches!(trouble(error), JournalTrouble::Refused { .. } | JournalTrouble::Missing));
    }
}

/// The system refuses to let a file grow beyond a limit, as it refuses to write to a full disk.
#[test]
fn fault_09_a_real_disk_without_room_keeps_what_it_said_to_keep() {
    let folder = Folder::new("full");
    let inner = another_process("kept::disk::a_process_that_may_write_little", folder.path());
    let mut shell = Command::new("sh");
    // In blocks of 512 bytes; the signal that tells of it is not to be heard.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"]);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = folder.file("run.surmise");
    let kept: usize = fs::read_to_string(folder.file("kept")).unwrap().parse().unwrap();
    let (mut study, mut journal) = Journal::resume(&path, study(200)).unwrap();
    assert!(study.events().len() >= kept && kept > 5, "{kept}");
    Tuner::new().keep_in(&mut journal).run(&mut study, &mut jobs()).unwrap();
    assert_eq!(study.trials().len(), 200);
}

#[test]
fn a_process_that_may_write_little() {
    let Some(folder) = here() else { return };
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), study(200)).unwrap();
    let mut kept = 0;
    let error = loop {
        study.ask(1).unwrap();
        match journal.write(&study) {
            Ok(()) => kept = study.events().len(),
            Err(error) => break error,
        }
    };
    let JournalTrouble::Refused { kind, .. } = trouble(error) else { panic!() };
    assert_eq!(kind, std::io::ErrorKind::FileTooLarge);
    assert!(journal.write(&study).is_err());
    fs::write(folder.join("kept"), kept.to_string()).unwrap();
}
