//! Symmetric matrices of which one half is known.

use ndarray::Array2;

/// Fills the half of a symmetric n × n matrix that lies below the diagonal, read row by row, with the mirror image of the other half.
///
/// Eight rows are written at a time, so that each cache line of the known half is read once.
///
/// # Panics
/// If the matrix is not square, or its entries do not follow each other.
pub(crate) fn mirror(matrix: &mut Array2<f64>) {
    const ROWS: usize = 8;
    assert!(matrix.is_square(), "only a square matrix is symmetric");
    let size = matrix.nrows();
    let entries = matrix.as_slice_memory_order_mut().expect("entries follow each other");
    for first in (0..size).step_by(ROWS) {
        let (known, rows) = entries.split_at_mut(first * size);
        let count = ROWS.min(size - first);
        for (j, known) in known.chunks_exact(size).enumerate() {
            let values = &known[first..first + count];
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
    fn one_half_is_the_mirror_image_of_the_other() {
        for size in [0, 1, 2, 7, 8, 9, 16, 21] {
            let known = Array2::from_shape_fn((size, size), |(i, j)| (100 * i + j) as f64);
            let mut matrix = known.clone();
            mirror(&mut matrix);
            for ((i, j), entry) in matrix.indexed_iter() {
                assert_eq!(
                    entry.to_bits(),
                    known[[i.min(j), i.max(j)]].to_bits(),
                    "{size}: {i}, {j}"
                );
            }
        }
    }
}
