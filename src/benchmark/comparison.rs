//! Runs side by side: by case and strategy, with verdicts.

use std::collections::{BTreeMap, BTreeSet};

use super::measures::PROGRESS_FLOOR;
use super::run::Run;
use super::statistics::{
    Judgement, Verdict, holm, mean, median, ranks, vargha_delaney, wilcoxon_two_sided,
};

/// In geometric means a score below this counts as this: who is that near the optimum is not to be rewarded for digits.
pub const SCORE_FLOOR: f64 = 1e-2;

/// How verdicts are reached: a level of 5 %, and a tenth of a decade of score (26 %) as what matters.
pub const JUDGEMENT: Judgement = Judgement { level: 0.05, margin: 0.1 };

/// The runs of one strategy on one case, in the order of their seeds.
#[derive(Debug, Clone)]
pub struct Cell(Vec<Run>);

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

    /// Inference regret after the whole budget, by seed.
    pub fn inference_regrets(&self) -> Option<Vec<f64>> {
        self.each(|run| run.inference_regret(run.budget))
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
    fn judged(&self) -> BTreeMap<u64, f64> {
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
    /// Number of evaluations.
    pub budget: usize,
    /// By strategy, in their order; `None` for those that were not run on it.
    pub cells: Vec<Option<Cell>>,
}

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
    /// Median of the paired differences, in decades of score (of the value itself, without constants).
    pub difference: f64,
    /// Vargha and Delaney's A: the probability that the first one is better.
    pub effect: f64,
    /// p-value of Wilcoxon's two-sided signed-rank test, corrected by Holm over all duels of the comparison.
    pub p: f64,
    /// Of the first strategy.
    pub verdict: Verdict,
}

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
    /// several.
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
        let mut budgets: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for run in &runs {
            budgets.entry(run.case()).or_default().insert(run.budget);
        }
        let case = |run: &Run| match run.case() {
            name if budgets[&name].len() == 1 => name,
            name => format!("{name} in {} evaluations", run.budget),
        };
        let names = in_order(runs.iter().map(case));
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
                let budgets =
                    cells.iter().flatten().flat_map(|cell| cell.0.iter().map(|r| r.budget));
                CaseResults { budget: budgets.max().unwrap_or(0), name, cells }
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

    /// Logarithms of the scores on the common cases, floored at [`PROGRESS_FLOOR`]: what ranks and cliques are made of.
    pub fn log_scores(&self) -> Vec<Vec<f64>> {
        let logs = |scores: Vec<f64>| scores.into_iter().map(|s| s.max(PROGRESS_FLOOR).log10());
        self.common().into_iter().map(|(_, scores)| logs(scores).collect()).collect()
    }

    /// The mean rank of each strategy over the common cases, by score. NaN if there are none.
    pub fn mean_ranks(&self) -> Vec<f64> {
        let by_case: Vec<Vec<f64>> = self.log_scores().iter().map(|row| ranks(row)).collect();
        let of_strategy = |index: usize| {
            let own: Vec<f64> = by_case.iter().map(|ranks| ranks[index]).collect();
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

    /// All runs of a strategy.
    pub fn runs_of(&self, strategy: usize) -> impl Iterator<Item = &Run> {
        self.cases.iter().filter_map(move |case| case.cells[strategy].as_ref()).flat_map(Cell::runs)
    }
}

fn in_order(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}

/// Judges all pairs of strategies on all cases, and corrects for there being so many.
fn duels(cases: &[CaseResults]) -> Vec<Duel> {
    let mut duels = Vec::new();
    let mut equivalence = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for first in 0..case.cells.len() {
            for second in first + 1..case.cells.len() {
                let (Some(a), Some(b)) = (&case.cells[first], &case.cells[second]) else {
                    continue;
                };
                let (a_by_seed, b_by_seed) = (a.judged(), b.judged());
                let pairs: Vec<(f64, f64)> = a_by_seed
                    .iter()
                    .filter_map(|(seed, a)| Some((*a, *b_by_seed.get(seed)?)))
                    .collect();
                let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
                let (a_values, b_values): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
                // The margin is one of scores.
                let has_scores = a.score().is_some() && b.score().is_some();
                equivalence.push(if has_scores {
                    JUDGEMENT.equivalence_p(&differences)
                } else {
                    1.0
                });
                duels.push(Duel {
                    case: index,
                    first,
                    second,
                    pairs: differences.len(),
                    difference: median(&differences),
                    effect: vargha_delaney(&a_values, &b_values),
                    p: wilcoxon_two_sided(&differences),
                    verdict: Verdict::Undecided,
                });
            }
        }
    }
    let p_values: Vec<f64> = duels.iter().map(|duel| duel.p).collect();
    let corrected = holm(&p_values).into_iter().zip(holm(&equivalence));
    for (duel, (p, equivalence_p)) in duels.iter_mut().zip(corrected) {
        duel.p = p;
        duel.verdict = JUDGEMENT.judge(p, equivalence_p, duel.effect > 0.5);
    }
    duels
}
