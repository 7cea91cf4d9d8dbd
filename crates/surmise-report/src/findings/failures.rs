//! Checks for many failures, and for failures in one region of the search space.
//!
//! The regions are, for each parameter, the values below and above each tried value, and each
//! category. M of all N trials failed, m of n in the region. If failures were independent of the
//! region, the probability of m or more failures would be a tail of the hypergeometric distribution
//! (Fisher's exact test). It is multiplied by the number of regions (Bonferroni's correction).

use std::collections::BTreeMap;

use surmise::unit_cube::Axis;
use surmise::{Outcome, Trial, TrialId};

use super::finding::{Finding, FindingKind};
use crate::analysis::Analysis;
use crate::numbers::to_float;

/// The minimum number of failures for a finding.
const MIN_FAILURES: usize = 3;
/// The significance level of the test for a region.
const LEVEL: f64 = 0.01;
/// The minimum share of failed trials in the region.
const MIN_SHARE_IN_REGION: f64 = 0.5;

/// A region of the search space: an interval or a category of one parameter.
struct Region {
    parameter: usize,
    description: String,
    failed: usize,
    trials: usize,
}

/// The minimum share of failures for the finding that many trials failed.
const MIN_SHARE_OF_ALL: f64 = 0.3;

/// Finds that many trials failed, with the most frequent reason.
pub(super) fn check_count(analysis: &Analysis<'_>) -> Option<Finding> {
    let mut reasons: BTreeMap<&str, (usize, TrialId)> = BTreeMap::new();
    let mut ended = 0;
    for trial in analysis.jobs().filter(|trial| trial.outcome.is_some()) {
        ended += 1;
        if let Some(Outcome::Failed(failure)) = &trial.outcome {
            reasons.entry(failure.message.as_str()).or_insert((0, trial.id)).0 += 1;
        }
    }
    let failed: usize = reasons.values().map(|(count, _)| count).sum();
    if failed < MIN_FAILURES || to_float(failed) < MIN_SHARE_OF_ALL * to_float(ended) {
        return None;
    }
    let (reason, (_, trial)) = reasons.into_iter().max_by_key(|(_, (count, _))| *count)?;
    Some(Finding {
        kind: FindingKind::ManyFailures,
        parameters: Vec::new(),
        message: format!(
            "{failed} of {ended} trials failed; the most frequent reason is: {reason}."
        ),
        advice: format!(
            "Read the output of the job of trial {trial}, and fix the cause before you run more \
             trials."
        ),
    })
}

/// Finds the region of one parameter in which failures are most significantly concentrated.
pub(super) fn check_region(analysis: &Analysis<'_>) -> Option<Finding> {
    // Transient failures do not depend on the configuration; the strategy ignores them, too.
    let ended: Vec<(&Trial, bool)> = analysis
        .jobs()
        .filter_map(|trial| match trial.outcome.as_ref()? {
            Outcome::Failed(failure) => (!failure.kind.is_transient()).then_some((trial, true)),
            outcome => outcome.value().map(|_| (trial, false)),
        })
        .collect();
    let all_failed = ended.iter().filter(|(_, failed)| *failed).count();
    if all_failed < MIN_FAILURES || all_failed == ended.len() {
        return None;
    }
    let regions = regions(analysis, &ended);
    let count = to_float(regions.len());
    let p_value = |region: &Region| {
        count * tail_probability(ended.len(), all_failed, region.trials, region.failed)
    };
    let has_min_share =
        |region: &&Region| to_float(region.failed) >= MIN_SHARE_IN_REGION * to_float(region.trials);
    let region =
        regions.iter().filter(has_min_share).min_by(|a, b| p_value(a).total_cmp(&p_value(b)))?;
    if p_value(region) >= LEVEL {
        return None;
    }
    let name = analysis.study.space().ranges()[region.parameter].name();
    let outside = ended.len() - region.trials;
    Some(Finding {
        kind: FindingKind::FailuresInRegion,
        parameters: vec![name.to_owned()],
        message: format!(
            "Failures are concentrated where {}: {} of {} trials failed there, {} of {outside} \
             elsewhere.",
            region.description,
            region.failed,
            region.trials,
            all_failed - region.failed
        ),
        advice: format!("Remove these values from the range of {name}, or fix the cause."),
    })
}

fn regions(analysis: &Analysis<'_>, ended: &[(&Trial, bool)]) -> Vec<Region> {
    let space = analysis.study.space();
    let mut regions = Vec::new();
    for (parameter, (axis, range)) in space.axes().iter().zip(space.ranges()).enumerate() {
        if axis.is_constant() {
            continue;
        }
        let mut points: Vec<(f64, String, bool)> = ended
            .iter()
            .filter_map(|(trial, failed)| {
                let coordinate = space.encode(&trial.configuration).ok()?[parameter];
                let value = trial.configuration.value(range.name())?.to_text();
                Some((coordinate, value, *failed))
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = range.name();
        let groups: Vec<&[(f64, String, bool)]> =
            points.chunk_by(|a, b| axis.is_same_coordinate(a.0, b.0)).collect();
        let failed = |points: &[(f64, String, bool)]| points.iter().filter(|p| p.2).count();
        if matches!(axis, Axis::Categories(_)) {
            regions.extend(groups.iter().map(|group| Region {
                parameter,
                description: format!("{name} = {}", group[0].1),
                failed: failed(group),
                trials: group.len(),
            }));
            continue;
        }
        let mut below = 0;
        for pair in groups.windows(2) {
            below += pair[0].len();
            let (low, high) = points.split_at(below);
            let descriptions =
                [format!("{name} ≤ {}", pair[0][0].1), format!("{name} ≥ {}", pair[1][0].1)];
            regions.extend([low, high].into_iter().zip(descriptions).map(
                |(points, description)| Region {
                    parameter,
                    description,
                    failed: failed(points),
                    trials: points.len(),
                },
            ));
        }
    }
    regions
}

/// Returns the probability of at least `hits` failures in a random region of `inside` trials.
///
/// There are `all` trials, of which `failed` failed.
fn tail_probability(all: usize, failed: usize, inside: usize, hits: usize) -> f64 {
    let max_hits = failed.min(inside);
    let log_all = log_choose(all, inside);
    (hits..=max_hits)
        .filter(|hits| inside - hits <= all - failed)
        .map(|hits| {
            (log_choose(failed, hits) + log_choose(all - failed, inside - hits) - log_all).exp()
        })
        .sum()
}

/// Returns the logarithm of the binomial coefficient.
fn log_choose(all: usize, chosen: usize) -> f64 {
    (0..chosen.min(all - chosen)).map(|i| (to_float(all - i) / to_float(i + 1)).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There are 20 subsets of 3 of 6 trials. Of 3 failures, 1 subset has three and 9 have two.
    #[test]
    fn tail_probabilities_are_exact() {
        assert!((tail_probability(6, 3, 3, 3) - 1.0 / 20.0).abs() < 1e-12);
        assert!((tail_probability(6, 3, 3, 2) - 10.0 / 20.0).abs() < 1e-12);
        assert!((tail_probability(6, 3, 3, 0) - 1.0).abs() < 1e-12);
        assert!((tail_probability(6, 5, 4, 3) - 1.0).abs() < 1e-12);
        assert!(tail_probability(10_000, 5_000, 5_000, 5_000) < 1e-300);
    }
}
