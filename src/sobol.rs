//! Scrambled Sobol points in the unit cube, for any dimension and any index.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | i | index of a point, from 0 |
//! | j | axis, from 0 |
//! | xᵢⱼ = ⊕ₖ bₖ(i) vⱼₖ | coordinate of the sequence (Sobol 1967) |
//! | bₖ(i), vⱼₖ | bit k of i, and direction number k of axis j |
//!
//! Here, ⊕ is the exclusive or. A nested scramble (Owen 1995) flips each bit of a coordinate at
//! random, depending on the higher bits. It keeps the stratification.
//!
//! Sobol's sequence with hash-based Owen scrambling (Burley 2020) has 256 dimensions and 2¹⁶
//! indices. Further dimensions reuse its direction numbers with another scramble and another random
//! order of the indices (Burley's padding). Further indices start a new independent scramble every
//! 2¹⁶ points. Coordinates have 32 bits and are midpoints of their cells, so they are neither 0 nor
//! 1.

use sobol_burley::NUM_DIMENSIONS;
use sobol_burley::parts::{hash, owen_scramble_rev, sobol_rev};

use crate::rng::Rng;

/// Number of points of one scramble.
const BLOCK: u64 = 1 << 16;

/// A scrambled Sobol sequence of points.
#[derive(Debug, Clone, Copy)]
pub struct Sobol {
    dimension: usize,
    scramble: u32,
}

impl Sobol {
    /// Creates a sequence in `[0, 1]^dimension`, scrambled by a draw from `rng`.
    pub fn new(dimension: usize, rng: &mut Rng) -> Self {
        Self { dimension, scramble: rng.bits() }
    }

    /// Returns the point with this index, counted from 0.
    pub fn point(&self, index: u64) -> Vec<f64> {
        (0..self.dimension).map(|axis| self.coordinate(index, axis)).collect()
    }

