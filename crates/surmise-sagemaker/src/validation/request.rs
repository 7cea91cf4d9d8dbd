//! Rules about the whole request: definitions, warm start, tags, environment variables.

use std::collections::HashSet;

use super::request_view::RequestView;
use crate::findings::Findings;

/// The maximum number of variables of all definitions together, by the text of the service's model.
const MAX_VARIABLES: usize = 48;

pub(super) fn check(view: &RequestView<'_>, findings: &mut Findings) {
    if !view.is_whole {
        return;
    }
    check_definitions(view, findings);
    check_warm_start(view, findings);
    check_tags(view, findings);
    let variables: usize =
        view.definitions.iter().map(|definition| definition.map("Environment").len()).sum();
    if view.definitions.len() > 1 && variables > MAX_VARIABLES {
        let rule = format!(
            "all definitions together may have at most {MAX_VARIABLES} variables, not {variables}"
        );
        if let Some(node) = view.root.member("TrainingJobDefinitions") {
            findings.error(&node, rule, "remove some from their Environment");
        }
    }
}

fn check_definitions(view: &RequestView<'_>, findings: &mut Findings) {
    let (has_one, has_several) =
        (view.root.has("TrainingJobDefinition"), view.root.has("TrainingJobDefinitions"));
    if has_one && let Some(node) = view.root.member_or_expression("TrainingJobDefinitions") {
        let rule = "a request must have either TrainingJobDefinition or \
            TrainingJobDefinitions, not both";
        findings.error(&node, rule, "keep one of them");
    }
    if !has_one && !has_several {
        findings.missing(
            view.root.path_of("TrainingJobDefinition"),
            "a tuning job must define its training jobs",
            "add TrainingJobDefinition, or TrainingJobDefinitions for several algorithms",
        );
    }
    let mut seen = HashSet::new();
    for definition in view.root.list("TrainingJobDefinitions") {
        let name = definition.member("DefinitionName");
        match name.as_ref().and_then(|name| name.value.as_str()) {
            Some(text) if !seen.insert(text) => {
                if let Some(name) = name {
                    findings.error(&name, "definitions must have distinct names", "rename it");
                }
            }
            None if !definition.has("DefinitionName") && view.definitions.len() > 1 => {
                findings.missing(
                    definition.path_of("DefinitionName"),
                    "each of several definitions must have a name",
                    "name it",
                );
            }
            _ => {}
        }
    }
}

fn check_warm_start(view: &RequestView<'_>, findings: &mut Findings) {
    let Some(warm_start) = view.root.member("WarmStartConfig") else { return };
    if view.definitions.len() > 1 {
        let rule = "a warm start works with only one definition of training jobs";
        findings.error(&warm_start, rule, "remove it, or all definitions but one");
    }
    if let Some(strategy) = view.strategy().filter(|name| ["Grid", "Hyperband"].contains(name)) {
        let rule =
            format!("AWS documents a warm start only for Bayesian and Random, not for {strategy}");
        let remedy = "remove it: the service may refuse or ignore it";
        findings.warning(&warm_start, rule, remedy);
    }
    let tuning_job = view.root.text("HyperParameterTuningJobName");
    let mut seen = HashSet::new();
    for parent in warm_start.list("ParentHyperParameterTuningJobs") {
        let name = parent.member("HyperParameterTuningJobName");
        let Some(name) = name else {
            if !parent.has("HyperParameterTuningJobName") {
                let path = parent.path_of("HyperParameterTuningJobName");
                findings.missing(path, "a parent must have a name", "name a tuning job");
            }
            continue;
        };
        // Names of tuning jobs are case-insensitive.
        let Some(text) = name.value.as_str().map(str::to_ascii_lowercase) else { continue };
        if tuning_job.is_some_and(|it| it.eq_ignore_ascii_case(&text)) {
            findings.error(&name, "a tuning job cannot be its own parent", "rename one of them");
        }
        if !seen.insert(text) {
            findings.error(&name, "each parent must be named only once", "remove it");
        }
    }
}

fn check_tags(view: &RequestView<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for tag in view.root.list("Tags") {
        let Some(key) = tag.member("Key") else { continue };
        let Some(text) = key.value.as_str() else { continue };
        if !seen.insert(text) {
            findings.error(&key, "keys of tags must be unique", "keep one of them");
        }
        if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            findings.error(&key, "keys that begin with aws: belong to AWS", "choose another key");
        }
    }
}
