//! Asynchronous successive halving, which SageMaker calls Hyperband, on a simulated cluster.
//!
//! It combines with random and with Bayesian proposals. One tuning job of a neural network, with
//! the number of epochs of its jobs:
//!
//!     cargo run -p surmise-bench --example hyperband
//!
//! The machine time that it saves on eight problems:
//!
//!     cargo run -p surmise-bench --example hyperband -- --seeds 20

#![allow(clippy::print_stdout, reason = "an example prints")]

use surmise::trial::Outcome;
use surmise::{EarlyStopping, Error, StoppedTrials, TuningRules};
use surmise_bench::problems::network::Network;
use surmise_bench::{Cluster, ClusterRun};

use surmise_bench::machine_time::{JOBS, MAX_PARALLEL_JOBS, TuningMethod, compare};

fn no_early_stopping(_: u64) -> EarlyStopping {
    EarlyStopping::Off
}

fn hyperband(steps: u64) -> EarlyStopping {
    EarlyStopping::hyperband(1, steps)
}

fn method(
    name: &'static str,
    is_bayesian: bool,
    early_stopping: fn(u64) -> EarlyStopping,
) -> TuningMethod {
    TuningMethod { name, is_bayesian, early_stopping, stopped_trials: StoppedTrials::default() }
}

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run_one_job(),
        ["--seeds", seeds] if seeds.parse::<u64>().is_ok_and(|seeds| seeds > 0) => {
            let seeds = seeds.parse().unwrap_or(20);
            let methods = [
                method("Hyperband", false, hyperband),
                method("Bayesian to the end", true, no_early_stopping),
                method("Hyperband over Bayesian", true, hyperband),
            ];
            print!("{}", compare(&method("random", false, no_early_stopping), &methods, seeds)?);
            Ok(())
        }
        _ => {
            println!("usage: hyperband [--seeds N]");
            Ok(())
        }
    }
}

/// Prints the epochs and the machine time of one tuning job, with and without early stopping.
fn run_one_job() -> Result<(), Error> {
    let network = Network::new();
    let cluster = Cluster::new(&network, JOBS, MAX_PARALLEL_JOBS);
    let reference = cluster.run(
        method("random", false, no_early_stopping).strategy(),
        &TuningRules::default(),
        1,
    )?;
    let rules = TuningRules { early_stopping: hyperband(20), ..TuningRules::default() };
    println!("                          jobs  to the end   best rmse  machine time");
    let show = |name: &str, run: &ClusterRun| {
        let trials = run.study.trials();
        let complete =
            trials.iter().filter(|t| matches!(t.outcome, Some(Outcome::Completed { .. })));
        let best = run.improvements.last().map_or(f64::NAN, |best| best.1);
        let (jobs, complete) = (trials.len(), complete.count());
        println!("{name:<24} {jobs:>5} {complete:>11} {best:>11.4} {:>13.1?}", run.machine_time);
    };
    show("random, to the end", &reference);
    let budget = cluster.with_machine_time_limit(reference.machine_time);
    for (name, is_bayesian) in [("Hyperband", false), ("Hyperband over Bayesian", true)] {
        let run = budget.run(method(name, is_bayesian, hyperband).strategy(), &rules, 1)?;
        show(name, &run);
        // The number of jobs that ended after 0, 1, … 20 epochs.
        let mut job_counts = [0_usize; 21];
        for trial in run.study.trials() {
            job_counts[trial.reports.len().min(20)] += 1;
        }
        let used = job_counts.iter().enumerate().filter(|(_, jobs)| **jobs > 0);
        let descriptions: Vec<String> =
            used.map(|(epoch, jobs)| format!("{jobs} after {epoch}")).collect();
        println!("    jobs that ended, by epochs: {}", descriptions.join(", "));
    }
    Ok(())
}
