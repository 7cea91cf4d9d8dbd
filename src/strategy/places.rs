//! Points by their place, so that one that means the same is found without a look at all of them.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | k | cells of the discrete axes |
//! | s = Σ wᵢ uᵢ | projection of the continuous coordinates, with weights wᵢ that are no simple multiples of each other |
//!
//! Points are sorted by (k, s). Two that mean the same have the same k, and an s that differs by at most Σ wᵢ rᵢ, where rᵢ is the
//! resolution of an axis; so few others are looked at. (Sorting by one coordinate would not do: many points share an end of a range.)

use std::collections::BTreeMap;

use crate::cube::{self, Axis, UnitPoint};

/// Cells, bits of the projection, number of the trial.
type Key = (Box<[u64]>, u64, u64);

/// Points with the numbers of their trials.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    axes: Vec<Axis>,
    /// Σ wᵢ rᵢ.
    tolerance: f64,
    points: BTreeMap<Key, UnitPoint>,
    /// Combinations of cells that occur.
    occupied: usize,
}

/// wᵢ: fractional parts of multiples of the golden ratio, from 1 to 2.
fn weight(index: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    #[allow(clippy::cast_precision_loss, reason = "a number of axes")]
    let multiple = (index + 1) as f64 * GOLDEN;
    1.0 + multiple.fract()
}

impl Places {
    pub(crate) fn new(axes: &[Axis]) -> Self {
        let reach = axes.iter().enumerate().map(|(index, axis)| match axis {
            Axis::Continuous { resolution } => weight(index) * resolution,
            _ => 0.0,
        });
        // Rounding must not hide a neighbour.
        let tolerance = 1.000_001 * reach.sum::<f64>() + 1e-12;
        Self { axes: axes.to_vec(), tolerance, points: BTreeMap::new(), occupied: 0 }
    }

    pub(super) fn cells(&self, point: &[f64]) -> Box<[u64]> {
        let discrete = self.axes.iter().zip(point).filter(|(axis, _)| axis.cells().is_some());
        discrete.map(|(axis, &coordinate)| axis.cell(coordinate)).collect()
    }

    fn projection(&self, point: &[f64]) -> f64 {
        let parts = self.axes.iter().zip(point).enumerate().map(|(index, (axis, u))| match axis {
            Axis::Continuous { .. } => weight(index) * u.clamp(0.0, 1.0),
            _ => 0.0,
        });
        parts.sum()
    }

    fn key(&self, number: u64, point: &[f64]) -> Key {
        (self.cells(point), self.projection(point).to_bits(), number)
    }

    /// Whether a point has these cells.
    fn is_occupied(&self, cells: &[u64]) -> bool {
        let (least, most) = ((cells.into(), 0, 0), (cells.into(), u64::MAX, u64::MAX));
        self.points.range(least..=most).next().is_some()
    }

    pub(crate) fn insert(&mut self, number: u64, point: &UnitPoint) {
        let key = self.key(number, point);
        self.occupied += usize::from(!self.is_occupied(&key.0));
        self.points.insert(key, point.clone());
    }

    pub(crate) fn remove(&mut self, number: u64, point: &UnitPoint) {
        let key = self.key(number, point);
        if self.points.remove(&key).is_some() && !self.is_occupied(&key.0) {
            self.occupied -= 1;
        }
    }

    /// Whether a point means the same as one of these.
    pub(crate) fn contains(&self, point: &[f64]) -> bool {
        let cells = self.cells(point);
        let projection = self.projection(point);
        // Bits of numbers that are not negative are in the order of the numbers.
        let low = (projection - self.tolerance).max(0.0).to_bits();
        let high = (projection + self.tolerance).to_bits();
        let near = self.points.range((cells.clone(), low, 0)..=(cells, high, u64::MAX));
        near.into_iter().any(|(_, known)| cube::same(&self.axes, known, point))
    }

    /// How many combinations of cells occur.
    pub(super) fn occupied(&self) -> usize {
        self.occupied
    }

    /// The combinations of cells that occur, each once, in order.
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
    use crate::cube::Levels;
    use crate::rng::Rng;

    /// Against a look at all points, in cubes of all kinds, with points on their faces and close to each other.
    #[test]
    fn the_same_is_found_as_by_looking_at_all() {
        let continuous = Axis::Continuous { resolution: 1e-2 };
        let levels = Axis::Levels(Levels::even(3));
        for axes in [
            vec![continuous],
            vec![continuous; 3],
            vec![levels, Axis::Categories(2)],
            vec![continuous, levels, Axis::Continuous { resolution: 0.2 }, Axis::Categories(3)],
        ] {
            let mut rng = Rng::stream(3, axes.len() as u64);
            let mut all: Vec<(u64, UnitPoint)> = Vec::new();
            let mut places = Places::new(&axes);
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
                let point = cube::snap(&axes, &moved);
                let wanted = all.iter().any(|(_, known)| cube::same(&axes, known, &point));
                assert_eq!(places.contains(&point), wanted);
                hits += usize::from(wanted);
                if number % 3 == 0 && !all.is_empty() {
                    let (gone, point) = all.swap_remove(rng.index(all.len()));
                    places.remove(gone, &point);
                } else {
                    places.insert(number, &point);
                    all.push((number, point));
                }
                let mut cells: Vec<_> = all.iter().map(|(_, p)| places.cells(p)).collect();
                cells.sort_unstable();
                cells.dedup();
                assert_eq!(places.occupied(), cells.len());
                assert_eq!(places.occupied_cells().count(), cells.len());
            }
            assert!(hits > 20, "{hits}");
        }
    }
}
