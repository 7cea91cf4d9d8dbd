//! Durations of evaluations, and a decorator that draws them.

use std::time::Duration;

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

/// The distribution of the durations of evaluations, on the virtual clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Durations {
    /// All evaluations take the same time.
    Constant(Duration),
    /// A log-normal distribution, which is typical of training jobs.
    LogNormal {
        /// The median of the durations.
        median: Duration,
        /// The standard deviation of the natural logarithm of the durations.
        log_std_dev: f64,
    },
    /// An exponential distribution, in which very different durations are frequent.
    Exponential {
        /// The mean of the durations.
        mean: Duration,
    },
}

/// The maximum duration of an evaluation: a year, in seconds.
const MAX_SECONDS: f64 = 365.0 * 86_400.0;

impl Durations {
    /// Draws the duration of one evaluation.
    pub(crate) fn draw(self, rng: &mut Rng) -> Duration {
        let seconds = match self {
            Self::Constant(duration) => return duration,
            Self::LogNormal { median, log_std_dev } => {
                rng.log_normal(median.as_secs_f64(), log_std_dev)
            }
            Self::Exponential { mean } => rng.exponential(mean.as_secs_f64()),
        };
        // The clocks of evaluators have a resolution of a millisecond.
        Duration::from_secs_f64(seconds.clamp(1e-3, MAX_SECONDS))
    }
}

/// A problem whose evaluations take random times, which matters if several run in parallel.
#[derive(Debug)]
pub struct Slow<P> {
    problem: P,
    name: String,
    durations: Durations,
}

impl<P: Problem> Slow<P> {
    /// Draws the duration of each evaluation from a distribution.
    pub fn new(problem: P, durations: Durations) -> Self {
        Self { name: format!("{}+durations", problem.name()), problem, durations }
    }
}

impl<P: Problem> Problem for Slow<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let duration = Some(self.durations.draw(rng));
        Evaluation { duration, ..self.problem.evaluate(configuration, rng) }
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}
