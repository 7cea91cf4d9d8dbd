//! Reading a tuning request in any of its three shapes: the bare configuration, the whole request, a Step Functions state
//! machine.

use serde_json::Value;

use super::config::HyperParameterTuningJobConfig;
use super::json;
use super::node::Node;
use super::request::CreateHyperParameterTuningJobRequest;
use super::states::{self, Found, Leftover, Scope, Unresolvable, find_task, resolve};
use crate::error::{Error, Violation};

/// A tuning request as it was read: JSON, not yet judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub(super) body: Value,
    pub(super) shape: DocumentShape,
    pub(super) unresolved: Vec<Unresolved>,
    /// Paths of members that are there more than once.
    pub(super) twice: Vec<String>,
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
}

/// Why a document cannot be read as a tuning request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no JSON.
    #[error("this is no JSON: {0}")]
    NotJson(String),
    /// It is JSON of some other kind.
    #[error(
        "this is no tuning request: {0}; give the body of CreateHyperParameterTuningJob, its HyperParameterTuningJobConfig alone, or a state machine with such a task"
    )]
    NotARequest(String),
    /// It is a state machine without a tuning job, or without the one that was asked for.
    #[error("no state {wanted}; {}", told_states(.states))]
    NoTask {
        /// What was looked for, for people.
        wanted: String,
        /// The names of all states.
        states: Vec<String>,
    },
    /// It is a state machine with several tuning jobs.
    #[error("several states make tuning jobs: {}; say which one is meant", list(.states))]
    SeveralTasks {
        /// Their names.
        states: Vec<String>,
    },
    /// The task is written in a way that this crate does not understand.
    #[error("state {state:?} cannot be read: {reason}")]
    UnsupportedTask {
        /// Its name.
        state: String,
        /// What is not supported.
        reason: String,
    },
}

fn told_states(names: &[String]) -> String {
    if names.is_empty() {
        "there is no state at all".to_owned()
    } else {
        format!("the states are {}", list(names))
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// Reads tuning requests, with what the expressions of state machines are to be looked up in.
///
/// ```
/// use serde_json::json;
/// use surmise::sagemaker::DocumentReader;
///
/// let machine = json!({"States": {"Tune": {
///     "Type": "Task",
///     "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
///     "Parameters": { "HyperParameterTuningJobName.$": "States.Format('{}-{}', $.model, $.run)" },
/// }}});
/// let reader = DocumentReader::default().with_input(json!({"model": "trees", "run": 7}));
/// let document = reader.read(machine.to_string().as_bytes())?;
/// assert_eq!(document.body()["HyperParameterTuningJobName"], "trees-7");
/// # Ok::<(), surmise::sagemaker::ReadError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct DocumentReader {
    input: Option<Value>,
    context: Option<Value>,
    state: Option<String>,
}

impl DocumentReader {
    /// The input that the state will get, in which `$.name` is looked up. It is what the state before hands over, not the
    /// input of the whole state machine (unless the state is its first).
    #[must_use]
    pub fn with_input(self, input: Value) -> Self {
        Self { input: Some(input), ..self }
    }

    /// The context object, in which `$$.Execution.Name` is looked up.
    #[must_use]
    pub fn with_context(self, context: Value) -> Self {
        Self { context: Some(context), ..self }
    }

    /// The state that is meant, where several make tuning jobs.
    #[must_use]
    pub fn with_state(self, name: impl Into<String>) -> Self {
        Self { state: Some(name.into()), ..self }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`ReadError`] if it is no JSON, of no known shape, or a state machine without exactly one such task.
    pub fn read(&self, bytes: &[u8]) -> Result<Document, ReadError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let (value, twice) =
            json::read(bytes).map_err(|error| ReadError::NotJson(error.to_string()))?;
        let document = self.recognize(value)?;
        // Of a state machine, the task alone is looked at.
        let place = document.root().path;
        let twice = twice.into_iter().filter(|path| path.starts_with(&place)).collect();
        Ok(Document { twice, ..document })
    }

    /// The same for JSON that was parsed already.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn recognize(&self, value: Value) -> Result<Document, ReadError> {
        let Value::Object(members) = &value else {
            return Err(ReadError::NotARequest("it is no object".to_owned()));
        };
        let has =
            |name: &str| members.contains_key(name) || members.contains_key(&format!("{name}.$"));
        if has("States") {
            self.read_machine(&value)
        } else if REQUEST_MARKS.iter().any(|name| has(name)) {
            Ok(self.read_template(&value, DocumentShape::Request))
        } else if CONFIG_MARKS.iter().any(|name| has(name)) {
            Ok(self.read_template(&value, DocumentShape::Config))
        } else if has("Resource") && has("Type") {
            match Found::of_state(&value) {
                Some(task) => self.read_task(&task),
                None => {
                    let what = "it is a state that makes no tuning job".to_owned();
                    Err(ReadError::NotARequest(what))
                }
            }
        } else {
            let names: Vec<String> = members.keys().take(5).cloned().collect();
            let what = if names.is_empty() {
                "it is empty".to_owned()
            } else {
                format!("its members are {}", list(&names))
            };
            Err(ReadError::NotARequest(what))
        }
    }

    /// A request or a configuration that stands alone. As the parameters of a state it may hold expressions.
    fn read_template(&self, value: &Value, shape: DocumentShape) -> Document {
        let scope = Scope { input: self.input.as_ref(), context: self.context.as_ref() };
        let mut leftovers = Vec::new();
        let body = resolve(value, &scope, "$", &mut leftovers);
        let unresolved = leftovers.into_iter().map(Unresolved::from).collect();
        Document { body, shape, unresolved, twice: Vec::new(), forgotten: Vec::new() }
    }

    fn read_machine(&self, machine: &Value) -> Result<Document, ReadError> {
        let (mut found, states) = find_task(machine);
        if let Some(wanted) = &self.state {
            found.retain(|found| found.name == *wanted);
        }
        match found.as_slice() {
            [task] => self.read_task(task),
            [] => {
                let wanted = self.state.as_ref().map_or_else(
                    || "makes a tuning job (…:sagemaker:createHyperParameterTuningJob)".to_owned(),
                    |name| format!("named {name:?} makes a tuning job"),
                );
                Err(ReadError::NoTask { wanted, states })
            }
            several => {
                let states = several.iter().map(|task| task.name.clone()).collect();
                Err(ReadError::SeveralTasks { states })
            }
        }
    }

    fn read_task(&self, task: &Found<'_>) -> Result<Document, ReadError> {
        let unsupported = |reason: &str| {
            let (state, reason) = (task.name.clone(), reason.to_owned());
            Err(ReadError::UnsupportedTask { state, reason })
        };
        if task.language == "JSONata" || task.state.has("Arguments") {
            return unsupported("JSONata is not supported; use JSONPath (Parameters, .$)");
        }
        let waits = match task.pattern.as_str() {
            "" => false,
            "sync" if !task.is_sdk => true,
            other => return unsupported(&format!(".{other} is not supported for this task")),
        };
        let mut leftovers = Vec::new();
        let input = self.narrowed_input(task, &mut leftovers);
        let scope = Scope { input: input.as_ref(), context: self.context.as_ref() };
        let path = task.state.path_of("Parameters");
        let body = match (task.state.member("Parameters"), input.as_ref()) {
            (Some(parameters), _) => resolve(parameters.value, &scope, &path, &mut leftovers),
            (None, Some(input)) => input.clone(),
            (None, None) => {
                return unsupported(
                    "it has no Parameters: its input is the request; give an input",
                );
            }
        };
        let mut forgotten = Vec::new();
        if let Some(parameters) = task.state.member("Parameters") {
            states::forgotten(parameters.value, &path, &mut forgotten);
        }
        let shape = DocumentShape::StateMachine { state: task.name.clone(), path, waits };
        let unresolved = leftovers.into_iter().map(Unresolved::from).collect();
        Ok(Document { body, shape, unresolved, twice: Vec::new(), forgotten })
    }

    /// The input after the state's `InputPath`; `None` if it is not known.
    fn narrowed_input(&self, task: &Found<'_>, leftovers: &mut Vec<Leftover>) -> Option<Value> {
        let Some(input_path) = task.state.member("InputPath") else { return self.input.clone() };
        let scope = Scope { input: self.input.as_ref(), context: self.context.as_ref() };
        let narrowed = match input_path.value {
            Value::Null => Ok(serde_json::json!({})),
            Value::String(path) => scope.find(path),
            _ => Err(Unresolvable::Malformed("an InputPath must be text or null".to_owned())),
        };
        narrowed
            .map_err(|why| {
                let expression = input_path.value.clone();
                leftovers.push(Leftover { path: input_path.path, expression, why });
            })
            .ok()
    }
}

