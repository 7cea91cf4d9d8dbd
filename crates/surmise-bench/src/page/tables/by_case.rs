//! Numbers case by case.

use super::table::{Table, format_band, header};
use crate::case_results::{CaseResults, StrategyResults};
use crate::comparison::Comparison;
use crate::statistics::{bootstrap_band, mean, median};
use surmise::drawing::{format_optional, format_percent, format_short};

/// The targets of expected running times.
const TARGETS: [f64; 2] = [0.1, 0.01];

fn by_case(comparison: &Comparison, text: impl Fn(&StrategyResults) -> String) -> Vec<Vec<String>> {
    let row = |case: &CaseResults| {
        let cells =
            case.by_strategy.iter().map(|results| results.as_ref().map_or("–".to_owned(), &text));
        [case.name.clone(), case.budget.to_string()].into_iter().chain(cells).collect()
    };
    comparison.cases().iter().map(CaseResults::on_shared_seeds).map(|case| row(&case)).collect()
}

/// Returns the number of seeds that strategies share on a case, as text; a range if it differs.
fn seed_count(comparison: &Comparison) -> String {
    let cases = comparison.cases().iter().map(CaseResults::on_shared_seeds);
    let results = cases.flat_map(|case| case.by_strategy).flatten();
    let counts: Vec<usize> = results.map(|results| results.runs().len()).collect();
    let counts = counts.into_iter();
    let (min, max) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    if min == max { max.to_string() } else { format!("{min} to {max}") }
}

pub(super) fn regrets(comparison: &Comparison) -> Table {
    let text = |results: &StrategyResults| {
        let best_values =
            || results.runs().iter().filter_map(|run| run.best_values().last().copied()).collect();
        let values: Vec<f64> = results.regrets().unwrap_or_else(best_values);
        format_band(bootstrap_band(&values, median))
    };
    Table {
        title: "Regret".to_owned(),
        note: format!(
            "Regret after the whole budget: median over the {} seeds that all strategies have on a \
             case, and its 95 % bootstrap interval (percentile, 1,000 resamples). If the optimum \
             is unknown: the best value.",
            seed_count(comparison)
        ),
        header: header(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

pub(super) fn scores(comparison: &Comparison) -> Table {
    Table {
        title: "Mean score".to_owned(),
        note:
            "Mean regret over the shared seeds divided by the mean regret of random search, after \
               the whole budget, and its 95 % bootstrap interval: 1 is random search. A single bad \
               run raises it."
                .to_owned(),
        header: header(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, |results| {
            let scores = results.scores();
            scores.map_or("–".to_owned(), |scores| format_band(bootstrap_band(&scores, mean)))
        }),
    }
}

pub(super) fn expected_running_times(comparison: &Comparison) -> Table {
    let at = |results: &StrategyResults, target: f64| match results.expected_running_time(target) {
        Some((count, reached)) => format!("{} ({})", format_short(count), format_percent(reached)),
        None => "–".to_owned(),
    };
    let text = |results: &StrategyResults| TARGETS.map(|target| at(results, target)).join("; ");
    Table {
        title: "Expected running time".to_owned(),
        note:
            "Evaluations to a relative regret of 0.1, and of 0.01: those of all runs, each up to \
               the target or to its budget, divided by the number of runs that reach it (Hansen et \
               al. 2009); in brackets the share of the runs that do. A recommended trial that \
               reaches the target counts, also if a later one does not."
                .to_owned(),
        header: header(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

pub(super) fn problems(comparison: &Comparison) -> Table {
    let row = |case: &CaseResults| {
        let runs = case.by_strategy.iter().flatten().flat_map(StrategyResults::runs);
        let first = runs.clone().find(|run| !run.trials.is_empty());
        let parameters = first.map(|run| run.trials[0].configuration.iter().count());
        let random = first.and_then(|run| run.random_search_regret(case.budget));
        let is_noisy = first.is_some_and(|run| run.noisy);
        let role = match &case.held_out_since {
            Some(date) => format!("held out since {date}"),
            None => "development, or not declared".to_owned(),
        };
        vec![
            case.name.clone(),
            parameters.map_or("–".to_owned(), |count| count.to_string()),
            case.budget.to_string(),
            if is_noisy { "noisy" } else { "exact" }.to_owned(),
            first
                .and_then(|run| run.optimum)
                .map_or("–".to_owned(), |optimum| format!("{optimum}")),
            format_optional(random),
            role,
        ]
    };
    let columns = [
        "case",
        "parameters",
        "evaluations",
        "values",
        "optimum",
        "random search's regret",
        "role",
    ];
    Table {
        title: "Problems".to_owned(),
        note:
            "Random search's mean regret after the budget is the unit of the relative regret; the \
               geometric mean where the mean is more than ten times as large. It is 0, and there \
               is no relative regret, if the budget is enough to try all configurations. Held out: \
               the engine is not developed with the case since the date."
                .to_owned(),
        header: header(&columns, &[]),
        rows: comparison.cases().iter().map(row).collect(),
    }
}
