//! Sample paths: functions drawn from the posterior, which can be evaluated at any point.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | ωᵢ, bᵢ, wᵢ | frequencies, phases and amplitudes of F random Fourier features | q, –, – |
//! | g(x) = √(2 s ⁄ F) Σᵢ wᵢ cos(ωᵢ · x̃ + bᵢ) | approximate draw from the prior | – |
//! | ε | drawn noise of the observations | n |
//! | r = y − g(X) − ε | residuals of the observations | n |
//!
//! For g see Rahimi & Recht 2007. f(x) = g(x) + c + kᵀ K⁻¹ (r − c 1) is a draw from the posterior
//! (Matheron's rule; Wilson et al. 2020, eq. 13). Generalized least squares give c from r. The
//! frequencies of the Matérn kernel of order ν follow a t distribution with 2 ν degrees of
//! freedom. Those of the squared exponential kernel are normal.

use std::f64::consts::PI;

use ndarray::{Array1, Array2, Axis};

use super::kernel::Kernel;
use super::posterior::Posterior;
use crate::linalg;
use crate::rng::Rng;

/// Number F of random Fourier features.
const FOURIER_FEATURES: usize = 512;

/// A function drawn from a posterior, for Thompson sampling.
#[derive(Debug, Clone)]
pub struct SamplePath<'a> {
    posterior: &'a Posterior,
    /// Frequencies ω, F × q.
    frequencies: Array2<f64>,
    /// Phases b of the features, F.
    phases: Array1<f64>,
    /// Scaled amplitudes √(2 s ⁄ F) w, F.
    amplitudes: Array1<f64>,
    /// Weights K⁻¹ (r − c 1), n.
    weights: Array1<f64>,
    mean: f64,
}

impl<'a> SamplePath<'a> {
    /// Draws a function from a posterior.
    pub fn draw(posterior: &'a Posterior, rng: &mut Rng) -> Self {
        let hyperparameters = posterior.process().hyperparameters();
        let rows = posterior.observed_rows();
        let shape = (FOURIER_FEATURES, rows.ncols());
        let mut frequencies = Array2::from_shape_fn(shape, |_| rng.normal());
        let degrees = match hyperparameters.kernel {
            Kernel::Matern52 => 5,
            Kernel::Matern32 => 3,
            Kernel::SquaredExponential => 0,
        };
        if degrees > 0 {
            for mut frequency in frequencies.rows_mut() {
                let degrees = f64::from(degrees);
                frequency *= (degrees / rng.chi_squared(degrees)).sqrt();
            }
        }
        let phases = Array1::from_shape_fn(FOURIER_FEATURES, |_| 2.0 * PI * rng.uniform());
        #[allow(clippy::cast_precision_loss, reason = "a count of features")]
        let amplitude = (2.0 * hyperparameters.signal_variance / FOURIER_FEATURES as f64).sqrt();
        let amplitudes = Array1::from_shape_fn(FOURIER_FEATURES, |_| amplitude * rng.normal());
        let mut path = Self {
            posterior,
            frequencies,
            phases,
            amplitudes,
            weights: Array1::zeros(0),
            mean: 0.0,
        };
        let noise = posterior.noise().mapv(|variance| variance.sqrt() * rng.normal());
        let residual = posterior.losses() - &path.prior_function(rows).0 - &noise;
        let (weights, means) = posterior.solve_weights(&residual.insert_axis(Axis(1)));
        path.weights = weights.remove_axis(Axis(1));
        path.mean = means[0];
        path
    }

    /// Returns the values of the function at m points (m).
    pub fn values<P: AsRef<[f64]>>(&self, points: &[P]) -> Array1<f64> {
        let scaled = self.posterior.process().scaled_rows(points);
        let covariances = self.posterior.covariances_with(&scaled);
        self.prior_function(&scaled).0 + covariances.dot(&self.weights) + self.mean
    }

