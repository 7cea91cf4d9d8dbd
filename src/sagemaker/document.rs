//! A tuning request as it was read, in which shape, and what of it is not known yet.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::config::HyperParameterTuningJobConfig;
use super::json;
use super::node::{self, Node};
use super::reader::{DocumentReader, ReadError};
use super::request::CreateHyperParameterTuningJobRequest;
use super::states::{Leftover, Unresolvable};
use crate::error::{Error, Violation};

/// A tuning request as it was read: JSON, not yet judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub(super) body: Value,
    pub(super) shape: DocumentShape,
    pub(super) unresolved: Vec<Unresolved>,
    /// Paths of members that are there more than once.
    pub(super) twice: Vec<String>,
    /// Numbers that are to be written as they were, by their paths.
    pub(super) numbers: BTreeMap<String, String>,
    /// Texts in a state machine that look like expressions, and are none: paths and texts.
    pub(super) forgotten: Vec<(String, String)>,
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

/// An expression in a state machine that has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unresolved {
    /// Where it stands.
    pub path: String,
    /// What it says.
    pub expression: String,
    /// Why it has no value, for people.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether it will have a value when the state machine runs, as far as can be told.
    pub when_running: bool,
    /// Whether it is a placeholder, whose name got the suffix `.$` when it was read.
    is_placeholder: bool,
}

/// The member that names the tuning job.
pub(super) const NAME: &str = "HyperParameterTuningJobName";

impl From<Leftover> for Unresolved {
    fn from(leftover: Leftover) -> Self {
        let (reason, remedy, when_running) = told(&leftover.why);
        let is_placeholder = matches!(leftover.why, Unresolvable::Later(_));
        let expression = match leftover.expression {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self { path: leftover.path, expression, reason, remedy, when_running, is_placeholder }
    }
}

/// Reason, remedy, and whether it resolves when the state machine runs.
fn told(why: &Unresolvable) -> (String, String, bool) {
    match why {
        Unresolvable::Unknown(what) => (
            format!("its value is known when the state machine runs: it comes from the {what}"),
            format!("give the {what} of the state to have it judged too"),
            true,
        ),
        Unresolvable::Later(when) => (
            format!("its value is known when {when}"),
            "give its value in its place to have it judged too".to_owned(),
            true,
        ),
        Unresolvable::Random(function) => (
            format!("{function} has another value each time"),
            "nothing can be done about it here".to_owned(),
            true,
        ),
        Unresolvable::Unsupported(why) => {
            (why.clone(), "give its value in place of the expression".to_owned(), true)
        }
        Unresolvable::Missing(path) => {
            let what = if path.starts_with("$$") { "context" } else { "input" };
            let reason = format!("{path} leads to nothing in what was given");
            (reason, format!("mend the path, or the {what}"), false)
        }
        Unresolvable::Beside(name) => {
            (format!("there is {name} beside it"), "remove one of them".to_owned(), false)
        }
        Unresolvable::Malformed(why) => (why.clone(), "mend the expression".to_owned(), false),
    }
}

impl Document {
    /// A request in this shape; what has no value is left over.
    pub(super) fn new(body: Value, shape: DocumentShape, leftovers: Vec<Leftover>) -> Self {
        Self {
            body,
            shape,
            unresolved: leftovers.into_iter().map(Unresolved::from).collect(),
            twice: Vec::new(),
            numbers: BTreeMap::new(),
            forgotten: Vec::new(),
        }
    }

    /// Reads a document without an input for state machines; see [`DocumentReader`].
    ///
    /// # Errors
    /// Those of [`DocumentReader::read`].
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        DocumentReader::default().read(bytes)
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

    /// The whole request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every member that does not have the form that the service's model gives it, or if only the
    /// configuration was given.
    pub fn request(&self) -> Result<CreateHyperParameterTuningJobRequest, Error> {
        if self.shape == DocumentShape::Config {
            return Err(Error::Invalid(vec![Violation::new(
                "$",
                "a HyperParameterTuningJobConfig",
                "this is the configuration alone, without training jobs",
                "read it by Document::config, or give the whole request",
            )]));
        }
        self.typed(&CreateHyperParameterTuningJobRequest::SHAPE, &self.root())
    }

