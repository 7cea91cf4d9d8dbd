//! Tests of the laws of Gaussian processes, and comparisons with scikit-learn.

use ndarray::{Array1, Array2};
use proptest::prelude::*;

use super::*;

use crate::acquisition::{Acquisition, LogExpectedImprovement};
use crate::rng::Rng;
use crate::unit_cube::{Axis, Levels};

/// A process with data, all drawn from a seed; `at` are the points at which tests predict.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) axes: Vec<Axis>,
    pub(super) hyperparameters: Hyperparameters,
    pub(super) points: Vec<Vec<f64>>,
    pub(super) losses: Vec<f64>,
    pub(super) at: Vec<Vec<f64>>,
}

/// Generates examples of 1 to 14 observations on 1 to 5 axes of all kinds.
pub(super) fn example() -> impl Strategy<Value = Example> {
    let axis = prop_oneof![
        3 => Just(Axis::Continuous { resolution: 1e-7 }),
        1 => (1_u64..30).prop_map(|count| Axis::Levels(Levels::evenly_spaced(count))),
        1 => (2_u64..30).prop_map(|count| Axis::Levels(Levels::logarithmic(3, count))),
        2 => (1_usize..6).prop_map(Axis::Categories),
    ];
    (prop::collection::vec(axis, 1..6), 1_usize..15, any::<u64>())
        .prop_map(|(axes, count, seed)| Example::drawn(axes, count, seed))
}

impl Example {
    fn drawn(axes: Vec<Axis>, count: usize, seed: u64) -> Self {
        let mut rng = Rng::stream(seed, 0);
        let mut draw = |count: usize| -> Vec<Vec<f64>> {
            (0..count).map(|_| axes.iter().map(|axis| axis.snap(rng.uniform())).collect()).collect()
        };
        let (points, at) = (draw(count), draw(7));
        let between = |rng: &mut Rng, low: f64, high: f64| {
            (low.ln() + rng.uniform() * (high / low).ln()).exp()
        };
        let unwarped = Hyperparameters::new(
            axes.iter().map(|_| between(&mut rng, 0.2, 5.0)).collect(),
            between(&mut rng, 0.2, 5.0),
            between(&mut rng, 1e-2, 0.3),
        );
        let kernels = [Kernel::Matern52, Kernel::Matern32, Kernel::SquaredExponential];
        let mut warp = |_| Warp { a: between(&mut rng, 0.5, 2.0), b: between(&mut rng, 0.5, 2.0) };
        let warps = axes.iter().map(&mut warp).collect();
        // Half of the examples are warped.
        let warps = if seed.is_multiple_of(2) { warps } else { unwarped.warps.clone() };
        let kernel = kernels[usize::try_from(seed % 3).unwrap()];
        let hyperparameters = Hyperparameters { kernel, warps, ..unwarped };
        let losses = (0..count).map(|_| rng.normal()).collect();
        Self { axes, hyperparameters, points, losses, at }
    }

    pub(super) fn process(&self) -> GaussianProcess {
        GaussianProcess::new(Features::new(&self.axes), self.hyperparameters.clone())
    }

    pub(super) fn posterior(&self) -> Posterior {
        self.process().condition(&self.points, &self.losses).unwrap()
    }

