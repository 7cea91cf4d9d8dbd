//! `surmise why`: why a trial was proposed, and how it ended.

use std::process::ExitCode;

use clap::Args;
use surmise::{Failure as TrialFailure, Outcome};

use super::file::{trial, view};
use super::trials::Times;
use crate::display::{duration, number, printable, short};
use crate::output::{Failure, ended, say};

#[derive(Debug, Args)]
pub(crate) struct WhyOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// The trial's number.
    trial: u64,
}

pub(crate) fn why(options: &WhyOptions) -> ExitCode {
    ended(try_why(options).map(|()| ExitCode::SUCCESS))
}

fn try_why(options: &WhyOptions) -> Result<(), Failure> {
    let view = view(&options.name)?;
    let study = &view.study;
    let trial = trial(study, options.trial)?;
    match study.why(trial.id) {
        Some(why) => say(format_args!("{why}."))?,
        None => say(format_args!("trial {} is a result from elsewhere.", trial.id))?,
    }
    say(format_args!("configuration: {}", short(&trial.configuration)))?;
    let attempts = trial.failed_attempts.iter().enumerate();
    for (attempt, TrialFailure { message, .. }) in attempts {
        say(format_args!("attempt {} failed: {}", attempt + 1, printable(message)))?;
    }
    if let Some(cause) = &trial.stop_asked {
        say(format_args!("it was asked to stop: {cause}"))?;
    }
    let took = Times::of(&view).took(trial.id).map(|took| format!(" after {}", duration(took)));
    let took = took.unwrap_or_default();
    let metric = &study.objective().metric_name;
    say(match &trial.outcome {
        None => "it has not ended".to_owned(),
        Some(Outcome::Completed { value }) => {
            format!("it completed{took}: {metric} {}", number(*value))
        }
        Some(Outcome::Stopped { value }) => {
            let value = value.map(|value| format!(": {metric} {}", number(value)));
            format!("it was stopped{took}{}", value.unwrap_or_default())
        }
        Some(Outcome::Failed(failure)) => {
            format!("it failed{took}: {}", printable(&failure.message))
        }
    })?;
    Ok(())
}
