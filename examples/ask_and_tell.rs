//! You decide what runs where: ask for trials, tell what came of them, in any order.
//!
//!     cargo run --example ask_and_tell

#![allow(clippy::print_stdout, reason = "an example talks")]

use surmise::trial::{Failure, FailureKind};
use surmise::{
    Asked, BayesianOptimization, Configuration, Error, Objective, Outcome, ParameterRange,
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

    // What is known from elsewhere counts, and is never proposed.
    let known = Configuration::from([
        ("temperature", 40.0.into()),
        ("minutes", 30.into()),
        ("solvent", "water".into()),
    ]);
    study.observe(&known, Outcome::from(measured(&known)))?;

    for round in 1..=10 {
        let Asked::Trials(mut trials) = study.ask(3)? else {
            break;
        };
        // The last one is done first: the order of outcomes is free.
        while let Some(trial) = trials.pop() {
            let outcome = if trial.configuration.float("temperature") > 80.0 {
                Outcome::Failed(Failure::new(FailureKind::Error, "it boiled over"))
            } else {
                Outcome::from(measured(&trial.configuration))
            };
            study.tell(trial.id, outcome)?;
        }
        let best = study.best().expect("the known one completed");
        println!("after round {round:>2}: {}", best.configuration);
    }

    // The reasons for a proposal are kept with it; losses are what is minimized.
    let last = study.trials().last().expect("trials were asked");
    if let Some(expected) = study.proposal(last.id).and_then(|proposal| proposal.expectation) {
        let expected = study.objective().value(expected.median);
        println!("of the last one, {}, a yield of {expected:.3} was expected", last.configuration);
    }
    Ok(())
}

/// Stands for an experiment: a yield of 0 to 1, best at 65 degrees and 90 minutes in ethanol.
fn measured(configuration: &Configuration) -> f64 {
    let heat = ((configuration.float("temperature") - 65.0) / 20.0).powi(2);
    let time = (configuration.float("minutes") / 90.0).ln().powi(2);
    let best = if configuration.category("solvent") == "ethanol" { 1.0 } else { 0.8 };
    best * (-heat - 0.3 * time).exp()
}
