//! The only loop: asks the study, starts jobs under the limits, tells what came of them, and knows when it is enough.

mod endings;
mod events;
mod probe;
#[cfg(feature = "progress-bar")]
mod progress_bar;
mod proposing;
mod run;
mod starting;
mod stop_handle;
#[cfg(feature = "tracing")]
mod trace;

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

#[cfg(feature = "progress-bar")]
pub use self::progress_bar::progress_bar;
use self::run::Run;
pub use self::stop_handle::StopHandle;
#[cfg(feature = "tracing")]
pub use self::trace::trace;
use crate::error::Error;
use crate::evaluator::{Evaluator, EvaluatorError, JobEvent, JobId, RunningJob};
use crate::limits::{
    Canary, CircuitBreaker, CompletionCriteria, EarlyStopping, RetryPolicy, TuningRules,
};
use crate::study::{Event, Study};
use crate::trial::{Failure, Trial, TrialId};

/// Why the tuning ended, with the figures behind it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StopReason {
    /// As many jobs have run as the limits allow.
    JobLimit {
        /// That many.
        jobs: usize,
    },
    /// Every configuration of the space, or of the grid, has been asked or told.
    SpaceExhausted {
        /// Jobs that have run.
        jobs: usize,
    },
    /// The time was up; what ran was asked to stop.
    MaxRuntime {
        /// The time that there was.
        limit: Duration,
        /// Jobs that have run.
        jobs: usize,
    },
    /// A job reached the target.
    TargetReached {
        /// Its trial.
        trial: TrialId,
        /// Its value.
        value: f64,
        /// What was to be reached.
        target: f64,
    },
    /// The best value did not improve for a while.
    NotImproving {
        /// So many jobs in a row ended without improving it.
        jobs: usize,
        /// The trial of the best value.
        best: TrialId,
        /// The best value.
        value: f64,
    },
    /// A criterion of somebody's own was met.
    OwnCriterion {
        /// Its name.
        name: String,
    },
    /// Hardly anything came off.
    TooManyFailures {
        /// So many jobs failed…
        failures: usize,
        /// …of this many that ended last.
        of_last: usize,
        /// How the last one failed.
        last: Failure,
    },
    /// The first jobs came to nothing for a reason that no configuration can mend. See [`Canary`].
    FirstJobsFailed {
        /// So many jobs.
        jobs: usize,
        /// How the last one failed.
        last: Failure,
    },
    /// Jobs in a row ended well and told no metric.
    MissingMetrics {
        /// So many jobs.
        jobs: usize,
        /// How the last one failed.
        last: Failure,
    },
    /// The evaluator's budget is spent: nothing more was started, what ran came to its end.
    OutOfBudget {
        /// What had been spent then.
        spent: Duration,
        /// What there was.
        budget: Duration,
        /// Jobs that have run.
        jobs: usize,
    },
    /// An observer said to break.
    Observer,
    /// Somebody asked to drain: nothing more was started, what ran came to its end.
    Drained {
        /// Jobs that have run.
        jobs: usize,
    },
    /// Somebody cancelled.
    Cancelled {
        /// So many jobs had not ended when it was no longer waited for. They are pending; another call adopts them.
        left_running: usize,
    },
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JobLimit { jobs } => {
                write!(f, "{jobs} jobs have run, as many as the limits allow")
            }
            Self::SpaceExhausted { jobs } => {
                write!(f, "everything has been tried, in {jobs} jobs")
            }
            Self::MaxRuntime { limit, jobs } => {
                write!(f, "{limit:?} are over, in which {jobs} jobs have run")
            }
            Self::TargetReached { trial, value, target } => {
                write!(f, "trial {trial} reached {value}; the target is {target}")
            }
            Self::NotImproving { jobs, best, value } => {
                write!(
                    f,
                    "{jobs} jobs in a row did not improve on {value}, the value of trial {best}"
                )
            }
            Self::OwnCriterion { name } => write!(f, "{name}"),
            Self::TooManyFailures { failures, of_last, last } => {
                write!(f, "{failures} of the last {of_last} jobs failed; the last one by {last}")
            }
            Self::FirstJobsFailed { jobs, last } => write!(
                f,
                "the first {jobs} jobs came to nothing, and no configuration can mend why; the last one by {last}"
            ),
            Self::MissingMetrics { jobs, last } => {
                write!(f, "{jobs} jobs in a row told no metric; the last one by {last}")
            }
            Self::OutOfBudget { spent, budget, jobs } => {
                write!(f, "{spent:?} of a budget of {budget:?} are spent, in {jobs} jobs")
            }
            Self::Observer => f.write_str("an observer said to break"),
            Self::Drained { jobs } => write!(f, "drained on request, after {jobs} jobs"),
            Self::Cancelled { left_running: 0 } => f.write_str("cancelled on request"),
            Self::Cancelled { left_running } => {
                write!(f, "cancelled on request; {left_running} jobs had not ended")
            }
        }
    }
}

