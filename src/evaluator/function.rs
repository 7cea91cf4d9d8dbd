//! The evaluator that calls a closure for every job, on one thread per job.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::contract::{Adoption, Evaluator, Job, JobEvent, JobId, StartOutcome};
use crate::error::EvaluatorError;
use crate::space::Configuration;
use crate::trial::{Failure, FailureKind, Outcome};

type Function = dyn Fn(&Configuration, &Reporter) -> Result<f64, Failure> + Send + Sync;

/// The default time that a closure may continue after its timeout, or after the end of the tuning.
const STOP_GRACE_PERIOD: Duration = Duration::from_secs(5);
/// Capacity of the message channel; a closure that fills it blocks.
const CHANNEL_CAPACITY: usize = 1024;

/// Calls a closure for every job, on one thread per job.
///
/// Use it when the function to optimize is Rust code. The closure takes a configuration, and
/// returns the value of the metric or an error:
///
/// ```
/// use surmise::{
///     Configuration, Error, FunctionEvaluator, Objective, ParameterRange, RandomSearch,
///     ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, tune,
/// };
///
/// let x = ParameterRange::continuous("x", -1.0..=9.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let settings = StudySettings { limits: ResourceLimits::new(20, 4), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("root"), RandomSearch, settings)?;
/// let mut evaluator = FunctionEvaluator::new(|c: &Configuration| {
///     let x = c.float("x");
///     if x < 0.0 { Err("x must not be negative") } else { Ok(x.sqrt()) }
/// });
/// tune(&mut study, &mut evaluator)?;
/// assert!(study.best().is_some());
/// # Ok::<(), Error>(())
/// ```
///
/// An error, a panic and a value that is not finite make the job fail; none of them ends the
/// tuning. A [`Failure`] that the closure returns as its error keeps its [`FailureKind`], which
/// decides about retries. To report intermediate values, for early stopping, use
/// [`reporting`](Self::reporting) and a [`Reporter`].
///
/// # Common mistakes
///
/// - **A closure that ignores the stop request.** A thread cannot be interrupted. A closure without
///   a [`Reporter`] runs to its end, and its value counts. If it is still running some time after
///   its timeout or after the end of the tuning ([five seconds by
///   default](Self::with_stop_grace_period)), its job fails as [`FailureKind::Timeout`]. The thread
///   continues to run, and its result is a [late](JobEvent::Late) one.
/// - **A closure that uses all processors itself.** The limit on concurrent jobs counts calls, not
///   threads. Set it to 1 if each call is parallel.
/// - **A program that is built with `panic = "abort"`.** A panic of the closure ends the program
///   then, and no failure is recorded.
///
/// Jobs are lost when the process ends. To run programs that outlive the tuner, see
/// [`CommandEvaluator`](crate::CommandEvaluator). The guide begins with a
/// [first tuning](crate::guide::first_tuning) of a function.
pub struct FunctionEvaluator {
    function: Arc<Function>,
    stop_grace_period: Duration,
    /// Running calls by their number.
    running: BTreeMap<u64, Call>,
    /// Calls that are still running although their jobs have been reported as ended.
    abandoned: BTreeMap<u64, JobId>,
    call_count: u64,
    /// The number of the last report of each call that `wait` has returned. The next call of `wait`
    /// means that the tuner has processed it.
    delivered: BTreeMap<u64, u64>,
    sender: SyncSender<(u64, Message)>,
    receiver: Receiver<(u64, Message)>,
    created: Instant,
}

#[derive(Debug)]
struct Call {
    job: JobId,
    feedback: Arc<Feedback>,
    /// The time at which the call is abandoned; `None` if its runtime is not limited.
    abandon_at: Option<Duration>,
}

enum Message {
    Report { number: u64, step: u64, value: f64 },
    Ended(Outcome),
}

/// Carries the tuner's decisions to the thread of a call.
#[derive(Debug, Default)]
struct Feedback {
    state: Mutex<FeedbackState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct FeedbackState {
    /// Number of reports that the closure has made.
    report_count: u64,
    /// Number of reports that the tuner has processed. They are processed in their order.
    processed_count: u64,
    /// True once the job is asked to stop, or the evaluator is dropped.
    is_stop_requested: bool,
}

impl Feedback {
    fn lock(&self) -> MutexGuard<'_, FeedbackState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_stop(&self) {
        self.lock().is_stop_requested = true;
        self.changed.notify_all();
    }

    fn mark_processed(&self, number: u64) {
        let mut state = self.lock();
        state.processed_count = state.processed_count.max(number);
        self.changed.notify_all();
    }

