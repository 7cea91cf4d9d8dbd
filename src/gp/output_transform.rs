//! The output transform: makes losses closer to normal, as a Gaussian process assumes.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | finite losses | n |
//! | Q₁, Q₃ | their quartiles | – |
//! | z | clipped, centered and scaled losses | n |
//! | λ | power; 1 is the identity, 0 a logarithm of the tail of large losses | – |
//! | ψ(z; λ) | the power transform | n |
//!
//! 1. If there are at least 8 losses, clip them at the upper fence Q₃ + 10 (Q₃ − Q₁), so that no
//!    single huge loss determines the scale.
//! 2. z = (y − median) ⁄ standard deviation.
//! 3. If there are at least 8 losses, apply Yeo–Johnson's ψ(z; λ) with λ ∈ [−2, 1] by maximum
//!    likelihood. λ is at most 1, so that only the tail of large losses is compressed.
//! 4. Standardize to mean 0 and standard deviation 1.
//!
//! Yeo & Johnson (2000): ψ(z; λ) = ((z + 1)^λ − 1) ⁄ λ for z ≥ 0 (ln(z + 1) at λ = 0), and
//! −((1 − z)^(2 − λ) − 1) ⁄ (2 − λ) for z < 0. λ maximizes their profile likelihood,
//! −n⁄2 ln Var ψ + (λ − 1) Σ sign(z) ln(1 + |z|). Because losses are centered on the median first,
//! an offset of all losses does not change the transform.

/// A monotone map from losses to standardized numbers, fitted to the observed losses.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputTransform {
    fence: f64,
    median: f64,
    scale: f64,
    lambda: f64,
    mean: f64,
    std_dev: f64,
}

/// Minimum number of losses for the fence and the power transform; fewer are only standardized.
const MIN_LOSSES_TO_TRANSFORM: usize = 8;
/// Width of the fence in interquartile ranges.
const FENCE_WIDTH: f64 = 10.0;
/// Losses are clipped to this magnitude, so that differences cannot overflow.
const MAX_MAGNITUDE: f64 = f64::MAX / 4.0;
/// Range of λ that is searched.
const LAMBDA_RANGE: (f64, f64) = (-2.0, 1.0);

impl OutputTransform {
    /// Fits the transform to finite losses.
    ///
    /// # Panics
    /// Panics if `losses` is empty.
    pub fn fit(losses: &[f64]) -> Self {
        Self::fit_with(losses, likeliest_lambda)
    }

    /// Fits the fence, the center and the scale only, with λ = 1.
    ///
    /// # Panics
    /// Panics if `losses` is empty.
    pub fn standardize(losses: &[f64]) -> Self {
        Self::fit_with(losses, |_| LAMBDA_RANGE.1)
    }

    fn fit_with(losses: &[f64], likeliest_lambda: impl Fn(&[f64]) -> f64) -> Self {
        let mut sorted: Vec<f64> =
            losses.iter().map(|loss| loss.clamp(-MAX_MAGNITUDE, MAX_MAGNITUDE)).collect();
        sorted.sort_by(f64::total_cmp);
        let fence = fence(&sorted);
        let clipped: Vec<f64> = sorted.iter().map(|y| y.min(fence)).collect();
        let median = quantile(&clipped, 0.5);
        let scale = std_dev(&clipped, median);
        let z: Vec<f64> = clipped.iter().map(|y| (y - median) / scale).collect();
        let lambda =
            if clipped.len() < MIN_LOSSES_TO_TRANSFORM { 1.0 } else { likeliest_lambda(&z) };
        let transformed: Vec<f64> = z.iter().map(|&z| yeo_johnson(z, lambda)).collect();
        let (mean, variance) = moments(&transformed);
        let std_dev = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        Self { fence, median, scale, lambda, mean, std_dev }
    }

    /// Returns the power λ; 1 means that no power transform is applied.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// Returns the sum of the logarithms of the transform's derivatives at these losses.
    ///
    /// It leaves out a constant that all transforms of the same losses share. Added to the log
    /// density of the transformed losses, it gives the log density of the losses themselves. That
    /// density compares transforms (Snelson et al. 2004).
    pub fn log_jacobian(&self, losses: &[f64]) -> f64 {
        let log_derivative = |loss: &f64| {
            let z = self.center_and_scale(*loss);
            (self.lambda - 1.0) * z.signum() * z.abs().ln_1p() - self.std_dev.ln()
        };
        losses.iter().map(log_derivative).sum()
    }

    /// Returns the transformed loss.
    pub fn apply(&self, loss: f64) -> f64 {
        let z = self.center_and_scale(loss);
        (yeo_johnson(z, self.lambda) - self.mean) / self.std_dev
    }

