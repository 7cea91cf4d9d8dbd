//! Studies of known functions.

use surmise::{
    Asked, Configuration, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, SobolSearch, Strategy, Study, StudySettings,
};

pub(crate) fn numbers(names: &[&str], low: f64, high: f64) -> SearchSpace {
    let range = |name: &&str| ParameterRange::continuous(*name, low..=high, ScalingType::Linear);
    SearchSpace::new(names.iter().map(range)).unwrap()
}

/// A study that was told so many values of a function at evenly spread places.
pub(crate) fn told(
    space: SearchSpace,
    objective: Objective,
    count: usize,
    seed: u64,
    value: impl FnMut(&Configuration) -> f64,
) -> Study {
    told_by(SobolSearch, space, objective, count, seed, value)
}

pub(crate) fn told_at_random(
    space: SearchSpace,
    count: usize,
    seed: u64,
    value: impl FnMut(&Configuration) -> f64,
) -> Study {
    told_by(RandomSearch, space, Objective::minimize("loss"), count, seed, value)
}

fn told_by(
    strategy: impl Strategy + 'static,
    space: SearchSpace,
    objective: Objective,
    count: usize,
    seed: u64,
    mut value: impl FnMut(&Configuration) -> f64,
) -> Study {
    let settings = StudySettings { seed, ..Default::default() };
    let mut study = Study::new(space, objective, strategy, settings).unwrap();
    while study.trials().len() < count {
        let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!("nothing is left") };
        let outcome = Outcome::from(value(&trials[0].configuration));
        study.tell(trials[0].id, outcome).unwrap();
    }
    study
}

pub(crate) fn float(configuration: &Configuration, name: &str) -> f64 {
    configuration.float(name)
}
