//! Fetches the reports of training jobs and the last lines of their logs.

use std::time::Duration;

use super::attempt::LogTail;
use super::description::TrainingJob;
use super::outcome::explain_missing_metric;
use super::remedies::remedy;
use super::sagemaker_evaluator::SageMakerEvaluator;
use super::service::{TrainingReport, TrainingReportSource};
use super::service_client::{Operation, Response};
use super::service_error::{ServiceError, ServiceErrorKind, without_secrets};
use surmise::evaluator::{EvaluatorError, JobEvent, JobId};
use surmise::trial::FailureKind;

/// Number of consecutive failed fetches after which the end of a job does not wait for its last
/// reports.
const MAX_FETCH_FAILURES: u32 = 4;
/// Number of consecutive refusals after which reports are disabled.
const MAX_REPORT_REFUSALS: u32 = 5;
/// Number of lines of a log that a message shows.
const MAX_SHOWN_LINES: usize = 10;
/// Number of characters of a line that a message shows.
const MAX_SHOWN_CHARACTERS: usize = 300;

impl SageMakerEvaluator {
    /// Fetches the new reports of a job; returns how long until there is more to do for it.
    pub(super) fn fetch_reports(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(Duration::MAX) };
        let (Some(job), source) = (&attempt.last_description, &self.reports) else {
            return Ok(Duration::MAX);
        };
        let response =
            self.client.send(Operation::Reports, |service| service.reports(job, source))?;
        let reports = match response {
            Response::Received(reports) => reports,
            Response::RetryAfter(wait) if attempt.has_ended() => return Ok(wait),
            // If the job is due for a poll meanwhile, the search covers it first.
            Response::RetryAfter(wait) => {
                let until_poll = attempt.poll_at.saturating_sub(self.client.clock().now());
                return Ok(if until_poll.is_zero() { wait } else { wait.min(until_poll) });
            }
            // Retry in the next round. The end of a job waits for its last reports, with a limit.
            Response::Lost => {
                attempt.reports.failures += 1;
                attempt.reports.is_fetch_due =
                    attempt.has_ended() && attempt.reports.failures < MAX_FETCH_FAILURES;
                return Ok(Duration::ZERO);
            }
            // The log does not exist yet, or was deleted.
            Response::Refused(ServiceError { kind: ServiceErrorKind::NotFound, .. }) => Vec::new(),
            Response::Refused(error) => {
                attempt.reports.is_fetch_due = false;
                self.handle_refused_reports(&error);
                return Ok(Duration::ZERO);
            }
        };
        self.report_refusals = 0;
        (attempt.reports.is_fetch_due, attempt.reports.failures) = (false, 0);
        attempt.reports.fetched_at = self.client.clock().now();
        for report in reports {
            let step = match report.step {
                Some(step) => step,
                None => {
                    let run = run_index(&report, attempt.last_description.as_ref());
                    if run > attempt.reports.run {
                        // The job has restarted, so its count restarts.
                        (attempt.reports.run, attempt.reports.counted) = (run, 0);
                    }
                    attempt.reports.counted += 1;
                    attempt.reports.counted
                }
            };
            if attempt.reports.last_step.is_none_or(|last| step > last) {
                attempt.reports.last_step = Some(step);
                self.events.push(JobEvent::Report { job: id, step, value: report.value });
            }
        }
        Ok(Duration::ZERO)
    }

    /// Handles refused reports: warns once, and disables them if the refusal is permanent. Only
    /// early stopping needs them, so the tuning continues.
    fn handle_refused_reports(&mut self, error: &ServiceError) {
        let is_denied = error.kind == ServiceErrorKind::AccessDenied;
        let action = match self.reports {
            TrainingReportSource::Logs(_) => "logs:GetLogEvents",
            _ => "sagemaker:BatchGetMetrics",
        };
        self.report_refusals += 1;
        if is_denied || self.report_refusals == 1 {
            let remedy = if is_denied { remedy(error, action) } else { String::new() };
            self.warn(format!(
                "the service refuses the reports of training jobs, so that early stopping is not \
                 possible: {error}{remedy}; the tuning continues without them"
            ));
        }
        if is_denied || self.report_refusals >= MAX_REPORT_REFUSALS {
            self.reports = TrainingReportSource::None;
            self.attempts.values_mut().for_each(|attempt| attempt.reports.is_fetch_due = false);
        }
    }

    /// Fetches the last lines of a job's log; returns how long until there is more to do for it.
    pub(super) fn fetch_last_lines(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(Duration::MAX) };
        let name = attempt.request.name.as_str();
        let response = self
            .client
            .send(Operation::Reports, |service| service.last_lines(name, MAX_SHOWN_LINES))?;
        attempt.log_tail = match response {
            Response::Received(lines) => {
                LogTail::Fetched(lines.iter().map(|line| shortened(line)).collect())
            }
            Response::RetryAfter(wait) => return Ok(wait),
            Response::Lost => LogTail::Unavailable("no reply".to_owned()),
            Response::Refused(error) if error.kind == ServiceErrorKind::NotFound => {
                LogTail::Fetched(Vec::new())
            }
            Response::Refused(error) => LogTail::Unavailable(error.to_string()),
        };
        Ok(Duration::ZERO)
    }

    /// Returns the explanation of a failure, to be appended to its message; empty if there is none.
    pub(super) fn explanation(&self, kind: FailureKind, log_tail: &LogTail) -> String {
        match (kind, log_tail) {
            (FailureKind::MissingMetric, _) => {
                let metric = self.template.metric_name();
                explain_missing_metric(log_tail, metric, self.template.metric_regex(metric))
            }
            (_, LogTail::Fetched(lines)) if !lines.is_empty() => {
                format!("; the log ends with:\n    {}", lines.join("\n    "))
            }
            _ => String::new(),
        }
    }
}

/// Returns the number of restarts of a job before it printed a report: by the log stream, or by
/// the times at which training started.
fn run_index(report: &TrainingReport, job: Option<&TrainingJob>) -> usize {
    let restarts = job.zip(report.printed_at).map_or(0, |(job, at)| {
        job.training_starts.iter().filter(|since| **since <= at).count().saturating_sub(1)
    });
    restarts.max(report.stream)
}

/// Shortens a line for a message, and removes anything that could be a secret.
fn shortened(line: &str) -> String {
    let line = without_secrets(line);
    match line.char_indices().nth(MAX_SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
