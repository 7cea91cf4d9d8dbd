//! What the next proposal may know, as points and losses. Kept up to date event by event, so that an ask costs no look at all trials.

use serde::{Deserialize, Serialize};

use crate::cube::{Axis, UnitPoint};
use crate::strategy::{
    FailedPoint, History, Index, Infeasibility, Observation, Pending, Places, Repetitions,
};
use crate::trial::TrialId;

/// What a strategy is told of trials that were stopped early.
///
/// A value on the way is not what a job would have come to. Which reading serves a search best was measured: see the page on early
/// stopping in BENCHMARKING.md.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoppedTrials {
    /// Its last value, as if it were a final one.
    #[default]
    LastValue,
    /// What it would probably have come to: see [`Curves::projection`](crate::stopping::Curves::projection).
    Projected,
    /// Nothing but where it was, so that it is not proposed again.
    PlaceOnly,
}

/// What the next proposal may know: lists in the order of trial numbers.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) observations: Vec<Observation>,
    pub(super) pending: Vec<Pending>,
    pub(super) failures: Vec<FailedPoint>,
    /// The points that must not be proposed again, if nothing may be repeated.
    never: Places,
    /// The same if what has a loss may be.
    allowed: Places,
    /// In which of the lists each trial is.
    entries: Vec<List>,
}

/// Where a trial is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Pending,
    Observations,
    Failures(Infeasibility),
    /// In none, because another trial says the same.
    Nowhere,
}

impl List {
    /// Whether what is listed there must not be proposed again: if nothing may be repeated, and if what has a loss may be.
    fn takes(self) -> (bool, bool) {
        match self {
            Self::Pending => (true, true),
            Self::Observations => (true, false),
            Self::Failures(kind) => {
                (kind != Infeasibility::Transient, kind != Infeasibility::Transient)
            }
            // The other trial is on a list.
            Self::Nowhere => (false, false),
        }
    }
}

/// What a trial is to a strategy.
#[derive(Debug)]
pub(super) enum Entry {
    Pending,
    Observed(Observation),
    Failed(Infeasibility),
    /// The same measurement as that of another trial, told from outside once more.
    Copy,
}

impl Known {
    pub(super) fn new(axes: &[Axis]) -> Self {
        Self {
            observations: Vec::new(),
            pending: Vec::new(),
            failures: Vec::new(),
            never: Places::new(axes),
            allowed: Places::new(axes),
            entries: Vec::new(),
        }
    }

    /// Number of trials that are listed.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Lists a trial, or lists it anew; new ones come in the order of their numbers. Its points are where it was tried, and what was proposed.
    pub(super) fn set(&mut self, trial: TrialId, points: [&UnitPoint; 2], entry: Entry) {
        let [point, proposed] = points;
        let number = trial.0;
        let index = usize::try_from(number - 1).expect("the number of a trial in memory");
        let list = match &entry {
            Entry::Pending => List::Pending,
            Entry::Observed(_) => List::Observations,
            Entry::Failed(kind) => List::Failures(*kind),
            Entry::Copy => List::Nowhere,
        };
        if let Some(old) = self.entries.get(index).copied() {
            self.unlist(trial, old);
            let (is_never, is_allowed) = old.takes();
            for point in points {
                if is_never {
                    self.never.remove(number, point);
                }
                if is_allowed {
                    self.allowed.remove(number, point);
                }
            }
            self.entries[index] = list;
        } else {
            debug_assert_eq!(index, self.entries.len());
            self.entries.push(list);
        }
        let (is_never, is_allowed) = list.takes();
        let both = if point == proposed { &points[..1] } else { &points };
        for point in both {
            if is_never {
                self.never.insert(number, point);
            }
            if is_allowed {
                self.allowed.insert(number, point);
            }
        }
        match entry {
            Entry::Pending => {
                let place = self.pending.partition_point(|other| other.trial < trial);
                self.pending.insert(place, Pending { trial, point: point.clone() });
            }
            Entry::Observed(observation) => {
                let place = self.observations.partition_point(|other| other.trial < trial);
                self.observations.insert(place, observation);
            }
            Entry::Failed(kind) => {
                let place = self.failures.partition_point(|other| other.trial < trial);
                self.failures.insert(place, FailedPoint::new(trial, point.clone(), kind));
            }
            Entry::Copy => {}
        }
    }

    fn unlist(&mut self, trial: TrialId, list: List) {
        match list {
            List::Pending => {
                let place = self.pending.partition_point(|other| other.trial < trial);
                self.pending.remove(place);
            }
            List::Observations => {
                let place = self.observations.partition_point(|other| other.trial < trial);
                self.observations.remove(place);
            }
            List::Failures(_) => {
                let place = self.failures.partition_point(|other| other.trial < trial);
                self.failures.remove(place);
            }
            List::Nowhere => {}
        }
    }

    /// Whether what lies there must not be proposed again.
    pub(super) fn is_taken_at(&self, point: &[f64], repetitions: Repetitions) -> bool {
        match repetitions {
            Repetitions::Never => self.never.contains(point),
            Repetitions::Allowed => self.allowed.contains(point),
        }
    }

    pub(super) fn index(&self) -> Index<'_> {
        Index {
            never: &self.never,
            allowed: &self.allowed,
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
        }
    }

    /// These lists as a history of what is otherwise the same.
    pub(super) fn history<'a>(&'a self, other: &History<'a>) -> History<'a> {
        History {
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
            index: Some(self.index()),
            ..*other
        }
    }
}
