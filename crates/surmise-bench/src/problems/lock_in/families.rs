//! The families without chance: functions of a configuration.

use super::landscape::{Bowl, Shape};
use super::ranges::{between, log_between, number_ranges, place, whole_between};
use crate::problems::test_function::TestFunction;
use crate::statistics::mean;
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};
use surmise::stable_hash::stable_hash;
use surmise::unit_cube::UnitPoint;

/// Number of points from which the shares of levels are computed.
const EDGE_SAMPLES: u64 = 4096;

/// Returns the random numbers of an instance of a family.
pub(super) fn stream(family: &str, number: u32) -> Rng {
    Rng::stream(stable_hash(family), number.into())
}

/// Returns whether an instance is of the second of two kinds: 2, 3, 6, 7, …
///
/// So each kind has as many held-out instances, which have even numbers, as other ones.
fn is_of_second_kind(number: u32) -> bool {
    (number / 2) % 2 == 1
}

/// Gives the values a random unit and offset, and makes a function of it.
pub(super) fn function(
    name: &'static str,
    rng: &mut Rng,
    space: SearchSpace,
    value: impl Fn(&Configuration) -> f64 + Send + Sync + 'static,
    minimizer: Configuration,
) -> TestFunction {
    let unit = log_between(rng, 0.01, 100.0);
    let offset = (100.0 * between(rng, -100.0, 100.0)).round() / 100.0 * unit;
    let ranges: Vec<_> = space.ranges().iter().cloned().map(Ok).collect();
    let value = move |configuration: &Configuration| offset + unit * value(configuration);
    TestFunction::new(name, ranges, value, (offset, minimizer))
}

pub(super) fn number_space(rng: &mut Rng, count: usize) -> SearchSpace {
    SearchSpace::new(number_ranges(rng, count)).expect("valid ranges")
}

/// Returns the coordinates of the parameters of `space` in a configuration of a larger one.
fn coordinates(space: &SearchSpace, configuration: &Configuration) -> UnitPoint {
    let ranges = space.ranges().iter();
    let part: Configuration = ranges
        .map(|range| {
            let value = configuration.value(range.name()).expect("a value for each range");
            (range.name(), value.clone())
        })
        .collect();
    space.encode(&part).expect("a configuration of the space")
}

/// Returns a configuration with some values added or replaced.
pub(super) fn with_values(
    configuration: &Configuration,
    values: impl IntoIterator<Item = (String, ParameterValue)>,
) -> Configuration {
    let values: Vec<(String, ParameterValue)> = values.into_iter().collect();
    let kept = configuration.iter().filter(|(name, _)| values.iter().all(|(new, _)| new != name));
    let kept: Vec<_> = kept.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    kept.into_iter().chain(values).collect()
}

/// Adds a categorical range to ranges of numbers, at a random position.
fn with_choice(rng: &mut Rng, numbers: &SearchSpace, name: &str, count: usize) -> SearchSpace {
    let choices: Vec<String> = (0..count).map(|i| format!("{name}{i}")).collect();
    let mut ranges: Vec<_> = numbers.ranges().iter().cloned().map(Ok).collect();
    let position = rng.index(ranges.len() + 1);
    ranges.insert(position, ParameterRange::categorical(name, choices));
    SearchSpace::new(ranges).expect("valid ranges")
}

/// Each of 2 to 8 choices has its own best place, width and level, over 2 to 6 parameters.
///
/// The best level is 0, the other ones are 0.03 to 0.4. Half of the parameters may have no effect
/// under a choice.
pub fn choices(number: u32) -> TestFunction {
    choices_named("lock-in-choices", number)
}

pub(super) fn choices_named(name: &'static str, number: u32) -> TestFunction {
    let rng = &mut stream(name, number);
    let (choices, parameters) = (whole_between(rng, 2, 8), whole_between(rng, 2, 6));
    let numbers = number_space(rng, parameters);
    let best = rng.index(choices);
    let bowl = |choice: usize, rng: &mut Rng| {
        let level = if choice == best { 0.0 } else { log_between(rng, 0.03, 0.4) };
        let width = log_between(rng, 0.15, 0.6);
        let shape = Shape::unbounded(rng);
        let bowl = Bowl::new(rng, &numbers, width, shape);
        let bowl = bowl.with_idle_parameters(rng, is_of_second_kind(number));
        bowl.with_level(level).with_height(between(rng, 0.3, 1.0))
    };
    let bowls: Vec<Bowl> = (0..choices).map(|choice| bowl(choice, rng)).collect();
    let space = with_choice(rng, &numbers, "choice", choices);
    let choice = [("choice".to_owned(), format!("choice{best}").into())];
    let minimizer = with_values(&numbers.decode(&bowls[best].place), choice);
    let value = move |c: &Configuration| {
        let choice: usize = c.category("choice")["choice".len()..].parse().expect("a number");
        bowls[choice].value(&coordinates(&numbers, c))
    };
    function(name, rng, space, value, minimizer)
}

