//! The records of a journal that are not events of its study.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::differences::{compare, hash};
use crate::error::Error;
use crate::objective::Objective;
use crate::space::SearchSpace;
use crate::strategy::{Description, from_description};
use crate::study::{EVENT_VERSION, Event, Study, StudySettings};

/// The version of the format of journals.
///
/// It rises when a reader of this version would misread later journals. A new member with a default
/// does not raise it.
pub const JOURNAL_VERSION: u32 = 1;

/// A record of the journal itself: an object with a member `event`, like the events of a study.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Record {
    /// The first record of a journal.
    Created(Box<Created>),
    /// A process has opened the journal.
    Opened(Opened),
    /// The search has changed; this record has the new one.
    Changed(Box<Changed>),
    /// A note of an evaluator for later processes.
    Noted {
        /// The name of the note.
        name: String,
        /// The contents of the note.
        note: Value,
    },
}

impl Record {
    /// Returns whether records with this name belong to the journal itself.
    pub(super) fn is_named(event: &str) -> bool {
        matches!(event, "created" | "opened" | "changed" | "noted")
    }
}

/// The contents of the first record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Created {
    /// The [version](JOURNAL_VERSION) of the format of journals.
    pub(super) journal: u32,
    /// The [version](EVENT_VERSION) of the format of events.
    pub(super) events: u32,
    #[serde(flatten)]
    pub(super) process: Process,
    /// The time in seconds that earlier processes have tuned, if a rewrite has removed their
    /// records.
    #[serde(default)]
    pub(super) spent: f64,
    pub(super) search: SearchDescription,
    pub(super) hashes: SearchHashes,
}

/// The versions of a journal, which every version of this crate must be able to read.
#[derive(Debug, Deserialize)]
pub(super) struct Versions {
    pub(super) journal: u32,
    pub(super) events: u32,
    pub(super) surmise: String,
}

/// The process that writes a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Process {
    /// The version of this crate.
    pub(super) surmise: String,
    /// The ID of the process.
    pub(super) process: u32,
}

/// The record of a process that continues a journal, with the formats that it writes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) journal: u32,
    pub(super) events: u32,
    #[serde(flatten)]
    pub(super) process: Process,
}

/// The record of a change of the search.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Changed {
    pub(super) search: SearchDescription,
    pub(super) hashes: SearchHashes,
    /// True if the study starts again, with the trials that fit as observations. Earlier events
    /// then do not count.
    #[serde(default, rename = "anew")]
    pub(super) is_restarted: bool,
}

/// The search as it is written: space, objective, strategy, settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SearchDescription {
    pub(super) space: Value,
    pub(super) objective: Value,
    pub(super) strategy: Value,
    pub(super) settings: Value,
}

/// The hash of each part of a [`SearchDescription`], as sixteen hexadecimal digits.
///
/// It is FNV-1a over the JSON without white space, with the members of objects in the order of
/// their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SearchHashes {
    pub(super) space: String,
    pub(super) objective: String,
    pub(super) strategy: String,
    pub(super) settings: String,
}

impl SearchHashes {
    pub(super) fn by_name(self) -> BTreeMap<&'static str, String> {
        let Self { space, objective, strategy, settings } = self;
        let named = [
            ("space", space),
            ("objective", objective),
            ("strategy", strategy),
            ("settings", settings),
        ];
        named.into()
    }
}

impl Process {
    /// Returns the description of this process.
    pub(super) fn current() -> Self {
        Self { surmise: env!("CARGO_PKG_VERSION").to_owned(), process: std::process::id() }
    }
}

impl Opened {
    /// Returns the record of this process.
    pub(super) fn now() -> Self {
        Self { journal: JOURNAL_VERSION, events: EVENT_VERSION, process: Process::current() }
    }
}

impl Versions {
    /// Returns the versions of the format and of the crate that wrote it, if the format is newer
    /// than this version can read.
    pub(super) fn newer_version(self) -> Option<(u32, String)> {
        let is_later = self.journal > JOURNAL_VERSION || self.events > EVENT_VERSION;
        is_later.then_some((self.journal.max(self.events), self.surmise))
    }
}

impl Created {
    /// Returns the first record of a journal with this search.
    pub(super) fn new(search: SearchDescription) -> Self {
        Self {
            journal: JOURNAL_VERSION,
            events: EVENT_VERSION,
            process: Process::current(),
            spent: 0.0,
            hashes: search.hashes(),
            search,
        }
    }
}

impl SearchDescription {
    /// Describes the search of a study.
    pub(super) fn from_study(study: &Study) -> serde_json::Result<Self> {
        Ok(Self {
            space: serde_json::to_value(study.space())?,
            objective: serde_json::to_value(study.objective())?,
            strategy: serde_json::to_value(study.strategy().description())?,
            settings: serde_json::to_value(study.settings())?,
        })
    }

    fn parts(&self) -> [(&'static str, &Value); 4] {
        [
            ("space", &self.space),
            ("objective", &self.objective),
            ("strategy", &self.strategy),
            ("settings", &self.settings),
        ]
    }

    pub(super) fn hashes(&self) -> SearchHashes {
        let [space, objective, strategy, settings] = self.parts().map(|(_, part)| hash(part));
        SearchHashes { space, objective, strategy, settings }
    }

    /// Returns a line for each difference.
    pub(super) fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for ((name, before), (_, now)) in self.parts().into_iter().zip(now.parts()) {
            compare(name, before, now, &mut differences);
        }
        differences
    }

    /// Returns the description of the strategy.
    pub(super) fn strategy_description(&self) -> serde_json::Result<Description> {
        Description::deserialize(&self.strategy)
    }

    /// Creates a study of this search without trials, if its strategy is one of this crate's.
    pub(super) fn build_study(&self) -> Result<Study, Error> {
        self.build_study_with(from_description(
            &self.strategy_description().map_err(|error| unreadable(&error))?,
        )?)
    }

    /// Creates a study of this search without trials, with the given strategy.
    pub(super) fn build_study_with(
        &self,
        strategy: impl crate::strategy::Strategy + 'static,
    ) -> Result<Study, Error> {
        let space = SearchSpace::deserialize(&self.space).map_err(|error| unreadable(&error))?;
        let objective =
            Objective::deserialize(&self.objective).map_err(|error| unreadable(&error))?;
        let settings =
            StudySettings::deserialize(&self.settings).map_err(|error| unreadable(&error))?;
        Study::new(space, objective, strategy, settings)
    }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Strategy(error.to_string())
}

/// Returns the trial whose next attempt may begin after this event.
pub(super) fn started_attempt(event: &Event) -> Option<crate::trial::TrialId> {
    match event {
        Event::Asked { trial, .. } | Event::AttemptFailed { trial, .. } => Some(*trial),
        _ => None,
    }
}
