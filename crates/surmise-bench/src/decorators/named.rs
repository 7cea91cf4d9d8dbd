//! A decorator that gives a problem another name.

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

/// A problem under another name, for example a noisy one whose noise is part of its definition.
#[derive(Debug)]
pub struct Named<P> {
    name: String,
    problem: P,
}

impl<P: Problem> Named<P> {
    /// Gives the problem this name, which tables and files show.
    pub fn new(name: impl Into<String>, problem: P) -> Self {
        Self { name: name.into(), problem }
    }
}

impl<P: Problem> Problem for Named<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        self.problem.evaluate(configuration, rng)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}
