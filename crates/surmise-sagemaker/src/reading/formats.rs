//! Formats of documents that contain a tuning request, and placeholders in them.
//!
//! These are descriptions of tuning jobs, state machines as text within other JSON, and pipelines.
//! YAML, Terraform and Kubernetes resources are not read; messages say how to convert them.

use serde_json::{Map, Value, json};

use crate::image::{Image, image_kind};
use crate::json_path::step;
use crate::states::{UnresolvedExpression, UnresolvedReason};

/// A remedy for requests in the formats of other tools.
const DESCRIBE: &str = "describe a job that it has created by `aws sagemaker \
     describe-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name NAME`, and give the \
     answer";

/// Returns the state machine or pipeline within other JSON.
///
/// It may be the text of a member, or a resource of a `CloudFormation` template.
pub(crate) fn embedded_definition(value: &Value) -> Option<Result<Value, String>> {
    let members = value.as_object()?;
    // Members of the response of DescribeStateMachine, and of the properties of a resource.
    for name in ["definition", "DefinitionString", "PipelineDefinition"] {
        if let Some(text) = members.get(name).and_then(template_text) {
            return Some(parse_definition(name, &text));
        }
    }
    let resources = members.get("Resources")?.as_object()?;
    let mut machines = resources.values().filter(|resource| {
        let kind = resource["Type"].as_str().unwrap_or_default();
        matches!(kind, "AWS::StepFunctions::StateMachine" | "AWS::Serverless::StateMachine")
    });
    let machine = machines.next()?;
    if machines.next().is_some() {
        return Some(Err("it has several state machines; give only one of them".to_owned()));
    }
    let properties = &machine["Properties"];
    match (&properties["Definition"], template_text(&properties["DefinitionString"])) {
        (Value::Object(definition), _) => Some(Ok(Value::Object(definition.clone()))),
        (_, Some(text)) => Some(parse_definition("DefinitionString", &text)),
        _ => Some(Err("its state machine has no definition in it".to_owned())),
    }
}

fn parse_definition(name: &str, text: &str) -> Result<Value, String> {
    // A placeholder for a number has no quotation marks, so that the text is not JSON.
    let parsed =
        serde_json::from_str(text).or_else(|_| serde_json::from_str(&quote_placeholders(text)));
    parsed.map_err(|error| format!("the text of its {name} is not JSON: {error}"))
}

/// Puts quotation marks around each placeholder `${…}` that is outside a string.
fn quote_placeholders(text: &str) -> String {
    let (mut quoted, mut is_inside, mut is_escaped) =
        (String::with_capacity(text.len()), false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find('}').filter(|_| !is_inside && rest.starts_with("${"));
        if let Some(end) = end {
            quoted.extend(["\"", &rest[..=end], "\""]);
            rest = &rest[end + 1..];
            continue;
        }
        is_inside ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        quoted.push(c);
        rest = &rest[c.len_utf8()..];
    }
    quoted
}

/// Returns a text of `CloudFormation`: plain, with substitutions, or joined from parts.
///
/// A part that is known only later becomes `${…}`.
fn template_text(value: &Value) -> Option<String> {
    if let Value::String(text) = value {
        return Some(text.clone());
    }
    if let Some(text) = value["Fn::Sub"].as_str().or(value["Fn::Sub"][0].as_str()) {
        return Some(text.to_owned());
    }
    if let Some(name) = value["Ref"].as_str() {
        return Some(format!("${{{name}}}"));
    }
    if let Some(name) = value["Fn::GetAtt"][0].as_str() {
        return Some(format!("${{{name}}}"));
    }
    let (separator, parts) = (value["Fn::Join"][0].as_str()?, value["Fn::Join"][1].as_array()?);
    let parts: Option<Vec<String>> = parts.iter().map(template_text).collect();
    Some(parts?.join(separator))
}

/// Returns whether this is the output of `describe-hyper-parameter-tuning-job`.
pub(crate) fn is_description(members: &Map<String, Value>) -> bool {
    members.contains_key("HyperParameterTuningJobStatus")
        && members.contains_key("HyperParameterTuningJobConfig")
}

