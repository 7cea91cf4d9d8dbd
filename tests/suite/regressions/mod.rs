//! Regression tests for faults that users found; each test failed before its fault was fixed.
//!
//! The letter in a name is the kind of the fault: A for engine and study, B for programs as jobs, G
//! for costs that grow with the number of trials. The number counts the faults of one kind.

#![allow(clippy::disallowed_methods, reason = "tests measure time and start threads")]

mod complexity;
mod failing_regions;
mod flat_losses;
mod noise;
mod programs;
mod proposals;
mod second_review;
mod study;
mod usability;

use surmise::{
    AskOutcome, BayesianOptimization, Objective, ParameterRange, ScalingType, SearchSpace,
    Strategy, Study, StudySettings, Trial,
};

/// Returns a space of the parameters `x0`, `x1`, …, each from 0 to 1.
fn unit_cube(dimension: usize) -> SearchSpace {
    let names: Vec<String> = (0..dimension).map(|i| format!("x{i}")).collect();
    let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    SearchSpace::new(names.iter().map(range)).unwrap()
}

fn new_study(
    space: SearchSpace,
    strategy: impl Strategy + 'static,
    settings: StudySettings,
) -> Study {
    Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap()
}

fn bayesian(space: SearchSpace, seed: u64) -> Study {
    let settings = StudySettings { seed, ..Default::default() };
    new_study(space, BayesianOptimization::default(), settings)
}

fn ask(study: &mut Study) -> Trial {
    match study.ask(1).unwrap() {
        AskOutcome::Trials(mut trials) => trials.remove(0),
        other => panic!("{other:?}"),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (middle, is_odd) = (values.len() / 2, values.len() % 2 == 1);
    if is_odd { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}
