//! Rules of the whole request: definitions, warm start, tags, autotune.

use std::collections::HashSet;

use super::case::Case;
use crate::verdict::Findings;

/// Variables of all definitions together, by the text of the service's model.
const MOST_VARIABLES: usize = 48;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if !case.is_whole {
        return;
    }
    check_definitions(case, findings);
    check_warm_start(case, findings);
    check_tags(case, findings);
    let variables: usize =
        case.definitions.iter().map(|definition| definition.map("Environment").len()).sum();
    if case.definitions.len() > 1 && variables > MOST_VARIABLES {
        let rule = format!(
            "all definitions together may have at most {MOST_VARIABLES} variables, not {variables}"
        );
        if let Some(node) = case.root.member("TrainingJobDefinitions") {
            findings.error(&node, rule, "remove some from their Environment");
        }
    }
}

fn check_definitions(case: &Case<'_>, findings: &mut Findings) {
    let (one, several) =
        (case.root.has("TrainingJobDefinition"), case.root.has("TrainingJobDefinitions"));
    if one && let Some(node) = case.root.place("TrainingJobDefinitions") {
        let rule = "there must be TrainingJobDefinition or TrainingJobDefinitions, not both";
        findings.error(&node, rule, "keep one of them");
    }
    if !one && !several {
        findings.missing(
            case.root.path_of("TrainingJobDefinition"),
            "a tuning job must say what its training jobs are",
            "add TrainingJobDefinition, or TrainingJobDefinitions for several algorithms",
        );
    }
    let mut seen = HashSet::new();
    for definition in case.root.list("TrainingJobDefinitions") {
        let name = definition.member("DefinitionName");
        match name.as_ref().and_then(|name| name.value.as_str()) {
            Some(text) if !seen.insert(text) => {
                if let Some(name) = name {
                    findings.error(&name, "definitions must have distinct names", "rename it");
                }
            }
            None if !definition.has("DefinitionName") && case.definitions.len() > 1 => {
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

fn check_warm_start(case: &Case<'_>, findings: &mut Findings) {
    let Some(warm_start) = case.root.member("WarmStartConfig") else { return };
    if case.definitions.len() > 1 {
        let rule = "a warm start works with one definition of training jobs only";
        findings.error(&warm_start, rule, "remove it, or all definitions but one");
    }
    if let Some(strategy) = case.strategy().filter(|name| ["Grid", "Hyperband"].contains(name)) {
        let rule = format!("the documentation speaks of Bayesian and Random only, not {strategy}");
        findings.warning(&warm_start, rule, "expect it to be refused or without effect");
    }
    let own = case.root.text("HyperParameterTuningJobName");
    let mut seen = HashSet::new();
    for parent in warm_start.list("ParentHyperParameterTuningJobs") {
        let name = parent.member("HyperParameterTuningJobName");
        let Some(name) = name else {
            if !parent.has("HyperParameterTuningJobName") {
                let path = parent.path_of("HyperParameterTuningJobName");
                findings.missing(path, "a parent must be known by its name", "give it");
            }
            continue;
        };
        // Names of tuning jobs do not tell capitals from small letters.
        let Some(text) = name.value.as_str().map(str::to_ascii_lowercase) else { continue };
        if own.is_some_and(|own| own.eq_ignore_ascii_case(&text)) {
            findings.error(&name, "a tuning job cannot be its own parent", "rename one of them");
        }
        if !seen.insert(text) {
            findings.error(&name, "each parent must be named once", "remove it");
        }
    }
}

fn check_tags(case: &Case<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for tag in case.root.list("Tags") {
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
