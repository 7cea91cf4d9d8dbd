//! Laws of the Gaussian process, and scikit-learn's numbers.

use ndarray::{Array1, Array2};
use proptest::prelude::*;

use super::*;

use crate::acquisition::{Acquisition, LogExpectedImprovement};
use crate::cube::{Axis, Levels};
use crate::rng::Rng;

/// A process with data, and places to predict at, all drawn from a seed.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) axes: Vec<Axis>,
    pub(super) hyperparameters: Hyperparameters,
    pub(super) points: Vec<Vec<f64>>,
    pub(super) losses: Vec<f64>,
    pub(super) at: Vec<Vec<f64>>,
}

/// Examples of 1 to 14 observations on 1 to 5 axes of all kinds.
pub(super) fn example() -> impl Strategy<Value = Example> {
    let axis = prop_oneof![
        3 => Just(Axis::Continuous { resolution: 1e-7 }),
        1 => (1_u64..30).prop_map(|count| Axis::Levels(Levels::even(count))),
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
        let plain = Hyperparameters::new(
            axes.iter().map(|_| between(&mut rng, 0.2, 5.0)).collect(),
            between(&mut rng, 0.2, 5.0),
            between(&mut rng, 1e-2, 0.3),
        );
        let kernels = [Kernel::Matern52, Kernel::Matern32, Kernel::SquaredExponential];
        let mut bend = |_| Warp { a: between(&mut rng, 0.5, 2.0), b: between(&mut rng, 0.5, 2.0) };
        let warps = axes.iter().map(&mut bend).collect();
        // Half of the examples are bent.
        let warps = if seed.is_multiple_of(2) { warps } else { plain.warps.clone() };
        let kernel = kernels[usize::try_from(seed % 3).unwrap()];
        let hyperparameters = Hyperparameters { kernel, warps, ..plain };
        let losses = (0..count).map(|_| rng.normal()).collect();
        Self { axes, hyperparameters, points, losses, at }
    }

    pub(super) fn process(&self) -> GaussianProcess {
        GaussianProcess::new(Features::new(&self.axes), self.hyperparameters.clone())
    }

    pub(super) fn posterior(&self) -> Posterior {
        self.process().condition(&self.points, &self.losses).unwrap()
    }

    /// s k(x, x′), by the definition of kernel and distance.
    fn covariance(&self, a: &[f64], b: &[f64]) -> f64 {
        let Hyperparameters { kernel, length_scales, signal_variance, warps, .. } =
            &self.hyperparameters;
        let bent = |u: f64, warp: &Warp| 1.0 - (1.0 - u.powf(warp.a)).powf(warp.b);
        let square: f64 = self
            .axes
            .iter()
            .zip(warps)
            .zip(a.iter().zip(b).zip(length_scales))
            .map(|((axis, warp), ((a, b), length))| match axis {
                Axis::Categories(_) => f64::from(u8::from(!axis.same(*a, *b))) / length.powi(2),
                _ => ((bent(*a, warp) - bent(*b, warp)) / length).powi(2),
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

    /// K, noise included.
    fn observed_covariance(&self) -> Array2<f64> {
        let count = self.points.len();
        Array2::from_shape_fn((count, count), |(i, j)| {
            let noise = if i == j { self.hyperparameters.noise_variance } else { 0.0 };
            self.covariance(&self.points[i], &self.points[j]) + noise
        })
    }

    /// Mean and variance at x of ordinary kriging, by Gaussian elimination.
    fn kriging(&self, at: &[f64]) -> (f64, f64) {
        let covariance = self.observed_covariance();
        let losses = Array1::from(self.losses.clone());
        let across: Array1<f64> = self.points.iter().map(|p| self.covariance(at, p)).collect();
        let (unit_weights, _) = eliminate(&covariance, &Array1::ones(losses.len()));
        let mean = unit_weights.dot(&losses) / unit_weights.sum();
        let (pull, _) = eliminate(&covariance, &across);
        let misfit = 1.0 - pull.sum();
        let variance = self.hyperparameters.signal_variance - across.dot(&pull)
            + misfit * misfit / unit_weights.sum();
        (mean + pull.dot(&(losses - mean)), variance)
    }

    /// ln N(y; c 1, K) with c by generalized least squares, all by Gaussian elimination.
    pub(super) fn log_density(&self) -> f64 {
        let covariance = self.observed_covariance();
        let losses = Array1::from(self.losses.clone());
        let (unit_weights, log_determinant) = eliminate(&covariance, &Array1::ones(losses.len()));
        let mean = unit_weights.dot(&losses) / unit_weights.sum();
        let residual = losses - mean;
        let (weights, _) = eliminate(&covariance, &residual);
        let spread = f64::from(u32::try_from(self.losses.len()).unwrap())
            * (2.0 * std::f64::consts::PI).ln();
        -0.5 * (residual.dot(&weights) + log_determinant + spread)
    }

    /// The same problem with its parameters, and the categories of each, in another order.
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

/// A⁻¹ b and ln det A by Gaussian elimination without pivoting, which positive definite matrices do not need.
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
        let known: f64 = (row + 1..count).map(|j| matrix[[row, j]] * right[j]).sum();
        right[row] = (right[row] - known) / matrix[[row, row]];
    }
    (right, log_determinant)
}

fn close(a: &Array1<f64>, b: &Array1<f64>, tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance * a.abs().max(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_kernel_is_symmetric_and_positive_definite(example in example(), seed: u64) {
        let process = example.process();
        let points = [&example.points[..], &example.at[..], &example.points[..1]].concat();
        let scaled =
            process.features.scaled(process.features.rows(&points), &example.hyperparameters);
        let signal = example.hyperparameters.signal_variance;
        let kernel = example.hyperparameters.kernel;
        let (covariance, _) = kernel.self_covariances(scaled.view(), signal);
        let by_definition = Array2::from_shape_fn(covariance.dim(), |(i, j)| {
            example.covariance(&points[i], &points[j])
        });
        // Squared distances come from a product, so they round at 1e-15 or so, whose root counts.
        prop_assert!((&covariance - &by_definition).iter().all(|gap| gap.abs() < 1e-12 * signal));
        prop_assert!((&covariance - &covariance.t()).iter().all(|gap| gap.abs() < 1e-14 * signal));
        let mut rng = Rng::stream(seed, 2);
        let direction = Array1::from_shape_fn(points.len(), |_| rng.normal());
        prop_assert!(direction.dot(&covariance.dot(&direction)) > -1e-10 * signal);
        let noise = Array2::<f64>::eye(points.len()) * (1e-8 * signal);
        prop_assert!(crate::linalg::Cholesky::factor(&(covariance + noise)).is_ok());
    }

    /// The prior variance of a mean of which nothing is known is unbounded; one observation bounds it: seen from that one
    /// alone the variance at x is 2 s + σ² − 2 k(x, x₁).
    #[test]
    fn the_variance_is_positive_and_never_above_what_one_observation_leaves(example in example()) {
        let Prediction { mean, variance } = example.posterior().predict(&example.at);
        let Hyperparameters { signal_variance, noise_variance, .. } = example.hyperparameters;
        for ((at, mean), variance) in example.at.iter().zip(&mean).zip(&variance) {
            // What is predicted is kept above 0 in any case, so it is compared with what is not.
            let (expected, doubt) = example.kriging(at);
            prop_assert!(doubt > -1e-9, "{doubt}");
            prop_assert!(*variance > 0.0 && (variance - doubt).abs() < 1e-9 * doubt.max(1.0));
            prop_assert!((mean - expected).abs() < 1e-9 * expected.abs().max(1.0));
            for point in &example.points {
                let alone = 2.0 * signal_variance + noise_variance
                    - 2.0 * example.covariance(at, point);
                prop_assert!(*variance < alone + 1e-9, "{variance} above {alone}");
            }
        }
    }

    #[test]
    fn observing_equals_conditioning(example in example(), split in 0.0..1.0_f64) {
        let whole = example.posterior();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let first = 1 + (split * (example.points.len() - 1) as f64) as usize;
        let process = example.process();
        let mut grown =
            process.condition(&example.points[..first], &example.losses[..first]).unwrap();
        let before = grown.predict(&example.at);
        grown.observe(&example.points[first..], &example.losses[first..]).unwrap();
        let (a, b) = (grown.predict(&example.at), whole.predict(&example.at));
        prop_assert!(close(&a.mean, &b.mean, 1e-8) && close(&a.variance, &b.variance, 1e-8));
        prop_assert!((grown.log_likelihood() - whole.log_likelihood()).abs() < 1e-7);
        // To know more is never to be less sure.
        prop_assert!((&a.variance - &before.variance).iter().all(|rise| *rise < 1e-9));
        let (_, by_growing) = grown.predict_with_gradients(&example.at);
        let (_, at_once) = whole.predict_with_gradients(&example.at);
        prop_assert!((&by_growing.mean - &at_once.mean).iter().all(|gap| gap.abs() < 1e-6));
        prop_assert!((&by_growing.variance - &at_once.variance).iter().all(|gap| gap.abs() < 1e-6));
    }

    /// What all measurements have and what each has besides add up; and a mean of many is known as well as they are.
    #[test]
    fn known_noise_adds_to_the_common_one(example in example(), part in 0.0..0.99_f64) {
        let Example { axes, points, losses, hyperparameters, at, .. } = &example;
        let whole = hyperparameters.noise_variance;
        let common = Hyperparameters { noise_variance: (1.0 - part) * whole, ..hyperparameters.clone() };
        let process = |hyperparameters: &Hyperparameters| {
            GaussianProcess::new(Features::new(axes), hyperparameters.clone())
        };
        let known = vec![part * whole; losses.len()];
        let split = process(&common).condition(points, Measured::with_noise(losses, &known)).unwrap();
        let plain = process(hyperparameters).condition(points, losses).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-8 * b.abs().max(1.0);
        prop_assert!(close(split.log_likelihood(), plain.log_likelihood()));
        let (split, plain) = (split.predict(at), plain.predict(at));
        for i in 0..at.len() {
            prop_assert!(close(split.mean[i], plain.mean[i]));
            prop_assert!(close(split.variance[i], plain.variance[i]));
        }
    }

    #[test]
    fn what_is_known_badly_counts_for_little(example in example()) {
        let Example { axes, points, losses, hyperparameters, at, .. } = &example;
        let process = GaussianProcess::new(Features::new(axes), hyperparameters.clone());
        let (mut points, mut losses) = (points.clone(), losses.clone());
        let plain = process.clone().condition(&points, &losses).unwrap().predict(at);
        points.push(points[0].clone());
        losses.push(1e3);
        let mut known = vec![0.0; losses.len()];
        known[losses.len() - 1] = 1e15;
        let told = process.condition(&points, Measured::with_noise(&losses, &known)).unwrap().predict(at);
        for i in 0..at.len() {
            prop_assert!((told.mean[i] - plain.mean[i]).abs() < 1e-6);
            prop_assert!((told.variance[i] - plain.variance[i]).abs() < 1e-6);
        }
    }

    /// By two routes: merged, and with a row of its own for each measurement.
    #[test]
    fn replicates_are_merged_without_loss(example in example(), seed: u64) {
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
        let assumptions = Assumptions { kernel: other.hyperparameters.kernel, ..Default::default() };
        let target = fit::Target::new(&features, &other.points, (&other.losses).into(), assumptions);
        let plain = Hyperparameters {
            warps: vec![Warp::NONE; other.axes.len()],
            ..other.hyperparameters.clone()
        };
        let theta = target.logarithms(&plain);
        let (_, gradient) = target.negative_log_posterior(&theta);
        for i in 0..theta.len() {
            let shifted = |step: f64| {
                let mut theta = theta.clone();
                theta[i] += step;
                target.log_posterior(&theta)
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            let scale = gradient.iter().fold(1.0_f64, |scale, g| scale.max(g.abs()));
            prop_assert!((difference + gradient[i]).abs() < 1e-5 * scale);
        }
    }

    /// By two routes: one factorization, and one for each observation left out.
    #[test]
    fn leaving_one_out_is_conditioning_on_the_others(example in example()) {
        let whole = example.posterior();
        // Merged replicates are left out together.
        prop_assume!(whole.count() == example.points.len() && whole.count() > 1);
        let left = whole.leave_one_out();
        for i in 0..example.points.len() {
            let mut others = example.clone();
            let (point, _) = (others.points.remove(i), others.losses.remove(i));
            let Prediction { mean, variance } = others.posterior().predict(&[point]);
            let variance = variance[0] + example.hyperparameters.noise_variance;
            prop_assert!((left.mean[i] - mean[0]).abs() < 1e-6 * mean[0].abs().max(1.0));
            prop_assert!((left.variance[i] / variance - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_order_of_observations_is_irrelevant(example in example(), seed: u64) {
        let order = shuffled(example.points.len(), &mut Rng::stream(seed, 3));
        let other = Example {
            points: order.iter().map(|&i| example.points[i].clone()).collect(),
            losses: order.iter().map(|&i| example.losses[i]).collect(),
            ..example.clone()
        };
        let (a, b) = (example.posterior().predict(&example.at), other.posterior().predict(&other.at));
        prop_assert!(close(&a.mean, &b.mean, 1e-9) && close(&a.variance, &b.variance, 1e-9));
    }

    #[test]
    fn permuted_parameters_and_categories_change_nothing(example in example(), seed: u64) {
        let other = example.permuted(seed);
        let (a, b) = (example.posterior().predict(&example.at), other.posterior().predict(&other.at));
        prop_assert!(close(&a.mean, &b.mean, 1e-9) && close(&a.variance, &b.variance, 1e-9));
        let incumbent = example.losses.iter().copied().fold(f64::INFINITY, f64::min);
        for i in 0..example.at.len() {
            let worth = |p: &Prediction| {
                LogExpectedImprovement.worth(p.mean[i], p.variance[i].sqrt(), incumbent).value
            };
            let (one, two) = (worth(&a), worth(&b));
            prop_assert!((one - two).abs() < 1e-9 * one.abs().max(1.0), "{one} {two}");
        }
        prop_assert!((example.posterior().log_likelihood()
            - other.posterior().log_likelihood()).abs() < 1e-9 * example.log_density().abs().max(1.0));
    }

    #[test]
    fn gradients_of_predictions_are_central_differences(example in example()) {
        let posterior = example.posterior();
        let (prediction, gradients) = posterior.predict_with_gradients(&example.at);
        let plain = posterior.predict(&example.at);
        prop_assert!(close(&prediction.mean, &plain.mean, 1e-12));
        prop_assert!(close(&prediction.variance, &plain.variance, 1e-12));
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
                let want = if flat { (0.0, 0.0) } else { (by_mean, by_variance) };
                let (mean, variance) = (gradients.mean[[i, axis]], gradients.variance[[i, axis]]);
                // The rougher kernels have rougher differences.
                prop_assert!((mean - want.0).abs() < 1e-4 * want.0.abs().max(1.0), "{mean} {want:?}");
                prop_assert!((variance - want.1).abs() < 1e-4 * want.1.abs().max(1.0));
            }
        }
    }
}

/// `tests/golden/gaussian_process.py`: scikit-learn, with the estimated mean put together from its parts.
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
        // Categories are numbers there and cells of an axis here.
        let placed = |points: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            let place = |(axis, value): (&Axis, f64)| match axis {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole")]
                Axis::Categories(_) => axis.coordinate(value as u64),
                _ => value,
            };
            points.into_iter().map(|p| axes.iter().zip(p).map(place).collect()).collect()
        };
        let example = Example {
            hyperparameters: Hyperparameters::new(
                case.length_scales,
                case.signal_variance,
                case.noise_variance,
            ),
            points: placed(case.points),
            losses: case.losses,
            at: placed(case.at),
            axes: axes.clone(),
        };
        let posterior = example.posterior();
        let prediction = posterior.predict(&example.at);
        assert!(close(&prediction.mean, &Array1::from(case.mean), 1e-9));
        assert!(close(&prediction.variance, &Array1::from(case.variance), 1e-9));
        assert!((posterior.log_likelihood() - case.log_likelihood).abs() < 1e-8);
    }
}