/// Draws basins of nearly equal depth, narrow and wide; the first one is the deepest.
fn draw_basins(rng: &mut Rng, space: &SearchSpace, count: usize) -> Vec<Bowl> {
    let mut basins: Vec<Bowl> = Vec::new();
    while basins.len() < count {
        let is_narrow = rng.index(2) == 0;
        let width = if is_narrow { between(rng, 0.1, 0.16) } else { between(rng, 0.2, 0.35) };
        let level = if basins.is_empty() { 0.0 } else { between(rng, 0.02, 0.15) };
        let basin = Bowl::new(rng, space, width, Shape::Saturating);
        let basin = basin.with_level(level).with_height(1.0 - level);
        // The deepest basin keeps its value of 0, and each other one its minimum.
        let apart =
            |other: &Bowl| other.value(&basin.place) > 0.5 && basin.value(&other.place) > 0.5;
        if basins.iter().all(apart) {
            basins.push(basin);
        }
    }
    basins
}

fn lowest(bowls: &[Bowl], point: &[f64]) -> f64 {
    bowls.iter().map(|bowl| bowl.value(point)).fold(f64::INFINITY, f64::min)
}

/// 2 to 5 basins of nearly equal depth, narrow and wide, in 2 to 6 dimensions.
///
/// The values are 0 at the global minimum, 0.02 to 0.15 at the other ones, and 1 far from all.
pub fn basins(number: u32) -> TestFunction {
    basins_named("lock-in-basins", number)
}

pub(super) fn basins_named(name: &'static str, number: u32) -> TestFunction {
    let rng = &mut stream(name, number);
    let (parameters, count) = (whole_between(rng, 2, 6), whole_between(rng, 2, 5));
    let space = number_space(rng, parameters);
    // In two dimensions, five basins that are apart do not always fit.
    let basins = draw_basins(rng, &space, count.min(parameters + 1));
    let minimizer = space.decode(&basins[0].place);
    let at = space.clone();
    let value = move |c: &Configuration| lowest(&basins, &coordinates(&at, c));
    function(name, rng, space, value, minimizer)
}

/// Equal values except in a box, in which they fall from 1 to 0.
///
/// The box has 3 to 10 % of the space, less what is beyond the ends of ranges: its center is
/// between 5 % and 95 % of each range. Half of the instances have two plateaus: on one side of the
/// space the value is 1.2 instead of 1.
pub fn plateau(number: u32) -> TestFunction {
    let name = "lock-in-plateau";
    let rng = &mut stream(name, number);
    let parameters = whole_between(rng, 2, 5);
    let space = number_space(rng, parameters);
    #[allow(clippy::cast_precision_loss, reason = "a few parameters")]
    let mean_width = between(rng, 0.03, 0.1).powf(1.0 / parameters as f64);
    let stretch: Vec<f64> = (0..parameters).map(|_| log_between(rng, 0.7, 1.4)).collect();
    #[allow(clippy::cast_precision_loss, reason = "a few parameters")]
    let center_of_stretch = stretch.iter().product::<f64>().powf(1.0 / parameters as f64);
    let half_widths: Vec<f64> =
        stretch.iter().map(|s| 0.5 * mean_width * s / center_of_stretch).collect();
    let center = place(rng, &space);
    let has_two = is_of_second_kind(number);
    let side = rng.index(parameters);
    let minimizer = space.decode(&center);
    let at = space.clone();
    let value = move |c: &Configuration| {
        let point = coordinates(&at, c);
        let scaled =
            point.iter().zip(center.iter()).zip(&half_widths).map(|((u, z), h)| (u - z) / h);
        let scaled: Vec<f64> = scaled.collect();
        if scaled.iter().any(|x| x.abs() >= 1.0) {
            return if has_two && point[side] > 0.5 { 1.2 } else { 1.0 };
        }
        mean(&scaled.iter().map(|x| x * x).collect::<Vec<f64>>())
    };
    function(name, rng, space, value, minimizer)
}

/// Stairs of 4 to 12 levels down to two places, one of which is a level lower, in 2 to 5
/// dimensions.
///
/// The lowest level around each place has 0.2 to 2 % of the space, and each level below the top
/// one the same multiple of the level beneath.
pub fn stairs(number: u32) -> TestFunction {
    stairs_named("lock-in-stairs", number)
}

