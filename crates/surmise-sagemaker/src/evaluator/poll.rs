//! Polls training jobs: retries lost creations, adopts existing jobs, and reports ends.

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt::{Attempt, LogTail, PollMode, Presence, StopState, next_poll_round};
use super::bill::BilledFor;
use super::description::TrainingJob;
use super::outcome::{lacked_instances, metric_wait_time, outcome};
use super::remedies::remedy;
use super::sagemaker_evaluator::SageMakerEvaluator;
use super::service::{JobFilter, TrainingReportSource};
use super::service_client::{Operation, Response};
use super::service_error::ServiceErrorKind;
use super::spending::instances;
use super::starting::operation_error;
use super::timing::{
    CONSISTENCY_POLL_INTERVAL, CONSISTENCY_WINDOW, IDLE, RETRY_AFTER_TIMEOUT,
    UNTRACKED_POLL_INTERVAL,
};
use crate::request::ResourceConfig;
use surmise::error::EvaluatorError;
use surmise::evaluator::{JobEvent, JobId, StartOutcome};
use surmise::trial::{Failure, FailureKind, Outcome};

/// Up to this number, due jobs are described one by one instead of searched.
const MAX_DESCRIBED_JOBS: usize = 2;
/// Seconds by which the clocks of the service and of this machine may differ.
const MAX_CLOCK_DIFFERENCE: f64 = 900.0;
/// Number of consecutive searches without a job after which it is described.
const MAX_SEARCH_MISSES: u32 = 2;

impl SageMakerEvaluator {
    /// Sends the requests that are due and within the rate limits; returns how long until there is
    /// more to do.
    pub(super) fn poll(&mut self, until: Duration) -> Result<Duration, EvaluatorError> {
        let mut idle_time = IDLE;
        // Begin with the oldest reports: the rate limit may not allow all fetches in one round.
        let mut ids: Vec<JobId> = self.attempts.keys().copied().collect();
        ids.sort_by_key(|id| self.attempts.get(id).map(|attempt| attempt.reports.fetched_at));
        for id in ids {
            idle_time = idle_time.min(self.advance(id)?);
            if self.client.clock().now() >= until {
                return Ok(Duration::ZERO);
            }
        }
        idle_time = idle_time.min(self.poll_due_jobs()?);
        idle_time = idle_time.min(self.poll_untracked_jobs(UNTRACKED_POLL_INTERVAL)?);
        if self.attempts.is_empty() && self.client.is_paused() {
            idle_time = idle_time.min(self.probe()?);
        }
        Ok(idle_time)
    }

    /// Sends a request that is always possible, to detect the end of an outage.
    fn probe(&mut self) -> Result<Duration, EvaluatorError> {
        let name = [self.template.tuning_job()];
        let filter = JobFilter::Names(&name);
        Ok(match self.client.send(Operation::Search, |service| service.search(&filter))? {
            Response::Received(_) | Response::Refused(_) => Duration::ZERO,
            Response::RetryAfter(wait) => wait,
            Response::Lost => Duration::from_millis(1),
        })
    }

    /// Advances one attempt by one step; returns how long until there is more to do.
    fn advance(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.client.clock().now();
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        if attempt.has_ended() && !attempt.reports.is_fetch_due {
            if attempt.log_tail == LogTail::Needed {
                return self.fetch_last_lines(id);
            }
            self.finish(id);
            return Ok(Duration::ZERO);
        }
        let until_poll = attempt.poll_at.saturating_sub(now);
        match (attempt.presence.exists(), attempt.stop_state) {
            (false, _) if until_poll > Duration::ZERO => Ok(until_poll),
            (false, StopState::NotRequested) => self.retry_creation(id),
            (false, StopState::Denied) => self.describe(id),
            (_, StopState::Pending(retry)) | (false, StopState::Sent(retry))
                if retry.due_at <= now =>
            {
                self.request_stop(id)
            }
            _ if attempt.poll_mode == PollMode::ByDescribe && until_poll == Duration::ZERO => {
                self.describe(id)
            }
            _ if attempt.reports.is_fetch_due => self.fetch_reports(id),
            // The next search covers this job together with the other due ones.
            (true, _) if until_poll == Duration::ZERO => Ok(IDLE),
            // The stop request is sent again at that time.
            (false, StopState::Sent(retry)) => Ok(retry.due_at.saturating_sub(now)),
            _ => Ok(until_poll),
        }
    }

