//! The tuner: rules, criteria, observers.

use super::progress::Criterion;
use super::progress::Observer;
use super::progress::Progress;
use super::stop_handle::StopHandle;
use crate::limits::{
    Canary, CircuitBreaker, CompletionCriteria, EarlyStopping, RetryPolicy, TuningRules,
};
use crate::study::{Sink, Study};
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

/// Runs a study to its end under rules of your choice.
///
/// A tuner is not `Send`: observers and criteria are closures of the thread that made it, and are called on the thread that calls
/// [`run`](Self::run), which returns when the tuning is over. To tune in the background, make the tuner inside the thread, and stop it by a
/// [`StopHandle`], which goes anywhere.
///
/// ```
/// use std::ops::ControlFlow;
/// use surmise::evaluator::Reporter;
/// use surmise::tune::Progress;
/// use surmise::{
///     CompletionCriteria, Configuration, EarlyStopping, Error, FunctionEvaluator, Objective,
///     ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace, StopReason,
///     Study, StudySettings, Tuner,
/// };
///
/// let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)])?;
/// let settings = StudySettings { limits: ResourceLimits::new(200, 2), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, settings)?;
/// let mut jobs = FunctionEvaluator::reporting(|c: &Configuration, reporter: &Reporter| {
///     for epoch in 1..10 {
///         if reporter.report(epoch, c.float("x") + 1.0 / epoch as f64).is_break() {
///             break;
///         }
///     }
///     Ok::<_, String>(c.float("x"))
/// });
/// let mut found = 0;
/// let tuned = Tuner::new()
///     .early_stopping(EarlyStopping::auto())
///     .completion(CompletionCriteria::target(0.05))
///     .observe(|_, progress| {
///         found += u32::from(matches!(progress, Progress::NewBest { .. }));
///         ControlFlow::Continue(())
///     })
///     .run(&mut study, &mut jobs)?;
/// assert!(matches!(tuned.reason, StopReason::TargetReached { .. }));
/// assert!(found > 0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Default)]
pub struct Tuner<'a> {
    pub(super) rules: TuningRules,
    pub(super) criteria: Vec<(String, Criterion<'a>)>,
    pub(super) observers: Vec<Observer<'a>>,
    pub(super) stop: Option<StopHandle>,
    pub(super) patience: Option<Duration>,
    pub(super) sink: Option<&'a mut dyn Sink>,
    pub(super) keep_patience: Option<Duration>,
}

impl fmt::Debug for Tuner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tuner").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl<'a> Tuner<'a> {
    /// The default rules, nobody watching.
    pub fn new() -> Self {
        Self::default()
    }

    /// These rules.
    pub fn with(rules: TuningRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The rules.
    pub fn rules(&self) -> &TuningRules {
        &self.rules
    }

    /// The same with this early stopping.
    #[must_use]
    pub fn early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.rules.early_stopping = early_stopping;
        self
    }

    /// The same with these completion criteria.
    #[must_use]
    pub fn completion(mut self, completion: CompletionCriteria) -> Self {
        self.rules.completion = completion;
        self
    }

    /// The same with these retries.
    #[must_use]
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.rules.retries = retries;
        self
    }

    /// The same with this deadline for each attempt.
    #[must_use]
    pub fn job_deadline(mut self, deadline: Duration) -> Self {
        self.rules.job_deadline = Some(deadline);
        self
    }

    /// The same with this circuit breaker, or none.
    #[must_use]
    pub fn circuit_breaker(mut self, breaker: Option<CircuitBreaker>) -> Self {
        self.rules.circuit_breaker = breaker;
        self
    }

    /// The same with this canary, or none.
    #[must_use]
    pub fn canary(mut self, canary: Option<Canary>) -> Self {
        self.rules.canary = canary;
        self
    }

    /// The same with a criterion of your own: it is enough when `is_met` says so, at the start or after a trial's end. Its name is told
    /// in [`StopReason::OwnCriterion`](crate::StopReason::OwnCriterion).
    #[must_use]
    pub fn complete_when(
        mut self,
        name: impl Into<String>,
        is_met: impl FnMut(&Study) -> bool + 'a,
    ) -> Self {
        self.criteria.push((name.into(), Box::new(is_met)));
        self
    }

    /// The same with an observer. If it says to break, it is enough: what runs is asked to stop.
    #[must_use]
    pub fn observe(
        mut self,
        observer: impl FnMut(&Study, &Progress<'_>) -> ControlFlow<()> + 'a,
    ) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// The same with a handle by which the tuning can be drained or cancelled from elsewhere.
    #[must_use]
    pub fn stop_by(mut self, handle: &StopHandle) -> Self {
        self.stop = Some(handle.clone());
        self
    }

    /// Keeps the study's events in `sink`, such as a [`Journal`](crate::journal::Journal). Each event is durable before the tuner acts on it. The time that earlier
    /// processes tuned counts against [`max_runtime`](crate::ResourceLimits::max_runtime), and the age of their attempts against deadlines and backoffs.
    ///
    /// While the sink fails (a disk is full, a file has vanished), the tuner starts no job, takes in the results of running ones, and tries again for as long as
    /// [`keep_patience`](Self::keep_patience) says.
    #[must_use]
    pub fn keep_in(mut self, sink: &'a mut dyn Sink) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Sets for how long the tuner tries to write to a failing [sink](Self::keep_in) once no job runs any more: a minute by default. Then
    /// [`run`](Self::run) returns the sink's error, and the study in memory still has all events.
    #[must_use]
    pub fn keep_patience(mut self, patience: Duration) -> Self {
        self.keep_patience = Some(patience);
        self
    }

    /// The same with another patience: how long jobs are waited for that were asked to stop because the tuning is over or was cancelled.
    ///
    /// By default it is 30 seconds after [`StopHandle::cancel`]; what has not ended by then stays pending, and another call adopts it. Where
    /// the tuning is over (its time is up, a criterion is met), it is the evaluator's own [`patience`](crate::Evaluator::patience): five seconds for
    /// closures; what has not ended by then has timed out, and is left behind.
    #[must_use]
    pub fn cancel_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }
}
