//! An acquisition of your own: the probability of improvement.
//!
//!     cargo run --example own_acquisition

#![allow(clippy::print_stdout, reason = "an example talks")]

use surmise::acquisition::{Worth, log_distribution};
use surmise::{
    Acquisition, BayesianOptimization, Configuration, FunctionEvaluator, Objective, ParameterRange,
    ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, conformance, tune,
};

/// The logarithm of the probability that a trial is better than the best so far by `margin`, in standardized losses.
#[derive(Debug)]
struct LogProbabilityOfImprovement {
    margin: f64,
}

impl Acquisition for LogProbabilityOfImprovement {
    fn worth(&self, mean: f64, deviation: f64, incumbent: f64) -> Worth {
        let u = (incumbent - self.margin - mean) / deviation;
        let (value, slope) = log_distribution(u);
        Worth { value, slope_mean: -slope / deviation, slope_deviation: -slope * u / deviation }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let acquisition = LogProbabilityOfImprovement { margin: 0.01 };
    // The line for your tests: it compares the slopes with differences, and more.
    conformance::check_acquisition(&acquisition)?;

    let space = SearchSpace::new([
        ParameterRange::continuous("x", -5.0..=10.0, ScalingType::Linear),
        ParameterRange::continuous("y", 0.0..=15.0, ScalingType::Linear),
    ])?;
    let settings = StudySettings { limits: ResourceLimits::new(30, 1), ..Default::default() };
    let strategy = BayesianOptimization::new(acquisition);
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        let (x, y) = (c.float("x"), c.float("y"));
        Ok::<_, String>((y - 0.13 * x * x + 1.6 * x - 6.0).powi(2) + 9.6 * x.cos() + 10.0)
    });
    tune(&mut study, &mut jobs)?;
    let best = study.best().expect("a trial completed");
    println!("best: {} with {:.4}", best.configuration, best.value().expect("it completed"));
    Ok(())
}
