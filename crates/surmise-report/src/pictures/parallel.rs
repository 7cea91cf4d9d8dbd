//! The picture of parallel coordinates: each trial is a line across all parameters.

use surmise::drawing::{Anchor, PlotAxis, Svg};

use super::axes::{metric_axis, parameter_axis, shorten};
use super::color_scale::shade;
use super::picture::Picture;
use super::selection::select_few_trials;
use crate::analysis::Analysis;
use crate::numbers::to_float;

/// The maximum number of parameters in the picture.
const MAX_PARAMETERS: usize = 12;
const HEIGHT: f64 = 280.0;
const TOP: f64 = 34.0;
const WIDTH: f64 = 900.0;

/// Draws the parallel coordinates; `None` if no trial has a value, or if no parameter can vary.
pub(super) fn parallel(analysis: &Analysis<'_>) -> Option<Picture> {
    let study = analysis.study;
    let space = study.space();
    let varying: Vec<usize> =
        (0..space.axes().len()).filter(|index| !space.axes()[*index].is_constant()).collect();
    let varying = match &analysis.model {
        Some(model) => {
            let names = model.importance.parameters.iter().map(|each| each.name.as_str());
            let index = |name: &str| space.ranges().iter().position(|range| range.name() == name);
            names.filter_map(index).take(MAX_PARAMETERS).collect()
        }
        None => varying.into_iter().take(MAX_PARAMETERS).collect::<Vec<usize>>(),
    };
    let mut trials: Vec<_> = select_few_trials(analysis)
        .into_iter()
        .filter_map(|trial| Some((trial, trial.value()?, space.encode(&trial.configuration).ok()?)))
        .collect();
    if trials.is_empty() || varying.is_empty() {
        return None;
    }
    // The best trials are drawn last, on top.
    let loss = |value: f64| study.objective().loss(value);
    trials.sort_by(|a, b| loss(b.1).total_cmp(&loss(a.1)));
    let axis = metric_axis(study.objective(), trials.iter().map(|(_, value, _)| *value));
    let axes = varying.len() + 1;
    let step = (WIDTH - 120.0) / to_float(axes - 1);
    let x_of = |column: usize| 60.0 + step * to_float(column);
    let mut svg = Svg::new(WIDTH, TOP + HEIGHT + 16.0);
    for (rank, (trial, value, point)) in trials.iter().enumerate() {
        let y_of = |position: f64| TOP + HEIGHT * (1.0 - position);
        let mut line = vec![(x_of(0), y_of(axis.position(*value)))];
        line.extend(varying.iter().enumerate().map(|(column, index)| {
            (x_of(column + 1), y_of(parameter_axis(space, *index).position(point[*index])))
        }));
        let share = 1.0 - to_float(rank) / to_float(trials.len().max(2) - 1);
        svg.trace(&line, &shade(share), 0.8, trial.id.0);
    }
    for column in 0..axes {
        let axis =
            if column == 0 { axis.clone() } else { parameter_axis(space, varying[column - 1]) };
        draw_axis(&mut svg, &axis, x_of(column), step);
    }
    let summary =
        format!("{} trials with a value, over {} parameters.", trials.len(), varying.len());
    Some(Picture {
        name: "parallel-coordinates",
        title: "Parallel coordinates".to_owned(),
        explanation:
            "Each line is a trial: dark lines are the best trials, yellow lines the worst \
             ones of those that are drawn. Good configurations agree where dark lines \
             meet."
                .to_owned(),
        svg: svg.finish(&summary),
        summary,
    })
}

/// Draws an axis with its name and ticks; `spacing` is the distance to the next axis.
fn draw_axis(svg: &mut Svg, axis: &PlotAxis, x: f64, spacing: f64) {
    svg.line((x, TOP), (x, TOP + HEIGHT), "#444444", 1.2);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few characters")]
    let label = shorten(&axis.label, (spacing / 6.5).max(6.0) as usize);
    svg.text((x, TOP - 14.0), Anchor::Middle, 11.0, &label);
    for (value, label) in axis.ticks(5) {
        let y = TOP + HEIGHT * (1.0 - axis.position(value));
        svg.line((x - 3.0, y), (x + 3.0, y), "#444444", 1.0);
        svg.text((x + 5.0, y + 3.5), Anchor::Start, 9.5, &label);
    }
}
