//! `HyperParameterTrainingJobDefinition` as types: what training jobs run, and where.

use indexmap::IndexMap;

use super::channel::{Channel, S3_URI, TrainingInputMode};
use super::config::{JobObjective, METRIC_NAME, ParameterRanges};
use super::declare::{choices, structure};
use crate::shape::Shape;

pub(crate) const HYPERPARAMETERS: Shape =
    Shape::Map { key: &Shape::line(0, 256), value: &Shape::line(0, 2500), max: 100 };
const VARIABLE: Shape = Shape::pattern(
    0,
    512,
    "[a-zA-Z_][a-zA-Z0-9_]*",
    "made of letters, digits and _, no digit first",
);
const VARIABLE_VALUE: Shape = Shape::pattern(0, 512, r"[\S\s]*", "anything");
/// Returns the shape of an environment with at most `max` variables.
pub(crate) const fn environment(max: usize) -> Shape {
    Shape::Map { key: &VARIABLE, value: &VARIABLE_VALUE, max }
}
const ALGORITHM_NAME: &str = concat!(
    r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?",
    r"([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)"
);
pub(crate) const ROLE: &str = r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
const TRAINING_PLAN: &str = r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*";
const KMS_KEY: Shape =
    Shape::pattern(0, 2048, "[a-zA-Z0-9:/_-]*", "the id, the ARN or the alias of a key");
const NETWORK_ID: Shape =
    Shape::pattern(0, 32, "[-0-9a-zA-Z]+", "made of letters, digits and hyphens");
const GROUP_NAME: Shape = Shape::line(1, 64);
const INSTANCE_COUNT: Shape = Shape::at_least(0);

structure! {
    /// The definition of the training jobs of a tuning job.
    pub struct HyperParameterTrainingJobDefinition in "HyperParameterTrainingJobDefinition" {
        required {
            /// The image or algorithm resource, and the metrics.
            algorithm: HyperParameterAlgorithmSpecification = "AlgorithmSpecification",
                HyperParameterAlgorithmSpecification::SHAPE;
            /// The IAM role that the training jobs assume.
            role_arn: String = "RoleArn", Shape::pattern(20, 2048, ROLE, "the ARN of an IAM role");
            /// The location of the models.
            output: OutputDataConfig = "OutputDataConfig", OutputDataConfig::SHAPE;
            /// The time limits of each training job.
            stopping_condition: StoppingCondition = "StoppingCondition", StoppingCondition::SHAPE;
        }
        optional {
            /// The name of the definition, required if there are several.
            name: String = "DefinitionName",
                Shape::pattern(1, 64, "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}",
                    "made of letters, digits, and hyphens between them");
            /// The objective of this definition, instead of the configuration's.
            objective: JobObjective = "TuningObjective", JobObjective::SHAPE;
            /// The ranges of this definition, instead of the configuration's.
            parameter_ranges: ParameterRanges = "HyperParameterRanges", ParameterRanges::SHAPE;
            /// The hyperparameters that have the same value in all training jobs.
            static_hyper_parameters: IndexMap<String, String> = "StaticHyperParameters",
                HYPERPARAMETERS;
            /// The channels of training data.
            input: Vec<Channel> = "InputDataConfig", Shape::list(&Channel::SHAPE, 1, 20);
            /// The private network of the training jobs.
            vpc: VpcConfig = "VpcConfig", VpcConfig::SHAPE;
            /// The instances of each training job.
            resources: ResourceConfig = "ResourceConfig", ResourceConfig::SHAPE;
            /// The instances, as a choice of several types.
            flexible_resources: HyperParameterTuningResourceConfig =
                "HyperParameterTuningResourceConfig",
                HyperParameterTuningResourceConfig::SHAPE;
            /// Whether the container has no network access.
            network_isolation: bool = "EnableNetworkIsolation", Shape::Boolean;
            /// Whether traffic between the instances of a job is encrypted.
            traffic_encryption: bool = "EnableInterContainerTrafficEncryption", Shape::Boolean;
            /// Whether the jobs use spot instances, which AWS may interrupt.
            spot_training: bool = "EnableManagedSpotTraining", Shape::Boolean;
            /// The location of checkpoints, from which an interrupted job resumes.
            checkpoints: CheckpointConfig = "CheckpointConfig", CheckpointConfig::SHAPE;
            /// How often SageMaker retries a job after an error of the service.
            retry_strategy: RetryStrategy = "RetryStrategy", RetryStrategy::SHAPE;
            /// The environment variables of the container.
            environment: IndexMap<String, String> = "Environment", environment(48);
        }
    }
}

