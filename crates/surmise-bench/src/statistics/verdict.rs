//! Better, worse, equivalent or undecided?

use std::fmt;

use super::wilcoxon::wilcoxon_signed_rank;

/// What can be said of paired differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Less, and that is no accident.
    Better,
    /// More, and that is no accident.
    Worse,
    /// The difference is smaller than what matters, and that is no accident.
    Equivalent,
    /// None of these can be said.
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

/// How verdicts are reached: all by Wilcoxon's signed-rank test on paired differences.
///
/// | verdict | p-value below the level, after Holm's correction |
/// | --- | --- |
/// | equivalent | that the differences are not above −margin, or not below +margin: the larger of the two (two one-sided tests, Schuirmann 1987) |
/// | better, worse | that the differences are as often above 0 as below, two-sided |
///
/// "Equivalent" goes first: a difference may be sure and yet too small to matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// How probable a false finding may be.
    pub level: f64,
    /// Differences up to this size do not matter.
    pub margin: f64,
}

impl Judgement {
    /// The p-value that differences are not within the margin.
    pub fn equivalence_p(&self, differences: &[f64]) -> f64 {
        let above: Vec<f64> = differences.iter().map(|d| d - self.margin).collect();
        let below: Vec<f64> = differences.iter().map(|d| -d - self.margin).collect();
        wilcoxon_signed_rank(&above).max(wilcoxon_signed_rank(&below))
    }

    /// The verdict on these differences, from p-values that are corrected already. Which way a sure difference goes, the same
    /// test says.
    pub fn judge(&self, differences: &[f64], difference_p: f64, equivalence_p: f64) -> Verdict {
        let mirrored: Vec<f64> = differences.iter().map(|d| -d).collect();
        let is_less = wilcoxon_signed_rank(differences) < wilcoxon_signed_rank(&mirrored);
        if equivalence_p <= self.level {
            Verdict::Equivalent
        } else if difference_p > self.level {
            Verdict::Undecided
        } else if is_less {
            Verdict::Better
        } else {
            Verdict::Worse
        }
    }
}
