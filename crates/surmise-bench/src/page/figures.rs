//! The curves of a comparison.

use crate::case_results::{CaseResults, StrategyResults};
use crate::comparison::{Comparison, mean_over_runs};
use crate::run::Run;
use crate::statistics::{bootstrap_band, median, quantile};
use surmise::drawing::PlotAxis;
use surmise::drawing::{Chart, Curve, grid};

/// The smallest regret that is drawn, as a share of random search's final regret.
const MIN_DRAWN_REGRET: f64 = 1e-6;

#[allow(clippy::cast_precision_loss, reason = "numbers of evaluations")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Returns the points of a curve: the statistic of the sample at each x, and its bootstrap band.
fn points_with_band(
    samples: impl Iterator<Item = (f64, Vec<f64>)>,
    statistic: impl Fn(&[f64]) -> f64,
) -> Vec<(f64, [f64; 3])> {
    samples
        .map(|(x, values)| {
            let band = bootstrap_band(&values, &statistic);
            (x, [band.estimate, band.low, band.high])
        })
        .collect()
}

fn extent(curves: &[Curve]) -> (f64, f64) {
    let drawn = curves.iter().flat_map(|curve| &curve.points).flat_map(|(_, values)| values);
    let finite = drawn.copied().filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
}

/// Draws the median regret over the number of evaluations, with its 95 % band, case by case.
pub(super) fn regret_by_case(comparison: &Comparison) -> String {
    let shared = comparison.cases().iter().map(CaseResults::on_shared_seeds);
    let charts: Vec<Chart> = shared.map(|case| regret_chart(&case)).collect();
    grid(&charts, comparison.strategies(), 3, (320.0, 230.0))
        .finish("Regret by number of evaluations, for each problem")
}

fn regret_chart(case: &CaseResults) -> Chart {
    let mut results = case.by_strategy.iter().flatten();
    let first_run = results.clone().find_map(|results| results.runs().first());
    let has_regret = results.all(|results| results.regrets().is_some());
    let floor = MIN_DRAWN_REGRET
        * first_run.and_then(|run| run.random_search_regret(run.budget)).unwrap_or(1.0);
    let trace = |run: &Run| match run.regrets() {
        Some(regrets) => regrets.into_iter().map(|regret| regret.max(floor)).collect(),
        None => run.best_values(),
    };
    let curve = |(series, results): (usize, &Option<StrategyResults>)| {
        let traces: Vec<Vec<f64>> = results.as_ref()?.runs().iter().map(trace).collect();
        let at = |n: usize| traces.iter().filter_map(|trace| trace.get(n).copied()).collect();
        let samples = (0..case.budget).map(|n| (float(n + 1), at(n)));
        Some(Curve { series, points: points_with_band(samples, median), is_stepped: true })
    };
    let curves: Vec<Curve> = case.by_strategy.iter().enumerate().filter_map(curve).collect();
    let (low, high) = extent(&curves);
    let is_logarithmic = has_regret && low > 0.0 && low.is_finite();
    let y = if is_logarithmic {
        PlotAxis::logarithmic("regret", low, high)
    } else {
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        PlotAxis::linear("best value", low, high)
    };
    let x = PlotAxis::linear("evaluations", 0.0, float(case.budget));
    let floor = (is_logarithmic && low <= floor).then_some(floor);
    Chart { title: case.name.clone(), x, y, curves, marks: Vec::new(), floor }
}

/// Draws the empirical distribution of running times (Hansen et al. 2009): the share of all targets
/// that is reached, over the number of evaluations per parameter.
///
/// Each case and seed has 21 targets, from random search's final regret down to 1e-4 of it.
pub(super) fn targets_reached(comparison: &Comparison) -> String {
    let targets: Vec<f64> = (0..=20).map(|step| 10_f64.powf(-f64::from(step) / 5.0)).collect();
    let parameters = |run: &Run| {
        float(run.trials.first().map_or(1, |trial| trial.configuration.iter().count().max(1)))
    };
    let runs = || (0..comparison.strategies().len()).flat_map(|s| comparison.common_runs_of(s));
    let per_parameter =
        || runs().map(|run| (1.0 / parameters(run), float(run.budget) / parameters(run)));
    let low = per_parameter().map(|(first, _)| first).fold(1.0, f64::min);
    let high = per_parameter().map(|(_, last)| last).fold(2.0, f64::max);
    let counts: Vec<f64> =
        (0..=120).map(|step| low * (high / low).powf(f64::from(step) / 120.0)).collect();
    let curve = |series: usize| {
        // For each run and target, the evaluations per parameter until the run reaches the target.
        let mut needed: Vec<f64> = Vec::new();
        for run in comparison.common_runs_of(series) {
            let count = |target: &f64| run.evaluations_to_target(*target).map(float);
            let scaled = |count: Option<f64>| count.unwrap_or(f64::INFINITY) / parameters(run);
            needed.extend(targets.iter().map(count).map(scaled));
        }
        let reached = |count: f64| {
            let reached = needed.iter().filter(|needed| **needed <= count * (1.0 + 1e-9)).count();
            float(reached) / float(needed.len().max(1))
        };
        let points = counts.iter().map(|count| (*count, [reached(*count); 3])).collect();
        Curve { series, points, is_stepped: true }
    };
    let chart = Chart {
        title: "Targets reached".to_owned(),
        x: PlotAxis::logarithmic("evaluations per parameter", low, high),
        y: PlotAxis::linear("share of targets reached", 0.0, 1.0),
        curves: (0..comparison.strategies().len()).map(curve).collect(),
        marks: Vec::new(),
        floor: None,
    };
    grid(&[chart], comparison.strategies(), 1, (560.0, 320.0))
        .finish("Share of targets reached by evaluations per parameter")
}

