//! An evaluator of your own: every job is a shell command, whose last line is the metric.
//!
//!     cargo run --example own_evaluator

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it talks, and runs jobs")]

use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use surmise::evaluator::{Evaluator, Job, JobEvent, JobId, Start};
use surmise::trial::{Failure, FailureKind};
use surmise::{
    BayesianOptimization, Configuration, EvaluatorError, Objective, Outcome, ParameterRange,
    ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, conformance, tune,
};

/// Runs a command on a thread per job, with the parameters as its environment.
#[derive(Debug)]
struct ShellCommands {
    command: &'static str,
    running: Vec<JobId>,
    ends: (Sender<JobEvent>, Receiver<JobEvent>),
    made: Instant,
}

impl ShellCommands {
    fn new(command: &'static str) -> Self {
        Self { command, running: Vec::new(), ends: channel(), made: Instant::now() }
    }
}

impl Evaluator for ShellCommands {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        if self.running.contains(&id) {
            return Ok(Start::Adopted);
        }
        let (command, ends) = (self.command, self.ends.0.clone());
        let configuration = job.trial.configuration.clone();
        std::thread::spawn(move || {
            // Whatever goes wrong with one command is the failure of one trial.
            let failed = |why| Outcome::Failed(Failure::new(FailureKind::Error, why));
            let outcome = run(command, &configuration).map_or_else(failed, Outcome::from);
            ends.send(JobEvent::Ended { job: id, outcome })
        });
        self.running.push(id);
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events: Vec<JobEvent> = self.ends.1.recv_timeout(timeout).into_iter().collect();
        for event in &events {
            if let JobEvent::Ended { job, .. } = event {
                self.running.retain(|running| running != job);
            }
        }
        Ok(events)
    }

    fn stop(&mut self, _: JobId) -> Result<(), EvaluatorError> {
        // A command that was started runs to its end, and that end is told by `wait`.
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }
}

/// The number in the command's last line.
fn run(command: &str, configuration: &Configuration) -> Result<f64, String> {
    let parameters = configuration.iter().map(|(name, value)| (name.to_owned(), value.to_string()));
    let output = Command::new("sh").args(["-c", command]).envs(parameters).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    last.trim().parse().map_err(|_| format!("the last line is no number: {last:?}"))
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
