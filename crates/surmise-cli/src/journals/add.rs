//! `surmise enqueue` and `surmise tell`: add configurations and results to a study.

use std::process::ExitCode;

use clap::Args;
use surmise::journal::Journal;
use surmise::trial::Source;
use surmise::{Failure, FailureKind, Outcome};

use super::file::{journal_file, open_journal, trial};
use crate::display::{format_configuration, format_number, pluralize, shorten_message};
use crate::output::{CommandError, InvalidInput, exit_code, print_line};
use crate::study::{TextDiagnostics, parse_configuration, render, with_option_names};

#[derive(Debug, Args)]
pub(crate) struct EnqueueOptions {
    /// The name of the study, or its journal file. No `surmise tune` may be running on it.
    name: String,
    /// The configuration to try next, such as `lr=0.01 opt=adam`. The strategy chooses the
    /// parameters that it does not name.
    #[arg(value_name = "NAME=VALUE …")]
    configuration: String,
}

#[derive(Debug, Args)]
pub(crate) struct TellOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// The number of the trial.
    trial: u64,
    /// The value of the metric.
    #[arg(allow_negative_numbers = true, required_unless_present = "failed")]
    value: Option<f64>,
    /// Record that the trial failed, for this reason.
    #[arg(long, value_name = "REASON", conflicts_with = "value")]
    failed: Option<String>,
    /// Record an intermediate value at this step, such as an epoch. The trial continues.
    #[arg(long, value_name = "N", requires = "value")]
    step: Option<u64>,
}

pub(crate) fn enqueue(options: &EnqueueOptions) -> ExitCode {
    exit_code(try_enqueue(options).map(|()| ExitCode::SUCCESS))
}

fn try_enqueue(options: &EnqueueOptions) -> Result<(), CommandError> {
    let (mut study, mut journal) =
        open_journal(&journal_file(&options.name), |path| Ok(Journal::open(path)?))?;
    let text = options.configuration.clone();
    let configuration = parse_configuration(study.space(), &text).map_err(|diagnostics| {
        InvalidInput(render(&[TextDiagnostics {
            origin: "configuration".to_owned(),
            text,
            diagnostics,
        }]))
    })?;
    study
        .enqueue(&configuration)
        .map_err(|error| InvalidInput(with_option_names(&error.to_string())))?;
    journal.write(&study)?;
    let waiting = study.enqueued().count();
    let waiting = pluralize(waiting, "configuration");
    print_line(format_args!(
        "enqueued {}; {waiting} to be tried",
        format_configuration(&configuration)
    ))?;
    let jobs =
        study.trials().iter().filter(|trial| trial.source == Source::Study && !trial.needs_rerun());
    if study.settings().limits.max_jobs.is_some_and(|max_jobs| jobs.count() >= max_jobs) {
        print_line(
            "All jobs of the study are done. Run its command again with more --jobs to try this \
             configuration.",
        )?;
    }
    Ok(())
}

pub(crate) fn tell(options: &TellOptions) -> ExitCode {
    exit_code(try_tell(options).map(|()| ExitCode::SUCCESS))
}

fn try_tell(options: &TellOptions) -> Result<(), CommandError> {
    let (mut study, mut journal) =
        open_journal(&journal_file(&options.name), |path| Ok(Journal::open(path)?))?;
    let id = trial(&study, options.trial)?.id;
    if let (Some(step), Some(value)) = (options.step, options.value) {
        study.report(id, step, value)?;
        journal.write(&study)?;
        return Ok(journal.sync()?);
    }
    let outcome = match (&options.failed, options.value) {
        (Some(reason), _) => Outcome::Failed(Failure::new(FailureKind::Error, reason)),
        (None, value) => Outcome::from(value.unwrap_or(f64::NAN)),
    };
    let recorded = trial(&study, options.trial)?.outcome.clone();
    if recorded.as_ref() == Some(&outcome) {
        // The client repeats a result because it has lost the reply.
        return Ok(());
    }
    if let Some(recorded) = recorded {
        let recorded = match recorded {
            Outcome::Completed { value } => format!("the value {}", format_number(value)),
            Outcome::Failed(failure) => {
                format!("the failure {:?}", shorten_message(&failure.message))
            }
            Outcome::Stopped { .. } => "a stop".to_owned(),
        };
        // The journal records the second result, but the study does not use it.
        let _ = study.tell(id, outcome);
        journal.write(&study)?;
        return Err(format!(
            "trial {id} has already ended with {recorded}; the second result is not used"
        )
        .into());
    }
    let is_finite = options.value.is_none_or(f64::is_finite);
    study.tell(id, outcome)?;
    journal.write(&study)?;
    if !is_finite {
        print_line(format_args!("trial {id} failed: its value is not finite"))?;
    }
    if study.best().is_some_and(|best| best.id == id) {
        let value = options.value.map(format_number).unwrap_or_default();
        print_line(format_args!("trial {id} is the best so far: {value}"))?;
    }
    Ok(())
}
