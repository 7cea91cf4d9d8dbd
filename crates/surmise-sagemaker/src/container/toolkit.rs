//! Variables and arguments that SageMaker's training toolkit passes to a program.
//!
//! The toolkit is in AWS's framework images.

use std::path::Path;

use super::hosts::Hosts;
use super::python::Value;

/// Hyperparameters that the toolkit reads itself and passes to no program.
const TOOLKIT_NAMES: [&str; 9] = [
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
/// The prefix of hyperparameters that are for frameworks and not for the program.
const FRAMEWORK_PREFIX: &str = "sagemaker_";

/// The inputs of the toolkit.
pub(super) struct ToolkitInputs<'a> {
    /// The content of `hyperparameters.json`, in its order.
    pub(super) hyperparameters: Vec<(&'a str, &'a str)>,
    /// The content of `inputdataconfig.json`.
    pub(super) channels: &'a serde_json::Value,
    /// The content of `resourceconfig.json`.
    pub(super) resources: &'a serde_json::Value,
    /// Looks up an environment variable of the container.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that replaces `/opt/ml`.
    pub(super) root: &'a Path,
    pub(super) processors: usize,
}

/// The variables and arguments of a program.
#[derive(Debug, Default)]
pub(super) struct ProgramInputs {
    pub(super) variables: Vec<(String, String)>,
    pub(super) arguments: Vec<String>,
}

/// Returns the variables and arguments of a program.
///
/// # Errors
/// A message about a name or a value that no program can get; the toolkit itself fails, too.
pub(super) fn program_inputs(inputs: &ToolkitInputs<'_>) -> Result<ProgramInputs, String> {
    let environment = TrainingEnvironment::new(inputs)?;
    let mut variables: Vec<(String, String)> =
        FOLDERS.map(|(name, _, path)| (name.to_owned(), environment.folder(path))).into();
    for name in &environment.channels {
        variables.push((
            format!("SM_CHANNEL_{}", name.to_uppercase()),
            environment.channel_folder(name),
        ));
    }
    for (name, value) in &environment.program_parameters {
        let text =
            value.variable().filter(|_| is_passable(name)).ok_or_else(|| not_passable(name))?;
        variables.push((format!("SM_HP_{}", name.to_uppercase()), text));
    }
    let json = environment.json_variables();
    variables.extend(json.map(|(name, value)| (name.to_owned(), value.json())));
    let texts = environment.text_variables()?;
    variables.extend(texts.map(|(name, value)| (name.to_owned(), value)));
    if environment.topology.is_truthy() {
        variables.push(("SM_TOPOLOGY".to_owned(), environment.topology.json()));
    }
    let members = Value::object(environment.training_env_members());
    variables.push(("SM_TRAINING_ENV".to_owned(), members.json()));
    Ok(ProgramInputs { variables, arguments: environment.arguments })
}

