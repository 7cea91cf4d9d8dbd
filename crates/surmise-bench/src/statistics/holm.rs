//! Several tests at once.

/// Holm's step-down correction (1979): p-values that may be compared with the level at which any false finding among all of them
/// is to stay, in the order in which they were given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
        let factor = (p_values.len() - rank) as f64;
        least = least.max((factor * p_values[index]).min(1.0));
        corrected[index] = least;
    }
    corrected
}
