//! The tables of a comparison, before they are written as Markdown or HTML.

use super::number::{percent, seconds, short, short_or_none};
use crate::benchmark::statistics::{Verdict, bootstrap_band, mean, median, quantile};
use crate::benchmark::{
    CaseResults, Cell, Comparison, JUDGEMENT, PROGRESS_FLOOR, Run, SCORE_FLOOR,
};

/// The target whose reaching is told: a tenth of random search's final regret.
const TARGET: f64 = 0.1;

/// A table with what explains it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// All tables, the most condensed first.
pub(super) fn tables(comparison: &Comparison) -> Vec<Table> {
    let mut tables = vec![overall(comparison)];
    if comparison.strategies().len() > 1 {
        tables.push(verdicts(comparison));
    }
    tables.push(regrets(comparison));
    tables.push(scores(comparison));
    if comparison.strategies().len() > 1 {
        tables.push(duels(comparison));
    }
    tables.push(targets(comparison));
    tables.push(reliability(comparison));
    tables
}

fn head(first: &[&str], names: &[String]) -> Vec<String> {
    first.iter().map(|text| (*text).to_owned()).chain(names.iter().cloned()).collect()
}

fn overall(comparison: &Comparison) -> Table {
    let common = comparison.common();
    let scores = comparison.geometric_means(Cell::score);
    let inference = comparison.geometric_means(Cell::inference_score);
    let ranks = comparison.mean_ranks();
    let log_scores = comparison.log_scores();
    let row = |index: &usize| {
        let is_first = |row: &&Vec<f64>| row.iter().all(|other| row[*index] <= *other);
        let firsts = log_scores.iter().filter(is_first);
        let cells = || common.iter().filter_map(|(case, _)| case.cells[*index].as_ref());
        let areas: Vec<f64> = cells().filter_map(Cell::log_area).collect();
        let reached: Vec<f64> = cells()
            .filter_map(|cell| cell.evaluations_to(TARGET))
            .map(|(_, share)| share)
            .collect();
        vec![
            comparison.strategies()[*index].clone(),
            format!("{:.4}", scores[*index]),
            format!("{:.4}", inference[*index]),
            format!("{:.2}", ranks[*index]),
            firsts.count().to_string(),
            format!("{:.2}", mean(&areas)),
            percent(mean(&reached)),
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
            "Over the {} problems that all were run on. Score: regret by random search's mean regret at the same budget (a \
             committed constant), geometric mean over problems, each floored at {SCORE_FLOOR}; 1 is random search, less is \
             better. Inference score: the same of the trial that the strategy recommends. Log area: mean of log10 of regret by \
             random search's final one, over all evaluations, floored at {PROGRESS_FLOOR}. Runs to a tenth: share that \
             came to a tenth of random search's final regret. Firsts may be shared.",
            common.len()
        ),
        head: head(&columns, &[]),
        rows: comparison.by_mean_rank().iter().map(row).collect(),
    }
}

fn count_of_tests(comparison: &Comparison) -> String {
    let pairs = comparison.duels().iter().map(|duel| duel.pairs);
    let (least, most) = (pairs.clone().min().unwrap_or(0), pairs.max().unwrap_or(0));
    let n = if least == most { format!("n = {most}") } else { format!("n = {least} to {most}") };
    format!(
        "Wilcoxon's signed-rank test on paired seeds ({n} a problem), two-sided, on log10 of scores floored at \
         {PROGRESS_FLOOR}; level {}, Holm's correction over all {} tests of the comparison. Equivalent: two one-sided tests \
         show that the difference is within {} decades.",
        JUDGEMENT.level,
        comparison.duels().len(),
        JUDGEMENT.margin,
    )
}

fn verdicts(comparison: &Comparison) -> Table {
    let names = comparison.strategies();
    let order = comparison.by_mean_rank();
    let mut rows = Vec::new();
    for (place, first) in order.iter().enumerate() {
        for second in &order[place + 1..] {
            let of_pair =
                |a: usize, b: usize| (a, b) == (*first, *second) || (b, a) == (*first, *second);
            let duels: Vec<_> =
                comparison.duels().iter().filter(|duel| of_pair(duel.first, duel.second)).collect();
            let turned = |verdict: Verdict, is_first: bool| match (verdict, is_first) {
                (Verdict::Better, false) => Verdict::Worse,
                (Verdict::Worse, false) => Verdict::Better,
                (verdict, _) => verdict,
            };
            let count = |wanted: Verdict| {
                let is_wanted = |duel: &&&crate::benchmark::Duel| {
                    turned(duel.verdict, duel.first == *first) == wanted
                };
                duels.iter().filter(is_wanted).count().to_string()
            };
            let effects: Vec<f64> = duels
                .iter()
                .map(|duel| if duel.first == *first { duel.effect } else { 1.0 - duel.effect })
                .collect();
            rows.push(vec![
                format!("{} against {}", names[*first], names[*second]),
                count(Verdict::Better),
                count(Verdict::Worse),
                count(Verdict::Equivalent),
                count(Verdict::Undecided),
                format!("{:.2}", mean(&effects)),
            ]);
        }
    }
    Table {
        title: "Verdicts",
        note: format!(
            "On how many problems the first is better, worse, …. {} A: Vargha and Delaney's effect size, the probability that the \
             first is better in a run, mean over problems.",
            count_of_tests(comparison)
        ),
        head: head(&["pair", "better", "worse", "equivalent", "undecided", "A"], &[]),
        rows,
    }
}

