//! Problems: functions with a name, a search space and, where it is known, the optimum.

use std::fmt::{self, Debug};
use std::time::Duration;

use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};
use surmise::trial::{Failure, FailureKind, Outcome};

/// A function to be minimized, on which strategies are compared.
///
/// Implement it for a simulator, a training loop or a formula of your own. For a closure,
/// [`FunctionProblem`] is shorter; the test functions of the literature are in
/// [`problems`](crate::problems).
///
/// ```
/// use surmise_bench::{Evaluation, Problem};
/// use surmise::rng::Rng;
/// use surmise::{Configuration, SearchSpace};
///
/// #[derive(Debug)]
/// struct NoisyBowl(SearchSpace);
///
/// impl Problem for NoisyBowl {
///     fn name(&self) -> &str {
///         "noisy-bowl"
///     }
///     fn space(&self) -> &SearchSpace {
///         &self.0
///     }
///     fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
///         let value = (configuration.float("x") - 0.3).powi(2);
///         Evaluation { noiseless: Some(value), ..Evaluation::from(value + 0.1 * rng.normal()) }
///     }
///     fn optimum(&self) -> Option<f64> {
///         Some(0.0)
///     }
/// }
///
/// # fn main() -> Result<(), surmise::Error> {
/// # use surmise::{ParameterRange, ScalingType};
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let bowl = NoisyBowl(SearchSpace::new([x])?);
/// let configuration = Configuration::from([("x", 0.3.into())]);
/// let evaluation = bowl.evaluate(&configuration, &mut Rng::stream(1, 1));
/// assert_eq!(evaluation.noiseless_value(), Some(0.0));
/// # Ok(())
/// # }
/// ```
///
/// # Common mistakes
///
/// - *Randomness from another source than `rng`.* Two contenders then meet different noise at the
///   same evaluation, the pairs of the statistical tests say less, and a run cannot be repeated.
/// - *No [`noiseless`](Evaluation::noiseless) value where there is noise.* Regret is then computed
///   from the noisy values, and the strategy with the luckiest noise wins. The decorator
///   [`Noisy`](crate::decorators::Noisy) sets it.
/// - *No [`optimum`](Self::optimum).* Runs then have best values, but no regret, score or rank.
/// - *A value that is better when it is larger.* Values are minimized; return its negative.
///
/// A panic in `evaluate` counts as a failed evaluation; it does not end the experiment.
///
/// Continue with [`Case`](crate::Case), which gives a problem a budget, and
/// [`Experiment`](crate::Experiment), which runs it.
pub trait Problem: Debug + Send + Sync {
    /// Returns the name that tables and files show.
    fn name(&self) -> &str;

    /// Returns the search space of the configurations.
    fn space(&self) -> &SearchSpace;

    /// Evaluates a configuration; smaller values are better.
    ///
    /// Take all random numbers from `rng`. Its stream depends on the case, the repetition and the
    /// number of the evaluation only, so that all strategies meet the same noise and failures.
    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation;

    /// Returns the smallest noiseless value, or the best known one; `None` (unknown) by default.
    fn optimum(&self) -> Option<f64> {
        None
    }

    /// Returns true if two evaluations of one configuration may differ; false by default.
    ///
    /// External programs are told, because some of them have a setting for it. Strategies of this
    /// process are not told.
    fn is_noisy(&self) -> bool {
        false
    }

    /// Returns a hash of the data that the problem reads, such as a table; `None` by default.
    ///
    /// Runs with another hash are runs of another case.
    fn data_hash(&self) -> Option<String> {
        None
    }
}

// A box of a problem is a problem, so that decorators can wrap it.
impl<P: Problem + ?Sized> Problem for Box<P> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn space(&self) -> &SearchSpace {
        (**self).space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        (**self).evaluate(configuration, rng)
    }

    fn optimum(&self) -> Option<f64> {
        (**self).optimum()
    }

    fn is_noisy(&self) -> bool {
        (**self).is_noisy()
    }

    fn data_hash(&self) -> Option<String> {
        (**self).data_hash()
    }
}

/// The result of one evaluation; a value or a `Result` converts [`into`](Into::into) one.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The measured value, or the reason of the failure. A value that is not finite is a failure.
    pub measured: Result<f64, String>,
    /// The value without noise; `None` if it is the measured one.
    ///
    /// Regret is computed from it. Strategies do not see it.
    pub noiseless: Option<f64>,
    /// The duration on the virtual clock; `None` if the problem has no durations of its own.
    ///
    /// Then the [experiment](crate::Experiment::with_durations) draws one; it is 1 second by
    /// default.
    pub duration: Option<Duration>,
    /// The values that the job reports, one for each step, spread evenly over the duration.
    ///
    /// The curve is empty if the job reports nothing. A [`Cluster`](crate::Cluster) applies early
    /// stopping to it; an [`Experiment`](crate::Experiment) ignores it.
    pub learning_curve: Vec<f64>,
}

impl Evaluation {
    /// Returns the outcome of a trial with this evaluation.
    pub fn outcome(&self) -> Outcome {
        match &self.measured {
            Ok(value) => Outcome::from(*value),
            Err(reason) => Outcome::Failed(Failure::new(FailureKind::Error, reason)),
        }
    }

    /// Returns the duration, or 1 second if the problem has none of its own.
    pub(crate) fn duration_or_default(&self) -> Duration {
        self.duration.unwrap_or(Duration::from_secs(1))
    }

    /// Returns the value without noise, or the measured one; `None` if the evaluation failed.
    pub fn noiseless_value(&self) -> Option<f64> {
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
            duration: None,
            learning_curve: Vec::new(),
        }
    }
}

type Function = dyn Fn(&Configuration) -> Evaluation + Send + Sync;

/// A problem whose function is a closure.
///
/// ```
/// use surmise_bench::FunctionProblem;
/// use surmise::{Configuration, ParameterRange, ScalingType, SearchSpace};
///
/// let x = ParameterRange::continuous("x", -1.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let square = |c: &Configuration| c.float("x").powi(2);
/// let bowl = FunctionProblem::new("bowl", space, square).with_optimum(0.0);
/// # Ok::<(), surmise::Error>(())
/// ```
pub struct FunctionProblem {
    name: String,
    space: SearchSpace,
    function: Box<Function>,
    optimum: Option<f64>,
}

impl FunctionProblem {
    /// Creates a problem whose optimum is unknown; the closure returns a value or a `Result`.
    pub fn new<V: Into<Evaluation>>(
        name: impl Into<String>,
        space: SearchSpace,
        function: impl Fn(&Configuration) -> V + Send + Sync + 'static,
    ) -> Self {
        let function =
            Box::new(move |configuration: &Configuration| function(configuration).into());
        Self { name: name.into(), space, function, optimum: None }
    }

    /// Sets the smallest value of the function, which regret and scores need; unknown by default.
    ///
    /// Set it if the value is known by a proof or by a long search.
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

    fn evaluate(&self, configuration: &Configuration, _rng: &mut Rng) -> Evaluation {
        (self.function)(configuration)
    }

    fn optimum(&self) -> Option<f64> {
        self.optimum
    }
}