/// The environment of a training program, as the toolkit derives it from its inputs.
struct TrainingEnvironment<'a> {
    inputs: &'a ToolkitInputs<'a>,
    hosts: Hosts,
    /// The hyperparameters that the toolkit reads itself.
    toolkit_parameters: Vec<(&'a str, Value)>,
    framework_parameters: Vec<(&'a str, Value)>,
    program_parameters: Vec<(&'a str, Value)>,
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
    fn new(inputs: &'a ToolkitInputs<'a>) -> Result<Self, String> {
        let all = inputs.hyperparameters.iter().map(|(name, text)| (*name, Value::decode(text)));
        let (toolkit_parameters, remaining): (Vec<_>, Vec<_>) =
            all.partition(|(name, _)| TOOLKIT_NAMES.contains(name));
        let (framework_parameters, program_parameters): (Vec<_>, Vec<_>) =
            remaining.into_iter().partition(|(name, _)| name.starts_with(FRAMEWORK_PREFIX));
        let parameter = |name: &str| {
            toolkit_parameters.iter().find(|(it, _)| *it == name).map(|(_, value)| value)
        };
        let text = |value: Option<&Value>| {
            value
                .map(|value| value.string().ok_or("half of a surrogate pair cannot be passed"))
                .transpose()
        };
        let entry_point = match (inputs.variable)("SAGEMAKER_PROGRAM") {
            Some(program) => Some(Value::text(&program)),
            None => parameter("sagemaker_program").cloned(),
        };
        let module = text(entry_point.as_ref())?.unwrap_or_else(|| "None".to_owned());
        let directory = text(parameter("sagemaker_submit_directory"))?;
        let log_level = parameter("sagemaker_container_log_level").cloned();
        let channels = inputs.channels.as_object().into_iter().flatten();
        Ok(Self {
            inputs,
            hosts: Hosts::new(inputs.resources, &framework_parameters)?,
            arguments: arguments(&program_parameters)?,
            channels: channels.map(|(name, _)| name.as_str()).collect(),
            module_name: module.strip_suffix(".py").unwrap_or(&module).to_owned(),
            module_dir: directory.unwrap_or_else(|| inputs.root.join("code").display().to_string()),
            log_level: log_level.unwrap_or_else(|| Value::Integer("20".to_owned())),
            interface: inputs.resources["network_interface_name"].as_str().unwrap_or("eth0"),
            topology: Value::from(&inputs.resources["topology"]),
            entry_point,
            toolkit_parameters,
            framework_parameters,
            program_parameters,
        })
    }

    fn toolkit_parameter(&self, name: &str) -> Option<&Value> {
        self.toolkit_parameters.iter().find(|(it, _)| *it == name).map(|(_, value)| value)
    }

    fn folder(&self, path: &str) -> String {
        self.inputs.root.join(path).display().to_string()
    }

    fn channel_folder(&self, channel: &str) -> String {
        format!("{}/{channel}", self.folder("input/data"))
    }

    fn hyperparameters(&self) -> Value {
        Value::object(self.program_parameters.iter().cloned())
    }

    fn framework_parameters(&self) -> Value {
        Value::object(self.framework_parameters.iter().cloned())
    }

    /// Returns the numbers of processors, GPUs and Neuron cores.
    fn counts(&self) -> [Value; 3] {
        let neurons = if self.hosts.instance_type.contains("trn2.48xlarge") { 64 } else { 0 };
        [self.inputs.processors, 0, neurons].map(|count| Value::Integer(count.to_string()))
    }

    /// Returns the variables whose values are JSON.
    fn json_variables(&self) -> [(&'static str, Value); 15] {
        let Self { inputs, hosts, .. } = self;
        let mut channels = self.channels.clone();
        channels.sort_unstable();
        let [processors, gpus, neurons] = self.counts();
        [
            ("SM_HPS", self.hyperparameters()),
            ("SM_USER_ARGS", Value::texts(self.arguments.iter().map(String::as_str))),
            ("SM_FRAMEWORK_PARAMS", self.framework_parameters()),
            ("SM_CHANNELS", Value::texts(channels)),
            ("SM_INPUT_DATA_CONFIG", Value::from(inputs.channels)),
            ("SM_RESOURCE_CONFIG", Value::from(inputs.resources)),
            ("SM_HOSTS", hosts.all.clone()),
            ("SM_CURRENT_INSTANCE_GROUP_HOSTS", hosts.group_hosts.clone()),
            ("SM_INSTANCE_GROUPS", hosts.groups.clone()),
            ("SM_INSTANCE_GROUPS_DICT", hosts.groups_by_name.clone()),
            ("SM_DISTRIBUTION_INSTANCE_GROUPS", hosts.distribution.clone()),
            ("SM_IS_HETERO", Value::Boolean(hosts.is_hetero)),
            ("SM_NUM_CPUS", processors),
            ("SM_NUM_GPUS", gpus),
            ("SM_NUM_NEURONS", neurons),
        ]
    }

    /// Returns the variables whose values are plain text.
    fn text_variables(&self) -> Result<[(&'static str, String); 12], String> {
        let hosts = &self.hosts;
        let or_empty = |name: &str| (self.inputs.variable)(name).unwrap_or_default();
        let text = |value: &Value| value.variable().unwrap_or_default();
        let region = match self.toolkit_parameter("sagemaker_region") {
            None | Some(Value::Null) => or_empty("AWS_DEFAULT_REGION"),
            region => require_text("sagemaker_region", region)?,
        };
        let job_name = self.toolkit_parameter("sagemaker_job_name");
        Ok([
            ("SM_CURRENT_HOST", hosts.current.clone()),
            ("SM_CURRENT_INSTANCE_TYPE", hosts.instance_type.clone()),
            ("SM_CURRENT_INSTANCE_GROUP", hosts.group.clone()),
            ("SM_NETWORK_INTERFACE_NAME", self.interface.to_owned()),
            ("SM_USER_ENTRY_POINT", self.entry_point.as_ref().map(text).unwrap_or_default()),
            ("SM_MODULE_NAME", self.module_name.clone()),
            ("SM_MODULE_DIR", self.module_dir.clone()),
            ("SM_LOG_LEVEL", text(&self.log_level)),
            ("SM_FRAMEWORK_MODULE", or_empty("SAGEMAKER_TRAINING_MODULE")),
            ("CURRENT_HOST", hosts.current.clone()),
            ("SAGEMAKER_JOB_NAME", require_text("sagemaker_job_name", job_name)?),
            ("SAGEMAKER_REGION", region),
        ])
    }

    /// Returns the members of `SM_TRAINING_ENV`.
    fn training_env_members(&self) -> Vec<(&'static str, Value)> {
        let hosts = &self.hosts;
        let variable = self.inputs.variable;
        let optional = |name: &str| variable(name).map_or(Value::Null, |text| Value::text(&text));
        let is_modelparallel = match variable("SM_HP_MP_PARAMETERS").as_deref() {
            None => Value::Null,
            Some("") => Value::text(""),
            Some(other) => Value::Boolean(other != "{}"),
        };
        let channels = self.channels.iter().map(|name| {
            let folder = self.channel_folder(name);
            (name, Value::text(&folder))
        });
        let topology = self.topology.clone();
        let no_topology = Value::List(Vec::new());
        let [processors, gpus, neurons] = self.counts();
        let folders = FOLDERS.map(|(_, member, path)| (member, Value::text(&self.folder(path))));
        let mut members = Vec::from(folders);
        members.extend([
            ("additional_framework_parameters", self.framework_parameters()),
            ("channel_input_dirs", Value::object(channels)),
            ("current_host", Value::text(&hosts.current)),
            ("current_instance_group", Value::text(&hosts.group)),
            ("current_instance_group_hosts", hosts.group_hosts.clone()),
            ("current_instance_type", Value::text(&hosts.instance_type)),
            ("distribution_hosts", hosts.distribution_hosts.clone()),
            ("distribution_instance_groups", hosts.distribution.clone()),
            ("framework_module", optional("SAGEMAKER_TRAINING_MODULE")),
            ("hosts", hosts.all.clone()),
            ("hyperparameters", self.hyperparameters()),
            ("input_data_config", Value::from(self.inputs.channels)),
            ("instance_groups", hosts.groups.clone()),
            ("instance_groups_dict", hosts.groups_by_name.clone()),
            ("is_hetero", Value::Boolean(hosts.is_hetero)),
            ("is_master", Value::Boolean(hosts.master == hosts.current)),
            ("is_modelparallel_enabled", is_modelparallel),
            ("is_smddpmprun_installed", Value::Boolean(false)),
            ("is_smddprun_installed", Value::Boolean(false)),
            ("job_name", optional("TRAINING_JOB_NAME")),
            ("log_level", self.log_level.clone()),
            ("master_hostname", Value::text(&hosts.master)),
            ("module_dir", Value::text(&self.module_dir)),
            ("module_name", Value::text(&self.module_name)),
            ("network_interface_name", Value::text(self.interface)),
            ("num_cpus", processors),
            ("num_gpus", gpus),
            ("num_neurons", neurons),
            ("resource_config", Value::from(self.inputs.resources)),
            ("topology", if topology.is_truthy() { topology } else { no_topology }),
            ("user_entry_point", self.entry_point.clone().unwrap_or(Value::Null)),
        ]);
        members
    }
}

/// Folders: the variable, the member of `SM_TRAINING_ENV`, and the path below `/opt/ml`.
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
            value.argument().filter(|_| is_passable(name)).ok_or_else(|| not_passable(name))?;
        arguments.extend([format!("{dashes}{name}"), text]);
    }
    Ok(arguments)
}

/// Returns whether an environment variable can have a name that ends in `name`.
fn is_passable(name: &str) -> bool {
    !name.contains(['=', '\0'])
}

fn not_passable(name: &str) -> String {
    format!(
        "the hyperparameter {name:?} cannot be passed to a program: its name must not contain `=`, \
         and neither name nor value may contain the character NUL or half of a surrogate pair"
    )
}

/// Returns the value of a hyperparameter that the toolkit requires to be a text.
fn require_text(name: &str, value: Option<&Value>) -> Result<String, String> {
    match value {
        None => Ok(String::new()),
        Some(Value::Text(_)) => value.and_then(Value::variable).ok_or_else(|| not_passable(name)),
        Some(other) => Err(format!(
            "the hyperparameter {name} must be a text, not {}: put it in quotation marks",
            other.json()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value as Json, json};

    use super::*;

    /// The results of AWS's own toolkit, which tests/golden/container.py writes.
    fn golden() -> Json {
        serde_json::from_str(include_str!("../../tests/golden/container.json")).unwrap()
    }

    fn inputs_of(
        hyperparameters: &Map<String, Json>,
        channels: &Json,
        resources: &Json,
        environment: &Json,
    ) -> Result<(BTreeMap<String, String>, Vec<String>), String> {
        let root = "{BASE}";
        let inputs = ToolkitInputs {
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
        let ProgramInputs { variables, arguments } = program_inputs(&inputs)?;
        let with_placeholder = |text: String| text.replace("987654321", "{CPUS}");
        let variables = variables.into_iter().map(|(name, value)| (name, with_placeholder(value)));
        Ok((variables.collect(), arguments))
    }

    fn inputs_of_one(
        name: &str,
        text: &str,
    ) -> Result<(BTreeMap<String, String>, Vec<String>), String> {
        let resources = &golden()["cases"][1]["input"]["resourceconfig.json"];
        let values = Map::from_iter([(name.to_owned(), json!(text))]);
        inputs_of(&values, &json!({}), resources, &json!({}))
    }

    #[test]
    fn hyperparameters_are_passed_as_in_sagemakers_images() {
        let golden = golden();
        let (without, _) = inputs_of(
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
            let ours = inputs_of_one(name, text);
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
    fn environment_is_that_of_sagemakers_images() {
        for case in golden()["cases"].as_array().unwrap() {
            let input = &case["input"];
            let (variables, arguments) = inputs_of(
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
