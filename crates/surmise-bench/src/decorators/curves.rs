//! Learning curves: a problem that comes to its value step by step.

use std::time::Duration;

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::space::{Configuration, SearchSpace};

/// Points from which a problem's spread is estimated.
const SAMPLE: u64 = 256;

/// A problem whose jobs report a value after each step and fall towards their own by a power law, as learners do (Domhan et al. 2015).
///
/// With f the problem's value at x, S its spread over the space and u the coordinates of x: after step s the value is
/// `f + S a (1 + s)^−b + 0.02 S n`, where n is normal noise, a = ½ + u₁ and b = ½ + u₂ (u₁ again, if there is one parameter only). So jobs
/// begin at different heights and fall at different speeds, and their curves cross. The value of a job is that after its last step, without the
/// noise. A step takes from half a second to a second and a half, by u₁.
#[derive(Debug)]
pub struct LearningCurves<P> {
    problem: P,
    name: String,
    steps: u32,
    spread: f64,
}

impl<P: Problem> LearningCurves<P> {
    /// Jobs of this many steps.
    pub fn new(problem: P, steps: u32) -> Self {
        let space = problem.space();
        let sequence = Sobol::new(space.axes().len(), &mut Rng::stream(1, 0));
        let values: Vec<f64> = (0..SAMPLE)
            .map(|index| space.decode(&space.snap(&sequence.point(index).into())))
            .filter_map(|x| problem.evaluate(&x, &mut Rng::stream(1, 1)).truth())
            .collect();
        #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        Self { name: format!("{}+curves{steps}", problem.name()), problem, steps, spread }
    }
}

impl<P: Problem> Problem for LearningCurves<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let noise: Vec<f64> = (0..self.steps).map(|_| 0.02 * chance.normal()).collect();
        let inner = self.problem.evaluate(configuration, chance);
        let (Ok(value), Ok(point)) = (&inner.measured, self.space().encode(configuration)) else {
            return inner;
        };
        let (height, speed) = (0.5 + point[0], 0.5 + point.get(1).unwrap_or(&point[0]));
        let lag = |step: u32| self.spread * height * (1.0 + f64::from(step)).powf(-speed);
        let curve = (1..=self.steps)
            .zip(noise)
            .map(|(step, noise)| value + lag(step) + self.spread * noise);
        let last = value + lag(self.steps);
        let seconds = f64::from(self.steps) * (0.5 + point[0]);
        Evaluation {
            measured: Ok(last),
            noiseless: inner.noiseless.map(|truth| truth - value + last),
            curve: curve.collect(),
            duration: Duration::from_secs_f64(seconds),
        }
    }
}
