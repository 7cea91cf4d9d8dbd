//! Finding the task in a state machine.

use serde_json::Value;

use crate::node::{Entry, Node};

/// The part of a resource's name that tells a tuning job.
const OPERATION: &str = "createHyperParameterTuningJob";

/// A task that makes a tuning job.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    /// The name of its state.
    pub(crate) name: String,
    /// What follows the operation in its resource: empty, `sync`, `waitForTaskToken`.
    pub(crate) pattern: String,
    /// The state.
    pub(crate) state: Node<'a>,
    /// The query language in force.
    pub(crate) language: String,
    /// Whether it calls the SDK itself, which waits for nothing.
    pub(crate) is_sdk: bool,
}

/// All tasks of a state machine that make tuning jobs, those in branches and maps included, in order; and the names of all its
/// states.
pub(crate) fn find_task<'a>(machine: &'a Value) -> (Vec<Found<'a>>, Vec<String>) {
    let language = machine.get("QueryLanguage").and_then(Value::as_str).unwrap_or("JSONPath");
    let (mut found, mut names) = (Vec::new(), Vec::new());
    search(&Node::root("$", machine, &[]), language, &mut found, &mut names);
    (found, names)
}

fn search<'a>(
    machine: &Node<'a>,
    language: &str,
    found: &mut Vec<Found<'a>>,
    names: &mut Vec<String>,
) {
    for Entry { name, node: state } in machine.map("States") {
        names.push(name.to_owned());
        let language = state.text("QueryLanguage").unwrap_or(language);
        if let Some(pattern) = state.text("Resource").and_then(pattern) {
            found.push(Found {
                name: name.to_owned(),
                pattern: pattern.to_owned(),
                state: state.clone(),
                language: language.to_owned(),
                is_sdk: is_sdk(&state),
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

fn is_sdk(state: &Node<'_>) -> bool {
    state.text("Resource").is_some_and(|resource| resource.contains(":aws-sdk:"))
}

/// What follows the operation in the name of a resource, if it is the one that makes tuning jobs.
pub(crate) fn pattern(resource: &str) -> Option<&str> {
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
    pub(crate) fn of_state(state: &'a Value) -> Option<Self> {
        let state = Node::root("$", state, &[]);
        Some(Self {
            name: String::new(),
            pattern: pattern(state.text("Resource")?)?.to_owned(),
            language: state.text("QueryLanguage").unwrap_or("JSONPath").to_owned(),
            is_sdk: is_sdk(&state),
            state,
        })
    }
}
