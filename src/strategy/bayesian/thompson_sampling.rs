//! Thompson sampling: maximizes a function that is drawn from the posterior.

use super::feasibility::FeasibilityModel;
use crate::gp::SamplePath;
use crate::maximize::BatchFunction;
use crate::unit_cube::UnitPoint;

/// The maximized function: a drawn loss function, negated, plus ln p of the feasibility model.
#[derive(Debug)]
pub(super) struct ThompsonSample<'a> {
    pub(super) path: SamplePath<'a>,
    pub(super) feasibility: Option<&'a FeasibilityModel>,
}

impl BatchFunction for ThompsonSample<'_> {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        let mut values: Vec<f64> = self.path.values(points).iter().map(|loss| -loss).collect();
        if let Some(feasibility) = self.feasibility {
            for (value, log) in values.iter_mut().zip(feasibility.log_probabilities(points)) {
                *value += log;
            }
        }
        values
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (losses, loss_gradients) = self.path.values_and_gradients(points);
        let mut values: Vec<f64> = losses.iter().map(|loss| -loss).collect();
        let rows = loss_gradients.rows().into_iter();
        let mut gradients: Vec<Vec<f64>> =
            rows.map(|row| row.mapv(|component| -component).to_vec()).collect();
        if let Some(feasibility) = self.feasibility {
            feasibility.add_log_probabilities(points, &mut values, &mut gradients);
        }
        (values, gradients)
    }
}
