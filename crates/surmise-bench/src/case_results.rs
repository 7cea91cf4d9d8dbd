//! The results of strategies on a case.

use crate::run::{BUDGET_DIVISORS, Run};
use std::collections::{BTreeMap, BTreeSet};

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

    /// Returns the regret after the whole budget, for each seed; `None` without an optimum.
    pub fn regrets(&self) -> Option<Vec<f64>> {
        self.map_runs(Run::final_regret)
    }

    /// Returns the scores after the whole budget, for each seed: regrets divided by the mean regret
    /// of random search.
    ///
    /// A single bad run raises their mean, which a mean of logarithms hardly shows. `None` if they
    /// are unknown.
    pub fn scores(&self) -> Option<Vec<f64>> {
        self.map_runs(|run| run.score(run.budget))
    }

    /// Returns log₁₀ of the relative regret at the shares of the budget, by seed.
    ///
    /// `None` if it is unknown for a seed.
    pub fn log_relative_regrets(
        &self,
        floor: f64,
    ) -> Option<BTreeMap<u64, [f64; BUDGET_DIVISORS.len()]>> {
        let of_seed = |run: &Run| Some((run.seed, run.log_relative_regrets(floor)?));
        self.0.iter().map(of_seed).collect()
    }

    /// Returns the best value at the shares of the budget, by seed.
    pub(super) fn best_values(&self) -> BTreeMap<u64, [f64; BUDGET_DIVISORS.len()]> {
        let of_seed = |run: &Run| {
            let best = run.best_values();
            // Finite, because the difference of two infinite values is not a number.
            let at = |divisor: usize| best[run.budget.div_ceil(divisor) - 1].min(f64::MAX);
            (run.seed, BUDGET_DIVISORS.map(at))
        };
        self.0.iter().map(of_seed).collect()
    }

    /// Returns the expected running time to a target, and the share of runs that reach it.
    ///
    /// The target is a bound of the relative regret, such as 0.1. The expected running time (Hansen
    /// et al. 2009) is the number of evaluations of all runs, each up to the target or to its
    /// budget, divided by the number of runs that reach it: the time of a search that is started
    /// anew after each failure. It is infinite if none does. `None` if relative regret is unknown.
    #[allow(clippy::cast_precision_loss, reason = "numbers of runs and evaluations")]
    pub fn expected_running_time(&self, target: f64) -> Option<(f64, f64)> {
        self.0.first()?.relative_regrets()?;
        let counts = self.0.iter().map(|run| (run.evaluations_to_target(target), run.budget));
        let total: usize = counts.clone().map(|(count, budget)| count.unwrap_or(budget)).sum();
        let reached = counts.filter(|(count, _)| count.is_some()).count() as f64;
        Some((total as f64 / reached, reached / self.0.len() as f64))
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
    /// The date since when the case is held out; `None` if the engine was developed with it, or if
    /// nothing is declared.
    pub held_out_since: Option<String>,
    /// The results in the order of the strategies; `None` for a strategy without runs on this case.
    pub by_strategy: Vec<Option<StrategyResults>>,
}

impl CaseResults {
    /// Returns the results on the seeds that all strategies with runs on this case share.
    #[must_use]
    pub fn on_shared_seeds(&self) -> Self {
        let seeds = |results: &StrategyResults| -> BTreeSet<u64> {
            results.runs().iter().map(|run| run.seed).collect()
        };
        let all = self.by_strategy.iter().flatten().map(seeds);
        let shared = all.reduce(|a, b| &a & &b).unwrap_or_default();
        let part = |results: &StrategyResults| {
            let runs = results.runs().iter().filter(|run| shared.contains(&run.seed));
            let runs: Vec<Run> = runs.cloned().collect();
            (!runs.is_empty()).then_some(StrategyResults(runs))
        };
        let by_strategy = self.by_strategy.iter().map(|r| part(r.as_ref()?)).collect();
        Self { by_strategy, ..self.clone() }
    }
}
