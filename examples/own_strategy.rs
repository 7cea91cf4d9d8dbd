//! A strategy of your own: hill climbing.
//!
//!     cargo run --example own_strategy

#![allow(clippy::print_stdout, reason = "an example talks")]

use surmise::strategy::{History, Phase, Proposal, Visited};
use surmise::{
    Configuration, Error, FunctionEvaluator, Objective, ParameterRange, ResourceLimits,
    ScalingType, SearchSpace, Strategy, Study, StudySettings, conformance, cube, rng::Rng, tune,
};

/// Tries places near the best one so far.
#[derive(Debug)]
struct HillClimbing;

impl Strategy for HillClimbing {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let visited = Visited::of(history);
        if let Some(best) = history.observations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)) {
            for _ in 0..100 {
                let near: Vec<f64> = best.point.iter().map(|u| u + 0.1 * rng.normal()).collect();
                let point = cube::snap(history.axes, &near);
                if !visited.contains(&point) {
                    return Ok(Some(Proposal::new(point, Phase::Heuristic)));
                }
            }
        }
        // Nothing is known yet, or everything near is known: anywhere, or nowhere if the space is exhausted.
        Ok(visited.unvisited(rng).map(|point| Proposal::new(point, Phase::Random)))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The line for your tests: it says in words which promise is not kept.
    conformance::check_strategy(|| HillClimbing)?;

    let space = SearchSpace::new([
        ParameterRange::continuous("x", -5.0..=5.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=100, ScalingType::Logarithmic),
    ])?;
    let settings = StudySettings { limits: ResourceLimits::new(60, 2), ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("loss"), HillClimbing, settings)?;
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        Ok::<_, String>((c.float("x") - 1.0).powi(2) + (c.float("n") / 20.0).ln().powi(2))
    });
    tune(&mut study, &mut jobs)?;
    let best = study.best().expect("a trial completed");
    println!("best: {} with {:.4}", best.configuration, best.value().expect("it completed"));
    Ok(())
}
