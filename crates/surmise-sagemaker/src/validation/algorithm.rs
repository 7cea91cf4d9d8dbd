//! Rules about an algorithm: its hyperparameters, objective metrics, channels and instances.
//!
//! The rules of an algorithm resource come from its description; the service refuses a request that
//! breaks one. The rules of the built-in XGBoost come from its container. There the service refuses
//! only ranges of hyperparameters that are not tunable. A wrong static value fails later, in the
//! training job, so it is a warning.

use super::range::{Range, RangeKind};
use super::request_view::{RequestView, TunedDefinition};
use crate::findings::{Findings, Severity};
use crate::image::{Image, image_kind};
use crate::json_path::step;
use crate::node::Node;
use crate::request::{
    AlgorithmDescription, HyperParameterSpecification, HyperParameterType,
    NumericRangeSpecification, OBJECTIVE_METRIC, XGBOOST_UNLIMITED_AT_ZERO, xgboost, xgboost_name,
};
use crate::shape::nearest;
use surmise::error::Violation;
use surmise::objective::Goal;

pub(super) fn check(view: &RequestView<'_>, findings: &mut Findings) {
    for tuned in &view.tuned_definitions {
        let Some(definition) = &tuned.definition else { continue };
        let Some(algorithm) = definition.member("AlgorithmSpecification") else { continue };
        let path = algorithm.text("TrainingImage").unwrap_or_default();
        let described = algorithm.member("AlgorithmName").and_then(|name| {
            let description = view.context.algorithms.iter().find(|it| is_named(it, &name));
            Some((name, description?))
        });
        if let Some((name, description)) = described {
            check_resource(definition, &name, description, findings);
            let rules = Rules {
                description,
                not_tunable_severity: Severity::Error,
                default_severity: Severity::Error,
                is_built_in: false,
                canonical_name: |name| name,
            };
            rules.check(tuned, findings);
        } else if let Image::BuiltIn("xgboost" | "sagemaker-xgboost") = image_kind(path) {
            let rules = Rules {
                description: xgboost(),
                not_tunable_severity: Severity::Error,
                default_severity: Severity::Warning,
                is_built_in: true,
                canonical_name: xgboost_name,
            };
            rules.check(tuned, findings);
            warn_of_unlimited_zero(tuned, findings);
            warn_of_missing_train_channel(definition, findings);
        }
    }
    warn_of_unused_descriptions(view, findings);
}

/// Warns of algorithm descriptions that no definition names.
fn warn_of_unused_descriptions(view: &RequestView<'_>, findings: &mut Findings) {
    let path = ["AlgorithmSpecification", "AlgorithmName"];
    let names: Vec<Node<'_>> =
        view.definitions.iter().filter_map(|node| node.descendant(&path)).collect();
    let is_unused = |description: &&AlgorithmDescription| {
        view.is_whole && !names.iter().any(|name| is_named(description, name))
    };
    for description in view.context.algorithms.iter().filter(is_unused) {
        let rule = format!(
            "the given description is of another algorithm, {}",
            description.algorithm_name
        );
        let remedy = "name this algorithm, or give the description of the named one";
        if let Some(node) = names.first().or(view.definitions.first()) {
            findings.warning(node, rule, remedy);
        }
    }
}

/// Returns whether `name` is that of the described algorithm: its ARN, or its name if it is no ARN.
fn is_named(description: &AlgorithmDescription, name: &Node<'_>) -> bool {
    let name = name.value.as_str().unwrap_or_default();
    match description.algorithm_arn.as_deref() {
        Some(arn) if name.starts_with("arn:") => name == arn,
        _ => name.rsplit('/').next() == Some(description.algorithm_name.as_str()),
    }
}

