//! A tuning request as it was read: its JSON, its format and its unresolved expressions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::node::Node;
use crate::reading::json;
use crate::states::UnresolvedExpression;
use crate::unresolved::Unresolved;

/// A tuning request as it was read: JSON in one of several formats, not yet validated.
///
/// [`Document::read`] accepts the body of `CreateHyperParameterTuningJob`, a bare
/// `HyperParameterTuningJobConfig`, the output of `describe-hyper-parameter-tuning-job`, a Step
/// Functions state machine, and the definition of a SageMaker pipeline. A [`Validator`] checks the
/// document; [`request`](Self::request) converts it to types; [`tuning`](Self::tuning) converts it
/// to a search that Surmise can run.
///
/// ```
/// use surmise_sagemaker::{Document, DocumentFormat};
///
/// let text = r#"{ "Strategy": "Random",
///     "ResourceLimits": { "MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 2 },
///     "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
///     "ParameterRanges": { "IntegerParameterRanges": [
///         { "Name": "depth", "MinValue": "1", "MaxValue": "9" } ] } }"#;
/// let document = Document::read(text.as_bytes())?;
/// assert_eq!(*document.format(), DocumentFormat::Config);
/// assert_eq!(document.config()?.resource_limits.max_parallel_training_jobs, 2);
/// assert_eq!(document.tuning()?.space.ranges()[0].name(), "depth");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two mistakes are common. YAML and Terraform are not read; the error says how to convert them.
/// Expressions of a state machine, such as `$.model`, have no value without an input: give one by
/// [`DocumentReader::with_input`](crate::DocumentReader::with_input), or conversions fail for the
/// members in [`unresolved`](Self::unresolved).
///
/// [`Validator`]: crate::Validator
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub(crate) body: Value,
    pub(crate) format: DocumentFormat,
    pub(crate) unresolved: Vec<Unresolved>,
    /// Paths of members that occur more than once in their object.
    pub(crate) duplicates: Vec<String>,
    /// The texts of numbers that are not in their shortest form, by their paths.
    pub(crate) numbers: BTreeMap<String, String>,
    /// The paths and texts of strings in a state machine that look like expressions, but are none.
    pub(crate) unmarked_expressions: Vec<(String, String)>,
}

/// The format of a document that holds a tuning request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentFormat {
    /// A `HyperParameterTuningJobConfig` alone, without the definition of training jobs.
    Config,
    /// The body of `CreateHyperParameterTuningJob`.
    ///
    /// If it has members whose names end in `.$`, it is read as the parameters of a state.
    Request,
    /// The output of `describe-hyper-parameter-tuning-job`, read as the request for the same job.
    Description,
    /// A step of a SageMaker pipeline.
    Pipeline {
        /// The name of the step.
        step: String,
        /// The JSON path of the step's arguments.
        path: String,
    },
    /// A task of a Step Functions state machine, or one state alone.
    StateMachine {
        /// The name of the state; empty if the document is a single state.
        state: String,
        /// The JSON path of the state's parameters.
        path: String,
        /// True if the state machine waits for the tuning job to end (`.sync`).
        waits_for_completion: bool,
    },
}

/// The name of the member that holds the tuning job's name.
pub(crate) const NAME: &str = "HyperParameterTuningJobName";

impl Document {
    pub(crate) fn new(
        body: Value,
        format: DocumentFormat,
        unresolved: Vec<UnresolvedExpression>,
    ) -> Self {
        Self {
            body,
            format,
            unresolved: unresolved.into_iter().map(Unresolved::from).collect(),
            duplicates: Vec::new(),
            numbers: BTreeMap::new(),
            unmarked_expressions: Vec::new(),
        }
    }

    /// Returns the request as JSON, with the expressions of a state machine resolved if possible.
    ///
    /// For a state machine or a pipeline it is the part that holds the request.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// Writes this request, or one that was derived from it, as indented JSON.
    ///
    /// A number that has not changed keeps its notation in the document: `0.10`, `1e-2`, integers
    /// of any length.
    ///
    /// # Errors
    /// [`serde_json::Error`] if JSON cannot represent the value, such as a map with keys that are
    /// not strings.
    pub fn to_json_text(&self, value: &impl Serialize) -> Result<String, serde_json::Error> {
        let value = serde_json::to_value(value)?;
        Ok(json::to_text(&value, &self.root().path, &self.numbers))
    }

    /// Returns the format in which the request was given.
    pub fn format(&self) -> &DocumentFormat {
        &self.format
    }

    /// Returns the expressions and placeholders whose values are unknown.
    pub fn unresolved(&self) -> &[Unresolved] {
        &self.unresolved
    }

    /// Returns whether the tuning job's name is an expression without a value.
    pub(crate) fn has_unresolved_name(&self) -> bool {
        self.root().has_unresolved(NAME)
    }

    pub(crate) fn root(&self) -> Node<'_> {
        let path = match &self.format {
            DocumentFormat::Config | DocumentFormat::Request | DocumentFormat::Description => "$",
            DocumentFormat::StateMachine { path, .. } | DocumentFormat::Pipeline { path, .. } => {
                path
            }
        };
        Node::root(path, &self.body, &self.unresolved)
    }

    pub(crate) fn config_node(&self) -> Option<Node<'_>> {
        match self.format {
            DocumentFormat::Config => Some(self.root()),
            _ => self.root().member("HyperParameterTuningJobConfig"),
        }
    }
}
