//! Finds the tasks of a state machine that create tuning jobs.

use serde_json::Value;

use crate::node::{NamedNode, Node};

/// The operation in the resource of a task that creates a tuning job.
const OPERATION: &str = "createHyperParameterTuningJob";

/// A task that creates a tuning job.
#[derive(Debug, Clone)]
pub(crate) struct TuningTask<'a> {
    /// The name of its state.
    pub(crate) name: String,
    /// The service integration pattern: empty, `sync` or `waitForTaskToken`.
    pub(crate) integration_pattern: String,
    pub(crate) state: Node<'a>,
    /// The query language of the state: `JSONPath` or `JSONata`.
    pub(crate) language: String,
    /// True for an AWS SDK integration, which never waits for the tuning job.
    pub(crate) is_sdk: bool,
}

/// Returns all tasks that create tuning jobs, in order, and the names of all states.
///
/// States in branches and maps are included.
pub(crate) fn find_tuning_tasks<'a>(machine: &'a Value) -> (Vec<TuningTask<'a>>, Vec<String>) {
    let language = machine.get("QueryLanguage").and_then(Value::as_str).unwrap_or("JSONPath");
    let (mut found, mut names) = (Vec::new(), Vec::new());
    collect_tasks(&Node::root("$", machine, &[]), language, &mut found, &mut names);
    (found, names)
}

fn collect_tasks<'a>(
    machine: &Node<'a>,
    language: &str,
    found: &mut Vec<TuningTask<'a>>,
    names: &mut Vec<String>,
) {
    for NamedNode { name, node: state } in machine.map("States") {
        names.push(name.to_owned());
        let language = state.text("QueryLanguage").unwrap_or(language);
        if let Some(pattern) = state.text("Resource").and_then(integration_pattern) {
            found.push(TuningTask {
                name: name.to_owned(),
                integration_pattern: pattern.to_owned(),
                state: state.clone(),
                language: language.to_owned(),
                is_sdk: is_sdk(&state),
            });
        }
        for branch in state.list("Branches") {
            collect_tasks(&branch, language, found, names);
        }
        for part in ["ItemProcessor", "Iterator"].iter().filter_map(|part| state.member(part)) {
            collect_tasks(&part, language, found, names);
        }
    }
}

fn is_sdk(state: &Node<'_>) -> bool {
    state.text("Resource").is_some_and(|resource| resource.contains(":aws-sdk:"))
}

/// Returns the integration pattern of a resource, or `None` if it does not create tuning jobs.
fn integration_pattern(resource: &str) -> Option<&str> {
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

impl<'a> TuningTask<'a> {
    /// Reads a single state; returns `None` if it does not create a tuning job.
    pub(crate) fn from_state(state: &'a Value) -> Option<Self> {
        let state = Node::root("$", state, &[]);
        Some(Self {
            name: String::new(),
            integration_pattern: integration_pattern(state.text("Resource")?)?.to_owned(),
            language: state.text("QueryLanguage").unwrap_or("JSONPath").to_owned(),
            is_sdk: is_sdk(&state),
            state,
        })
    }
}
