//! The instances of a training job, and how many of them an account may use at once.

use std::collections::BTreeMap;

use serde_json::Value;

/// How many instances an account may use at once for training. What is not named is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceQuotas {
    /// Instances of all types together.
    pub in_all: Option<usize>,
    /// Instances of a type, by its name.
    pub of_type: BTreeMap<String, usize>,
    /// Spot instances of a type, by its name: a quota of its own.
    pub spot_of_type: BTreeMap<String, usize>,
}

impl InstanceQuotas {
    /// So many instances of all types together.
    pub fn in_all(instances: usize) -> Self {
        Self { in_all: Some(instances), ..Self::default() }
    }

    /// So many instances of one type, which are not spot instances.
    pub fn of_type(instance_type: &str, instances: usize) -> Self {
        Self { of_type: [(instance_type.to_owned(), instances)].into(), ..Self::default() }
    }
}

/// The instances that a training job asks for, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machines {
    /// Types and numbers: several where there are instance groups.
    groups: Vec<(String, usize)>,
    is_spot: bool,
}

impl Machines {
    /// Those of a request. Of several that are preferred, `choice` is the place of the one that was taken; none is the first.
    pub(super) fn of(request: &Value, choice: Option<usize>) -> Self {
        let resources = &request["ResourceConfig"];
        let of = |value: &Value, general: &Value| {
            let count = value["InstanceCount"].as_u64().or(general["InstanceCount"].as_u64());
            let count = usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX);
            (value["InstanceType"].as_str().unwrap_or_default().to_owned(), count)
        };
        let preferred = resources["InstancePreferences"].as_array().map(Vec::as_slice);
        let chosen = preferred.unwrap_or_default().get(choice.unwrap_or(0));
        let groups = match (resources["InstanceGroups"].as_array(), chosen) {
            (_, Some(chosen)) => vec![of(chosen, resources)],
            (Some(groups), None) => groups.iter().map(|group| of(group, &Value::Null)).collect(),
            (None, None) => vec![of(resources, &Value::Null)],
        };
        Self { groups, is_spot: request["EnableManagedSpotTraining"] == true }
    }

    pub(super) fn count(&self) -> usize {
        self.groups.iter().map(|(_, count)| count).sum()
    }

    fn count_of(&self, kind: &str) -> usize {
        self.groups.iter().filter(|(own, _)| own == kind).map(|(_, count)| count).sum()
    }

    pub(super) fn types(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(kind, _)| kind.as_str())
    }

    /// Why an account with these quotas, in which `live` runs, has no room for them.
    pub(super) fn exceed(&self, quotas: &InstanceQuotas, live: &[Self]) -> Option<String> {
        let (of_type, usage) = match self.is_spot {
            true => (&quotas.spot_of_type, "spot training job usage"),
            false => (&quotas.of_type, "training job usage"),
        };
        let in_all = quotas.in_all.map(|quota| {
            let used: usize = live.iter().map(Self::count).sum();
            ("Number of instances across all training jobs".to_owned(), quota, used, self.count())
        });
        let by_type = self.groups.iter().filter_map(|(kind, _)| {
            let alike = live.iter().filter(|other| other.is_spot == self.is_spot);
            let used: usize = alike.map(|other| other.count_of(kind)).sum();
            Some((format!("{kind} for {usage}"), *of_type.get(kind)?, used, self.count_of(kind)))
        });
        let mut limits = in_all.into_iter().chain(by_type);
        let (name, quota, used, wanted) =
            limits.find(|(_, quota, used, wanted)| used + wanted > *quota)?;
        Some(format!(
            "The account-level service limit '{name}' is {quota} Instances, with current utilization of {used} Instances and a request delta of {wanted} Instances. Please use AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
        ))
    }
}

/// The types of instances that will do, in the order of preference; of instance groups all, which are needed together.
pub(super) fn choices(request: &Value) -> Vec<Vec<String>> {
    let preferred = request["ResourceConfig"]["InstancePreferences"].as_array();
    let count = preferred.map_or(1, |preferred| preferred.len().max(1));
    let types = |choice| Machines::of(request, Some(choice)).types().map(str::to_owned).collect();
    (0..count).map(types).collect()
}
