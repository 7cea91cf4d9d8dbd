//! Recovers what can be read of a damaged journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::changed_search::PlaceholderStrategy;
use super::clock::unix_time;
use super::line;
use super::record::{Changed, Created, Record, SearchDescription};
use super::scan::newer_version_of;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::space::Configuration;
use crate::study::{Event, Study};
use crate::trial::{Outcome, TrialId};

/// The readable records of a damaged file, in their order.
pub(super) struct ReadableRecords {
    pub(super) created: Option<Created>,
    /// The versions of the format and of the crate, if a later version wrote a part of the file.
    pub(super) newer_version: Option<(u32, String)>,
    /// The time in seconds that processes have tuned, as far as the records show.
    pub(super) spent: f64,
    records: Vec<(f64, SavedRecord)>,
    /// What is unreadable or missing, one sentence each.
    pub(super) lost: Vec<String>,
}

enum SavedRecord {
    Event(u64, Event),
    Changed(Box<Changed>),
    Noted { name: String, note: serde_json::Value },
}

/// The part of a study that could be recovered.
pub(super) struct SalvagedStudy {
    pub(super) search: SearchDescription,
    /// The events, with the time at which each was written.
    pub(super) events: Vec<(f64, Event)>,
    pub(super) notes: BTreeMap<String, serde_json::Value>,
    /// What is lost, one sentence each.
    pub(super) lost: Vec<String>,
    /// Trials with new numbers: the former number and the new one.
    pub(super) renumbered: Vec<(TrialId, TrialId)>,
}

/// A trial whose number is not the next one, because trials before it are lost.
struct Orphan {
    configuration: Configuration,
    outcome: Option<Outcome>,
    noise_std_dev: Option<f64>,
}

impl ReadableRecords {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut lines: BTreeMap<u64, (f64, &str, &str)> = BTreeMap::new();
        let mut lost = Vec::new();
        let mut newer_version = None;
        let mut offset = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line::read(line.strip_suffix(b"\n").unwrap_or(line)) {
                Ok(line) => {
                    let seq = line.label.seq;
                    newer_version = newer_version.or_else(|| newer_version_of(&line));
                    let contents = (line.label.time, line.event, line.text);
                    let first = lines.entry(seq).or_insert(contents);
                    if first.2 != line.text {
                        lost.push(format!(
                            "at byte {offset}: record {seq} is repeated with other contents; the \
                             first one is kept"
                        ));
                    }
                }
                Err(reason) => lost.push(format!("at byte {offset}: {reason}")),
            }
            offset += line.len();
        }
        let mut records =
            Self { created: None, newer_version, spent: 0.0, records: Vec::new(), lost };
        records.report_gaps(lines.keys().copied());
        let mut last = None;
        for (seq, (time, event, text)) in lines {
            // No time counts between the last record of a process and the first of the next one.
            records.spent +=
                last.filter(|_| event != "opened").map_or(0.0, |last: f64| (time - last).max(0.0));
            last = Some(time);
            if let Err(error) = records.add_record(seq, time, event, text) {
                records.lost.push(format!("record {seq}: {error}"));
            }
        }
        records
    }

    pub(super) fn is_empty(&self) -> bool {
        self.created.is_none() && self.records.is_empty()
    }

    fn report_gaps(&mut self, numbers: impl Iterator<Item = u64>) {
        let mut next_seq = 0;
        for seq in numbers {
            match seq - next_seq {
                0 => {}
                1 => self.lost.push(format!("record {next_seq} is missing")),
                _ => self.lost.push(format!("records {next_seq} to {} are missing", seq - 1)),
            }
            next_seq = seq + 1;
        }
    }

    fn add_record(
        &mut self,
        seq: u64,
        time: f64,
        event: &str,
        text: &str,
    ) -> serde_json::Result<()> {
        if !Record::is_named(event) {
            self.records.push((time, SavedRecord::Event(seq, serde_json::from_str(text)?)));
            return Ok(());
        }
        match serde_json::from_str(text)? {
            Record::Created(created) => {
                self.spent += created.spent;
                self.created = Some(*created);
            }
            Record::Opened(_) => {}
            Record::Changed(changed) => self.records.push((time, SavedRecord::Changed(changed))),
            Record::Noted { name, note } => {
                self.records.push((time, SavedRecord::Noted { name, note }));
            }
        }
        Ok(())
    }

    /// Recovers as much of the study as the records contain.
    ///
    /// # Errors
    /// [`Error::Journal`] if the search is unknown; any error of a search that cannot be built.
    pub(super) fn salvage(
        self,
        path: &Path,
        search: Option<SearchDescription>,
    ) -> Result<SalvagedStudy, Error> {
        let search = search.or_else(|| self.created.map(|created| created.search));
        let search = search.ok_or_else(|| {
            let reason = "its first record, which describes the search, cannot be read".to_owned();
            JournalError::new(path, JournalErrorKind::UnreadableHeader { reason })
        })?;
        let mut study = search.build_study_with(PlaceholderStrategy::from_search(&search))?;
        let mut salvage = SalvagedStudy {
            search,
            events: Vec::new(),
            notes: BTreeMap::new(),
            lost: self.lost,
            renumbered: Vec::new(),
        };
        let mut orphans = BTreeMap::new();
        let mut lost_trials = BTreeSet::new();
        for (time, record) in self.records {
            match record {
                SavedRecord::Event(seq, event) => match study.extend([event.clone()]) {
                    Ok(()) => salvage.events.push((time, event)),
                    Err(error) => {
                        salvage.keep_orphan(seq, event, &error, &mut orphans, &mut lost_trials);
                    }
                },
                SavedRecord::Changed(changed) => {
                    let kept = if changed.is_restarted { &[] } else { &salvage.events[..] };
                    match changed_study(&changed.search, kept) {
                        Ok(changed_study) => study = changed_study,
                        Err(error) => {
                            salvage.lost.push(format!("a change of the search: {error}"));
                            continue;
                        }
                    }
                    if changed.is_restarted {
                        salvage.events.clear();
                        orphans.clear();
                    }
                    salvage.search = changed.search;
                }
                SavedRecord::Noted { name, note } => {
                    salvage.notes.insert(name, note);
                }
            }
        }
        salvage.add_orphans(&mut study, orphans)?;
        Ok(salvage)
    }
}

