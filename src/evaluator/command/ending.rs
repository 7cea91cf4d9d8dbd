//! What the end of a program means.

use std::process::ExitStatus;

use super::{Call, CommandEvaluator, TrainingContainer};
use crate::trial::{Failure, FailureKind, Outcome, tells_of_too_little_memory};

impl CommandEvaluator {
    pub(super) fn outcome(&self, call: &Call) -> Outcome {
        let told = call.heard.final_value(&self.metric, self.several, call.folder.as_deref());
        if call.stop_asked {
            let value = told.ok().filter(|value| value.is_finite()).or(call.heard.last_report);
            return Outcome::Stopped { value };
        }
        let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
        if call.is_out_of_time {
            let last = match told.ok().or(call.heard.last_report) {
                Some(value) => format!("its last value was {value}"),
                None => "it had told no value".to_owned(),
            };
            let text = format!("it ran for longer than MaxRuntimeInSeconds; {last}");
            return failed(FailureKind::Timeout, text);
        }
        match (&call.exit, told) {
            (Some((Ok(status), _)), Ok(value)) if status.success() => Outcome::from(value),
            (Some((Ok(status), _)), Err(found)) if status.success() => failed(
                FailureKind::MissingMetric,
                format!("{found}{}", after(&call.heard.errors())),
            ),
            (Some((Ok(status), _)), _) => {
                let errors = call.heard.errors();
                let left = self.container.as_ref().zip(call.folder.as_deref());
                match left.and_then(|(_, folder)| TrainingContainer::failure(folder)) {
                    Some(reason) => {
                        let kind = kind_of(*status, &format!("{reason}\n{errors}"));
                        failed(kind, format!("AlgorithmError: {reason}, {status}"))
                    }
                    None => {
                        failed(kind_of(*status, &errors), format!("{status}{}", after(&errors)))
                    }
                }
            }
            (Some((Err(error), _)), _) => failed(FailureKind::Error, error.to_string()),
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
    #[cfg(unix)]
    if matches!(std::os::unix::process::ExitStatusExt::signal(&status), Some(1 | 2 | 9 | 15))
        || matches!(status.code(), Some(129 | 130 | 137 | 143))
    {
        return FailureKind::Interrupted;
    }
    #[cfg(not(unix))]
    let _ = status;
    FailureKind::Error
}
