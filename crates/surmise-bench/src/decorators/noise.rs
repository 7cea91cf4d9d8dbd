//! A decorator that adds noise to the values of a problem.

use std::fmt;

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

type StdDev = dyn Fn(&Configuration) -> f64 + Send + Sync;

/// The degrees of freedom of heavy-tailed noise.
const DEGREES_OF_FREEDOM: f64 = 3.0;

enum Law {
    Normal(f64),
    StudentT(f64),
    NormalOf(Box<StdDev>),
}

/// A problem whose measured values have noise.
pub struct Noisy<P> {
    problem: P,
    name: String,
    law: Law,
}

fn assert_valid(number: f64, what: &str) {
    assert!(
        number >= 0.0 && number.is_finite(),
        "the {what} is {number}; it must be finite and not negative"
    );
}

impl<P: Problem> Noisy<P> {
    /// Adds normal noise of this standard deviation, in the unit of the values.
    ///
    /// # Panics
    /// If the standard deviation is negative or not finite.
    pub fn new(problem: P, std_dev: f64) -> Self {
        assert_valid(std_dev, "standard deviation");
        let name = format!("{}+noise{std_dev}", problem.name());
        Self { name, problem, law: Law::Normal(std_dev) }
    }

    /// Adds noise that follows Student's t distribution with 3 degrees of freedom, times `scale`.
    ///
    /// Its standard deviation is √3 times the scale. Of 100 values, 4 exceed three times the scale;
    /// of normal ones, 0.3.
    ///
    /// # Panics
    /// If the scale is negative or not finite.
    pub fn heavy_tailed(problem: P, scale: f64) -> Self {
        assert_valid(scale, "scale");
        let name = format!("{}+tails{scale}", problem.name());
        Self { name, problem, law: Law::StudentT(scale) }
    }

    /// Adds normal noise whose standard deviation depends on the configuration.
    ///
    /// The function must return finite numbers that are not negative.
    pub fn heteroscedastic(
        problem: P,
        std_dev: impl Fn(&Configuration) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let name = format!("{}+varying-noise", problem.name());
        Self { name, problem, law: Law::NormalOf(Box::new(std_dev)) }
    }
}

impl<P: fmt::Debug> fmt::Debug for Noisy<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Noisy").field("problem", &self.problem).finish_non_exhaustive()
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
        let noise = match &self.law {
            Law::Normal(std_dev) => std_dev * rng.normal(),
            Law::NormalOf(std_dev) => std_dev(configuration) * rng.normal(),
            Law::StudentT(scale) => {
                let normal = rng.normal();
                scale * normal / (rng.chi_squared(DEGREES_OF_FREEDOM) / DEGREES_OF_FREEDOM).sqrt()
            }
        };
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

    fn is_noisy(&self) -> bool {
        true
    }
}
