//! What the end of a program means.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::evaluator::CommandEvaluator;
use super::job::{RunningJob, Why};
use crate::trial::{Failure, FailureKind, Outcome, tells_of_too_little_memory};

impl CommandEvaluator {
    pub(super) fn outcome(&self, job: &RunningJob) -> Outcome {
        let heard = &job.heard;
        let told = heard.final_value(&self.metric, self.several, job.folder.as_deref());
        let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
        match job.why() {
            Some(Why::Stopped) => {
                let value = told.ok().filter(|value| value.is_finite()).or(heard.last_report);
                return Outcome::Stopped { value };
            }
            Some(Why::OutOfTime) => {
                let last = match told.ok().or(heard.last_report) {
                    Some(value) => format!("its last value was {value}"),
                    None => "it had told no value".to_owned(),
                };
                let most = self.max_runtime.unwrap_or_default();
                let text = format!("it ran for longer than it may, {most:?}; {last}");
                return failed(FailureKind::Timeout, text);
            }
            None => {}
        }
        let errors = heard.errors();
        match (job.status(), told) {
            (Some(Ok(status)), Ok(value)) if status.success() => Outcome::from(value),
            (Some(Ok(status)), Err(found)) if status.success() => {
                failed(FailureKind::MissingMetric, format!("{found}{}", after(&errors)))
            }
            (Some(Ok(status)), _) => {
                let left = self.setup.as_ref().zip(job.folder.as_deref());
                match left.and_then(|(setup, folder)| setup.failure(folder)) {
                    Some(reason) => {
                        let kind = kind_of(*status, &format!("{reason}\n{errors}"));
                        failed(kind, format!("{reason}, {status}"))
                    }
                    None => {
                        failed(kind_of(*status, &errors), format!("{status}{}", after(&errors)))
                    }
                }
            }
            (Some(Err(error)), _) => failed(FailureKind::Error, error.to_string()),
            (None, _) => failed(FailureKind::Interrupted, "it was never seen to end".to_owned()),
        }
    }
}

fn after(errors: &str) -> String {
    if errors.is_empty() {
        String::new()
    } else {
        format!("; the end of its standard error:\n{errors}")
    }
}

fn kind_of(status: ExitStatus, errors: &str) -> FailureKind {
    if tells_of_too_little_memory(errors) {
        return FailureKind::OutOfMemory;
    }
    // HUP, INT, KILL and TERM come from elsewhere, all other signals from what the program does. A shell tells that a signal
    // ended its child by 128 and its number.
    if matches!(status.signal(), Some(1 | 2 | 9 | 15))
        || matches!(status.code(), Some(129 | 130 | 137 | 143))
    {
        return FailureKind::Interrupted;
    }
    FailureKind::Error
}