/// Returns a study of a changed search, after these events.
fn changed_study(search: &SearchDescription, events: &[(f64, Event)]) -> Result<Study, Error> {
    let mut study = search.build_study_with(PlaceholderStrategy::from_search(search))?;
    study.extend(events.iter().map(|(_, event)| event.clone()))?;
    Ok(study)
}

impl SalvagedStudy {
    /// Keeps the trial or the outcome of an event that cannot be the next one, or reports it as
    /// lost.
    fn keep_orphan(
        &mut self,
        seq: u64,
        event: Event,
        error: &Error,
        orphans: &mut BTreeMap<TrialId, Orphan>,
        lost_trials: &mut BTreeSet<TrialId>,
    ) {
        match event {
            Event::Asked { trial, configuration, .. } => {
                orphans.insert(trial, Orphan { configuration, outcome: None, noise_std_dev: None });
            }
            Event::Observed { trial, configuration, outcome, noise_std_dev } => {
                let outcome = Some(outcome);
                orphans.insert(trial, Orphan { configuration, outcome, noise_std_dev });
            }
            Event::Told { trial, outcome } => match orphans.get_mut(&trial) {
                Some(orphan) => orphan.outcome = Some(outcome),
                None => {
                    let outcome = serde_json::to_string(&outcome).unwrap_or_default();
                    self.lost.push(format!(
                        "trial {trial} ended as {outcome}, but its configuration is lost"
                    ));
                }
            },
            Event::Reported { trial, .. }
            | Event::Located { trial, .. }
            | Event::StopRequested { trial, .. }
            | Event::StopWithdrawn { trial }
            | Event::AttemptFailed { trial, .. }
            | Event::LateOutcome { trial, .. } => {
                if !orphans.contains_key(&trial) && lost_trials.insert(trial) {
                    self.lost.push(format!("trial {trial}: its configuration is lost"));
                }
            }
            Event::Enqueued { .. } | Event::Dequeued { .. } => {
                self.lost.push(format!("record {seq}: {error}"));
            }
        }
    }

    /// Adds the results of orphaned trials as observations.
    fn add_orphans(
        &mut self,
        study: &mut Study,
        orphans: BTreeMap<TrialId, Orphan>,
    ) -> Result<(), Error> {
        for (trial, Orphan { configuration, outcome, noise_std_dev }) in orphans {
            let Some(outcome) = outcome else {
                self.lost.push(format!(
                    "trial {trial} had not ended, and is lost; its job may still run: \
                     {configuration}"
                ));
                continue;
            };
            let before = study.events().len();
            let observed = match (noise_std_dev, &outcome) {
                (Some(noise_std_dev), Outcome::Completed { value }) => {
                    study.add_noisy_observation(&configuration, *value, noise_std_dev)
                }
                _ => study.add_observation(&configuration, outcome),
            };
            match observed {
                Ok(new_number) => {
                    self.renumbered.push((trial, new_number));
                    let events = study.events()[before..].iter().cloned();
                    self.events.extend(events.map(|event| (unix_time(), event)));
                }
                Err(error) => self.lost.push(format!("trial {trial}: {error}")),
            }
        }
        Ok(())
    }
}
