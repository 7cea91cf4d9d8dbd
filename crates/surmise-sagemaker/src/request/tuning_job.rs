//! The whole request `CreateHyperParameterTuningJob` as types.

use super::config::HyperParameterTuningJobConfig;
use super::declare::{choices, structure};
use super::definition::HyperParameterTrainingJobDefinition;
use crate::shape::Shape;

pub(crate) const TUNING_JOB_NAME: Shape = Shape::pattern(
    1,
    32,
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}",
    "made of letters, digits, and hyphens between them",
);
const TAG_TEXT: &str = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
const TAG_MEANING: &str = "made of letters, digits, spaces and _ . : / = + - @";

structure! {
    /// The request that creates a tuning job: `CreateHyperParameterTuningJob`.
    ///
    /// Surmise reads such a request, validates it, and runs the search with its own strategies. It
    /// can also write a request for SageMaker's own tuner.
    ///
    /// | step | method |
    /// | --- | --- |
    /// | read | [`Document::read`], then [`Document::request`] |
    /// | validate | [`Validator::validate`] |
    /// | convert to a study | [`tuning`](Self::tuning), then [`Tuning::study`] |
    /// | write for SageMaker's own tuner | [`Self::for_study`], [`Self::from_study`] |
    /// | write as text | [`Document::to_json_text`] |
    ///
    /// ```
    /// use surmise_sagemaker::{Document, Validator};
    ///
    /// let text = r#"{ "HyperParameterTuningJobName": "trees",
    ///   "HyperParameterTuningJobConfig": {
    ///     "Strategy": "Bayesian",
    ///     "HyperParameterTuningJobObjective": {
    ///       "Type": "Minimize", "MetricName": "validation:rmse" },
    ///     "ResourceLimits": { "MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 4 },
    ///     "ParameterRanges": { "ContinuousParameterRanges": [
    ///       { "Name": "alpha", "MinValue": "0", "MaxValue": "1000" } ] } },
    ///   "TrainingJobDefinition": {
    ///     "AlgorithmSpecification": { "TrainingInputMode": "File",
    ///       "TrainingImage": "433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest" },
    ///     "StaticHyperParameters": { "num_round": "20" },
    ///     "RoleArn": "arn:aws:iam::012345678912:role/tuner",
    ///     "OutputDataConfig": { "S3OutputPath": "s3://bucket/models" },
    ///     "ResourceConfig": {
    ///       "InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30 },
    ///     "StoppingCondition": { "MaxRuntimeInSeconds": 3600 } } }"#;
    /// let document = Document::read(text.as_bytes())?;
    /// Validator::default().validate(&document).into_result()?;
    /// let mut request = document.request()?;
    /// request.name = "trees-2".to_owned();
    /// let study = request.tuning()?.study()?;
    /// assert_eq!(study.space().ranges()[0].name(), "alpha");
    ///
    /// // The same request for SageMaker's own tuner. Unchanged members keep their text.
    /// let for_sagemaker = request.for_study(&study, &Validator::default())?;
    /// assert!(document.to_json_text(&for_sagemaker)?.contains(r#""MaxValue": "1000""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Common mistakes
    ///
    /// - Numbers of ranges are strings (`"MinValue": "0"`), as SageMaker requires. Numbers of
    ///   limits are JSON numbers.
    /// - A name of a tuning job can be used only once. Change [`name`](Self::name) before you send
    ///   a request again, or the service answers `ResourceInUse`.
    /// - [`tuning`](Self::tuning) fails for several definitions, because a study has one space.
    ///   Tune each definition in a study of its own.
    ///
    /// Members that this version does not know are kept in `unknown_members` and written again.
    ///
    /// [`Document::read`]: crate::Document::read
    /// [`Document::request`]: crate::Document::request
    /// [`Document::to_json_text`]: crate::Document::to_json_text
    /// [`Validator::validate`]: crate::Validator::validate
    /// [`Tuning::study`]: crate::Tuning::study
    pub struct CreateHyperParameterTuningJobRequest in "CreateHyperParameterTuningJobRequest" {
        required {
            /// The name of the tuning job, unique in account and region.
            ///
            /// The names of its training jobs begin with it.
            name: String = "HyperParameterTuningJobName", TUNING_JOB_NAME;
            /// The strategy, the objective, the ranges and the limits.
            config: HyperParameterTuningJobConfig = "HyperParameterTuningJobConfig",
                HyperParameterTuningJobConfig::SHAPE;
        }
        optional {
            /// The definition of the training jobs.
            definition: HyperParameterTrainingJobDefinition = "TrainingJobDefinition",
                HyperParameterTrainingJobDefinition::SHAPE;
            /// The definitions of the training jobs, if one tuning job tunes several algorithms.
            definitions: Vec<HyperParameterTrainingJobDefinition> = "TrainingJobDefinitions",
                Shape::list(&HyperParameterTrainingJobDefinition::SHAPE, 1, 10);
            /// The earlier tuning jobs from which this one learns.
            warm_start: WarmStartConfig = "WarmStartConfig", WarmStartConfig::SHAPE;
            /// The tags of the tuning job and of its training jobs.
            tags: Vec<Tag> = "Tags", Shape::list(&Tag::SHAPE, 0, 50);
            /// Whether SageMaker chooses ranges and limits.
            autotune: Autotune = "Autotune", Autotune::SHAPE;
        }
    }
}

