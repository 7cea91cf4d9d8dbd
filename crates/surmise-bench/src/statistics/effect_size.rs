//! The effect size of a difference between two samples.

/// Computes Vargha and Delaney's effect size A (2000) of two samples where smaller is better.
///
/// A is the probability that a value of `first` is less than a value of `second`; equal values
/// count half. 0.5 means no difference, 1 means that all values of `first` are smaller. Values of
/// 0.56, 0.64 and 0.71 are called small, medium and large. NaN if a sample is empty.
pub fn vargha_delaney(first: &[f64], second: &[f64]) -> f64 {
    let wins = |a: &f64| -> f64 {
        let win = |b: &f64| if a < b { 1.0 } else { f64::from(a.total_cmp(b).is_eq()) / 2.0 };
        second.iter().map(win).sum()
    };
    #[allow(clippy::cast_precision_loss, reason = "sizes of samples")]
    let pairs = (first.len() * second.len()) as f64;
    first.iter().map(wins).sum::<f64>() / pairs
}
