//! How near does a search come to the known optimum of three classic functions?
//!
//!     cargo run -p surmise-bench --example regret [-- SEEDS [BATCH]]
//!
//! Prints the simple regret after the whole budget over 20 seeds: median and quartiles, Bayesian beside random search. Exits
//! with 1 if a median is above its bound.

#![allow(clippy::print_stdout, reason = "an example talks")]

use std::process::ExitCode;

use rayon::prelude::*;
use surmise::{
    Asked, BayesianOptimization, Error, Objective, RandomSearch, ResourceLimits, Strategy, Study,
    StudySettings, Trial,
};
use surmise_bench::Problem;
use surmise_bench::problems::{Formula, smooth};
use surmise_bench::statistics::{median, quantile};

struct Bounded {
    formula: Formula,
    evaluations: usize,
    bound: f64,
}

fn problems() -> [Bounded; 3] {
    [
        Bounded { formula: smooth::branin(), evaluations: 30, bound: 1e-3 },
        Bounded { formula: smooth::hartmann3(), evaluations: 30, bound: 1e-3 },
        Bounded { formula: smooth::hartmann6(), evaluations: 60, bound: 5e-2 },
    ]
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a whole number"));
    let seeds: u64 = numbers.next().unwrap_or(20);
    let batch = usize::try_from(numbers.next().unwrap_or(1)).expect("a small number");
    println!("simple regret over {seeds} seeds, {batch} at a time: median [quartiles]");
    let mut sound = true;
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
        let within = median(&bayesian) <= problem.bound;
        sound &= within;
        println!(
            "{:<10} {:>3} evaluations   bayesian {}   random {}   bound {:.0e} {}",
            problem.formula.name(),
            problem.evaluations,
            summary(&bayesian),
            summary(&random),
            problem.bound,
            if within { "kept" } else { "BROKEN" },
        );
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Best value minus optimum after the whole budget.
fn regret(
    problem: &Bounded,
    strategy: Box<dyn Strategy>,
    seed: u64,
    batch: usize,
) -> Result<f64, Error> {
    let space = problem.formula.space().clone();
    let limits = ResourceLimits::new(problem.evaluations, batch);
    let settings = StudySettings { seed, limits, ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("value"), strategy, settings)?;
    while study.trials().len() < problem.evaluations {
        let left = problem.evaluations - study.trials().len();
        let Asked::Trials(trials) = study.ask(batch.min(left))? else {
            break;
        };
        for trial in trials {
            study.tell(trial.id, problem.formula.value(&trial.configuration).into())?;
        }
    }
    let best = study.best().and_then(Trial::value).unwrap_or(f64::INFINITY);
    Ok(best - problem.formula.optimum().expect("it is known"))
}

fn summary(sorted: &[f64]) -> String {
    let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(sorted, share));
    format!("{middle:.1e} [{low:.1e}, {high:.1e}]")
}
