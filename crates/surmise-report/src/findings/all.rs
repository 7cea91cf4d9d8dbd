//! All checks, in the order in which their findings are worth reading.

use super::finding::{Finding, FindingKind};
use super::{failures, model, progress, search_space, stopping};
use crate::analysis::Analysis;

impl Analysis<'_> {
    /// What is remarkable about the study, and what to do about it: the most urgent first. Empty where all is well.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = failures::with_a_place(self).into_iter().collect();
        findings.extend(failures::many(self));
        match &self.model {
            Some(model) => {
                findings.extend(model::trust(model));
                findings.extend(search_space::ends(self, model));
                findings.extend(search_space::interactions(model));
                findings.extend(search_space::fixable(self, model));
            }
            None => findings.extend(without_model(self)),
        }
        findings.extend(search_space::starved(self));
        findings.extend(progress::check(self));
        findings.extend(stopping::savings(self));
        findings
    }
}

fn without_model(analysis: &Analysis<'_>) -> Option<Finding> {
    let count = analysis.losses().count();
    let failed =
        analysis.jobs().any(|trial| matches!(trial.outcome, Some(surmise::Outcome::Failed(_))));
    let mut losses = analysis.losses().map(|(_, loss)| loss);
    let first = losses.next();
    let is_flat = count > 1 && losses.all(|loss| Some(loss) == first);
    let (message, advice) = if is_flat {
        (
            format!("All {count} values are the same."),
            "Check that the metric is the one that is meant, and that the program uses its parameters.",
        )
    } else {
        (
            format!("There are too few values for a model: {count}, and five are the least."),
            if failed {
                "Let more trials run, if their failures are understood."
            } else {
                "Let more trials run."
            },
        )
    };
    (analysis.study.trials().iter().any(|trial| trial.outcome.is_some())).then(|| Finding {
        kind: FindingKind::NoModel,
        parameters: Vec::new(),
        message,
        advice: advice.to_owned(),
    })
}
