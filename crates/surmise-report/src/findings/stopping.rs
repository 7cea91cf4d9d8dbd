//! Checks how many steps the median rule for early stopping would have saved.

use surmise::drawing::format_percent;
use surmise::stopping::LearningCurves;
use surmise::{EarlyStopping, TrialId};

use super::finding::{Finding, FindingKind};
use crate::analysis::Analysis;

/// The minimum number of trials with reports for a finding.
const MIN_TRIALS: usize = 8;
/// The minimum share of saved steps for a finding.
const MIN_SAVINGS: f64 = 0.15;

/// Finds that the median rule would have saved many steps without stopping the best trial.
///
/// There is no finding if the study already stops trials early.
pub(super) fn check_savings(analysis: &Analysis<'_>) -> Option<Finding> {
    let study = analysis.study;
    let trials: Vec<_> = analysis
        .jobs()
        .filter(|trial| trial.value().is_some() && trial.reports.len() > 1)
        .collect();
    let has_early_stopping = analysis
        .jobs()
        .any(|trial| trial.stop_cause.is_some_and(|cause| cause.deciding_value().is_some()));
    if trials.len() < MIN_TRIALS || has_early_stopping {
        return None;
    }
    let rule = EarlyStopping::auto();
    let mut curves = LearningCurves::from_trials(study.objective(), []);
    let (mut all_reports, mut saved_reports, mut stopped) = (0, 0, Vec::<TrialId>::new());
    for trial in &trials {
        all_reports += trial.reports.len();
        let stop_index = trial.reports.iter().position(|report| {
            curves.add_report(trial.id, *report);
            curves.decide(&rule, trial.id, *report, None).is_some()
        });
        match stop_index {
            Some(index) => {
                saved_reports += trial.reports.len() - 1 - index;
                stopped.push(trial.id);
            }
            None => {
                if let Some(outcome) = &trial.outcome {
                    curves.finish(trial.id, outcome);
                }
            }
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of reports")]
    let share = saved_reports as f64 / all_reports as f64;
    let keeps_best = study.best().is_some_and(|best| !stopped.contains(&best.id));
    (share >= MIN_SAVINGS && keeps_best).then(|| Finding {
        kind: FindingKind::EarlyStoppingWouldSave,
        parameters: Vec::new(),
        message: format!(
            "The median rule would have stopped {} of {} trials early, but not the best one, and \
             saved {} of all steps.",
            stopped.len(),
            trials.len(),
            format_percent(share)
        ),
        advice: "Use early stopping (`--early-stopping median`).".to_owned(),
    })
}
