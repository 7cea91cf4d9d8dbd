//! Moves along the discrete axes: the neighbourhoods of all points are scored in one batch, and each point moves to the best
//! of its own.

use super::ascent::FEW_LEVELS;
use super::{Landscape, Scored, Search, score};
use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;

/// Moves of one point per call.
const MOVES: usize = 4;
/// Other categories that are looked at per move where there are many.
const SAMPLED_CATEGORIES: usize = 20;

pub(super) fn has_moves(axes: &[Axis]) -> bool {
    axes.iter().any(|axis| axis.cells().is_some_and(|cells| cells > 1))
}

/// Snaps every point, then moves it to its best neighbour while that gains.
pub(super) fn exchange(
    landscape: &dyn Landscape,
    search: &Search<'_>,
    points: Vec<Scored>,
    rng: &mut Rng,
) -> Vec<Scored> {
    let snapped = points.iter().map(|p| cube::snap(search.axes, &p.point)).collect();
    let mut current = score(landscape, snapped);
    for _ in 0..MOVES {
        let mut owners = Vec::new();
        let mut neighbours = Vec::new();
        for (owner, scored) in current.iter().enumerate() {
            for neighbour in neighbourhood(search.axes, &scored.point, rng) {
                owners.push(owner);
                neighbours.push(neighbour);
            }
        }
        let mut moved = false;
        for (owner, neighbour) in owners.into_iter().zip(score(landscape, neighbours)) {
            // A point must gain something real, or rounding could move it for ever.
            if neighbour.value > current[owner].value + 1e-9 {
                current[owner] = neighbour;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    current
}

/// Snapped points that differ in one discrete coordinate: every other cell of few, the two next ones on either side among
/// many levels, a random choice among many categories.
fn neighbourhood(axes: &[Axis], point: &UnitPoint, rng: &mut Rng) -> Vec<UnitPoint> {
    let mut neighbours = Vec::new();
    for (index, axis) in axes.iter().enumerate() {
        let Some(cells) = axis.cells() else { continue };
        let here = axis.cell(point[index]);
        let others: Vec<u64> = match axis {
            _ if cells <= FEW_LEVELS => (0..cells).collect(),
            Axis::Categories(count) => {
                (0..SAMPLED_CATEGORIES).map(|_| rng.index(*count) as u64).collect()
            }
            _ => (here.saturating_sub(2)..=(here + 2).min(cells - 1)).collect(),
        };
        for cell in others.into_iter().filter(|cell| *cell != here) {
            let mut neighbour = point.to_vec();
            neighbour[index] = axis.coordinate(cell);
            neighbours.push(neighbour.into());
        }
    }
    neighbours
}
