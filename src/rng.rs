//! Random numbers: seeded, portable, one stream per (seed, trial).
//!
//! The generator is ChaCha with 8 rounds, named because `rand`'s `StdRng` may change between releases. A trial's numbers
//! depend on the seed and the trial's number alone, so that no order of events can change them.

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng};

/// Streams above this number are shared by all trials of a seed.
const SHARED: u64 = u64::MAX / 2;

/// A stream of random numbers.
#[derive(Debug)]
pub struct Rng {
    seed: u64,
    generator: ChaCha8Rng,
}

impl Rng {
    /// The stream of trial number `trial` under `seed`.
    pub fn stream(seed: u64, trial: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(trial);
        Self { seed, generator }
    }

    /// A stream that is the same for all trials of this seed, whatever has been drawn from this one.
    ///
    /// For what must hold together over a whole search, such as the scrambling of a Sobol sequence; `purpose` keeps
    /// several of them apart.
    #[must_use]
    pub fn shared(&self, purpose: u32) -> Self {
        Self::stream(self.seed, SHARED + u64::from(purpose))
    }

    /// Uniform on [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let mantissa = (self.generator.next_u64() >> 11) as f64;
        mantissa / (1_u64 << 53) as f64
    }

    /// Uniform on {0, …, count − 1}, without bias.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(&mut self, count: u128) -> u128 {
        assert!(count > 0, "there is no number below 0");
        let largest_fair = u128::MAX - u128::MAX % count;
        loop {
            let draw =
                u128::from(self.generator.next_u64()) << 64 | u128::from(self.generator.next_u64());
            if draw < largest_fair {
                return draw % count;
            }
        }
    }

    /// Uniform over the indices of a list of `length`.
    ///
    /// # Panics
    /// If `length` is 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u128)).expect("an index below a usize fits one")
    }

    /// Standard normal, by the polar method of Marsaglia and Bray (1964).
    pub fn normal(&mut self) -> f64 {
        loop {
            let (a, b) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                return a * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.generator.next_u32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_keyed_by_seed_and_trial() {
        let draw = |seed, trial| Rng::stream(seed, trial).uniform().to_bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn shared_streams_ignore_the_trial_and_what_was_drawn() {
        let mut late = Rng::stream(7, 9);
        late.uniform();
        assert_eq!(late.shared(1).bits(), Rng::stream(7, 1).shared(1).bits());
        assert_ne!(late.shared(1).bits(), late.shared(2).bits());
    }

    /// The keystream of 256-bit ChaCha8 for an all-zero key and nonce (test vector TC1 of draft-strombergson-chacha-test-vectors-00).
    #[test]
    fn the_generator_is_chacha8() {
        let mut rng = Rng::stream(0, 0);
        let bytes: Vec<u8> = (0..4).flat_map(|_| rng.bits().to_le_bytes()).collect();
        let published = [
            0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6, 0x7f, 0x5b, 0xb8, 0xe8, 0x1f, 0x09,
            0xa5, 0xa1,
        ];
        assert_eq!(bytes, published);
    }

    #[test]
    fn draws_have_the_right_moments() {
        let mut rng = Rng::stream(3, 1);
        let count = 20_000;
        let (mut sum, mut square, mut mean) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            let z = rng.normal();
            sum += z;
            square += z * z;
            mean += rng.uniform();
        }
        let n = f64::from(count);
        assert!((sum / n).abs() < 0.03 && (square / n - 1.0).abs() < 0.04);
        assert!((mean / n - 0.5).abs() < 0.01);
    }

    #[test]
    fn below_reaches_every_value() {
        let mut rng = Rng::stream(3, 2);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[rng.index(5)] += 1;
        }
        assert!(seen.iter().all(|&count| count > 140));
    }
}
