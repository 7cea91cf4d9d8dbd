//! Shows how to tune a program: each job is a process that prints its metric after each epoch.
//!
//! Run it with
//!
//!     cargo run --example tune_command [-- PROGRAM ARGUMENTS…]
//!
//! A job gets its configuration as arguments, such as `--alpha=0.01`. Unpromising jobs are stopped
//! early, with all processes that they have started. The output of each job is in its own folder.
//!
//! Without a PROGRAM, the jobs run a Python script that trains a classifier with scikit-learn. If
//! scikit-learn is missing, they run a shell script that simulates it.
//!
//! It prints one line for each of 24 jobs, with its error and how it ended, then the best
//! configuration.

#![allow(clippy::print_stdout, reason = "the example prints its results")]

use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::Duration;

use surmise::evaluator::ReportSource;
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, CommandEvaluator, EarlyStopping, Error, Objective, Outcome,
    ParameterRange, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, Trial, Tuner,
};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tune_command");

fn main() -> Result<(), Error> {
    let space = SearchSpace::new([
        ParameterRange::continuous("alpha", 1e-7..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("eta0", 1e-4..=10.0, ScalingType::Logarithmic),
        ParameterRange::categorical("penalty", ["l2", "l1", "elasticnet"]),
        ParameterRange::categorical("loss", ["hinge", "log_loss", "perceptron"]),
    ])?;
    let settings =
        StudySettings { seed: 1, limits: ResourceLimits::new(24, 2), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("error"), strategy, settings)?;

    let folder = std::env::temp_dir().join(format!("surmise-tune-command-{}", std::process::id()));
    let program = program();
    let mut jobs = CommandEvaluator::new(&program[0])
        .arguments(&program[1..])
        .reports_from(ReportSource::Lines)
        .in_folder(&folder);
    println!("trial  steps  error     how it ended");
    let result = Tuner::new()
        .early_stopping(EarlyStopping::auto())
        .job_timeout(Duration::from_secs(300))
        .on_progress(|study, progress| {
            if let Progress::Recorded(Event::Told { trial, .. }) = progress {
                print_trial(study.trial(*trial));
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)?;
    println!("\n{}.", result.reason);
    if let Some(best) = study.best() {
        println!("Best: {:.5} at {}.", best.value().unwrap_or(f64::NAN), best.configuration);
    }
    println!("Output of the jobs: {}", folder.display());
    Ok(())
}

/// Returns the program and its first arguments.
fn program() -> Vec<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.is_empty() {
        return arguments;
    }
    let mut python = Command::new("python3");
    let import = python.args(["-c", "import sklearn"]).stderr(Stdio::null()).status();
    if import.is_ok_and(|status| status.success()) {
        vec!["python3".to_owned(), format!("{HERE}/train.py")]
    } else {
        println!("python3 has no scikit-learn; a shell script simulates the training.");
        vec!["sh".to_owned(), format!("{HERE}/train.sh")]
    }
}

/// Prints the number, the steps, the error and the end of a trial.
fn print_trial(trial: Option<&Trial>) {
    let Some(trial) = trial else { return };
    let value = trial.value().or(trial.last_reported_value()).unwrap_or(f64::NAN);
    let end = match (&trial.outcome, &trial.stop_cause) {
        (Some(Outcome::Failed(failure)), _) => failure.to_string(),
        (Some(Outcome::Completed { .. }), _) => "completed".to_owned(),
        (_, Some(cause)) => format!("stopped: {cause}"),
        _ => "stopped".to_owned(),
    };
    println!("{:>5}  {:>5}  {value:<8.5}  {end}", trial.id, trial.reports.len());
}
