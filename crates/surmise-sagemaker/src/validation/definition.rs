//! Rules about one definition of training jobs: algorithm, instances, time limits.

use std::collections::HashSet;

use super::request_view::RequestView;
use crate::findings::Findings;
use crate::node::Node;

/// Instance families with local disks, whose encryption key cannot be chosen.
///
/// Families with a `d` after their generation have local disks, too.
const FAMILIES_WITH_LOCAL_DISKS: [&str; 2] = ["g5", "p5"];

pub(super) fn check(view: &RequestView<'_>, definition: &Node<'_>, findings: &mut Findings) {
    check_algorithm(definition, findings);
    check_resources(definition, findings);
    check_flexible_resources(definition, findings);
    check_time(view, definition, findings);
}

fn check_algorithm(definition: &Node<'_>, findings: &mut Findings) {
    let Some(algorithm) = definition.member("AlgorithmSpecification") else { return };
    match (
        algorithm.member_or_expression("TrainingImage"),
        algorithm.member_or_expression("AlgorithmName"),
    ) {
        (Some(_), Some(name)) => {
            let rule = "a definition must have either TrainingImage or AlgorithmName, not both";
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
    let flexible = definition.member_or_expression("HyperParameterTuningResourceConfig");
    match (definition.has("ResourceConfig"), flexible) {
        (true, Some(node)) => {
            let rule = "a definition must have either ResourceConfig or \
                HyperParameterTuningResourceConfig, not both";
            findings.error(&node, rule, "keep one of them");
        }
        (false, None) => findings.missing(
            definition.path_of("ResourceConfig"),
            "training jobs need instances",
            "add ResourceConfig or HyperParameterTuningResourceConfig",
        ),
        _ => {}
    }
    let Some(resources) = fixed else { return };
    for name in ["SelectedInstanceType", "SelectedInstanceCount"] {
        if let Some(node) = resources.member_or_expression(name) {
            findings.error(
                &node,
                "only descriptions from the service have this member",
                "remove it",
            );
        }
    }
    let groups = resources.member("InstanceGroups").filter(|groups| !groups.items().is_empty());
    if let Some(groups) = groups {
        for name in ["InstanceType", "InstanceCount"] {
            if resources.has(name) {
                let rule =
                    format!("instances must be given as InstanceGroups or as {name}, not both");
                findings.error(&groups, rule, "keep one of them");
            }
        }
    } else if let Some(preferences) = resources.member("InstancePreferences") {
        check_preferences(definition, &resources, &preferences, findings);
    } else if !resources.has_unresolved("InstanceGroups")
        && !resources.has_unresolved("InstancePreferences")
    {
        require_instances(&resources, findings);
    }
    if let Some(node) = resources.member("KeepAlivePeriodInSeconds") {
        findings.warning(
            &node,
            "tuning jobs ignore it: they reuse instances between training jobs anyway",
            "remove it",
        );
    }
    check_volume_key(&resources, &[&resources], findings);
}

/// Checks instance types in the order of preference; the service takes the first available one.
fn check_preferences(
    definition: &Node<'_>,
    resources: &Node<'_>,
    preferences: &Node<'_>,
    findings: &mut Findings,
) {
    for name in ["InstanceType", "InstanceGroups", "InstancePlacementConfig"] {
        if let Some(node) = resources
            .member_or_expression(name)
            .filter(|node| node.value.as_array().is_none_or(|items| !items.is_empty()))
        {
            let rule =
                format!("a definition must have either InstancePreferences or {name}, not both");
            findings.error(&node, rule, "keep one of them");
        }
    }
    if definition.is_true("EnableManagedSpotTraining")
        && let Some(spot) = definition.member("EnableManagedSpotTraining")
    {
        let rule = "InstancePreferences work only with on-demand and reserved instances";
        findings.error(&spot, rule, "set it to false, or name one InstanceType");
    }
    let items = preferences.items();
    let with_count = items.iter().filter(|item| item.has("InstanceCount")).count();
    let common_count = resources.member_or_expression("InstanceCount");
    if let Some(node) = common_count.as_ref().filter(|_| with_count > 0) {
        let rule = "InstanceCount must be in each preference or here, not in both";
        findings.error(node, rule, "keep one of them");
    } else if with_count < items.len() && common_count.is_none() {
        for item in items.iter().filter(|item| !item.has("InstanceCount")) {
            let rule = "a preference needs a number of instances";
            let remedy = "add InstanceCount to each preference, or one for all to ResourceConfig";
            findings.missing(item.path_of("InstanceCount"), rule, remedy);
        }
    }
    let mut seen = HashSet::new();
    for item in &items {
        let instance_type = item.member("InstanceType");
        if let Some(node) =
            instance_type.filter(|node| node.value.as_str().is_some_and(|name| !seen.insert(name)))
        {
            findings.error(&node, "an instance type can be preferred only once", "remove one");
        }
        if let Some(plans) = item.member_or_expression("TrainingPlanArns")
            && resources.has("TrainingPlanArn")
        {
            let rule = "ResourceConfig has a training plan for all instances, too";
            findings.error(&plans, rule, "keep one of them");
        }
    }
    check_count(resources, findings);
    items.iter().for_each(|item| check_count(item, findings));
}

fn check_count(resources: &Node<'_>, findings: &mut Findings) {
    if let Some(node) = resources.member("InstanceCount").filter(|node| node.value == 0) {
        findings.error(&node, "a training job must have at least one instance", "raise it");
    }
}

fn require_instances(resources: &Node<'_>, findings: &mut Findings) {
    for (name, remedy) in [
        ("InstanceType", "add a type such as \"ml.m5.xlarge\""),
        ("InstanceCount", "add a number of instances"),
    ] {
        if !resources.has(name) {
            findings.missing(resources.path_of(name), "training jobs need instances", remedy);
        }
    }
    check_count(resources, findings);
}

fn check_flexible_resources(definition: &Node<'_>, findings: &mut Findings) {
    let Some(resources) = definition.member("HyperParameterTuningResourceConfig") else { return };
    if let Some(configs) = resources.member("InstanceConfigs") {
        for name in ["InstanceType", "InstanceCount", "VolumeSizeInGB"] {
            if let Some(node) = resources.member_or_expression(name) {
                let rule = format!("{name} must be in each of InstanceConfigs, not beside them");
                findings.error(&node, rule, "remove it here");
            }
        }
        let configs = configs.items();
        configs.iter().for_each(|config| check_count(config, findings));
        check_volume_key(&resources, &configs.iter().collect::<Vec<_>>(), findings);
    } else if !resources.has_unresolved("InstanceConfigs") {
        if let Some(node) = resources.member("AllocationStrategy") {
            let rule = "it has no effect without InstanceConfigs";
            findings.warning(&node, rule, "add InstanceConfigs, or remove it");
        }
        require_instances(&resources, findings);
        check_volume_key(&resources, &[&resources], findings);
    }
}

/// Warns of a key for the disks of instances that have local disks.
fn check_volume_key(resources: &Node<'_>, instances: &[&Node<'_>], findings: &mut Findings) {
    let Some(key) = resources.member("VolumeKmsKeyId") else { return };
    let with_disks =
        instances.iter().filter_map(|node| node.text("InstanceType")).find(|instance_type| {
            let family = instance_type.split('.').nth(1).unwrap_or_default();
            let generation = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
            let has_suffix_d =
                generation.starts_with(|c: char| c.is_ascii_digit()) && generation.contains('d');
            FAMILIES_WITH_LOCAL_DISKS.contains(&family) || has_suffix_d
        });
    if let Some(instance_type) = with_disks {
        let rule = format!("{instance_type} has local disks, whose key cannot be chosen");
        findings.warning(&key, rule, "remove it, or use a type without local disks");
    }
}

fn check_time(view: &RequestView<'_>, definition: &Node<'_>, findings: &mut Findings) {
    let Some(condition) = definition.member("StoppingCondition") else { return };
    let wait = condition.member("MaxWaitTimeInSeconds");
    let runtime = condition.member("MaxRuntimeInSeconds");
    let max = view.context.quotas.training_runtime_in_seconds;
    if let Some(node) = &runtime
        && node.value.as_i64().is_some_and(|seconds| seconds > i64::from(max))
    {
        let rule =
            format!("a training job may run at most {max} seconds ({})", view.context.quotas.name);
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
                if let (Some(wait_time), Some(run_time)) = seconds
                    && wait_time < run_time
                {
                    let rule =
                        format!("it must not be shorter than MaxRuntimeInSeconds, {run_time}");
                    findings.error(wait, rule, format!("raise it to {run_time} or more"));
                }
            }
            (None, _) if !condition.has("MaxWaitTimeInSeconds") => findings.missing(
                condition.path_of("MaxWaitTimeInSeconds"),
                "spot training must have a limit for waiting and running together",
                "add it, at least MaxRuntimeInSeconds",
            ),
            _ => {}
        }
        if !definition.has("CheckpointConfig")
            && let Some(spot) = definition.member("EnableManagedSpotTraining")
        {
            let rule =
                "without CheckpointConfig an interrupted job starts again from the beginning";
            findings.warning(&spot, rule, "add it, if the algorithm writes checkpoints");
        }
    } else if let Some(wait) = wait
        && !definition.has_unresolved("EnableManagedSpotTraining")
    {
        let rule = "only spot training can have it";
        findings.error(&wait, rule, "remove it, or set EnableManagedSpotTraining");
    }
}
