//! What the evaluator does while it waits: creations whose replies were lost, looks, ends.

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt::{Attempt, LastLines, Look, Presence, Stopping, next_round};
use super::bill::BilledFor;
use super::description::TrainingJob;
use super::fate::{lacked_machines, outcome, patience_for_metric};
use super::line::{Answer, Operation};
use super::remedies::remedy;
use super::service::{JobFilter, TrainingReports};
use super::spending::instances;
use super::starting::cannot;
use super::times::{AFTER_SILENCE, AGAIN, IDLE, SETTLING, STRAYS};
use super::training_jobs::SageMakerEvaluator;
use super::trouble::ServiceErrorKind;
use crate::request::ResourceConfig;
use surmise::error::EvaluatorError;
use surmise::evaluator::{JobEvent, JobId, Start};
use surmise::trial::{Failure, FailureKind, Outcome};

/// So few jobs are looked at one by one.
const FEW: usize = 2;
/// By how many seconds the service's clock and this machine's may differ.
const CLOCKS_DIFFER: f64 = 900.0;
/// So many searches that miss a job until it is asked for by itself.
const MISSES: u32 = 2;

impl SageMakerEvaluator {
    /// Does what is due and may be done now; how long until there is more to do.
    pub(super) fn work(&mut self, until: Duration) -> Result<Duration, EvaluatorError> {
        let mut wake = IDLE;
        // Whose reports are oldest comes first: there may not be room for those of all in one round.
        let mut ids: Vec<JobId> = self.attempts.keys().copied().collect();
        ids.sort_by_key(|id| self.attempts.get(id).map(|attempt| attempt.reports.fetched_at));
        for id in ids {
            wake = wake.min(self.tend(id)?);
            if self.line.clock().now() >= until {
                return Ok(Duration::ZERO);
            }
        }
        wake = wake.min(self.look_at_those_that_are_due()?);
        wake = wake.min(self.look_at_strays(STRAYS)?);
        if self.attempts.is_empty() && self.line.is_paused() {
            wake = wake.min(self.probe()?);
        }
        Ok(wake)
    }

    /// Asks what can be asked at any time, to learn whether there are answers again.
    fn probe(&mut self) -> Result<Duration, EvaluatorError> {
        let name = [self.template.tuning_job()];
        let filter = JobFilter::Names(&name);
        Ok(match self.line.ask(Operation::Search, |service| service.search(&filter))? {
            Answer::Given(_) | Answer::Refused(_) => Duration::ZERO,
            Answer::Later(wait) => wait,
            Answer::Lost => Duration::from_millis(1),
        })
    }

    /// What one attempt needs for itself.
    fn tend(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        if attempt.has_ended() && !attempt.reports.are_wanted {
            if attempt.last_lines == LastLines::Wanted {
                return self.fetch_last_lines(id);
            }
            self.end(id);
            return Ok(Duration::ZERO);
        }
        let in_time = attempt.look_at.saturating_sub(now);
        match (attempt.presence.is_there(), attempt.stopping) {
            (false, _) if in_time > Duration::ZERO => Ok(in_time),
            (false, Stopping::No) => self.create_again(id),
            (false, Stopping::Denied) => self.look_closely(id),
            (_, Stopping::Wanted(repeat)) | (false, Stopping::Asked(repeat))
                if repeat.at <= now =>
            {
                self.ask_to_stop(id)
            }
            _ if attempt.look == Look::Closely && in_time == Duration::ZERO => {
                self.look_closely(id)
            }
            _ if attempt.reports.are_wanted => self.fetch_reports(id),
            // Who is due is looked at with the others, as soon as that may be asked.
            (true, _) if in_time == Duration::ZERO => Ok(IDLE),
            // A request to stop is sent again then.
            (false, Stopping::Asked(repeat)) => Ok(repeat.at.saturating_sub(now)),
            _ => Ok(in_time),
        }
    }

    /// The reply to its creation was lost. As a name is taken once, to ask again cannot make two of it.
    fn create_again(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        if self.spending.is_over(now).is_some() {
            // No further job is paid for: whether it is there is only looked at.
            return self.look_closely(id);
        }
        let Some(mut attempt) = self.attempts.remove(&id) else { return Ok(IDLE) };
        // The machines of before may have turned out not to be had.
        attempt.machines = self.room.machines(now);
        attempt.request.resources = self.template.machines().get(attempt.machines).cloned();
        self.template.update_objective(&mut attempt.request);
        let wait = self.room.wait(self.attempts.len(), now);
        if wait > Duration::ZERO {
            self.attempts.insert(id, attempt);
            return Ok(wait);
        }
        let kept = attempt.clone();
        let created = self.create(id, attempt);
        if created.is_err() {
            // It may run all the same.
            self.attempts.entry(id).or_insert_with(|| kept.clone());
        }
        match created? {
            Start::Busy { retry_after } => {
                let look_at = self.line.clock().now().saturating_add(retry_after);
                self.attempts.insert(id, Attempt { look_at, ..kept });
                Ok(retry_after)
            }
            _ => Ok(Duration::ZERO),
        }
    }

