//! Whether the best value still improves.

use super::finding::{Finding, FindingKind};
use crate::analysis::Analysis;
use crate::numbers::{number, to_float};

/// With fewer jobs nothing is said.
const ENOUGH: usize = 10;
/// Without an improvement in so many jobs there was none for long, if it is this share of all, too.
const LONG: usize = 20;
const LONG_SHARE: f64 = 0.5;
/// The last share of the jobs, in which an improvement means that there may be more.
const LAST: f64 = 0.15;
/// An improvement counts from this share of the distance between the median and the best value on.
const WORTH: f64 = 0.05;

/// No improvement for long, or one in the last jobs.
pub(super) fn check(analysis: &Analysis<'_>) -> Option<Finding> {
    let jobs: Vec<_> = analysis.jobs().collect();
    if jobs.len() < ENOUGH || jobs.iter().any(|trial| trial.outcome.is_none()) {
        return None;
    }
    let objective = analysis.study.objective();
    let loss = |trial: &surmise::Trial| trial.value().map(|value| objective.loss(value));
    let sorted = analysis.sorted_losses();
    let (best, median) = (*sorted.first()?, sorted[sorted.len() / 2]);
    let place = jobs.iter().position(|trial| loss(trial) == Some(best))?;
    let since = jobs.len() - 1 - place;
    let finding = |kind, message, advice: &str| {
        Some(Finding { kind, parameters: Vec::new(), message, advice: advice.to_owned() })
    };
    if since >= LONG && to_float(since) >= LONG_SHARE * to_float(jobs.len()) {
        return finding(
            FindingKind::NoImprovement,
            format!("The last {since} of {} trials brought no improvement.", jobs.len()),
            "More trials of the same search are not worth much: end it (`--patience` does so by itself), or change the search space.",
        );
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
    let before = jobs.len() - (LAST * to_float(jobs.len())).ceil() as usize;
    let earlier = jobs[..before].iter().filter_map(|trial| loss(trial)).min_by(f64::total_cmp)?;
    let gain = earlier - best;
    if gain > WORTH * (median - best) && gain > 0.0 {
        return finding(
            FindingKind::StillImproving,
            format!(
                "The best value improved from {} to {} in the last {} of {} trials.",
                number(objective.value(earlier)),
                number(objective.value(best)),
                jobs.len() - before,
                jobs.len()
            ),
            "More trials are likely to bring more: raise the number of jobs, and go on.",
        );
    }
    None
}
