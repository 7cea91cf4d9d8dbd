//! Rules of ranges.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::case::{Case, Search};
use super::range::{Kind, LISTS, Range};
use crate::node::Node;
use crate::request::{integer_of, real_of};
use crate::verdict::Findings;

/// Ranges of all types together, by the text of the service's model.
const MOST_RANGES: usize = 30;
/// Hyperparameters of a training job: tuned, static, and the one that SageMaker adds.
const MOST_HYPERPARAMETERS: usize = 100;
/// From this ratio of its ends on, a linear scale spends nearly all trials on the largest values: three decades, but for
/// rounding.
const WIDE: f64 = 1000.0 * (1.0 - 1e-9);
/// What SageMaker tells each training job, so that it knows its objective.
pub(super) const INJECTED: &str = "_tuning_objective_metric";

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for search in &case.searches {
        for range in search.ranges.iter().chain(&search.idle_ranges) {
            check_name(range, findings);
            match range.kind {
                Kind::Categorical => check_values(range, findings),
                Kind::Integer | Kind::Continuous => check_ends(range, findings),
            }
        }
        check_names(search, findings);
        check_auto_parameters(case, search, findings);
        check_counts(search, findings);
        if search.ranges.is_empty() && !search.is_open && !case.is_autotuned() {
            check_there_are_some(case, search, findings);
        }
        // Of several definitions it is not documented how they share the jobs.
        if case.definitions.len() < 2 && !search.is_open {
            if case.strategy() == Some("Grid") {
                check_grid(case, search, findings);
            } else {
                check_cardinality(case, search, findings);
            }
        }
        if case.strategy() == Some("Grid") {
            check_grid_is_categorical(search, findings);
        }
    }
}

fn check_name(range: &Range<'_>, findings: &mut Findings) {
    let Some(name) = range.node.member("Name") else { return };
    if name.value == "" {
        findings.error(&name, "a hyperparameter must have a name", "name it");
    }
    if range.name == INJECTED {
        findings.error(&name, "SageMaker sets this hyperparameter itself", "leave it out");
    }
}

fn check_ends(range: &Range<'_>, findings: &mut Findings) {
    for end in ["MinValue", "MaxValue"] {
        let Some(node) = range.node.member(end) else { continue };
        let Some(text) = node.value.as_str() else { continue };
        let (rule, remedy, is_read, is_plain) = match range.kind {
            Kind::Integer => (
                "the ends of an integer range must be whole numbers",
                "write it as \"10\"",
                integer_of(text).is_some(),
                text.parse::<i64>().is_ok(),
            ),
            _ => (
                "the ends of a continuous range must be finite numbers",
                "write it as \"0.5\" or \"1e-3\"",
                real_of(text).is_some(),
                text.trim() == text,
            ),
        };
        if !is_read {
            findings.error(&node, rule, remedy);
        } else if !is_plain {
            let rule = "whether the service reads a number that is written so is not known";
            let plain = match range.kind {
                Kind::Integer => integer_of(text).map(|number| number.to_string()),
                _ => Some(text.trim().to_owned()),
            };
            findings.warning(&node, rule, format!("write it as {:?}", plain.unwrap_or_default()));
        }
    }
    if let Some(order @ (Ordering::Equal | Ordering::Greater)) = range.order()
        && let Some(node) = range.node.member("MaxValue")
    {
        let remedy = if order == Ordering::Greater {
            "swap the ends"
        } else {
            "make it static: the service refuses ranges of one value"
        };
        let min = range.node.text("MinValue").unwrap_or_default();
        findings.error(&node, format!("it must be above MinValue, {min:?}"), remedy);
    }
    check_scale(range, findings);
}

