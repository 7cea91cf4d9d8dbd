//! Failures, repetitions and times.

use super::table::{Table, header};
use crate::comparison::Comparison;
use crate::run::Run;
use crate::statistics::{median, quantile};
use surmise::drawing::format_seconds;

pub(super) fn reliability(comparison: &Comparison) -> Table {
    let row = |index: usize| {
        let runs: Vec<&Run> = comparison.runs_of(index).collect();
        let sum = |count: fn(&Run) -> usize| runs.iter().map(|run| count(run)).sum::<usize>();
        let ask_seconds: Vec<f64> =
            runs.iter().flat_map(|run| run.ask_seconds.iter().copied()).collect();
        let errors = runs.iter().filter(|run| run.error.is_some()).count();
        let ended_early =
            runs.iter().filter(|run| run.error.is_none() && run.ended_early()).count();
        let reason = runs.iter().find_map(|run| run.error.as_deref());
        vec![
            comparison.strategies()[index].clone(),
            runs.len().to_string(),
            sum(|run| run.duplicates).to_string(),
            sum(|run| run.violations).to_string(),
            sum(Run::failures).to_string(),
            sum(Run::values_below_optimum).to_string(),
            reason.map_or("0".to_owned(), |reason| format!("{errors}: {reason}")),
            comparison.failed_attempts(index).to_string(),
            ended_early.to_string(),
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
        "values below the optimum",
        "runs with errors",
        "failed attempts",
        "ended early",
        "ask p50",
        "p95",
        "max",
    ];
    Table {
        title: "Reliability and time".to_owned(),
        note: "Repetitions: proposals of a configuration that was proposed before. Violations: \
            proposals outside of the space, which count as failed evaluations, or beyond the \
            number that was asked for. Values below the optimum: their regret counts as 0; where \
            the optimum is only the best known value, they improve on it. Runs with errors keep \
            the values they had before; failed attempts were made again, and the figures are those \
            of the last attempt. Ended early: the search proposed nothing more before the budget \
            was used up. Ask: the time of one proposal, initial design included; it does not \
            affect a regret. Strategies run on one thread; external programs are asked to use one \
            thread, and their times include the communication."
            .to_owned(),
        header: header(&columns, &[]),
        rows: (0..comparison.strategies().len()).map(row).collect(),
    }
}
