//! Which trials are drawn and listed, where there are too many for a page.

use std::collections::HashSet;

use surmise::{Trial, TrialId};

use crate::analysis::Analysis;

/// At most so many trials are listed, and drawn where each has one mark.
const MOST: usize = 1000;
/// At most so many are drawn where each has a mark in each of many pictures.
const FEW: usize = 300;

/// All trials, or of too many the best, the last and an even choice of the others, in order.
pub(crate) fn shown<'a>(analysis: &Analysis<'a>) -> Vec<&'a Trial> {
    choice(analysis, MOST)
}

/// The same for pictures of many parts; all of these are [`shown`].
pub(super) fn few_shown<'a>(analysis: &Analysis<'a>) -> Vec<&'a Trial> {
    let shown = shown(analysis);
    if shown.len() <= FEW {
        return shown;
    }
    let chosen = choice(analysis, FEW);
    let chosen: HashSet<TrialId> = chosen.iter().map(|trial| trial.id).collect();
    shown.into_iter().filter(|trial| chosen.contains(&trial.id)).collect()
}

fn choice<'a>(analysis: &Analysis<'a>, most: usize) -> Vec<&'a Trial> {
    let trials: Vec<&Trial> = analysis.study.trials().iter().collect();
    if trials.len() <= most {
        return trials;
    }
    let part = most / 3;
    let mut order: Vec<(&Trial, f64)> = analysis.losses().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut chosen: HashSet<TrialId> = order.iter().take(part).map(|(trial, _)| trial.id).collect();
    chosen.extend(trials[trials.len() - part..].iter().map(|trial| trial.id));
    let others: Vec<&Trial> =
        trials.iter().filter(|trial| !chosen.contains(&trial.id)).copied().collect();
    let wanted = most - chosen.len();
    chosen.extend((0..wanted).map(|place| others[place * others.len() / wanted].id));
    trials.into_iter().filter(|trial| chosen.contains(&trial.id)).collect()
}
