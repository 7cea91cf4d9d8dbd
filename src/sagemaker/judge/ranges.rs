//! Rules of ranges.

use std::collections::HashSet;

use super::{Case, Search};
use crate::sagemaker::node::Node;
use crate::sagemaker::verdict::Findings;

/// Ranges of all types together, by the text of the service's model.
const MOST_RANGES: usize = 30;
/// Hyperparameters of a training job: tuned, static, and the one that SageMaker adds.
const MOST_HYPERPARAMETERS: usize = 100;
/// From this ratio of its ends on, a linear scale spends nearly all trials on the largest values: three decades, but for
/// rounding.
const WIDE: f64 = 1000.0 * (1.0 - 1e-9);
/// What SageMaker tells each training job, so that it knows its objective.
pub(super) const INJECTED: &str = "_tuning_objective_metric";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Continuous,
    Categorical,
}

/// One range, as far as it can be read.
pub(super) struct Range<'a> {
    pub(super) kind: Kind,
    pub(super) node: Node<'a>,
    pub(super) name: &'a str,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) values: Vec<&'a str>,
}

impl<'a> Range<'a> {
    /// All ranges of one place.
    pub(super) fn all(place: &Node<'a>) -> Vec<Self> {
        let of = |list: &str, kind: Kind| {
            let ranges = place.list(list).into_iter();
            ranges.map(|node| Self::of(node, kind)).collect::<Vec<_>>()
        };
        let mut ranges = of("IntegerParameterRanges", Kind::Integer);
        ranges.extend(of("ContinuousParameterRanges", Kind::Continuous));
        ranges.extend(of("CategoricalParameterRanges", Kind::Categorical));
        ranges
    }

    fn of(node: Node<'a>, kind: Kind) -> Self {
        let end = |name: &str| node.text(name).and_then(|text| read_end(text, kind));
        let values = node.list("Values");
        Self {
            kind,
            name: node.text("Name").unwrap_or_default(),
            min: end("MinValue"),
            max: end("MaxValue"),
            values: values.iter().filter_map(|value| value.value.as_str()).collect(),
            node,
        }
    }

    /// Number of its values, if it is finite and known.
    fn cardinality(&self) -> Option<u128> {
        match self.kind {
            Kind::Categorical => Some(self.values.len() as u128),
            Kind::Continuous => None,
            Kind::Integer => {
                let end = |name: &str| self.node.text(name)?.parse::<i64>().ok();
                let (min, max) = (end("MinValue")?, end("MaxValue")?);
                (min <= max).then(|| u128::from(max.abs_diff(min)) + 1)
            }
        }
    }
}

/// An end of a range as a number, if it is one.
fn read_end(text: &str, kind: Kind) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "for comparisons only")]
    match kind {
        Kind::Integer => text.parse::<i64>().ok().map(|number| number as f64),
        Kind::Continuous => text.parse().ok().filter(|number: &f64| number.is_finite()),
        Kind::Categorical => None,
    }
}

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for search in &case.searches {
        for range in &search.ranges {
            check_name(range, findings);
            match range.kind {
                Kind::Categorical => check_values(range, findings),
                Kind::Integer | Kind::Continuous => check_ends(range, findings),
            }
        }
        check_names(search, findings);
        check_counts(case, search, findings);
        if case.strategy() == Some("Grid") {
            check_grid(case, search, findings);
        } else {
            check_cardinality(case, search, findings);
        }
    }
}

fn check_name(range: &Range<'_>, findings: &mut Findings) {
    if let Some(name) = range.node.member("Name").filter(|name| name.value == "") {
        findings.error(&name, "a hyperparameter has a name", "name it");
    }
    if range.name == INJECTED
        && let Some(name) = range.node.member("Name")
    {
        findings.error(&name, "SageMaker sets this hyperparameter itself", "leave it out");
    }
}

