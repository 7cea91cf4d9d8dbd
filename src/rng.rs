//! Reproducible random numbers, with one stream for each pair of seed and trial.
//!
//! The generator is ChaCha with 8 rounds. It is named explicitly, because `StdRng` of the crate
//! `rand` may change between releases. The numbers of a trial depend only on the seed and the
//! number of the trial, not on the order of events. The distributions are from the crate
//! `rand_distr`, whose release notes say when draws from equal bits change.

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng};
use rand_distr::{ChiSquared, Distribution, Exp1, Gamma, LogNormal, StandardNormal};

/// Number of the first stream that all trials of a seed share.
const SHARED: u64 = u64::MAX / 2;

/// A reproducible stream of random numbers.
#[derive(Debug)]
pub struct Rng {
    seed: u64,
    generator: ChaCha8Rng,
}

impl Rng {
    /// Creates the stream of the trial with number `trial` for this seed.
    pub fn stream(seed: u64, trial: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(trial);
        Self { seed, generator }
    }

    /// Creates a stream that is equal for all trials of this seed.
    ///
    /// Earlier draws from `self` do not change it. Use it for random numbers that all trials must
    /// share, such as the scrambling of a Sobol sequence. Different values of `purpose` give
    /// independent streams.
    #[must_use]
    pub fn shared(&self, purpose: u32) -> Self {
        Self::stream(self.seed, SHARED + u64::from(purpose))
    }

