//! Running averages by step: what the median rule compares with, without a walk over all curves at each report.

use std::collections::BTreeMap;

use super::curve::Curve;
use crate::trial::TrialId;

/// ȳⱼ(s) of the trials j that have got as far as s, for each step s at which anything was reported; in the order of their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Averages {
    by_step: BTreeMap<u64, Vec<(TrialId, f64)>>,
}

fn average(curve: &Curve, step: u64) -> Option<f64> {
    curve.has_reached(step).then(|| curve.running_average(step)).flatten()
}

impl Averages {
    /// At a step, from the first trial on.
    pub(super) fn at(&self, step: u64) -> &[(TrialId, f64)] {
        self.by_step.get(&step).map_or(&[], Vec::as_slice)
    }

    /// Takes in that a trial has reported at a step, which changes its averages `from` a step on; its curve is among `curves`.
    pub(super) fn reported(
        &mut self,
        trial: TrialId,
        step: u64,
        from: u64,
        curves: &BTreeMap<TrialId, Curve>,
    ) {
        self.by_step.entry(step).or_insert_with(|| {
            let averages = curves.iter().map(|(id, curve)| Some((*id, average(curve, step)?)));
            averages.flatten().collect()
        });
        let Some(curve) = curves.get(&trial) else { return };
        self.update(trial, curve, from);
    }

    /// Brings a trial's averages from a step on up to date.
    pub(super) fn update(&mut self, trial: TrialId, curve: &Curve, from: u64) {
        for (step, averages) in self.by_step.range_mut(from..) {
            let Some(average) = average(curve, *step) else { break };
            match averages.binary_search_by_key(&trial, |(id, _)| *id) {
                Ok(place) => averages[place].1 = average,
                Err(place) => averages.insert(place, (trial, average)),
            }
        }
    }

    pub(super) fn forget(&mut self, trial: TrialId) {
        for averages in self.by_step.values_mut() {
            if let Ok(place) = averages.binary_search_by_key(&trial, |(id, _)| *id) {
                averages.remove(place);
            }
        }
    }
}
