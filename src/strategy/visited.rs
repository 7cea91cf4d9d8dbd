//! The visited points of a history, which a strategy must not propose again.

use std::borrow::Cow;

use super::contract::{History, Infeasibility, Repetitions};
use super::point_index::PointIndex;
use crate::rng::Rng;
use crate::unit_cube::{self, UnitPoint};

/// Maximum number of random points that are tried in a cube with continuous axes.
const MAX_ATTEMPTS: usize = 10_000;

/// The visited points of a history: those that a strategy must not propose again.
///
/// Points of observations, of pending trials and of failures are visited, except those of
/// [transient](Infeasibility::Transient) failures. Under [`Repetitions::Allowed`], points of
/// observations are not visited.
#[derive(Debug)]
pub struct Visited<'a> {
    history: History<'a>,
    index: Cow<'a, PointIndex>,
}

impl<'a> Visited<'a> {
    /// Collects the visited points of a history.
    pub fn new(history: &History<'a>) -> Self {
        let index = match history.index.and_then(|index| index.for_history(history)) {
            Some(index) => Cow::Borrowed(index),
            None => {
                let mut index = PointIndex::new(history.axes);
                for (number, point) in (0..).zip(visited_points(history)) {
                    index.insert(number, point);
                }
                Cow::Owned(index)
            }
        };
        Self { history: *history, index }
    }

    /// Returns the visited points.
    pub fn points(&self) -> impl Iterator<Item = &'a UnitPoint> {
        visited_points(&self.history)
    }

    /// Returns `true` if a point is visited: if it represents the same values as a visited point.
    pub fn contains(&self, point: &[f64]) -> bool {
        self.index.contains(point)
    }

    /// Returns `true` if all points of a finite cube are visited; `false` with a continuous axis.
    pub fn is_exhausted(&self) -> bool {
        let count = unit_cube::cell_count(self.history.axes);
        count.is_some_and(|count| self.index.occupied_count() as u128 >= count)
    }

    /// Draws a random point that is not visited; `None` if there is none.
    ///
    /// The point is uniform in the cube. In a finite cube that is nearly exhausted, it is uniform
    /// among the unvisited cells. With continuous axes, the result is also `None` if 10,000 random
    /// points are all visited.
    pub fn sample_unvisited(&self, rng: &mut Rng) -> Option<UnitPoint> {
        if self.is_exhausted() {
            return None;
        }
        let axes = self.history.axes;
        let cell_count = unit_cube::cell_count(axes);
        let attempts = if cell_count.is_some() { 16 } else { MAX_ATTEMPTS };
        for _ in 0..attempts {
            let draw: Vec<f64> = axes.iter().map(|_| rng.uniform()).collect();
            let point = unit_cube::snap(axes, &draw);
            if !self.contains(&point) {
                return Some(point);
            }
        }
        cell_count.map(|count| self.sample_unvisited_cell(count, rng))
    }

    /// Draws a point uniformly among the unvisited cells: the r-th unvisited cell for a random r.
    fn sample_unvisited_cell(&self, cell_count: u128, rng: &mut Rng) -> UnitPoint {
        let mut visited: Vec<u128> =
            self.index.occupied_cells().map(|cells| self.cell_number(cells)).collect();
        visited.sort_unstable();
        let mut number = rng.below(cell_count - visited.len() as u128);
        // Skip the visited cells up to the r-th unvisited one.
        for visited in visited {
            if visited > number {
                break;
            }
            number += 1;
        }
        self.cell_point(number)
    }

    /// Returns the number of a cell of the cube; the last axis changes fastest.
    fn cell_number(&self, cells: &[u64]) -> u128 {
        self.history.axes.iter().zip(cells).fold(0, |number, (axis, cell)| {
            number * u128::from(axis.cell_count().unwrap_or(1)) + u128::from(*cell)
        })
    }

    /// Returns the point of a cell number: the inverse of [`cell_number`](Self::cell_number).
    fn cell_point(&self, mut number: u128) -> UnitPoint {
        let axes = self.history.axes;
        let mut point = vec![0.0; axes.len()];
        for (coordinate, axis) in point.iter_mut().zip(axes).rev() {
            let cells = u128::from(axis.cell_count().unwrap_or(1));
            let cell = u64::try_from(number % cells).expect("below the number of cells");
            *coordinate = axis.coordinate(cell);
            number /= cells;
        }
        point.into()
    }
}

