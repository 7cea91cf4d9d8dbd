//! `surmise sagemaker`: checks, runs and writes tuning requests of Amazon SageMaker.

#[cfg(feature = "fake")]
mod fake;
#[cfg(feature = "sdk")]
mod offline;
mod value_parsers;

#[cfg(feature = "sdk")]
mod connection;

mod arguments;
#[cfg(feature = "sdk")]
mod tune;

mod built_in_trees;

mod request;

mod command;

pub(crate) use self::built_in_trees::configure_built_in_trees;
pub(crate) use self::command::{Command, run};
#[cfg(feature = "sdk")]
pub(crate) use self::connection::{ConnectionOptions, NOTHING_SENT, UNLIMITED_COST};
pub(crate) use self::value_parsers::parse_json;
