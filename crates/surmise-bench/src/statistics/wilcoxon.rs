//! Wilcoxon's signed-rank test for paired samples.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | d | paired differences that are not 0 | n |
//! | r | mean ranks of their absolute values | n |
//! | T = Σ r over d > 0 | sum of positive ranks | – |
//!
//! Under the null hypothesis, each of the 2ⁿ assignments of signs has the same probability. The
//! p-value is the share of the assignments with a sum of at most T.

/// Returns the exact one-sided p-value of Wilcoxon's signed-rank test for negative differences.
///
/// Zero differences are dropped, and tied ones share their mean rank (Wilcoxon 1945). The p-value
/// is the share of the 2ⁿ assignments of signs whose sum of positive ranks is at most the observed
/// one. It is 1 if no difference is left.
///
/// ```
/// use surmise_bench::statistics::wilcoxon_signed_rank;
///
/// // All five differences are negative: 1 of 2⁵ assignments of signs.
/// assert_eq!(wilcoxon_signed_rank(&[-1.0, -2.0, -3.0, -4.0, -5.0]), 1.0 / 32.0);
/// ```
///
/// # Panics
/// If a difference is NaN.
pub fn wilcoxon_signed_rank(differences: &[f64]) -> f64 {
    assert!(differences.iter().all(|d| !d.is_nan()), "a difference is NaN");
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&sorted);
    let observed: usize =
        ranks.iter().zip(&sorted).filter(|(_, d)| **d > 0.0).map(|(rank, _)| rank).sum();

    // probability[s]: share of the sign assignments whose doubled positive ranks sum to s.
    let total: usize = ranks.iter().sum();
    let mut probability = vec![0.0; total + 1];
    probability[0] = 1.0;
    for rank in ranks {
        for sum in (0..=total).rev() {
            let if_positive = if sum >= rank { probability[sum - rank] } else { 0.0 };
            probability[sum] = 0.5 * (probability[sum] + if_positive);
        }
    }
    probability[..=observed].iter().sum::<f64>().min(1.0)
}

/// Returns the exact two-sided p-value of Wilcoxon's signed-rank test.
///
/// It is twice the smaller one of the two one-sided p-values, at most 1.
///
/// # Panics
/// If a difference is NaN.
pub fn wilcoxon_two_sided(differences: &[f64]) -> f64 {
    let mirrored: Vec<f64> = differences.iter().map(|d| -d).collect();
    let less = wilcoxon_signed_rank(differences);
    (2.0 * less.min(wilcoxon_signed_rank(&mirrored))).min(1.0)
}

/// Returns the smallest two-sided p-value that so many pairs without ties can have: 2^(1 − n).
pub fn min_two_sided_p_value(pairs: usize) -> f64 {
    let exponent = i32::try_from(pairs).unwrap_or(i32::MAX).min(1000);
    2.0_f64.powi(1 - exponent).min(1.0)
}

/// Returns twice the rank of each absolute difference, so that mean ranks are integers.
///
/// The differences must be sorted by their absolute values.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for tied in sorted.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let first = ranks.len() + 1;
        let last = ranks.len() + tied.len();
        ranks.extend(std::iter::repeat_n(first + last, tied.len()));
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/golden/wilcoxon.py` makes the numbers by scipy's exact test, with ties and zeros too.
    #[test]
    fn agrees_with_scipy() {
        let golden = include_str!("../../tests/golden/wilcoxon.json");
        let rows: Vec<(Vec<f64>, f64)> = serde_json::from_str(golden).unwrap();
        assert_eq!(rows.len(), 7);
        for (differences, want) in rows {
            let got = wilcoxon_signed_rank(&differences);
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        }
    }

    #[test]
    fn tied_and_zero_differences_have_exact_p_values() {
        // Ranks 1.5, 1.5, 3 with signs −, +, −: sums of positive ranks up to 1.5 in 3 of 8
        // assignments.
        assert!((wilcoxon_signed_rank(&[0.0, -1.0, 1.0, -2.0]) - 3.0 / 8.0).abs() < 1e-15);
        assert!((wilcoxon_signed_rank(&[]) - 1.0).abs() < 1e-15);
        assert!((wilcoxon_signed_rank(&[0.0, 0.0]) - 1.0).abs() < 1e-15);
    }
}
