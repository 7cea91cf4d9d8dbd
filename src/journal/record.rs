//! The records that a journal has besides the events of its study.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::differences::{compare, hash};
use crate::error::Error;
use crate::objective::Objective;
use crate::space::SearchSpace;
use crate::strategy::{Description, of_description};
use crate::study::{EVENT_VERSION, Event, Study, StudySettings};

/// The version of the form of journals. It rises when a reader of this version would misunderstand what a later one writes; a member that
/// is added with a default does not raise it.
pub const JOURNAL_VERSION: u32 = 1;

/// A record of the journal itself. Each is an object with a member `event`, as the events of a study are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Record {
    /// The first one.
    Created(Box<Created>),
    /// A process goes on with the study.
    Opened(Opened),
    /// The search is another one from here on.
    Changed(Box<Changed>),
    /// Something that an evaluator wants to find again.
    Noted {
        /// What it is about.
        name: String,
        /// What there is to know.
        note: Value,
    },
}

impl Record {
    /// Whether a record of this name is one of the journal itself.
    pub(super) fn is_named(event: &str) -> bool {
        matches!(event, "created" | "opened" | "changed" | "noted")
    }
}

/// What a journal begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Created {
    /// The [version](JOURNAL_VERSION) of the form of journals.
    pub(super) journal: u32,
    /// The [version](EVENT_VERSION) of the form of events.
    pub(super) events: u32,
    #[serde(flatten)]
    pub(super) process: Process,
    /// The time, in seconds, for which earlier processes ran whose records are not here any more.
    #[serde(default)]
    pub(super) spent: f64,
    pub(super) search: Search,
    pub(super) hashes: Hashes,
}

/// What later journals must be read without knowing more of them.
#[derive(Debug, Deserialize)]
pub(super) struct Versions {
    pub(super) journal: u32,
    pub(super) events: u32,
    pub(super) surmise: String,
}

/// Who writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Process {
    /// The version of the crate.
    pub(super) surmise: String,
    /// The number of the process.
    pub(super) process: u32,
}

/// A process goes on, and writes in these forms.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) journal: u32,
    pub(super) events: u32,
    #[serde(flatten)]
    pub(super) process: Process,
}

/// The search is another one from here on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Changed {
    pub(super) search: Search,
    pub(super) hashes: Hashes,
    /// Whether the study begins anew, with what could be taken over as observations: then no event before counts.
    #[serde(default)]
    pub(super) anew: bool,
}

/// What is searched, and how, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Search {
    pub(super) space: Value,
    pub(super) objective: Value,
    pub(super) strategy: Value,
    pub(super) settings: Value,
}

/// The hash of each part of a [`Search`], as sixteen hexadecimal digits: FNV-1a over its JSON without white space, with the members of
/// objects in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hashes {
    pub(super) space: String,
    pub(super) objective: String,
    pub(super) strategy: String,
    pub(super) settings: String,
}

impl Hashes {
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
    /// This one.
    pub(super) fn this() -> Self {
        Self { surmise: env!("CARGO_PKG_VERSION").to_owned(), process: std::process::id() }
    }
}

impl Opened {
    /// By this process.
    pub(super) fn now() -> Self {
        Self { journal: JOURNAL_VERSION, events: EVENT_VERSION, process: Process::this() }
    }
}

impl Versions {
    /// The version of a form that is later than those that are known here, and of the crate that wrote it.
    pub(super) fn later(self) -> Option<(u32, String)> {
        let is_later = self.journal > JOURNAL_VERSION || self.events > EVENT_VERSION;
        is_later.then_some((self.journal.max(self.events), self.surmise))
    }
}

impl Created {
    /// The beginning of a journal of this search.
    pub(super) fn of(search: Search) -> Self {
        Self {
            journal: JOURNAL_VERSION,
            events: EVENT_VERSION,
            process: Process::this(),
            spent: 0.0,
            hashes: search.hashes(),
            search,
        }
    }
}

impl Search {
    /// What a study searches, and how.
    pub(super) fn of(study: &Study) -> serde_json::Result<Self> {
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

    pub(super) fn hashes(&self) -> Hashes {
        let [space, objective, strategy, settings] = self.parts().map(|(_, part)| hash(part));
        Hashes { space, objective, strategy, settings }
    }

    /// A line for each difference.
    pub(super) fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for ((name, before), (_, now)) in self.parts().into_iter().zip(now.parts()) {
            compare(name, before, now, &mut differences);
        }
        differences
    }

    /// What the strategy is called.
    pub(super) fn strategy(&self) -> serde_json::Result<Description> {
        Description::deserialize(&self.strategy)
    }

    /// A study of this search that has seen nothing, if its strategy is one of this crate.
    pub(super) fn study(&self) -> Result<Study, Error> {
        self.study_by(of_description(&self.strategy().map_err(|error| unreadable(&error))?)?)
    }

    /// The same with a strategy that is given.
    pub(super) fn study_by(
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

/// The number of the trial whose attempt begins with this event, at the earliest.
pub(super) fn begins_attempt(event: &Event) -> Option<crate::trial::TrialId> {
    match event {
        Event::Asked { trial, .. } | Event::AttemptFailed { trial, .. } => Some(*trial),
        _ => None,
    }
}
