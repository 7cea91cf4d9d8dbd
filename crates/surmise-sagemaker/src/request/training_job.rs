//! `CreateTrainingJob`: one attempt at a trial, as a training job.

use std::time::Duration;

use indexmap::IndexMap;

use super::built_in::is_built_in;
use super::channel::Channel;
use super::declare::structure;
use super::definition::{
    CheckpointConfig, HYPERPARAMETERS, HyperParameterAlgorithmSpecification,
    HyperParameterTrainingJobDefinition, OutputDataConfig, ROLE, ResourceConfig, RetryStrategy,
    StoppingCondition, VpcConfig, environment,
};
use super::names::{training_job_name, tuned_values};
use super::tuning_job::{CreateHyperParameterTuningJobRequest, Tag};
use crate::node::Node;
use crate::shape::{Shape, check};
use crate::verdict::{Findings, Severity, Verdict};
use surmise::error::{Error, Violation};
use surmise::space::Configuration;
use surmise::stable_hash::stable_hash;
use surmise::trial::{FailureKind, tells_of_too_little_memory};

/// The hyperparameter by which a training job learns which metric is tuned.
pub const OBJECTIVE_METRIC: &str = "_tuning_objective_metric";
/// Static, tuned and injected hyperparameters together.
const MOST_HYPERPARAMETERS: usize = 100;

structure! {
    /// What SageMaker is asked for by `CreateTrainingJob`.
    pub struct CreateTrainingJobRequest in "CreateTrainingJobRequest" {
        required {
            /// Unique in account and region, for ever.
            name: String = "TrainingJobName", Shape::like(1, 63, "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
                "made of letters, digits, and hyphens between them");
            /// On whose behalf.
            role_arn: String = "RoleArn", Shape::like(20, 2048, ROLE, "the ARN of an IAM role");
            /// Where the model goes.
            output: OutputDataConfig = "OutputDataConfig", OutputDataConfig::SHAPE;
        }
        optional {
            /// Its hyperparameters, as text.
            hyper_parameters: IndexMap<String, String> = "HyperParameters", HYPERPARAMETERS;
            /// What it runs.
            algorithm: HyperParameterAlgorithmSpecification = "AlgorithmSpecification",
                HyperParameterAlgorithmSpecification::SHAPE;
            /// The data.
            input: Vec<Channel> = "InputDataConfig", Shape::list(&Channel::SHAPE, 1, 20);
            /// The machines.
            resources: ResourceConfig = "ResourceConfig", ResourceConfig::SHAPE;
            /// The private network.
            vpc: VpcConfig = "VpcConfig", VpcConfig::SHAPE;
            /// For how long it may run.
            stopping_condition: StoppingCondition = "StoppingCondition", StoppingCondition::SHAPE;
            /// Labels for people and bills.
            tags: Vec<Tag> = "Tags", Shape::list(&Tag::SHAPE, 0, 50);
            /// Whether the container is kept off all networks.
            network_isolation: bool = "EnableNetworkIsolation", Shape::Boolean;
            /// Whether its machines talk in secret.
            traffic_encryption: bool = "EnableInterContainerTrafficEncryption", Shape::Boolean;
            /// Whether spare machines are used, which may be taken away.
            spot_training: bool = "EnableManagedSpotTraining", Shape::Boolean;
            /// Where it keeps what it needs to go on.
            checkpoints: CheckpointConfig = "CheckpointConfig", CheckpointConfig::SHAPE;
            /// How often it is tried again after an error of the service.
            retry_strategy: RetryStrategy = "RetryStrategy", RetryStrategy::SHAPE;
            /// Variables of the container's environment.
            environment: IndexMap<String, String> = "Environment", environment(100);
        }
    }
}

impl CreateTrainingJobRequest {
    /// Everything in a request for a training job, as JSON, that the service's model does not allow, as far as this crate makes use of
    /// it: other members are warned of.
    pub fn judge(request: &serde_json::Value) -> Verdict {
        let mut findings = Findings::new(Severity::Warning, false);
        check(&Node::root("$", request, &[]), &Self::SHAPE, &mut findings);
        findings.into_verdict()
    }
}

/// What the training jobs of a tuning job have in common: the request for one is [made](Self::request) from it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJobTemplate {
    tuning_job: String,
    metric_name: String,
    definition: HyperParameterTrainingJobDefinition,
    tags: Option<Vec<Tag>>,
    /// The machines that will do, the preferred ones first.
    machines: Vec<ResourceConfig>,
    /// Whether training jobs are told which metric is tuned.
    tells_objective: bool,
}