fn check_ends(range: &Range<'_>, findings: &mut Findings) {
    for end in ["MinValue", "MaxValue"] {
        let Some(node) = range.node.member(end) else { continue };
        let Some(text) = node.value.as_str() else { continue };
        if read_end(text, range.kind).is_none() {
            let (rule, remedy) = match range.kind {
                Kind::Integer => ("an integer range ends in whole numbers", "write it as \"10\""),
                _ => {
                    ("a continuous range ends in finite numbers", "write it as \"0.5\" or \"1e-3\"")
                }
            };
            findings.error(&node, rule, remedy);
        }
    }
    let (Some(min), Some(max)) = (range.min, range.max) else {
        // One end alone can be out of place, too.
        check_scale(range, range.min, range.max, findings);
        return;
    };
    if min >= max
        && let Some(node) = range.node.member("MaxValue")
    {
        let remedy = if min > max {
            "swap the ends"
        } else {
            "make it static: the service refuses ranges of one value"
        };
        findings.error(&node, format!("MaxValue is above MinValue, {min:?}"), remedy);
    }
    check_scale(range, Some(min), Some(max), findings);
}

/// The scale must be able to hold the range, and should suit it.
fn check_scale(range: &Range<'_>, min: Option<f64>, max: Option<f64>, findings: &mut Findings) {
    let scaling = range.node.text("ScalingType");
    let (min_node, max_node) = (range.node.member("MinValue"), range.node.member("MaxValue"));
    match scaling {
        Some("Logarithmic") => {
            if let (Some(min), Some(node)) = (min, min_node)
                && min <= 0.0
            {
                findings.error(
                    &node,
                    "a logarithmic scale has no place for 0 or less",
                    "raise MinValue above 0, or use Linear scaling",
                );
            }
        }
        Some("ReverseLogarithmic") if range.kind == Kind::Integer => {
            if let Some(node) = range.node.member("ScalingType") {
                findings.error(
                    &node,
                    "reverse logarithmic scaling is for continuous ranges only",
                    "use Linear or Logarithmic",
                );
            }
        }
        Some("ReverseLogarithmic") => {
            if let (Some(min), Some(node)) = (min, min_node)
                && min < 0.0
            {
                let rule = "a reverse logarithmic scale begins at 0 or above";
                findings.error(&node, rule, "raise MinValue, or use Linear scaling");
            }
            if let (Some(max), Some(node)) = (max, max_node)
                && max >= 1.0
            {
                let rule = "a reverse logarithmic scale ends below 1";
                findings.error(&node, rule, "lower MaxValue, or use Linear scaling");
            }
        }
        Some("Linear") => {
            if let (Some(min), Some(max)) = (min, max) {
                warn_of_linear(range, min, max, findings);
            }
        }
        _ => {}
    }
}

fn warn_of_linear(range: &Range<'_>, min: f64, max: f64, findings: &mut Findings) {
    let Some(node) = range.node.member("ScalingType") else { return };
    if min > 0.0 && max / min >= WIDE {
        findings.warning(
            &node,
            format!(
                "{min:?} to {max:?} spans {:.1} decades: on a linear scale nine trials of ten \
                 are in the last one",
                (max / min).log10()
            ),
            "use Logarithmic, or Auto",
        );
    } else if range.kind == Kind::Continuous
        && min >= 0.0
        && max < 1.0
        && (1.0 - min) / (1.0 - max) >= WIDE
    {
        findings.warning(
            &node,
            format!("{min:?} to {max:?} spans decades of distance from 1"),
            "use ReverseLogarithmic, or Auto",
        );
    }
}

fn check_values(range: &Range<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for value in range.node.list("Values") {
        let Some(text) = value.value.as_str() else { continue };
        if !seen.insert(text) {
            findings.error(&value, "the values of a categorical range are distinct", "remove it");
        }
    }
}

/// Names are distinct, among the ranges and from what is static.
fn check_names(search: &Search<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    let statics = search.definition.as_ref().map(|node| node.map("StaticHyperParameters"));
    let statics = statics.unwrap_or_default();
    for range in search.ranges.iter().filter(|range| !range.name.is_empty()) {
        let Some(name) = range.node.member("Name") else { continue };
        if !seen.insert(range.name) {
            findings.error(&name, "a hyperparameter has one range", "remove all others");
        }
        if let Some((_, value)) = statics.iter().find(|(key, _)| *key == range.name) {
            let rule = format!("a hyperparameter is tuned or static, not both ({})", value.path);
            findings.error(&name, rule, "remove it in one place");
        }
    }
    if let Some((_, value)) = statics.iter().find(|(key, _)| *key == INJECTED) {
        findings.warning(value, "SageMaker sets this hyperparameter itself", "leave it out");
    }
}

