//! The proposals of Bayesian optimization: bounds of integers, exploration, a single noisy value.

use surmise::rng::Rng;
use surmise::strategy::Phase;
use surmise::trial::{Failure, FailureKind};
use surmise::{
    BayesianOptimization, Configuration, Outcome, ParameterRange, ResourceLimits, ScalingType,
    SearchSpace, StudySettings,
};

use super::{ask, bayesian, new_study, unit_cube};

fn with_integers() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::integer("a", 1..=100, ScalingType::Linear),
        ParameterRange::integer("b", 1..=100, ScalingType::Linear),
        ParameterRange::continuous("c", 0.0..=1.0, ScalingType::Linear),
    ])
    .unwrap()
}

fn is_at_a_bound(configuration: &Configuration) -> bool {
    ["a", "b"].iter().any(|name| [1, 100].contains(&configuration.integer(name)))
}

#[test]
fn fault_a1_integers_are_not_pinned_to_their_bounds() {
    for seed in 0..10 {
        let limits = ResourceLimits::new(20, 1);
        let settings = StudySettings { seed, limits, ..Default::default() };
        let mut study = new_study(with_integers(), BayesianOptimization::default(), settings);
        let mut completed = 0;
        for _ in 0..20 {
            let trial = ask(&mut study);
            let c = &trial.configuration;
            let failure = Failure::new(FailureKind::Error, "at a bound");
            let outcome = if is_at_a_bound(c) {
                Outcome::Failed(failure)
            } else {
                Outcome::from((c.float("a") - 40.0).abs() + (c.float("b") - 70.0).abs())
            };
            completed += usize::from(matches!(outcome, Outcome::Completed { .. }));
            study.tell(trial.id, outcome).unwrap();
        }
        assert!(completed >= 14, "{completed} of 20 complete, seed {seed}");
    }
}

#[test]
fn fault_a1_the_initial_design_contains_both_bounds_of_integers() {
    for seed in 0..10 {
        let limits = ResourceLimits::new(24, 16);
        let settings = StudySettings { seed, limits, ..Default::default() };
        let mut study = new_study(with_integers(), BayesianOptimization::default(), settings);
        let trials: Vec<_> = (0..16).map(|_| ask(&mut study)).collect();
        for name in ["a", "b"] {
            let mut values: Vec<i64> =
                trials.iter().map(|t| t.configuration.integer(name)).collect();
            for bound in [1, 100] {
                assert!(values.contains(&bound), "{name} = {bound}, seed {seed}");
            }
            values.sort_unstable();
            values.dedup();
            assert!(values.len() >= 12, "{name}: {values:?}, seed {seed}");
        }
    }
}

#[test]
fn fault_a11_the_explanation_names_exploration() {
    let mut study = bayesian(unit_cube(1), 1);
    for _ in 0..40 {
        let trial = ask(&mut study);
        let loss = (trial.configuration.float("x0") - 0.3).powi(2);
        study.tell(trial.id, Outcome::from(loss)).unwrap();
    }
    let explored: Vec<_> = study
        .trials()
        .iter()
        .filter(|trial| study.proposal(trial.id).unwrap().phase == Phase::Exploration)
        .collect();
    assert!(!explored.is_empty(), "a parabola in one dimension soon leads to exploration");
    for trial in explored {
        let why = study.why(trial.id).unwrap();
        assert_eq!(why.phase, Phase::Exploration);
        assert!(why.to_string().contains("to explore"), "{why}");
    }
}

#[test]
fn fault_a12_one_noisy_observation_does_not_change_the_recommendation() {
    // With little noise the trial with the best measured value is recommended.
    let recommended_and_best = |seed: u64, with_noisy_observation: bool| {
        let mut rng = Rng::stream(seed, 0);
        let mut study = bayesian(unit_cube(1), 1);
        for i in 0..20 {
            let x = f64::from(i) / 19.0;
            let value = (x - 0.32).powi(2) + 0.003 * rng.normal();
            study.add_observation(&Configuration::from([("x0", x.into())]), value.into()).unwrap();
        }
        let best = study.best().unwrap().id;
        if with_noisy_observation {
            let configuration = Configuration::from([("x0", 0.777.into())]);
            study.add_noisy_observation(&configuration, 5.0, 3.0).unwrap();
        }
        (study.recommended().unwrap().unwrap().id, best)
    };
    for seed in 0..20 {
        let (recommended, best) = recommended_and_best(seed, false);
        assert_eq!(recommended, best, "seed {seed}");
        assert_eq!(recommended_and_best(seed, true).0, best, "seed {seed}");
    }
}
