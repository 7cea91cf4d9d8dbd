//! Builds the history that a strategy sees: visible outcomes, pending trials and failures.

use super::definition::Study;
use super::history_lists::{HistoryEntry, HistoryLists};
use super::settings::StoppedTrials;
use crate::objective::Objective;
use crate::stopping::LearningCurves;
use crate::strategy::{Completion, Infeasibility, Observation, Origin};
use crate::trial::{FailureKind, Outcome, Source, Trial};
use crate::unit_cube::UnitPoint;

impl HistoryLists {
    /// Lists the trials of a study, with the outcomes of the first `horizon` trials visible.
    pub(super) fn from_study(study: &Study, horizon: usize) -> Self {
        let mut lists = Self::new(study.space.axes());
        let is_projected = study.settings.stopped_trials == StoppedTrials::Projected;
        let curves = is_projected
            .then(|| LearningCurves::from_trials(&study.objective, &study.trials[..horizon]));
        for (index, (trial, point)) in study.trials.iter().zip(&study.points).enumerate() {
            let entry = match index < horizon {
                true => study.history_entry(trial, point, curves.as_ref(), horizon),
                false => HistoryEntry::Pending,
            };
            lists.set(trial.id, [point, study.proposed_point(index)], entry);
        }
        lists
    }
}

impl Study {
    /// Returns what a strategy sees of a trial, where the outcomes of the first `horizon` trials
    /// are visible.
    ///
    /// `curves` are needed only under [`StoppedTrials::Projected`].
    pub(super) fn history_entry(
        &self,
        trial: &Trial,
        point: &UnitPoint,
        curves: Option<&LearningCurves>,
        horizon: usize,
    ) -> HistoryEntry {
        let stopped_trials = self.settings.stopped_trials;
        let Some(outcome) = &trial.outcome else { return HistoryEntry::Pending };
        if self.is_duplicate(trial, horizon) {
            return HistoryEntry::Duplicate;
        }
        if trial.needs_rerun() {
            return HistoryEntry::Failed(Infeasibility::Transient);
        }
        match outcome {
            Outcome::Completed { value } => {
                HistoryEntry::Observed(self.observation(trial, point, &self.objective, *value))
            }
            Outcome::Stopped { value: Some(value) }
                if stopped_trials != StoppedTrials::VisitedOnly =>
            {
                let last = self.observation(trial, point, &self.objective, *value);
                let loss = match curves {
                    Some(curves) => curves.project_final_loss(trial.id, last.loss),
                    None => last.loss,
                };
                HistoryEntry::Observed(Observation {
                    loss,
                    completion: Completion::StoppedEarly,
                    ..last
                })
            }
            Outcome::Stopped { .. } => HistoryEntry::Failed(Infeasibility::Unknown),
            Outcome::Failed(failure) => HistoryEntry::Failed(match failure.kind {
                FailureKind::Abandoned => Infeasibility::Unknown,
                _ if self.failed_transiently(trial) => Infeasibility::Transient,
                _ => Infeasibility::Infeasible,
            }),
        }
    }

    /// Returns the point that was proposed for a trial, or the point that was tried if there was no
    /// proposal.
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
            Source::Study => Origin::Study,
            Source::External => Origin::External,
        };
        let loss = objective.loss(value);
        let noise_variance = self.noise_std_devs.get(&trial.id).map(|std_dev| std_dev * std_dev);
        let resource = trial.reports.iter().map(|report| report.step).max();
        Observation {
            origin,
            noise_variance,
            resource,
            ..Observation::new(trial.id, point.clone(), loss)
        }
    }
}
