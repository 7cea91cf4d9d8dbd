//! Wilcoxon's signed-rank test for paired samples.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | d | paired differences that are not 0 | n |
//! | r | mean ranks of their sizes | n |
//! | T = Σ r over d > 0 | sum of positive ranks | – |
//!
//! Where neither side is better, each of the 2ⁿ assignments of signs is as likely: p = share of them with a sum of at most T.

/// The one-sided p-value of Wilcoxon's signed-rank test that paired differences tend to be negative; exact.
///
/// Zero differences are dropped, tied ones share their mean rank (Wilcoxon 1945), and the p-value is the share of all 2ⁿ
/// assignments of signs to the ranks at hand that have a sum of positive ranks as small as the observed one. 1 if nothing is
/// left to compare.
///
/// # Panics
/// If a difference is not a number.
pub fn wilcoxon_signed_rank(differences: &[f64]) -> f64 {
    assert!(differences.iter().all(|d| !d.is_nan()), "differences are numbers");
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&sorted);
    let observed: usize =
        ranks.iter().zip(&sorted).filter(|(_, d)| **d > 0.0).map(|(rank, _)| rank).sum();

    // ways[s]: share of sign assignments whose doubled positive ranks sum to s.
    let total: usize = ranks.iter().sum();
    let mut ways = vec![0.0; total + 1];
    ways[0] = 1.0;
    for rank in ranks {
        for sum in (0..=total).rev() {
            let with = if sum >= rank { ways[sum - rank] } else { 0.0 };
            ways[sum] = 0.5 * (ways[sum] + with);
        }
    }
    ways[..=observed].iter().sum::<f64>().min(1.0)
}

/// The two-sided p-value of the same test: that paired differences tend to either side.
///
/// # Panics
/// If a difference is not a number.
pub fn wilcoxon_two_sided(differences: &[f64]) -> f64 {
    let mirrored: Vec<f64> = differences.iter().map(|d| -d).collect();
    let less = wilcoxon_signed_rank(differences);
    (2.0 * less.min(wilcoxon_signed_rank(&mirrored))).min(1.0)
}

/// Twice the rank of each absolute difference, so that shared ranks stay whole; the differences are sorted.
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

    /// `tests/golden/wilcoxon.py`: scipy, exact; with ties and zeros too.
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
    fn ties_and_zeros() {
        // Ranks 1.5, 1.5, 3 with signs −, +, −: sums of positive ranks up to 1.5 in 3 of 8 assignments.
        assert!((wilcoxon_signed_rank(&[0.0, -1.0, 1.0, -2.0]) - 3.0 / 8.0).abs() < 1e-15);
        assert!((wilcoxon_signed_rank(&[]) - 1.0).abs() < 1e-15);
        assert!((wilcoxon_signed_rank(&[0.0, 0.0]) - 1.0).abs() < 1e-15);
    }
}
