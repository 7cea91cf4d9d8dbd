//! SageMaker's training containers, on this machine.

mod python;

mod toolkit;

mod contract;

pub use self::contract::TrainingContainer;
