//! Whether failures lie in a part of the search space.
//!
//! For each parameter, each end of its range is cut off at each value that was tried, and each choice is looked at by itself. Of N trials M
//! failed; of n in the part m failed. The chance that so many or more fall into it if failures fall anywhere is the tail of the hypergeometric
//! distribution (Fisher's exact test); the parts that were looked at are counted against it (Bonferroni).

use std::collections::BTreeMap;

use surmise::cube::Axis;
use surmise::{Outcome, Trial, TrialId};

use super::finding::{Finding, FindingKind};
use crate::analysis::Analysis;
use crate::numbers::to_float;

/// Fewer failures have no place.
const FEWEST: usize = 3;
/// A part is found if chance alone gives one as pure less often than this.
const CHANCE: f64 = 0.01;
/// At least so large a share of the trials in the part failed.
const SHARE: f64 = 0.5;

/// A part of the search space, and what happened there.
struct Part {
    parameter: usize,
    text: String,
    failed: usize,
    trials: usize,
}

/// From this share of failures on, something is wrong with more than a part of the search space.
const MANY: f64 = 0.3;

/// Many failures, with the reason that most of them have.
pub(super) fn many(analysis: &Analysis<'_>) -> Option<Finding> {
    let mut reasons: BTreeMap<&str, (usize, TrialId)> = BTreeMap::new();
    let mut ended = 0;
    for trial in analysis.jobs().filter(|trial| trial.outcome.is_some()) {
        ended += 1;
        if let Some(Outcome::Failed(failure)) = &trial.outcome {
            reasons.entry(failure.message.as_str()).or_insert((0, trial.id)).0 += 1;
        }
    }
    let failed: usize = reasons.values().map(|(count, _)| count).sum();
    if failed < FEWEST || to_float(failed) < MANY * to_float(ended) {
        return None;
    }
    let (reason, (_, trial)) = reasons.into_iter().max_by_key(|(_, (count, _))| *count)?;
    Some(Finding {
        kind: FindingKind::ManyFailures,
        parameters: Vec::new(),
        message: format!("{failed} of {ended} trials failed; the most frequent reason: {reason}."),
        advice: format!(
            "See what the job of trial {trial} has printed; more trials of the same kind are of little use before that is mended."
        ),
    })
}

/// The part of the search space, of one parameter, where failures are least likely to have gathered by chance.
pub(super) fn with_a_place(analysis: &Analysis<'_>) -> Option<Finding> {
    // What says nothing of its place is left out, as by the strategy.
    let ended: Vec<(&Trial, bool)> = analysis
        .jobs()
        .filter_map(|trial| match trial.outcome.as_ref()? {
            Outcome::Failed(failure) => (!failure.kind.is_transient()).then_some((trial, true)),
            outcome => outcome.value().map(|_| (trial, false)),
        })
        .collect();
    let all_failed = ended.iter().filter(|(_, failed)| *failed).count();
    if all_failed < FEWEST || all_failed == ended.len() {
        return None;
    }
    let parts = parts(analysis, &ended);
    let looked_at = to_float(parts.len());
    let chance = |part: &Part| looked_at * tail(ended.len(), all_failed, part.trials, part.failed);
    let is_pure = |part: &&Part| to_float(part.failed) >= SHARE * to_float(part.trials);
    let best = parts.iter().filter(is_pure).min_by(|a, b| chance(a).total_cmp(&chance(b)))?;
    if chance(best) >= CHANCE {
        return None;
    }
    let name = analysis.study.space().ranges()[best.parameter].name();
    let outside = ended.len() - best.trials;
    Some(Finding {
        kind: FindingKind::FailuresHaveAPlace,
        parameters: vec![name.to_owned()],
        message: format!(
            "Failures have a place: of {} trials with {} {} failed, of the {outside} others {}.",
            best.trials,
            best.text,
            best.failed,
            all_failed - best.failed
        ),
        advice: format!("Take that part out of the range of {name}, or mend what fails there."),
    })
}

fn parts(analysis: &Analysis<'_>, ended: &[(&Trial, bool)]) -> Vec<Part> {
    let space = analysis.study.space();
    let mut parts = Vec::new();
    for (parameter, (axis, range)) in space.axes().iter().zip(space.ranges()).enumerate() {
        if axis.is_constant() {
            continue;
        }
        let mut places: Vec<(f64, String, bool)> = ended
            .iter()
            .filter_map(|(trial, failed)| {
                let coordinate = space.encode(&trial.configuration).ok()?[parameter];
                let value = trial.configuration.value(range.name())?.printed();
                Some((coordinate, value, *failed))
            })
            .collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = range.name();
        let groups: Vec<&[(f64, String, bool)]> =
            places.chunk_by(|a, b| axis.same(a.0, b.0)).collect();
        let failed = |places: &[(f64, String, bool)]| places.iter().filter(|p| p.2).count();
        if matches!(axis, Axis::Categories(_)) {
            parts.extend(groups.iter().map(|group| Part {
                parameter,
                text: format!("{name} = {}", group[0].1),
                failed: failed(group),
                trials: group.len(),
            }));
            continue;
        }
        let mut below = 0;
        for pair in groups.windows(2) {
            below += pair[0].len();
            let (low, high) = places.split_at(below);
            let text = [format!("{name} ≤ {}", pair[0][0].1), format!("{name} ≥ {}", pair[1][0].1)];
            parts.extend([low, high].into_iter().zip(text).map(|(part, text)| Part {
                parameter,
                text,
                failed: failed(part),
                trials: part.len(),
            }));
        }
    }
    parts
}

/// The chance that of `failed` failures among `all` trials at least `hits` fall into a part of `part` trials.
fn tail(all: usize, failed: usize, part: usize, hits: usize) -> f64 {
    let most = failed.min(part);
    let log_all = log_choose(all, part);
    (hits..=most)
        .filter(|hits| part - hits <= all - failed)
        .map(|hits| {
            (log_choose(failed, hits) + log_choose(all - failed, part - hits) - log_all).exp()
        })
        .sum()
}

/// ln of the number of ways to choose `chosen` of `all`.
fn log_choose(all: usize, chosen: usize) -> f64 {
    (0..chosen.min(all - chosen)).map(|i| (to_float(all - i) / to_float(i + 1)).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By counting: 20 ways to choose 3 of 6; with 3 failures among them, 1 has all three and 9 have two.
    #[test]
    fn chances_are_counted() {
        assert!((tail(6, 3, 3, 3) - 1.0 / 20.0).abs() < 1e-12);
        assert!((tail(6, 3, 3, 2) - 10.0 / 20.0).abs() < 1e-12);
        assert!((tail(6, 3, 3, 0) - 1.0).abs() < 1e-12);
        assert!((tail(6, 5, 4, 3) - 1.0).abs() < 1e-12);
        assert!(tail(10_000, 5_000, 5_000, 5_000) < 1e-300);
    }
}
