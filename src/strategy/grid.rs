//! Grid search: every combination once.

use super::contract::{History, Phase, Proposal, Repetitions, Strategy};
use super::visited::Visited;
use crate::cube::Grid;
use crate::description::Description;
use crate::error::Error;
use crate::rng::Rng;

pub(super) const NAME: &str = "grid";

/// Proposes the points of a [grid](crate::space::SearchSpace::grid) in their order, each once, and is then exhausted; what has been tried
/// is passed over.
#[derive(Debug, Clone)]
pub struct GridSearch {
    grid: Grid,
}

impl GridSearch {
    /// Grid search over these points.
    pub fn new(grid: Grid) -> Self {
        Self { grid }
    }

    /// The points.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }
}

impl Strategy for GridSearch {
    fn propose(&self, history: &History<'_>, _rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        if self.grid.axes() != history.axes.len() {
            return Err(Error::Strategy(format!(
                "the grid has {} parameters, the search space {}; make the grid of this space",
                self.grid.axes(),
                history.axes.len()
            )));
        }
        // Each once, also where strategies that learn may repeat what is noisy.
        let once = History { repetitions: Repetitions::Never, ..*history };
        let visited = Visited::of(&once);
        // Where a trial was and what was proposed for it may differ by digits that a space does not write: both count.
        let free = (0..self.grid.count()).find(|index| !visited.contains(&self.grid.point(*index)));
        Ok(free.map(|index| Proposal {
            numbers: self.grid.numbers(index),
            ..Proposal::new(self.grid.point(index), Phase::Grid)
        }))
    }

    fn description(&self) -> Description {
        Description::named(NAME).with(&self.grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Axis;
    use crate::strategy::{FailedPoint, Infeasibility, Observation, Pending};
    use crate::trial_id::TrialId;

    #[test]
    fn every_point_comes_once_in_order_whatever_became_of_the_others() {
        let axes = [Axis::Continuous { resolution: 1e-7 }, Axis::Categories(3)];
        let middle = Axis::Categories(3);
        let grid = Grid::new(vec![
            vec![0.0, 0.25, 1.0],
            (0..3).map(|cell| middle.coordinate(cell)).collect(),
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
