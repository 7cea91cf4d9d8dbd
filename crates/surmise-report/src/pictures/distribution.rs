//! The empirical distribution of the values.

use surmise::drawing::{Chart, Curve, PlotAxis, grid};
use surmise::{Study, Trial};

use super::axes::metric;
use super::picture::Picture;
use crate::analysis::Analysis;
use crate::numbers::{number, to_float};

/// At most so many steps are drawn.
const MOST: usize = 300;

/// `None` with fewer than two values.
pub(super) fn distribution(analysis: &Analysis<'_>) -> Option<Picture> {
    let objective = analysis.study.objective();
    let mut values: Vec<f64> = analysis.losses().map(|(_, loss)| objective.value(loss)).collect();
    values.sort_by(f64::total_cmp);
    if values.len() < 2 {
        return None;
    }
    let points = shares(analysis.study);
    let x = metric(objective, values.iter().copied());
    let y = PlotAxis::linear("share of trials", 0.0, 1.0);
    let curves = vec![Curve { series: 0, points, stepped: true }];
    let chart = Chart { title: String::new(), x, y, curves, marks: Vec::new(), floor: None };
    let svg =
        grid(&[chart], &["share of trials with this value or less".to_owned()], 1, (600.0, 260.0));
    let says = format!(
        "Half of the {} values are {} or less; the least is {}, the greatest {}.",
        values.len(),
        number(values[(values.len() - 1) / 2]),
        number(values[0]),
        number(values[values.len() - 1])
    );
    Some(Picture {
        name: "distribution",
        title: "Distribution of the values".to_owned(),
        reading: "Which share of the completed trials has this value or less.".to_owned(),
        svg: svg.finish(&says),
        says,
    })
}

/// Of each value, the share of the values that are as small or smaller; of many, some.
pub(super) fn shares(study: &Study) -> Vec<(f64, [f64; 3])> {
    let mut values: Vec<f64> = study.trials().iter().filter_map(Trial::value).collect();
    values.sort_by(f64::total_cmp);
    let count = to_float(values.len());
    let step = values.len().div_ceil(MOST).max(1);
    let share = |(index, value): (usize, &f64)| (*value, [to_float(index + 1) / count; 3]);
    values.iter().enumerate().step_by(step).map(share).collect()
}
