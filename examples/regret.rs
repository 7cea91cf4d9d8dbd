//! How near does a search come to the known optimum of three classic functions?
//!
//!     cargo run --release --example regret [-- SEEDS [BATCH]]
//!
//! Prints the simple regret after the whole budget over 20 seeds: median and quartiles, Bayesian beside random search. Exits
//! with 1 if a median is above its bound.

#![allow(clippy::print_stdout, reason = "an example talks")]

use std::convert::Infallible;
use std::f64::consts::PI;
use std::process::ExitCode;

use rayon::prelude::*;
use surmise::ResourceLimits;
use surmise::{
    Asked, BayesianOptimization, Configuration, Error, Objective, Outcome, ParameterRange,
    RandomSearch, ScalingType, SearchSpace, Strategy, Study, StudySettings, Trial,
};

struct Problem {
    name: &'static str,
    bounds: Vec<(f64, f64)>,
    value: fn(&[f64]) -> f64,
    optimum: f64,
    evaluations: usize,
    bound: f64,
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
            problem.name,
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
    problem: &Problem,
    strategy: Box<dyn Strategy>,
    seed: u64,
    batch: usize,
) -> Result<f64, Error> {
    let names: Vec<String> = (0..problem.bounds.len()).map(|i| format!("x{i}")).collect();
    let space = SearchSpace::new(names.iter().zip(&problem.bounds).map(|(name, (low, high))| {
        ParameterRange::continuous(name, *low..=*high, ScalingType::Linear)
    }))?;
    let limits = ResourceLimits::new(problem.evaluations, batch);
    let settings = StudySettings { seed, limits, ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("value"), strategy, settings)?;
    let value = |configuration: &Configuration| -> Result<f64, Infallible> {
        let x: Vec<f64> = names.iter().map(|name| configuration.float(name)).collect();
        Ok((problem.value)(&x))
    };
    while study.trials().len() < problem.evaluations {
        let left = problem.evaluations - study.trials().len();
        let Asked::Trials(trials) = study.ask(batch.min(left))? else {
            break;
        };
        for trial in trials {
            let Ok(value) = value(&trial.configuration);
            study.tell(trial.id, Outcome::from(value))?;
        }
    }
    Ok(study.best().and_then(Trial::value).unwrap_or(f64::INFINITY) - problem.optimum)
}

fn median(sorted: &[f64]) -> f64 {
    quantile(sorted, 0.5)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    low + (high - low) * position.fract()
}

fn summary(sorted: &[f64]) -> String {
    let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(sorted, share));
    format!("{middle:.1e} [{low:.1e}, {high:.1e}]")
}

/// Surjanovic & Bingham, *Virtual Library of Simulation Experiments*; optima as BoTorch has them, to all digits.
fn problems() -> [Problem; 3] {
    [
        Problem {
            name: "branin",
            bounds: vec![(-5.0, 10.0), (0.0, 15.0)],
            value: branin,
            optimum: 0.397_887_357_729_738_16,
            evaluations: 30,
            bound: 1e-3,
        },
        Problem {
            name: "hartmann3",
            bounds: vec![(0.0, 1.0); 3],
            value: hartmann3,
            optimum: -3.862_779_787_332_66,
            evaluations: 30,
            bound: 1e-3,
        },
        Problem {
            name: "hartmann6",
            bounds: vec![(0.0, 1.0); 6],
            value: hartmann6,
            optimum: -3.322_368_011_415_515,
            evaluations: 60,
            bound: 5e-2,
        },
    ]
}

fn branin(x: &[f64]) -> f64 {
    let valley = x[1] - 5.1 / (4.0 * PI * PI) * x[0] * x[0] + 5.0 / PI * x[0] - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x[0].cos() + 10.0
}

const WEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];

fn hartmann<const D: usize>(x: &[f64], widths: [[f64; D]; 4], centres: [[f64; D]; 4]) -> f64 {
    let bump = |i: usize| {
        let exponent: f64 =
            (0..D).map(|j| widths[i][j] * (x[j] - 1e-4 * centres[i][j]).powi(2)).sum();
        WEIGHTS[i] * (-exponent).exp()
    };
    -(0..4).map(bump).sum::<f64>()
}

fn hartmann3(x: &[f64]) -> f64 {
    hartmann(
        x,
        [[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]],
        [
            [3689.0, 1170.0, 2673.0],
            [4699.0, 4387.0, 7470.0],
            [1091.0, 8732.0, 5547.0],
            [381.0, 5743.0, 8828.0],
        ],
    )
}

fn hartmann6(x: &[f64]) -> f64 {
    hartmann(
        x,
        [
            [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
            [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
            [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
            [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
        ],
        [
            [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
            [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
            [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
            [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
        ],
    )
}
