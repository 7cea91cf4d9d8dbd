//! The instances of training jobs, and quotas for them.

use std::collections::BTreeMap;

use serde_json::Value;

/// The maximum numbers of instances that an account may use for training at the same time.
///
/// Anything without a quota is unlimited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceQuotas {
    /// The quota for instances of all types together.
    pub total: Option<usize>,
    /// The quotas for on-demand instances, by type.
    pub per_type: BTreeMap<String, usize>,
    /// The quotas for spot instances, by type.
    pub spot_per_type: BTreeMap<String, usize>,
}

impl InstanceQuotas {
    /// Creates a quota for instances of all types together.
    pub fn for_all_types(instances: usize) -> Self {
        Self { total: Some(instances), ..Self::default() }
    }

    /// Creates a quota for on-demand instances of one type.
    pub fn for_type(instance_type: &str, instances: usize) -> Self {
        Self { per_type: [(instance_type.to_owned(), instances)].into(), ..Self::default() }
    }
}

/// The instances of a training job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instances {
    /// Types and numbers; several entries if the job has instance groups.
    groups: Vec<(String, usize)>,
    is_spot: bool,
}

impl Instances {
    /// Reads the instances of a request.
    ///
    /// `choice` is the index of the preference that was used; `None` means the first one.
    pub(super) fn from_request(request: &Value, choice: Option<usize>) -> Self {
        let resources = &request["ResourceConfig"];
        let group = |value: &Value, default: &Value| {
            let count = value["InstanceCount"].as_u64().or(default["InstanceCount"].as_u64());
            let count = usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX);
            (value["InstanceType"].as_str().unwrap_or_default().to_owned(), count)
        };
        let preferred = resources["InstancePreferences"].as_array().map(Vec::as_slice);
        let chosen = preferred.unwrap_or_default().get(choice.unwrap_or(0));
        let groups = match (resources["InstanceGroups"].as_array(), chosen) {
            (_, Some(chosen)) => vec![group(chosen, resources)],
            (Some(groups), None) => groups.iter().map(|it| group(it, &Value::Null)).collect(),
            (None, None) => vec![group(resources, &Value::Null)],
        };
        Self { groups, is_spot: request["EnableManagedSpotTraining"] == true }
    }

    pub(super) fn count(&self) -> usize {
        self.groups.iter().map(|(_, count)| count).sum()
    }

    fn count_of(&self, instance_type: &str) -> usize {
        let groups = self.groups.iter().filter(|(it, _)| it == instance_type);
        groups.map(|(_, count)| count).sum()
    }

    pub(super) fn types(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(instance_type, _)| instance_type.as_str())
    }

    /// Returns the service's message if these instances exceed a quota; `running` ones are in use.
    pub(super) fn quota_refusal(
        &self,
        quotas: &InstanceQuotas,
        running: &[Self],
    ) -> Option<String> {
        let (per_type, usage) = match self.is_spot {
            true => (&quotas.spot_per_type, "spot training job usage"),
            false => (&quotas.per_type, "training job usage"),
        };
        let total = quotas.total.map(|quota| {
            let used: usize = running.iter().map(Self::count).sum();
            ("Number of instances across all training jobs".to_owned(), quota, used, self.count())
        });
        let by_type = self.groups.iter().filter_map(|(instance_type, _)| {
            let same_kind = running.iter().filter(|other| other.is_spot == self.is_spot);
            let used: usize = same_kind.map(|other| other.count_of(instance_type)).sum();
            let name = format!("{instance_type} for {usage}");
            Some((name, *per_type.get(instance_type)?, used, self.count_of(instance_type)))
        });
        let mut limits = total.into_iter().chain(by_type);
        let (name, quota, used, requested) =
            limits.find(|(_, quota, used, requested)| used + requested > *quota)?;
        Some(format!(
            "The account-level service limit '{name}' is {quota} Instances, with current \
             utilization of {used} Instances and a request delta of {requested} Instances. Please \
             use AWS Service Quotas to request an increase for this quota. If AWS Service Quotas \
             is not available, contact AWS support to request an increase for this quota."
        ))
    }
}

/// Returns the instance types to choose from, in the order of preference.
///
/// Each choice is a list, because a job needs all of its instance groups.
pub(super) fn choices(request: &Value) -> Vec<Vec<String>> {
    let preferred = request["ResourceConfig"]["InstancePreferences"].as_array();
    let count = preferred.map_or(1, |preferred| preferred.len().max(1));
    let types = |choice| {
        Instances::from_request(request, Some(choice)).types().map(str::to_owned).collect()
    };
    (0..count).map(types).collect()
}