    #[allow(clippy::cast_possible_truncation, reason = "both halves of the key are hashed in")]
    fn coordinate(&self, index: u64, axis: usize) -> f64 {
        let (block, index_in_block) = (index / BLOCK, (index % BLOCK) as u32);
        let dimensions = NUM_DIMENSIONS as usize;
        let (padding, dimension) = (axis / dimensions, (axis % dimensions) as u32);
        let key = [block as u32, (block >> 32) as u32, padding as u32]
            .into_iter()
            .fold(self.scramble, |key, part| hash(key ^ hash(part)));
        // An Owen scramble of the index permutes it within every power of two. It keeps the set of
        // points, and pairs the paddings at random. The first padding keeps the original order.
        let index_bits = if padding == 0 {
            index_in_block.reverse_bits()
        } else {
            owen_scramble_rev(index_in_block.reverse_bits(), hash(key ^ 0x9e37_79b9)) & 0xffff_0000
        };
        let cell = owen_scramble_rev(sobol_rev(index_bits, dimension), hash(key ^ hash(dimension)))
            .reverse_bits();
        (f64::from(cell) + 0.5) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On each axis, each of the first 2^m points is in a different cell of width 2^-m.
    #[test]
    fn each_axis_is_stratified() {
        let sobol = Sobol::new(300, &mut Rng::stream(1, 0));
        for start in [0, BLOCK] {
            for axis in [0, 1, 17, 255, 256, 299] {
                let mut taken = [false; 64];
                for index in start..start + 64 {
                    let coordinate = sobol.coordinate(index, axis);
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "0 to 63"
                    )]
                    let cell = (coordinate * 64.0) as usize;
                    assert!(!std::mem::replace(&mut taken[cell], true), "axis {axis} cell {cell}");
                }
            }
        }
    }

    #[test]
    fn far_indices_and_many_dimensions_are_uniform() {
        let sobol = Sobol::new(300, &mut Rng::stream(2, 0));
        let count: u32 = 512;
        let points: Vec<Vec<f64>> = (70_000..70_512).map(|index| sobol.point(index)).collect();
        for axis in 0..300 {
            let mut column: Vec<f64> = points.iter().map(|point| point[axis]).collect();
            column.sort_by(f64::total_cmp);
            assert!(column[0] > 0.0 && column[511] < 1.0);
            // Kolmogorov's distance. For random points it exceeds 0.072 on one axis in a hundred,
            // so on three of these.
            let max_distance = (0..count).zip(&column).fold(0.0_f64, |max, (rank, u)| {
                let midpoint = (f64::from(rank) + 0.5) / f64::from(count);
                max.max((u - midpoint).abs())
            });
            assert!(max_distance < 0.02, "axis {axis}: {max_distance}");
        }
        let correlation = |a: usize, b: usize| {
            let sum: f64 = points.iter().map(|p| (p[a] - 0.5) * (p[b] - 0.5)).sum();
            12.0 * sum / f64::from(count)
        };
        // Pairs within a padding, across paddings, and with equal direction numbers.
        for (a, b) in [(0, 1), (3, 200), (254, 255), (255, 256), (0, 256), (1, 257), (43, 299)] {
            assert!(correlation(a, b).abs() < 0.15, "{a} and {b}: {}", correlation(a, b));
        }
    }

    /// Returns the squared centered discrepancy (Hickernell 1998).
    fn discrepancy(points: &[Vec<f64>]) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a count of points")]
        let count = points.len() as f64;
        let single = |p: &Vec<f64>| -> f64 {
            p.iter().map(|x| (x - 0.5).abs()).map(|a| 1.0 + 0.5 * a - 0.5 * a * a).product()
        };
        let pair = |p: &Vec<f64>, q: &Vec<f64>| -> f64 {
            let factors = p
                .iter()
                .zip(q)
                .map(|(x, y)| 1.0 + 0.5 * ((x - 0.5).abs() + (y - 0.5).abs() - (x - y).abs()));
            factors.product()
        };
        let singles: f64 = points.iter().map(single).sum();
        let pairs: f64 = points.iter().flat_map(|p| points.iter().map(|q| pair(p, q))).sum();
        let dimension = i32::try_from(points[0].len()).unwrap();
        (13.0_f64 / 12.0).powi(dimension) - 2.0 / count * singles + pairs / (count * count)
    }

    /// `tests/golden/sobol.py` measures scipy's scrambled Sobol points and random points.
    #[test]
    fn discrepancy_is_as_low_as_scipys() {
        let golden = include_str!("../tests/golden/sobol.json");
        let rows: Vec<(u64, usize, f64, f64, f64)> = serde_json::from_str(golden).unwrap();
        assert_eq!(rows.len(), 4);
        for (count, dimension, scipy_mean, scipy_max, random) in rows {
            // From the start, and beyond the 2¹⁶ indices of one scramble.
            for first in [0, 69_632] {
                let discrepancies = |axes: std::ops::Range<usize>| -> Vec<f64> {
                    let of_seed = |seed| {
                        let sobol = Sobol::new(300, &mut Rng::stream(seed, 9));
                        let point = |index| sobol.point(index)[axes.clone()].to_vec();
                        discrepancy(&(first..first + count).map(point).collect::<Vec<_>>())
                    };
                    (0..8).map(of_seed).collect()
                };
                let mean = |values: &[f64]| values.iter().sum::<f64>() / 8.0;
                let plain = discrepancies(0..dimension);
                let ratio = mean(&plain) / scipy_mean;
                assert!((ratio - 1.0).abs() < 0.03, "{plain:?}, not {scipy_mean}");
                assert!(plain.iter().all(|value| *value < 1.05 * scipy_max), "{plain:?}");
                // Around 256 dimensions the paddings are paired at random, but each axis is even.
                let padded = discrepancies(256 - dimension / 2..256 + dimension.div_ceil(2));
                assert!(mean(&padded) < 0.8 * random, "{padded:?}, random points {random}");
            }
        }
    }

    #[test]
    fn the_sequence_does_not_repeat() {
        let sobol = Sobol::new(40, &mut Rng::stream(4, 0));
        // The end of one scramble, and a block number with more than 32 bits.
        for later in [BLOCK, 2 * BLOCK, BLOCK << 32] {
            let pairs = (0..256)
                .flat_map(|index| sobol.point(index).into_iter().zip(sobol.point(index + later)));
            let products: Vec<f64> = pairs.map(|(a, b)| (a - 0.5) * (b - 0.5)).collect();
            #[allow(clippy::cast_precision_loss, reason = "a count of points")]
            let correlation = 12.0 * products.iter().sum::<f64>() / products.len() as f64;
            assert!(correlation.abs() < 0.1, "{correlation} at {later}");
        }
    }

    #[test]
    fn pairs_of_axes_are_stratified() {
        let sobol = Sobol::new(2, &mut Rng::stream(3, 0));
        let mut cells = [[0; 4]; 4];
        for index in 0..64 {
            let point = sobol.point(index);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3")]
            let [i, j] = [point[0], point[1]].map(|u| (u * 4.0) as usize);
            cells[i][j] += 1;
        }
        assert_eq!(cells, [[4; 4]; 4]);
    }

    #[test]
    fn scrambles_depend_only_on_the_seed() {
        let first = |seed| Sobol::new(3, &mut Rng::stream(seed, 4)).point(5);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
