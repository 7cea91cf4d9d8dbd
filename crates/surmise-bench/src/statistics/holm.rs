//! Correction of p-values for multiple tests.

/// Applies Holm's step-down correction (1979) to p-values, and returns them in the same order.
///
/// Compare the corrected values with the significance level: it then bounds the probability of any
/// false positive among all tests.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut max_so_far = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
        let factor = (p_values.len() - rank) as f64;
        max_so_far = max_so_far.max((factor * p_values[index]).min(1.0));
        corrected[index] = max_so_far;
    }
    corrected
}
