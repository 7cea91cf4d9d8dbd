//! Hosts and instance groups of a training job, as the toolkit interprets them.

use super::python::Value;

/// Hyperparameters that run the program on all instances of its group; one is enough.
const DISTRIBUTION_NAMES: [&str; 7] = [
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
];
const DEFAULT_GROUP: &str = "homogeneousCluster";

/// Hosts and their groups, as the toolkit interprets `resourceconfig.json`.
pub(super) struct Hosts {
    pub(super) current: String,
    pub(super) all: Value,
    pub(super) instance_type: String,
    pub(super) group: String,
    pub(super) group_hosts: Value,
    pub(super) groups: Value,
    pub(super) groups_by_name: Value,
    pub(super) is_hetero: bool,
    pub(super) distribution: Value,
    pub(super) distribution_hosts: Value,
    pub(super) master: String,
}

fn names_of(value: &serde_json::Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}

impl Hosts {
    pub(super) fn new(
        resources: &serde_json::Value,
        framework_parameters: &[(&str, Value)],
    ) -> Result<Self, String> {
        let text = |name: &str| resources[name].as_str();
        let hosts = names_of(&resources["hosts"]);
        let (Some(current), Some(first)) = (text("current_host"), hosts.first()) else {
            return Err("resourceconfig.json has no hosts".to_owned());
        };
        let group = text("current_group_name").unwrap_or(DEFAULT_GROUP);
        let groups: Vec<(&str, &serde_json::Value)> = resources["instance_groups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|group| Some((group["instance_group_name"].as_str()?, group)))
            .collect();
        let hosts_of = |group: &serde_json::Value| Value::from(&group["hosts"]);
        let current_group = groups.iter().find(|(name, _)| *name == group);
        let parameter = |name: &str| framework_parameters.iter().find(|(it, _)| *it == name);
        let is_distributed = DISTRIBUTION_NAMES
            .iter()
            .any(|name| parameter(name).is_some_and(|(_, value)| value.is_truthy()));
        let distribution = match parameter("sagemaker_distribution_instance_groups") {
            Some((_, groups)) => groups.clone(),
            None if is_distributed => Value::texts([group]),
            None => Value::List(Vec::new()),
        };
        let is_included = |name: &str| match &distribution {
            Value::List(names) => names.contains(&Value::text(name)),
            _ => false,
        };
        let distribution_hosts: Vec<&str> = if groups.is_empty() {
            hosts.clone()
        } else {
            let included = groups.iter().filter(|(name, _)| is_included(name));
            included.flat_map(|(_, group)| names_of(&group["hosts"])).collect()
        };
        Ok(Self {
            current: current.to_owned(),
            instance_type: text("current_instance_type").unwrap_or("local").to_owned(),
            group: group.to_owned(),
            group_hosts: current_group
                .map_or(Value::List(Vec::new()), |(_, group)| hosts_of(group)),
            groups: Value::texts(groups.iter().map(|(name, _)| *name)),
            groups_by_name: Value::object(
                groups.iter().map(|(name, it)| (*name, Value::from(*it))),
            ),
            is_hetero: groups.len() > 1,
            master: (*distribution_hosts.first().unwrap_or(first)).to_owned(),
            distribution_hosts: Value::texts(distribution_hosts),
            distribution,
            all: Value::texts(hosts),
        })
    }
}