/// The members of a request in the service's model; a test compares them with the type.
pub(crate) const REQUEST_MEMBERS: [&str; 7] = [
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobConfig",
    "TrainingJobDefinition",
    "TrainingJobDefinitions",
    "WarmStartConfig",
    "Tags",
    "Autotune",
];

/// Converts a description to the request that creates the same tuning job.
///
/// Members that only a description has and values that the service fills in are removed.
pub(crate) fn request_from_description(members: &Map<String, Value>) -> Value {
    let kept = members.iter().filter(|(name, _)| REQUEST_MEMBERS.contains(&name.as_str()));
    let mut request: Map<String, Value> =
        kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(definition) = request.get_mut("TrainingJobDefinition") {
        strip_default_values(definition);
    }
    let definitions = request.get_mut("TrainingJobDefinitions").and_then(Value::as_array_mut);
    definitions.into_iter().flatten().for_each(strip_default_values);
    Value::Object(request)
}

fn strip_default_values(definition: &mut Value) {
    if let Some(statics) = definition["StaticHyperParameters"].as_object_mut() {
        statics.shift_remove("_tuning_objective_metric");
    }
    let is_built_in = matches!(
        definition["AlgorithmSpecification"]["TrainingImage"].as_str().map(image_kind),
        Some(Image::BuiltIn(_))
    );
    if let Some(algorithm) = definition["AlgorithmSpecification"].as_object_mut() {
        if algorithm.get("TrainingImage") == Some(&json!("")) {
            algorithm.shift_remove("TrainingImage");
        }
        if is_built_in {
            algorithm.shift_remove("MetricDefinitions");
        }
    }
    if let Some(resources) = definition["ResourceConfig"].as_object_mut() {
        resources.shift_remove("SelectedInstanceType");
        resources.shift_remove("SelectedInstanceCount");
    }
}

/// A step of a pipeline that creates a tuning job.
pub(crate) struct TuningStep<'a> {
    pub(crate) name: String,
    /// The JSON path of the arguments.
    pub(crate) path: String,
    pub(crate) arguments: &'a Value,
}

/// Returns whether this is the definition of a SageMaker pipeline.
pub(crate) fn is_pipeline(members: &Map<String, Value>) -> bool {
    let steps = members.get("Steps").and_then(Value::as_array);
    steps.is_some_and(|steps| {
        members.contains_key("Version") || steps.iter().any(|step| step["Type"].is_string())
    })
}

/// Returns the steps that create tuning jobs, and the names of all steps; both include steps in
/// conditions.
pub(crate) fn tuning_steps(pipeline: &Value) -> (Vec<TuningStep<'_>>, Vec<String>) {
    let (mut found, mut names) = (Vec::new(), Vec::new());
    collect_steps(&pipeline["Steps"], "$.Steps", &mut found, &mut names);
    (found, names)
}

fn collect_steps<'a>(
    steps: &'a Value,
    path: &str,
    found: &mut Vec<TuningStep<'a>>,
    names: &mut Vec<String>,
) {
    for (index, step) in steps.as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}[{index}].Arguments");
        let name = step["Name"].as_str().unwrap_or_default().to_owned();
        names.push(name.clone());
        let arguments = &step["Arguments"];
        if step["Type"] == "Tuning" {
            found.push(TuningStep { name, path: path.clone(), arguments });
        }
        for branch in ["IfSteps", "ElseSteps"] {
            collect_steps(&arguments[branch], &format!("{path}.{branch}"), found, names);
        }
    }
}

/// Returns a message if the JSON is a request in the spelling of another tool.
pub(crate) fn explain_foreign_spelling(members: &Map<String, Value>) -> Option<String> {
    if members.contains_key("apiVersion") && members.contains_key("kind") {
        return Some(format!(
            "it is a resource of Kubernetes (ACK), whose members have other names; {DESCRIBE}"
        ));
    }
    let normalized = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let aws_names = ["hyperparametertuningjobconfig", "hyperparametertuningjobname"];
    let name = members.keys().find(|name| aws_names.contains(&normalized(name).as_str()))?;
    let is_aws_spelling = name.starts_with("HyperParameter");
    let tool = if name.contains('_') { "Terraform" } else { "ACK" };
    (!is_aws_spelling).then(|| format!("{name:?} is the spelling of {tool}; {DESCRIBE}"))
}

