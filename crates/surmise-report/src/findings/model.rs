//! Whether anything can be learnt from the values, and whether the model has.

use surmise::drawing::percent;

use super::finding::{Finding, FindingKind};
use crate::analysis::ModelAnalysis;

/// With fewer values nothing is said against a model.
const ENOUGH: usize = 20;
/// Below this share of explained variance, nothing matters.
const NOTHING: f64 = 0.1;
/// Below this one, the model is poor, or noise dominates.
const POOR: f64 = 0.4;
/// Noise dominates if it is more than this share of the variance, or of the variance that is not explained where little is.
const NOISY: f64 = 0.5;
/// If an interval that should hold 95 % of the values holds less than this, the model is too sure.
const TOO_SURE: f64 = 0.85;

/// The gravest of the doubts about a model.
pub(super) fn trust(model: &ModelAnalysis) -> Option<Finding> {
    let (explained, noise) = (model.calibration.explained, model.surrogate.noise_share());
    let is_enough = model.surrogate.count() >= ENOUGH;
    let finding = |kind, message: String, advice: &str| {
        let (parameters, advice) = (Vec::new(), advice.to_owned());
        Some(Finding { kind, parameters, message, advice })
    };
    if is_enough && explained < NOTHING {
        return finding(
            FindingKind::NothingMatters,
            format!(
                "The parameters hardly explain the values: {} of the variance of values that the model has not seen.",
                percent(explained.max(0.0))
            ),
            "Either the parameters do not matter within their ranges, or noise hides what they do: measure one configuration several times, \
             and check that the program uses its parameters.",
        );
    }
    if is_enough && (noise > NOISY || explained < POOR && noise > NOISY * (1.0 - explained)) {
        return finding(
            FindingKind::NoiseDominates,
            format!("{} of the variance of the values is noise.", percent(noise)),
            "Allow repetitions, and measure the best configurations again before you choose one of them.",
        );
    }
    if is_enough && explained < POOR {
        return finding(
            FindingKind::PoorModel,
            format!(
                "The model explains {} of the variance of values that it has not seen, and noise is not the reason.",
                percent(explained)
            ),
            "Take importance and slices as hints. More trials, a logarithmic scale or a narrower range may help.",
        );
    }
    let observed = model.calibration.coverage.last().map_or(1.0, |coverage| coverage.observed);
    if is_enough && observed < TOO_SURE {
        return finding(
            FindingKind::PoorModel,
            format!(
                "The model is too sure: {} of the values lie in intervals that should hold 95 %.",
                percent(observed)
            ),
            "Take its intervals for narrower than they should be.",
        );
    }
    None
}
