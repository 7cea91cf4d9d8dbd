//! What does one proposal cost?
//!
//!     cargo run --release --example ask_time
//!
//! Times one whole proposal, fit included and nothing cached, at 100 observations in 10 dimensions, and a Cholesky
//! factorization with inverse at n = 500 in the same run: the ratio says more than seconds on a busy machine. Exits with 1 if
//! the proposal costs more than 5 times as much.

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
const REPETITIONS: usize = 15;
const MOST: f64 = 5.0;

fn main() -> Result<ExitCode, Error> {
    let matrix = positive_definite();
    let (mut proposals, mut yardsticks) = (Vec::new(), Vec::new());
    // In turns, so that whatever else the machine does falls on both.
    for seed in 0..REPETITIONS as u64 {
        let mut study = observed(seed)?;
        let (asked, taken) = timed(|| study.ask(1));
        assert!(matches!(asked?, Asked::Trials(trials) if trials.len() == 1));
        proposals.push(taken);
        let (inverse, taken) = timed(|| Cholesky::factor(&matrix).map(|factor| factor.inverse()));
        assert!(inverse?.iter().all(|entry| entry.is_finite()));
        yardsticks.push(taken);
    }
    let (proposal, yardstick) = (quickest(proposals), quickest(yardsticks));
    let ratio = proposal.as_secs_f64() / yardstick.as_secs_f64();
    println!("one proposal, n = {OBSERVATIONS}, d = {DIMENSION}   {proposal:>10.2?}");
    println!("Cholesky and inverse, n = {ORDER}     {yardstick:>10.2?}");
    println!("ratio                             {ratio:>10.2}   (at most {MOST})");
    Ok(if ratio <= MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A study that was told the Styblinski–Tang function at random points.
fn observed(seed: u64) -> Result<Study, Error> {
    let names: Vec<String> = (0..DIMENSION).map(|i| format!("x{i}")).collect();
    let range = |name| ParameterRange::continuous(name, -5.0..=5.0, ScalingType::Linear);
    let space = SearchSpace::new(names.iter().map(range))?;
    let settings = StudySettings { seed, ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("value"), strategy, settings)?;
    let mut rng = Rng::stream(seed, 0);
    for _ in 0..OBSERVATIONS {
        let x: Vec<f64> = names.iter().map(|_| 10.0 * rng.uniform() - 5.0).collect();
        let value = x.iter().map(|x| x.powi(4) - 16.0 * x * x + 5.0 * x).sum::<f64>() / 2.0;
        let values = names.iter().zip(x).map(|(name, x)| (name, ParameterValue::Float(x)));
        study.observe(&values.collect::<Configuration>(), Outcome::from(value))?;
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
