//! Shows the shortest way to minimize a function: ranges, a study, an evaluator, `tune`.
//!
//! Run it with
//!
//!     cargo run --example minimize_function
//!
//! It evaluates the function 40 times, four evaluations at a time, and prints the best
//! configuration.

#![allow(clippy::print_stdout, reason = "the example prints its results")]

use surmise::{
    BayesianOptimization, Configuration, Error, FunctionEvaluator, Objective, Order,
    ParameterRange, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, tune,
};

fn main() -> Result<(), Error> {
    let space = SearchSpace::new([
        ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
        ParameterRange::categorical("optimizer", ["adam", "sgd"]),
    ])?;
    let limits = ResourceLimits::new(40, 4);
    // With a fixed lag, a seed gives one result, regardless of the order in which jobs end.
    let settings =
        StudySettings { seed: 7, order: Order::FixedLag(4), limits, ..Default::default() };
    let mut study =
        Study::new(space, Objective::minimize("loss"), BayesianOptimization::default(), settings)?;
    tune(&mut study, &mut FunctionEvaluator::new(train))?;
    println!("best: {}", study.best().expect("a trial completed").configuration);
    Ok(())
}

/// Simulates a training job that is best at a learning rate of 0.003 with three layers and adam.
fn train(configuration: &Configuration) -> Result<f64, String> {
    let rate = configuration.float("learning_rate");
    let layers = configuration.float("layers");
    let penalty = if configuration.category("optimizer") == "adam" { 0.0 } else { 0.5 };
    Ok((rate.log10() + 2.52).powi(2) + 0.1 * (layers - 3.0).powi(2) + penalty)
}
