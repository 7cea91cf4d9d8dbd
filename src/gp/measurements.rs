//! Measured losses; measurements at the same point are merged.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | kᵢ, yᵢ | number of measurements at a point, and the mean of their losses | n, n |
//! | S | sum of all squared deviations from those means | – |
//! | N = Σ kᵢ | number of measurements | – |
//!
//! Merging loses no information. Given the function, the losses at one point have the density
//!
//! `Πⱼ N(yᵢⱼ; f, σ²) = N(yᵢ; f, σ² ⁄ kᵢ) · (2π σ²)^(−(kᵢ − 1)⁄2) kᵢ^(−½) exp(−Sᵢ ⁄ 2σ²)`,
//!
//! so that likelihood and posterior are the same as with one row per measurement, but the matrix is
//! smaller. A measurement with an additional known noise variance τ² is not merged: its row has the
//! variance σ² + τ².

use std::collections::HashMap;

use ndarray::Array1;

/// The constant ln 2π.
const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// Losses with their known noise variances.
#[derive(Debug, Clone, Copy)]
pub struct Measurements<'a> {
    losses: &'a [f64],
    known_noise: &'a [f64],
}

impl<'a> Measurements<'a> {
    /// Creates measurements without known noise variances.
    pub fn new(losses: &'a [f64]) -> Self {
        Self { losses, known_noise: &[] }
    }

    /// Creates measurements with known noise variances, in squared units of the losses.
    ///
    /// A known variance adds to the noise variance that all measurements share.
    ///
    /// # Panics
    /// Panics unless there is one variance per loss and all variances are finite and not negative.
    pub fn with_noise(losses: &'a [f64], known_noise: &'a [f64]) -> Self {
        assert_eq!(losses.len(), known_noise.len(), "one variance per loss");
        let is_valid = |variance: &f64| *variance >= 0.0 && variance.is_finite();
        assert!(known_noise.iter().all(is_valid), "variances are finite and not negative");
        Self { losses, known_noise }
    }
}

impl<'a> From<&'a [f64]> for Measurements<'a> {
    fn from(losses: &'a [f64]) -> Self {
        Self::new(losses)
    }
}

impl<'a> From<&'a Vec<f64>> for Measurements<'a> {
    fn from(losses: &'a Vec<f64>) -> Self {
        Self::new(losses)
    }
}

impl<'a, const COUNT: usize> From<&'a [f64; COUNT]> for Measurements<'a> {
    fn from(losses: &'a [f64; COUNT]) -> Self {
        Self::new(losses)
    }
}

/// Distinct points with the means of their losses (n points from N measurements).
#[derive(Debug, Clone)]
pub(super) struct MergedMeasurements {
    /// Index of the first measurement at each distinct point, n.
    pub(super) first: Vec<usize>,
    /// Mean losses y, n.
    pub(super) losses: Array1<f64>,
    /// Numbers of measurements k, n.
    pub(super) counts: Array1<f64>,
    /// Known noise variances τ², n.
    known_noise: Array1<f64>,
    /// Sum of squared deviations S.
    pub(super) scatter: f64,
    /// Number of repeated measurements, N − n.
    pub(super) repeats: f64,
}

impl MergedMeasurements {
    pub(super) fn new<P: AsRef<[f64]>>(points: &[P], measured: Measurements<'_>) -> Self {
        let Measurements { losses, known_noise } = measured;
        assert_eq!(points.len(), losses.len(), "one loss per point");
        let mut groups_by_point: HashMap<(Vec<u64>, usize), usize> =
            HashMap::with_capacity(points.len());
        let mut known_variances = Vec::with_capacity(points.len());
        let mut first = Vec::with_capacity(points.len());
        let mut groups: Vec<Vec<f64>> = Vec::with_capacity(points.len());
        for (index, (point, loss)) in points.iter().zip(losses).enumerate() {
            // Adding 0 turns −0 into 0, so that both have the same bits.
            let bits = point.as_ref().iter().map(|u| (u + 0.0).to_bits()).collect();
            let variance = known_noise.get(index).copied().unwrap_or(0.0);
            // A measurement with known noise has a group to itself.
            let separate = if variance > 0.0 { index } else { usize::MAX };
            let group = *groups_by_point.entry((bits, separate)).or_insert_with(|| {
                first.push(index);
                known_variances.push(variance);
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
        let known_noise = known_variances.into();
        Self { first, losses: means, counts, known_noise, scatter, repeats }
    }

    /// Returns the distinct points among `points`, in the order of their first measurements.
    pub(super) fn distinct<'a, P>(&self, points: &'a [P]) -> Vec<&'a P> {
        self.first.iter().map(|&index| &points[index]).collect()
    }

    /// Returns the noise variances of the means, σ² ⁄ kᵢ + τᵢ² (n).
    pub(super) fn noise(&self, noise_variance: f64) -> Array1<f64> {
        self.shared_noise(noise_variance) + &self.known_noise
    }

    /// Returns the noise variances of the means without the known noise, σ² ⁄ kᵢ (n).
    pub(super) fn shared_noise(&self, noise_variance: f64) -> Array1<f64> {
        self.counts.mapv(|count| noise_variance / count)
    }

    /// Returns the log density of the replicates given their means.
    ///
    /// Also returns its derivative with respect to ln σ².
    pub(super) fn replicate_log_density(&self, noise_variance: f64) -> (f64, f64) {
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

    /// Returns the pooled variance of repeated measurements; `None` if there are none.
    pub(super) fn pooled_variance(&self) -> Option<f64> {
        (self.repeats > 0.0).then(|| self.scatter / self.repeats)
    }
}
