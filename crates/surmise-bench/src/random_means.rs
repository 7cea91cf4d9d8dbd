//! The mean best values of random search, which scores are relative to.
//!
//! Those of the built-in cases are stored in a file, so that a score does not depend on the other
//! contenders.
//!
//! Let x₍₁₎ ≤ … ≤ x₍N₎ be the values of N random configurations. The mean of a function g of the
//! best of n of them is estimated without bias from all subsets of size n, as in bayesmark:
//! Σᵢ g(x₍ᵢ₎) C(N − i, n − 1) ⁄ C(N, n).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use surmise::rng::Rng;

/// Numbers of evaluations at which recommendations and means of random search are recorded.
///
/// Recommendations are also recorded after a quarter, a third and half of the budget.
pub const CHECKPOINTS: [usize; 18] =
    [1, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000, 2000];

/// The largest number of evaluations with a mean; larger budgets have no scores.
pub const MAX_BUDGET_WITH_SCORES: usize = CHECKPOINTS[CHECKPOINTS.len() - 1];

/// The tail of the values is heavy if the mean regret exceeds its geometric mean by this factor.
const HEAVY_TAIL: f64 = 10.0;

/// The means of the built-in cases, by case name; `surmise bench random-means` writes the file.
static BUILT_IN: LazyLock<BTreeMap<String, RandomMeans>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("random_means.json")).expect("the stored file is valid")
});

/// What random search finds: the mean best of n random configurations, for n of [`CHECKPOINTS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RandomMeans {
    /// The mean noiseless value of the best configuration.
    mean: Vec<f64>,
    /// log₁₀ of its geometric mean regret; empty if the optimum is unknown.
    ///
    /// It is the geometric mean of the regrets above 0, times their share. So it is as small as the
    /// mean where random search often finds the optimum, and not smaller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    log10_regret: Vec<f64>,
}

impl RandomMeans {
    /// Returns the stored means of a built-in case.
    pub(super) fn built_in(problem: &str, instance: u32) -> Option<Self> {
        BUILT_IN.get(&format!("{problem}/{instance}")).cloned()
    }

    /// Estimates the means from this many random configurations, at least 100.
    ///
    /// Means of the best of more configurations than `samples` are that of the best of all. A
    /// failed evaluation counts as the worst value of the sample. `None` if all evaluations fail.
    ///
    /// # Panics
    /// If `samples` is less than 100.
    pub fn estimate(problem: &dyn Problem, samples: usize, seed: u64) -> Option<Self> {
        assert!(samples >= 100, "the means need at least 100 samples, not {samples}");
        let evaluated = (0..samples as u64).map(|sample| {
            let mut rng = Rng::stream(seed, sample);
            let space = problem.space();
            let point: Vec<f64> = space.axes().iter().map(|_| rng.uniform()).collect();
            let configuration = space.decode(&space.snap(&point.into()));
            problem.evaluate(&configuration, &mut rng).noiseless_value()
        });
        Self::from_values(evaluated, problem.optimum())
    }

    /// Computes the means from the noiseless values of configurations; `None` is a failure.
    ///
    /// They are exact for a random search without repetitions if these are all configurations.
    pub(super) fn from_values(
        evaluated: impl Iterator<Item = Option<f64>>,
        optimum: Option<f64>,
    ) -> Option<Self> {
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
        let best = values[0];
        // Relative to the minimum, so that a large offset does not cost precision.
        let mean: Vec<f64> = CHECKPOINTS
            .iter()
            .map(|count| best + mean_of_best(&values, *count, |value| value - best))
            .collect();
        let log10_regret = optimum.map_or(Vec::new(), |optimum| {
            CHECKPOINTS.iter().map(|count| log10_geometric(&values, *count, optimum)).collect()
        });
        Some(Self { mean, log10_regret })
    }

