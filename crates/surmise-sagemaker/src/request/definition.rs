//! `HyperParameterTrainingJobDefinition`: what the training jobs of a tuning job are, and where they run.

use indexmap::IndexMap;

use super::channel::{Channel, S3_URI, TrainingInputMode};
use super::config::{JobObjective, METRIC_NAME, ParameterRanges};
use super::declare::{choices, structure};
use crate::shape::Shape;

pub(crate) const HYPERPARAMETERS: Shape =
    Shape::Map { key: &Shape::line(0, 256), value: &Shape::line(0, 2500), max: 100 };
const VARIABLE: Shape =
    Shape::like(0, 512, "[a-zA-Z_][a-zA-Z0-9_]*", "made of letters, digits and _, no digit first");
const VARIABLE_VALUE: Shape = Shape::like(0, 512, r"[\S\s]*", "anything");
/// So many variables of an environment.
pub(crate) const fn environment(max: usize) -> Shape {
    Shape::Map { key: &VARIABLE, value: &VARIABLE_VALUE, max }
}
const ALGORITHM_NAME: &str = r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)";
pub(crate) const ROLE: &str = r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
const TRAINING_PLAN: &str = r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*";
const KMS_KEY: Shape =
    Shape::like(0, 2048, "[a-zA-Z0-9:/_-]*", "the id, the ARN or the alias of a key");
const NETWORK_ID: Shape =
    Shape::like(0, 32, "[-0-9a-zA-Z]+", "made of letters, digits and hyphens");
const GROUP_NAME: Shape = Shape::line(1, 64);
const INSTANCE_COUNT: Shape = Shape::at_least(0);

structure! {
    /// What the training jobs of a tuning job are, and where they run.
    pub struct HyperParameterTrainingJobDefinition in "HyperParameterTrainingJobDefinition" {
        required {
            /// What they run.
            algorithm: HyperParameterAlgorithmSpecification = "AlgorithmSpecification",
                HyperParameterAlgorithmSpecification::SHAPE;
            /// On whose behalf.
            role_arn: String = "RoleArn", Shape::like(20, 2048, ROLE, "the ARN of an IAM role");
            /// Where their models go.
            output: OutputDataConfig = "OutputDataConfig", OutputDataConfig::SHAPE;
            /// For how long they may run.
            stopping_condition: StoppingCondition = "StoppingCondition", StoppingCondition::SHAPE;
        }
        optional {
            /// The name of the definition where there are several.
            name: String = "DefinitionName",
                Shape::like(1, 64, "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}",
                    "made of letters, digits, and hyphens between them");
            /// The objective where each definition has its own.
            objective: JobObjective = "TuningObjective", JobObjective::SHAPE;
            /// The ranges where each definition has its own.
            parameter_ranges: ParameterRanges = "HyperParameterRanges", ParameterRanges::SHAPE;
            /// Hyperparameters that all jobs share.
            static_hyper_parameters: IndexMap<String, String> = "StaticHyperParameters", HYPERPARAMETERS;
            /// The data.
            input: Vec<Channel> = "InputDataConfig", Shape::list(&Channel::SHAPE, 1, 20);
            /// The private network.
            vpc: VpcConfig = "VpcConfig", VpcConfig::SHAPE;
            /// The machines.
            resources: ResourceConfig = "ResourceConfig", ResourceConfig::SHAPE;
            /// The machines, where several types will do.
            flexible_resources: HyperParameterTuningResourceConfig = "HyperParameterTuningResourceConfig",
                HyperParameterTuningResourceConfig::SHAPE;
            /// Whether the container is kept off all networks.
            network_isolation: bool = "EnableNetworkIsolation", Shape::Boolean;
            /// Whether machines of one job talk in secret.
            traffic_encryption: bool = "EnableInterContainerTrafficEncryption", Shape::Boolean;
            /// Whether spare machines are used, which may be taken away.
            spot_training: bool = "EnableManagedSpotTraining", Shape::Boolean;
            /// Where jobs keep what they need to go on.
            checkpoints: CheckpointConfig = "CheckpointConfig", CheckpointConfig::SHAPE;
            /// How often a job is tried again after an error of the service.
            retry_strategy: RetryStrategy = "RetryStrategy", RetryStrategy::SHAPE;
            /// Variables of the container's environment.
            environment: IndexMap<String, String> = "Environment", environment(48);
        }
    }
}

