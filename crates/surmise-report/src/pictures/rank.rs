//! The picture of ranks of trials over pairs of parameters, which uses no model.

use std::collections::HashMap;

use surmise::TrialId;
use surmise::drawing::{Anchor, Svg};

use super::axes::parameter_axis;
use super::color_scale::shade;
use super::picture::Picture;
use super::selection::select_few_trials;
use crate::analysis::{Analysis, ModelAnalysis};
use crate::numbers::to_float;

/// The maximum number of pairs in the picture.
const MAX_PAIRS: usize = 6;
const SIZE: f64 = 210.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 14.0;
const FRAME: (f64, f64) = (300.0, 270.0);

/// Draws the ranks; `None` with fewer than two parameters.
pub(super) fn rank(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Option<Picture> {
    let space = analysis.study.space();
    let pairs = &model.importance.interactions;
    let pairs = &pairs[..pairs.len().min(MAX_PAIRS)];
    if pairs.is_empty() {
        return None;
    }
    let mut losses: Vec<(f64, TrialId)> =
        analysis.losses().map(|(trial, loss)| (loss, trial.id)).collect();
    losses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let max_rank = to_float(losses.len().max(2) - 1);
    let rank = |(rank, (_, trial)): (usize, &(f64, TrialId))| (*trial, to_float(rank) / max_rank);
    let ranks: HashMap<TrialId, f64> = losses.iter().enumerate().map(rank).collect();
    // The best trials are drawn last, on top.
    let mut trials = select_few_trials(analysis);
    trials.retain(|trial| ranks.contains_key(&trial.id));
    trials.sort_by(|a, b| ranks[&b.id].total_cmp(&ranks[&a.id]));
    let columns = pairs.len().min(3);
    let rows = to_float(pairs.len().div_ceil(columns));
    let mut svg = Svg::new(FRAME.0 * to_float(columns), FRAME.1 * rows);
    for (number, pair) in pairs.iter().enumerate() {
        let (column, row) = (to_float(number % columns), to_float(number / columns));
        let origin = (FRAME.0 * column + LEFT, FRAME.1 * row + TOP);
        let index = |name: &str| space.ranges().iter().position(|range| range.name() == name);
        let (a, b) = (index(&pair.names[0])?, index(&pair.names[1])?);
        let (x, y) = (parameter_axis(space, a), parameter_axis(space, b));
        svg.line((origin.0, origin.1), (origin.0, origin.1 + SIZE), "#666666", 1.0);
        svg.line((origin.0, origin.1 + SIZE), (origin.0 + SIZE, origin.1 + SIZE), "#666666", 1.0);
        for (value, label) in x.ticks(4) {
            let tick_x = origin.0 + SIZE * x.position(value);
            svg.text((tick_x, origin.1 + SIZE + 13.0), Anchor::Middle, 9.5, &label);
        }
        for (value, label) in y.ticks(4) {
            let tick_y = origin.1 + SIZE * (1.0 - y.position(value)) + 3.5;
            svg.text((origin.0 - 4.0, tick_y), Anchor::End, 9.5, &label);
        }
        svg.text((origin.0 + SIZE / 2.0, origin.1 + SIZE + 28.0), Anchor::Middle, 10.5, &x.label);
        svg.vertical_text((origin.0 - LEFT + 11.0, origin.1 + SIZE / 2.0), 10.5, &y.label);
        for trial in &trials {
            let Ok(point) = space.encode(&trial.configuration) else { continue };
            let center = (
                origin.0 + SIZE * x.position(point[a]),
                origin.1 + SIZE * (1.0 - y.position(point[b])),
            );
            svg.dot(center, &shade(ranks[&trial.id]), trial.id.0);
        }
    }
    let summary =
        format!("{} trials by rank, over {} pairs of parameters.", trials.len(), pairs.len());
    Some(Picture {
        name: "rank",
        title: "Ranks of trials".to_owned(),
        explanation: "Each disc is a completed trial: the darkest is the best of all, the \
                      brightest yellow the worst. This picture uses no model."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    })
}
