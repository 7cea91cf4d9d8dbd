//! Performance measures of one run.
//!
//! | measure | definition |
//! | --- | --- |
//! | simple regret | smallest noiseless value of the first n evaluations − optimum, at least 0 |
//! | inference regret | noiseless value of the trial that is recommended after n − optimum, at least 0 |
//! | regret | inference regret if values are noisy, otherwise simple regret |
//! | relative regret | regret ⁄ random search's mean regret after the whole budget |
//! | score | regret ⁄ random search's mean regret after n evaluations; 1 is random search |
//!
//! Which of several noisy trials has the smallest noiseless value cannot be known. So the regret of
//! noisy values is that of the trial that one would deploy.
//!
//! Before its first value, a run counts as one random configuration does on average. So a run that
//! ends with an error has measures, too.

use crate::run::{BUDGET_DIVISORS, Run};

/// The smallest relative regret in figures, ranks and verdicts, unless another floor is chosen.
///
/// Smaller ones count as this value. Otherwise digits near the optimum of an easy problem would
/// decide a mean of logarithms.
pub const DEFAULT_FLOOR: f64 = 1e-2;

/// A value below the optimum by less than this share of the optimum is a rounding error.
const ROUNDING: f64 = 1e-9;

impl Run {
    fn regret_of(&self, value: f64) -> Option<f64> {
        let optimum = self.optimum?;
        let value = if value.is_finite() {
            value
        } else {
            self.random_means.as_ref().and_then(|means| means.at(1)).unwrap_or(value)
        };
        Some((value - optimum).max(0.0))
    }

    /// Returns the simple regret after 1, 2, … evaluations; `None` if the optimum is unknown.
    pub fn simple_regrets(&self) -> Option<Vec<f64>> {
        self.best_values().into_iter().map(|best| self.regret_of(best)).collect()
    }

    /// Returns the regret of the trial that was recommended after this many evaluations.
    ///
    /// `None` if the optimum is unknown.
    pub fn inference_regret(&self, evaluations: usize) -> Option<f64> {
        self.regret_of(self.recommended_value(evaluations).unwrap_or(f64::INFINITY))
    }

    /// Returns the regret after 1, 2, … evaluations; `None` if the optimum is unknown.
    ///
    /// It is the inference regret if values are noisy, otherwise the simple regret. Recommendations
    /// are recorded at [`CHECKPOINTS`](crate::CHECKPOINTS); between them, the last one counts.
    pub fn regrets(&self) -> Option<Vec<f64>> {
        if self.noisy {
            (1..=self.budget).map(|count| self.inference_regret(count)).collect()
        } else {
            self.simple_regrets()
        }
    }

