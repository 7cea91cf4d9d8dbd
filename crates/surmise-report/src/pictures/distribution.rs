//! The picture of the empirical distribution of values.

use surmise::drawing::{Chart, Curve, PlotAxis, grid};
use surmise::{Study, Trial};

use super::axes::metric_axis;
use super::picture::Picture;
use crate::analysis::Analysis;
use crate::numbers::{format_number, to_float};

/// The maximum number of steps of the curve.
const MAX_STEPS: usize = 300;

/// Draws the distribution; `None` with fewer than two values.
pub(super) fn distribution(analysis: &Analysis<'_>) -> Option<Picture> {
    let objective = analysis.study.objective();
    let mut values: Vec<f64> = analysis.losses().map(|(_, loss)| objective.value(loss)).collect();
    values.sort_by(f64::total_cmp);
    if values.len() < 2 {
        return None;
    }
    let points = cumulative_shares(analysis.study);
    let x = metric_axis(objective, values.iter().copied());
    let y = PlotAxis::linear("share of trials", 0.0, 1.0);
    let curves = vec![Curve { series: 0, points, is_stepped: true }];
    let chart = Chart { title: String::new(), x, y, curves, marks: Vec::new(), floor: None };
    let svg =
        grid(&[chart], &["share of trials with this value or less".to_owned()], 1, (600.0, 260.0));
    let summary = format!(
        "Half of the {} values are {} or less; the smallest is {}, the largest {}.",
        values.len(),
        format_number(values[(values.len() - 1) / 2]),
        format_number(values[0]),
        format_number(values[values.len() - 1])
    );
    Some(Picture {
        name: "distribution",
        title: "Distribution of values".to_owned(),
        explanation: "The share of completed trials with this value or less.".to_owned(),
        svg: svg.finish(&summary),
        summary,
    })
}

/// Returns pairs of a value and the share of values up to it; of many values, an even selection.
pub(super) fn cumulative_shares(study: &Study) -> Vec<(f64, [f64; 3])> {
    let mut values: Vec<f64> = study.trials().iter().filter_map(Trial::value).collect();
    values.sort_by(f64::total_cmp);
    let count = to_float(values.len());
    let step = values.len().div_ceil(MAX_STEPS).max(1);
    let share = |(index, value): (usize, &f64)| (*value, [to_float(index + 1) / count; 3]);
    values.iter().enumerate().step_by(step).map(share).collect()
}
