//! The requests `CreateHyperParameterTuningJob` and `CreateTrainingJob` as types.

mod algorithm;
mod declare;
mod names;

mod channel;
mod config;

mod definition;

mod built_in;
mod tuning_job;

mod training_job;
mod typed;

pub use self::algorithm::{
    AlgorithmDescription, CategoricalRangeSpecification, ChannelSpecification,
    HyperParameterSpecification, HyperParameterType, NumericRangeSpecification, RangeSpecification,
    SupportedObjective, TrainingSpecification,
};
#[cfg(feature = "fake")]
pub(crate) use self::built_in::built_in_metrics;
pub(crate) use self::built_in::{
    XGBOOST_UNLIMITED_AT_ZERO, built_in_metric_regex, xgboost, xgboost_name,
};
pub use self::channel::{
    Channel, CompressionType, DataSource, DatasetSource, FileSystemAccessMode,
    FileSystemDataSource, FileSystemType, HubAccessConfig, ModelAccessConfig, RecordWrapper,
    S3DataDistribution, S3DataSource, S3DataType, ShuffleConfig, TrainingInputMode,
};
pub use self::config::{
    AutoParameter, BestObjectiveNotImproving, CategoricalRange, CompleteOnConvergence,
    ConvergenceDetected, HyperParameterTuningJobConfig, HyperbandStrategyConfig, JobObjective,
    JobResourceLimits, JobStrategy, JobStrategyConfig, NumericRange, ParameterRanges,
    TrainingJobEarlyStoppingType, TuningJobCompletionCriteria,
};
pub(crate) use self::config::{parse_float, parse_integer};
pub use self::declare::UnknownMembers;
pub use self::definition::{
    AllocationStrategy, CheckpointConfig, HyperParameterAlgorithmSpecification,
    HyperParameterTrainingJobDefinition, HyperParameterTuningInstanceConfig,
    HyperParameterTuningResourceConfig, InstanceGroup, InstancePlacementConfig, InstancePreference,
    MaxRuntime, MetricDefinition, OutputCompressionType, OutputDataConfig, PlacementSpecification,
    ResourceConfig, RetryStrategy, StoppingCondition, VpcConfig,
};
pub(crate) use self::names::format_float;
pub use self::names::{training_job_name, tuned_values};
pub use self::training_job::{
    CreateTrainingJobRequest, OBJECTIVE_METRIC, TrainingJobTemplate, failure_kind,
};
pub use self::tuning_job::{
    Autotune, AutotuneMode, CreateHyperParameterTuningJobRequest, ParentHyperParameterTuningJob,
    Tag, WarmStartConfig, WarmStartType, service_model,
};
