//! Compares two strategies on one case, at the shares of the budget.

use std::collections::BTreeMap;

use crate::case_results::{CaseResults, StrategyResults};
use crate::run::BUDGET_DIVISORS;
use crate::statistics::{
    DecisionRule, Verdict, holm, median, min_two_sided_p_value, vargha_delaney, wilcoxon_two_sided,
};

/// The rule of all verdicts: significance level 5 %, equivalence margin 0.1 decades of regret.
///
/// The margin is a factor of 1.26.
pub const DECISION_RULE: DecisionRule = DecisionRule { level: 0.05, margin: 0.1 };

/// The comparison of two strategies on one case after a share of the budget, with a verdict.
#[derive(Debug, Clone)]
pub struct PairwiseComparison {
    /// Index of the case in [`Comparison::cases`](crate::Comparison::cases).
    pub case: usize,
    /// Index of the share of the budget in [`BUDGET_DIVISORS`].
    pub share: usize,
    /// Index of the strategy that the verdict is about, in
    /// [`Comparison::strategies`](crate::Comparison::strategies).
    pub first: usize,
    /// Index of the strategy that it is compared with.
    pub second: usize,
    /// Number of seeds that both strategies have.
    pub pairs: usize,
    /// Number of these pairs whose results differ; the test ignores the other ones.
    pub untied: usize,
    /// Median of the paired differences, in decades of regret; below 0, the first one is better.
    ///
    /// Without an optimum, it is the median difference of the best values.
    pub median_difference: f64,
    /// Vargha and Delaney's A: the probability that a run of the first strategy is better.
    pub effect_size: f64,
    /// p-value of Wilcoxon's two-sided signed-rank test, with Holm's correction.
    ///
    /// The correction covers all cases and shares of the budget of this pair of strategies; those
    /// without an untied pair are not tested.
    pub p_value: f64,
    /// p-value of the tests for equivalence, with the same correction.
    ///
    /// It is 1 without an optimum, because the margin is one of regrets.
    pub equivalence_p_value: f64,
    /// The verdict on the first strategy.
    pub verdict: Verdict,
    /// Number of tests for a difference in the family of this pair.
    pub tests: usize,
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

    /// Returns true if no outcome of so many pairs could be significant, after the correction.
    pub fn is_undecidable(&self) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "a number of tests")]
        let tests = self.tests as f64;
        tests * min_two_sided_p_value(self.pairs) > DECISION_RULE.level
    }
}

/// Compares pairs of strategies on all cases, and corrects the p-values of each pair by Holm's
/// method.
///
/// One correction covers the tests for a difference, a second one those for equivalence.
pub(super) fn pairwise_comparisons(
    cases: &[CaseResults],
    pairs: &[(usize, usize)],
    floor: f64,
) -> Vec<PairwiseComparison> {
    let of_pair = |pair: &(usize, usize)| -> Vec<PairwiseComparison> {
        let uncorrected = cases.iter().enumerate().flat_map(|(index, case)| {
            (0..BUDGET_DIVISORS.len())
                .filter_map(move |share| compare((index, case), share, *pair, floor))
        });
        corrected(uncorrected.collect())
    };
    pairs.iter().flat_map(of_pair).collect()
}

/// Corrects the p-values of one pair of strategies, and decides.
fn corrected(uncorrected: Vec<(PairwiseComparison, Vec<f64>)>) -> Vec<PairwiseComparison> {
    let tested: Vec<f64> =
        uncorrected.iter().filter(|(pair, _)| pair.untied > 0).map(|(p, _)| p.p_value).collect();
    let tests = tested.len();
    let mut p_values = holm(&tested).into_iter();
    let equivalence: Vec<f64> = uncorrected.iter().map(|(p, _)| p.equivalence_p_value).collect();
    let equivalence = holm(&equivalence);
    let mut corrected = Vec::new();
    for ((pair, differences), equivalence_p_value) in uncorrected.into_iter().zip(equivalence) {
        let p_value = if pair.untied > 0 { p_values.next().expect("tested") } else { 1.0 };
        let verdict = DECISION_RULE.decide(&differences, p_value, equivalence_p_value);
        corrected.push(PairwiseComparison { p_value, equivalence_p_value, verdict, tests, ..pair });
    }
    corrected
}

/// Returns the comparison before Holm's correction, without a verdict, and the paired differences.
///
/// `None` if one of the strategies was not run on the case, or if they share no seed.
fn compare(
    (index, case): (usize, &CaseResults),
    share: usize,
    (first, second): (usize, usize),
    floor: f64,
) -> Option<(PairwiseComparison, Vec<f64>)> {
    let (a, b) = (case.by_strategy[first].as_ref()?, case.by_strategy[second].as_ref()?);
    let logs = |results: &StrategyResults| results.log_relative_regrets(floor);
    let (a_by_seed, b_by_seed, has_regret): (BTreeMap<_, _>, BTreeMap<_, _>, bool) =
        match (logs(a), logs(b)) {
            (Some(a), Some(b)) => (a, b, true),
            _ => (a.best_values(), b.best_values(), false),
        };
    let paired = a_by_seed.into_iter().filter_map(|(seed, a)| {
        let b = b_by_seed.get(&seed)?;
        Some((a[share], b[share]))
    });
    let (a_values, b_values): (Vec<f64>, Vec<f64>) = paired.unzip();
    if a_values.is_empty() {
        return None;
    }
    let differences: Vec<f64> = a_values.iter().zip(&b_values).map(|(a, b)| a - b).collect();
    let equivalence_p_value =
        if has_regret { DECISION_RULE.equivalence_p_value(&differences) } else { 1.0 };
    let pair = PairwiseComparison {
        case: index,
        share,
        first,
        second,
        pairs: differences.len(),
        untied: differences.iter().filter(|d| **d != 0.0).count(),
        median_difference: median(&differences),
        effect_size: vargha_delaney(&a_values, &b_values),
        p_value: wilcoxon_two_sided(&differences),
        equivalence_p_value,
        verdict: Verdict::Undecided,
        tests: 0,
    };
    Some((pair, differences))
}
