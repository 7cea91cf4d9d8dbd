//! Early stopping by the median rule, as SageMaker documents it, on a simulated cluster.
//!
//! One tuning job of a neural network, with the stopped trials and the reasons:
//!
//!     cargo run -p surmise-bench --example early_stopping
//!
//! The machine time that early stopping saves on eight problems:
//!
//!     cargo run -p surmise-bench --example early_stopping -- --seeds 20

#![allow(clippy::print_stdout, reason = "an example prints")]

use surmise::{EarlyStopping, Error, StoppedTrials, TuningRules};
use surmise_bench::Cluster;
use surmise_bench::problems::network::Network;

use surmise_bench::machine_time::{JOBS, MAX_PARALLEL_JOBS, TuningMethod, compare};

fn no_early_stopping(_: u64) -> EarlyStopping {
    EarlyStopping::Off
}

fn median_rule(_: u64) -> EarlyStopping {
    EarlyStopping::auto()
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
            let random = method("random", false, no_early_stopping);
            println!(
                "{}\n",
                compare(&random, &[method("random, median rule", false, median_rule)], seeds)?
            );
            let with_stopped = |name, stopped_trials| TuningMethod {
                stopped_trials,
                ..method(name, true, median_rule)
            };
            let methods = [
                with_stopped("last value", StoppedTrials::LastValue),
                with_stopped("projected", StoppedTrials::Projected),
                with_stopped("visited only", StoppedTrials::VisitedOnly),
            ];
            println!(
                "Median rule; the model uses the last value of a stopped job, its projected final \
                 value, or no value:"
            );
            print!("{}", compare(&method("Bayesian", true, no_early_stopping), &methods, seeds)?);
            Ok(())
        }
        _ => {
            println!("usage: early_stopping [--seeds N]");
            Ok(())
        }
    }
}

/// Prints the jobs of one tuning job.
fn run_one_job() -> Result<(), Error> {
    let network = Network::new();
    let cluster = Cluster::new(&network, JOBS, MAX_PARALLEL_JOBS);
    let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..TuningRules::default() };
    let method = method("Bayesian", true, median_rule);
    let stopped = cluster.run(method.strategy(), &rules, 1)?;
    let complete = cluster.run(method.strategy(), &TuningRules::default(), 1)?;
    println!("trial  epochs  rmse");
    for trial in stopped.study.trials() {
        let last = trial.reports.last();
        let value = last.map_or(f64::NAN, |report| report.value);
        let reason = trial.stop_cause.map_or(String::new(), |cause| format!("stopped: {cause}"));
        println!(
            "{:>5}  {:>6}  {value:<9.4} {reason}",
            trial.id,
            last.map_or(0, |report| report.step)
        );
    }
    let best_value =
        |run: &surmise_bench::ClusterRun| run.improvements.last().map_or(f64::NAN, |best| best.1);
    println!("\n                      best rmse   machine time");
    for (name, run) in [("median rule", &stopped), ("no early stopping", &complete)] {
        println!("{name:<20} {:>10.4} {:>12.1?}", best_value(run), run.machine_time);
    }
    Ok(())
}
