//! Applies events to a study: the only place where a study changes.

use std::sync::Arc;

use super::definition::Study;
use super::event::Event;
use super::history_lists::{HistoryEntry, HistoryLists};
use crate::space::Configuration;
use crate::strategy::{Phase, Repetitions};
use crate::trial::{Outcome, Source, Trial, TrialId};
use crate::unit_cube::UnitPoint;

impl Study {
    /// Appends an event and updates everything that is derived from the events.
    ///
    /// `point` is the encoded configuration of an event that adds a trial.
    pub(super) fn record(&mut self, event: Event, point: Option<UnitPoint>) {
        self.points.extend(point);
        let mut ended = None;
        match &event {
            Event::Enqueued { configuration, first } => {
                self.push_to_queue(configuration.clone(), *first);
            }
            Event::Dequeued { .. } => self.pop_queue(),
            Event::Asked { trial, configuration, proposal } => {
                match proposal.phase {
                    Phase::Enqueued => self.pop_queue(),
                    Phase::Rerun => self.remove_from_reruns(configuration),
                    _ => {}
                }
                self.running.insert(*trial);
                let has_all_axes = proposal.point.len() == self.space.axes().len();
                let proposed =
                    has_all_axes.then(|| self.space.decode(&self.space.snap(&proposal.point)));
                self.proposed_configurations.add(proposed.as_ref().unwrap_or(configuration));
                self.add_trial(Trial::new(*trial, Source::Study, configuration.clone()));
            }
            Event::Observed { trial, configuration, outcome, noise_std_dev } => {
                let observed = Trial::new(*trial, Source::External, configuration.clone());
                self.noise_std_devs.extend(noise_std_dev.map(|std_dev| (*trial, std_dev)));
                self.proposed_configurations.add(configuration);
                self.add_trial(Trial { outcome: Some(outcome.clone()), ..observed });
                self.dequeue_observed();
                ended = Some(*trial);
            }
            Event::Reported { trial, report } => self.trial_mut(*trial).reports.push(*report),
            Event::Located { trial, location } => {
                self.trial_mut(*trial).job_location = Some(location.to_string());
            }
            Event::StopRequested { trial, cause } => {
                self.trial_mut(*trial).stop_cause = Some(*cause);
            }
            Event::StopWithdrawn { trial } => self.trial_mut(*trial).stop_cause = None,
            Event::AttemptFailed { trial, failure } => {
                let trial = self.trial_mut(*trial);
                trial.failed_attempts.push(failure.clone());
                trial.reports.clear();
                (trial.stop_cause, trial.job_location) = (None, None);
            }
            Event::Told { trial, outcome } => {
                self.running.remove(trial);
                self.trial_mut(*trial).outcome = Some(outcome.clone());
                ended = Some(*trial);
            }
            Event::LateOutcome { trial, outcome } => {
                ended = self.apply_late_outcome(*trial, outcome).then_some(*trial);
            }
        }
        self.events.push(event);
        if let Some(trial) = ended {
            self.apply_end(trial);
        }
        self.update_history(ended);
    }

    /// Records a further outcome of a trial. Returns whether it replaces the first outcome.
    fn apply_late_outcome(&mut self, trial: TrialId, outcome: &Outcome) -> bool {
        let first = self.trial(trial).and_then(|trial| trial.outcome.clone());
        let is_used = first.is_some_and(|first| self.supersedes(&first, outcome));
        let entry = self.trial_mut(trial);
        // The outcome that does not count is listed as late. The events have the true order.
        let superseded = if is_used { entry.outcome.replace(outcome.clone()) } else { None };
        entry.late_outcomes.push(superseded.unwrap_or_else(|| outcome.clone()));
        is_used
    }

    fn add_trial(&mut self, trial: Trial) {
        self.configurations.add(&trial.configuration);
        self.trials.push(trial);
        self.trial_event_indices.push(self.events.len());
    }

