//! A criterion of one's own, an observer that watches and one that breaks, and a handle that drains from another thread.
//!
//!     cargo run --example own_completion

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks, and a program may start threads"
)]

use std::ops::ControlFlow;
use std::time::Duration;

use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, Configuration, Error, FunctionEvaluator, Objective, ParameterRange,
    ResourceLimits, ScalingType, SearchSpace, StopHandle, Study, StudySettings, Trial, Tuner, tune,
};

fn study() -> Result<Study, Error> {
    let space =
        SearchSpace::new([ParameterRange::continuous("x", -2.0..=2.0, ScalingType::Linear)])?;
    let settings = StudySettings { limits: ResourceLimits::new(60, 2), ..Default::default() };
    Study::new(space, Objective::minimize("loss"), BayesianOptimization::default(), settings)
}

fn jobs() -> FunctionEvaluator {
    FunctionEvaluator::new(|c: &Configuration| {
        std::thread::sleep(Duration::from_millis(5));
        Ok::<f64, String>((c.float("x") - 0.7).powi(2))
    })
}

/// The three best are within a thousandth of each other.
fn the_best_agree(study: &Study) -> bool {
    let mut values: Vec<f64> = study.trials().iter().filter_map(Trial::value).collect();
    values.sort_by(f64::total_cmp);
    values.len() >= 3 && values[2] - values[0] < 1e-3
}

fn main() -> Result<(), Error> {
    let mut first = study()?;
    let tuned = Tuner::new()
        .complete_when("the three best agree", the_best_agree)
        .observe(|study, progress| {
            if let Progress::NewBest { trial, value } = progress {
                let why = study.why(trial.id).map(|why| why.to_string()).unwrap_or_default();
                println!("{value:<9.6} {why}");
            }
            ControlFlow::Continue(())
        })
        .run(&mut first, &mut jobs())?;
    println!("Over after {} jobs: {}.\n", first.trials().len(), tuned.reason);

    let mut second = study()?;
    let mut better = 0;
    let tuned = Tuner::new()
        .observe(|_, progress| {
            better += u32::from(matches!(progress, Progress::NewBest { .. }));
            if better == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run(&mut second, &mut jobs())?;
    println!("Over after {} jobs: {}.", second.trials().len(), tuned.reason);

    // A program that wants Ctrl-C to do this calls `request` in its handler: once to drain, twice to cancel.
    let mut third = study()?;
    let handle = StopHandle::new();
    let elsewhere = handle.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        elsewhere.request();
    });
    let tuned = Tuner::new().stop_by(&handle).run(&mut third, &mut jobs())?;
    println!("Over after {} jobs: {}.", third.trials().len(), tuned.reason);
    thread.join().expect("it only sleeps");
    // What was asked for and has not run is kept; another call goes on to the limit.
    let tuned = tune(&mut third, &mut jobs())?;
    println!("Over after {} jobs: {}.", third.trials().len(), tuned.reason);
    Ok(())
}
