//! Several studies side by side: strategies, seeds, search spaces.

use surmise::{Goal, Outcome, Study};

/// Several studies of the same metric, each with a name.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub(crate) studies: Vec<(String, &'a Study)>,
}

/// What a study came to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Compared {
    /// The study's name.
    pub name: String,
    /// The strategy's name.
    pub strategy: String,
    /// The seed.
    pub seed: u64,
    /// The number of trials.
    pub trials: usize,
    /// How many of them failed.
    pub failed: usize,
    /// The best value after a quarter, a half and all of as many trials as the shortest of the studies that have a value has.
    pub best_after: [Option<f64>; 3],
    /// The best value of all.
    pub best: Option<f64>,
}

impl<'a> Comparison<'a> {
    /// Compares studies. `None` if there are none, or they do not have the same metric and goal.
    pub fn of(studies: Vec<(String, &'a Study)>) -> Option<Self> {
        let first = studies.first()?.1.objective();
        studies.iter().all(|(_, study)| study.objective() == first).then_some(Self { studies })
    }

    /// What each study came to, in the order in which they were given.
    pub fn compared(&self) -> Vec<Compared> {
        let with_value = self.studies.iter().filter(|(_, study)| study.best().is_some());
        let shortest = with_value.map(|(_, study)| study.trials().len()).min().unwrap_or(0);
        let each = |(name, study): &(String, &Study)| {
            let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
            let failed =
                study.trials().iter().filter(|trial| trial.outcome.as_ref().is_some_and(is_failed));
            let after = |trials: usize| {
                let losses = study
                    .trials()
                    .iter()
                    .take(trials)
                    .filter_map(|trial| Some(study.objective().loss(trial.value()?)));
                losses.min_by(f64::total_cmp).map(|loss| study.objective().value(loss))
            };
            Compared {
                name: name.clone(),
                strategy: study.strategy().description().name,
                seed: study.settings().seed,
                trials: study.trials().len(),
                failed: failed.count(),
                best_after: [shortest.div_ceil(4), shortest.div_ceil(2), shortest].map(after),
                best: after(usize::MAX),
            }
        };
        self.studies.iter().map(each).collect()
    }

    /// Names of parameters whose ranges are not the same in all studies, in order.
    pub fn differing_ranges(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, study) in &self.studies {
            for range in study.space().ranges() {
                let is_there =
                    |(_, other): &(String, &Study)| other.space().ranges().contains(range);
                let is_new = !names.iter().any(|name| name == range.name());
                if is_new && !self.studies.iter().all(is_there) {
                    names.push(range.name().to_owned());
                }
            }
        }
        names
    }

    /// What came out, as sentences.
    pub fn summary(&self) -> Vec<String> {
        let compared = self.compared();
        let objective = self.studies[0].1.objective();
        let loss = |one: &&Compared| one.best.map(|value| objective.loss(value));
        let with_value = compared.iter().filter(|one| one.best.is_some());
        let better = match objective.goal {
            Goal::Minimize => "smaller",
            Goal::Maximize => "larger",
        };
        let mut sentences = vec![format!(
            "{} studies of {}; {better} is better.",
            compared.len(),
            objective.metric_name
        )];
        let best = with_value.min_by(|a, b| {
            loss(a).unwrap_or(f64::INFINITY).total_cmp(&loss(b).unwrap_or(f64::INFINITY))
        });
        let differing = self.differing_ranges();
        if !differing.is_empty() {
            sentences.push(format!(
                "The search spaces differ in {}: their values may not be comparable.",
                differing.join(", ")
            ));
        }
        if let Some(Compared { name, best: Some(value), trials, .. }) = best {
            let value = crate::numbers::number(*value);
            sentences
                .push(format!("The best value, {value}, is that of {name}, of {trials} trials."));
        }
        sentences.push(
            "One study each says little of strategies: chance alone makes two studies of the same strategy differ. Compare several seeds."
                .to_owned(),
        );
        sentences
    }
}
