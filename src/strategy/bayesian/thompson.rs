//! Thompson sampling: the best point of one function drawn from the belief.

use super::feasibility::Feasibility;
use crate::cube::UnitPoint;
use crate::gp::SamplePath;
use crate::maximize::Landscape;

/// A drawn function, downhill being up, plus ln of the chance that a trial gives a loss.
#[derive(Debug)]
pub(super) struct Drawn<'a> {
    pub(super) path: SamplePath<'a>,
    pub(super) feasibility: Option<&'a Feasibility>,
}

impl Landscape for Drawn<'_> {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        let mut values: Vec<f64> = self.path.values(points).iter().map(|loss| -loss).collect();
        if let Some(feasibility) = self.feasibility {
            for (value, chance) in values.iter_mut().zip(feasibility.log_chances(points)) {
                *value += chance;
            }
        }
        values
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (losses, slopes) = self.path.values_and_gradients(points);
        let mut values: Vec<f64> = losses.iter().map(|loss| -loss).collect();
        let mut gradients: Vec<Vec<f64>> =
            slopes.rows().into_iter().map(|row| row.mapv(|slope| -slope).to_vec()).collect();
        if let Some(feasibility) = self.feasibility {
            feasibility.add_log_chances(points, &mut values, &mut gradients);
        }
        (values, gradients)
    }
}
