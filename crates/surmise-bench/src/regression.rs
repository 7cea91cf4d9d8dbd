//! The regression check: compares the scores of a strategy with a stored baseline.
//!
//! It fails if the scores are worse by a difference that is both significant and large.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::run::Run;
use crate::statistics::{holm, mean, wilcoxon_signed_rank};
use crate::suite::SUITE_VERSION;
use surmise::error::{Error, Violation};

/// The smallest relative regret of the regression check. It is finer than the floor of figures,
/// because a change of the engine may show in the last digits first.
const FLOOR: f64 = 1e-4;

/// The significance level, which bounds the probability of a false alarm.
const LEVEL: f64 = 0.05;
/// The tolerated mean difference on one case, in decades of regret (a factor of 2).
const MARGIN: f64 = 0.3;
/// The tolerated mean difference over all cases, in decades of regret (a factor of 1.26).
const OVERALL_MARGIN: f64 = 0.1;

/// The results of a strategy, by case and seed, as a baseline file stores them.
///
/// A result is the mean of log₁₀ of the relative regret after a quarter, a third, half and all of
/// the budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineScores {
    suite: u32,
    /// The results, with relative regrets of at least 1e-4.
    scores: BTreeMap<String, BTreeMap<u64, f64>>,
}

/// The comparison of scores with a baseline: one test for each case, and one over all.
///
/// Its `Display` form is a table of the tests.
#[derive(Debug, Clone)]
pub struct RegressionSummary(Vec<RegressionTest>);

#[derive(Debug, Clone)]
struct RegressionTest {
    name: String,
    pairs: usize,
    /// Mean difference, in decades of regret; above 0, the new results are worse.
    difference: f64,
    margin: f64,
    /// One-sided p-value that the new scores are worse, with Holm's correction.
    p_value: f64,
}

impl BaselineScores {
    /// Collects the results of the runs of one strategy; runs without a regret are ignored.
    pub fn from_runs(runs: &[Run]) -> Self {
        let mut scores: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
        for run in runs {
            if let Some(logs) = run.log_relative_regrets(FLOOR) {
                scores.entry(run.case_name()).or_default().insert(run.seed, mean(&logs));
            }
        }
        Self { suite: SUITE_VERSION, scores }
    }

    /// Compares these scores with a baseline.
    ///
    /// There is one test for each case, and one over all cases: Wilcoxon's one-sided
    /// signed-rank test on paired seeds, with Holm's correction over all tests.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the two have different suite versions, cases or seeds.
    pub fn compare_with(&self, baseline: &Self) -> Result<RegressionSummary, Error> {
        let keys = |scores: &BTreeMap<String, BTreeMap<u64, f64>>| -> Vec<(String, Vec<u64>)> {
            let seeds = |by_seed: &BTreeMap<u64, f64>| by_seed.keys().copied().collect();
            scores.iter().map(|(name, by_seed)| (name.clone(), seeds(by_seed))).collect()
        };
        if (self.suite, keys(&self.scores)) != (baseline.suite, keys(&baseline.scores)) {
            return Err(Error::Invalid(vec![Violation::new(
                "baseline",
                format!("of suite version {}", baseline.suite),
                "a baseline has the suite version, problems and seeds of the scores",
                "write a new baseline, and state the reason in the changelog",
            )]));
        }
        let mut tests = Vec::new();
        let mut all = Vec::new();
        for (name, by_seed) in &self.scores {
            let differences: Vec<f64> =
                by_seed.iter().map(|(seed, log)| log - baseline.scores[name][seed]).collect();
            all.extend(&differences);
            tests.push(RegressionTest::new(name, &differences, MARGIN));
        }
        tests.push(RegressionTest::new("all together", &all, OVERALL_MARGIN));
        let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
        for (test, p_value) in tests.iter_mut().zip(holm(&p_values)) {
            test.p_value = p_value;
        }
        Ok(RegressionSummary(tests))
    }
}

