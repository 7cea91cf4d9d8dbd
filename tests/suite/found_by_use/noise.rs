//! Noise: learnt from evidence, not from counts, and not taken for nothing where it is large.

use surmise::rng::Rng;
use surmise::strategy::ModelHealth;
use surmise::{
    BayesianOptimization, Configuration, Outcome, ParameterRange, ScalingType, SearchSpace, Study,
    StudySettings,
};

use super::{ask, bayesian, cube, median, study_of};

fn health(study: &mut Study) -> ModelHealth {
    let trial = ask(study);
    study.proposal(trial.id).unwrap().model.clone().unwrap()
}

#[test]
fn fault_a6_copies_from_outside_are_one_measurement() {
    let shares = |copies: usize, copied: usize| {
        let mut study = bayesian(cube(2), 3);
        let mut rng = Rng::stream(8, 0);
        for i in 0..40 {
            let (x, y) = (rng.uniform(), rng.uniform());
            let value = (5.0 * x).sin() + y + rng.normal();
            let c = Configuration::from([("x0", x.into()), ("x1", y.into())]);
            for _ in 0..if i < copied { copies } else { 1 } {
                study.observe(&c, Outcome::from(value)).unwrap();
            }
        }
        health(&mut study).noise_share
    };
    let once = shares(1, 0);
    assert!(once > 0.05, "{once}");
    for copied in [2, 40] {
        let twice = shares(2, copied);
        assert!((twice / once - 1.0).abs() < 1e-6, "{twice} for {once}, {copied} told twice");
    }
}

fn branin(u: &[f64]) -> f64 {
    use std::f64::consts::PI;
    let (x, y) = (-5.0 + 15.0 * u[0], 15.0 * u[1]);
    let (b, c, t) = (5.1 / (4.0 * PI * PI), 5.0 / PI, 1.0 / (8.0 * PI));
    (y - b * x * x + c * x - 6.0).powi(2) + 10.0 * (1.0 - t) * x.cos() + 10.0
}

fn waves(u: &[f64]) -> f64 {
    (4.0 * u[0]).sin() + (3.0 * u[1]).cos() + u[0] * u[1]
}

fn bowl(u: &[f64]) -> f64 {
    10.0 * u.iter().map(|u| (u - 0.4).powi(2)).sum::<f64>()
}

/// A search under noise, after so many trials.
fn noisy_search(
    function: fn(&[f64]) -> f64,
    deviation: f64,
    trials: u32,
    seed: u64,
) -> ModelHealth {
    let settings = StudySettings { seed, ..Default::default() };
    let mut study = study_of(cube(2), BayesianOptimization::default(), settings);
    for _ in 0..trials {
        let trial = ask(&mut study);
        let c = &trial.configuration;
        let value = function(&[c.float("x0"), c.float("x1")]);
        let noise = deviation * Rng::stream(seed, 1_000_000 + trial.id.0).normal();
        study.tell(trial.id, Outcome::from(value + noise)).unwrap();
    }
    health(&mut study)
}

#[test]
fn fault_a7_much_noise_is_believed_in() {
    let exact =
        (0..20).filter(|seed| noisy_search(branin, 100.0, 15, *seed).noise_share < 1e-3).count();
    assert!(exact <= 2, "{exact} of 20 models believe in no noise");
}

#[test]
fn fault_a7_the_learnt_noise_is_the_true_one() {
    for (function, deviation) in [(branin as fn(&[f64]) -> f64, 100.0), (waves, 1.0), (bowl, 2.0)] {
        let learnt: Vec<f64> = (0..7)
            .map(|seed| noisy_search(function, deviation, 50, seed).noise_deviation / deviation)
            .collect();
        let typical = median(learnt.clone());
        assert!((0.5..=2.0).contains(&typical), "{learnt:.2?}");
        let off = learnt.iter().filter(|ratio| !(0.5..=2.0).contains(*ratio)).count();
        assert!(off <= 1, "{learnt:.2?}");
    }
}

/// Rough but exact: noise is not invented where there is none.
#[test]
fn fault_a7_exact_functions_are_not_taken_for_noisy() {
    let noisy =
        (0..20).filter(|seed| noisy_search(branin, 0.0, 20, *seed).noise_share > 0.03).count();
    assert!(noisy <= 1, "{noisy} of 20 models believe in noise");
}

/// A space in which places repeat: measurements of the study's own that agree speak against noise by their number.
#[test]
fn fault_a6_agreement_rules_noise_out_by_evidence() {
    let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    let share = |jitter: f64, pairs: u32| {
        let space = SearchSpace::new([range("x"), range("y")]).unwrap();
        let mut study = bayesian(space, 1);
        let mut rng = Rng::stream(5, 0);
        for i in 0..12 {
            let (x, y) = (rng.uniform(), rng.uniform());
            let c = Configuration::from([("x", x.into()), ("y", y.into())]);
            let rough = x + (40.0 * x).sin() * (31.0 * y).cos();
            for _ in 0..if i < pairs { 2 } else { 1 } {
                study.observe(&c, Outcome::from(rough + jitter * rng.normal())).unwrap();
            }
        }
        health(&mut study).noise_share
    };
    assert!(share(1e-9, 12) < 1e-4, "they agree");
    assert!(share(0.3, 12) > 0.02, "they differ by as much as the losses do");
}