structure! {
    /// The algorithm of a training job: an image or an algorithm resource, not both.
    pub struct HyperParameterAlgorithmSpecification in "HyperParameterAlgorithmSpecification" {
        required {
            /// The input mode of all channels without an input mode.
            input_mode: TrainingInputMode = "TrainingInputMode", TrainingInputMode::SHAPE;
        }
        optional {
            /// The registry path of the container image.
            training_image: String = "TrainingImage", Shape::line(0, 255);
            /// The name or ARN of the algorithm resource.
            algorithm_name: String = "AlgorithmName",
                Shape::pattern(1, 170, ALGORITHM_NAME, "the name or the ARN of an algorithm");
            /// The metrics that SageMaker extracts from the output of a job.
            metric_definitions: Vec<MetricDefinition> = "MetricDefinitions",
                Shape::list(&MetricDefinition::SHAPE, 0, 40);
        }
    }
}

structure! {
    /// The definition of a metric that SageMaker extracts from the output of a job.
    pub struct MetricDefinition in "MetricDefinition" {
        required {
            /// The name of the metric.
            name: String = "Name", METRIC_NAME;
            /// The regular expression whose first group captures the value.
            regex: String = "Regex", Shape::line(1, 500);
        }
        optional {}
    }
}

structure! {
    /// The private network (VPC) of a training job.
    pub struct VpcConfig in "VpcConfig" {
        required {
            /// The ids of security groups.
            security_group_ids: Vec<String> = "SecurityGroupIds", Shape::list(&NETWORK_ID, 1, 5);
            /// The ids of subnets.
            subnets: Vec<String> = "Subnets", Shape::list(&NETWORK_ID, 1, 16);
        }
        optional {}
    }
}

structure! {
    /// The location of the models of training jobs.
    pub struct OutputDataConfig in "OutputDataConfig" {
        required {
            /// The S3 prefix below which each training job has its own folder.
            s3_output_path: String = "S3OutputPath", S3_URI;
        }
        optional {
            /// The KMS key that encrypts the models.
            kms_key_id: String = "KmsKeyId", KMS_KEY;
            /// The compression of the models.
            compression: OutputCompressionType = "CompressionType", OutputCompressionType::SHAPE;
        }
    }
}

choices! {
    /// The compression of a model.
    pub enum OutputCompressionType {
        /// SageMaker stores one archive, `model.tar.gz`.
        Gzip = "GZIP",
        /// SageMaker stores the files of the model.
        None = "NONE",
    }
}

structure! {
    /// The instances of a training job.
    pub struct ResourceConfig in "ResourceConfig" {
        required {}
        optional {
            /// The type of the instances.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// The number of instances.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The size of each instance's storage volume, in GB.
            volume_size_in_gb: u32 = "VolumeSizeInGB", Shape::at_least(0);
            /// The KMS key that encrypts the storage volumes.
            volume_kms_key_id: String = "VolumeKmsKeyId", KMS_KEY;
            /// How long idle instances are kept, in seconds; SageMaker's own tuner ignores it.
            keep_alive_in_seconds: u32 = "KeepAlivePeriodInSeconds", Shape::between(0, 21_600);
            /// The groups of a job that uses several instance types together.
            instance_groups: Vec<InstanceGroup> = "InstanceGroups",
                Shape::list(&InstanceGroup::SHAPE, 0, 5);
            /// The instance types in the order of preference; the first available one is used.
            instance_preferences: Vec<InstancePreference> = "InstancePreferences",
                Shape::list(&InstancePreference::SHAPE, 1, 5);
            /// The preferred type that was used; only responses of the service have it.
            selected_instance_type: String = "SelectedInstanceType", Shape::InstanceType;
            /// The number of instances that was used; only responses of the service have it.
            selected_instance_count: u32 = "SelectedInstanceCount", INSTANCE_COUNT;
            /// The training plan that reserves the instances.
            training_plan_arn: String = "TrainingPlanArn",
                Shape::pattern(50, 2048, TRAINING_PLAN, "the ARN of a training plan");
            /// The placement of the instances.
            placement: InstancePlacementConfig = "InstancePlacementConfig",
                InstancePlacementConfig::SHAPE;
        }
    }
}

structure! {
    /// A group of instances of one type, in a job that uses several types together.
    pub struct InstanceGroup in "InstanceGroup" {
        required {
            /// The type of the instances.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// The number of instances.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The name that channels refer to.
            name: String = "InstanceGroupName", GROUP_NAME;
        }
        optional {}
    }
}

structure! {
    /// An instance type in a list of preferred types.
    pub struct InstancePreference in "InstancePreference" {
        required {
            /// The type of the instances.
            instance_type: String = "InstanceType", Shape::InstanceType;
        }
        optional {
            /// The number of instances, unless it is the same for all types.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The training plan that reserves the instances.
            training_plan_arns: Vec<String> = "TrainingPlanArns", Shape::list(&PLAN, 1, 1);
        }
    }
}

const PLAN: Shape = Shape::pattern(50, 2048, TRAINING_PLAN, "the ARN of a training plan");

