//! Axes of metrics and of parameters.

use surmise::drawing::{PlotAxis, short};
use surmise::{Goal, Objective, ParameterRange, ParameterValue, ScalingType, SearchSpace};

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

/// An axis of whole numbers, such as those of trials.
pub(super) fn whole(label: &str, first: f64, last: f64) -> PlotAxis {
    let last = last.max(first + 1.0);
    let is_whole = |value: f64| value >= first && value.fract().abs() < 1e-9;
    let ticks = PlotAxis::linear(label, 0.0, last).ticks(8).into_iter();
    let ticks = ticks.filter(|(value, _)| is_whole(*value));
    let labelled = ticks.map(|(value, _)| (value, format!("{value:.0}"))).collect();
    PlotAxis::labelled(label, first, last, labelled)
}

/// An axis of a parameter over its coordinates, with round values where they lie, or all of few values.
pub(super) fn parameter(space: &SearchSpace, parameter: usize) -> PlotAxis {
    let axis = space.axes()[parameter];
    let range = &space.ranges()[parameter];
    let places = coordinates(axis);
    let numbers = match range {
        ParameterRange::Continuous(range) => Some((range.min(), range.max())),
        #[allow(clippy::cast_precision_loss, reason = "labels")]
        ParameterRange::Integer(range) => Some((range.min() as f64, range.max() as f64)),
        ParameterRange::Categorical(_) => None,
    };
    let ticks = match numbers {
        Some((low, high)) if places.len() > 7 && low < high => {
            let is_logarithmic =
                range.scale().is_some_and(|scale| scale.scaling == ScalingType::Logarithmic);
            let round = if is_logarithmic && high / low >= 20.0 {
                PlotAxis::decades("", low, high).ticks(6)
            } else {
                PlotAxis::linear("", low, high).ticks(5)
            };
            let inside = |(value, _): &(f64, String)| (low..=high).contains(value);
            let ticks = round.into_iter().filter(inside);
            ticks.map(|(value, label)| (coordinate_of(space, parameter, value), label)).collect()
        }
        _ => {
            let label = |place: &f64| (*place, printed(&value_at(space, parameter, *place)));
            places.iter().map(label).collect()
        }
    };
    PlotAxis::labelled(shortened(range.name(), 28), -0.02, 1.02, ticks)
}

/// Where a value of a numeric parameter lies: its coordinates rise with its values, so that halving an interval finds it.
fn coordinate_of(space: &SearchSpace, parameter: usize, value: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        let there = value_at(space, parameter, middle).number().unwrap_or(f64::NAN);
        if there < value { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// A text of at most so many letters; of a longer one, its beginning and its end.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let count = text.chars().count();
    if count <= letters {
        return text.to_owned();
    }
    let head = letters / 2;
    let tail = letters - 1 - head;
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
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
        other => shortened(&other.printed(), LETTERS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_values_where_they_lie() {
        let space = SearchSpace::new([
            ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
            ParameterRange::integer("width", 16..=4096, ScalingType::Logarithmic),
            ParameterRange::continuous("share", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::integer("layers", 1..=3, ScalingType::Linear),
        ])
        .unwrap();
        let ticks = |index| parameter(&space, index).ticks(6);
        let labels = |index| ticks(index).into_iter().map(|tick| tick.1).collect::<Vec<String>>();
        assert_eq!(labels(0), ["1e-5", "1e-4", "1e-3", "1e-2", "0.1", "1"]);
        assert!((ticks(0)[2].0 - 0.4).abs() < 1e-6);
        assert_eq!(labels(1), ["100", "1e3"]);
        assert_eq!(labels(2), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(3), ["1", "2", "3"]);
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("number_one_of_many", 9), "numb…many");
        assert_eq!(shortened("short", 9), "short");
    }
}