/// The scale must be able to hold the range, and should suit it.
fn check_scale(range: &Range<'_>, findings: &mut Findings) {
    let Some(scaling) = range.node.member("ScalingType") else { return };
    let (min, max) = (range.min, range.max);
    let end = |name: &str, is_bad: bool| range.node.member(name).filter(|_| is_bad);
    match scaling.value.as_str() {
        Some("Logarithmic") => {
            if let Some(node) = end("MinValue", min.is_some_and(|min| min <= 0.0)) {
                findings.error(
                    &node,
                    "on a logarithmic scale it must be above 0",
                    "raise it, or use Linear scaling",
                );
            }
        }
        Some("ReverseLogarithmic") if range.kind == Kind::Integer => findings.error(
            &scaling,
            "reverse logarithmic scaling is for continuous ranges only",
            "use Linear or Logarithmic",
        ),
        Some("ReverseLogarithmic") => {
            if let Some(node) = end("MinValue", min.is_some_and(|min| min < 0.0)) {
                let rule = "on a reverse logarithmic scale it must be at least 0";
                findings.error(&node, rule, "raise it, or use Linear scaling");
            }
            if let Some(node) = end("MaxValue", max.is_some_and(|max| max >= 1.0)) {
                let rule = "on a reverse logarithmic scale it must be below 1";
                findings.error(&node, rule, "lower it, or use Linear scaling");
            }
        }
        Some("Linear") => {
            if let (Some(min), Some(max)) = (min, max) {
                warn_of_linear(range, &scaling, (min, max), findings);
            }
        }
        _ => {}
    }
}

fn warn_of_linear(
    range: &Range<'_>,
    scaling: &Node<'_>,
    (min, max): (f64, f64),
    findings: &mut Findings,
) {
    if min > 0.0 && max / min >= WIDE {
        let rule = format!(
            "{min:?} to {max:?} spans {:.1} decades: on a linear scale nine trials of ten are in the \
             last one",
            (max / min).log10()
        );
        findings.warning(scaling, rule, "use Logarithmic, or Auto");
    } else if range.kind == Kind::Continuous
        && min >= 0.0
        && max < 1.0
        && (1.0 - min) / (1.0 - max) >= WIDE
    {
        let rule = format!("{min:?} to {max:?} spans decades of distance from 1");
        findings.warning(scaling, rule, "use ReverseLogarithmic, or Auto");
    }
}

#[allow(clippy::float_cmp, reason = "the same number is meant")]
fn check_values(range: &Range<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for value in range.node.list("Values") {
        if value.value.as_str().is_some_and(|text| !seen.insert(text)) {
            let rule = "the values of a categorical range must be distinct";
            findings.error(&value, rule, "remove it");
        }
    }
    let mut numbers: Vec<(&str, f64)> = Vec::new();
    for value in range.node.list("Values") {
        let Some(text) = value.value.as_str() else { continue };
        let Some(number) = real_of(text) else { continue };
        let is_twin = |(other, known): &&(&str, f64)| *other != text && *known == number;
        if let Some((twin, _)) = numbers.iter().find(is_twin) {
            let rule =
                format!("{twin:?} means the same number: both are tried, and a job gets the same");
            findings.warning(
                &value,
                rule,
                "keep one of them, unless they are names such as versions",
            );
        }
        numbers.push((text, number));
    }
}

/// Names are distinct, among the ranges and from what is static.
fn check_names(search: &Search<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    let statics = search.statics();
    for range in search.ranges.iter().filter(|range| !range.name.is_empty()) {
        let Some(name) = range.node.member("Name") else { continue };
        if !seen.insert(range.name) {
            findings.error(&name, "a hyperparameter must have one range", "remove all others");
        }
        if let Some(entry) = statics.iter().find(|entry| entry.name == range.name) {
            let place = &entry.node.path;
            let rule = format!("a hyperparameter must be tuned or static, not both ({place})");
            findings.error(&name, rule, "remove it in one place");
        }
    }
    if let Some(entry) = statics.iter().find(|entry| entry.name == INJECTED) {
        let rule = "SageMaker sets this hyperparameter itself";
        findings.warning(&entry.node, rule, "leave it out");
    }
}

