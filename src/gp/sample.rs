//! What was measured, with measurements of the same place merged.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | kᵢ, yᵢ | how often a place was measured, and the mean of its losses | n, n |
//! | S | squared deviations from those means, in all | – |
//! | N = Σ kᵢ | number of measurements | – |
//!
//! Nothing is lost: given the function, the losses of one place have the density
//!
//! `Πⱼ N(yᵢⱼ; f, σ²) = N(yᵢ; f, σ² ⁄ kᵢ) · (2π σ²)^(−(kᵢ − 1)⁄2) kᵢ^(−½) exp(−Sᵢ ⁄ 2σ²)`,
//!
//! so that likelihood and posterior come out as if each measurement had a row of its own, from a smaller matrix. A measurement of which
//! some noise τ² is known besides has a row of its own, with the variance σ² + τ².

use std::collections::HashMap;

use ndarray::Array1;

/// ln 2π.
const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// Losses, and what is known of their noise.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    losses: &'a [f64],
    known_noise: &'a [f64],
}

impl<'a> Measured<'a> {
    /// Losses of whose noise nothing is known.
    pub fn new(losses: &'a [f64]) -> Self {
        Self { losses, known_noise: &[] }
    }

    /// Losses with variances that are known, besides the noise that all have; in the unit of the losses, squared.
    ///
    /// # Panics
    /// If there are not as many variances as losses, or one is negative or not finite.
    pub fn with_noise(losses: &'a [f64], known_noise: &'a [f64]) -> Self {
        assert_eq!(losses.len(), known_noise.len(), "one variance per loss");
        let sound = known_noise.iter().all(|variance| *variance >= 0.0 && variance.is_finite());
        assert!(sound, "variances are finite and not negative");
        Self { losses, known_noise }
    }
}

impl<'a> From<&'a [f64]> for Measured<'a> {
    fn from(losses: &'a [f64]) -> Self {
        Self::new(losses)
    }
}

impl<'a> From<&'a Vec<f64>> for Measured<'a> {
    fn from(losses: &'a Vec<f64>) -> Self {
        Self::new(losses)
    }
}

impl<'a, const COUNT: usize> From<&'a [f64; COUNT]> for Measured<'a> {
    fn from(losses: &'a [f64; COUNT]) -> Self {
        Self::new(losses)
    }
}

/// Distinct points with the means of their losses.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Where the i-th distinct point stands among those given.
    pub(super) first: Vec<usize>,
    /// y, n.
    pub(super) losses: Array1<f64>,
    /// k, n.
    pub(super) counts: Array1<f64>,
    /// τ², n.
    known: Array1<f64>,
    /// S.
    pub(super) scatter: f64,
    /// N − n.
    pub(super) repeats: f64,
}

impl Sample {
    pub(super) fn new<P: AsRef<[f64]>>(points: &[P], measured: Measured<'_>) -> Self {
        let Measured { losses, known_noise } = measured;
        assert_eq!(points.len(), losses.len(), "one loss per point");
        let mut places: HashMap<(Vec<u64>, usize), usize> = HashMap::with_capacity(points.len());
        let mut known = Vec::with_capacity(points.len());
        let mut first = Vec::with_capacity(points.len());
        let mut groups: Vec<Vec<f64>> = Vec::with_capacity(points.len());
        for (index, (point, loss)) in points.iter().zip(losses).enumerate() {
            // Adding 0 makes one of the two zeros.
            let bits = point.as_ref().iter().map(|u| (u + 0.0).to_bits()).collect();
            let variance = known_noise.get(index).copied().unwrap_or(0.0);
            let own_row = if variance > 0.0 { index } else { usize::MAX };
            let group = *places.entry((bits, own_row)).or_insert_with(|| {
                first.push(index);
                known.push(variance);
                groups.push(Vec::with_capacity(1));
                groups.len() - 1
            });
            groups[group].push(*loss);
        }
        #[allow(clippy::cast_precision_loss, reason = "a count of measurements")]
        let counts: Array1<f64> = groups.iter().map(|group| group.len() as f64).collect();
        let sums = groups.iter().map(|group| group.iter().sum::<f64>());
        let means: Array1<f64> = sums.zip(&counts).map(|(sum, count)| sum / count).collect();
        let deviations = |(group, mean): (&Vec<f64>, &f64)| -> f64 {
            group.iter().map(|loss| (loss - mean).powi(2)).sum()
        };
        let scatter = groups.iter().zip(&means).map(deviations).sum();
        let repeats = counts.mapv(|count| count - 1.0).sum();
        Self { first, losses: means, counts, known: known.into(), scatter, repeats }
    }

    /// One of each of the points that this was made from.
    pub(super) fn distinct<'a, P>(&self, points: &'a [P]) -> Vec<&'a P> {
        self.first.iter().map(|&index| &points[index]).collect()
    }

    /// Variances of the means, σ² ⁄ kᵢ + τᵢ².
    pub(super) fn noise(&self, noise_variance: f64) -> Array1<f64> {
        self.shared_noise(noise_variance) + &self.known
    }

    /// The part of them that all measurements share, σ² ⁄ kᵢ.
    pub(super) fn shared_noise(&self, noise_variance: f64) -> Array1<f64> {
        self.counts.mapv(|count| noise_variance / count)
    }

    /// ln of what the measurements say beyond their means, and its derivative by ln σ².
    pub(super) fn log_density_within(&self, noise_variance: f64) -> (f64, f64) {
        if self.repeats == 0.0 {
            return (0.0, 0.0);
        }
        let misfit = self.scatter / noise_variance;
        let value = -0.5
            * (self.repeats * (LN_2PI + noise_variance.ln())
                + self.counts.mapv(f64::ln).sum()
                + misfit);
        (value, 0.5 * (misfit - self.repeats))
    }

    /// The variance of measurements of the same place; `None` if no place was measured twice.
    pub(super) fn pooled_variance(&self) -> Option<f64> {
        (self.repeats > 0.0).then(|| self.scatter / self.repeats)
    }
}
