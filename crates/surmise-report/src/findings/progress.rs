//! Checks whether the best value still improves.

use super::finding::{Finding, FindingKind};
use crate::analysis::Analysis;
use crate::numbers::{format_number, to_float};

/// The minimum number of jobs for a finding.
const MIN_JOBS: usize = 10;
/// The minimum number of jobs without an improvement for a finding.
const MIN_STAGNATION: usize = 20;
/// The minimum share of all jobs without an improvement for a finding.
const MIN_STAGNATION_SHARE: f64 = 0.5;
/// The share of the jobs, the last ones, in which an improvement counts as late.
const LATE_SHARE: f64 = 0.15;
/// The minimum improvement, as a share of the difference between the median and the best loss.
const MIN_IMPROVEMENT: f64 = 0.05;

/// Finds that the last trials brought no improvement, or that the best value still improves.
pub(super) fn check_progress(analysis: &Analysis<'_>) -> Option<Finding> {
    let jobs: Vec<_> = analysis.jobs().collect();
    if jobs.len() < MIN_JOBS || jobs.iter().any(|trial| trial.outcome.is_none()) {
        return None;
    }
    let objective = analysis.study.objective();
    let loss = |trial: &surmise::Trial| trial.value().map(|value| objective.loss(value));
    let sorted = analysis.sorted_losses();
    let (best, median) = (*sorted.first()?, sorted[sorted.len() / 2]);
    let best_index = jobs.iter().position(|trial| loss(trial) == Some(best))?;
    let stagnation = jobs.len() - 1 - best_index;
    let finding = |kind, message, advice: &str| {
        Some(Finding { kind, parameters: Vec::new(), message, advice: advice.to_owned() })
    };
    let min_stagnation = MIN_STAGNATION_SHARE * to_float(jobs.len());
    if stagnation >= MIN_STAGNATION && to_float(stagnation) >= min_stagnation {
        return finding(
            FindingKind::NoImprovement,
            format!("The last {stagnation} of {} trials brought no improvement.", jobs.len()),
            "Stop the tuning, or change the search space. `--patience N` stops a tuning after N \
             trials without an improvement.",
        );
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
    let early_count = jobs.len() - (LATE_SHARE * to_float(jobs.len())).ceil() as usize;
    let earlier_best =
        jobs[..early_count].iter().filter_map(|trial| loss(trial)).min_by(f64::total_cmp)?;
    let gain = earlier_best - best;
    if gain > MIN_IMPROVEMENT * (median - best) && gain > 0.0 {
        return finding(
            FindingKind::StillImproving,
            format!(
                "The best value improved from {} to {} in the last {} of {} trials.",
                format_number(objective.value(earlier_best)),
                format_number(objective.value(best)),
                jobs.len() - early_count,
                jobs.len()
            ),
            "More trials will probably improve it further: increase the number of jobs, and \
             resume.",
        );
    }
    None
}
