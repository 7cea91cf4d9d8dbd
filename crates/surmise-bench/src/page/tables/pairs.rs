//! Pairs of strategies: ratios over problems, verdicts by case, and losses.

use super::table::{SHARES, Table, format_band, header};
use crate::comparison::Comparison;
use crate::comparison_options::Pairs;
use crate::pairwise_comparison::{DECISION_RULE, PairwiseComparison};
use crate::run::BUDGET_DIVISORS;
use crate::statistics::{
    Verdict, holm, mean, mean_over_problems, min_two_sided_p_value, wilcoxon_two_sided,
};
use surmise::drawing::{format_fixed, format_short};

/// Number of problems in a list of losses.
const MAX_LOSSES: usize = 8;

fn pair_name(comparison: &Comparison, (first, second): (usize, usize)) -> String {
    let names = comparison.strategies();
    format!("{} against {}", names[first], names[second])
}

/// Returns the mean difference of each problem, in decades.
fn by_problem(differences: &[Vec<Vec<f64>>]) -> Vec<f64> {
    let of_problem =
        |cases: &Vec<Vec<f64>>| mean(&cases.iter().map(|case| mean(case)).collect::<Vec<f64>>());
    differences.iter().map(of_problem).collect()
}

pub(super) fn ratios(what: &str, comparison: &Comparison) -> Table {
    let row = |pair: &(usize, usize)| {
        let differences: Vec<Vec<Vec<Vec<f64>>>> = (0..BUDGET_DIVISORS.len())
            .map(|share| comparison.differences(pair.0, pair.1, share))
            .collect();
        let means: Vec<Vec<f64>> = differences.iter().map(|share| by_problem(share)).collect();
        let p_values: Vec<f64> = means.iter().map(|means| wilcoxon_two_sided(means)).collect();
        let corrected = holm(&p_values);
        let cells = differences.iter().zip(corrected).map(|(differences, p)| {
            let ratio = mean_over_problems(differences).map(|log| 10_f64.powf(log));
            format!("{}, p = {}", format_band(ratio), format_short(p))
        });
        let last = &means[BUDGET_DIVISORS.len() - 1];
        let count = |sign: f64| last.iter().filter(|mean| sign * **mean > 0.0).count();
        let mut row = vec![pair_name(comparison, *pair)];
        row.extend(cells);
        row.push(format!("{}, {} of {}", count(-1.0), count(1.0), last.len()));
        row
    };
    let mut columns = vec!["pair"];
    columns.extend(SHARES);
    columns.push("ahead, behind at the end");
    let problems_of = |pair: &(usize, usize)| comparison.differences(pair.0, pair.1, 0).len();
    let problems = comparison.pairs().iter().map(problems_of).max().unwrap_or(0);
    Table {
        title: format!("Ratios{what}"),
        note: format!(
            "The relative regret of the first strategy divided by that of the second, with the \
             same means, on the cases and seeds that both have; below 1, the first one is better. \
             In brackets its 95 % interval (Student's, over problems, not corrected). p: \
             Wilcoxon's two-sided signed-rank test over problems, on their mean differences of \
             logarithms, with Holm's correction over the four shares of a pair.{} Last column: the \
             number of problems on which the first strategy is ahead and behind, after the whole \
             budget.",
            smallest_p(problems)
        ),
        header: header(&columns, &[]),
        rows: comparison.pairs().iter().map(row).collect(),
    }
}

/// Returns what p can be at least over up to so many problems, or that none can be significant.
#[allow(clippy::cast_precision_loss, reason = "a number of tests")]
fn smallest_p(problems: usize) -> String {
    let tests = BUDGET_DIVISORS.len();
    let warning = too_few(problems, "problems", tests);
    if warning.is_empty() && problems > 0 {
        let smallest = tests as f64 * min_two_sided_p_value(problems);
        return format!(" With {problems} problems, p is at least {}.", format_short(smallest));
    }
    warning
}

/// Returns a warning if so many pairs can never be significant in a family of tests.
#[allow(clippy::cast_precision_loss, reason = "numbers of tests")]
fn too_few(pairs: usize, what: &str, tests: usize) -> String {
    let is_enough =
        |pairs: usize| tests as f64 * min_two_sided_p_value(pairs) <= DECISION_RULE.level;
    if is_enough(pairs) || tests == 0 {
        return String::new();
    }
    let needed = (pairs..).find(|count| is_enough(*count)).unwrap_or(pairs);
    format!(
        " With {pairs} {what} and {tests} tests no difference can be significant: it takes at \
         least {needed} {what}."
    )
}

/// Returns the comparisons of two strategies, with verdicts on the first one.
fn of_pair(comparison: &Comparison, (first, second): (usize, usize)) -> Vec<PairwiseComparison> {
    let oriented = |pair: &PairwiseComparison| match (pair.first, pair.second) {
        indices if indices == (first, second) => Some(pair.clone()),
        indices if indices == (second, first) => Some(pair.reversed()),
        _ => None,
    };
    comparison.pairwise_comparisons().iter().filter_map(oriented).collect()
}

