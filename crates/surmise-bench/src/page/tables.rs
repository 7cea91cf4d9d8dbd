//! The tables of a comparison, before they are written as Markdown or HTML.

use crate::case_results::{CaseResults, Cell, SCORE_FLOOR};
use crate::comparison::Comparison;
use crate::duel::{Duel, JUDGEMENT};
use crate::measures::PROGRESS_FLOOR;
use crate::run::Run;
use crate::statistics::{Verdict, bootstrap_band, mean, median, quantile};
use surmise::drawing::{fixed, percent, seconds, short, short_or_none};

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
    if comparison.strategies().len() > 1 && !comparison.common().is_empty() {
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
            fixed(scores[*index], 4),
            fixed(inference[*index], 4),
            fixed(ranks[*index], 2),
            firsts.count().to_string(),
            fixed(mean(&areas), 2),
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
            "Over the {} cases that all were run on and that have constants. Score: regret by random search's mean regret at the same budget (a \
             committed constant), geometric mean over cases, each floored at {SCORE_FLOOR}; 1 is random search, less is \
             better. Inference score: the same of the trial that the strategy recommends (an outside program: of its least measured value). Mean rank and firsts: over \
             problems, instances of one averaged before. Log area: mean of log10 of regret by \
             random search's final one, over all evaluations, floored at {PROGRESS_FLOOR}. Runs to a tenth: share that \
             came to a tenth of random search's final regret. Firsts may be shared.",
            common.len()
        ),
        head: head(&columns, &[]),
        rows: comparison.by_mean_rank().iter().map(row).collect(),
    }
}

/// Which tests, on what, how many, with which correction: for every table of verdicts.
fn how_judged(comparison: &Comparison) -> String {
    let pairs = comparison.duels().iter().map(|duel| duel.pairs);
    let (least, most) = (pairs.clone().min().unwrap_or(0), pairs.max().unwrap_or(0));
    let n = if least == most { format!("n = {most}") } else { format!("n = {least} to {most}") };
    format!(
        "Wilcoxon's signed-rank test on paired seeds ({n} a case; pairs that tie are left out by the test), two-sided, on log10 of \
         scores floored at {PROGRESS_FLOOR} (of cases without constants, on the best values); level {}. Equivalent: two one-sided \
         such tests show that the difference is within {} decades. Holm's correction over all {} tests for a difference, and over \
         as many for equivalence, which goes first.",
        JUDGEMENT.level,
        JUDGEMENT.margin,
        comparison.duels().len(),
    )
}

/// All duels of two strategies, seen from the first one.
fn between(comparison: &Comparison, first: usize, second: usize) -> Vec<Duel> {
    let seen = |duel: &Duel| match (duel.first, duel.second) {
        pair if pair == (first, second) => Some(duel.clone()),
        pair if pair == (second, first) => Some(duel.turned()),
        _ => None,
    };
    comparison.duels().iter().filter_map(seen).collect()
}

fn verdicts(comparison: &Comparison) -> Table {
    let names = comparison.strategies();
    let order = comparison.by_mean_rank();
    let mut rows = Vec::new();
    for (place, first) in order.iter().enumerate() {
        for second in &order[place + 1..] {
            let duels = between(comparison, *first, *second);
            let count = |wanted: Verdict| {
                duels.iter().filter(|duel| duel.verdict == wanted).count().to_string()
            };
            let effects: Vec<f64> = duels.iter().map(|duel| duel.effect).collect();
            rows.push(vec![
                format!("{} against {}", names[*first], names[*second]),
                count(Verdict::Better),
                count(Verdict::Worse),
                count(Verdict::Equivalent),
                count(Verdict::Undecided),
                fixed(mean(&effects), 2),
            ]);
        }
    }
    Table {
        title: "Verdicts",
        note: format!(
            "On how many cases the first is better, worse, …. {} A: Vargha and Delaney's effect size, the probability that the \
             first is better in a run, mean over cases.",
            how_judged(comparison)
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

/// How many seeds there are in a cell.
fn seeds(comparison: &Comparison) -> String {
    let cells = comparison.cases().iter().flat_map(|case| &case.cells).flatten();
    let counts = cells.map(|cell| cell.runs().len());
    let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    if least == most { most.to_string() } else { format!("{least} to {most}") }
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
        note: format!(
            "After the whole budget: median over {} seeds, and its 95 % bootstrap band (percentile, 1,000 resamples). Where no optimum \
             is known, the best value.",
            seeds(comparison)
        ),
        head: head(&["case", "evaluations"], comparison.strategies()),
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
        head: head(&["case", "evaluations"], comparison.strategies()),
        rows: by_case(comparison, text),
    }
}

fn duels(comparison: &Comparison) -> Table {
    let order = comparison.by_mean_rank();
    let names = comparison.strategies();
    let row = |duel: Duel| {
        vec![
            comparison.cases()[duel.case].name.clone(),
            names[duel.second].clone(),
            duel.verdict.to_string(),
            format!("{:+.2}", duel.difference),
            fixed(duel.effect, 2),
            short(duel.p),
            short(duel.equivalence_p),
            format!("{} ({})", duel.pairs, duel.untied),
        ]
    };
    let others = order[1..].iter().flat_map(|other| between(comparison, order[0], *other));
    let columns = [
        "case",
        "against",
        "the leader is",
        "difference",
        "A",
        "p of a difference",
        "p of equivalence",
        "n (untied)",
    ];
    Table {
        title: "The leader against the others",
        note: format!(
            "{} has the least mean rank. Difference: median of the paired differences in decades of score; below 0 the leader is \
             better. {} Both p are corrected. All pairs are in `verdicts.csv`.",
            names[order[0]],
            how_judged(comparison)
        ),
        head: head(&columns, &[]),
        rows: others.map(row).collect(),
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
        head: head(&["case", "evaluations"], comparison.strategies()),
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
               asked for. Times of one proposal, initial design included; they never enter a score. Ours are on one thread; an outside program is asked to use \
               one, and its time includes that of the pipe."
            .to_owned(),
        head: head(&columns, &[]),
        rows: (0..comparison.strategies().len()).map(row).collect(),
    }
}
