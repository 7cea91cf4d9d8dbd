//! Compares the machine time that tuning methods need to reach the same best value.
//!
//! The methods run on simulated clusters, with and without early stopping.

use std::fmt::Write;
use std::time::Duration;

use rayon::prelude::*;
use surmise::{
    BayesianOptimization, EarlyStopping, Error, RandomSearch, StoppedTrials, Strategy, TuningRules,
};

use crate::cluster::{Cluster, ClusterRun};
use crate::decorators::WithLearningCurves;
use crate::problem::Problem;
use crate::problems::{self, network::Network};
use crate::statistics::{holm, mean, wilcoxon_two_sided};

/// Number of steps of the jobs with synthetic learning curves.
const STEPS: u32 = 27;
/// Number of jobs of the reference method, which run to their end.
pub const JOBS: usize = 30;
/// Number of jobs that run at once.
pub const MAX_PARALLEL_JOBS: usize = 4;

/// A tuning method: proposals, and a rule for early stopping.
#[derive(Debug, Clone, Copy)]
pub struct TuningMethod {
    /// The name that tables show.
    pub name: &'static str,
    /// True for Bayesian optimization, false for random search.
    pub is_bayesian: bool,
    /// Returns the rule for early stopping; the argument is the number of steps of a job.
    pub early_stopping: fn(u64) -> EarlyStopping,
    /// Which value the strategy gets for trials that were stopped early.
    pub stopped_trials: StoppedTrials,
}

impl TuningMethod {
    /// Creates the strategy that proposes configurations.
    pub fn strategy(&self) -> Box<dyn Strategy> {
        if self.is_bayesian {
            Box::new(BayesianOptimization::default())
        } else {
            Box::new(RandomSearch)
        }
    }

    fn run(&self, cluster: Cluster<'_>, steps: u64, seed: u64) -> Result<ClusterRun, Error> {
        let rules =
            TuningRules { early_stopping: (self.early_stopping)(steps), ..TuningRules::default() };
        cluster.with_stopped_trials(self.stopped_trials).run(self.strategy(), &rules, seed)
    }
}

/// Returns the problems, each with the number of steps of its jobs.
///
/// One is a neural network; the rest are functions with learning curves that follow power laws.
fn problems_with_steps() -> Vec<(Box<dyn Problem>, u64)> {
    let network: (Box<dyn Problem>, u64) = (Box::new(Network::new()), 20);
    let functions = [
        problems::smooth::branin(),
        problems::smooth::hartmann3(),
        problems::smooth::hartmann6(),
        problems::rugged::levy(),
        problems::rugged::ackley(),
        problems::smooth::styblinski_tang(),
        problems::mixed::func3c(),
    ];
    let with_curves = functions.into_iter().map(|function| -> (Box<dyn Problem>, u64) {
        (Box::new(WithLearningCurves::new(function, STEPS)), STEPS.into())
    });
    std::iter::once(network).chain(with_curves).collect()
}

/// Returns the machine time to a target, in seconds and at least 1, and whether the run reached it.
///
/// A run that does not reach the target within `limit` counts with `limit`.
fn time_to_target(run: &ClusterRun, target: f64, limit: Duration) -> (f64, bool) {
    let improvement = run.improvements.iter().find(|(_, value)| *value <= target);
    let time = improvement.map(|(time, _)| *time);
    (
        time.unwrap_or(limit).min(limit).as_secs_f64().max(1.0),
        time.is_some_and(|time| time <= limit),
    )
}