/// Checks status, product, instances and channels of an algorithm resource.
fn check_resource(
    definition: &Node<'_>,
    name: &Node<'_>,
    description: &AlgorithmDescription,
    findings: &mut Findings,
) {
    if let Some(status) = description.algorithm_status.as_deref().filter(|s| *s != "Completed") {
        findings.error(name, format!("its status is {status}"), "wait until it is Completed");
    }
    if description.product_id.is_some() {
        let algorithm = definition.member("AlgorithmSpecification");
        let metrics = algorithm.and_then(|node| node.member("MetricDefinitions"));
        if let Some(metrics) = metrics.filter(|node| !node.items().is_empty()) {
            let rule = "an algorithm of AWS Marketplace defines its metrics itself";
            findings.error(&metrics, rule, "remove it");
        }
        if !definition.is_true("EnableNetworkIsolation")
            && !definition.has_unresolved("EnableNetworkIsolation")
        {
            findings.missing(
                definition.path_of("EnableNetworkIsolation"),
                "an algorithm of AWS Marketplace must run in network isolation",
                "set it to true",
            );
        }
    }
    let specification = &description.training_specification;
    let flexible = definition.member("HyperParameterTuningResourceConfig");
    let mut resources: Vec<Node<'_>> = definition.member("ResourceConfig").into_iter().collect();
    let preferences: Vec<Node<'_>> =
        resources.iter().flat_map(|node| node.list("InstancePreferences")).collect();
    resources.extend(preferences);
    if let Some(flexible) = flexible {
        resources.extend(flexible.list("InstanceConfigs"));
        resources.push(flexible);
    }
    for node in resources {
        let types = &specification.supported_training_instance_types;
        if let Some(instance_type) = node.member("InstanceType")
            && !types.is_empty()
            && !types.iter().any(|supported| instance_type.value == supported.as_str())
        {
            findings.error(
                &instance_type,
                "the algorithm does not support it",
                format!("use {}", types.join(", ")),
            );
        }
        if specification.supports_distributed_training == Some(false)
            && let Some(count) = node.member("InstanceCount")
            && count.value.as_i64().is_some_and(|count| count > 1)
        {
            findings.error(&count, "the algorithm uses only one instance", "set it to 1");
        }
    }
    check_channels(definition, description, findings);
}

fn check_channels(
    definition: &Node<'_>,
    description: &AlgorithmDescription,
    findings: &mut Findings,
) {
    let specifications = &description.training_specification.training_channels;
    let channels = definition.list("InputDataConfig");
    let mode = definition.descendant(&["AlgorithmSpecification", "TrainingInputMode"]);
    for channel in &channels {
        let Some(name) = channel.member("ChannelName") else { continue };
        let Some(text) = name.value.as_str() else { continue };
        let Some(specification) = specifications.iter().find(|it| it.name == text) else {
            if !specifications.is_empty() {
                let names: Vec<&str> = specifications.iter().map(|it| it.name.as_str()).collect();
                findings.error(
                    &name,
                    "the algorithm has no such channel",
                    format!("use one of {}", names.join(", ")),
                );
            }
            continue;
        };
        let mode = channel.member_or_expression("InputMode").or_else(|| mode.clone());
        let mode = mode.filter(|mode| !mode.is_unresolved());
        for (node, supported) in [
            (channel.member("ContentType"), &specification.supported_content_types),
            (channel.member("CompressionType"), &specification.supported_compression_types),
            (mode, &specification.supported_input_modes),
        ] {
            if let Some(node) = node
                && let Some(value) = node.value.as_str()
                && !supported.is_empty()
                && value != "None"
                && !supported.iter().any(|it| it == value)
            {
                let rule = format!("the algorithm's channel {text} does not support it");
                findings.error(&node, rule, format!("use {}", supported.join(", ")));
            }
        }
    }
    for required in specifications.iter().filter(|it| it.is_required) {
        let is_present =
            channels.iter().any(|channel| channel.text("ChannelName") == Some(&required.name));
        let may_be_present = channels.iter().any(|channel| channel.has_unresolved("ChannelName"));
        if !is_present && !may_be_present && !definition.has_unresolved("InputDataConfig") {
            findings.missing(
                definition.path_of("InputDataConfig"),
                format!("the algorithm requires the channel {}", required.name),
                "add it",
            );
        }
    }
}

/// Static hyperparameters by which the SageMaker SDK passes a user's script to a container.
const SCRIPT_HYPERPARAMETERS: [&str; 2] = ["sagemaker_program", "sagemaker_submit_directory"];

/// The rules that an algorithm's description states about hyperparameters and objective metrics.
struct Rules<'d> {
    description: &'d AlgorithmDescription,
    /// The severity of a range for a hyperparameter that is unknown or not tunable.
    not_tunable_severity: Severity,
    /// The severity of all other findings.
    default_severity: Severity,
    /// True for SageMaker's own XGBoost, whose container also runs a user's script.
    is_built_in: bool,
    /// Maps a hyperparameter's name to the name that the description uses.
    canonical_name: fn(&str) -> &str,
}

