//! Compares strategies by their runs, over all cases.

use std::collections::{BTreeMap, BTreeSet};

use crate::case_results::{CaseResults, StrategyResults};
use crate::comparison_options::{ComparisonOptions, Pairs};
use crate::pairwise_comparison::{PairwiseComparison, pairwise_comparisons};
use crate::run::{BUDGET_DIVISORS, Run, RunKey};
use crate::statistics::{Band, mean, mean_over_problems, ranks};
use surmise::error::{Error, Violation};

/// The comparison of strategies over all cases.
///
/// It groups runs by case and strategy, and compares pairs of strategies on each case.
/// [`page`](mod@crate::page) writes it as HTML, Markdown and CSV. [`Experiment`](crate::Experiment)
/// has an example.
#[derive(Debug, Clone)]
pub struct Comparison {
    options: ComparisonOptions,
    strategies: Vec<StrategyLabel>,
    names: Vec<String>,
    cases: Vec<CaseResults>,
    pairwise_comparisons: Vec<PairwiseComparison>,
}

/// Runs that belong together, such as those of a directory or of a build.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunGroup {
    /// The name of the group, which is added to the names of its strategies; `None` adds nothing.
    pub name: Option<String>,
    /// The runs of the group.
    pub runs: Vec<Run>,
}

/// A strategy of a comparison.
#[derive(Debug, Clone)]
struct StrategyLabel {
    /// The name of the strategy in its runs, without the group.
    strategy: String,
    group: Option<String>,
    /// The number of attempts that ended with an error and were made again.
    failed_attempts: usize,
}

/// Runs of one strategy: for each problem and each of its cases, one for each seed.
pub(super) type RunsByProblem<'a> = Vec<Vec<Vec<&'a Run>>>;

/// The index of the whole budget among the shares.
const LAST: usize = BUDGET_DIVISORS.len() - 1;

impl Comparison {
    /// Groups runs by case and strategy, in the order in which they first occur, with the default
    /// options.
    ///
    /// Runs of one strategy with different settings or a different [`Parallelism`] count as
    /// different strategies. Runs of one case with different budgets, suite versions or data
    /// count as different cases. Of several attempts at one run, the last one counts.
    ///
    /// [`Parallelism`]: crate::Parallelism
    ///
    /// # Panics
    /// If a run occurs twice; [`of_groups`](Self::of_groups) returns an error.
    pub fn new(runs: impl IntoIterator<Item = Run>) -> Self {
        let group = RunGroup { name: None, runs: runs.into_iter().collect() };
        Self::of_groups(vec![group], ComparisonOptions::default()).expect("each run occurs once")
    }

    /// Groups runs as [`new`](Self::new) does; strategies of different groups are different.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the floor is not between 0 and 1, if no strategy has the name of the
    /// control, or if a group has two runs with the same key and attempt.
    #[allow(clippy::missing_panics_doc, reason = "each name is that of a run")]
    pub fn of_groups(groups: Vec<RunGroup>, options: ComparisonOptions) -> Result<Self, Error> {
        let mut runs: Vec<(Option<String>, Run)> = Vec::new();
        let mut failed_attempts = BTreeMap::new();
        for RunGroup { name: group, runs: group_runs } in groups {
            let (last, failed) = last_attempts(group_runs)?;
            failed_attempts.extend(failed.into_iter().map(|(key, n)| ((group.clone(), key), n)));
            let counted =
                |run: Run| if options.best_values { run.recommending_the_best() } else { run };
            runs.extend(last.into_iter().map(|run| (group.clone(), counted(run))));
        }
        let labels = strategy_labels(&runs);
        let names = distinct(labels.iter().cloned());
        let mut strategies: Vec<StrategyLabel> = Vec::new();
        for name in &names {
            let mut of_name = runs.iter().zip(&labels).filter(|(_, label)| *label == name);
            let attempts = |(group, run): &(Option<String>, Run)| -> usize {
                failed_attempts.get(&(group.clone(), run.key())).copied().unwrap_or(0)
            };
            let failed_attempts = of_name.clone().map(|(run, _)| attempts(run)).sum();
            let ((group, run), _) = of_name.next().expect("each name has a run");
            let (strategy, group) = (run.strategy.clone(), group.clone());
            strategies.push(StrategyLabel { strategy, group, failed_attempts });
        }
        check(&options, &names)?;
        let cases = group_by_case(runs, &labels, &names);
        let pairs = pairs(&options.pairs, &names, &strategies);
        let pairwise_comparisons = pairwise_comparisons(&cases, &pairs, options.floor);
        Ok(Self { options, strategies, names, cases, pairwise_comparisons })
    }

