//! A decorator that makes evaluations fail, in a region or at random.

use std::fmt;

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

type Region = dyn Fn(&Configuration) -> bool + Send + Sync;

enum Cause {
    Region(Box<Region>),
    Random(f64),
}

/// A problem whose evaluations fail in a region, or at random.
pub struct Failing<P> {
    problem: P,
    name: String,
    cause: Cause,
    optimum: Option<f64>,
}

impl<P: Problem> Failing<P> {
    /// Makes evaluations fail where `region` returns true.
    ///
    /// `optimum` is the smallest value outside of the region, if it is known.
    pub fn within(
        problem: P,
        region: impl Fn(&Configuration) -> bool + Send + Sync + 'static,
        optimum: Option<f64>,
    ) -> Self {
        let name = format!("{}+region", problem.name());
        Self { name, problem, cause: Cause::Region(Box::new(region)), optimum }
    }

    /// Makes each evaluation fail with this probability, from 0 to 1.
    ///
    /// # Panics
    /// If the rate is not between 0 and 1.
    pub fn at_random(problem: P, rate: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&rate),
            "the failure rate is {rate}; it must be between 0 and 1"
        );
        let name = format!("{}+failures{rate}", problem.name());
        Self { name, optimum: problem.optimum(), problem, cause: Cause::Random(rate) }
    }
}

impl<P: fmt::Debug> fmt::Debug for Failing<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failing").field("problem", &self.problem).finish_non_exhaustive()
    }
}

impl<P: Problem> Problem for Failing<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let reason = match &self.cause {
            Cause::Region(region) => {
                region(configuration).then_some("the configuration is in the failing region")
            }
            Cause::Random(rate) => (rng.uniform() < *rate).then_some("random failure"),
        };
        let inner = self.problem.evaluate(configuration, rng);
        match reason {
            Some(reason) => {
                Evaluation { measured: Err(reason.to_owned()), noiseless: None, ..inner }
            }
            None => inner,
        }
    }

    fn optimum(&self) -> Option<f64> {
        self.optimum
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}
