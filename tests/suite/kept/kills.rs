//! Tuners that are killed at any moment, again and again.
//!
//! `SURMISE_KILLS=200 cargo test --test suite kept::kills -- --nocapture` kills more often, and says after which events.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use surmise::evaluator::ReportSource;
use surmise::journal::Journal;
use surmise::*;

use super::folder::{Folder, another_process, here};
use super::lasting::{runs, soon};

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

/// Tells of itself by a file, reports twice, and fails for good for some configurations; some jobs are interrupted the first time.
const SCRIPT: &str = r#"folder=$0; x=${1#--x=}; n=${2#--n=}
echo run > "$folder/effects/$SURMISE_TRIAL-$SURMISE_ATTEMPT.$$"
echo 1 0.75; sleep 0.02
if [ $((n % 5)) = 0 ] && mkdir "$folder/interrupted-$SURMISE_TRIAL" 2>/dev/null; then exit 143; fi
echo 2 0.5; sleep 0.02
[ $((n % 7)) = 0 ] && exit 1
echo "3 $x""#;

fn tune_in(folder: &Path, survives: bool) {
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), study()).unwrap();
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", SCRIPT])
        .arguments([folder])
        .reports_from(ReportSource::Lines)
        .with_grace(Duration::from_millis(500));
    if survives {
        jobs = jobs.in_folder(folder.join("jobs")).surviving();
    }
    let backoff =
        surmise::limits::Backoff { first: Duration::from_millis(10), ..Default::default() };
    Tuner::new()
        .retries(RetryPolicy::default().with_backoff(backoff))
        .circuit_breaker(None)
        .keep_in(&mut journal)
        .run(&mut study, &mut jobs)
        .unwrap();
}

#[test]
fn a_tuner_whose_programs_end_with_it() {
    if let Some(folder) = here() {
        tune_in(&folder, false);
    }
}

#[test]
fn a_tuner_whose_programs_outlive_it() {
    if let Some(folder) = here() {
        tune_in(&folder, true);
    }
}

fn start(folder: &Folder, survives: bool) -> Child {
    let test = if survives {
        "kept::kills::a_tuner_whose_programs_outlive_it"
    } else {
        "kept::kills::a_tuner_whose_programs_end_with_it"
    };
    another_process(test, folder.path()).spawn().unwrap()
}

fn lines(path: &Path) -> usize {
    fs::read(path).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
}

fn last_event(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.lines().rev().find(|line| line.ends_with("\"}"));
    let event = whole.and_then(|line| line.split_once("\"event\":\""));
    event.and_then(|(_, rest)| rest.split_once('"')).map_or("none", |(name, _)| name).to_owned()
}

/// What is the same in each run: configuration and value of each trial, the kind of its failure, the steps that it reported.
fn trajectory(study: &Study) -> Vec<String> {
    let told = |trial: &Trial| {
        let failure = match &trial.outcome {
            Some(Outcome::Failed(failure)) => Some(failure.kind),
            _ => None,
        };
        let steps: Vec<u64> = trial.reports.iter().map(|report| report.step).collect();
        format!("{} {:?} {failure:?} {steps:?}", trial.configuration, trial.value())
    };
    study.trials().iter().map(told).collect()
}

fn tuning(name: &str) -> Folder {
    let folder = Folder::new(name);
    fs::create_dir(folder.file("effects")).unwrap();
    folder
}

/// Kills a tuner once its journal has so many lines more, and a moment later; whether it had not ended before.
fn kill_after(tuner: &mut Child, path: &Path, more: usize, moment: Duration) -> bool {
    let target = lines(path) + more;
    let mut has_ended = false;
    soon("the journal grows", || {
        has_ended = tuner.try_wait().unwrap().is_some();
        has_ended || lines(path) >= target
    });
    std::thread::sleep(moment);
    let _ = tuner.kill();
    let status = tuner.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "{status}");
    status.code().is_none()
}

/// Kills a tuner so often at the most, and lets it come to its end; how often it was killed after which kind of event.
fn killed(seed: u64, survives: bool, kills: usize) -> BTreeMap<String, usize> {
    let folder = tuning(&format!("kills-{seed}-{survives}"));
    let path = folder.file("run.surmise");
    let mut rng = surmise::rng::Rng::stream(seed, 1);
    let mut after = BTreeMap::new();
    let mark = format!("{}\0", folder.path().display());
    for _ in 0..kills {
        let mut tuner = start(&folder, survives);
        let moment = Duration::from_micros(rng.index(3000) as u64);
        if !kill_after(&mut tuner, &path, rng.index(9), moment) {
            break;
        }
        *after.entry(last_event(&path)).or_default() += 1;
        if !survives {
            soon("no job is left behind", || !runs(&mark));
        }
    }
    assert!(start(&folder, survives).wait().unwrap().success());
    let study = Journal::read(&path).unwrap();
    check_effects(&folder, &study, survives);
    soon("nothing is left behind", || !runs(&mark));
    let undisturbed = tuning(&format!("undisturbed-{seed}-{survives}"));
    assert!(start(&undisturbed, survives).wait().unwrap().success());
    let undisturbed = Journal::read(undisturbed.file("run.surmise")).unwrap();
    assert_eq!(trajectory(&study), trajectory(&undisturbed), "seed {seed}");
    after
}

/// Every attempt has run once at the most, and the last one of each trial has run.
fn check_effects(folder: &Folder, study: &Study, survives: bool) {
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
            // No attempt was lost with the tuner.
            let lost = |failure: &Failure| failure.kind == FailureKind::Cancelled;
            assert!(!trial.failed_attempts.iter().any(lost), "{trial:?}");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "how much is tried is up to whoever runs it")]
#[allow(clippy::print_stdout, reason = "what it has tried is for them")]
#[test]
fn fault_11_a_tuner_that_is_killed_again_and_again_runs_each_attempt_once() {
    let kills: usize =
        std::env::var("SURMISE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    let mut after: BTreeMap<String, usize> = BTreeMap::new();
    let mut seed = 0;
    while after.values().sum::<usize>() < kills {
        for (event, count) in killed(seed, seed % 2 == 1, 8) {
            *after.entry(event).or_default() += count;
        }
        seed += 1;
        assert!(seed < kills as u64, "tunings end before they are killed");
    }
    println!("{} kills in {seed} tunings, after {after:?}", after.values().sum::<usize>());
}
