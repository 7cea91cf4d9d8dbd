//! An observer that emits `tracing` events.

use std::ops::ControlFlow;

use tracing::{debug, info, warn};

use super::progress::Progress;
use crate::study::{Event, Study};
use crate::trial::Outcome;

/// Returns an observer that emits a `tracing` event for each progress event.
///
/// Trials that are asked for, start or end, new best values and stop requests have the level
/// `INFO`. Reports, job locations and busy evaluators have the level `DEBUG`; failures, retries,
/// pauses and warnings have the level `WARN`. The function needs the feature `tracing`.
///
/// ```
/// use surmise::Tuner;
///
/// let tuner = Tuner::new().on_progress(surmise::tune::trace());
/// ```
pub fn trace() -> impl FnMut(&Study, &Progress<'_>) -> ControlFlow<()> {
    |study, progress| {
        match progress {
            Progress::Recorded(event) => trace_event(study, event),
            Progress::NewBest { trial, value } => info!(trial = trial.id.0, value, "new best"),
            Progress::Started { job, adopted } => {
                info!(trial = job.trial.0, attempt = job.attempt, adopted, "started");
            }
            Progress::Busy { retry_after } => debug!(?retry_after, "no free slot"),
            Progress::OutOfBudget { spent, budget } => warn!(?spent, ?budget, "budget spent"),
            Progress::Retrying { job, after } => {
                warn!(trial = job.trial.0, attempt = job.attempt, ?after, "retrying");
            }
            Progress::IgnoredEvent(event) => warn!(?event, "ignored job event"),
            Progress::Paused { why } => warn!(why, "paused"),
            Progress::Resumed => info!("resumed"),
            Progress::Warning(text) => warn!("{text}"),
            Progress::PersistFailed { error } => warn!(%error, "events not persisted"),
            Progress::PersistRecovered => info!("events persisted again"),
            Progress::Finished(reason) => info!(%reason, "finished"),
        }
        ControlFlow::Continue(())
    }
}

fn trace_event(study: &Study, event: &Event) {
    match event {
        Event::Enqueued { configuration, .. } => info!(%configuration, "enqueued"),
        Event::Dequeued { configuration } => warn!(%configuration, "dequeued"),
        Event::Asked { trial, configuration, .. } => {
            let why = study.why(*trial).map(|why| why.to_string()).unwrap_or_default();
            info!(trial = trial.0, %configuration, why, "asked");
        }
        Event::Observed { trial, outcome, .. } => info!(trial = trial.0, ?outcome, "observed"),
        Event::Reported { trial, report } => {
            debug!(trial = trial.0, step = report.step, value = report.value, "reported");
        }
        Event::Located { trial, location } => {
            debug!(trial = trial.0, %location, "job located");
        }
        Event::StopWithdrawn { trial } => {
            info!(trial = trial.0, "stop request withdrawn");
        }
        Event::StopRequested { trial, cause } => info!(trial = trial.0, %cause, "stop requested"),
        Event::AttemptFailed { trial, failure } => {
            warn!(trial = trial.0, %failure, "attempt failed");
        }
        Event::Told { trial, outcome: Outcome::Failed(failure) } => {
            warn!(trial = trial.0, %failure, "failed");
        }
        Event::Told { trial, outcome } => info!(trial = trial.0, ?outcome, "ended"),
        Event::LateOutcome { trial, outcome } => warn!(trial = trial.0, ?outcome, "late outcome"),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::evaluator::{Job, SimulatedEvaluator, SimulatedJob};
    use crate::limits::ResourceLimits;
    use crate::objective::Objective;
    use crate::space::{ParameterRange, ScalingType, SearchSpace};
    use crate::strategy::RandomSearch;
    use crate::study::StudySettings;
    use crate::trial::{Failure, FailureKind};
    use crate::tune::Tuner;

    /// A subscriber that keeps levels and messages.
    struct MessageCollector(Arc<Mutex<Vec<String>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }

    impl Subscriber for MessageCollector {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut message = Message(String::new());
            event.record(&mut message);
            self.0.lock().unwrap().push(format!("{} {}", event.metadata().level(), message.0));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn progress_becomes_tracing_events_with_levels() {
        let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
        let settings = StudySettings { limits: ResourceLimits::new(2, 1), ..Default::default() };
        let (space, objective) = (SearchSpace::new([range]).unwrap(), Objective::minimize("loss"));
        let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
        let second = std::time::Duration::from_secs(1);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
            1 => SimulatedJob::new(0.5, second),
            _ => SimulatedJob::new(Outcome::Failed(Failure::new(FailureKind::Error, "no")), second),
        });
        let messages = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(MessageCollector(Arc::clone(&messages)), || {
            Tuner::new().on_progress(trace()).run(&mut study, &mut jobs).unwrap();
        });
        let first = ["INFO asked", "INFO started", "INFO ended", "INFO new best"];
        let second = ["INFO asked", "INFO started", "WARN failed", "INFO finished"];
        assert_eq!(*messages.lock().unwrap(), [first, second].concat());
    }
}
