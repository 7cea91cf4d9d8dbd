//! The posterior: a process that has seen data. It predicts, and it grows by further observations.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y, c, α, K, s, σ² | as in [`gp`](super); replicates are merged (see `sample`) | n, –, n, n × n, –, – |
//! | x̃, z̃ | features of observed and of new points, warped and divided by their length scales | n × q, m × q |
//! | k, B = k K⁻¹ | covariances of new points with the observed ones, and the same by K⁻¹ | m × n |
//! | w = K⁻¹ 1 | weights of the mean | n |
//! | e = 1 − B 1 | what the observations leave to the mean | m |
//! | G | slopes of the covariances k (see [`kernel`](super::kernel)) | m × n |
//!
//! Means and variances are μ = c + k α and v = s − diag(B kᵀ) + e² ⁄ (1ᵀ w). By a coordinate z of a new point, with a length scale
//! ℓ and a warp of slope w′, they change by
//!
//! `∂μ⁄∂z = −Σ_b G_b α_b (z̃ − x̃_b) w′ ⁄ ℓ`,  `∂v⁄∂z = 2 Σ_b G_b (B_b + e w_b ⁄ 1ᵀw) (z̃ − x̃_b) w′ ⁄ ℓ`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip, concatenate};

use super::fit::{generalized_mean, log_density};
use super::hyperparameters::Hyperparameters;
use super::process::GaussianProcess;
use super::sample::{Measured, Sample};
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
    /// Variances of the losses around the function, n.
    noise: Array1<f64>,
    /// What replicates say beyond their means: ln density.
    within: f64,
    cholesky: Cholesky,
    /// K⁻¹.
    inverse: Array2<f64>,
    /// K⁻¹ 1.
    unit_weights: Array1<f64>,
    mean: f64,
    /// α.
    weights: Array1<f64>,
}

/// What is the same for all means and gradients at m points.
#[derive(Debug, Clone)]
pub struct Local {
    /// z̃, m × q.
    pub(super) scaled: Array2<f64>,
    /// w′, m × d; `None` where nothing is warped.
    bends: Option<Array2<f64>>,
    /// k, m × n.
    pub(super) covariances: Array2<f64>,
    /// G, m × n.
    slopes: Array2<f64>,
    /// B, m × n.
    pull: Array2<f64>,
    /// e, m.
    misfit: Array1<f64>,
    /// v, m.
    pub(super) variance: Array1<f64>,
}

impl Local {
    /// Gradients by warped coordinates become those by plain ones.
    pub(super) fn bend(&self, gradient: &mut Array2<f64>) {
        if let Some(bends) = &self.bends {
            *gradient *= bends;
        }
    }
}

impl GaussianProcess {
    /// Conditions the process on transformed losses at `points`. Measurements of one point are merged into their mean, which
    /// changes nothing but the size of the matrices.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the covariance cannot be factored. A noise variance of 10⁻⁸ of the signal variance
    /// or more rules that out for finite data.
    ///
    /// # Panics
    /// If there are no points, or not as many losses.
    pub fn condition<'a, P: AsRef<[f64]>>(
        self,
        points: &[P],
        losses: impl Into<Measured<'a>>,
    ) -> Result<Posterior, Error> {
        assert!(!points.is_empty(), "there is nothing to condition on");
        let sample = Sample::new(points, losses.into());
        let scaled = self.scaled(&sample.distinct(points));
        let mut covariance = self.self_covariances(&scaled);
        let noise = sample.noise(self.hyperparameters.noise_variance);
        covariance.diag_mut().zip_mut_with(&noise, |entry, noise| *entry += noise);
        let cholesky = Cholesky::factor(&covariance)?;
        let inverse = cholesky.inverse();
        let within = sample.log_density_within(self.hyperparameters.noise_variance).0;
        let mut posterior = Posterior {
            process: self,
            scaled,
            losses: sample.losses,
            noise,
            within,
            cholesky,
            inverse,
            unit_weights: Array1::zeros(0),
            mean: 0.0,
            weights: Array1::zeros(0),
        };
        posterior.weigh();
        Ok(posterior)
    }

    fn self_covariances(&self, scaled: &Array2<f64>) -> Array2<f64> {
        let Hyperparameters { kernel, signal_variance, .. } = self.hyperparameters;
        kernel.self_covariances(scaled.view(), signal_variance).0
    }

    /// Covariances and their slopes between scaled rows.
    fn covariances(&self, a: &Array2<f64>, b: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
        let Hyperparameters { kernel, signal_variance, .. } = self.hyperparameters;
        kernel.covariances(a.view(), b.view(), signal_variance)
    }

    /// The same without slopes.
    fn values(&self, a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
        let Hyperparameters { kernel, signal_variance, .. } = self.hyperparameters;
        kernel.values(a.view(), b.view(), signal_variance)
    }

    pub(super) fn scaled<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        self.features.scaled(self.features.rows(points), &self.hyperparameters)
    }
}