    /// Returns the derivative of the transformed loss with respect to the loss.
    pub fn derivative(&self, loss: f64) -> f64 {
        let z = self.center_and_scale(loss);
        let power_derivative = ((self.lambda - 1.0) * z.signum() * z.abs().ln_1p()).exp();
        power_derivative / (self.scale * self.std_dev)
    }

    /// Returns z: the loss clipped at the fence, centered and scaled.
    fn center_and_scale(&self, loss: f64) -> f64 {
        let clipped = loss.clamp(-MAX_MAGNITUDE, self.fence.min(MAX_MAGNITUDE));
        (clipped - self.median) / self.scale
    }

    /// Returns the loss whose transform is `transformed`; infinite outside the transform's range.
    pub fn invert(&self, transformed: f64) -> f64 {
        if self.scale.is_infinite() {
            return self.median;
        }
        let z = yeo_johnson_inverse(self.mean + self.std_dev * transformed, self.lambda);
        self.median + self.scale * z
    }
}

/// Returns the upper fence, at which losses are clipped; infinite for fewer than 8 losses.
fn fence(sorted: &[f64]) -> f64 {
    if sorted.len() < MIN_LOSSES_TO_TRANSFORM {
        return f64::INFINITY;
    }
    let (q1, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.75));
    // If the quartiles are equal, the distance from the smallest loss to Q₃ replaces their range.
    let range = if q3 > q1 { q3 - q1 } else { q3 - sorted[0] };
    if range > 0.0 { q3 + FENCE_WIDTH * range } else { f64::INFINITY }
}

/// Returns a quantile by linear interpolation between order statistics.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of losses")]
    let position = probability * (sorted.len() - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let fraction = position - position.floor();
    sorted[below] * (1.0 - fraction) + sorted[above] * fraction
}

/// Returns the standard deviation of the losses, without overflow.
///
/// It is infinite if the losses differ by rounding only, so that all transformed losses are 0.
fn std_dev(losses: &[f64], median: f64) -> f64 {
    let max_distance = losses.iter().fold(0.0_f64, |max, y| max.max((y - median).abs()));
    let max_magnitude = losses.iter().fold(0.0_f64, |max, y| max.max(y.abs()));
    if max_distance <= 4.0 * f64::EPSILON * max_magnitude {
        return f64::INFINITY;
    }
    let relative: Vec<f64> = losses.iter().map(|y| (y - median) / max_distance).collect();
    max_distance * moments(&relative).1.sqrt()
}

/// Returns the mean and the variance, which is the sum of squared deviations divided by n.
fn moments(values: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss, reason = "a count of losses")]
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count)
}

fn yeo_johnson(z: f64, lambda: f64) -> f64 {
    if z >= 0.0 { power(z, lambda) } else { -power(-z, 2.0 - lambda) }
}

/// Returns ((z + 1)^p − 1) ⁄ p, computed by expm1 and log1p, so that it is smooth at p = 0.
fn power(z: f64, p: f64) -> f64 {
    let logarithm = z.ln_1p();
    if (p * logarithm).abs() < 1e-12 { logarithm } else { (p * logarithm).exp_m1() / p }
}

fn yeo_johnson_inverse(w: f64, lambda: f64) -> f64 {
    if w >= 0.0 { inverse_power(w, lambda) } else { -inverse_power(-w, 2.0 - lambda) }
}

fn inverse_power(w: f64, p: f64) -> f64 {
    let scaled = p * w;
    if scaled <= -1.0 {
        f64::INFINITY
    } else if scaled.abs() < 1e-12 {
        w.exp_m1()
    } else {
        (scaled.ln_1p() / p).exp_m1()
    }
}

