//! Parallel coordinates: each trial a line across all parameters.

use surmise::drawing::{Anchor, PlotAxis, Svg};

use super::axes::{metric, parameter, shortened};
use super::colours::shade;
use super::picture::Picture;
use super::shown::few_shown;
use crate::analysis::Analysis;
use crate::numbers::to_float;

/// At most so many parameters are drawn.
const PARAMETERS: usize = 12;
const HEIGHT: f64 = 280.0;
const TOP: f64 = 34.0;
const WIDTH: f64 = 900.0;

/// `None` if no trial has a value.
pub(super) fn parallel(analysis: &Analysis<'_>) -> Option<Picture> {
    let study = analysis.study;
    let space = study.space();
    let searched: Vec<usize> =
        (0..space.axes().len()).filter(|index| !space.axes()[*index].is_constant()).collect();
    let searched = match &analysis.model {
        Some(model) => {
            let names = model.importance.parameters.iter().map(|each| each.name.as_str());
            let index = |name: &str| space.ranges().iter().position(|range| range.name() == name);
            names.filter_map(index).take(PARAMETERS).collect()
        }
        None => searched.into_iter().take(PARAMETERS).collect::<Vec<usize>>(),
    };
    let mut trials: Vec<_> = few_shown(analysis)
        .into_iter()
        .filter_map(|trial| Some((trial, trial.value()?, space.encode(&trial.configuration).ok()?)))
        .collect();
    if trials.is_empty() || searched.is_empty() {
        return None;
    }
    // The best are drawn last, on top.
    let loss = |value: f64| study.objective().loss(value);
    trials.sort_by(|a, b| loss(b.1).total_cmp(&loss(a.1)));
    let axis = metric(study.objective(), trials.iter().map(|(_, value, _)| *value));
    let axes = searched.len() + 1;
    let step = (WIDTH - 120.0) / to_float(axes - 1);
    let across = |column: usize| 60.0 + step * to_float(column);
    let mut svg = Svg::new(WIDTH, TOP + HEIGHT + 16.0);
    for (rank, (trial, value, point)) in trials.iter().enumerate() {
        let up = |place: f64| TOP + HEIGHT * (1.0 - place);
        let mut line = vec![(across(0), up(axis.place(*value)))];
        line.extend(searched.iter().enumerate().map(|(column, index)| {
            (across(column + 1), up(parameter(space, *index).place(point[*index])))
        }));
        let share = 1.0 - to_float(rank) / to_float(trials.len().max(2) - 1);
        svg.trace(&line, &shade(share), 0.8, trial.id.0);
    }
    for column in 0..axes {
        let plot = if column == 0 { axis.clone() } else { parameter(space, searched[column - 1]) };
        draw_axis(&mut svg, &plot, across(column), step);
    }
    let says = format!(
        "The best {} trials with a value, over {} parameters.",
        trials.len(),
        searched.len()
    );
    Some(Picture {
        name: "parallel-coordinates",
        title: "Parallel coordinates".to_owned(),
        reading: "Each line is a trial: dark ones are the best, yellow ones the worst of those that are drawn. Where dark lines meet, good \
                  configurations agree."
            .to_owned(),
        svg: svg.finish(&says),
        says,
    })
}

/// An axis with its name and ticks; `room` is how far it is to the next.
fn draw_axis(svg: &mut Svg, plot: &PlotAxis, x: f64, room: f64) {
    svg.line((x, TOP), (x, TOP + HEIGHT), "#444444", 1.2);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few letters")]
    let label = shortened(&plot.label, (room / 6.5).max(6.0) as usize);
    svg.text((x, TOP - 14.0), Anchor::Middle, 11.0, &label);
    for (value, label) in plot.ticks(5) {
        let y = TOP + HEIGHT * (1.0 - plot.place(value));
        svg.line((x - 3.0, y), (x + 3.0, y), "#444444", 1.0);
        svg.text((x + 5.0, y + 3.5), Anchor::Start, 9.5, &label);
    }
}
