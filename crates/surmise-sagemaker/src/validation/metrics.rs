//! Rules about metrics: is the objective defined, and do the regular expressions capture numbers?

use std::collections::HashSet;
use std::ops::Range;

use super::request_view::{RequestView, TunedDefinition};
use crate::findings::{Findings, Severity};
use crate::image::{Image, image_kind};
use crate::node::Node;
use crate::pattern::first_group_may_be_empty;
use surmise::pattern::MetricPattern;

/// The maximum number of metrics by AWS's page of limits; the service's model allows 40.
const MAX_METRICS: usize = 20;

pub(super) fn check(view: &RequestView<'_>, findings: &mut Findings) {
    for tuned in &view.tuned_definitions {
        let Some(definition) = &tuned.definition else { continue };
        let Some(algorithm) = definition.member("AlgorithmSpecification") else { continue };
        let metrics = algorithm.list("MetricDefinitions");
        check_objective(&algorithm, tuned, findings);
        let mut seen = HashSet::new();
        for metric in &metrics {
            if let Some(name) = metric.member("Name")
                && let Some(text) = name.value.as_str()
                && !seen.insert(text)
            {
                findings.warning(
                    &name,
                    "metrics must have distinct names",
                    "rename it, or remove it",
                );
            }
            check_expression(view, tuned, metric, findings);
        }
        if let Some(list) = algorithm.member("MetricDefinitions")
            && metrics.len() > MAX_METRICS
        {
            let rule = format!(
                "AWS's page of limits allows {MAX_METRICS} metrics, the service's model 40"
            );
            findings.warning(&list, rule, "define only the metrics that you need");
        }
    }
}

/// Checks that the objective is defined.
///
/// It must be defined for a user's image; the image of a built-in algorithm defines its own
/// metrics. For definitions with such an image users report the message "You can't override the
/// metric definitions for Amazon SageMaker algorithms". However, a page of AWS's guide has some.
fn check_objective(algorithm: &Node<'_>, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    let Some(path) = algorithm.text("TrainingImage") else { return };
    let metrics = algorithm.member("MetricDefinitions");
    let image = image_kind(path);
    if let Image::BuiltIn(name) = image {
        if let Some(node) = metrics.filter(|node| !node.items().is_empty()) {
            let rule = format!(
                "{name} is an algorithm of SageMaker that defines its metrics itself: the service \
                 has accepted tuning jobs with further definitions, but refuses single training \
                 jobs with them (Surmise omits them there)"
            );
            findings.warning(&node, rule, "remove it, unless you need a metric of your own");
        }
        return;
    }
    let objective = tuned.objective.as_ref().and_then(|objective| objective.member("MetricName"));
    let Some(objective) = objective else { return };
    let defined = algorithm.list("MetricDefinitions");
    let is_objective =
        |metric: &Node<'_>| metric.member("Name").map(|name| name.value) == Some(objective.value);
    // An unresolved name may be that of the objective.
    let is_defined = defined.iter().any(is_objective)
        || defined.iter().any(|metric| metric.has_unresolved("Name"));
    if !is_defined && !algorithm.has_unresolved("MetricDefinitions") {
        let names: Vec<&str> = defined.iter().filter_map(|metric| metric.text("Name")).collect();
        let rule = if names.is_empty() {
            format!(
                "training jobs of this image must define the objective, in {}",
                algorithm.path_of("MetricDefinitions")
            )
        } else {
            format!("the objective must be one of the defined metrics: {}", names.join(", "))
        };
        // A namesake may be SageMaker's own image in a region that this version does not know.
        let severity = if image == Image::Other { Severity::Error } else { Severity::Warning };
        let remedy = "add its Name and Regex to MetricDefinitions";
        findings.add_at(severity, &objective, rule, remedy);
    }
}

fn check_expression(
    view: &RequestView<'_>,
    tuned: &TunedDefinition<'_>,
    metric: &Node<'_>,
    findings: &mut Findings,
) {
    let Some(node) = metric.member("Regex") else { return };
    let Some(expression) = node.value.as_str().filter(|text| !text.is_empty()) else { return };
    let pattern = match MetricPattern::new(expression) {
        Ok(pattern) => pattern,
        Err(error) => {
            let rule =
                format!("Surmise cannot parse it: {}", error.lines().last().unwrap_or_default());
            findings.warning(&node, rule, "correct it, or try it in a training job first");
            return;
        }
    };
    if !pattern.has_group() {
        let rule = "the first group must capture the value, and the expression has no group";
        findings.warning(&node, rule, "put parentheses around the number");
    } else if first_group_may_be_empty(expression) == Some(true) {
        findings.warning(
            &node,
            "its group can be empty, and then the metric has no value",
            r"capture at least one character, as in ([0-9.eE+-]+) or (\S+)",
        );
    }
    if pattern.has_group()
        && let Some(lines) = view.context.log_lines.filter(|lines| !lines.is_empty())
    {
        let objective = tuned.objective.as_ref().and_then(|objective| objective.text("MetricName"));
        let is_objective = objective.is_some() && objective == metric.text("Name");
        check_captures(lines, &pattern, &node, is_objective, findings);
    }
}

/// Checks what an expression captures in the lines of a log.
fn check_captures(
    lines: &[String],
    pattern: &MetricPattern,
    node: &Node<'_>,
    is_objective: bool,
    findings: &mut Findings,
) {
    let spans = lines.iter().filter_map(|line| Some((line.as_str(), pattern.span(line)?)));
    let found: Vec<(&str, Range<usize>)> = spans.collect();
    if found.is_empty() {
        let rule = format!("it matches none of {} lines", lines.len());
        let remedy = if is_objective {
            "correct it: without it no job has an objective value"
        } else {
            "correct it"
        };
        findings.warning(node, rule, remedy);
        return;
    }
    let mut texts = found.iter().map(|(line, span)| &line[span.clone()]);
    if let Some(text) = texts.find(|text| !is_number(text)) {
        let rule = format!("it captures a text that is not a number: {text:?}");
        findings.warning(node, rule, "capture only the number");
    } else if let Some((text, number)) =
        found.iter().find_map(|(line, span)| longer_number(line, span))
    {
        let rule = format!("it captures only {text:?} of the number {number:?}");
        findings.warning(node, rule, r"capture the whole number, as in (\S+) or ([0-9.eE+-]+)");
    }
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

/// Returns the captured text and the number around it, if the text is only a part of the number.
fn longer_number<'a>(line: &'a str, span: &Range<usize>) -> Option<(&'a str, &'a str)> {
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let start = line[..span.start].trim_end_matches(is_of_number).len();
    let end = line.len() - line[span.end..].trim_start_matches(is_of_number).len();
    let (text, number) = (&line[span.clone()], &line[start..end]);
    (text != number && is_number(number)).then_some((text, number))
}
