//! Continues a journal with another search than it was written for.

use std::path::Path;

use super::existing::{ExistingJournal, replay};
use super::record::{Changed, Opened, Record, SearchDescription};
use super::writer::{Journal, OpenSummary};
use crate::error::Error;
use crate::rng::Rng;
use crate::strategy::{Description, History, Proposal, Strategy};
use crate::study::Study;
use crate::trial::{Outcome, Trial};

/// Continues the journal with `study`, whose search differs from that of the journal.
///
/// # Errors
/// [`Error::Journal`] if the journal cannot be read or written.
pub(super) fn accept(
    path: &Path,
    mut existing: ExistingJournal,
    mut study: Study,
    new_search: SearchDescription,
    mut open_summary: OpenSummary,
) -> Result<(Study, Journal), Error> {
    let events = std::mem::take(&mut existing.scan.events);
    let seqs = std::mem::take(&mut existing.scan.seqs);
    // This study has the former search, so it accepts the events that the new study may reject. Its
    // strategy proposes nothing.
    let old_search = &existing.scan.search;
    let mut old_study =
        old_search.build_study_with(PlaceholderStrategy::from_search(old_search))?;
    replay(path, &mut old_study, events.clone(), &seqs)?;
    let is_same_space = old_search.space == new_search.space;
    let restarted = study.empty_copy()?;
    let is_same_metric = old_study.objective().metric_name == study.objective().metric_name;
    let continues = is_same_space && is_same_metric && study.extend(events).is_ok();
    let mut journal = existing.into_journal(path, OpenSummary::default())?;
    open_summary.is_resumed = true;
    open_summary.is_restarted = !continues;
    open_summary.warnings = std::mem::take(&mut journal.open_summary.warnings);
    open_summary.torn_line_copy = journal.open_summary.torn_line_copy.take();
    if continues {
        journal.mark_written(&study);
        open_summary.changes.push(format!("all {} trials are kept", study.trials().len()));
    } else {
        study = restarted;
        transfer_trials(&old_study, &mut study, &mut open_summary.changes)?;
        journal.attempt_starts.clear();
        journal.earlier_attempts.clear();
    }
    journal.append(&Record::Opened(Opened::now()))?;
    let (hashes, search) = (new_search.hashes(), new_search);
    journal.search = search.clone();
    let changed = Changed { search, hashes, is_restarted: !continues };
    journal.append(&Record::Changed(Box::new(changed)))?;
    journal.open_summary = open_summary;
    journal.is_urgent = true;
    journal.write(&study)?;
    journal.sync()?;
    Ok((study, journal))
}

/// Adds the former trials that fit as observations, and lists what happened to the trials.
fn transfer_trials(
    old_study: &Study,
    study: &mut Study,
    changes: &mut Vec<String>,
) -> Result<(), Error> {
    let (mut kept, mut converted) = (0, 0);
    let mut dropped: Vec<String> = Vec::new();
    for trial in old_study.trials() {
        match transfer_trial(old_study, trial, study)? {
            Ok(true) => kept += 1,
            Ok(false) => converted += 1,
            Err(reason) => dropped.push(format!("trial {}: {reason}", trial.id)),
        }
    }
    changes.push(format!(
        "the study starts again: {kept} trials are kept as observations, {converted} with values \
         converted to the new space, {} are dropped",
        dropped.len()
    ));
    changes.extend(dropped);
    Ok(())
}

/// Adds a former trial as an observation.
///
/// Returns `true` if its configuration is the same in the new space, `false` if values were
/// converted, or the reason why the trial is dropped.
fn transfer_trial(
    old_study: &Study,
    trial: &Trial,
    study: &mut Study,
) -> Result<Result<bool, String>, Error> {
    let is_other_metric = old_study.objective().metric_name != study.objective().metric_name;
    let outcome = match &trial.outcome {
        None => return Ok(Err("it has not ended; its job may still run".to_owned())),
        Some(_) if trial.needs_rerun() => return Ok(Err("it was interrupted".to_owned())),
        Some(Outcome::Stopped { value: None }) => return Ok(Err("it has no value".to_owned())),
        Some(outcome) if outcome.value().is_some() && is_other_metric => {
            let metric = &old_study.objective().metric_name;
            return Ok(Err(format!("its value is of the metric {metric:?}")));
        }
        Some(outcome) => outcome.clone(),
    };
    let normal = match study.space().normalize(&trial.configuration) {
        Ok(normal) => normal,
        Err(error) => return Ok(Err(error.to_string().replace('\n', "; "))),
    };
    let is_same = normal == trial.configuration;
    match (old_study.noise_std_dev(trial.id), &outcome) {
        (Some(noise_std_dev), Outcome::Completed { value }) => {
            study.add_noisy_observation(&normal, *value, noise_std_dev)?;
        }
        _ => {
            study.add_observation(&normal, outcome)?;
        }
    }
    Ok(Ok(is_same))
}

/// A strategy that has only a description, and proposes nothing.
#[derive(Debug)]
pub(super) struct PlaceholderStrategy(Description);

impl PlaceholderStrategy {
    pub(super) fn from_search(search: &SearchDescription) -> Self {
        Self(search.strategy_description().unwrap_or_else(|_| Description::named("unknown")))
    }
}

impl Strategy for PlaceholderStrategy {
    fn propose(&self, _history: &History<'_>, _rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        Err(Error::Strategy(format!(
            "`{}` is not a strategy of this crate; resume in the program that has it",
            self.0.name
        )))
    }

    fn description(&self) -> Description {
        self.0.clone()
    }
}