    /// Returns the mean best value after this many evaluations.
    ///
    /// Between [`CHECKPOINTS`] it is interpolated linearly over the logarithm of the number. `None`
    /// for 0 evaluations, and for more than [`MAX_BUDGET_WITH_SCORES`].
    pub fn at(&self, evaluations: usize) -> Option<f64> {
        interpolate(&self.mean, evaluations)
    }

    /// Returns random search's mean regret after this many evaluations, of a budget.
    ///
    /// It is the geometric mean if the regret after the budget has a heavy tail: its mean is more
    /// than ten times its geometric mean. Such a mean comes from few values, and would make every
    /// strategy look good. `None` if it is unknown, or not above 0.
    pub(super) fn regret(&self, evaluations: usize, budget: usize, optimum: f64) -> Option<f64> {
        let mean = |count: usize| Some(self.at(count)? - optimum);
        let geometric = |count| Some(10_f64.powf(interpolate(&self.log10_regret, count)?));
        let has_heavy_tail = || Some(mean(budget)? > HEAVY_TAIL * geometric(budget)?);
        let regret = match has_heavy_tail() {
            Some(true) => geometric(evaluations),
            _ => mean(evaluations),
        };
        regret.filter(|regret| *regret > 0.0)
    }
}

/// Interpolates numbers at [`CHECKPOINTS`] over the logarithm of the number of evaluations.
#[allow(clippy::cast_precision_loss, reason = "numbers of evaluations")]
fn interpolate(numbers: &[f64], evaluations: usize) -> Option<f64> {
    let above = CHECKPOINTS.iter().position(|count| *count >= evaluations)?;
    let high = *numbers.get(above)?;
    if CHECKPOINTS[above] == evaluations {
        return Some(high);
    }
    let below = above.checked_sub(1)?;
    let log = |count: usize| (count as f64).ln();
    let (from, to) = (log(CHECKPOINTS[below]), log(CHECKPOINTS[above]));
    let share = (log(evaluations) - from) / (to - from);
    Some(numbers[below] + share * (high - numbers[below]))
}

/// Returns log₁₀ of the geometric mean of the regrets above 0 of the minimum of `count` values,
/// times their share; that of the smallest number if all are 0.
fn log10_geometric(sorted: &[f64], count: usize, optimum: f64) -> f64 {
    let is_above = |value: f64| value > optimum;
    let share = mean_of_best(sorted, count, |value| f64::from(u8::from(is_above(value))));
    if share == 0.0 {
        return f64::MIN_POSITIVE.log10();
    }
    let log = |value: f64| if is_above(value) { (value - optimum).log10() } else { 0.0 };
    mean_of_best(sorted, count, log) / share + share.log10()
}