/// Describes the tests of the verdicts: samples, levels and corrections.
fn describe_tests(comparison: &Comparison) -> String {
    let pairs = comparison.pairwise_comparisons();
    let seeds = pairs.iter().map(|pair| pair.pairs);
    let (min, max) = (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0));
    let n = if min == max { format!("n = {max}") } else { format!("n = {min} to {max}") };
    let tests = pairs.iter().map(|pair| pair.tests).max().unwrap_or(0);
    format!(
        "Test for a difference: Wilcoxon's two-sided signed-rank test on paired seeds ({n} for \
         each case; ties are ignored), on log10 of the relative regrets, each at least {} (without \
         an optimum, on the best values). Significance level: {}. Equivalent: two one-sided tests \
         by ranks, and two of the mean by Student's t, show that the difference is within {} \
         decades; equivalence is tested first. Undecided: no test shows anything, or ranks and \
         mean disagree. Holm's correction covers all cases and shares of a \
         pair (up to {tests} tests for a difference, and the same for equivalence).{}",
        comparison.options().floor,
        DECISION_RULE.level,
        DECISION_RULE.margin,
        too_few(max, "seeds", tests),
    )
}

pub(super) fn verdicts(comparison: &Comparison) -> Table {
    let row = |pair: &(usize, usize)| {
        let found = of_pair(comparison, *pair);
        let counts = (0..BUDGET_DIVISORS.len()).map(|share| {
            let count = |verdict: Verdict| {
                found.iter().filter(|p| p.share == share && p.verdict == verdict).count()
            };
            let [better, worse, equivalent, undecided] =
                [Verdict::Better, Verdict::Worse, Verdict::Equivalent, Verdict::Undecided]
                    .map(count);
            format!("{better} / {worse} / {equivalent} / {undecided}")
        });
        let at_end = found.iter().filter(|pair| pair.share == BUDGET_DIVISORS.len() - 1);
        let effect_sizes: Vec<f64> = at_end.map(|pair| pair.effect_size).collect();
        let mut row = vec![pair_name(comparison, *pair)];
        row.extend(counts);
        row.push(format_fixed(mean(&effect_sizes), 2));
        row
    };
    let mut columns = vec!["pair"];
    columns.extend(SHARES);
    columns.push("A");
    Table {
        title: "Verdicts".to_owned(),
        note: format!(
            "The number of cases with each verdict on the first strategy of the pair: better / \
             worse / equivalent / undecided. {} A: Vargha and Delaney's effect size, the \
             probability that a run of the first strategy is better; mean over cases, after the \
             whole budget.",
            describe_tests(comparison)
        ),
        header: header(&columns, &[]),
        rows: comparison.pairs().iter().map(row).collect(),
    }
}

/// Returns the pairs whose cases are shown one by one: those of the best strategy, or of a control.
fn shown_pairs(comparison: &Comparison) -> Vec<(usize, usize)> {
    let mut pairs = comparison.pairs();
    if comparison.options().pairs == Pairs::All
        && let Some(best) = comparison.ranking().first()
    {
        pairs.retain(|(first, _)| first == best);
    }
    pairs
}

pub(super) fn verdicts_by_case(comparison: &Comparison) -> Table {
    let row = |pair: PairwiseComparison| {
        vec![
            comparison.cases()[pair.case].name.clone(),
            pair_name(comparison, (pair.first, pair.second)),
            pair.verdict.to_string(),
            format!("{:+.2}", pair.median_difference),
            format_fixed(pair.effect_size, 2),
            format_short(pair.p_value),
            format_short(pair.equivalence_p_value),
            format!("{} ({})", pair.pairs, pair.untied),
        ]
    };
    let shown = shown_pairs(comparison).into_iter().flat_map(|pair| of_pair(comparison, pair));
    let at_end = shown.filter(|pair| pair.share == BUDGET_DIVISORS.len() - 1);
    let columns = [
        "case",
        "pair",
        "verdict",
        "difference",
        "A",
        "p of a difference",
        "p of equivalence",
        "n (untied)",
    ];
    Table {
        title: "Verdicts by case, after the whole budget".to_owned(),
        note:
            "Difference: median of the paired differences in decades of relative regret; below 0, \
               the first strategy is better. Both p-values are corrected. `verdicts.csv` has all \
               pairs and shares of the budget."
                .to_owned(),
        header: header(&columns, &[]),
        rows: at_end.map(row).collect(),
    }
}

/// Returns the problems on which the first strategy of each pair is behind, the largest ratio
/// first.
pub(super) fn losses(what: &str, comparison: &Comparison) -> Table {
    let row = |pair: &(usize, usize)| {
        let mut behind: Vec<(f64, String)> = Vec::new();
        for case in comparison.cases() {
            let difference =
                mean(&comparison.differences_on(case, *pair, BUDGET_DIVISORS.len() - 1));
            if difference > DECISION_RULE.margin {
                behind.push((difference, case.name.clone()));
            }
        }
        behind.sort_by(|a, b| b.0.total_cmp(&a.0));
        let count = behind.len();
        let listed: Vec<String> = behind
            .into_iter()
            .take(MAX_LOSSES)
            .map(|(log, name)| format!("{name} {}", format_short(10_f64.powf(log))))
            .collect();
        vec![
            pair_name(comparison, *pair),
            format!("{count} of {}", comparison.cases().len()),
            listed.join(", "),
        ]
    };
    Table {
        title: format!("Losses{what}"),
        note: format!(
            "The cases on which the first strategy is behind after the whole budget by more than \
             {} decades (a factor of 1.26), by the mean over seeds, with the ratio of the relative \
             regrets; the {MAX_LOSSES} largest. Single cases are not tested here.",
            DECISION_RULE.margin
        ),
        header: header(&["pair", "cases", "the largest"], &[]),
        rows: shown_pairs(comparison).iter().map(row).collect(),
    }
}
