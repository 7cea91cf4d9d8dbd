//! Running averages by step, from which the median rule computes medians.
//!
//! They are kept up to date, so that a report does not need a pass over all learning curves.

use std::collections::BTreeMap;

use super::learning_curve::LearningCurve;
use crate::trial::TrialId;

/// The running averages ȳⱼ(s) of the trials j that have reached step s, for each reported step s.
///
/// The averages at a step are in the order of trial numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct RunningAverages {
    by_step: BTreeMap<u64, Vec<(TrialId, f64)>>,
}

fn average(curve: &LearningCurve, step: u64) -> Option<f64> {
    curve.has_reached(step).then(|| curve.running_average(step)).flatten()
}

impl RunningAverages {
    /// Returns the running averages at a step, in the order of trial numbers.
    pub(super) fn at(&self, step: u64) -> &[(TrialId, f64)] {
        self.by_step.get(&step).map_or(&[], Vec::as_slice)
    }

    /// Updates the averages after a report of `trial` at `step`.
    ///
    /// The report changes the averages of the trial at the steps from `from` on. `curves` already
    /// contains the report.
    pub(super) fn add_report(
        &mut self,
        trial: TrialId,
        step: u64,
        from: u64,
        curves: &BTreeMap<TrialId, LearningCurve>,
    ) {
        self.by_step.entry(step).or_insert_with(|| {
            let averages = curves.iter().map(|(id, curve)| Some((*id, average(curve, step)?)));
            averages.flatten().collect()
        });
        let Some(curve) = curves.get(&trial) else { return };
        self.update(trial, curve, from);
    }

    /// Recomputes the averages of a trial at the steps from `from` on.
    pub(super) fn update(&mut self, trial: TrialId, curve: &LearningCurve, from: u64) {
        for (step, averages) in self.by_step.range_mut(from..) {
            let Some(average) = average(curve, *step) else { break };
            match averages.binary_search_by_key(&trial, |(id, _)| *id) {
                Ok(index) => averages[index].1 = average,
                Err(index) => averages.insert(index, (trial, average)),
            }
        }
    }

    pub(super) fn remove(&mut self, trial: TrialId) {
        for averages in self.by_step.values_mut() {
            if let Ok(index) = averages.binary_search_by_key(&trial, |(id, _)| *id) {
                averages.remove(index);
            }
        }
    }
}
