//! Raw candidates, and the choice of starts among them.
//!
//! Candidate i of value aᵢ is drawn with probability ∝ exp(aᵢ ⁄ τ), without replacement: those with the greatest aᵢ ⁄ τ + gᵢ, where
//! g = −ln(−ln u) is Gumbel noise from uniform u (Yellott 1977). The temperature τ is the standard deviation of the best quarter of the
//! values for half of the starts, and that of all values for the others, and for all where no axis is continuous. Late in a search the logarithm
//! of an improvement varies by hundreds over the cube, and the second draw is then uniform; where there is no slope to climb, that is what it
//! takes.

use super::landscape::{Scored, Search};
use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;
use crate::sobol::Sobol;

/// Quasi-random candidates per axis, and how many at least and at most.
const PER_AXIS: usize = 64;
const FEWEST: usize = 256;
const MOST: usize = 1024;
/// The share of the candidates whose values set the temperature.
const BEST_SHARE: usize = 4;
/// Starts nearer to a chosen one than this, in units of the axes' scales, are passed over.
const APART: f64 = 0.1;

/// Quasi-random points and perturbed anchors, snapped; the anchors themselves come first.
pub(super) fn raw(search: &Search<'_>, rng: &mut Rng) -> Vec<UnitPoint> {
    let axes = search.axes;
    let global = (PER_AXIS * axes.len()).clamp(FEWEST, MOST);
    let sobol = Sobol::new(axes.len(), rng);
    let anchors = if search.moves.near_anchors { search.anchors } else { &[] };
    let mut points: Vec<UnitPoint> = anchors.to_vec();
    points.extend((0..global as u64).map(|index| cube::snap(axes, &sobol.point(index))));
    if search.moves.near_anchors {
        points.extend(near(search, rng).into_iter().take(global / 2));
    }
    points
}

/// Perturbed anchors, snapped: few or many of the coordinates, by little or much.
pub(super) fn near(search: &Search<'_>, rng: &mut Rng) -> Vec<UnitPoint> {
    if search.anchors.is_empty() {
        return Vec::new();
    }
    let dimension = search.axes.len();
    #[allow(clippy::cast_precision_loss, reason = "a number of axes")]
    let shares = [1.0, 0.5, (20.0 / dimension as f64).min(1.0), (2.0 / dimension as f64).min(1.0)];
    (0..MOST / 2)
        .map(|number| {
            let anchor = &search.anchors[number % search.anchors.len()];
            let share = shares[rng.index(shares.len())];
            let size = 10.0_f64.powf(-3.0 + 2.3 * rng.uniform());
            perturb(search, anchor, share, size, rng)
        })
        .collect()
}

/// Moves each coordinate with probability `share`, and at least one.
fn perturb(
    search: &Search<'_>,
    anchor: &UnitPoint,
    share: f64,
    size: f64,
    rng: &mut Rng,
) -> UnitPoint {
    let mut point = anchor.to_vec();
    let sure = rng.index(point.len());
    for (index, (coordinate, axis)) in point.iter_mut().zip(search.axes).enumerate() {
        if index != sure && rng.uniform() >= share {
            continue;
        }
        *coordinate = match axis {
            Axis::Categories(_) => axis.snap(rng.uniform()),
            _ => {
                let moved = *coordinate + size * search.scales[index].min(1.0) * rng.normal();
                let snapped = axis.snap(reflect(moved));
                let stayed = axis.cells().is_some() && axis.same(snapped, *coordinate);
                if stayed { next_cell(*axis, *coordinate, moved > *coordinate) } else { snapped }
            }
        };
    }
    point.into()
}

/// Folds a coordinate back into [0, 1] at the walls.
fn reflect(coordinate: f64) -> f64 {
    let folded = coordinate.rem_euclid(2.0);
    if folded > 1.0 { 2.0 - folded } else { folded }
}

fn next_cell(axis: Axis, coordinate: f64, up: bool) -> f64 {
    let (cell, last) = (axis.cell(coordinate), axis.cells().map_or(0, |cells| cells - 1));
    let neighbour = if (up && cell < last) || cell == 0 { cell + 1 } else { cell - 1 };
    axis.coordinate(neighbour.min(last))
}

/// The best candidate, and others drawn with probabilities that grow with their value, kept apart from each other.
///
/// `raw` is sorted from the best down.
pub(super) fn starts(raw: &[Scored], search: &Search<'_>, rng: &mut Rng) -> Vec<Scored> {
    let finite: Vec<&Scored> = raw.iter().filter(|scored| scored.value.is_finite()).collect();
    let Some(best) = finite.first() else {
        return Vec::new();
    };
    let wanted: usize = match search.axes.len() {
        0..=5 => 8,
        6..=20 => 10,
        _ => 12,
    };
    let mut chosen: Vec<Scored> = vec![(*best).clone()];
    // The rest of them by the hotter draw.
    let hot = deviation(&finite);
    let cold = deviation(&finite[..finite.len().div_ceil(BEST_SHARE)]);
    let is_smooth = search.axes.iter().any(|axis| axis.cells().is_none());
    let by_cold = if is_smooth { wanted.div_ceil(2) } else { 1 };
    for (temperature, wanted) in [(cold, by_cold), (hot, wanted)] {
        // Drawing without replacement by weight w is sorting by ln w plus Gumbel noise.
        let mut drawn: Vec<(f64, &Scored)> = finite
            .iter()
            .map(|scored| (scored.value / temperature + rng.gumbel(), *scored))
            .collect();
        drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, scored) in drawn {
            if chosen.len() == wanted {
                break;
            }
            let is_apart = |other: &Scored| distance(search, &scored.point, &other.point) >= APART;
            if chosen.iter().all(is_apart) {
                chosen.push(scored.clone());
            }
        }
    }
    chosen
}

fn deviation(scored: &[&Scored]) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of candidates")]
    let count = scored.len() as f64;
    let mean = scored.iter().map(|s| s.value).sum::<f64>() / count;
    let variance = scored.iter().map(|s| (s.value - mean).powi(2)).sum::<f64>() / count;
    if variance > 0.0 { variance.sqrt() } else { 1.0 }
}

/// Distance in units of the axes' scales; different categories are 1 apart.
fn distance(search: &Search<'_>, a: &[f64], b: &[f64]) -> f64 {
    let squares = search.axes.iter().zip(search.scales).zip(a.iter().zip(b)).map(
        |((axis, scale), (a, b))| match axis {
            Axis::Categories(_) => f64::from(u8::from(!axis.same(*a, *b))),
            _ => ((a - b) / scale).powi(2),
        },
    );
    squares.sum::<f64>().sqrt()
}
