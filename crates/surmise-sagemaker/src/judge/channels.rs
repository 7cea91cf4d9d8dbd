//! Rules of channels.

use std::collections::HashSet;

use crate::node::Node;
use crate::verdict::Findings;

const SOURCES: [&str; 3] = ["S3DataSource", "FileSystemDataSource", "DatasetSource"];

pub(super) fn judge(definition: &Node<'_>, findings: &mut Findings) {
    let mode = definition.member("AlgorithmSpecification");
    let mode = mode.as_ref().and_then(|algorithm| algorithm.text("TrainingInputMode"));
    let groups = definition.at(&["ResourceConfig", "InstanceGroups"]);
    let groups: Vec<&str> = groups
        .iter()
        .flat_map(Node::items)
        .filter_map(|group| group.text("InstanceGroupName"))
        .collect();
    let mut seen = HashSet::new();
    for channel in definition.list("InputDataConfig") {
        let mode = channel.text("InputMode").or(mode).filter(|_| !channel.awaits("InputMode"));
        if let Some(name) = channel.member("ChannelName")
            && let Some(text) = name.value.as_str()
            && !seen.insert(text)
        {
            findings.error(&name, "channels must have distinct names", "rename it");
        }
        check_source(&channel, mode, findings);
        check_groups(definition, &channel, &groups, findings);
        check_mode(&channel, mode, findings);
        if channel.at(&["DataSource", "FileSystemDataSource"]).is_some()
            && !definition.has("VpcConfig")
            && let Some(node) = channel.at(&["DataSource", "FileSystemDataSource"])
        {
            let rule = "file systems are reached through a private network only";
            findings.warning(&node, rule, "add VpcConfig");
        }
    }
}

fn check_source(channel: &Node<'_>, mode: Option<&str>, findings: &mut Findings) {
    let Some(source) = channel.member("DataSource") else { return };
    match SOURCES.iter().filter(|name| source.has(name)).count() {
        0 => findings.missing(
            source.path_of(SOURCES[0]),
            "a channel must have data from somewhere",
            format!("add one of {}", SOURCES.join(", ")),
        ),
        1 => {}
        _ => findings.error(&source, "a channel must have data from one place", "keep one of them"),
    }
    let Some(s3) = source.member("S3DataSource") else { return };
    let augmented = s3.text("S3DataType") == Some("AugmentedManifestFile");
    if augmented
        && mode.is_some_and(|mode| mode != "Pipe")
        && let Some(node) = s3.member("S3DataType")
    {
        findings.error(&node, "augmented manifests must come as a stream", "set InputMode to Pipe");
    }
    if !augmented
        && s3.text("S3DataType").is_some()
        && let Some(node) = s3.member("AttributeNames").filter(|node| !node.items().is_empty())
    {
        let rule = "attributes are in augmented manifests only";
        findings.warning(&node, rule, "remove it, or set S3DataType to AugmentedManifestFile");
    }
}

/// A channel can be meant for some of the machines only.
fn check_groups(
    definition: &Node<'_>,
    channel: &Node<'_>,
    groups: &[&str],
    findings: &mut Findings,
) {
    let source = channel.at(&["DataSource", "S3DataSource"]);
    for name in source.iter().flat_map(|source| source.list("InstanceGroupNames")) {
        let is_known = name.value.as_str().is_none_or(|name| groups.contains(&name));
        if !is_known && !definition.awaits("ResourceConfig") {
            let rule = "no group of machines in ResourceConfig has this name";
            findings.warning(&name, rule, "name one of InstanceGroups, or remove it");
        }
    }
}

/// Compression and wrappers are undone in streams only.
fn check_mode(channel: &Node<'_>, mode: Option<&str>, findings: &mut Findings) {
    let Some(mode) = mode.filter(|mode| *mode != "Pipe") else { return };
    for name in ["CompressionType", "RecordWrapperType"] {
        if let Some(node) = channel.member(name)
            && node.value.as_str().is_some_and(|value| value != "None")
        {
            let rule = format!(
                "it is for input mode Pipe; with {mode} the container gets the objects as they are"
            );
            findings.warning(&node, rule, "leave it out, or set InputMode to Pipe");
        }
    }
}