structure! {
    /// What training jobs run: an image or an algorithm resource, one of them.
    pub struct HyperParameterAlgorithmSpecification in "HyperParameterAlgorithmSpecification" {
        required {
            /// How data comes, where a channel does not say otherwise.
            input_mode: TrainingInputMode = "TrainingInputMode", TrainingInputMode::SHAPE;
        }
        optional {
            /// The path of a container image.
            training_image: String = "TrainingImage", Shape::line(0, 255);
            /// The name or the ARN of an algorithm resource.
            algorithm_name: String = "AlgorithmName",
                Shape::like(1, 170, ALGORITHM_NAME, "the name or the ARN of an algorithm");
            /// How metrics are found in what jobs print.
            metric_definitions: Vec<MetricDefinition> = "MetricDefinitions",
                Shape::list(&MetricDefinition::SHAPE, 0, 40);
        }
    }
}

structure! {
    /// How a metric is found in what a job prints.
    pub struct MetricDefinition in "MetricDefinition" {
        required {
            /// Its name.
            name: String = "Name", METRIC_NAME;
            /// A regular expression whose first group is the value.
            regex: String = "Regex", Shape::line(1, 500);
        }
        optional {}
    }
}

structure! {
    /// A private network.
    pub struct VpcConfig in "VpcConfig" {
        required {
            /// Its firewalls.
            security_group_ids: Vec<String> = "SecurityGroupIds", Shape::list(&NETWORK_ID, 1, 5);
            /// Its parts.
            subnets: Vec<String> = "Subnets", Shape::list(&NETWORK_ID, 1, 16);
        }
        optional {}
    }
}

structure! {
    /// Where models go.
    pub struct OutputDataConfig in "OutputDataConfig" {
        required {
            /// The folder in which each training job gets one of its own.
            s3_output_path: String = "S3OutputPath", S3_URI;
        }
        optional {
            /// The key that encrypts them.
            kms_key_id: String = "KmsKeyId", KMS_KEY;
            /// How they are packed.
            compression: OutputCompressionType = "CompressionType", OutputCompressionType::SHAPE;
        }
    }
}

choices! {
    /// How a model is packed.
    pub enum OutputCompressionType {
        /// As one archive, `model.tar.gz`.
        Gzip = "GZIP",
        /// As its files.
        None = "NONE",
    }
}

structure! {
    /// The machines of a training job.
    pub struct ResourceConfig in "ResourceConfig" {
        required {}
        optional {
            /// Their type.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// How many.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The disk of each.
            volume_size_in_gb: u32 = "VolumeSizeInGB", Shape::at_least(0);
            /// The key that encrypts the disks.
            volume_kms_key_id: String = "VolumeKmsKeyId", KMS_KEY;
            /// For how long they are kept; SageMaker disregards it in tuning jobs.
            keep_alive_in_seconds: u32 = "KeepAlivePeriodInSeconds", Shape::between(0, 21_600);
            /// Machines of several types that work together.
            instance_groups: Vec<InstanceGroup> = "InstanceGroups", Shape::list(&InstanceGroup::SHAPE, 0, 5);
            /// Types of machines of which the first that is to be had is taken.
            instance_preferences: Vec<InstancePreference> = "InstancePreferences",
                Shape::list(&InstancePreference::SHAPE, 1, 5);
            /// Of these, the type that was taken: an answer.
            selected_instance_type: String = "SelectedInstanceType", Shape::InstanceType;
            /// And how many: an answer.
            selected_instance_count: u32 = "SelectedInstanceCount", INSTANCE_COUNT;
            /// Machines that were reserved.
            training_plan_arn: String = "TrainingPlanArn",
                Shape::like(50, 2048, TRAINING_PLAN, "the ARN of a training plan");
            /// How they are placed.
            placement: InstancePlacementConfig = "InstancePlacementConfig", InstancePlacementConfig::SHAPE;
        }
    }
}

structure! {
    /// Machines of one type among several that work together.
    pub struct InstanceGroup in "InstanceGroup" {
        required {
            /// Their type.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// How many.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The name by which channels choose them.
            name: String = "InstanceGroupName", GROUP_NAME;
        }
        optional {}
    }
}

structure! {
    /// A type of machines that is preferred to those after it.
    pub struct InstancePreference in "InstancePreference" {
        required {
            /// Their type.
            instance_type: String = "InstanceType", Shape::InstanceType;
        }
        optional {
            /// How many, if that is not the same for all.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The plan by which they are reserved.
            training_plan_arns: Vec<String> = "TrainingPlanArns", Shape::list(&PLAN, 1, 1);
        }
    }
}

