//! A decorator that adds noise to the values of a problem.

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

/// A problem whose measured values have normal noise.
#[derive(Debug)]
pub struct Noisy<P> {
    problem: P,
    name: String,
    std_dev: f64,
}

impl<P: Problem> Noisy<P> {
    /// Adds noise of this standard deviation, in the unit of the values.
    ///
    /// # Panics
    /// If the standard deviation is negative or not finite.
    pub fn new(problem: P, std_dev: f64) -> Self {
        assert!(
            std_dev >= 0.0 && std_dev.is_finite(),
            "the standard deviation is {std_dev}; it must be finite and not negative"
        );
        Self { name: format!("{}+noise{std_dev}", problem.name()), problem, std_dev }
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
        let noise = self.std_dev * rng.normal();
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