    fn look_closely(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        if self.is_known_to_be_missing(attempt.name()) {
            return self.end_what_is_not_there(id);
        }
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let name = attempt.request.name.as_str();
        let answer = self.line.ask(Operation::Describe, |service| service.describe(name))?;
        let now = self.line.clock().now();
        match answer {
            Answer::Given(job) if !attempt.presence.is_own() => self.adopt_if_it_is_own(id, job),
            Answer::Given(job) => {
                attempt.look = Look::Together { misses: 0 };
                attempt.presence = attempt.presence.found();
                self.seen(id, job);
                Ok(Duration::ZERO)
            }
            Answer::Later(wait) => Ok(wait),
            // Others first: what is silent may be so for this one alone.
            Answer::Lost => {
                attempt.look_at = now.saturating_add(AFTER_SILENCE);
                Ok(AFTER_SILENCE)
            }
            Answer::Refused(error) if error.kind != ServiceErrorKind::Missing => {
                Err(cannot("describe", name, &error, "sagemaker:DescribeTrainingJob"))
            }
            Answer::Refused(_) if now.saturating_sub(attempt.asked_at) < SETTLING => {
                attempt.look_at = now.saturating_add(AGAIN);
                Ok(AGAIN)
            }
            Answer::Refused(_) => self.end_what_is_not_there(id),
        }
    }

    /// A job is not there: it was never made, somebody has removed it, or this is another account by now.
    fn end_what_is_not_there(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        let (name, is_there, stopping) =
            (attempt.name().to_owned(), attempt.presence.is_there(), attempt.stopping);
        if is_there && let Some(wait) = self.check_account(&name)? {
            return Ok(wait);
        }
        let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
        let outcome = match (is_there, stopping) {
            (true, _) => {
                let text = format!("training job {name} is gone: somebody has removed it");
                failed(FailureKind::Interrupted, text)
            }
            (false, Stopping::No) => {
                let text =
                    format!("training job {name} was not created before the budget was used up");
                failed(FailureKind::Throttled, text)
            }
            (false, _) => Outcome::Stopped { value: None },
        };
        self.spending.gone(&name, now);
        self.attempts.remove(&id);
        self.events.push(JobEvent::Ended { job: id, outcome });
        Ok(Duration::ZERO)
    }

