//! The posterior of a Gaussian process: predictions, their gradients, and new observations.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y, c, α, K | as in [`gp`](super), replicates merged (see `measurements`) | n, –, n, n × n |
//! | s, σ² | signal variance, noise variance | – |
//! | x̃, z̃ | warped and scaled features of observed and of new points | n × q, m × q |
//! | k, B = k K⁻¹ | covariances of new points with the observed ones, and kriging weights | m × n |
//! | w = K⁻¹ 1 | weights of the mean | n |
//! | e = 1 − B 1 | residual weight of the mean in predictions | m |
//! | G | slopes of the covariances k (see [`kernel`](super::kernel)) | m × n |
//!
//! Means and variances are μ = c + k α and v = s − diag(B kᵀ) + e² ⁄ (1ᵀ w). Their derivatives with
//! respect to a coordinate z of a new point, with length scale ℓ and derivative w′ of the warp, are
//!
//! `∂μ⁄∂z = −Σ_b G_b α_b (z̃ − x̃_b) w′ ⁄ ℓ`,
//! `∂v⁄∂z = 2 Σ_b G_b (B_b + e w_b ⁄ 1ᵀw) (z̃ − x̃_b) w′ ⁄ ℓ`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip, concatenate};

use super::fit::{generalized_mean, log_density};
use super::gaussian_process::GaussianProcess;
use super::hyperparameters::Hyperparameters;
use super::measurements::{Measurements, MergedMeasurements};
use crate::error::Error;
use crate::linalg::{self, Cholesky};

/// Minimum variance of a prediction as a share of the signal variance, which hides rounding errors.
const MIN_VARIANCE_SHARE: f64 = 1e-12;

/// Means and variances of the noise-free function at m points, in transformed losses.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Posterior means of the function (m).
    pub mean: Array1<f64>,
    /// Posterior variances of the function (m); all are positive.
    pub variance: Array1<f64>,
}

/// Gradients of a [`Prediction`] with respect to the coordinates of the m points.
///
/// They are zero along categorical and constant axes.
#[derive(Debug, Clone)]
pub struct PredictionGradients {
    /// Gradients of the means, m × d.
    pub mean: Array2<f64>,
    /// Gradients of the variances, m × d.
    pub variance: Array2<f64>,
}

/// A Gaussian process conditioned on observations.
#[derive(Debug, Clone)]
pub struct Posterior {
    process: GaussianProcess,
    /// Scaled features x̃, n × q.
    scaled: Array2<f64>,
    losses: Array1<f64>,
    /// Noise variances of the losses, n.
    noise: Array1<f64>,
    /// Log density of the replicates given their means.
    replicate_log_density: f64,
    cholesky: Cholesky,
    /// Inverse covariance K⁻¹, n × n.
    inverse: Array2<f64>,
    /// Weights w = K⁻¹ 1 of the mean, n.
    unit_weights: Array1<f64>,
    mean: f64,
    /// Weights α of the observations, n.
    weights: Array1<f64>,
}

/// Intermediate results that all means and gradients at m points share.
#[derive(Debug, Clone)]
pub struct PredictionTerms {
    /// Scaled features z̃, m × q.
    pub(super) scaled: Array2<f64>,
    /// Derivatives of the warps w′, m × d; `None` if no axis is warped.
    warp_derivatives: Option<Array2<f64>>,
    /// Covariances k, m × n.
    pub(super) covariances: Array2<f64>,
    /// Slopes G, m × n.
    slopes: Array2<f64>,
    /// Kriging weights B, m × n.
    kriging_weights: Array2<f64>,
    /// Residual weights of the mean e, m.
    mean_residual: Array1<f64>,
    /// Posterior variances v, m.
    pub(super) variance: Array1<f64>,
}

impl PredictionTerms {
    /// Applies the chain rule: converts gradients with respect to warped coordinates into gradients
    /// with respect to coordinates.
    pub(super) fn apply_warp_derivatives(&self, gradient: &mut Array2<f64>) {
        if let Some(warp_derivatives) = &self.warp_derivatives {
            *gradient *= warp_derivatives;
        }
    }
}

