//! `surmise export`: a study in the forms of other programs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surmise::journal::JournalView;
use surmise::{Outcome, ParameterRange, ParameterValue, Trial};

use super::file::{journal_file, pending_state, view};
use super::optuna;
use super::trials::{Times, as_csv, as_json, csv, rfc3339};
use crate::output::{Failure, ended, say};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("form").required(true))]
pub(crate) struct ExportOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// CSV: a row for each trial, a column for each parameter.
    #[arg(long, group = "form")]
    csv: bool,
    /// An array of JSON objects, with all reports.
    #[arg(long, group = "form")]
    json: bool,
    /// A journal file of Optuna, which its dashboard opens.
    #[arg(long, group = "form")]
    optuna_journal: bool,
    /// CSV with the columns of `HyperparameterTuningJobAnalytics.dataframe()` of AWS's package `sagemaker`.
    #[arg(long, group = "form")]
    sagemaker_analytics: bool,
    /// The file to write, in place of standard output. One that is there is replaced.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn export(options: &ExportOptions) -> ExitCode {
    ended(try_export(options).map(|()| ExitCode::SUCCESS))
}

fn try_export(options: &ExportOptions) -> Result<(), Failure> {
    let view = view(&options.name)?;
    let pending = pending_state(&options.name);
    let path = journal_file(&options.name);
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = match options {
        ExportOptions { csv: true, .. } => {
            as_csv(&view, &view.study.trials().iter().collect::<Vec<_>>(), pending)?
        }
        ExportOptions { json: true, .. } => {
            let times = Times::of(&view);
            let trials = view.study.trials().iter();
            let records: Vec<_> = trials.map(|trial| as_json(trial, &times, pending)).collect();
            serde_json::to_string_pretty(&records)? + "\n"
        }
        ExportOptions { optuna_journal: true, .. } => optuna::write(&view, &name),
        _ => sagemaker_analytics(&view, &name)?,
    };
    match &options.output {
        None => say(text.trim_end())?,
        Some(file) => {
            std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    Ok(())
}

/// The columns of AWS's `HyperparameterTuningJobAnalytics`, in its order.
fn sagemaker_analytics(view: &JournalView, name: &str) -> Result<String, Failure> {
    let times = Times::of(view);
    let ranges = view.study.space().ranges();
    let own = [
        "TrainingJobName",
        "TrainingJobStatus",
        "FinalObjectiveValue",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingElapsedTimeSeconds",
    ];
    let names = ranges.iter().map(ParameterRange::name).chain(own).map(str::to_owned).collect();
    let row = |trial: &Trial| {
        let values = ranges.iter().map(|range| {
            trial.configuration.value(range.name()).map(ParameterValue::printed).unwrap_or_default()
        });
        let status = match &trial.outcome {
            None => "InProgress",
            Some(Outcome::Completed { .. }) => "Completed",
            Some(Outcome::Stopped { .. }) => "Stopped",
            Some(Outcome::Failed(_)) => "Failed",
        };
        let time = |time: Option<f64>| time.map(rfc3339).unwrap_or_default();
        let took = times.took(trial.id).map(|took| took.as_secs_f64().to_string());
        let job = format!("{name}-{:05}-{}", trial.id.0, trial.attempt());
        let rest = [
            job,
            status.to_owned(),
            trial.value().map(|value| value.to_string()).unwrap_or_default(),
            time(times.begun(trial.id)),
            time(times.ended(trial.id)),
            took.unwrap_or_default(),
        ];
        values.chain(rest).collect()
    };
    csv(std::iter::once(names).chain(view.study.trials().iter().map(row)))
}