pub(super) fn stairs_named(name: &'static str, number: u32) -> TestFunction {
    let rng = &mut stream(name, number);
    let parameters = whole_between(rng, 2, 5);
    let space = number_space(rng, parameters);
    let levels = whole_between(rng, 4, 12);
    let lowest_share = log_between(rng, 0.002, 0.02);
    let stairs = |rng: &mut Rng| {
        let bowl = Bowl::new(rng, &space, 1.0, Shape::Quadratic);
        let edges = edges_of_levels(&bowl, &space, levels, lowest_share);
        (bowl, edges)
    };
    let (lower, upper) = (stairs(rng), stairs(rng));
    let minimizer = space.decode(&lower.0.place);
    let at = space.clone();
    let value = move |c: &Configuration| {
        let point = coordinates(&at, c);
        let level = |(bowl, edges): &(Bowl, Vec<f64>)| {
            let value = bowl.value(&point);
            edges.iter().filter(|edge| value > **edge).count()
        };
        let level = level(&lower).min(level(&upper) + 1);
        #[allow(clippy::cast_precision_loss, reason = "a few levels")]
        let share = level as f64 / (levels - 1) as f64;
        share
    };
    function(name, rng, space, value, minimizer)
}

/// Returns the values of a bowl at the edges between its levels, from the lowest level up.
///
/// Level k and those beneath have the share s^((m − k) ⁄ m) of the space, for m edges, k from 0 and
/// the share s of the lowest level.
fn edges_of_levels(bowl: &Bowl, space: &SearchSpace, levels: usize, share: f64) -> Vec<f64> {
    let sequence = Sobol::new(space.axes().len(), &mut Rng::stream(1, 0));
    let value = |i| bowl.value(&space.snap(&sequence.point(i).into()));
    let mut values: Vec<f64> = (0..EDGE_SAMPLES).map(value).collect();
    values.sort_by(f64::total_cmp);
    let edge = |k: usize| {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index =
            (values.len() as f64 * share.powf(1.0 - k as f64 / (levels - 1) as f64)) as usize;
        values[index]
    };
    (0..levels - 1).map(edge).collect()
}

/// Two basins over 2 or 3 parameters, besides 4 to 8 parameters without effect.
///
/// Every third of the latter is categorical with 2 to 8 categories.
#[allow(clippy::missing_panics_doc, reason = "the ranges are valid")]
pub fn idle(number: u32) -> TestFunction {
    let name = "lock-in-idle";
    let rng = &mut stream(name, number);
    let (active, idle) = (whole_between(rng, 2, 3), whole_between(rng, 4, 8));
    let all = number_space(rng, active + idle);
    // The active parameters are at random positions.
    let mut order: Vec<usize> = (0..active + idle).collect();
    rng.shuffle(&mut order);
    let ranges = all.ranges();
    let active_ranges = order[..active].iter().map(|i| Ok(ranges[*i].clone()));
    let active_space = SearchSpace::new(active_ranges).expect("valid ranges");
    let basins = draw_basins(rng, &active_space, 2);
    let mut range = |i: usize| {
        if order[..active].contains(&i) || rng.index(3) > 0 {
            return Ok(ranges[i].clone());
        }
        let count = whole_between(rng, 2, 8);
        ParameterRange::categorical(format!("p{i}"), (0..count).map(|k| format!("c{k}")))
    };
    let space = SearchSpace::new((0..active + idle).map(&mut range)).expect("valid ranges");
    let best = active_space.decode(&basins[0].place);
    let best = best.iter().map(|(name, value)| (name.to_owned(), value.clone()));
    let minimizer = with_values(&space.decode(&place(rng, &space)), best);
    let value = move |c: &Configuration| lowest(&basins, &coordinates(&active_space, c));
    function(name, rng, space, value, minimizer)
}

/// An optimum at ends of ranges, with slopes of powers ½, 1 and 2, and a wide decoy inside.
///
/// Each of 2 to 6 parameters is best at an end with the probability 0.7.
pub fn ends(number: u32) -> TestFunction {
    ends_named("lock-in-ends", number)
}

pub(super) fn ends_named(name: &'static str, number: u32) -> TestFunction {
    let rng = &mut stream(name, number);
    let parameters = whole_between(rng, 2, 6);
    let space = number_space(rng, parameters);
    let mut best = place(rng, &space).to_vec();
    for (index, coordinate) in best.iter_mut().enumerate() {
        let end = f64::from(u8::from(rng.index(2) == 0));
        // At least one is at an end.
        if index == 0 || rng.uniform() < 0.7 {
            *coordinate = end;
        }
    }
    let best = space.snap(&best.into());
    let powers: Vec<f64> = (0..parameters).map(|_| [0.5, 1.0, 2.0][rng.index(3)]).collect();
    let weights: Vec<f64> = (0..parameters).map(|_| log_between(rng, 0.3, 3.0)).collect();
    let level = between(rng, 0.1, 0.3);
    let width = between(rng, 0.3, 0.5);
    let decoy = Bowl::new(rng, &space, width, Shape::Quadratic).with_level(level);
    let minimizer = space.decode(&best);
    let at = space.clone();
    let value = move |c: &Configuration| {
        let point = coordinates(&at, c);
        let terms = point.iter().zip(best.iter()).zip(powers.iter().zip(&weights));
        let terms: Vec<f64> = terms.map(|((u, z), (p, w))| w * (u - z).abs().powf(*p)).collect();
        mean(&terms).min(decoy.value(&point))
    };
    function(name, rng, space, value, minimizer)
}