impl RegressionTest {
    fn new(name: &str, differences: &[f64], margin: f64) -> Self {
        let gains: Vec<f64> = differences.iter().map(|d| -d).collect();
        let p_value = wilcoxon_signed_rank(&gains);
        let (name, difference) = (name.to_owned(), mean(differences));
        Self { name, pairs: gains.len(), difference, margin, p_value }
    }

    fn is_regression(&self) -> bool {
        self.p_value <= LEVEL && self.difference > self.margin
    }
}

impl RegressionSummary {
    /// Returns true if the scores are worse, significantly and by more than the margin.
    ///
    /// This holds for one case, or for all cases together.
    pub fn has_regression(&self) -> bool {
        self.0.iter().any(RegressionTest::is_regression)
    }
}

impl fmt::Display for RegressionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Relative regrets compared, mean over a quarter, a third, half and all of the budget: \
             mean difference in decades (above 0 is worse), its margin, one-sided p-value of \
             Wilcoxon's signed-rank test with Holm's correction over {} tests",
            self.0.len()
        )?;
        for test in &self.0 {
            let RegressionTest { name, pairs, difference, margin, p_value } = test;
            let verdict = if test.is_regression() { "WORSE" } else { "ok" };
            writeln!(
                f,
                "  {name:<24} n = {pairs:<4} {difference:+.3} (≤ {margin})   \
                 p = {p_value:<8.2e} {verdict}"
            )?;
        }
        f.write_str(match self.has_regression() {
            true => "The results are worse.",
            false => "The results are as good.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(shift: f64) -> BaselineScores {
        let by_seed = |problem: u32| -> BTreeMap<u64, f64> {
            let noise = |seed: u64| 0.01 * f64::from(u32::try_from(seed * 7 % 5).unwrap());
            let log = |seed: u64| -2.0 + f64::from(problem) + noise(seed) + shift;
            (1..=10).map(|seed| (seed, log(seed))).collect()
        };
        let scores = (0..3).map(|problem| (format!("p{problem}/0"), by_seed(problem))).collect();
        BaselineScores { suite: SUITE_VERSION, scores }
    }

    #[test]
    fn a_regression_is_significant_and_large() {
        let baseline = scores(0.0);
        assert!(!scores(0.0).compare_with(&baseline).unwrap().has_regression(), "the same");
        assert!(
            scores(0.5).compare_with(&baseline).unwrap().has_regression(),
            "half a decade worse"
        );
        assert!(!scores(-0.5).compare_with(&baseline).unwrap().has_regression(), "better");
        assert!(
            !scores(0.05).compare_with(&baseline).unwrap().has_regression(),
            "significant, but small"
        );
        assert!(
            scores(0.2).compare_with(&baseline).unwrap().has_regression(),
            "small, but on all problems"
        );
        // A worse score of one seed is not significant.
        let mut unlucky = scores(0.0);
        *unlucky.scores.get_mut("p0/0").unwrap().get_mut(&3).unwrap() += 9.0;
        assert!(!unlucky.compare_with(&baseline).unwrap().has_regression());
        // Worse scores of all seeds of one case are significant.
        let mut worse = scores(0.0);
        worse.scores.get_mut("p1/0").unwrap().values_mut().for_each(|log| *log += 0.6);
        let report = worse.compare_with(&baseline).unwrap();
        assert!(report.has_regression());
        assert!(report.to_string().contains("WORSE"), "{report}");
    }

    #[test]
    fn a_baseline_of_another_suite_is_rejected() {
        let mut smaller = scores(0.0);
        smaller.scores.remove("p0/0");
        assert!(scores(0.0).compare_with(&smaller).is_err());
        let older = BaselineScores { suite: 0, ..scores(0.0) };
        assert!(scores(0.0).compare_with(&older).is_err());
    }

    #[test]
    fn a_baseline_survives_json() {
        let written = serde_json::to_string(&scores(0.0)).unwrap();
        assert_eq!(serde_json::from_str::<BaselineScores>(&written).unwrap(), scores(0.0));
    }
}
