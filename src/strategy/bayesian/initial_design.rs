//! The initial design: the points that are tried before the model has enough losses to learn from.
//!
//! First comes the center of the cube; its first category is often the default. Then comes a
//! block of 2, 4 or 8 points of a scrambled Sobol sequence. If every axis is divided into as many
//! strata, each stratum has one point of the block. After the block, each proposal is one of the
//! next 8 points of the sequence: the one that is farthest from all other points. Distances wrap
//! around at the ends of axes; otherwise points at the ends would always come first.
//!
//! On axes of levels, the block is stretched: the lowest stratum falls on the lowest level, the
//! highest stratum on the highest level, and the strata between them fill the range. The end of an
//! integer range often has a special meaning (0 as "no limit"), which no smooth model expects. So
//! each end is tried once. Of the points after the block, only the first near an untried end is
//! moved to it.
//!
//! Points whose nearest neighbor has failed are skipped, once some trial has given a loss.

use crate::rng::Rng;
use crate::strategy::contract::History;
use crate::strategy::sobol;
use crate::strategy::visited::Visited;
use crate::unit_cube::{self, Axis, UnitPoint};

use super::feasibility::infeasible;

/// Number of points of the sequence among which the farthest one is chosen, after the block.
const CANDIDATES: usize = 8;

/// Returns the number of points of the block, which is the number of strata of each axis.
///
/// The design has one more point, the center. If the number of jobs is known, the design is at most
/// a fifth of them, but at least 3 points.
fn stratum_count(history: &History<'_>) -> usize {
    let varying = history.axes.iter().filter(|axis| !axis.is_constant()).count();
    match history.max_jobs.map_or(usize::MAX, |jobs| jobs / 5) {
        9.. if varying > 3 => 8,
        5.. => 4,
        _ => 2,
    }
}

/// Returns the index of the next point in the design; `None` once the model proposes points.
///
/// The model proposes points as soon as all points of the design were proposed, half of them have
/// ended, and two losses differ. With equal losses, the sequence fills the space more evenly than a
/// model would. Until then, further trials get further points of the sequence.
pub(super) fn index(history: &History<'_>) -> Option<u64> {
    let size = 1 + stratum_count(history);
    let observed = history.observations.len();
    let ended = observed + history.failures.len();
    let proposed = ended + history.pending.len();
    let continues = proposed < size
        || ended < size.div_ceil(2)
        || observed < 2
        || are_all_losses_equal(history);
    continues.then_some(history.next_trial.0 - 1)
}

/// Returns `true` if all losses are equal, up to rounding.
fn are_all_losses_equal(history: &History<'_>) -> bool {
    let losses = history.observations.iter().map(|observation| observation.loss);
    let (min, max) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), loss| {
        (min.min(loss), max.max(loss))
    });
    max - min <= 4.0 * f64::EPSILON * max.abs().max(min.abs())
}

/// Returns the point of the design at `index`, or the next one that is not visited.
pub(super) fn point(
    history: &History<'_>,
    visited: &Visited<'_>,
    index: u64,
    center_first: bool,
    rng: &mut Rng,
) -> Option<UnitPoint> {
    let center = unit_cube::center(history.axes);
    if !center_first && index == 0 {
        return visited.sample_unvisited(rng);
    }
    if center_first && !visited.contains(&center) {
        return Some(center);
    }
    let strata = stratum_count(history);
    let ends = UntriedEnds::new(history, strata);
    let ended = EndedPoints::new(history);
    let is_promising = |point: &UnitPoint| !ended.has_nearest_failed(point);
    if index <= strata as u64 {
        // The block starts at a multiple of its size, so that it has a point in every stratum.
        let first = index + strata as u64 - 1;
        let candidate = {
            let stretch = |point| stretch(history.axes, ends.stratum_width, point);
            let mut points = sobol::unvisited_points(history, visited, first, stretch, rng);
            match points.next() {
                Some(point) if is_promising(&point) => Some(point),
                next => points.find(is_promising).or(next),
            }
        };
        return candidate.or_else(|| visited.sample_unvisited(rng));
    }
    // Include the points of the block: they were tried only after they had been stretched.
    let first = index.saturating_sub((1 + strata + CANDIDATES) as u64);
    let next_points = || {
        let move_to_end = |point| ends.move_to_untried_end(point);
        sobol::unvisited_points(history, visited, first, move_to_end, rng)
    };
    let promising: Vec<UnitPoint> = next_points().filter(is_promising).take(CANDIDATES).collect();
    let candidates =
        if promising.is_empty() { next_points().take(CANDIDATES).collect() } else { promising };
    let tried: Vec<&UnitPoint> = all_points(history).collect();
    let min_distance = |point: &UnitPoint| {
        let distances =
            tried.iter().map(|other| squared_wrapped_distance(history.axes, point, other));
        distances.fold(f64::INFINITY, f64::min)
    };
    let farthest = candidates
        .into_iter()
        .map(|point| (min_distance(&point), point))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    farthest.map(|(_, point)| point).or_else(|| visited.sample_unvisited(rng))
}

