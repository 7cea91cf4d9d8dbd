//! Studies of known functions, as test data.

use surmise::{
    AskOutcome, Configuration, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, SobolSearch, Strategy, Study, StudySettings,
};

pub(crate) fn continuous_space(names: &[&str], low: f64, high: f64) -> SearchSpace {
    let range = |name: &&str| ParameterRange::continuous(*name, low..=high, ScalingType::Linear);
    SearchSpace::new(names.iter().map(range)).unwrap()
}

/// Returns a study with this many values of a function, at the points of a Sobol sequence.
pub(crate) fn sobol_study(
    space: SearchSpace,
    objective: Objective,
    count: usize,
    seed: u64,
    value: impl FnMut(&Configuration) -> f64,
) -> Study {
    study_with(SobolSearch, space, objective, count, seed, value)
}

/// Returns a study with this many values of a function, at random points.
pub(crate) fn random_study(
    space: SearchSpace,
    count: usize,
    seed: u64,
    value: impl FnMut(&Configuration) -> f64,
) -> Study {
    study_with(RandomSearch, space, Objective::minimize("loss"), count, seed, value)
}

fn study_with(
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
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else {
            panic!("the space is exhausted")
        };
        let outcome = Outcome::from(value(&trials[0].configuration));
        study.tell(trials[0].id, outcome).unwrap();
    }
    study
}

pub(crate) fn float(configuration: &Configuration, name: &str) -> f64 {
    configuration.float(name)
}
