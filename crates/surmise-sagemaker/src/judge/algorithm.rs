//! Rules of an algorithm: does it take these values, is it tuned for this, does it want this data?
//!
//! Of an algorithm resource its description tells, and the service refuses what does not fit. Of the built-in XGBoost its container's
//! rules are known: the service refuses to tune what is not tunable; static values fail in the training job, so they are warned of.

use super::case::{Case, Search};
use super::range::{Kind, Range};
use super::ranges::INJECTED;
use crate::image::{Image, image};
use crate::json_path::step;
use crate::node::Node;
use crate::request::{
    AlgorithmDescription, Ends, HyperParameterSpecification, HyperParameterType,
    XGBOOST_UNLIMITED_AT_ZERO, xgboost, xgboost_name,
};
use crate::shape::nearest;
use crate::verdict::{Findings, Severity};
use surmise::error::Violation;
use surmise::objective::Goal;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for search in &case.searches {
        let Some(definition) = &search.definition else { continue };
        let Some(algorithm) = definition.member("AlgorithmSpecification") else { continue };
        let path = algorithm.text("TrainingImage").unwrap_or_default();
        let described = algorithm.member("AlgorithmName").and_then(|name| {
            let of_name = case.known.algorithms.iter().find(|known| is_named(known, &name));
            Some((name, of_name?))
        });
        if let Some((name, description)) = described {
            check_resource(definition, &name, description, findings);
            let (tuned, fixed) = (Severity::Error, Severity::Error);
            let rules = Rules { description, tuned, fixed, is_built_in: false, alias: |name| name };
            rules.check(search, findings);
        } else if let Image::BuiltIn("xgboost" | "sagemaker-xgboost") = image(path) {
            let (tuned, fixed) = (Severity::Error, Severity::Warning);
            let description = xgboost();
            let rules = Rules { description, tuned, fixed, is_built_in: true, alias: xgboost_name };
            rules.check(search, findings);
            warn_of_zero(search, findings);
            warn_of_no_data(definition, findings);
        }
    }
    warn_of_strangers(case, findings);
}

/// Descriptions that were given for nothing.
fn warn_of_strangers(case: &Case<'_>, findings: &mut Findings) {
    let place = ["AlgorithmSpecification", "AlgorithmName"];
    let names: Vec<Node<'_>> = case.definitions.iter().filter_map(|node| node.at(&place)).collect();
    let is_stranger = |known: &&AlgorithmDescription| {
        case.is_whole && !names.iter().any(|name| is_named(known, name))
    };
    for description in case.known.algorithms.iter().filter(is_stranger) {
        let rule = format!("the description of {} was given for it", description.algorithm_name);
        let remedy = "name this algorithm, or give the description of the one that is named";
        if let Some(node) = names.first().or(case.definitions.first()) {
            findings.warning(node, rule, remedy);
        }
    }
}

/// An ARN must be the same; a name alone fits the algorithm of this name.
fn is_named(description: &AlgorithmDescription, name: &Node<'_>) -> bool {
    let name = name.value.as_str().unwrap_or_default();
    match description.algorithm_arn.as_deref() {
        Some(arn) if name.starts_with("arn:") => name == arn,
        _ => name.rsplit('/').next() == Some(description.algorithm_name.as_str()),
    }
}

