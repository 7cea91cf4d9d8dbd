//! Asynchronous successive halving, which SageMaker calls Hyperband, over random and over Bayesian proposals: a neural network, tuned on a
//! simulated cluster.
//!
//!     cargo run -p surmise-bench --example hyperband                  # one tuning job: who came how far
//!     cargo run -p surmise-bench --example hyperband -- --seeds 20    # what it saves, on eight problems

#![allow(clippy::print_stdout, reason = "an example talks")]

use surmise::trial::Outcome;
use surmise::{EarlyStopping, Error, StoppedTrials, TuningRules};
use surmise_bench::problems::network::Network;
use surmise_bench::{Cluster, ClusterRun};

use surmise_bench::machine_time::{JOBS, PARALLEL, Way, compare};

fn off(_: u64) -> EarlyStopping {
    EarlyStopping::Off
}

fn hyperband(steps: u64) -> EarlyStopping {
    EarlyStopping::hyperband(1, steps)
}

fn way(name: &'static str, bayesian: bool, rule: fn(u64) -> EarlyStopping) -> Way {
    Way { name, bayesian, rule, stopped_trials: StoppedTrials::default() }
}

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => one(),
        ["--seeds", seeds] if seeds.parse::<u64>().is_ok_and(|seeds| seeds > 0) => {
            let seeds = seeds.parse().unwrap_or(20);
            let ways = [
                way("Hyperband", false, hyperband),
                way("Bayesian to the end", true, off),
                way("Hyperband over Bayesian", true, hyperband),
            ];
            print!("{}", compare(&way("random", false, off), &ways, seeds)?);
            Ok(())
        }
        _ => {
            println!("usage: hyperband [--seeds N]");
            Ok(())
        }
    }
}

/// One tuning job: how far its jobs came, and what it cost.
fn one() -> Result<(), Error> {
    let network = Network::new();
    let cluster = Cluster::new(&network, JOBS, PARALLEL);
    let whole = cluster.run(way("random", false, off).strategy(), &TuningRules::default(), 1)?;
    let rules = TuningRules { early_stopping: hyperband(20), ..TuningRules::default() };
    println!("                          jobs  to the end   best rmse  machine time");
    let show = |name: &str, run: &ClusterRun| {
        let trials = run.study.trials();
        let complete =
            trials.iter().filter(|t| matches!(t.outcome, Some(Outcome::Completed { .. })));
        let best = run.trace.last().map_or(f64::NAN, |best| best.1);
        let (jobs, complete) = (trials.len(), complete.count());
        println!("{name:<24} {jobs:>5} {complete:>11} {best:>11.4} {:>13.1?}", run.machine_time);
    };
    show("random, to the end", &whole);
    let budget = cluster.with_machine_time(whole.machine_time);
    for (name, bayesian) in [("Hyperband", false), ("Hyperband over Bayesian", true)] {
        let run = budget.run(way(name, bayesian, hyperband).strategy(), &rules, 1)?;
        show(name, &run);
        let mut epochs = [0_usize; 21];
        for trial in run.study.trials() {
            epochs[trial.reports.len().min(20)] += 1;
        }
        let rungs = epochs.iter().enumerate().filter(|(_, jobs)| **jobs > 0);
        let rungs: Vec<String> =
            rungs.map(|(epoch, jobs)| format!("{jobs} after {epoch}")).collect();
        println!("    jobs that ended, by epochs: {}", rungs.join(", "));
    }
    Ok(())
}
