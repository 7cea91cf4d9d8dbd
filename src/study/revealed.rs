//! Which outcomes the next proposal may know, as the order of the study says.

use super::known::{Entry, Known, StoppedTrials};
use super::trials::Study;
use crate::cube::UnitPoint;
use crate::objective::Objective;
use crate::stopping::Curves;
use crate::strategy::{Ending, Infeasibility, Observation, Origin};
use crate::trial::{FailureKind, Outcome, Source, Trial};

impl Known {
    /// What is known if the outcomes of the first `horizon` trials are.
    pub(super) fn of(study: &Study, horizon: usize) -> Self {
        let mut known = Self::new(study.space.axes());
        let is_projected = study.settings.stopped_trials == StoppedTrials::Projected;
        let curves = is_projected.then(|| Curves::of(&study.objective, &study.trials[..horizon]));
        for (index, (trial, point)) in study.trials.iter().zip(&study.points).enumerate() {
            let entry = match index < horizon {
                true => study.entry_of(trial, point, curves.as_ref(), horizon),
                false => Entry::Pending,
            };
            known.set(trial.id, [point, study.proposed_point(index)], entry);
        }
        known
    }
}

impl Study {
    /// What a trial is to a strategy that may know its outcome, and those of the first `horizon` trials.
    pub(super) fn entry_of(
        &self,
        trial: &Trial,
        point: &UnitPoint,
        curves: Option<&Curves>,
        horizon: usize,
    ) -> Entry {
        let reading = self.settings.stopped_trials;
        let Some(outcome) = &trial.outcome else { return Entry::Pending };
        if self.is_copy(trial, horizon) {
            return Entry::Copy;
        }
        if trial.was_cut_off() {
            return Entry::Failed(Infeasibility::Transient);
        }
        match outcome {
            Outcome::Completed { value } => {
                Entry::Observed(self.observation(trial, point, &self.objective, *value))
            }
            Outcome::Stopped { value: Some(value) } if reading != StoppedTrials::PlaceOnly => {
                let stopped = self.observation(trial, point, &self.objective, *value);
                let loss = match curves {
                    Some(curves) => curves.projection(trial.id, stopped.loss),
                    None => stopped.loss,
                };
                Entry::Observed(Observation { loss, ending: Ending::StoppedEarly, ..stopped })
            }
            Outcome::Stopped { .. } => Entry::Failed(Infeasibility::Unknown),
            Outcome::Failed(failure) => Entry::Failed(match failure.kind {
                FailureKind::Abandoned => Infeasibility::Unknown,
                _ if self.failed_transiently(trial) => Infeasibility::Transient,
                _ => Infeasibility::Infeasible,
            }),
        }
    }

    /// What was proposed where a trial was tried; where it was tried, if it came from outside.
    pub(super) fn proposed_point(&self, index: usize) -> &UnitPoint {
        let proposal = self.trials.get(index).and_then(|trial| self.proposal(trial.id));
        match proposal {
            Some(proposal) if proposal.point.len() == self.space.axes().len() => &proposal.point,
            _ => &self.points[index],
        }
    }

    fn observation(
        &self,
        trial: &Trial,
        point: &UnitPoint,
        objective: &Objective,
        value: f64,
    ) -> Observation {
        let origin = match trial.source {
            Source::Own => Origin::Own,
            Source::Outside => Origin::Outside,
        };
        let loss = objective.loss(value);
        let noise_variance = self.deviations.get(&trial.id).map(|deviation| deviation * deviation);
        let resource = trial.reports.iter().map(|report| report.step).max();
        Observation {
            origin,
            noise_variance,
            resource,
            ..Observation::new(trial.id, point.clone(), loss)
        }
    }
}
