//! Formats trials as JSON and as CSV.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use surmise::journal::JournalView;
use surmise::study::Event;
use surmise::{Outcome, ParameterRange, Trial, TrialId};

use crate::output::CommandError;

/// Returns the state of a trial; `pending` is the state of a trial that has not ended.
pub(crate) fn state<'a>(trial: &Trial, pending: &'a str) -> &'a str {
    match &trial.outcome {
        None => pending,
        Some(Outcome::Completed { .. }) => "completed",
        Some(Outcome::Stopped { .. }) => "stopped",
        Some(Outcome::Failed(_)) => "failed",
    }
}

/// The start and the end of each trial, in seconds since 1970 (UTC).
#[derive(Debug, Default)]
pub(crate) struct Times {
    started: HashMap<TrialId, f64>,
    ended: HashMap<TrialId, f64>,
}

impl Times {
    pub(crate) fn new(view: &JournalView) -> Self {
        let mut times = Self::default();
        for (event, time) in view.study.events().iter().zip(&view.times) {
            match event {
                // The next attempt starts when the last one has failed.
                Event::Asked { trial, .. } | Event::AttemptFailed { trial, .. } => {
                    times.started.insert(*trial, *time);
                }
                Event::Told { trial, .. } | Event::Observed { trial, .. } => {
                    times.ended.insert(*trial, *time);
                }
                _ => {}
            }
        }
        times
    }

    pub(crate) fn started(&self, trial: TrialId) -> Option<f64> {
        self.started.get(&trial).copied()
    }

    pub(crate) fn ended(&self, trial: TrialId) -> Option<f64> {
        self.ended.get(&trial).copied()
    }

    /// Returns the duration of the trial's last attempt.
    pub(crate) fn duration(&self, trial: TrialId) -> Option<Duration> {
        let seconds = self.ended(trial)? - self.started(trial)?;
        Duration::try_from_secs_f64(seconds.max(0.0)).ok()
    }
}

/// Converts a trial to JSON, with exact values.
pub(crate) fn as_json(trial: &Trial, times: &Times, pending: &str) -> Value {
    let mut record = json!({
        "trial": trial.id,
        "state": state(trial, pending),
        "value": trial.value(),
        "configuration": trial.configuration,
        "attempts": trial.attempt(),
        "reports": trial.reports,
        "begun": times.started(trial.id),
        "ended": times.ended(trial.id),
    });
    if let Some(Outcome::Failed(failure)) = &trial.outcome {
        record["failure"] = json!({"kind": failure.kind, "message": failure.message});
    }
    record
}

/// Formats rows as CSV (RFC 4180).
///
/// # Errors
/// Returns an error of the CSV writer, which does not occur for a buffer in memory.
pub(crate) fn to_csv(rows: impl Iterator<Item = Vec<String>>) -> Result<String, CommandError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Formats a time in seconds since 1970 as text: `2026-11-30T15:34:22.540894+00:00`.
pub(crate) fn format_rfc3339(seconds: f64) -> String {
    let since_1970 = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let time = humantime::format_rfc3339_micros(SystemTime::UNIX_EPOCH + since_1970).to_string();
    // Python before 3.11 (2022) does not accept `Z`.
    time.replace('Z', "+00:00")
}

/// Formats trials as CSV.
///
/// The columns are number, state, value, times, reason of a failure, and one for each parameter.
pub(crate) fn as_csv(
    view: &JournalView,
    trials: &[&Trial],
    pending: &str,
) -> Result<String, CommandError> {
    let times = Times::new(view);
    let ranges = view.study.space().ranges();
    let metric = &view.study.objective().metric_name;
    let header = ["trial", "state", metric.as_str(), "begun", "ended", "failure"];
    let names = ranges.iter().map(ParameterRange::name);
    let header = header.into_iter().chain(names).map(str::to_owned).collect();
    let to_row = |trial: &Trial| {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let failure = match &trial.outcome {
            Some(Outcome::Failed(failure)) => failure.message.clone(),
            _ => String::new(),
        };
        let trial_values = [
            trial.id.to_string(),
            state(trial, pending).to_owned(),
            number(trial.value()),
            number(times.started(trial.id)),
            number(times.ended(trial.id)),
            failure,
        ];
        let values = ranges.iter().map(|range| {
            let value = trial.configuration.value(range.name());
            value.map(surmise::ParameterValue::to_text).unwrap_or_default()
        });
        trial_values.into_iter().chain(values).collect()
    };
    to_csv(std::iter::once(header).chain(trials.iter().copied().map(to_row)))
}
