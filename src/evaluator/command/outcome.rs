//! Converts the end of a program to the outcome of its trial.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::evaluator::CommandEvaluator;
use super::job::{EndReason, RunningJob};
use crate::trial::{Failure, FailureKind, Outcome, indicates_out_of_memory};

impl CommandEvaluator {
    pub(super) fn outcome(&self, job: &RunningJob) -> Outcome {
        let output = &job.output;
        let folder = job.folder.as_deref();
        let final_value = output.final_value(&self.metric, self.match_selection, folder);
        let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
        match job.end_reason() {
            Some(EndReason::Requested) => {
                let value = final_value.ok().filter(|value| value.is_finite());
                return Outcome::Stopped { value: value.or(output.last_report) };
            }
            Some(EndReason::TimedOut) => {
                let last = match final_value.ok().or(output.last_report) {
                    Some(value) => format!("its last value was {value}"),
                    None => "it had printed no value".to_owned(),
                };
                let limit = self.max_runtime.unwrap_or_default();
                let text = format!("the job exceeded its maximum runtime of {limit:?}; {last}");
                return failed(FailureKind::Timeout, text);
            }
            None => {}
        }
        let errors = output.errors();
        match (job.status(), final_value) {
            (Some(Ok(status)), Ok(value)) if status.success() => Outcome::from(value),
            (Some(Ok(status)), Err(reason)) if status.success() => {
                failed(FailureKind::MissingMetric, format!("{reason}{}", error_suffix(&errors)))
            }
            (Some(Ok(status)), _) => {
                let setup = self.setup.as_ref().zip(folder);
                match setup.and_then(|(setup, folder)| setup.failure_reason(folder)) {
                    Some(reason) => {
                        let kind = kind_of(*status, &format!("{reason}\n{errors}"));
                        failed(kind, format!("{reason}, {status}"))
                    }
                    None => {
                        let text = format!("{status}{}", error_suffix(&errors));
                        failed(kind_of(*status, &errors), text)
                    }
                }
            }
            (Some(Err(error)), _) => failed(FailureKind::Error, error.to_string()),
            (None, _) => failed(FailureKind::Interrupted, "its end is not known".to_owned()),
        }
    }
}

/// Returns the part of a message that quotes standard error; empty without errors.
fn error_suffix(errors: &str) -> String {
    if errors.is_empty() {
        String::new()
    } else {
        format!("; the end of its standard error:\n{errors}")
    }
}

fn kind_of(status: ExitStatus, errors: &str) -> FailureKind {
    if indicates_out_of_memory(errors) {
        return FailureKind::OutOfMemory;
    }
    // Other processes send HUP, INT, KILL and TERM; all other signals are the program's own fault.
    // A shell reports that a signal ended its child by the status 128 plus the signal's number.
    if matches!(status.signal(), Some(1 | 2 | 9 | 15))
        || matches!(status.code(), Some(129 | 130 | 137 | 143))
    {
        return FailureKind::Interrupted;
    }
    FailureKind::Error
}
