//! Rules about the ranges of hyperparameters.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::range::{RANGE_LISTS, Range, RangeKind};
use super::request_view::{RequestView, TunedDefinition};
use crate::findings::Findings;
use crate::node::Node;
use crate::request::{OBJECTIVE_METRIC, parse_float, parse_integer};

/// The maximum number of ranges of all types, by the text of the service's model.
const MAX_RANGES: usize = 30;
/// The maximum number of hyperparameters of a training job: tuned, static and [`OBJECTIVE_METRIC`].
const MAX_HYPERPARAMETERS: usize = 100;
/// The ratio of the bounds from which a linear scale spends nearly all trials on the largest
/// values: three decades, minus a tolerance for rounding.
const WIDE_RATIO: f64 = 1000.0 * (1.0 - 1e-9);

pub(super) fn check(view: &RequestView<'_>, findings: &mut Findings) {
    for tuned in &view.tuned_definitions {
        for range in tuned.ranges.iter().chain(&tuned.ignored_ranges) {
            check_name(range, findings);
            match range.kind {
                RangeKind::Categorical => check_values(range, findings),
                RangeKind::Integer | RangeKind::Continuous => check_bounds(range, findings),
            }
        }
        check_names(tuned, findings);
        check_auto_parameters(view, tuned, findings);
        check_counts(tuned, findings);
        if tuned.ranges.is_empty() && !tuned.may_have_more && !view.is_autotuned() {
            check_not_empty(view, tuned, findings);
        }
        // AWS does not document how several definitions share the number of jobs.
        if view.definitions.len() < 2 && !tuned.may_have_more {
            if view.strategy() == Some("Grid") {
                check_grid(view, tuned, findings);
            } else {
                check_cardinality(view, tuned, findings);
            }
        }
        if view.strategy() == Some("Grid") {
            check_grid_is_categorical(tuned, findings);
        }
    }
}

fn check_name(range: &Range<'_>, findings: &mut Findings) {
    let Some(name) = range.node.member("Name") else { return };
    if name.value == "" {
        findings.error(&name, "a hyperparameter must have a name", "name it");
    }
    if range.name == OBJECTIVE_METRIC {
        findings.error(&name, "SageMaker sets this hyperparameter itself", "leave it out");
    }
}

fn check_bounds(range: &Range<'_>, findings: &mut Findings) {
    for bound in ["MinValue", "MaxValue"] {
        let Some(node) = range.node.member(bound) else { continue };
        let Some(text) = node.value.as_str() else { continue };
        let (rule, remedy, is_valid, is_plain) = match range.kind {
            RangeKind::Integer => (
                "the bounds of an integer range must be whole numbers",
                "write it as \"10\"",
                parse_integer(text).is_some(),
                text.parse::<i64>().is_ok(),
            ),
            _ => (
                "the bounds of a continuous range must be finite numbers",
                "write it as \"0.5\" or \"1e-3\"",
                parse_float(text).is_some(),
                text.trim() == text,
            ),
        };
        if !is_valid {
            findings.error(&node, rule, remedy);
        } else if !is_plain {
            let rule = "it is unknown whether the service accepts this notation of a number";
            let plain = match range.kind {
                RangeKind::Integer => parse_integer(text).map(|number| number.to_string()),
                _ => Some(text.trim().to_owned()),
            };
            findings.warning(&node, rule, format!("write it as {:?}", plain.unwrap_or_default()));
        }
    }
    if let Some(order @ (Ordering::Equal | Ordering::Greater)) = range.compare_bounds()
        && let Some(node) = range.node.member("MaxValue")
    {
        let remedy = if order == Ordering::Greater {
            "swap the bounds"
        } else {
            "make it static, because the service refuses ranges of one value"
        };
        let min = range.node.text("MinValue").unwrap_or_default();
        findings.error(&node, format!("it must be above MinValue, {min:?}"), remedy);
    }
    check_scale(range, findings);
}

