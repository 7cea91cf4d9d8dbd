//! Scrambled quasi-random points in the unit cube, for any dimension and any index.
//!
//! Sobol's sequence with Owen scrambling by hashing (Burley 2020) gives 256 dimensions and 2¹⁶ indices. Further
//! dimensions take the same direction numbers under another scramble and another random order of the indices (Burley's
//! padding); further indices start a new independent scramble every 2¹⁶ points. Coordinates have 32 bits and lie in the
//! middle of their cell, so that neither 0 nor 1 occurs.

use sobol_burley::NUM_DIMENSIONS;
use sobol_burley::parts::{hash, owen_scramble_rev, sobol_rev};

use crate::rng::Rng;

/// Points of one scramble.
const BLOCK: u64 = 1 << 16;

/// A scrambled Sobol sequence.
#[derive(Debug, Clone, Copy)]
pub struct Sobol {
    dimension: usize,
    scramble: u32,
}

impl Sobol {
    /// A sequence in `[0, 1]^dimension`, scrambled by what `rng` gives.
    pub fn new(dimension: usize, rng: &mut Rng) -> Self {
        Self { dimension, scramble: rng.bits() }
    }

    /// Point number `index`, counted from 0.
    pub fn point(&self, index: u64) -> Vec<f64> {
        (0..self.dimension).map(|axis| self.coordinate(index, axis)).collect()
    }

    #[allow(clippy::cast_possible_truncation, reason = "both halves of the key are hashed in")]
    fn coordinate(&self, index: u64, axis: usize) -> f64 {
        let (block, within) = (index / BLOCK, (index % BLOCK) as u32);
        let dimensions = NUM_DIMENSIONS as usize;
        let (padding, dimension) = (axis / dimensions, (axis % dimensions) as u32);
        let key = [block as u32, (block >> 32) as u32, padding as u32]
            .into_iter()
            .fold(self.scramble, |key, part| hash(key ^ hash(part)));
        // An Owen scramble of the index permutes it within every power of two: the set of points is kept, their
        // pairing over the paddings is random. The first padding keeps the sequence's own order.
        let index_bits = if padding == 0 {
            within.reverse_bits()
        } else {
            owen_scramble_rev(within.reverse_bits(), hash(key ^ 0x9e37_79b9)) & 0xffff_0000
        };
        let cell = owen_scramble_rev(sobol_rev(index_bits, dimension), hash(key ^ hash(dimension)))
            .reverse_bits();
        (f64::from(cell) + 0.5) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every one of the first 2^m points lies in its own cell of width 2^-m, on each axis.
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
        let mut sums = vec![0.0; 300];
        for index in 70_000..70_512 {
            let point = sobol.point(index);
            assert!(point.iter().all(|&u| u > 0.0 && u < 1.0));
            sums.iter_mut().zip(point).for_each(|(sum, u)| *sum += u);
        }
        assert!(sums.iter().all(|sum| (sum / 512.0 - 0.5).abs() < 0.02));
        let distinct = |a: usize, b: usize| {
            (0..64).any(|i| (sobol.coordinate(i, a) - sobol.coordinate(i, b)).abs() > 1e-6)
        };
        assert!(distinct(0, 256) && distinct(1, 257) && distinct(5, 261));
    }

    #[test]
    fn pairs_of_axes_fill_the_square() {
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
    fn scrambles_differ_by_seed_only() {
        let first = |seed| Sobol::new(3, &mut Rng::stream(seed, 4)).point(5);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