    /// Waits until the tuner has processed a report; returns whether the job is asked to stop.
    fn wait_until_processed(&self, number: u64) -> bool {
        let mut state = self.lock();
        while state.processed_count < number && !state.is_stop_requested {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_stop_requested
    }
}

/// Reports intermediate values of the metric from a running closure, and receives stop requests.
///
/// Early stopping needs these reports. A closure that only returns a final value needs no reporter.
///
/// ```
/// use surmise::evaluator::Reporter;
/// use surmise::{Configuration, FunctionEvaluator};
///
/// let evaluator = FunctionEvaluator::reporting(|c: &Configuration, reporter: &Reporter| {
///     let mut loss = 1.0;
///     for epoch in 1..=20 {
///         loss *= 1.0 - c.float("rate");
///         if reporter.report(epoch, loss).is_break() {
///             break; // Stopped early: the value reached so far becomes the trial's value.
///         }
///     }
///     Ok::<f64, String>(loss)
/// });
/// ```
pub struct Reporter {
    call: u64,
    job: JobId,
    timeout: Option<Duration>,
    feedback: Arc<Feedback>,
    /// True once the closure has seen the stop request. Its job counts as stopped only then.
    has_seen_stop: AtomicBool,
    sender: SyncSender<(u64, Message)>,
}

impl Reporter {
    /// Reports the value of the metric at a step, such as an epoch; returns whether to continue.
    ///
    /// The call blocks until the tuner has processed the report. So a job that is to be stopped
    /// does not continue, and a tuning with one worker and a seed is reproducible.
    ///
    /// After [`ControlFlow::Break`] the job counts as stopped: the value that the closure returns
    /// is its last value, not a final one.
    #[must_use = "a job that continues after a stop request wastes its time"]
    pub fn report(&self, step: u64, value: f64) -> ControlFlow<()> {
        let number = {
            let mut state = self.feedback.lock();
            state.report_count += 1;
            state.report_count
        };
        // Sending fails once the evaluator is dropped. The job must not continue then.
        let is_sent =
            self.sender.send((self.call, Message::Report { number, step, value })).is_ok();
        if !is_sent || self.feedback.wait_until_processed(number) {
            self.has_seen_stop.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Returns whether the tuner has requested the job to stop; needs no report.
    ///
    /// After `true` the job counts as stopped, as after [`report`](Self::report).
    pub fn should_stop(&self) -> bool {
        let is_stop_requested = self.feedback.lock().is_stop_requested;
        if is_stop_requested {
            self.has_seen_stop.store(true, Ordering::Relaxed);
        }
        is_stop_requested
    }

    /// Returns the identifier of the job, for names of files, seeds and the like.
    pub fn job(&self) -> JobId {
        self.job
    }

    /// Returns how long the job may run, counted from its start; `None` if that is not limited.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("job", &self.job).finish_non_exhaustive()
    }
}

impl FunctionEvaluator {
    /// Returns an evaluator that calls `function` with the configuration of each job.
    pub fn new<F, E>(function: F) -> Self
    where
        F: Fn(&Configuration) -> Result<f64, E> + Send + Sync + 'static,
        E: fmt::Display + 'static,
    {
        Self::reporting(move |configuration, _| function(configuration))
    }

    /// Returns an evaluator whose `function` also gets a [`Reporter`] for intermediate values.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn reporting<F, E>(function: F) -> Self
    where
        F: Fn(&Configuration, &Reporter) -> Result<f64, E> + Send + Sync + 'static,
        E: fmt::Display + 'static,
    {
        let (sender, receiver) = sync_channel(CHANNEL_CAPACITY);
        Self {
            function: Arc::new(move |configuration, reporter| {
                function(configuration, reporter).map_err(|error| failure_of(&error))
            }),
            stop_grace_period: STOP_GRACE_PERIOD,
            running: BTreeMap::new(),
            abandoned: BTreeMap::new(),
            call_count: 0,
            delivered: BTreeMap::new(),
            sender,
            receiver,
            created: Instant::now(),
        }
    }

    /// Sets how long a closure may run after its timeout, or after the end of the tuning, before
    /// its thread is abandoned; five seconds by default.
    ///
    /// Give more time to closures that take long between two reports.
    #[must_use]
    pub fn with_stop_grace_period(mut self, grace_period: Duration) -> Self {
        self.stop_grace_period = grace_period;
        self
    }

    /// Returns the event that a message of a call causes, if any.
    fn process_message(&mut self, call: u64, message: Message) -> Option<JobEvent> {
        match message {
            Message::Report { number, step, value } => {
                let job = self.running.get(&call)?.job;
                self.delivered.insert(call, number);
                Some(JobEvent::Report { job, step, value })
            }
            Message::Ended(outcome) => match self.running.remove(&call) {
                Some(Call { job, .. }) => Some(JobEvent::Ended { job, outcome }),
                None => {
                    let job = self.abandoned.remove(&call)?;
                    Some(JobEvent::Late { job, outcome })
                }
            },
        }
    }

    /// Unblocks the calls whose reports have been delivered: the tuner has processed them.
    fn acknowledge_delivered_reports(&mut self) {
        for (call, number) in std::mem::take(&mut self.delivered) {
            if let Some(call) = self.running.get(&call) {
                call.feedback.mark_processed(number);
            }
        }
    }

