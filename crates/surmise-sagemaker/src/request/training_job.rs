//! `CreateTrainingJob` as types: the training job of one attempt at a trial.

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
use crate::findings::{Findings, Severity, Validation};
use crate::node::Node;
use crate::shape::{Shape, check};
use surmise::error::{Error, Violation};
use surmise::space::Configuration;
use surmise::stable_hash::stable_hash;
use surmise::trial::{FailureKind, indicates_out_of_memory};

/// The hyperparameter that holds the name of the objective metric.
///
/// SageMaker adds it to the training jobs of a tuning job, and so does Surmise.
pub const OBJECTIVE_METRIC: &str = "_tuning_objective_metric";
/// The maximum number of hyperparameters: static, tuned and [`OBJECTIVE_METRIC`].
const MAX_HYPERPARAMETERS: usize = 100;

structure! {
    /// The request that creates a training job: `CreateTrainingJob`.
    pub struct CreateTrainingJobRequest in "CreateTrainingJobRequest" {
        required {
            /// The name of the training job; no other job of the account and region ever had it.
            name: String = "TrainingJobName",
                Shape::pattern(1, 63, "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
                    "made of letters, digits, and hyphens between them");
            /// The IAM role that the training job assumes.
            role_arn: String = "RoleArn", Shape::pattern(20, 2048, ROLE, "the ARN of an IAM role");
            /// The location of the model.
            output: OutputDataConfig = "OutputDataConfig", OutputDataConfig::SHAPE;
        }
        optional {
            /// The hyperparameters, as text.
            hyper_parameters: IndexMap<String, String> = "HyperParameters", HYPERPARAMETERS;
            /// The image or algorithm resource, and the metrics.
            algorithm: HyperParameterAlgorithmSpecification = "AlgorithmSpecification",
                HyperParameterAlgorithmSpecification::SHAPE;
            /// The channels of training data.
            input: Vec<Channel> = "InputDataConfig", Shape::list(&Channel::SHAPE, 1, 20);
            /// The instances of the training job.
            resources: ResourceConfig = "ResourceConfig", ResourceConfig::SHAPE;
            /// The private network of the training job.
            vpc: VpcConfig = "VpcConfig", VpcConfig::SHAPE;
            /// The time limits of the training job.
            stopping_condition: StoppingCondition = "StoppingCondition", StoppingCondition::SHAPE;
            /// The tags of the training job.
            tags: Vec<Tag> = "Tags", Shape::list(&Tag::SHAPE, 0, 50);
            /// Whether the container has no network access.
            network_isolation: bool = "EnableNetworkIsolation", Shape::Boolean;
            /// Whether traffic between the instances is encrypted.
            traffic_encryption: bool = "EnableInterContainerTrafficEncryption", Shape::Boolean;
            /// Whether the job uses spot instances, which AWS may interrupt.
            spot_training: bool = "EnableManagedSpotTraining", Shape::Boolean;
            /// The location of checkpoints, from which an interrupted job resumes.
            checkpoints: CheckpointConfig = "CheckpointConfig", CheckpointConfig::SHAPE;
            /// How often SageMaker retries the job after an error of the service.
            retry_strategy: RetryStrategy = "RetryStrategy", RetryStrategy::SHAPE;
            /// The environment variables of the container.
            environment: IndexMap<String, String> = "Environment", environment(100);
        }
    }
}

impl CreateTrainingJobRequest {
    /// Checks a request for a training job, given as JSON, against the service's model.
    ///
    /// A member that this crate does not use is only a warning.
    pub fn validate(request: &serde_json::Value) -> Validation {
        let mut findings = Findings::new(Severity::Warning, false);
        check(&Node::root("$", request, &[]), &Self::SHAPE, &mut findings);
        findings.into_validation()
    }
}

/// The common parts of the training jobs of a tuning job.
///
/// [`request`](Self::request) completes it to the request for one training job.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJobTemplate {
    tuning_job: String,
    metric_name: String,
    definition: HyperParameterTrainingJobDefinition,
    tags: Option<Vec<Tag>>,
    /// The instances to choose from, in the order of preference.
    instance_options: Vec<ResourceConfig>,
    /// True if training jobs get the hyperparameter [`OBJECTIVE_METRIC`].
    has_objective: bool,
}

