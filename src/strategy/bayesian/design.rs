//! The initial design: what is tried before there is anything to learn from, and for as long as there is nothing.
//!
//! The centre of the cube first (of a category, its first value: often the default), then a block of 2, 4 or 8 points
//! of the study's scrambled Sobol sequence, which has one point in each of as many strata of every axis. After that, of the next 8 points
//! of the sequence the one that is farthest from all others, on a cube whose opposite faces meet (or the faces would come first).
//!
//! On axes of levels, the block is stretched so that its lowest stratum falls on the lowest level and its highest on the highest, and the strata
//! between them fill the range. The ends of an integer range are where its meaning breaks most often (0 as "no limit"), and no smooth model expects
//! that; so each end is tried once. Later points are not stretched, but for the first that is near an end where nothing has been tried.
//!
//! Points whose nearest neighbour has failed are passed over, once there is something that did not fail.

use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;
use crate::strategy::contract::History;
use crate::strategy::sobol;
use crate::strategy::visited::Visited;

use super::feasibility::infeasible;

/// Past the block, the farthest of this many upcoming points is proposed.
const CANDIDATES: usize = 8;

/// Points of the design besides the centre, and so the strata of each axis. The design is at most a fifth of the jobs, if
/// their number is known, or 3.
fn strata(history: &History<'_>) -> usize {
    let searched = history.axes.iter().filter(|axis| !axis.is_constant()).count();
    match history.max_jobs.map_or(usize::MAX, |jobs| jobs / 5) {
        9.. if searched > 3 => 8,
        5.. => 4,
        _ => 2,
    }
}

/// The place of the next point in the design; `None` when the model takes over.
///
/// It takes over when the design has been asked for, half of it has ended, two trials have a loss, and these differ: losses that are all
/// the same say nothing of where to look, and no belief fills a space as evenly as the sequence does. Until then further workers, and
/// replacements of failed points, get further points of the sequence.
pub(super) fn index(history: &History<'_>) -> Option<u64> {
    let size = 1 + strata(history);
    let observed = history.observations.len();
    let ended = observed + history.failures.len();
    let asked = ended + history.pending.len();
    let goes_on = asked < size || ended < size.div_ceil(2) || observed < 2 || all_agree(history);
    goes_on.then_some(history.next_trial.0 - 1)
}

/// Whether all losses are the same, but for rounding.
fn all_agree(history: &History<'_>) -> bool {
    let losses = history.observations.iter().map(|observation| observation.loss);
    let (least, greatest) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| {
        (low.min(loss), high.max(loss))
    });
    greatest - least <= 4.0 * f64::EPSILON * greatest.abs().max(least.abs())
}

/// The design's point at `index`, or the next one that has not been visited.
pub(super) fn point(
    history: &History<'_>,
    visited: &Visited<'_>,
    index: u64,
    rng: &mut Rng,
) -> Option<UnitPoint> {
    let centre = cube::centre(history.axes);
    if !visited.contains(&centre) {
        return Some(centre);
    }
    let strata = strata(history);
    let ends = UntriedEnds::of(history, strata);
    let failing = Failing::of(history);
    let is_promising = |point: &UnitPoint| !failing.has(point);
    if index <= strata as u64 {
        // From an index that is a multiple of the number of strata, so that a block fills all of them.
        let first = index + strata as u64 - 1;
        let found = {
            let lay = |point| stretched(history.axes, ends.width, point);
            let mut points = sobol::upcoming(history, visited, first, lay, rng);
            match points.next() {
                Some(point) if is_promising(&point) => Some(point),
                next => points.find(is_promising).or(next),
            }
        };
        return found.or_else(|| visited.unvisited(rng));
    }
    // From the beginning of the block on: where its points were moved to ends of ranges, they themselves are left to be tried.
    let first = index.saturating_sub((1 + strata + CANDIDATES) as u64);
    let upcoming = || sobol::upcoming(history, visited, first, |point| ends.lay(point), rng);
    let promising: Vec<UnitPoint> = upcoming().filter(is_promising).take(CANDIDATES).collect();
    let candidates =
        if promising.is_empty() { upcoming().take(CANDIDATES).collect() } else { promising };
    let known: Vec<&UnitPoint> = points(history).collect();
    let emptiness = |point: &UnitPoint| {
        let gaps = known.iter().map(|other| square_distance_around(history.axes, point, other));
        gaps.fold(f64::INFINITY, f64::min)
    };
    let emptiest = candidates
        .into_iter()
        .map(|point| (emptiness(&point), point))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    emptiest.map(|(_, point)| point).or_else(|| visited.unvisited(rng))
}

