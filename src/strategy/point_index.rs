//! An index of points, which finds equal points without a pass over all points.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | k | cells of the discrete axes |
//! | s = Σ wᵢ uᵢ | weighted sum of the continuous coordinates |
//!
//! Points are sorted by (k, s). Equal points have the same k, and values of s that differ by at
//! most Σ wᵢ rᵢ, where rᵢ is the resolution of an axis. A lookup therefore compares few points.
//! The weights wᵢ are not simple multiples of each other. One coordinate alone would not suffice,
//! because many points share an end of a range.

use std::collections::BTreeMap;

use crate::unit_cube::{self, Axis, UnitPoint};

/// The sort key: cells k, the bits of the sum s, and the number of the trial.
type Key = (Box<[u64]>, u64, u64);

/// An index of points with the numbers of their trials.
#[derive(Debug, Clone)]
pub(crate) struct PointIndex {
    axes: Vec<Axis>,
    /// The maximum difference of s between equal points, Σ wᵢ rᵢ.
    tolerance: f64,
    points: BTreeMap<Key, UnitPoint>,
    /// Number of distinct combinations of cells.
    occupied_count: usize,
}

/// Returns the weight wᵢ, from 1 to 2: the fractional part of a multiple of the golden ratio.
fn weight(index: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    #[allow(clippy::cast_precision_loss, reason = "a number of axes")]
    let multiple = (index + 1) as f64 * GOLDEN;
    1.0 + multiple.fract()
}

impl PointIndex {
    pub(crate) fn new(axes: &[Axis]) -> Self {
        let tolerances = axes.iter().enumerate().map(|(index, axis)| match axis {
            Axis::Continuous { resolution } => weight(index) * resolution,
            _ => 0.0,
        });
        // Rounding must not hide an equal point.
        let tolerance = 1.000_001 * tolerances.sum::<f64>() + 1e-12;
        Self { axes: axes.to_vec(), tolerance, points: BTreeMap::new(), occupied_count: 0 }
    }

    /// Returns the cells of a point on the discrete axes.
    pub(super) fn cells(&self, point: &[f64]) -> Box<[u64]> {
        let discrete = self.axes.iter().zip(point).filter(|(axis, _)| axis.cell_count().is_some());
        discrete.map(|(axis, &coordinate)| axis.cell(coordinate)).collect()
    }

    fn weighted_sum(&self, point: &[f64]) -> f64 {
        let parts = self.axes.iter().zip(point).enumerate().map(|(index, (axis, u))| match axis {
            Axis::Continuous { .. } => weight(index) * u.clamp(0.0, 1.0),
            _ => 0.0,
        });
        parts.sum()
    }

    fn key(&self, trial: u64, point: &[f64]) -> Key {
        (self.cells(point), self.weighted_sum(point).to_bits(), trial)
    }

    /// Returns `true` if a point of the index has these cells.
    fn is_occupied(&self, cells: &[u64]) -> bool {
        let (first, last) = ((cells.into(), 0, 0), (cells.into(), u64::MAX, u64::MAX));
        self.points.range(first..=last).next().is_some()
    }

    pub(crate) fn insert(&mut self, trial: u64, point: &UnitPoint) {
        let key = self.key(trial, point);
        self.occupied_count += usize::from(!self.is_occupied(&key.0));
        self.points.insert(key, point.clone());
    }

    pub(crate) fn remove(&mut self, trial: u64, point: &UnitPoint) {
        let key = self.key(trial, point);
        if self.points.remove(&key).is_some() && !self.is_occupied(&key.0) {
            self.occupied_count -= 1;
        }
    }

    /// Returns `true` if the index has a point that represents the same values.
    pub(crate) fn contains(&self, point: &[f64]) -> bool {
        let cells = self.cells(point);
        let sum = self.weighted_sum(point);
        // The bits of non-negative floats have the order of the floats.
        let low = (sum - self.tolerance).max(0.0).to_bits();
        let high = (sum + self.tolerance).to_bits();
        let candidates = self.points.range((cells.clone(), low, 0)..=(cells, high, u64::MAX));
        candidates.into_iter().any(|(_, other)| unit_cube::is_same_point(&self.axes, other, point))
    }

    /// Returns the number of distinct combinations of cells.
    pub(super) fn occupied_count(&self) -> usize {
        self.occupied_count
    }

    /// Returns the distinct combinations of cells, in order.
    pub(super) fn occupied_cells(&self) -> impl Iterator<Item = &[u64]> {
        let mut last: Option<&[u64]> = None;
        self.points.keys().filter_map(move |(cells, _, _)| {
            let is_new = last != Some(cells);
            last = Some(cells);
            is_new.then_some(&**cells)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::unit_cube::Levels;

    /// Compares with a search of all points, in several cubes, with points at ends of axes and
    /// close to each other.
    #[test]
    fn lookups_agree_with_a_linear_search() {
        let continuous = Axis::Continuous { resolution: 1e-2 };
        let levels = Axis::Levels(Levels::evenly_spaced(3));
        for axes in [
            vec![continuous],
            vec![continuous; 3],
            vec![levels, Axis::Categories(2)],
            vec![continuous, levels, Axis::Continuous { resolution: 0.2 }, Axis::Categories(3)],
        ] {
            let mut rng = Rng::stream(3, axes.len() as u64);
            let mut all: Vec<(u64, UnitPoint)> = Vec::new();
            let mut index = PointIndex::new(&axes);
            let mut hits = 0;
            for number in 0..400 {
                let draw = |rng: &mut Rng| match rng.index(4) {
                    0 => 0.0,
                    1 => 1.0,
                    _ => rng.uniform(),
                };
                let base = match all.get(rng.index(all.len().max(1))) {
                    Some((_, point)) if number % 2 == 0 => point.to_vec(),
                    _ => axes.iter().map(|_| draw(&mut rng)).collect(),
                };
                let moved: Vec<f64> =
                    base.iter().map(|u| u + 0.01 * (2.0 * rng.uniform() - 1.0)).collect();
                let point = unit_cube::snap(&axes, &moved);
                let expected =
                    all.iter().any(|(_, other)| unit_cube::is_same_point(&axes, other, &point));
                assert_eq!(index.contains(&point), expected);
                hits += usize::from(expected);
                if number % 3 == 0 && !all.is_empty() {
                    let (removed, point) = all.swap_remove(rng.index(all.len()));
                    index.remove(removed, &point);
                } else {
                    index.insert(number, &point);
                    all.push((number, point));
                }
                let mut cells: Vec<_> = all.iter().map(|(_, p)| index.cells(p)).collect();
                cells.sort_unstable();
                cells.dedup();
                assert_eq!(index.occupied_count(), cells.len());
                assert_eq!(index.occupied_cells().count(), cells.len());
            }
            assert!(hits > 20, "{hits}");
        }
    }
}