impl GaussianProcess {
    /// Conditions the process on transformed losses at `points`.
    ///
    /// Measurements at the same point are merged into their mean. This makes the matrices smaller
    /// and changes no result.
    ///
    /// # Errors
    /// Returns [`Error::NotPositiveDefinite`] if the covariance cannot be factored. For finite data
    /// this does not occur if the noise variance is at least 10⁻⁸ of the signal variance.
    ///
    /// # Panics
    /// Panics if `points` is empty, or if the number of losses differs.
    pub fn condition<'a, P: AsRef<[f64]>>(
        self,
        points: &[P],
        losses: impl Into<Measurements<'a>>,
    ) -> Result<Posterior, Error> {
        assert!(!points.is_empty(), "there is nothing to condition on");
        let sample = MergedMeasurements::new(points, losses.into());
        let scaled = self.scaled_rows(&sample.distinct(points));
        let mut covariance = self.self_covariances(&scaled);
        let noise = sample.noise(self.hyperparameters.noise_variance);
        covariance.diag_mut().zip_mut_with(&noise, |entry, noise| *entry += noise);
        let cholesky = Cholesky::factor(&covariance)?;
        let inverse = cholesky.inverse();
        let replicate_log_density =
            sample.replicate_log_density(self.hyperparameters.noise_variance).0;
        let mut posterior = Posterior {
            process: self,
            scaled,
            losses: sample.losses,
            noise,
            replicate_log_density,
            cholesky,
            inverse,
            unit_weights: Array1::zeros(0),
            mean: 0.0,
            weights: Array1::zeros(0),
        };
        posterior.update_weights();
        Ok(posterior)
    }

    fn self_covariances(&self, scaled: &Array2<f64>) -> Array2<f64> {
        let Hyperparameters { kernel, signal_variance, .. } = self.hyperparameters;
        kernel.self_covariances(scaled.view(), signal_variance).0
    }

    /// Returns covariances and their slopes between scaled rows.
    fn covariances(&self, a: &Array2<f64>, b: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
        let Hyperparameters { kernel, signal_variance, .. } = self.hyperparameters;
        kernel.covariances(a.view(), b.view(), signal_variance)
    }

    /// Returns covariances between scaled rows, without slopes.
    fn values(&self, a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
        let Hyperparameters { kernel, signal_variance, .. } = self.hyperparameters;
        kernel.values(a.view(), b.view(), signal_variance)
    }

    pub(super) fn scaled_rows<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        self.features.scale(self.features.rows(points), &self.hyperparameters)
    }
}

impl Posterior {
    /// Returns the process that was conditioned.
    pub fn process(&self) -> &GaussianProcess {
        &self.process
    }

    /// Returns the number n of merged observations, including those that were added later.
    pub fn count(&self) -> usize {
        self.losses.len()
    }

    /// Returns the log marginal likelihood of the losses.
    ///
    /// The mean is the estimated one (Rasmussen & Williams 2006, eq. 2.30).
    pub fn log_likelihood(&self) -> f64 {
        let residual = &self.losses - self.mean;
        log_density(residual.dot(&self.weights), &self.cholesky) + self.replicate_log_density
    }

    /// Predicts each observed loss from all other losses: n means and variances, noise included.
    ///
    /// The equation is Rasmussen & Williams 2006, eq. 5.12, with K⁻¹ − w wᵀ ⁄ 1ᵀw in the place of
    /// K⁻¹, because the mean is estimated. With a single observation, the variance is huge.
    pub fn leave_one_out(&self) -> Prediction {
        let total = self.unit_weights.sum();
        let precision = &self.inverse.diag() - &(&self.unit_weights * &self.unit_weights / total);
        let precision = precision.mapv(|precision| precision.max(f64::MIN_POSITIVE));
        let mean = &self.losses - &(&self.weights / &precision);
        Prediction { mean, variance: 1.0 / precision }
    }

    /// Predicts means and variances at m points.
    pub fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> Prediction {
        let covariances = self.covariances_with(&self.process.scaled_rows(points));
        let variance = self.kriging_terms(&covariances).2;
        Prediction { mean: covariances.dot(&self.weights) + self.mean, variance }
    }

    /// Predicts means and variances at m points, with their gradients.
    pub fn predict_with_gradients<P: AsRef<[f64]>>(
        &self,
        points: &[P],
    ) -> (Prediction, PredictionGradients) {
        let terms = self.prediction_terms(points);
        let mean = terms.covariances.dot(&self.weights) + self.mean;
        let (zeros, ones) = (Array1::zeros(points.len()), Array1::ones(points.len()));
        let weights = self.weights.view().insert_axis(Axis(0));
        let gradients = PredictionGradients {
            mean: self.gradient(&terms, weights, zeros.view()),
            variance: self.gradient(&terms, Array2::zeros((1, self.count())).view(), ones.view()),
        };
        (Prediction { mean, variance: terms.variance }, gradients)
    }

    /// Returns the covariances k between scaled rows and the observed ones, m × n.
    pub(super) fn covariances_with(&self, scaled: &Array2<f64>) -> Array2<f64> {
        self.process.values(scaled, &self.scaled)
    }

