//! Events as lines of JSON.

use serde_json::{Value, json};
use surmise::Trial;
use surmise::tune::Progress;

use crate::output::print_line;

/// Prints an event as a line of JSON.
///
/// Events of the study have the same form as in its journal; see `docs/journal.md`.
pub(crate) fn print(progress: &Progress<'_>) {
    let line = match progress {
        Progress::Recorded(event) => serde_json::to_value(event).unwrap_or(Value::Null),
        Progress::Started { job, adopted } => {
            let (trial, attempt) = (job.trial, job.attempt);
            json!({"event": "started", "trial": trial, "attempt": attempt, "adopted": adopted})
        }
        Progress::NewBest { trial, value } => {
            let Trial { id, configuration, .. } = trial;
            json!({
                "event": "new_best", "trial": id, "value": value, "configuration": configuration
            })
        }
        Progress::Retrying { job, after } => {
            let (trial, attempt, after) = (job.trial, job.attempt, after.as_secs_f64());
            json!({"event": "retrying", "trial": trial, "attempt": attempt, "after_seconds": after})
        }
        Progress::Warning(text) => json!({"event": "warning", "text": text}),
        Progress::Paused { why } => json!({"event": "paused", "why": why}),
        Progress::Resumed => json!({"event": "resumed"}),
        Progress::PersistFailed { error } => {
            json!({"event": "not_kept", "error": error.to_string()})
        }
        Progress::PersistRecovered => json!({"event": "kept_again"}),
        Progress::Finished(reason) => json!({"event": "over", "reason": reason.to_string()}),
        _ => return,
    };
    // A closed pipe does not end the tuning.
    let _ = print_line(line);
}