    fn trial_mut(&mut self, id: TrialId) -> &mut Trial {
        let index = usize::try_from(id.0 - 1).expect("trial numbers fit into memory");
        &mut self.trials[index]
    }

    /// Removes trials of a configuration from those to rerun, because it is asked for again.
    fn remove_from_reruns(&mut self, configuration: &Configuration) {
        let same = self.trials_of(configuration).map(|trial| trial.id).collect::<Vec<_>>();
        self.to_rerun.retain(|id| !same.contains(id));
    }

    /// Updates the best trial and the trials to rerun after a trial has ended, or its outcome
    /// has been replaced.
    fn apply_end(&mut self, id: TrialId) {
        let Some(trial) = self.trial(id) else { return };
        let (value, needs_rerun) = (trial.value(), trial.needs_rerun());
        if needs_rerun {
            self.to_rerun.insert(id);
        } else {
            self.to_rerun.remove(&id);
        }
        let Some(loss) = value.map(|value| self.objective.loss(value)) else { return };
        let best = self.best().and_then(|best| Some((self.objective.loss(best.value()?), best.id)));
        if best.is_none_or(|best| loss < best.0 || (loss <= best.0 && id < best.1)) {
            self.best = Some(id);
        }
    }

    /// Updates whether a trial blocks the repetition of its configuration, where repetitions are
    /// allowed.
    fn update_blocking(&mut self, index: usize) {
        let trial = &self.trials[index];
        let blocks = self.blocks_repetition(trial);
        let configuration = trial.configuration.clone();
        let proposed = self.space.decode(self.proposed_point(index));
        self.blocking.set(&configuration, index, blocks);
        self.blocking.set(&proposed, index, blocks);
    }

    /// Updates [`HistoryLists`] after a trial has been added or has ended.
    fn update_history(&mut self, ended: Option<TrialId>) {
        let horizon = self.horizon();
        let mut changed: Vec<usize> = (self.visible_count..horizon).collect();
        let ended = ended.and_then(|id| usize::try_from(id.0 - 1).ok());
        if let Some(index) = ended {
            self.index_result(index);
            changed.push(index);
        }
        // An external trial becomes a duplicate once a trial of the study with the same result is
        // visible. It stops being one if that result is replaced.
        for index in changed.clone() {
            let trial = &self.trials[index];
            let is_visible = trial.source == Source::Study && index < horizon;
            if is_visible && trial.late_outcomes.is_empty() && trial.outcome.is_some() {
                changed.extend(self.trials_with_same_result(trial).filter_map(external_index));
            } else if is_visible && !trial.late_outcomes.is_empty() {
                changed.extend(self.trials_of(&trial.configuration).filter_map(external_index));
            }
        }
        let old_count = self.history.count();
        changed.extend(old_count..self.trials.len());
        if self.settings.repetitions == Repetitions::Allowed {
            (old_count..self.trials.len())
                .chain(ended)
                .for_each(|index| self.update_blocking(index));
        }
        if changed.is_empty() {
            return;
        }
        changed.sort_unstable();
        changed.dedup();
        self.visible_count = self.visible_count.max(horizon);
        let mut history = std::mem::replace(&mut self.history, Arc::new(HistoryLists::new(&[])));
        let lists = Arc::make_mut(&mut history);
        for index in changed {
            let (trial, point) = (&self.trials[index], &self.points[index]);
            let has_visible_outcome = index < self.visible_count;
            if index >= old_count || has_visible_outcome {
                let entry = match has_visible_outcome {
                    true => self.history_entry(trial, point, None, self.visible_count),
                    false => HistoryEntry::Pending,
                };
                lists.set(trial.id, [point, self.proposed_point(index)], entry);
            }
        }
        self.history = history;
    }
}

/// Returns the index of an external trial; `None` for a trial of the study.
fn external_index(trial: &Trial) -> Option<usize> {
    let is_external = trial.source == Source::External;
    usize::try_from(trial.id.0 - 1).ok().filter(|_| is_external)
}
