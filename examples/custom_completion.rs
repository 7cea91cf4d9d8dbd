//! Shows three ways to end a tuning: a custom criterion, a progress callback, and a stop handle.
//!
//! Run it with
//!
//!     cargo run --example custom_completion
//!
//! It minimizes (x − 0.7)² three times, and prints each time after how many jobs the tuning ended
//! and why. The last tuning is resumed to its limit of 60 jobs.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "the example prints its results and starts a thread"
)]

use std::ops::ControlFlow;
use std::time::Duration;

use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, Configuration, Error, FunctionEvaluator, Objective, ParameterRange,
    ResourceLimits, ScalingType, SearchSpace, StopHandle, Study, StudySettings, Trial, Tuner, tune,
};

fn main() -> Result<(), Error> {
    end_with_criterion()?;
    end_with_callback()?;
    end_with_stop_handle()
}

/// Ends the tuning when the three best losses agree, and prints why each best trial was proposed.
fn end_with_criterion() -> Result<(), Error> {
    let mut study = new_study()?;
    let result = Tuner::new()
        .complete_when("the three best losses agree", three_best_agree)
        .on_progress(|study, progress| {
            if let Progress::NewBest { trial, value } = progress {
                let why = study.why(trial.id).map(|why| why.to_string()).unwrap_or_default();
                println!("{value:<9.6} {why}");
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut new_evaluator())?;
    println!("Ended after {} jobs: {}.\n", study.trials().len(), result.reason);
    Ok(())
}

/// Ends the tuning from the progress callback, after three improvements.
fn end_with_callback() -> Result<(), Error> {
    let mut study = new_study()?;
    let mut improvements = 0;
    let result = Tuner::new()
        .on_progress(|_, progress| {
            improvements += u32::from(matches!(progress, Progress::NewBest { .. }));
            if improvements == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run(&mut study, &mut new_evaluator())?;
    println!("Ended after {} jobs: {}.", study.trials().len(), result.reason);
    Ok(())
}

/// Requests a stop from another thread after 60 ms, and resumes the study afterwards.
///
/// A handler of Ctrl-C can call `request` in the same way: the first call lets running jobs end,
/// and the second call cancels them. `StopHandle::on_signals` installs such a handler.
fn end_with_stop_handle() -> Result<(), Error> {
    let mut study = new_study()?;
    let handle = StopHandle::new();
    let thread_handle = handle.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        thread_handle.request();
    });
    let result = Tuner::new().stop_handle(&handle).run(&mut study, &mut new_evaluator())?;
    println!("Ended after {} jobs: {}.", study.trials().len(), result.reason);
    thread.join().expect("the thread does not panic");
    // The study still has its pending trials, so that another call resumes it.
    let result = tune(&mut study, &mut new_evaluator())?;
    println!("Ended after {} jobs: {}.", study.trials().len(), result.reason);
    Ok(())
}

fn new_study() -> Result<Study, Error> {
    let space =
        SearchSpace::new([ParameterRange::continuous("x", -2.0..=2.0, ScalingType::Linear)])?;
    let settings = StudySettings { limits: ResourceLimits::new(60, 2), ..Default::default() };
    Study::new(space, Objective::minimize("loss"), BayesianOptimization::default(), settings)
}

fn new_evaluator() -> FunctionEvaluator {
    FunctionEvaluator::new(|configuration: &Configuration| {
        std::thread::sleep(Duration::from_millis(5));
        Ok::<f64, String>((configuration.float("x") - 0.7).powi(2))
    })
}

/// Returns whether the three best losses differ by less than 0.001.
fn three_best_agree(study: &Study) -> bool {
    let mut losses: Vec<f64> = study.trials().iter().filter_map(Trial::value).collect();
    losses.sort_by(f64::total_cmp);
    losses.len() >= 3 && losses[2] - losses[0] < 1e-3
}
