//! The Matérn-5⁄2 covariance and its slope, for whole matrices of distances.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x̃ | features divided by their length scales: rows | m × q, n × q |
//! | r | distance of two rows | – |
//! | s | signal variance | – |
//! | G | slope of the covariance | m × n |
//!
//! Matérn's covariance with ν = 5⁄2 (Rasmussen & Williams 2006, eq. 4.17): with t = √5 r it is s (1 + t + t²⁄3) e⁻ᵗ. Its derivative
//! by a coordinate x that enters r² as (x − x′)² ⁄ ℓ² is −G (x − x′) ⁄ ℓ² with G = 5⁄3 s (1 + t) e⁻ᵗ. This form has no division
//! by r.

use ndarray::{Array2, ArrayView2, Axis};

use crate::linalg::{self, exp_of_negative, vectorize};

/// Correlation and slope at a squared distance, for s = 1.
#[inline(always)]
fn matern(square: f64) -> (f64, f64) {
    let t = (5.0 * square).sqrt();
    let decay = exp_of_negative(-t);
    let linear = (1.0 + t) * decay;
    (linear + t * t * decay / 3.0, 5.0 / 3.0 * linear)
}

/// Covariances and slopes G between the scaled rows of `a` (m × q) and `b` (n × q): two m × n matrices.
///
/// Squared distances are |a|² + |b|² − 2 a·b, so that one matrix product gives all of them.
pub(super) fn covariances(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    signal_variance: f64,
) -> (Array2<f64>, Array2<f64>) {
    let norms = |rows: ArrayView2<'_, f64>| rows.map(|x| x * x).sum_axis(Axis(1)).to_vec();
    let (norms_a, norms_b) = (norms(a), norms(b));
    let mut values = linalg::product(a, b.t());
    let mut slopes = Array2::zeros(values.raw_dim());
    let rows = values.rows_mut().into_iter().zip(slopes.rows_mut());
    for ((values, slopes), norm_a) in rows.zip(norms_a) {
        let values = values.into_slice().expect("a product is contiguous");
        let slopes = slopes.into_slice().expect("a new array is contiguous");
        vectorize(
            #[inline(always)]
            || {
                for ((value, slope), norm_b) in values.iter_mut().zip(slopes).zip(&norms_b) {
                    let (correlation, pull) = matern((norm_a + norm_b - 2.0 * *value).max(0.0));
                    *value = signal_variance * correlation;
                    *slope = signal_variance * pull;
                }
            },
        );
    }
    (values, slopes)
}

/// The same among the rows of one matrix, where a row is at distance 0 from itself exactly: two n × n matrices.
pub(super) fn self_covariances(
    rows: ArrayView2<'_, f64>,
    signal_variance: f64,
) -> (Array2<f64>, Array2<f64>) {
    let (mut values, mut slopes) = covariances(rows, rows, signal_variance);
    let (correlation, pull) = matern(0.0);
    values.diag_mut().fill(signal_variance * correlation);
    slopes.diag_mut().fill(signal_variance * pull);
    (values, slopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_correlation_is_materns() {
        for (r, want) in
            [(0.0_f64, 1.0), (0.5, 0.828_649_142_468_125_8), (2.0, 0.138_660_214_225_4)]
        {
            let t = 5.0_f64.sqrt() * r;
            let direct = (1.0 + t + t * t / 3.0) * (-t).exp();
            assert!((matern(r * r).0 - direct).abs() < 1e-15);
            assert!((direct - want).abs() < 1e-3, "{direct}");
        }
    }

    #[test]
    fn the_slope_is_the_derivative() {
        for x in [0.01_f64, 0.3, 1.0, 4.0] {
            let step = 1e-6;
            let difference =
                (matern((x + step).powi(2)).0 - matern((x - step).powi(2)).0) / (2.0 * step);
            assert!((difference + matern(x * x).1 * x).abs() < 1e-9, "at {x}");
        }
    }

    #[test]
    fn both_routes_agree() {
        let rows = array![[0.1, 0.2], [0.4, -0.3], [2.0, 1.0]];
        let (among, slopes) = self_covariances(rows.view(), 1.7);
        let (between, other) = covariances(rows.view(), rows.view(), 1.7);
        assert!((&among - &between).iter().all(|x| x.abs() < 1e-14));
        assert!((&slopes - &other).iter().all(|x| x.abs() < 1e-14));
    }
}
