//! Reading a tuning request in any of its shapes: the bare configuration, the whole request, what describes a job, a Step Functions state
//! machine, a step of a pipeline.

use serde_json::Value;

use super::document::{Document, DocumentShape, NAME};
use super::wrapping::{self, Placeholders};
use crate::json_path::step;
use crate::reading::json;
use crate::states::{self, Found, Leftover, Scope, Unresolvable, find_task, resolve};

/// Why a document cannot be read as a tuning request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no JSON.
    #[error("this is no JSON: {0}")]
    NotJson(String),
    /// It is JSON of some other kind.
    #[error(
        "this is no tuning request: {0}; give the body of CreateHyperParameterTuningJob, its HyperParameterTuningJobConfig alone, what describe-hyper-parameter-tuning-job answers, a state machine with such a task, or a pipeline with such a step"
    )]
    NotARequest(String),
    /// It is a state machine or a pipeline without a tuning job, or without the one that was asked for.
    #[error("no {wanted}; {}", told_states(.states))]
    NoTask {
        /// What was looked for, for people.
        wanted: String,
        /// The names of all states or steps.
        states: Vec<String>,
    },
    /// It is a state machine or a pipeline with several tuning jobs.
    #[error("several make tuning jobs: {}; say which one is meant", list(.states))]
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
        "there is none at all".to_owned()
    } else {
        format!("there are {}", list(names))
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

impl Document {
    /// Reads a document without an input for state machines; see [`DocumentReader`].
    ///
    /// # Errors
    /// Those of [`DocumentReader::read`].
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        DocumentReader::default().read(bytes)
    }
}