/// Returns the squared distance of two points, where numeric axes wrap around.
///
/// Different categories are at distance 1.
fn squared_wrapped_distance(axes: &[Axis], a: &[f64], b: &[f64]) -> f64 {
    let squares = axes.iter().zip(a.iter().zip(b)).map(|(axis, (a, b))| match axis {
        Axis::Categories(_) => f64::from(u8::from(!axis.is_same_coordinate(*a, *b))),
        _ => {
            let distance = (a - b).abs();
            distance.min(1.0 - distance).powi(2)
        }
    });
    squares.sum()
}

/// Stretches the coordinates on axes of levels, so that the outermost strata fall on the ends.
fn stretch(axes: &[Axis], stratum_width: f64, point: Vec<f64>) -> Vec<f64> {
    let moved = point.into_iter().zip(axes).map(|(u, axis)| match axis {
        // With two strata, the inner width is 0, and all coordinates move to an end.
        Axis::Levels(_) => {
            let inner_width = (1.0 - 2.0 * stratum_width).max(f64::MIN_POSITIVE);
            ((u - stratum_width) / inner_width).clamp(0.0, 1.0)
        }
        _ => u,
    });
    moved.collect()
}

/// The ends of axes of levels that no trial has tried.
struct UntriedEnds {
    stratum_width: f64,
    /// For each axis, whether the lowest and the highest level are untried.
    untried: Vec<[bool; 2]>,
}

impl UntriedEnds {
    fn new(history: &History<'_>, strata: usize) -> Self {
        let untried = history.axes.iter().enumerate().map(|(index, axis)| {
            let Axis::Levels(_) = axis else { return [false; 2] };
            let last = axis.cell_count().map_or(0, |cells| cells - 1);
            [0, last].map(|end| all_points(history).all(|point| axis.cell(point[index]) != end))
        });
        #[allow(clippy::cast_precision_loss, reason = "the number is at most 8")]
        let stratum_width = 1.0 / strata as f64;
        Self { stratum_width, untried: untried.collect() }
    }

    /// Moves coordinates in an outermost stratum to the end of their axis, if it is untried.
    fn move_to_untried_end(&self, point: Vec<f64>) -> Vec<f64> {
        let moved = point.into_iter().zip(&self.untried).map(|(u, untried)| match untried {
            [true, _] if u < self.stratum_width => 0.0,
            [_, true] if u >= 1.0 - self.stratum_width => 1.0,
            _ => u,
        });
        moved.collect()
    }
}

/// Returns the points of all trials of a history.
fn all_points<'a>(history: &History<'a>) -> impl Iterator<Item = &'a UnitPoint> + use<'a> {
    let observed = history.observations.iter().map(|observation| &observation.point);
    let pending = history.pending.iter().map(|pending| &pending.point);
    observed.chain(pending).chain(history.failures.iter().map(|failure| &failure.point))
}

/// The points of trials that have ended, by their success.
struct EndedPoints<'a> {
    axes: &'a [Axis],
    succeeded: Vec<&'a UnitPoint>,
    failed: Vec<&'a UnitPoint>,
}

impl<'a> EndedPoints<'a> {
    fn new(history: &History<'a>) -> Self {
        Self {
            axes: history.axes,
            succeeded: history.observations.iter().map(|observation| &observation.point).collect(),
            failed: infeasible(history).map(|failure| &failure.point).collect(),
        }
    }

    /// Returns `true` if the trial nearest to a point failed; `false` if no trial has succeeded.
    fn has_nearest_failed(&self, point: &UnitPoint) -> bool {
        let min_distance = |points: &[&UnitPoint]| {
            let distances =
                points.iter().map(|other| unit_cube::squared_distance(self.axes, point, other));
            distances.fold(f64::INFINITY, f64::min)
        };
        !self.succeeded.is_empty() && min_distance(&self.failed) < min_distance(&self.succeeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Pending;
    use crate::trial_id::TrialId;
    use crate::unit_cube::Levels;

    #[test]
    fn the_design_includes_both_ends_of_every_integer_range() {
        let levels = Axis::Levels(Levels::evenly_spaced(11));
        let axes = [levels, Axis::Continuous { resolution: 1e-7 }, levels, Axis::Categories(3)];
        for seed in 0..20 {
            let mut pending: Vec<Pending> = Vec::new();
            loop {
                let history = History {
                    axes: &axes,
                    observations: &[],
                    pending: &pending,
                    failures: &[],
                    next_trial: TrialId(pending.len() as u64 + 1),
                    max_jobs: Some(50),
                    max_parallel_jobs: 1,
                    repetitions: crate::strategy::Repetitions::Never,
                    index: None,
                };
                if pending.len() == 1 + stratum_count(&history) {
                    break;
                }
                let index = index(&history).expect("there are no losses yet");
                let mut rng = Rng::stream(seed, history.next_trial.0);
                let point =
                    point(&history, &Visited::new(&history), index, true, &mut rng).unwrap();
                pending.push(Pending { trial: history.next_trial, point });
            }
            assert_eq!(pending.len(), 9);
            assert_eq!(axes[3].cell(pending[0].point[3]), 0, "the center has the first category");
            for axis in [0, 2] {
                for end in [0, 10] {
                    assert!(pending.iter().any(|p| levels.cell(p.point[axis]) == end));
                }
            }
            let eighths: std::collections::BTreeSet<u64> =
                pending[1..].iter().map(|p| Axis::Categories(8).cell(p.point[1])).collect();
            assert_eq!(eighths.len(), 8);
        }
    }
}
