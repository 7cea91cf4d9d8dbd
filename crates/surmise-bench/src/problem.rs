//! What strategies are compared on: a black box with a name, a space and, where it is known, the best value.

use std::fmt::{self, Debug};
use std::time::Duration;

use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};
use surmise::trial::{Failure, FailureKind, Outcome};

/// A black box to be minimized.
///
/// ```
/// use surmise_bench::{Evaluation, Problem};
/// use surmise::rng::Rng;
/// use surmise::{Configuration, SearchSpace};
///
/// #[derive(Debug)]
/// struct Bowl(SearchSpace);
///
/// impl Problem for Bowl {
///     fn name(&self) -> &str {
///         "bowl"
///     }
///     fn space(&self) -> &SearchSpace {
///         &self.0
///     }
///     fn evaluate(&self, configuration: &Configuration, _: &mut Rng) -> Evaluation {
///         (configuration.float("x") - 0.3).powi(2).into()
///     }
///     fn optimum(&self) -> Option<f64> {
///         Some(0.0)
///     }
/// }
/// ```
///
/// For a closure there is [`FunctionProblem`].
pub trait Problem: Debug + Send + Sync {
    /// Names it in tables and files.
    fn name(&self) -> &str;

    /// What can be chosen.
    fn space(&self) -> &SearchSpace;

    /// Runs a configuration; smaller values are better.
    ///
    /// All that is random about it comes from `chance`, whose stream belongs to the repetition and to how many evaluations
    /// came before, so that every strategy meets the same noise and the same failures.
    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation;

    /// The least noiseless value; of a real learner, the least that is known.
    fn optimum(&self) -> Option<f64> {
        None
    }
}

// A trait that users implement must stay usable behind a pointer.
impl<P: Problem + ?Sized> Problem for Box<P> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn space(&self) -> &SearchSpace {
        (**self).space()
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        (**self).evaluate(configuration, chance)
    }

    fn optimum(&self) -> Option<f64> {
        (**self).optimum()
    }
}

/// What one evaluation gave. A value or a `Result` turns [`into`](Into::into) one.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What was measured, or why nothing was. A value that is not finite is a failure, too.
    pub measured: Result<f64, String>,
    /// The value without noise. Strategies never see it; regret is computed from it.
    pub noiseless: Option<f64>,
    /// How long it took, on the virtual clock; a second unless it says otherwise.
    pub duration: Duration,
    /// What was reported after each step on the way, evenly over the duration; empty if nothing was. [`Cluster`](crate::Cluster) lets
    /// jobs be stopped by it; an [`Experiment`](crate::Experiment) does not look at it.
    pub curve: Vec<f64>,
}

impl Evaluation {
    /// How a trial of this evaluation ends.
    pub fn outcome(&self) -> Outcome {
        match &self.measured {
            Ok(value) => Outcome::from(*value),
            Err(reason) => Outcome::Failed(Failure::new(FailureKind::Error, reason)),
        }
    }

    /// The value without noise of an evaluation that gave one.
    pub fn truth(&self) -> Option<f64> {
        let value = *self.measured.as_ref().ok()?;
        value.is_finite().then(|| self.noiseless.unwrap_or(value))
    }
}

impl From<f64> for Evaluation {
    fn from(value: f64) -> Self {
        Ok::<_, String>(value).into()
    }
}

impl<E: fmt::Display> From<Result<f64, E>> for Evaluation {
    fn from(result: Result<f64, E>) -> Self {
        Self {
            noiseless: result.as_ref().ok().copied(),
            measured: result.map_err(|error| error.to_string()),
            duration: Duration::from_secs(1),
            curve: Vec::new(),
        }
    }
}

type Function = dyn Fn(&Configuration) -> Evaluation + Send + Sync;

/// A closure as a problem.
///
/// ```
/// use surmise_bench::FunctionProblem;
/// use surmise::{Configuration, ParameterRange, ScalingType, SearchSpace};
///
/// let space = SearchSpace::new([ParameterRange::continuous("x", -1.0..=1.0, ScalingType::Linear)])?;
/// let bowl = FunctionProblem::new("bowl", space, |c: &Configuration| c.float("x").powi(2)).with_optimum(0.0);
/// # Ok::<(), surmise::Error>(())
/// ```
pub struct FunctionProblem {
    name: String,
    space: SearchSpace,
    function: Box<Function>,
    optimum: Option<f64>,
}

impl FunctionProblem {
    /// A problem whose optimum is not known.
    pub fn new<V: Into<Evaluation>>(
        name: impl Into<String>,
        space: SearchSpace,
        function: impl Fn(&Configuration) -> V + Send + Sync + 'static,
    ) -> Self {
        let function =
            Box::new(move |configuration: &Configuration| function(configuration).into());
        Self { name: name.into(), space, function, optimum: None }
    }

    /// The same, whose least value is known.
    #[must_use]
    pub fn with_optimum(self, optimum: f64) -> Self {
        Self { optimum: Some(optimum), ..self }
    }
}

impl Debug for FunctionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionProblem")
            .field("name", &self.name)
            .field("optimum", &self.optimum)
            .finish_non_exhaustive()
    }
}

impl Problem for FunctionProblem {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, _chance: &mut Rng) -> Evaluation {
        (self.function)(configuration)
    }

    fn optimum(&self) -> Option<f64> {
        self.optimum
    }
}
