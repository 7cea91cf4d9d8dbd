//! Finding the task in a state machine.

use serde_json::Value;

use crate::sagemaker::node::Node;

/// The part of a resource's name that tells a tuning job.
const OPERATION: &str = "createHyperParameterTuningJob";

/// A task that makes a tuning job.
#[derive(Debug, Clone)]
pub(in crate::sagemaker) struct Found<'a> {
    /// The name of its state.
    pub(in crate::sagemaker) name: String,
    /// What follows the operation in its resource: empty, `sync`, `waitForTaskToken`.
    pub(in crate::sagemaker) pattern: String,
    /// The state.
    pub(in crate::sagemaker) state: Node<'a>,
    /// The query language in force.
    pub(in crate::sagemaker) language: String,
    /// Whether these are the parameters alone, without their state.
    is_parameters: bool,
}

/// All tasks of a state machine that make tuning jobs, those in branches and maps included, in order; and the names of all its
/// states.
pub(in crate::sagemaker) fn find_task<'a>(machine: &'a Value) -> (Vec<Found<'a>>, Vec<String>) {
    let language = machine.get("QueryLanguage").and_then(Value::as_str).unwrap_or("JSONPath");
    let (mut found, mut names) = (Vec::new(), Vec::new());
    search(&Node::root("$", machine, false), language, &mut found, &mut names);
    (found, names)
}

fn search<'a>(
    machine: &Node<'a>,
    language: &str,
    found: &mut Vec<Found<'a>>,
    names: &mut Vec<String>,
) {
    for (name, state) in machine.map("States") {
        names.push(name.to_owned());
        let language = state.text("QueryLanguage").unwrap_or(language);
        if let Some(pattern) = state.text("Resource").and_then(pattern) {
            found.push(Found {
                name: name.to_owned(),
                pattern: pattern.to_owned(),
                state: state.clone(),
                language: language.to_owned(),
                is_parameters: false,
            });
        }
        for branch in state.list("Branches") {
            search(&branch, language, found, names);
        }
        for part in ["ItemProcessor", "Iterator"].iter().filter_map(|part| state.member(part)) {
            search(&part, language, found, names);
        }
    }
}

/// What follows the operation in the name of a resource, if it is the one that makes tuning jobs.
pub(in crate::sagemaker) fn pattern(resource: &str) -> Option<&str> {
    let mut parts = resource.splitn(6, ':');
    let is_states = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("states");
    let service = parts.nth(2).filter(|_| is_states)?;
    let service = service.strip_prefix("aws-sdk:").unwrap_or(service);
    let operation = service.strip_prefix("sagemaker:")?;
    let (name, pattern) = operation.split_once('.').unwrap_or((operation, ""));
    name.eq_ignore_ascii_case(OPERATION).then_some(pattern)
}

impl<'a> Found<'a> {
    /// A state on its own, if it makes a tuning job.
    pub(in crate::sagemaker) fn of_state(state: &'a Value) -> Option<Self> {
        let state = Node::root("$", state, false);
        Some(Self {
            name: String::new(),
            pattern: pattern(state.text("Resource")?)?.to_owned(),
            language: state.text("QueryLanguage").unwrap_or("JSONPath").to_owned(),
            is_parameters: false,
            state,
        })
    }

    /// The parameters of a state on their own.
    pub(in crate::sagemaker) fn of_parameters(parameters: &'a Value) -> Self {
        Self {
            name: String::new(),
            pattern: String::new(),
            language: "JSONPath".to_owned(),
            is_parameters: true,
            state: Node::root("$", parameters, false),
        }
    }

    pub(in crate::sagemaker) fn parameters(&self) -> Option<&'a Value> {
        if self.is_parameters {
            Some(self.state.value)
        } else {
            self.state.member("Parameters").map(|parameters| parameters.value)
        }
    }

    pub(in crate::sagemaker) fn parameters_path(&self) -> String {
        if self.is_parameters { self.state.path.clone() } else { self.state.path_of("Parameters") }
    }
}
