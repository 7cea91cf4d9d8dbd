//! Verdicts on paired differences: better, worse, equivalent or undecided.

use std::fmt;

use super::quantile::mean;
use super::student::mean_is_less;
use super::wilcoxon::wilcoxon_signed_rank;

/// The conclusion from paired differences, where negative differences are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The differences are significantly below 0, and their mean is below 0.
    Better,
    /// The differences are significantly above 0, and their mean is above 0.
    Worse,
    /// The differences are significantly within the margin.
    Equivalent,
    /// No test is significant, or ranks and mean disagree.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Equivalent => "equivalent",
            Self::Undecided => "undecided",
        })
    }
}

/// The rule for verdicts, by Wilcoxon's signed-rank test on paired differences.
///
/// A verdict is reached if the p-value of its test, after Holm's correction, is at most the level:
///
/// | verdict | test |
/// | --- | --- |
/// | equivalent | two one-sided tests: above −margin and below +margin (Schuirmann 1987), by ranks and, by Student's t, of the mean |
/// | better, worse | the two-sided test that the differences are not symmetric around 0; the mean must agree |
///
/// Equivalence is tested first, because a difference can be significant and too small to matter. It
/// needs the test of the mean, too: ranks assume symmetric differences, and would call a strategy
/// equivalent that fails in two of twenty runs. For the same reason, a strategy is not "better"
/// whose mean is worse. Failures that do not occur in a sample cannot be seen: twenty runs without
/// one show only that fewer than 14 % fail (95 % confidence).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionRule {
    /// The significance level, such as 0.05.
    pub level: f64,
    /// The equivalence margin, in the unit of the differences; smaller differences do not matter.
    pub margin: f64,
}

impl DecisionRule {
    /// Returns the p-value of equivalence: the largest one of the one-sided tests.
    ///
    /// # Panics
    /// If a difference is NaN.
    pub fn equivalence_p_value(&self, differences: &[f64]) -> f64 {
        let mirrored: Vec<f64> = differences.iter().map(|d| -d).collect();
        let is_below = |differences: &[f64]| {
            let relative: Vec<f64> = differences.iter().map(|d| d - self.margin).collect();
            wilcoxon_signed_rank(&relative).max(mean_is_less(differences, self.margin))
        };
        is_below(differences).max(is_below(&mirrored))
    }

    /// Returns the verdict on paired differences.
    ///
    /// The p-values are corrected ones: that of the two-sided test for a difference, and that of
    /// [`equivalence_p_value`](Self::equivalence_p_value).
    ///
    /// # Panics
    /// If a difference is NaN.
    pub fn decide(
        &self,
        differences: &[f64],
        difference_p_value: f64,
        equivalence_p_value: f64,
    ) -> Verdict {
        let mirrored: Vec<f64> = differences.iter().map(|d| -d).collect();
        let is_less = wilcoxon_signed_rank(differences) < wilcoxon_signed_rank(&mirrored);
        let center = mean(differences);
        if equivalence_p_value <= self.level {
            Verdict::Equivalent
        } else if difference_p_value > self.level {
            Verdict::Undecided
        } else if is_less && center < 0.0 {
            Verdict::Better
        } else if !is_less && center > 0.0 {
            Verdict::Worse
        } else {
            Verdict::Undecided
        }
    }
}
