//! Selects the trials that are drawn and listed, if a study has too many for a page.

use std::collections::HashSet;

use surmise::{Trial, TrialId};

use crate::analysis::Analysis;

/// The maximum number of trials in the table, and in pictures with one mark for each trial.
const MAX_TRIALS: usize = 1000;
/// The maximum number of trials in pictures with several marks for each trial.
const MAX_FEW_TRIALS: usize = 300;

/// Returns the trials in order, at most 1,000.
///
/// Of more trials, it returns the best, the last, and an even selection of the rest.
pub(crate) fn select_trials<'a>(analysis: &Analysis<'a>) -> Vec<&'a Trial> {
    select(analysis, MAX_TRIALS)
}

/// Returns at most 300 of the trials of [`select_trials`], chosen in the same way.
pub(super) fn select_few_trials<'a>(analysis: &Analysis<'a>) -> Vec<&'a Trial> {
    let selected = select_trials(analysis);
    if selected.len() <= MAX_FEW_TRIALS {
        return selected;
    }
    let chosen = select(analysis, MAX_FEW_TRIALS);
    let chosen: HashSet<TrialId> = chosen.iter().map(|trial| trial.id).collect();
    selected.into_iter().filter(|trial| chosen.contains(&trial.id)).collect()
}

fn select<'a>(analysis: &Analysis<'a>, max_count: usize) -> Vec<&'a Trial> {
    let trials: Vec<&Trial> = analysis.study.trials().iter().collect();
    if trials.len() <= max_count {
        return trials;
    }
    let third = max_count / 3;
    let mut by_loss: Vec<(&Trial, f64)> = analysis.losses().collect();
    by_loss.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut chosen: HashSet<TrialId> =
        by_loss.iter().take(third).map(|(trial, _)| trial.id).collect();
    chosen.extend(trials[trials.len() - third..].iter().map(|trial| trial.id));
    let remaining: Vec<&Trial> =
        trials.iter().filter(|trial| !chosen.contains(&trial.id)).copied().collect();
    let count = max_count - chosen.len();
    let even = (0..count).map(|index| remaining[index * remaining.len() / count].id);
    chosen.extend(even);
    trials.into_iter().filter(|trial| chosen.contains(&trial.id)).collect()
}
