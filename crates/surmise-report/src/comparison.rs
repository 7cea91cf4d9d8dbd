//! Compares several studies with the same metric.

use surmise::{Goal, Outcome, Study};

/// A comparison of several studies with the same metric and goal, each with a name.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub(crate) studies: Vec<(String, &'a Study)>,
}

/// The results of a study.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StudySummary {
    /// The name of the study.
    pub name: String,
    /// The name of the strategy.
    pub strategy: String,
    /// The seed of the study.
    pub seed: u64,
    /// The number of all trials.
    pub trials: usize,
    /// The number of trials that failed.
    pub failed: usize,
    /// The best values after a quarter, a half and all of the trials of the shortest study.
    ///
    /// Studies without a value do not count as the shortest one. `None` if none of these trials has
    /// a value.
    pub best_after: [Option<f64>; 3],
    /// The best value of all trials; `None` if no trial has a value.
    pub best: Option<f64>,
}

impl<'a> Comparison<'a> {
    /// Creates a comparison of studies; `None` for an empty list, or if metrics or goals differ.
    pub fn new(studies: Vec<(String, &'a Study)>) -> Option<Self> {
        let first = studies.first()?.1.objective();
        studies.iter().all(|(_, study)| study.objective() == first).then_some(Self { studies })
    }

    /// Returns the results of each study, in the order of [`new`](Self::new).
    pub fn study_summaries(&self) -> Vec<StudySummary> {
        let with_value = self.studies.iter().filter(|(_, study)| study.best().is_some());
        let shortest = with_value.map(|(_, study)| study.trials().len()).min().unwrap_or(0);
        let summary = |(name, study): &(String, &Study)| {
            let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
            let failed =
                study.trials().iter().filter(|trial| trial.outcome.as_ref().is_some_and(is_failed));
            let best_after = |trials: usize| {
                let losses = study
                    .trials()
                    .iter()
                    .take(trials)
                    .filter_map(|trial| Some(study.objective().loss(trial.value()?)));
                losses.min_by(f64::total_cmp).map(|loss| study.objective().value(loss))
            };
            StudySummary {
                name: name.clone(),
                strategy: study.strategy().description().name,
                seed: study.settings().seed,
                trials: study.trials().len(),
                failed: failed.count(),
                best_after: [shortest.div_ceil(4), shortest.div_ceil(2), shortest].map(best_after),
                best: best_after(usize::MAX),
            }
        };
        self.studies.iter().map(summary).collect()
    }

    /// Returns the names of the parameters whose ranges differ between studies.
    pub fn differing_ranges(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, study) in &self.studies {
            for range in study.space().ranges() {
                let has_range =
                    |(_, study): &(String, &Study)| study.space().ranges().contains(range);
                let is_new = !names.iter().any(|name| name == range.name());
                if is_new && !self.studies.iter().all(has_range) {
                    names.push(range.name().to_owned());
                }
            }
        }
        names
    }

    /// Describes the results in a few sentences.
    pub fn summary(&self) -> Vec<String> {
        let summaries = self.study_summaries();
        let objective = self.studies[0].1.objective();
        let loss = |summary: &&StudySummary| summary.best.map(|value| objective.loss(value));
        let with_value = summaries.iter().filter(|summary| summary.best.is_some());
        let better = match objective.goal {
            Goal::Minimize => "smaller",
            Goal::Maximize => "larger",
        };
        let mut sentences = vec![format!(
            "{} studies of {}; {better} is better.",
            summaries.len(),
            objective.metric_name
        )];
        let best = with_value.min_by(|a, b| {
            loss(a).unwrap_or(f64::INFINITY).total_cmp(&loss(b).unwrap_or(f64::INFINITY))
        });
        let differing = self.differing_ranges();
        if !differing.is_empty() {
            sentences.push(format!(
                "The search spaces differ in {}; the values may not be comparable.",
                differing.join(", ")
            ));
        }
        if let Some(StudySummary { name, best: Some(value), trials, .. }) = best {
            let value = crate::numbers::format_number(*value);
            sentences.push(format!("{name} has the best value, {value}, after {trials} trials."));
        }
        sentences.push(
            "One study for each strategy is not enough to compare strategies: two studies of one \
             strategy differ by chance. Compare several seeds."
                .to_owned(),
        );
        sentences
    }
}
