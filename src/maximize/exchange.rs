//! Moves along the discrete axes: the neighbourhoods of all points are scored in one batch, and each point moves to the best
//! of its own.

use std::collections::HashSet;

use super::ascent::FEW_LEVELS;
use super::landscape::{Landscape, Scored, Search, best_first, score};
use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;

/// Moves of one point per call.
const MOVES: usize = 4;
/// Rounds in which what lies beside forbidden points is looked for, and points whose neighbourhoods are scored in each.
const EXPANSIONS: usize = 16;
const EXPANDED_AT_ONCE: usize = 24;
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

/// The best allowed point, where the best of those `found` is forbidden: every point that is better than the best allowed one has its
/// neighbourhood scored, and so has that one, until nothing better turns up. `None` where nothing is gained by that.
///
/// Climbs pass through forbidden points, because what is allowed may lie behind them; so they often end on one, and the best that may be
/// returned is then its neighbour.
pub(super) fn beside_forbidden(
    landscape: &dyn Landscape,
    search: &Search<'_>,
    found: &[Scored],
    rng: &mut Rng,
) -> Option<Scored> {
    let is_forbidden = |scored: &Scored| (search.forbidden)(&scored.point);
    if !search.moves.exchange || !has_moves(search.axes) || !found.first().is_some_and(is_forbidden)
    {
        return None;
    }
    let key = |point: &UnitPoint| point.iter().map(|u| u.to_bits()).collect::<Vec<u64>>();
    let mut seen: HashSet<Vec<u64>> = found.iter().map(|scored| key(&scored.point)).collect();
    let mut best = found.iter().find(|scored| !is_forbidden(scored)).cloned();
    let is_as_good = |scored: &Scored, best: &Option<Scored>| {
        best.as_ref().is_none_or(|best| scored.value >= best.value)
    };
    let mut frontier: Vec<Scored> = found.to_vec();
    for _ in 0..EXPANSIONS {
        frontier.retain(|scored| is_as_good(scored, &best));
        let rest = frontier.split_off(frontier.len().min(EXPANDED_AT_ONCE));
        let neighbours: Vec<UnitPoint> = frontier
            .iter()
            .flat_map(|scored| neighbourhood(search.axes, &scored.point, rng))
            .filter(|point| seen.insert(key(point)))
            .collect();
        if neighbours.is_empty() && rest.is_empty() {
            break;
        }
        let scored = score(landscape, neighbours);
        best = best_first(best.into_iter().chain(scored.iter().cloned()).collect())
            .into_iter()
            .find(|scored| !is_forbidden(scored));
        frontier = best_first(rest.into_iter().chain(scored).collect());
    }
    best
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
