//! From a request to a study, and back: the gate between SageMaker's words and the engine's.

mod describe;
mod study;
mod write;

mod bring_back;

pub use self::bring_back::BroughtBack;
pub use self::describe::{
    FinalMetric, ModelArtifacts, ObjectiveStatus, ObjectiveStatusCounters, TrainingJobStatus,
    TrainingJobStatusCounters, TrainingJobSummary, TuningJobDescription, TuningJobStatus,
    model_address, training_jobs,
};
pub use self::study::Tuning;
