//! A tuning request as it was read, in which shape, and what of it is not known yet.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::node::Node;
use crate::reading::json;
use crate::states::Leftover;
use crate::unresolved::Unresolved;

/// A tuning request as it was read: JSON, not yet judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub(crate) body: Value,
    pub(crate) shape: DocumentShape,
    pub(crate) unresolved: Vec<Unresolved>,
    /// Paths of members that are there more than once.
    pub(crate) twice: Vec<String>,
    /// Numbers that are to be written as they were, by their paths.
    pub(crate) numbers: BTreeMap<String, String>,
    /// Texts in a state machine that look like expressions, and are none: paths and texts.
    pub(crate) forgotten: Vec<(String, String)>,
}

/// In which shape a tuning request was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentShape {
    /// A `HyperParameterTuningJobConfig`: what is searched and how, not what runs.
    Config,
    /// The body of `CreateHyperParameterTuningJob`. If it has members that end in `.$`, it is taken for the parameters of a state.
    Request,
    /// What `describe-hyper-parameter-tuning-job` answers, taken for the request by which such a job is made.
    Description,
    /// A step of a SageMaker pipeline.
    Pipeline {
        /// Its name.
        step: String,
        /// The path of its arguments.
        path: String,
    },
    /// A task of a state machine, or one state alone.
    StateMachine {
        /// The name of its state; empty if it is alone.
        state: String,
        /// The path of its parameters.
        path: String,
        /// Whether the state machine waits for the tuning job to end (`.sync`).
        waits: bool,
    },
}

/// The member that names the tuning job.
pub(crate) const NAME: &str = "HyperParameterTuningJobName";

impl Document {
    /// A request in this shape; what has no value is left over.
    pub(crate) fn new(body: Value, shape: DocumentShape, leftovers: Vec<Leftover>) -> Self {
        Self {
            body,
            shape,
            unresolved: leftovers.into_iter().map(Unresolved::from).collect(),
            twice: Vec::new(),
            numbers: BTreeMap::new(),
            forgotten: Vec::new(),
        }
    }

    /// The request as JSON: in a state machine the task's parameters, with expressions resolved as far as possible.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// JSON of the request, or of one that was made from it, indented; numbers that have not changed are written as they were, to the character
    /// (`0.10`, `1e-2`, integers of any length).
    ///
    /// # Errors
    /// If the value is not what JSON can say.
    pub fn written(&self, value: &impl Serialize) -> Result<String, serde_json::Error> {
        let value = serde_json::to_value(value)?;
        Ok(json::written(&value, &self.root().path, &self.numbers))
    }

    /// In which shape it was given.
    pub fn shape(&self) -> &DocumentShape {
        &self.shape
    }

    /// Expressions that have no value.
    pub fn unresolved(&self) -> &[Unresolved] {
        &self.unresolved
    }

    /// Whether the request has a name that is not known yet.
    pub(crate) fn lacks_known_name(&self) -> bool {
        self.root().awaits(NAME)
    }

    pub(crate) fn root(&self) -> Node<'_> {
        let path = match &self.shape {
            DocumentShape::Config | DocumentShape::Request | DocumentShape::Description => "$",
            DocumentShape::StateMachine { path, .. } | DocumentShape::Pipeline { path, .. } => path,
        };
        Node::root(path, &self.body, &self.unresolved)
    }

    pub(crate) fn config_node(&self) -> Option<Node<'_>> {
        match self.shape {
            DocumentShape::Config => Some(self.root()),
            _ => self.root().member("HyperParameterTuningJobConfig"),
        }
    }
}
