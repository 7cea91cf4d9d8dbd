//! `surmise sagemaker`: tuning requests of Amazon SageMaker.

#[cfg(feature = "fake")]
mod fake;
#[cfg(feature = "sdk")]
mod offline;
mod values;

#[cfg(feature = "sdk")]
mod connection;

mod arguments;
#[cfg(feature = "sdk")]
mod tune;

mod learner;

mod request;

mod command;

pub(crate) use self::command::{Command, run};
#[cfg(feature = "sdk")]
pub(crate) use self::connection::ConnectionOptions;
pub(crate) use self::learner::learner;
pub(crate) use self::values::json;