/// What the description says of the resource as a whole.
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
            let rule = "an algorithm of the Marketplace defines its metrics itself";
            findings.error(&metrics, rule, "remove it");
        }
        if !definition.is_true("EnableNetworkIsolation")
            && !definition.awaits("EnableNetworkIsolation")
        {
            findings.missing(
                definition.path_of("EnableNetworkIsolation"),
                "an algorithm of the Marketplace runs isolated from networks",
                "set it to true",
            );
        }
    }
    let specification = &description.training_specification;
    let machines = [Some(definition.clone()), None];
    let configs = definition.member("HyperParameterTuningResourceConfig");
    let mut places: Vec<Node<'_>> =
        machines.into_iter().flatten().filter_map(|node| node.member("ResourceConfig")).collect();
    let preferences: Vec<Node<'_>> =
        places.iter().flat_map(|place| place.list("InstancePreferences")).collect();
    places.extend(preferences);
    if let Some(configs) = configs {
        places.extend(configs.list("InstanceConfigs"));
        places.push(configs);
    }
    for place in places {
        let types = &specification.supported_training_instance_types;
        if let Some(node) = place.member("InstanceType")
            && !types.is_empty()
            && !types.iter().any(|known| node.value == known.as_str())
        {
            findings.error(
                &node,
                "the algorithm does not support it",
                format!("use {}", types.join(", ")),
            );
        }
        if specification.supports_distributed_training == Some(false)
            && let Some(node) = place.member("InstanceCount")
            && node.value.as_i64().is_some_and(|count| count > 1)
        {
            findings.error(&node, "the algorithm uses one machine only", "set it to 1");
        }
    }
    check_channels(definition, description, findings);
}

fn check_channels(
    definition: &Node<'_>,
    description: &AlgorithmDescription,
    findings: &mut Findings,
) {
    let known = &description.training_specification.training_channels;
    let given = definition.list("InputDataConfig");
    let mode = definition.at(&["AlgorithmSpecification", "TrainingInputMode"]);
    for channel in &given {
        let Some(name) = channel.member("ChannelName") else { continue };
        let Some(text) = name.value.as_str() else { continue };
        let Some(specification) = known.iter().find(|known| known.name == text) else {
            if !known.is_empty() {
                let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
                findings.error(
                    &name,
                    "the algorithm has no such channel",
                    format!("use one of {}", names.join(", ")),
                );
            }
            continue;
        };
        let mode = channel.place("InputMode").or_else(|| mode.clone());
        let mode = mode.filter(|mode| !mode.is_open());
        for (node, supported) in [
            (channel.member("ContentType"), &specification.supported_content_types),
            (channel.member("CompressionType"), &specification.supported_compression_types),
            (mode, &specification.supported_input_modes),
        ] {
            if let Some(node) = node
                && let Some(value) = node.value.as_str()
                && !supported.is_empty()
                && value != "None"
                && !supported.iter().any(|known| known == value)
            {
                let rule = format!("the algorithm's channel {text} does not take it");
                findings.error(&node, rule, format!("use {}", supported.join(", ")));
            }
        }
    }
    for required in known.iter().filter(|known| known.is_required) {
        let is_given =
            given.iter().any(|channel| channel.text("ChannelName") == Some(&required.name));
        let is_hidden = given.iter().any(|channel| channel.awaits("ChannelName"));
        if !is_given && !is_hidden && !definition.awaits("InputDataConfig") {
            findings.missing(
                definition.path_of("InputDataConfig"),
                format!("the algorithm must have the channel {}", required.name),
                "add it",
            );
        }
    }
}

/// Static hyperparameters by which the SageMaker SDK hands over a script.
const SCRIPT: [&str; 2] = ["sagemaker_program", "sagemaker_submit_directory"];

/// An algorithm's hyperparameters and objectives as rules.
struct Rules<'d> {
    description: &'d AlgorithmDescription,
    /// How bad it is to tune what cannot be tuned.
    tuned: Severity,
    /// How bad everything else is.
    fixed: Severity,
    /// Whether it is an algorithm of SageMaker, whose container takes scripts, too.
    is_built_in: bool,
    /// The name under which a hyperparameter stands in the description.
    alias: fn(&str) -> &str,
}

