//! The numbers of one run.
//!
//! | number | definition |
//! | --- | --- |
//! | regret after n evaluations | the least noiseless value that was tried − the optimum, at least 0 |
//! | inference regret | the same of the trial that the strategy recommends |
//! | score | regret ⁄ (random search's mean best after as many evaluations − the optimum): 1 is as good as random search, 0 is perfect |
//! | progress | regret after n evaluations ⁄ what random search's is at the whole budget |
//!
//! Until a run has a value, it counts as what one random configuration gives on average: a run that broke off is not dropped.

use crate::run::Run;

/// Progress below this is as good as done, in areas and verdicts.
pub const PROGRESS_FLOOR: f64 = 1e-4;

impl Run {
    fn regret(&self, value: f64) -> Option<f64> {
        let optimum = self.optimum?;
        let value = if value.is_finite() {
            value
        } else {
            self.random_means.as_ref().and_then(|means| means.at(1)).unwrap_or(value)
        };
        Some((value - optimum).max(0.0))
    }

    /// Simple regret after 1, 2, … evaluations; `None` if the optimum is not known.
    pub fn regrets(&self) -> Option<Vec<f64>> {
        self.bests().into_iter().map(|best| self.regret(best)).collect()
    }

    /// Simple regret after the whole budget.
    pub fn final_regret(&self) -> Option<f64> {
        self.regrets()?.last().copied()
    }

    /// Regret of the trial that was recommended after so many evaluations.
    pub fn inference_regret(&self, evaluations: usize) -> Option<f64> {
        self.regret(self.recommended_value(evaluations).unwrap_or(f64::INFINITY))
    }

    /// Random search's mean regret after so many evaluations; `None` if it is not known, or not above 0.
    pub fn random_regret(&self, evaluations: usize) -> Option<f64> {
        let regret = self.random_means.as_ref()?.at(evaluations)? - self.optimum?;
        (regret > 0.0).then_some(regret)
    }

    /// The score after so many evaluations, at most the budget.
    pub fn score(&self, evaluations: usize) -> Option<f64> {
        let regret = *self.regrets()?.get(evaluations.checked_sub(1)?)?;
        Some(regret / self.random_regret(evaluations)?)
    }

    /// The score of the trial that was recommended after so many evaluations.
    pub fn inference_score(&self, evaluations: usize) -> Option<f64> {
        Some(self.inference_regret(evaluations)? / self.random_regret(evaluations)?)
    }

    /// Progress after 1, 2, … evaluations.
    pub fn progress(&self) -> Option<Vec<f64>> {
        let unit = self.random_regret(self.budget)?;
        Some(self.regrets()?.into_iter().map(|regret| regret / unit).collect())
    }

    /// After how many evaluations progress came to `target`.
    pub fn evaluations_to(&self, target: f64) -> Option<usize> {
        Some(self.progress()?.iter().position(|progress| *progress <= target)? + 1)
    }

    /// The area under the curve of log₁₀ of progress, by the number of evaluations: its mean height, floored at
    /// [`PROGRESS_FLOOR`].
    pub fn log_area(&self) -> Option<f64> {
        let progress = self.progress()?;
        #[allow(clippy::cast_precision_loss, reason = "a number of evaluations")]
        let count = progress.len() as f64;
        Some(progress.into_iter().map(|p| p.max(PROGRESS_FLOOR).log10()).sum::<f64>() / count)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random_means::RandomMeans;
    use crate::run::{Parallelism, RunTrial};
    use surmise::space::Configuration;

    /// A run with these noiseless values, one second each, where the optimum is 1 and random search reaches 11, 9, 8, …
    pub(crate) fn run(values: &[Option<f64>]) -> Run {
        let means: RandomMeans =
            serde_json::from_str("[11.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0]").unwrap();
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
            strategy: "s".to_owned(),
            settings: "0".to_owned(),
            seed: 1,
            parallelism: Parallelism::Sequential,
            budget: 5,
            optimum: Some(1.0),
            random_means: Some(means),
            trials: values.iter().enumerate().map(trial).collect(),
            recommended: Vec::new(),
            duplicates: 0,
            violations: 0,
            error: None,
            ask_seconds: Vec::new(),
        }
    }

    #[test]
    fn numbers_are_what_their_definitions_say() {
        let run = run(&[None, Some(5.0), Some(6.0), Some(1.8), Some(0.9)]);
        // Nothing yet counts as one random configuration; a value below the optimum counts as the optimum.
        assert_eq!(run.regrets().unwrap(), [10.0, 4.0, 4.0, 0.8, 0.0]);
        assert_eq!(run.score(1), Some(1.0));
        assert_eq!(run.score(5), Some(0.0));
        assert_eq!(run.score(0), None);
        assert_eq!(run.score(6), None);
        assert_eq!(run.progress().unwrap(), [1.25, 0.5, 0.5, 0.1, 0.0]);
        assert_eq!(run.evaluations_to(0.5), Some(2));
        assert_eq!(run.evaluations_to(0.05), Some(5));
        let area = (1.25_f64.log10() + 2.0 * 0.5_f64.log10() - 1.0 - 4.0) / 5.0;
        assert!((run.log_area().unwrap() - area).abs() < 1e-12);
        assert_eq!(run.failures(), 1);
    }

    #[test]
    fn a_run_that_broke_off_keeps_what_it_had() {
        let run = run(&[Some(5.0)]);
        assert_eq!(run.regrets().unwrap(), [4.0; 5]);
        let nothing = Run { trials: Vec::new(), ..run };
        assert_eq!(nothing.regrets().unwrap(), [10.0; 5]);
        assert_eq!(nothing.score(5), Some(1.25));
    }

    #[test]
    fn what_is_recommended_need_not_be_the_best() {
        let run = Run {
            recommended: vec![(1, 0), (3, 1)],
            ..run(&[Some(9.0), Some(5.0), Some(3.0), Some(2.0), Some(2.0)])
        };
        assert_eq!(run.inference_regret(2), Some(8.0));
        assert_eq!(run.inference_regret(5), Some(4.0));
        assert_eq!(run.final_regret(), Some(1.0));
        assert_eq!(run.inference_score(5), Some(0.5));
    }

    #[test]
    fn evaluations_are_counted_as_they_end() {
        let mut run = run(&[Some(5.0), Some(4.0), Some(3.0)]);
        run.trials[0].end = Some(9.0);
        run.trials[2].end = None;
        assert_eq!(run.bests(), [4.0, 4.0, 4.0, 4.0, 4.0]);
        assert_eq!(run.bests_by_time(), [(2.0, 4.0)]);
    }

    #[test]
    fn without_an_optimum_there_is_no_regret() {
        let run = Run { optimum: None, ..run(&[Some(5.0)]) };
        assert!(run.regrets().is_none() && run.score(1).is_none() && run.log_area().is_none());
        assert_eq!(run.bests(), [5.0; 5]);
    }
}
