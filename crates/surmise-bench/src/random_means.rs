//! The mean best values of random search, which scores are relative to.
//!
//! They are stored in a file, so that a score does not depend on the other contenders.
//!
//! Let x₍₁₎ ≤ … ≤ x₍N₎ be the values of N random configurations. The mean best of n of them is
//! estimated without bias from all subsets of size n, as in bayesmark:
//! Σᵢ x₍ᵢ₎ C(N − i, n − 1) ⁄ C(N, n).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use surmise::rng::Rng;

/// Numbers of evaluations at which recommendations and means of random search are recorded.
pub const CHECKPOINTS: [usize; 9] = [1, 5, 10, 20, 30, 40, 60, 80, 100];

/// The means of the built-in cases, by case name; `surmise bench random-means` writes the file.
static BUILT_IN: LazyLock<BTreeMap<String, RandomMeans>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("random_means.json")).expect("the stored file is valid")
});

/// The mean noiseless value of the best of n random configurations, for each n of [`CHECKPOINTS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RandomMeans(Vec<f64>);

impl RandomMeans {
    /// Returns the stored means of a built-in case.
    pub(super) fn built_in(problem: &str, instance: u32) -> Option<Self> {
        BUILT_IN.get(&format!("{problem}/{instance}")).cloned()
    }

    /// Estimates the means from this many random configurations, at least 100.
    ///
    /// A failed evaluation counts as the worst value of the sample. `None` if all evaluations fail.
    ///
    /// # Panics
    /// If `samples` is less than 100.
    pub fn estimate(problem: &dyn Problem, samples: usize, seed: u64) -> Option<Self> {
        assert!(samples >= 100, "the mean best of 100 needs at least 100 samples, not {samples}");
        let evaluated = (0..samples as u64).map(|sample| {
            let mut rng = Rng::stream(seed, sample);
            let space = problem.space();
            let point: Vec<f64> = space.axes().iter().map(|_| rng.uniform()).collect();
            let configuration = space.decode(&space.snap(&point.into()));
            problem.evaluate(&configuration, &mut rng).noiseless_value()
        });
        let (mut values, mut failures) = (Vec::new(), 0_usize);
        for value in evaluated {
            match value {
                Some(value) => values.push(value),
                None => failures += 1,
            }
        }
        values.sort_by(f64::total_cmp);
        let worst = *values.last()?;
        values.extend(std::iter::repeat_n(worst, failures));
        Some(Self(CHECKPOINTS.iter().map(|count| mean_best(&values, *count)).collect()))
    }

    /// Returns the mean best value after this many evaluations.
    ///
    /// Between [`CHECKPOINTS`] it is interpolated linearly over the logarithm of the number. `None`
    /// for 0 evaluations, and for more than 100, the last checkpoint.
    #[allow(clippy::cast_precision_loss, reason = "numbers of evaluations")]
    pub fn at(&self, evaluations: usize) -> Option<f64> {
        let above = CHECKPOINTS.iter().position(|count| *count >= evaluations)?;
        let high = *self.0.get(above)?;
        if CHECKPOINTS[above] == evaluations {
            return Some(high);
        }
        let below = above.checked_sub(1)?;
        let log = |count: usize| (count as f64).ln();
        let (from, to) = (log(CHECKPOINTS[below]), log(CHECKPOINTS[above]));
        let share = (log(evaluations) - from) / (to - from);
        Some(self.0[below] + share * (high - self.0[below]))
    }
}

/// Returns the mean minimum of `count` of these sorted values, over all subsets of that size.
#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
fn mean_best(sorted: &[f64], count: usize) -> f64 {
    let total = sorted.len() as f64;
    let count = count as f64;
    // The share of the subsets whose minimum is the current value.
    let mut share = count / total;
    // Relative to the minimum, so that a large offset does not cost precision.
    let min = sorted.first().copied().unwrap_or(f64::NAN);
    let mut excess = 0.0;
    for (before, value) in sorted.iter().enumerate() {
        excess += share * (value - min);
        let remaining = total - before as f64 - 1.0;
        share *= ((remaining - count + 1.0) / remaining.max(1.0)).max(0.0);
    }
    min + excess
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decorators::Failing;
    use crate::problems::smooth;
    use crate::{SUITES, Suite};

    #[test]
    fn the_mean_best_averages_over_all_subsets() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert!((mean_best(&values, 1) - 6.2).abs() < 1e-12);
        // Ten pairs: 1 is the minimum of four, 2 of three, 4 of two, 8 of one.
        assert!((mean_best(&values, 2) - (4.0 + 6.0 + 8.0 + 8.0) / 10.0).abs() < 1e-12);
        assert!((mean_best(&values, 5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn means_are_interpolated_between_checkpoints() {
        let means = RandomMeans((1..=9).rev().map(f64::from).collect());
        assert_eq!(means.at(0), None);
        assert_eq!((means.at(1), means.at(5), means.at(100)), (Some(9.0), Some(8.0), Some(1.0)));
        assert_eq!(means.at(101), None);
        // 7 is near 5 √2, the middle of 5 and 10 on the logarithmic scale.
        let between = means.at(7).unwrap();
        assert!((between - (8.0 - (1.4_f64.ln() / 2_f64.ln()))).abs() < 1e-12);
    }

    #[test]
    fn a_problem_that_always_fails_has_no_means() {
        let failing = Failing::at_random(smooth::branin(), 1.0);
        assert_eq!(RandomMeans::estimate(&failing, 100, 1), None);
    }

    #[test]
    fn every_built_in_case_has_means() {
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

    /// Another random sample gives means near the stored ones.
    #[test]
    fn the_stored_means_are_reproducible() {
        let stored = RandomMeans::built_in("hartmann6", 0).unwrap();
        let again = RandomMeans::estimate(&smooth::hartmann6(), 20_000, 99).unwrap();
        for count in CHECKPOINTS {
            let (a, b) = (stored.at(count).unwrap(), again.at(count).unwrap());
            assert!((a - b).abs() < 0.02, "best of {count}: {a} and {b}");
        }
    }
}
