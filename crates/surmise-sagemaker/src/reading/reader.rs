//! Reads a tuning request from any of its formats.
//!
//! The formats are those of [`DocumentFormat`].

use serde_json::Value;

use super::document::{Document, DocumentFormat, NAME};
use super::formats::{self, Placeholders};
use crate::json_path::step;
use crate::reading::json;
use crate::states::{
    self, Scope, TuningTask, UnresolvedExpression, UnresolvedReason, find_tuning_tasks, resolve,
};

/// An error while reading a document that should hold a tuning request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The document is not valid JSON.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// The document is JSON, but of no known format.
    #[error(
        "this is not a tuning request: {0}; give the body of CreateHyperParameterTuningJob, its \
         HyperParameterTuningJobConfig alone, the answer of describe-hyper-parameter-tuning-job, \
         a state machine with such a task, or a pipeline with such a step"
    )]
    NotARequest(String),
    /// The state machine or pipeline creates no tuning job, or not in the chosen state or step.
    #[error("no {wanted}; {}", list_states(.states))]
    NoTask {
        /// Description of the state or step that was searched for.
        wanted: String,
        /// The names of all states or steps.
        states: Vec<String>,
    },
    /// The state machine or pipeline creates several tuning jobs, and none was chosen.
    #[error("several states or steps create tuning jobs: {}; choose one", quote_names(.states))]
    SeveralTasks {
        /// The names of the states or steps that create tuning jobs.
        states: Vec<String>,
    },
    /// The task uses a feature of Step Functions that this crate does not support.
    #[error("state {state:?} cannot be read: {reason}")]
    UnsupportedTask {
        /// The name of the task's state.
        state: String,
        /// Description of the unsupported feature.
        reason: String,
    },
}

fn list_states(names: &[String]) -> String {
    if names.is_empty() {
        "the document has no states or steps".to_owned()
    } else {
        format!("there are {}", quote_names(names))
    }
}

fn quote_names(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

impl Document {
    /// Reads a document without an input for expressions of state machines.
    ///
    /// A [`DocumentReader`] reads one with an input.
    ///
    /// # Errors
    /// [`ReadError`], as [`DocumentReader::read`].
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        DocumentReader::default().read(bytes)
    }
}

