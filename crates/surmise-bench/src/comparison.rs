//! Compares strategies by their runs, over all cases.

use std::collections::{BTreeMap, BTreeSet};

use crate::case_results::{CaseResults, SCORE_FLOOR, StrategyResults};
use crate::measures::PROGRESS_FLOOR;
use crate::pairwise_comparison::{PairwiseComparison, pairwise_comparisons};
use crate::run::{Run, RunKey};
use crate::statistics::{mean, ranks};

/// The comparison of strategies over all cases.
///
/// It groups runs by case and strategy, and compares each pair of strategies on each case.
/// [`page`](mod@crate::page) writes it as HTML, Markdown and CSV. [`Experiment`](crate::Experiment)
/// has an example.
#[derive(Debug, Clone)]
pub struct Comparison {
    strategies: Vec<String>,
    cases: Vec<CaseResults>,
    pairwise_comparisons: Vec<PairwiseComparison>,
    /// The number of attempts that ended with an error and were made again, by strategy.
    failed_attempts: BTreeMap<String, usize>,
}

impl Comparison {
    /// Groups runs by case and strategy, in the order in which they first occur.
    ///
    /// Runs of one strategy with different settings or a different [`Parallelism`] count as
    /// different strategies. Runs of one case with different budgets or suite versions count as
    /// different cases.
    ///
    /// [`Parallelism`]: crate::Parallelism
    pub fn new(runs: impl IntoIterator<Item = Run>) -> Self {
        let (runs, failed_attempts) = last_attempts(runs);
        let parallelisms: BTreeSet<_> = runs.iter().map(|run| run.parallelism).collect();
        let mut settings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for run in &runs {
            settings.entry(&run.strategy).or_default().insert(&run.settings);
        }
        let label = |run: &Run| {
            let has_one_parallelism = parallelisms.len() <= 1;
            let parallelism = match has_one_parallelism {
                true => String::new(),
                false => format!(", {}", run.parallelism),
            };
            let has_one_setting = settings[run.strategy.as_str()].len() == 1;
            let setting = match has_one_setting {
                true => String::new(),
                false => format!(" ({})", &run.settings),
            };
            format!("{}{setting}{parallelism}", run.strategy)
        };
        let labels: Vec<String> = runs.iter().map(label).collect();
        let strategies = distinct(labels.iter().cloned());
        let case = case_labels(&runs);
        let names = distinct(runs.iter().map(&case));
        let mut groups: BTreeMap<(String, String), Vec<Run>> = BTreeMap::new();
        for (run, label) in runs.iter().zip(&labels) {
            groups.entry((case(run), label.clone())).or_default().push(run.clone());
        }
        let mut results = |name: &String, strategy: &String| {
            let mut runs = groups.remove(&(name.clone(), strategy.clone()))?;
            runs.sort_by_key(|run| run.seed);
            Some(StrategyResults(runs))
        };
        let cases: Vec<CaseResults> = names
            .into_iter()
            .map(|name| {
                let by_strategy: Vec<Option<StrategyResults>> =
                    strategies.iter().map(|strategy| results(&name, strategy)).collect();
                let first = by_strategy.iter().flatten().find_map(|results| results.0.first());
                let problem = first.map_or(String::new(), |run| run.problem.clone());
                CaseResults {
                    budget: first.map_or(0, |run| run.budget),
                    name,
                    problem,
                    by_strategy,
                }
            })
            .collect();
        let pairwise_comparisons = pairwise_comparisons(&cases);
        let mut by_label = BTreeMap::new();
        for (run, label) in runs.iter().zip(labels) {
            let count = failed_attempts.get(&run.key()).copied().unwrap_or(0);
            *by_label.entry(label).or_insert(0) += count;
        }
        Self { strategies, cases, pairwise_comparisons, failed_attempts: by_label }
    }

    /// Returns the number of runs that ended with an error, in their last attempt.
    pub fn runs_with_errors(&self) -> usize {
        let runs = (0..self.strategies.len()).flat_map(|index| self.runs_of(index));
        runs.filter(|run| run.error.is_some()).count()
    }

    /// Returns the number of attempts of a strategy that ended with an error and were made again.
    ///
    /// # Panics
    /// If there is no strategy with this index.
    pub fn failed_attempts(&self, strategy: usize) -> usize {
        self.failed_attempts.get(&self.strategies[strategy]).copied().unwrap_or(0)
    }

    /// Returns the names of the strategies, in the order in which their runs first occur.
    ///
    /// Other methods identify a strategy by its index in this list.
    pub fn strategies(&self) -> &[String] {
        &self.strategies
    }

    /// Returns the results of all strategies, case by case.
    pub fn cases(&self) -> &[CaseResults] {
        &self.cases
    }

    /// Returns the comparisons of all pairs of strategies, on all cases that both were run on.
    pub fn pairwise_comparisons(&self) -> &[PairwiseComparison] {
        &self.pairwise_comparisons
    }

    /// Returns the cases on which all strategies have scores, with the scores of the strategies.
    ///
    /// All overall numbers are computed from these cases.
    pub fn common_cases(&self) -> Vec<(&CaseResults, Vec<f64>)> {
        let scores = |case: &CaseResults| -> Option<Vec<f64>> {
            case.by_strategy.iter().map(|results| results.as_ref()?.score()).collect()
        };
        self.cases.iter().filter_map(|case| Some((case, scores(case)?))).collect()
    }

