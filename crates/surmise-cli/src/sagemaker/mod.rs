//! `surmise sagemaker`: tuning requests of Amazon SageMaker.

mod arguments;
mod request;

#[cfg(feature = "fake")]
mod fake;
#[cfg(feature = "sdk")]
mod offline;
#[cfg(feature = "sdk")]
mod tune;

use std::process::ExitCode;

use surmise_sagemaker::service_model;

pub(crate) use self::arguments::Command;
use self::request::{Way, judged};
use crate::output::{ended, say};

pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Check { reading } => judged(&reading, Way::Check),
        Command::Run { reading, limits } => judged(&reading, Way::Run(&limits)),
        Command::Write { reading, limits } => judged(&reading, Way::Write(&limits)),
        Command::Describe { reading, limits } => judged(&reading, Way::Describe(&limits)),
        Command::Model => {
            let said = say(format!("{:#}", service_model()));
            ended(said.map(|()| ExitCode::SUCCESS).map_err(Into::into))
        }
        #[cfg(feature = "sdk")]
        Command::Tune(options) => ended(tune::run(&options).map(|()| ExitCode::SUCCESS)),
        #[cfg(feature = "sdk")]
        Command::Offline(options) => ended(offline::run(&options).map(|()| ExitCode::SUCCESS)),
        #[cfg(feature = "fake")]
        Command::Fake { port } => ended(fake::run(port).map(|()| ExitCode::SUCCESS)),
    }
}
