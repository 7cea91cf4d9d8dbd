//! What strategies reached on one case.

use crate::measures::PROGRESS_FLOOR;
use crate::run::Run;
use crate::statistics::{mean, median};
use std::collections::BTreeMap;

/// In geometric means a score below this counts as this: who is that near the optimum is not to be rewarded for digits.
pub const SCORE_FLOOR: f64 = 1e-2;

/// The runs of one strategy on one case, in the order of their seeds.
#[derive(Debug, Clone)]
pub struct Cell(pub(crate) Vec<Run>);

impl Cell {
    /// In the order of their seeds.
    pub fn runs(&self) -> &[Run] {
        &self.0
    }

    fn each(&self, number: impl Fn(&Run) -> Option<f64>) -> Option<Vec<f64>> {
        self.0.iter().map(number).collect()
    }

    /// Simple regret after the whole budget, by seed.
    pub fn regrets(&self) -> Option<Vec<f64>> {
        self.each(Run::final_regret)
    }

    /// Scores after the whole budget, by seed.
    pub fn scores(&self) -> Option<Vec<f64>> {
        self.each(|run| run.score(run.budget))
    }

    /// The mean score after the whole budget: mean regret by random search's mean regret.
    pub fn score(&self) -> Option<f64> {
        self.scores().map(|scores| mean(&scores))
    }

    /// The same of what was recommended.
    pub fn inference_score(&self) -> Option<f64> {
        self.each(|run| run.inference_score(run.budget)).map(|scores| mean(&scores))
    }

    /// Mean area under the curve of log₁₀ of progress.
    pub fn log_area(&self) -> Option<f64> {
        self.each(Run::log_area).map(|areas| mean(&areas))
    }

    /// Median number of evaluations to a target, infinite for runs that did not come to it; and the share of those that did.
    #[allow(clippy::cast_precision_loss, reason = "numbers of runs and evaluations")]
    pub fn evaluations_to(&self, target: f64) -> Option<(f64, f64)> {
        self.0.first()?.progress()?;
        let to = |run: &Run| run.evaluations_to(target).map_or(f64::INFINITY, |n| n as f64);
        let counts: Vec<f64> = self.0.iter().map(to).collect();
        let reached = counts.iter().filter(|count| count.is_finite()).count();
        Some((median(&counts), reached as f64 / counts.len() as f64))
    }

    /// What verdicts are made of, by seed: log₁₀ of the score, floored; without constants, the best value itself.
    pub(super) fn judged(&self) -> BTreeMap<u64, f64> {
        let number = |run: &Run| match run.score(run.budget) {
            Some(score) => score.max(PROGRESS_FLOOR).log10(),
            // An infinite one would be no number once subtracted.
            None => run.bests().last().copied().unwrap_or(f64::MAX).min(f64::MAX),
        };
        self.0.iter().map(|run| (run.seed, number(run))).collect()
    }
}

/// One case: what each strategy made of it.
#[derive(Debug, Clone)]
pub struct CaseResults {
    /// Problem and instance.
    pub name: String,
    /// The problem, of which there may be other instances.
    pub problem: String,
    /// Number of evaluations.
    pub budget: usize,
    /// By strategy, in their order; `None` for those that were not run on it.
    pub cells: Vec<Option<Cell>>,
}
