//! Shows how to write an evaluator: each job runs a shell command whose last line is the metric.
//!
//! Run it with
//!
//!     cargo run --example custom_evaluator
//!
//! It tunes two parameters of an awk script with 30 jobs, two at a time, and prints the best
//! configuration with its loss. To tune programs, use `CommandEvaluator`: it can do all of this and
//! more.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it prints, and runs jobs")]

use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use surmise::evaluator::{Evaluator, Job, JobEvent, JobId, StartOutcome};
use surmise::trial::{Failure, FailureKind};
use surmise::{
    BayesianOptimization, Configuration, EvaluatorError, Objective, Outcome, ParameterRange,
    ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, conformance, tune,
};

/// Runs each job on a thread, as a shell command with the parameters as environment variables.
#[derive(Debug)]
struct ShellCommands {
    command: &'static str,
    running: Vec<JobId>,
    sender: Sender<JobEvent>,
    receiver: Receiver<JobEvent>,
    created: Instant,
}

impl ShellCommands {
    fn new(command: &'static str) -> Self {
        let (sender, receiver) = channel();
        Self { command, running: Vec::new(), sender, receiver, created: Instant::now() }
    }
}

impl Evaluator for ShellCommands {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let id = job.id();
        if self.running.contains(&id) {
            return Ok(StartOutcome::Adopted);
        }
        let (command, sender) = (self.command, self.sender.clone());
        let configuration = job.trial.configuration.clone();
        std::thread::spawn(move || {
            // An error of one command is the failure of one trial, not of the evaluator.
            let failed = |why| Outcome::Failed(Failure::new(FailureKind::Error, why));
            let outcome = run(command, &configuration).map_or_else(failed, Outcome::from);
            sender.send(JobEvent::Ended { job: id, outcome })
        });
        self.running.push(id);
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events: Vec<JobEvent> = self.receiver.recv_timeout(timeout).into_iter().collect();
        for event in &events {
            if let JobEvent::Ended { job, .. } = event {
                self.running.retain(|running| running != job);
            }
        }
        Ok(events)
    }

    fn stop(&mut self, _: JobId) -> Result<(), EvaluatorError> {
        // This evaluator cannot stop a command; `wait` returns its result when it ends.
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.created.elapsed()
    }
}

/// Runs the command, and parses the last line of its output as a number.
fn run(command: &str, configuration: &Configuration) -> Result<f64, String> {
    let parameters = configuration.iter().map(|(name, value)| (name.to_owned(), value.to_string()));
    let output = Command::new("sh").args(["-c", command]).envs(parameters).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    last.trim().parse().map_err(|_| format!("the last line is not a number: {last:?}"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = SearchSpace::new([
        ParameterRange::continuous("rate", 1e-4..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
    ])?;
    let jobs = || {
        ShellCommands::new(
            r#"awk "BEGIN { print log($rate / 0.01) ^ 2 + ($layers - 3) ^ 2 / 10 }" < /dev/null"#,
        )
    };
    // Use this line in your tests: it checks the contract of an evaluator, and lists violations.
    conformance::check_evaluator(jobs, &space)?;

    let settings = StudySettings { limits: ResourceLimits::new(30, 2), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
    tune(&mut study, &mut jobs())?;
    let best = study.best().ok_or("no command printed a number")?;
    let loss = best.value().ok_or("the best trial has no value")?;
    println!("best: {} with loss {loss:.4}", best.configuration);
    Ok(())
}