fn by_case(comparison: &Comparison, text: impl Fn(&Cell) -> String) -> Vec<Vec<String>> {
    let row = |case: &CaseResults| {
        let cells = case.cells.iter().map(|cell| cell.as_ref().map_or("–".to_owned(), &text));
        [case.name.clone(), case.budget.to_string()].into_iter().chain(cells).collect()
    };
    comparison.cases().iter().map(row).collect()
}

fn regrets(comparison: &Comparison) -> Table {
    let text = |cell: &Cell| {
        let bests = || cell.runs().iter().filter_map(|run| run.bests().last().copied()).collect();
        let values: Vec<f64> = cell.regrets().unwrap_or_else(bests);
        let band = bootstrap_band(&values, median);
        format!("{} [{}, {}]", short(band.middle), short(band.low), short(band.high))
    };
    Table {
        title: "Simple regret",
        note: "After the whole budget: median over seeds, and its 95 % bootstrap band (percentile, 1,000 resamples). Where no \
               optimum is known, the best value."
            .to_owned(),
        head: head(&["problem", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn scores(comparison: &Comparison) -> Table {
    let text = |cell: &Cell| {
        let (score, inference) = (cell.score(), cell.inference_score());
        let same = score.zip(inference).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs());
        if same || inference.is_none() {
            short_or_none(score)
        } else {
            format!("{} ({})", short_or_none(score), short_or_none(inference))
        }
    };
    Table {
        title: "Score",
        note: "Mean regret by random search's mean regret; in brackets that of the recommended trial, where it differs.".to_owned(),
        head: head(&["problem", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn duels(comparison: &Comparison) -> Table {
    let leader = comparison.by_mean_rank()[0];
    let names = comparison.strategies();
    let mut rows = Vec::new();
    for duel in comparison.duels() {
        let (other, is_first) = match (duel.first == leader, duel.second == leader) {
            (true, _) => (duel.second, true),
            (_, true) => (duel.first, false),
            _ => continue,
        };
        let verdict = match (duel.verdict, is_first) {
            (Verdict::Better, false) => Verdict::Worse,
            (Verdict::Worse, false) => Verdict::Better,
            (verdict, _) => verdict,
        };
        let sign = if is_first { 1.0 } else { -1.0 };
        let effect = if is_first { duel.effect } else { 1.0 - duel.effect };
        rows.push(vec![
            comparison.cases()[duel.case].name.clone(),
            names[other].clone(),
            verdict.to_string(),
            format!("{:+.2}", sign * duel.difference),
            format!("{effect:.2}"),
            short(duel.p),
            duel.pairs.to_string(),
        ]);
    }
    Table {
        title: "The leader against the others",
        note: format!(
            "{} has the least mean rank. Difference: median of the paired differences in decades of score; below 0 the leader is \
             better. {} All pairs are in `verdicts.csv`.",
            names[leader],
            count_of_tests(comparison)
        ),
        head: head(
            &["problem", "against", "the leader is", "difference", "A", "p (Holm)", "n"],
            &[],
        ),
        rows,
    }
}

fn targets(comparison: &Comparison) -> Table {
    let text = |cell: &Cell| match cell.evaluations_to(TARGET) {
        Some((count, reached)) => format!("{} ({})", short(count), percent(reached)),
        None => "–".to_owned(),
    };
    Table {
        title: "Evaluations to a tenth of random search's final regret",
        note: "Median over seeds (∞ if half of the runs did not come to it), and the share of runs that did.".to_owned(),
        head: head(&["problem", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn reliability(comparison: &Comparison) -> Table {
    let row = |index: usize| {
        let runs: Vec<&Run> = comparison.runs_of(index).collect();
        let sum = |number: fn(&Run) -> usize| runs.iter().map(|run| number(run)).sum::<usize>();
        let asks: Vec<f64> = runs.iter().flat_map(|run| run.ask_seconds.iter().copied()).collect();
        let broken = runs.iter().filter(|run| run.error.is_some()).count();
        let reason = runs.iter().find_map(|run| run.error.as_deref());
        vec![
            comparison.strategies()[index].clone(),
            runs.len().to_string(),
            sum(|run| run.duplicates).to_string(),
            sum(|run| run.violations).to_string(),
            sum(Run::failures).to_string(),
            reason.map_or("0".to_owned(), |reason| format!("{broken}: {reason}")),
            seconds(median(&asks)),
            seconds(quantile(&asks, 0.95)),
            seconds(asks.iter().copied().fold(f64::NAN, f64::max)),
        ]
    };
    let columns = [
        "strategy",
        "runs",
        "repetitions",
        "violations",
        "failed evaluations",
        "runs broken off",
        "ask p50",
        "p95",
        "max",
    ];
    Table {
        title: "Reliability and time",
        note: "Repetitions: configurations that were proposed before. Violations: proposals outside of the space, or more than were \
               asked for. Times of one proposal, on one thread, initial design included; they never enter a score."
            .to_owned(),
        head: head(&columns, &[]),
        rows: (0..comparison.strategies().len()).map(row).collect(),
    }
}
