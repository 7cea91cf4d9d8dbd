//! The only place where a study changes: an event is appended, and what follows from it is derived.

use std::sync::Arc;

use super::event::Event;
use super::known::{Entry, Known};
use super::trials::Study;
use crate::cube::UnitPoint;
use crate::space::Configuration;
use crate::strategy::{Phase, Repetitions};
use crate::trial::{Outcome, Source, Trial, TrialId};

impl Study {
    /// The only change of state: appends an event and derives what follows from it.
    pub(super) fn record(&mut self, event: Event, point: Option<UnitPoint>) {
        self.points.extend(point);
        let mut ended = None;
        match &event {
            Event::Enqueued { configuration, first } => {
                self.put_into_queue(configuration.clone(), *first);
            }
            Event::Dequeued { .. } => self.pop_queue(),
            Event::Asked { trial, configuration, proposal } => {
                match proposal.phase {
                    Phase::Enqueued => self.pop_queue(),
                    Phase::CutOff => self.asked_again(configuration),
                    _ => {}
                }
                self.running.insert(*trial);
                let is_point = proposal.point.len() == self.space.axes().len();
                let proposed =
                    is_point.then(|| self.space.decode(&self.space.snap(&proposal.point)));
                self.proposed.add(proposed.as_ref().unwrap_or(configuration));
                self.add(Trial::new(*trial, Source::Own, configuration.clone()));
            }
            Event::Observed { trial, configuration, outcome, deviation } => {
                let observed = Trial::new(*trial, Source::Outside, configuration.clone());
                self.deviations.extend(deviation.map(|deviation| (*trial, deviation)));
                self.proposed.add(configuration);
                self.add(Trial { outcome: Some(outcome.clone()), ..observed });
                self.forget_what_is_known();
                ended = Some(*trial);
            }
            Event::Reported { trial, report } => self.entry(*trial).reports.push(*report),
            Event::Located { trial, place } => {
                self.entry(*trial).place = Some(place.to_string());
            }
            Event::StopAsked { trial, cause } => {
                self.entry(*trial).stop_asked = Some(*cause);
            }
            Event::StopWithdrawn { trial } => self.entry(*trial).stop_asked = None,
            Event::AttemptFailed { trial, failure } => {
                let entry = self.entry(*trial);
                entry.failed_attempts.push(failure.clone());
                entry.reports.clear();
                (entry.stop_asked, entry.place) = (None, None);
            }
            Event::Told { trial, outcome } => {
                self.running.remove(trial);
                self.entry(*trial).outcome = Some(outcome.clone());
                ended = Some(*trial);
            }
            Event::SetAside { trial, outcome } => {
                ended = self.keep_aside(*trial, outcome).then_some(*trial);
            }
        }
        self.events.push(event);
        if let Some(trial) = ended {
            self.take_in_the_end(trial);
        }
        self.reveal(ended);
    }

    /// Keeps another outcome of a trial; whether it takes the place of the first one.
    fn keep_aside(&mut self, trial: TrialId, outcome: &Outcome) -> bool {
        let kept = self.trial(trial).and_then(|trial| trial.outcome.clone());
        let is_used = kept.is_some_and(|kept| self.supersedes(&kept, outcome));
        let entry = self.entry(trial);
        // The ledger shows which of the two came first.
        let aside = if is_used { entry.outcome.replace(outcome.clone()) } else { None };
        entry.set_aside.push(aside.unwrap_or_else(|| outcome.clone()));
        is_used
    }

    fn add(&mut self, trial: Trial) {
        self.configurations.add(&trial.configuration);
        self.trials.push(trial);
        self.added.push(self.events.len());
    }

    fn entry(&mut self, id: TrialId) -> &mut Trial {
        let index = usize::try_from(id.0 - 1).expect("the number of a trial in memory");
        &mut self.trials[index]
    }

    /// The configuration of a trial that was cut off is asked for once more.
    fn asked_again(&mut self, configuration: &Configuration) {
        let same = self.trials_of(configuration).map(|trial| trial.id).collect::<Vec<_>>();
        self.cut_off.retain(|id| !same.contains(id));
    }

    /// What the end of a trial, or another end than it had, changes of what is derived.
    fn take_in_the_end(&mut self, id: TrialId) {
        let Some(trial) = self.trial(id) else { return };
        let (value, was_cut_off) = (trial.value(), trial.was_cut_off());
        if was_cut_off {
            self.cut_off.insert(id);
        } else {
            self.cut_off.remove(&id);
        }
        let Some(loss) = value.map(|value| self.objective.loss(value)) else { return };
        let best = self.best().and_then(|best| Some((self.objective.loss(best.value()?), best.id)));
        if best.is_none_or(|best| loss < best.0 || (loss <= best.0 && id < best.1)) {
            self.best = Some(id);
        }
    }

    /// Whether a trial forbids a repetition has changed, where repetitions are allowed at all.
    fn update_blocking(&mut self, index: usize) {
        let trial = &self.trials[index];
        let blocks = self.forbids(trial);
        let configuration = trial.configuration.clone();
        let proposed = self.space.decode(self.proposed_point(index));
        self.blocking.set(&configuration, index, blocks);
        self.blocking.set(&proposed, index, blocks);
    }

    /// Brings what the next proposal may know up to date, after the end of a trial or what added one.
    fn reveal(&mut self, ended: Option<TrialId>) {
        let horizon = self.horizon();
        let mut changed: Vec<usize> = (self.revealed..horizon).collect();
        let ended = ended.and_then(|id| usize::try_from(id.0 - 1).ok());
        if let Some(index) = ended {
            self.index_result(index);
            changed.push(index);
        }
        // A trial from outside with the result of an own trial that has become known is a copy of it from now on, and none any more if that
        // result is replaced.
        for index in changed.clone() {
            let trial = &self.trials[index];
            let is_own = trial.source == Source::Own && index < horizon;
            if is_own && trial.set_aside.is_empty() && trial.outcome.is_some() {
                changed
                    .extend(self.trials_with_the_result_of(trial).filter_map(index_from_outside));
            } else if is_own && !trial.set_aside.is_empty() {
                changed.extend(self.trials_of(&trial.configuration).filter_map(index_from_outside));
            }
        }
        let listed = self.known.count();
        changed.extend(listed..self.trials.len());
        if self.settings.repetitions == Repetitions::Allowed {
            (listed..self.trials.len()).chain(ended).for_each(|index| self.update_blocking(index));
        }
        if changed.is_empty() {
            return;
        }
        changed.sort_unstable();
        changed.dedup();
        self.revealed = self.revealed.max(horizon);
        let mut known = std::mem::replace(&mut self.known, Arc::new(Known::new(&[])));
        let list = Arc::make_mut(&mut known);
        for index in changed {
            let (trial, point) = (&self.trials[index], &self.points[index]);
            let is_known = index < self.revealed;
            if index >= listed || is_known {
                let entry = match is_known {
                    true => self.entry_of(trial, point, None, self.revealed),
                    false => Entry::Pending,
                };
                list.set(trial.id, [point, self.proposed_point(index)], entry);
            }
        }
        self.known = known;
    }
}

/// The index of a trial, if it comes from outside.
fn index_from_outside(trial: &Trial) -> Option<usize> {
    let is_outside = trial.source == Source::Outside;
    usize::try_from(trial.id.0 - 1).ok().filter(|_| is_outside)
}
