//! What a journal costs: an event beside its fsync, ten thousand trials and a million reports on opening, memory.
//!
//! `cargo run --release --example journal_cost [FOLDER]`; `benches/journal_beside_optuna.py` holds it beside Optuna's storages.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and tells what")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use surmise::journal::Journal;
use surmise::{
    Asked, Error, Objective, Outcome, ParameterRange, RandomSearch, ScalingType, SearchSpace,
    Study, StudySettings,
};

fn study() -> Result<Study, Error> {
    let ranges = [
        ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.99, ScalingType::Linear),
        ParameterRange::integer("layers", 1..=64, ScalingType::Linear),
        ParameterRange::categorical("optimizer", ["sgd", "adam", "lion"]),
    ];
    let space = SearchSpace::new(ranges)?;
    Study::new(space, Objective::minimize("loss"), RandomSearch, StudySettings::default())
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = what();
    (result, begun.elapsed())
}

/// Seconds for each of so many trials, asked and told, each event on disk before the next.
fn events(path: &Path, trials: usize) -> Result<f64, Error> {
    let _ = fs::remove_file(path);
    let (mut study, mut journal) = Journal::resume(path, study()?)?;
    let (result, time) = timed(|| -> Result<(), Error> {
        for _ in 0..trials {
            let Asked::Trials(asked) = study.ask(1)? else { break };
            journal.write(&study)?;
            study.tell(asked[0].id, Outcome::from(0.5))?;
            journal.write(&study)?;
        }
        Ok(())
    });
    result?;
    Ok(time.as_secs_f64() / (2 * trials) as f64)
}

/// Seconds for each of so many appended lines of the same length, each on disk before the next.
fn syncs(path: &Path, lines: usize) -> std::io::Result<f64> {
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

fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

fn open(path: &Path, what: &str) -> Result<(), Error> {
    let before = resident();
    let ((study, _journal), time) = {
        let (opened, time) = timed(|| Journal::open(path));
        (opened?, time)
    };
    let size = fs::metadata(path).map_or(0, |data| data.len()) as f64 / 1e6;
    println!(
        "{what}: {} events, {size:.1} MB, opened in {:.2} s, {:.0} MB of memory",
        study.events().len(),
        time.as_secs_f64(),
        resident() - before
    );
    Ok(())
}

/// Ten thousand trials that have ended.
fn many_trials(path: &Path, trials: usize) -> Result<(), Error> {
    let _ = fs::remove_file(path);
    let mut study = study()?;
    for _ in 0..trials {
        if let Asked::Trials(asked) = study.ask(1)? {
            study.tell(asked[0].id, Outcome::from(0.5))?;
        }
    }
    Journal::create(path, &study)?.sync()
}

/// A hundred trials with so many reports each.
fn many_reports(path: &Path, reports: u64) -> Result<f64, Error> {
    let _ = fs::remove_file(path);
    let (mut study, mut journal) = Journal::resume(path, study()?)?;
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
        let (event, sync) = (events(&path, 500)?, syncs(&path, 1000)?);
        println!(
            "round {round}: an event {:.0} µs, an fsync of 200 bytes {:.0} µs, the event besides {:.0} µs",
            event * 1e6,
            sync * 1e6,
            (event - sync) * 1e6
        );
    }
    let report = many_reports(&path, 10_000)?;
    println!("a report {:.1} µs, of a million", report * 1e6);
    open(&path, "a million reports")?;
    for trials in [10_000, 20_000] {
        many_trials(&path, trials)?;
        open(&path, &format!("{trials} trials"))?;
    }
    fs::remove_file(&path)?;
    Ok(())
}
