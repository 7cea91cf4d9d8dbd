//! The results of strategies on a case.

use crate::measures::PROGRESS_FLOOR;
use crate::run::Run;
use crate::statistics::{mean, median};
use std::collections::BTreeMap;

/// The smallest score in geometric means; smaller ones count as this value.
///
/// Otherwise a strategy that is close to the optimum on one problem would dominate the mean.
pub const SCORE_FLOOR: f64 = 1e-2;

/// The runs of one strategy on one case, in the order of their seeds.
#[derive(Debug, Clone)]
pub struct StrategyResults(pub(crate) Vec<Run>);

impl StrategyResults {
    /// Returns the runs, in the order of their seeds.
    pub fn runs(&self) -> &[Run] {
        &self.0
    }

    fn map_runs(&self, number: impl Fn(&Run) -> Option<f64>) -> Option<Vec<f64>> {
        self.0.iter().map(number).collect()
    }

    /// Returns the simple regret after the whole budget, for each seed; `None` without an optimum.
    pub fn regrets(&self) -> Option<Vec<f64>> {
        self.map_runs(Run::final_regret)
    }

    /// Returns the score after the whole budget, for each seed; `None` if scores are unknown.
    pub fn scores(&self) -> Option<Vec<f64>> {
        self.map_runs(|run| run.score(run.budget))
    }

    /// Returns the mean score: the mean regret divided by the mean regret of random search.
    ///
    /// `None` if scores are unknown.
    pub fn score(&self) -> Option<f64> {
        self.scores().map(|scores| mean(&scores))
    }

    /// Returns the mean score of the trials that the strategy recommends after the whole budget.
    ///
    /// `None` if scores are unknown.
    pub fn inference_score(&self) -> Option<f64> {
        self.map_runs(|run| run.inference_score(run.budget)).map(|scores| mean(&scores))
    }

    /// Returns the mean over the seeds of [`Run::log_area`]; `None` if it is unknown for a seed.
    pub fn log_area(&self) -> Option<f64> {
        self.map_runs(Run::log_area).map(|areas| mean(&areas))
    }

    /// Returns the median number of evaluations to a target, and the share of runs that reach it.
    ///
    /// The target is a bound of [`Run::progress`], such as 0.1. Runs that do not reach it count as
    /// infinite. `None` if progress is unknown.
    #[allow(clippy::cast_precision_loss, reason = "numbers of runs and evaluations")]
    pub fn evaluations_to_target(&self, target: f64) -> Option<(f64, f64)> {
        self.0.first()?.progress()?;
        let count =
            |run: &Run| run.evaluations_to_target(target).map_or(f64::INFINITY, |n| n as f64);
        let counts: Vec<f64> = self.0.iter().map(count).collect();
        let reached = counts.iter().filter(|count| count.is_finite()).count();
        Some((median(&counts), reached as f64 / counts.len() as f64))
    }

    /// Returns the value that verdicts compare, for each seed.
    ///
    /// It is log₁₀ of the score, at least that of [`PROGRESS_FLOOR`]; without scores, the best
    /// value.
    pub(super) fn values_to_compare(&self) -> BTreeMap<u64, f64> {
        let value = |run: &Run| match run.score(run.budget) {
            Some(score) => score.max(PROGRESS_FLOOR).log10(),
            // Finite, because the difference of two infinite values is not a number.
            None => run.best_values().last().copied().unwrap_or(f64::MAX).min(f64::MAX),
        };
        self.0.iter().map(|run| (run.seed, value(run))).collect()
    }
}

/// The results of all strategies on one case.
#[derive(Debug, Clone)]
pub struct CaseResults {
    /// Name of the case: the problem and the instance.
    pub name: String,
    /// Name of the problem, which all its instances share.
    pub problem: String,
    /// The maximum number of evaluations.
    pub budget: usize,
    /// The results in the order of the strategies; `None` for a strategy without runs on this case.
    pub by_strategy: Vec<Option<StrategyResults>>,
}
