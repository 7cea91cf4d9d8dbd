//! Stops jobs that promise little, by the median rule as SageMaker documents it: a neural network, tuned on a simulated cluster.
//!
//!     cargo run -p surmise-bench --example early_stopping                  # one tuning job, and what was stopped and why
//!     cargo run -p surmise-bench --example early_stopping -- --seeds 20    # what it saves, on eight problems

#![allow(clippy::print_stdout, reason = "an example talks")]

use surmise::{EarlyStopping, Error, StoppedTrials, TuningRules};
use surmise_bench::Cluster;
use surmise_bench::problems::network::Network;

use surmise_bench::machine_time::{JOBS, PARALLEL, Way, compare};

fn off(_: u64) -> EarlyStopping {
    EarlyStopping::Off
}

fn median_rule(_: u64) -> EarlyStopping {
    EarlyStopping::auto()
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
            let random = way("random", false, off);
            println!(
                "{}\n",
                compare(&random, &[way("random, median rule", false, median_rule)], seeds)?
            );
            let told =
                |name, stopped_trials| Way { stopped_trials, ..way(name, true, median_rule) };
            let ways = [
                told("last value", StoppedTrials::LastValue),
                told("projected", StoppedTrials::Projected),
                told("place only", StoppedTrials::PlaceOnly),
            ];
            println!(
                "Median rule, where the model is told of stopped jobs the last value, the projected one, or none:"
            );
            print!("{}", compare(&way("Bayesian", true, off), &ways, seeds)?);
            Ok(())
        }
        _ => {
            println!("usage: early_stopping [--seeds N]");
            Ok(())
        }
    }
}

/// One tuning job, job by job.
fn one() -> Result<(), Error> {
    let network = Network::new();
    let cluster = Cluster::new(&network, JOBS, PARALLEL);
    let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..TuningRules::default() };
    let way = way("Bayesian", true, median_rule);
    let stopped = cluster.run(way.strategy(), &rules, 1)?;
    let whole = cluster.run(way.strategy(), &TuningRules::default(), 1)?;
    println!("trial  epochs  rmse");
    for trial in stopped.study.trials() {
        let last = trial.reports.last();
        let value = last.map_or(f64::NAN, |report| report.value);
        let why = trial.stop_asked.map_or(String::new(), |cause| format!("stopped: {cause}"));
        println!(
            "{:>5}  {:>6}  {value:<9.4} {why}",
            trial.id,
            last.map_or(0, |report| report.step)
        );
    }
    let best = |run: &surmise_bench::ClusterRun| run.trace.last().map_or(f64::NAN, |best| best.1);
    println!("\n                      best rmse   machine time");
    for (name, run) in [("median rule", &stopped), ("every job to its end", &whole)] {
        println!("{name:<20} {:>10.4} {:>12.1?}", best(run), run.machine_time);
    }
    Ok(())
}