    /// Takes on a job that was there, if it is the one that was asked for.
    fn adopt_if_it_is_own(
        &mut self,
        id: JobId,
        job: TrainingJob,
    ) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get(&id) else { return Ok(IDLE) };
        if let Some(difference) = self.difference(attempt, &job) {
            if job.has_ended() {
                // It costs nothing any more.
                self.attempts.remove(&id);
            }
            return Err(EvaluatorError::new(format!(
                "there is a training job {} that is another one ({difference}): it belongs to another tuning job that was named {:?}, too, or to this one before it was changed; \
                 give this one another name, or make the request as it was. Which of its jobs run: aws sagemaker list-training-jobs --status-equals InProgress --name-contains {}-",
                job.name,
                self.template.tuning_job(),
                self.template.tuning_job()
            )));
        }
        let since_asked = self.line.clock().now().saturating_sub(attempt.first_asked_at);
        let asked_at = self.line.clock().unix_seconds() - since_asked.as_secs_f64();
        // The service's clock may be off by some minutes.
        let is_older = job.created_at.is_some_and(|created| created < asked_at - CLOCKS_DIFFER);
        let was_asked_for_here = attempt.presence.was_lost() && !is_older;
        if attempt.presence.was_lost() && is_older {
            self.spending.was_not_created(&job.name);
        }
        self.located(id, &job.arn)?;
        let has_ended = job.has_ended() && !was_asked_for_here;
        if has_ended && !self.has_told_of_old_results {
            self.has_told_of_old_results = true;
            self.warn(format!(
                "training jobs of this tuning job had ended before, and their results are taken over; the first is {} ({}); to train anew, give the tuning job another name",
                job.name, job.status
            ));
        }
        let is_on = |it: &ResourceConfig| instances(it) == job.instance_types;
        let machines = self.template.machines().iter().position(is_on);
        if let Some(attempt) = self.attempts.get_mut(&id) {
            (attempt.presence, attempt.look) = (Presence::Own, Look::Together { misses: 0 });
            attempt.machines = machines.unwrap_or(attempt.machines);
        }
        self.seen(id, job);
        Ok(Duration::ZERO)
    }

    /// Takes in what the service says of a job, from a description.
    fn seen(&mut self, id: JobId, mut job: TrainingJob) {
        let now = self.line.clock().now();
        self.spending.note(&job, (now, self.line.clock().unix_seconds()));
        let metric = self.template.metric_name();
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.look_at = next_round(now, self.poll);
        if job.has_ended() {
            let patience = patience_for_metric(&job, metric, attempt.reports.last_step.is_some());
            if now.saturating_sub(*attempt.ended_at.get_or_insert(now)) < patience {
                attempt.look_at = now.saturating_add(AGAIN);
                attempt.look = Look::Closely;
                return;
            }
        }
        let has_begun = !matches!(job.secondary_status.as_str(), "Starting" | "Pending");
        attempt.reports.are_wanted = has_begun && !matches!(self.reports, TrainingReports::None);
        if let Look::Together { misses } = &mut attempt.look {
            *misses = 0;
        }
        let ended_badly = job.has_ended()
            && matches!(
                outcome(&job, metric),
                Outcome::Failed(Failure {
                    kind: FailureKind::MissingMetric | FailureKind::Setup | FailureKind::Error,
                    ..
                })
            );
        if ended_badly && self.explanations_left > 0 && attempt.last_lines == LastLines::Unwanted {
            self.explanations_left -= 1;
            attempt.last_lines = LastLines::Wanted;
        }
        // What it is made of has been compared, and thousands of jobs are kept.
        job.description = serde_json::Value::Null;
        attempt.seen = Some(job);
    }

    /// Tells the end of a job.
    fn end(&mut self, id: JobId) {
        let now = self.line.clock().now();
        let Some(attempt) = self.attempts.remove(&id) else { return };
        let Some(job) = attempt.seen else { return };
        if lacked_machines(&job) {
            self.room.lacks(attempt.machines, now);
            if !self.room.has_others(now) {
                self.room.refused(self.attempts.len(), now);
            }
        }
        let mut outcome = outcome(&job, self.template.metric_name());
        if let Outcome::Failed(failure) = &mut outcome {
            failure.message.push_str(&self.explanation(failure.kind, &attempt.last_lines));
        }
        if outcome.value().is_some() {
            // Jobs can succeed: what fails from now on fails for its own reasons.
            self.explanations_left = 0;
        }
        self.spending.was_for(&job.name, billed_for(&outcome));
        if matches!(outcome, Outcome::Failed(_)) {
            self.failed.insert(id.trial, id);
        }
        self.events.push(JobEvent::Ended { job: id, outcome });
        self.ended.insert(id, job);
    }

    /// A trial is tried again after this attempt.
    pub(super) fn was_retried(&mut self, attempt: JobId) {
        if let Some(job) = self.ended.get(&attempt) {
            self.spending.was_for(&job.name, BilledFor::Retried);
        }
    }

    /// Looks at the jobs whose time has come: at many by one question.
    fn look_at_those_that_are_due(&mut self) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let is_due = |attempt: &Attempt| {
            attempt.presence.is_there()
                && attempt.look != Look::Closely
                && !attempt.has_ended()
                && attempt.look_at <= now
        };
        let due: Vec<(JobId, String)> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| is_due(attempt))
            .map(|(id, attempt)| (*id, attempt.name().to_owned()))
            .collect();
        if due.len() <= FEW || !self.may_search {
            for (id, _) in &due {
                self.attempts.entry(*id).and_modify(|attempt| attempt.look = Look::Closely);
            }
            return Ok(if due.is_empty() { IDLE } else { Duration::ZERO });
        }
        for some in due.chunks(JobFilter::MOST_NAMES) {
            let names: Vec<&str> = some.iter().map(|(_, name)| name.as_str()).collect();
            let filter = JobFilter::Names(&names);
            match self.line.ask(Operation::Search, |service| service.search(&filter))? {
                Answer::Given(found) => self.sort_out(some, found.jobs),
                Answer::Later(wait) => return Ok(wait),
                Answer::Lost => return Ok(Duration::from_millis(1)),
                Answer::Refused(error) => {
                    // One by one will do, too.
                    self.may_search = false;
                    let remedy = remedy(&error, "sagemaker:Search");
                    self.warn(format!("training jobs are looked at one by one, because they cannot be searched for: {error}{remedy}"));
                    return Ok(Duration::ZERO);
                }
            }
        }
        Ok(Duration::ZERO)
    }

    /// Takes in what a search found: what has ended, or is not found, is looked at by itself.
    fn sort_out(&mut self, asked: &[(JobId, String)], found: Vec<TrainingJob>) {
        let now = self.line.clock().now();
        let mut found: BTreeMap<String, TrainingJob> =
            found.into_iter().map(|job| (job.name.clone(), job)).collect();
        for (id, name) in asked {
            let Some(attempt) = self.attempts.get_mut(id) else { continue };
            match found.remove(name) {
                Some(job) if job.has_ended() => {
                    (attempt.look, attempt.look_at) = (Look::Closely, now);
                }
                Some(job) => self.seen(*id, job),
                None => {
                    attempt.look = match attempt.look {
                        Look::Together { misses } if misses + 1 < MISSES => {
                            Look::Together { misses: misses + 1 }
                        }
                        _ => Look::Closely,
                    };
                    attempt.look_at = next_round(now, self.poll);
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
