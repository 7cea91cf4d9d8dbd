//! SageMaker's tuning request as data: read it, judge it, make a study of it, write it back. No SDK and no network.
//!
//! ```text
//! bytes → Document → Verdict               would the service take it, would a person regret it?
//!                  → request() → tuning() → Study → TuningJobDescription, a request for SageMaker's own tuner
//! ```
//!
//! A [`Document`] is read from the bare configuration, the whole request, or a Step Functions state machine. A [`Judge`] finds
//! everything that is wrong with it at once, each with its JSON path, value, rule and remedy. As types, a request is a
//! [`CreateHyperParameterTuningJobRequest`]: what is read and written again is equal, members that this version does not know included.
//!
//! ```
//! use surmise_sagemaker::{DocumentReader, Judge};
//!
//! let text = r#"{ "HyperParameterTuningJobName": "trees",
//!   "HyperParameterTuningJobConfig": {
//!     "Strategy": "Bayesian",
//!     "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "validation:rmse" },
//!     "ResourceLimits": { "MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 4 },
//!     "ParameterRanges": { "ContinuousParameterRanges": [
//!       { "Name": "alpha", "MinValue": "0", "MaxValue": "1000", "ScalingType": "Auto" } ] } },
//!   "TrainingJobDefinition": {
//!     "AlgorithmSpecification": { "TrainingInputMode": "File",
//!       "TrainingImage": "433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest" },
//!     "StaticHyperParameters": { "num_round": "20" },
//!     "RoleArn": "arn:aws:iam::012345678912:role/tuner",
//!     "OutputDataConfig": { "S3OutputPath": "s3://bucket/models" },
//!     "ResourceConfig": { "InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30 },
//!     "StoppingCondition": { "MaxRuntimeInSeconds": 3600 } } }"#;
//! let document = DocumentReader::default().read(text.as_bytes())?;
//! let verdict = Judge::default().judge(&document);
//! assert!(verdict.is_accepted(), "{verdict}");
//! let study = document.tuning().unwrap().study().unwrap();
//! assert_eq!(study.settings().limits.max_jobs, Some(50));
//! # Ok::<(), surmise_sagemaker::ReadError>(())
//! ```

mod clock;
mod error;
mod image;
mod json_path;
mod pattern;
mod quotas;

mod unresolved;

mod node;

mod states;
mod verdict;

mod reading;
mod shape;

mod request;

#[cfg(unix)]
pub mod container;
mod judge;

mod conversion;
#[cfg(feature = "fake")]
pub mod fake;

pub mod evaluator;

pub use self::clock::Clock;
pub use self::conversion::{
    BroughtBack, FinalMetric, ModelArtifacts, ObjectiveStatus, ObjectiveStatusCounters,
    TrainingJobStatus, TrainingJobStatusCounters, TrainingJobSummary, Tuning, TuningJobDescription,
    TuningJobStatus, model_address, training_jobs,
};
pub use self::error::{Feature, NotSupported, TuningError};
pub use self::evaluator::SageMakerEvaluator;
pub use self::judge::Judge;
pub use self::quotas::Quotas;
pub use self::reading::{Document, DocumentReader, DocumentShape, ReadError};
pub use self::request::{
    AlgorithmDescription, AllocationStrategy, AutoParameter, Autotune, AutotuneMode,
    BestObjectiveNotImproving, CategoricalRange, Channel, ChannelSpecification, CheckpointConfig,
    CompleteOnConvergence, CompressionType, ConvergenceDetected,
    CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest, DataSource, DatasetSource,
    Ends, FileSystemAccessMode, FileSystemDataSource, FileSystemType, HubAccessConfig,
    HyperParameterAlgorithmSpecification, HyperParameterSpecification,
    HyperParameterTrainingJobDefinition, HyperParameterTuningInstanceConfig,
    HyperParameterTuningJobConfig, HyperParameterTuningResourceConfig, HyperParameterType,
    HyperbandStrategyConfig, InstanceGroup, InstancePlacementConfig, InstancePreference,
    JobObjective, JobResourceLimits, JobStrategy, JobStrategyConfig, MaxRuntime, MetricDefinition,
    ModelAccessConfig, Named, NumericRange, OBJECTIVE_METRIC, Other, OutputCompressionType,
    OutputDataConfig, ParameterRanges, ParentHyperParameterTuningJob, PlacementSpecification,
    RangeSpecification, RecordWrapper, ResourceConfig, RetryStrategy, S3DataDistribution,
    S3DataSource, S3DataType, ShuffleConfig, StoppingCondition, SupportedObjective, Tag,
    TrainingInputMode, TrainingJobEarlyStoppingType, TrainingJobTemplate, TrainingSpecification,
    TuningJobCompletionCriteria, VpcConfig, WarmStartConfig, WarmStartType, failure_kind,
    service_model, training_job_name, tuned_values,
};
pub use self::unresolved::Unresolved;
pub use self::verdict::{Finding, Severity, Verdict};
