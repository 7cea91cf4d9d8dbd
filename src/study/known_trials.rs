//! The trials that the next proposal may know, as points and losses.
//!
//! The lists are kept up to date event by event, so that `ask` need not scan all trials.

use serde::{Deserialize, Serialize};

use crate::strategy::{
    FailedPoint, History, Infeasibility, Observation, Pending, PointIndex, Repetitions,
    VisitedIndex,
};
use crate::trial::TrialId;
use crate::unit_cube::{Axis, UnitPoint};

/// How strategies see trials that early stopping ended.
///
/// An intermediate value differs from the final value that the job would have reached. The page on
/// early stopping in BENCHMARKING.md compares the variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoppedTrials {
    /// The last reported value counts as if it were the final value.
    #[default]
    LastValue,
    /// The projected final value counts: see
    /// [`LearningCurves::project_final_loss`](crate::stopping::LearningCurves::project_final_loss).
    Projected,
    /// The trial has no value for the model; its configuration only counts as visited.
    #[serde(rename = "place_only")]
    VisitedOnly,
}

/// The trials that the next proposal may know, in lists ordered by trial number.
#[derive(Debug, Clone)]
pub(super) struct KnownTrials {
    pub(super) observations: Vec<Observation>,
    pub(super) pending: Vec<Pending>,
    pub(super) failures: Vec<FailedPoint>,
    /// The points that must not be proposed again if [`Repetitions::Never`] is set.
    never: PointIndex,
    /// The points that must not be proposed again if [`Repetitions::Allowed`] is set.
    allowed: PointIndex,
    /// The list that each trial is in, by trial number − 1.
    entries: Vec<TrialList>,
}

/// The list of [`KnownTrials`] that a trial is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrialList {
    Pending,
    Observations,
    Failures(Infeasibility),
    /// In no list, because another trial has the same result.
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

/// What a strategy sees of a trial.
#[derive(Debug)]
pub(super) enum HistoryEntry {
    Pending,
    Observed(Observation),
    Failed(Infeasibility),
    /// The same measurement as that of another trial, added from outside once more.
    Duplicate,
}

impl KnownTrials {
    pub(super) fn new(axes: &[Axis]) -> Self {
        Self {
            observations: Vec::new(),
            pending: Vec::new(),
            failures: Vec::new(),
            never: PointIndex::new(axes),
            allowed: PointIndex::new(axes),
            entries: Vec::new(),
        }
    }

    /// Returns the number of trials that have an entry.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Sets the entry of a trial. New trials must come in the order of their numbers.
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
        if let Some(old) = self.entries.get(index).copied() {
            self.unlist(trial, old);
            let (blocks_never, blocks_allowed) = old.blocks();
            for point in points {
                if blocks_never {
                    self.never.remove(number, point);
                }
                if blocks_allowed {
                    self.allowed.remove(number, point);
                }
            }
            self.entries[index] = list;
        } else {
            debug_assert_eq!(index, self.entries.len());
            self.entries.push(list);
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

    fn unlist(&mut self, trial: TrialId, list: TrialList) {
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

    /// Returns `other` with these lists in place of its own.
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
