//! Tests of the factorization and the product, for every backend of the build.

use proptest::prelude::*;

use super::cholesky::block;
use super::product::column_major;
use super::*;
use crate::error::Error;
use crate::rng::Rng;
use ndarray::{Array2, ArrayView2, Axis, Slice};

/// Returns a matrix that is conditioned well enough for tolerances of ten digits.
fn positive_definite(size: usize, seed: u64) -> Array2<f64> {
    let mut rng = Rng::stream(seed, 0);
    let root = Array2::from_shape_fn((size, size + 2), |_| rng.normal());
    product(root.view(), root.t()) + Array2::<f64>::eye(size) * 0.5
}

fn random(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut rng = Rng::stream(seed, 1);
    Array2::from_shape_fn((rows, columns), |_| rng.normal())
}

#[track_caller]
fn assert_close(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) {
    assert_eq!(a.dim(), b.dim());
    let max = (a - b).iter().fold(0.0_f64, |max, x| max.max(x.abs()));
    assert!(max <= tolerance, "largest difference {max}");
}

/// Computes the product by its definition.
fn naive_product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        (0..a.ncols()).map(|k| a[[i, k]] * b[[k, j]]).sum()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_factor_reproduces_the_matrix(size in 0_usize..70, seed: u64) {
        let matrix = positive_definite(size, seed);
        for &backend in Backend::ALL {
            let cholesky = Cholesky::factor_with(backend, &matrix).unwrap();
            let lower = cholesky.lower();
            assert_close(&naive_product(lower, lower.t()), &matrix, 1e-11);
            prop_assert!(lower.indexed_iter().all(|((i, j), entry)| i >= j || *entry == 0.0));
            let identity = naive_product(matrix.view(), cholesky.inverse().view());
            assert_close(&identity, &Array2::eye(size), 1e-8);
            prop_assert!(cholesky.inverse().is_standard_layout());
        }
    }

    #[test]
    fn solve_inverts_the_matrix(size in 0_usize..40, columns in 0_usize..5, seed: u64) {
        let (matrix, right) = (positive_definite(size, seed), random(size, columns, seed));
        for &backend in Backend::ALL {
            let cholesky = Cholesky::factor_with(backend, &matrix).unwrap();
            let solved = cholesky.solve_lower(right.view());
            assert_close(&naive_product(cholesky.lower(), solved.view()), &right, 1e-10);
            for column in right.columns() {
                let back = matrix.dot(&cholesky.solve(column));
                prop_assert!((&back - &column).iter().all(|gap| gap.abs() < 1e-8));
            }
        }
    }

    #[test]
    fn growing_equals_refactoring_and_truncating_undoes_it(
        old in 0_usize..30,
        added in 0_usize..8,
        seed: u64,
    ) {
        let size = old + added;
        let matrix = positive_definite(size, seed);
        let part = |rows, columns| block(matrix.view(), rows, columns).to_owned();
        for &backend in Backend::ALL {
            let full = Cholesky::factor_with(backend, &matrix).unwrap();
            let first = Cholesky::factor_with(backend, &part(0..old, 0..old)).unwrap();
            let mut grown = first.clone();
            grown.grow(&part(0..old, old..size), &part(old..size, old..size)).unwrap();
            assert_close(&grown.lower, &full.lower, 1e-10);
            let cross = part(old..size, 0..old);
            let explained = cross.dot(&first.inverse()).dot(&cross.t());
            let complement = full.schur_complement(old);
            assert_close(
                &naive_product(complement.lower(), complement.lower().t()),
                &(part(old..size, old..size) - explained),
                1e-7,
            );
            grown.truncate(old);
            assert_close(&grown.lower, &first.lower, 0.0);
        }
    }

    /// ln det(4 A) = ln det A + n ln 4.
    #[test]
    fn the_log_determinant_of_a_scaled_matrix_is_shifted(size in 1_usize..30, seed: u64) {
        let matrix = positive_definite(size, seed);
        for &backend in Backend::ALL {
            let one = Cholesky::factor_with(backend, &matrix).unwrap().log_determinant();
            let four = Cholesky::factor_with(backend, &(4.0 * &matrix)).unwrap().log_determinant();
            #[allow(clippy::cast_precision_loss, reason = "a small size")]
            let shift = size as f64 * 4.0_f64.ln();
            prop_assert!((four - one - shift).abs() < 1e-9);
        }
    }

    #[test]
    fn the_product_accepts_any_layout(
        rows in 0_usize..9,
        inner in 0_usize..9,
        columns in 0_usize..9,
        seed: u64,
    ) {
        let (a, b) = (random(rows, inner, seed), random(inner, columns, !seed));
        let expected = naive_product(a.view(), b.view());
        let (a_columns, b_columns) = (column_major(a.view()), column_major(b.view()));
        let wide = Array2::from_shape_fn((rows, 2 * inner), |(i, j)| a[[i, j / 2]]);
        let strided = wide.slice_axis(Axis(1), Slice::from(..).step_by(2));
        for &backend in Backend::ALL {
            for left in [a.view(), a_columns.view(), strided] {
                for right in [b.view(), b_columns.view()] {
                    let actual = backend.product(left, right);
                    assert_close(&actual, &expected, 1e-13);
                    prop_assert!(actual.is_standard_layout());
                }
            }
        }
    }

    /// Without a LAPACK feature there is only one backend, and the test checks nothing.
    #[test]
    fn backends_agree(size in 0_usize..40, seed: u64) {
        let matrix = positive_definite(size, seed);
        let factors = Backend::ALL.iter().map(|b| Cholesky::factor_with(*b, &matrix).unwrap());
        let factors: Vec<Cholesky> = factors.collect();
        for other in &factors[1..] {
            assert_close(&other.lower, &factors[0].lower, 1e-11);
            assert_close(&other.inverse(), &factors[0].inverse(), 1e-8);
        }
    }
}

/// The log determinant of the Hilbert matrix of order 5 is ln(1 ⁄ 266,716,800,000) (Choi 1983).
#[test]
fn the_log_determinant_of_hilberts_matrix_is_known() {
    let hilbert = Array2::from_shape_fn((5, 5), |(i, j)| 1.0 / (i + j + 1) as f64);
    for &backend in Backend::ALL {
        let actual = Cholesky::factor_with(backend, &hilbert).unwrap().log_determinant();
        assert!((actual + 266_716_800_000.0_f64.ln()).abs() < 1e-9, "{actual}");
    }
}

#[test]
fn an_indefinite_matrix_is_an_error_with_its_pivot() {
    for &backend in Backend::ALL {
        let mut matrix = Array2::<f64>::eye(3);
        matrix[[2, 2]] = -1.0;
        let error = Cholesky::factor_with(backend, &matrix).unwrap_err();
        assert!(matches!(error, Error::NotPositiveDefinite { pivot: 2 }), "{error}");
        matrix[[2, 2]] = f64::NAN;
        assert!(Cholesky::factor_with(backend, &matrix).is_err());
        let mut grown = Cholesky::factor_with(backend, &Array2::eye(2)).unwrap();
        let cross = Array2::from_elem((2, 1), 0.0);
        let error = grown.grow(&cross, &Array2::from_elem((1, 1), -1.0)).unwrap_err();
        assert!(matches!(error, Error::NotPositiveDefinite { pivot: 2 }), "{error}");
        assert_eq!(grown.size(), 2, "the factor is unchanged");
    }
}
