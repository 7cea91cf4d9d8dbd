//! Shows a tuning that can be interrupted and resumed, with a journal file.
//!
//! Run it with
//!
//!     cargo run --example journal --features signals
//!
//! It runs 12 jobs, prints each new best value, and stores all events in `run.surmise`. Interrupt
//! it with Ctrl-C, and run it again to resume: the first Ctrl-C lets running jobs end, the second
//! one stops them. The following command prints the trials in the journal:
//!
//!     python3 examples/read_journal.py run.surmise

use std::ops::ControlFlow;
use std::time::Duration;

use surmise::journal::Journal;
use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, CommandEvaluator, Objective, ParameterRange, ResourceLimits, ScalingType,
    SearchSpace, StopHandle, Study, StudySettings, Tuner,
};

#[allow(clippy::print_stdout, reason = "the example prints its results")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rate = ParameterRange::continuous("rate", 1e-4..=1.0, ScalingType::Logarithmic);
    let settings = StudySettings { limits: ResourceLimits::new(12, 2), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let new_study =
        Study::new(SearchSpace::new([rate])?, Objective::minimize("loss"), strategy, settings)?;

    let (mut study, mut journal) = Journal::resume("run.surmise", new_study)?;
    println!("{} trials so far", study.trials().len());
    // Each job runs this shell script with --rate=… as its first argument, for 0.2 seconds.
    let script =
        "sleep 0.2; echo \"${1#--rate=}\" | awk '{ d = log($1) - log(0.003); print d * d }'";
    let mut jobs = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
    let result = Tuner::new()
        .stop_handle(&StopHandle::on_signals()?)
        .stop_grace_period(Duration::from_secs(5))
        .on_progress(|_, progress| {
            if let Progress::NewBest { trial, value } = progress {
                println!("trial {}: {value:.4} with {}", trial.id, trial.configuration);
            }
            ControlFlow::Continue(())
        })
        .journal_to(&mut journal)
        .run(&mut study, &mut jobs)?;
    println!("{}; journal: {}", result.reason, journal.path().display());
    Ok(())
}
