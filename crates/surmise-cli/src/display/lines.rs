//! Events as lines of text.

use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{Outcome, Study, TrialId};

use super::text::{duration, number, printable, short};

/// The line of an event, or nothing for an event that has none.
pub(crate) fn line(study: &Study, progress: &Progress<'_>) -> Option<String> {
    let text = match progress {
        Progress::Started { job, adopted } => {
            let configuration = study.trial(job.trial).map(|trial| short(&trial.configuration))?;
            let attempt = match job.attempt {
                1 => String::new(),
                attempt => format!(", attempt {attempt}"),
            };
            let verb = if *adopted { "still runs" } else { "starts" };
            format!("trial {}{attempt} {verb}: {configuration}", job.trial)
        }
        Progress::Recorded(Event::Told { trial, outcome }) => ended(study, *trial, outcome)?,
        Progress::Recorded(Event::AttemptFailed { trial, failure }) => {
            format!("trial {trial}: attempt failed: {}", one_line(&failure.message))
        }
        Progress::Recorded(Event::StopAsked { trial, cause }) => {
            format!("trial {trial} is asked to stop: {cause}")
        }
        Progress::Retrying { job, after } => {
            format!("trial {}: attempt {} in {}", job.trial, job.attempt, duration(*after))
        }
        Progress::Busy { retry_after } => {
            format!("no job can be started now; next try in {}", duration(*retry_after))
        }
        Progress::Warning(text) => format!("warning: {text}"),
        Progress::Paused { why } => format!("paused: {why}"),
        Progress::Resumed => "resumed".to_owned(),
        Progress::NotKept { error } => {
            format!("no job is started while the journal cannot be written: {error}")
        }
        Progress::KeptAgain => "the journal can be written again".to_owned(),
        _ => return None,
    };
    Some(text)
}

fn ended(study: &Study, id: TrialId, outcome: &Outcome) -> Option<String> {
    let trial = study.trial(id)?;
    let metric = &study.objective().metric_name;
    let configuration = short(&trial.configuration);
    Some(match outcome {
        Outcome::Completed { value } => {
            let is_best = study.best().is_some_and(|best| best.id == id);
            let best = if is_best { ", the best so far" } else { "" };
            format!("trial {id}: {metric} {}{best}  ({configuration})", number(*value))
        }
        Outcome::Stopped { value: Some(value) } => {
            format!("trial {id} stopped: {metric} {}  ({configuration})", number(*value))
        }
        Outcome::Stopped { value: None } => format!("trial {id} stopped  ({configuration})"),
        Outcome::Failed(failure) => {
            format!("trial {id} failed: {}  ({configuration})", one_line(&failure.message))
        }
    })
}

/// What fits in a line: all of a message is in the journal.
pub(crate) fn one_line(message: &str) -> String {
    let message = printable(message);
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    // The last line of a program's errors says what was wrong.
    match lines.next_back() {
        Some(last) => format!("{first} {}", last.trim()),
        None => first.to_owned(),
    }
}
