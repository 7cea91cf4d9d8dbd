//! Shows how to write a strategy: hill climbing.
//!
//! Run it with
//!
//!     cargo run --example custom_strategy
//!
//! It minimizes a function of two parameters with 60 jobs, and prints the best configuration with
//! its loss.

#![allow(clippy::print_stdout, reason = "the example prints its results")]

use surmise::strategy::{History, Phase, Proposal, Visited};
use surmise::{
    Configuration, Error, FunctionEvaluator, Objective, ParameterRange, ResourceLimits,
    ScalingType, SearchSpace, Strategy, Study, StudySettings, conformance, rng::Rng, tune,
    unit_cube,
};

/// Proposes points near the best point so far.
#[derive(Debug)]
struct HillClimbing;

impl Strategy for HillClimbing {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let visited = Visited::new(history);
        if let Some(best) = history.observations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)) {
            for _ in 0..100 {
                // Points lie in the unit cube; `snap` moves them to the nearest allowed point.
                let moved: Vec<f64> = best.point.iter().map(|u| u + 0.1 * rng.normal()).collect();
                let point = unit_cube::snap(history.axes, &moved);
                if !visited.contains(&point) {
                    return Ok(Some(Proposal::new(point, Phase::Heuristic)));
                }
            }
        }
        // Without an observation, or if all points near the best are visited, propose a random
        // point. `None` says that the space is exhausted.
        Ok(visited.sample_unvisited(rng).map(|point| Proposal::new(point, Phase::Random)))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Use this line in your tests: it checks the contract of a strategy, and lists violations.
    conformance::check_strategy(|| HillClimbing)?;

    let space = SearchSpace::new([
        ParameterRange::continuous("x", -5.0..=5.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=100, ScalingType::Logarithmic),
    ])?;
    let settings = StudySettings { limits: ResourceLimits::new(60, 2), ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("loss"), HillClimbing, settings)?;
    let mut jobs = FunctionEvaluator::new(|configuration: &Configuration| {
        let (x, n) = (configuration.float("x"), configuration.float("n"));
        Ok::<_, String>((x - 1.0).powi(2) + (n / 20.0).ln().powi(2))
    });
    tune(&mut study, &mut jobs)?;
    let best = study.best().expect("a trial completed");
    let loss = best.value().expect("the best trial completed");
    println!("best: {} with loss {loss:.4}", best.configuration);
    Ok(())
}
