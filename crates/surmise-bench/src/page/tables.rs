//! The tables of a comparison, independent of Markdown and HTML.

use crate::case_results::{CaseResults, SCORE_FLOOR, StrategyResults};
use crate::comparison::Comparison;
use crate::measures::PROGRESS_FLOOR;
use crate::pairwise_comparison::{DECISION_RULE, PairwiseComparison};
use crate::run::Run;
use crate::statistics::{Verdict, bootstrap_band, mean, median, quantile};
use surmise::drawing::{
    format_fixed, format_optional, format_percent, format_seconds, format_short,
};

/// The target of the table on evaluations: a tenth of random search's final regret.
const TARGET: f64 = 0.1;

/// A table with a title and an explanation.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Returns all tables, the summary first.
pub(super) fn tables(comparison: &Comparison) -> Vec<Table> {
    let mut tables = vec![overall(comparison)];
    if comparison.strategies().len() > 1 {
        tables.push(verdicts(comparison));
    }
    tables.push(regrets(comparison));
    tables.push(scores(comparison));
    if comparison.strategies().len() > 1 && !comparison.common_cases().is_empty() {
        tables.push(pairwise_comparisons(comparison));
    }
    tables.push(targets(comparison));
    tables.push(reliability(comparison));
    tables
}

fn header(first: &[&str], names: &[String]) -> Vec<String> {
    first.iter().map(|text| (*text).to_owned()).chain(names.iter().cloned()).collect()
}

fn overall(comparison: &Comparison) -> Table {
    let common = comparison.common_cases();
    let scores = comparison.geometric_means(StrategyResults::score);
    let inference = comparison.geometric_means(StrategyResults::inference_score);
    let ranks = comparison.mean_ranks();
    let log_scores = comparison.log_scores();
    let row = |index: &usize| {
        let is_first = |row: &&Vec<f64>| row.iter().all(|score| row[*index] <= *score);
        let firsts = log_scores.iter().filter(is_first);
        let results = || common.iter().filter_map(|(case, _)| case.by_strategy[*index].as_ref());
        let areas: Vec<f64> = results().filter_map(StrategyResults::log_area).collect();
        let reached: Vec<f64> = results()
            .filter_map(|results| results.evaluations_to_target(TARGET))
            .map(|(_, share)| share)
            .collect();
        vec![
            comparison.strategies()[*index].clone(),
            format_fixed(scores[*index], 4),
            format_fixed(inference[*index], 4),
            format_fixed(ranks[*index], 2),
            firsts.count().to_string(),
            format_fixed(mean(&areas), 2),
            format_percent(mean(&reached)),
        ]
    };
    let columns = [
        "strategy",
        "score",
        "inference score",
        "mean rank",
        "firsts",
        "log area",
        "runs to a tenth",
    ];
    Table {
        title: "Overall",
        note: format!(
            "Over the {} cases with scores of all strategies. Score: mean regret divided by the \
             mean regret of random search after the same number of evaluations (a stored \
             constant); geometric mean over the cases, each score at least {SCORE_FLOOR}. 1 is \
             random search; smaller is better. Inference score: the score of the recommended \
             trial; for an external program, that of its smallest measured value. Mean rank and \
             firsts: over problems, after averaging the instances of a problem; several strategies \
             may be first. Log area: mean over all evaluations of log10 of regret divided by \
             random search's final regret, at least {PROGRESS_FLOOR}. Runs to a tenth: share of \
             the runs that reach a tenth of random search's final regret.",
            common.len()
        ),
        header: header(&columns, &[]),
        rows: comparison.ranking().iter().map(row).collect(),
    }
}