/// Reads tuning requests, with what the expressions of state machines are to be looked up in.
///
/// ```
/// use serde_json::json;
/// use surmise_sagemaker::DocumentReader;
///
/// let machine = json!({"States": {"Tune": {
///     "Type": "Task",
///     "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
///     "Parameters": { "HyperParameterTuningJobName.$": "States.Format('{}-{}', $.model, $.run)" },
/// }}});
/// let reader = DocumentReader::default().with_input(json!({"model": "trees", "run": 7}));
/// let document = reader.read(machine.to_string().as_bytes())?;
/// assert_eq!(document.body()["HyperParameterTuningJobName"], "trees-7");
/// # Ok::<(), surmise_sagemaker::ReadError>(())
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
        let (value, twice) = json::read(bytes).map_err(|error| {
            let error = error.to_string();
            ReadError::NotJson(match wrapping::other_language(bytes) {
                Some(language) => format!("{error}; {language}"),
                None => error,
            })
        })?;
        let document = self.recognize(value)?;
        let numbers = std::str::from_utf8(bytes).map(json::numbers).unwrap_or_default();
        // Of a state machine, the task alone is looked at.
        let place = document.root().path;
        let twice = twice.into_iter().filter(|path| path.starts_with(&place)).collect();
        Ok(Document { twice, numbers, ..document })
    }

    /// The same for JSON that was parsed already.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn recognize(&self, value: Value) -> Result<Document, ReadError> {
        let Value::Object(members) = &value else {
            return Err(ReadError::NotARequest("it is no object".to_owned()));
        };
        if let Some(machine) = wrapping::state_machine(&value) {
            return self.recognize(machine.map_err(ReadError::NotARequest)?);
        }
        if wrapping::is_pipeline(members) {
            return self.read_pipeline(&value);
        }
        if wrapping::is_description(members) {
            let request = wrapping::request_of_description(members);
            return Ok(self.read_template(&request, DocumentShape::Description));
        }
        if let Some(what) = wrapping::other_spelling(members) {
            return Err(ReadError::NotARequest(what));
        }
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
        let body = Placeholders::Template.mark(body, "$", &mut leftovers);
        Document::new(body, shape, leftovers)
    }

    fn read_pipeline(&self, pipeline: &Value) -> Result<Document, ReadError> {
        let (found, names) = wrapping::tuning_steps(pipeline);
        let task = self.only(&found, |step| &step.name, ("step", "is of type Tuning"), names)?;
        let mut leftovers = Vec::new();
        let arguments = task.arguments.clone();
        let mut body = Placeholders::Pipeline.mark(arguments, &task.path, &mut leftovers);
        if let Value::Object(members) = &mut body
            && !members.contains_key(NAME)
            && !members.contains_key(&format!("{NAME}.$"))
        {
            // The pipeline names the job.
            let name = format!("{NAME}.$");
            let expression = Value::String("the pipeline names it".to_owned());
            let path = format!("{}{}", task.path, step(&name));
            let why = Unresolvable::Later("the pipeline runs");
            leftovers.push(Leftover { path, expression: expression.clone(), why });
            members.insert(name, expression);
        }
        let shape = DocumentShape::Pipeline { step: task.name.clone(), path: task.path.clone() };
        Ok(Document::new(body, shape, leftovers))
    }

    fn read_machine(&self, machine: &Value) -> Result<Document, ReadError> {
        let (found, names) = find_task(machine);
        let does = "makes a tuning job (…:sagemaker:createHyperParameterTuningJob)";
        self.read_task(self.only(&found, |task| &task.name, ("state", does), names)?)
    }

    /// The only one of the parts that make tuning jobs, or the one that is meant; `names` are those of all parts.
    fn only<'f, T>(
        &self,
        found: &'f [T],
        name: fn(&T) -> &String,
        (part, does): (&str, &str),
        names: Vec<String>,
    ) -> Result<&'f T, ReadError> {
        let is_meant = |one: &&T| self.state.as_ref().is_none_or(|wanted| wanted == name(one));
        let meant: Vec<&T> = found.iter().filter(is_meant).collect();
        match meant.as_slice() {
            [one] => Ok(one),
            [] => Err(ReadError::NoTask {
                wanted: match &self.state {
                    None => format!("{part} {does}"),
                    Some(name) => format!("{part} named {name:?} {does}"),
                },
                states: names,
            }),
            several => Err(ReadError::SeveralTasks {
                states: several.iter().map(|one| name(one).clone()).collect(),
            }),
        }
    }

    fn read_task(&self, task: &Found<'_>) -> Result<Document, ReadError> {
        let unsupported = |reason: &str| {
            let (state, reason) = (task.name.clone(), reason.to_owned());
            Err(ReadError::UnsupportedTask { state, reason })
        };
        let is_jsonata = task.language == "JSONata" || task.state.has("Arguments");
        let waits = match task.pattern.as_str() {
            "" => false,
            "sync" if !task.is_sdk => true,
            other => return unsupported(&format!(".{other} is not supported for this task")),
        };
        if is_jsonata {
            return Self::read_jsonata(task, waits);
        }
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
        let body = Placeholders::Template.mark(body, &path, &mut leftovers);
        let mut forgotten = Vec::new();
        if let Some(parameters) = task.state.member("Parameters") {
            states::forgotten(parameters.value, &path, &mut forgotten);
        }
        let shape = DocumentShape::StateMachine { state: task.name.clone(), path, waits };
        Ok(Document { forgotten, ..Document::new(body, shape, leftovers) })
    }

    /// A task in `JSONata`: its constants; what is computed is known when the state machine runs.
    fn read_jsonata(task: &Found<'_>, waits: bool) -> Result<Document, ReadError> {
        let path = task.state.path_of("Arguments");
        let arguments = task.state.member("Arguments").filter(|node| node.value.is_object());
        let Some(arguments) = arguments else {
            let reason = "its Arguments are no object: what they come to is known when it runs";
            let (state, reason) = (task.name.clone(), reason.to_owned());
            return Err(ReadError::UnsupportedTask { state, reason });
        };
        let mut leftovers = Vec::new();
        let body = Placeholders::Jsonata.mark(arguments.value.clone(), &path, &mut leftovers);
        let shape = DocumentShape::StateMachine { state: task.name.clone(), path, waits };
        Ok(Document::new(body, shape, leftovers))
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

/// Members that only the whole request has.
const REQUEST_MARKS: [&str; 4] =
    [NAME, "HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"];
/// Members that only the bare configuration has.
const CONFIG_MARKS: [&str; 4] =
    ["ParameterRanges", "ResourceLimits", "Strategy", "HyperParameterTuningJobObjective"];