impl Rules<'_> {
    /// Returns the hyperparameters that the algorithm supports; empty if it supports all.
    fn specifications(&self) -> &[HyperParameterSpecification] {
        &self.description.training_specification.supported_hyper_parameters
    }

    fn find(&self, name: &str) -> Option<&HyperParameterSpecification> {
        self.specifications().iter().find(|it| it.name == (self.canonical_name)(name))
    }

    fn check(&self, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
        self.check_objective(tuned, findings);
        if self.specifications().is_empty() {
            return;
        }
        for range in tuned.ranges.iter().filter(|range| !range.name.is_empty()) {
            self.check_range(range, findings);
        }
        let statics = tuned.statics();
        // XGBoost's container passes all hyperparameters to a user's script.
        let has_script = statics.iter().any(|entry| SCRIPT_HYPERPARAMETERS.contains(&entry.name));
        if has_script && self.is_built_in {
            return;
        }
        for entry in &statics {
            if entry.name != OBJECTIVE_METRIC && !entry.node.is_unresolved() {
                self.check_static(entry.name, &entry.node, findings);
            }
        }
        if !tuned.may_have_more {
            self.check_required(tuned, findings);
        }
    }

    fn check_required(&self, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
        let Some(definition) = &tuned.definition else { return };
        let required = self.specifications().iter();
        let required = required.filter(|it| it.is_required && it.default_value.is_none());
        let auto_parameters = tuned.range_nodes.iter().flat_map(|node| node.list("AutoParameters"));
        let auto_parameters: Vec<Node<'_>> = auto_parameters.collect();
        let statics = tuned.statics();
        for required in required {
            let is_required = |name: &str| (self.canonical_name)(name) == required.name;
            let is_present = statics.iter().any(|entry| is_required(entry.name))
                || tuned.ranges.iter().any(|range| is_required(range.name))
                || auto_parameters.iter().filter_map(|node| node.text("Name")).any(is_required);
            if !is_present && !definition.has_unresolved("StaticHyperParameters") {
                let path = definition.path_of("StaticHyperParameters");
                let violation = Violation::new(
                    format!("{path}{}", step(&required.name)),
                    "missing",
                    "the algorithm requires this hyperparameter",
                    "add it, or tune it",
                );
                findings.add(self.default_severity, violation);
            }
        }
    }

    fn check_objective(&self, tuned: &TunedDefinition<'_>, findings: &mut Findings) {
        let supported =
            &self.description.training_specification.supported_tuning_job_objective_metrics;
        let Some(objective) = &tuned.objective else { return };
        let (Some(name), Some(goal)) = (objective.member("MetricName"), objective.member("Type"))
        else {
            return;
        };
        let (Some(metric), false) = (name.value.as_str(), supported.is_empty()) else { return };
        let names = supported.iter().map(|it| it.metric_name.as_str());
        let goals: Vec<Goal> =
            supported.iter().filter(|it| it.metric_name == metric).map(|it| it.goal).collect();
        if goals.is_empty() {
            let remedy = match nearest(metric, names.clone()) {
                Some(similar) => format!("did you mean {similar}?"),
                None => format!("use one of {}", names.take(8).collect::<Vec<_>>().join(", ")),
            };
            let rule = format!("{} does not report this metric", self.description.algorithm_name);
            findings.add_at(self.default_severity, &name, rule, remedy);
        } else if let Some(word) = goal.value.as_str()
            && !goals.iter().any(|goal| format!("{goal:?}") == word)
        {
            let rule = format!(
                "{metric} must be {}",
                if goals[0] == Goal::Minimize { "minimized" } else { "maximized" }
            );
            findings.add_at(
                self.default_severity,
                &goal,
                rule,
                format!("set it to {:?}", goals[0]),
            );
        }
    }

    fn check_range(&self, range: &Range<'_>, findings: &mut Findings) {
        let Some(name) = range.node.member("Name") else { return };
        let Some(specification) = self.find(range.name) else {
            let (rule, remedy) = (self.unknown_rule(), self.unknown_remedy(range.name));
            findings.add_at(self.not_tunable_severity, &name, rule, remedy);
            return;
        };
        if !specification.is_tunable {
            let rule = format!(
                "this hyperparameter of {} is not tunable",
                self.description.algorithm_name
            );
            findings.add_at(self.not_tunable_severity, &name, rule, "make it static");
            return;
        }
        let fits = match (&specification.kind, range.kind) {
            (HyperParameterType::Integer, RangeKind::Integer)
            | (HyperParameterType::Continuous, RangeKind::Integer | RangeKind::Continuous)
            | (HyperParameterType::FreeText | HyperParameterType::Unknown(_), _) => true,
            (_, RangeKind::Categorical) => {
                range.values.iter().all(|value| broken_rule(specification, value).is_none())
            }
            _ => false,
        };
        if !fits && range.kind != RangeKind::Categorical {
            let rule = format!("its type must be {:?}, not {:?}", specification.kind, range.kind);
            findings.add_at(
                self.default_severity,
                &range.node,
                rule,
                format!("give it a range of type {:?}", specification.kind),
            );
            return;
        }
        for bound in ["MinValue", "MaxValue"] {
            if let Some(node) = range.node.member(bound)
                && let Some(text) = node.value.as_str()
                && let Some(rule) = broken_rule(specification, without_zero_fraction(text))
            {
                findings.add_at(self.default_severity, &node, rule, "narrow the range");
            }
        }
        for value in range.node.list("Values") {
            let text = value.value.as_str();
            if let Some(rule) = text.and_then(|text| broken_rule(specification, text)) {
                findings.add_at(self.default_severity, &value, rule, "remove it");
            }
        }
    }

    fn check_static(&self, name: &str, node: &Node<'_>, findings: &mut Findings) {
        match self.find(name) {
            None => {
                let (rule, remedy) = (self.unknown_rule(), self.unknown_remedy(name));
                findings.add_at(self.default_severity, node, rule, remedy);
            }
            Some(specification) => {
                let text = node.value.as_str();
                if let Some(rule) = text.and_then(|text| broken_rule(specification, text)) {
                    findings.add_at(self.default_severity, node, rule, "change it");
                }
            }
        }
    }

    /// Returns the rule that a hyperparameter without a specification breaks.
    fn unknown_rule(&self) -> String {
        format!("{} has no such hyperparameter", self.description.algorithm_name)
    }

    fn unknown_remedy(&self, name: &str) -> String {
        match nearest(name, self.specifications().iter().map(|it| it.name.as_str())) {
            Some(similar) => format!("did you mean {similar}?"),
            None => "remove it".to_owned(),
        }
    }
}