impl Rules<'_> {
    fn find(&self, name: &str) -> Option<&HyperParameterSpecification> {
        let known = &self.description.training_specification.supported_hyper_parameters;
        known.iter().find(|known| known.name == (self.alias)(name))
    }

    fn check(&self, search: &Search<'_>, findings: &mut Findings) {
        self.check_objective(search, findings);
        let known = &self.description.training_specification.supported_hyper_parameters;
        if known.is_empty() {
            return;
        }
        for range in search.ranges.iter().filter(|range| !range.name.is_empty()) {
            self.check_range(range, findings);
        }
        let statics = search.statics();
        // With a script of one's own, XGBoost's container takes whatever the script takes.
        let has_script = statics.iter().any(|entry| SCRIPT.contains(&entry.name));
        if has_script && self.is_built_in {
            return;
        }
        for entry in &statics {
            if entry.name != INJECTED && !entry.node.is_open() {
                self.check_static(entry.name, &entry.node, findings);
            }
        }
        if !search.is_open {
            self.check_required(search, findings);
        }
    }

    fn check_required(&self, search: &Search<'_>, findings: &mut Findings) {
        let Some(definition) = &search.definition else { return };
        let known = &self.description.training_specification.supported_hyper_parameters;
        let required =
            known.iter().filter(|known| known.is_required && known.default_value.is_none());
        let autos = search.places.iter().flat_map(|place| place.list("AutoParameters"));
        let autos: Vec<Node<'_>> = autos.collect();
        let statics = search.statics();
        for required in required {
            let is_it = |name: &str| (self.alias)(name) == required.name;
            let is_given = statics.iter().any(|entry| is_it(entry.name))
                || search.ranges.iter().any(|range| is_it(range.name))
                || autos.iter().filter_map(|node| node.text("Name")).any(is_it);
            if !is_given && !definition.awaits("StaticHyperParameters") {
                let place = definition.path_of("StaticHyperParameters");
                let violation = Violation::new(
                    format!("{place}{}", step(&required.name)),
                    "missing",
                    "the algorithm requires this hyperparameter",
                    "add it, or tune it",
                );
                findings.add(self.fixed, violation);
            }
        }
    }

    fn check_objective(&self, search: &Search<'_>, findings: &mut Findings) {
        let known = &self.description.training_specification.supported_tuning_job_objective_metrics;
        let Some(objective) = &search.objective else { return };
        let (Some(name), Some(goal)) = (objective.member("MetricName"), objective.member("Type"))
        else {
            return;
        };
        let (Some(metric), false) = (name.value.as_str(), known.is_empty()) else { return };
        let names = known.iter().map(|known| known.metric_name.as_str());
        let of_name: Vec<Goal> = known
            .iter()
            .filter(|known| known.metric_name == metric)
            .map(|known| known.goal)
            .collect();
        if of_name.is_empty() {
            let remedy = match nearest(metric, names.clone()) {
                Some(near) => format!("{near} may be meant"),
                None => format!("use one of {}", names.take(8).collect::<Vec<_>>().join(", ")),
            };
            let rule = format!("{} cannot be tuned for it", self.description.algorithm_name);
            findings.at(self.fixed, &name, rule, remedy);
        } else if let Some(word) = goal.value.as_str()
            && !of_name.iter().any(|goal| format!("{goal:?}") == word)
        {
            let rule = format!(
                "{metric} must be {}",
                if of_name[0] == Goal::Minimize { "minimized" } else { "maximized" }
            );
            findings.at(self.fixed, &goal, rule, format!("set it to {:?}", of_name[0]));
        }
    }

    fn check_range(&self, range: &Range<'_>, findings: &mut Findings) {
        let Some(name) = range.node.member("Name") else { return };
        let Some(known) = self.find(range.name) else {
            findings.at(self.tuned, &name, self.unknown(), self.remedy(range.name));
            return;
        };
        if !known.is_tunable {
            let rule = format!("{} cannot tune it", self.description.algorithm_name);
            findings.at(self.tuned, &name, rule, "make it static");
            return;
        }
        let fits = match (&known.kind, range.kind) {
            (HyperParameterType::Integer, Kind::Integer)
            | (HyperParameterType::Continuous, Kind::Integer | Kind::Continuous)
            | (HyperParameterType::FreeText | HyperParameterType::Unknown(_), _) => true,
            (_, Kind::Categorical) => {
                range.values.iter().all(|value| problem(known, value).is_none())
            }
            _ => false,
        };
        if !fits && range.kind != Kind::Categorical {
            let rule = format!("its type must be {:?}, not {:?}", known.kind, range.kind);
            findings.at(
                self.fixed,
                &range.node,
                rule,
                format!("give it a range of type {:?}", known.kind),
            );
            return;
        }
        for end in ["MinValue", "MaxValue"] {
            if let Some(node) = range.node.member(end)
                && let Some(rule) = node.value.as_str().and_then(|text| problem(known, whole(text)))
            {
                findings.at(self.fixed, &node, rule, "narrow the range");
            }
        }
        for value in range.node.list("Values") {
            if let Some(rule) = value.value.as_str().and_then(|text| problem(known, text)) {
                findings.at(self.fixed, &value, rule, "remove it");
            }
        }
    }

    fn check_static(&self, name: &str, node: &Node<'_>, findings: &mut Findings) {
        match self.find(name) {
            None => findings.at(self.fixed, node, self.unknown(), self.remedy(name)),
            Some(known) => {
                if let Some(rule) = node.value.as_str().and_then(|text| problem(known, text)) {
                    findings.at(self.fixed, node, rule, "change it");
                }
            }
        }
    }

    fn unknown(&self) -> String {
        format!("{} has no such hyperparameter", self.description.algorithm_name)
    }

    fn remedy(&self, name: &str) -> String {
        let known = &self.description.training_specification.supported_hyper_parameters;
        match nearest(name, known.iter().map(|known| known.name.as_str())) {
            Some(near) => format!("{near} may be meant"),
            None => "remove it".to_owned(),
        }
    }
}

