//! Shows criteria that complete a tuning early: a target value, and no further improvement.
//!
//! Run it with
//!
//!     cargo run --example stop_at_target
//!
//! It tunes the same function with three criteria, and prints for each of them after how many of
//! 100 jobs the tuning ended and why.

#![allow(clippy::print_stdout, reason = "the example prints its results")]

use surmise::{
    BayesianOptimization, CompletionCriteria, Configuration, Error, FunctionEvaluator, Objective,
    Order, ParameterRange, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, Tuner,
};

fn main() -> Result<(), Error> {
    let space = || {
        SearchSpace::new([
            ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
            ParameterRange::continuous("momentum", 0.5..=0.999, ScalingType::ReverseLogarithmic),
        ])
    };
    for (description, completion) in [
        ("Until a loss of 0.05:", CompletionCriteria::target(0.05)),
        ("Until 12 jobs in a row do not improve:", CompletionCriteria::not_improving_for(12)),
        (
            "Until 12 jobs in a row improve by less than 0.01:",
            CompletionCriteria {
                min_improvement: 0.01,
                ..CompletionCriteria::not_improving_for(12)
            },
        ),
    ] {
        let limits = ResourceLimits::new(100, 2);
        let settings =
            StudySettings { seed: 4, order: Order::FixedLag(2), limits, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(space()?, objective, BayesianOptimization::default(), settings)?;
        // Try a learning rate that is known to work first; the strategy chooses the momentum.
        study.enqueue_defaults(&Configuration::from([("learning_rate", 0.1.into())]))?;
        let mut jobs = FunctionEvaluator::new(train);
        let result = Tuner::new().completion(completion).run(&mut study, &mut jobs)?;
        println!("{description} {} jobs; {}.", study.trials().len(), result.reason);
    }
    Ok(())
}

/// Simulates a training job with a minimum loss of 0.02.
fn train(configuration: &Configuration) -> Result<f64, String> {
    let rate = configuration.float("learning_rate").log10();
    let momentum = (1.0 - configuration.float("momentum")).log10();
    Ok(0.02 + (rate + 2.3).powi(2) / 4.0 + (momentum + 1.1).powi(2) / 3.0)
}
