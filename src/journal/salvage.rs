//! What can be saved of a damaged journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::changes::Unknown;
use super::clock::now;
use super::line;
use super::record::{Changed, Created, Record, Search};
use super::scan::written_later;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalTrouble};
use crate::space::Configuration;
use crate::study::{Event, Study};
use crate::trial::{Outcome, TrialId};

/// The sound records of a damaged file, in their order.
pub(super) struct Sound {
    pub(super) created: Option<Created>,
    /// The version of a later form in which a part of it is written, and of the crate that wrote that.
    pub(super) later: Option<(u32, String)>,
    /// For how many seconds it has been written, as far as they tell.
    pub(super) spent: f64,
    records: Vec<(f64, Saved)>,
    /// What is not sound, or missing.
    pub(super) lost: Vec<String>,
}

enum Saved {
    Event(u64, Event),
    Changed(Box<Changed>),
    Noted { name: String, note: serde_json::Value },
}

/// What is left of the study.
pub(super) struct Salvage {
    pub(super) search: Search,
    /// Its events, and when they were written.
    pub(super) events: Vec<(f64, Event)>,
    pub(super) notes: BTreeMap<String, serde_json::Value>,
    /// What is not, a sentence each.
    pub(super) lost: Vec<String>,
    /// Trials that have other numbers now: the one before, and the one now.
    pub(super) renumbered: Vec<(TrialId, TrialId)>,
}

/// A trial whose number is not the next one, because those before it are lost.
struct Orphan {
    configuration: Configuration,
    outcome: Option<Outcome>,
    deviation: Option<f64>,
}

impl Sound {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut lines: BTreeMap<u64, (f64, &str, &str)> = BTreeMap::new();
        let mut lost = Vec::new();
        let mut later = None;
        let mut offset = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line::read(line.strip_suffix(b"\n").unwrap_or(line)) {
                Ok(line) => {
                    let seq = line.label.seq;
                    later = later.or_else(|| written_later(&line));
                    let this = (line.label.time, line.event, line.text);
                    let kept = lines.entry(seq).or_insert(this);
                    if kept.2 != line.text {
                        lost.push(format!(
                            "at byte {offset}: record {seq} once more, with other contents; the first is kept"
                        ));
                    }
                }
                Err(reason) => lost.push(format!("at byte {offset}: {reason}")),
            }
            offset += line.len();
        }
        let mut sound = Self { created: None, later, spent: 0.0, records: Vec::new(), lost };
        sound.tell_gaps(lines.keys().copied());
        let mut last = None;
        for (seq, (time, event, text)) in lines {
            // Between the last record of a process and the first of the next one, nothing ran.
            sound.spent +=
                last.filter(|_| event != "opened").map_or(0.0, |last: f64| (time - last).max(0.0));
            last = Some(time);
            if let Err(error) = sound.take(seq, time, event, text) {
                sound.lost.push(format!("record {seq}: {error}"));
            }
        }
        sound
    }

    pub(super) fn is_empty(&self) -> bool {
        self.created.is_none() && self.records.is_empty()
    }

    fn tell_gaps(&mut self, numbers: impl Iterator<Item = u64>) {
        let mut next = 0;
        for seq in numbers {
            match seq - next {
                0 => {}
                1 => self.lost.push(format!("record {next} is missing")),
                _ => self.lost.push(format!("records {next} to {} are missing", seq - 1)),
            }
            next = seq + 1;
        }
    }

    fn take(&mut self, seq: u64, time: f64, event: &str, text: &str) -> serde_json::Result<()> {
        if !Record::is_named(event) {
            self.records.push((time, Saved::Event(seq, serde_json::from_str(text)?)));
            return Ok(());
        }
        match serde_json::from_str(text)? {
            Record::Created(created) => {
                self.spent += created.spent;
                self.created = Some(*created);
            }
            Record::Opened(_) => {}
            Record::Changed(changed) => self.records.push((time, Saved::Changed(changed))),
            Record::Noted { name, note } => self.records.push((time, Saved::Noted { name, note })),
        }
        Ok(())
    }

    /// As much of the study as the records give.
    ///
    /// # Errors
    /// If no study can be made of the search.
    pub(super) fn salvage(self, path: &Path, search: Option<Search>) -> Result<Salvage, Error> {
        let search = search.or_else(|| self.created.map(|created| created.search));
        let search = search.ok_or_else(|| {
            let reason =
                "its first record, which says what is searched, is not readable".to_owned();
            JournalError::new(path, JournalTrouble::NoSearch { reason })
        })?;
        let mut study = search.study_by(Unknown::of(&search))?;
        let mut salvage = Salvage {
            search,
            events: Vec::new(),
            notes: BTreeMap::new(),
            lost: self.lost,
            renumbered: Vec::new(),
        };
        let mut orphans = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for (time, record) in self.records {
            match record {
                Saved::Event(seq, event) => match study.extend([event.clone()]) {
                    Ok(()) => salvage.events.push((time, event)),
                    Err(error) => salvage.adopt(seq, event, &error, &mut orphans, &mut unknown),
                },
                Saved::Changed(changed) => {
                    let before = if changed.anew { &[] } else { &salvage.events[..] };
                    match changed_study(&changed.search, before) {
                        Ok(changed_study) => study = changed_study,
                        Err(error) => {
                            salvage.lost.push(format!("a change of the search: {error}"));
                            continue;
                        }
                    }
                    if changed.anew {
                        salvage.events.clear();
                        orphans.clear();
                    }
                    salvage.search = changed.search;
                }
                Saved::Noted { name, note } => {
                    salvage.notes.insert(name, note);
                }
            }
        }
        salvage.observe(&mut study, orphans)?;
        Ok(salvage)
    }
}

