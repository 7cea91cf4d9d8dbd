//! What use has found, by its kinds: each entry of a list of faults as a test that failed when it was written. The letter is the part of
//! the list: A is engine and study, B programs as jobs, G growth.

#![allow(clippy::disallowed_methods, reason = "tests keep the time and start threads")]

mod engine;
mod failing_regions;
mod flat_losses;
mod growth;
mod noise;
mod programs;
mod related;
mod smaller_traps;
mod study;

use surmise::{
    Asked, BayesianOptimization, Objective, ParameterRange, ScalingType, SearchSpace, Strategy,
    Study, StudySettings, Trial,
};

/// `x0`, `x1`, … from 0 to 1.
fn cube(dimension: usize) -> SearchSpace {
    let names: Vec<String> = (0..dimension).map(|i| format!("x{i}")).collect();
    let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    SearchSpace::new(names.iter().map(range)).unwrap()
}

fn study_of(
    space: SearchSpace,
    strategy: impl Strategy + 'static,
    settings: StudySettings,
) -> Study {
    Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap()
}

fn bayesian(space: SearchSpace, seed: u64) -> Study {
    let settings = StudySettings { seed, ..Default::default() };
    study_of(space, BayesianOptimization::default(), settings)
}

fn ask(study: &mut Study) -> Trial {
    match study.ask(1).unwrap() {
        Asked::Trials(mut trials) => trials.remove(0),
        other => panic!("{other:?}"),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (middle, is_odd) = (values.len() / 2, values.len() % 2 == 1);
    if is_odd { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}
