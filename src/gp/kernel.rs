//! The Matérn-5⁄2 correlation and its slope, for whole matrices of distances.
//!
//! With t = √5 r, the correlation is (1 + t + t²⁄3) e⁻ᵗ, and its derivative by a coordinate that enters r² as
//! (x − x′)² ⁄ ℓ² is −g (x − x′) ⁄ ℓ² with g = 5⁄3 (1 + t) e⁻ᵗ. This form has no division by r.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use crate::linalg::{self, exp_of_negative, vectorize};

/// Correlation and g at a squared distance.
#[inline(always)]
fn matern(square: f64) -> (f64, f64) {
    let t = (5.0 * square).sqrt();
    let decay = exp_of_negative(-t);
    let linear = (1.0 + t) * decay;
    (linear + t * t * decay / 3.0, 5.0 / 3.0 * linear)
}

/// Replaces squared distances by correlations, and gives the slopes g.
fn correlate(mut squares: Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    let mut slopes = Array2::zeros(squares.raw_dim());
    let values = squares.as_slice_mut().expect("a product is contiguous");
    let targets = slopes.as_slice_mut().expect("a new array is contiguous");
    vectorize(
        #[inline(always)]
        || {
            for (value, slope) in values.iter_mut().zip(targets) {
                (*value, *slope) = matern(*value);
            }
        },
    );
    (squares, slopes)
}

/// Squared distances between the rows of `a` (m × c) and `b` (n × c), by |a|² + |b|² − 2 a·b in one product: m × n.
fn squared_distances(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let norms = |rows: ArrayView2<'_, f64>| rows.map(|x| x * x).sum_axis(Axis(1));
    let (norms_a, norms_b) = (norms(a), norms(b));
    let mut squares = linalg::product(a, b.t());
    for (mut row, norm_a) in squares.rows_mut().into_iter().zip(&norms_a) {
        Zip::from(&mut row).and(&norms_b).for_each(|square, norm_b| {
            *square = (norm_a + norm_b - 2.0 * *square).max(0.0);
        });
    }
    squares
}

/// Correlations and slopes g between the scaled rows of `a` (m × c) and `b` (n × c): two m × n matrices.
pub(super) fn correlations(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
) -> (Array2<f64>, Array2<f64>) {
    correlate(squared_distances(a, b))
}

/// The same among the rows of one matrix, where a row is at distance 0 from itself exactly: two n × n matrices.
pub(super) fn self_correlations(rows: ArrayView2<'_, f64>) -> (Array2<f64>, Array2<f64>) {
    let mut squares = squared_distances(rows, rows);
    squares.diag_mut().fill(0.0);
    correlate(squares)
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
        let (among, slopes) = self_correlations(rows.view());
        let (between, other) = correlations(rows.view(), rows.view());
        assert!((&among - &between).iter().all(|x| x.abs() < 1e-14));
        assert!((&slopes - &other).iter().all(|x| x.abs() < 1e-14));
    }
}
