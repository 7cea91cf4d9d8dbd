//! A function as the evaluator: every job is a call of a closure on a thread of its own.

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

use super::contract::{Adoption, Evaluator, Job, JobEvent, JobId, Start};
use crate::error::EvaluatorError;
use crate::space::Configuration;
use crate::trial::{Failure, FailureKind, Outcome};

type Function = dyn Fn(&Configuration, &Reporter) -> Result<f64, Failure> + Send + Sync;

/// How long a closure is waited for beyond its deadline, or beyond the end of the tuning, unless another patience is given.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages that wait to be heard; a closure that makes more waits itself.
const BACKLOG: usize = 1024;

/// Runs a closure for every job, each on a thread of its own.
///
/// An error that the closure returns, a panic, and a value that is not finite make the job fail; none of them ends the tuning. An error
/// that is a [`Failure`] keeps its kind. (In a program that is built with `panic = "abort"` a panic ends the program, as everywhere.)
///
/// A report waits for its answer: [`Reporter::report`] returns when it has been judged, so that a job is never told to go on by mistake, and with
/// one worker and a seed a tuning is the same every time.
///
/// A closure cannot be interrupted from outside. One that takes a [`Reporter`] learns whether it is to stop; another one runs to its end, and
/// its outcome counts. Only if it is still at work some time after its deadline, or after the tuning is over (five seconds,
/// [unless](Self::with_patience) another is given), its job ends as [`FailureKind::Timeout`], and its thread is left behind; what
/// it returns then is [late](JobEvent::Late).
///
/// ```
/// use surmise::{Configuration, FunctionEvaluator};
///
/// let evaluator = FunctionEvaluator::new(|c: &Configuration| {
///     let x = c.float("x");
///     if x < 0.0 { Err("no root of a negative number") } else { Ok(x.sqrt()) }
/// });
/// ```
pub struct FunctionEvaluator {
    function: Arc<Function>,
    patience: Duration,
    /// By the number of the call.
    running: BTreeMap<u64, Call>,
    /// Calls whose jobs have been told as ended, though they go on.
    left_behind: BTreeMap<u64, JobId>,
    calls: u64,
    /// Reports that have been delivered, by call: when more is asked for, they have been judged.
    delivered: BTreeMap<u64, u64>,
    sender: SyncSender<(u64, Message)>,
    receiver: Receiver<(u64, Message)>,
    made: Instant,
}

#[derive(Debug)]
struct Call {
    job: JobId,
    answers: Arc<Answers>,
    /// When it is no longer waited for.
    given_up: Option<Duration>,
}

enum Message {
    Report { number: u64, step: u64, value: f64 },
    Ended(Outcome),
}

/// What a closure is told.
#[derive(Debug, Default)]
struct Answers {
    state: Mutex<Answered>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Answered {
    /// Reports that were made.
    made: u64,
    /// Reports, from the first on, that have been judged.
    judged: u64,
    /// Whether the job is to stop, or nobody listens any more.
    stop: bool,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Answered> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_all();
    }

    fn judged(&self, number: u64) {
        let mut state = self.lock();
        state.judged = state.judged.max(number);
        self.changed.notify_all();
    }