    /// Computes B, e and v from the covariances k (m × n).
    pub(super) fn kriging_terms(
        &self,
        covariances: &Array2<f64>,
    ) -> (Array2<f64>, Array1<f64>, Array1<f64>) {
        let signal = self.process.hyperparameters.signal_variance;
        let kriging_weights = linalg::product(covariances.view(), self.inverse.view());
        let mean_residual = 1.0 - kriging_weights.sum_axis(Axis(1));
        let rows = covariances.rows().into_iter().zip(kriging_weights.rows());
        let mut variance: Array1<f64> = rows
            .map(|(covariances, kriging_weights)| signal - covariances.dot(&kriging_weights))
            .collect();
        let unit_total = self.unit_weights.sum();
        Zip::from(&mut variance).and(&mean_residual).for_each(|variance, mean_residual| {
            *variance = (*variance + mean_residual * mean_residual / unit_total)
                .max(MIN_VARIANCE_SHARE * signal);
        });
        (kriging_weights, mean_residual, variance)
    }

    /// Computes the intermediate results that all means and gradients at m points share.
    pub(super) fn prediction_terms<P: AsRef<[f64]>>(&self, points: &[P]) -> PredictionTerms {
        let process = &self.process;
        let scaled = process.scaled_rows(points);
        let (covariances, slopes) = process.covariances(&scaled, &self.scaled);
        let (kriging_weights, mean_residual, variance) = self.kriging_terms(&covariances);
        let warp_derivatives =
            process.features.warp_derivatives(points, &process.hyperparameters.warps);
        PredictionTerms {
            scaled,
            warp_derivatives,
            covariances,
            slopes,
            kriging_weights,
            mean_residual,
            variance,
        }
    }

    /// Returns the gradients (m × d) of `c + Σ_b k_b A_ab + r_a v_a` at m points a.
    ///
    /// The weights A are m × n, or one row for all points. The rates r are m numbers.
    pub(super) fn gradient(
        &self,
        terms: &PredictionTerms,
        weights: ArrayView2<'_, f64>,
        rates: ArrayView1<'_, f64>,
    ) -> Array2<f64> {
        let PredictionTerms { slopes, kriging_weights, mean_residual, variance, .. } = terms;
        let floor = MIN_VARIANCE_SHARE * self.process.hyperparameters.signal_variance;
        let unit_total = self.unit_weights.sum();
        let weights = weights.broadcast(slopes.raw_dim()).expect("m rows, or one");
        let mut coefficients = slopes.clone();
        for (a, mut row) in coefficients.rows_mut().into_iter().enumerate() {
            // At its floor, a variance is constant.
            let rate = if variance[a] <= floor { 0.0 } else { 2.0 * rates[a] };
            let mean_share = mean_residual[a] / unit_total;
            Zip::from(&mut row)
                .and(weights.row(a))
                .and(kriging_weights.row(a))
                .and(&self.unit_weights)
                .for_each(|coefficient, weight, kriging_weight, unit| {
                    *coefficient *= rate * (kriging_weight + mean_share * unit) - weight;
                });
        }
        self.coordinate_gradient(coefficients, terms)
    }

    /// Returns `Σ_b V_ab (z̃_aj − x̃_bj) w′ ⁄ ℓⱼ` (m × d) for coefficients V (m × n).
    fn coordinate_gradient(
        &self,
        coefficients: Array2<f64>,
        terms: &PredictionTerms,
    ) -> Array2<f64> {
        let features = &self.process.features;
        let sums = coefficients.sum_axis(Axis(1));
        let products = linalg::product(coefficients.view(), self.scaled.view());
        let mut gradient = Array2::zeros((terms.scaled.nrows(), features.axis_count()));
        for (column, axis) in features.numeric_columns() {
            let scale = 1.0 / self.process.hyperparameters.length_scales[axis];
            Zip::from(gradient.column_mut(axis))
                .and(&sums)
                .and(terms.scaled.column(column))
                .and(products.column(column))
                .for_each(|entry, sum, z, product| *entry = scale * (sum * z - product));
        }
        terms.apply_warp_derivatives(&mut gradient);
        gradient
    }

    /// Adds p observations: the transformed losses `losses` at `points`.
    ///
    /// The result equals conditioning on all observations at once, but takes O(n² p) operations.
    /// The new inverse is [[K⁻¹ + u S⁻¹ uᵀ, −u S⁻¹], [−S⁻¹ uᵀ, S⁻¹]]. Here u = K⁻¹ k for the
    /// covariances k with the old observations, and S is the covariance of the new observations
    /// given the old ones.
    ///
    /// # Errors
    /// Returns [`Error::NotPositiveDefinite`] if the larger covariance cannot be factored. The
    /// posterior is then unchanged.
    ///
    /// # Panics
    /// Panics unless there are as many losses as points.
    pub fn add_observations<P: AsRef<[f64]>>(
        &mut self,
        points: &[P],
        losses: &[f64],
    ) -> Result<(), Error> {
        self.add_observations_with_noise(
            points,
            losses,
            self.process.hyperparameters.noise_variance,
        )
    }