/// The plan of a preference.
const PLAN: Shape = Shape::like(50, 2048, TRAINING_PLAN, "the ARN of a training plan");

structure! {
    /// How machines are placed.
    pub struct InstancePlacementConfig in "InstancePlacementConfig" {
        required {}
        optional {
            /// Whether jobs may share an `UltraServer`.
            enable_multiple_jobs: bool = "EnableMultipleJobs", Shape::Boolean;
            /// Where how many go.
            specifications: Vec<PlacementSpecification> = "PlacementSpecifications",
                Shape::list(&PlacementSpecification::SHAPE, 0, 10);
        }
    }
}

structure! {
    /// How many machines go where.
    pub struct PlacementSpecification in "PlacementSpecification" {
        required {
            /// How many.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
        }
        optional {
            /// Where.
            ultra_server_id: String = "UltraServerId", Shape::text(0, 256);
        }
    }
}

structure! {
    /// The machines of a training job, where several types will do.
    pub struct HyperParameterTuningResourceConfig in "HyperParameterTuningResourceConfig" {
        required {}
        optional {
            /// Their type, if there is one only.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// How many of it.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The disk of each.
            volume_size_in_gb: u32 = "VolumeSizeInGB", Shape::at_least(0);
            /// The key that encrypts the disks.
            volume_kms_key_id: String = "VolumeKmsKeyId", KMS_KEY;
            /// How one of several is chosen.
            allocation_strategy: AllocationStrategy = "AllocationStrategy", AllocationStrategy::SHAPE;
            /// The types that will do.
            instance_configs: Vec<HyperParameterTuningInstanceConfig> = "InstanceConfigs",
                Shape::list(&HyperParameterTuningInstanceConfig::SHAPE, 1, 6);
        }
    }
}

choices! {
    /// How one of several types of machines is chosen.
    pub enum AllocationStrategy {
        /// The first that is to be had, in the order given.
        Prioritized = "Prioritized",
    }
}

structure! {
    /// Machines that will do.
    pub struct HyperParameterTuningInstanceConfig in "HyperParameterTuningInstanceConfig" {
        required {
            /// Their type.
            instance_type: String = "InstanceType", Shape::InstanceType;
            /// How many.
            instance_count: u32 = "InstanceCount", INSTANCE_COUNT;
            /// The disk of each.
            volume_size_in_gb: u32 = "VolumeSizeInGB", Shape::at_least(1);
        }
        optional {}
    }
}

structure! {
    /// For how long a training job may run.
    pub struct StoppingCondition in "StoppingCondition" {
        required {}
        optional {
            /// Seconds of running.
            max_runtime_in_seconds: u32 = "MaxRuntimeInSeconds", Shape::at_least(1);
            /// Seconds of waiting for spare machines and of running.
            max_wait_time_in_seconds: u32 = "MaxWaitTimeInSeconds", Shape::at_least(1);
            /// Seconds of waiting for reserved machines.
            max_pending_time_in_seconds: u32 = "MaxPendingTimeInSeconds", Shape::between(1_800, 2_419_200);
        }
    }
}

structure! {
    /// Where jobs keep what they need to go on.
    pub struct CheckpointConfig in "CheckpointConfig" {
        required {
            /// The folder.
            s3_uri: String = "S3Uri", S3_URI;
        }
        optional {
            /// Where it is seen in the container; `/opt/ml/checkpoints/` if absent.
            local_path: String = "LocalPath", Shape::line(0, 4096);
        }
    }
}

structure! {
    /// How often a job is tried again after an error of the service.
    pub struct RetryStrategy in "RetryStrategy" {
        required {
            /// So often.
            max_attempts: u32 = "MaximumRetryAttempts", Shape::between(1, 30);
        }
        optional {}
    }
}

/// A time in the unit that one thinks in; SageMaker counts seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxRuntime {
    /// Seconds.
    Seconds(u32),
    /// Minutes of 60 seconds.
    Minutes(u32),
    /// Hours of 60 minutes.
    Hours(u32),
    /// Days of 24 hours.
    Days(u32),
}

impl MaxRuntime {
    /// The time in seconds; what would not fit is the most that does.
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
    /// After so long a time of running.
    pub fn after(time: MaxRuntime) -> Self {
        Self { max_runtime_in_seconds: Some(time.in_seconds()), ..Self::new() }
    }
}