/// The member that names the tuning job.
const NAME: &str = "HyperParameterTuningJobName";
/// Members that only the whole request has.
const REQUEST_MARKS: [&str; 4] =
    [NAME, "HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"];
/// Members that only the bare configuration has.
const CONFIG_MARKS: [&str; 4] =
    ["ParameterRanges", "ResourceLimits", "Strategy", "HyperParameterTuningJobObjective"];

impl From<Leftover> for Unresolved {
    fn from(leftover: Leftover) -> Self {
        let (reason, remedy, when_running) = told(&leftover.why);
        let expression = match leftover.expression {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Self { path: leftover.path, expression, reason, remedy, when_running }
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
            DocumentShape::Config | DocumentShape::Request => "$",
            DocumentShape::StateMachine { path, .. } => path.as_str(),
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
        let mut findings = super::verdict::Findings::new(super::Severity::Warning, false);
        super::model::check(node, shape, &mut findings);
        findings.into_verdict().into_result()?;
        let inside = |unresolved: &&Unresolved| unresolved.path.starts_with(&node.path);
        let read = serde_json::from_value(node.value.clone());
        read.map_err(|error| {
            let mut violations: Vec<Violation> =
                self.unresolved.iter().filter(inside).map(Unresolved::violation).collect();
            if violations.is_empty() {
                violations.push(Violation::new(
                    &node.path,
                    "unreadable",
                    error.to_string(),
                    "mend it",
                ));
            }
            Error::Invalid(violations)
        })
    }
}

impl Unresolved {
    pub(super) fn violation(&self) -> Violation {
        Violation::new(&self.path, format!("{:?}", self.expression), &self.reason, &self.remedy)
    }
}

impl From<&CreateHyperParameterTuningJobRequest> for Document {
    fn from(request: &CreateHyperParameterTuningJobRequest) -> Self {
        let body = serde_json::to_value(request).expect("a request is strings and numbers");
        Self {
            body,
            shape: DocumentShape::Request,
            unresolved: Vec::new(),
            twice: Vec::new(),
            forgotten: Vec::new(),
        }
    }
}

impl From<&HyperParameterTuningJobConfig> for Document {
    fn from(config: &HyperParameterTuningJobConfig) -> Self {
        let body = serde_json::to_value(config).expect("a configuration is strings and numbers");
        Self {
            body,
            shape: DocumentShape::Config,
            unresolved: Vec::new(),
            twice: Vec::new(),
            forgotten: Vec::new(),
        }
    }
}
