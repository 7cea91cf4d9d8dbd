//! What SageMaker's toolkit for training, which is in AWS's framework images, gives a program: variables and arguments.

use std::path::Path;

use super::python::Value;

/// Hyperparameters that the toolkit reads itself, and gives to no program.
const ITS_OWN: [&str; 9] = [
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_s3_output",
    "default_user_module_name",
    "_tuning_objective_metric",
];
/// How the names of others begin that are for frameworks, and not for the program.
const OF_FRAMEWORKS: &str = "sagemaker_";
/// Hyperparameters each of which makes the program run on all machines of its group.
const DISTRIBUTING: [&str; 7] = [
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
];
const ONLY_GROUP: &str = "homogeneousCluster";

/// What the toolkit goes by.
pub(super) struct ToolkitInputs<'a> {
    /// Of hyperparameters.json, in its order.
    pub(super) hyperparameters: Vec<(&'a str, &'a str)>,
    /// inputdataconfig.json.
    pub(super) channels: &'a serde_json::Value,
    /// resourceconfig.json.
    pub(super) resources: &'a serde_json::Value,
    /// The container's own variables.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// In the place of `/opt/ml`.
    pub(super) root: &'a Path,
    pub(super) processors: usize,
}

/// What a program is given.
#[derive(Debug, Default)]
pub(super) struct ProgramInputs {
    pub(super) variables: Vec<(String, String)>,
    pub(super) arguments: Vec<String>,
}

/// Machines and their groups, as the toolkit understands resourceconfig.json.
struct Machines {
    current: String,
    hosts: Value,
    kind: String,
    group: String,
    group_hosts: Value,
    groups: Value,
    groups_by_name: Value,
    is_hetero: bool,
    distribution: Value,
    distribution_hosts: Value,
    master: String,
}

fn names_of(value: &serde_json::Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}