    /// Returns the run as if it recommended, after each evaluation, the trial with the smallest
    /// noiseless value.
    pub(super) fn recommending_the_best(mut self) -> Self {
        let ends = self.trials.iter().enumerate().filter_map(|(i, trial)| Some((trial.end?, i)));
        let mut ends: Vec<(f64, usize)> = ends.collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut best, mut recommended) = (None, Vec::new());
        for (count, (_, index)) in ends.into_iter().enumerate() {
            if let Some(value) = self.trials[index].noiseless
                && best.is_none_or(|(smallest, _)| value < smallest)
            {
                best = Some((value, index));
            }
            recommended.extend(best.map(|(_, index)| (count + 1, index)));
        }
        self.recommended = recommended;
        self
    }

    /// Returns the regret after the whole budget; `None` if the optimum is unknown.
    pub fn final_regret(&self) -> Option<f64> {
        self.regrets()?.last().copied()
    }

    /// Returns random search's mean regret after this many evaluations.
    ///
    /// It is the geometric mean where the regret has a heavy tail: where the mean after the budget
    /// is more than ten times the geometric mean. `None` if it is unknown, or not above 0.
    pub fn random_search_regret(&self, evaluations: usize) -> Option<f64> {
        self.random_means.as_ref()?.regret(evaluations, self.budget, self.optimum?)
    }

    /// Returns the score after this many evaluations; `None` beyond the budget or if unknown.
    pub fn score(&self, evaluations: usize) -> Option<f64> {
        let regret = *self.regrets()?.get(evaluations.checked_sub(1)?)?;
        Some(regret / self.random_search_regret(evaluations)?)
    }

    /// Returns the relative regret after 1, 2, … evaluations: 1 is random search's final regret.
    ///
    /// `None` if the optimum or the mean regret of random search is unknown.
    pub fn relative_regrets(&self) -> Option<Vec<f64>> {
        let reference = self.random_search_regret(self.budget)?;
        Some(self.regrets()?.into_iter().map(|regret| regret / reference).collect())
    }

    /// Returns log₁₀ of the relative regret at the [shares of the budget](BUDGET_DIVISORS).
    ///
    /// Relative regrets below `floor` count as that. `None` if they are unknown.
    pub fn log_relative_regrets(&self, floor: f64) -> Option<[f64; BUDGET_DIVISORS.len()]> {
        let regrets = self.relative_regrets()?;
        Some(BUDGET_DIVISORS.map(|divisor| {
            let count = self.budget.div_ceil(divisor);
            regrets[count - 1].max(floor).log10()
        }))
    }

    /// Returns the number of evaluations after which the relative regret is at most `target`.
    ///
    /// `None` if the run does not reach the target, or if its relative regret is unknown.
    pub fn evaluations_to_target(&self, target: f64) -> Option<usize> {
        Some(self.relative_regrets()?.iter().position(|regret| *regret <= target)? + 1)
    }

    /// Returns the mean over all evaluations of log₁₀ of the relative regret, at least that of
    /// `floor`.
    ///
    /// It is the area under the curve of the regret; smaller values mean earlier progress. `None`
    /// if the relative regret is unknown.
    pub fn log_area(&self, floor: f64) -> Option<f64> {
        let regrets = self.relative_regrets()?;
        #[allow(clippy::cast_precision_loss, reason = "a number of evaluations")]
        let count = regrets.len() as f64;
        Some(regrets.into_iter().map(|regret| regret.max(floor).log10()).sum::<f64>() / count)
    }

    /// Returns the number of noiseless values that are below the stated optimum.
    ///
    /// Their regret counts as 0. The optimum of some problems is only the best known value.
    pub fn values_below_optimum(&self) -> usize {
        let Some(optimum) = self.optimum else { return 0 };
        let limit =
            optimum - ROUNDING * optimum.abs().max(self.random_search_regret(1).unwrap_or(0.0));
        self.trials
            .iter()
            .filter_map(|trial| trial.noiseless)
            .filter(|value| *value < limit)
            .count()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random_means::RandomMeans;
    use crate::run::{Parallelism, Provenance, RunTrial};
    use surmise::space::Configuration;

    /// Returns a run with these noiseless values, optimum 1 and random search's means 11, 9, 8, …
    ///
    /// Each evaluation takes one second.
    pub(crate) fn run(values: &[Option<f64>]) -> Run {
        let means: RandomMeans =
            serde_json::from_str(r#"{"mean":[11.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0]}"#)
                .unwrap();
        let trial = |(index, value): (usize, &Option<f64>)| RunTrial {
            configuration: Configuration::from([("x", (index as f64).into())]),
            value: *value,
            noiseless: *value,
            start: index as f64,
            end: Some(index as f64 + 1.0),
        };
        Run {
            surmise: "0".to_owned(),
            suite: 1,
            problem: "line".to_owned(),
            instance: 0,
            data_hash: None,
            strategy: "s".to_owned(),
            settings: "0".to_owned(),
            seed: 1,
            attempt: 1,
            parallelism: Parallelism::Sequential,
            budget: 5,
            charged_proposals: false,
            has_own_durations: false,
            noisy: false,
            held_out_since: None,
            optimum: Some(1.0),
            random_means: Some(means),
            trials: values.iter().enumerate().map(trial).collect(),
            recommended: Vec::new(),
            duplicates: 0,
            violations: 0,
            error: None,
            ask_seconds: Vec::new(),
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn numbers_follow_their_definitions() {
        let run = run(&[None, Some(5.0), Some(6.0), Some(1.8), Some(0.9)]);
        // Before its first value, the run counts as one random configuration. A value below the
        // optimum counts as the optimum.
        assert_eq!(run.regrets().unwrap(), [10.0, 4.0, 4.0, 0.8, 0.0]);
        assert_eq!(run.score(1), Some(1.0));
        assert_eq!(run.score(5), Some(0.0));
        assert_eq!(run.score(0), None);
        assert_eq!(run.score(6), None);
        assert_eq!(run.relative_regrets().unwrap(), [1.25, 0.5, 0.5, 0.1, 0.0]);
        // After two, two, three and five of five evaluations.
        let shares = run.log_relative_regrets(0.1).unwrap();
        let want = [0.5_f64.log10(), 0.5_f64.log10(), 0.5_f64.log10(), -1.0];
        assert_eq!(shares.map(f64::to_bits), want.map(f64::to_bits));
        assert_eq!(run.evaluations_to_target(0.5), Some(2));
        assert_eq!(run.evaluations_to_target(0.05), Some(5));
        let area = (1.25_f64.log10() + 2.0 * 0.5_f64.log10() - 1.0 - 4.0) / 5.0;
        assert!((run.log_area(1e-4).unwrap() - area).abs() < 1e-12);
        assert_eq!(run.failures(), 1);
        assert_eq!(run.values_below_optimum(), 1);
    }

    #[test]
    fn an_incomplete_run_keeps_its_values() {
        let run = run(&[Some(5.0)]);
        assert_eq!(run.regrets().unwrap(), [4.0; 5]);
        let empty = Run { trials: Vec::new(), ..run };
        assert_eq!(empty.regrets().unwrap(), [10.0; 5]);
        assert_eq!(empty.score(5), Some(1.25));
    }

    #[test]
    fn the_recommended_trial_can_differ_from_the_best() {
        let run = Run {
            recommended: vec![(1, 0), (3, 1)],
            ..run(&[Some(9.0), Some(5.0), Some(3.0), Some(2.0), Some(2.0)])
        };
        assert_eq!(run.inference_regret(2), Some(8.0));
        assert_eq!(run.inference_regret(5), Some(4.0));
        assert_eq!(run.final_regret(), Some(1.0), "without noise, the best value is known");
        let noisy = Run { noisy: true, ..run };
        assert_eq!(noisy.regrets().unwrap(), [8.0, 8.0, 4.0, 4.0, 4.0], "what one would deploy");
        assert_eq!(noisy.score(5), Some(0.5));
    }

    /// The best trial is that of the simple regret; the recommendation does not count.
    #[test]
    fn a_noisy_run_can_count_with_its_best_trial() {
        let values = [None, Some(5.0), Some(6.0), Some(1.8), Some(2.0)];
        let mut run = Run { noisy: true, recommended: vec![(2, 1), (5, 2)], ..run(&values) };
        run.trials[3].end = Some(2.5);
        let best = run.clone().recommending_the_best();
        assert_eq!(best.recommended, [(2, 1), (3, 3), (4, 3), (5, 3)]);
        assert_eq!(best.regrets(), run.simple_regrets());
        assert_ne!(best.regrets(), run.regrets());
    }

    #[test]
    fn evaluations_count_in_the_order_of_their_ends() {
        let mut run = run(&[Some(5.0), Some(4.0), Some(3.0)]);
        run.trials[0].end = Some(9.0);
        run.trials[2].end = None;
        assert_eq!(run.best_values(), [4.0, 4.0, 4.0, 4.0, 4.0]);
    }

    #[test]
    fn without_an_optimum_there_is_no_regret() {
        let run = Run { optimum: None, ..run(&[Some(5.0)]) };
        assert!(run.regrets().is_none() && run.score(1).is_none() && run.log_area(1e-2).is_none());
        assert_eq!(run.best_values(), [5.0; 5]);
    }
}
