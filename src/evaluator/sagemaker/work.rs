//! What the evaluator does while it waits: creations whose replies were lost, stops, looks, reports.

use std::collections::BTreeMap;
use std::time::Duration;

use super::attempt::{Attempt, Stopping, next_round};
use super::fate::{lacked_machines, outcome};
use super::line::{Answer, Operation};
use super::service::{JobFilter, TrainingJob, TrainingReports};
use super::trouble::{ServiceError, ServiceErrorKind};
use super::{SageMakerEvaluator, Start, cannot};
use crate::error::EvaluatorError;
use crate::evaluator::{JobEvent, JobId};
use crate::trial::{Failure, FailureKind, Outcome};

/// So few jobs are looked at one by one.
const FEW: usize = 2;
/// How long a service may not know of what it has taken on; a creation that was lost has happened by then, or never will.
const SETTLING: Duration = Duration::from_secs(120);
/// How often what may be settling is asked for.
const AGAIN: Duration = Duration::from_secs(10);
/// So many looks at a job that ended well until it is believed that it told no metric; and so many searches that miss one until it is
/// asked for by itself.
const MISSES: u32 = 2;
/// For how long others come first after a request without an answer.
const AFTER_SILENCE: Duration = Duration::from_secs(5);
/// So often the last reports of a job that has ended are asked for.
const REPORT_MISSES: u32 = 4;
/// As long as there is nothing to do.
const IDLE: Duration = Duration::from_secs(3600);

impl SageMakerEvaluator {
    /// Does what is due and may be done now; how long until there is more to do.
    pub(super) fn work(&mut self, until: Duration) -> Result<Duration, EvaluatorError> {
        let mut wake = IDLE;
        // Whose reports are oldest comes first: there may not be room for those of all in one round.
        let mut ids: Vec<JobId> = self.attempts.keys().copied().collect();
        ids.sort_by_key(|id| self.attempts.get(id).map(|attempt| attempt.reported_at));
        for id in ids {
            wake = wake.min(self.tend(id)?);
            if self.line.clock().now() >= until {
                return Ok(Duration::ZERO);
            }
        }
        wake = wake.min(self.look_at_those_that_are_due()?);
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
        if attempt.has_ended() && !attempt.wants_reports {
            self.end(id);
            return Ok(Duration::ZERO);
        }
        let in_time = attempt.look_at.saturating_sub(now);
        match (attempt.exists, attempt.stopping) {
            (false, Stopping::No) if in_time > Duration::ZERO => Ok(in_time),
            (false, Stopping::No) => self.create_again(id),
            (false, _) if in_time > Duration::ZERO => Ok(in_time),
            (_, Stopping::Wanted) | (false, Stopping::Asked) if attempt.stop_at <= now => {
                self.ask_to_stop(id)
            }
            _ if attempt.look_closely && in_time == Duration::ZERO => self.look_closely(id),
            _ if attempt.wants_reports => self.fetch_reports(id),
            _ => Ok(in_time),
        }
    }

    /// The reply to its creation was lost. As a name is taken once, to ask again cannot make two of it.
    fn create_again(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let Some(attempt) = self.attempts.remove(&id) else { return Ok(IDLE) };
        let wait = self.room.wait(self.attempts.len(), now);
        if wait > Duration::ZERO {
            self.attempts.insert(id, attempt);
            return Ok(wait);
        }
        let kept = attempt.clone();
        match self.create(id, attempt)? {
            Start::Busy { retry_after } => {
                let look_at = self.line.clock().now().saturating_add(retry_after);
                self.attempts.insert(id, Attempt { look_at, ..kept });
                Ok(retry_after)
            }
            _ => Ok(Duration::ZERO),
        }
    }

    pub(super) fn ask_to_stop(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let name = attempt.request.name.as_str();
        let answer = self.line.ask(Operation::Stop, |service| service.stop(name))?;
        let now = self.line.clock().now();
        let error = match answer {
            Answer::Given(()) => {
                (attempt.stopping, attempt.exists) = (Stopping::Asked, true);
                attempt.look_at = attempt.look_at.max(now);
                return Ok(Duration::ZERO);
            }
            Answer::Later(wait) => {
                attempt.stop_at = now.saturating_add(wait);
                return Ok(wait);
            }
            // Others first.
            Answer::Lost => {
                attempt.stop_at = now.saturating_add(AFTER_SILENCE);
                return Ok(AFTER_SILENCE);
            }
            Answer::Refused(error) => error,
        };
        match error.kind {
            ServiceErrorKind::NotRunning => {
                (attempt.stopping, attempt.exists) = (Stopping::Asked, true);
                (attempt.look_at, attempt.look_closely) = (now, true);
                Ok(Duration::ZERO)
            }
            // It was never made, or has been removed.
            ServiceErrorKind::Missing if now.saturating_sub(attempt.asked_at) >= SETTLING => {
                self.spending.gone(attempt.name(), now);
                self.attempts.remove(&id);
                let outcome = Outcome::Stopped { value: None };
                self.events.push(JobEvent::Ended { job: id, outcome });
                Ok(Duration::ZERO)
            }
            ServiceErrorKind::Missing => {
                attempt.exists = false;
                attempt.look_at = now.saturating_add(AGAIN);
                Ok(AGAIN)
            }
            _ => Err(cannot("stop", attempt.name(), &error)),
        }
    }

