//! Tuners that are killed repeatedly, at random moments.
//!
//! `SURMISE_KILLS=200 cargo test --test suite persistence::kills -- --nocapture` makes 200 kills,
//! and prints the last events before them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use surmise::evaluator::ReportSource;
use surmise::journal::Journal;
use surmise::*;

use super::folder::{TempFolder, test_process, test_process_folder};
use super::surviving_programs::{is_running, wait_until};

const JOBS: usize = 16;
const LAG: usize = 3;

fn study() -> Study {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=50, ScalingType::Linear),
    ]);
    let settings = StudySettings {
        seed: 5,
        limits: ResourceLimits::new(JOBS, LAG),
        order: Order::FixedLag(LAG),
        ..Default::default()
    };
    let strategy = BayesianOptimization::default();
    Study::new(space.unwrap(), Objective::minimize("loss"), strategy, settings).unwrap()
}

/// Creates a file for each run of an attempt, and reports up to three values. Some configurations
/// always fail, and some jobs are interrupted at their first attempt.
const SCRIPT: &str = r#"folder=$0; x=${1#--x=}; n=${2#--n=}
echo run > "$folder/effects/$SURMISE_TRIAL-$SURMISE_ATTEMPT.$$"
echo 1 0.75; sleep 0.02
if [ $((n % 5)) = 0 ] && mkdir "$folder/interrupted-$SURMISE_TRIAL" 2>/dev/null; then exit 143; fi
echo 2 0.5; sleep 0.02
[ $((n % 7)) = 0 ] && exit 1
echo "3 $x""#;

fn run_tuning(folder: &Path, survives: bool) {
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), study()).unwrap();
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", SCRIPT])
        .arguments([folder])
        .reports_from(ReportSource::Lines)
        .with_grace_period(Duration::from_millis(500));
    if survives {
        jobs = jobs.in_folder(folder.join("jobs")).surviving();
    }
    let backoff =
        surmise::limits::Backoff { initial_delay: Duration::from_millis(10), ..Default::default() };
    Tuner::new()
        .retries(RetryPolicy::default().with_backoff(backoff))
        .circuit_breaker(None)
        .journal_to(&mut journal)
        .run(&mut study, &mut jobs)
        .unwrap();
}

#[test]
fn subprocess_tuner_whose_programs_end_with_it() {
    if let Some(folder) = test_process_folder() {
        run_tuning(&folder, false);
    }
}

#[test]
fn subprocess_tuner_with_surviving_programs() {
    if let Some(folder) = test_process_folder() {
        run_tuning(&folder, true);
    }
}

fn spawn_tuner(folder: &TempFolder, survives: bool) -> Child {
    let test = if survives {
        "persistence::kills::subprocess_tuner_with_surviving_programs"
    } else {
        "persistence::kills::subprocess_tuner_whose_programs_end_with_it"
    };
    test_process(test, folder.path()).spawn().unwrap()
}

fn line_count(path: &Path) -> usize {
    fs::read(path).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
}

fn last_event(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let last_line = text.lines().rev().find(|line| line.ends_with("\"}"));
    let event = last_line.and_then(|line| line.split_once("\"event\":\""));
    event.and_then(|(_, rest)| rest.split_once('"')).map_or("none", |(name, _)| name).to_owned()
}

/// Describes the results that must be equal in each run: configuration, value, kind of failure and
/// reported steps of each trial.
fn results(study: &Study) -> Vec<String> {
    let describe = |trial: &Trial| {
        let failure = match &trial.outcome {
            Some(Outcome::Failed(failure)) => Some(failure.kind),
            _ => None,
        };
        let steps: Vec<u64> = trial.reports.iter().map(|report| report.step).collect();
        format!("{} {:?} {failure:?} {steps:?}", trial.configuration, trial.value())
    };
    study.trials().iter().map(describe).collect()
}

fn create_folder(name: &str) -> TempFolder {
    let folder = TempFolder::new(name);
    fs::create_dir(folder.file("effects")).unwrap();
    folder
}

