//! Axes of metrics, integers and parameters.

use surmise::drawing::{PlotAxis, format_short};
use surmise::{Goal, Objective, ParameterRange, ParameterValue, ScalingType, SearchSpace};

use crate::slices::coordinates;

/// The ratio of the largest to the smallest value from which on an axis is logarithmic.
const MIN_LOGARITHMIC_RATIO: f64 = 100.0;

/// Returns an axis of a metric, from the best value on; logarithmic if the values span two decades.
///
/// Values far worse than 90 % of all are outside of a linear axis; they are drawn at its end.
pub(super) fn metric_axis(
    objective: &Objective,
    values: impl IntoIterator<Item = f64>,
) -> PlotAxis {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let mut losses: Vec<f64> = finite.map(|value| objective.loss(value)).collect();
    losses.sort_by(f64::total_cmp);
    let (Some(best), Some(worst)) = (losses.first(), losses.last()) else {
        return PlotAxis::linear(objective.metric_name.clone(), 0.0, 1.0);
    };
    let quantile = losses[(losses.len() - 1) * 9 / 10];
    let limit = quantile + 1.5 * (quantile - best);
    let ends = [*best, worst.min(if quantile > *best { limit } else { *worst })];
    let ends = ends.map(|loss| objective.value(loss));
    let (low, high) = match objective.goal {
        Goal::Minimize => (ends[0], ends[1]),
        Goal::Maximize => (ends[1], ends[0]),
    };
    let (a, b) = (objective.value(*best), objective.value(*worst));
    let (min, max) = (a.min(b), a.max(b));
    if min > 0.0 && max / min >= MIN_LOGARITHMIC_RATIO {
        return PlotAxis::logarithmic(objective.metric_name.clone(), min, max);
    }
    let margin = 0.04 * (high - low);
    PlotAxis::linear(objective.metric_name.clone(), low - margin, high + margin)
}

/// Returns an axis of integers, such as the numbers of trials.
pub(super) fn integer_axis(label: &str, first: f64, last: f64) -> PlotAxis {
    let last = last.max(first + 1.0);
    let is_integer = |value: f64| value >= first && value.fract().abs() < 1e-9;
    let ticks = PlotAxis::linear(label, 0.0, last).ticks(8).into_iter();
    let ticks = ticks.filter(|(value, _)| is_integer(*value));
    let labeled_ticks = ticks.map(|(value, _)| (value, format!("{value:.0}"))).collect();
    PlotAxis::with_ticks(label, first, last, labeled_ticks)
}

/// Returns an axis of a parameter over its coordinates, with ticks at round values.
///
/// If there are at most seven values, each has a tick; so has each category.
pub(super) fn parameter_axis(space: &SearchSpace, parameter: usize) -> PlotAxis {
    let axis = space.axes()[parameter];
    let range = &space.ranges()[parameter];
    let coordinates = coordinates(axis);
    let bounds = match range {
        ParameterRange::Continuous(range) => Some((range.min(), range.max())),
        #[allow(clippy::cast_precision_loss, reason = "labels")]
        ParameterRange::Integer(range) => Some((range.min() as f64, range.max() as f64)),
        ParameterRange::Categorical(_) => None,
    };
    let ticks = match bounds {
        Some((low, high)) if coordinates.len() > 7 && low < high => {
            let is_logarithmic = range
                .resolved_scaling()
                .is_some_and(|scale| scale.scaling == ScalingType::Logarithmic);
            let round = if is_logarithmic && high / low >= 20.0 {
                PlotAxis::logarithmic("", low, high).ticks(6)
            } else {
                PlotAxis::linear("", low, high).ticks(5)
            };
            let is_inside = |(value, _): &(f64, String)| (low..=high).contains(value);
            let ticks = round.into_iter().filter(is_inside);
            ticks.map(|(value, label)| (coordinate_of(space, parameter, value), label)).collect()
        }
        _ => {
            let tick = |coordinate: &f64| {
                (*coordinate, short_text(&value_at(space, parameter, *coordinate)))
            };
            coordinates.iter().map(tick).collect()
        }
    };
    PlotAxis::with_ticks(shorten(range.name(), 28), -0.02, 1.02, ticks)
}

/// Returns the coordinate of a value of a numeric parameter, by bisection.
fn coordinate_of(space: &SearchSpace, parameter: usize, value: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        let value_at_middle = value_at(space, parameter, middle).number().unwrap_or(f64::NAN);
        if value_at_middle < value { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Shortens a text to at most this many characters; it keeps the beginning and the end.
pub(super) fn shorten(text: &str, max_chars: usize) -> String {
    let count = text.chars().count();
    if count <= max_chars {
        return text.to_owned();
    }
    let first = max_chars / 2;
    let last = max_chars - 1 - first;
    text.chars().take(first).chain(['…']).chain(text.chars().skip(count - last)).collect()
}

/// Returns the value of a parameter at a coordinate.
pub(super) fn value_at(space: &SearchSpace, parameter: usize, coordinate: f64) -> ParameterValue {
    let mut point = vec![0.5; space.axes().len()];
    point[parameter] = coordinate;
    let configuration = space.decode(&space.snap(&point.into()));
    let name = space.ranges()[parameter].name();
    configuration.value(name).expect("a value for each range").clone()
}

/// Formats a value with few digits or characters.
pub(super) fn short_text(value: &ParameterValue) -> String {
    const MAX_CHARS: usize = 12;
    match value {
        ParameterValue::Float(number) => format_short(*number),
        other => shorten(&other.to_text(), MAX_CHARS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_values_at_their_coordinates() {
        let space = SearchSpace::new([
            ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
            ParameterRange::integer("width", 16..=4096, ScalingType::Logarithmic),
            ParameterRange::continuous("share", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::integer("layers", 1..=3, ScalingType::Linear),
        ])
        .unwrap();
        let ticks = |index| parameter_axis(&space, index).ticks(6);
        let labels = |index| ticks(index).into_iter().map(|tick| tick.1).collect::<Vec<String>>();
        assert_eq!(labels(0), ["1e-5", "1e-4", "1e-3", "1e-2", "0.1", "1"]);
        assert!((ticks(0)[2].0 - 0.4).abs() < 1e-6);
        assert_eq!(labels(1), ["100", "1e3"]);
        assert_eq!(labels(2), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(3), ["1", "2", "3"]);
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shorten("number_one_of_many", 9), "numb…many");
        assert_eq!(shorten("short", 9), "short");
    }
}
