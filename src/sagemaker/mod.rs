//! SageMaker's tuning request as data: read it, and turn it into a search. No SDK and no network.

mod config;
mod convert;

pub use self::config::{
    CategoricalRange, HyperParameterTuningJobConfig, JobObjective, JobResourceLimits, JobStrategy,
    NumericRange, ParameterRanges,
};
pub use self::convert::Tuning;
