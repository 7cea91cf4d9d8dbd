//! Amazon SageMaker tuning jobs with [Surmise](surmise): validate requests, run them locally or on
//! AWS.
//!
//! The input is the request of `CreateHyperParameterTuningJob`, which SageMaker's own tuner takes.
//! With it you can:
//!
//! - **Validate it** before AWS does. A [`Validator`] reports all problems at once, each with its
//!   JSON path, value, rule and remedy.
//! - **Run it on this machine.** `container::TrainingContainer` runs the unchanged training script
//!   with the files and environment variables of a SageMaker container (on Unix).
//! - **Run it on SageMaker.** A [`SageMakerEvaluator`] creates a training job for every attempt at
//!   a trial, within quotas, rate limits and a budget (feature `sdk`).
//! - **Convert it.** [`Document::tuning`] returns the search space, the rules and the study of a
//!   request. A [`TuningJobDescription`] imports a finished tuning job as a study.
//!
//! A [`Document`] is the bare configuration, the whole request, or a Step Functions state machine.
//! As types, a request is a [`CreateHyperParameterTuningJobRequest`]. Reading and writing it
//! preserves all members, including those that this version does not know.
//!
//! ```
//! use surmise_sagemaker::{DocumentReader, Validator};
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
//!     "ResourceConfig": { "InstanceType": "ml.m4.xlarge", "InstanceCount": 1,
//!       "VolumeSizeInGB": 30 },
//!     "StoppingCondition": { "MaxRuntimeInSeconds": 3600 } } }"#;
//! let document = DocumentReader::default().read(text.as_bytes())?;
//! let validation = Validator::default().validate(&document);
//! assert!(validation.is_accepted(), "{validation}");
//! let study = document.tuning().unwrap().study().unwrap();
//! assert_eq!(study.settings().limits.max_jobs, Some(50));
//! # Ok::<(), surmise_sagemaker::ReadError>(())
//! ```
//!
//! | feature | adds |
//! | --- | --- |
//! | `sdk` | `evaluator::SageMakerService`, the requests to AWS by its SDK for Rust |
//! | `logs` | `sdk`, and metrics from CloudWatch Logs |
//! | `fake` | `fake`, a local HTTP server that behaves like SageMaker, for tests without AWS |

/// The code blocks of the guide's chapter, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/11-sagemaker.md")]
mod guide {}

/// The code blocks of the page about the evaluator, as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/evaluator.md")]
mod evaluator_page {}

mod clock;
mod error;
mod image;
mod json_path;
mod pattern;
mod quotas;

mod unresolved;

mod node;

mod findings;
mod states;

mod reading;
mod shape;

mod request;

#[cfg(unix)]
pub mod container;
mod validation;

mod conversion;
#[cfg(feature = "fake")]
pub mod fake;

pub mod evaluator;

pub use self::clock::Clock;
pub use self::conversion::{
    FinalMetric, ImportSummary, ModelArtifacts, ObjectiveStatus, ObjectiveStatusCounters,
    TrainingJobStatus, TrainingJobStatusCounters, TrainingJobSummary, Tuning, TuningJobDescription,
    TuningJobStatus, model_s3_uri, training_job_summaries,
};
pub use self::error::{Feature, TuningError, UnsupportedFeature};
pub use self::evaluator::SageMakerEvaluator;
pub use self::findings::{Finding, Severity, Validation};
pub use self::quotas::Quotas;
pub use self::reading::{Document, DocumentFormat, DocumentReader, ReadError};
pub use self::request::{
    AlgorithmDescription, AllocationStrategy, AutoParameter, Autotune, AutotuneMode,
    BestObjectiveNotImproving, CategoricalRange, CategoricalRangeSpecification, Channel,
    ChannelSpecification, CheckpointConfig, CompleteOnConvergence, CompressionType,
    ConvergenceDetected, CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest,
    DataSource, DatasetSource, FileSystemAccessMode, FileSystemDataSource, FileSystemType,
    HubAccessConfig, HyperParameterAlgorithmSpecification, HyperParameterSpecification,
    HyperParameterTrainingJobDefinition, HyperParameterTuningInstanceConfig,
    HyperParameterTuningJobConfig, HyperParameterTuningResourceConfig, HyperParameterType,
    HyperbandStrategyConfig, InstanceGroup, InstancePlacementConfig, InstancePreference,
    JobObjective, JobResourceLimits, JobStrategy, JobStrategyConfig, MaxRuntime, MetricDefinition,
    ModelAccessConfig, NumericRange, NumericRangeSpecification, OBJECTIVE_METRIC,
    OutputCompressionType, OutputDataConfig, ParameterRanges, ParentHyperParameterTuningJob,
    PlacementSpecification, RangeSpecification, RecordWrapper, ResourceConfig, RetryStrategy,
    S3DataDistribution, S3DataSource, S3DataType, ShuffleConfig, StoppingCondition,
    SupportedObjective, Tag, TrainingInputMode, TrainingJobEarlyStoppingType, TrainingJobTemplate,
    TrainingSpecification, TuningJobCompletionCriteria, UnknownMembers, VpcConfig, WarmStartConfig,
    WarmStartType, failure_kind, service_model, training_job_name, tuned_values,
};
pub use self::unresolved::Unresolved;
pub use self::validation::Validator;
