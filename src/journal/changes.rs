//! Going on with another search than a journal was written for.

use std::path::Path;

use super::found::{Found, replay};
use super::record::{Changed, Opened, Record, Search};
use super::sink::{Journal, Opening};
use crate::error::Error;
use crate::rng::Rng;
use crate::strategy::{Description, History, Proposal, Strategy};
use crate::study::Study;
use crate::trial::{Outcome, Trial};

/// Goes on with `study`, whose search differs from that of the journal.
///
/// # Errors
/// If the journal cannot be read or written.
pub(super) fn accept(
    path: &Path,
    mut found: Found,
    mut study: Study,
    now: Search,
    mut opening: Opening,
) -> Result<(Study, Journal), Error> {
    let events = std::mem::take(&mut found.scan.events);
    let numbers = std::mem::take(&mut found.scan.numbers);
    // A study that is like the one of before but for the strategy, to read the events that the new one cannot take in.
    let mut before = found.scan.search.study_by(Unknown::of(&found.scan.search))?;
    replay(path, &mut before, events.clone(), &numbers)?;
    let is_same_space = found.scan.search.space == now.space;
    let renewed = study.renewed()?;
    let is_same_metric = before.objective().metric_name == study.objective().metric_name;
    let goes_on = is_same_space && is_same_metric && study.extend(events).is_ok();
    let mut journal = found.journal(path, Opening::default())?;
    opening.was_there = true;
    opening.began_anew = !goes_on;
    opening.warnings = std::mem::take(&mut journal.opening.warnings);
    opening.torn = journal.opening.torn.take();
    if goes_on {
        journal.in_step_with(&study);
        opening.changes.push(format!("all {} trials are kept", study.trials().len()));
    } else {
        study = renewed;
        take_over(&before, &mut study, &mut opening.changes)?;
        journal.begun.clear();
        journal.from_before.clear();
    }
    journal.append(&Record::Opened(Opened::now()))?;
    let (hashes, search) = (now.hashes(), now);
    journal.search = search.clone();
    journal.append(&Record::Changed(Box::new(Changed { search, hashes, anew: !goes_on })))?;
    journal.opening = opening;
    journal.is_urgent = true;
    journal.write(&study)?;
    journal.sync()?;
    Ok((study, journal))
}

/// Observes what fits of the trials of before, and says what became of each kind.
fn take_over(before: &Study, study: &mut Study, changes: &mut Vec<String>) -> Result<(), Error> {
    let (mut kept, mut mapped) = (0, 0);
    let mut dropped: Vec<String> = Vec::new();
    for trial in before.trials() {
        match taken_over(before, trial, study)? {
            Ok(true) => kept += 1,
            Ok(false) => mapped += 1,
            Err(reason) => dropped.push(format!("trial {}: {reason}", trial.id)),
        }
    }
    changes.push(format!(
        "the study begins anew: {kept} trials are kept as observations, {mapped} with values that mean the same in the new space, {} are dropped",
        dropped.len()
    ));
    changes.extend(dropped);
    Ok(())
}

/// Observes a trial; whether its configuration is the same in the new space, or why it is dropped.
fn taken_over(
    before: &Study,
    trial: &Trial,
    study: &mut Study,
) -> Result<Result<bool, String>, Error> {
    let is_other_metric = before.objective().metric_name != study.objective().metric_name;
    let outcome = match &trial.outcome {
        None => return Ok(Err("it has not ended; its job may still run".to_owned())),
        Some(_) if trial.was_cut_off() => return Ok(Err("it was cut off".to_owned())),
        Some(Outcome::Stopped { value: None }) => return Ok(Err("it has no value".to_owned())),
        Some(outcome) if outcome.value().is_some() && is_other_metric => {
            let metric = &before.objective().metric_name;
            return Ok(Err(format!("its value is one of {metric:?}")));
        }
        Some(outcome) => outcome.clone(),
    };
    let normal = match study.space().normalize(&trial.configuration) {
        Ok(normal) => normal,
        Err(error) => return Ok(Err(error.to_string().replace('\n', "; "))),
    };
    let is_same = normal == trial.configuration;
    match (before.deviation(trial.id), &outcome) {
        (Some(deviation), Outcome::Completed { value }) => {
            study.observe_noisy(&normal, *value, deviation)?;
        }
        _ => {
            study.observe(&normal, outcome)?;
        }
    }
    Ok(Ok(is_same))
}

/// A strategy that is known by its description only, and proposes nothing.
#[derive(Debug)]
pub(super) struct Unknown(Description);

impl Unknown {
    pub(super) fn of(search: &Search) -> Self {
        Self(search.strategy().unwrap_or_else(|_| Description::named("unknown")))
    }
}

impl Strategy for Unknown {
    fn propose(&self, _history: &History<'_>, _rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        Err(Error::Strategy(format!(
            "`{}` is not one of this crate: go on in the program that has it",
            self.0.name
        )))
    }

    fn description(&self) -> Description {
        self.0.clone()
    }
}
