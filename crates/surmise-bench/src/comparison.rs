//! Runs side by side: by case and strategy, with verdicts.

use std::collections::{BTreeMap, BTreeSet};

use super::case_results::CaseResults;
use super::case_results::Cell;
use super::case_results::SCORE_FLOOR;
use crate::duel::{Duel, duels};
use crate::measures::PROGRESS_FLOOR;
use crate::run::Run;
use crate::statistics::{mean, ranks};

/// Strategies compared over cases.
#[derive(Debug, Clone)]
pub struct Comparison {
    strategies: Vec<String>,
    cases: Vec<CaseResults>,
    duels: Vec<Duel>,
}

impl Comparison {
    /// Sorts runs by case and strategy, in the order in which they first occur. Where trials were handed out in several ways,
    /// each counts as a strategy of its own; so do several settings under one name. A case with several budgets counts as
    /// several, and so does one of several versions of the suite.
    pub fn new(runs: impl IntoIterator<Item = Run>) -> Self {
        let runs: Vec<Run> = runs.into_iter().collect();
        let ways: BTreeSet<_> = runs.iter().map(|run| run.parallelism).collect();
        let mut settings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for run in &runs {
            settings.entry(&run.strategy).or_default().insert(&run.settings);
        }
        let label = |run: &Run| {
            let way = if ways.len() > 1 { format!(", {}", run.parallelism) } else { String::new() };
            let one = settings[run.strategy.as_str()].len() == 1;
            let which = if one { String::new() } else { format!(" ({})", &run.settings) };
            format!("{}{which}{way}", run.strategy)
        };
        let labels: Vec<String> = runs.iter().map(label).collect();
        let strategies = in_order(labels.iter().cloned());
        let case = case_labels(&runs);
        let names = in_order(runs.iter().map(&case));
        let mut groups: BTreeMap<(String, String), Vec<Run>> = BTreeMap::new();
        for (run, label) in runs.iter().zip(&labels) {
            groups.entry((case(run), label.clone())).or_default().push(run.clone());
        }
        let mut cell = |name: &String, strategy: &String| {
            let mut runs = groups.remove(&(name.clone(), strategy.clone()))?;
            runs.sort_by_key(|run| run.seed);
            Some(Cell(runs))
        };
        let cases: Vec<CaseResults> = names
            .into_iter()
            .map(|name| {
                let cells: Vec<Option<Cell>> =
                    strategies.iter().map(|strategy| cell(&name, strategy)).collect();
                let first = cells.iter().flatten().find_map(|cell| cell.0.first());
                let problem = first.map_or(String::new(), |run| run.problem.clone());
                CaseResults { budget: first.map_or(0, |run| run.budget), name, problem, cells }
            })
            .collect();
        let duels = duels(&cases);
        Self { strategies, cases, duels }
    }

    /// Names of the strategies.
    pub fn strategies(&self) -> &[String] {
        &self.strategies
    }

    /// Results by case.
    pub fn cases(&self) -> &[CaseResults] {
        &self.cases
    }

    /// All pairs of strategies on all cases that both were run on.
    pub fn duels(&self) -> &[Duel] {
        &self.duels
    }

    /// Cases on which every strategy was run and has scores, with these scores: what overall numbers are made of.
    pub fn common(&self) -> Vec<(&CaseResults, Vec<f64>)> {
        let scores = |case: &CaseResults| -> Option<Vec<f64>> {
            case.cells.iter().map(|cell| cell.as_ref()?.score()).collect()
        };
        self.cases.iter().filter_map(|case| Some((case, scores(case)?))).collect()
    }

    /// The geometric mean over the common cases of a number of each cell, floored at [`SCORE_FLOOR`]. NaN if there are none.
    pub fn geometric_means(&self, number: impl Fn(&Cell) -> Option<f64>) -> Vec<f64> {
        let common = self.common();
        let of_strategy = |index: usize| {
            let logs: Vec<f64> = common
                .iter()
                .filter_map(|(case, _)| number(case.cells[index].as_ref()?))
                .map(|score| score.max(SCORE_FLOOR).ln())
                .collect();
            mean(&logs).exp()
        };
        (0..self.strategies.len()).map(of_strategy).collect()
    }

    /// For each problem among the common cases, the logarithms of the strategies' scores, floored at [`PROGRESS_FLOOR`] and averaged
    /// over its instances: what ranks and cliques are made of. Instances of one problem are no independent evidence.
    pub fn log_scores(&self) -> Vec<Vec<f64>> {
        let mut by_problem: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
        for (case, scores) in self.common() {
            let logs = scores.into_iter().map(|score| score.max(PROGRESS_FLOOR).log10()).collect();
            by_problem.entry(&case.problem).or_default().push(logs);
        }
        let average = |rows: Vec<Vec<f64>>| {
            let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
            (0..self.strategies.len()).map(|index| mean(&column(index))).collect()
        };
        by_problem.into_values().map(average).collect()
    }

    /// The mean rank of each strategy over the problems, by [`log_scores`](Self::log_scores). NaN if there are none.
    pub fn mean_ranks(&self) -> Vec<f64> {
        let by_problem: Vec<Vec<f64>> = self.log_scores().iter().map(|row| ranks(row)).collect();
        let of_strategy = |index: usize| {
            let own: Vec<f64> = by_problem.iter().map(|ranks| ranks[index]).collect();
            mean(&own)
        };
        (0..self.strategies.len()).map(of_strategy).collect()
    }

    /// The strategies, the least mean rank first.
    pub fn by_mean_rank(&self) -> Vec<usize> {
        let ranks = self.mean_ranks();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|a, b| ranks[*a].total_cmp(&ranks[*b]));
        order
    }

    /// The runs of a strategy on the common cases, which may be compared with those of the others.
    pub fn common_runs_of(&self, strategy: usize) -> impl Iterator<Item = &Run> {
        let common = self.common().into_iter().map(|(case, _)| case);
        common.filter_map(move |case| case.cells[strategy].as_ref()).flat_map(Cell::runs)
    }

    /// All runs of a strategy.
    pub fn runs_of(&self, strategy: usize) -> impl Iterator<Item = &Run> {
        self.cases.iter().filter_map(move |case| case.cells[strategy].as_ref()).flat_map(Cell::runs)
    }
}

/// Names of cases; with what tells them apart, where the name does not.
fn case_labels(runs: &[Run]) -> impl Fn(&Run) -> String + use<> {
    let mut budgets: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut suites: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for run in runs {
        budgets.entry(run.case()).or_default().insert(run.budget);
        suites.entry(run.case()).or_default().insert(run.suite);
    }
    move |run| {
        let name = run.case();
        let one_budget = budgets[&name].len() == 1;
        let one_suite = suites[&name].len() == 1;
        let budget =
            if one_budget { String::new() } else { format!(" in {} evaluations", run.budget) };
        let suite = if one_suite { String::new() } else { format!(" of suite {}", run.suite) };
        name + &budget + &suite
    }
}

fn in_order(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}
