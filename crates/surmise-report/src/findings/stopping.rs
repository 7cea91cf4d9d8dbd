//! What early stopping would have saved: the median rule, applied to what was reported.

use surmise::drawing::percent;
use surmise::stopping::Curves;
use surmise::{EarlyStopping, TrialId};

use super::finding::{Finding, FindingKind};
use crate::analysis::Analysis;

/// Fewer trials with reports say nothing.
const ENOUGH: usize = 8;
/// A smaller share of the steps is not worth a change.
const WORTH: f64 = 0.15;

/// The share of all steps that the median rule would have saved, where no job was stopped early and the best one would not have been.
pub(super) fn savings(analysis: &Analysis<'_>) -> Option<Finding> {
    let study = analysis.study;
    let trials: Vec<_> = analysis
        .jobs()
        .filter(|trial| trial.value().is_some() && trial.reports.len() > 1)
        .collect();
    let was_stopped = analysis
        .jobs()
        .any(|trial| trial.stop_asked.is_some_and(|cause| cause.decided_on().is_some()));
    if trials.len() < ENOUGH || was_stopped {
        return None;
    }
    let rule = EarlyStopping::auto();
    let mut curves = Curves::of(study.objective(), []);
    let (mut all, mut saved, mut stopped) = (0, 0, Vec::<TrialId>::new());
    for trial in &trials {
        all += trial.reports.len();
        let stop = trial.reports.iter().position(|report| {
            curves.add(trial.id, *report);
            curves.verdict(&rule, trial.id, *report, None).is_some()
        });
        match stop {
            Some(place) => {
                saved += trial.reports.len() - 1 - place;
                stopped.push(trial.id);
            }
            None => {
                if let Some(outcome) = &trial.outcome {
                    curves.end(trial.id, outcome);
                }
            }
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of reports")]
    let share = saved as f64 / all as f64;
    let spares_best = study.best().is_some_and(|best| !stopped.contains(&best.id));
    (share >= WORTH && spares_best).then(|| Finding {
        kind: FindingKind::EarlyStoppingWouldSave,
        parameters: Vec::new(),
        message: format!(
            "The median rule would have stopped {} of {} trials and saved {} of all steps; the best trial would have run to its end.",
            stopped.len(),
            trials.len(),
            percent(share)
        ),
        advice: "Turn early stopping on (`--early-stopping median`).".to_owned(),
    })
}