impl Posterior {
    /// The process that was conditioned.
    pub fn process(&self) -> &GaussianProcess {
        &self.process
    }

    /// Number n of rows: the different points that were conditioned on, and the points that were observed afterwards.
    pub fn count(&self) -> usize {
        self.losses.len()
    }

    /// The evidence: log density of the losses under the process, its mean being the estimated one (Rasmussen & Williams
    /// 2006, eq. 2.30).
    pub fn log_likelihood(&self) -> f64 {
        let residual = &self.losses - self.mean;
        log_density(residual.dot(&self.weights), &self.cholesky) + self.within
    }

    /// What the other observations say of each observed loss, noise included: n means and variances (Rasmussen & Williams 2006, eq.
    /// 5.12, with K⁻¹ − w wᵀ ⁄ 1ᵀw in the place of K⁻¹ because the mean is estimated). With one observation, the variance is unbounded.
    pub fn leave_one_out(&self) -> Prediction {
        let total = self.unit_weights.sum();
        let precision = &self.inverse.diag() - &(&self.unit_weights * &self.unit_weights / total);
        let precision = precision.mapv(|precision| precision.max(f64::MIN_POSITIVE));
        let mean = &self.losses - &(&self.weights / &precision);
        Prediction { mean, variance: 1.0 / precision }
    }

    /// Means and variances at m points.
    pub fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> Prediction {
        let covariances = self.covariances_with(&self.process.scaled(points));
        let variance = self.explain(&covariances).2;
        Prediction { mean: covariances.dot(&self.weights) + self.mean, variance }
    }

    /// The same with gradients by the coordinates.
    pub fn predict_with_gradients<P: AsRef<[f64]>>(
        &self,
        points: &[P],
    ) -> (Prediction, PredictionGradients) {
        let local = self.locate(points);
        let mean = local.covariances.dot(&self.weights) + self.mean;
        let (none, all) = (Array1::zeros(points.len()), Array1::ones(points.len()));
        let weights = self.weights.view().insert_axis(Axis(0));
        let gradients = PredictionGradients {
            mean: self.gradient(&local, weights, none.view()),
            variance: self.gradient(&local, Array2::zeros((1, self.count())).view(), all.view()),
        };
        (Prediction { mean, variance: local.variance }, gradients)
    }

    /// k between scaled rows and the observed ones, m × n.
    pub(super) fn covariances_with(&self, scaled: &Array2<f64>) -> Array2<f64> {
        self.process.values(scaled, &self.scaled)
    }

    /// B, e and v, from covariances k.
    pub(super) fn explain(
        &self,
        covariances: &Array2<f64>,
    ) -> (Array2<f64>, Array1<f64>, Array1<f64>) {
        let signal = self.process.hyperparameters.signal_variance;
        let pull = linalg::product(covariances.view(), self.inverse.view());
        let misfit = 1.0 - pull.sum_axis(Axis(1));
        let rows = covariances.rows().into_iter().zip(pull.rows());
        let mut variance: Array1<f64> =
            rows.map(|(covariances, pull)| signal - covariances.dot(&pull)).collect();
        let unit_total = self.unit_weights.sum();
        Zip::from(&mut variance).and(&misfit).for_each(|variance, misfit| {
            *variance = (*variance + misfit * misfit / unit_total).max(LEAST_VARIANCE * signal);
        });
        (pull, misfit, variance)
    }

    /// What is the same for all means and gradients at m points: covariances, variances and what they come from.
    pub(super) fn locate<P: AsRef<[f64]>>(&self, points: &[P]) -> Local {
        let process = &self.process;
        let scaled = process.scaled(points);
        let (covariances, slopes) = process.covariances(&scaled, &self.scaled);
        let (pull, misfit, variance) = self.explain(&covariances);
        let bends = process.features.warp_slopes(points, &process.hyperparameters.warps);
        Local { scaled, bends, covariances, slopes, pull, misfit, variance }
    }

