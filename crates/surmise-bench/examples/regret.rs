//! The simple regret of Bayesian optimization and random search on three test functions.
//!
//!     cargo run -p surmise-bench --example regret [-- SEEDS [BATCH]]
//!
//! Prints the median and the quartiles of the regret after the whole budget, over SEEDS seeds (20
//! by default). BATCH trials run at a time (1 by default). Exits with status 1 if a median of
//! Bayesian optimization is above its bound.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::process::ExitCode;

use rayon::prelude::*;
use surmise::{
    AskOutcome, BayesianOptimization, Error, Objective, RandomSearch, ResourceLimits, Strategy,
    Study, StudySettings, Trial,
};
use surmise_bench::Problem;
use surmise_bench::problems::{TestFunction, smooth};
use surmise_bench::statistics::{median, quantile};

struct BoundedProblem {
    function: TestFunction,
    evaluations: usize,
    bound: f64,
}

fn problems() -> [BoundedProblem; 3] {
    [
        BoundedProblem { function: smooth::branin(), evaluations: 30, bound: 1e-3 },
        BoundedProblem { function: smooth::hartmann3(), evaluations: 30, bound: 1e-3 },
        BoundedProblem { function: smooth::hartmann6(), evaluations: 60, bound: 5e-2 },
    ]
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a whole number"));
    let seeds: u64 = numbers.next().unwrap_or(20);
    let batch = usize::try_from(numbers.next().unwrap_or(1)).expect("a small number");
    println!("simple regret over {seeds} seeds, {batch} at a time: median [quartiles]");
    let mut all_within_bounds = true;
    for problem in problems() {
        let regrets = |strategy: fn() -> Box<dyn Strategy>| -> Vec<f64> {
            let runs = (0..seeds).into_par_iter();
            let mut regrets: Vec<f64> = runs
                .map(|seed| regret(&problem, strategy(), seed, batch).expect("the search runs"))
                .collect();
            regrets.sort_by(f64::total_cmp);
            regrets
        };
        let bayesian = regrets(|| Box::new(BayesianOptimization::default()));
        let random = regrets(|| Box::new(RandomSearch));
        let is_within_bound = median(&bayesian) <= problem.bound;
        all_within_bounds &= is_within_bound;
        println!(
            "{:<10} {:>3} evaluations   bayesian {}   random {}   bound {:.0e} {}",
            problem.function.name(),
            problem.evaluations,
            summary(&bayesian),
            summary(&random),
            problem.bound,
            if is_within_bound { "ok" } else { "EXCEEDED" },
        );
    }
    if all_within_bounds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one search, and returns its best value minus the optimum, after the whole budget.
fn regret(
    problem: &BoundedProblem,
    strategy: Box<dyn Strategy>,
    seed: u64,
    batch: usize,
) -> Result<f64, Error> {
    let space = problem.function.space().clone();
    let limits = ResourceLimits::new(problem.evaluations, batch);
    let settings = StudySettings { seed, limits, ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("value"), strategy, settings)?;
    while study.trials().len() < problem.evaluations {
        let remaining = problem.evaluations - study.trials().len();
        let AskOutcome::Trials(trials) = study.ask(batch.min(remaining))? else {
            break;
        };
        for trial in trials {
            study.tell(trial.id, problem.function.value(&trial.configuration).into())?;
        }
    }
    let best = study.best().and_then(Trial::value).unwrap_or(f64::INFINITY);
    Ok(best - problem.function.optimum().expect("a known optimum"))
}

fn summary(sorted: &[f64]) -> String {
    let [low, median, high] = [0.25, 0.5, 0.75].map(|share| quantile(sorted, share));
    format!("{median:.1e} [{low:.1e}, {high:.1e}]")
}
