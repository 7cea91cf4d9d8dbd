//! `surmise enqueue` and `surmise tell`: adding to a study that no tuner writes.

use std::process::ExitCode;

use clap::Args;
use surmise::journal::Journal;
use surmise::trial::Source;
use surmise::{Failure as TrialFailure, FailureKind, Outcome};

use super::file::{journal_file, open, trial};
use crate::display::{number, one_line, plural, short};
use crate::output::{Failure, Unreadable, ended, say};
use crate::study::{FaultyText, parse_configuration, shown, with_option_names};

#[derive(Debug, Args)]
pub(crate) struct EnqueueOptions {
    /// The study: its name, or its journal's file. No tuner may run on it.
    name: String,
    /// What to try next, such as `lr=0.01 opt=adam`. The strategy chooses what is not named.
    #[arg(value_name = "NAME=VALUE …")]
    configuration: String,
}

#[derive(Debug, Args)]
pub(crate) struct TellOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// The trial's number.
    trial: u64,
    /// The value of the metric.
    #[arg(allow_negative_numbers = true, required_unless_present = "failed")]
    value: Option<f64>,
    /// The trial came to nothing, for this reason.
    #[arg(long, value_name = "REASON", conflicts_with = "value")]
    failed: Option<String>,
    /// The value is one on the way, at this step (an epoch): the trial goes on.
    #[arg(long, value_name = "N", requires = "value")]
    step: Option<u64>,
}

pub(crate) fn enqueue(options: &EnqueueOptions) -> ExitCode {
    ended(try_enqueue(options).map(|()| ExitCode::SUCCESS))
}

fn try_enqueue(options: &EnqueueOptions) -> Result<(), Failure> {
    let (mut study, mut journal) =
        open(&journal_file(&options.name), |path| Ok(Journal::open(path)?))?;
    let text = options.configuration.clone();
    let configuration = parse_configuration(study.space(), &text).map_err(|faults| {
        Unreadable(shown(&[FaultyText { origin: "configuration".to_owned(), text, faults }]))
    })?;
    study
        .enqueue(&configuration)
        .map_err(|error| Unreadable(with_option_names(&error.to_string())))?;
    journal.write(&study)?;
    let waiting = study.enqueued().count();
    let waiting = plural(waiting, "configuration");
    say(format_args!("enqueued {}; {waiting} to be tried", short(&configuration)))?;
    let jobs =
        study.trials().iter().filter(|trial| trial.source == Source::Own && !trial.was_cut_off());
    if study.settings().limits.max_jobs.is_some_and(|most| jobs.count() >= most) {
        say("All jobs of the study are done; run its line with more --jobs to try it.")?;
    }
    Ok(())
}

pub(crate) fn tell(options: &TellOptions) -> ExitCode {
    ended(try_tell(options).map(|()| ExitCode::SUCCESS))
}

fn try_tell(options: &TellOptions) -> Result<(), Failure> {
    let (mut study, mut journal) =
        open(&journal_file(&options.name), |path| Ok(Journal::open(path)?))?;
    let id = trial(&study, options.trial)?.id;
    if let (Some(step), Some(value)) = (options.step, options.value) {
        study.report(id, step, value)?;
        journal.write(&study)?;
        return Ok(journal.sync()?);
    }
    let outcome = match (&options.failed, options.value) {
        (Some(reason), _) => Outcome::Failed(TrialFailure::new(FailureKind::Error, reason)),
        (None, value) => Outcome::from(value.unwrap_or(f64::NAN)),
    };
    let known = trial(&study, options.trial)?.outcome.clone();
    if known.as_ref() == Some(&outcome) {
        // It was told before, and the answer was lost.
        return Ok(());
    }
    if let Some(known) = known {
        let known = match known {
            Outcome::Completed { value } => number(value),
            Outcome::Failed(failure) => format!("a failure, {}", one_line(&failure.message)),
            Outcome::Stopped { .. } => "a stop".to_owned(),
        };
        // It is kept in the journal, and does not count.
        let _ = study.tell(id, outcome);
        journal.write(&study)?;
        return Err(format!(
            "trial {id} has ended already, with {known}: the second result is set aside"
        )
        .into());
    }
    let is_finite = options.value.is_none_or(f64::is_finite);
    study.tell(id, outcome)?;
    journal.write(&study)?;
    if !is_finite {
        say(format_args!("trial {id} has failed: its value is not finite"))?;
    }
    if study.best().is_some_and(|best| best.id == id) {
        let value = options.value.map(number).unwrap_or_default();
        say(format_args!("trial {id} is the best so far: {value}"))?;
    }
    Ok(())
}