    /// Gradients of `c + Σ_b k_b A_ab + rate_a v_a` at m points, for weights A (m × n, or one row for all): m × d.
    pub(super) fn gradient(
        &self,
        local: &Local,
        weights: ArrayView2<'_, f64>,
        rates: ArrayView1<'_, f64>,
    ) -> Array2<f64> {
        let Local { slopes, pull, misfit, variance, .. } = local;
        let floor = LEAST_VARIANCE * self.process.hyperparameters.signal_variance;
        let unit_total = self.unit_weights.sum();
        let weights = weights.broadcast(slopes.raw_dim()).expect("m rows, or one");
        let mut coefficients = slopes.clone();
        for (a, mut row) in coefficients.rows_mut().into_iter().enumerate() {
            // A variance that is kept at its floor has no slope.
            let rate = if variance[a] <= floor { 0.0 } else { 2.0 * rates[a] };
            let share = misfit[a] / unit_total;
            Zip::from(&mut row)
                .and(weights.row(a))
                .and(pull.row(a))
                .and(&self.unit_weights)
                .for_each(|slope, weight, pull, unit| {
                    *slope *= rate * (pull + share * unit) - weight;
                });
        }
        self.toward(coefficients, local)
    }

    /// `Σ_b V_ab (z̃_aj − x̃_bj) w′ ⁄ ℓⱼ` for coefficients V (m × n): m × d.
    fn toward(&self, coefficients: Array2<f64>, local: &Local) -> Array2<f64> {
        let features = &self.process.features;
        let sums = coefficients.sum_axis(Axis(1));
        let products = linalg::product(coefficients.view(), self.scaled.view());
        let mut gradient = Array2::zeros((local.scaled.nrows(), features.axis_count()));
        for (column, axis) in features.smooth_columns() {
            let scale = 1.0 / self.process.hyperparameters.length_scales[axis];
            Zip::from(gradient.column_mut(axis))
                .and(&sums)
                .and(local.scaled.column(column))
                .and(products.column(column))
                .for_each(|slope, sum, z, product| *slope = scale * (sum * z - product));
        }
        local.bend(&mut gradient);
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
        self.observe_with_noise(points, losses, self.process.hyperparameters.noise_variance)
    }

    /// The same for losses of another noise variance.
    pub(super) fn observe_with_noise<P: AsRef<[f64]>>(
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
        let scaled = self.process.scaled(points);
        let cross = self.process.values(&self.scaled, &scaled);
        let mut corner = self.process.self_covariances(&scaled);
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
        let noise = std::iter::repeat_n(noise_variance, points.len());
        self.noise = self.noise.iter().copied().chain(noise).collect();
        self.weigh();
        Ok(())
    }

    /// Covariances of the function's values at m points, m × m.
    pub(super) fn covariance_at<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        let local = self.locate(points);
        let among = self.process.self_covariances(&local.scaled);
        let explained = linalg::product(local.pull.view(), local.covariances.t());
        let misfit = local.misfit.view().insert_axis(Axis(1));
        let by_mean = &misfit * &misfit.t() / self.unit_weights.sum();
        among - explained + by_mean
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

    /// K⁻¹ Y for losses Y (n × M), with the means c (M) taken off: weights (n × M), and c.
    pub(super) fn weights_of(&self, losses: &Array2<f64>) -> (Array2<f64>, Array1<f64>) {
        let raw = linalg::product(self.inverse.view(), losses.view());
        let means = raw.sum_axis(Axis(0)) / self.unit_weights.sum();
        let level = self.unit_weights.view().insert_axis(Axis(1));
        let weights = raw - &level * &means.view().insert_axis(Axis(0));
        (weights, means)
    }

    /// Transformed losses that were observed, replicates merged: n.
    pub fn losses(&self) -> &Array1<f64> {
        &self.losses
    }

    /// Variances of these losses around the function, n: σ², divided by how often a place was measured.
    pub fn noise(&self) -> &Array1<f64> {
        &self.noise
    }

    pub(super) fn observed_rows(&self) -> &Array2<f64> {
        &self.scaled
    }

    /// c: the mean where nothing is known.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// α and c.
    pub(super) fn weights(&self) -> (&Array1<f64>, f64) {
        (&self.weights, self.mean)
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
