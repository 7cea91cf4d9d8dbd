//! Events as JSON, a line each.

use serde_json::{Value, json};
use surmise::tune::Progress;

use crate::output::say;

/// Prints what a program may want to know. Events of the study have the form that they have in its journal (docs/journal.md).
pub(crate) fn print(progress: &Progress<'_>) {
    let line = match progress {
        Progress::Recorded(event) => serde_json::to_value(event).unwrap_or(Value::Null),
        Progress::Started { job, adopted } => {
            json!({"event": "started", "trial": job.trial, "attempt": job.attempt, "adopted": adopted})
        }
        Progress::NewBest { trial, value } => {
            json!({"event": "new_best", "trial": trial.id, "value": value, "configuration": trial.configuration})
        }
        Progress::Retrying { job, after } => {
            json!({"event": "retrying", "trial": job.trial, "attempt": job.attempt, "after_seconds": after.as_secs_f64()})
        }
        Progress::Warning(text) => json!({"event": "warning", "text": text}),
        Progress::Paused { why } => json!({"event": "paused", "why": why}),
        Progress::Resumed => json!({"event": "resumed"}),
        Progress::NotKept { error } => json!({"event": "not_kept", "error": error.to_string()}),
        Progress::KeptAgain => json!({"event": "kept_again"}),
        Progress::Over(reason) => json!({"event": "over", "reason": reason.to_string()}),
        _ => return,
    };
    // A closed pipe does not end the tuning.
    let _ = say(line);
}