/// Checks that the scale allows the bounds, and warns of a linear scale over a wide range.
fn check_scale(range: &Range<'_>, findings: &mut Findings) {
    let Some(scaling) = range.node.member("ScalingType") else { return };
    let (min, max) = (range.min, range.max);
    let bound_if = |name: &str, is_wrong: bool| range.node.member(name).filter(|_| is_wrong);
    match scaling.value.as_str() {
        Some("Logarithmic") => {
            if let Some(node) = bound_if("MinValue", min.is_some_and(|min| min <= 0.0)) {
                findings.error(
                    &node,
                    "on a logarithmic scale it must be above 0",
                    "raise it, or use Linear scaling",
                );
            }
        }
        Some("ReverseLogarithmic") if range.kind == RangeKind::Integer => findings.error(
            &scaling,
            "only continuous ranges can have reverse logarithmic scaling",
            "use Linear or Logarithmic",
        ),
        Some("ReverseLogarithmic") => {
            if let Some(node) = bound_if("MinValue", min.is_some_and(|min| min < 0.0)) {
                let rule = "on a reverse logarithmic scale it must be at least 0";
                findings.error(&node, rule, "raise it, or use Linear scaling");
            }
            if let Some(node) = bound_if("MaxValue", max.is_some_and(|max| max >= 1.0)) {
                let rule = "on a reverse logarithmic scale it must be below 1";
                findings.error(&node, rule, "lower it, or use Linear scaling");
            }
        }
        Some("Linear") => {
            if let (Some(min), Some(max)) = (min, max) {
                warn_of_linear_scale(range, &scaling, (min, max), findings);
            }
        }
        _ => {}
    }
}

fn warn_of_linear_scale(
    range: &Range<'_>,
    scaling: &Node<'_>,
    (min, max): (f64, f64),
    findings: &mut Findings,
) {
    if min > 0.0 && max / min >= WIDE_RATIO {
        let rule = format!(
            "{min:?} to {max:?} spans {:.1} decades: on a linear scale nine trials of ten are in \
             the last decade",
            (max / min).log10()
        );
        findings.warning(scaling, rule, "use Logarithmic, or Auto");
    } else if range.kind == RangeKind::Continuous
        && min >= 0.0
        && max < 1.0
        && (1.0 - min) / (1.0 - max) >= WIDE_RATIO
    {
        let rule = format!("the distance from 1 spans decades between {min:?} and {max:?}");
        findings.warning(scaling, rule, "use ReverseLogarithmic, or Auto");
    }
}

#[allow(clippy::float_cmp, reason = "the numbers must be identical")]
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
        let Some(number) = parse_float(text) else { continue };
        let is_equal = |(earlier, it): &&(&str, f64)| *earlier != text && *it == number;
        if let Some((equal, _)) = numbers.iter().find(is_equal) {
            let rule = format!("{equal:?} is the same number, and the tuning job will try both");
            findings.warning(
                &value,
                rule,
                "keep one of them, unless they are names, such as versions",
            );
        }
        numbers.push((text, number));
    }
}

/// Checks that each hyperparameter has one range and is not static, too.
fn check_names(tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    let statics = tuned.statics();
    for range in tuned.ranges.iter().filter(|range| !range.name.is_empty()) {
        let Some(name) = range.node.member("Name") else { continue };
        if !seen.insert(range.name) {
            let remedy = "keep one of its ranges";
            findings.error(&name, "a hyperparameter must have only one range", remedy);
        }
        if let Some(entry) = statics.iter().find(|entry| entry.name == range.name) {
            let path = &entry.node.path;
            let rule = format!("a hyperparameter must be tuned or static, not both ({path})");
            findings.error(&name, rule, "remove one of them");
        }
    }
    if let Some(entry) = statics.iter().find(|entry| entry.name == OBJECTIVE_METRIC) {
        let rule = "SageMaker sets this hyperparameter itself";
        findings.warning(&entry.node, rule, "leave it out");
    }
}

fn check_auto_parameters(
    view: &RequestView<'_>,
    tuned: &TunedDefinition<'_>,
    findings: &mut Findings,
) {
    let statics = tuned.statics();
    let mut seen: HashSet<&str> = tuned.ranges.iter().map(|range| range.name).collect();
    for ranges in &tuned.range_nodes {
        let parameters = ranges.list("AutoParameters");
        if let Some(list) = ranges.member("AutoParameters")
            && !parameters.is_empty()
            && !view.is_autotuned()
        {
            findings.error(&list, "this is for Autotune only", "add Autotune, or give ranges");
        }
        for parameter in parameters {
            let Some(name) = parameter.member("Name") else { continue };
            let Some(text) = name.value.as_str() else { continue };
            if !seen.insert(text) || statics.iter().any(|entry| entry.name == text) {
                let rule = "it has a range or a static value, too, so that Autotune cannot choose";
                findings.warning(&name, rule, "keep one of them");
            }
        }
    }
}