    /// Returns the geometric mean of a number over the common cases, for each strategy.
    ///
    /// Numbers below [`SCORE_FLOOR`] count as that. Cases for which `number` returns `None` are
    /// ignored. The mean is NaN if no number is left.
    pub fn geometric_means(&self, number: impl Fn(&StrategyResults) -> Option<f64>) -> Vec<f64> {
        let common = self.common_cases();
        let geometric_mean = |index: usize| {
            let logs: Vec<f64> = common
                .iter()
                .filter_map(|(case, _)| number(case.by_strategy[index].as_ref()?))
                .map(|score| score.max(SCORE_FLOOR).ln())
                .collect();
            mean(&logs).exp()
        };
        (0..self.strategies.len()).map(geometric_mean).collect()
    }

    /// Returns log₁₀ of the strategies' scores on each problem, which ranks are computed from.
    ///
    /// There is a row for each problem of the common cases, and a column for each strategy. Scores
    /// below [`PROGRESS_FLOOR`] count as that. The instances of a problem are averaged,
    /// because they are not independent.
    pub fn log_scores(&self) -> Vec<Vec<f64>> {
        let mut by_problem: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
        for (case, scores) in self.common_cases() {
            let logs = scores.into_iter().map(|score| score.max(PROGRESS_FLOOR).log10()).collect();
            by_problem.entry(&case.problem).or_default().push(logs);
        }
        let average = |rows: Vec<Vec<f64>>| {
            let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
            (0..self.strategies.len()).map(|index| mean(&column(index))).collect()
        };
        by_problem.into_values().map(average).collect()
    }

    /// Returns the mean rank of each strategy by [`log_scores`](Self::log_scores); 1 is best.
    ///
    /// The mean ranks are NaN if there are no common cases.
    pub fn mean_ranks(&self) -> Vec<f64> {
        let by_problem: Vec<Vec<f64>> = self.log_scores().iter().map(|row| ranks(row)).collect();
        let mean_rank = |index: usize| {
            let ranks: Vec<f64> = by_problem.iter().map(|ranks| ranks[index]).collect();
            mean(&ranks)
        };
        (0..self.strategies.len()).map(mean_rank).collect()
    }

    /// Returns the indices of the strategies, the smallest (best) mean rank first.
    pub fn ranking(&self) -> Vec<usize> {
        let ranks = self.mean_ranks();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|a, b| ranks[*a].total_cmp(&ranks[*b]));
        order
    }

    /// Returns the runs of a strategy on the common cases.
    ///
    /// `strategy` is the index in [`strategies`](Self::strategies).
    ///
    /// # Panics
    /// If there is no strategy with this index.
    pub fn common_runs_of(&self, strategy: usize) -> impl Iterator<Item = &Run> {
        let common = self.common_cases().into_iter().map(|(case, _)| case);
        common
            .filter_map(move |case| case.by_strategy[strategy].as_ref())
            .flat_map(StrategyResults::runs)
    }

    /// Returns the runs of a strategy on all cases.
    ///
    /// `strategy` is the index in [`strategies`](Self::strategies).
    ///
    /// # Panics
    /// If there is no strategy with this index.
    pub fn runs_of(&self, strategy: usize) -> impl Iterator<Item = &Run> {
        self.cases
            .iter()
            .filter_map(move |case| case.by_strategy[strategy].as_ref())
            .flat_map(StrategyResults::runs)
    }
}

/// Returns the last attempt of each run, and the number of earlier attempts that failed.
fn last_attempts(runs: impl IntoIterator<Item = Run>) -> (Vec<Run>, BTreeMap<RunKey, usize>) {
    let mut last: BTreeMap<RunKey, usize> = BTreeMap::new();
    let mut failed: BTreeMap<RunKey, usize> = BTreeMap::new();
    let mut kept: Vec<Run> = Vec::new();
    for run in runs {
        let key = run.key();
        match last.get(&key) {
            None => {
                last.insert(key, kept.len());
                kept.push(run);
            }
            Some(index) => {
                *failed.entry(key).or_insert(0) += 1;
                if run.attempt > kept[*index].attempt {
                    kept[*index] = run;
                }
            }
        }
    }
    (kept, failed)
}

/// Returns a function that names a run's case, with its budget and suite where these differ.
fn case_labels(runs: &[Run]) -> impl Fn(&Run) -> String + use<> {
    let mut budgets: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut suites: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for run in runs {
        budgets.entry(run.case_name()).or_default().insert(run.budget);
        suites.entry(run.case_name()).or_default().insert(run.suite);
    }
    move |run| {
        let name = run.case_name();
        let has_one_budget = budgets[&name].len() == 1;
        let has_one_suite = suites[&name].len() == 1;
        let budget =
            if has_one_budget { String::new() } else { format!(" in {} evaluations", run.budget) };
        let suite = if has_one_suite { String::new() } else { format!(" of suite {}", run.suite) };
        name + &budget + &suite
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}
