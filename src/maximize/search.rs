//! The maximization: all points where they are few, else candidates, ascent and exchange in turns.

use super::ascent;
use super::candidates;
use super::exchange;
use super::landscape::Landscape;
use super::landscape::Scored;
use super::landscape::Search;
use super::landscape::best_first;
use super::landscape::score;
use crate::cube::{self, UnitPoint};
use crate::rng::Rng;

/// Cubes of up to this many cells are enumerated.
const ENUMERABLE: u128 = 10_000;

/// Rounds of ascent and exchange.
const ROUNDS: usize = 4;

/// The best snapped point found that is not forbidden; `None` if none was met.
pub fn maximize(landscape: &dyn Landscape, search: &Search<'_>, rng: &mut Rng) -> Option<Scored> {
    match cube::cell_count(search.axes) {
        Some(count) if count <= ENUMERABLE => enumerate(landscape, search),
        _ => explore(landscape, search, rng),
    }
}

fn enumerate(landscape: &dyn Landscape, search: &Search<'_>) -> Option<Scored> {
    let mut points = vec![Vec::new()];
    for axis in search.axes {
        let cells = axis.cells().unwrap_or(1);
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
        .filter(|point| !(search.forbidden)(point))
        .map(UnitPoint::from)
        .collect();
    best_first(score(landscape, allowed)).into_iter().next()
}

fn explore(landscape: &dyn Landscape, search: &Search<'_>, rng: &mut Rng) -> Option<Scored> {
    let raw = best_first(score(landscape, candidates::raw(search, rng)));
    let smooth = ascent::SmoothAxes::of(search);
    let mut starts = candidates::starts(&raw, search, rng);
    for _ in 0..ROUNDS {
        let before = starts.clone();
        if search.moves.ascent {
            starts = ascent::ascend(landscape, &smooth, starts);
        }
        if !(search.moves.exchange && exchange::has_moves(search.axes)) {
            break;
        }
        starts = exchange::exchange(landscape, search, starts, rng);
        let gain = starts
            .iter()
            .zip(&before)
            .map(|(now, then)| now.value - then.value)
            .fold(f64::NEG_INFINITY, f64::max);
        if gain < 1e-6 {
            break;
        }
    }
    let snapped = starts.into_iter().map(|start| cube::snap(search.axes, &start.point)).collect();
    let mut found = score(landscape, snapped);
    found.extend(raw);
    let found = best_first(found);
    exchange::beside_forbidden(landscape, search, &found, rng)
        .or_else(|| first_allowed(found, search))
        // Everything that was met is taken: look next to it.
        .or_else(|| {
            first_allowed(best_first(score(landscape, candidates::near(search, rng))), search)
        })
}

fn first_allowed(scored: Vec<Scored>, search: &Search<'_>) -> Option<Scored> {
    scored.into_iter().find(|scored| !(search.forbidden)(&scored.point))
}
