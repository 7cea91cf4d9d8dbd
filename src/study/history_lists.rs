//! The lists of a strategy's [`History`]: trials as points and losses.
//!
//! Each event updates the lists, so that `ask` need not scan all trials.

use crate::strategy::{
    FailedPoint, History, Infeasibility, Observation, Pending, PointIndex, Repetitions,
    VisitedIndex,
};
use crate::trial::TrialId;
use crate::unit_cube::{Axis, UnitPoint};

/// The trials of a study as strategies see them, in lists ordered by trial number.
#[derive(Debug, Clone)]
pub(super) struct HistoryLists {
    pub(super) observations: Vec<Observation>,
    pub(super) pending: Vec<Pending>,
    pub(super) failures: Vec<FailedPoint>,
    /// The points that must not be proposed again if [`Repetitions::Never`] is set.
    never: PointIndex,
    /// The points that must not be proposed again if [`Repetitions::Allowed`] is set.
    allowed: PointIndex,
    /// The list that contains each trial; trial number i + 1 is at index i.
    list_of_trial: Vec<TrialList>,
}

/// The list that contains a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrialList {
    Pending,
    Observations,
    Failures(Infeasibility),
    /// No list contains the trial, because another trial has the same result.
    Unlisted,
}

impl TrialList {
    /// Returns whether the point must not be proposed again, under `Repetitions::Never` and under
    /// `Repetitions::Allowed`.
    fn blocks(self) -> (bool, bool) {
        match self {
            Self::Pending => (true, true),
            Self::Observations => (true, false),
            Self::Failures(kind) => {
                (kind != Infeasibility::Transient, kind != Infeasibility::Transient)
            }
            // The trial with the same result blocks the point.
            Self::Unlisted => (false, false),
        }
    }
}

/// A trial as a strategy sees it.
#[derive(Debug)]
pub(super) enum HistoryEntry {
    Pending,
    Observed(Observation),
    Failed(Infeasibility),
    /// An external observation that repeats the result of another trial.
    Duplicate,
}

impl HistoryLists {
    pub(super) fn new(axes: &[Axis]) -> Self {
        Self {
            observations: Vec::new(),
            pending: Vec::new(),
            failures: Vec::new(),
            never: PointIndex::new(axes),
            allowed: PointIndex::new(axes),
            list_of_trial: Vec::new(),
        }
    }

    /// Returns the number of trials that have been added.
    pub(super) fn count(&self) -> usize {
        self.list_of_trial.len()
    }

    /// Adds a trial, or replaces its entry. New trials must be added in the order of their numbers.
    ///
    /// `points` are the point that was tried and the point that was proposed.
    pub(super) fn set(&mut self, trial: TrialId, points: [&UnitPoint; 2], entry: HistoryEntry) {
        let [point, proposed] = points;
        let number = trial.0;
        let index = usize::try_from(number - 1).expect("trial numbers fit into memory");
        let list = match &entry {
            HistoryEntry::Pending => TrialList::Pending,
            HistoryEntry::Observed(_) => TrialList::Observations,
            HistoryEntry::Failed(kind) => TrialList::Failures(*kind),
            HistoryEntry::Duplicate => TrialList::Unlisted,
        };
        if let Some(old) = self.list_of_trial.get(index).copied() {
            self.remove_from(old, trial);
            let (blocks_never, blocks_allowed) = old.blocks();
            for point in points {
                if blocks_never {
                    self.never.remove(number, point);
                }
                if blocks_allowed {
                    self.allowed.remove(number, point);
                }
            }
            self.list_of_trial[index] = list;
        } else {
            debug_assert_eq!(index, self.list_of_trial.len());
            self.list_of_trial.push(list);
        }
        let (blocks_never, blocks_allowed) = list.blocks();
        let distinct = if point == proposed { &points[..1] } else { &points };
        for point in distinct {
            if blocks_never {
                self.never.insert(number, point);
            }
            if blocks_allowed {
                self.allowed.insert(number, point);
            }
        }
        match entry {
            HistoryEntry::Pending => {
                let position = self.pending.partition_point(|other| other.trial < trial);
                self.pending.insert(position, Pending { trial, point: point.clone() });
            }
            HistoryEntry::Observed(observation) => {
                let position = self.observations.partition_point(|other| other.trial < trial);
                self.observations.insert(position, observation);
            }
            HistoryEntry::Failed(kind) => {
                let position = self.failures.partition_point(|other| other.trial < trial);
                self.failures.insert(position, FailedPoint::new(trial, point.clone(), kind));
            }
            HistoryEntry::Duplicate => {}
        }
    }

    fn remove_from(&mut self, list: TrialList, trial: TrialId) {
        match list {
            TrialList::Pending => {
                let position = self.pending.partition_point(|other| other.trial < trial);
                self.pending.remove(position);
            }
            TrialList::Observations => {
                let position = self.observations.partition_point(|other| other.trial < trial);
                self.observations.remove(position);
            }
            TrialList::Failures(_) => {
                let position = self.failures.partition_point(|other| other.trial < trial);
                self.failures.remove(position);
            }
            TrialList::Unlisted => {}
        }
    }

    /// Returns whether a point must not be proposed again.
    pub(super) fn is_blocked_at(&self, point: &[f64], repetitions: Repetitions) -> bool {
        match repetitions {
            Repetitions::Never => self.never.contains(point),
            Repetitions::Allowed => self.allowed.contains(point),
        }
    }

    pub(super) fn index(&self) -> VisitedIndex<'_> {
        VisitedIndex {
            never: &self.never,
            allowed: &self.allowed,
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
        }
    }

    /// Returns a copy of `base` with these lists.
    pub(super) fn to_history<'a>(&'a self, base: &History<'a>) -> History<'a> {
        History {
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
            index: Some(self.index()),
            ..*base
        }
    }
}