fn visited_points<'a>(history: &History<'a>) -> impl Iterator<Item = &'a UnitPoint> + use<'a> {
    let observations = match history.repetitions {
        Repetitions::Never => history.observations,
        Repetitions::Allowed => &[],
    };
    let observed = observations.iter().map(|o| &o.point);
    let pending = history.pending.iter().map(|p| &p.point);
    let failed = history.failures.iter().filter(|f| f.kind != Infeasibility::Transient);
    observed.chain(pending).chain(failed.map(|f| &f.point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::{FailedPoint, Pending};
    use crate::trial_id::TrialId;
    use crate::unit_cube::{Axis, Levels};

    fn history<'a>(axes: &'a [Axis], pending: &'a [Pending]) -> History<'a> {
        History {
            axes,
            observations: &[],
            pending,
            failures: &[],
            next_trial: TrialId(1),
            max_jobs: None,
            max_parallel_jobs: 1,
            repetitions: Repetitions::Never,
            index: None,
        }
    }

    #[test]
    fn a_finite_cube_is_sampled_without_repetition_until_it_is_exhausted() {
        let axes = [
            Axis::Levels(Levels::evenly_spaced(5)),
            Axis::Categories(3),
            Axis::Levels(Levels::logarithmic(1, 4)),
        ];
        let mut pending: Vec<Pending> = Vec::new();
        let mut rng = Rng::stream(1, 1);
        for trial in 1..=60 {
            let point = Visited::new(&history(&axes, &pending)).sample_unvisited(&mut rng).unwrap();
            assert!(!Visited::new(&history(&axes, &pending)).contains(&point));
            pending.push(Pending { trial: TrialId(trial), point });
        }
        let visited = history(&axes, &pending);
        assert!(Visited::new(&visited).is_exhausted());
        assert_eq!(Visited::new(&visited).sample_unvisited(&mut rng), None);
    }

    #[test]
    fn unvisited_points_of_huge_cubes_are_found() {
        let axes = [Axis::Categories(1000), Axis::Continuous { resolution: 1e-7 }];
        let visited = history(&axes, &[]);
        assert!(Visited::new(&visited).sample_unvisited(&mut Rng::stream(1, 1)).is_some());
        let huge = [Axis::Levels(Levels::evenly_spaced(1 << 40)); 3];
        let failures =
            [FailedPoint::new(TrialId(1), vec![0.5; 3].into(), Infeasibility::Infeasible)];
        let history = History { failures: &failures, ..history(&huge, &[]) };
        let visited = Visited::new(&history);
        let count = unit_cube::cell_count(&huge).unwrap();
        let cell = visited.sample_unvisited_cell(count, &mut Rng::stream(1, 2));
        assert!(!visited.contains(&cell));
    }

    #[test]
    fn observed_points_may_be_repeated_if_that_is_allowed() {
        let axes = [Axis::Categories(3)];
        let observation = |trial: u64| {
            let point = vec![axes[0].coordinate(trial)].into();
            crate::strategy::Observation::new(TrialId(trial), point, 0.0)
        };
        let observations = [observation(0), observation(1)];
        let pending = [Pending { trial: TrialId(2), point: vec![axes[0].coordinate(2)].into() }];
        let never = History { observations: &observations, ..history(&axes, &pending) };
        assert!(Visited::new(&never).is_exhausted());
        let allowed = History { repetitions: Repetitions::Allowed, ..never };
        let visited = Visited::new(&allowed);
        assert!(!visited.is_exhausted() && !visited.contains(&observations[0].point));
        assert!(visited.contains(&pending[0].point));
    }

    #[test]
    fn points_of_transient_failures_may_be_tried_again() {
        let axes = [Axis::Categories(2)];
        let failed =
            |kind| [FailedPoint::new(TrialId(1), vec![axes[0].coordinate(0)].into(), kind)];
        let contains = |kind| {
            let failures = failed(kind);
            let history = History { failures: &failures, ..history(&axes, &[]) };
            Visited::new(&history).contains(&failures[0].point)
        };
        assert!(contains(Infeasibility::Infeasible) && contains(Infeasibility::Unknown));
        assert!(!contains(Infeasibility::Transient));
    }

    #[test]
    fn continuous_points_within_the_resolution_are_equal() {
        let axes = [Axis::Continuous { resolution: 1e-3 }, Axis::Categories(2)];
        let pending = [Pending { trial: TrialId(1), point: vec![0.5, 0.25].into() }];
        let visited = history(&axes, &pending);
        let visited = Visited::new(&visited);
        assert!(visited.contains(&[0.5005, 0.3]));
        assert!(!visited.contains(&[0.502, 0.3]) && !visited.contains(&[0.5, 0.8]));
        assert!(!visited.is_exhausted());
    }
}