/// Returns the mean of a function of the minimum of `count` of these sorted values, over all
/// subsets of that size; of the smallest value if there are fewer.
#[allow(clippy::cast_precision_loss, reason = "numbers of samples")]
fn mean_of_best(sorted: &[f64], count: usize, function: impl Fn(f64) -> f64) -> f64 {
    let total = sorted.len() as f64;
    let count = (count as f64).min(total);
    // The share of the subsets whose minimum is the current value.
    let mut share = count / total;
    let mut mean = 0.0;
    for (before, value) in sorted.iter().enumerate() {
        if share == 0.0 {
            break;
        }
        mean += share * function(*value);
        let remaining = total - before as f64 - 1.0;
        share *= ((remaining - count + 1.0) / remaining.max(1.0)).max(0.0);
    }
    mean
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
        let mean_best = |count| mean_of_best(&values, count, |value| value);
        assert!((mean_best(1) - 6.2).abs() < 1e-12);
        // Ten pairs: 1 is the minimum of four, 2 of three, 4 of two, 8 of one.
        assert!((mean_best(2) - (4.0 + 6.0 + 8.0 + 8.0) / 10.0).abs() < 1e-12);
        assert!((mean_best(5) - 1.0).abs() < 1e-12);
        assert!((mean_best(9) - 1.0).abs() < 1e-12, "there are only five");
        let mean_log = mean_of_best(&values, 2, f64::log2);
        assert!((mean_log - (0.0 * 4.0 + 1.0 * 3.0 + 2.0 * 2.0 + 3.0) / 10.0).abs() < 1e-12);
    }

    #[test]
    fn means_are_interpolated_between_checkpoints() {
        let mean = (1..=18).rev().map(f64::from).collect();
        let means = RandomMeans { mean, log10_regret: Vec::new() };
        assert_eq!(means.at(0), None);
        assert_eq!((means.at(1), means.at(5), means.at(2000)), (Some(18.0), Some(17.0), Some(1.0)));
        assert_eq!(means.at(2001), None);
        // 7 is near 5 √2, the middle of 5 and 10 on the logarithmic scale.
        let between = means.at(7).unwrap();
        assert!((between - (17.0 - (1.4_f64.ln() / 2_f64.ln()))).abs() < 1e-12);
    }

    /// Of a tail over 60 decades the mean says nothing; of a bowl it does.
    #[test]
    fn a_heavy_tail_is_measured_by_logarithms() {
        let values = (0..1000).map(|i| Some(10_f64.powf(f64::from(i) / 20.0 - 20.0)));
        let means = RandomMeans::from_values(values, Some(0.0)).unwrap();
        let geometric = means.regret(10, 30, 0.0).unwrap();
        assert!(means.at(10).unwrap() > 1e3 * geometric, "{geometric}");
        let bowl = (0..1000).map(|i| Some((f64::from(i) - 500.0).powi(2)));
        let means = RandomMeans::from_values(bowl, Some(0.0)).unwrap();
        assert_eq!(means.regret(10, 30, 0.0), means.at(10));
        let unknown = RandomMeans::from_values([Some(1.0), None].into_iter(), None).unwrap();
        assert_eq!(unknown.at(1), Some(1.0), "a failure counts as the worst value");
    }

    /// If random search often finds the optimum, its mean regret is no heavy tail.
    #[test]
    fn an_optimum_that_is_often_found_is_no_heavy_tail() {
        for configurations in [50, 30_000] {
            let values = (0..configurations).map(|i| Some(f64::from(i)));
            let means = RandomMeans::from_values(values, Some(0.0)).unwrap();
            assert_eq!(means.regret(40, 40, 0.0), means.at(40), "{configurations}");
            // The minimum of 40 of 0, …, N − 1 has the mean (N + 1) ⁄ 41 − 1.
            let mean = f64::from(configurations + 1) / 41.0 - 1.0;
            assert!((means.at(40).unwrap() - mean).abs() < 1e-9 * mean, "{configurations}");
        }
        let all = RandomMeans::from_values([1.0, 2.0].map(Some).into_iter(), Some(1.0)).unwrap();
        assert_eq!(all.regret(5, 5, 1.0), None, "every search finds the optimum");
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
                assert_eq!(means.mean.len(), CHECKPOINTS.len());
                assert_eq!(means.log10_regret.len(), CHECKPOINTS.len());
                assert!(means.mean.is_sorted_by(|a, b| a >= b), "{}: {means:?}", case.name());
                assert!(means.at(case.budget()).unwrap() > optimum, "{}", case.name());
                // Random search leaves something to be found.
                let regret = |count| means.regret(count, case.budget(), optimum).unwrap();
                let share = regret(case.budget()) / regret(1);
                let is_solved = share < 1e-6 && case.problem().name() != "heavy-tail";
                assert!(!is_solved, "{}: {share}", case.name());
            }
        }
    }

    /// Another random sample gives means near the stored ones.
    #[test]
    fn the_stored_means_are_reproducible() {
        let stored = RandomMeans::built_in("hartmann6", 0).unwrap();
        let again = RandomMeans::estimate(&smooth::hartmann6(), 20_000, 99).unwrap();
        for count in CHECKPOINTS.into_iter().filter(|count| *count <= 100) {
            let (a, b) = (stored.at(count).unwrap(), again.at(count).unwrap());
            assert!((a - b).abs() < 0.02, "best of {count}: {a} and {b}");
        }
    }
}