    /// Waits until a report has been judged; whether the job is to stop.
    fn wait_for(&self, number: u64) -> bool {
        let mut state = self.lock();
        while state.judged < number && !state.stop {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.stop
    }
}

/// What a closure tells of its job while it runs, and what it is told.
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
///             break; // It promises little: what it has is what counts.
///         }
///     }
///     Ok::<f64, String>(loss)
/// });
/// ```
pub struct Reporter {
    call: u64,
    job: JobId,
    deadline: Option<Duration>,
    answers: Arc<Answers>,
    /// Whether the closure has been told to stop: it cannot have heeded what it did not hear.
    told: AtomicBool,
    sender: SyncSender<(u64, Message)>,
}

impl Reporter {
    /// Reports the metric at a step (an epoch, a round: whatever the job counts), and says whether to go on. It returns when the report has
    /// been judged.
    ///
    /// Whoever has been told to break has stopped, whatever it does then: what the closure returns counts as the value that it had
    /// reached, not as a final one.
    #[must_use = "a job that is to stop and goes on is for nothing"]
    pub fn report(&self, step: u64, value: f64) -> ControlFlow<()> {
        let number = {
            let mut state = self.answers.lock();
            state.made += 1;
            state.made
        };
        // Nobody listens any more if the evaluator is gone: then there is no reason to go on.
        let is_heard =
            self.sender.send((self.call, Message::Report { number, step, value })).is_ok();
        if !is_heard || self.answers.wait_for(number) {
            self.told.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Whether the job is to stop. If it does, what the closure returns is the value that it had reached.
    pub fn should_stop(&self) -> bool {
        let stop = self.answers.lock().stop;
        if stop {
            self.told.store(true, Ordering::Relaxed);
        }
        stop
    }

    /// Which job it is: for names of files, seeds, and the like.
    pub fn job(&self) -> JobId {
        self.job
    }

    /// How long the job may run in all.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("job", &self.job).finish_non_exhaustive()
    }
}

impl FunctionEvaluator {
    /// An evaluator that calls `function`.
    pub fn new<F, E>(function: F) -> Self
    where
        F: Fn(&Configuration) -> Result<f64, E> + Send + Sync + 'static,
        E: fmt::Display + 'static,
    {
        Self::reporting(move |configuration, _| function(configuration))
    }

    /// An evaluator that calls `function`, which reports its metric on the way.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn reporting<F, E>(function: F) -> Self
    where
        F: Fn(&Configuration, &Reporter) -> Result<f64, E> + Send + Sync + 'static,
        E: fmt::Display + 'static,
    {
        let (sender, receiver) = sync_channel(BACKLOG);
        Self {
            function: Arc::new(move |configuration, reporter| {
                function(configuration, reporter).map_err(|error| failure_of(&error))
            }),
            patience: PATIENCE,
            running: BTreeMap::new(),
            left_behind: BTreeMap::new(),
            calls: 0,
            delivered: BTreeMap::new(),
            sender,
            receiver,
            made: Instant::now(),
        }
    }

    /// The same with another patience: how long after its deadline, or after the end of the tuning, a closure that is still at work is left
    /// behind. Five seconds by default.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What a message of a call means, if anything.
    fn hear(&mut self, call: u64, message: Message) -> Option<JobEvent> {
        match message {
            Message::Report { number, step, value } => {
                let job = self.running.get(&call)?.job;
                self.delivered.insert(call, number);
                Some(JobEvent::Report { job, step, value })
            }
            Message::Ended(outcome) => match self.running.remove(&call) {
                Some(Call { job, .. }) => Some(JobEvent::Ended { job, outcome }),
                None => {
                    let job = self.left_behind.remove(&call)?;
                    Some(JobEvent::Late { job, outcome })
                }
            },
        }
    }

    /// Answers what has been delivered: whoever was not asked to stop since may go on.
    fn answer(&mut self) {
        for (call, number) in std::mem::take(&mut self.delivered) {
            if let Some(call) = self.running.get(&call) {
                call.answers.judged(number);
            }
        }
    }

