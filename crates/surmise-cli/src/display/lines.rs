//! Events as lines of text.

use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{Outcome, Study, TrialId};

use super::text::{format_configuration, format_duration, format_number, sanitize};

/// Returns the line of text for an event, or `None` if the event is not printed.
pub(crate) fn describe_event(study: &Study, progress: &Progress<'_>) -> Option<String> {
    let text = match progress {
        Progress::Started { job, adopted } => {
            let configuration =
                study.trial(job.trial).map(|trial| format_configuration(&trial.configuration))?;
            let attempt = match job.attempt {
                1 => String::new(),
                attempt => format!(", attempt {attempt}"),
            };
            let verb = if *adopted { "still runs" } else { "starts" };
            format!("trial {}{attempt} {verb}: {configuration}", job.trial)
        }
        Progress::Recorded(Event::Told { trial, outcome }) => {
            describe_outcome(study, *trial, outcome)?
        }
        Progress::Recorded(Event::AttemptFailed { trial, failure }) => {
            format!("trial {trial}: the attempt failed: {}", shorten_message(&failure.message))
        }
        Progress::Recorded(Event::StopRequested { trial, cause }) => {
            format!("trial {trial} is asked to stop: {cause}")
        }
        Progress::Retrying { job, after } => {
            let after = format_duration(*after);
            format!("trial {}: attempt {} starts in {after}", job.trial, job.attempt)
        }
        Progress::Busy { retry_after } => {
            format!("no job can be started now; retry in {}", format_duration(*retry_after))
        }
        Progress::Warning(text) => format!("warning: {text}"),
        Progress::Paused { why } => format!("paused: {why}"),
        Progress::Resumed => "resumed".to_owned(),
        Progress::PersistFailed { error } => {
            format!("no job is started while the journal cannot be written: {error}")
        }
        Progress::PersistRecovered => "the journal can be written again".to_owned(),
        _ => return None,
    };
    Some(text)
}

fn describe_outcome(study: &Study, id: TrialId, outcome: &Outcome) -> Option<String> {
    let trial = study.trial(id)?;
    let metric = &study.objective().metric_name;
    let configuration = format_configuration(&trial.configuration);
    Some(match outcome {
        Outcome::Completed { value } => {
            let is_best = study.best().is_some_and(|best| best.id == id);
            let best = if is_best { ", the best so far" } else { "" };
            format!("trial {id}: {metric} {}{best}  ({configuration})", format_number(*value))
        }
        Outcome::Stopped { value: Some(value) } => {
            format!("trial {id} stopped: {metric} {}  ({configuration})", format_number(*value))
        }
        Outcome::Stopped { value: None } => format!("trial {id} stopped  ({configuration})"),
        Outcome::Failed(failure) => {
            format!("trial {id} failed: {}  ({configuration})", shorten_message(&failure.message))
        }
    })
}

/// Joins the first and the last line of a message; the journal keeps all of it.
pub(crate) fn shorten_message(message: &str) -> String {
    let message = sanitize(message);
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    // The last line of a program's errors says what was wrong.
    match lines.next_back() {
        Some(last) => format!("{first} {}", last.trim()),
        None => first.to_owned(),
    }
}