/// Reads tuning requests and resolves the expressions of state machines.
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
    /// Sets the input of the state, in which `$.name` is looked up; none by default.
    ///
    /// It is the output of the previous state, or the input of the state machine if the state is
    /// its first. Without it, expressions that begin with `$.` have no value.
    #[must_use]
    pub fn with_input(self, input: Value) -> Self {
        Self { input: Some(input), ..self }
    }

    /// Sets the context object, in which `$$.Execution.Name` is looked up; none by default.
    ///
    /// Use it if an expression of the state begins with `$$.`.
    #[must_use]
    pub fn with_context(self, context: Value) -> Self {
        Self { context: Some(context), ..self }
    }

    /// Chooses the state or step to read by its name; by default the only one that creates a tuning
    /// job.
    ///
    /// It is needed only if several states or steps create tuning jobs.
    #[must_use]
    pub fn with_state(self, name: impl Into<String>) -> Self {
        Self { state: Some(name.into()), ..self }
    }

    /// Reads a document from the bytes of a JSON text.
    ///
    /// # Errors
    /// [`ReadError`] if the text is not JSON, if its format is unknown, or if a state machine or
    /// pipeline does not create exactly one tuning job.
    pub fn read(&self, bytes: &[u8]) -> Result<Document, ReadError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let (value, duplicates) = json::read(bytes).map_err(|error| {
            let error = error.to_string();
            ReadError::NotJson(match formats::guess_language(bytes) {
                Some(language) => format!("{error}; {language}"),
                None => error,
            })
        })?;
        let document = self.read_value(value)?;
        let numbers = std::str::from_utf8(bytes).map(json::numbers).unwrap_or_default();
        // Duplicates outside the task of a state machine do not concern the request.
        let root = document.root().path;
        let duplicates = duplicates.into_iter().filter(|path| path.starts_with(&root)).collect();
        Ok(Document { duplicates, numbers, ..document })
    }

    /// Reads a document from parsed JSON.
    ///
    /// Duplicate members and the notation of numbers are lost then.
    ///
    /// # Errors
    /// [`ReadError`], as [`read`](Self::read), except for [`ReadError::NotJson`].
    pub fn read_value(&self, value: Value) -> Result<Document, ReadError> {
        let Value::Object(members) = &value else {
            return Err(ReadError::NotARequest("it is not an object".to_owned()));
        };
        if let Some(machine) = formats::embedded_definition(&value) {
            return self.read_value(machine.map_err(ReadError::NotARequest)?);
        }
        if formats::is_pipeline(members) {
            return self.read_pipeline(&value);
        }
        if formats::is_description(members) {
            let request = formats::request_from_description(members);
            return Ok(self.read_template(&request, DocumentFormat::Description));
        }
        if let Some(reason) = formats::explain_foreign_spelling(members) {
            return Err(ReadError::NotARequest(reason));
        }
        let has =
            |name: &str| members.contains_key(name) || members.contains_key(&format!("{name}.$"));
        if has("States") {
            self.read_machine(&value)
        } else if REQUEST_ONLY_MEMBERS.iter().any(|name| has(name)) {
            Ok(self.read_template(&value, DocumentFormat::Request))
        } else if CONFIG_ONLY_MEMBERS.iter().any(|name| has(name)) {
            Ok(self.read_template(&value, DocumentFormat::Config))
        } else if has("Resource") && has("Type") {
            match TuningTask::from_state(&value) {
                Some(task) => self.read_task(&task),
                None => {
                    let reason = "it is a state that creates no tuning job".to_owned();
                    Err(ReadError::NotARequest(reason))
                }
            }
        } else {
            let names: Vec<String> = members.keys().take(5).cloned().collect();
            let reason = if names.is_empty() {
                "it is empty".to_owned()
            } else {
                format!("its members are {}", quote_names(&names))
            };
            Err(ReadError::NotARequest(reason))
        }
    }

    /// Reads a request or a configuration that is the whole document and may hold expressions.
    fn read_template(&self, value: &Value, format: DocumentFormat) -> Document {
        let scope = Scope { input: self.input.as_ref(), context: self.context.as_ref() };
        let mut unresolved = Vec::new();
        let body = resolve(value, &scope, "$", &mut unresolved);
        let body = Placeholders::Template.mark(body, "$", &mut unresolved);
        Document::new(body, format, unresolved)
    }

    fn read_pipeline(&self, pipeline: &Value) -> Result<Document, ReadError> {
        let (found, names) = formats::tuning_steps(pipeline);
        let task =
            self.choose_one(&found, |step| &step.name, ("step", "is of type Tuning"), names)?;
        let mut unresolved = Vec::new();
        let arguments = task.arguments.clone();
        let mut body = Placeholders::Pipeline.mark(arguments, &task.path, &mut unresolved);
        if let Value::Object(members) = &mut body
            && !members.contains_key(NAME)
            && !members.contains_key(&format!("{NAME}.$"))
        {
            // The pipeline chooses the name of the job.
            let name = format!("{NAME}.$");
            let expression = Value::String("chosen by the pipeline".to_owned());
            let path = format!("{}{}", task.path, step(&name));
            let reason = UnresolvedReason::Later("the pipeline runs");
            unresolved.push(UnresolvedExpression { path, expression: expression.clone(), reason });
            members.insert(name, expression);
        }
        let format = DocumentFormat::Pipeline { step: task.name.clone(), path: task.path.clone() };
        Ok(Document::new(body, format, unresolved))
    }

    fn read_machine(&self, machine: &Value) -> Result<Document, ReadError> {
        let (found, names) = find_tuning_tasks(machine);
        let property = "creates a tuning job (…:sagemaker:createHyperParameterTuningJob)";
        self.read_task(self.choose_one(&found, |task| &task.name, ("state", property), names)?)
    }

    /// Returns the state or step that was chosen by its name, or the only one.
    ///
    /// `noun` and `property` are words for the message; `all_names` names all states or steps.
    fn choose_one<'f, T>(
        &self,
        found: &'f [T],
        name: fn(&T) -> &String,
        (noun, property): (&str, &str),
        all_names: Vec<String>,
    ) -> Result<&'f T, ReadError> {
        let is_chosen = |one: &&T| self.state.as_ref().is_none_or(|wanted| wanted == name(one));
        let chosen: Vec<&T> = found.iter().filter(is_chosen).collect();
        match chosen.as_slice() {
            [one] => Ok(one),
            [] => Err(ReadError::NoTask {
                wanted: match &self.state {
                    None => format!("{noun} {property}"),
                    Some(name) => format!("{noun} named {name:?} {property}"),
                },
                states: all_names,
            }),
            several => Err(ReadError::SeveralTasks {
                states: several.iter().map(|one| name(one).clone()).collect(),
            }),
        }
    }

    fn read_task(&self, task: &TuningTask<'_>) -> Result<Document, ReadError> {
        let unsupported = |reason: &str| {
            let (state, reason) = (task.name.clone(), reason.to_owned());
            Err(ReadError::UnsupportedTask { state, reason })
        };
        let is_jsonata = task.language == "JSONata" || task.state.has("Arguments");
        let waits_for_completion = match task.integration_pattern.as_str() {
            "" => false,
            "sync" if !task.is_sdk => true,
            other => return unsupported(&format!(".{other} is not supported for this task")),
        };
        if is_jsonata {
            return Self::read_jsonata(task, waits_for_completion);
        }
        let mut unresolved = Vec::new();
        let input = self.narrowed_input(task, &mut unresolved);
        let scope = Scope { input: input.as_ref(), context: self.context.as_ref() };
        let path = task.state.path_of("Parameters");
        let body = match (task.state.member("Parameters"), input.as_ref()) {
            (Some(parameters), _) => resolve(parameters.value, &scope, &path, &mut unresolved),
            (None, Some(input)) => input.clone(),
            (None, None) => {
                return unsupported(
                    "it has no Parameters: its input is the request; give an input",
                );
            }
        };
        let body = Placeholders::Template.mark(body, &path, &mut unresolved);
        let mut unmarked_expressions = Vec::new();
        if let Some(parameters) = task.state.member("Parameters") {
            states::find_unmarked_expressions(parameters.value, &path, &mut unmarked_expressions);
        }
        let format =
            DocumentFormat::StateMachine { state: task.name.clone(), path, waits_for_completion };
        Ok(Document { unmarked_expressions, ..Document::new(body, format, unresolved) })
    }

    /// Reads the constants of a task in `JSONata`; its expressions have values only at run time.
    fn read_jsonata(
        task: &TuningTask<'_>,
        waits_for_completion: bool,
    ) -> Result<Document, ReadError> {
        let path = task.state.path_of("Arguments");
        let arguments = task.state.member("Arguments").filter(|node| node.value.is_object());
        let Some(arguments) = arguments else {
            let reason = "its Arguments are not an object, so that they are known only at run time";
            let (state, reason) = (task.name.clone(), reason.to_owned());
            return Err(ReadError::UnsupportedTask { state, reason });
        };
        let mut unresolved = Vec::new();
        let body = Placeholders::Jsonata.mark(arguments.value.clone(), &path, &mut unresolved);
        let format =
            DocumentFormat::StateMachine { state: task.name.clone(), path, waits_for_completion };
        Ok(Document::new(body, format, unresolved))
    }

    /// Applies the state's `InputPath` to the input; returns `None` if the result is unknown.
    fn narrowed_input(
        &self,
        task: &TuningTask<'_>,
        unresolved: &mut Vec<UnresolvedExpression>,
    ) -> Option<Value> {
        let Some(input_path) = task.state.member("InputPath") else { return self.input.clone() };
        let scope = Scope { input: self.input.as_ref(), context: self.context.as_ref() };
        let narrowed = match input_path.value {
            Value::Null => Ok(serde_json::json!({})),
            Value::String(path) => scope.find(path),
            _ => Err(UnresolvedReason::Malformed("an InputPath must be text or null".to_owned())),
        };
        narrowed
            .map_err(|reason| {
                let expression = input_path.value.clone();
                unresolved.push(UnresolvedExpression { path: input_path.path, expression, reason });
            })
            .ok()
    }
}

/// Members that only a request has, not a configuration alone.
const REQUEST_ONLY_MEMBERS: [&str; 4] =
    [NAME, "HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"];
/// Members that only a configuration alone has, not a request.
const CONFIG_ONLY_MEMBERS: [&str; 4] =
    ["ParameterRanges", "ResourceLimits", "Strategy", "HyperParameterTuningJobObjective"];