impl Machines {
    fn of(resources: &serde_json::Value, of_frameworks: &[(&str, Value)]) -> Result<Self, String> {
        let text = |name: &str| resources[name].as_str();
        let hosts = names_of(&resources["hosts"]);
        let (Some(current), Some(first)) = (text("current_host"), hosts.first()) else {
            return Err("resourceconfig.json names no hosts".to_owned());
        };
        let group = text("current_group_name").unwrap_or(ONLY_GROUP);
        let groups: Vec<(&str, &serde_json::Value)> = resources["instance_groups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|group| Some((group["instance_group_name"].as_str()?, group)))
            .collect();
        let hosts_of = |group: &serde_json::Value| Value::from(&group["hosts"]);
        let own = groups.iter().find(|(name, _)| *name == group);
        let asked = |name: &str| of_frameworks.iter().find(|(known, _)| *known == name);
        let is_distributed =
            DISTRIBUTING.iter().any(|name| asked(name).is_some_and(|(_, it)| it.is_truthy()));
        let distribution = match asked("sagemaker_distribution_instance_groups") {
            Some((_, groups)) => groups.clone(),
            None if is_distributed => Value::texts([group]),
            None => Value::List(Vec::new()),
        };
        let is_within = |name: &str| match &distribution {
            Value::List(names) => names.contains(&Value::text(name)),
            _ => false,
        };
        let distribution_hosts: Vec<&str> = if groups.is_empty() {
            hosts.clone()
        } else {
            let within = groups.iter().filter(|(name, _)| is_within(name));
            within.flat_map(|(_, group)| names_of(&group["hosts"])).collect()
        };
        Ok(Self {
            current: current.to_owned(),
            kind: text("current_instance_type").unwrap_or("local").to_owned(),
            group: group.to_owned(),
            group_hosts: own.map_or(Value::List(Vec::new()), |(_, group)| hosts_of(group)),
            groups: Value::texts(groups.iter().map(|(name, _)| *name)),
            groups_by_name: Value::object(
                groups.iter().map(|(name, it)| (*name, Value::from(*it))),
            ),
            is_hetero: groups.len() > 1,
            master: (*distribution_hosts.first().unwrap_or(first)).to_owned(),
            distribution_hosts: Value::texts(distribution_hosts),
            distribution,
            hosts: Value::texts(hosts),
        })
    }
}

/// Variables and arguments of a program.
///
/// # Errors
/// What keeps the toolkit itself from starting it: a name or a value that no program can be given.
pub(super) fn furnish(given: &ToolkitInputs<'_>) -> Result<ProgramInputs, String> {
    let known = TrainingEnvironment::of(given)?;
    let mut variables: Vec<(String, String)> =
        FOLDERS.map(|(name, _, below)| (name.to_owned(), known.folder(below))).into();
    for name in &known.channels {
        variables.push((format!("SM_CHANNEL_{}", name.to_uppercase()), known.data(name)));
    }
    for (name, value) in &known.of_program {
        let text =
            value.variable().filter(|_| is_passable(name)).ok_or_else(|| not_passed(name))?;
        variables.push((format!("SM_HP_{}", name.to_uppercase()), text));
    }
    variables.extend(known.json().map(|(name, value)| (name.to_owned(), value.json())));
    variables.extend(known.texts()?.map(|(name, value)| (name.to_owned(), value)));
    if known.topology.is_truthy() {
        variables.push(("SM_TOPOLOGY".to_owned(), known.topology.json()));
    }
    variables.push(("SM_TRAINING_ENV".to_owned(), Value::object(known.members()).json()));
    Ok(ProgramInputs { variables, arguments: known.arguments })
}

/// The environment of a training program as the toolkit understands its inputs.
struct TrainingEnvironment<'a> {
    given: &'a ToolkitInputs<'a>,
    machines: Machines,
    /// Hyperparameters that the toolkit reads itself, those of frameworks, those of the program.
    its_own: Vec<(&'a str, Value)>,
    of_frameworks: Vec<(&'a str, Value)>,
    of_program: Vec<(&'a str, Value)>,
    arguments: Vec<String>,
    channels: Vec<&'a str>,
    entry_point: Option<Value>,
    module_name: String,
    module_dir: String,
    log_level: Value,
    interface: &'a str,
    topology: Value,
}

impl<'a> TrainingEnvironment<'a> {
    fn of(given: &'a ToolkitInputs<'a>) -> Result<Self, String> {
        let all = given.hyperparameters.iter().map(|(name, text)| (*name, Value::decoded(text)));
        let (its_own, others): (Vec<_>, Vec<_>) = all.partition(|(name, _)| ITS_OWN.contains(name));
        let (of_frameworks, of_program): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|(name, _)| name.starts_with(OF_FRAMEWORKS));
        let own = |name: &str| its_own.iter().find(|(known, _)| *known == name).map(|(_, it)| it);
        let text = |value: Option<&Value>| {
            value
                .map(|it| it.string().ok_or("half of a surrogate pair cannot be passed"))
                .transpose()
        };
        let entry_point = match (given.variable)("SAGEMAKER_PROGRAM") {
            Some(program) => Some(Value::text(&program)),
            None => own("sagemaker_program").cloned(),
        };
        let module = text(entry_point.as_ref())?.unwrap_or_else(|| "None".to_owned());
        let directory = text(own("sagemaker_submit_directory"))?;
        let log_level = own("sagemaker_container_log_level").cloned();
        let channels = given.channels.as_object().into_iter().flatten();
        Ok(Self {
            given,
            machines: Machines::of(given.resources, &of_frameworks)?,
            arguments: arguments(&of_program)?,
            channels: channels.map(|(name, _)| name.as_str()).collect(),
            module_name: module.strip_suffix(".py").unwrap_or(&module).to_owned(),
            module_dir: directory.unwrap_or_else(|| given.root.join("code").display().to_string()),
            log_level: log_level.unwrap_or_else(|| Value::Integer("20".to_owned())),
            interface: given.resources["network_interface_name"].as_str().unwrap_or("eth0"),
            topology: Value::from(&given.resources["topology"]),
            entry_point,
            its_own,
            of_frameworks,
            of_program,
        })
    }

    fn own(&self, name: &str) -> Option<&Value> {
        self.its_own.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn folder(&self, below: &str) -> String {
        self.given.root.join(below).display().to_string()
    }

    fn data(&self, channel: &str) -> String {
        format!("{}/{channel}", self.folder("input/data"))
    }

    fn hyperparameters(&self) -> Value {
        Value::object(self.of_program.iter().cloned())
    }

    fn framework_parameters(&self) -> Value {
        Value::object(self.of_frameworks.iter().cloned())
    }

    /// Processors, GPUs, Neuron cores.
    fn counts(&self) -> [Value; 3] {
        let neurons = if self.machines.kind.contains("trn2.48xlarge") { 64 } else { 0 };
        [self.given.processors, 0, neurons].map(|count| Value::Integer(count.to_string()))
    }

    /// Variables that are JSON.
    fn json(&self) -> [(&'static str, Value); 15] {
        let Self { given, machines, .. } = self;
        let mut channels = self.channels.clone();
        channels.sort_unstable();
        let [processors, gpus, neurons] = self.counts();
        [
            ("SM_HPS", self.hyperparameters()),
            ("SM_USER_ARGS", Value::texts(self.arguments.iter().map(String::as_str))),
            ("SM_FRAMEWORK_PARAMS", self.framework_parameters()),
            ("SM_CHANNELS", Value::texts(channels)),
            ("SM_INPUT_DATA_CONFIG", Value::from(given.channels)),
            ("SM_RESOURCE_CONFIG", Value::from(given.resources)),
            ("SM_HOSTS", machines.hosts.clone()),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", machines.group_hosts.clone()),
            ("SM_INSTANCE_GROUPS", machines.groups.clone()),
            ("SM_INSTANCE_GROUPS_DICT", machines.groups_by_name.clone()),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", machines.distribution.clone()),
            ("SM_IS_HETERO", Value::Boolean(machines.is_hetero)),
            ("SM_NUM_CPUS", processors),
            ("SM_NUM_GPUS", gpus),
            ("SM_NUM_NEURONS", neurons),
        ]
    }

    /// Variables that are plain text.
    fn texts(&self) -> Result<[(&'static str, String); 12], String> {
        let machines = &self.machines;
        let or_empty = |name: &str| (self.given.variable)(name).unwrap_or_default();
        let text = |value: &Value| value.variable().unwrap_or_default();
        let region = match self.own("sagemaker_region") {
            None | Some(Value::Null) => or_empty("AWS_DEFAULT_REGION"),
            region => named("sagemaker_region", region)?,
        };
        Ok([
            ("SM_CURRENT_HOST", machines.current.clone()),
            ("SM_CURRENT_INSTANCE_TYPE", machines.kind.clone()),
            ("SM_CURRENT_INSTANCE_GROUP", machines.group.clone()),
            ("SM_NETWORK_INTERFACE_NAME", self.interface.to_owned()),
            ("SM_USER_ENTRY_POINT", self.entry_point.as_ref().map(text).unwrap_or_default()),
            ("SM_MODULE_NAME", self.module_name.clone()),
            ("SM_MODULE_DIR", self.module_dir.clone()),
            ("SM_LOG_LEVEL", text(&self.log_level)),
            ("SM_FRAMEWORK_MODULE", or_empty("SAGEMAKER_TRAINING_MODULE")),
            ("CURRENT_HOST", machines.current.clone()),
            ("SAGEMAKER_JOB_NAME", named("sagemaker_job_name", self.own("sagemaker_job_name"))?),
            ("SAGEMAKER_REGION", region),
        ])
    }

    /// The members of `SM_TRAINING_ENV`.
    fn members(&self) -> Vec<(&'static str, Value)> {
        let machines = &self.machines;
        let optional =
            |name: &str| (self.given.variable)(name).map_or(Value::Null, |text| Value::text(&text));
        let is_partitioned = match (self.given.variable)("SM_HP_MP_PARAMETERS").as_deref() {
            None => Value::Null,
            Some("") => Value::text(""),
            Some(other) => Value::Boolean(other != "{}"),
        };
        let channels =
            Value::object(self.channels.iter().map(|it| (it, Value::text(&self.data(it)))));
        let topology = self.topology.clone();
        let no_topology = Value::List(Vec::new());
        let [processors, gpus, neurons] = self.counts();
        let folders = FOLDERS.map(|(_, member, below)| (member, Value::text(&self.folder(below))));
        let mut members = Vec::from(folders);
        members.extend([
            ("additional_framework_parameters", self.framework_parameters()),
            ("channel_input_dirs", channels),
            ("current_host", Value::text(&machines.current)),
            ("current_instance_group", Value::text(&machines.group)),
            ("current_instance_group_hosts", machines.group_hosts.clone()),
            ("current_instance_type", Value::text(&machines.kind)),
            ("distribution_hosts", machines.distribution_hosts.clone()),
            ("distribution_instance_groups", machines.distribution.clone()),
            ("framework_module", optional("SAGEMAKER_TRAINING_MODULE")),
            ("hosts", machines.hosts.clone()),
            ("hyperparameters", self.hyperparameters()),
            ("input_data_config", Value::from(self.given.channels)),
            ("instance_groups", machines.groups.clone()),
            ("instance_groups_dict", machines.groups_by_name.clone()),
            ("is_hetero", Value::Boolean(machines.is_hetero)),
            ("is_master", Value::Boolean(machines.master == machines.current)),
            ("is_modelparallel_enabled", is_partitioned),
            ("is_smddpmprun_installed", Value::Boolean(false)),
            ("is_smddprun_installed", Value::Boolean(false)),
            ("job_name", optional("TRAINING_JOB_NAME")),
            ("log_level", self.log_level.clone()),
            ("master_hostname", Value::text(&machines.master)),
            ("module_dir", Value::text(&self.module_dir)),
            ("module_name", Value::text(&self.module_name)),
            ("network_interface_name", Value::text(self.interface)),
            ("num_cpus", processors),
            ("num_gpus", gpus),
            ("num_neurons", neurons),
            ("resource_config", Value::from(self.given.resources)),
            ("topology", if topology.is_truthy() { topology } else { no_topology }),
            ("user_entry_point", self.entry_point.clone().unwrap_or(Value::Null)),
        ]);
        members
    }
}

/// Variables of folders, the members of `SM_TRAINING_ENV` that name them, and where these are.
const FOLDERS: [(&str, &str, &str); 6] = [
    ("SM_INPUT_DIR", "input_dir", "input"),
    ("SM_INPUT_CONFIG_DIR", "input_config_dir", "input/config"),
    ("SM_MODEL_DIR", "model_dir", "model"),
    ("SM_OUTPUT_DIR", "output_dir", "output"),
    ("SM_OUTPUT_DATA_DIR", "output_data_dir", "output/data"),
    ("SM_OUTPUT_INTERMEDIATE_DIR", "output_intermediate_dir", "output/intermediate"),
];

fn arguments(values: &[(&str, Value)]) -> Result<Vec<String>, String> {
    let mut sorted: Vec<&(&str, Value)> = values.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    let mut arguments = Vec::with_capacity(2 * sorted.len());
    for (name, value) in sorted {
        let dashes = match name.chars().count() {
            0 => "",
            1 => "-",
            _ => "--",
        };
        let text =
            value.argument().filter(|_| is_passable(name)).ok_or_else(|| not_passed(name))?;
        arguments.extend([format!("{dashes}{name}"), text]);
    }
    Ok(arguments)
}

/// Whether a variable can have a name that ends in this.
fn is_passable(name: &str) -> bool {
    !name.contains(['=', '\0'])
}

fn not_passed(name: &str) -> String {
    format!(
        "the hyperparameter {name:?} cannot be passed to a program: a name has no `=`, and neither name nor value the character NUL or half of a surrogate pair"
    )
}

/// A text that the toolkit wants to be one.
fn named(name: &str, value: Option<&Value>) -> Result<String, String> {
    match value {
        None => Ok(String::new()),
        Some(Value::Text(_)) => value.and_then(Value::variable).ok_or_else(|| not_passed(name)),
        Some(other) => Err(format!(
            "the hyperparameter {name} is {}, no text: put it in quotation marks",
            other.json()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value as Json, json};

    use super::*;

    /// What AWS's own toolkit gives: tests/golden/container.py.
    fn golden() -> Json {
        serde_json::from_str(include_str!("../../tests/golden/container.json")).unwrap()
    }

    fn given(
        hyperparameters: &Map<String, Json>,
        channels: &Json,
        resources: &Json,
        environment: &Json,
    ) -> Result<(BTreeMap<String, String>, Vec<String>), String> {
        let root = "{BASE}";
        let given = ToolkitInputs {
            hyperparameters: hyperparameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect(),
            channels,
            resources,
            variable: &|name| environment[name].as_str().map(str::to_owned),
            root: Path::new(root),
            processors: 987_654_321,
        };
        let ProgramInputs { variables, arguments } = furnish(&given)?;
        let place = |text: String| text.replace("987654321", "{CPUS}");
        let variables = variables.into_iter().map(|(name, value)| (name, place(value)));
        Ok((variables.collect(), arguments))
    }

    fn alone(name: &str, text: &str) -> Result<(BTreeMap<String, String>, Vec<String>), String> {
        let resources = &golden()["cases"][1]["input"]["resourceconfig.json"];
        let values = Map::from_iter([(name.to_owned(), json!(text))]);
        given(&values, &json!({}), resources, &json!({}))
    }

    #[test]
    fn hyperparameters_reach_a_program_as_in_sagemakers_own_images() {
        let golden = golden();
        let (without, _) = given(
            &Map::new(),
            &json!({}),
            &golden["cases"][1]["input"]["resourceconfig.json"],
            &json!({}),
        )
        .unwrap();
        let entries = golden["values"].as_array().unwrap();
        let named = golden["names"].as_array().unwrap();
        assert!(entries.len() >= 150 && named.len() >= 90);
        for entry in entries.iter().chain(named) {
            let name = entry["name"].as_str().unwrap_or("value");
            let text = entry["text"].as_str().unwrap();
            let ours = alone(name, text);
            if entry["error"].is_string() {
                assert!(ours.is_err(), "{name:?} = {text:?}: {ours:?}");
                continue;
            }
            let (variables, arguments) = ours.unwrap_or_else(|error| panic!("{name:?}: {error}"));
            let differing: BTreeMap<String, String> = variables
                .into_iter()
                .filter(|(name, value)| {
                    name != "SM_TRAINING_ENV" && without.get(name) != Some(value)
                })
                .collect();
            assert_eq!(json!(differing), entry["env"], "{name:?} = {text:?}");
            assert_eq!(json!(arguments), entry["args"], "{name:?} = {text:?}");
        }
    }

    #[test]
    fn a_whole_environment_is_that_of_sagemakers_own_images() {
        for case in golden()["cases"].as_array().unwrap() {
            let input = &case["input"];
            let (variables, arguments) = given(
                input["hyperparameters.json"].as_object().unwrap(),
                &input["inputdataconfig.json"],
                &input["resourceconfig.json"],
                &input["environment"],
            )
            .unwrap();
            let theirs: BTreeMap<String, String> =
                serde_json::from_value(case["env"].clone()).unwrap();
            for (name, value) in &theirs {
                assert_eq!(variables.get(name), Some(value), "{name} of {input}");
            }
            assert_eq!(variables.len(), theirs.len(), "{input}");
            assert_eq!(json!(arguments), case["args"]);
        }
    }
}
