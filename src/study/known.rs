//! What the next proposal may know, as points and losses.

use super::Study;
use crate::cube::UnitPoint;
use crate::stopping::Curves;
use crate::strategy::{Ending, FailedPoint, Infeasibility, Observation, Origin, Pending};
use crate::trial::{FailureKind, Outcome, Source, Trial};

/// What a strategy is told of trials that were stopped early.
///
/// A value on the way is not what a job would have come to. Which reading serves a search best was measured: see the page on early
/// stopping in BENCHMARKING.md.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoppedTrials {
    /// Its last value, as if it were a final one.
    #[default]
    LastValue,
    /// What it would probably have come to: see [`Curves::projection`].
    Projected,
    /// Nothing but where it was, so that it is not proposed again.
    PlaceOnly,
}

/// What the next proposal may know.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) observations: Vec<Observation>,
    pub(super) pending: Vec<Pending>,
    pub(super) failures: Vec<FailedPoint>,
}

impl Known {
    /// What is known if the outcomes of the first `horizon` trials are.
    pub(super) fn of(study: &Study, horizon: usize) -> Self {
        let mut known = Self::default();
        let reading = study.settings.stopped_trials;
        let ended =
            if reading == StoppedTrials::Projected { &study.trials[..horizon] } else { &[] };
        let curves = Curves::of(&study.objective, ended);
        for (index, (trial, point)) in study.trials.iter().zip(&study.points).enumerate() {
            let point = point.clone();
            let outcome = if index < horizon { trial.outcome.as_ref() } else { None };
            let infeasibility = match outcome {
                None => {
                    known.pending.push(Pending { trial: trial.id.0, point });
                    continue;
                }
                Some(Outcome::Completed { value }) => {
                    let loss = study.objective.loss(*value);
                    known.observations.push(observation(study, trial, point, loss));
                    continue;
                }
                Some(Outcome::Stopped { value: Some(value) })
                    if reading != StoppedTrials::PlaceOnly =>
                {
                    let last = study.objective.loss(*value);
                    let loss = match reading {
                        StoppedTrials::Projected => curves.projection(trial.id, last),
                        _ => last,
                    };
                    let stopped = observation(study, trial, point, loss);
                    let ending = Ending::StoppedEarly;
                    known.observations.push(Observation { ending, ..stopped });
                    continue;
                }
                // Whoever was stopped because the tuning was over has had no chance.
                Some(Outcome::Stopped { value: None }) if trial.was_cut_off() => {
                    Infeasibility::Transient
                }
                Some(Outcome::Stopped { .. }) => Infeasibility::Unknown,
                Some(Outcome::Failed(failure)) => match failure.kind {
                    FailureKind::Abandoned => Infeasibility::Unknown,
                    kind if kind.is_transient() => Infeasibility::Transient,
                    _ => Infeasibility::Infeasible,
                },
            };
            known.failures.push(FailedPoint::new(trial.id.0, point, infeasibility));
        }
        known
    }
}

fn observation(study: &Study, trial: &Trial, point: UnitPoint, loss: f64) -> Observation {
    let origin = match trial.source {
        Source::Own => Origin::Own,
        Source::Outside => Origin::Outside,
    };
    let noise_variance = study.deviations.get(&trial.id).map(|deviation| deviation * deviation);
    let resource = trial.reports.iter().map(|report| report.step).max();
    Observation { origin, noise_variance, resource, ..Observation::new(trial.id.0, point, loss) }
}