/// Describes the tests of the verdicts: samples, levels and corrections.
fn describe_tests(comparison: &Comparison) -> String {
    let pairs = comparison.pairwise_comparisons().iter().map(|pair| pair.pairs);
    let (min, max) = (pairs.clone().min().unwrap_or(0), pairs.max().unwrap_or(0));
    let n = if min == max { format!("n = {max}") } else { format!("n = {min} to {max}") };
    format!(
        "Test for a difference: Wilcoxon's two-sided signed-rank test on paired seeds ({n} for \
         each case; ties are ignored), on log10 of the scores, each at least {PROGRESS_FLOOR} \
         (without scores, on the best values). Significance level: {}. Equivalent: two one-sided \
         tests show that the difference is within {} decades; equivalence is tested first. Holm's \
         correction covers all {} tests for a difference, and as many tests for equivalence.",
        DECISION_RULE.level,
        DECISION_RULE.margin,
        comparison.pairwise_comparisons().len(),
    )
}

/// Returns the comparisons of two strategies on all cases, with verdicts on the first one.
fn pairs_of(comparison: &Comparison, first: usize, second: usize) -> Vec<PairwiseComparison> {
    let oriented = |pair: &PairwiseComparison| match (pair.first, pair.second) {
        indices if indices == (first, second) => Some(pair.clone()),
        indices if indices == (second, first) => Some(pair.reversed()),
        _ => None,
    };
    comparison.pairwise_comparisons().iter().filter_map(oriented).collect()
}

fn verdicts(comparison: &Comparison) -> Table {
    let names = comparison.strategies();
    let order = comparison.ranking();
    let mut rows = Vec::new();
    for (rank, first) in order.iter().enumerate() {
        for second in &order[rank + 1..] {
            let pairs = pairs_of(comparison, *first, *second);
            let count = |verdict: Verdict| {
                pairs.iter().filter(|pair| pair.verdict == verdict).count().to_string()
            };
            let effect_sizes: Vec<f64> = pairs.iter().map(|pair| pair.effect_size).collect();
            rows.push(vec![
                format!("{} against {}", names[*first], names[*second]),
                count(Verdict::Better),
                count(Verdict::Worse),
                count(Verdict::Equivalent),
                count(Verdict::Undecided),
                format_fixed(mean(&effect_sizes), 2),
            ]);
        }
    }
    Table {
        title: "Verdicts",
        note: format!(
            "The number of cases with each verdict on the first strategy of the pair. {} A: Vargha \
             and Delaney's effect size, the probability that a run of the first strategy is \
             better; mean over cases.",
            describe_tests(comparison)
        ),
        header: header(&["pair", "better", "worse", "equivalent", "undecided", "A"], &[]),
        rows,
    }
}

fn by_case(comparison: &Comparison, text: impl Fn(&StrategyResults) -> String) -> Vec<Vec<String>> {
    let row = |case: &CaseResults| {
        let cells =
            case.by_strategy.iter().map(|results| results.as_ref().map_or("–".to_owned(), &text));
        [case.name.clone(), case.budget.to_string()].into_iter().chain(cells).collect()
    };
    comparison.cases().iter().map(row).collect()
}

/// Returns the number of seeds of a strategy on a case, as text; a range if it differs.
fn seed_count(comparison: &Comparison) -> String {
    let results = comparison.cases().iter().flat_map(|case| &case.by_strategy).flatten();
    let counts = results.map(|results| results.runs().len());
    let (min, max) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    if min == max { max.to_string() } else { format!("{min} to {max}") }
}

