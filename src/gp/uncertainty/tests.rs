use super::*;
use crate::cube::Axis;
use crate::gp::{Start, fit};

const AXES: [Axis; 2] = [Axis::Continuous { resolution: 1e-7 }; 2];

fn data(count: usize) -> (Vec<[f64; 2]>, Vec<f64>) {
    let mut rng = Rng::stream(11, 0);
    let points: Vec<[f64; 2]> = (0..count).map(|_| [rng.uniform(), rng.uniform()]).collect();
    let losses = points.iter().map(|p| (4.0 * p[0]).sin() + p[1] + 0.2 * rng.normal()).collect();
    (points, losses)
}

fn draws(uncertainty: Uncertainty, count: usize) -> Vec<Draw> {
    let (points, losses) = data(count);
    let (features, assumptions) = (Features::new(&AXES), Assumptions::default());
    let mode = fit(&features, &points, &losses, assumptions, Start::Cold);
    uncertainty.draws(&features, &points, &losses, assumptions, mode.process.hyperparameters())
}

/// Mean and deviation of ln ℓ₁ by the weights.
fn moments(draws: &[Draw], of: impl Fn(&Hyperparameters) -> f64) -> (f64, f64) {
    let total = |f: &dyn Fn(f64) -> f64| -> f64 {
        draws.iter().map(|draw| draw.weight * f(of(&draw.hyperparameters))).sum()
    };
    let mean = total(&|x| x);
    (mean, total(&|x| (x - mean).powi(2)).sqrt())
}

#[test]
fn weights_add_up_and_the_same_data_give_the_same_draws() {
    for uncertainty in [
        Uncertainty::MostProbable,
        Uncertainty::Laplace { draws: 6 },
        Uncertainty::SliceSampling { draws: 3 },
    ] {
        let found = draws(uncertainty, 15);
        assert!((found.iter().map(|draw| draw.weight).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(found, draws(uncertainty, 15));
    }
    assert_eq!(draws(Uncertainty::MostProbable, 15).len(), 1);
    assert_eq!(draws(Uncertainty::SliceSampling { draws: 3 }, 15).len(), 3);
    assert!(draws(Uncertainty::Laplace { draws: 6 }, 15).len() > 3);
}

/// By another route: a grid over all four hyperparameters, and the sums over it.
fn by_grid(count: usize) -> Vec<Draw> {
    let (points, losses) = data(count);
    let features = Features::new(&AXES);
    let target = Target::new(&features, &points, (&losses).into(), Assumptions::default());
    let places = |low: f64, high: f64, count: u32| -> Vec<f64> {
        (0..count).map(|i| low + (high - low) * f64::from(i) / f64::from(count - 1)).collect()
    };
    // Many data say more about the noise: the grid is finer there.
    let least_noise = if count > 20 { -5.5 } else { -13.8 };
    let lengths = places(-2.5, 3.4, 14);
    let (variances, noises) = (places(-3.0, 3.0, 10), places(least_noise, 0.0, 14));
    let mut weighted = Vec::new();
    for &a in &lengths {
        for &b in &lengths {
            for &s in &variances {
                for &noise in &noises {
                    let theta = [a, b, s, noise];
                    weighted.push((target.log_posterior(&theta), theta));
                }
            }
        }
    }
    let most = weighted.iter().fold(f64::NEG_INFINITY, |most, (value, _)| most.max(*value));
    let total: f64 = weighted.iter().map(|(value, _)| (value - most).exp()).sum();
    let draws = weighted.iter().map(|(value, theta)| Draw {
        weight: (value - most).exp() / total,
        hyperparameters: target.hyperparameters(theta),
    });
    draws.collect()
}

const QUANTITIES: [fn(&Hyperparameters) -> f64; 3] =
    [|h| h.length_scales[0].ln(), |h| h.length_scales[1].ln(), |h| h.signal_variance.ln()];

#[test]
fn slices_agree_with_a_sum_over_a_grid() {
    let (grid, sliced) = (by_grid(15), draws(Uncertainty::SliceSampling { draws: 400 }, 15));
    for of in QUANTITIES {
        let ((mean, deviation), (by_slices, spread)) = (moments(&grid, of), moments(&sliced, of));
        assert!((by_slices - mean).abs() < 0.35 * deviation, "{by_slices} {mean} ± {deviation}");
        assert!((0.7..1.4).contains(&(spread / deviation)), "{spread} {deviation}");
    }
}

/// An approximation around the mode of what has a long tail: it must lie in the right place and not be too sure.
#[test]
fn laplace_is_near_a_sum_over_a_grid() {
    let (grid, approximated) = (by_grid(40), draws(Uncertainty::Laplace { draws: 4000 }, 40));
    for of in QUANTITIES {
        let ((mean, deviation), (near, spread)) = (moments(&grid, of), moments(&approximated, of));
        assert!((near - mean).abs() < deviation, "{near} {mean} ± {deviation}");
        assert!((0.4..1.8).contains(&(spread / deviation)), "{spread} {deviation}");
    }
}

#[test]
fn what_is_fixed_stays_fixed() {
    let (points, losses) = data(12);
    let features = Features::new(&AXES);
    let assumptions = Assumptions { noise: crate::gp::Noise::Absent, ..Assumptions::default() };
    let mode = fit(&features, &points, &losses, assumptions, Start::Cold);
    for uncertainty in [Uncertainty::Laplace { draws: 5 }, Uncertainty::SliceSampling { draws: 3 }]
    {
        let found = uncertainty.draws(
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
