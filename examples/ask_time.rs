//! Measures the time of one proposal, relative to a Cholesky factorization.
//!
//! Run it with
//!
//!     cargo run -p surmise --features unstable --example ask_time
//!
//! It times a complete proposal at 100 observations in 10 dimensions: fit included, nothing cached.
//! A second case has 5 categorical parameters with 5 values each in addition. The reference is a
//! Cholesky factorization with inverse at n = 500, measured in the same run. The ratio of the times
//! depends less on the load of the machine than the times themselves.
//!
//! It prints the times and the ratios. A proposal may take 5 times as long as the reference, or 10
//! times with categories. The exit status is 1 if it takes longer in each of five measurements.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it prints and measures time")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ndarray::Array2;
use surmise::linalg::{self, Cholesky};
use surmise::rng::Rng;
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Error, Objective, Outcome, ParameterRange,
    ParameterValue, ScalingType, SearchSpace, Study, StudySettings,
};

const OBSERVATIONS: usize = 100;
const DIMENSION: usize = 10;
const ORDER: usize = 500;
const LEVELS: [&str; 5] = ["a", "b", "c", "d", "e"];
const REPETITIONS: usize = 15;
/// Number of measurements; other load on the machine may spoil one of them, but not all.
const MEASUREMENTS: usize = 5;
/// Numbers of categorical parameters, and maximum ratios of a proposal to the reference.
const CASES: [(usize, f64); 2] = [(0, 5.0), (5, 10.0)];

fn main() -> Result<ExitCode, Error> {
    for _ in 0..MEASUREMENTS {
        if is_within_bounds()? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(ExitCode::FAILURE)
}

/// Measures all cases once, prints them, and returns whether they are within their bounds.
fn is_within_bounds() -> Result<bool, Error> {
    let matrix = positive_definite();
    let mut proposal_times = vec![Vec::new(); CASES.len()];
    let mut reference_times = Vec::new();
    // The cases alternate, so that other load on the machine affects all of them.
    for seed in 0..REPETITIONS as u64 {
        for ((categories, _), proposal_times) in CASES.iter().zip(&mut proposal_times) {
            let mut study = study_with_observations(seed, *categories)?;
            let (asked, time) = timed(|| study.ask(1));
            assert!(matches!(asked?, AskOutcome::Trials(trials) if trials.len() == 1));
            proposal_times.push(time);
        }
        let (inverse, time) = timed(|| Cholesky::factor(&matrix).map(|factor| factor.inverse()));
        assert!(inverse?.iter().all(|entry| entry.is_finite()));
        reference_times.push(time);
    }
    let reference = minimum(reference_times);
    println!("Cholesky and inverse, n = {ORDER}: {reference:.2?}");
    println!("one proposal, n = {OBSERVATIONS}, d = {DIMENSION}");
    let mut is_within = true;
    for ((categories, max_ratio), proposal_times) in CASES.into_iter().zip(proposal_times) {
        let proposal = minimum(proposal_times);
        let ratio = proposal.as_secs_f64() / reference.as_secs_f64();
        println!(
            "  {categories} categories: {proposal:>9.2?}, ratio {ratio:.2} (at most {max_ratio})"
        );
        is_within &= ratio <= max_ratio;
    }
    Ok(is_within)
}

/// Returns a study with observations of the Styblinski–Tang function at random points.
///
/// Each category other than `c` adds 5 to the value.
fn study_with_observations(seed: u64, categories: usize) -> Result<Study, Error> {
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
        study.add_observation(&configuration, Outcome::from(value))?;
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

/// Returns the minimum, which is the time that other load on the machine affects least.
fn minimum(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}