    /// Draws a uniform number from [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let mantissa = (self.generator.next_u64() >> 11) as f64;
        mantissa / (1_u64 << 53) as f64
    }

    /// Draws a uniform integer from 0, …, `count − 1`, without bias.
    ///
    /// # Panics
    /// Panics if `count` is 0.
    pub fn below(&mut self, count: u128) -> u128 {
        assert!(count > 0, "count must be above 0");
        // Reject draws from the last, incomplete block of `count` numbers, which would add a bias.
        let limit = u128::MAX - u128::MAX % count;
        loop {
            let draw =
                u128::from(self.generator.next_u64()) << 64 | u128::from(self.generator.next_u64());
            if draw < limit {
                return draw % count;
            }
        }
    }

    /// Draws a uniform index of a list with `length` elements.
    ///
    /// # Panics
    /// Panics if `length` is 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u128)).expect("an index below a usize fits one")
    }

    /// Brings items into a random order, each with the same probability (Fisher & Yates 1938).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// Draws from the standard normal distribution.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }

    /// Draws from a log-normal distribution with this median.
    ///
    /// The logarithm of the draw has the standard deviation `std_dev`.
    ///
    /// # Panics
    /// Panics if `std_dev` is not finite.
    pub fn log_normal(&mut self, median: f64, std_dev: f64) -> f64 {
        let distribution = LogNormal::new(median.ln(), std_dev);
        distribution.expect("a finite standard deviation").sample(&mut self.generator)
    }

    /// Draws from an exponential distribution with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.generator);
        mean * unit
    }

    /// Draws from a gamma distribution with this shape and scale.
    ///
    /// # Panics
    /// Panics if either parameter is not above 0.
    pub fn gamma(&mut self, shape: f64, scale: f64) -> f64 {
        Gamma::new(shape, scale).expect("shape and scale are above 0").sample(&mut self.generator)
    }

    /// Draws from a χ² distribution with this number of degrees of freedom.
    ///
    /// # Panics
    /// Panics if `degrees` is not above 0.
    pub fn chi_squared(&mut self, degrees: f64) -> f64 {
        ChiSquared::new(degrees).expect("degrees are above 0").sample(&mut self.generator)
    }

    /// Draws from the standard Gumbel distribution: −ln of an exponential draw with mean 1.
    pub fn gumbel(&mut self) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.generator);
        -unit.ln()
    }

    /// Draws a uniform integer of 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.generator.next_u32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_seed_and_trial() {
        let draw = |seed, trial| Rng::stream(seed, trial).uniform().to_bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn shared_streams_do_not_depend_on_trial_and_earlier_draws() {
        let mut late = Rng::stream(7, 9);
        late.uniform();
        assert_eq!(late.shared(1).bits(), Rng::stream(7, 1).shared(1).bits());
        assert_ne!(late.shared(1).bits(), late.shared(2).bits());
    }

    /// The key stream of 256-bit ChaCha8 for an all-zero key and nonce.
    ///
    /// Source: test vector TC1 of draft-strombergson-chacha-test-vectors-00.
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

    /// Returns Kolmogorov's distance of 10,000 draws from a distribution.
    ///
    /// It is below 1.95 ⁄ √n for all but one in a thousand streams.
    fn kolmogorov_distance(
        mut draw: impl FnMut(&mut Rng) -> f64,
        distribution: &impl statrs::distribution::ContinuousCDF<f64, f64>,
    ) -> f64 {
        let mut rng = Rng::stream(3, 1);
        let mut draws: Vec<f64> = (0..10_000).map(|_| draw(&mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        let gaps = draws.iter().enumerate().map(|(i, x)| {
            let (below, expected) = (i as f64 / n, distribution.cdf(*x));
            (expected - below).abs().max((expected - below - 1.0 / n).abs())
        });
        gaps.fold(0.0, f64::max)
    }

    #[test]
    fn draws_have_the_distributions_of_statrs() {
        use statrs::distribution::{ChiSquared, Exp, Gamma, Gumbel, LogNormal, Normal, Uniform};
        let bound = 1.95 / 100.0;
        assert!(kolmogorov_distance(Rng::uniform, &Uniform::new(0.0, 1.0).unwrap()) < bound);
        assert!(kolmogorov_distance(Rng::normal, &Normal::standard()) < bound);
        let median = 3.0_f64;
        let log_normal = LogNormal::new(median.ln(), 0.5).unwrap();
        assert!(kolmogorov_distance(|rng| rng.log_normal(median, 0.5), &log_normal) < bound);
        assert!(kolmogorov_distance(|rng| rng.exponential(4.0), &Exp::new(0.25).unwrap()) < bound);
        assert!(
            kolmogorov_distance(|rng| rng.gamma(2.5, 0.5), &Gamma::new(2.5, 2.0).unwrap()) < bound
        );
        assert!(
            kolmogorov_distance(|rng| rng.chi_squared(5.0), &ChiSquared::new(5.0).unwrap()) < bound
        );
        assert!(kolmogorov_distance(Rng::gumbel, &Gumbel::new(0.0, 1.0).unwrap()) < bound);
    }

    /// If a release of `rand_distr` draws other numbers from equal bits, proposals change.
    #[test]
    fn draws_do_not_change_between_releases() {
        let mut rng = Rng::stream(1, 1);
        let drawn = [rng.normal(), rng.exponential(1.0), rng.chi_squared(5.0), rng.gumbel()];
        assert_eq!(drawn.map(f64::to_bits), DRAWN, "{:#x?}", drawn.map(f64::to_bits));
    }

    const DRAWN: [u64; 4] = [
        0xc000_8fee_6f50_0117,
        0x3ff3_07b0_e491_7aad,
        0x4015_7299_d938_65b5,
        0xbfb2_af05_1dc6_bcb5,
    ];

    #[test]
    fn index_reaches_every_value() {
        let mut rng = Rng::stream(3, 2);
        let mut counts = [0; 5];
        for _ in 0..1000 {
            counts[rng.index(5)] += 1;
        }
        assert!(counts.iter().all(|&count| count > 140));
    }

    #[test]
    fn every_order_has_the_same_probability() {
        let mut counts = std::collections::BTreeMap::new();
        for trial in 0..6000 {
            let mut items = [1, 2, 3];
            Rng::stream(4, trial).shuffle(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        // Five standard deviations of a count are 144.
        let is_even = |count: &i32| (856..1144).contains(count);
        assert!(counts.len() == 6 && counts.values().all(is_even), "{counts:?}");
        Rng::stream(4, 0).shuffle::<u8>(&mut []);
    }
}
