//! What the next proposal may know, as points and losses.

use super::Study;
use crate::objective::Objective;
use crate::strategy::{Ending, FailedPoint, Infeasibility, Observation, Origin, Pending};
use crate::trial::{FailureKind, Outcome, Source, Trial, TrialId};

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
    /// Its last value, less what jobs before it that ran to their end typically still gained from that step on (the median of their
    /// gains); never better than the best of them. Without such a job its last value.
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
        let ended = &study.trials[..horizon];
        let projects = study.settings.stopped_trials == StoppedTrials::Projected;
        let typical = Typical::of(if projects { ended } else { &[] }, &study.objective);
        for (index, (trial, point)) in study.trials.iter().zip(&study.points).enumerate() {
            let (number, point) = (trial.id.0, point.clone());
            let outcome = if index < horizon { trial.outcome.as_ref() } else { None };
            let mut failed = |kind| {
                known.failures.push(FailedPoint::new(number, point.clone(), kind));
            };
            match outcome {
                None => known.pending.push(Pending { trial: number, point }),
                Some(Outcome::Completed { value }) => {
                    let loss = study.objective.loss(*value);
                    let ending = Ending::Full;
                    known.observations.push(Observation {
                        ending,
                        ..observation(study, trial, number, point, loss)
                    });
                }
                Some(Outcome::Stopped { value: Some(value) }) => {
                    let last = study.objective.loss(*value);
                    let loss = match study.settings.stopped_trials {
                        StoppedTrials::LastValue => last,
                        StoppedTrials::Projected => typical.project(trial, last),
                        StoppedTrials::PlaceOnly => {
                            failed(Infeasibility::Unknown);
                            continue;
                        }
                    };
                    let ending = Ending::StoppedEarly;
                    known.observations.push(Observation {
                        ending,
                        ..observation(study, trial, number, point, loss)
                    });
                }
                // Whoever was stopped because the tuning was over has had no chance.
                Some(Outcome::Stopped { value: None }) if trial.was_cut_off() => {
                    failed(Infeasibility::Transient);
                }
                Some(Outcome::Stopped { value: None }) => failed(Infeasibility::Unknown),
                Some(Outcome::Failed(failure)) => failed(match failure.kind {
                    FailureKind::Abandoned => Infeasibility::Unknown,
                    kind if kind.is_transient() => Infeasibility::Transient,
                    _ => Infeasibility::Infeasible,
                }),
            }
        }
        known
    }
}

fn observation(
    study: &Study,
    trial: &Trial,
    number: u64,
    point: crate::cube::UnitPoint,
    loss: f64,
) -> Observation {
    let origin = match trial.source {
        Source::Own => Origin::Own,
        Source::Outside => Origin::Outside,
    };
    let noise_variance = study.deviations.get(&trial.id).map(|deviation| deviation * deviation);
    let resource = trial.reports.iter().map(|report| report.step).max();
    Observation { origin, noise_variance, resource, ..Observation::new(number, point, loss) }
}

/// How jobs that ran to their end went on, step by step.
///
/// Only those before a job speak for it: else every end would change what is said of all jobs that were stopped, and with it all
/// fits to them.
struct Typical {
    curves: Vec<Finished>,
}

struct Finished {
    trial: TrialId,
    /// Losses by steps, in order.
    steps: Vec<(u64, f64)>,
    loss: f64,
}

impl Typical {
    fn of(trials: &[Trial], objective: &Objective) -> Self {
        let mut curves = Vec::new();
        let any_stopped = trials.iter().any(|t| matches!(t.outcome, Some(Outcome::Stopped { .. })));
        for trial in trials.iter().filter(|_| any_stopped) {
            if let Some(Outcome::Completed { value }) = trial.outcome {
                let loss = objective.loss(value);
                let mut steps: Vec<(u64, f64)> =
                    trial.reports.iter().map(|r| (r.step, objective.loss(r.value))).collect();
                steps.sort_by_key(|(step, _)| *step);
                curves.push(Finished { trial: trial.id, steps, loss });
            }
        }
        Self { curves }
    }

    /// What a job that was stopped at its last report, with this loss, would probably have come to.
    fn project(&self, trial: &Trial, last: f64) -> f64 {
        let Some(step) = trial.reports.iter().map(|report| report.step).max() else { return last };
        let before = self.curves.partition_point(|finished| finished.trial < trial.id);
        let before = &self.curves[..before];
        let mut gains: Vec<f64> = before
            .iter()
            .filter_map(|Finished { steps, loss: end, .. }| {
                let reached = steps.partition_point(|(other, _)| *other <= step);
                let (_, loss) = steps.get(reached.checked_sub(1)?)?;
                Some(loss - end).filter(|gain| gain.is_finite())
            })
            .collect();
        if gains.is_empty() {
            return last;
        }
        gains.sort_by(f64::total_cmp);
        let middle = gains.len() / 2;
        let gain = if gains.len() % 2 == 1 {
            gains[middle]
        } else {
            f64::midpoint(gains[middle - 1], gains[middle])
        };
        let best = before.iter().map(|finished| finished.loss).fold(f64::INFINITY, f64::min);
        (last - gain).max(best.min(last))
    }
}