/// The square of the distance of two points of a cube whose opposite faces meet; different categories are 1 apart.
fn square_distance_around(axes: &[Axis], a: &[f64], b: &[f64]) -> f64 {
    let squares = axes.iter().zip(a.iter().zip(b)).map(|(axis, (a, b))| match axis {
        Axis::Categories(_) => f64::from(u8::from(!axis.same(*a, *b))),
        _ => {
            let gap = (a - b).abs();
            gap.min(1.0 - gap).powi(2)
        }
    });
    squares.sum()
}

/// Moves what lies in an outermost stratum of an axis of levels to its end, and spreads the others between the ends.
fn stretched(axes: &[Axis], width: f64, point: Vec<f64>) -> Vec<f64> {
    let moved = point.into_iter().zip(axes).map(|(u, axis)| match axis {
        // Two strata are stretched to nothing but the ends.
        Axis::Levels(_) => {
            ((u - width) / (1.0 - 2.0 * width).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
        }
        _ => u,
    });
    moved.collect()
}

/// The ends of axes of levels at which nothing has been tried.
struct UntriedEnds {
    /// Width of the outermost strata.
    width: f64,
    /// Of each axis, the lowest and the highest level.
    untried: Vec<[bool; 2]>,
}

impl UntriedEnds {
    fn of(history: &History<'_>, strata: usize) -> Self {
        let untried = history.axes.iter().enumerate().map(|(index, axis)| {
            let Axis::Levels(_) = axis else { return [false; 2] };
            let last = axis.cells().map_or(0, |cells| cells - 1);
            [0, last].map(|end| points(history).all(|point| axis.cell(point[index]) != end))
        });
        #[allow(clippy::cast_precision_loss, reason = "at most 8")]
        let width = 1.0 / strata as f64;
        Self { width, untried: untried.collect() }
    }

    /// Moves what lies in an outermost stratum to its end, if that is untried.
    fn lay(&self, point: Vec<f64>) -> Vec<f64> {
        let moved = point.into_iter().zip(&self.untried).map(|(u, untried)| match untried {
            [true, _] if u < self.width => 0.0,
            [_, true] if u >= 1.0 - self.width => 1.0,
            _ => u,
        });
        moved.collect()
    }
}

/// All points of a history, whatever became of them.
fn points<'a>(history: &History<'a>) -> impl Iterator<Item = &'a UnitPoint> + use<'a> {
    let observed = history.observations.iter().map(|observation| &observation.point);
    let pending = history.pending.iter().map(|pending| &pending.point);
    observed.chain(pending).chain(history.failures.iter().map(|failure| &failure.point))
}

/// Where trials have failed, and where not.
struct Failing<'a> {
    axes: &'a [Axis],
    gave: Vec<&'a UnitPoint>,
    failed: Vec<&'a UnitPoint>,
}

impl<'a> Failing<'a> {
    fn of(history: &History<'a>) -> Self {
        Self {
            axes: history.axes,
            gave: history.observations.iter().map(|observation| &observation.point).collect(),
            failed: infeasible(history).map(|failure| &failure.point).collect(),
        }
    }

    /// Whether a point is nearer to one that failed than to any that did not. Nothing is known if all failed.
    fn has(&self, point: &UnitPoint) -> bool {
        let nearest = |points: &[&UnitPoint]| {
            let distances =
                points.iter().map(|other| cube::square_distance(self.axes, point, other));
            distances.fold(f64::INFINITY, f64::min)
        };
        !self.gave.is_empty() && nearest(&self.failed) < nearest(&self.gave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Levels;
    use crate::strategy::Pending;
    use crate::trial_id::TrialId;

    #[test]
    fn both_ends_of_every_integer_range_are_in_the_design() {
        let levels = Axis::Levels(Levels::even(11));
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
                if pending.len() == 1 + strata(&history) {
                    break;
                }
                let index = index(&history).expect("nothing has a loss yet");
                let mut rng = Rng::stream(seed, history.next_trial.0);
                let point = point(&history, &Visited::of(&history), index, &mut rng).unwrap();
                pending.push(Pending { trial: history.next_trial, point });
            }
            assert_eq!(pending.len(), 9);
            assert_eq!(axes[3].cell(pending[0].point[3]), 0, "the centre has the first category");
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