    /// Ends the jobs of calls that take too long.
    fn give_up(&mut self) -> Vec<JobEvent> {
        let now = self.elapsed();
        let overdue =
            self.running.extract_if(.., |_, call| call.given_up.is_some_and(|t| t <= now));
        let overdue: Vec<(u64, Call)> = overdue.collect();
        let mut events = Vec::new();
        for (number, Call { job, answers, .. }) in overdue {
            answers.stop();
            self.left_behind.insert(number, job);
            let text = "the closure did not heed its deadline; its thread is left behind";
            let outcome = Outcome::Failed(Failure::new(FailureKind::Timeout, text));
            events.push(JobEvent::Ended { job, outcome });
        }
        events
    }
}

/// The failure that an error stands for.
fn failure_of<E: fmt::Display + 'static>(error: &E) -> Failure {
    let known = (error as &dyn Any).downcast_ref::<Failure>();
    known.cloned().unwrap_or_else(|| Failure::new(FailureKind::Error, error.to_string()))
}

impl fmt::Debug for FunctionEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionEvaluator").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Evaluator for FunctionEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        if self.running.values().any(|call| call.job == id) {
            return Ok(Start::Adopted);
        }
        self.calls += 1;
        let (call, answers) = (self.calls, Arc::new(Answers::default()));
        let (function, sender) = (Arc::clone(&self.function), self.sender.clone());
        let configuration = job.trial.configuration.clone();
        let reporter = Reporter {
            call,
            job: id,
            deadline: job.deadline,
            answers: Arc::clone(&answers),
            told: AtomicBool::new(false),
            sender: sender.clone(),
        };
        let work = move || {
            let outcome = outcome_of(function.as_ref(), &configuration, &reporter);
            // Nobody listens any more if the evaluator is gone: then nobody wants to know.
            let _ = sender.send((call, Message::Ended(outcome)));
        };
        #[allow(clippy::disallowed_methods, reason = "an evaluator starts the threads")]
        let spawned =
            thread::Builder::new().name(format!("surmise trial {}", id.trial)).spawn(work);
        spawned.map_err(|error| EvaluatorError::new(format!("cannot start a thread: {error}")))?;
        let allowed = job.deadline.map(|deadline| deadline.saturating_add(self.patience));
        let given_up = allowed.map(|allowed| self.elapsed().saturating_add(allowed));
        self.running.insert(call, Call { job: id, answers, given_up });
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.elapsed().saturating_add(timeout);
        self.answer();
        loop {
            let mut events = self.give_up();
            let now = self.elapsed();
            let wake =
                self.running.values().filter_map(|call| call.given_up).fold(until, Duration::min);
            let left = if events.is_empty() { wake.saturating_sub(now) } else { Duration::ZERO };
            match self.receiver.recv_timeout(left) {
                Ok((call, message)) => events.extend(self.hear(call, message)),
                // The evaluator holds a sender of its own, so the channel is never closed.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            // Not without end: who talks faster than anyone listens must not keep deadlines from being looked at.
            for (call, message) in self.receiver.try_iter().take(BACKLOG).collect::<Vec<_>>() {
                events.extend(self.hear(call, message));
            }
            if !events.is_empty() || self.elapsed() >= until {
                return Ok(events);
            }
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        for call in self.running.values().filter(|call| call.job == job) {
            call.answers.stop();
        }
        Ok(())
    }

    fn loses_jobs(&self) -> bool {
        true
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        let runs = self.running.values().any(|call| call.job == job.id());
        Ok(if runs { Adoption::Running } else { Adoption::NotRunning })
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}

impl Drop for FunctionEvaluator {
    /// Lets closures go on that wait for an answer: they are told to stop.
    fn drop(&mut self) {
        self.running.values().for_each(|call| call.answers.stop());
    }
}

fn outcome_of(function: &Function, configuration: &Configuration, reporter: &Reporter) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| function(configuration, reporter)));
    let was_told = reporter.told.load(Ordering::Relaxed);
    match result {
        Ok(Ok(value)) if was_told => Outcome::Stopped { value: Some(value) },
        Ok(Ok(value)) => Outcome::from(value),
        // Some leave by an error when they are told to stop; but one with a kind means it.
        Ok(Err(failure)) if was_told && failure.kind == FailureKind::Error => {
            Outcome::Stopped { value: None }
        }
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(payload) => {
            Outcome::Failed(Failure::new(FailureKind::Panic, panic_message(payload.as_ref())))
        }
    }
}

/// What a panic says, if it says something.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests;
