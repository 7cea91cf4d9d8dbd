//! Shows how to write an acquisition function: the probability of improvement.
//!
//! Run it with
//!
//!     cargo run --example custom_acquisition
//!
//! It minimizes a function of two parameters with 30 jobs, and prints the best configuration with
//! its loss.

#![allow(clippy::print_stdout, reason = "the example prints its results")]

use surmise::acquisition::{AcquisitionValue, log_cdf};
use surmise::{
    Acquisition, BayesianOptimization, Configuration, FunctionEvaluator, Objective, ParameterRange,
    ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, conformance, tune,
};

/// The logarithm of the probability that a trial improves the incumbent by at least `margin`.
#[derive(Debug)]
struct LogProbabilityOfImprovement {
    /// The minimum improvement, in standardized losses.
    margin: f64,
}

impl Acquisition for LogProbabilityOfImprovement {
    fn evaluate(&self, mean: f64, std_dev: f64, incumbent: f64) -> AcquisitionValue {
        // log Φ(u) with u = (incumbent − margin − mean) ⁄ std_dev
        let u = (incumbent - self.margin - mean) / std_dev;
        let (value, derivative) = log_cdf(u);
        AcquisitionValue {
            value,
            mean_derivative: -derivative / std_dev,
            std_dev_derivative: -derivative * u / std_dev,
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let acquisition = LogProbabilityOfImprovement { margin: 0.01 };
    // Use this line in your tests: it compares the derivatives with finite differences, and checks
    // the other rules of an acquisition function.
    conformance::check_acquisition(&acquisition)?;

    let space = SearchSpace::new([
        ParameterRange::continuous("x", -5.0..=10.0, ScalingType::Linear),
        ParameterRange::continuous("y", 0.0..=15.0, ScalingType::Linear),
    ])?;
    let settings = StudySettings { limits: ResourceLimits::new(30, 1), ..Default::default() };
    let strategy = BayesianOptimization::new(acquisition);
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
    let mut jobs = FunctionEvaluator::new(|configuration: &Configuration| {
        let (x, y) = (configuration.float("x"), configuration.float("y"));
        Ok::<_, String>((y - 0.13 * x * x + 1.6 * x - 6.0).powi(2) + 9.6 * x.cos() + 10.0)
    });
    tune(&mut study, &mut jobs)?;
    let best = study.best().expect("a trial completed");
    let loss = best.value().expect("the best trial completed");
    println!("best: {} with loss {loss:.4}", best.configuration);
    Ok(())
}
