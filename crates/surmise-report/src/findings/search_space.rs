//! What the model says of the search space: ends, parameters that do nothing, pairs, choices.

use surmise::drawing::percent;
use surmise::{ParameterRange, ParameterValue, ScalingType};

use super::finding::{Finding, FindingKind};
use crate::analysis::{Analysis, ModelAnalysis};
use crate::slices::Slice;

/// So near to an end of its range, a best value lies at the end.
const AT_END: f64 = 0.03;
/// A parameter of at least this total share is worth a wider range.
const MATTERS: f64 = 0.05;
/// A parameter that surely has a smaller total share can be fixed.
const IDLE: f64 = 0.02;
/// A parameter can only be fixed if it moves the metric by less than this, near the best configuration, in units of what lies between the best
/// and the median value.
const MOVES: f64 = 0.05;
/// Only if the model explains this much of the variance, it is believed that a parameter does nothing.
const TRUSTED: f64 = 0.5;
/// Only if it explains this much, anything else is said of parameters.
const HINTS: f64 = 0.25;
/// Two parameters that surely have a larger share together act together.
const TOGETHER: f64 = 0.1;
/// A choice that was tried less often is starved, if there were on average so many trials for each choice.
const TRIED: usize = 2;
const TRIALS_PER_CHOICE: usize = 5;

/// Parameters whose best value lies at an end of their range, where the metric improves towards it.
pub(super) fn ends(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Vec<Finding> {
    if model.calibration.explained < HINTS {
        return Vec::new();
    }
    let end = |slice: &Slice| {
        if slice.is_categorical || slice.places.len() < 4 {
            return None;
        }
        let last = slice.places.len() - 1;
        let lowest = slice.places[0].coordinate;
        let highest = slice.places[last].coordinate;
        let (is_upper, at, inside) = if slice.best <= lowest + AT_END {
            (false, 0, last / 8 + 1)
        } else if slice.best >= highest - AT_END {
            (true, last, last - last / 8 - 1)
        } else {
            return None;
        };
        let loss =
            |place: usize| analysis.study.objective().loss(slice.places[place].predicted.median);
        let importance = model.importance.parameters.iter().find(|each| each.name == slice.name)?;
        if importance.total.mean < MATTERS || loss(at) >= loss(inside) {
            return None;
        }
        let range = range_of(analysis, &slice.name)?;
        let best = model.surrogate.best_configuration();
        let value = best.value(&slice.name)?;
        let (low, high) = (printed(&slice.places[0].value), printed(&slice.places[last].value));
        let which = if is_upper { "upper" } else { "lower" };
        Some(Finding {
            kind: FindingKind::BestAtEndOfRange,
            parameters: vec![slice.name.clone()],
            message: format!(
                "The best value of {}, {}, lies at the {which} end of its range ({low} to {high}), and the metric improves towards it.",
                slice.name,
                printed(value)
            ),
            advice: wider(range, is_upper, &slice.name),
        })
    };
    model.slices.iter().filter_map(end).collect()
}

/// Which way to widen a range, and how far: half as far again as it reaches, in its scale.
fn wider(range: &ParameterRange, is_upper: bool, name: &str) -> String {
    let which = if is_upper { "upper" } else { "lower" };
    let (low, high, scaling, is_integer) = match range {
        ParameterRange::Continuous(range) => {
            (range.min(), range.max(), range.scale().scaling, false)
        }
        #[allow(clippy::cast_precision_loss, reason = "a proposal")]
        ParameterRange::Integer(range) => {
            (range.min() as f64, range.max() as f64, range.scale().scaling, true)
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
        // What was never negative may not be able to be.
        (_, false) if low >= 0.0 => (low - (high - low) / 2.0).max(0.0),
        (_, false) => low - (high - low) / 2.0,
    };
    let end = if is_integer { end.round() } else { end };
    let unchanged = if is_upper { end <= high } else { end >= low };
    if unchanged {
        return format!("If {name} can go beyond its {which} end, let it.");
    }
    let end: f64 = format!("{end:.1e}").parse().unwrap_or(end);
    format!(
        "Move the {which} end of {name} to {} or so, if that is possible, and go on.",
        ParameterValue::Float(end).printed().trim_end_matches(".0")
    )
}

/// Parameters that matter so little that they can be fixed.
pub(super) fn fixable(analysis: &Analysis<'_>, model: &ModelAnalysis) -> Vec<Finding> {
    if model.importance.explained < TRUSTED || model.importance.parameters.len() < 2 {
        return Vec::new();
    }
    let idle = model
        .importance
        .parameters
        .iter()
        .filter(|each| each.total.mean + 2.0 * each.total.deviation < IDLE);
    let best = model.surrogate.best_configuration();
    let losses = analysis.sorted_losses();
    let (Some(least), Some(median)) = (losses.first(), losses.get(losses.len() / 2)) else {
        return Vec::new();
    };
    let worth = MOVES * (median - least);
    let moves = |name: &str| {
        let slice = model.slices.iter().find(|slice| slice.name == name);
        let losses = slice
            .into_iter()
            .flat_map(|slice| &slice.places)
            .map(|place| analysis.study.objective().loss(place.predicted.median));
        let ends = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), loss| {
            (least.min(loss), most.max(loss))
        });
        ends.1 - ends.0
    };
    idle.filter(|each| moves(&each.name) <= worth)
        .map(|each| Finding {
            kind: FindingKind::ParameterCanBeFixed,
            parameters: vec![each.name.clone()],
            message: format!(
                "{} hardly matters, neither on the whole ({} of the variance of the metric) nor near the best configuration.",
                each.name,
                share(each.total.mean)
            ),
            advice: format!(
                "Fix it at {} and search the others.",
                best.value(&each.name).map_or_else(String::new, printed)
            ),
        })
        .collect()
}

