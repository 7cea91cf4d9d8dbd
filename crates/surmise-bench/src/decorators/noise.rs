//! A decorator that adds noise to the values of a problem.

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

/// A problem whose measured values have normal noise.
#[derive(Debug)]
pub struct Noisy<P> {
    problem: P,
    name: String,
    deviation: f64,
}

impl<P: Problem> Noisy<P> {
    /// Adds noise of this standard deviation, in the unit of the values.
    ///
    /// # Panics
    /// If the deviation is negative or not finite.
    pub fn new(problem: P, deviation: f64) -> Self {
        assert!(
            deviation >= 0.0 && deviation.is_finite(),
            "the standard deviation is {deviation}; it must be finite and not negative"
        );
        Self { name: format!("{}+noise{deviation}", problem.name()), problem, deviation }
    }
}

impl<P: Problem> Problem for Noisy<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let noise = self.deviation * rng.normal();
        let inner = self.problem.evaluate(configuration, rng);
        Evaluation {
            noiseless: inner.noiseless.or(inner.measured.as_ref().ok().copied()),
            measured: inner.measured.map(|value| value + noise),
            ..inner
        }
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }
}