    /// Adds observations whose noise variance differs from that of the process.
    pub(super) fn add_observations_with_noise<P: AsRef<[f64]>>(
        &mut self,
        points: &[P],
        losses: &[f64],
        noise_variance: f64,
    ) -> Result<(), Error> {
        assert_eq!(points.len(), losses.len(), "one loss per point");
        if points.is_empty() {
            return Ok(());
        }
        let count = self.count();
        let scaled = self.process.scaled_rows(points);
        let cross = self.process.values(&self.scaled, &scaled);
        let mut corner = self.process.self_covariances(&scaled);
        corner.diag_mut().map_inplace(|entry| *entry += noise_variance);
        self.cholesky.grow(&cross, &corner)?;

        let precision = self.cholesky.schur_complement(count).inverse();
        let explained = linalg::product(self.inverse.view(), cross.view());
        let weighted = linalg::product(explained.view(), precision.view());
        let old = &self.inverse + &linalg::product(weighted.view(), explained.t());
        let new_cross = -weighted;
        let upper = concatenate![Axis(1), old, new_cross];
        let lower = concatenate![Axis(1), new_cross.t(), precision];
        self.inverse = concatenate![Axis(0), upper, lower];
        self.scaled = concatenate![Axis(0), self.scaled, scaled];
        self.losses = self.losses.iter().chain(losses).copied().collect();
        let noise = std::iter::repeat_n(noise_variance, points.len());
        self.noise = self.noise.iter().copied().chain(noise).collect();
        self.update_weights();
        Ok(())
    }

    /// Returns the posterior covariance of the function's values at m points, m × m.
    pub(super) fn covariance_at<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        let terms = self.prediction_terms(points);
        let prior = self.process.self_covariances(&terms.scaled);
        let explained = linalg::product(terms.kriging_weights.view(), terms.covariances.t());
        let mean_residual = terms.mean_residual.view().insert_axis(Axis(1));
        let mean_covariance = &mean_residual * &mean_residual.t() / self.unit_weights.sum();
        prior - explained + mean_covariance
    }

    /// Adds the posterior mean at each point as an observation, and returns these losses.
    ///
    /// This is the kriging believer (Ginsbourger et al. 2010). The posterior mean stays the same
    /// everywhere and the variance decreases. Adding all points at once gives the same posterior as
    /// adding them one by one.
    ///
    /// # Errors
    /// Returns the errors of [`add_observations`](Self::add_observations).
    pub fn impute_expected<P: AsRef<[f64]>>(&mut self, points: &[P]) -> Result<Vec<f64>, Error> {
        let imputed = self.predict(points).mean.to_vec();
        self.add_observations(points, &imputed)?;
        Ok(imputed)
    }

    /// Solves for the weights K⁻¹ (Y − 1 cᵀ) (n × M) of losses Y (n × M), and their means c (M).
    pub(super) fn solve_weights(&self, losses: &Array2<f64>) -> (Array2<f64>, Array1<f64>) {
        let solved = linalg::product(self.inverse.view(), losses.view());
        let means = solved.sum_axis(Axis(0)) / self.unit_weights.sum();
        let unit_weights = self.unit_weights.view().insert_axis(Axis(1));
        let weights = solved - &unit_weights * &means.view().insert_axis(Axis(0));
        (weights, means)
    }

    /// Returns the observed transformed losses (n), with replicates merged into their mean.
    pub fn losses(&self) -> &Array1<f64> {
        &self.losses
    }

    /// Returns the noise variances of [`losses`](Self::losses) (n).
    ///
    /// Each is σ², divided by the number of merged measurements, plus the known noise variance.
    pub fn noise(&self) -> &Array1<f64> {
        &self.noise
    }

    /// Returns the scaled features x̃ of the observations (n × q).
    pub(super) fn observed_rows(&self) -> &Array2<f64> {
        &self.scaled
    }

    /// Returns the constant mean c, which predictions approach far from all observations.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns the weights α (n) and the mean c.
    pub(super) fn weights(&self) -> (&Array1<f64>, f64) {
        (&self.weights, self.mean)
    }

    /// Recomputes mean and weights after the factor has changed.
    fn update_weights(&mut self) {
        self.unit_weights = self.inverse.sum_axis(Axis(1));
        self.mean = generalized_mean(self.losses.view(), self.unit_weights.view());
        let residual = &self.losses - self.mean;
        self.weights = self.cholesky.solve(residual.view());
    }
}

#[cfg(test)]
mod tests;
