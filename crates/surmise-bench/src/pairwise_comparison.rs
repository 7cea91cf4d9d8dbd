//! Compares two strategies on one case.

use crate::case_results::CaseResults;
use crate::statistics::{DecisionRule, Verdict, holm, median, vargha_delaney, wilcoxon_two_sided};

/// The rule of all verdicts: significance level 5 %, equivalence margin 0.1 decades of score.
///
/// The margin is a factor of 1.26.
pub const DECISION_RULE: DecisionRule = DecisionRule { level: 0.05, margin: 0.1 };

/// The comparison of two strategies on one case, with a verdict.
#[derive(Debug, Clone)]
pub struct PairwiseComparison {
    /// Index of the case in [`Comparison::cases`](crate::Comparison::cases).
    pub case: usize,
    /// Index of the strategy that the verdict is about, in
    /// [`Comparison::strategies`](crate::Comparison::strategies).
    pub first: usize,
    /// Index of the strategy that it is compared with.
    pub second: usize,
    /// Number of seeds that both strategies have.
    pub pairs: usize,
    /// Number of these pairs whose results differ; the test ignores the other ones.
    pub untied: usize,
    /// Median of the paired differences, in decades of score; below 0, the first one is better.
    ///
    /// Without scores, it is the median difference of the best values.
    pub median_difference: f64,
    /// Vargha and Delaney's A: the probability that a run of the first strategy is better.
    pub effect_size: f64,
    /// p-value of Wilcoxon's two-sided signed-rank test, with Holm's correction.
    ///
    /// The correction covers all pairs of strategies and all cases of the comparison.
    pub p_value: f64,
    /// p-value of the two one-sided tests for equivalence, with the same correction.
    ///
    /// It is 1 without scores, because the margin is one of scores.
    pub equivalence_p_value: f64,
    /// The verdict on the first strategy.
    pub verdict: Verdict,
}

impl PairwiseComparison {
    /// Returns the same comparison with the strategies exchanged.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let verdict = match self.verdict {
            Verdict::Better => Verdict::Worse,
            Verdict::Worse => Verdict::Better,
            verdict => verdict,
        };
        Self {
            first: self.second,
            second: self.first,
            median_difference: -self.median_difference,
            effect_size: 1.0 - self.effect_size,
            verdict,
            ..self.clone()
        }
    }
}

/// Compares all pairs of strategies on all cases, and corrects the p-values by Holm's method.
///
/// One correction covers all tests for a difference, a second one all tests for equivalence.
pub(super) fn pairwise_comparisons(cases: &[CaseResults]) -> Vec<PairwiseComparison> {
    let mut uncorrected = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for first in 0..case.by_strategy.len() {
            for second in first + 1..case.by_strategy.len() {
                uncorrected.extend(compare(index, case, first, second));
            }
        }
    }
    let corrected = |p_value: fn(&PairwiseComparison) -> f64| -> Vec<f64> {
        let p_values: Vec<f64> = uncorrected.iter().map(|(pair, _)| p_value(pair)).collect();
        holm(&p_values)
    };
    let p_values = corrected(|pair| pair.p_value);
    let equivalence_p_values = corrected(|pair| pair.equivalence_p_value);
    let mut pairs = Vec::new();
    for ((pair, differences), (p_value, equivalence_p_value)) in
        uncorrected.into_iter().zip(p_values.into_iter().zip(equivalence_p_values))
    {
        let verdict = DECISION_RULE.decide(&differences, p_value, equivalence_p_value);
        pairs.push(PairwiseComparison { p_value, equivalence_p_value, verdict, ..pair });
    }
    pairs
}

/// Returns the comparison before Holm's correction, without a verdict, and the paired differences.
///
/// `None` if one of the strategies was not run on the case.
fn compare(
    index: usize,
    case: &CaseResults,
    first: usize,
    second: usize,
) -> Option<(PairwiseComparison, Vec<f64>)> {
    let (a, b) = (case.by_strategy[first].as_ref()?, case.by_strategy[second].as_ref()?);
    let b_by_seed = b.values_to_compare();
    let paired =
        a.values_to_compare().into_iter().filter_map(|(seed, a)| Some((a, *b_by_seed.get(&seed)?)));
    let (a_values, b_values): (Vec<f64>, Vec<f64>) = paired.unzip();
    let differences: Vec<f64> = a_values.iter().zip(&b_values).map(|(a, b)| a - b).collect();
    let has_scores = a.score().is_some() && b.score().is_some();
    let equivalence_p_value =
        if has_scores { DECISION_RULE.equivalence_p_value(&differences) } else { 1.0 };
    let pair = PairwiseComparison {
        case: index,
        first,
        second,
        pairs: differences.len(),
        untied: differences.iter().filter(|d| **d != 0.0).count(),
        median_difference: median(&differences),
        effect_size: vargha_delaney(&a_values, &b_values),
        p_value: wilcoxon_two_sided(&differences),
        equivalence_p_value,
        verdict: Verdict::Undecided,
    };
    Some((pair, differences))
}