fn check_counts(tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    let count = tuned.ranges.len();
    if let Some(ranges) = tuned.range_nodes.first()
        && count > MAX_RANGES
    {
        let rule =
            format!("a tuning job may have at most {MAX_RANGES} ranges of all types, not {count}");
        findings.error(ranges, rule, "make some of them static");
    }
    let statics = tuned.statics().len();
    if let Some(definition) = &tuned.definition
        && let Some(node) = definition.member("StaticHyperParameters")
        && statics <= MAX_HYPERPARAMETERS
        && statics + count + 1 > MAX_HYPERPARAMETERS
    {
        let rule = format!(
            "a training job may have at most {MAX_HYPERPARAMETERS} hyperparameters; these are \
             {statics} static, {count} tuned, and {OBJECTIVE_METRIC}"
        );
        findings.error(&node, rule, "remove some");
    }
}

fn check_not_empty(view: &RequestView<'_>, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    const RULE: &str = "there must be at least one hyperparameter to tune";
    let Some(config) = &view.config else { return };
    // A member of the wrong type is reported already.
    let is_malformed = |ranges: &Node<'_>| {
        let mut lists = RANGE_LISTS.iter().filter_map(|list| ranges.member(list));
        ranges.object().is_none()
            || lists.any(|list| !list.value.is_array() || !list.items().is_empty())
    };
    match tuned.range_nodes.first() {
        Some(_) if tuned.range_nodes.iter().any(is_malformed) => {}
        Some(ranges) => findings.error(ranges, RULE, "add a range"),
        None => findings.missing(config.path_of("ParameterRanges"), RULE, "add a range"),
    }
}

/// Returns the number of configurations, if all ranges are finite and known.
fn cardinality(tuned: &TunedDefinition<'_>) -> Option<u128> {
    if tuned.ranges.is_empty() {
        return None;
    }
    let mut counts = tuned.ranges.iter().map(Range::cardinality);
    counts.try_fold(1_u128, |product, count| Some(product.saturating_mul(count?)))
}

/// Checks that there are enough configurations: a tuning job never repeats one.
fn check_cardinality(view: &RequestView<'_>, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    let Some(count) = cardinality(tuned) else { return };
    if let Some(node) = view.limit("MaxNumberOfTrainingJobs")
        && node.value.as_u64().is_some_and(|jobs| u128::from(jobs) > count)
    {
        findings.error(
            &node,
            format!("the ranges have only {count} configurations, and a job tries each only once"),
            format!("lower it to {count}, or widen the ranges"),
        );
    }
}

fn check_grid_is_categorical(tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    for range in tuned.ranges.iter().filter(|range| range.kind != RangeKind::Categorical) {
        findings.error(
            &range.node,
            "a grid search allows only categorical ranges",
            "list its values as CategoricalParameterRanges, or use another Strategy",
        );
    }
}

/// Checks the number of jobs of a grid search, which runs each combination once.
fn check_grid(view: &RequestView<'_>, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    let is_grid = tuned.ranges.iter().all(|range| range.kind == RangeKind::Categorical);
    let Some(count) = cardinality(tuned).filter(|_| is_grid) else { return };
    let jobs = view.limit("MaxNumberOfTrainingJobs");
    if let Some(node) = &jobs
        && node.value.as_u64().is_some_and(|jobs| u128::from(jobs) != count)
    {
        findings.error(
            node,
            format!("a grid search runs each of its {count} combinations once"),
            format!("leave it out, or set it to {count}"),
        );
    }
    let max = view.context.quotas.training_jobs;
    if let Some(node) = jobs.as_ref().or(tuned.range_nodes.first())
        && count > u128::from(max)
    {
        let quotas = view.context.quotas.name;
        let rule = format!("a grid of {count} combinations exceeds {max} jobs ({quotas})");
        findings.error(node, rule, "shorten the lists of values");
    }
}
