//! Covariances, and the slopes from which their gradients follow.
//!
//! The functions work on matrices, so that one matrix product gives all distances.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x̃ | features divided by their length scales: rows | m × q, n × q |
//! | r | distance of two rows | – |
//! | s | signal variance | – |
//! | k(r) | covariance at a distance | – |
//! | G = −k′(r) ⁄ r | slope of the covariance | m × n |
//!
//! | kernel | covariance ⁄ s | G ⁄ s |
//! | --- | --- | --- |
//! | Matérn 5⁄2, t = √5 r | (1 + t + t²⁄3) e⁻ᵗ | 5⁄3 (1 + t) e⁻ᵗ |
//! | Matérn 3⁄2, t = √3 r | (1 + t) e⁻ᵗ | 3 e⁻ᵗ |
//! | squared exponential | e^(−r²⁄2) | e^(−r²⁄2) |
//!
//! The covariances are from Rasmussen & Williams 2006, eq. 4.17 and 4.9. If a coordinate x enters
//! r² as (x − x′)² ⁄ ℓ², the derivative of the covariance with respect to x is −G (x − x′) ⁄ ℓ².
//! This form has no division by r.

use serde::{Deserialize, Serialize};

use ndarray::{Array2, ArrayView2, Axis};

use crate::linalg::{self, exp_nonpositive, vectorize};

/// The covariance function of a Gaussian process: how smooth the losses are assumed to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Matérn 5⁄2, the default: twice differentiable functions, smooth but flexible.
    #[default]
    Matern52,
    /// Matérn 3⁄2: once differentiable functions, for rougher losses.
    Matern32,
    /// Squared exponential: infinitely differentiable functions, for very smooth losses.
    SquaredExponential,
}

/// Returns the correlation and the slope G ⁄ s at a squared distance.
#[inline(always)]
fn matern52(squared_distance: f64) -> (f64, f64) {
    let t = (5.0 * squared_distance).sqrt();
    let decay = exp_nonpositive(-t);
    let linear = (1.0 + t) * decay;
    (linear + t * t * decay / 3.0, 5.0 / 3.0 * linear)
}

#[inline(always)]
fn matern32(squared_distance: f64) -> (f64, f64) {
    let t = (3.0 * squared_distance).sqrt();
    let decay = exp_nonpositive(-t);
    ((1.0 + t) * decay, 3.0 * decay)
}

#[inline(always)]
fn squared_exponential(squared_distance: f64) -> (f64, f64) {
    let decay = exp_nonpositive(-0.5 * squared_distance);
    (decay, decay)
}

impl Kernel {
    /// Returns the covariances and slopes G (m × n each) between the scaled rows of `a` and `b`.
    ///
    /// `a` is m × q and `b` is n × q.
    pub(super) fn covariances(
        self,
        a: ArrayView2<'_, f64>,
        b: ArrayView2<'_, f64>,
        signal_variance: f64,
    ) -> (Array2<f64>, Array2<f64>) {
        // One generic instance per kernel, so that the compiler vectorizes each loop.
        match self {
            Self::Matern52 => covariances(a, b, signal_variance, matern52),
            Self::Matern32 => covariances(a, b, signal_variance, matern32),
            Self::SquaredExponential => covariances(a, b, signal_variance, squared_exponential),
        }
    }

    /// Returns the covariances (m × n) between the scaled rows of `a` and `b`, without slopes.
    pub(super) fn values(
        self,
        a: ArrayView2<'_, f64>,
        b: ArrayView2<'_, f64>,
        signal_variance: f64,
    ) -> Array2<f64> {
        match self {
            Self::Matern52 => values(a, b, signal_variance, matern52),
            Self::Matern32 => values(a, b, signal_variance, matern32),
            Self::SquaredExponential => values(a, b, signal_variance, squared_exponential),
        }
    }

    /// Returns the covariances and slopes among the rows of one matrix, both symmetric and n × n.
    ///
    /// The distance of each row from itself is exactly 0, without rounding.
    pub(super) fn self_covariances(
        self,
        rows: ArrayView2<'_, f64>,
        signal_variance: f64,
    ) -> (Array2<f64>, Array2<f64>) {
        let (mut values, mut slopes) = self.upper_self_covariances(rows, signal_variance);
        linalg::symmetrize(&mut values);
        linalg::symmetrize(&mut slopes);
        (values, slopes)
    }

    /// Returns the covariances and slopes among the rows of one matrix, on and above the diagonals.
    ///
    /// The entries below the diagonals are unspecified.
    pub(super) fn upper_self_covariances(
        self,
        rows: ArrayView2<'_, f64>,
        signal_variance: f64,
    ) -> (Array2<f64>, Array2<f64>) {
        match self {
            Self::Matern52 => upper_self_covariances(rows, signal_variance, matern52),
            Self::Matern32 => upper_self_covariances(rows, signal_variance, matern32),
            Self::SquaredExponential => {
                upper_self_covariances(rows, signal_variance, squared_exponential)
            }
        }
    }

    #[cfg(test)]
    fn at(self, squared_distance: f64) -> (f64, f64) {
        match self {
            Self::Matern52 => matern52(squared_distance),
            Self::Matern32 => matern32(squared_distance),
            Self::SquaredExponential => squared_exponential(squared_distance),
        }
    }
}

/// Returns the squared norms of rows.
fn squared_norms(rows: ArrayView2<'_, f64>) -> Vec<f64> {
    rows.map(|x| x * x).sum_axis(Axis(1)).to_vec()
}

