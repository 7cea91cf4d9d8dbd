//! Linear algebra with the crate `faer`. No other file uses it.
//!
//! faer's product leaves the upper halves of the vector registers in use. The hand-written kernels
//! of version 0.24 lack a `vzeroupper` instruction. On some processors, this makes other code many
//! times slower: an exponential took 190 ns instead of 6 ns. So every function here that may use
//! such a kernel ends with [`clear_vector_registers`].

use ::faer::dyn_stack::{MemBuffer, MemStack};
use ::faer::linalg::cholesky::llt::factor::{
    LltError, cholesky_in_place, cholesky_in_place_scratch,
};
use ::faer::linalg::matmul::{matmul, triangular};
use ::faer::linalg::triangular_inverse::invert_lower_triangular;
use ::faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use ::faer::{Accum, MatMut, MatRef, Par, Spec};
use std::hint::black_box;

use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder};

use super::symmetric::symmetrize;
use super::vector::vectorize;

/// Clears the upper halves of the vector registers.
///
/// The compiler adds `vzeroupper` at the end of any function that uses wide registers.
fn clear_vector_registers() {
    vectorize(
        #[inline(always)]
        || {
            let mut lanes = black_box([1.0_f64; 16]);
            lanes.iter_mut().for_each(|lane| *lane += *lane);
            black_box(lanes);
        },
    );
}

/// Factors a matrix in place; the error is the index of the first pivot that is not positive.
pub(super) fn factor(lower: &mut Array2<f64>) -> Result<(), usize> {
    let size = lower.nrows();
    let scratch = cholesky_in_place_scratch::<f64>(size, Par::Seq, Spec::default());
    let factored = cholesky_in_place(
        columns_mut(lower),
        ::faer::linalg::cholesky::llt::factor::LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    );
    clear_vector_registers();
    factored.map(|_| ()).map_err(|LltError::NonPositivePivot { index }| index)
}

pub(super) fn solve_lower(lower: &Array2<f64>, right: &mut Array2<f64>) {
    solve_lower_triangular_in_place(view(lower.view()), columns_mut(right), Par::Seq);
    clear_vector_registers();
}

pub(super) fn solve(lower: &Array2<f64>, right: &mut Array1<f64>) {
    let rows = right.len();
    let right = right.as_slice_mut().expect("an owned vector is contiguous");
    let mut right = MatMut::from_column_major_slice_mut(right, rows, 1);
    solve_lower_triangular_in_place(view(lower.view()), right.as_mut(), Par::Seq);
    solve_upper_triangular_in_place(view(lower.t()), right, Par::Seq);
    clear_vector_registers();
}

/// Returns (L Lᵀ)⁻¹ = L⁻ᵀ L⁻¹.
pub(super) fn inverse(lower: &Array2<f64>) -> Array2<f64> {
    let size = lower.nrows();
    let mut lower_inverse = Array2::zeros((size, size).f());
    invert_lower_triangular(columns_mut(&mut lower_inverse), view(lower.view()), Par::Seq);
    let mut inverse = Array2::zeros((size, size).f());
    triangular::matmul(
        columns_mut(&mut inverse),
        triangular::BlockStructure::TriangularLower,
        Accum::Replace,
        view(lower_inverse.t()),
        triangular::BlockStructure::TriangularUpper,
        view(lower_inverse.view()),
        triangular::BlockStructure::TriangularLower,
        1.0,
        Par::Seq,
    );
    clear_vector_registers();
    symmetrize(&mut inverse);
    // A symmetric matrix equals its transpose, which has ndarray's standard layout.
    inverse.reversed_axes()
}

pub(super) fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut product = Array2::zeros((a.nrows(), b.ncols()));
    let (rows, columns) = product.dim();
    let (a, b) = (contiguous(&a), contiguous(&b));
    let target = MatMut::from_row_major_slice_mut(
        product.as_slice_mut().expect("a new array is contiguous"),
        rows,
        columns,
    );
    matmul(target, Accum::Replace, view(a.view()), view(b.view()), 1.0, Par::Seq);
    clear_vector_registers();
    product
}

/// Returns a view of the matrix, or a copy if neither its rows nor its columns are contiguous.
fn contiguous<'a>(matrix: &'a ArrayView2<'_, f64>) -> ndarray::CowArray<'a, f64, ndarray::Ix2> {
    if matrix.is_standard_layout() || matrix.t().is_standard_layout() {
        matrix.view().into()
    } else {
        matrix.to_owned().into()
    }
}

fn view(matrix: ArrayView2<'_, f64>) -> MatRef<'_, f64> {
    let (rows, columns) = matrix.dim();
    if let Some(slice) = matrix.to_slice() {
        MatRef::from_row_major_slice(slice, rows, columns)
    } else {
        let slice = matrix.reversed_axes().to_slice().expect("rows or columns are contiguous");
        MatRef::from_column_major_slice(slice, rows, columns)
    }
}

fn columns_mut(matrix: &mut Array2<f64>) -> MatMut<'_, f64> {
    let (rows, columns) = matrix.dim();
    let slice = matrix.as_slice_memory_order_mut().expect("the matrix is column-major");
    MatMut::from_column_major_slice_mut(slice, rows, columns)
}
