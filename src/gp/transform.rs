//! The output transform: losses become numbers that a Gaussian process can believe in.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | finite losses | n |
//! | Q₁, Q₃ | their quartiles | – |
//! | z | fenced, centred and scaled losses | n |
//! | λ | power; 1 is the identity, 0 a logarithm of the bad tail | – |
//! | ψ(z; λ) | the power transform | n |
//!
//! 1. An upper fence at Q₃ + 10 (Q₃ − Q₁), so that no single catastrophe sets the scale (from 8 losses on).
//! 2. z = (y − median) ⁄ standard deviation.
//! 3. Yeo–Johnson ψ(z; λ) with λ ∈ [−2, 1] by maximum likelihood: at most 1, so that only the bad tail is ever compressed.
//! 4. Standardized to mean 0 and standard deviation 1.
//!
//! Yeo & Johnson (2000): ψ(z; λ) = ((z + 1)^λ − 1) ⁄ λ for z ≥ 0 (ln(z + 1) at λ = 0), and
//! −((1 − z)^(2 − λ) − 1) ⁄ (2 − λ) for z < 0; λ maximizes −n⁄2 ln Var ψ + (λ − 1) Σ sign(z) ln(1 + |z|), their profile
//! likelihood. Centring on the median first keeps the transform from knowing where zero is.

/// A monotone map from losses to standardized numbers, fitted to the losses observed.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputTransform {
    fence: f64,
    median: f64,
    scale: f64,
    lambda: f64,
    mean: f64,
    deviation: f64,
}

/// Fewer losses than this are only standardized.
const ENOUGH: usize = 8;
/// Width of the fence in interquartile ranges.
const FENCE: f64 = 10.0;
/// Losses beyond this count as this, so that differences cannot overflow.
const LARGEST: f64 = f64::MAX / 4.0;
/// Where λ is searched.
const LAMBDA: (f64, f64) = (-2.0, 1.0);

impl OutputTransform {
    /// Fits the transform to finite losses.
    ///
    /// # Panics
    /// If there are no losses.
    pub fn fit(losses: &[f64]) -> Self {
        Self::fit_with(losses, likeliest_lambda)
    }

    /// Only the fence, centre and scale: λ = 1.
    ///
    /// # Panics
    /// If there are no losses.
    pub fn standardize(losses: &[f64]) -> Self {
        Self::fit_with(losses, |_| LAMBDA.1)
    }

    fn fit_with(losses: &[f64], likeliest_lambda: impl Fn(&[f64]) -> f64) -> Self {
        let mut sorted: Vec<f64> =
            losses.iter().map(|loss| loss.clamp(-LARGEST, LARGEST)).collect();
        sorted.sort_by(f64::total_cmp);
        let fence = fence(&sorted);
        let kept: Vec<f64> = sorted.iter().map(|y| y.min(fence)).collect();
        let median = quantile(&kept, 0.5);
        let scale = spread(&kept, median);
        let z: Vec<f64> = kept.iter().map(|y| (y - median) / scale).collect();
        let lambda = if kept.len() < ENOUGH { 1.0 } else { likeliest_lambda(&z) };
        let warped: Vec<f64> = z.iter().map(|&z| yeo_johnson(z, lambda)).collect();
        let (mean, variance) = moments(&warped);
        let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        Self { fence, median, scale, lambda, mean, deviation }
    }

    /// The power λ in force; 1 is none.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// Σ ln of the slope of the transform at these losses, up to what all transforms of the same losses share: what a density of
    /// transformed losses lacks for one of the losses themselves, so that transforms can be compared (Snelson et al. 2004).
    pub fn log_jacobian(&self, losses: &[f64]) -> f64 {
        let slope = |loss: &f64| {
            let z = (loss.clamp(-LARGEST, self.fence.min(LARGEST)) - self.median) / self.scale;
            (self.lambda - 1.0) * z.signum() * z.abs().ln_1p() - self.deviation.ln()
        };
        losses.iter().map(slope).sum()
    }

    /// The transformed loss.
    pub fn apply(&self, loss: f64) -> f64 {
        let z = (loss.clamp(-LARGEST, self.fence.min(LARGEST)) - self.median) / self.scale;
        (yeo_johnson(z, self.lambda) - self.mean) / self.deviation
    }

    /// How fast the transformed loss changes with the loss.
    pub fn slope(&self, loss: f64) -> f64 {
        let z = (loss.clamp(-LARGEST, self.fence.min(LARGEST)) - self.median) / self.scale;
        let bent = ((self.lambda - 1.0) * z.signum() * z.abs().ln_1p()).exp();
        bent / (self.scale * self.deviation)
    }

    /// The loss that is transformed to this; infinite beyond the reach of the transform.
    pub fn invert(&self, transformed: f64) -> f64 {
        if self.scale.is_infinite() {
            return self.median;
        }
        let z = yeo_johnson_inverse(self.mean + self.deviation * transformed, self.lambda);
        self.median + self.scale * z
    }
}

/// Above this a loss tells nothing more than that it is bad.
fn fence(sorted: &[f64]) -> f64 {
    if sorted.len() < ENOUGH {
        return f64::INFINITY;
    }
    let (q1, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.75));
    // Where half of the losses are equal, the gap down to the best is the next best measure of what is usual.
    let usual = if q3 > q1 { q3 - q1 } else { q3 - sorted[0] };
    if usual > 0.0 { q3 + FENCE * usual } else { f64::INFINITY }
}

