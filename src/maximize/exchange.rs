//! Moves along the discrete axes: each point moves to the best point of its neighbourhood.
//!
//! The neighbourhoods of all points are evaluated in one batch.

use std::collections::HashSet;

use super::ascent::MAX_EXCHANGE_LEVELS;
use super::problem::{BatchFunction, ScoredPoint, SearchDomain, best_first, score};
use crate::rng::Rng;
use crate::unit_cube::{self, Axis, UnitPoint};

/// Maximum number of moves of one point per call.
const MAX_MOVES: usize = 4;
/// Maximum number of rounds of the search near forbidden points.
const MAX_EXPANSION_ROUNDS: usize = 16;
/// Number of points whose neighbourhoods one such round evaluates.
const EXPANSIONS_PER_ROUND: usize = 24;
/// Number of random categories that a neighbourhood has on an axis with many categories.
const SAMPLED_CATEGORIES: usize = 20;

pub(super) fn has_moves(axes: &[Axis]) -> bool {
    axes.iter().any(|axis| axis.cell_count().is_some_and(|cells| cells > 1))
}

/// Snaps every point, then moves it to its best neighbour while the value improves.
pub(super) fn exchange(
    function: &dyn BatchFunction,
    domain: &SearchDomain<'_>,
    points: Vec<ScoredPoint>,
    rng: &mut Rng,
) -> Vec<ScoredPoint> {
    let snapped = points.iter().map(|p| unit_cube::snap(domain.axes, &p.point)).collect();
    let mut current = score(function, snapped);
    for _ in 0..MAX_MOVES {
        let mut owners = Vec::new();
        let mut neighbours = Vec::new();
        for (owner, scored) in current.iter().enumerate() {
            for neighbour in neighbourhood(domain.axes, &scored.point, rng) {
                owners.push(owner);
                neighbours.push(neighbour);
            }
        }
        let mut moved = false;
        for (owner, neighbour) in owners.into_iter().zip(score(function, neighbours)) {
            // The threshold prevents an endless exchange of points whose values differ by rounding.
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

/// Searches for the best allowed point if the best point in `found` is forbidden.
///
/// It evaluates the neighbourhoods of all points that are at least as good as the best allowed
/// point, until it finds no better one. It returns `None` if the best point in `found` is allowed,
/// if there are no discrete moves, or if all points are forbidden.
///
/// The other moves pass through forbidden points, because a better allowed point may be behind
/// them. So they often end at a forbidden point, and the best allowed point is its neighbour.
pub(super) fn search_near_forbidden(
    function: &dyn BatchFunction,
    domain: &SearchDomain<'_>,
    found: &[ScoredPoint],
    rng: &mut Rng,
) -> Option<ScoredPoint> {
    let is_forbidden = |scored: &ScoredPoint| (domain.forbidden)(&scored.point);
    if !domain.moves.exchange || !has_moves(domain.axes) || !found.first().is_some_and(is_forbidden)
    {
        return None;
    }
    let key = |point: &UnitPoint| point.iter().map(|u| u.to_bits()).collect::<Vec<u64>>();
    let mut seen: HashSet<Vec<u64>> = found.iter().map(|scored| key(&scored.point)).collect();
    let mut best = found.iter().find(|scored| !is_forbidden(scored)).cloned();
    let is_as_good = |scored: &ScoredPoint, best: &Option<ScoredPoint>| {
        best.as_ref().is_none_or(|best| scored.value >= best.value)
    };
    let mut frontier: Vec<ScoredPoint> = found.to_vec();
    for _ in 0..MAX_EXPANSION_ROUNDS {
        frontier.retain(|scored| is_as_good(scored, &best));
        let remaining = frontier.split_off(frontier.len().min(EXPANSIONS_PER_ROUND));
        let neighbours: Vec<UnitPoint> = frontier
            .iter()
            .flat_map(|scored| neighbourhood(domain.axes, &scored.point, rng))
            .filter(|point| seen.insert(key(point)))
            .collect();
        if neighbours.is_empty() && remaining.is_empty() {
            break;
        }
        let scored = score(function, neighbours);
        best = best_first(best.into_iter().chain(scored.iter().cloned()).collect())
            .into_iter()
            .find(|scored| !is_forbidden(scored));
        frontier = best_first(remaining.into_iter().chain(scored).collect());
    }
    best
}

/// Returns snapped points that differ from `point` in one discrete coordinate.
///
/// On an axis with few cells, these are all other cells. On an axis with many levels, they are the
/// next two levels in each direction. On an axis with many categories, they are random categories.
fn neighbourhood(axes: &[Axis], point: &UnitPoint, rng: &mut Rng) -> Vec<UnitPoint> {
    let mut neighbours = Vec::new();
    for (index, axis) in axes.iter().enumerate() {
        let Some(cells) = axis.cell_count() else { continue };
        let current = axis.cell(point[index]);
        let candidates: Vec<u64> = match axis {
            _ if cells <= MAX_EXCHANGE_LEVELS => (0..cells).collect(),
            Axis::Categories(count) => {
                (0..SAMPLED_CATEGORIES).map(|_| rng.index(*count) as u64).collect()
            }
            _ => (current.saturating_sub(2)..=(current + 2).min(cells - 1)).collect(),
        };
        for cell in candidates.into_iter().filter(|cell| *cell != current) {
            let mut neighbour = point.to_vec();
            neighbour[index] = axis.coordinate(cell);
            neighbours.push(neighbour.into());
        }
    }
    neighbours
}
