//! `surmise best`: the best configuration of a study.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use surmise::journal::JournalView;
use surmise::{Configuration, ParameterValue, Trial};

use super::file::view;
use crate::display::{number, short};
use crate::layout::COMMAND_NOTE;
use crate::output::{Failure, ended, say};
use crate::study::quoted;
use crate::tune::{CommandNote, command_line};

#[derive(Debug, Args)]
pub(crate) struct BestOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// The trial whose value is believed to be the best, instead of the one that had it: for noisy metrics.
    #[arg(long)]
    recommended: bool,
    /// A JSON object, with exact values.
    #[arg(long, group = "form")]
    json: bool,
    /// The command with the configuration, as a shell takes it.
    #[arg(long, group = "form")]
    command: bool,
    /// `export HP_NAME=value` for each parameter, as a shell takes it: the variables of `--pass env`.
    #[arg(long, group = "form")]
    env: bool,
}

pub(crate) fn best(options: &BestOptions) -> ExitCode {
    ended(try_best(options).map(|()| ExitCode::SUCCESS))
}

fn try_best(options: &BestOptions) -> Result<(), Failure> {
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
        BestOptions { command: true, .. } => command(&view, configuration)?,
        BestOptions { env: true, .. } => variables(configuration),
        _ => text(&view, trial),
    };
    Ok(say(text)?)
}

fn text(view: &JournalView, trial: &Trial) -> String {
    let metric = &view.study.objective().metric_name;
    let value = trial.value().map(number).unwrap_or_default();
    format!("trial {}, {metric} {value}: {}", trial.id, short(&trial.configuration))
}

pub(super) fn command(
    view: &JournalView,
    configuration: &Configuration,
) -> Result<String, Failure> {
    let note = view.notes.get(COMMAND_NOTE).and_then(|note| CommandNote::deserialize(note).ok());
    let note = note.filter(|note| !note.pass.is_empty() && note.pass != "container");
    let note = note.ok_or("the study has no command that takes parameters: they are a function's or a container's, or those of `ask`")?;
    Ok(command_line(&note, view.study.space(), configuration)?)
}

fn variables(configuration: &Configuration) -> String {
    let variable = |(name, value): (&str, &ParameterValue)| {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let name: String = name.chars().map(upper).collect();
        format!("export HP_{name}={}", quoted(&value.printed()))
    };
    configuration.iter().map(variable).collect::<Vec<_>>().join("\n")
}