    /// Abandons the calls that run for too long, and ends their jobs.
    fn abandon_overdue_calls(&mut self) -> Vec<JobEvent> {
        let now = self.elapsed();
        let overdue =
            self.running.extract_if(.., |_, call| call.abandon_at.is_some_and(|t| t <= now));
        let overdue: Vec<(u64, Call)> = overdue.collect();
        let mut events = Vec::new();
        for (number, Call { job, feedback, .. }) in overdue {
            feedback.request_stop();
            self.abandoned.insert(number, job);
            let text = "the closure did not return within its timeout and the grace period after \
                        it; its thread is still running";
            let outcome = Outcome::Failed(Failure::new(FailureKind::Timeout, text));
            events.push(JobEvent::Ended { job, outcome });
        }
        events
    }
}

/// Converts the error of a closure; a `Failure` keeps its kind.
fn failure_of<E: fmt::Display + 'static>(error: &E) -> Failure {
    let failure = (error as &dyn Any).downcast_ref::<Failure>();
    failure.cloned().unwrap_or_else(|| Failure::new(FailureKind::Error, error.to_string()))
}

impl fmt::Debug for FunctionEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionEvaluator").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Evaluator for FunctionEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let id = job.id();
        if self.running.values().any(|call| call.job == id) {
            return Ok(StartOutcome::Adopted);
        }
        self.call_count += 1;
        let (call, feedback) = (self.call_count, Arc::new(Feedback::default()));
        let (function, sender) = (Arc::clone(&self.function), self.sender.clone());
        let configuration = job.trial.configuration.clone();
        let reporter = Reporter {
            call,
            job: id,
            timeout: job.timeout,
            feedback: Arc::clone(&feedback),
            has_seen_stop: AtomicBool::new(false),
            sender: sender.clone(),
        };
        let work = move || {
            let outcome = outcome_of(function.as_ref(), &configuration, &reporter);
            // Sending fails once the evaluator is dropped: the outcome is not needed then.
            let _ = sender.send((call, Message::Ended(outcome)));
        };
        #[allow(clippy::disallowed_methods, reason = "an evaluator starts the threads")]
        let spawned =
            thread::Builder::new().name(format!("surmise trial {}", id.trial)).spawn(work);
        spawned.map_err(|error| EvaluatorError::new(format!("cannot start a thread: {error}")))?;
        let max_runtime = job.timeout.map(|time| time.saturating_add(self.stop_grace_period));
        let abandon_at = max_runtime.map(|time| self.elapsed().saturating_add(time));
        self.running.insert(call, Call { job: id, feedback, abandon_at });
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.elapsed().saturating_add(timeout);
        self.acknowledge_delivered_reports();
        loop {
            let mut events = self.abandon_overdue_calls();
            let now = self.elapsed();
            let wake =
                self.running.values().filter_map(|call| call.abandon_at).fold(until, Duration::min);
            let remaining =
                if events.is_empty() { wake.saturating_sub(now) } else { Duration::ZERO };
            match self.receiver.recv_timeout(remaining) {
                Ok((call, message)) => events.extend(self.process_message(call, message)),
                // The evaluator holds a sender itself, so the channel is never closed.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            // The number is bounded, so that closures that report without pause delay no timeout.
            let messages: Vec<_> = self.receiver.try_iter().take(CHANNEL_CAPACITY).collect();
            for (call, message) in messages {
                events.extend(self.process_message(call, message));
            }
            if !events.is_empty() || self.elapsed() >= until {
                return Ok(events);
            }
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        for call in self.running.values().filter(|call| call.job == job) {
            call.feedback.request_stop();
        }
        Ok(())
    }

    fn loses_jobs_on_exit(&self) -> bool {
        true
    }

    fn elapsed(&self) -> Duration {
        self.created.elapsed()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        let is_running = self.running.values().any(|call| call.job == job.id());
        Ok(if is_running { Adoption::Running } else { Adoption::NotRunning })
    }

    fn stop_grace_period(&self) -> Duration {
        self.stop_grace_period
    }
}

impl Drop for FunctionEvaluator {
    /// Unblocks the closures that wait in [`Reporter::report`], and asks all to stop.
    fn drop(&mut self) {
        self.running.values().for_each(|call| call.feedback.request_stop());
    }
}

fn outcome_of(function: &Function, configuration: &Configuration, reporter: &Reporter) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| function(configuration, reporter)));
    let has_seen_stop = reporter.has_seen_stop.load(Ordering::Relaxed);
    match result {
        Ok(Ok(value)) if has_seen_stop => Outcome::Stopped { value: Some(value) },
        Ok(Ok(value)) => Outcome::from(value),
        // A closure may return an error to leave after a stop request. A `Failure` with another
        // kind than `Error` is a real failure.
        Ok(Err(failure)) if has_seen_stop && failure.kind == FailureKind::Error => {
            Outcome::Stopped { value: None }
        }
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(payload) => {
            Outcome::Failed(Failure::new(FailureKind::Panic, panic_message(payload.as_ref())))
        }
    }
}

/// Returns the message of a panic's payload, or a placeholder if it has none.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests;