    fn fetch_reports(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let (Some(job), source) = (&attempt.seen, &self.reports) else { return Ok(IDLE) };
        let answer = self.line.ask(Operation::Reports, |service| service.reports(job, source))?;
        let reports = match answer {
            Answer::Given(reports) => reports,
            Answer::Later(wait) if attempt.has_ended() => return Ok(wait),
            Answer::Later(wait) => {
                return Ok(wait.min(attempt.look_at.saturating_sub(self.line.clock().now())));
            }
            // In the next round; an end waits for its last reports, but not for ever.
            Answer::Lost => {
                attempt.report_misses += 1;
                attempt.wants_reports =
                    attempt.has_ended() && attempt.report_misses < REPORT_MISSES;
                return Ok(Duration::ZERO);
            }
            // There is no log yet, or none any more.
            Answer::Refused(ServiceError { kind: ServiceErrorKind::Missing, .. }) => Vec::new(),
            Answer::Refused(error) => {
                return Err(cannot("read the reports of", attempt.name(), &error));
            }
        };
        (attempt.wants_reports, attempt.report_misses) = (false, 0);
        attempt.reported_at = self.line.clock().now();
        for report in reports {
            attempt.counted += u64::from(report.step.is_none());
            let step = report.step.unwrap_or(attempt.counted);
            if attempt.last_step.is_none_or(|last| step > last) {
                attempt.last_step = Some(step);
                self.events.push(JobEvent::Report { job: id, step, value: report.value });
            }
        }
        Ok(Duration::ZERO)
    }

    fn look_closely(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let name = attempt.request.name.as_str();
        let answer = self.line.ask(Operation::Describe, |service| service.describe(name))?;
        let now = self.line.clock().now();
        match answer {
            Answer::Given(job) if !attempt.is_own && !Self::is_own(&attempt.request, &job) => {
                Err(EvaluatorError::new(format!(
                    "there is a training job {name} with other hyperparameters: it belongs to another tuning job that was named {:?}, too; \
                     give this one another name",
                    self.template.tuning_job()
                )))
            }
            Answer::Given(job) => {
                attempt.is_own = true;
                attempt.look_closely = false;
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
                Err(cannot("describe", name, &error))
            }
            Answer::Refused(_) if now.saturating_sub(attempt.asked_at) < SETTLING => {
                attempt.look_at = now.saturating_add(AGAIN);
                Ok(AGAIN)
            }
            Answer::Refused(_) => {
                let text = format!("training job {name} is gone: somebody has removed it");
                self.spending.gone(name, now);
                self.attempts.remove(&id);
                let outcome = Outcome::Failed(Failure::new(FailureKind::Interrupted, text));
                self.events.push(JobEvent::Ended { job: id, outcome });
                Ok(Duration::ZERO)
            }
        }
    }

    /// Takes in what the service says of a job, from a description.
    fn seen(&mut self, id: JobId, job: TrainingJob) {
        let now = self.line.clock().now();
        self.spending.note(&job, now);
        let metric = self.template.metric_name();
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.look_at = next_round(now, self.poll);
        let lacks_metric = job.status == "Completed" && job.final_metric(metric).is_none();
        if lacks_metric && attempt.misses < MISSES {
            // Metrics may come a little later than the end.
            attempt.misses += 1;
            attempt.look_closely = true;
            return;
        }
        let has_begun = !matches!(job.secondary_status.as_str(), "Starting" | "Pending");
        attempt.wants_reports = has_begun && !matches!(self.reports, TrainingReports::None);
        attempt.misses = 0;
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
        let outcome = outcome(&job, self.template.metric_name());
        self.events.push(JobEvent::Ended { job: id, outcome });
        self.ended.insert(id, job);
    }

    /// Looks at the jobs whose time has come: at many by one question.
    fn look_at_those_that_are_due(&mut self) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let is_due = |attempt: &Attempt| {
            attempt.exists
                && !attempt.look_closely
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
                self.attempts.entry(*id).and_modify(|attempt| attempt.look_closely = true);
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
                Answer::Refused(error) if error.kind == ServiceErrorKind::Denied => {
                    // One by one will do, too.
                    self.may_search = false;
                    return Ok(Duration::ZERO);
                }
                Answer::Refused(error) => return Err(cannot("search for", names[0], &error)),
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
                    (attempt.look_closely, attempt.look_at) = (true, now);
                }
                Some(job) => self.seen(*id, job),
                None => {
                    attempt.misses += 1;
                    attempt.look_closely = attempt.misses >= MISSES;
                    attempt.look_at = next_round(now, self.poll);
                }
            }
        }
    }

    /// Finds out what earlier calls have spent, if there is a budget; how long to wait, if that takes time.
    pub(super) fn look_back(&mut self) -> Result<Option<Duration>, EvaluatorError> {
        while self.spending.must_look_back() {
            let with = format!("{}-", self.template.tuning_job());
            let page = self.spending.next_page.clone();
            let filter = JobFilter::Begins { with: &with, page: page.as_deref() };
            match self.line.ask(Operation::Search, |service| service.search(&filter))? {
                Answer::Given(found) => {
                    let now = self.line.clock().now();
                    // There may be other tuning jobs whose names begin so.
                    let own = found.jobs.iter().filter(|job| is_numbered(&job.name, &with));
                    own.for_each(|job| self.spending.note(job, now));
                    self.spending.next_page = found.next_page;
                    if self.spending.next_page.is_none() {
                        self.spending.has_looked_back();
                    }
                }
                Answer::Later(wait) => return Ok(Some(wait)),
                Answer::Lost => return Ok(Some(Duration::from_secs(1))),
                Answer::Refused(error) => return Err(cannot("search for", &with, &error)),
            }
        }
        Ok(None)
    }
}

/// Whether a name is what [`training_job_name`](crate::sagemaker::training_job_name) makes after this beginning: a trial's number and a hash.
fn is_numbered(name: &str, beginning: &str) -> bool {
    let parts = name.strip_prefix(beginning).and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(trial, hash)| {
        trial.bytes().all(|byte| byte.is_ascii_digit())
            && hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