impl TrainingJobTemplate {
    /// What a tuning request says of its training jobs.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless there is exactly one definition, an objective, and room among the hyperparameters for those that are
    /// tuned and the one that names the objective.
    pub fn of(request: &CreateHyperParameterTuningJobRequest) -> Result<Self, Error> {
        let definitions: Vec<_> = request.all_definitions().collect();
        let [definition] = definitions.as_slice() else {
            return Err(Error::Invalid(vec![Violation::new(
                "$.TrainingJobDefinition",
                format!("{} definitions", definitions.len()),
                "the training jobs of a study have one definition in common",
                "give one, and tune each of several in a study of its own",
            )]));
        };
        let objective = definition.objective.as_ref().or(request.config.objective.as_ref());
        let own = definition.parameter_ranges.as_ref();
        let tuned = own.or(request.config.parameter_ranges.as_ref()).map_or(0, |ranges| {
            let numeric = [&ranges.integer, &ranges.continuous];
            numeric.into_iter().flatten().map(Vec::len).sum::<usize>()
                + ranges.categorical.as_ref().map_or(0, Vec::len)
        });
        let statics = definition.static_hyper_parameters.as_ref().map_or(0, IndexMap::len);
        let mut violations = Vec::new();
        if objective.is_none() {
            violations.push(Violation::new(
                "$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective",
                "missing",
                "a training job must be told which metric is tuned",
                "add Type and MetricName",
            ));
        }
        if statics + tuned + 1 > MOST_HYPERPARAMETERS {
            violations.push(Violation::new(
                "$.TrainingJobDefinition.StaticHyperParameters",
                format!("{statics} static, {tuned} tuned"),
                format!(
                    "a training job has at most {MOST_HYPERPARAMETERS} hyperparameters, {OBJECTIVE_METRIC} included"
                ),
                "leave out static ones that have their default values",
            ));
        }
        Error::unless_empty(violations)?;
        Ok(Self {
            tuning_job: request.name.clone(),
            metric_name: objective.map(|it| it.metric_name.clone()).unwrap_or_default(),
            machines: machines(definition),
            definition: (*definition).clone(),
            tags: request.tags.clone(),
            tells_objective: true,
        })
    }

    /// The name of the tuning job, with which those of training jobs begin.
    pub fn tuning_job(&self) -> &str {
        &self.tuning_job
    }

    /// The metric that is tuned.
    pub fn metric_name(&self) -> &str {
        &self.metric_name
    }

    /// The definition that they have in common.
    pub fn definition(&self) -> &HyperParameterTrainingJobDefinition {
        &self.definition
    }

    /// The expression by which the service finds a metric in what training jobs print, if the definition gives one.
    pub fn expression_of(&self, metric: &str) -> Option<&str> {
        let given = self.definition.algorithm.metric_definitions.as_ref()?;
        given.iter().find(|given| given.name == metric).map(|given| given.regex.as_str())
    }

    /// Leaves the hyperparameter [`OBJECTIVE_METRIC`] out of training jobs from now on; false if it was left out before.
    pub fn leave_objective_out(&mut self) -> bool {
        std::mem::take(&mut self.tells_objective)
    }

    /// Leaves the hyperparameter [`OBJECTIVE_METRIC`] out of a request that was made before it was to be left out.
    pub(crate) fn update_objective(&self, request: &mut CreateTrainingJobRequest) {
        if !self.tells_objective
            && let Some(values) = &mut request.hyper_parameters
        {
            values.shift_remove(OBJECTIVE_METRIC);
        }
    }

    /// The machines that will do, the preferred ones first; at least one entry.
    pub fn machines(&self) -> &[ResourceConfig] {
        &self.machines
    }

