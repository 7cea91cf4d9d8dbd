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
//! use surmise::sagemaker::{DocumentReader, Judge};
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
//! # Ok::<(), surmise::sagemaker::ReadError>(())
//! ```

mod algorithm;
mod bring_back;
mod built_in;
mod channel;
mod config;
mod convert;
mod declare;
mod definition;
mod describe;
mod document;
mod json;
mod judge;
mod model;
mod node;
mod pattern;
mod quotas;
mod reader;
mod request;
mod states;
mod training_job;
mod verdict;
mod wrapping;
mod write;

pub use self::algorithm::*;
pub use self::bring_back::BroughtBack;
pub(crate) use self::built_in::built_in_metric_regex;
#[cfg(feature = "sagemaker-fake")]
pub(crate) use self::built_in::built_in_metrics;
pub use self::channel::*;
pub use self::config::*;
pub use self::convert::Tuning;
pub use self::declare::Other;
pub use self::definition::*;
pub use self::describe::*;
pub use self::document::*;
pub use self::judge::Judge;
pub use self::pattern::MetricPattern;
pub use self::quotas::Quotas;
pub use self::reader::{DocumentReader, ReadError};
pub use self::request::*;
pub use self::training_job::*;
pub use self::verdict::{Finding, Severity, Verdict};
pub(crate) use self::write::printed_float;
pub use self::write::{training_job_name, tuned_values};

/// The rules of single members as JSON, in the words of the service's own model, so that a script can compare them with it.
pub fn service_model() -> serde_json::Value {
    CreateHyperParameterTuningJobRequest::SHAPE.to_json()
}
