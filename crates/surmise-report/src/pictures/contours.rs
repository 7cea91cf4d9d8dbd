//! The metric over pairs of parameters.

use surmise::Outcome;
use surmise::cube::UnitPoint;
use surmise::drawing::{Anchor, Shape, Svg, short};

use super::axes::parameter;
use super::colours::shade;
use super::picture::Picture;
use super::shown::few_shown;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::numbers::to_float;
use crate::slices::coordinates;

/// At most so many pairs are drawn.
const PAIRS: usize = 4;
const SIZE: f64 = 330.0;
const LEFT: f64 = 76.0;
const TOP: f64 = 22.0;
const FRAME: f64 = 430.0;

/// `None` with fewer than two parameters.
pub(super) fn contours(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Option<Picture> {
    let space = analysis.study.space();
    let pairs = &model.importance.interactions;
    let pairs = &pairs[..pairs.len().min(PAIRS)];
    if pairs.is_empty() {
        return None;
    }
    let columns = pairs.len().min(2);
    let rows = pairs.len().div_ceil(columns);
    let mut svg = Svg::new(FRAME * to_float(columns), (FRAME - 10.0) * to_float(rows));
    let trials = few_shown(analysis);
    for (number, pair) in pairs.iter().enumerate() {
        let at = (
            FRAME * to_float(number % columns) + LEFT,
            (FRAME - 10.0) * to_float(number / columns) + TOP,
        );
        let index = |name: &str| space.ranges().iter().position(|range| range.name() == name);
        let (a, b) = (index(&pair.names[0])?, index(&pair.names[1])?);
        draw(&mut svg, analysis, model, at, (a, b));
        let (x, y) = (parameter(space, a), parameter(space, b));
        for trial in &trials {
            let Ok(point) = space.encode(&trial.configuration) else { continue };
            let place = (at.0 + SIZE * x.place(point[a]), at.1 + SIZE * (1.0 - y.place(point[b])));
            let has_failed = matches!(trial.outcome, Some(Outcome::Failed(_)));
            let (shape, series) = if has_failed { (Shape::Cross, 1) } else { (Shape::Disc, 4) };
            svg.mark(place, shape, series, Some(trial.id.0));
        }
        let best = &model.surrogate.best().point;
        let place = (at.0 + SIZE * x.place(best[a]), at.1 + SIZE * (1.0 - y.place(best[b])));
        svg.mark(place, Shape::Ring, 1, None);
    }
    let named: Vec<String> = pairs
        .iter()
        .map(|pair| {
            let share = surmise::drawing::percent(pair.share.mean);
            format!("{} and {} act together by {share}", pair.names[0], pair.names[1])
        })
        .collect();
    let says = format!("{} of the variance.", named.join(", "));
    Some(Picture {
        name: "contours",
        title: "Pairs of parameters".to_owned(),
        reading: "What is expected if two parameters change and the others are those of the best trial (ring): dark is better, yellow worse. Dots are \
                  trials, crosses failed ones; their other parameters differ."
            .to_owned(),
        svg: svg.finish(&says),
        says,
    })
}

fn draw(
    svg: &mut Svg,
    analysis: &Analysis<'_>,
    model: &ModelAnalysis,
    at: (f64, f64),
    (a, b): (usize, usize),
) {
    let space = analysis.study.space();
    let (x, y) = (parameter(space, a), parameter(space, b));
    let every = |parameter: usize| {
        let all = coordinates(space.axes()[parameter]);
        let step = all.len().div_ceil(25);
        all.into_iter().step_by(step).collect::<Vec<f64>>()
    };
    let (across, up) = (every(a), every(b));
    let best = &model.surrogate.best().point;
    let points: Vec<UnitPoint> = up
        .iter()
        .flat_map(|v| {
            across.iter().map(move |u| {
                let mut point = best.to_vec();
                (point[a], point[b]) = (*u, *v);
                UnitPoint::from(point)
            })
        })
        .collect();
    let predicted = model.surrogate.predict(&points);
    let losses: Vec<f64> =
        predicted.iter().map(|each| analysis.study.objective().loss(each.median)).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let most = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let edges = |places: &[f64]| -> Vec<(f64, f64)> {
        let middle = |i: usize| (places[i] + places[i + 1]) / 2.0;
        let last = places.len() - 1;
        (0..=last)
            .map(|i| {
                let low = if i == 0 { -0.02 } else { middle(i - 1) };
                (low, if i == last { 1.02 } else { middle(i) })
            })
            .collect()
    };
    let (columns, rows) = (edges(&across), edges(&up));
    for (row, (low, high)) in rows.iter().enumerate() {
        for (column, (left, right)) in columns.iter().enumerate() {
            let loss = losses[row * columns.len() + column];
            let place = if most > least { (loss - least) / (most - least) } else { 0.0 };
            let corner = (at.0 + SIZE * x.place(*left), at.1 + SIZE * (1.0 - y.place(*high)));
            let size = (
                SIZE * (x.place(*right) - x.place(*left)),
                SIZE * (y.place(*high) - y.place(*low)),
            );
            svg.tile(corner, size, &shade(place.sqrt()));
        }
    }
    for (value, label) in x.ticks(6) {
        svg.text((at.0 + SIZE * x.place(value), at.1 + SIZE + 14.0), Anchor::Middle, 10.0, &label);
    }
    for (value, label) in y.ticks(6) {
        let height = at.1 + SIZE * (1.0 - y.place(value)) + 3.5;
        svg.text((at.0 - 5.0, height), Anchor::End, 10.0, &label);
    }
    let metric = |loss: f64| short(analysis.study.objective().value(loss));
    let scale = format!("darkest {}, brightest {}", metric(least), metric(most));
    svg.text((at.0 + SIZE, at.1 - 6.0), Anchor::End, 10.0, &scale);
    svg.text((at.0 + SIZE / 2.0, at.1 + SIZE + 30.0), Anchor::Middle, 11.0, &x.label);
    svg.upright_text((at.0 - LEFT + 12.0, at.1 + SIZE / 2.0), 11.0, &y.label);
}
