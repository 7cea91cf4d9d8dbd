//! `surmise sagemaker`: tuning requests of Amazon SageMaker.

#[cfg(feature = "fake")]
mod fake;
#[cfg(feature = "sdk")]
mod offline;
mod values;

mod arguments;
#[cfg(feature = "sdk")]
mod tune;

mod learner;

mod request;

mod command;

pub(crate) use self::command::{Command, run};
pub(crate) use self::learner::learner;
pub(crate) use self::values::json;