structure! {
    /// The placement of the instances of a training job.
    pub struct InstancePlacementConfig in "InstancePlacementConfig" {
        required {}
        optional {
            /// Whether jobs may share an `UltraServer`.
            enable_multiple_jobs: bool = "EnableMultipleJobs", Shape::Boolean;
            /// The number of instances on each `UltraServer`.
            specifications: Vec<PlacementSpecification> = "PlacementSpecifications",
                Shape::list(&PlacementSpecification::SHAPE, 0, 10);
        }
    }
}

structure! {
    /// The number of instances on one `UltraServer`.
    pub struct PlacementSpecification in "PlacementSpecification" {
        required {
            /// The number of instances.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
        }
        optional {
            /// The id of the `UltraServer`.
            ultra_server_id: String = "UltraServerId", Shape::text(0, 256);
        }
    }
}

structure! {
    /// The instances of a training job, as a choice of several types.
    pub struct HyperParameterTuningResourceConfig in "HyperParameterTuningResourceConfig" {
        required {}
        optional {
            /// The instance type, if there is only one.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// The number of instances of that type.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The size of each instance's storage volume, in GB.
            volume_size_in_gb: u32 = "VolumeSizeInGB", Shape::at_least(0);
            /// The KMS key that encrypts the storage volumes.
            volume_kms_key_id: String = "VolumeKmsKeyId", KMS_KEY;
            /// The rule by which SageMaker chooses one of several types.
            allocation_strategy: AllocationStrategy = "AllocationStrategy",
                AllocationStrategy::SHAPE;
            /// The instance types to choose from.
            instance_configs: Vec<HyperParameterTuningInstanceConfig> = "InstanceConfigs",
                Shape::list(&HyperParameterTuningInstanceConfig::SHAPE, 1, 6);
        }
    }
}

choices! {
    /// The rule by which SageMaker chooses one of several instance types.
    pub enum AllocationStrategy {
        /// The first available type, in the given order.
        Prioritized = "Prioritized",
    }
}

structure! {
    /// An instance type to choose from, with number and storage.
    pub struct HyperParameterTuningInstanceConfig in "HyperParameterTuningInstanceConfig" {
        required {
            /// The type of the instances.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// The number of instances.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The size of each instance's storage volume, in GB.
            volume_size_in_gb: u32 = "VolumeSizeInGB", Shape::at_least(1);
        }
        optional {}
    }
}

structure! {
    /// The time limits of a training job.
    pub struct StoppingCondition in "StoppingCondition" {
        required {}
        optional {
            /// The maximum running time, in seconds.
            max_runtime_in_seconds: u32 = "MaxRuntimeInSeconds", Shape::at_least(1);
            /// The maximum time of waiting for spot instances and of running, in seconds.
            max_wait_time_in_seconds: u32 = "MaxWaitTimeInSeconds", Shape::at_least(1);
            /// The maximum time of waiting for reserved instances, in seconds.
            max_pending_time_in_seconds: u32 = "MaxPendingTimeInSeconds",
                Shape::between(1_800, 2_419_200);
        }
    }
}

structure! {
    /// The location of checkpoints, from which an interrupted job resumes.
    pub struct CheckpointConfig in "CheckpointConfig" {
        required {
            /// The S3 URI of the folder.
            s3_uri: String = "S3Uri", S3_URI;
        }
        optional {
            /// The path of the folder in the container; `/opt/ml/checkpoints/` by default.
            local_path: String = "LocalPath", Shape::line(0, 4096);
        }
    }
}

structure! {
    /// How often SageMaker retries a job after an error of the service.
    pub struct RetryStrategy in "RetryStrategy" {
        required {
            /// The maximum number of retries.
            max_attempts: u32 = "MaximumRetryAttempts", Shape::between(1, 30);
        }
        optional {}
    }
}

/// A maximum running time in a convenient unit; SageMaker counts seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxRuntime {
    /// A time in seconds.
    Seconds(u32),
    /// A time in minutes of 60 seconds.
    Minutes(u32),
    /// A time in hours of 60 minutes.
    Hours(u32),
    /// A time in days of 24 hours.
    Days(u32),
}

impl MaxRuntime {
    /// Returns the time in seconds, at most `u32::MAX`.
    pub fn in_seconds(self) -> u32 {
        let (count, unit) = match self {
            Self::Seconds(count) => (count, 1),
            Self::Minutes(count) => (count, 60),
            Self::Hours(count) => (count, 3_600),
            Self::Days(count) => (count, 86_400),
        };
        count.saturating_mul(unit)
    }
}

impl StoppingCondition {
    /// Creates a condition that stops a job after a maximum running time.
    pub fn after(time: MaxRuntime) -> Self {
        Self { max_runtime_in_seconds: Some(time.in_seconds()), ..Self::new() }
    }
}
