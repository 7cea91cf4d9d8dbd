//! The posterior: a process that has seen data. It predicts, and it grows by further observations.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y, c, α, K, s, σ² | as in [`gp`](super) | n, –, n, n × n, –, – |
//! | x̃, z̃ | features of observed and of new points, divided by their length scales | n × q, m × q |
//! | k, B = k K⁻¹ | covariances of new points with the observed ones, and the same by K⁻¹ | m × n |
//! | w = K⁻¹ 1 | weights of the mean | n |
//! | e = 1 − B 1 | what the observations leave to the mean | m |
//! | G | slopes of the covariances k (see [`kernel`](super::kernel)) | m × n |
//!
//! Means and variances are μ = c + k α and v = s − diag(B kᵀ) + e² ⁄ (1ᵀ w). By a coordinate z of a new point, with a length scale
//! ℓ, they change by
//!
//! `∂μ⁄∂z = −Σ_b G_b α_b (z̃ − x̃_b) ⁄ ℓ`,  `∂v⁄∂z = 2 Σ_b G_b (B_b + e w_b ⁄ 1ᵀw) (z̃ − x̃_b) ⁄ ℓ`.

use ndarray::{Array1, Array2, ArrayView2, Axis, Zip, concatenate};

use super::fit::{generalized_mean, log_density};
use super::{GaussianProcess, Hyperparameters, kernel};
use crate::error::Error;
use crate::linalg::{self, Cholesky};

/// Variances are kept above this share of the signal variance, against rounding.
const LEAST_VARIANCE: f64 = 1e-12;

/// Means and variances of the noise-free function at m points, in transformed units.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// m means.
    pub mean: Array1<f64>,
    /// m variances, all positive.
    pub variance: Array1<f64>,
}

/// Gradients of a [`Prediction`] by the coordinates of the points, m × d; zero along categories and constant axes.
#[derive(Debug, Clone)]
pub struct PredictionGradients {
    /// Of the means.
    pub mean: Array2<f64>,
    /// Of the variances.
    pub variance: Array2<f64>,
}

/// A Gaussian process conditioned on observations.
#[derive(Debug, Clone)]
pub struct Posterior {
    process: GaussianProcess,
    /// x̃, n × q.
    scaled: Array2<f64>,
    losses: Array1<f64>,
    cholesky: Cholesky,
    /// K⁻¹.
    inverse: Array2<f64>,
    /// K⁻¹ 1.
    unit_weights: Array1<f64>,
    mean: f64,
    /// α.
    weights: Array1<f64>,
}

impl GaussianProcess {
    /// Conditions the process on transformed losses (n) at `points` (n).
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the covariance cannot be factored. A noise variance of 10⁻⁸ of the signal variance
    /// or more rules that out for finite data.
    ///
    /// # Panics
    /// If there are no points, or not as many losses.
    pub fn condition<P: AsRef<[f64]>>(
        self,
        points: &[P],
        losses: &[f64],
    ) -> Result<Posterior, Error> {
        assert!(!points.is_empty(), "there is nothing to condition on");
        assert_eq!(points.len(), losses.len(), "one loss per point");
        let scaled = self.scaled(points);
        let signal = self.hyperparameters.signal_variance;
        let mut covariance = kernel::self_covariances(scaled.view(), signal).0;
        covariance.diag_mut().map_inplace(|entry| *entry += self.hyperparameters.noise_variance);
        let cholesky = Cholesky::factor(&covariance)?;
        let inverse = cholesky.inverse();
        let mut posterior = Posterior {
            process: self,
            scaled,
            losses: Array1::from(losses.to_vec()),
            cholesky,
            inverse,
            unit_weights: Array1::zeros(0),
            mean: 0.0,
            weights: Array1::zeros(0),
        };
        posterior.weigh();
        Ok(posterior)
    }

    fn scaled<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        self.features.scaled(self.features.rows(points), &self.hyperparameters.length_scales)
    }
}

impl Posterior {
    /// The process that was conditioned.
    pub fn process(&self) -> &GaussianProcess {
        &self.process
    }

    /// Number of observations n.
    pub fn count(&self) -> usize {
        self.losses.len()
    }

    /// The evidence: log density of the losses under the process, its mean being the estimated one (Rasmussen & Williams
    /// 2006, eq. 2.30).
    pub fn log_likelihood(&self) -> f64 {
        let residual = &self.losses - self.mean;
        log_density(residual.dot(&self.weights), &self.cholesky)
    }

    /// Means and variances at m points.
    pub fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> Prediction {
        let scaled = self.process.scaled(points);
        let signal = self.process.hyperparameters.signal_variance;
        self.predict_from(kernel::covariances(scaled.view(), self.scaled.view(), signal).0).0
    }

    /// The same with gradients by the coordinates.
    pub fn predict_with_gradients<P: AsRef<[f64]>>(
        &self,
        points: &[P],
    ) -> (Prediction, PredictionGradients) {
        let signal = self.process.hyperparameters.signal_variance;
        let scaled = self.process.scaled(points);
        let (covariances, slopes) = kernel::covariances(scaled.view(), self.scaled.view(), signal);
        let (prediction, mut pull, misfit) = self.predict_from(covariances);

        // ∂v⁄∂k_b = −2 (B_b + misfit w_b ⁄ 1ᵀK⁻¹1), where the second part comes from the mean being estimated.
        let share = &misfit / self.unit_weights.sum();
        for (mut row, share) in pull.rows_mut().into_iter().zip(&share) {
            row.scaled_add(*share, &self.unit_weights);
        }
        let floor = LEAST_VARIANCE * signal;
        for (mut row, variance) in pull.rows_mut().into_iter().zip(&prediction.variance) {
            if *variance <= floor {
                row.fill(0.0);
            }
        }
        let by_mean = self.gradient(&slopes * &self.weights, scaled.view(), -1.0);
        let by_variance = self.gradient(slopes * pull, scaled.view(), 2.0);
        (prediction, PredictionGradients { mean: by_mean, variance: by_variance })
    }

