//! A function drawn from the posterior, known everywhere at once.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | ωᵢ, bᵢ, wᵢ | frequencies, phases and amplitudes of F waves | q, –, – |
//! | g(x) = √(2 s ⁄ F) Σᵢ wᵢ cos(ωᵢ · x̃ + bᵢ) | a function drawn from the prior, nearly (Rahimi & Recht 2007) | – |
//! | ε | noise of the observations, drawn | n |
//! | r = y − g(X) − ε | what that function leaves to be explained | n |
//!
//! f(x) = g(x) + c + kᵀ K⁻¹ (r − c 1), with c by generalized least squares from r, is a draw from the posterior (Matheron's rule;
//! Wilson et al. 2020, eq. 13). Frequencies of the Matérn kernel of ν are those of a t distribution with 2 ν degrees of freedom; those
//! of the squared exponential are normal.

use std::f64::consts::PI;

use ndarray::{Array1, Array2, Axis};

use super::kernel::Kernel;
use super::posterior::Posterior;
use crate::linalg;
use crate::rng::Rng;

/// F.
const WAVES: usize = 512;

/// A function drawn from a posterior.
#[derive(Debug, Clone)]
pub struct SamplePath<'a> {
    posterior: &'a Posterior,
    /// ω, F × q.
    frequencies: Array2<f64>,
    /// b, F.
    phases: Array1<f64>,
    /// √(2 s ⁄ F) w, F.
    amplitudes: Array1<f64>,
    /// K⁻¹ (r − c 1), n.
    weights: Array1<f64>,
    mean: f64,
}

impl<'a> SamplePath<'a> {
    /// A draw.
    pub fn draw(posterior: &'a Posterior, rng: &mut Rng) -> Self {
        let hyperparameters = posterior.process().hyperparameters();
        let rows = posterior.observed_rows();
        let mut frequencies = Array2::from_shape_fn((WAVES, rows.ncols()), |_| rng.normal());
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
        let phases = Array1::from_shape_fn(WAVES, |_| 2.0 * PI * rng.uniform());
        #[allow(clippy::cast_precision_loss, reason = "a count of waves")]
        let height = (2.0 * hyperparameters.signal_variance / WAVES as f64).sqrt();
        let amplitudes = Array1::from_shape_fn(WAVES, |_| height * rng.normal());
        let mut path = Self {
            posterior,
            frequencies,
            phases,
            amplitudes,
            weights: Array1::zeros(0),
            mean: 0.0,
        };
        let noise = posterior.noise().mapv(|variance| variance.sqrt() * rng.normal());
        let left = posterior.losses() - &path.waves(rows).0 - &noise;
        let (weights, means) = posterior.weights_of(&left.insert_axis(Axis(1)));
        path.weights = weights.remove_axis(Axis(1));
        path.mean = means[0];
        path
    }

    /// Values at m points.
    pub fn values<P: AsRef<[f64]>>(&self, points: &[P]) -> Array1<f64> {
        let scaled = self.posterior.process().scaled(points);
        let covariances = self.posterior.covariances_with(&scaled);
        self.waves(&scaled).0 + covariances.dot(&self.weights) + self.mean
    }

    /// Values at m points, and gradients by the coordinates (m × d), zero along categories.
    pub fn values_and_gradients<P: AsRef<[f64]>>(
        &self,
        points: &[P],
    ) -> (Array1<f64>, Array2<f64>) {
        let local = self.posterior.locate(points);
        let (waves, angles) = self.waves(&local.scaled);
        let values = waves + local.covariances.dot(&self.weights) + self.mean;
        let weights = self.weights.view().insert_axis(Axis(0));
        let none = Array1::zeros(points.len());
        let mut gradient = self.posterior.gradient(&local, weights, none.view());

        let slopes = angles.mapv(f64::sin) * &self.amplitudes * -1.0;
        let by_column = linalg::product(slopes.view(), self.frequencies.view());
        let process = self.posterior.process();
        let mut by_axis = Array2::zeros(gradient.raw_dim());
        for (column, axis) in process.features().smooth_columns() {
            let scale = 1.0 / process.hyperparameters().length_scales[axis];
            by_axis.column_mut(axis).assign(&(&by_column.column(column) * scale));
        }
        local.bend(&mut by_axis);
        gradient += &by_axis;
        (values, gradient)
    }

    /// g at scaled rows (m), and the angles of all waves there (m × F).
    fn waves(&self, rows: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
        let angles = linalg::product(rows.view(), self.frequencies.t()) + &self.phases;
        (angles.mapv(f64::cos).dot(&self.amplitudes), angles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Axis as CubeAxis;
    use crate::gp::{Features, GaussianProcess, Hyperparameters, Warp};

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
        let seen = points(6, 1);
        let losses: Vec<f64> = seen.iter().map(|p| (5.0 * p[0]).sin() + p[1] - p[2]).collect();
        let hyperparameters = Hyperparameters {
            kernel,
            warps: vec![Warp { a: 1.3, b: 0.7 }, Warp::NONE, Warp::NONE],
            ..Hyperparameters::new(vec![0.5, 1.0, 0.9], 1.3, 1e-2)
        };
        GaussianProcess::new(Features::new(&AXES), hyperparameters)
            .condition(&seen, &losses)
            .unwrap()
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_the_posterior() {
        for kernel in [Kernel::Matern52, Kernel::Matern32, Kernel::SquaredExponential] {
            let posterior = posterior(kernel);
            let at = points(5, 2);
            let wanted = posterior.predict(&at);
            let draws: Vec<Array1<f64>> = (0..3000)
                .map(|i| SamplePath::draw(&posterior, &mut Rng::stream(7, i)).values(&at))
                .collect();
            for i in 0..at.len() {
                let values: Array1<f64> = draws.iter().map(|draw| draw[i]).collect();
                let mean = values.mean().unwrap();
                let variance = values.mapv(|v| (v - mean).powi(2)).mean().unwrap();
                let doubt = wanted.variance[i];
                assert!((mean - wanted.mean[i]).abs() < 0.08 * doubt.sqrt() + 1e-3, "{kernel:?}");
                assert!((variance / doubt - 1.0).abs() < 0.12, "{kernel:?} {variance} {doubt}");
            }
        }
    }

    #[test]
    fn gradients_are_central_differences() {
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