/// How the tuning went.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tuned {
    /// Why it ended.
    pub reason: StopReason,
    /// Events that changed nothing: of jobs that were not running, or of what came after a decision that counts. The first hundred of them.
    pub disregarded: Vec<JobEvent>,
    /// How many such events there were in all.
    pub disregarded_count: usize,
    /// Settings that work but are probably a mistake, and what the evaluator warned of, one sentence each.
    pub warnings: Vec<String>,
    /// Jobs that may still run, and cost, where they are not waited for any more: with what they are called there.
    pub may_still_run: Vec<RunningJob>,
}

/// What happens while a study is tuned.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// An event has just been recorded in the ledger; nothing has been done about it yet.
    Recorded(&'a Event),
    /// A completed trial has the best value so far.
    NewBest {
        /// The trial.
        trial: &'a Trial,
        /// Its value.
        value: f64,
    },
    /// A job runs.
    Started {
        /// Which one.
        job: JobId,
        /// Whether it ran already, as after a restart.
        adopted: bool,
    },
    /// There is no room for a job.
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The evaluator's budget is spent: nothing is started, and what runs comes to its end. If the budget is raised before, the tuning goes on.
    OutOfBudget {
        /// What has been spent.
        spent: Duration,
        /// What there was.
        budget: Duration,
    },
    /// An attempt failed, and there will be another one.
    Retrying {
        /// The attempt that will be.
        job: JobId,
        /// After this time.
        after: Duration,
    },
    /// An event changed nothing.
    Disregarded(&'a JobEvent),
    /// No jobs can be run for now.
    Paused {
        /// Why.
        why: &'a str,
    },
    /// Jobs can be run again.
    Resumed,
    /// A setting works but is probably a mistake, or the evaluator warns of something. Each warning comes once.
    Warning(&'a str),
    /// It is over.
    Over(&'a StopReason),
}

type Observer<'a> = Box<dyn FnMut(&Study, &Progress<'_>) -> ControlFlow<()> + 'a>;
type Criterion<'a> = Box<dyn FnMut(&Study) -> bool + 'a>;

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
/// use surmise::*;
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
    rules: TuningRules,
    criteria: Vec<(String, Criterion<'a>)>,
    observers: Vec<Observer<'a>>,
    stop: Option<StopHandle>,
    patience: Option<Duration>,
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
    /// in [`StopReason::OwnCriterion`].
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

    /// The same with another patience: how long jobs are waited for that were asked to stop because the tuning is over or was cancelled.
    ///
    /// By default it is 30 seconds after [`StopHandle::cancel`]; what has not ended by then stays pending, and another call adopts it. Where
    /// the tuning is over (its time is up, a criterion is met), it is the evaluator's own [`patience`](Evaluator::patience): five seconds for
    /// closures; what has not ended by then has timed out, and is left behind.
    #[must_use]
    pub fn cancel_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Runs the study to its end: never more than `max_parallel_jobs` at once, nor `max_jobs` in all.
    ///
    /// Trials that were asked before, but have not ended, run first, as far as `max_jobs` allows; every trial of the study's own
    /// that has ended counts as a job, unless it was [cut off](Trial::was_cut_off): then it comes first. Criteria that are met already end it before anything is started. A trial that waits for its
    /// next attempt keeps its place.
    ///
    /// Proposals are computed on a thread of their own while jobs run, so that deadlines, cancellations and reports do not wait for them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the rules make no sense or the evaluator cannot pass what the space has, [`Error::Evaluator`] if no jobs can be run, or an error of the strategy. The ledger
    /// is then intact: the trials that were running are pending, and another call goes on with them.
    pub fn run(
        &mut self,
        study: &mut Study,
        evaluator: &mut dyn Evaluator,
    ) -> Result<Tuned, Error> {
        self.rules.check()?;
        evaluator.check_space(study.space())?;
        let located = study.trials().iter().filter(|trial| trial.place.is_some());
        evaluator.recall(&located.collect::<Vec<_>>())?;
        Run::resume(self, study, evaluator).drive().map_err(|error| match error {
            // Whoever reads the error shall know what still costs.
            Error::Evaluator(error) => Error::Evaluator(and_what_may_run(error, evaluator)),
            error => error,
        })
    }
}

/// An error, with the names of the jobs that may still run.
fn and_what_may_run(mut error: EvaluatorError, evaluator: &mut dyn Evaluator) -> EvaluatorError {
    let jobs = evaluator.may_still_run();
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        error.reason.push_str(&format!("; these jobs may still run, and cost: {names}"));
    }
    error
}

/// Runs a study to its end under the default rules. See [`Tuner`].
///
/// # Errors
/// Those of [`Tuner::run`].
pub fn tune(study: &mut Study, evaluator: &mut dyn Evaluator) -> Result<Tuned, Error> {
    Tuner::new().run(study, evaluator)
}
