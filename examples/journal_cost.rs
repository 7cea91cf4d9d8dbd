//! Measures the time and the memory that a journal needs.
//!
//! Run it with
//!
//!     cargo run --release --example journal_cost [FOLDER]
//!
//! It prints the time to write an event, compared with the fsync that each event includes. It also
//! prints the time and the memory to open journals with 10,000 trials, 20,000 trials and a million
//! reports. `benches/journal_vs_optuna.py` compares these times with Optuna's storages.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it prints and measures time")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use surmise::journal::Journal;
use surmise::{
    AskOutcome, Error, Objective, Outcome, ParameterRange, RandomSearch, ScalingType, SearchSpace,
    Study, StudySettings,
};

fn new_study() -> Result<Study, Error> {
    let ranges = [
        ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.99, ScalingType::Linear),
        ParameterRange::integer("layers", 1..=64, ScalingType::Linear),
        ParameterRange::categorical("optimizer", ["sgd", "adam", "lion"]),
    ];
    let space = SearchSpace::new(ranges)?;
    Study::new(space, Objective::minimize("loss"), RandomSearch, StudySettings::default())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Returns the seconds per event, for trials that are asked for and told.
///
/// Each event is on disk before the next one is written.
fn seconds_per_event(path: &Path, trials: usize) -> Result<f64, Error> {
    let _ = fs::remove_file(path);
    let (mut study, mut journal) = Journal::resume(path, new_study()?)?;
    let (result, time) = timed(|| -> Result<(), Error> {
        for _ in 0..trials {
            let AskOutcome::Trials(asked) = study.ask(1)? else { break };
            journal.write(&study)?;
            study.tell(asked[0].id, Outcome::from(0.5))?;
            journal.write(&study)?;
        }
        Ok(())
    });
    result?;
    Ok(time.as_secs_f64() / (2 * trials) as f64)
}

/// Returns the seconds per line of 200 bytes, each of which is on disk before the next one.
fn seconds_per_sync(path: &Path, lines: usize) -> std::io::Result<f64> {
    let mut file = File::create(path)?;
    let line = [b'x'; 200];
    let (result, time) = timed(|| -> std::io::Result<()> {
        for _ in 0..lines {
            file.write_all(&line)?;
            file.sync_data()?;
        }
        Ok(())
    });
    result?;
    Ok(time.as_secs_f64() / lines as f64)
}

fn resident_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

fn measure_opening(path: &Path, description: &str) -> Result<(), Error> {
    let before = resident_megabytes();
    let ((study, _journal), time) = {
        let (opened, time) = timed(|| Journal::open(path));
        (opened?, time)
    };
    let size = fs::metadata(path).map_or(0, |data| data.len()) as f64 / 1e6;
    println!(
        "{description}: {} events, {size:.1} MB, opened in {:.2} s, {:.0} MB of memory",
        study.events().len(),
        time.as_secs_f64(),
        resident_megabytes() - before
    );
    Ok(())
}

/// Writes a journal with this number of ended trials.
fn write_trials(path: &Path, trials: usize) -> Result<(), Error> {
    let _ = fs::remove_file(path);
    let mut study = new_study()?;
    for _ in 0..trials {
        if let AskOutcome::Trials(asked) = study.ask(1)? {
            study.tell(asked[0].id, Outcome::from(0.5))?;
        }
    }
    Journal::create(path, &study)?.sync()
}

/// Writes a journal of 100 trials with `reports` reports each, and returns the seconds per report.
fn seconds_per_report(path: &Path, reports: u64) -> Result<f64, Error> {
    let _ = fs::remove_file(path);
    let (mut study, mut journal) = Journal::resume(path, new_study()?)?;
    study.ask(100)?;
    let ids: Vec<_> = study.pending().map(|trial| trial.id).collect();
    let (result, time) = timed(|| -> Result<(), Error> {
        for step in 0..reports {
            for id in &ids {
                study.report(*id, step, 1.0 / (step + 1) as f64)?;
                journal.write(&study)?;
            }
        }
        Ok(())
    });
    result?;
    Ok(time.as_secs_f64() / (reports as f64 * ids.len() as f64))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("surmise-journal-cost-{}", std::process::id()));
    for round in 1..=3 {
        let (event, sync) = (seconds_per_event(&path, 500)?, seconds_per_sync(&path, 1000)?);
        println!(
            "round {round}: an event {:.0} µs, an fsync of 200 bytes {:.0} µs, difference {:.0} µs",
            event * 1e6,
            sync * 1e6,
            (event - sync) * 1e6
        );
    }
    let report = seconds_per_report(&path, 10_000)?;
    println!("one of a million reports: {:.1} µs", report * 1e6);
    measure_opening(&path, "a million reports")?;
    for trials in [10_000, 20_000] {
        write_trials(&path, trials)?;
        measure_opening(&path, &format!("{trials} trials"))?;
    }
    fs::remove_file(&path)?;
    Ok(())
}