    /// Returns the covariance k(x, x′) by the definitions of kernel and distance.
    fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let Hyperparameters { kernel, length_scales, signal_variance, warps, .. } =
            &self.hyperparameters;
        let warped = |u: f64, warp: &Warp| 1.0 - (1.0 - u.powf(warp.a)).powf(warp.b);
        let square: f64 = self
            .axes
            .iter()
            .zip(warps)
            .zip(a.iter().zip(b).zip(length_scales))
            .map(|((axis, warp), ((a, b), length))| match axis {
                Axis::Categories(_) => {
                    f64::from(u8::from(!axis.is_same_coordinate(*a, *b))) / length.powi(2)
                }
                _ => ((warped(*a, warp) - warped(*b, warp)) / length).powi(2),
            })
            .sum();
        let (five, three) = ((5.0 * square).sqrt(), (3.0 * square).sqrt());
        signal_variance
            * match kernel {
                Kernel::Matern52 => (1.0 + five + five * five / 3.0) * (-five).exp(),
                Kernel::Matern32 => (1.0 + three) * (-three).exp(),
                Kernel::SquaredExponential => (-0.5 * square).exp(),
            }
    }

    /// Returns the covariance K of the observations, noise included.
    fn observed_covariance(&self) -> Array2<f64> {
        let count = self.points.len();
        Array2::from_shape_fn((count, count), |(i, j)| {
            let noise = if i == j { self.hyperparameters.noise_variance } else { 0.0 };
            self.covariance(&self.points[i], &self.points[j]) + noise
        })
    }

    /// Returns mean and variance of ordinary kriging at a point, by Gaussian elimination.
    fn kriging(&self, at: &[f64]) -> (f64, f64) {
        let covariance = self.observed_covariance();
        let losses = Array1::from(self.losses.clone());
        let cross: Array1<f64> = self.points.iter().map(|p| self.covariance(at, p)).collect();
        let (unit_weights, _) = eliminate(&covariance, &Array1::ones(losses.len()));
        let mean = unit_weights.dot(&losses) / unit_weights.sum();
        let (kriging_weights, _) = eliminate(&covariance, &cross);
        let residual = 1.0 - kriging_weights.sum();
        let variance = self.hyperparameters.signal_variance - cross.dot(&kriging_weights)
            + residual * residual / unit_weights.sum();
        (mean + kriging_weights.dot(&(losses - mean)), variance)
    }

    /// Returns ln N(y; c 1, K) with c by generalized least squares, by Gaussian elimination.
    pub(super) fn log_density(&self) -> f64 {
        let covariance = self.observed_covariance();
        let losses = Array1::from(self.losses.clone());
        let (unit_weights, log_determinant) = eliminate(&covariance, &Array1::ones(losses.len()));
        let mean = unit_weights.dot(&losses) / unit_weights.sum();
        let residual = losses - mean;
        let (weights, _) = eliminate(&covariance, &residual);
        let constant = f64::from(u32::try_from(self.losses.len()).unwrap())
            * (2.0 * std::f64::consts::PI).ln();
        -0.5 * (residual.dot(&weights) + log_determinant + constant)
    }

    /// Returns the same problem with parameters, and the categories of each, in another order.
    fn permuted(&self, seed: u64) -> Self {
        let mut rng = Rng::stream(seed, 1);
        let order = shuffled(self.axes.len(), &mut rng);
        let categories: Vec<Vec<usize>> = self
            .axes
            .iter()
            .map(|axis| match axis {
                Axis::Categories(count) => shuffled(*count, &mut rng),
                _ => Vec::new(),
            })
            .collect();
        let moved = |point: &Vec<f64>| -> Vec<f64> {
            let coordinate = |&axis: &usize| match self.axes[axis] {
                kind @ Axis::Categories(_) => {
                    let cell = usize::try_from(kind.cell(point[axis])).unwrap();
                    kind.coordinate(categories[axis][cell] as u64)
                }
                _ => point[axis],
            };
            order.iter().map(coordinate).collect()
        };
        let Hyperparameters { length_scales: lengths, warps, .. } = &self.hyperparameters;
        Self {
            axes: order.iter().map(|&axis| self.axes[axis]).collect(),
            hyperparameters: Hyperparameters {
                length_scales: order.iter().map(|&axis| lengths[axis]).collect(),
                warps: order.iter().map(|&axis| warps[axis]).collect(),
                ..self.hyperparameters.clone()
            },
            points: self.points.iter().map(moved).collect(),
            losses: self.losses.clone(),
            at: self.at.iter().map(moved).collect(),
        }
    }
}