    /// Sends a creation again whose reply was lost. The service accepts a name only once, so this
    /// cannot create a second job.
    fn retry_creation(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.client.clock().now();
        if self.spending.exceeded_budget(now).is_some() {
            // Only check whether the job exists: the budget does not allow another one.
            return self.describe(id);
        }
        let Some(mut attempt) = self.attempts.remove(&id) else { return Ok(IDLE) };
        // The instances of the first request may have become unavailable.
        attempt.instance_option = self.capacity.preferred_option(now);
        attempt.request.resources =
            self.template.instance_options().get(attempt.instance_option).cloned();
        self.template.omit_objective_from(&mut attempt.request);
        let wait = self.capacity.wait_time(self.attempts.len(), now);
        if wait > Duration::ZERO {
            self.attempts.insert(id, attempt);
            return Ok(wait);
        }
        let previous = attempt.clone();
        let created = self.create(id, attempt);
        if created.is_err() {
            // The job may be running nevertheless.
            self.attempts.entry(id).or_insert_with(|| previous.clone());
        }
        match created? {
            StartOutcome::Busy { retry_after } => {
                let poll_at = self.client.clock().now().saturating_add(retry_after);
                self.attempts.insert(id, Attempt { poll_at, ..previous });
                Ok(retry_after)
            }
            _ => Ok(Duration::ZERO),
        }
    }

    fn describe(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        if self.is_missing_under_check(attempt.name()) {
            return self.end_missing_job(id);
        }
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let name = attempt.request.name.as_str();
        let response = self.client.send(Operation::Describe, |service| service.describe(name))?;
        let now = self.client.clock().now();
        match response {
            Response::Received(job) if !attempt.presence.is_verified() => {
                self.adopt_if_matching(id, job)
            }
            Response::Received(job) => {
                attempt.poll_mode = PollMode::BySearch { misses: 0 };
                attempt.presence = attempt.presence.marked_found();
                self.record_description(id, job);
                Ok(Duration::ZERO)
            }
            Response::RetryAfter(wait) => Ok(wait),
            // The request may time out for this job only; poll the other jobs first.
            Response::Lost => {
                attempt.poll_at = now.saturating_add(RETRY_AFTER_TIMEOUT);
                Ok(RETRY_AFTER_TIMEOUT)
            }
            Response::Refused(error) if error.kind != ServiceErrorKind::NotFound => {
                Err(operation_error("describe", name, &error, "sagemaker:DescribeTrainingJob"))
            }
            Response::Refused(_)
                if now.saturating_sub(attempt.requested_at) < CONSISTENCY_WINDOW =>
            {
                attempt.poll_at = now.saturating_add(CONSISTENCY_POLL_INTERVAL);
                Ok(CONSISTENCY_POLL_INTERVAL)
            }
            Response::Refused(_) => self.end_missing_job(id),
        }
    }

    /// Ends the attempt of a missing job: it was never created, was deleted, or belongs to another
    /// account than the current credentials.
    fn end_missing_job(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.client.clock().now();
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        let (name, existed, stop_state) =
            (attempt.name().to_owned(), attempt.presence.exists(), attempt.stop_state);
        if existed && let Some(wait) = self.check_account(&name)? {
            return Ok(wait);
        }
        let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
        let outcome = match (existed, stop_state) {
            (true, _) => {
                let text = format!("training job {name} no longer exists: it was deleted");
                failed(FailureKind::Interrupted, text)
            }
            (false, StopState::NotRequested) => {
                let text =
                    format!("training job {name} was not created before the budget was used up");
                failed(FailureKind::Throttled, text)
            }
            (false, _) => Outcome::Stopped { value: None },
        };
        self.spending.record_missing(&name, now);
        self.attempts.remove(&id);
        self.events.push(JobEvent::Ended { job: id, outcome });
        Ok(Duration::ZERO)
    }

