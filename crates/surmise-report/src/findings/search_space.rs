//! Checks of the search space: ends of ranges, parameters without effect, interactions, categories.

use surmise::drawing::format_percent;
use surmise::{ParameterRange, ParameterValue, ScalingType};

use super::finding::{Finding, FindingKind};
use crate::analysis::{Analysis, ModelAnalysis};
use crate::slices::Slice;

/// The distance to an end of the range, in coordinates, up to which a value is at the end.
const END_TOLERANCE: f64 = 0.03;
/// The minimum total share of a parameter whose range should be widened.
const MIN_SHARE_TO_WIDEN: f64 = 0.05;
/// The maximum total share of a parameter that can be fixed.
const MAX_SHARE_TO_FIX: f64 = 0.02;
/// The maximum change of the metric along a parameter that can be fixed.
///
/// It is relative to the difference between the best and the median loss.
const MAX_CHANGE_TO_FIX: f64 = 0.05;
/// The minimum explained variance of a model that can show that a parameter has no effect.
const MIN_EXPLAINED_TO_FIX: f64 = 0.5;
/// The minimum explained variance of a model for all other findings about parameters.
const MIN_EXPLAINED: f64 = 0.25;
/// The minimum share of an interaction for a finding.
const MIN_INTERACTION: f64 = 0.1;
/// The minimum number of trials of a category that is sufficiently sampled.
const MIN_TRIALS: usize = 2;
/// The minimum average number of trials for each category, for a finding about one of them.
const MIN_TRIALS_PER_CATEGORY: usize = 5;

/// Finds parameters with their best value at an end of the range, where the metric improves.
pub(super) fn check_range_ends(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Vec<Finding> {
    if model.calibration.explained_variance < MIN_EXPLAINED {
        return Vec::new();
    }
    let find_at_end = |slice: &Slice| {
        if slice.is_categorical || slice.points.len() < 4 {
            return None;
        }
        let last = slice.points.len() - 1;
        let lowest = slice.points[0].coordinate;
        let highest = slice.points[last].coordinate;
        let (is_upper, end, inside) = if slice.best_coordinate <= lowest + END_TOLERANCE {
            (false, 0, last / 8 + 1)
        } else if slice.best_coordinate >= highest - END_TOLERANCE {
            (true, last, last - last / 8 - 1)
        } else {
            return None;
        };
        let loss =
            |index: usize| analysis.study.objective().loss(slice.points[index].predicted.median);
        let importance = model.importance.parameters.iter().find(|each| each.name == slice.name)?;
        if importance.total.mean < MIN_SHARE_TO_WIDEN || loss(end) >= loss(inside) {
            return None;
        }
        let range = range_of(analysis, &slice.name)?;
        let best = model.surrogate.best_configuration();
        let value = best.value(&slice.name)?;
        let (low, high) =
            (format_rounded(&slice.points[0].value), format_rounded(&slice.points[last].value));
        let which = if is_upper { "upper" } else { "lower" };
        Some(Finding {
            kind: FindingKind::BestAtEndOfRange,
            parameters: vec![slice.name.clone()],
            message: format!(
                "The best value of {}, {}, is at the {which} end of its range ({low} to {high}), \
                 and the metric improves toward it.",
                slice.name,
                format_rounded(value)
            ),
            advice: widening_advice(range, is_upper, &slice.name),
        })
    };
    model.slices.iter().filter_map(find_at_end).collect()
}

/// Advises to widen a range by half of its width, on its scale.
fn widening_advice(range: &ParameterRange, is_upper: bool, name: &str) -> String {
    let which = if is_upper { "upper" } else { "lower" };
    let (low, high, scaling, is_integer) = match range {
        ParameterRange::Continuous(range) => {
            (range.min(), range.max(), range.resolved_scaling().scaling, false)
        }
        #[allow(clippy::cast_precision_loss, reason = "the advice has two digits")]
        ParameterRange::Integer(range) => {
            (range.min() as f64, range.max() as f64, range.resolved_scaling().scaling, true)
        }
        ParameterRange::Categorical(_) => return String::new(),
    };
    let end = match (scaling, is_upper) {
        (ScalingType::Logarithmic, true) => high * (high / low).sqrt(),
        (ScalingType::Logarithmic, false) => low / (high / low).sqrt(),
        (ScalingType::ReverseLogarithmic, true) => {
            1.0 - (1.0 - high) / ((1.0 - low) / (1.0 - high)).sqrt()
        }
        (ScalingType::ReverseLogarithmic, false) => {
            (1.0 - (1.0 - low) * ((1.0 - low) / (1.0 - high)).sqrt()).max(0.0)
        }
        (_, true) => high + (high - low) / 2.0,
        // A parameter with a range of positive values may not allow negative ones.
        (_, false) if low >= 0.0 => (low - (high - low) / 2.0).max(0.0),
        (_, false) => low - (high - low) / 2.0,
    };
    let end = if is_integer { end.round() } else { end };
    let is_unchanged = if is_upper { end <= high } else { end >= low };
    if is_unchanged {
        return format!("If {name} allows values beyond its {which} end, widen its range.");
    }
    let end: f64 = format!("{end:.1e}").parse().unwrap_or(end);
    format!(
        "If possible, move the {which} end of {name} to about {}, and resume.",
        ParameterValue::Float(end).to_text().trim_end_matches(".0")
    )
}

/// Finds parameters with so little effect that they can be fixed.
pub(super) fn check_fixable_parameters(
    analysis: &Analysis<'_>,
    model: &ModelAnalysis,
) -> Vec<Finding> {
    if model.importance.explained_variance < MIN_EXPLAINED_TO_FIX
        || model.importance.parameters.len() < 2
    {
        return Vec::new();
    }
    let unimportant = model
        .importance
        .parameters
        .iter()
        .filter(|each| each.total.mean + 2.0 * each.total.std_dev < MAX_SHARE_TO_FIX);
    let best = model.surrogate.best_configuration();
    let losses = analysis.sorted_losses();
    let (Some(best_loss), Some(median)) = (losses.first(), losses.get(losses.len() / 2)) else {
        return Vec::new();
    };
    let max_change = MAX_CHANGE_TO_FIX * (median - best_loss);
    let change = |name: &str| {
        let slice = model.slices.iter().find(|slice| slice.name == name);
        let losses = slice
            .into_iter()
            .flat_map(|slice| &slice.points)
            .map(|point| analysis.study.objective().loss(point.predicted.median));
        let (min, max) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), loss| {
            (min.min(loss), max.max(loss))
        });
        max - min
    };
    unimportant
        .filter(|each| change(&each.name) <= max_change)
        .map(|each| Finding {
            kind: FindingKind::ParameterCanBeFixed,
            parameters: vec![each.name.clone()],
            message: format!(
                "{} hardly matters: it explains {} of the variance of the metric, and has little \
                 effect near the best configuration.",
                each.name,
                format_share(each.total.mean)
            ),
            advice: format!(
                "Fix it at {}, and search the remaining parameters.",
                best.value(&each.name).map_or_else(String::new, format_rounded)
            ),
        })
        .collect()
}

