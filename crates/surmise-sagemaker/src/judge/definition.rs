//! Rules of one definition of training jobs: algorithm, machines, time.

use std::collections::HashSet;

use super::case::Case;
use crate::node::Node;
use crate::verdict::Findings;

/// Families of machines that bring disks of their own, whose encryption cannot be chosen, besides those that say so by a d
/// behind their number.
const WITH_DISKS: [&str; 2] = ["g5", "p5"];

pub(super) fn judge(case: &Case<'_>, definition: &Node<'_>, findings: &mut Findings) {
    check_algorithm(definition, findings);
    check_resources(definition, findings);
    check_flexible_resources(definition, findings);
    check_time(case, definition, findings);
}

fn check_algorithm(definition: &Node<'_>, findings: &mut Findings) {
    let Some(algorithm) = definition.member("AlgorithmSpecification") else { return };
    match (algorithm.place("TrainingImage"), algorithm.place("AlgorithmName")) {
        (Some(_), Some(name)) => {
            let rule = "there must be TrainingImage or AlgorithmName, not both";
            findings.error(&name, rule, "keep one of them");
        }
        (None, None) => findings.missing(
            algorithm.path_of("TrainingImage"),
            "training jobs must run an image or an algorithm resource",
            "add TrainingImage or AlgorithmName",
        ),
        _ => {}
    }
    if let Some(image) = algorithm.member("TrainingImage").filter(|image| image.value == "") {
        findings.error(&image, "an image must have a path", "give registry/repository:tag");
    }
}

fn check_resources(definition: &Node<'_>, findings: &mut Findings) {
    let fixed = definition.member("ResourceConfig");
    let flexible = definition.place("HyperParameterTuningResourceConfig");
    match (definition.has("ResourceConfig"), flexible) {
        (true, Some(node)) => {
            let rule =
                "there must be ResourceConfig or HyperParameterTuningResourceConfig, not both";
            findings.error(&node, rule, "keep one of them");
        }
        (false, None) => findings.missing(
            definition.path_of("ResourceConfig"),
            "training jobs need machines",
            "add ResourceConfig or HyperParameterTuningResourceConfig",
        ),
        _ => {}
    }
    let Some(resources) = fixed else { return };
    for name in ["SelectedInstanceType", "SelectedInstanceCount"] {
        if let Some(node) = resources.place(name) {
            findings.error(&node, "it is what the service answers", "remove it");
        }
    }
    let groups = resources.member("InstanceGroups").filter(|groups| !groups.items().is_empty());
    if let Some(groups) = groups {
        for name in ["InstanceType", "InstanceCount"] {
            if resources.has(name) {
                let rule =
                    format!("machines must be given as InstanceGroups or as {name}, not both");
                findings.error(&groups, rule, "keep one of them");
            }
        }
    } else if let Some(preferences) = resources.member("InstancePreferences") {
        check_preferences(definition, &resources, &preferences, findings);
    } else if !resources.awaits("InstanceGroups") && !resources.awaits("InstancePreferences") {
        require_machines(&resources, findings);
    }
    if let Some(node) = resources.member("KeepAlivePeriodInSeconds") {
        findings.warning(
            &node,
            "tuning jobs disregard it: they reuse machines between training jobs anyway",
            "remove it",
        );
    }
    check_volume_key(&resources, &[&resources], findings);
}

/// Types in the order of preference, of which the service takes the first that is to be had.
fn check_preferences(
    definition: &Node<'_>,
    resources: &Node<'_>,
    preferences: &Node<'_>,
    findings: &mut Findings,
) {
    for name in ["InstanceType", "InstanceGroups", "InstancePlacementConfig"] {
        if let Some(node) = resources
            .place(name)
            .filter(|node| node.value.as_array().is_none_or(|it| !it.is_empty()))
        {
            let rule = format!("InstancePreferences take the place of {name}");
            findings.error(&node, rule, "keep one of them");
        }
    }
    if definition.is_true("EnableManagedSpotTraining")
        && let Some(spot) = definition.member("EnableManagedSpotTraining")
    {
        let rule = "InstancePreferences are for machines on demand and reserved ones only";
        findings.error(&spot, rule, "set it to false, or name one InstanceType");
    }
    let items = preferences.items();
    let counted = items.iter().filter(|item| item.has("InstanceCount")).count();
    let outside = resources.place("InstanceCount");
    if let Some(node) = outside.as_ref().filter(|_| counted > 0) {
        let rule = "the number of machines must be in each preference or here, not in both";
        findings.error(node, rule, "keep one of them");
    } else if counted < items.len() && outside.is_none() {
        for item in items.iter().filter(|item| !item.has("InstanceCount")) {
            let rule = "a preference needs a number of machines";
            let remedy = "add one to each preference, or one for all beside InstancePreferences";
            findings.missing(item.path_of("InstanceCount"), rule, remedy);
        }
    }
    let mut seen = HashSet::new();
    for item in &items {
        let kind = item.member("InstanceType");
        if let Some(node) =
            kind.filter(|node| node.value.as_str().is_some_and(|it| !seen.insert(it)))
        {
            findings.error(&node, "a type of machines can be preferred once only", "remove one");
        }
        if let Some(plans) = item.place("TrainingPlanArns")
            && resources.has("TrainingPlanArn")
        {
            let rule = "there is one training plan for all, too";
            findings.error(&plans, rule, "keep one of them");
        }
    }
    check_count(resources, findings);
    items.iter().for_each(|item| check_count(item, findings));
}

