//! `surmise why`: explains why a trial was proposed, and how it ended.

use std::process::ExitCode;

use clap::Args;
use surmise::{Failure, Outcome};

use super::file::{trial, view};
use super::trials::Times;
use crate::display::{format_configuration, format_duration, format_number, sanitize};
use crate::output::{CommandError, exit_code, print_line};

#[derive(Debug, Args)]
pub(crate) struct WhyOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// The number of the trial.
    trial: u64,
}

pub(crate) fn why(options: &WhyOptions) -> ExitCode {
    exit_code(try_why(options).map(|()| ExitCode::SUCCESS))
}

fn try_why(options: &WhyOptions) -> Result<(), CommandError> {
    let view = view(&options.name)?;
    let study = &view.study;
    let trial = trial(study, options.trial)?;
    match study.why(trial.id) {
        Some(why) => print_line(format_args!("{why}."))?,
        None => print_line(format_args!("trial {} was imported, not proposed.", trial.id))?,
    }
    print_line(format_args!("configuration: {}", format_configuration(&trial.configuration)))?;
    let attempts = trial.failed_attempts.iter().enumerate();
    for (attempt, Failure { message, .. }) in attempts {
        print_line(format_args!("attempt {} failed: {}", attempt + 1, sanitize(message)))?;
    }
    if let Some(cause) = &trial.stop_cause {
        print_line(format_args!("a stop was requested: {cause}"))?;
    }
    let duration = Times::new(&view)
        .duration(trial.id)
        .map(|duration| format!(" after {}", format_duration(duration)));
    let duration = duration.unwrap_or_default();
    let metric = &study.objective().metric_name;
    print_line(match &trial.outcome {
        None => "it has not ended".to_owned(),
        Some(Outcome::Completed { value }) => {
            format!("it completed{duration}: {metric} {}", format_number(*value))
        }
        Some(Outcome::Stopped { value }) => {
            let value = value.map(|value| format!(": {metric} {}", format_number(value)));
            format!("it was stopped{duration}{}", value.unwrap_or_default())
        }
        Some(Outcome::Failed(failure)) => {
            format!("it failed{duration}: {}", sanitize(&failure.message))
        }
    })?;
    Ok(())
}
