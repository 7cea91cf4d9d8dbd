//! What training jobs tell besides their ends: reports of the metric, and the last lines of their logs.

use std::time::Duration;

use super::attempt::LastLines;
use super::description::TrainingJob;
use super::fate::explained;
use super::line::{Answer, Operation};
use super::remedies::remedy;
use super::service::{TrainingReport, TrainingReports};
use super::training_jobs::SageMakerEvaluator;
use super::trouble::{ServiceError, ServiceErrorKind, without_secrets};
use surmise::evaluator::{EvaluatorError, JobEvent, JobId};
use surmise::trial::FailureKind;

/// So often the last reports of a job that has ended are asked for.
const REPORT_MISSES: u32 = 4;
/// So many refusals in a row, and reports are not asked for any more.
const REFUSALS: u32 = 5;
/// So many of the last lines of a log are shown.
const LAST_LINES: usize = 10;
/// A line is shown up to so many characters.
const LINE: usize = 300;

impl SageMakerEvaluator {
    pub(super) fn fetch_reports(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(Duration::MAX) };
        let (Some(job), source) = (&attempt.seen, &self.reports) else { return Ok(Duration::MAX) };
        let answer = self.line.ask(Operation::Reports, |service| service.reports(job, source))?;
        let reports = match answer {
            Answer::Given(reports) => reports,
            Answer::Later(wait) if attempt.has_ended() => return Ok(wait),
            // Whoever is due is looked at with the others, as soon as that may be asked.
            Answer::Later(wait) => {
                let look_in = attempt.look_at.saturating_sub(self.line.clock().now());
                return Ok(if look_in.is_zero() { wait } else { wait.min(look_in) });
            }
            // In the next round; an end waits for its last reports, but not for ever.
            Answer::Lost => {
                attempt.reports.misses += 1;
                attempt.reports.are_wanted =
                    attempt.has_ended() && attempt.reports.misses < REPORT_MISSES;
                return Ok(Duration::ZERO);
            }
            // There is no log yet, or none any more.
            Answer::Refused(ServiceError { kind: ServiceErrorKind::Missing, .. }) => Vec::new(),
            Answer::Refused(error) => {
                attempt.reports.are_wanted = false;
                self.go_on_without_reports(&error);
                return Ok(Duration::ZERO);
            }
        };
        self.report_refusals = 0;
        (attempt.reports.are_wanted, attempt.reports.misses) = (false, 0);
        attempt.reports.fetched_at = self.line.clock().now();
        for report in reports {
            let step = match report.step {
                Some(step) => step,
                None => {
                    let run = run_of(&report, attempt.seen.as_ref());
                    if run > attempt.reports.run {
                        // It was begun anew, and counts anew.
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

    /// Reports are refused: nothing depends on them but early stopping, so that the tuning goes on. This is told once.
    fn go_on_without_reports(&mut self, error: &ServiceError) {
        let is_denied = error.kind == ServiceErrorKind::Denied;
        let action = match self.reports {
            TrainingReports::Logs(_) => "logs:GetLogEvents",
            _ => "sagemaker:BatchGetMetrics",
        };
        self.report_refusals += 1;
        if is_denied || self.report_refusals == 1 {
            let remedy = if is_denied { remedy(error, action) } else { String::new() };
            self.warn(format!(
                "there are no reports of training jobs, so that none can be stopped early: {error}{remedy}; the tuning goes on without"
            ));
        }
        if is_denied || self.report_refusals >= REFUSALS {
            self.reports = TrainingReports::None;
            self.attempts.values_mut().for_each(|attempt| attempt.reports.are_wanted = false);
        }
    }

    pub(super) fn fetch_last_lines(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(Duration::MAX) };
        let name = attempt.request.name.as_str();
        let answer =
            self.line.ask(Operation::Reports, |service| service.last_lines(name, LAST_LINES))?;
        attempt.last_lines = match answer {
            Answer::Given(lines) => {
                LastLines::Known(lines.iter().map(|line| shown(line)).collect())
            }
            Answer::Later(wait) => return Ok(wait),
            Answer::Lost => LastLines::Unknown("no answer".to_owned()),
            Answer::Refused(error) if error.kind == ServiceErrorKind::Missing => {
                LastLines::Known(Vec::new())
            }
            Answer::Refused(error) => LastLines::Unknown(error.to_string()),
        };
        Ok(Duration::ZERO)
    }

    /// What people are told of an end without a value, besides its reason.
    pub(super) fn explanation(&self, kind: FailureKind, lines: &LastLines) -> String {
        match (kind, lines) {
            (FailureKind::MissingMetric, lines) => {
                let metric = self.template.metric_name();
                explained(lines, metric, self.template.expression_of(metric))
            }
            (_, LastLines::Known(lines)) if !lines.is_empty() => {
                format!("; its log ends with:\n    {}", lines.join("\n    "))
            }
            _ => String::new(),
        }
    }
}

/// How often a job had been begun before, when it printed this: by the log stream, or by the times at which it began to train.
fn run_of(report: &TrainingReport, job: Option<&TrainingJob>) -> usize {
    let begun = job.zip(report.at).map_or(0, |(job, at)| {
        job.trained_since.iter().filter(|since| **since <= at).count().saturating_sub(1)
    });
    begun.max(report.stream)
}

/// A line as it is shown: not too long, and without what could be a secret.
fn shown(line: &str) -> String {
    let line = without_secrets(line);
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
