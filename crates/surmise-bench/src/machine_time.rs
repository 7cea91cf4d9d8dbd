//! Machine time to reach the same best value, with and without early stopping, on simulated clusters.

use std::fmt::Write;
use std::time::Duration;

use rayon::prelude::*;
use surmise::{
    BayesianOptimization, EarlyStopping, Error, RandomSearch, StoppedTrials, Strategy, TuningRules,
};

use crate::cluster::{Cluster, ClusterRun};
use crate::decorators::LearningCurves;
use crate::problem::Problem;
use crate::problems::{self, network::Network};
use crate::statistics::wilcoxon_signed_rank;

/// Steps of the jobs whose curves are made up.
const STEPS: u32 = 27;
/// Jobs that run to their end.
pub const JOBS: usize = 30;
/// Jobs at once.
pub const PARALLEL: usize = 4;

/// One way to tune.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// What it is called.
    pub name: &'static str,
    /// Whether proposals are Bayesian, or random.
    pub bayesian: bool,
    /// Which jobs are stopped early, by the number of steps that a job has.
    pub rule: fn(u64) -> EarlyStopping,
    /// What the model is told of trials that were stopped.
    pub stopped_trials: StoppedTrials,
}

impl Way {
    /// What proposes configurations.
    pub fn strategy(&self) -> Box<dyn Strategy> {
        if self.bayesian {
            Box::new(BayesianOptimization::default())
        } else {
            Box::new(RandomSearch)
        }
    }

    fn run(&self, cluster: Cluster<'_>, steps: u64, seed: u64) -> Result<ClusterRun, Error> {
        let rules = TuningRules { early_stopping: (self.rule)(steps), ..TuningRules::default() };
        cluster.with_stopped_trials(self.stopped_trials).run(self.strategy(), &rules, seed)
    }
}

/// A real learner, and functions whose jobs fall towards their values by power laws.
fn learners() -> Vec<(Box<dyn Problem>, u64)> {
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
    let curved = functions.into_iter().map(|function| -> (Box<dyn Problem>, u64) {
        (Box::new(LearningCurves::new(function, STEPS)), STEPS.into())
    });
    std::iter::once(network).chain(curved).collect()
}

/// When a run had this value, by its machine time; the whole time if it never had.
fn time_to(run: &ClusterRun, target: f64, most: Duration) -> (f64, bool) {
    let reached = run.trace.iter().find(|(_, value)| *value <= target).map(|(time, _)| *time);
    (
        reached.unwrap_or(most).min(most).as_secs_f64().max(1.0),
        reached.is_some_and(|time| time <= most),
    )
}

/// Says, for each problem, what share of the compute each way takes to the median of what `whole` found with all of it.
///
/// `whole` runs [`JOBS`] jobs to their end; each way then has the machine time that those took at the same seed. A run that
/// does not get there counts with all of it.
///
/// # Errors
/// If a strategy cannot go on.
pub fn compare(whole: &Way, ways: &[Way], seeds: u64) -> Result<String, Error> {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Machine time to the median best value of {JOBS} jobs that ran to their end ({}), {seeds} seeds, {PARALLEL} at once:\n\
         share of what {} took (geometric mean), seeds that got there.\n",
        whole.name, whole.name
    );
    let _ = write!(text, "{:<28}{:>18}", "problem", whole.name);
    for way in ways {
        let _ = write!(text, "{:>26}", way.name);
    }
    text.push('\n');
    let mut all: Vec<Vec<(f64, f64)>> = vec![Vec::new(); ways.len()];
    for (problem, steps) in learners() {
        let cluster = Cluster::new(problem.as_ref(), JOBS, PARALLEL);
        let seeds: Vec<u64> = (1..=seeds).collect();
        let runs: Result<Vec<ClusterRun>, Error> =
            seeds.par_iter().map(|seed| whole.run(cluster, steps, *seed)).collect();
        let runs = runs?;
        let mut bests: Vec<f64> = runs.iter().filter_map(|run| Some(run.trace.last()?.1)).collect();
        bests.sort_by(f64::total_cmp);
        let target = bests[bests.len() / 2];
        let base: Vec<(f64, bool)> =
            runs.iter().map(|run| time_to(run, target, run.machine_time)).collect();
        let there = base.iter().filter(|(_, there)| *there).count();
        let _ = write!(text, "{:<28}{:>18}", problem.name(), format!("1.00 ({there})"));
        for (way, all) in ways.iter().zip(&mut all) {
            let times: Result<Vec<(f64, bool)>, Error> = seeds
                .par_iter()
                .zip(&runs)
                .map(|(seed, run)| {
                    let most = run.machine_time;
                    let mine = way.run(cluster.with_machine_time(most), steps, *seed)?;
                    Ok(time_to(&mine, target, most))
                })
                .collect();
            let times = times?;
            let pairs: Vec<(f64, f64)> =
                times.iter().zip(&base).map(|(mine, base)| (mine.0.ln(), base.0.ln())).collect();
            let there = times.iter().filter(|(_, there)| *there).count();
            let _ = write!(text, "{:>26}", format!("{} ({there})", verdict(&pairs)));
            all.extend(pairs);
        }
        text.push('\n');
    }
    let _ = write!(text, "{:<28}{:>18}", "all", "1.00");
    for pairs in &all {
        let _ = write!(text, "{:>26}", verdict(pairs));
    }
    let _ = writeln!(
        text,
        "\n\np is Wilcoxon's signed-rank test over paired seeds, one-sided: less machine time than {}.",
        whole.name
    );
    Ok(text)
}

/// The ratio of geometric means, and how sure it is below 1.
fn verdict(pairs: &[(f64, f64)]) -> String {
    let differences: Vec<f64> = pairs.iter().map(|(mine, base)| mine - base).collect();
    let ratio = differences.iter().sum::<f64>() / pairs.len() as f64;
    let p = wilcoxon_signed_rank(&differences);
    format!("{:.2}, p = {p:.1e}", ratio.exp())
}