/// Draws the median time of the n-th proposal, with the band of the middle 90 % of all runs.
pub(super) fn ask_time(comparison: &Comparison) -> String {
    let max_proposals =
        |series: usize| comparison.runs_of(series).map(|run| run.ask_seconds.len()).max();
    let curve = |series: usize| {
        let at = |n: usize| -> Vec<f64> {
            // Clocks have a resolution of about a microsecond.
            let times = comparison.runs_of(series).filter_map(|run| run.ask_seconds.get(n));
            times.map(|seconds| seconds.max(1e-6)).collect()
        };
        let point = |n: usize| {
            let times = at(n);
            (float(n + 1), [median(&times), quantile(&times, 0.05), quantile(&times, 0.95)])
        };
        let points = (0..max_proposals(series).unwrap_or(0)).map(point).collect();
        Curve { series, points, is_stepped: false }
    };
    let curves: Vec<Curve> = (0..comparison.strategies().len()).map(curve).collect();
    let (low, high) = extent(&curves);
    let (low, high) = if low <= high { (low, high) } else { (1e-6, 1.0) };
    let max_count = (0..curves.len()).filter_map(max_proposals).max().unwrap_or(1);
    let chart = Chart {
        title: "Time of a proposal, all problems".to_owned(),
        x: PlotAxis::linear("number of the proposal", 0.0, float(max_count)),
        y: PlotAxis::logarithmic("seconds", low, high),
        curves,
        marks: Vec::new(),
        floor: None,
    };
    grid(&[chart], comparison.strategies(), 1, (560.0, 320.0))
        .finish("Time of a proposal by its number")
}

/// Returns true if virtual time says more than counts of evaluations: trials ran in parallel,
/// proposals took time, or durations depend on the configuration.
pub(super) fn has_times(comparison: &Comparison) -> bool {
    let mut runs = (0..comparison.strategies().len()).flat_map(|series| comparison.runs_of(series));
    runs.any(|run| {
        run.parallelism.concurrency() > 1 || run.charged_proposals || run.has_own_durations
    })
}

/// Returns log₁₀ of the relative regret after so many evaluations have ended.
///
/// Before the first one, a run counts as one random configuration does.
fn log_regret_after(run: &Run, count: usize, floor: f64) -> Option<f64> {
    let regret = match count.checked_sub(1) {
        Some(last) => *run.relative_regrets()?.get(last)?,
        None => run.random_search_regret(1)? / run.random_search_regret(run.budget)?,
    };
    Some(regret.max(floor).log10())
}

/// Draws the geometric mean of relative regret over virtual time; 1 is the time of a single worker.
pub(super) fn relative_regret_by_time(comparison: &Comparison) -> String {
    let floor = comparison.options().floor;
    let log_regret = |run: &Run, share: f64| -> Option<f64> {
        let total_time: f64 = run.trials.iter().filter_map(|t| Some(t.end? - t.start)).sum();
        let ended = run.trials.iter().filter_map(|trial| trial.end);
        let count = ended.filter(|end| *end <= share * total_time + 1e-9).count();
        log_regret_after(run, count, floor)
    };
    let label = "virtual time, as a share of that of one worker";
    regret_chart_over_cases(comparison, "Relative regret by virtual time", label, log_regret)
}

/// Draws the geometric mean of relative regret over all cases, over the share of the budget.
pub(super) fn relative_regret_by_budget(comparison: &Comparison) -> String {
    let floor = comparison.options().floor;
    let log_regret = |run: &Run, share: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let spent = (share * float(run.budget) + 1e-9).floor() as usize;
        log_regret_after(run, spent, floor)
    };
    let title = "Relative regret over all cases";
    regret_chart_over_cases(comparison, title, "share of the budget", log_regret)
}

/// Draws the geometric mean of relative regret, by the same means as in the tables, with its
/// interval over problems.
fn regret_chart_over_cases(
    comparison: &Comparison,
    title: &str,
    label: &str,
    log_regret: impl Fn(&Run, f64) -> Option<f64>,
) -> String {
    let shares: Vec<f64> = (1..=50).map(|step| f64::from(step) / 50.0).collect();
    let curve = |series: usize| {
        let runs = comparison.common_runs_by_problem(series);
        let at = |share: &f64| {
            let log = mean_over_runs(&runs, |run| log_regret(run, *share));
            let band = log.map(|log| 10_f64.powf(log));
            (*share, [band.estimate, band.low, band.high])
        };
        Curve { series, points: shares.iter().map(at).collect(), is_stepped: true }
    };
    let curves: Vec<Curve> = (0..comparison.strategies().len()).map(curve).collect();
    let (low, high) = extent(&curves);
    let (low, high) = if low <= high { (low, high) } else { (1e-2, 1.0) };
    let chart = Chart {
        title: title.to_owned(),
        x: PlotAxis::linear(label, 0.0, 1.0),
        y: PlotAxis::logarithmic("relative regret", low, high),
        curves,
        marks: Vec::new(),
        floor: None,
    };
    grid(&[chart], comparison.strategies(), 1, (560.0, 320.0)).finish(title)
}
