//! The initial design: what is tried before there is anything to learn from.
//!
//! The centre of the cube first (of a category, its first value: often the default), then a block of 2, 4 or 8 points
//! of the study's scrambled Sobol sequence, which has one point in each of as many strata of every axis.
//!
//! On axes of levels the sequence is stretched so that the lowest stratum falls on the lowest level and the highest on the
//! highest. The ends of an integer range are where its meaning breaks most often (0 as "no limit"), and no smooth model
//! expects that; so each end is tried once.

use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;
use crate::strategy::{History, Visited, sobol};

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
/// It takes over when the design has been asked for, half of it has ended, and two trials have a loss. Until then further
/// workers, and replacements of failed points, get further points of the sequence.
pub(super) fn index(history: &History<'_>) -> Option<u64> {
    let size = 1 + strata(history);
    let observed = history.observations.len();
    let ended = observed + history.failures.len();
    let asked = ended + history.pending.len();
    (asked < size || ended < size.div_ceil(2) || observed < 2).then_some(history.next_trial - 1)
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
    #[allow(clippy::cast_precision_loss, reason = "at most 8")]
    let stratum = 1.0 / strata(history) as f64;
    let stretch = |point: Vec<f64>| {
        let stretched = point.into_iter().zip(history.axes).map(|(u, axis)| match axis {
            // Two strata are stretched to nothing but the ends.
            Axis::Levels(_) => {
                ((u - stratum) / (1.0 - 2.0 * stratum).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
            }
            _ => u,
        });
        stretched.collect()
    };
    // From an index that is a multiple of the number of strata, so that a block fills all of them.
    let first = index + strata(history) as u64 - 1;
    sobol::next_point(history, visited, first, stretch, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Levels;
    use crate::strategy::Pending;

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
                    next_trial: pending.len() as u64 + 1,
                    max_jobs: Some(50),
                    max_parallel_jobs: 1,
                    repetitions: crate::strategy::Repetitions::Never,
                };
                if pending.len() == 1 + strata(&history) {
                    break;
                }
                let index = index(&history).expect("nothing has a loss yet");
                let mut rng = Rng::stream(seed, history.next_trial);
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