fn check_count(machines: &Node<'_>, findings: &mut Findings) {
    if let Some(node) = machines.member("InstanceCount").filter(|node| node.value == 0) {
        findings.error(&node, "a training job must have at least one machine", "raise it");
    }
}

fn require_machines(resources: &Node<'_>, findings: &mut Findings) {
    for (name, remedy) in [
        ("InstanceType", "add a type such as \"ml.m5.xlarge\""),
        ("InstanceCount", "add a number of machines"),
    ] {
        if !resources.has(name) {
            findings.missing(resources.path_of(name), "training jobs need machines", remedy);
        }
    }
    check_count(resources, findings);
}

fn check_flexible_resources(definition: &Node<'_>, findings: &mut Findings) {
    let Some(resources) = definition.member("HyperParameterTuningResourceConfig") else { return };
    if let Some(configs) = resources.member("InstanceConfigs") {
        for name in ["InstanceType", "InstanceCount", "VolumeSizeInGB"] {
            if let Some(node) = resources.place(name) {
                let rule = format!("{name} must stand in each of InstanceConfigs, not beside them");
                findings.error(&node, rule, "remove it here");
            }
        }
        let configs = configs.items();
        configs.iter().for_each(|config| check_count(config, findings));
        check_volume_key(&resources, &configs.iter().collect::<Vec<_>>(), findings);
    } else if !resources.awaits("InstanceConfigs") {
        if let Some(node) = resources.member("AllocationStrategy") {
            let rule = "it chooses among InstanceConfigs, and there are none";
            findings.warning(&node, rule, "add InstanceConfigs, or remove it");
        }
        require_machines(&resources, findings);
        check_volume_key(&resources, &[&resources], findings);
    }
}

/// A key for disks that cannot be had.
fn check_volume_key(resources: &Node<'_>, machines: &[&Node<'_>], findings: &mut Findings) {
    let Some(key) = resources.member("VolumeKmsKeyId") else { return };
    let local = machines.iter().filter_map(|node| node.text("InstanceType")).find(|instance| {
        let family = instance.split('.').nth(1).unwrap_or_default();
        let generation = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let says_so =
            generation.starts_with(|c: char| c.is_ascii_digit()) && generation.contains('d');
        WITH_DISKS.contains(&family) || says_so
    });
    if let Some(instance) = local {
        let rule = format!("{instance} has disks of its own, for which no key can be chosen");
        findings.warning(&key, rule, "remove it, or use a type without disks of its own");
    }
}

fn check_time(case: &Case<'_>, definition: &Node<'_>, findings: &mut Findings) {
    let Some(condition) = definition.member("StoppingCondition") else { return };
    let wait = condition.member("MaxWaitTimeInSeconds");
    let runtime = condition.member("MaxRuntimeInSeconds");
    let most = case.known.quotas.training_runtime_in_seconds;
    if let Some(node) = &runtime
        && node.value.as_i64().is_some_and(|seconds| seconds > i64::from(most))
    {
        let rule =
            format!("a training job may run at most {most} seconds ({})", case.known.quotas.name);
        findings.error(node, rule, "lower it");
    }
    if !condition.has("MaxRuntimeInSeconds") {
        let rule = "without MaxRuntimeInSeconds a training job may run for a day";
        findings.warning(&condition, rule, "add it");
    }
    if definition.is_true("EnableManagedSpotTraining") {
        match (&wait, &runtime) {
            (Some(wait), Some(runtime)) => {
                let seconds = (wait.value.as_i64(), runtime.value.as_i64());
                if let (Some(waits), Some(runs)) = seconds
                    && waits < runs
                {
                    let rule = format!("it must include the time of running, {runs} seconds");
                    findings.error(wait, rule, format!("raise it to {runs} or more"));
                }
            }
            (None, _) if !condition.has("MaxWaitTimeInSeconds") => findings.missing(
                condition.path_of("MaxWaitTimeInSeconds"),
                "spot training must have a limit of waiting and running together",
                "add it, at least MaxRuntimeInSeconds",
            ),
            _ => {}
        }
        if !definition.has("CheckpointConfig")
            && let Some(spot) = definition.member("EnableManagedSpotTraining")
        {
            let rule = "a job whose machine is taken away begins again without CheckpointConfig";
            findings.warning(&spot, rule, "add it, if the algorithm keeps checkpoints");
        }
    } else if let Some(wait) = wait
        && !definition.awaits("EnableManagedSpotTraining")
    {
        let rule = "it is for spot training only";
        findings.error(&wait, rule, "remove it, or set EnableManagedSpotTraining");
    }
}