    /// The request for an attempt at a trial: what is static, what is tuned and the name of the objective's metric as hyperparameters;
    /// all else as the definition says, except that each trial has a folder of its own for its checkpoints,
    /// `<tuning job>-<trial>-<hash of the hyperparameters>` below the
    /// definition's: what is in that folder is given to a job at its start, and trials must not go on from each other's models, nor from
    /// those of another tuning job of the same name. `machines` chooses among [`machines`](Self::machines), the last one if it is beyond. If the
    /// attempt has a deadline, the training job's own time is no longer.
    pub fn request(
        &self,
        configuration: &Configuration,
        (trial, attempt): (u64, u32),
        machines: usize,
        deadline: Option<Duration>,
    ) -> CreateTrainingJobRequest {
        let definition = &self.definition;
        let name = training_job_name(&self.tuning_job, trial, attempt);
        let mut request = CreateTrainingJobRequest::new(
            name,
            definition.role_arn.as_str(),
            definition.output.clone(),
        );
        let mut values = definition.static_hyper_parameters.clone().unwrap_or_default();
        values.extend(tuned_values(configuration));
        if self.tells_objective {
            values.insert(OBJECTIVE_METRIC.to_owned(), self.metric_name.clone());
        }
        request.hyper_parameters = Some(values);
        request.algorithm = Some(definition.algorithm.clone());
        if let Some(algorithm) = &mut request.algorithm
            && is_built_in(algorithm)
        {
            // Single training jobs are refused with them.
            algorithm.metric_definitions = None;
        }
        request.input.clone_from(&definition.input);
        request.resources = self.machines.get(machines).or(self.machines.last()).cloned();
        request.vpc.clone_from(&definition.vpc);
        request.stopping_condition = Some(limited(&definition.stopping_condition, deadline));
        request.tags.clone_from(&self.tags);
        request.network_isolation = definition.network_isolation;
        request.traffic_encryption = definition.traffic_encryption;
        request.spot_training = definition.spot_training;
        request.checkpoints.clone_from(&definition.checkpoints);
        if let Some(checkpoints) = &mut request.checkpoints {
            let folder = checkpoints.s3_uri.trim_end_matches('/');
            let values = request.hyper_parameters.iter().flatten();
            let values = values.filter(|(name, _)| *name != OBJECTIVE_METRIC);
            let mut values: Vec<String> =
                values.map(|(name, value)| format!("{name}={value:?}")).collect();
            values.sort_unstable();
            let hash = stable_hash(&values.join(" ")) >> 32;
            checkpoints.s3_uri = format!("{folder}/{}-{trial:03}-{hash:08x}", self.tuning_job);
        }
        request.retry_strategy.clone_from(&definition.retry_strategy);
        request.environment.clone_from(&definition.environment);
        request
    }
}

fn limited(condition: &StoppingCondition, deadline: Option<Duration>) -> StoppingCondition {
    let mut condition = condition.clone();
    let whole = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    if let Some(seconds) = deadline.map(|time| u32::try_from(whole(time)).unwrap_or(u32::MAX)) {
        let own = condition.max_runtime_in_seconds.unwrap_or(u32::MAX);
        condition.max_runtime_in_seconds = Some(own.min(seconds.max(1)));
    }
    condition
}

/// What the service says of itself, in lower case, where it lacked machines.
const WANT_OF_MACHINES: [&str; 2] =
    ["not enough capacity for instance type", "insufficient instance capacity"];
/// What begins a `FailureReason` of the service, in lower case, that is no configuration's fault: image, role, data, output.
const SETUP: [&str; 6] = [
    "clienterror: cannot pull",
    "clienterror: api error",
    "clienterror: data download failed",
    "clienterror: artifact upload failed",
    "clienterror: traininghostagent initialization failed",
    "clienterror: no s3 objects found",
];

/// The kind of failure that SageMaker's `FailureReason` stands for: what lacked machines was [throttled](FailureKind::Throttled), an
/// internal error of the service is an [interruption](FailureKind::Interrupted), what lies in image, role, data or output
/// is [setup](FailureKind::Setup); the rest is the job's own fault.
pub fn failure_kind(reason: &str) -> FailureKind {
    let class = reason.split([':', '.', ' ']).next().unwrap_or_default();
    let is_own = class == "AlgorithmError";
    let text = reason.to_ascii_lowercase();
    // The exit code of what Linux kills for want of memory.
    let was_killed = reason.contains("exit code: 137") || reason.contains("ExitCode 137");
    match class {
        "CapacityError" | "InsufficientCapacityError" => FailureKind::Throttled,
        "InternalServerError" | "InternalError" => FailureKind::Interrupted,
        _ if !is_own && WANT_OF_MACHINES.iter().any(|it| text.contains(it)) => {
            FailureKind::Throttled
        }
        _ if was_killed
            || tells_of_too_little_memory(reason)
            || text.contains("instance type with more memory") =>
        {
            FailureKind::OutOfMemory
        }
        _ if SETUP.iter().any(|it| text.starts_with(it)) => FailureKind::Setup,
        _ => FailureKind::Error,
    }
}

/// What a definition says of machines, as training jobs take it.
fn machines(definition: &HyperParameterTrainingJobDefinition) -> Vec<ResourceConfig> {
    let Some(flexible) = &definition.flexible_resources else {
        return definition.resources.clone().into_iter().collect();
    };
    let several = flexible.instance_configs.iter().flatten().map(|config| ResourceConfig {
        instance_type: Some(config.instance_type.clone()),
        instance_count: Some(config.instance_count),
        volume_size_in_gb: Some(config.volume_size_in_gb),
        volume_kms_key_id: flexible.volume_kms_key_id.clone(),
        ..ResourceConfig::new()
    });
    let several: Vec<_> = several.collect();
    if !several.is_empty() {
        return several;
    }
    vec![ResourceConfig {
        instance_type: flexible.instance_type.clone(),
        instance_count: flexible.instance_count,
        volume_size_in_gb: flexible.volume_size_in_gb,
        volume_kms_key_id: flexible.volume_kms_key_id.clone(),
        ..ResourceConfig::new()
    }]
}
