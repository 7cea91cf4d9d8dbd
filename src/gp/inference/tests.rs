use super::*;
use crate::gp::{Start, fit};
use crate::unit_cube::Axis;

const AXES: [Axis; 2] = [Axis::Continuous { resolution: 1e-7 }; 2];

fn data(count: usize) -> (Vec<[f64; 2]>, Vec<f64>) {
    let mut rng = Rng::stream(11, 0);
    let points: Vec<[f64; 2]> = (0..count).map(|_| [rng.uniform(), rng.uniform()]).collect();
    let losses = points.iter().map(|p| (4.0 * p[0]).sin() + p[1] + 0.2 * rng.normal()).collect();
    (points, losses)
}

fn draws(inference: HyperparameterInference, count: usize) -> Vec<Draw> {
    let (points, losses) = data(count);
    let (features, assumptions) = (Features::new(&AXES), Assumptions::default());
    let mode = fit(&features, &points, &losses, assumptions, Start::Cold);
    inference.draws(&features, &points, &losses, assumptions, mode.process.hyperparameters())
}

/// Returns the weighted mean and standard deviation of a quantity over draws.
fn moments(draws: &[Draw], quantity: impl Fn(&Hyperparameters) -> f64) -> (f64, f64) {
    let total = |f: &dyn Fn(f64) -> f64| -> f64 {
        draws.iter().map(|draw| draw.weight * f(quantity(&draw.hyperparameters))).sum()
    };
    let mean = total(&|x| x);
    (mean, total(&|x| (x - mean).powi(2)).sqrt())
}

#[test]
fn weights_sum_to_one_and_draws_are_deterministic() {
    for inference in [
        HyperparameterInference::MaximumAPosteriori,
        HyperparameterInference::Laplace { draws: 6 },
        HyperparameterInference::SliceSampling { draws: 3 },
    ] {
        let found = draws(inference, 15);
        assert!((found.iter().map(|draw| draw.weight).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(found, draws(inference, 15));
    }
    assert_eq!(draws(HyperparameterInference::MaximumAPosteriori, 15).len(), 1);
    assert_eq!(draws(HyperparameterInference::SliceSampling { draws: 3 }, 15).len(), 3);
    assert!(draws(HyperparameterInference::Laplace { draws: 6 }, 15).len() > 3);
}

/// Returns the posterior on a grid over all four hyperparameters, as a reference.
fn grid_reference(count: usize) -> Vec<Draw> {
    let (points, losses) = data(count);
    let features = Features::new(&AXES);
    let objective = FitObjective::new(&features, &points, (&losses).into(), Assumptions::default());
    let evenly_spaced = |low: f64, high: f64, count: u32| -> Vec<f64> {
        (0..count).map(|i| low + (high - low) * f64::from(i) / f64::from(count - 1)).collect()
    };
    // With many data the posterior of the noise is narrower, so the grid is finer.
    let min_log_noise = if count > 20 { -5.5 } else { -13.8 };
    let lengths = evenly_spaced(-2.5, 3.4, 14);
    let variances = evenly_spaced(-3.0, 3.0, 10);
    let noises = evenly_spaced(min_log_noise, 0.0, 14);
    let mut weighted = Vec::new();
    for &a in &lengths {
        for &b in &lengths {
            for &s in &variances {
                for &noise in &noises {
                    let theta = [a, b, s, noise];
                    weighted.push((objective.log_posterior(&theta), theta));
                }
            }
        }
    }
    let max = weighted.iter().fold(f64::NEG_INFINITY, |max, (value, _)| max.max(*value));
    let total: f64 = weighted.iter().map(|(value, _)| (value - max).exp()).sum();
    let draws = weighted.iter().map(|(value, theta)| Draw {
        weight: (value - max).exp() / total,
        hyperparameters: objective.hyperparameters(theta),
    });
    draws.collect()
}

const QUANTITIES: [fn(&Hyperparameters) -> f64; 3] =
    [|h| h.length_scales[0].ln(), |h| h.length_scales[1].ln(), |h| h.signal_variance.ln()];

#[test]
fn slice_sampling_agrees_with_a_sum_over_a_grid() {
    let grid = grid_reference(15);
    let sliced = draws(HyperparameterInference::SliceSampling { draws: 400 }, 15);
    for quantity in QUANTITIES {
        let (mean, std_dev) = moments(&grid, quantity);
        let (sliced_mean, sliced_std_dev) = moments(&sliced, quantity);
        assert!((sliced_mean - mean).abs() < 0.35 * std_dev, "{sliced_mean} {mean} ± {std_dev}");
        let ratio = sliced_std_dev / std_dev;
        assert!((0.7..1.4).contains(&ratio), "{sliced_std_dev} {std_dev}");
    }
}

/// The posterior has long tails, so the tolerances only check the location and scale.
#[test]
fn laplace_roughly_agrees_with_a_sum_over_a_grid() {
    let grid = grid_reference(40);
    let approximated = draws(HyperparameterInference::Laplace { draws: 4000 }, 40);
    for quantity in QUANTITIES {
        let (mean, std_dev) = moments(&grid, quantity);
        let (laplace_mean, laplace_std_dev) = moments(&approximated, quantity);
        assert!((laplace_mean - mean).abs() < std_dev, "{laplace_mean} {mean} ± {std_dev}");
        let ratio = laplace_std_dev / std_dev;
        assert!((0.4..1.8).contains(&ratio), "{laplace_std_dev} {std_dev}");
    }
}

#[test]
fn a_fixed_noise_variance_stays_fixed() {
    let (points, losses) = data(12);
    let features = Features::new(&AXES);
    let assumptions = Assumptions { noise: crate::gp::Noise::Absent, ..Assumptions::default() };
    let mode = fit(&features, &points, &losses, assumptions, Start::Cold);
    for inference in [
        HyperparameterInference::Laplace { draws: 5 },
        HyperparameterInference::SliceSampling { draws: 3 },
    ] {
        let found = inference.draws(
            &features,
            &points,
            &losses,
            assumptions,
            mode.process.hyperparameters(),
        );
        assert!(
            found.iter().all(|draw| (draw.hyperparameters.noise_variance - 1e-6).abs() < 1e-12)
        );
    }
}
