//! Axes of metrics and of parameters.

use surmise::drawing::{PlotAxis, short};
use surmise::{Goal, Objective, ParameterValue, SearchSpace};

use crate::slices::coordinates;

/// From this ratio of the greatest to the least value on, an axis of positive values is logarithmic.
const RATIO: f64 = 100.0;

/// An axis of a metric, from the best value to the worst but few: what is far worse is drawn at its end.
pub(super) fn metric(objective: &Objective, values: impl IntoIterator<Item = f64>) -> PlotAxis {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let mut losses: Vec<f64> = finite.map(|value| objective.loss(value)).collect();
    losses.sort_by(f64::total_cmp);
    let (Some(best), Some(worst)) = (losses.first(), losses.last()) else {
        return PlotAxis::linear(objective.metric_name.clone(), 0.0, 1.0);
    };
    let usual = losses[(losses.len() - 1) * 9 / 10];
    let far = usual + 1.5 * (usual - best);
    let ends = [*best, worst.min(if usual > *best { far } else { *worst })];
    let ends = ends.map(|loss| objective.value(loss));
    let (low, high) = match objective.goal {
        Goal::Minimize => (ends[0], ends[1]),
        Goal::Maximize => (ends[1], ends[0]),
    };
    let (least, greatest) = (objective.value(*best), objective.value(*worst));
    let (least, greatest) = (least.min(greatest), least.max(greatest));
    if least > 0.0 && greatest / least >= RATIO {
        return PlotAxis::decades(objective.metric_name.clone(), least, greatest);
    }
    let margin = 0.04 * (high - low);
    PlotAxis::linear(objective.metric_name.clone(), low - margin, high + margin)
}

/// An axis of a parameter over its coordinates, with values at some of them.
pub(super) fn parameter(space: &SearchSpace, parameter: usize) -> PlotAxis {
    let axis = space.axes()[parameter];
    let name = space.ranges()[parameter].name();
    let places = coordinates(axis);
    let step = places.len().div_ceil(6).max(1);
    let wanted = (places.len() - 1).div_ceil(step).max(1);
    let chosen = (0..=wanted).map(|tick| places[tick * (places.len() - 1) / wanted]);
    let mut chosen: Vec<f64> = chosen.collect();
    chosen.dedup_by(|a, b| axis.same(*a, *b));
    let tick = |coordinate: &f64| (*coordinate, printed(&value_at(space, parameter, *coordinate)));
    let ticks = chosen.iter().map(tick).collect();
    PlotAxis::labelled(name, -0.02, 1.02, ticks)
}

/// The value of a parameter at a coordinate.
pub(super) fn value_at(space: &SearchSpace, parameter: usize, coordinate: f64) -> ParameterValue {
    let mut point = vec![0.5; space.axes().len()];
    point[parameter] = coordinate;
    let configuration = space.decode(&space.snap(&point.into()));
    let name = space.ranges()[parameter].name();
    configuration.value(name).expect("it is in the search space").clone()
}

/// Few digits or letters of a value.
pub(super) fn printed(value: &ParameterValue) -> String {
    const LETTERS: usize = 12;
    match value {
        ParameterValue::Float(number) => short(*number),
        other => {
            let text = other.printed();
            match text.chars().count() {
                ..=LETTERS => text,
                _ => text.chars().take(LETTERS - 1).chain(['…']).collect(),
            }
        }
    }
}
