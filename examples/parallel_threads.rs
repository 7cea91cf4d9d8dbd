//! Shows reproducible parallel tuning: with a fixed lag, 1, 2 and 4 threads find the same result.
//!
//! Run it with
//!
//!     cargo run --example parallel_threads
//!
//! It runs 32 jobs with 1, 2 and 4 jobs at a time. It prints the elapsed time and the best
//! configuration of each run, and checks that all configurations are the same.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it prints and measures time")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use surmise::{
    BayesianOptimization, Configuration, Error, FunctionEvaluator, Objective, Order,
    ParameterRange, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, tune,
};

fn main() -> Result<(), Error> {
    let mut trajectories = Vec::new();
    for workers in [1, 2, 4] {
        let start = Instant::now();
        let study = search(workers)?;
        let best = study.best().expect("a trial completed");
        println!("{workers} at a time: {:>7.1?}   best: {}", start.elapsed(), best.configuration);
        let configurations = study.trials().iter().map(|trial| trial.configuration.clone());
        trajectories.push(configurations.collect::<Vec<_>>());
    }
    assert!(trajectories.iter().all(|trajectory| *trajectory == trajectories[0]));
    println!("All {} configurations are the same, in the same order.", trajectories[0].len());
    Ok(())
}

fn search(workers: usize) -> Result<Study, Error> {
    let space = SearchSpace::new([
        ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.99, ScalingType::ReverseLogarithmic),
        ParameterRange::categorical("optimizer", ["adam", "sgd"]),
    ])?;
    let settings = StudySettings {
        seed: 1,
        limits: ResourceLimits::new(32, workers),
        // The proposal of trial k uses the outcomes of trials 1 to k - 4, and waits for them.
        order: Order::FixedLag(4),
        ..Default::default()
    };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
    tune(&mut study, &mut FunctionEvaluator::new(train))?;
    Ok(study)
}

/// Simulates a job that takes between 20 and 40 ms, so that jobs end out of order.
fn train(configuration: &Configuration) -> Result<f64, String> {
    let (rate, momentum) = (configuration.float("rate"), configuration.float("momentum"));
    sleep(Duration::from_secs_f64(0.02 + 0.02 * momentum));
    let penalty = if configuration.category("optimizer") == "adam" { 0.0 } else { 0.3 };
    Ok((rate.log10() + 2.5).powi(2) + (momentum - 0.9).powi(2) + penalty)
}
