//! `surmise export`: writes a study as CSV, as JSON, for Optuna or for SageMaker's tools.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surmise::journal::JournalView;
use surmise::{Outcome, ParameterRange, ParameterValue, Trial};

use super::file::{journal_file, pending_state, view};
use super::optuna;
use super::trials::{Times, as_csv, as_json, format_rfc3339, to_csv};
use crate::output::{CommandError, exit_code, print_line};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("form").required(true))]
pub(crate) struct ExportOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// Write CSV, with a row for each trial and a column for each parameter.
    #[arg(long, group = "form")]
    csv: bool,
    /// Write a JSON array with an object for each trial, including all reports.
    #[arg(long, group = "form")]
    json: bool,
    /// Write a journal file of Optuna, which its dashboard can open.
    #[arg(long, group = "form")]
    optuna_journal: bool,
    /// Write CSV with the columns of `HyperparameterTuningJobAnalytics.dataframe()` in AWS's
    /// package `sagemaker`.
    #[arg(long, group = "form")]
    sagemaker_analytics: bool,
    /// The file to write, instead of standard output. An existing file is replaced.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn export(options: &ExportOptions) -> ExitCode {
    exit_code(try_export(options).map(|()| ExitCode::SUCCESS))
}

fn try_export(options: &ExportOptions) -> Result<(), CommandError> {
    let view = view(&options.name)?;
    let pending = pending_state(&options.name);
    let path = journal_file(&options.name);
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = match options {
        ExportOptions { csv: true, .. } => {
            as_csv(&view, &view.study.trials().iter().collect::<Vec<_>>(), pending)?
        }
        ExportOptions { json: true, .. } => {
            let times = Times::new(&view);
            let trials = view.study.trials().iter();
            let records: Vec<_> = trials.map(|trial| as_json(trial, &times, pending)).collect();
            serde_json::to_string_pretty(&records)? + "\n"
        }
        ExportOptions { optuna_journal: true, .. } => optuna::write(&view, &name),
        _ => sagemaker_analytics(&view, &name)?,
    };
    match &options.output {
        None => print_line(text.trim_end())?,
        Some(file) => {
            std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    Ok(())
}

/// Formats the trials with the columns of AWS's `HyperparameterTuningJobAnalytics`, in its order.
fn sagemaker_analytics(view: &JournalView, name: &str) -> Result<String, CommandError> {
    let times = Times::new(view);
    let ranges = view.study.space().ranges();
    let job_columns = [
        "TrainingJobName",
        "TrainingJobStatus",
        "FinalObjectiveValue",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingElapsedTimeSeconds",
    ];
    let names = ranges.iter().map(ParameterRange::name);
    let header = names.chain(job_columns).map(str::to_owned).collect();
    let row = |trial: &Trial| {
        let values = ranges.iter().map(|range| {
            trial.configuration.value(range.name()).map(ParameterValue::to_text).unwrap_or_default()
        });
        let status = match &trial.outcome {
            None => "InProgress",
            Some(Outcome::Completed { .. }) => "Completed",
            Some(Outcome::Stopped { .. }) => "Stopped",
            Some(Outcome::Failed(_)) => "Failed",
        };
        let time = |time: Option<f64>| time.map(format_rfc3339).unwrap_or_default();
        let duration = times.duration(trial.id).map(|duration| duration.as_secs_f64().to_string());
        let job = format!("{name}-{:05}-{}", trial.id.0, trial.attempt());
        let job_values = [
            job,
            status.to_owned(),
            trial.value().map(|value| value.to_string()).unwrap_or_default(),
            time(times.started(trial.id)),
            time(times.ended(trial.id)),
            duration.unwrap_or_default(),
        ];
        values.chain(job_values).collect()
    };
    to_csv(std::iter::once(header).chain(view.study.trials().iter().map(row)))
}