/// Returns the λ with the largest profile likelihood, by golden-section search.
fn likeliest_lambda(z: &[f64]) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of losses")]
    let count = z.len() as f64;
    let jacobian: f64 = z.iter().map(|z| z.signum() * z.abs().ln_1p()).sum();
    let log_likelihood = |lambda: f64| {
        let transformed: Vec<f64> = z.iter().map(|&z| yeo_johnson(z, lambda)).collect();
        -0.5 * count * moments(&transformed).1.ln() + (lambda - 1.0) * jacobian
    };
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = LAMBDA_RANGE;
    let mut inner = [high - ratio * (high - low), low + ratio * (high - low)];
    let mut values = inner.map(log_likelihood);
    while high - low > 1e-4 {
        if values[0] >= values[1] {
            high = inner[1];
            inner = [high - ratio * (high - low), inner[0]];
            values = [log_likelihood(inner[0]), values[0]];
        } else {
            low = inner[0];
            inner = [inner[1], low + ratio * (high - low)];
            values = [values[1], log_likelihood(inner[1])];
        }
    }
    let candidates = [LAMBDA_RANGE.1, 0.5 * (low + high)];
    let [identity_value, optimum_value] = candidates.map(log_likelihood);
    // If all losses are equal, both values are infinite, and λ is 1.
    if optimum_value > identity_value { candidates[1] } else { candidates[0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skewed() -> Vec<f64> {
        (0..40).map(|i| (f64::from(i) / 6.0).exp()).collect()
    }

    #[test]
    fn transformed_losses_are_standardized_and_keep_their_order() {
        let losses = skewed();
        let transform = OutputTransform::fit(&losses);
        let transformed: Vec<f64> = losses.iter().map(|&y| transform.apply(y)).collect();
        let (mean, variance) = moments(&transformed);
        assert!(mean.abs() < 1e-12 && (variance - 1.0).abs() < 1e-9);
        assert!(transformed.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(transform.lambda() < 0.5, "a skewed sample is compressed");
        for (loss, t) in losses.iter().zip(&transformed) {
            assert!((transform.invert(*t) - loss).abs() < 1e-9 * loss.max(1.0));
        }
    }

    #[test]
    fn symmetric_losses_are_hardly_transformed() {
        let losses: Vec<f64> = (0..21).map(|i| f64::from(i) - 10.0).collect();
        assert!(OutputTransform::fit(&losses).lambda() > 0.8);
    }

    #[test]
    fn a_tail_of_small_losses_is_not_transformed() {
        let losses: Vec<f64> = skewed().into_iter().map(|y| -y).collect();
        assert!((0.999..=1.0).contains(&OutputTransform::fit(&losses).lambda()));
    }

    #[test]
    fn lambda_agrees_with_scipy() {
        // `tests/golden/yeo_johnson.py` maximizes scipy's likelihood within [-2, 1].
        let golden = include_str!("../../tests/golden/yeo_johnson.json");
        let rows: Vec<(Vec<f64>, f64)> = serde_json::from_str(golden).unwrap();
        assert_eq!(rows.len(), 6);
        for (z, expected) in rows {
            let actual = likeliest_lambda(&z);
            assert!((actual - expected).abs() < 2e-4, "{actual}, not {expected}");
        }
    }

    /// The Jacobian leaves out a constant that all transforms share, so differences are compared.
    #[test]
    fn the_jacobian_matches_central_differences() {
        let losses = skewed();
        let numerically = |transform: &OutputTransform| -> f64 {
            let derivative =
                |y: f64| (transform.apply(y + 1e-6) - transform.apply(y - 1e-6)) / 2e-6;
            losses.iter().map(|&y| derivative(y).ln()).sum()
        };
        let power = OutputTransform::fit(&losses);
        let linear = OutputTransform::standardize(&losses);
        let difference = power.log_jacobian(&losses) - linear.log_jacobian(&losses);
        assert!((difference - (numerically(&power) - numerically(&linear))).abs() < 1e-4);
        assert!(difference.abs() > 1.0 && (linear.lambda() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn scaling_all_losses_changes_no_transformed_loss() {
        let losses = skewed();
        let scaled: Vec<f64> = losses.iter().map(|y| 1024.0 * y).collect();
        let (a, b) = (OutputTransform::fit(&losses), OutputTransform::fit(&scaled));
        for (y, scaled) in losses.iter().zip(&scaled) {
            assert_eq!(a.apply(*y).to_bits(), b.apply(*scaled).to_bits());
        }
    }

    #[test]
    fn outliers_do_not_determine_the_scale() {
        let mut losses: Vec<f64> = (0..20).map(f64::from).collect();
        losses.push(1e30);
        let transform = OutputTransform::fit(&losses);
        assert!(transform.apply(19.0) - transform.apply(0.0) > 1.0);
        assert!(transform.apply(1e30).is_finite() && transform.apply(1e300).is_finite());
    }

    #[test]
    fn degenerate_losses_are_transformed_to_finite_numbers() {
        for losses in [
            vec![3.0],
            vec![3.0; 12],
            vec![0.0; 9],
            vec![1e-320, 2e-320, 3e-320],
            vec![-1.7e308, 1.7e308, 0.0],
            vec![1.7e308, -1.7e308, -1.7e308],
            vec![1e9, 1e9 + 1e-3, 1e9 + 2e-3],
            [vec![5.0; 15], vec![4.0, 6.0, 1e9]].concat(),
        ] {
            let transform = OutputTransform::fit(&losses);
            assert!(losses.iter().all(|&y| transform.apply(y).is_finite()), "{losses:?}");
        }
        let close = OutputTransform::fit(&[1e9, 1e9 + 1e-3, 1e9 + 2e-3]);
        assert!(close.apply(1e9 + 2e-3) - close.apply(1e9) > 1.0);
    }
}