    /// Prediction, B = k K⁻¹ (m × n) and 1 − B 1 (m), from covariances k (m × n).
    fn predict_from(&self, covariances: Array2<f64>) -> (Prediction, Array2<f64>, Array1<f64>) {
        let Self { inverse, weights, unit_weights, .. } = self;
        let signal = self.process.hyperparameters.signal_variance;
        let pull = linalg::product(covariances.view(), inverse.view());
        let mean = covariances.dot(weights) + self.mean;
        let misfit = 1.0 - pull.sum_axis(Axis(1));
        let explained = (&covariances * &pull).sum_axis(Axis(1));
        let mut variance = signal - explained;
        let unit_total = unit_weights.sum();
        Zip::from(&mut variance).and(&misfit).for_each(|variance, misfit| {
            *variance = (*variance + misfit * misfit / unit_total).max(LEAST_VARIANCE * signal);
        });
        (Prediction { mean, variance }, pull, misfit)
    }

    /// `factor · Σ_b V_ab (z_aj − x_bj) ⁄ ℓⱼ²` for coefficients V (m × n) and scaled points (m × q): m × d.
    fn gradient(
        &self,
        coefficients: Array2<f64>,
        at: ArrayView2<'_, f64>,
        factor: f64,
    ) -> Array2<f64> {
        let features = &self.process.features;
        let sums = coefficients.sum_axis(Axis(1));
        let products = linalg::product(coefficients.view(), self.scaled.view());
        let mut gradient = Array2::zeros((at.nrows(), features.axis_count()));
        for (column, axis) in features.smooth_columns() {
            let scale = factor / self.process.hyperparameters.length_scales[axis];
            Zip::from(gradient.column_mut(axis))
                .and(&sums)
                .and(at.column(column))
                .and(products.column(column))
                .for_each(|slope, sum, z, product| *slope = scale * (sum * z - product));
        }
        gradient
    }

    /// Takes on p more observations, transformed losses at `points`; equal to conditioning on all of them, in O(n² p).
    ///
    /// With u = K⁻¹ k for the covariances k with the old observations, and S the covariance of the new ones given the old, the
    /// new inverse is [[K⁻¹ + u S⁻¹ uᵀ, −u S⁻¹], [−S⁻¹ uᵀ, S⁻¹]].
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the larger covariance is not; the posterior is then unchanged.
    ///
    /// # Panics
    /// If there are not as many losses as points.
    pub fn observe<P: AsRef<[f64]>>(&mut self, points: &[P], losses: &[f64]) -> Result<(), Error> {
        assert_eq!(points.len(), losses.len(), "one loss per point");
        if points.is_empty() {
            return Ok(());
        }
        let count = self.count();
        let scaled = self.process.scaled(points);
        let Hyperparameters { signal_variance, noise_variance, .. } = self.process.hyperparameters;
        let cross = kernel::covariances(self.scaled.view(), scaled.view(), signal_variance).0;
        let mut corner = kernel::self_covariances(scaled.view(), signal_variance).0;
        corner.diag_mut().map_inplace(|entry| *entry += noise_variance);
        self.cholesky.grow(&cross, &corner)?;

        let precision = self.cholesky.complement(count).inverse();
        let explained = linalg::product(self.inverse.view(), cross.view());
        let weighted = linalg::product(explained.view(), precision.view());
        let old = &self.inverse + &linalg::product(weighted.view(), explained.t());
        let across = -weighted;
        let upper = concatenate![Axis(1), old, across];
        let lower = concatenate![Axis(1), across.t(), precision];
        self.inverse = concatenate![Axis(0), upper, lower];
        self.scaled = concatenate![Axis(0), self.scaled, scaled];
        self.losses = self.losses.iter().chain(losses).copied().collect();
        self.weigh();
        Ok(())
    }

    /// Observes at `points` what is expected there: the mean stays as it is everywhere, the variance shrinks. Gives the
    /// believed losses (kriging believer, Ginsbourger et al. 2010). Because believing moves no mean, all points at once are
    /// the same as one after the other.
    ///
    /// # Errors
    /// Those of [`observe`](Self::observe).
    pub fn believe<P: AsRef<[f64]>>(&mut self, points: &[P]) -> Result<Vec<f64>, Error> {
        let believed = self.predict(points).mean.to_vec();
        self.observe(points, &believed)?;
        Ok(believed)
    }

    /// Mean and weights from the factor.
    fn weigh(&mut self) {
        self.unit_weights = self.inverse.sum_axis(Axis(1));
        self.mean = generalized_mean(self.losses.view(), self.unit_weights.view());
        let residual = &self.losses - self.mean;
        self.weights = self.cholesky.solve(residual.view());
    }
}

#[cfg(test)]
mod tests;
