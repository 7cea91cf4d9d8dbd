//! The points that must not be proposed again.

use std::borrow::Cow;

use super::contract::{History, Infeasibility, Repetitions};
use super::places::Places;
use crate::cube::{self, UnitPoint};
use crate::rng::Rng;

/// Attempts to hit an unvisited place by chance where there is no end of places.
const ATTEMPTS: usize = 10_000;

/// All points of a history, whatever became of them, except those whose trials came to nothing by bad luck; where repetitions are
/// allowed, those that run or have failed.
#[derive(Debug)]
pub struct Visited<'a> {
    history: History<'a>,
    places: Cow<'a, Places>,
}

impl<'a> Visited<'a> {
    /// The points of a history.
    pub fn of(history: &History<'a>) -> Self {
        let places = match history.index.and_then(|index| index.of(history)) {
            Some(places) => Cow::Borrowed(places),
            None => {
                let mut places = Places::new(history.axes);
                for (number, point) in (0..).zip(taken(history)) {
                    places.insert(number, point);
                }
                Cow::Owned(places)
            }
        };
        Self { history: *history, places }
    }

    /// The points.
    pub fn points(&self) -> impl Iterator<Item = &'a UnitPoint> {
        taken(&self.history)
    }

    /// Whether a point means the same as one of these.
    pub fn contains(&self, point: &[f64]) -> bool {
        self.places.contains(point)
    }

    /// Whether every point of a finite cube has been visited.
    pub fn is_everything(&self) -> bool {
        let count = cube::cell_count(self.history.axes);
        count.is_some_and(|count| self.places.occupied() as u128 >= count)
    }

    /// A random point that has not been visited; `None` if there is none left.
    ///
    /// First by chance, uniformly in the cube; in a finite cube that is nearly full, uniformly among the cells that are
    /// left.
    pub fn unvisited(&self, rng: &mut Rng) -> Option<UnitPoint> {
        if self.is_everything() {
            return None;
        }
        let axes = self.history.axes;
        let finite = cube::cell_count(axes);
        let attempts = if finite.is_some() { 16 } else { ATTEMPTS };
        for _ in 0..attempts {
            let draw: Vec<f64> = axes.iter().map(|_| rng.uniform()).collect();
            let point = cube::snap(axes, &draw);
            if !self.contains(&point) {
                return Some(point);
            }
        }
        finite.map(|count| self.unvisited_cell(count, rng))
    }

    /// The r-th unvisited cell, for a random r: found by stepping over the sorted numbers of the visited ones.
    fn unvisited_cell(&self, count: u128, rng: &mut Rng) -> UnitPoint {
        let mut taken: Vec<u128> =
            self.places.occupied_cells().map(|cells| self.number(cells)).collect();
        taken.sort_unstable();
        let mut number = rng.below(count - taken.len() as u128);
        for visited in taken {
            if visited > number {
                break;
            }
            number += 1;
        }
        self.cell_numbered(number)
    }

    /// Cells counted through like the digits of a number, the last axis fastest.
    fn number(&self, cells: &[u64]) -> u128 {
        self.history.axes.iter().zip(cells).fold(0, |number, (axis, cell)| {
            number * u128::from(axis.cells().unwrap_or(1)) + u128::from(*cell)
        })
    }

    fn cell_numbered(&self, mut number: u128) -> UnitPoint {
        let axes = self.history.axes;
        let mut point = vec![0.0; axes.len()];
        for (coordinate, axis) in point.iter_mut().zip(axes).rev() {
            let cells = u128::from(axis.cells().unwrap_or(1));
            let cell = u64::try_from(number % cells).expect("below the axis' own count");
            *coordinate = axis.coordinate(cell);
            number /= cells;
        }
        point.into()
    }
}

/// The points of a history that must not be proposed again.
fn taken<'a>(history: &History<'a>) -> impl Iterator<Item = &'a UnitPoint> + use<'a> {
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
    use crate::cube::{Axis, Levels};
    use crate::strategy::{FailedPoint, Pending};
    use crate::trial_id::TrialId;

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
    fn a_finite_cube_is_visited_once_each_and_then_over() {
        let axes = [
            Axis::Levels(Levels::even(5)),
            Axis::Categories(3),
            Axis::Levels(Levels::logarithmic(1, 4)),
        ];
        let mut pending: Vec<Pending> = Vec::new();
        let mut rng = Rng::stream(1, 1);
        for trial in 1..=60 {
            let point = Visited::of(&history(&axes, &pending)).unvisited(&mut rng).unwrap();
            assert!(!Visited::of(&history(&axes, &pending)).contains(&point));
            pending.push(Pending { trial: TrialId(trial), point });
        }
        let visited = history(&axes, &pending);
        assert!(Visited::of(&visited).is_everything());
        assert_eq!(Visited::of(&visited).unvisited(&mut rng), None);
    }

    #[test]
    fn the_last_cell_of_a_huge_cube_is_not_searched_by_chance() {
        let axes = [Axis::Categories(1000), Axis::Continuous { resolution: 1e-7 }];
        let visited = history(&axes, &[]);
        assert!(Visited::of(&visited).unvisited(&mut Rng::stream(1, 1)).is_some());
        let huge = [Axis::Levels(Levels::even(1 << 40)); 3];
        let failures =
            [FailedPoint::new(TrialId(1), vec![0.5; 3].into(), Infeasibility::Infeasible)];
        let history = History { failures: &failures, ..history(&huge, &[]) };
        let visited = Visited::of(&history);
        let count = cube::cell_count(&huge).unwrap();
        let cell = visited.unvisited_cell(count, &mut Rng::stream(1, 2));
        assert!(!visited.contains(&cell));
    }

    #[test]
    fn what_was_measured_may_be_measured_again_where_that_is_allowed() {
        let axes = [Axis::Categories(3)];
        let observation = |trial: u64| {
            let point = vec![axes[0].coordinate(trial)].into();
            crate::strategy::Observation::new(TrialId(trial), point, 0.0)
        };
        let observations = [observation(0), observation(1)];
        let pending = [Pending { trial: TrialId(2), point: vec![axes[0].coordinate(2)].into() }];
        let never = History { observations: &observations, ..history(&axes, &pending) };
        assert!(Visited::of(&never).is_everything());
        let allowed = History { repetitions: Repetitions::Allowed, ..never };
        let visited = Visited::of(&allowed);
        assert!(!visited.is_everything() && !visited.contains(&observations[0].point));
        assert!(visited.contains(&pending[0].point));
    }

    #[test]
    fn a_place_of_bad_luck_may_be_tried_again() {
        let axes = [Axis::Categories(2)];
        let failed =
            |kind| [FailedPoint::new(TrialId(1), vec![axes[0].coordinate(0)].into(), kind)];
        let contains = |kind| {
            let failures = failed(kind);
            let history = History { failures: &failures, ..history(&axes, &[]) };
            Visited::of(&history).contains(&failures[0].point)
        };
        assert!(contains(Infeasibility::Infeasible) && contains(Infeasibility::Unknown));
        assert!(!contains(Infeasibility::Transient));
    }

    #[test]
    fn continuous_points_are_the_same_within_the_resolution() {
        let axes = [Axis::Continuous { resolution: 1e-3 }, Axis::Categories(2)];
        let pending = [Pending { trial: TrialId(1), point: vec![0.5, 0.25].into() }];
        let visited = history(&axes, &pending);
        let visited = Visited::of(&visited);
        assert!(visited.contains(&[0.5005, 0.3]));
        assert!(!visited.contains(&[0.502, 0.3]) && !visited.contains(&[0.5, 0.8]));
        assert!(!visited.is_everything());
    }
}