    /// The configuration: how a tuning job searches, for what, within which limits.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every member of it that does not have the form that the service's model gives it, or if
    /// there is none.
    pub fn config(&self) -> Result<HyperParameterTuningJobConfig, Error> {
        match self.config_node() {
            Some(config) => self.typed(&HyperParameterTuningJobConfig::SHAPE, &config),
            None => Err(Error::Invalid(vec![Violation::new(
                self.root().path_of("HyperParameterTuningJobConfig"),
                "missing",
                "a tuning request has a configuration",
                "add it",
            )])),
        }
    }

    /// The whole request under another name: that of a tuning job must be new each time, and in a state machine it is often known
    /// only when that runs.
    ///
    /// # Errors
    /// Those of [`request`](Self::request).
    pub fn request_named(
        &self,
        name: impl Into<String>,
    ) -> Result<CreateHyperParameterTuningJobRequest, Error> {
        let mut renamed = self.clone();
        if let Value::Object(members) = &mut renamed.body
            && self.shape != DocumentShape::Config
        {
            let expression = format!("{NAME}.$");
            members.shift_remove(&expression);
            members.insert(NAME.to_owned(), Value::String(name.into()));
            let path = self.root().path_of(&expression);
            renamed.unresolved.retain(|unresolved| unresolved.path != path);
        }
        renamed.request()
    }

    /// Whether the request has a name that is not known yet.
    pub(super) fn lacks_known_name(&self) -> bool {
        self.root().awaits(NAME)
    }

    pub(super) fn root(&self) -> Node<'_> {
        let path = match &self.shape {
            DocumentShape::Config | DocumentShape::Request | DocumentShape::Description => "$",
            DocumentShape::StateMachine { path, .. } | DocumentShape::Pipeline { path, .. } => path,
        };
        Node::root(path, &self.body, &self.unresolved)
    }

    pub(super) fn config_node(&self) -> Option<Node<'_>> {
        match self.shape {
            DocumentShape::Config => Some(self.root()),
            _ => self.root().member("HyperParameterTuningJobConfig"),
        }
    }

    fn typed<T: serde::de::DeserializeOwned>(
        &self,
        shape: &super::model::Shape,
        node: &Node<'_>,
    ) -> Result<T, Error> {
        let inside = |unresolved: &&Unresolved| unresolved.path.starts_with(&node.path);
        // What is not known would be taken for a member of another name.
        let unknown = self.unresolved.iter().filter(inside).map(Unresolved::violation);
        Error::unless_empty(unknown.collect())?;
        let mut findings = super::verdict::Findings::new(super::Severity::Warning, false);
        super::model::check(node, shape, &mut findings);
        findings.into_verdict().into_result()?;
        serde_json::from_value(node.value.clone()).map_err(|error| {
            let violation = Violation::new(&node.path, "unreadable", error.to_string(), "mend it");
            Error::Invalid(vec![violation])
        })
    }
}

impl Unresolved {
    /// The path in the document: `.$` is its own in state machines only.
    fn place(&self) -> String {
        match self.path.strip_suffix(".$']").and_then(|path| path.rsplit_once("['")) {
            Some((path, name)) if self.is_placeholder => format!("{path}{}", node::step(name)),
            _ => self.path.clone(),
        }
    }

    pub(super) fn violation(&self) -> Violation {
        Violation::new(self.place(), format!("{:?}", self.expression), &self.reason, &self.remedy)
    }
}

impl From<&CreateHyperParameterTuningJobRequest> for Document {
    fn from(request: &CreateHyperParameterTuningJobRequest) -> Self {
        let body = serde_json::to_value(request).expect("a request is strings and numbers");
        Self::new(body, DocumentShape::Request, Vec::new())
    }
}

impl From<&HyperParameterTuningJobConfig> for Document {
    fn from(config: &HyperParameterTuningJobConfig) -> Self {
        let body = serde_json::to_value(config).expect("a configuration is strings and numbers");
        Self::new(body, DocumentShape::Config, Vec::new())
    }
}
