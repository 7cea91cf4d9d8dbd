//! Has it become worse? A baseline of scores, committed, and a test that fails on a loss that is both significant and large.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::measures::PROGRESS_FLOOR;
use crate::run::Run;
use crate::statistics::{holm, mean, wilcoxon_signed_rank};
use crate::suite::SUITE_VERSION;
use surmise::error::{Error, Violation};

/// How probable a false alarm may be.
const LEVEL: f64 = 0.05;
/// Losses up to this mean number of decades of score on one problem are let pass (a factor of 2).
const MARGIN: f64 = 0.3;
/// The same over all problems together (a factor of 1.26), where chance is smaller.
const OVERALL_MARGIN: f64 = 0.1;

/// The final scores of a strategy, by problem and seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    suite: u32,
    /// log₁₀ of scores, floored.
    scores: BTreeMap<String, BTreeMap<u64, f64>>,
}

/// How scores compare with those of a baseline.
#[derive(Debug, Clone)]
pub struct Findings(Vec<Finding>);

#[derive(Debug, Clone)]
struct Finding {
    name: String,
    pairs: usize,
    /// Mean difference in decades; above 0 is worse.
    loss: f64,
    margin: f64,
    /// That scores have become worse, corrected over all findings.
    p: f64,
}

impl Regression {
    /// The scores of these runs, all of one strategy; those without an optimum or constants are left out.
    pub fn of(runs: &[Run]) -> Self {
        let mut scores: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
        for run in runs {
            if let Some(score) = run.score(run.budget) {
                let log = score.max(PROGRESS_FLOOR).log10();
                scores.entry(run.case()).or_default().insert(run.seed, log);
            }
        }
        Self { suite: SUITE_VERSION, scores }
    }

    /// Compares with a baseline: Wilcoxon's one-sided signed-rank test on paired seeds for each problem, and for all of them
    /// together, with Holm's correction over these tests.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the baseline is of another suite version, or lacks a problem or a seed.
    pub fn against(&self, baseline: &Self) -> Result<Findings, Error> {
        let keys = |scores: &BTreeMap<String, BTreeMap<u64, f64>>| -> Vec<(String, Vec<u64>)> {
            let seeds = |by_seed: &BTreeMap<u64, f64>| by_seed.keys().copied().collect();
            scores.iter().map(|(name, by_seed)| (name.clone(), seeds(by_seed))).collect()
        };
        if (self.suite, keys(&self.scores)) != (baseline.suite, keys(&baseline.scores)) {
            return Err(Error::Invalid(vec![Violation::new(
                "baseline",
                format!("of suite version {}", baseline.suite),
                "a baseline has the problems and seeds that it is compared with",
                "write a new one, and say why in the changelog",
            )]));
        }
        let mut findings = Vec::new();
        let mut all = Vec::new();
        for (name, by_seed) in &self.scores {
            let differences: Vec<f64> =
                by_seed.iter().map(|(seed, log)| log - baseline.scores[name][seed]).collect();
            all.extend(&differences);
            findings.push(Finding::new(name, &differences, MARGIN));
        }
        findings.push(Finding::new("all together", &all, OVERALL_MARGIN));
        let p_values: Vec<f64> = findings.iter().map(|finding| finding.p).collect();
        for (finding, p) in findings.iter_mut().zip(holm(&p_values)) {
            finding.p = p;
        }
        Ok(Findings(findings))
    }
}

impl Finding {
    fn new(name: &str, differences: &[f64], margin: f64) -> Self {
        let gains: Vec<f64> = differences.iter().map(|d| -d).collect();
        let p = wilcoxon_signed_rank(&gains);
        Self { name: name.to_owned(), pairs: gains.len(), loss: mean(differences), margin, p }
    }

    fn is_loss(&self) -> bool {
        self.p <= LEVEL && self.loss > self.margin
    }
}

impl Findings {
    /// Whether any loss is both significant and above its margin.
    pub fn is_loss(&self) -> bool {
        self.0.iter().any(Finding::is_loss)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Scores against the baseline: mean difference in decades (above 0 is worse), its margin, one-sided p of Wilcoxon's \
             signed-rank test with Holm's correction over {} tests",
            self.0.len()
        )?;
        for finding in &self.0 {
            let Finding { name, pairs, loss, margin, p } = finding;
            let word = if finding.is_loss() { "LOSS" } else { "kept" };
            writeln!(
                f,
                "  {name:<24} n = {pairs:<4} {loss:+.3} (≤ {margin})   p = {p:<8.2e} {word}"
            )?;
        }
        f.write_str(if self.is_loss() { "There is a loss." } else { "No loss." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(shift: f64) -> Regression {
        let by_seed = |problem: u32| -> BTreeMap<u64, f64> {
            let noise = |seed: u64| 0.01 * f64::from(u32::try_from(seed * 7 % 5).unwrap());
            let log = |seed: u64| -2.0 + f64::from(problem) + noise(seed) + shift;
            (1..=10).map(|seed| (seed, log(seed))).collect()
        };
        let scores = (0..3).map(|problem| (format!("p{problem}/0"), by_seed(problem))).collect();
        Regression { suite: SUITE_VERSION, scores }
    }

    #[test]
    fn only_a_significant_and_large_loss_counts() {
        let baseline = scores(0.0);
        assert!(!scores(0.0).against(&baseline).unwrap().is_loss(), "the same");
        assert!(scores(0.5).against(&baseline).unwrap().is_loss(), "half a decade worse");
        assert!(!scores(-0.5).against(&baseline).unwrap().is_loss(), "better");
        assert!(!scores(0.05).against(&baseline).unwrap().is_loss(), "sure, but small");
        assert!(scores(0.2).against(&baseline).unwrap().is_loss(), "small, but everywhere");
        // One bad seed is an accident.
        let mut unlucky = scores(0.0);
        *unlucky.scores.get_mut("p0/0").unwrap().get_mut(&3).unwrap() += 9.0;
        assert!(!unlucky.against(&baseline).unwrap().is_loss());
        // One bad problem is not.
        let mut worse = scores(0.0);
        worse.scores.get_mut("p1/0").unwrap().values_mut().for_each(|log| *log += 0.6);
        let findings = worse.against(&baseline).unwrap();
        assert!(findings.is_loss());
        assert!(findings.to_string().contains("LOSS"), "{findings}");
    }

    #[test]
    fn a_baseline_of_something_else_is_refused() {
        let mut other = scores(0.0);
        other.scores.remove("p0/0");
        assert!(scores(0.0).against(&other).is_err());
        let older = Regression { suite: 0, ..scores(0.0) };
        assert!(scores(0.0).against(&older).is_err());
    }

    #[test]
    fn a_baseline_survives_its_file() {
        let written = serde_json::to_string(&scores(0.0)).unwrap();
        assert_eq!(serde_json::from_str::<Regression>(&written).unwrap(), scores(0.0));
    }
}
