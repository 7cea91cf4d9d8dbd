//! The estimate of noise: identical observations and rough functions must not affect it.

use surmise::rng::Rng;
use surmise::strategy::ModelDiagnostics;
use surmise::{
    BayesianOptimization, Configuration, Outcome, ParameterRange, ScalingType, SearchSpace, Study,
    StudySettings,
};

use super::{ask, bayesian, median, new_study, unit_cube};

/// Asks for a trial, and returns the diagnostics of the model that proposed it.
fn next_diagnostics(study: &mut Study) -> ModelDiagnostics {
    let trial = ask(study);
    study.proposal(trial.id).unwrap().model.clone().unwrap()
}

#[test]
fn fault_a6_identical_external_observations_count_once() {
    let noise_ratio = |copies: usize, copied: usize| {
        let mut study = bayesian(unit_cube(2), 3);
        let mut rng = Rng::stream(8, 0);
        for i in 0..40 {
            let (x, y) = (rng.uniform(), rng.uniform());
            let value = (5.0 * x).sin() + y + rng.normal();
            let c = Configuration::from([("x0", x.into()), ("x1", y.into())]);
            for _ in 0..if i < copied { copies } else { 1 } {
                study.add_observation(&c, Outcome::from(value)).unwrap();
            }
        }
        next_diagnostics(&mut study).noise_ratio
    };
    let without_copies = noise_ratio(1, 0);
    assert!(without_copies > 0.05, "{without_copies}");
    for copied in [2, 40] {
        let repeated = noise_ratio(2, copied);
        assert!(
            (repeated / without_copies - 1.0).abs() < 1e-6,
            "{repeated} instead of {without_copies}, {copied} observed twice"
        );
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

/// Returns the diagnostics of the model after `trials` trials with noise of a given `std_dev`.
fn noisy_search(
    function: fn(&[f64]) -> f64,
    std_dev: f64,
    trials: u32,
    seed: u64,
) -> ModelDiagnostics {
    let settings = StudySettings { seed, ..Default::default() };
    let mut study = new_study(unit_cube(2), BayesianOptimization::default(), settings);
    for _ in 0..trials {
        let trial = ask(&mut study);
        let c = &trial.configuration;
        let value = function(&[c.float("x0"), c.float("x1")]);
        let noise = std_dev * Rng::stream(seed, 1_000_000 + trial.id.0).normal();
        study.tell(trial.id, Outcome::from(value + noise)).unwrap();
    }
    next_diagnostics(&mut study)
}

#[test]
fn fault_a7_large_noise_is_detected() {
    let without_noise =
        (0..20).filter(|seed| noisy_search(branin, 100.0, 15, *seed).noise_ratio < 1e-3).count();
    assert!(without_noise <= 2, "{without_noise} of 20 models estimate no noise");
}

#[test]
fn fault_a7_the_estimated_noise_is_within_a_factor_of_two() {
    for (function, std_dev) in [(branin as fn(&[f64]) -> f64, 100.0), (waves, 1.0), (bowl, 2.0)] {
        let ratios: Vec<f64> = (0..7)
            .map(|seed| noisy_search(function, std_dev, 50, seed).noise_std_dev / std_dev)
            .collect();
        assert!((0.5..=2.0).contains(&median(ratios.clone())), "{ratios:.2?}");
        let outside = ratios.iter().filter(|ratio| !(0.5..=2.0).contains(*ratio)).count();
        assert!(outside <= 1, "{ratios:.2?}");
    }
}

/// A rough but exact function must not look noisy to the model.
#[test]
fn fault_a7_no_noise_is_estimated_for_exact_functions() {
    let with_noise =
        (0..20).filter(|seed| noisy_search(branin, 0.0, 20, *seed).noise_ratio > 0.03).count();
    assert!(with_noise <= 1, "{with_noise} of 20 models estimate noise");
}

/// Pairs of equal observations are evidence against noise, and unequal pairs are evidence for it.
#[test]
fn fault_a6_agreeing_replicates_lower_the_estimated_noise() {
    let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    let noise_ratio = |jitter: f64, pairs: u32| {
        let space = SearchSpace::new([range("x"), range("y")]).unwrap();
        let mut study = bayesian(space, 1);
        let mut rng = Rng::stream(5, 0);
        for i in 0..12 {
            let (x, y) = (rng.uniform(), rng.uniform());
            let c = Configuration::from([("x", x.into()), ("y", y.into())]);
            let rough = x + (40.0 * x).sin() * (31.0 * y).cos();
            for _ in 0..if i < pairs { 2 } else { 1 } {
                study.add_observation(&c, Outcome::from(rough + jitter * rng.normal())).unwrap();
            }
        }
        next_diagnostics(&mut study).noise_ratio
    };
    assert!(noise_ratio(1e-9, 12) < 1e-4, "the pairs agree");
    assert!(noise_ratio(0.3, 12) > 0.02, "the pairs differ as much as the losses");
}
