//! Checks whether the model explains the values.

use surmise::drawing::format_percent;

use super::finding::{Finding, FindingKind};
use crate::analysis::ModelAnalysis;

/// The minimum number of values for a finding about the model.
const MIN_VALUES: usize = 20;
/// Below this explained variance, no parameter matters.
const MIN_EXPLAINED: f64 = 0.1;
/// Below this explained variance, the model is poor, or noise dominates.
const MIN_RELIABLE: f64 = 0.4;
/// The share above which noise dominates.
///
/// It is a share of the variance, or of the unexplained variance if the model explains little.
const MAX_NOISE_SHARE: f64 = 0.5;
/// The minimum coverage of the 95 % intervals.
const MIN_COVERAGE: f64 = 0.85;

/// Returns the most serious finding about the model.
pub(super) fn check_model(model: &ModelAnalysis) -> Option<Finding> {
    let (explained, noise) = (model.calibration.explained_variance, model.surrogate.noise_share());
    let has_enough_values = model.surrogate.observation_count() >= MIN_VALUES;
    let finding = |kind, message: String, advice: &str| {
        let (parameters, advice) = (Vec::new(), advice.to_owned());
        Some(Finding { kind, parameters, message, advice })
    };
    if has_enough_values && explained < MIN_EXPLAINED {
        return finding(
            FindingKind::NoParameterMatters,
            format!(
                "The parameters explain hardly any differences between values: {} of the variance \
                 of values that the model has not seen.",
                format_percent(explained.max(0.0))
            ),
            "Check that the program uses its parameters. To measure the noise, run one \
             configuration several times. If there is little noise, widen the ranges.",
        );
    }
    let is_noisy = noise > MAX_NOISE_SHARE
        || explained < MIN_RELIABLE && noise > MAX_NOISE_SHARE * (1.0 - explained);
    if has_enough_values && is_noisy {
        return finding(
            FindingKind::NoiseDominates,
            format!("{} of the variance of the values is noise.", format_percent(noise)),
            "Allow repetitions, and measure the best configurations again before you choose one.",
        );
    }
    if has_enough_values && explained < MIN_RELIABLE {
        return finding(
            FindingKind::PoorModel,
            format!(
                "The model explains only {} of the variance of values that it has not seen; noise \
                 is not the reason.",
                format_percent(explained)
            ),
            "Do not rely on importance and slices. More trials, a logarithmic scale or a narrower \
             range may help.",
        );
    }
    let observed = model.calibration.coverage.last().map_or(1.0, |coverage| coverage.observed);
    if has_enough_values && observed < MIN_COVERAGE {
        return finding(
            FindingKind::PoorModel,
            format!(
                "The model is overconfident: its 95 % intervals contain only {} of the values.",
                format_percent(observed)
            ),
            "Expect larger errors than the intervals in the pictures show.",
        );
    }
    None
}
