//! An example study with all kinds of events, and a folder for its journal.

use std::fs;
use std::path::{Path, PathBuf};

use crate::journal::Journal;
use crate::objective::Objective;
use crate::rng::Rng;
use crate::space::{Configuration, ParameterRange, ScalingType, SearchSpace};
use crate::strategy::RandomSearch;
use crate::study::{AskOutcome, Event, Study, StudySettings};
use crate::trial::{Failure, FailureKind, Outcome, StopCause, TrialId};

/// A folder that is deleted when the value is dropped. It is in memory if possible, because the
/// tests synchronize thousands of files.
pub(super) struct ScratchFolder(PathBuf);

impl ScratchFolder {
    pub(super) fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("surmise-journal-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn new_study() -> Study {
    let ranges = [
        ParameterRange::continuous("rate", 1e-4..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("layers", 1..=1_000_000, ScalingType::Linear),
        ParameterRange::categorical("optimizer", ["sgd", "adam", "a \"b\"\n"]),
    ];
    let space = SearchSpace::new(ranges).unwrap();
    let settings = StudySettings { seed: 3, ..StudySettings::default() };
    Study::new(space, Objective::minimize("loss"), RandomSearch, settings).unwrap()
}

/// Applies random changes of all kinds to a study, until it has `events` events. Calls `on_change`
/// after each change.
pub(super) fn simulate_study(
    study: &mut Study,
    events: usize,
    rng: &mut Rng,
    mut on_change: impl FnMut(&Study),
) {
    let mut running: Vec<TrialId> = Vec::new();
    while study.events().len() < events {
        let kind = rng.index(12);
        let trial = (!running.is_empty()).then(|| running[rng.index(running.len())]);
        match (kind, trial) {
            (0, _) => {
                let partial =
                    Configuration::from([("layers", (1 + study.events().len() as i64).into())]);
                study.enqueue(&partial).unwrap();
            }
            (1, _) => {
                let complete = Configuration::from([
                    ("rate", 0.01.into()),
                    ("layers", (500_000 + study.events().len() as i64).into()),
                    ("optimizer", "adam".into()),
                ]);
                study.add_observation(&complete, Outcome::from(rng.normal())).unwrap();
            }
            (2..=4, _) | (_, None) => {
                if let AskOutcome::Trials(trials) = study.ask(1).unwrap() {
                    running.extend(trials.iter().map(|trial| trial.id));
                }
            }
            (5, Some(trial)) => {
                let failure = Failure::new(FailureKind::Interrupted, "spot\ntaken");
                study.record_failed_attempt(trial, failure).unwrap();
            }
            (6, Some(trial)) => {
                study.set_job_location(trial, &format!("job-{}", study.events().len())).unwrap();
            }
            (7, Some(trial)) => {
                study.request_stop(trial, StopCause::TuningOver).unwrap();
                study.withdraw_stop(trial).unwrap();
            }
            (8, Some(trial)) => {
                running.retain(|other| *other != trial);
                let outcome = if rng.uniform() < 0.3 {
                    Outcome::Failed(Failure::new(FailureKind::Error, "no"))
                } else {
                    Outcome::from(rng.normal())
                };
                study.tell(trial, outcome).unwrap();
            }
            (_, Some(trial)) => {
                let value = if rng.uniform() < 0.1 { f64::NAN } else { rng.normal() };
                study.report(trial, study.events().len() as u64, value).unwrap();
            }
        }
        on_change(study);
    }
}

/// Simulates a study with a journal. Returns the study and the bytes of the file.
pub(super) fn write_journal(path: &Path, events: usize) -> (Study, Vec<u8>) {
    let mut study = new_study();
    let mut journal = Journal::create(path, &study).unwrap();
    simulate_study(&mut study, events, &mut Rng::stream(1, 1), |study| {
        journal.write(study).unwrap();
    });
    journal.sync().unwrap();
    (study, fs::read(path).unwrap())
}

/// Returns events as they are written. They are compared in this form, because NaN differs from
/// itself.
pub(super) fn event_texts(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| serde_json::to_string(event).unwrap()).collect()
}

/// Returns the offset of each line, and of the end of the last one.
pub(super) fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}