/// A study of a changed search, after these events.
fn changed_study(search: &Search, events: &[(f64, Event)]) -> Result<Study, Error> {
    let mut study = search.study_by(Unknown::of(search))?;
    study.extend(events.iter().map(|(_, event)| event.clone()))?;
    Ok(study)
}

impl Salvage {
    /// Takes in an event that cannot be the next one.
    fn adopt(
        &mut self,
        seq: u64,
        event: Event,
        error: &Error,
        orphans: &mut BTreeMap<TrialId, Orphan>,
        unknown: &mut BTreeSet<TrialId>,
    ) {
        match event {
            Event::Asked { trial, configuration, .. } => {
                orphans.insert(trial, Orphan { configuration, outcome: None, deviation: None });
            }
            Event::Observed { trial, configuration, outcome, deviation } => {
                let outcome = Some(outcome);
                orphans.insert(trial, Orphan { configuration, outcome, deviation });
            }
            Event::Told { trial, outcome } => match orphans.get_mut(&trial) {
                Some(orphan) => orphan.outcome = Some(outcome),
                None => {
                    let outcome = serde_json::to_string(&outcome).unwrap_or_default();
                    self.lost.push(format!(
                        "trial {trial} ended as {outcome}, but what it had tried is lost"
                    ));
                }
            },
            Event::Reported { trial, .. }
            | Event::Located { trial, .. }
            | Event::StopAsked { trial, .. }
            | Event::StopWithdrawn { trial }
            | Event::AttemptFailed { trial, .. }
            | Event::SetAside { trial, .. } => {
                if !orphans.contains_key(&trial) && unknown.insert(trial) {
                    self.lost.push(format!("trial {trial}: what it had tried is lost"));
                }
            }
            Event::Enqueued { .. } | Event::Dequeued { .. } => {
                self.lost.push(format!("record {seq}: {error}"));
            }
        }
    }

    /// The results of trials whose numbers are free again become observations.
    fn observe(
        &mut self,
        study: &mut Study,
        orphans: BTreeMap<TrialId, Orphan>,
    ) -> Result<(), Error> {
        for (trial, Orphan { configuration, outcome, deviation }) in orphans {
            let Some(outcome) = outcome else {
                self.lost.push(format!(
                    "trial {trial} had not ended, and is forgotten; its job may still run: {configuration}"
                ));
                continue;
            };
            let before = study.events().len();
            let observed = match (deviation, &outcome) {
                (Some(deviation), Outcome::Completed { value }) => {
                    study.observe_noisy(&configuration, *value, deviation)
                }
                _ => study.observe(&configuration, outcome),
            };
            match observed {
                Ok(number) => {
                    self.renumbered.push((trial, number));
                    let events = study.events()[before..].iter().cloned();
                    self.events.extend(events.map(|event| (now(), event)));
                }
                Err(error) => self.lost.push(format!("trial {trial}: {error}")),
            }
        }
        Ok(())
    }
}
