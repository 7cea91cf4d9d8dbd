//! Rules of one definition of training jobs: algorithm, machines, time.

use super::Case;
use crate::sagemaker::node::Node;
use crate::sagemaker::verdict::Findings;

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
    let groups = resources.member("InstanceGroups").filter(|groups| !groups.items().is_empty());
    if let Some(groups) = groups {
        for name in ["InstanceType", "InstanceCount"] {
            if resources.has(name) {
                let rule =
                    format!("machines must be given as InstanceGroups or as {name}, not both");
                findings.error(&groups, rule, "keep one of them");
            }
        }
    } else if !resources.awaits("InstanceGroups") {
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

fn require_machines(resources: &Node<'_>, findings: &mut Findings) {
    for (name, remedy) in [
        ("InstanceType", "add a type such as \"ml.m5.xlarge\""),
        ("InstanceCount", "add a number of machines"),
    ] {
        if !resources.has(name) {
            findings.missing(resources.path_of(name), "training jobs need machines", remedy);
        }
    }
    if let Some(node) = resources.member("InstanceCount").filter(|node| node.value == 0) {
        findings.error(&node, "a training job must have at least one machine", "raise it");
    }
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
        for config in &configs {
            if let Some(node) = config.member("InstanceCount").filter(|node| node.value == 0) {
                findings.error(&node, "a training job must have at least one machine", "raise it");
            }
        }
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
    let most = case.quotas.training_runtime_in_seconds;
    if let Some(node) = &runtime
        && node.value.as_i64().is_some_and(|seconds| seconds > i64::from(most))
    {
        let rule = format!("a training job may run at most {most} seconds ({})", case.quotas.name);
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
