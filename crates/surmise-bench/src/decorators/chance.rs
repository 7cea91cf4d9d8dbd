//! Noise, failures, durations.

use std::fmt;
use std::time::Duration;

use crate::problem::{Evaluation, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};

/// A problem whose values are measured with normal noise.
#[derive(Debug)]
pub struct Noisy<P> {
    problem: P,
    name: String,
    deviation: f64,
}

impl<P: Problem> Noisy<P> {
    /// Adds noise of this standard deviation.
    ///
    /// # Panics
    /// If it is negative or not finite.
    pub fn new(problem: P, deviation: f64) -> Self {
        assert!(deviation >= 0.0 && deviation.is_finite(), "a standard deviation, not {deviation}");
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

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let noise = self.deviation * chance.normal();
        let inner = self.problem.evaluate(configuration, chance);
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

type Region = dyn Fn(&Configuration) -> bool + Send + Sync;

enum Cause {
    Region(Box<Region>),
    Chance(f64),
}

/// A problem whose evaluations fail in a region, or at random.
pub struct Failing<P> {
    problem: P,
    name: String,
    cause: Cause,
    optimum: Option<f64>,
}

impl<P: Problem> Failing<P> {
    /// Fails wherever `region` says so. The least value outside of it, if that is known, is the optimum.
    pub fn within(
        problem: P,
        region: impl Fn(&Configuration) -> bool + Send + Sync + 'static,
        optimum: Option<f64>,
    ) -> Self {
        let name = format!("{}+region", problem.name());
        Self { name, problem, cause: Cause::Region(Box::new(region)), optimum }
    }

    /// Fails with this probability, wherever it is evaluated.
    ///
    /// # Panics
    /// If it is no probability.
    pub fn at_random(problem: P, rate: f64) -> Self {
        assert!((0.0..=1.0).contains(&rate), "a probability, not {rate}");
        let name = format!("{}+failures{rate}", problem.name());
        Self { name, optimum: problem.optimum(), problem, cause: Cause::Chance(rate) }
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

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let fails = match &self.cause {
            Cause::Region(region) => region(configuration).then_some("lies where trials fail"),
            Cause::Chance(rate) => (chance.uniform() < *rate).then_some("failed by chance"),
        };
        let inner = self.problem.evaluate(configuration, chance);
        match fails {
            Some(reason) => {
                Evaluation { measured: Err(reason.to_owned()), noiseless: None, ..inner }
            }
            None => inner,
        }
    }

    fn optimum(&self) -> Option<f64> {
        self.optimum
    }
}

/// How long evaluations take, on the virtual clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Durations {
    /// Always the same.
    Constant(Duration),
    /// The logarithm is normal: the usual shape of the durations of training jobs.
    LogNormal {
        /// As many are longer as are shorter.
        median: Duration,
        /// Standard deviation of the natural logarithm.
        deviation: f64,
    },
    /// Without memory: what is likely next does not depend on how long it has run.
    Exponential {
        /// The mean.
        mean: Duration,
    },
}

/// A year; nothing that is simulated takes longer.
const LONGEST: f64 = 365.0 * 86_400.0;

impl Durations {
    pub(crate) fn draw(self, chance: &mut Rng) -> Duration {
        let seconds = match self {
            Self::Constant(duration) => return duration,
            Self::LogNormal { median, deviation } => {
                chance.log_normal(median.as_secs_f64(), deviation)
            }
            Self::Exponential { mean } => chance.exponential(mean.as_secs_f64()),
        };
        // A millisecond is what clocks of evaluators resolve.
        Duration::from_secs_f64(seconds.clamp(1e-3, LONGEST))
    }
}

/// A problem whose evaluations take time. It only shows where several run at once.
#[derive(Debug)]
pub struct Slow<P> {
    problem: P,
    name: String,
    durations: Durations,
}

impl<P: Problem> Slow<P> {
    /// Draws a duration for each evaluation.
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

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let duration = self.durations.draw(chance);
        Evaluation { duration, ..self.problem.evaluate(configuration, chance) }
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }
}
