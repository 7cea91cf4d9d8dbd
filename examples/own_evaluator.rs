//! An evaluator of your own: every job is a shell command, whose last line is the metric.
//!
//!     cargo run --release --example own_evaluator

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it talks and keeps the time")]

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use surmise::evaluator::{Evaluator, Job, JobEvent, JobId, Start};
use surmise::{
    BayesianOptimization, EvaluatorError, Objective, Outcome, ParameterRange, ResourceLimits,
    ScalingType, SearchSpace, Study, StudySettings, conformance, tune,
};

/// Runs `command` with the parameters as its environment.
#[derive(Debug)]
struct ShellCommands {
    command: &'static str,
    running: Vec<(JobId, Child)>,
    made: Instant,
}

impl ShellCommands {
    fn new(command: &'static str) -> Self {
        Self { command, running: Vec::new(), made: Instant::now() }
    }
}

fn broken(error: std::io::Error) -> EvaluatorError {
    EvaluatorError::new(format!("cannot run commands: {error}"))
}

impl Evaluator for ShellCommands {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        if self.running.iter().any(|(id, _)| *id == job.id()) {
            return Ok(Start::Adopted);
        }
        let parameters = job.trial.configuration.iter();
        let child = Command::new("sh")
            .args(["-c", self.command])
            .envs(parameters.map(|(name, value)| (name.to_owned(), value.to_string())))
            .stdout(Stdio::piped())
            .spawn();
        self.running.push((job.id(), child.map_err(broken)?));
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let end = self.elapsed() + timeout;
        loop {
            for index in 0..self.running.len() {
                if self.running[index].1.try_wait().map_err(broken)?.is_some() {
                    let (job, child) = self.running.remove(index);
                    let output = child.wait_with_output().map_err(broken)?.stdout;
                    let metric = String::from_utf8_lossy(&output).lines().last().map(str::parse);
                    // What is no number becomes a failed trial.
                    let outcome = Outcome::from(metric.and_then(Result::ok).unwrap_or(f64::NAN));
                    return Ok(vec![JobEvent::Ended { job, outcome }]);
                }
            }
            if self.elapsed() >= end {
                return Ok(Vec::new());
            }
            sleep(Duration::from_millis(1).min(timeout));
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        match self.running.iter_mut().find(|(id, _)| *id == job) {
            Some((_, child)) => child.kill().map_err(broken),
            None => Ok(()),
        }
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }
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
    // The line for your tests: it says in words which promise is not kept.
    conformance::check_evaluator(jobs, &space)?;

    let settings = StudySettings { limits: ResourceLimits::new(30, 2), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
    tune(&mut study, &mut jobs())?;
    let best = study.best().ok_or("no command gave a number")?;
    println!("best: {} with {:.4}", best.configuration, best.value().ok_or("it completed")?);
    Ok(())
}