    /// Returns the same comparison on some of its cases only.
    #[must_use]
    pub fn restricted_to(&self, is_kept: impl Fn(&CaseResults) -> bool) -> Self {
        let cases: Vec<CaseResults> =
            self.cases.iter().filter(|case| is_kept(case)).cloned().collect();
        let pairs = pairs(&self.options.pairs, &self.names, &self.strategies);
        let pairwise_comparisons = pairwise_comparisons(&cases, &pairs, self.options.floor);
        Self { cases, pairwise_comparisons, ..self.clone() }
    }

    /// Returns the settings of the comparison.
    pub fn options(&self) -> &ComparisonOptions {
        &self.options
    }

    /// Returns the names of the strategies, in the order in which their runs first occur.
    ///
    /// Other methods identify a strategy by its index in this list.
    pub fn strategies(&self) -> &[String] {
        &self.names
    }

    /// Returns the results of all strategies, case by case.
    pub fn cases(&self) -> &[CaseResults] {
        &self.cases
    }

    /// Returns the comparisons of pairs of strategies, on all cases that both were run on.
    pub fn pairwise_comparisons(&self) -> &[PairwiseComparison] {
        &self.pairwise_comparisons
    }

    /// Returns the pairs of strategies that are compared, each with the strategy of the verdict
    /// first.
    ///
    /// The better one by mean rank comes first, except that a control comes second.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let ranking = self.ranking();
        let place = |strategy: usize| ranking.iter().position(|other| *other == strategy);
        let mut oriented = pairs(&self.options.pairs, &self.names, &self.strategies);
        if self.options.pairs == Pairs::All {
            for pair in &mut oriented {
                if place(pair.1) < place(pair.0) {
                    *pair = (pair.1, pair.0);
                }
            }
        }
        oriented.sort_by_key(|(first, second)| (place(*first), place(*second)));
        oriented
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
        self.strategies[strategy].failed_attempts
    }

    /// Returns the cases on which all strategies have relative regrets, each with the seeds that
    /// all of them share.
    ///
    /// All overall numbers are computed from these cases and seeds.
    pub fn common_cases(&self) -> Vec<(&CaseResults, BTreeSet<u64>)> {
        let seeds = |case: &CaseResults| -> Option<BTreeSet<u64>> {
            let mut shared: Option<BTreeSet<u64>> = None;
            for results in &case.by_strategy {
                let results = results.as_ref()?;
                let known = results.log_relative_regrets(self.options.floor)?;
                let seeds: BTreeSet<u64> = known.into_keys().collect();
                shared = Some(shared.map_or(seeds.clone(), |other| &other & &seeds));
            }
            shared.filter(|seeds| !seeds.is_empty())
        };
        self.cases.iter().filter_map(|case| Some((case, seeds(case)?))).collect()
    }

    /// Returns the runs of a strategy on the common cases and seeds, by problem and case.
    pub(super) fn common_runs_by_problem(&self, strategy: usize) -> RunsByProblem<'_> {
        let mut by_problem: BTreeMap<&str, Vec<Vec<&Run>>> = BTreeMap::new();
        for (case, seeds) in self.common_cases() {
            let results = case.by_strategy[strategy].as_ref().expect("a common case");
            let shared = results.runs().iter().filter(|run| seeds.contains(&run.seed));
            by_problem.entry(&case.problem).or_default().push(shared.collect());
        }
        by_problem.into_values().collect()
    }

    /// Returns the relative regret of a strategy at each share of the budget, with its interval.
    ///
    /// It is a geometric mean: of logarithms over the shared seeds of a case, then over the cases
    /// of a problem, then over problems. The interval is that of [`mean_over_problems`].
    pub fn relative_regret(&self, strategy: usize) -> [Band; BUDGET_DIVISORS.len()] {
        self.relative_regret_with_floor(strategy, self.options.floor)
    }

    /// Returns the [relative regret](Self::relative_regret) with another floor.
    pub fn relative_regret_with_floor(
        &self,
        strategy: usize,
        floor: f64,
    ) -> [Band; BUDGET_DIVISORS.len()] {
        let runs = self.common_runs_by_problem(strategy);
        std::array::from_fn(|share| {
            let log = |run: &Run| Some(run.log_relative_regrets(floor)?[share]);
            mean_over_runs(&runs, log).map(|log| 10_f64.powf(log))
        })
    }

    /// Returns the differences of the logarithms of two strategies at a share of the budget, for
    /// each problem, case and shared seed; below 0, the first strategy is better.
    ///
    /// The seeds are those that both strategies have on a case.
    pub fn differences(&self, first: usize, second: usize, share: usize) -> Vec<Vec<Vec<f64>>> {
        let mut by_problem: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
        for case in &self.cases {
            let paired = self.differences_on(case, (first, second), share);
            if !paired.is_empty() {
                by_problem.entry(&case.problem).or_default().push(paired);
            }
        }
        by_problem.into_values().collect()
    }

    /// Returns the differences of the logarithms of two strategies on a case, for each seed that
    /// both have; empty if one of them has no relative regret there.
    pub(super) fn differences_on(
        &self,
        case: &CaseResults,
        (first, second): (usize, usize),
        share: usize,
    ) -> Vec<f64> {
        let logs = |strategy: usize| {
            let results = case.by_strategy[strategy].as_ref()?;
            results.log_relative_regrets(self.options.floor)
        };
        let (Some(a), Some(b)) = (logs(first), logs(second)) else { return Vec::new() };
        a.iter().filter_map(|(seed, a)| Some(a[share] - b.get(seed)?[share])).collect()
    }

    /// Returns log₁₀ of the strategies' relative regrets on each problem after the whole budget,
    /// which ranks are computed from.
    ///
    /// There is a row for each problem of the common cases, and a column for each strategy. The
    /// instances of a problem are averaged, because they are not independent.
    pub fn final_logs(&self) -> Vec<Vec<f64>> {
        let columns: Vec<Vec<f64>> = (0..self.names.len())
            .map(|strategy| {
                let log = |run: &&Run| Some(run.log_relative_regrets(self.options.floor)?[LAST]);
                let of_case =
                    |runs: &Vec<&Run>| mean(&runs.iter().filter_map(log).collect::<Vec<f64>>());
                let of_problem =
                    |cases: &Vec<Vec<&Run>>| mean(&cases.iter().map(of_case).collect::<Vec<f64>>());
                self.common_runs_by_problem(strategy).iter().map(of_problem).collect()
            })
            .collect();
        let problems = columns.first().map_or(0, Vec::len);
        (0..problems).map(|row| columns.iter().map(|column| column[row]).collect()).collect()
    }

    /// Returns the mean rank of each strategy by [`final_logs`](Self::final_logs); 1 is best.
    ///
    /// The mean ranks are NaN if there are no common cases.
    pub fn mean_ranks(&self) -> Vec<f64> {
        let by_problem: Vec<Vec<f64>> = self.final_logs().iter().map(|row| ranks(row)).collect();
        let mean_rank = |index: usize| {
            let ranks: Vec<f64> = by_problem.iter().map(|ranks| ranks[index]).collect();
            mean(&ranks)
        };
        (0..self.names.len()).map(mean_rank).collect()
    }

    /// Returns the indices of the strategies, the smallest (best) mean rank first.
    pub fn ranking(&self) -> Vec<usize> {
        let ranks = self.mean_ranks();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|a, b| ranks[*a].total_cmp(&ranks[*b]));
        order
    }

    /// Returns the runs of a strategy on the common cases, with the shared seeds.
    ///
    /// `strategy` is the index in [`strategies`](Self::strategies).
    ///
    /// # Panics
    /// If there is no strategy with this index.
    pub fn common_runs_of(&self, strategy: usize) -> impl Iterator<Item = &Run> {
        self.common_cases().into_iter().flat_map(move |(case, seeds)| {
            let results = case.by_strategy[strategy].as_ref();
            let runs = results.map(StrategyResults::runs).unwrap_or_default().iter();
            runs.filter(move |run| seeds.contains(&run.seed))
        })
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

/// Returns the mean of a number of runs: over seeds, then cases, then problems; runs without the
/// number are left out.
pub(super) fn mean_over_runs(
    runs: &RunsByProblem<'_>,
    number: impl Fn(&Run) -> Option<f64>,
) -> Band {
    let of_case = |runs: &Vec<&Run>| runs.iter().filter_map(|run| number(run)).collect();
    let numbers: Vec<Vec<Vec<f64>>> =
        runs.iter().map(|cases| cases.iter().map(of_case).collect()).collect();
    mean_over_problems(&numbers)
}

fn check(options: &ComparisonOptions, names: &[String]) -> Result<(), Error> {
    let mut violations = Vec::new();
    if !(options.floor > 0.0 && options.floor < 1.0) {
        let rule = "the floor of relative regrets is between 0 and 1";
        violations.push(Violation::new("floor", options.floor, rule, "use 0.01 or 0.0001"));
    }
    if let Pairs::Control(name) = &options.pairs
        && !names.contains(name)
    {
        let remedy = format!("use one of {}", names.join(", "));
        violations.push(Violation::new("control", name, "the control is a strategy", remedy));
    }
    Error::from_violations(violations)
}

/// Returns the pairs of strategies that are compared; a control comes second.
fn pairs(pairs: &Pairs, names: &[String], strategies: &[StrategyLabel]) -> Vec<(usize, usize)> {
    let all = (0..names.len()).flat_map(|a| (a + 1..names.len()).map(move |b| (a, b)));
    match pairs {
        Pairs::All => all.collect(),
        Pairs::Control(name) => {
            let control = names.iter().position(|other| other == name).expect("it is checked");
            (0..names.len()).filter(|other| *other != control).map(|o| (o, control)).collect()
        }
        Pairs::SameName => all
            .filter(|(a, b)| {
                let (a, b) = (&strategies[*a], &strategies[*b]);
                a.strategy == b.strategy && a.group != b.group
            })
            .collect(),
    }
}

/// Returns the label of each run: the strategy, with its settings, parallelism and group where
/// these differ.
fn strategy_labels(runs: &[(Option<String>, Run)]) -> Vec<String> {
    let orders: BTreeSet<_> =
        runs.iter().map(|(_, run)| (run.parallelism, run.charged_proposals)).collect();
    let mut settings: BTreeMap<(&Option<String>, &str), BTreeSet<&str>> = BTreeMap::new();
    for (group, run) in runs {
        settings.entry((group, &run.strategy)).or_default().insert(&run.settings);
    }
    let label = |(group, run): &(Option<String>, Run)| {
        let mut label = run.strategy.clone();
        if settings[&(group, run.strategy.as_str())].len() > 1 {
            label += &format!(" ({})", run.settings);
        }
        if orders.len() > 1 {
            label += &format!(", {}", run.parallelism);
            label += if run.charged_proposals { ", proposals charged" } else { "" };
        }
        match group {
            Some(group) => format!("{label} of {group}"),
            None => label,
        }
    };
    runs.iter().map(label).collect()
}

/// Groups runs by case and strategy, in the order in which they first occur.
fn group_by_case(
    runs: Vec<(Option<String>, Run)>,
    labels: &[String],
    names: &[String],
) -> Vec<CaseResults> {
    let case_names = case_names(&runs);
    let mut groups: BTreeMap<(String, String), Vec<Run>> = BTreeMap::new();
    for ((case, label), (_, run)) in case_names.iter().zip(labels).zip(runs) {
        groups.entry((case.clone(), label.clone())).or_default().push(run);
    }
    let mut results = |case: &String, name: &String| {
        let mut runs = groups.remove(&(case.clone(), name.clone()))?;
        runs.sort_by_key(|run| run.seed);
        Some(StrategyResults(runs))
    };
    let of_case = |name: String| {
        let by_strategy: Vec<Option<StrategyResults>> =
            names.iter().map(|strategy| results(&name, strategy)).collect();
        let first = by_strategy.iter().flatten().find_map(|results| results.0.first());
        let first = first.expect("each case has a run");
        CaseResults {
            name,
            problem: first.problem.clone(),
            budget: first.budget,
            held_out_since: first.held_out_since.clone(),
            by_strategy,
        }
    };
    distinct(case_names.iter().cloned()).into_iter().map(of_case).collect()
}

/// Returns the case of each run, with its budget, suite and data where these differ.
fn case_names(runs: &[(Option<String>, Run)]) -> Vec<String> {
    let mut budgets: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut suites: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let mut data: BTreeMap<String, BTreeSet<Option<&str>>> = BTreeMap::new();
    for (_, run) in runs {
        budgets.entry(run.case_name()).or_default().insert(run.budget);
        suites.entry(run.case_name()).or_default().insert(run.suite);
        data.entry(run.case_name()).or_default().insert(run.data_hash.as_deref());
    }
    let name = |(_, run): &(Option<String>, Run)| {
        let mut name = run.case_name();
        let (has_budgets, has_suites) = (budgets[&name].len() > 1, suites[&name].len() > 1);
        let has_data = data[&name].len() > 1;
        if has_budgets {
            name += &format!(" in {} evaluations", run.budget);
        }
        if has_suites {
            name += &format!(" of suite {}", run.suite);
        }
        if has_data {
            name += &format!(" with data {}", run.data_hash.as_deref().unwrap_or("unknown"));
        }
        name
    };
    runs.iter().map(name).collect()
}

type LastAttempts = (Vec<Run>, BTreeMap<RunKey, usize>);

/// Returns the last attempt of each run, and the number of earlier attempts that failed.
fn last_attempts(runs: impl IntoIterator<Item = Run>) -> Result<LastAttempts, Error> {
    let mut seen: BTreeSet<(RunKey, u32)> = BTreeSet::new();
    let mut last: BTreeMap<RunKey, usize> = BTreeMap::new();
    let mut failed: BTreeMap<RunKey, usize> = BTreeMap::new();
    let mut kept: Vec<Run> = Vec::new();
    for run in runs {
        let key = run.key();
        if !seen.insert((key.clone(), run.attempt)) {
            let rule = "each run occurs once, because a second copy would count twice";
            let copy = Violation::new("runs", run.describe(), rule, "remove one of the copies");
            return Err(Error::Invalid(vec![copy]));
        }
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
    Ok((kept, failed))
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}
