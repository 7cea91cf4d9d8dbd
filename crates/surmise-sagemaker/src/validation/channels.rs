//! Rules about the data channels of a definition.

use std::collections::HashSet;

use crate::findings::Findings;
use crate::node::Node;

const SOURCES: [&str; 3] = ["S3DataSource", "FileSystemDataSource", "DatasetSource"];

pub(super) fn check(definition: &Node<'_>, findings: &mut Findings) {
    let mode = definition.member("AlgorithmSpecification");
    let mode = mode.as_ref().and_then(|algorithm| algorithm.text("TrainingInputMode"));
    let groups = definition.descendant(&["ResourceConfig", "InstanceGroups"]);
    let groups: Vec<&str> = groups
        .iter()
        .flat_map(Node::items)
        .filter_map(|group| group.text("InstanceGroupName"))
        .collect();
    let mut seen = HashSet::new();
    for channel in definition.list("InputDataConfig") {
        let mode =
            channel.text("InputMode").or(mode).filter(|_| !channel.has_unresolved("InputMode"));
        if let Some(name) = channel.member("ChannelName")
            && let Some(text) = name.value.as_str()
            && !seen.insert(text)
        {
            findings.error(&name, "channels must have distinct names", "rename it");
        }
        check_source(&channel, mode, findings);
        check_groups(definition, &channel, &groups, findings);
        check_mode(&channel, mode, findings);
        if channel.descendant(&["DataSource", "FileSystemDataSource"]).is_some()
            && !definition.has("VpcConfig")
            && let Some(node) = channel.descendant(&["DataSource", "FileSystemDataSource"])
        {
            let rule = "training jobs reach a file system only through a VPC";
            findings.warning(&node, rule, "add VpcConfig");
        }
    }
}

fn check_source(channel: &Node<'_>, mode: Option<&str>, findings: &mut Findings) {
    let Some(source) = channel.member("DataSource") else { return };
    match SOURCES.iter().filter(|name| source.has(name)).count() {
        0 => findings.missing(
            source.path_of(SOURCES[0]),
            "a channel must have a data source",
            format!("add one of {}", SOURCES.join(", ")),
        ),
        1 => {}
        _ => findings.error(
            &source,
            "a channel must have exactly one data source",
            "keep one of them",
        ),
    }
    let Some(s3) = source.member("S3DataSource") else { return };
    let is_augmented = s3.text("S3DataType") == Some("AugmentedManifestFile");
    if is_augmented
        && mode.is_some_and(|mode| mode != "Pipe")
        && let Some(node) = s3.member("S3DataType")
    {
        findings.error(&node, "augmented manifests need input mode Pipe", "set InputMode to Pipe");
    }
    if !is_augmented
        && s3.text("S3DataType").is_some()
        && let Some(node) = s3.member("AttributeNames").filter(|node| !node.items().is_empty())
    {
        let rule = "only augmented manifests have attributes";
        findings.warning(&node, rule, "remove it, or set S3DataType to AugmentedManifestFile");
    }
}

/// Checks that the instance groups that a channel names exist.
fn check_groups(
    definition: &Node<'_>,
    channel: &Node<'_>,
    groups: &[&str],
    findings: &mut Findings,
) {
    let source = channel.descendant(&["DataSource", "S3DataSource"]);
    for name in source.iter().flat_map(|source| source.list("InstanceGroupNames")) {
        let exists = name.value.as_str().is_none_or(|name| groups.contains(&name));
        if !exists && !definition.has_unresolved("ResourceConfig") {
            let rule = "no instance group in ResourceConfig has this name";
            findings.warning(&name, rule, "name one of InstanceGroups, or remove it");
        }
    }
}

/// Checks that compression and record wrappers are used with input mode `Pipe`, the only mode in
/// which SageMaker undoes them.
fn check_mode(channel: &Node<'_>, mode: Option<&str>, findings: &mut Findings) {
    let Some(mode) = mode.filter(|mode| *mode != "Pipe") else { return };
    for name in ["CompressionType", "RecordWrapperType"] {
        if let Some(node) = channel.member(name)
            && node.value.as_str().is_some_and(|value| value != "None")
        {
            let rule = format!(
                "it has an effect only with input mode Pipe; with {mode} the container gets the \
                 objects unchanged"
            );
            findings.warning(&node, rule, "leave it out, or set InputMode to Pipe");
        }
    }
}