/// Kills a tuner once its journal has `new_lines` more lines and `delay` has passed.
///
/// Returns true if the tuner was still running.
fn kill_after(tuner: &mut Child, path: &Path, new_lines: usize, delay: Duration) -> bool {
    let target = line_count(path) + new_lines;
    let mut has_ended = false;
    wait_until("the journal grows", || {
        has_ended = tuner.try_wait().unwrap().is_some();
        has_ended || line_count(path) >= target
    });
    std::thread::sleep(delay);
    let _ = tuner.kill();
    let status = tuner.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "{status}");
    status.code().is_none()
}

/// Kills a tuner up to `kills` times, then runs it to its end.
///
/// Returns the number of kills by the kind of the last recorded event.
fn kill_repeatedly(seed: u64, survives: bool, kills: usize) -> BTreeMap<String, usize> {
    let folder = create_folder(&format!("kills-{seed}-{survives}"));
    let path = folder.file("run.surmise");
    let mut rng = surmise::rng::Rng::stream(seed, 1);
    let mut kills_by_event = BTreeMap::new();
    let job_argument = format!("{}\0", folder.path().display());
    for _ in 0..kills {
        let mut tuner = spawn_tuner(&folder, survives);
        let delay = Duration::from_micros(rng.index(3000) as u64);
        if !kill_after(&mut tuner, &path, rng.index(9), delay) {
            break;
        }
        *kills_by_event.entry(last_event(&path)).or_default() += 1;
        if !survives {
            wait_until("no job is left", || !is_running(&job_argument));
        }
    }
    assert!(spawn_tuner(&folder, survives).wait().unwrap().success());
    let study = Journal::read(&path).unwrap();
    check_effects(&folder, &study, survives);
    wait_until("no job is left", || !is_running(&job_argument));
    let other_folder = create_folder(&format!("uninterrupted-{seed}-{survives}"));
    assert!(spawn_tuner(&other_folder, survives).wait().unwrap().success());
    let uninterrupted = Journal::read(other_folder.file("run.surmise")).unwrap();
    assert_eq!(results(&study), results(&uninterrupted), "seed {seed}");
    kills_by_event
}

/// Checks that every attempt has run at most once, and the last attempt of each trial exactly once.
///
/// No attempt of a surviving program may be cancelled.
fn check_effects(folder: &TempFolder, study: &Study, survives: bool) {
    let mut effects: BTreeMap<String, usize> = BTreeMap::new();
    for entry in fs::read_dir(folder.file("effects")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        *effects.entry(name.split_once('.').unwrap().0.to_owned()).or_default() += 1;
    }
    let twice: Vec<_> = effects.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "run twice: {twice:?}");
    for trial in study.trials() {
        assert!(effects.contains_key(&format!("{}-{}", trial.id, trial.attempt())), "{trial:?}");
        if survives {
            let is_cancelled = |failure: &Failure| failure.kind == FailureKind::Cancelled;
            assert!(!trial.failed_attempts.iter().any(is_cancelled), "{trial:?}");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the number of kills is an option of this test")]
#[allow(clippy::print_stdout, reason = "it reports the kills")]
#[test]
fn fault_11_a_repeatedly_killed_tuner_runs_each_attempt_once() {
    let kills: usize =
        std::env::var("SURMISE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    let mut kills_by_event: BTreeMap<String, usize> = BTreeMap::new();
    let mut seed = 0;
    while kills_by_event.values().sum::<usize>() < kills {
        for (event, count) in kill_repeatedly(seed, seed % 2 == 1, 8) {
            *kills_by_event.entry(event).or_default() += count;
        }
        seed += 1;
        assert!(seed < kills as u64, "too many tunings end before they are killed");
    }
    let total: usize = kills_by_event.values().sum();
    println!("{total} kills in {seed} tunings, by the last event: {kills_by_event:?}");
}
