//! A tuning that is kept in a file: end it at any time (Ctrl-C drains, twice cancels), run it again, and it goes on.
//!
//! `cargo run --example journal --features signals`, and `python3 examples/read_journal.py run.surmise` to look at it.

use std::ops::ControlFlow;
use std::time::Duration;

use surmise::journal::Journal;
use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, CommandEvaluator, Objective, ParameterRange, ResourceLimits, ScalingType,
    SearchSpace, StopHandle, Study, StudySettings, Tuner,
};

#[allow(clippy::print_stdout, reason = "an example tells what it does")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rate = ParameterRange::continuous("rate", 1e-4..=1.0, ScalingType::Logarithmic);
    let settings = StudySettings { limits: ResourceLimits::new(12, 2), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let new =
        Study::new(SearchSpace::new([rate])?, Objective::minimize("loss"), strategy, settings)?;

    let (mut study, mut journal) = Journal::resume("run.surmise", new)?;
    println!("{} trials so far", study.trials().len());
    // A program that takes a moment; it gets --rate=… as its first argument.
    let script =
        "sleep 0.2; echo \"${1#--rate=}\" | awk '{ d = log($1) - log(0.003); print d * d }'";
    let mut jobs = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
    let tuned = Tuner::new()
        .stop_by(&StopHandle::on_signals()?)
        .cancel_patience(Duration::from_secs(5))
        .observe(|_, progress| {
            if let Progress::NewBest { trial, value } = progress {
                println!("trial {}: {value:.4} with {}", trial.id, trial.configuration);
            }
            ControlFlow::Continue(())
        })
        .keep_in(&mut journal)
        .run(&mut study, &mut jobs)?;
    println!("{}; kept in {}", tuned.reason, journal.path().display());
    Ok(())
}
