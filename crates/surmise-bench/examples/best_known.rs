//! Searches for the best value of the learners, whose optimum is not known.
//!
//! ```sh
//! cargo run --release -p surmise-bench --example best_known --features real -- svc-cancer 2000
//! ```
//!
//! It prints the smallest noiseless value of so many random configurations, and of local searches
//! from the best ten of them: each changes one hyperparameter at a time, by steps that shrink.

use rayon::prelude::*;
use surmise::rng::Rng;
use surmise::unit_cube::UnitPoint;
use surmise_bench::{Problem, learner_cases};

const LOCAL_SEARCHES: usize = 10;
/// Evaluations of a local search.
const STEPS: u64 = 120;

fn value(problem: &dyn Problem, point: &UnitPoint) -> f64 {
    let configuration = problem.space().decode(point);
    let evaluation = problem.evaluate(&configuration, &mut Rng::stream(1, 1));
    evaluation.noiseless_value().unwrap_or(f64::INFINITY)
}

/// Improves a point by changing one or two coordinates at a time.
fn search_locally(problem: &dyn Problem, start: (f64, UnitPoint), seed: u64) -> (f64, UnitPoint) {
    let mut rng = Rng::stream(2, seed);
    let (mut best, mut point) = start;
    for step in 0..STEPS {
        let width = 0.3 * 0.97_f64.powi(i32::try_from(step).expect("small"));
        let mut next = point.to_vec();
        for _ in 0..=rng.index(2) {
            let axis = rng.index(next.len());
            next[axis] = (next[axis] + width * rng.normal()).clamp(0.0, 1.0);
        }
        let next = problem.space().snap(&next.into());
        let found = value(problem, &next);
        // An equal value is accepted, so that plateaus are crossed.
        if found <= best {
            (best, point) = (found, next);
        }
    }
    (best, point)
}

#[allow(clippy::print_stdout, reason = "the example prints its result")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let samples: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2000);
    for case in learner_cases().iter().filter(|case| case.name().contains(&name)) {
        let problem = case.problem();
        let draw = |sample| {
            let mut rng = Rng::stream(3, sample);
            let point: Vec<f64> = problem.space().axes().iter().map(|_| rng.uniform()).collect();
            let point = problem.space().snap(&point.into());
            (value(problem, &point), point)
        };
        let mut found: Vec<(f64, UnitPoint)> = (0..samples).into_par_iter().map(draw).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(LOCAL_SEARCHES);
        let random = found[0].0;
        let starts: Vec<(u64, (f64, UnitPoint))> = (0..).zip(found).collect();
        let improved =
            starts.into_par_iter().map(|(seed, start)| search_locally(problem, start, seed));
        let (best, point) =
            improved.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are local searches");
        let configuration = problem.space().decode(&point);
        println!("{} {best:?} (random: {random:?}) at {configuration}", case.name());
    }
}