/// Returns a table with the share of the reference's machine time that each method needs.
///
/// The reference runs [`JOBS`] jobs to their end. The target is the median, over the seeds, of its
/// best values. Each method has the machine time that the reference used with the same seed; a run
/// that does not reach the target counts with all of it.
///
/// # Errors
/// The errors of [`Cluster::run`].
///
/// # Panics
/// If `seeds` is 0.
pub fn compare(
    reference: &TuningMethod,
    methods: &[TuningMethod],
    seeds: u64,
) -> Result<String, Error> {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Machine time to the median best value of {JOBS} jobs that ran to their end ({}), \
         {seeds} seeds, {MAX_PARALLEL_JOBS} at once:\n\
         share of the machine time of {} (geometric mean), and the number of seeds that reached \
         it.\n",
        reference.name, reference.name
    );
    let _ = write!(text, "{:<28}{:>18}", "problem", reference.name);
    for method in methods {
        let _ = write!(text, "{:>26}", method.name);
    }
    text.push('\n');
    // For each method, the mean logarithms of its time and the reference's, problem by problem.
    let mut all_pairs: Vec<Vec<(f64, f64)>> = vec![Vec::new(); methods.len()];
    for (problem, steps) in problems_with_steps() {
        let cluster = Cluster::new(problem.as_ref(), JOBS, MAX_PARALLEL_JOBS);
        let seeds: Vec<u64> = (1..=seeds).collect();
        let runs: Result<Vec<ClusterRun>, Error> =
            seeds.par_iter().map(|seed| reference.run(cluster, steps, *seed)).collect();
        let runs = runs?;
        let target = median_best(&runs);
        let reference_times: Vec<(f64, bool)> =
            runs.iter().map(|run| time_to_target(run, target, run.machine_time)).collect();
        let reached = reference_times.iter().filter(|(_, reached)| *reached).count();
        let _ = write!(text, "{:<28}{:>18}", problem.name(), format!("1.00 ({reached})"));
        for (method, all_pairs) in methods.iter().zip(&mut all_pairs) {
            let times: Result<Vec<(f64, bool)>, Error> = seeds
                .par_iter()
                .zip(&runs)
                .map(|(seed, run)| {
                    let limit = run.machine_time;
                    let run = method.run(cluster.with_machine_time_limit(limit), steps, *seed)?;
                    Ok(time_to_target(&run, target, limit))
                })
                .collect();
            let times = times?;
            let pairs: Vec<(f64, f64)> = times
                .iter()
                .zip(&reference_times)
                .map(|(time, reference)| (time.0.ln(), reference.0.ln()))
                .collect();
            let reached = times.iter().filter(|(_, reached)| *reached).count();
            let _ = write!(text, "{:>26}", format!("{} ({reached})", format_ratio(&pairs)));
            all_pairs.push(mean_of_pairs(&pairs));
        }
        text.push('\n');
    }
    let _ = write!(text, "{:<28}{:>18}", "all", "1.00");
    let p_values: Vec<f64> =
        all_pairs.iter().map(|pairs| wilcoxon_two_sided(&differences(pairs))).collect();
    for (pairs, p) in all_pairs.iter().zip(holm(&p_values)) {
        let _ = write!(text, "{:>26}", format!("{}, p = {p:.1e}", format_ratio(pairs)));
    }
    let _ = writeln!(
        text,
        "\n\np is Wilcoxon's two-sided signed-rank test over problems, with Holm's correction over \
         the methods of the table.",
    );
    Ok(text)
}

/// Returns the median of the best values of the runs.
fn median_best(runs: &[ClusterRun]) -> f64 {
    let best = |run: &ClusterRun| Some(run.improvements.last()?.1);
    let mut best_values: Vec<f64> = runs.iter().filter_map(best).collect();
    best_values.sort_by(f64::total_cmp);
    best_values[best_values.len() / 2]
}

fn mean_of_pairs(pairs: &[(f64, f64)]) -> (f64, f64) {
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    (mean(&first), mean(&second))
}

/// Returns the logarithms of the ratios of pairs.
fn differences(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|(time, reference)| time - reference).collect()
}

/// Formats the ratio of the geometric means.
fn format_ratio(pairs: &[(f64, f64)]) -> String {
    format!("{:.2}", mean(&differences(pairs)).exp())
}