fn regrets(comparison: &Comparison) -> Table {
    let text = |results: &StrategyResults| {
        let best_values =
            || results.runs().iter().filter_map(|run| run.best_values().last().copied()).collect();
        let values: Vec<f64> = results.regrets().unwrap_or_else(best_values);
        let band = bootstrap_band(&values, median);
        format!(
            "{} [{}, {}]",
            format_short(band.estimate),
            format_short(band.low),
            format_short(band.high)
        )
    };
    Table {
        title: "Simple regret",
        note: format!(
            "Simple regret after the whole budget: median over {} seeds, and its 95 % bootstrap \
             interval (percentile, 1,000 resamples). If the optimum is unknown: the best value.",
            seed_count(comparison)
        ),
        header: header(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn scores(comparison: &Comparison) -> Table {
    let text = |results: &StrategyResults| {
        let (score, inference) = (results.score(), results.inference_score());
        let is_same = score.zip(inference).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs());
        if is_same || inference.is_none() {
            format_optional(score)
        } else {
            format!("{} ({})", format_optional(score), format_optional(inference))
        }
    };
    Table {
        title: "Score",
        note:
            "Mean regret divided by the mean regret of random search; in brackets the score of the \
             recommended trial, where it differs."
                .to_owned(),
        header: header(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn pairwise_comparisons(comparison: &Comparison) -> Table {
    let order = comparison.ranking();
    let names = comparison.strategies();
    let row = |pair: PairwiseComparison| {
        vec![
            comparison.cases()[pair.case].name.clone(),
            names[pair.second].clone(),
            pair.verdict.to_string(),
            format!("{:+.2}", pair.median_difference),
            format_fixed(pair.effect_size, 2),
            format_short(pair.p_value),
            format_short(pair.equivalence_p_value),
            format!("{} ({})", pair.pairs, pair.untied),
        ]
    };
    let pairs = order[1..].iter().flat_map(|second| pairs_of(comparison, order[0], *second));
    let columns = [
        "case",
        "against",
        "best strategy is",
        "difference",
        "A",
        "p of a difference",
        "p of equivalence",
        "n (untied)",
    ];
    Table {
        title: "Best strategy against each other strategy",
        note: format!(
            "{} has the best mean rank. Difference: median of the paired differences in decades of \
             score; below 0, it is better. {} Both p-values are corrected. `verdicts.csv` has all \
             pairs.",
            names[order[0]],
            describe_tests(comparison)
        ),
        header: header(&columns, &[]),
        rows: pairs.map(row).collect(),
    }
}

fn targets(comparison: &Comparison) -> Table {
    let text = |results: &StrategyResults| match results.evaluations_to_target(TARGET) {
        Some((count, reached)) => format!("{} ({})", format_short(count), format_percent(reached)),
        None => "–".to_owned(),
    };
    Table {
        title: "Evaluations to a tenth of random search's final regret",
        note:
            "Median over seeds (∞ if at least half of the runs do not reach it), and the share of \
             the runs that reach it."
                .to_owned(),
        header: header(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn reliability(comparison: &Comparison) -> Table {
    let row = |index: usize| {
        let runs: Vec<&Run> = comparison.runs_of(index).collect();
        let sum = |count: fn(&Run) -> usize| runs.iter().map(|run| count(run)).sum::<usize>();
        let ask_seconds: Vec<f64> =
            runs.iter().flat_map(|run| run.ask_seconds.iter().copied()).collect();
        let errors = runs.iter().filter(|run| run.error.is_some()).count();
        let reason = runs.iter().find_map(|run| run.error.as_deref());
        vec![
            comparison.strategies()[index].clone(),
            runs.len().to_string(),
            sum(|run| run.duplicates).to_string(),
            sum(|run| run.violations).to_string(),
            sum(Run::failures).to_string(),
            reason.map_or("0".to_owned(), |reason| format!("{errors}: {reason}")),
            format_seconds(median(&ask_seconds)),
            format_seconds(quantile(&ask_seconds, 0.95)),
            format_seconds(ask_seconds.iter().copied().fold(f64::NAN, f64::max)),
        ]
    };
    let columns = [
        "strategy",
        "runs",
        "repetitions",
        "violations",
        "failed evaluations",
        "runs with errors",
        "ask p50",
        "p95",
        "max",
    ];
    Table {
        title: "Reliability and time",
        note: "Repetitions: proposals of a configuration that was proposed before. Violations: \
               proposals outside of the space, or beyond the number that was asked for. Ask: the \
               time of one proposal, initial design included; it does not affect a score. \
               Strategies run on one thread; external programs are asked to use one thread, and \
               their times include the communication."
            .to_owned(),
        header: header(&columns, &[]),
        rows: (0..comparison.strategies().len()).map(row).collect(),
    }
}
