//! `surmise best`: prints the best configuration of a study.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use surmise::journal::JournalView;
use surmise::{Configuration, ParameterValue, Trial};

use super::file::view;
use crate::display::{format_configuration, format_number};
use crate::layout::COMMAND_NOTE;
use crate::output::{CommandError, exit_code, print_line};
use crate::study::quote;
use crate::tune::{CommandNote, command_line};

#[derive(Debug, Args)]
pub(crate) struct BestOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// Print the trial with the best estimated value instead of the best measured value, for noisy
    /// metrics.
    #[arg(long)]
    recommended: bool,
    /// Print a JSON object with exact values.
    #[arg(long, group = "form")]
    json: bool,
    /// Print the command with this configuration, quoted for a shell.
    #[arg(long, group = "form")]
    command: bool,
    /// Print `export HP_NAME=value` for each parameter, quoted for a shell: the variables of
    /// `--pass env`.
    #[arg(long, group = "form")]
    env: bool,
}

pub(crate) fn best(options: &BestOptions) -> ExitCode {
    exit_code(try_best(options).map(|()| ExitCode::SUCCESS))
}

fn try_best(options: &BestOptions) -> Result<(), CommandError> {
    let view = view(&options.name)?;
    let study = &view.study;
    let trial = if options.recommended { study.recommended()? } else { study.best() };
    let trial = trial.ok_or("no trial has completed yet")?;
    let configuration = &trial.configuration;
    let text = match options {
        BestOptions { json: true, .. } => {
            json!({"trial": trial.id, "value": trial.value(), "configuration": configuration})
                .to_string()
        }
        BestOptions { command: true, .. } => best_command(&view, configuration)?,
        BestOptions { env: true, .. } => export_lines(configuration),
        _ => describe_best(&view, trial),
    };
    Ok(print_line(text)?)
}

fn describe_best(view: &JournalView, trial: &Trial) -> String {
    let metric = &view.study.objective().metric_name;
    let value = trial.value().map(format_number).unwrap_or_default();
    format!("trial {}, {metric} {value}: {}", trial.id, format_configuration(&trial.configuration))
}

pub(super) fn best_command(
    view: &JournalView,
    configuration: &Configuration,
) -> Result<String, CommandError> {
    let note = view.notes.get(COMMAND_NOTE).and_then(|note| CommandNote::deserialize(note).ok());
    let note = note.filter(|note| !note.pass.is_empty() && note.pass != "container");
    let note = note.ok_or(
        "the study has no command with parameters: its jobs run a test function, a SageMaker \
         container or `surmise ask`",
    )?;
    Ok(command_line(&note, view.study.space(), configuration)?)
}

fn export_lines(configuration: &Configuration) -> String {
    let variable = |(name, value): (&str, &ParameterValue)| {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let name: String = name.chars().map(upper).collect();
        format!("export HP_{name}={}", quote(&value.to_text()))
    };
    configuration.iter().map(variable).collect::<Vec<_>>().join("\n")
}