impl TrainingJobTemplate {
    /// Takes the common parts of the training jobs from a tuning request.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the request has exactly one definition and an objective, and at
    /// most 100 hyperparameters: static, tuned and [`OBJECTIVE_METRIC`].
    pub fn from_request(request: &CreateHyperParameterTuningJobRequest) -> Result<Self, Error> {
        let definitions: Vec<_> = request.all_definitions().collect();
        let [definition] = definitions.as_slice() else {
            return Err(Error::Invalid(vec![Violation::new(
                "$.TrainingJobDefinition",
                format!("{} definitions", definitions.len()),
                "the training jobs of a study must have one common definition",
                "give one definition; tune each of several in its own study",
            )]));
        };
        let objective = definition.objective.as_ref().or(request.config.objective.as_ref());
        let definition_ranges = definition.parameter_ranges.as_ref();
        let tuned =
            definition_ranges.or(request.config.parameter_ranges.as_ref()).map_or(0, |ranges| {
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
                "a tuning request must have an objective",
                "add Type and MetricName",
            ));
        }
        if statics + tuned + 1 > MAX_HYPERPARAMETERS {
            violations.push(Violation::new(
                "$.TrainingJobDefinition.StaticHyperParameters",
                format!("{statics} static, {tuned} tuned"),
                format!(
                    "a training job has at most {MAX_HYPERPARAMETERS} hyperparameters, \
                     {OBJECTIVE_METRIC} included"
                ),
                "remove static ones that have their default values",
            ));
        }
        Error::from_violations(violations)?;
        Ok(Self {
            tuning_job: request.name.clone(),
            metric_name: objective.map(|it| it.metric_name.clone()).unwrap_or_default(),
            instance_options: instance_options(definition),
            definition: (*definition).clone(),
            tags: request.tags.clone(),
            has_objective: true,
        })
    }

    /// Returns the name of the tuning job, with which the names of its training jobs begin.
    pub fn tuning_job(&self) -> &str {
        &self.tuning_job
    }

    /// Returns the name of the objective metric.
    pub fn metric_name(&self) -> &str {
        &self.metric_name
    }

    /// Returns the definition of the training jobs.
    pub fn definition(&self) -> &HyperParameterTrainingJobDefinition {
        &self.definition
    }

    /// Returns the regular expression of a metric, if the definition has one.
    pub fn metric_regex(&self, metric: &str) -> Option<&str> {
        let definitions = self.definition.algorithm.metric_definitions.as_ref()?;
        let definition = definitions.iter().find(|definition| definition.name == metric)?;
        Some(definition.regex.as_str())
    }

    /// Omits the hyperparameter [`OBJECTIVE_METRIC`] from future requests.
    ///
    /// Some algorithm resources refuse it. Returns false if it was omitted before.
    pub fn omit_objective(&mut self) -> bool {
        std::mem::take(&mut self.has_objective)
    }

    /// Removes [`OBJECTIVE_METRIC`] from a request that was made before
    /// [`omit_objective`](Self::omit_objective) was called.
    pub(crate) fn omit_objective_from(&self, request: &mut CreateTrainingJobRequest) {
        if !self.has_objective
            && let Some(values) = &mut request.hyper_parameters
        {
            values.shift_remove(OBJECTIVE_METRIC);
        }
    }

    /// Returns the instances to choose from, in the order of preference; none if the definition has
    /// no instances.
    pub fn instance_options(&self) -> &[ResourceConfig] {
        &self.instance_options
    }

    /// Creates the request for an attempt at a trial.
    ///
    /// Its hyperparameters are the static ones, those of the configuration and
    /// [`OBJECTIVE_METRIC`]. All other members come from the tuning request, with four exceptions:
    /// - `instance_option` is an index into [`instance_options`](Self::instance_options); an index
    ///   that is too large means the last entry.
    /// - A `timeout` limits `MaxRuntimeInSeconds`.
    /// - Metric definitions of built-in algorithms are omitted: the service refuses them.
    /// - Each trial has its own folder of checkpoints below that of the definition:
    ///   `<tuning job>-<trial>-<hash of the hyperparameters>`. A job that starts gets the files in
    ///   its folder. So no trial resumes from the checkpoints of another trial, nor from those of
    ///   another tuning job with the same name.
    pub fn request(
        &self,
        configuration: &Configuration,
        (trial, attempt): (u64, u32),
        instance_option: usize,
        timeout: Option<Duration>,
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
        if self.has_objective {
            values.insert(OBJECTIVE_METRIC.to_owned(), self.metric_name.clone());
        }
        request.hyper_parameters = Some(values);
        request.algorithm = Some(definition.algorithm.clone());
        if let Some(algorithm) = &mut request.algorithm
            && is_built_in(algorithm)
        {
            // The service refuses definitions for built-in algorithms in single training jobs.
            algorithm.metric_definitions = None;
        }
        request.input.clone_from(&definition.input);
        let options = &self.instance_options;
        request.resources = options.get(instance_option).or(options.last()).cloned();
        request.vpc.clone_from(&definition.vpc);
        request.stopping_condition = Some(with_timeout(&definition.stopping_condition, timeout));
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

fn with_timeout(condition: &StoppingCondition, timeout: Option<Duration>) -> StoppingCondition {
    let mut condition = condition.clone();
    let round_up = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    if let Some(seconds) = timeout.map(|time| u32::try_from(round_up(time)).unwrap_or(u32::MAX)) {
        let requested = condition.max_runtime_in_seconds.unwrap_or(u32::MAX);
        condition.max_runtime_in_seconds = Some(requested.min(seconds.max(1)));
    }
    condition
}

/// Texts, in lower case, in a `FailureReason` of the service that has no capacity.
const NO_CAPACITY: [&str; 2] =
    ["not enough capacity for instance type", "insufficient instance capacity"];
/// Beginnings, in lower case, of a `FailureReason` that concerns image, role, data or output.
const SETUP_FAILURES: [&str; 6] = [
    "clienterror: cannot pull",
    "clienterror: api error",
    "clienterror: data download failed",
    "clienterror: artifact upload failed",
    "clienterror: traininghostagent initialization failed",
    "clienterror: no s3 objects found",
];

/// Classifies a `FailureReason` of SageMaker.
///
/// | cause | kind |
/// | --- | --- |
/// | no instances available | [`FailureKind::Throttled`] |
/// | internal error of the service | [`FailureKind::Interrupted`] |
/// | out of memory | [`FailureKind::OutOfMemory`] |
/// | image, role, data or output | [`FailureKind::Setup`] |
/// | anything else: an error of the program | [`FailureKind::Error`] |
pub fn failure_kind(reason: &str) -> FailureKind {
    let class = reason.split([':', '.', ' ']).next().unwrap_or_default();
    let is_program_error = class == "AlgorithmError";
    let text = reason.to_ascii_lowercase();
    // The exit code of a process that Linux kills because memory is exhausted.
    let was_killed = reason.contains("exit code: 137") || reason.contains("ExitCode 137");
    match class {
        "CapacityError" | "InsufficientCapacityError" => FailureKind::Throttled,
        "InternalServerError" | "InternalError" => FailureKind::Interrupted,
        _ if !is_program_error && NO_CAPACITY.iter().any(|cause| text.contains(cause)) => {
            FailureKind::Throttled
        }
        _ if was_killed
            || indicates_out_of_memory(reason)
            || text.contains("instance type with more memory") =>
        {
            FailureKind::OutOfMemory
        }
        _ if SETUP_FAILURES.iter().any(|start| text.starts_with(start)) => FailureKind::Setup,
        _ => FailureKind::Error,
    }
}

/// Converts the instances of a definition to the form of training jobs.
fn instance_options(definition: &HyperParameterTrainingJobDefinition) -> Vec<ResourceConfig> {
    let Some(flexible) = &definition.flexible_resources else {
        return definition.resources.clone().into_iter().collect();
    };
    let options = flexible.instance_configs.iter().flatten().map(|config| ResourceConfig {
        instance_type: Some(config.instance_type.clone()),
        instance_count: Some(config.instance_count),
        volume_size_in_gb: Some(config.volume_size_in_gb),
        volume_kms_key_id: flexible.volume_kms_key_id.clone(),
        ..ResourceConfig::new()
    });
    let options: Vec<_> = options.collect();
    if !options.is_empty() {
        return options;
    }
    vec![ResourceConfig {
        instance_type: flexible.instance_type.clone(),
        instance_count: flexible.instance_count,
        volume_size_in_gb: flexible.volume_size_in_gb,
        volume_kms_key_id: flexible.volume_kms_key_id.clone(),
        ..ResourceConfig::new()
    }]
}