/// Removes a fraction of zeros, as in `10.0`. The rules of ranges warn about that notation.
fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    }
}

/// Returns the rule that a value breaks, or `None` if the hyperparameter accepts it.
fn broken_rule(specification: &HyperParameterSpecification, text: &str) -> Option<String> {
    let range = specification.range.as_ref();
    let outside = |bounds: Option<&NumericRangeSpecification>, number: f64| {
        let bounds = bounds?;
        let (min, max) = (bounds.min_value.parse().ok()?, bounds.max_value.parse().ok()?);
        let is_inside = (min..=max).contains(&number);
        (!is_inside)
            .then(|| format!("the algorithm takes {} to {}", bounds.min_value, bounds.max_value))
    };
    match &specification.kind {
        HyperParameterType::FreeText | HyperParameterType::Unknown(_) => None,
        HyperParameterType::Integer => match text.parse::<i64>() {
            #[allow(clippy::cast_precision_loss, reason = "for a comparison")]
            Ok(number) => outside(
                range.and_then(|range| range.integer_parameter_range_specification.as_ref()),
                number as f64,
            ),
            Err(_) => Some("the algorithm takes whole numbers".to_owned()),
        },
        HyperParameterType::Continuous => match text.parse::<f64>() {
            Ok(number) => outside(
                range.and_then(|range| range.continuous_parameter_range_specification.as_ref()),
                number,
            ),
            Err(_) => Some("the algorithm takes numbers".to_owned()),
        },
        HyperParameterType::Categorical => {
            let values = &range?.categorical_parameter_range_specification.as_ref()?.values;
            let is_allowed = values.iter().any(|value| value == text);
            (!is_allowed).then(|| format!("the algorithm takes {}", values.join(", ")))
        }
    }
}

fn warn_of_missing_train_channel(definition: &Node<'_>, findings: &mut Findings) {
    let channels = definition.list("InputDataConfig");
    let may_be_train = |channel: &Node<'_>| {
        channel.text("ChannelName") == Some("train") || channel.has_unresolved("ChannelName")
    };
    if !channels.iter().any(may_be_train) && !definition.has_unresolved("InputDataConfig") {
        let path = definition.path_of("InputDataConfig");
        let rule = "XGBoost learns from the channel train";
        let violation = Violation::new(path, "without the channel train", rule, "add it");
        findings.add(Severity::Warning, violation);
    }
}

/// Warns of ranges that begin at a 0 that means "no limit": it is no neighbor of small values.
fn warn_of_unlimited_zero(tuned: &TunedDefinition<'_>, findings: &mut Findings) {
    for range in &tuned.ranges {
        let (Some(min), Some(max)) = (range.min, range.max) else { continue };
        if XGBOOST_UNLIMITED_AT_ZERO.contains(&range.name)
            && min <= 0.0
            && max > 0.0
            && let Some(node) = range.node.member("MinValue")
        {
            let rule = format!(
                "0 means \"no limit\" for {}, so that the largest limit is next to the smallest",
                range.name
            );
            findings.warning(&node, rule, "begin the range at 1, and try 0 separately");
        }
    }
}
