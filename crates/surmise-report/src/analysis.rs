//! A study and all that is computed of it, once.

use surmise::{Study, Trial};

use crate::calibration::Calibration;
use crate::importance::Importance;
use crate::slices::Slice;
use crate::surrogate::Surrogate;

/// A study and all that is computed of it, once.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// The study.
    pub study: &'a Study,
    /// What is computed from a model of its values; `None` where there are too few of them, or all are the same.
    pub model: Option<ModelAnalysis>,
}

/// What is computed from a model of a study's values.
#[derive(Debug)]
#[non_exhaustive]
pub struct ModelAnalysis {
    /// The model.
    pub surrogate: Surrogate,
    /// Which parameters matter.
    pub importance: Importance,
    /// The metric along each parameter.
    pub slices: Vec<Slice>,
    /// Whether the model can be trusted.
    pub calibration: Calibration,
}

impl<'a> Analysis<'a> {
    /// Analyses a study. Takes about a second at 100 values of 10 parameters.
    pub fn of(study: &'a Study) -> Self {
        let model = Surrogate::fit(study).map(|surrogate| ModelAnalysis {
            importance: surrogate.importance(),
            slices: surrogate.slices(),
            calibration: surrogate.calibration(),
            surrogate,
        });
        Self { study, model }
    }

    /// The trials that count as jobs, in order: those that were cut off because the tuning was over do not.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &'a Trial> {
        self.study.trials().iter().filter(|trial| !trial.was_cut_off())
    }

    /// The losses of the completed ones, the best first.
    pub(crate) fn sorted_losses(&self) -> Vec<f64> {
        let mut losses: Vec<f64> = self.losses().map(|(_, loss)| loss).collect();
        losses.sort_by(f64::total_cmp);
        losses
    }

    /// The completed ones of them with their losses.
    pub(crate) fn losses(&self) -> impl Iterator<Item = (&'a Trial, f64)> {
        let objective = self.study.objective();
        self.jobs().filter_map(|trial| Some((trial, objective.loss(trial.value()?))))
    }
}
