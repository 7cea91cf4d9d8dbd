//! Shows the ask-and-tell interface: the program itself runs the trials, in any order.
//!
//! Run it with
//!
//!     cargo run --example ask_and_tell
//!
//! It maximizes the yield of a simulated experiment in ten rounds of three trials. It prints the
//! best configuration after each round, and the yield that the model predicted for the last trial.

#![allow(clippy::print_stdout, reason = "the example prints its results")]

use surmise::trial::{Failure, FailureKind};
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Error, Objective, Outcome, ParameterRange,
    ScalingType, SearchSpace, Study, StudySettings,
};

fn main() -> Result<(), Error> {
    let space = SearchSpace::new([
        ParameterRange::continuous("temperature", 20.0..=90.0, ScalingType::Linear),
        ParameterRange::integer("minutes", 1..=240, ScalingType::Auto),
        ParameterRange::categorical("solvent", ["water", "ethanol"]),
    ])?;
    let strategy = BayesianOptimization::default();
    let settings = StudySettings { seed: 3, ..Default::default() };
    let mut study = Study::new(space, Objective::maximize("yield"), strategy, settings)?;

    // The model uses results from earlier experiments. Their configurations are not proposed again.
    let earlier = Configuration::from([
        ("temperature", 40.0.into()),
        ("minutes", 30.into()),
        ("solvent", "water".into()),
    ]);
    study.add_observation(&earlier, Outcome::from(measure_yield(&earlier)))?;

    for round in 1..=10 {
        let AskOutcome::Trials(mut trials) = study.ask(3)? else {
            break;
        };
        // Outcomes may be told in any order; here the last trial ends first.
        while let Some(trial) = trials.pop() {
            let outcome = if trial.configuration.float("temperature") > 80.0 {
                Outcome::Failed(Failure::new(FailureKind::Error, "it boiled over"))
            } else {
                Outcome::from(measure_yield(&trial.configuration))
            };
            study.tell(trial.id, outcome)?;
        }
        let best = study.best().expect("the earlier experiment completed");
        println!("after round {round:>2}: {}", best.configuration);
    }

    // The prediction is a loss, which is minimized; `Objective::value` converts it to a yield.
    let last = study.trials().last().expect("the study has trials");
    if let Some(expectation) = study.proposal(last.id).and_then(|proposal| proposal.expectation) {
        let predicted = study.objective().value(expectation.median);
        println!("predicted yield of the last trial, {}: {predicted:.3}", last.configuration);
    }
    Ok(())
}

/// Simulates an experiment whose yield, from 0 to 1, is best at 65 degrees, 90 minutes, in ethanol.
fn measure_yield(configuration: &Configuration) -> f64 {
    let heat = ((configuration.float("temperature") - 65.0) / 20.0).powi(2);
    let time = (configuration.float("minutes") / 90.0).ln().powi(2);
    let max_yield = if configuration.category("solvent") == "ethanol" { 1.0 } else { 0.8 };
    max_yield * (-heat - 0.3 * time).exp()
}