/// Finds pairs of parameters that interact.
pub(super) fn check_interactions(model: &ModelAnalysis) -> Vec<Finding> {
    if model.importance.explained_variance < MIN_EXPLAINED {
        return Vec::new();
    }
    let pairs = model.importance.interactions.iter();
    pairs
        .filter(|pair| pair.share.mean - 2.0 * pair.share.std_dev > MIN_INTERACTION)
        .map(|pair| {
            let [a, b] = &pair.names;
            Finding {
                kind: FindingKind::Interaction,
                parameters: pair.names.to_vec(),
                message: format!(
                    "{a} and {b} interact: their interaction explains {} of the variance of the \
                     metric.",
                    format_percent(pair.share.mean)
                ),
                advice: "The best value of one depends on the other one: do not fix only one of \
                         them."
                    .to_owned(),
            }
        })
        .collect()
}

/// Finds categories that were tried at most once, and then had no bad value.
pub(super) fn check_undersampled_categories(analysis: &Analysis<'_>) -> Vec<Finding> {
    let jobs = analysis.jobs().count();
    let losses = analysis.sorted_losses();
    let median = losses.get(losses.len() / 2).copied().unwrap_or(f64::INFINITY);
    let mut findings = Vec::new();
    for range in analysis.study.space().ranges() {
        let ParameterRange::Categorical(range) = range else { continue };
        if range.values().len() < 2 || jobs < MIN_TRIALS_PER_CATEGORY * range.values().len() {
            continue;
        }
        for category in range.values() {
            let has_category =
                |trial: &&surmise::Trial| trial.configuration.value(range.name()) == Some(category);
            let trials: Vec<&surmise::Trial> = analysis.jobs().filter(has_category).collect();
            // The strategy has a reason to avoid a category with a bad value, or without one.
            let is_bad = |trial: &&surmise::Trial| {
                trial.value().is_none_or(|value| analysis.study.objective().loss(value) > median)
            };
            if trials.len() >= MIN_TRIALS || trials.iter().any(is_bad) {
                continue;
            }
            let times = if trials.is_empty() { "never" } else { "once" };
            findings.push(Finding {
                kind: FindingKind::UndersampledChoice,
                parameters: vec![range.name().to_owned()],
                message: format!(
                    "{} = {} was tried {times} in {jobs} trials.",
                    range.name(),
                    category.to_text()
                ),
                advice: "Enqueue some configurations with this value, or remove it from the range."
                    .to_owned(),
            });
        }
    }
    findings
}

fn range_of<'a>(analysis: &Analysis<'a>, name: &str) -> Option<&'a ParameterRange> {
    analysis.study.space().ranges().iter().find(|range| range.name() == name)
}

/// Formats a value with at most four significant digits.
fn format_rounded(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Float(number) => {
            let short: f64 = format!("{number:.3e}").parse().unwrap_or(*number);
            ParameterValue::Float(short).to_text()
        }
        other => other.to_text(),
    }
}

fn format_share(share: f64) -> String {
    if share < 0.01 { "less than 1 %".to_owned() } else { format_percent(share) }
}