/// Computes covariances and slopes from |a − b|² = |a|² + |b|² − 2 a·b.
fn covariances(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    signal_variance: f64,
    correlation_at: impl Fn(f64) -> (f64, f64) + Copy,
) -> (Array2<f64>, Array2<f64>) {
    let (norms_a, norms_b) = (squared_norms(a), squared_norms(b));
    let mut values = linalg::product(a, b.t());
    let mut slopes = Array2::zeros(values.raw_dim());
    let rows = values.rows_mut().into_iter().zip(slopes.rows_mut());
    for ((values, slopes), norm_a) in rows.zip(norms_a) {
        let values = values.into_slice().expect("a product is contiguous");
        let slopes = slopes.into_slice().expect("a new array is contiguous");
        fill_row(values, slopes, norm_a, &norms_b, signal_variance, correlation_at);
    }
    (values, slopes)
}

/// Replaces the dot products a·b of one row by covariances, and writes the slopes.
fn fill_row(
    values: &mut [f64],
    slopes: &mut [f64],
    norm_a: f64,
    norms_b: &[f64],
    signal_variance: f64,
    correlation_at: impl Fn(f64) -> (f64, f64) + Copy,
) {
    vectorize(
        #[inline(always)]
        || {
            for ((value, slope), norm_b) in values.iter_mut().zip(slopes).zip(norms_b) {
                let squared_distance = (norm_a + norm_b - 2.0 * *value).max(0.0);
                let (correlation, relative_slope) = correlation_at(squared_distance);
                *value = signal_variance * correlation;
                *slope = signal_variance * relative_slope;
            }
        },
    );
}

fn values(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    signal_variance: f64,
    correlation_at: impl Fn(f64) -> (f64, f64) + Copy,
) -> Array2<f64> {
    let (norms_a, norms_b) = (squared_norms(a), squared_norms(b));
    let mut values = linalg::product(a, b.t());
    for (values, norm_a) in values.rows_mut().into_iter().zip(norms_a) {
        let values = values.into_slice().expect("a product is contiguous");
        vectorize(
            #[inline(always)]
            || {
                for (value, norm_b) in values.iter_mut().zip(&norms_b) {
                    let squared_distance = (norm_a + norm_b - 2.0 * *value).max(0.0);
                    *value = signal_variance * correlation_at(squared_distance).0;
                }
            },
        );
    }
    values
}

fn upper_self_covariances(
    rows: ArrayView2<'_, f64>,
    signal_variance: f64,
    correlation_at: impl Fn(f64) -> (f64, f64) + Copy,
) -> (Array2<f64>, Array2<f64>) {
    let norms = squared_norms(rows);
    let mut values = linalg::product(rows, rows.t());
    let mut slopes = Array2::zeros(values.raw_dim());
    let pairs = values.rows_mut().into_iter().zip(slopes.rows_mut());
    for (i, (values, slopes)) in pairs.enumerate() {
        let values = &mut values.into_slice().expect("a product is contiguous")[i..];
        let slopes = &mut slopes.into_slice().expect("a new array is contiguous")[i..];
        fill_row(values, slopes, norms[i], &norms[i..], signal_variance, correlation_at);
        let (correlation, relative_slope) = correlation_at(0.0);
        values[0] = signal_variance * correlation;
        slopes[0] = signal_variance * relative_slope;
    }
    (values, slopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    const KERNELS: [Kernel; 3] = [Kernel::Matern52, Kernel::Matern32, Kernel::SquaredExponential];

    #[test]
    fn correlations_match_the_textbook_formulas() {
        for r in [0.0_f64, 0.5, 2.0, 7.0] {
            let (five, three) = (5.0_f64.sqrt() * r, 3.0_f64.sqrt() * r);
            let direct = [
                (1.0 + five + five * five / 3.0) * (-five).exp(),
                (1.0 + three) * (-three).exp(),
                (-0.5 * r * r).exp(),
            ];
            for (kernel, expected) in KERNELS.into_iter().zip(direct) {
                assert!((kernel.at(r * r).0 - expected).abs() < 1e-15, "{kernel:?} at {r}");
            }
        }
        assert!((Kernel::Matern52.at(0.25).0 - 0.828_649_142_418_125_5).abs() < 1e-12);
    }

    #[test]
    fn slopes_match_central_differences() {
        for kernel in KERNELS {
            for x in [0.01_f64, 0.3, 1.0, 4.0] {
                let step = 1e-6;
                let difference = (kernel.at((x + step).powi(2)).0
                    - kernel.at((x - step).powi(2)).0)
                    / (2.0 * step);
                assert!((difference + kernel.at(x * x).1 * x).abs() < 1e-9, "{kernel:?} at {x}");
            }
        }
    }

    #[test]
    fn self_covariances_equal_covariances_of_a_matrix_with_itself() {
        let rows = array![[0.1, 0.2], [0.4, -0.3], [2.0, 1.0]];
        for kernel in KERNELS {
            let (values, slopes) = kernel.self_covariances(rows.view(), 1.7);
            let (other_values, other_slopes) = kernel.covariances(rows.view(), rows.view(), 1.7);
            assert!((&values - &other_values).iter().all(|x| x.abs() < 1e-14));
            assert!((&slopes - &other_slopes).iter().all(|x| x.abs() < 1e-14));
        }
    }
}
