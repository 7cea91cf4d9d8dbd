//! What the loop of a tuning asks of the evaluator.

use std::mem;
use std::time::Duration;

use serde_json::Value;
use surmise::evaluator::{
    Adoption, Evaluator, EvaluatorError, Job, JobEvent, JobId, RunningJob, Start,
};
use surmise::trial::{FailureKind, Trial};

use super::attempt::{Attempt, Repeat, Stopping};
use super::training_jobs::SageMakerEvaluator;

/// How long a training job may take to end once it was asked to.
const LONGEST_STOP: Duration = Duration::from_secs(900);

impl SageMakerEvaluator {
    fn running_jobs(&self) -> Vec<RunningJob> {
        let attempts = self.attempts.iter();
        attempts.map(|(job, it)| RunningJob { job: *job, name: it.name().to_owned() }).collect()
    }
}

impl Evaluator for SageMakerEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        self.start_job(job)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.line.clock().now().saturating_add(timeout);
        loop {
            let wake = self.work(until)?;
            self.events.extend(self.line.take_events());
            let now = self.line.clock().now();
            if !self.events.is_empty() || now >= until {
                return Ok(mem::take(&mut self.events));
            }
            let left = until.saturating_sub(now);
            self.line.clock().sleep(wake.min(left).max(Duration::from_millis(1)).min(left));
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&job) else { return Ok(()) };
        if attempt.stopping == Stopping::No {
            attempt.stopping = Stopping::Wanted(Repeat::default());
            // At once, if it may be: whoever stops may not wait for it.
            self.ask_to_stop(job)?;
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.line.clock().now()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if self.attempts.contains_key(&job.id()) {
            return Ok(Adoption::Running);
        }
        let attempt = self.attempt(job);
        Ok(match self.find(job, attempt)? {
            None => Adoption::NotRunning,
            Some(Start::Busy { retry_after }) => Adoption::Busy { retry_after },
            Some(_) => Adoption::Running,
        })
    }

    /// Jobs of a study are all in one region and account, and of one definition: the last one that is known is looked at before
    /// anything is created.
    fn recall(&mut self, trials: &[&Trial]) -> Result<(), EvaluatorError> {
        self.recall_jobs(trials)
    }

    /// A retry is another training job, and a metric that has been looked for in vain will not come of it.
    fn is_worth_retrying(&self, kind: FailureKind) -> bool {
        kind != FailureKind::MissingMetric
    }

    /// The [bill](SageMakerEvaluator::bill), as JSON.
    fn note(&mut self) -> Option<Value> {
        serde_json::to_value(self.bill()).ok()
    }

    fn may_still_run(&mut self) -> Vec<RunningJob> {
        self.has_told_what_runs = true;
        self.running_jobs()
    }

    /// A training job has two minutes to end after SIGTERM, and then uploads what it has.
    fn patience(&self) -> Duration {
        LONGEST_STOP
    }
}

impl Drop for SageMakerEvaluator {
    /// Sends the requests to stop that have not been sent, and says which jobs may still be billed, if nobody else has.
    #[allow(clippy::print_stderr, reason = "jobs that nobody knows of cost money")]
    fn drop(&mut self) {
        let unsent = self.attempts.values().filter(|it| matches!(it.stopping, Stopping::Wanted(_)));
        let unsent: Vec<String> = unsent.map(|it| it.name().to_owned()).collect();
        let unstopped = self.line.stop_at_once(unsent);
        if !unstopped.is_empty() {
            eprintln!(
                "surmise: these training jobs could not be asked to stop, and may still run and be billed: {}",
                unstopped.join(", ")
            );
        }
        let others = self.attempts.values().map(Attempt::name);
        let others: Vec<&str> =
            others.filter(|name| !unstopped.iter().any(|it| it == name)).collect();
        if !self.has_told_what_runs && !others.is_empty() {
            eprintln!(
                "surmise: these training jobs may still run and be billed: {}",
                others.join(", ")
            );
        }
    }
}
