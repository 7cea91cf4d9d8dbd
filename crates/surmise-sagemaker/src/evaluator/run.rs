//! Implements `Evaluator` for the SageMaker evaluator.

use std::mem;
use std::time::Duration;

use serde_json::Value;
use surmise::evaluator::{
    Adoption, Evaluator, EvaluatorError, Job, JobEvent, JobId, RunningJob, StartOutcome,
};
use surmise::trial::{FailureKind, Trial};

use super::attempt::{Attempt, StopRetry, StopState};
use super::sagemaker_evaluator::SageMakerEvaluator;

/// How long a training job may take to end after a stop request.
const STOP_GRACE_PERIOD: Duration = Duration::from_secs(900);

impl SageMakerEvaluator {
    fn running_jobs(&self) -> Vec<RunningJob> {
        let attempts = self.attempts.iter();
        attempts.map(|(job, it)| RunningJob { job: *job, name: it.name().to_owned() }).collect()
    }
}

impl Evaluator for SageMakerEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        self.start_job(job)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.client.clock().now().saturating_add(timeout);
        loop {
            let idle_time = self.poll(until)?;
            self.events.extend(self.client.take_events());
            let now = self.client.clock().now();
            if !self.events.is_empty() || now >= until {
                return Ok(mem::take(&mut self.events));
            }
            let remaining = until.saturating_sub(now);
            let delay = idle_time.min(remaining).max(Duration::from_millis(1)).min(remaining);
            self.client.clock().sleep(delay);
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&job) else { return Ok(()) };
        if attempt.stop_state == StopState::NotRequested {
            attempt.stop_state = StopState::Pending(StopRetry::default());
            // Send the request at once if possible: the caller may not call `wait` again.
            self.request_stop(job)?;
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.client.clock().now()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if self.attempts.contains_key(&job.id()) {
            return Ok(Adoption::Running);
        }
        let attempt = self.attempt(job);
        Ok(match self.find_job(job, attempt)? {
            None => Adoption::NotRunning,
            Some(StartOutcome::Busy { retry_after }) => Adoption::Busy { retry_after },
            Some(_) => Adoption::Running,
        })
    }

    /// Remembers the jobs of earlier runs: all jobs of a study must be in one region and account,
    /// and have the same definition.
    fn on_resume(&mut self, trials: &[&Trial]) -> Result<(), EvaluatorError> {
        self.remember_earlier_jobs(trials)
    }

    /// Returns `false` for a missing metric: a retry creates another training job, and its metric
    /// would be missing, too.
    fn is_worth_retrying(&self, kind: FailureKind) -> bool {
        kind != FailureKind::MissingMetric
    }

    /// Returns the [bill](SageMakerEvaluator::bill) as JSON.
    fn journal_note(&mut self) -> Option<Value> {
        serde_json::to_value(self.bill()).ok()
    }

    fn possibly_running(&mut self) -> Vec<RunningJob> {
        self.has_reported_running_jobs = true;
        self.running_jobs()
    }

    /// Returns 15 minutes: a training job has two minutes to end after SIGTERM, and uploads its
    /// results then.
    fn stop_grace_period(&self) -> Duration {
        STOP_GRACE_PERIOD
    }
}

impl Drop for SageMakerEvaluator {
    /// Sends the pending stop requests, and prints which jobs may still be billed, unless the
    /// caller has received that list.
    #[allow(clippy::print_stderr, reason = "unknown running jobs cost money")]
    fn drop(&mut self) {
        let unsent =
            self.attempts.values().filter(|it| matches!(it.stop_state, StopState::Pending(_)));
        let unsent: Vec<String> = unsent.map(|it| it.name().to_owned()).collect();
        let unstopped = self.client.send_final_stops(unsent);
        if !unstopped.is_empty() {
            eprintln!(
                "surmise: these training jobs could not be stopped, and may still be running and \
                 be billed: {}",
                unstopped.join(", ")
            );
        }
        let names = self.attempts.values().map(Attempt::name);
        let running: Vec<&str> =
            names.filter(|name| !unstopped.iter().any(|it| it == name)).collect();
        if !self.has_reported_running_jobs && !running.is_empty() {
            eprintln!(
                "surmise: these training jobs may still be running and be billed: {}",
                running.join(", ")
            );
        }
    }
}
