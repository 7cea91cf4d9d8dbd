//! Many L-BFGS runs over the smooth axes, in lock-step: one batched evaluation serves an iteration of all of them.

use super::landscape::{Landscape, Scored, Search};
use crate::cube::{Axis, UnitPoint};
use crate::lbfgs::{Lbfgs, Settings};

/// Axes of at most this many levels are left to exchange; finer ones are climbed as if they were continuous.
pub(super) const FEW_LEVELS: u64 = 24;

const SETTINGS: Settings = Settings {
    gradient_tolerance: 1e-3,
    relative_gain: 1e-8,
    max_evaluations: 60,
    first_step: 0.1,
};

/// The axes along which a gradient leads somewhere, with their scales.
#[derive(Debug)]
pub(super) struct SmoothAxes {
    axes: Vec<(usize, f64)>,
}

impl SmoothAxes {
    pub(super) fn of(search: &Search<'_>) -> Self {
        let smooth = |axis: &Axis| match axis {
            Axis::Continuous { .. } => true,
            Axis::Levels(_) => axis.cells().is_some_and(|cells| cells > FEW_LEVELS),
            Axis::Categories(_) => false,
        };
        let axes = search.axes.iter().zip(search.scales).enumerate();
        Self {
            axes: axes.filter(|(_, (axis, _))| smooth(axis)).map(|(i, (_, &s))| (i, s)).collect(),
        }
    }

    /// The variables of a search: coordinates in units of the scales.
    fn variables(&self, point: &[f64]) -> Vec<f64> {
        self.axes.iter().map(|&(axis, scale)| point[axis] / scale).collect()
    }

    fn place(&self, variables: &[f64], base: &UnitPoint) -> UnitPoint {
        let mut point = base.to_vec();
        for (&(axis, scale), variable) in self.axes.iter().zip(variables) {
            point[axis] = (variable * scale).clamp(0.0, 1.0);
        }
        point.into()
    }
}

/// Moves every start uphill along the smooth axes; none ends lower than it began.
pub(super) fn ascend(
    landscape: &dyn Landscape,
    smooth: &SmoothAxes,
    starts: Vec<Scored>,
) -> Vec<Scored> {
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
        let (asking, points): (Vec<usize>, Vec<UnitPoint>) = runs
            .iter()
            .enumerate()
            .filter_map(|(i, run)| Some((i, smooth.place(run.ask()?, &starts[i].point))))
            .unzip();
        if asking.is_empty() {
            break;
        }
        let (values, gradients) = landscape.values_and_gradients(&points);
        for ((run, value), gradient) in asking.into_iter().zip(values).zip(gradients) {
            let slopes: Vec<f64> =
                smooth.axes.iter().map(|&(axis, scale)| -gradient[axis] * scale).collect();
            runs[run].tell(-value, &slopes);
        }
    }
    starts
        .into_iter()
        .zip(&runs)
        .map(|(start, run)| match run.best() {
            Some((variables, loss)) if -loss > start.value => {
                Scored { point: smooth.place(variables, &start.point), value: -loss }
            }
            _ => start,
        })
        .collect()
}
