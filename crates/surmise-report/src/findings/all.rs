//! All checks, in the order of their urgency.

use super::finding::{Finding, FindingKind};
use super::{failures, model, progress, search_space, stopping};
use crate::analysis::Analysis;

impl Analysis<'_> {
    /// Returns the findings about the study, each with advice, the most urgent first.
    ///
    /// The list is empty if no check finds anything.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = failures::check_region(self).into_iter().collect();
        findings.extend(failures::check_count(self));
        match &self.model {
            Some(model) => {
                findings.extend(model::check_model(model));
                findings.extend(search_space::check_range_ends(self, model));
                findings.extend(search_space::check_interactions(model));
                findings.extend(search_space::check_fixable_parameters(self, model));
            }
            None => findings.extend(check_value_count(self)),
        }
        findings.extend(search_space::check_undersampled_categories(self));
        findings.extend(progress::check_progress(self));
        findings.extend(stopping::check_savings(self));
        findings
    }
}

/// Finds that the study has too few or only equal values for a model.
fn check_value_count(analysis: &Analysis<'_>) -> Option<Finding> {
    let count = analysis.losses().count();
    let has_failures =
        analysis.jobs().any(|trial| matches!(trial.outcome, Some(surmise::Outcome::Failed(_))));
    let mut losses = analysis.losses().map(|(_, loss)| loss);
    let first = losses.next();
    let is_flat = count > 1 && losses.all(|loss| Some(loss) == first);
    let (message, advice) = if is_flat {
        (
            format!("All {count} values are equal."),
            "Check that the study reads the right metric, and that the program uses its \
             parameters.",
        )
    } else {
        (
            format!("There are too few values for a model: {count}; it needs at least five."),
            if has_failures {
                "Find the cause of the failures, then run more trials."
            } else {
                "Run more trials."
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
