//! Many L-BFGS runs over the smooth axes in lock-step, with one batched evaluation per iteration.

use super::problem::{BatchFunction, ScoredPoint, SearchDomain};
use crate::lbfgs::{Lbfgs, Settings};
use crate::unit_cube::{Axis, UnitPoint};

/// Maximum number of levels of an axis that L-BFGS does not change.
///
/// Only the exchange changes such an axis. L-BFGS treats axes with more levels as continuous.
pub(super) const MAX_EXCHANGE_LEVELS: u64 = 24;

const SETTINGS: Settings = Settings {
    gradient_tolerance: 1e-3,
    relative_tolerance: 1e-8,
    max_evaluations: 60,
    max_first_step: 0.1,
};

/// The axes that L-BFGS changes: pairs of index and length scale.
#[derive(Debug)]
pub(super) struct SmoothAxes {
    axes: Vec<(usize, f64)>,
}

impl SmoothAxes {
    pub(super) fn new(domain: &SearchDomain<'_>) -> Self {
        let is_smooth = |axis: &Axis| match axis {
            Axis::Continuous { .. } => true,
            Axis::Levels(_) => axis.cell_count().is_some_and(|cells| cells > MAX_EXCHANGE_LEVELS),
            Axis::Categories(_) => false,
        };
        let axes = domain.axes.iter().zip(domain.scales).enumerate();
        Self {
            axes: axes
                .filter(|(_, (axis, _))| is_smooth(axis))
                .map(|(i, (_, &s))| (i, s))
                .collect(),
        }
    }

    /// Returns the variables of L-BFGS: coordinates in units of the length scales.
    fn variables(&self, point: &[f64]) -> Vec<f64> {
        self.axes.iter().map(|&(axis, scale)| point[axis] / scale).collect()
    }

    /// Replaces the smooth coordinates of `base` by these variables.
    fn point(&self, variables: &[f64], base: &UnitPoint) -> UnitPoint {
        let mut point = base.to_vec();
        for (&(axis, scale), variable) in self.axes.iter().zip(variables) {
            point[axis] = (variable * scale).clamp(0.0, 1.0);
        }
        point.into()
    }
}

/// Maximizes the function from each start along the smooth axes.
///
/// Each result is at least as good as its start. It is not snapped.
pub(super) fn ascend(
    function: &dyn BatchFunction,
    smooth: &SmoothAxes,
    starts: Vec<ScoredPoint>,
) -> Vec<ScoredPoint> {
    if smooth.axes.is_empty() {
        return starts;
    }
    let upper: Vec<f64> = smooth.axes.iter().map(|(_, scale)| 1.0 / scale).collect();
    let lower = vec![0.0; upper.len()];
    let mut runs: Vec<Lbfgs> = starts
        .iter()
        .map(|start| {
            let variables = smooth.variables(&start.point);
            Lbfgs::new(SETTINGS, &variables, lower.clone(), upper.clone())
        })
        .collect();
    loop {
        let (unfinished, points): (Vec<usize>, Vec<UnitPoint>) = runs
            .iter()
            .enumerate()
            .filter_map(|(i, run)| Some((i, smooth.point(run.ask()?, &starts[i].point))))
            .unzip();
        if unfinished.is_empty() {
            break;
        }
        let (values, gradients) = function.values_and_gradients(&points);
        for ((run, value), gradient) in unfinished.into_iter().zip(values).zip(gradients) {
            let scaled_gradient: Vec<f64> =
                smooth.axes.iter().map(|&(axis, scale)| -gradient[axis] * scale).collect();
            runs[run].tell(-value, &scaled_gradient);
        }
    }
    starts
        .into_iter()
        .zip(&runs)
        .map(|(start, run)| match run.best() {
            Some((variables, loss)) if -loss > start.value => {
                ScoredPoint { point: smooth.point(variables, &start.point), value: -loss }
            }
            _ => start,
        })
        .collect()
}
