//! Events for a subscriber of `tracing`, as an observer.

use std::ops::ControlFlow;

use tracing::{debug, info, warn};

use super::progress::Progress;
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
            Progress::OutOfBudget { spent, budget } => warn!(?spent, ?budget, "out of budget"),
            Progress::Retrying { job, after } => {
                warn!(trial = job.trial.0, attempt = job.attempt, ?after, "will be tried again");
            }
            Progress::Disregarded(event) => warn!(?event, "disregarded"),
            Progress::Paused { why } => warn!(why, "paused"),
            Progress::Resumed => info!("resumed"),
            Progress::Warning(text) => warn!("{text}"),
            Progress::NotKept { error } => warn!(%error, "not kept"),
            Progress::KeptAgain => info!("kept again"),
            Progress::Over(reason) => info!(%reason, "over"),
        }
        ControlFlow::Continue(())
    }
}

fn trace_event(study: &Study, event: &Event) {
    match event {
        Event::Enqueued { configuration, .. } => info!(%configuration, "enqueued"),
        Event::Dequeued { configuration } => warn!(%configuration, "cannot be tried any more"),
        Event::Asked { trial, configuration, .. } => {
            let why = study.why(*trial).map(|why| why.to_string()).unwrap_or_default();
            info!(trial = trial.0, %configuration, why, "asked");
        }
        Event::Observed { trial, outcome, .. } => info!(trial = trial.0, ?outcome, "observed"),
        Event::Reported { trial, report } => {
            debug!(trial = trial.0, step = report.step, value = report.value, "reported");
        }
        Event::Located { trial, place } => {
            debug!(trial = trial.0, %place, "the trial's job has an address");
        }
        Event::StopWithdrawn { trial } => {
            info!(trial = trial.0, "it runs anew, and is not to stop");
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

    /// Keeps levels and messages.
    struct Kept(Arc<Mutex<Vec<String>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }

    impl Subscriber for Kept {
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
    fn what_happens_becomes_an_event_of_its_level() {
        let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
        let settings = StudySettings { limits: ResourceLimits::new(2, 1), ..Default::default() };
        let (space, objective) = (SearchSpace::new([range]).unwrap(), Objective::minimize("loss"));
        let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
        let second = std::time::Duration::from_secs(1);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
            1 => SimulatedJob::new(0.5, second),
            _ => SimulatedJob::new(Outcome::Failed(Failure::new(FailureKind::Error, "no")), second),
        });
        let kept = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(Kept(Arc::clone(&kept)), || {
            Tuner::new().observe(trace()).run(&mut study, &mut jobs).unwrap();
        });
        let one = ["INFO asked", "INFO started", "INFO ended", "INFO new best"];
        let two = ["INFO asked", "INFO started", "WARN failed", "INFO over"];
        assert_eq!(*kept.lock().unwrap(), [one, two].concat());
    }
}