fn shuffled(count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, rng.index(last + 1));
    }
    order
}

/// Returns A⁻¹ b and ln det A by Gaussian elimination.
///
/// Positive definite matrices need no pivoting.
fn eliminate(matrix: &Array2<f64>, right: &Array1<f64>) -> (Array1<f64>, f64) {
    let (mut matrix, mut right, count) = (matrix.clone(), right.clone(), right.len());
    let mut log_determinant = 0.0;
    for pivot in 0..count {
        log_determinant += matrix[[pivot, pivot]].ln();
        for row in pivot + 1..count {
            let factor = matrix[[row, pivot]] / matrix[[pivot, pivot]];
            for column in pivot..count {
                matrix[[row, column]] -= factor * matrix[[pivot, column]];
            }
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..count).rev() {
        let solved: f64 = (row + 1..count).map(|j| matrix[[row, j]] * right[j]).sum();
        right[row] = (right[row] - solved) / matrix[[row, row]];
    }
    (right, log_determinant)
}

fn are_close(a: &Array1<f64>, b: &Array1<f64>, tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance * a.abs().max(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_kernel_is_symmetric_and_positive_definite(example in example(), seed: u64) {
        let process = example.process();
        let points = [&example.points[..], &example.at[..], &example.points[..1]].concat();
        let scaled =
            process.features.scale(process.features.rows(&points), &example.hyperparameters);
        let signal = example.hyperparameters.signal_variance;
        let kernel = example.hyperparameters.kernel;
        let (covariance, _) = kernel.self_covariances(scaled.view(), signal);
        let by_definition = Array2::from_shape_fn(covariance.dim(), |(i, j)| {
            example.covariance(&points[i], &points[j])
        });
        // Squared distances come from a product: they round at about 1e-15, distances at its root.
        prop_assert!((&covariance - &by_definition).iter().all(|gap| gap.abs() < 1e-12 * signal));
        prop_assert!((&covariance - &covariance.t()).iter().all(|gap| gap.abs() < 1e-14 * signal));
        let mut rng = Rng::stream(seed, 2);
        let direction = Array1::from_shape_fn(points.len(), |_| rng.normal());
        prop_assert!(direction.dot(&covariance.dot(&direction)) > -1e-10 * signal);
        let noise = Array2::<f64>::eye(points.len()) * (1e-8 * signal);
        prop_assert!(crate::linalg::Cholesky::factor(&(covariance + noise)).is_ok());
    }

    /// Given the observation x₁ alone, the variance at x is 2 s + σ² − 2 k(x, x₁). The reason is
    /// that the prior variance of the mean is unbounded. More observations never raise the
    /// variance.
    #[test]
    fn the_variance_is_positive_and_at_most_that_given_one_observation(example in example()) {
        let Prediction { mean, variance } = example.posterior().predict(&example.at);
        let Hyperparameters { signal_variance, noise_variance, .. } = example.hyperparameters;
        for ((at, mean), variance) in example.at.iter().zip(&mean).zip(&variance) {
            // The predicted variance has a floor above 0, so it is compared with one without.
            let (expected, want) = example.kriging(at);
            prop_assert!(want > -1e-9, "{want}");
            prop_assert!(*variance > 0.0 && (variance - want).abs() < 1e-9 * want.max(1.0));
            prop_assert!((mean - expected).abs() < 1e-9 * expected.abs().max(1.0));
            for point in &example.points {
                let alone = 2.0 * signal_variance + noise_variance
                    - 2.0 * example.covariance(at, point);
                prop_assert!(*variance < alone + 1e-9, "{variance} above {alone}");
            }
        }
    }

    #[test]
    fn adding_observations_equals_conditioning(example in example(), split in 0.0..1.0_f64) {
        let full = example.posterior();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let first = 1 + (split * (example.points.len() - 1) as f64) as usize;
        let process = example.process();
        let mut grown =
            process.condition(&example.points[..first], &example.losses[..first]).unwrap();
        let before = grown.predict(&example.at);
        grown.add_observations(&example.points[first..], &example.losses[first..]).unwrap();
        let (a, b) = (grown.predict(&example.at), full.predict(&example.at));
        prop_assert!(are_close(&a.mean, &b.mean, 1e-8));
        prop_assert!(are_close(&a.variance, &b.variance, 1e-8));
        prop_assert!((grown.log_likelihood() - full.log_likelihood()).abs() < 1e-7);
        // Observations never raise the variance.
        prop_assert!((&a.variance - &before.variance).iter().all(|rise| *rise < 1e-9));
        let (_, a) = grown.predict_with_gradients(&example.at);
        let (_, b) = full.predict_with_gradients(&example.at);
        prop_assert!((&a.mean - &b.mean).iter().all(|gap| gap.abs() < 1e-6));
        prop_assert!((&a.variance - &b.variance).iter().all(|gap| gap.abs() < 1e-6));
    }

    /// Moves a part of the shared noise variance to the known noise of each measurement.
    #[test]
    fn known_noise_adds_to_the_shared_noise(example in example(), part in 0.0..0.99_f64) {
        let Example { axes, points, losses, hyperparameters, at, .. } = &example;
        let full = hyperparameters.noise_variance;
        let shared =
            Hyperparameters { noise_variance: (1.0 - part) * full, ..hyperparameters.clone() };
        let process = |hyperparameters: &Hyperparameters| {
            GaussianProcess::new(Features::new(axes), hyperparameters.clone())
        };
        let known_noise = vec![part * full; losses.len()];
        let measurements = Measurements::with_noise(losses, &known_noise);
        let split = process(&shared).condition(points, measurements).unwrap();
        let plain = process(hyperparameters).condition(points, losses).unwrap();
        let are_close = |a: f64, b: f64| (a - b).abs() < 1e-8 * b.abs().max(1.0);
        prop_assert!(are_close(split.log_likelihood(), plain.log_likelihood()));
        let (split, plain) = (split.predict(at), plain.predict(at));
        for i in 0..at.len() {
            prop_assert!(are_close(split.mean[i], plain.mean[i]));
            prop_assert!(are_close(split.variance[i], plain.variance[i]));
        }
    }

    #[test]
    fn very_noisy_measurements_hardly_change_predictions(example in example()) {
        let Example { axes, points, losses, hyperparameters, at, .. } = &example;
        let process = GaussianProcess::new(Features::new(axes), hyperparameters.clone());
        let (mut points, mut losses) = (points.clone(), losses.clone());
        let plain = process.clone().condition(&points, &losses).unwrap().predict(at);
        points.push(points[0].clone());
        losses.push(1e3);
        let mut known_noise = vec![0.0; losses.len()];
        known_noise[losses.len() - 1] = 1e15;
        let measurements = Measurements::with_noise(&losses, &known_noise);
        let noisy = process.condition(&points, measurements).unwrap().predict(at);
        for i in 0..at.len() {
            prop_assert!((noisy.mean[i] - plain.mean[i]).abs() < 1e-6);
            prop_assert!((noisy.variance[i] - plain.variance[i]).abs() < 1e-6);
        }
    }

    /// Compares merged replicates with one row per measurement.
    #[test]
    fn merging_replicates_changes_no_result(example in example(), seed: u64) {
        let mut rng = Rng::stream(seed, 4);
        let copies: Vec<usize> = (0..9).map(|_| rng.index(example.points.len())).collect();
        let mut other = example.clone();
        for copy in copies {
            other.points.push(example.points[copy].clone());
            other.losses.push(example.losses[copy] + 0.3 * rng.normal());
        }
        let merged = other.posterior();
        let distinct: std::collections::HashSet<Vec<u64>> =
            other.points.iter().map(|p| p.iter().map(|u| u.to_bits()).collect()).collect();
        prop_assert_eq!(merged.count(), distinct.len());
        let want = other.log_density();
        prop_assert!((merged.log_likelihood() - want).abs() < 1e-8 * want.abs().max(1.0));
        let prediction = merged.predict(&other.at);
        for (i, at) in other.at.iter().enumerate() {
            let (mean, variance) = other.kriging(at);
            prop_assert!((prediction.mean[i] - mean).abs() < 1e-8 * mean.abs().max(1.0));
            prop_assert!((prediction.variance[i] - variance).abs() < 1e-8 * variance.max(1.0));
        }
        let features = Features::new(&other.axes);
        let kernel = other.hyperparameters.kernel;
        let assumptions = Assumptions { kernel, ..Default::default() };
        let losses = (&other.losses).into();
        let objective = fit::FitObjective::new(&features, &other.points, losses, assumptions);
        let plain = Hyperparameters {
            warps: vec![Warp::IDENTITY; other.axes.len()],
            ..other.hyperparameters.clone()
        };
        let theta = objective.to_theta(&plain);
        let (_, gradient) = objective.negative_log_posterior(&theta);
        for i in 0..theta.len() {
            let shifted = |step: f64| {
                let mut theta = theta.clone();
                theta[i] += step;
                objective.log_posterior(&theta)
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            let scale = gradient.iter().fold(1.0_f64, |scale, g| scale.max(g.abs()));
            prop_assert!((difference + gradient[i]).abs() < 1e-5 * scale);
        }
    }

    /// Compares one factorization with a separate posterior for each observation left out.
    #[test]
    fn leave_one_out_equals_conditioning_on_the_remaining_observations(example in example()) {
        let full = example.posterior();
        // Merged replicates are left out together.
        prop_assume!(full.count() == example.points.len() && full.count() > 1);
        let left_out = full.leave_one_out();
        for i in 0..example.points.len() {
            let mut remaining = example.clone();
            let (point, _) = (remaining.points.remove(i), remaining.losses.remove(i));
            let Prediction { mean, variance } = remaining.posterior().predict(&[point]);
            let variance = variance[0] + example.hyperparameters.noise_variance;
            prop_assert!((left_out.mean[i] - mean[0]).abs() < 1e-6 * mean[0].abs().max(1.0));
            prop_assert!((left_out.variance[i] / variance - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn predictions_do_not_depend_on_the_order_of_observations(example in example(), seed: u64) {
        let order = shuffled(example.points.len(), &mut Rng::stream(seed, 3));
        let other = Example {
            points: order.iter().map(|&i| example.points[i].clone()).collect(),
            losses: order.iter().map(|&i| example.losses[i]).collect(),
            ..example.clone()
        };
        let (a, b) = (example.posterior(), other.posterior());
        let (a, b) = (a.predict(&example.at), b.predict(&other.at));
        prop_assert!(are_close(&a.mean, &b.mean, 1e-9));
        prop_assert!(are_close(&a.variance, &b.variance, 1e-9));
    }

    #[test]
    fn permuting_parameters_and_categories_changes_nothing(example in example(), seed: u64) {
        let other = example.permuted(seed);
        let (a, b) = (example.posterior(), other.posterior());
        let (a, b) = (a.predict(&example.at), b.predict(&other.at));
        prop_assert!(are_close(&a.mean, &b.mean, 1e-9));
        prop_assert!(are_close(&a.variance, &b.variance, 1e-9));
        let incumbent = example.losses.iter().copied().fold(f64::INFINITY, f64::min);
        for i in 0..example.at.len() {
            let acquisition = |p: &Prediction| {
                LogExpectedImprovement.evaluate(p.mean[i], p.variance[i].sqrt(), incumbent).value
            };
            let (one, two) = (acquisition(&a), acquisition(&b));
            prop_assert!((one - two).abs() < 1e-9 * one.abs().max(1.0), "{one} {two}");
        }
        let gap = example.posterior().log_likelihood() - other.posterior().log_likelihood();
        prop_assert!(gap.abs() < 1e-9 * example.log_density().abs().max(1.0));
    }

    #[test]
    fn gradients_of_predictions_match_central_differences(example in example()) {
        let posterior = example.posterior();
        let (prediction, gradients) = posterior.predict_with_gradients(&example.at);
        let plain = posterior.predict(&example.at);
        prop_assert!(are_close(&prediction.mean, &plain.mean, 1e-12));
        prop_assert!(are_close(&prediction.variance, &plain.variance, 1e-12));
        for (i, at) in example.at.iter().enumerate() {
            for (axis, kind) in example.axes.iter().enumerate() {
                let shifted = |step: f64| {
                    let mut at = at.clone();
                    at[axis] += step;
                    posterior.predict(&[at])
                };
                let (up, down) = (shifted(1e-6), shifted(-1e-6));
                let by_mean = (up.mean[0] - down.mean[0]) / 2e-6;
                let by_variance = (up.variance[0] - down.variance[0]) / 2e-6;
                let flat = kind.is_constant() || matches!(kind, Axis::Categories(_));
                let (want_mean, want_variance) =
                    if flat { (0.0, 0.0) } else { (by_mean, by_variance) };
                let (mean, variance) = (gradients.mean[[i, axis]], gradients.variance[[i, axis]]);
                let is_close = |got: f64, want: f64| {
                    // The differences of rougher kernels are less exact.
                    (got - want).abs() < 1e-4 * want.abs().max(1.0)
                };
                prop_assert!(is_close(mean, want_mean), "{mean} {want_mean}");
                prop_assert!(is_close(variance, want_variance), "{variance} {want_variance}");
            }
        }
    }
}

/// `tests/golden/gaussian_process.py` has the numbers of scikit-learn. The script computes the
/// estimated mean, which scikit-learn lacks, from parts.
#[test]
fn predictions_and_evidence_agree_with_scikit_learn() {
    #[derive(serde::Deserialize)]
    struct Golden {
        points: Vec<Vec<f64>>,
        losses: Vec<f64>,
        categories: Option<usize>,
        length_scales: Vec<f64>,
        signal_variance: f64,
        noise_variance: f64,
        at: Vec<Vec<f64>>,
        mean: Vec<f64>,
        variance: Vec<f64>,
        log_likelihood: f64,
    }
    let golden = include_str!("../../tests/golden/gaussian_process.json");
    let cases: Vec<Golden> = serde_json::from_str(golden).unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let mut axes = vec![Axis::Continuous { resolution: 1e-7 }; case.length_scales.len()];
        if let (Some(count), Some(last)) = (case.categories, axes.last_mut()) {
            *last = Axis::Categories(count);
        }
        // The golden file numbers the categories; here they are cells of an axis.
        let to_points = |points: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            let coordinate = |(axis, value): (&Axis, f64)| match axis {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "full")]
                Axis::Categories(_) => axis.coordinate(value as u64),
                _ => value,
            };
            points.into_iter().map(|p| axes.iter().zip(p).map(coordinate).collect()).collect()
        };
        let example = Example {
            hyperparameters: Hyperparameters::new(
                case.length_scales,
                case.signal_variance,
                case.noise_variance,
            ),
            points: to_points(case.points),
            losses: case.losses,
            at: to_points(case.at),
            axes: axes.clone(),
        };
        let posterior = example.posterior();
        let prediction = posterior.predict(&example.at);
        assert!(are_close(&prediction.mean, &Array1::from(case.mean), 1e-9));
        assert!(are_close(&prediction.variance, &Array1::from(case.variance), 1e-9));
        assert!((posterior.log_likelihood() - case.log_likelihood).abs() < 1e-8);
    }
}
