//! What random search reaches on average: the yardstick of scores. Committed, so that no score depends on who else took part.
//!
//! With x₍₁₎ ≤ … ≤ x₍N₎ the values of N random configurations, the mean best of n of them is
//! Σᵢ x₍ᵢ₎ C(N − i, n − 1) ⁄ C(N, n): an unbiased estimate from all subsets of n at once (as bayesmark does it).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use surmise::rng::Rng;

/// Numbers of evaluations after which results are looked at, as far as the budget goes.
pub const CHECKPOINTS: [usize; 9] = [1, 5, 10, 20, 30, 40, 60, 80, 100];

/// Written by `surmise bench random-means`.
static COMMITTED: LazyLock<BTreeMap<String, RandomMeans>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("random_means.json")).expect("the committed file is sound")
});

/// The noiseless value that the best of n random configurations has on average, for each n of [`CHECKPOINTS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RandomMeans(Vec<f64>);

impl RandomMeans {
    /// The constants of a problem of this crate.
    pub(super) fn committed(problem: &str, instance: u32) -> Option<Self> {
        COMMITTED.get(&format!("{problem}/{instance}")).cloned()
    }

    /// Estimates them from this many random configurations, at least 100. Those that fail count as the worst value that was met;
    /// `None` if all fail.
    ///
    /// # Panics
    /// If fewer than 100 are asked for.
    pub fn estimate(problem: &dyn Problem, samples: usize, seed: u64) -> Option<Self> {
        assert!(samples >= 100, "the mean best of 100 needs 100 samples at the least");
        let values = (0..samples as u64).map(|sample| {
            let mut rng = Rng::stream(seed, sample);
            let space = problem.space();
            let point: Vec<f64> = space.axes().iter().map(|_| rng.uniform()).collect();
            let configuration = space.decode(&space.snap(&point.into()));
            problem.evaluate(&configuration, &mut rng).truth()
        });
        let (mut known, mut failures) = (Vec::new(), 0_usize);
        for value in values {
            match value {
                Some(value) => known.push(value),
                None => failures += 1,
            }
        }
        known.sort_by(f64::total_cmp);
        let worst = *known.last()?;
        known.extend(std::iter::repeat_n(worst, failures));
        Some(Self(CHECKPOINTS.iter().map(|count| mean_best(&known, *count)).collect()))
    }

    /// The mean best of so many configurations, from 1 to the last of [`CHECKPOINTS`]; between them, interpolated over the logarithm
    /// of their number.
    #[allow(clippy::cast_precision_loss, reason = "numbers of evaluations")]
    pub fn at(&self, evaluations: usize) -> Option<f64> {
        let above = CHECKPOINTS.iter().position(|count| *count >= evaluations)?;
        let high = *self.0.get(above)?;
        if CHECKPOINTS[above] == evaluations {
            return Some(high);
        }
        let below = above.checked_sub(1)?;
        let place = |count: usize| (count as f64).ln();
        let (from, to) = (place(CHECKPOINTS[below]), place(CHECKPOINTS[above]));
        let share = (place(evaluations) - from) / (to - from);
        Some(self.0[below] + share * (high - self.0[below]))
    }
}

/// The mean of the least of `count` of these sorted values, over all choices of them.
#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
fn mean_best(sorted: &[f64], count: usize) -> f64 {
    let total = sorted.len() as f64;
    let count = count as f64;
    let mut share = count / total;
    // Above the least value, so that a large offset costs no digits.
    let least = sorted.first().copied().unwrap_or(f64::NAN);
    let mut above = 0.0;
    for (before, value) in sorted.iter().enumerate() {
        above += share * (value - least);
        let left = total - before as f64 - 1.0;
        share *= ((left - count + 1.0) / left.max(1.0)).max(0.0);
    }
    least + above
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decorators::Failing;
    use crate::problems::smooth;
    use crate::{SUITES, Suite};

    #[test]
    fn the_mean_best_is_that_of_all_subsets() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert!((mean_best(&values, 1) - 6.2).abs() < 1e-12);
        // Ten pairs: 1 is the least of four, 2 of three, 4 of two, 8 of one.
        assert!((mean_best(&values, 2) - (4.0 + 6.0 + 8.0 + 8.0) / 10.0).abs() < 1e-12);
        assert!((mean_best(&values, 5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn between_checkpoints_it_is_interpolated() {
        let means = RandomMeans((1..=9).rev().map(f64::from).collect());
        assert_eq!(means.at(0), None);
        assert_eq!((means.at(1), means.at(5), means.at(100)), (Some(9.0), Some(8.0), Some(1.0)));
        assert_eq!(means.at(101), None);
        // Halfway between 5 and 10 on the logarithm is 5 √2.
        let between = means.at(7).unwrap();
        assert!((between - (8.0 - (1.4_f64.ln() / 2_f64.ln()))).abs() < 1e-12);
    }

    #[test]
    fn what_always_fails_has_none() {
        let hopeless = Failing::at_random(smooth::branin(), 1.0);
        assert_eq!(RandomMeans::estimate(&hopeless, 100, 1), None);
    }

    #[test]
    fn every_case_has_its_constants() {
        for suite in SUITES {
            for case in Suite::named(suite).unwrap().cases() {
                let means = case.random_means().unwrap_or_else(|| panic!("{}", case.name()));
                let optimum = case.problem().optimum().unwrap();
                assert_eq!(means.0.len(), CHECKPOINTS.len());
                assert!(means.0.is_sorted_by(|a, b| a > b), "{}: {means:?}", case.name());
                assert!(means.at(case.budget()).unwrap() > optimum, "{}", case.name());
            }
        }
    }

    /// A sample of its own agrees with what is committed.
    #[test]
    fn the_constants_can_be_made_again() {
        let committed = RandomMeans::committed("hartmann6", 0).unwrap();
        let again = RandomMeans::estimate(&smooth::hartmann6(), 20_000, 99).unwrap();
        for count in CHECKPOINTS {
            let (a, b) = (committed.at(count).unwrap(), again.at(count).unwrap());
            assert!((a - b).abs() < 0.02, "best of {count}: {a} and {b}");
        }
    }
}
