//! The configuration of a tuning: rules, criteria, observers, journal.

use super::progress::{Criterion, Observer, Progress};
use super::stop_handle::StopHandle;
use crate::limits::{
    Canary, CircuitBreaker, CompletionCriteria, EarlyStopping, RetryPolicy, TuningRules,
};
use crate::study::{EventSink, Study};
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

/// Runs a study until it is complete, under rules of your choice.
///
/// [`tune()`](crate::tune::tune) uses the default rules: interrupted and throttled jobs are
/// retried, and ten failed jobs in a row end the tuning. A tuner adds early stopping, completion
/// criteria, timeouts, observers, a stop handle, and a journal.
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
/// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([range])?;
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
/// let mut improvements = 0;
/// let result = Tuner::new()
///     .early_stopping(EarlyStopping::auto())
///     .completion(CompletionCriteria::target(0.05))
///     .on_progress(|_, progress| {
///         improvements += u32::from(matches!(progress, Progress::NewBest { .. }));
///         ControlFlow::Continue(())
///     })
///     .run(&mut study, &mut jobs)?;
/// assert!(matches!(result.reason, StopReason::TargetReached { .. }));
/// assert!(improvements > 0);
/// # Ok::<(), Error>(())
/// ```
///
/// To survive a crash, write a [`Journal`](crate::journal::Journal) by
/// [`journal_to`](Self::journal_to). To stop on Ctrl-C, pass a [`StopHandle`] by
/// [`stop_handle`](Self::stop_handle). The limits (number of jobs, parallel jobs, runtime) belong
/// to the study: see [`StudySettings::limits`](crate::StudySettings::limits).
///
/// # Common mistakes
///
/// - *Early stopping without reports.* Nothing can be stopped: the tuner warns once a job has
///   completed without a report.
/// - *As many parallel jobs as jobs.* All jobs start before any result is known, as in random
///   search. A tenth of `max_jobs` is a good number.
/// - *A second process tunes the same journal.* The journal is locked: opening it returns an error.
/// - *A tuner is sent to another thread.* A `Tuner` is not `Send`, because observers and criteria
///   are closures of the thread that made it. Create it inside the thread, and stop it by a
///   [`StopHandle`], which is `Send`.
///
/// The guide has chapters on [parallel jobs](crate::guide::parallel_jobs),
/// [failures](crate::guide::failures), [stopping](crate::guide::stopping) and
/// [async programs](crate::guide::async_programs).
#[derive(Default)]
pub struct Tuner<'a> {
    pub(super) rules: TuningRules,
    pub(super) criteria: Vec<(String, Criterion<'a>)>,
    pub(super) observers: Vec<Observer<'a>>,
    pub(super) stop_handle: Option<StopHandle>,
    pub(super) stop_grace_period: Option<Duration>,
    pub(super) sink: Option<&'a mut dyn EventSink>,
    pub(super) journal_retry_time: Option<Duration>,
}

