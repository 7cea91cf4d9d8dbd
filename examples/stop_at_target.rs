//! Ends as soon as it is good enough, or nothing improves any more; the figures behind the decision come with it.
//!
//!     cargo run --example stop_at_target

#![allow(clippy::print_stdout, reason = "an example talks")]

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
    for (what, completion) in [
        ("Until a loss of 0.05:", CompletionCriteria::target(0.05)),
        ("Until 12 jobs in a row improve nothing:", CompletionCriteria::not_improving_for(12)),
        (
            "Until 12 jobs in a row improve by less than a hundredth:",
            CompletionCriteria {
                least_improvement: 0.01,
                ..CompletionCriteria::not_improving_for(12)
            },
        ),
    ] {
        let limits = ResourceLimits::new(100, 2);
        let settings =
            StudySettings { seed: 4, order: Order::FixedLag(2), limits, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(space()?, objective, BayesianOptimization::default(), settings)?;
        // What is known to work is tried first.
        study.start_from(&Configuration::from([("learning_rate", 0.1.into())]))?;
        let mut jobs = FunctionEvaluator::new(train);
        let tuned = Tuner::new().completion(completion).run(&mut study, &mut jobs)?;
        println!("{what} {} jobs; {}.", study.trials().len(), tuned.reason);
    }
    Ok(())
}

fn train(c: &Configuration) -> Result<f64, String> {
    let (rate, momentum) = (c.float("learning_rate").log10(), (1.0 - c.float("momentum")).log10());
    Ok(0.02 + (rate + 2.3).powi(2) / 4.0 + (momentum + 1.1).powi(2) / 3.0)
}
