//! Runs training programs on this machine as in SageMaker's training containers.

mod python;

mod hosts;

mod toolkit;

mod training_container;

pub use self::training_container::TrainingContainer;