impl fmt::Debug for Tuner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tuner").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl<'a> Tuner<'a> {
    /// Creates a tuner with the default rules and without observers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a tuner with these rules, such as rules read from a file.
    pub fn with_rules(rules: TuningRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Returns the rules of the tuner.
    pub fn rules(&self) -> &TuningRules {
        &self.rules
    }

    /// Sets the rule by which jobs are stopped early; off by default.
    ///
    /// Jobs must report intermediate values for it.
    #[must_use]
    pub fn early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.rules.early_stopping = early_stopping;
        self
    }

    /// Sets when the tuning is complete, besides the limits of the study; none by default.
    ///
    /// The criteria are a target value and a number of jobs in a row without improvement.
    #[must_use]
    pub fn completion(mut self, completion: CompletionCriteria) -> Self {
        self.rules.completion = completion;
        self
    }

    /// Sets how often failed attempts are retried, by kind of failure, and the delays before
    /// retries.
    ///
    /// By default interrupted and throttled jobs are retried, and jobs without a metric once: see
    /// [`RetryPolicy`].
    #[must_use]
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.rules.retries = retries;
        self
    }

    /// Sets how long an attempt at a trial may run; without limit by default.
    ///
    /// A job that exceeds it is asked to stop, and fails as a timeout.
    #[must_use]
    pub fn job_timeout(mut self, timeout: Duration) -> Self {
        self.rules.job_timeout = Some(timeout);
        self
    }

    /// Sets how many failed jobs end the tuning: ten in a row by default. `None` never ends it for
    /// failures.
    ///
    /// See [`CircuitBreaker`].
    #[must_use]
    pub fn circuit_breaker(mut self, breaker: Option<CircuitBreaker>) -> Self {
        self.rules.circuit_breaker = breaker;
        self
    }

    /// Sets how many failures of the first jobs end the tuning; `None` (the default) means no
    /// limit.
    ///
    /// See [`Canary`]: with it, a wrong program or role does not waste many jobs.
    #[must_use]
    pub fn canary(mut self, canary: Option<Canary>) -> Self {
        self.rules.canary = canary;
        self
    }

    /// Adds a custom completion criterion: the tuning ends when `is_met` returns `true`.
    ///
    /// It is called at the start and after the end of each trial. Its name is in
    /// [`StopReason::CustomCriterion`](crate::StopReason::CustomCriterion).
    #[must_use]
    pub fn complete_when(
        mut self,
        name: impl Into<String>,
        is_met: impl FnMut(&Study) -> bool + 'a,
    ) -> Self {
        self.criteria.push((name.into(), Box::new(is_met)));
        self
    }

    /// Adds an observer, which the tuner calls for every [`Progress`] event; none by default.
    ///
    /// If it returns `ControlFlow::Break`, the tuning ends, and running jobs are asked to stop.
    #[must_use]
    pub fn on_progress(
        mut self,
        observer: impl FnMut(&Study, &Progress<'_>) -> ControlFlow<()> + 'a,
    ) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Sets a handle by which another thread or a signal handler ends the tuning; none by default.
    #[must_use]
    pub fn stop_handle(mut self, handle: &StopHandle) -> Self {
        self.stop_handle = Some(handle.clone());
        self
    }

    /// Persists the study's events in `sink`, usually a [`Journal`](crate::journal::Journal); not
    /// persisted by default.
    ///
    /// Each event is durable before the tuner acts on it. The [time](EventSink::time_spent) that
    /// the study was tuned before counts against
    /// [`max_runtime`](crate::ResourceLimits::max_runtime). The age of earlier attempts counts
    /// against timeouts and backoffs.
    ///
    /// While the sink fails (a full disk, a deleted file), the tuner starts no job and collects the
    /// results of running ones. It tries again for as long as
    /// [`journal_retry_time`](Self::journal_retry_time) says.
    #[must_use]
    pub fn journal_to(mut self, sink: &'a mut dyn EventSink) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Sets how long to retry writing to a failing [sink](Self::journal_to) when no job runs; one
    /// minute by default.
    ///
    /// After that, [`run`](Self::run) returns the sink's error. The study in memory still has all
    /// events.
    #[must_use]
    pub fn journal_retry_time(mut self, time: Duration) -> Self {
        self.journal_retry_time = Some(time);
        self
    }

    /// Sets how long to wait for running jobs to stop, after the tuning has ended or was cancelled.
    ///
    /// After [`StopHandle::cancel`], the default is 30 seconds. Jobs that have not ended by then
    /// stay pending, and another call adopts them.
    ///
    /// Where the tuning has ended (by a criterion or the maximum runtime), the default is the
    /// evaluator's own [`stop_grace_period`](crate::Evaluator::stop_grace_period): five seconds for
    /// closures. Jobs that have not ended by then time out.
    #[must_use]
    pub fn stop_grace_period(mut self, period: Duration) -> Self {
        self.stop_grace_period = Some(period);
        self
    }
}
