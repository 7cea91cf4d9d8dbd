//! Ranks losses by size, the smallest first.

/// Returns the indices of losses, the smallest loss first.
pub(super) fn ranking(losses: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(|a, b| losses[*a].total_cmp(&losses[*b]).then(a.cmp(b)));
    order
}
