//! The whole request: `CreateHyperParameterTuningJob`.

use super::config::HyperParameterTuningJobConfig;
use super::declare::{choices, structure};
use super::definition::HyperParameterTrainingJobDefinition;
use crate::shape::Shape;

pub(crate) const TUNING_JOB_NAME: Shape = Shape::like(
    1,
    32,
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}",
    "made of letters, digits, and hyphens between them",
);
const TAG_TEXT: &str = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
const TAG_MEANING: &str = "made of letters, digits, spaces and _ . : / = + - @";

structure! {
    /// What SageMaker is asked for: a tuning job, and what its training jobs are.
    pub struct CreateHyperParameterTuningJobRequest in "CreateHyperParameterTuningJobRequest" {
        required {
            /// The name of the tuning job: unique in account and region, and the beginning of its training jobs' names.
            name: String = "HyperParameterTuningJobName", TUNING_JOB_NAME;
            /// How it searches.
            config: HyperParameterTuningJobConfig = "HyperParameterTuningJobConfig",
                HyperParameterTuningJobConfig::SHAPE;
        }
        optional {
            /// What its training jobs are.
            definition: HyperParameterTrainingJobDefinition = "TrainingJobDefinition",
                HyperParameterTrainingJobDefinition::SHAPE;
            /// The same where several algorithms are tuned together.
            definitions: Vec<HyperParameterTrainingJobDefinition> = "TrainingJobDefinitions",
                Shape::list(&HyperParameterTrainingJobDefinition::SHAPE, 1, 10);
            /// Which earlier tuning jobs it learns from.
            warm_start: WarmStartConfig = "WarmStartConfig", WarmStartConfig::SHAPE;
            /// Labels for people and bills; training jobs get them too.
            tags: Vec<Tag> = "Tags", Shape::list(&Tag::SHAPE, 0, 50);
            /// Whether SageMaker chooses ranges and limits.
            autotune: Autotune = "Autotune", Autotune::SHAPE;
        }
    }
}

impl CreateHyperParameterTuningJobRequest {
    /// The definitions of training jobs, be it one or several.
    pub fn all_definitions(&self) -> impl Iterator<Item = &HyperParameterTrainingJobDefinition> {
        self.definition.iter().chain(self.definitions.iter().flatten())
    }
}

structure! {
    /// Which earlier tuning jobs are learnt from.
    pub struct WarmStartConfig in "HyperParameterTuningJobWarmStartConfig" {
        required {
            /// One to five of them.
            parents: Vec<ParentHyperParameterTuningJob> = "ParentHyperParameterTuningJobs",
                Shape::list(&ParentHyperParameterTuningJob::SHAPE, 1, 5);
            /// What they have in common with this one.
            warm_start_type: WarmStartType = "WarmStartType", WarmStartType::SHAPE;
        }
        optional {}
    }
}

structure! {
    /// An earlier tuning job.
    pub struct ParentHyperParameterTuningJob in "ParentHyperParameterTuningJob" {
        required {}
        optional {
            /// Its name.
            name: String = "HyperParameterTuningJobName", TUNING_JOB_NAME;
        }
    }
}

choices! {
    /// What a tuning job has in common with those that it learns from.
    pub enum WarmStartType {
        /// Data and algorithm are the same.
        IdenticalDataAndAlgorithm = "IdenticalDataAndAlgorithm",
        /// They are related.
        TransferLearning = "TransferLearning",
    }
}

structure! {
    /// A label.
    pub struct Tag in "Tag" {
        required {
            /// Of which kind; unique.
            key: String = "Key", Shape::like(1, 128, TAG_TEXT, TAG_MEANING);
            /// What it says.
            value: String = "Value", Shape::like(0, 256, TAG_TEXT, TAG_MEANING);
        }
        optional {}
    }
}

structure! {
    /// Whether SageMaker chooses ranges and limits.
    pub struct Autotune in "Autotune" {
        required {
            /// Whether.
            mode: AutotuneMode = "Mode", AutotuneMode::SHAPE;
        }
        optional {}
    }
}

choices! {
    /// Whether SageMaker chooses ranges and limits.
    pub enum AutotuneMode {
        /// It does.
        Enabled = "Enabled",
    }
}

/// The rules of single members as JSON, in the words of the service's own model, so that a script can compare them with it.
pub fn service_model() -> serde_json::Value {
    CreateHyperParameterTuningJobRequest::SHAPE.to_json()
}
