//! The picture of the predicted metric over pairs of parameters.

use surmise::Outcome;
use surmise::drawing::{Anchor, Shape, Svg, format_short};
use surmise::unit_cube::UnitPoint;

use super::axes::parameter_axis;
use super::color_scale::shade;
use super::picture::Picture;
use super::selection::select_few_trials;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::numbers::to_float;
use crate::slices::coordinates;

/// The maximum number of pairs in the picture.
const MAX_PAIRS: usize = 4;
const SIZE: f64 = 330.0;
const LEFT: f64 = 76.0;
const TOP: f64 = 22.0;
const FRAME: f64 = 430.0;

/// Draws the contours; `None` with fewer than two parameters.
pub(super) fn contours(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Option<Picture> {
    let space = analysis.study.space();
    let pairs = &model.importance.interactions;
    let pairs = &pairs[..pairs.len().min(MAX_PAIRS)];
    if pairs.is_empty() {
        return None;
    }
    let columns = pairs.len().min(2);
    let rows = pairs.len().div_ceil(columns);
    let mut svg = Svg::new(FRAME * to_float(columns), (FRAME - 10.0) * to_float(rows));
    let trials = select_few_trials(analysis);
    for (number, pair) in pairs.iter().enumerate() {
        let origin = (
            FRAME * to_float(number % columns) + LEFT,
            (FRAME - 10.0) * to_float(number / columns) + TOP,
        );
        let index = |name: &str| space.ranges().iter().position(|range| range.name() == name);
        let (a, b) = (index(&pair.names[0])?, index(&pair.names[1])?);
        draw_pair(&mut svg, analysis, model, origin, (a, b));
        let (x, y) = (parameter_axis(space, a), parameter_axis(space, b));
        for trial in &trials {
            let Ok(point) = space.encode(&trial.configuration) else { continue };
            let center = (
                origin.0 + SIZE * x.position(point[a]),
                origin.1 + SIZE * (1.0 - y.position(point[b])),
            );
            let has_failed = matches!(trial.outcome, Some(Outcome::Failed(_)));
            let (shape, series) = if has_failed { (Shape::Cross, 1) } else { (Shape::Disc, 4) };
            svg.mark(center, shape, series, Some(trial.id.0));
        }
        let best = &model.surrogate.best().point;
        let center =
            (origin.0 + SIZE * x.position(best[a]), origin.1 + SIZE * (1.0 - y.position(best[b])));
        svg.mark(center, Shape::Ring, 1, None);
    }
    let shares: Vec<String> = pairs
        .iter()
        .map(|pair| {
            let share = surmise::drawing::format_percent(pair.share.mean);
            format!("{} and {}: {share}", pair.names[0], pair.names[1])
        })
        .collect();
    let summary =
        format!("Shares of the variance that interactions explain: {}.", shares.join(", "));
    Some(Picture {
        name: "contours",
        title: "Pairs of parameters".to_owned(),
        explanation: "The predicted metric as a function of two parameters; all other parameters \
                      have the values of the best trial (ring). Dark is better, yellow is worse. \
                      Dots are trials, crosses are failed trials; their other parameters differ."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    })
}

/// Returns the lower and upper edge of the tile around each center.
fn tile_edges(centers: &[f64]) -> Vec<(f64, f64)> {
    let middle = |i: usize| (centers[i] + centers[i + 1]) / 2.0;
    let last = centers.len() - 1;
    (0..=last)
        .map(|i| {
            let low = if i == 0 { -0.02 } else { middle(i - 1) };
            (low, if i == last { 1.02 } else { middle(i) })
        })
        .collect()
}

fn draw_pair(
    svg: &mut Svg,
    analysis: &Analysis<'_>,
    model: &ModelAnalysis,
    origin: (f64, f64),
    (a, b): (usize, usize),
) {
    let space = analysis.study.space();
    let (x, y) = (parameter_axis(space, a), parameter_axis(space, b));
    let grid_coordinates = |parameter: usize| {
        let all = coordinates(space.axes()[parameter]);
        let step = all.len().div_ceil(25);
        all.into_iter().step_by(step).collect::<Vec<f64>>()
    };
    let (x_coordinates, y_coordinates) = (grid_coordinates(a), grid_coordinates(b));
    let best = &model.surrogate.best().point;
    let points: Vec<UnitPoint> = y_coordinates
        .iter()
        .flat_map(|v| {
            x_coordinates.iter().map(move |u| {
                let mut point = best.to_vec();
                (point[a], point[b]) = (*u, *v);
                UnitPoint::from(point)
            })
        })
        .collect();
    let predicted = model.surrogate.predict(&points);
    let losses: Vec<f64> =
        predicted.iter().map(|each| analysis.study.objective().loss(each.median)).collect();
    let min = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let max = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (columns, rows) = (tile_edges(&x_coordinates), tile_edges(&y_coordinates));
    for (row, (low, high)) in rows.iter().enumerate() {
        for (column, (left, right)) in columns.iter().enumerate() {
            let loss = losses[row * columns.len() + column];
            let position = if max > min { (loss - min) / (max - min) } else { 0.0 };
            let corner =
                (origin.0 + SIZE * x.position(*left), origin.1 + SIZE * (1.0 - y.position(*high)));
            let size = (
                SIZE * (x.position(*right) - x.position(*left)),
                SIZE * (y.position(*high) - y.position(*low)),
            );
            svg.tile(corner, size, &shade(position.sqrt()));
        }
    }
    for (value, label) in x.ticks(6) {
        svg.text(
            (origin.0 + SIZE * x.position(value), origin.1 + SIZE + 14.0),
            Anchor::Middle,
            10.0,
            &label,
        );
    }
    for (value, label) in y.ticks(6) {
        let height = origin.1 + SIZE * (1.0 - y.position(value)) + 3.5;
        svg.text((origin.0 - 5.0, height), Anchor::End, 10.0, &label);
    }
    let metric = |loss: f64| format_short(analysis.study.objective().value(loss));
    let scale = format!("darkest {}, brightest {}", metric(min), metric(max));
    svg.text((origin.0 + SIZE, origin.1 - 6.0), Anchor::End, 10.0, &scale);
    svg.text((origin.0 + SIZE / 2.0, origin.1 + SIZE + 30.0), Anchor::Middle, 11.0, &x.label);
    svg.vertical_text((origin.0 - LEFT + 12.0, origin.1 + SIZE / 2.0), 11.0, &y.label);
}
