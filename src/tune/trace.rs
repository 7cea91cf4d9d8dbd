//! Events for a subscriber of `tracing`, as an observer.

use std::ops::ControlFlow;

use tracing::{debug, info, warn};

use super::Progress;
use crate::study::{Event, Study};
use crate::trial::Outcome;

/// An observer that makes everything a `tracing` event: what was asked, told and decided at `INFO`, reports at `DEBUG`, failures, retries and
/// pauses at `WARN`.
///
/// Wants the feature `tracing`.
pub fn trace() -> impl FnMut(&Study, &Progress<'_>) -> ControlFlow<()> {
    |study, progress| {
        match progress {
            Progress::Recorded(event) => trace_event(study, event),
            Progress::NewBest { trial, value } => info!(trial = trial.id.0, value, "new best"),
            Progress::Started { job, adopted } => {
                info!(trial = job.trial.0, attempt = job.attempt, adopted, "started");
            }
            Progress::Busy { retry_after } => debug!(?retry_after, "no room"),
            Progress::Retrying { job, after } => {
                warn!(trial = job.trial.0, attempt = job.attempt, ?after, "will be tried again");
            }
            Progress::Disregarded(event) => warn!(?event, "disregarded"),
            Progress::Paused { why } => warn!(why, "paused"),
            Progress::Resumed => info!("resumed"),
            Progress::Over(reason) => info!(%reason, "over"),
        }
        ControlFlow::Continue(())
    }
}

fn trace_event(study: &Study, event: &Event) {
    match event {
        Event::Enqueued { configuration, .. } => info!(%configuration, "enqueued"),
        Event::Asked { trial, configuration, .. } => {
            let why = study.why(*trial).map(|why| why.to_string()).unwrap_or_default();
            info!(trial = trial.0, %configuration, why, "asked");
        }
        Event::Observed { trial, outcome, .. } => info!(trial = trial.0, ?outcome, "observed"),
        Event::Reported { trial, report } => {
            debug!(trial = trial.0, step = report.step, value = report.value, "reported");
        }
        Event::StopAsked { trial, cause } => info!(trial = trial.0, %cause, "asked to stop"),
        Event::AttemptFailed { trial, failure } => {
            warn!(trial = trial.0, %failure, "attempt failed");
        }
        Event::Told { trial, outcome: Outcome::Failed(failure) } => {
            warn!(trial = trial.0, %failure, "failed");
        }
        Event::Told { trial, outcome } => info!(trial = trial.0, ?outcome, "ended"),
        Event::SetAside { trial, outcome } => warn!(trial = trial.0, ?outcome, "set aside"),
    }
}
