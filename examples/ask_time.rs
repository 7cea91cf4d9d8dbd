//! What does one proposal cost?
//!
//!     cargo run -p surmise --features unstable --example ask_time
//!
//! Times one whole proposal, fit included and nothing cached, at 100 observations in 10 dimensions, the same with 5 categories of 5
//! besides, and a Cholesky factorization with inverse at n = 500 in the same run: the ratio says more than seconds on a
//! busy machine. Exits with 1 if a proposal costs more than 5 times as much, or 10 times with categories, in each of five measurements.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that keeps time")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ndarray::Array2;
use surmise::linalg::{self, Cholesky};
use surmise::rng::Rng;
use surmise::{
    Asked, BayesianOptimization, Configuration, Error, Objective, Outcome, ParameterRange,
    ParameterValue, ScalingType, SearchSpace, Study, StudySettings,
};

const OBSERVATIONS: usize = 100;
const DIMENSION: usize = 10;
const ORDER: usize = 500;
const LEVELS: [&str; 5] = ["a", "b", "c", "d", "e"];
const REPETITIONS: usize = 15;
/// One that is out of bounds may owe it to the machine; a proposal that has become slower is out of bounds in all.
const MEASUREMENTS: usize = 5;
/// Numbers of categorical parameters, and how many times the yardstick a proposal may cost.
const CASES: [(usize, f64); 2] = [(0, 5.0), (5, 10.0)];

fn main() -> Result<ExitCode, Error> {
    for _ in 0..MEASUREMENTS {
        if is_within_bounds()? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(ExitCode::FAILURE)
}

/// Measures once, and prints.
fn is_within_bounds() -> Result<bool, Error> {
    let matrix = positive_definite();
    let mut proposals = vec![Vec::new(); CASES.len()];
    let mut yardsticks = Vec::new();
    // In turns, so that whatever else the machine does falls on all.
    for seed in 0..REPETITIONS as u64 {
        for ((categories, _), proposals) in CASES.iter().zip(&mut proposals) {
            let mut study = observed(seed, *categories)?;
            let (asked, taken) = timed(|| study.ask(1));
            assert!(matches!(asked?, Asked::Trials(trials) if trials.len() == 1));
            proposals.push(taken);
        }
        let (inverse, taken) = timed(|| Cholesky::factor(&matrix).map(|factor| factor.inverse()));
        assert!(inverse?.iter().all(|entry| entry.is_finite()));
        yardsticks.push(taken);
    }
    let yardstick = quickest(yardsticks);
    println!("Cholesky and inverse, n = {ORDER}: {yardstick:.2?}");
    println!("one proposal, n = {OBSERVATIONS}, d = {DIMENSION}");
    let mut within = true;
    for ((categories, most), proposals) in CASES.into_iter().zip(proposals) {
        let proposal = quickest(proposals);
        let ratio = proposal.as_secs_f64() / yardstick.as_secs_f64();
        println!(
            "  and {categories} categorical: {proposal:>9.2?}, ratio {ratio:.2} (at most {most})"
        );
        within &= ratio <= most;
    }
    Ok(within)
}

/// A study that was told the Styblinski–Tang function at random points, to which each wrong category adds 5.
fn observed(seed: u64, categories: usize) -> Result<Study, Error> {
    let names: Vec<String> = (0..DIMENSION).map(|i| format!("x{i}")).collect();
    let choices: Vec<String> = (0..categories).map(|i| format!("choice{i}")).collect();
    let range = |name| ParameterRange::continuous(name, -5.0..=5.0, ScalingType::Linear);
    let choice = |name| ParameterRange::categorical(name, LEVELS);
    let space = SearchSpace::new(names.iter().map(range).chain(choices.iter().map(choice)))?;
    let settings = StudySettings { seed, ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("value"), strategy, settings)?;
    let mut rng = Rng::stream(seed, 0);
    for _ in 0..OBSERVATIONS {
        let x: Vec<f64> = names.iter().map(|_| 10.0 * rng.uniform() - 5.0).collect();
        let chosen: Vec<&str> = choices.iter().map(|_| LEVELS[rng.index(LEVELS.len())]).collect();
        let smooth = x.iter().map(|x| x.powi(4) - 16.0 * x * x + 5.0 * x).sum::<f64>() / 2.0;
        let wrong = chosen.iter().filter(|level| **level != "c").count();
        #[allow(clippy::cast_precision_loss, reason = "at most 5")]
        let value = smooth + 5.0 * wrong as f64;
        let numbers = names.iter().zip(x).map(|(name, x)| (name, ParameterValue::Float(x)));
        let levels = choices.iter().zip(chosen).map(|(name, level)| (name, level.into()));
        let configuration: Configuration = numbers.chain(levels).collect();
        study.observe(&configuration, Outcome::from(value))?;
    }
    Ok(study)
}

fn positive_definite() -> Array2<f64> {
    let mut rng = Rng::stream(0, 0);
    let root = Array2::from_shape_fn((ORDER, ORDER), |_| rng.normal());
    linalg::product(root.view(), root.t()) + Array2::<f64>::eye(ORDER)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The time that owes least to whatever else the machine does.
fn quickest(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}
