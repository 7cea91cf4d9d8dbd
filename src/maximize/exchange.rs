//! Moves points along the discrete axes, each to the best point of its neighborhood.
//!
//! The neighborhoods of all points are evaluated in one batch.

use std::collections::HashSet;

use super::ascent::MAX_EXCHANGE_LEVELS;
use super::problem::{BatchFunction, ScoredPoint, SearchDomain, best_first, score};
use crate::rng::Rng;
use crate::unit_cube::{self, Axis, UnitPoint};

/// Maximum number of moves of one point per call of [`exchange`].
const MAX_MOVES: usize = 4;
/// Maximum number of rounds of the search near forbidden points.
const MAX_EXPANSION_ROUNDS: usize = 16;
/// Maximum number of points whose neighborhoods one round of the search near forbidden points
/// evaluates.
const EXPANSIONS_PER_ROUND: usize = 24;
/// Number of random categories that a neighborhood has on an axis with many categories.
const SAMPLED_CATEGORIES: usize = 20;

pub(super) fn has_moves(axes: &[Axis]) -> bool {
    axes.iter().any(|axis| axis.cell_count().is_some_and(|cells| cells > 1))
}

/// Snaps every point, and then moves it to its best neighbor while the value improves.
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
        let mut neighbors = Vec::new();
        for (owner, scored) in current.iter().enumerate() {
            for neighbor in neighborhood(domain.axes, &scored.point, rng) {
                owners.push(owner);
                neighbors.push(neighbor);
            }
        }
        let mut has_moved = false;
        for (owner, neighbor) in owners.into_iter().zip(score(function, neighbors)) {
            // The threshold ignores differences that are due to rounding.
            if neighbor.value > current[owner].value + 1e-9 {
                current[owner] = neighbor;
                has_moved = true;
            }
        }
        if !has_moved {
            break;
        }
    }
    current
}

/// Searches for the best allowed point if the first point in `scored` is forbidden.
///
/// `scored` must be sorted by decreasing value. The search evaluates the neighborhoods of points
/// that are at least as good as the best allowed point. It ends when none is left or the rounds are
/// used up. It returns `None` if the first point is allowed, if there are no discrete moves, or if
/// all points are forbidden.
///
/// The other moves pass through forbidden points, because a better allowed point may lie behind
/// them. So they often end at a forbidden point, and the best allowed point is its neighbor.
pub(super) fn search_near_forbidden(
    function: &dyn BatchFunction,
    domain: &SearchDomain<'_>,
    scored: &[ScoredPoint],
    rng: &mut Rng,
) -> Option<ScoredPoint> {
    let is_forbidden = |scored: &ScoredPoint| (domain.forbidden)(&scored.point);
    let is_best_forbidden = scored.first().is_some_and(is_forbidden);
    if !domain.moves.exchange || !has_moves(domain.axes) || !is_best_forbidden {
        return None;
    }
    let key = |point: &UnitPoint| point.iter().map(|u| u.to_bits()).collect::<Vec<u64>>();
    let mut evaluated: HashSet<Vec<u64>> = scored.iter().map(|scored| key(&scored.point)).collect();
    let mut best = scored.iter().find(|scored| !is_forbidden(scored)).cloned();
    let is_as_good = |scored: &ScoredPoint, best: &Option<ScoredPoint>| {
        best.as_ref().is_none_or(|best| scored.value >= best.value)
    };
    let mut frontier: Vec<ScoredPoint> = scored.to_vec();
    for _ in 0..MAX_EXPANSION_ROUNDS {
        frontier.retain(|scored| is_as_good(scored, &best));
        let remaining = frontier.split_off(frontier.len().min(EXPANSIONS_PER_ROUND));
        let neighbors: Vec<UnitPoint> = frontier
            .iter()
            .flat_map(|scored| neighborhood(domain.axes, &scored.point, rng))
            .filter(|point| evaluated.insert(key(point)))
            .collect();
        if neighbors.is_empty() && remaining.is_empty() {
            break;
        }
        let scored_neighbors = score(function, neighbors);
        best = best_first(best.into_iter().chain(scored_neighbors.iter().cloned()).collect())
            .into_iter()
            .find(|scored| !is_forbidden(scored));
        frontier = best_first(remaining.into_iter().chain(scored_neighbors).collect());
    }
    best
}

/// Returns snapped points that differ from `point` in one discrete coordinate.
///
/// On an axis with few cells, these are all other cells. On an axis with many levels, they are the
/// next two levels in each direction. On an axis with many categories, they are random categories.
fn neighborhood(axes: &[Axis], point: &UnitPoint, rng: &mut Rng) -> Vec<UnitPoint> {
    let mut neighbors = Vec::new();
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
            let mut neighbor = point.to_vec();
            neighbor[index] = axis.coordinate(cell);
            neighbors.push(neighbor.into());
        }
    }
    neighbors
}
