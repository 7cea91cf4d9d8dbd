//! Rules of metrics: whether the objective is defined, and whether expressions find what they should.

use std::collections::HashSet;
use std::ops::Range;

use super::case::{Case, Search};
use crate::image::{Image, image};
use crate::node::Node;
use crate::pattern::first_group_can_be_empty;
use crate::verdict::{Findings, Severity};
use surmise::pattern::MetricPattern;

/// Metrics of a tuning job, by the limits page; the service's model allows 40.
const MANY: usize = 20;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for search in &case.searches {
        let Some(definition) = &search.definition else { continue };
        let Some(algorithm) = definition.member("AlgorithmSpecification") else { continue };
        let metrics = algorithm.list("MetricDefinitions");
        check_objective(&algorithm, search, findings);
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
            check_expression(case, search, metric, findings);
        }
        if let Some(list) = algorithm.member("MetricDefinitions")
            && metrics.len() > MANY
        {
            let rule = format!("the limits page allows {MANY} metrics, the service's model 40");
            findings.warning(&list, rule, "define only what you look at");
        }
    }
}

/// An image of one's own must define the objective. A built-in one need not define anything, and refuses it by a message that users
/// report ("You can't override the metric definitions for Amazon SageMaker algorithms"), though a page of AWS's guide does so.
fn check_objective(algorithm: &Node<'_>, search: &Search<'_>, findings: &mut Findings) {
    let Some(path) = algorithm.text("TrainingImage") else { return };
    let metrics = algorithm.member("MetricDefinitions");
    let image = image(path);
    if let Image::BuiltIn(name) = image {
        if let Some(node) = metrics.filter(|node| !node.items().is_empty()) {
            let rule = format!(
                "{name} is an algorithm of SageMaker, which defines its metrics itself: tuning jobs have been created with others, but single training jobs are refused with them (they are left out of those that are created here)"
            );
            findings.warning(
                &node,
                rule,
                "remove it if only the algorithm's own metrics are meant",
            );
        }
        return;
    }
    let objective = search.objective.as_ref().and_then(|objective| objective.member("MetricName"));
    let Some(objective) = objective else { return };
    let defined = algorithm.list("MetricDefinitions");
    let is_defined = defined.iter().any(|metric| metric.member("Name").map(|n| n.value) == Some(objective.value))
        // A name that is known only when the state machine runs may be the one.
        || defined.iter().any(|metric| metric.awaits("Name"));
    if !is_defined && !algorithm.awaits("MetricDefinitions") {
        let known: Vec<&str> = defined.iter().filter_map(|metric| metric.text("Name")).collect();
        let rule = if known.is_empty() {
            format!(
                "training jobs of this image must define the objective, in {}",
                algorithm.path_of("MetricDefinitions")
            )
        } else {
            format!(
                "the objective must be one of the metrics that are defined: {}",
                known.join(", ")
            )
        };
        // A namesake may be SageMaker's, in a region that is not known here.
        let severity = if image == Image::Other { Severity::Error } else { Severity::Warning };
        let remedy = "add its Name and Regex to MetricDefinitions";
        findings.at(severity, &objective, rule, remedy);
    }
}

fn check_expression(
    case: &Case<'_>,
    search: &Search<'_>,
    metric: &Node<'_>,
    findings: &mut Findings,
) {
    let Some(node) = metric.member("Regex") else { return };
    let Some(expression) = node.value.as_str().filter(|text| !text.is_empty()) else { return };
    let pattern = match MetricPattern::new(expression) {
        Ok(pattern) => pattern,
        Err(why) => {
            let rule =
                format!("it cannot be read here: {}", why.lines().last().unwrap_or_default());
            findings.warning(&node, rule, "mend it, or try it in a training job first");
            return;
        }
    };
    if !pattern.has_group() {
        let rule = "the value is what the first group captures, and there is none";
        findings.warning(&node, rule, "put parentheses around the number");
    } else if first_group_can_be_empty(expression) == Some(true) {
        findings.warning(
            &node,
            "its group can be empty, and then there is no value",
            r"capture at least one character, as in ([0-9.eE+-]+) or (\S+)",
        );
    }
    if pattern.has_group()
        && let Some(lines) = case.known.log_lines.filter(|lines| !lines.is_empty())
    {
        let objective =
            search.objective.as_ref().and_then(|objective| objective.text("MetricName"));
        let is_objective = objective.is_some() && objective == metric.text("Name");
        try_on(lines, &pattern, &node, is_objective, findings);
    }
}

/// What an expression captures in lines of a log.
fn try_on(
    lines: &[String],
    pattern: &MetricPattern,
    node: &Node<'_>,
    is_objective: bool,
    findings: &mut Findings,
) {
    let spans = lines.iter().filter_map(|line| Some((line.as_str(), pattern.span(line)?)));
    let found: Vec<(&str, Range<usize>)> = spans.collect();
    if found.is_empty() {
        let rule = format!("it is found in none of {} lines", lines.len());
        let remedy =
            if is_objective { "mend it: without it no job has an objective" } else { "mend it" };
        findings.warning(node, rule, remedy);
        return;
    }
    let mut texts = found.iter().map(|(line, span)| &line[span.clone()]);
    if let Some(text) = texts.find(|text| !is_number(text)) {
        let rule = format!("what it captures is not always a number: {text:?}");
        findings.warning(node, rule, "capture the number alone");
    } else if let Some((text, whole)) =
        found.iter().find_map(|(line, span)| longer_number(line, span))
    {
        let rule = format!("it captures {text:?} of the number {whole:?}");
        findings.warning(node, rule, r"capture the whole number, as in (\S+) or ([0-9.eE+-]+)");
    }
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

/// What is captured, and the number of which it is a part only.
fn longer_number<'a>(line: &'a str, span: &Range<usize>) -> Option<(&'a str, &'a str)> {
    let of_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let from = line[..span.start].trim_end_matches(of_number).len();
    let to = line.len() - line[span.end..].trim_start_matches(of_number).len();
    let (text, whole) = (&line[span.clone()], &line[from..to]);
    (text != whole && is_number(whole)).then_some((text, whole))
}
