//! Random numbers: seeded, portable, one stream per (seed, trial).
//!
//! The generator is ChaCha with 8 rounds, named because `rand`'s `StdRng` may change between releases. A trial's numbers
//! depend on the seed and the trial's number alone, so that no order of events can change them. Distributions are those of `rand_distr`,
//! which says so when a release changes what it draws from the same bits.

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng};
use rand_distr::{ChiSquared, Distribution, Exp1, Gamma, LogNormal, StandardNormal};

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

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }

    /// Log-normal: its logarithm has the mean ln `median`, and this standard deviation.
    ///
    /// # Panics
    /// If the deviation is not finite.
    pub fn log_normal(&mut self, median: f64, deviation: f64) -> f64 {
        let of_logarithm = LogNormal::new(median.ln(), deviation);
        of_logarithm.expect("a finite deviation").sample(&mut self.generator)
    }

    /// Exponential, of this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        let of_mean_one: f64 = Exp1.sample(&mut self.generator);
        mean * of_mean_one
    }

    /// Gamma, of this shape and scale.
    ///
    /// # Panics
    /// If either is not above 0.
    pub fn gamma(&mut self, shape: f64, scale: f64) -> f64 {
        Gamma::new(shape, scale).expect("shape and scale are above 0").sample(&mut self.generator)
    }

    /// χ², of so many degrees of freedom.
    ///
    /// # Panics
    /// If there are none.
    pub fn chi_squared(&mut self, degrees: f64) -> f64 {
        ChiSquared::new(degrees).expect("degrees are above 0").sample(&mut self.generator)
    }

    /// Standard Gumbel: −ln of an exponential draw of mean 1.
    pub fn gumbel(&mut self) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.generator);
        -unit.ln()
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

    /// The largest distance of the share of draws below a value from a distribution function (Kolmogorov's): below 1.95 ⁄ √n for all but one in
    /// a thousand streams.
    fn distance(
        mut draw: impl FnMut(&mut Rng) -> f64,
        distribution: &impl statrs::distribution::ContinuousCDF<f64, f64>,
    ) -> f64 {
        let mut rng = Rng::stream(3, 1);
        let mut draws: Vec<f64> = (0..10_000).map(|_| draw(&mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        let gaps = draws.iter().enumerate().map(|(i, x)| {
            let (below, wanted) = (i as f64 / n, distribution.cdf(*x));
            (wanted - below).abs().max((wanted - below - 1.0 / n).abs())
        });
        gaps.fold(0.0, f64::max)
    }

    #[test]
    fn draws_have_the_distributions_of_statrs() {
        use statrs::distribution::{ChiSquared, Exp, Gamma, Gumbel, LogNormal, Normal, Uniform};
        let bound = 1.95 / 100.0;
        assert!(distance(Rng::uniform, &Uniform::new(0.0, 1.0).unwrap()) < bound);
        assert!(distance(Rng::normal, &Normal::standard()) < bound);
        let median = 3.0_f64;
        let log_normal = LogNormal::new(median.ln(), 0.5).unwrap();
        assert!(distance(|rng| rng.log_normal(median, 0.5), &log_normal) < bound);
        assert!(distance(|rng| rng.exponential(4.0), &Exp::new(0.25).unwrap()) < bound);
        assert!(distance(|rng| rng.gamma(2.5, 0.5), &Gamma::new(2.5, 2.0).unwrap()) < bound);
        assert!(distance(|rng| rng.chi_squared(5.0), &ChiSquared::new(5.0).unwrap()) < bound);
        assert!(distance(Rng::gumbel, &Gumbel::new(0.0, 1.0).unwrap()) < bound);
    }

    /// What a release of `rand_distr` draws from the same bits: if it changes, proposals do.
    #[test]
    fn draws_are_what_they_were() {
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
    fn below_reaches_every_value() {
        let mut rng = Rng::stream(3, 2);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[rng.index(5)] += 1;
        }
        assert!(seen.iter().all(|&count| count > 140));
    }
}