/// Linear interpolation between order statistics.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of losses")]
    let position = share * (sorted.len() - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let part = position - position.floor();
    sorted[below] * (1.0 - part) + sorted[above] * part
}

/// Standard deviation of the losses, safe from overflow; infinite where they differ by rounding only, so that all become 0.
fn spread(losses: &[f64], median: f64) -> f64 {
    let farthest = losses.iter().fold(0.0_f64, |far, y| far.max((y - median).abs()));
    let largest = losses.iter().fold(0.0_f64, |largest, y| largest.max(y.abs()));
    if farthest <= 4.0 * f64::EPSILON * largest {
        return f64::INFINITY;
    }
    let relative: Vec<f64> = losses.iter().map(|y| (y - median) / farthest).collect();
    farthest * moments(&relative).1.sqrt()
}

/// Mean and variance (divided by n).
fn moments(values: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss, reason = "a count of losses")]
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count)
}

fn yeo_johnson(z: f64, lambda: f64) -> f64 {
    if z >= 0.0 { power(z, lambda) } else { -power(-z, 2.0 - lambda) }
}

/// ((z + 1)^p − 1) ⁄ p, by expm1 and log1p so that it is smooth through p = 0.
fn power(z: f64, p: f64) -> f64 {
    let logarithm = z.ln_1p();
    if (p * logarithm).abs() < 1e-12 { logarithm } else { (p * logarithm).exp_m1() / p }
}

fn yeo_johnson_inverse(w: f64, lambda: f64) -> f64 {
    if w >= 0.0 { inverse_power(w, lambda) } else { -inverse_power(-w, 2.0 - lambda) }
}

fn inverse_power(w: f64, p: f64) -> f64 {
    let inside = p * w;
    if inside <= -1.0 {
        f64::INFINITY
    } else if inside.abs() < 1e-12 {
        w.exp_m1()
    } else {
        (inside.ln_1p() / p).exp_m1()
    }
}

/// Golden-section search for the λ of the greatest profile likelihood.
fn likeliest_lambda(z: &[f64]) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of losses")]
    let count = z.len() as f64;
    let jacobian: f64 = z.iter().map(|z| z.signum() * z.abs().ln_1p()).sum();
    let log_likelihood = |lambda: f64| {
        let warped: Vec<f64> = z.iter().map(|&z| yeo_johnson(z, lambda)).collect();
        -0.5 * count * moments(&warped).1.ln() + (lambda - 1.0) * jacobian
    };
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = LAMBDA;
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
    let candidates = [LAMBDA.1, 0.5 * (low + high)];
    let [plain, found] = candidates.map(log_likelihood);
    // Where all losses are equal, both are infinite: then nothing is to be compressed.
    if found > plain { candidates[1] } else { candidates[0] }
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
    fn symmetric_losses_are_left_alone() {
        let losses: Vec<f64> = (0..21).map(|i| f64::from(i) - 10.0).collect();
        assert!(OutputTransform::fit(&losses).lambda() > 0.8);
    }

    #[test]
    fn a_tail_of_good_losses_is_never_stretched() {
        let losses: Vec<f64> = skewed().into_iter().map(|y| -y).collect();
        assert!((0.999..=1.0).contains(&OutputTransform::fit(&losses).lambda()));
    }

    #[test]
    fn the_likeliest_lambda_agrees_with_scipy() {
        // `tests/golden/yeo_johnson.py`: scipy's likelihood, its maximum within [-2, 1].
        let golden = include_str!("../../tests/golden/yeo_johnson.json");
        let rows: Vec<(Vec<f64>, f64)> = serde_json::from_str(golden).unwrap();
        assert_eq!(rows.len(), 6);
        for (z, want) in rows {
            let got = likeliest_lambda(&z);
            assert!((got - want).abs() < 2e-4, "{got} for {want}");
        }
    }

    /// What all transforms of the same losses share is left out, so differences are compared.
    #[test]
    fn the_jacobian_is_that_of_central_differences() {
        let losses = skewed();
        let numerically = |transform: &OutputTransform| -> f64 {
            let slope = |y: f64| (transform.apply(y + 1e-6) - transform.apply(y - 1e-6)) / 2e-6;
            losses.iter().map(|&y| slope(y).ln()).sum()
        };
        let (bent, plain) = (OutputTransform::fit(&losses), OutputTransform::standardize(&losses));
        let difference = bent.log_jacobian(&losses) - plain.log_jacobian(&losses);
        assert!((difference - (numerically(&bent) - numerically(&plain))).abs() < 1e-4);
        assert!(difference.abs() > 1.0 && (plain.lambda() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn scale_and_offset_change_nothing() {
        let losses = skewed();
        let moved: Vec<f64> = losses.iter().map(|y| 1024.0 * y).collect();
        let (a, b) = (OutputTransform::fit(&losses), OutputTransform::fit(&moved));
        for (y, m) in losses.iter().zip(&moved) {
            assert_eq!(a.apply(*y).to_bits(), b.apply(*m).to_bits());
        }
    }

    #[test]
    fn catastrophes_do_not_set_the_scale() {
        let mut losses: Vec<f64> = (0..20).map(f64::from).collect();
        losses.push(1e30);
        let transform = OutputTransform::fit(&losses);
        assert!(transform.apply(19.0) - transform.apply(0.0) > 1.0);
        assert!(transform.apply(1e30).is_finite() && transform.apply(1e300).is_finite());
    }

    #[test]
    fn degenerate_losses_survive() {
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