    /// Adopts an existing job, if it matches the request.
    ///
    /// # Errors
    /// [`EvaluatorError`] if it does not match.
    fn adopt_if_matching(
        &mut self,
        id: JobId,
        job: TrainingJob,
    ) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        if let Some(difference) = self.difference(attempt, &job) {
            if job.has_ended() {
                // An ended job costs nothing, so it need not be reported as running.
                self.attempts.remove(&id);
            }
            let tuning_job = self.template.tuning_job();
            return Err(EvaluatorError::new(format!(
                "training job {} exists already and differs from the request ({difference}): it \
                 belongs to another tuning job with the name {tuning_job:?}, or to this one before \
                 it was changed; choose another name, or restore the earlier request. Its running \
                 jobs: aws sagemaker list-training-jobs --status-equals InProgress \
                 --name-contains {tuning_job}-",
                job.name,
            )));
        }
        let since_request = self.client.clock().now().saturating_sub(attempt.first_requested_at);
        let requested_at = self.client.clock().unix_seconds() - since_request.as_secs_f64();
        let earliest = requested_at - MAX_CLOCK_DIFFERENCE;
        let is_older = job.created_at.is_some_and(|created| created < earliest);
        let was_created_here = attempt.presence.is_reply_lost() && !is_older;
        if attempt.presence.is_reply_lost() && is_older {
            self.spending.remove(&job.name);
        }
        self.record_location(id, &job.arn)?;
        let had_ended_before = job.has_ended() && !was_created_here;
        if had_ended_before && !self.has_warned_of_old_results {
            self.has_warned_of_old_results = true;
            self.warn(format!(
                "training jobs of this tuning job had ended before, and their results are adopted; \
                 the first is {} ({}); to train again, give the tuning job another name",
                job.name, job.status
            ));
        }
        let is_used = |it: &ResourceConfig| instances(it) == job.instance_types;
        let option = self.template.instance_options().iter().position(is_used);
        if let Some(attempt) = self.attempts.get_mut(&id) {
            (attempt.presence, attempt.poll_mode) =
                (Presence::Verified, PollMode::BySearch { misses: 0 });
            attempt.instance_option = option.unwrap_or(attempt.instance_option);
        }
        self.record_description(id, job);
        Ok(Duration::ZERO)
    }

    /// Records the description of a job, and decides what is due for it next.
    fn record_description(&mut self, id: JobId, mut job: TrainingJob) {
        let now = self.client.clock().now();
        self.spending.record(&job, (now, self.client.clock().unix_seconds()));
        let metric = self.template.metric_name();
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.poll_at = next_poll_round(now, self.poll_interval);
        if job.has_ended() {
            let wait = metric_wait_time(&job, metric, attempt.reports.last_step.is_some());
            if now.saturating_sub(*attempt.ended_at.get_or_insert(now)) < wait {
                attempt.poll_at = now.saturating_add(CONSISTENCY_POLL_INTERVAL);
                attempt.poll_mode = PollMode::ByDescribe;
                return;
            }
        }
        let has_begun = !matches!(job.secondary_status.as_str(), "Starting" | "Pending");
        attempt.reports.is_fetch_due =
            has_begun && !matches!(self.reports, TrainingReportSource::None);
        if let PollMode::BySearch { misses } = &mut attempt.poll_mode {
            *misses = 0;
        }
        let needs_explanation = job.has_ended()
            && matches!(
                outcome(&job, metric),
                Outcome::Failed(Failure {
                    kind: FailureKind::MissingMetric | FailureKind::Setup | FailureKind::Error,
                    ..
                })
            );
        if needs_explanation
            && self.explanations_remaining > 0
            && attempt.log_tail == LogTail::NotNeeded
        {
            self.explanations_remaining -= 1;
            attempt.log_tail = LogTail::Needed;
        }
        // The comparison is done; dropping the JSON saves memory for thousands of jobs.
        job.description = serde_json::Value::Null;
        attempt.last_description = Some(job);
    }

    /// Reports the end of a job, and updates capacity and spending.
    fn finish(&mut self, id: JobId) {
        let now = self.client.clock().now();
        let Some(attempt) = self.attempts.remove(&id) else { return };
        let Some(job) = attempt.last_description else { return };
        if lacked_instances(&job) {
            self.capacity.record_shortage(attempt.instance_option, now);
            if !self.capacity.has_available_option(now) {
                self.capacity.record_refusal(self.attempts.len(), now);
            }
        }
        let mut outcome = outcome(&job, self.template.metric_name());
        if let Outcome::Failed(failure) = &mut outcome {
            failure.message.push_str(&self.explanation(failure.kind, &attempt.log_tail));
        }
        if outcome.value().is_some() {
            // The setup works: failures from now on need no explanation by logs.
            self.explanations_remaining = 0;
        }
        self.spending.set_outcome(&job.name, billed_for(&outcome));
        if matches!(outcome, Outcome::Failed(_)) {
            self.failed_attempts.insert(id.trial, id);
        }
        self.events.push(JobEvent::Ended { job: id, outcome });
        self.ended.insert(id, job);
    }

    /// Records that an attempt was retried, for the bill.
    pub(super) fn mark_retried(&mut self, attempt: JobId) {
        if let Some(job) = self.ended.get(&attempt) {
            self.spending.set_outcome(&job.name, BilledFor::Retried);
        }
    }

    /// Polls the due jobs, by one search for many of them.
    fn poll_due_jobs(&mut self) -> Result<Duration, EvaluatorError> {
        let now = self.client.clock().now();
        let is_due = |attempt: &Attempt| {
            attempt.presence.exists()
                && attempt.poll_mode != PollMode::ByDescribe
                && !attempt.has_ended()
                && attempt.poll_at <= now
        };
        let due: Vec<(JobId, String)> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| is_due(attempt))
            .map(|(id, attempt)| (*id, attempt.name().to_owned()))
            .collect();
        if due.len() <= MAX_DESCRIBED_JOBS || !self.can_search {
            for (id, _) in &due {
                self.attempts
                    .entry(*id)
                    .and_modify(|attempt| attempt.poll_mode = PollMode::ByDescribe);
            }
            return Ok(if due.is_empty() { IDLE } else { Duration::ZERO });
        }
        for chunk in due.chunks(JobFilter::MAX_NAMES) {
            let names: Vec<&str> = chunk.iter().map(|(_, name)| name.as_str()).collect();
            let filter = JobFilter::Names(&names);
            match self.client.send(Operation::Search, |service| service.search(&filter))? {
                Response::Received(found) => self.apply_search(chunk, found.jobs),
                Response::RetryAfter(wait) => return Ok(wait),
                Response::Lost => return Ok(Duration::from_millis(1)),
                Response::Refused(error) => {
                    // Describing jobs one by one works, too.
                    self.can_search = false;
                    let remedy = remedy(&error, "sagemaker:Search");
                    self.warn(format!(
                        "training jobs are polled one by one, because the search for them was \
                         refused: {error}{remedy}"
                    ));
                    return Ok(Duration::ZERO);
                }
            }
        }
        Ok(Duration::ZERO)
    }

    /// Records the results of a search. Jobs that have ended, or are missing repeatedly, are
    /// described next.
    fn apply_search(&mut self, searched: &[(JobId, String)], found: Vec<TrainingJob>) {
        let now = self.client.clock().now();
        let mut found: BTreeMap<String, TrainingJob> =
            found.into_iter().map(|job| (job.name.clone(), job)).collect();
        for (id, name) in searched {
            let Some(attempt) = self.attempts.get_mut(id) else { continue };
            match found.remove(name) {
                Some(job) if job.has_ended() => {
                    (attempt.poll_mode, attempt.poll_at) = (PollMode::ByDescribe, now);
                }
                Some(job) => self.record_description(*id, job),
                None => {
                    attempt.poll_mode = match attempt.poll_mode {
                        PollMode::BySearch { misses } if misses + 1 < MAX_SEARCH_MISSES => {
                            PollMode::BySearch { misses: misses + 1 }
                        }
                        _ => PollMode::ByDescribe,
                    };
                    attempt.poll_at = next_poll_round(now, self.poll_interval);
                }
            }
        }
    }
}

fn billed_for(outcome: &Outcome) -> BilledFor {
    match outcome {
        Outcome::Completed { .. } => BilledFor::Completed,
        Outcome::Stopped { .. } => BilledFor::Stopped,
        Outcome::Failed(_) => BilledFor::Failed,
    }
}