    /// Returns the values at m points (m), and their gradients (m × d).
    ///
    /// The gradients are zero along categorical axes.
    pub fn values_and_gradients<P: AsRef<[f64]>>(
        &self,
        points: &[P],
    ) -> (Array1<f64>, Array2<f64>) {
        let terms = self.posterior.prediction_terms(points);
        let (prior, angles) = self.prior_function(&terms.scaled);
        let values = prior + terms.covariances.dot(&self.weights) + self.mean;
        let weights = self.weights.view().insert_axis(Axis(0));
        let zeros = Array1::zeros(points.len());
        let mut gradient = self.posterior.gradient(&terms, weights, zeros.view());

        let angle_derivatives = angles.mapv(f64::sin) * &self.amplitudes * -1.0;
        let by_column = linalg::product(angle_derivatives.view(), self.frequencies.view());
        let process = self.posterior.process();
        let mut by_axis = Array2::zeros(gradient.raw_dim());
        for (column, axis) in process.features().numeric_columns() {
            let scale = 1.0 / process.hyperparameters().length_scales[axis];
            by_axis.column_mut(axis).assign(&(&by_column.column(column) * scale));
        }
        terms.apply_warp_derivatives(&mut by_axis);
        gradient += &by_axis;
        (values, gradient)
    }

    /// Returns g (m) and the angles of all Fourier features (m × F) at m scaled rows.
    fn prior_function(&self, rows: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
        let angles = linalg::product(rows.view(), self.frequencies.t()) + &self.phases;
        (angles.mapv(f64::cos).dot(&self.amplitudes), angles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gp::{Features, GaussianProcess, Hyperparameters, Warp};
    use crate::unit_cube::Axis as CubeAxis;

    const AXES: [CubeAxis; 3] = [
        CubeAxis::Continuous { resolution: 1e-7 },
        CubeAxis::Categories(4),
        CubeAxis::Continuous { resolution: 1e-7 },
    ];

    fn points(count: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut rng = Rng::stream(seed, 0);
        (0..count).map(|_| AXES.iter().map(|axis| axis.snap(rng.uniform())).collect()).collect()
    }

    fn posterior(kernel: Kernel) -> Posterior {
        let observed = points(6, 1);
        let losses: Vec<f64> = observed.iter().map(|p| (5.0 * p[0]).sin() + p[1] - p[2]).collect();
        let hyperparameters = Hyperparameters {
            kernel,
            warps: vec![Warp { a: 1.3, b: 0.7 }, Warp::IDENTITY, Warp::IDENTITY],
            ..Hyperparameters::new(vec![0.5, 1.0, 0.9], 1.3, 1e-2)
        };
        GaussianProcess::new(Features::new(&AXES), hyperparameters)
            .condition(&observed, &losses)
            .unwrap()
    }

    #[test]
    fn sample_paths_have_the_mean_and_variance_of_the_posterior() {
        for kernel in [Kernel::Matern52, Kernel::Matern32, Kernel::SquaredExponential] {
            let posterior = posterior(kernel);
            let at = points(5, 2);
            let expected = posterior.predict(&at);
            let draws: Vec<Array1<f64>> = (0..3000)
                .map(|i| SamplePath::draw(&posterior, &mut Rng::stream(7, i)).values(&at))
                .collect();
            for i in 0..at.len() {
                let values: Array1<f64> = draws.iter().map(|draw| draw[i]).collect();
                let mean = values.mean().unwrap();
                let variance = values.mapv(|v| (v - mean).powi(2)).mean().unwrap();
                let expected_variance = expected.variance[i];
                let tolerance = 0.08 * expected_variance.sqrt() + 1e-3;
                assert!((mean - expected.mean[i]).abs() < tolerance, "{kernel:?}");
                let ratio = variance / expected_variance;
                assert!((ratio - 1.0).abs() < 0.12, "{kernel:?}: {ratio}");
            }
        }
    }

    #[test]
    fn gradients_match_central_differences() {
        let posterior = posterior(Kernel::Matern52);
        let path = SamplePath::draw(&posterior, &mut Rng::stream(8, 0));
        for at in points(4, 3) {
            let (value, gradient) = path.values_and_gradients(std::slice::from_ref(&at));
            assert!((value[0] - path.values(std::slice::from_ref(&at))[0]).abs() < 1e-12);
            for axis in [0, 2] {
                let shifted = |step: f64| {
                    let mut at = at.clone();
                    at[axis] += step;
                    path.values(&[at])[0]
                };
                let difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                assert!(
                    (gradient[[0, axis]] - difference).abs() < 1e-5 * difference.abs().max(1.0)
                );
            }
            assert!(gradient[[0, 1]].abs() < f64::EPSILON);
        }
    }
}