/// An end of a range of whole numbers, without a fraction of nothing: how it is written is judged with the ranges.
fn whole(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    }
}

/// Why a hyperparameter does not take a value, if it does not.
fn problem(known: &HyperParameterSpecification, text: &str) -> Option<String> {
    let range = known.range.as_ref();
    let outside = |ends: Option<&Ends>, number: f64| {
        let ends = ends?;
        let (min, max) = (ends.min_value.parse().ok()?, ends.max_value.parse().ok()?);
        let is_inside = (min..=max).contains(&number);
        (!is_inside)
            .then(|| format!("the algorithm takes {} to {}", ends.min_value, ends.max_value))
    };
    match &known.kind {
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
            let is_known = values.iter().any(|value| value == text);
            (!is_known).then(|| format!("the algorithm takes {}", values.join(", ")))
        }
    }
}

/// XGBoost learns from the channel `train`.
fn warn_of_no_data(definition: &Node<'_>, findings: &mut Findings) {
    let channels = definition.list("InputDataConfig");
    let is_it = |channel: &Node<'_>| {
        channel.text("ChannelName") == Some("train") || channel.awaits("ChannelName")
    };
    if !channels.iter().any(is_it) && !definition.awaits("InputDataConfig") {
        let path = definition.path_of("InputDataConfig");
        let rule = "XGBoost learns from the channel train";
        let violation = Violation::new(path, "without the channel train", rule, "add it");
        findings.add(Severity::Warning, violation);
    }
}

/// In XGBoost some zeros are the end of no scale.
fn warn_of_zero(search: &Search<'_>, findings: &mut Findings) {
    for range in &search.ranges {
        let (Some(min), Some(max)) = (range.min, range.max) else { continue };
        if XGBOOST_UNLIMITED_AT_ZERO.contains(&range.name)
            && min <= 0.0
            && max > 0.0
            && let Some(node) = range.node.member("MinValue")
        {
            let rule = format!(
                "0 means \"no limit\" for {}: the loosest value stands beside the strictest",
                range.name
            );
            findings.warning(&node, rule, "begin at 1, and try 0 on its own");
        }
    }
}
