//! Two strategies on one case: what can be said of them.

use crate::case_results::CaseResults;
use crate::statistics::{Judgement, Verdict, holm, median, vargha_delaney, wilcoxon_two_sided};

/// How verdicts are reached: a level of 5 %, and a tenth of a decade of score (26 %) as what matters.
pub const JUDGEMENT: Judgement = Judgement { level: 0.05, margin: 0.1 };

/// What can be said of two strategies on one case.
#[derive(Debug, Clone)]
pub struct Duel {
    /// Index of the case.
    pub case: usize,
    /// Index of the strategy whose verdict it is.
    pub first: usize,
    /// Index of the other one.
    pub second: usize,
    /// Number of paired seeds.
    pub pairs: usize,
    /// How many of them differ, which is what the test sees.
    pub untied: usize,
    /// Median of the paired differences, in decades of score (of the value itself, without constants).
    pub difference: f64,
    /// Vargha and Delaney's A: the probability that the first one is better in a run, whatever the pairs.
    pub effect: f64,
    /// p-value of Wilcoxon's two-sided signed-rank test, corrected by Holm over all duels of the comparison.
    pub p: f64,
    /// p-value of the two one-sided tests for equivalence, corrected likewise; 1 without constants.
    pub equivalence_p: f64,
    /// Of the first strategy.
    pub verdict: Verdict,
}

impl Duel {
    /// The same, seen from the other side.
    #[must_use]
    pub fn turned(&self) -> Self {
        let verdict = match self.verdict {
            Verdict::Better => Verdict::Worse,
            Verdict::Worse => Verdict::Better,
            same => same,
        };
        Self {
            first: self.second,
            second: self.first,
            difference: -self.difference,
            effect: 1.0 - self.effect,
            verdict,
            ..self.clone()
        }
    }
}

/// Judges all pairs of strategies on all cases, and corrects for there being so many: once over all tests for a difference, once
/// over all for equivalence.
pub(super) fn duels(cases: &[CaseResults]) -> Vec<Duel> {
    let mut judged = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for first in 0..case.cells.len() {
            for second in first + 1..case.cells.len() {
                judged.extend(duel(index, case, first, second));
            }
        }
    }
    let corrected = |p: fn(&Duel) -> f64| -> Vec<f64> {
        let p_values: Vec<f64> = judged.iter().map(|(duel, _)| p(duel)).collect();
        holm(&p_values)
    };
    let p_values = corrected(|duel| duel.p).into_iter().zip(corrected(|duel| duel.equivalence_p));
    let judge = |((duel, differences), (p, equivalence_p)): ((Duel, Vec<f64>), (f64, f64))| {
        let verdict = JUDGEMENT.judge(&differences, p, equivalence_p);
        Duel { p, equivalence_p, verdict, ..duel }
    };
    judged.clone().into_iter().zip(p_values).map(judge).collect()
}

/// Two strategies on a case that both were run on, not judged yet, and their paired differences.
fn duel(index: usize, case: &CaseResults, first: usize, second: usize) -> Option<(Duel, Vec<f64>)> {
    let (a, b) = (case.cells[first].as_ref()?, case.cells[second].as_ref()?);
    let b_by_seed = b.judged();
    let paired = a.judged().into_iter().filter_map(|(seed, a)| Some((a, *b_by_seed.get(&seed)?)));
    let (a_values, b_values): (Vec<f64>, Vec<f64>) = paired.unzip();
    let differences: Vec<f64> = a_values.iter().zip(&b_values).map(|(a, b)| a - b).collect();
    // The margin is one of scores.
    let has_scores = a.score().is_some() && b.score().is_some();
    let duel = Duel {
        case: index,
        first,
        second,
        pairs: differences.len(),
        untied: differences.iter().filter(|d| **d != 0.0).count(),
        difference: median(&differences),
        effect: vargha_delaney(&a_values, &b_values),
        p: wilcoxon_two_sided(&differences),
        equivalence_p: if has_scores { JUDGEMENT.equivalence_p(&differences) } else { 1.0 },
        verdict: Verdict::Undecided,
    };
    Some((duel, differences))
}
