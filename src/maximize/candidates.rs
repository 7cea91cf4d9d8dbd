//! Candidates of the search, and the choice of starts among them.
//!
//! Candidate i with value aᵢ is drawn with probability ∝ exp(aᵢ ⁄ τ), without replacement. These
//! are the candidates with the largest aᵢ ⁄ τ + gᵢ, where g = −ln(−ln u) is Gumbel noise from
//! uniform u (Yellott 1977).
//!
//! Half of the starts use a low temperature τ: the standard deviation of the best quarter of the
//! values. The other starts use a high one: the standard deviation of all values. If no axis is
//! continuous, all starts but the best use the high temperature. Late in a tuning, the logarithm of
//! the expected improvement varies by hundreds over the cube, so the draw at the high temperature
//! is almost uniform. Without gradients, the search needs such spread starts.

use super::problem::{ScoredPoint, SearchDomain};
use crate::rng::Rng;
use crate::sobol::Sobol;
use crate::unit_cube::{self, Axis, UnitPoint};

const CANDIDATES_PER_AXIS: usize = 64;
const MIN_CANDIDATES: usize = 256;
const MAX_CANDIDATES: usize = 1024;
/// The best 1 ⁄ `BEST_SHARE` of the candidates determine the low temperature.
const BEST_SHARE: usize = 4;
/// Minimum distance between starts, in units of the length scales.
const MIN_START_DISTANCE: f64 = 0.1;

/// Returns the anchors, quasi-random points and perturbed anchors, in this order; all are snapped.
pub(super) fn generate(domain: &SearchDomain<'_>, rng: &mut Rng) -> Vec<UnitPoint> {
    let axes = domain.axes;
    let count = (CANDIDATES_PER_AXIS * axes.len()).clamp(MIN_CANDIDATES, MAX_CANDIDATES);
    let sobol = Sobol::new(axes.len(), rng);
    let anchors = if domain.moves.near_anchors { domain.anchors } else { &[] };
    let mut points: Vec<UnitPoint> = anchors.to_vec();
    points.extend((0..count as u64).map(|index| unit_cube::snap(axes, &sobol.point(index))));
    if domain.moves.near_anchors {
        points.extend(perturb_anchors(domain, rng).into_iter().take(count / 2));
    }
    points
}

/// Returns perturbed anchors, snapped.
///
/// The number of perturbed coordinates and the size of the perturbations are random.
pub(super) fn perturb_anchors(domain: &SearchDomain<'_>, rng: &mut Rng) -> Vec<UnitPoint> {
    if domain.anchors.is_empty() {
        return Vec::new();
    }
    let dimension = domain.axes.len();
    #[allow(clippy::cast_precision_loss, reason = "a number of axes")]
    let shares = [1.0, 0.5, (20.0 / dimension as f64).min(1.0), (2.0 / dimension as f64).min(1.0)];
    (0..MAX_CANDIDATES / 2)
        .map(|index| {
            let anchor = &domain.anchors[index % domain.anchors.len()];
            let share = shares[rng.index(shares.len())];
            let size = 10.0_f64.powf(-3.0 + 2.3 * rng.uniform());
            perturb(domain, anchor, share, size, rng)
        })
        .collect()
}

/// Perturbs each coordinate with probability `share`, and at least one coordinate.
fn perturb(
    domain: &SearchDomain<'_>,
    anchor: &UnitPoint,
    share: f64,
    size: f64,
    rng: &mut Rng,
) -> UnitPoint {
    let mut point = anchor.to_vec();
    let always_perturbed = rng.index(point.len());
    for (index, (coordinate, axis)) in point.iter_mut().zip(domain.axes).enumerate() {
        if index != always_perturbed && rng.uniform() >= share {
            continue;
        }
        *coordinate = match axis {
            Axis::Categories(_) => axis.snap(rng.uniform()),
            _ => {
                let moved = *coordinate + size * domain.scales[index].min(1.0) * rng.normal();
                let snapped = axis.snap(reflect(moved));
                let is_unchanged =
                    axis.cell_count().is_some() && axis.is_same_coordinate(snapped, *coordinate);
                if is_unchanged {
                    next_cell(*axis, *coordinate, moved > *coordinate)
                } else {
                    snapped
                }
            }
        };
    }
    point.into()
}

/// Reflects a coordinate into [0, 1] at the boundaries.
fn reflect(coordinate: f64) -> f64 {
    let folded = coordinate.rem_euclid(2.0);
    if folded > 1.0 { 2.0 - folded } else { folded }
}

fn next_cell(axis: Axis, coordinate: f64, up: bool) -> f64 {
    let (cell, last) = (axis.cell(coordinate), axis.cell_count().map_or(0, |cells| cells - 1));
    let neighbor = if (up && cell < last) || cell == 0 { cell + 1 } else { cell - 1 };
    axis.coordinate(neighbor.min(last))
}

/// Chooses the best candidate, and random ones with probabilities that increase with their values.
///
/// The chosen candidates have a minimum distance from each other. `candidates` must be sorted by
/// decreasing value.
pub(super) fn choose_starts(
    candidates: &[ScoredPoint],
    domain: &SearchDomain<'_>,
    rng: &mut Rng,
) -> Vec<ScoredPoint> {
    let finite: Vec<&ScoredPoint> =
        candidates.iter().filter(|scored| scored.value.is_finite()).collect();
    let Some(best) = finite.first() else {
        return Vec::new();
    };
    let count: usize = match domain.axes.len() {
        0..=5 => 8,
        6..=20 => 10,
        _ => 12,
    };
    let mut chosen: Vec<ScoredPoint> = vec![(*best).clone()];
    let high = std_dev(&finite);
    let low = std_dev(&finite[..finite.len().div_ceil(BEST_SHARE)]);
    let has_continuous_axis = domain.axes.iter().any(|axis| axis.cell_count().is_none());
    let low_count = if has_continuous_axis { count.div_ceil(2) } else { 1 };
    for (temperature, count) in [(low, low_count), (high, count)] {
        // Sorting by ln w plus Gumbel noise draws without replacement with weights w.
        let mut drawn: Vec<(f64, &ScoredPoint)> = finite
            .iter()
            .map(|scored| (scored.value / temperature + rng.gumbel(), *scored))
            .collect();
        drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, scored) in drawn {
            if chosen.len() == count {
                break;
            }
            let is_distant = |other: &ScoredPoint| {
                distance(domain, &scored.point, &other.point) >= MIN_START_DISTANCE
            };
            if chosen.iter().all(is_distant) {
                chosen.push(scored.clone());
            }
        }
    }
    chosen
}

/// Returns the standard deviation of the values, or 1 if it is 0.
fn std_dev(scored: &[&ScoredPoint]) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of candidates")]
    let count = scored.len() as f64;
    let mean = scored.iter().map(|s| s.value).sum::<f64>() / count;
    let variance = scored.iter().map(|s| (s.value - mean).powi(2)).sum::<f64>() / count;
    if variance > 0.0 { variance.sqrt() } else { 1.0 }
}

/// Returns the distance in units of the length scales; that of different categories is 1.
fn distance(domain: &SearchDomain<'_>, a: &[f64], b: &[f64]) -> f64 {
    let squares = domain.axes.iter().zip(domain.scales).zip(a.iter().zip(b)).map(
        |((axis, scale), (a, b))| match axis {
            Axis::Categories(_) => f64::from(u8::from(!axis.is_same_coordinate(*a, *b))),
            _ => ((a - b) / scale).powi(2),
        },
    );
    squares.sum::<f64>().sqrt()
}