/// What Autotune is to choose for, and only Autotune.
fn check_auto_parameters(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    let statics = search.statics();
    let mut seen: HashSet<&str> = search.ranges.iter().map(|range| range.name).collect();
    for place in &search.places {
        let parameters = place.list("AutoParameters");
        if let Some(list) = place.member("AutoParameters")
            && !parameters.is_empty()
            && !case.is_autotuned()
        {
            findings.error(&list, "this is for Autotune only", "add Autotune, or give ranges");
        }
        for parameter in parameters {
            let Some(name) = parameter.member("Name") else { continue };
            let Some(text) = name.value.as_str() else { continue };
            if !seen.insert(text) || statics.iter().any(|entry| entry.name == text) {
                let rule = "it is left to Autotune and given elsewhere, too";
                findings.warning(&name, rule, "keep it in one place");
            }
        }
    }
}

fn check_counts(search: &Search<'_>, findings: &mut Findings) {
    let count = search.ranges.len();
    if let Some(place) = search.places.first()
        && count > MOST_RANGES
    {
        let rule =
            format!("a tuning job may have at most {MOST_RANGES} ranges of all types, not {count}");
        findings.error(place, rule, "make some of them static");
    }
    let statics = search.statics().len();
    if let Some(definition) = &search.definition
        && let Some(place) = definition.member("StaticHyperParameters")
        && statics <= MOST_HYPERPARAMETERS
        && statics + count + 1 > MOST_HYPERPARAMETERS
    {
        let rule = format!(
            "a training job may have at most {MOST_HYPERPARAMETERS} hyperparameters: {statics} \
             static, {count} tuned, and {INJECTED}"
        );
        findings.error(&place, rule, "remove some");
    }
}

fn check_there_are_some(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    const RULE: &str = "there must be at least one hyperparameter to tune";
    let Some(config) = &case.config else { return };
    // What is of another form is another matter.
    let is_unclear = |place: &Node<'_>| {
        let mut lists = LISTS.iter().filter_map(|list| place.member(list));
        place.object().is_none()
            || lists.any(|list| !list.value.is_array() || !list.items().is_empty())
    };
    match search.places.first() {
        Some(_) if search.places.iter().any(is_unclear) => {}
        Some(place) => findings.error(place, RULE, "add a range"),
        None => findings.missing(config.path_of("ParameterRanges"), RULE, "add a range"),
    }
}

/// Number of configurations, if all ranges are finite and known.
fn cardinality(search: &Search<'_>) -> Option<u128> {
    if search.ranges.is_empty() {
        return None;
    }
    let mut counts = search.ranges.iter().map(Range::cardinality);
    counts.try_fold(1_u128, |product, count| Some(product.saturating_mul(count?)))
}

/// A job never repeats a configuration, so there must be enough of them.
fn check_cardinality(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    let Some(count) = cardinality(search) else { return };
    if let Some(node) = case.limit("MaxNumberOfTrainingJobs")
        && node.value.as_u64().is_some_and(|jobs| u128::from(jobs) > count)
    {
        findings.error(
            &node,
            format!("the ranges have only {count} configurations, and none is tried twice"),
            format!("lower it to {count}, or widen the ranges"),
        );
    }
}

fn check_grid_is_categorical(search: &Search<'_>, findings: &mut Findings) {
    for range in search.ranges.iter().filter(|range| range.kind != Kind::Categorical) {
        findings.error(
            &range.node,
            "a grid search takes categorical ranges only",
            "list its values as CategoricalParameterRanges, or use another Strategy",
        );
    }
}

/// A grid runs each combination once.
fn check_grid(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    let is_grid = search.ranges.iter().all(|range| range.kind == Kind::Categorical);
    let Some(count) = cardinality(search).filter(|_| is_grid) else { return };
    let jobs = case.limit("MaxNumberOfTrainingJobs");
    if let Some(node) = &jobs
        && node.value.as_u64().is_some_and(|jobs| u128::from(jobs) != count)
    {
        findings.error(
            node,
            format!("a grid search runs each of its {count} combinations once"),
            format!("leave it out, or set it to {count}"),
        );
    }
    let most = case.known.quotas.training_jobs;
    if let Some(place) = jobs.as_ref().or(search.places.first())
        && count > u128::from(most)
    {
        let quotas = case.known.quotas.name;
        let rule = format!("a grid of {count} combinations exceeds {most} jobs ({quotas})");
        findings.error(place, rule, "shorten the lists of values");
    }
}
