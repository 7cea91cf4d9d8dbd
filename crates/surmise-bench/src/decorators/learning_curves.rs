//! A decorator that gives jobs synthetic learning curves.

use std::time::Duration;

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::space::{Configuration, SearchSpace};

/// Number of points from which the standard deviation of a problem is estimated.
const SAMPLES: u64 = 256;

/// A problem whose jobs report a learning curve that follows a power law (Domhan et al. 2015).
///
/// Let f be the value of the problem at x, S the standard deviation of its values over the space,
/// and u the coordinates of x. The value after step s is `f + S a (1 + s)^−b + 0.02 S n`. Here n is
/// standard normal noise, a = ½ + u₁ and b = ½ + u₂. With one parameter only, u₂ is u₁.
///
/// So the curves start at different heights, fall at different speeds, and cross. The final value
/// is that of the last step without noise; the optimum is unknown. A step takes 0.5 to 1.5 seconds,
/// depending on u₁.
#[derive(Debug)]
pub struct WithLearningCurves<P> {
    problem: P,
    name: String,
    steps: u32,
    std_dev: f64,
}

impl<P: Problem> WithLearningCurves<P> {
    /// Gives the jobs learning curves of this many steps, one report for each.
    pub fn new(problem: P, steps: u32) -> Self {
        let space = problem.space();
        let sequence = Sobol::new(space.axes().len(), &mut Rng::stream(1, 0));
        let values: Vec<f64> = (0..SAMPLES)
            .map(|index| space.decode(&space.snap(&sequence.point(index).into())))
            .filter_map(|x| problem.evaluate(&x, &mut Rng::stream(1, 1)).noiseless_value())
            .collect();
        #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let std_dev = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        Self { name: format!("{}+curves{steps}", problem.name()), problem, steps, std_dev }
    }
}

impl<P: Problem> Problem for WithLearningCurves<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let noise: Vec<f64> = (0..self.steps).map(|_| 0.02 * rng.normal()).collect();
        let inner = self.problem.evaluate(configuration, rng);
        let (Ok(value), Ok(point)) = (&inner.measured, self.space().encode(configuration)) else {
            return inner;
        };
        let (height, speed) = (0.5 + point[0], 0.5 + point.get(1).unwrap_or(&point[0]));
        let excess = |step: u32| self.std_dev * height * (1.0 + f64::from(step)).powf(-speed);
        let curve = (1..=self.steps)
            .zip(noise)
            .map(|(step, noise)| value + excess(step) + self.std_dev * noise);
        let last = value + excess(self.steps);
        let seconds = f64::from(self.steps) * (0.5 + point[0]);
        Evaluation {
            measured: Ok(last),
            noiseless: inner.noiseless.map(|noiseless| noiseless - value + last),
            learning_curve: curve.collect(),
            duration: Some(Duration::from_secs_f64(seconds)),
        }
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}
