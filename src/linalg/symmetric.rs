//! Completes symmetric matrices of which only one triangle is computed.

use ndarray::Array2;

/// Copies the upper triangle of a row-major n × n matrix to the lower one.
///
/// For a column-major matrix, it copies the lower triangle to the upper one. It writes eight rows
/// at a time, so that it reads each cache line of the source once.
///
/// # Panics
/// Panics if the matrix is not square or not contiguous.
pub(crate) fn symmetrize(matrix: &mut Array2<f64>) {
    const ROWS: usize = 8;
    assert!(matrix.is_square(), "only a square matrix is symmetric");
    let size = matrix.nrows();
    let entries = matrix.as_slice_memory_order_mut().expect("the matrix is contiguous");
    for first in (0..size).step_by(ROWS) {
        let (source, rows) = entries.split_at_mut(first * size);
        let count = ROWS.min(size - first);
        for (j, source_row) in source.chunks_exact(size).enumerate() {
            let values = &source_row[first..first + count];
            for (row, value) in rows.chunks_exact_mut(size).zip(values) {
                row[j] = *value;
            }
        }
        for i in 1..count {
            for j in 0..i {
                rows[i * size + first + j] = rows[j * size + first + i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetrize_copies_the_upper_triangle() {
        for size in [0, 1, 2, 7, 8, 9, 16, 21] {
            let original = Array2::from_shape_fn((size, size), |(i, j)| (100 * i + j) as f64);
            let mut matrix = original.clone();
            symmetrize(&mut matrix);
            for ((i, j), entry) in matrix.indexed_iter() {
                assert_eq!(
                    entry.to_bits(),
                    original[[i.min(j), i.max(j)]].to_bits(),
                    "{size}: {i}, {j}"
                );
            }
        }
    }
}
