//! Converts requests to studies and back, and imports the training jobs of other tuning jobs.

mod describe;
mod study;
mod write;

mod import;

pub use self::describe::{
    FinalMetric, ModelArtifacts, ObjectiveStatus, ObjectiveStatusCounters, TrainingJobStatus,
    TrainingJobStatusCounters, TrainingJobSummary, TuningJobDescription, TuningJobStatus,
    model_s3_uri, training_job_summaries,
};
pub use self::import::ImportSummary;
pub use self::study::Tuning;