/// Pairs of parameters that act together.
pub(super) fn interactions(model: &ModelAnalysis) -> Vec<Finding> {
    if model.importance.explained < HINTS {
        return Vec::new();
    }
    let pairs = model.importance.interactions.iter();
    pairs
        .filter(|pair| pair.share.mean - 2.0 * pair.share.deviation > TOGETHER)
        .map(|pair| {
            let [a, b] = &pair.names;
            Finding {
                kind: FindingKind::Interaction,
                parameters: pair.names.to_vec(),
                message: format!(
                    "{a} and {b} act together: {} of the variance of the metric depends on both at once.",
                    percent(pair.share.mean)
                ),
                advice: "What is best for one depends on the other: look at them together, and fix neither by itself.".to_owned(),
            }
        })
        .collect()
}

/// Choices that were hardly tried.
pub(super) fn starved(analysis: &Analysis<'_>) -> Vec<Finding> {
    let jobs = analysis.jobs().count();
    let losses = analysis.sorted_losses();
    let median = losses.get(losses.len() / 2).copied().unwrap_or(f64::INFINITY);
    let mut findings = Vec::new();
    for range in analysis.study.space().ranges() {
        let ParameterRange::Categorical(range) = range else { continue };
        if range.values().len() < 2 || jobs < TRIALS_PER_CHOICE * range.values().len() {
            continue;
        }
        for choice in range.values() {
            let is_it =
                |trial: &&surmise::Trial| trial.configuration.value(range.name()) == Some(choice);
            let tried: Vec<&surmise::Trial> = analysis.jobs().filter(is_it).collect();
            // What came out badly once was left alone for a reason.
            let is_bad = |trial: &&surmise::Trial| {
                trial.value().is_none_or(|value| analysis.study.objective().loss(value) > median)
            };
            if tried.len() >= TRIED || tried.iter().any(is_bad) {
                continue;
            }
            let tried = tried.len();
            let times = if tried == 0 { "never" } else { "once" };
            findings.push(Finding {
                kind: FindingKind::StarvedChoice,
                parameters: vec![range.name().to_owned()],
                message: format!(
                    "{} = {} was tried {times} in {jobs} trials.",
                    range.name(),
                    choice.printed()
                ),
                advice: "Enqueue some configurations with it, or leave it out.".to_owned(),
            });
        }
    }
    findings
}

fn range_of<'a>(analysis: &Analysis<'a>, name: &str) -> Option<&'a ParameterRange> {
    analysis.study.space().ranges().iter().find(|range| range.name() == name)
}

/// A value with at most four digits.
fn printed(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Float(number) => {
            let short: f64 = format!("{number:.3e}").parse().unwrap_or(*number);
            ParameterValue::Float(short).printed()
        }
        other => other.printed(),
    }
}

fn share(share: f64) -> String {
    if share < 0.01 { "less than 1 %".to_owned() } else { percent(share) }
}
