use proptest::prelude::*;

use super::*;
use crate::gp::tests::{Example, example};
use crate::rng::Rng;
use crate::unit_cube::{Axis, Levels};

fn mixed() -> Vec<Axis> {
    vec![
        Axis::Continuous { resolution: 1e-7 },
        Axis::Categories(3),
        Axis::Levels(Levels::evenly_spaced(5)),
        Axis::Categories(2),
        Axis::Categories(1),
    ]
}

fn sample(axes: &[Axis], count: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut rng = Rng::stream(5, 0);
    let points: Vec<Vec<f64>> =
        (0..count).map(|_| axes.iter().map(|axis| axis.snap(rng.uniform())).collect()).collect();
    let losses = points.iter().map(|p| (5.0 * p[0]).sin() + p[1] * p[2] - p[3]).collect();
    (points, losses)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_gradient_matches_central_differences(example in example()) {
        let Example { axes, points, losses, hyperparameters, .. } = &example;
        let features = Features::new(axes);
        let assumptions = Assumptions {
            kernel: hyperparameters.kernel,
            warping: hyperparameters.warps[0] != Warp::IDENTITY,
            ..Assumptions::default()
        };
        let objective = FitObjective::new(&features, points, losses.into(), assumptions);
        let theta = objective.to_theta(hyperparameters);
        let (_, gradient) = objective.negative_log_posterior(&theta);
        for i in 0..theta.len() {
            let shifted = |step: f64| {
                let mut theta = theta.clone();
                theta[i] += step;
                objective.negative_log_posterior(&theta).0
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            let error = (difference - gradient[i]).abs();
            let scale = gradient.iter().fold(1.0_f64, |scale, g| scale.max(g.abs()));
            prop_assert!(error < 1e-5 * scale, "{i}: {difference} {}", gradient[i]);
        }
    }

    #[test]
    fn the_gradient_with_known_noise_matches_central_differences(example in example(), seed: u64) {
        let Example { axes, points, losses, hyperparameters, .. } = &example;
        let features = Features::new(axes);
        let mut rng = Rng::stream(seed, 3);
        let known_noise: Vec<f64> = losses.iter().map(|_| 0.2 * rng.uniform()).collect();
        let assumptions = Assumptions { kernel: hyperparameters.kernel, ..Assumptions::default() };
        let measurements = Measurements::with_noise(losses, &known_noise);
        let objective = FitObjective::new(&features, points, measurements, assumptions);
        let unwarped = Hyperparameters {
            warps: vec![Warp::IDENTITY; axes.len()],
            ..hyperparameters.clone()
        };
        let theta = objective.to_theta(&unwarped);
        let (value, gradient) = objective.negative_log_posterior(&theta);
        prop_assert!((value + objective.log_posterior(&theta)).abs() < 1e-9 * value.abs().max(1.0));
        for i in 0..theta.len() {
            let shifted = |step: f64| {
                let mut theta = theta.clone();
                theta[i] += step;
                objective.negative_log_posterior(&theta).0
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            let scale = gradient.iter().fold(1.0_f64, |scale, g| scale.max(g.abs()));
            prop_assert!((difference - gradient[i]).abs() < 1e-5 * scale, "{i}");
        }
    }

    /// Compares the fit's objective and the posterior with a density by Gaussian elimination.
    #[test]
    fn the_evidence_is_the_density_of_the_multivariate_normal(example in example()) {
        let Example { axes, points, losses, hyperparameters, .. } = &example;
        let features = Features::new(axes);
        let objective = FitObjective::new(&features, points, losses.into(), Assumptions::default());
        let (value, _) = objective.log_likelihood(hyperparameters);
        let expected = example.log_density();
        let tolerance = 1e-8 * expected.abs().max(1.0);
        prop_assert!((value - expected).abs() < tolerance, "{value} {expected}");
        let posterior = example.posterior();
        prop_assert!((posterior.log_likelihood() - expected).abs() < tolerance);
    }
}

#[test]
fn the_evidence_of_two_observations_matches_hand_calculation() {
    // N(y; c 1, K) with K = [[a, b], [b, a]].
    let axes = [Axis::Continuous { resolution: 1e-7 }];
    let features = Features::new(&axes);
    let (points, losses) = ([[0.2], [0.7]], [1.0, -0.5]);
    let objective = FitObjective::new(&features, &points, (&losses).into(), Assumptions::default());
    let hyperparameters = Hyperparameters::new(vec![0.4], 1.3, 0.1);
    let t = 5.0_f64.sqrt() * 0.5 / 0.4;
    let b = 1.3 * (1.0 + t + t * t / 3.0) * (-t).exp();
    let a = 1.3 + 0.1;
    let residual = 0.75; // By symmetry the mean is 0.25 and the residuals are ±0.75.
    let log_density = -residual * residual / (a - b)
        - 0.5 * (a * a - b * b).ln()
        - (2.0 * std::f64::consts::PI).ln();
    let (value, _) = objective.log_likelihood(&hyperparameters);
    assert!((value - log_density).abs() < 1e-12, "{value} {log_density}");
}

/// `tests/golden/map_objective.py` has GPyTorch's likelihood, priors and automatic derivatives.
#[test]
fn the_log_posterior_agrees_with_gpytorch() {
    #[derive(serde::Deserialize)]
    struct Golden {
        points: Vec<Vec<f64>>,
        losses: Vec<f64>,
        length_scales: Vec<f64>,
        signal_variance: f64,
        noise_variance: f64,
        log_posterior: f64,
        gradient: Vec<f64>,
    }
    let golden = include_str!("../../../tests/golden/map_objective.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let features = Features::new(&[Axis::Continuous { resolution: 1e-7 }; 3]);
    let objective = FitObjective::new(
        &features,
        &golden.points,
        (&golden.losses).into(),
        Assumptions::default(),
    );
    let theta = objective.to_theta(&Hyperparameters::new(
        golden.length_scales,
        golden.signal_variance,
        golden.noise_variance,
    ));
    let (negative, gradient) = objective.negative_log_posterior(&theta);
    assert!(
        (negative + golden.log_posterior).abs() < 1e-9,
        "{} {}",
        -negative,
        golden.log_posterior
    );
    assert_eq!(gradient.len(), 5);
    for (got, want) in gradient.iter().zip(golden.gradient) {
        assert!((got + want).abs() < 1e-8 * want.abs().max(1.0), "{} for {want}", -got);
    }
}

#[test]
fn irrelevant_axes_get_long_length_scales() {
    let axes = vec![Axis::Continuous { resolution: 1e-7 }; 2];
    let features = Features::new(&axes);
    let mut rng = Rng::stream(6, 0);
    let points: Vec<[f64; 2]> = (0..30).map(|_| [rng.uniform(), rng.uniform()]).collect();
    let losses: Vec<f64> = points.iter().map(|p| (6.0 * p[0]).sin()).collect();
    let fit = fit(&features, &points, &losses, Assumptions::default(), Start::Cold);
    let found = fit.process.hyperparameters();
    assert!(found.length_scales[1] > 3.0 * found.length_scales[0], "{found:?}");
    assert!(found.noise_variance < 1e-3);
    assert!(fit.log_posterior.is_some());
}

#[test]
fn a_warm_start_is_never_worse() {
    let axes = mixed();
    let features = Features::new(&axes);
    let (points, losses) = sample(&axes, 25);
    let cold = fit(&features, &points, &losses, Assumptions::default(), Start::Cold);
    let start = cold.process.hyperparameters().clone();
    let warm = fit(&features, &points, &losses, Assumptions::default(), Start::Both(&start));
    assert!(warm.log_posterior >= cold.log_posterior);
}