fn check_counts(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    let count = search.ranges.len();
    if let Some(place) = search.places.first()
        && count > MOST_RANGES
    {
        let rule =
            format!("a tuning job has at most {MOST_RANGES} ranges of all types, not {count}");
        findings.error(place, rule, "make some of them static");
    }
    let statics =
        search.definition.as_ref().map_or(0, |node| node.map("StaticHyperParameters").len());
    if let Some(place) =
        search.definition.as_ref().and_then(|node| node.member("StaticHyperParameters"))
        && statics <= MOST_HYPERPARAMETERS
        && statics + count + 1 > MOST_HYPERPARAMETERS
    {
        let rule = format!(
            "a training job has at most {MOST_HYPERPARAMETERS} hyperparameters: {statics} static, {count} tuned, \
             and {INJECTED}"
        );
        findings.error(&place, rule, "remove some");
    }
    if count == 0 && !case.is_autotuned() {
        check_there_are_some(case, search, findings);
    }
}

fn check_there_are_some(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    const LISTS: [&str; 3] =
        ["IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"];
    let Some(config) = &case.config else { return };
    // What is of another form, or not known yet, is another matter.
    let is_unclear = |place: &Node<'_>| {
        let lists = LISTS.iter().filter_map(|list| place.member(list));
        place.object().is_none()
            || LISTS.iter().any(|list| place.awaits(list))
            || lists.into_iter().any(|list| !list.value.is_array() || !list.items().is_empty())
    };
    let own = search.definition.as_ref();
    if search.places.iter().any(is_unclear)
        || config.awaits("ParameterRanges")
        || own.is_some_and(|definition| definition.awaits("HyperParameterRanges"))
    {
        return;
    }
    let path = match search.places.first() {
        Some(place) => place.path.clone(),
        None => config.path_of("ParameterRanges"),
    };
    findings.missing(path, "there is at least one hyperparameter to tune", "add a range");
}

/// Number of configurations, if all ranges are finite and known.
fn cardinality(search: &Search<'_>) -> Option<u128> {
    if search.ranges.is_empty() {
        return None;
    }
    let counts = search.ranges.iter().map(Range::cardinality);
    counts.into_iter().try_fold(1_u128, |product, count| Some(product.saturating_mul(count?)))
}

/// A job never repeats a configuration, so there must be enough of them.
fn check_cardinality(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    let (Some(count), Some(node)) = (cardinality(search), case.limit("MaxNumberOfTrainingJobs"))
    else {
        return;
    };
    if case.definitions.len() < 2
        && node.value.as_u64().is_some_and(|jobs| u128::from(jobs) > count)
    {
        findings.error(
            &node,
            format!("the ranges have only {count} configurations, and none is tried twice"),
            format!("lower it to {count}, or widen the ranges"),
        );
    }
}

/// Grid: choices only, each combination once.
fn check_grid(case: &Case<'_>, search: &Search<'_>, findings: &mut Findings) {
    for range in search.ranges.iter().filter(|range| range.kind != Kind::Categorical) {
        findings.error(
            &range.node,
            "a grid search takes categorical ranges only",
            "list its values as CategoricalParameterRanges, or use another Strategy",
        );
    }
    let is_grid = search.ranges.iter().all(|range| range.kind == Kind::Categorical);
    let Some(count) = cardinality(search).filter(|_| is_grid) else { return };
    let (path, jobs) = match case.limit("MaxNumberOfTrainingJobs") {
        Some(node) => (node, true),
        None => (search.places[0].clone(), false),
    };
    if jobs && path.value.as_u64().is_some_and(|jobs| u128::from(jobs) != count) {
        findings.error(
            &path,
            format!("a grid search runs each of its {count} combinations once"),
            format!("leave it out, or set it to {count}"),
        );
    }
    if count > u128::from(case.quotas.training_jobs) {
        let most = case.quotas.training_jobs;
        let rule =
            format!("a grid of {count} combinations exceeds {most} jobs ({})", case.quotas.name);
        findings.error(&path, rule, "shorten the lists of values");
    }
}
