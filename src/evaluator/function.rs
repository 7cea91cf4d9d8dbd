//! A function as the evaluator: every job is a call of a closure on a thread of its own.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{Evaluator, EvaluatorError, Job, JobEvent, JobId, Start};
use crate::space::Configuration;
use crate::trial::{Failure, FailureKind, Outcome};

type Function = dyn Fn(&Configuration) -> Result<f64, String> + Send + Sync;

/// Runs a closure for every job, each on a thread of its own.
///
/// An error that the closure returns, a panic, and a value that is not finite make the job fail; none of them ends the
/// tuning. A closure cannot be interrupted: [`stop`](Evaluator::stop) lets it run to its end, and its outcome counts.
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
    running: HashSet<JobId>,
    sender: Sender<JobEvent>,
    receiver: Receiver<JobEvent>,
    made: Instant,
}

impl FunctionEvaluator {
    /// An evaluator that calls `function`.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn new<F, E>(function: F) -> Self
    where
        F: Fn(&Configuration) -> Result<f64, E> + Send + Sync + 'static,
        E: fmt::Display,
    {
        let (sender, receiver) = channel();
        Self {
            function: Arc::new(move |configuration| {
                function(configuration).map_err(|error| error.to_string())
            }),
            running: HashSet::new(),
            sender,
            receiver,
            made: Instant::now(),
        }
    }

    fn end(&mut self, event: JobEvent) -> JobEvent {
        if let JobEvent::Ended { job, .. } = &event {
            self.running.remove(job);
        }
        event
    }
}

impl fmt::Debug for FunctionEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionEvaluator").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Evaluator for FunctionEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        if self.running.contains(&id) {
            return Ok(Start::Adopted);
        }
        let (function, sender) = (Arc::clone(&self.function), self.sender.clone());
        let configuration = job.trial.configuration.clone();
        let work = move || {
            let outcome = call(function.as_ref(), &configuration);
            // Nobody listens any more if the evaluator is gone: then nobody wants to know.
            let _ = sender.send(JobEvent::Ended { job: id, outcome });
        };
        #[allow(clippy::disallowed_methods, reason = "an evaluator starts the threads")]
        let spawned =
            thread::Builder::new().name(format!("surmise trial {}", id.trial)).spawn(work);
        spawned.map_err(|error| EvaluatorError::new(format!("cannot start a thread: {error}")))?;
        self.running.insert(id);
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let mut events = Vec::new();
        match self.receiver.recv_timeout(timeout) {
            Ok(event) => events.push(self.end(event)),
            // The evaluator holds a sender of its own, so the channel is never closed.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(events),
        }
        while let Ok(event) = self.receiver.try_recv() {
            let event = self.end(event);
            events.push(event);
        }
        Ok(events)
    }

    fn stop(&mut self, _job: JobId) -> Result<(), EvaluatorError> {
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }
}

fn call(function: &Function, configuration: &Configuration) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| function(configuration))) {
        Ok(Ok(value)) => Outcome::from(value),
        Ok(Err(message)) => Outcome::Failed(Failure::new(FailureKind::Error, message)),
        Err(payload) => {
            Outcome::Failed(Failure::new(FailureKind::Panic, panic_message(payload.as_ref())))
        }
    }
}

/// What a panic says, if it says something.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{Source, Trial, TrialId};

    fn outcome_of<E: fmt::Display>(
        function: impl Fn(&Configuration) -> Result<f64, E> + Send + Sync + 'static,
    ) -> Outcome {
        let trial = Trial {
            id: TrialId(1),
            source: Source::Own,
            configuration: Configuration::default(),
            reports: Vec::new(),
            outcome: None,
        };
        let mut evaluator = FunctionEvaluator::new(function);
        let job = Job { trial: &trial, attempt: 1 };
        assert_eq!(evaluator.start(&job).unwrap(), Start::Started);
        let events = evaluator.wait(Duration::from_secs(20)).unwrap();
        assert!(evaluator.wait(Duration::ZERO).unwrap().is_empty(), "a job ends once");
        assert_eq!(evaluator.start(&job).unwrap(), Start::Started, "it has ended");
        assert_eq!(evaluator.start(&job).unwrap(), Start::Adopted, "it runs");
        match events.as_slice() {
            [JobEvent::Ended { job: id, outcome }] if *id == job.id() => outcome.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_way_to_end_is_told() {
        let failed = |outcome: Outcome| match outcome {
            Outcome::Failed(failure) => (failure.kind, failure.message),
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome_of(|_| Ok::<_, String>(2.5)), Outcome::Completed { value: 2.5 });
        let (kind, message) = failed(outcome_of(|_| Err("no luck")));
        assert_eq!((kind, message.as_str()), (FailureKind::Error, "no luck"));
        let (kind, message) = failed(outcome_of(|c| Ok::<_, String>(c.float("missing"))));
        assert_eq!(kind, FailureKind::Panic);
        assert!(message.contains("missing"), "{message}");
        let (kind, _) = failed(outcome_of(|_| Ok::<_, String>(f64::NAN)));
        assert_eq!(kind, FailureKind::NonFiniteMetric);
    }
}
