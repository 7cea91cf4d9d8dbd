//! The maximization: enumerates a small cube, and searches any other cube.

use super::ascent;
use super::candidates;
use super::exchange;
use super::problem::BatchFunction;
use super::problem::ScoredPoint;
use super::problem::SearchDomain;
use super::problem::best_first;
use super::problem::score;
use crate::rng::Rng;
use crate::unit_cube::{self, UnitPoint};

/// Maximum number of cells of a cube that is enumerated.
const MAX_ENUMERATED_CELLS: u128 = 10_000;

/// Maximum number of rounds of ascent and exchange.
const MAX_ROUNDS: usize = 4;

/// Returns the best snapped point that is not forbidden, or `None` if the search found none.
pub fn maximize(
    function: &dyn BatchFunction,
    domain: &SearchDomain<'_>,
    rng: &mut Rng,
) -> Option<ScoredPoint> {
    match unit_cube::cell_count(domain.axes) {
        Some(count) if count <= MAX_ENUMERATED_CELLS => enumerate(function, domain),
        _ => explore(function, domain, rng),
    }
}

fn enumerate(function: &dyn BatchFunction, domain: &SearchDomain<'_>) -> Option<ScoredPoint> {
    let mut points = vec![Vec::new()];
    for axis in domain.axes {
        let cells = axis.cell_count().unwrap_or(1);
        points = points
            .into_iter()
            .flat_map(|point: Vec<f64>| {
                (0..cells).map(move |cell| {
                    let mut longer = point.clone();
                    longer.push(axis.coordinate(cell));
                    longer
                })
            })
            .collect();
    }
    let allowed: Vec<UnitPoint> = points
        .into_iter()
        .filter(|point| !(domain.forbidden)(point))
        .map(UnitPoint::from)
        .collect();
    best_first(score(function, allowed)).into_iter().next()
}

fn explore(
    function: &dyn BatchFunction,
    domain: &SearchDomain<'_>,
    rng: &mut Rng,
) -> Option<ScoredPoint> {
    let candidates = best_first(score(function, candidates::generate(domain, rng)));
    let smooth = ascent::SmoothAxes::new(domain);
    let mut starts = candidates::choose_starts(&candidates, domain, rng);
    for _ in 0..MAX_ROUNDS {
        let before = starts.clone();
        if domain.moves.ascent {
            starts = ascent::ascend(function, &smooth, starts);
        }
        if !(domain.moves.exchange && exchange::has_moves(domain.axes)) {
            break;
        }
        starts = exchange::exchange(function, domain, starts, rng);
        let gain = starts
            .iter()
            .zip(&before)
            .map(|(after, before)| after.value - before.value)
            .fold(f64::NEG_INFINITY, f64::max);
        if gain < 1e-6 {
            break;
        }
    }
    let snapped =
        starts.into_iter().map(|start| unit_cube::snap(domain.axes, &start.point)).collect();
    let mut scored = score(function, snapped);
    scored.extend(candidates);
    let scored = best_first(scored);
    exchange::search_near_forbidden(function, domain, &scored, rng)
        .or_else(|| first_allowed(scored, domain))
        // If all evaluated points are forbidden, try points near the anchors.
        .or_else(|| {
            first_allowed(
                best_first(score(function, candidates::perturb_anchors(domain, rng))),
                domain,
            )
        })
}

fn first_allowed(scored: Vec<ScoredPoint>, domain: &SearchDomain<'_>) -> Option<ScoredPoint> {
    scored.into_iter().find(|scored| !(domain.forbidden)(&scored.point))
}