impl CreateHyperParameterTuningJobRequest {
    /// Returns all definitions of training jobs, whether the request has one or several.
    pub fn all_definitions(&self) -> impl Iterator<Item = &HyperParameterTrainingJobDefinition> {
        self.definition.iter().chain(self.definitions.iter().flatten())
    }
}

structure! {
    /// The earlier tuning jobs from which a tuning job learns.
    pub struct WarmStartConfig in "HyperParameterTuningJobWarmStartConfig" {
        required {
            /// The earlier tuning jobs, one to five.
            parents: Vec<ParentHyperParameterTuningJob> = "ParentHyperParameterTuningJobs",
                Shape::list(&ParentHyperParameterTuningJob::SHAPE, 1, 5);
            /// Whether data and algorithm are the same as in the earlier jobs.
            warm_start_type: WarmStartType = "WarmStartType", WarmStartType::SHAPE;
        }
        optional {}
    }
}

structure! {
    /// An earlier tuning job from which another one learns.
    pub struct ParentHyperParameterTuningJob in "ParentHyperParameterTuningJob" {
        required {}
        optional {
            /// The name of the earlier tuning job.
            name: String = "HyperParameterTuningJobName", TUNING_JOB_NAME;
        }
    }
}

choices! {
    /// How similar a tuning job is to those from which it learns.
    pub enum WarmStartType {
        /// Data and algorithm are the same.
        IdenticalDataAndAlgorithm = "IdenticalDataAndAlgorithm",
        /// Data or algorithm are similar.
        TransferLearning = "TransferLearning",
    }
}

structure! {
    /// A tag of a tuning job or training job.
    pub struct Tag in "Tag" {
        required {
            /// The key, unique among the tags of a resource.
            key: String = "Key", Shape::pattern(1, 128, TAG_TEXT, TAG_MEANING);
            /// The value of the tag.
            value: String = "Value", Shape::pattern(0, 256, TAG_TEXT, TAG_MEANING);
        }
        optional {}
    }
}

structure! {
    /// The setting that lets SageMaker choose ranges and limits.
    pub struct Autotune in "Autotune" {
        required {
            /// Whether SageMaker chooses ranges and limits.
            mode: AutotuneMode = "Mode", AutotuneMode::SHAPE;
        }
        optional {}
    }
}

choices! {
    /// Whether SageMaker chooses ranges and limits.
    pub enum AutotuneMode {
        /// SageMaker chooses ranges and limits.
        Enabled = "Enabled",
    }
}

/// Returns the shapes of all members of a request as JSON, in the form of the service's model.
///
/// A script compares them with the model in botocore.
pub fn service_model() -> serde_json::Value {
    CreateHyperParameterTuningJobRequest::SHAPE.to_json()
}