/// Returns a hint on how to convert a text that is not JSON, if its language is recognized.
pub(crate) fn guess_language(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.find(|line| !line.trim_start().starts_with('#'))?;
    if text.contains("resource \"") && text.contains('{') {
        return Some(format!("it looks like Terraform's language; {DESCRIBE}"));
    }
    let is_key = |line: &str| {
        let key = line.split_once(':').map(|(key, _)| key.trim());
        key.is_some_and(|key| !key.is_empty() && !key.contains([' ', '{', '"', '[']))
    };
    (first.trim() == "---" || is_key(first)).then(|| {
        "it looks like YAML; convert it to JSON by `yq -o=json . FILE` or by `python3 -c 'import \
         json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' < FILE`"
            .to_owned()
    })
}

/// The language of a document's placeholders, which stand for values that are known later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholders {
    /// Templates: `${name}` and `{{name}}` within a text.
    Template,
    /// State machines in `JSONata`: `{% … %}` as a text, and those of templates.
    Jsonata,
    /// Pipelines: `{"Get": "Parameters.Name"}`, functions such as `{"Std:Join": …}`, and those of
    /// templates.
    Pipeline,
}

impl Placeholders {
    /// Returns the event at which a placeholder gets its value, or `None` if it is no placeholder.
    fn known_when(self, value: &Value) -> Option<&'static str> {
        let text = value.as_str().map(str::trim).unwrap_or_default();
        match self {
            Self::Jsonata if text.starts_with("{%") && text.ends_with("%}") => {
                Some("the state machine runs")
            }
            Self::Pipeline if is_function(value) => Some("the pipeline runs"),
            _ => has_placeholder(text).then_some("the template is filled in"),
        }
    }

    /// Appends `.$` to the names of members that are placeholders, as state machines do for
    /// expressions, and lists them in `unresolved`.
    ///
    /// A list with a placeholder among its items counts as one placeholder.
    pub(crate) fn mark(
        self,
        value: Value,
        path: &str,
        unresolved: &mut Vec<UnresolvedExpression>,
    ) -> Value {
        match value {
            Value::Object(members) => {
                let mut marked = Map::new();
                for (name, value) in members {
                    let known_when = match &value {
                        _ if name.ends_with(".$") => None,
                        Value::Array(items) => items.iter().find_map(|item| self.known_when(item)),
                        other => self.known_when(other),
                    };
                    let Some(when) = known_when else {
                        let path = format!("{path}{}", step(&name));
                        marked.insert(name, self.mark(value, &path, unresolved));
                        continue;
                    };
                    let name = format!("{name}.$");
                    let path = format!("{path}{}", step(&name));
                    let reason = UnresolvedReason::Later(when);
                    unresolved.push(UnresolvedExpression {
                        path,
                        expression: value.clone(),
                        reason,
                    });
                    marked.insert(name, value);
                }
                Value::Object(marked)
            }
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                let marked = items
                    .map(|(index, item)| self.mark(item, &format!("{path}[{index}]"), unresolved));
                Value::Array(marked.collect())
            }
            other => other,
        }
    }
}

/// Returns whether a value is a function or a reference of a pipeline.
fn is_function(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    let mut names = members.keys();
    match (names.next(), names.next()) {
        (Some(name), None) => name == "Get" || name.starts_with("Std:"),
        _ => false,
    }
}

/// Returns whether a text has a placeholder of a template.
fn has_placeholder(text: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.trim();
        let is_letter = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        is_letter && name.chars().all(|c| c.is_alphanumeric() || "_.:-[]'\"| ".contains(c))
    };
    let within = |open: &str, close: &str| {
        text.match_indices(open).any(|(at, _)| {
            let inside = &text[at + open.len()..];
            inside.find(close).is_some_and(|end| is_name(&inside[..end]))
        })
    };
    within("${", "}") || within("{{", "}}")
}
