//! Grid search: tries each point of a grid once.

use super::contract::{History, Phase, Proposal, Repetitions, Strategy};
use super::visited::Visited;
use crate::description::Description;
use crate::error::Error;
use crate::rng::Rng;
use crate::unit_cube::Grid;

pub(super) const NAME: &str = "grid";

/// Proposes each point of a [grid](crate::space::SearchSpace::grid) once, in order.
///
/// Points that were tried before are skipped. After the last point, the strategy proposes no more.
/// Use it for few parameters with few values each; otherwise other strategies need fewer trials.
#[derive(Debug, Clone)]
pub struct GridSearch {
    grid: Grid,
}

impl GridSearch {
    /// Creates a grid search over these points.
    pub fn new(grid: Grid) -> Self {
        Self { grid }
    }

    /// Returns the points of the grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }
}

impl Strategy for GridSearch {
    fn propose(&self, history: &History<'_>, _rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        if self.grid.axis_count() != history.axes.len() {
            return Err(Error::Strategy(format!(
                "the grid has {} parameters, but the search space has {}; create the grid with \
                 `SearchSpace::grid` of this space",
                self.grid.axis_count(),
                history.axes.len()
            )));
        }
        // A grid has each point once, even if the study allows repetitions.
        let once = History { repetitions: Repetitions::Never, ..*history };
        let visited = Visited::new(&once);
        // The study rounds values to few digits, so that a tried point may differ slightly from the
        // proposed point. `Visited` contains both.
        let next = (0..self.grid.count()).find(|index| !visited.contains(&self.grid.point(*index)));
        Ok(next.map(|index| Proposal {
            numbers: self.grid.numbers(index),
            ..Proposal::new(self.grid.point(index), Phase::Grid)
        }))
    }

    fn description(&self) -> Description {
        Description::named(NAME).with_settings(&self.grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::{FailedPoint, Infeasibility, Observation, Pending};
    use crate::trial_id::TrialId;
    use crate::unit_cube::Axis;

    #[test]
    fn every_point_is_proposed_once_and_in_order() {
        let axes = [Axis::Continuous { resolution: 1e-7 }, Axis::Categories(3)];
        let categories = Axis::Categories(3);
        let grid = Grid::new(vec![
            vec![0.0, 0.25, 1.0],
            (0..3).map(|cell| categories.coordinate(cell)).collect(),
        ]);
        let search = GridSearch::new(grid.unwrap());
        let (mut observations, mut failures, mut pending) = (Vec::new(), Vec::new(), Vec::new());
        for trial in 1..=10 {
            let history = History {
                axes: &axes,
                observations: &observations,
                pending: &pending,
                failures: &failures,
                next_trial: TrialId(trial),
                max_jobs: None,
                max_parallel_jobs: 1,
                repetitions: Repetitions::Allowed,
                index: None,
            };
            let proposal = search.propose(&history, &mut Rng::stream(1, trial)).unwrap();
            let Some(Proposal { point, .. }) = proposal else {
                assert_eq!(trial, 10, "nine points");
                return;
            };
            assert_eq!(search.grid.index_of(&axes, &point), Some(trial - 1));
            match trial % 3 {
                0 => observations.push(Observation::new(TrialId(trial), point, 1.0)),
                1 => failures.push(FailedPoint::new(
                    TrialId(trial),
                    point,
                    Infeasibility::Infeasible,
                )),
                _ => pending.push(Pending { trial: TrialId(trial), point }),
            }
        }
        panic!("the grid has an end");
    }
}
