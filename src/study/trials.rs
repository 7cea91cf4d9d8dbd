//! The ledger of one search: its trials, and how they are asked for by number, told and abandoned.

use super::configurations::{Blocking, Configurations};
use super::event::Event;
use super::known::Known;
use super::results::ResultIndex;
use super::settings::{LateResults, Order, StudySettings};
use super::sound::{check_deviation, check_sound, sound};
use super::why::Why;
use crate::cube::UnitPoint;
use crate::error::{Error, Violation};
use crate::objective::Objective;
use crate::space::{Configuration, SearchSpace};
use crate::strategy::{History, Outlook, Phase, Proposal, Repetitions, Strategy};
use crate::trial::{Failure, FailureKind, Outcome, Report, StopCause, Trial, TrialId};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// The ledger of one search, and the strategy that continues it.
#[derive(Debug)]
pub struct Study {
    pub(super) space: SearchSpace,
    pub(super) objective: Objective,
    pub(super) strategy: Arc<dyn Strategy>,
    pub(super) settings: StudySettings,
    pub(super) events: Vec<Event>,
    /// Derived from the events: number i + 1 at index i.
    pub(super) trials: Vec<Trial>,
    /// Derived likewise.
    pub(super) points: Vec<UnitPoint>,
    /// Derived likewise: the place of the event that added each trial.
    pub(super) added: Vec<usize>,
    /// Derived likewise: what is to be tried before anything is proposed.
    pub(super) queue: VecDeque<Configuration>,
    /// Derived likewise: the known noise of values from outside.
    pub(super) deviations: HashMap<TrialId, f64>,
    /// Derived likewise: trials that have not ended.
    pub(super) running: BTreeSet<TrialId>,
    /// Derived likewise: trials that were cut off, and whose configurations have not been asked for again.
    pub(super) cut_off: BTreeSet<TrialId>,
    /// Derived likewise: the completed trial of the best value.
    pub(super) best: Option<TrialId>,
    /// Derived likewise: which trials have a configuration.
    pub(super) configurations: Configurations,
    /// Derived likewise: for which trials a configuration was proposed, before it was given few digits.
    pub(super) proposed: Configurations,
    /// Derived likewise: what the next proposal may know. Shared with proposals that are computed elsewhere.
    pub(super) known: Arc<Known>,
    /// The number of trials, from the first on, whose outcomes `known` takes in.
    pub(super) revealed: usize,
    /// Derived likewise, where repetitions are allowed: which trials forbid one all the same.
    pub(super) blocking: Blocking,
    /// Derived likewise: which trials have the same result of the same configuration.
    pub(super) results: ResultIndex,
    /// Derived likewise: how often each hash of a configuration is in the queue.
    pub(super) queued: HashMap<u64, usize>,
    /// The number of trials at which the strategy had nothing to propose, and whether it knew all outcomes.
    pub(super) nothing_left: Option<(usize, bool)>,
}

impl Study {
    /// A study that has seen nothing. A strategy that is chosen at run time comes as a `Box<dyn Strategy>`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a limit or the lag is 0.
    pub fn new(
        space: SearchSpace,
        objective: Objective,
        strategy: impl Strategy + 'static,
        settings: StudySettings,
    ) -> Result<Self, Error> {
        Self::sharing(space, objective, Arc::new(strategy), settings)
    }

    /// A study of the same search that has seen nothing.
    ///
    /// # Errors
    /// None that a sound study gives.
    #[cfg(unix)]
    pub(crate) fn renewed(&self) -> Result<Self, Error> {
        let strategy = Arc::clone(&self.strategy);
        Self::sharing(self.space.clone(), self.objective.clone(), strategy, self.settings)
    }

    fn sharing(
        space: SearchSpace,
        objective: Objective,
        strategy: Arc<dyn Strategy>,
        settings: StudySettings,
    ) -> Result<Self, Error> {
        let mut violations = settings.limits.violations();
        if settings.order == Order::FixedLag(0) {
            violations.push(Violation::new(
                "order",
                "FixedLag(0)",
                "no trial can know its own outcome: the lag is at least 1",
                "use the number of parallel jobs as the lag",
            ));
        }
        Error::unless_empty(violations)?;
        Ok(Self {
            known: Arc::new(Known::new(space.axes())),
            space,
            objective,
            strategy,
            settings,
            events: Vec::new(),
            trials: Vec::new(),
            points: Vec::new(),
            added: Vec::new(),
            queue: VecDeque::new(),
            deviations: HashMap::new(),
            running: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            best: None,
            configurations: Configurations::default(),
            proposed: Configurations::default(),
            revealed: 0,
            blocking: Blocking::default(),
            results: ResultIndex::default(),
            queued: HashMap::new(),
            nothing_left: None,
        })
    }

    /// The study that these [`events`](Self::events) made. With the same space, objective, strategy and settings it goes on as
    /// the original does: resuming is replaying. Events do not tell which these were; that they are the same is up to whoever
    /// calls.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`Error::BadEvent`] for the first event that cannot have been recorded: a trial out
    /// of turn, a configuration that is not one of the space's in its own order and types, a report or an outcome of a trial
    /// that does not run, an outcome whose value is not finite, a proposal of what was asked or told before. Whether the
    /// [`Order`] of `settings` would have allowed a trial to be asked is not looked at: a study may go on under another order.
    pub fn replay(
        space: SearchSpace,
        objective: Objective,
        strategy: impl Strategy + 'static,
        settings: StudySettings,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Self, Error> {
        let mut study = Self::new(space, objective, strategy, settings)?;
        study.extend(events)?;
        Ok(study)
    }

    /// Goes on with these events. Those before the first that cannot have been recorded are taken in.
    ///
    /// # Errors
    /// [`Error::BadEvent`], as [`replay`](Self::replay) says, with the index among these events.
    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(), Error> {
        for (index, event) in events.into_iter().enumerate() {
            let point = self
                .place_of(&event)
                .map_err(|error| Error::BadEvent { index, reason: error.to_string() })?;
            self.record(event, point);
        }
        Ok(())
    }

    /// The point of an event that adds a trial.
    ///
    /// # Errors
    /// If the event cannot be the next one.
    fn place_of(&self, event: &Event) -> Result<Option<UnitPoint>, Error> {
        match event {
            Event::Enqueued { configuration, .. } => {
                self.check_wanted(configuration)?;
                let normal = self.space.normalize_part(configuration)?;
                check_same(configuration, &normal).map(|()| None)
            }
            Event::Dequeued { configuration } => {
                if self.queue.front() == Some(configuration) {
                    return Ok(None);
                }
                Err(Error::BadProposal(format!(
                    "{configuration} is not the first that is enqueued"
                )))
            }
            Event::Asked { trial, configuration, proposal } => {
                if matches!(proposal.phase, Phase::Enqueued | Phase::CutOff) {
                    self.check_turn(configuration, proposal.phase)?;
                } else {
                    self.check_new(configuration)?;
                }
                self.addition(*trial, configuration).map(Some)
            }
            Event::Observed { trial, configuration, outcome, deviation } => {
                check_sound(outcome)?;
                check_deviation(*deviation)?;
                self.addition(*trial, configuration).map(Some)
            }
            Event::Reported { trial, .. }
            | Event::StopAsked { trial, .. }
            | Event::StopWithdrawn { trial }
            | Event::Located { trial, .. }
            | Event::AttemptFailed { trial, .. } => self.running(*trial).map(|()| None),
            Event::Told { trial, outcome } => {
                check_sound(outcome)?;
                self.running(*trial).map(|()| None)
            }
            Event::SetAside { trial, outcome } => {
                check_sound(outcome)?;
                self.trial(*trial).map(|_| None).ok_or(Error::UnknownTrial(*trial))
            }
        }
    }

    /// The point of the next trial, if it has this number and configuration.
    fn addition(&self, trial: TrialId, configuration: &Configuration) -> Result<UnitPoint, Error> {
        if trial != self.next_id() {
            return Err(Error::OutOfTurn { trial, next: self.next_id() });
        }
        let (normal, point) = self.space.normalize_and_encode(configuration)?;
        check_same(configuration, &normal).map(|()| point)
    }

    /// The trial that forbids a configuration to be tried once more: the first of several.
    pub(super) fn forbidden_by(&self, configuration: &Configuration) -> Option<&Trial> {
        if self.settings.repetitions == Repetitions::Allowed {
            let mut blocking =
                self.blocking.candidates(configuration).map(|index| &self.trials[index]);
            return blocking.find(|trial| trial.configuration == *configuration);
        }
        self.trials_of(configuration).filter(|trial| self.forbids(trial)).last()
    }

    /// Whether a trial forbids its configuration to be tried once more.
    pub(super) fn forbids(&self, trial: &Trial) -> bool {
        match &trial.outcome {
            Some(_) if trial.was_cut_off() => false,
            Some(Outcome::Failed(_)) => !self.failed_transiently(trial),
            None | Some(Outcome::Stopped { value: None }) => true,
            Some(Outcome::Completed { .. } | Outcome::Stopped { value: Some(_) }) => {
                self.settings.repetitions == Repetitions::Never
            }
        }
    }

    /// Whether a proposal is none that was asked or told, or may be repeated.
    pub(super) fn check_new(&self, configuration: &Configuration) -> Result<(), Error> {
        match self.forbidden_by(configuration) {
            None => Ok(()),
            Some(trial) => Err(Error::BadProposal(format!(
                "{configuration} has been asked or told, as trial {} (and may not be repeated, or not now); Visited::of(history).contains(…) tells",
                trial.id
            ))),
        }
    }

    /// What is tuned.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// What is measured.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// What proposes.
    pub fn strategy(&self) -> &dyn Strategy {
        self.strategy.as_ref()
    }

    /// How the study proposes.
    pub fn settings(&self) -> &StudySettings {
        &self.settings
    }

    /// Everything that happened.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// All trials in the order of their numbers.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The trial of this number.
    pub fn trial(&self, id: TrialId) -> Option<&Trial> {
        self.trials.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// The standard deviation of the noise of a trial's value, where it came from outside with that.
    pub fn deviation(&self, id: TrialId) -> Option<f64> {
        self.deviations.get(&id).copied()
    }

    /// The reasons for a trial; `None` if it came from outside.
    pub fn proposal(&self, id: TrialId) -> Option<&Proposal> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        match &self.events[*self.added.get(index)?] {
            Event::Asked { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    /// The same in the unit of the metric.
    pub fn why(&self, id: TrialId) -> Option<Why> {
        self.proposal(id).map(|proposal| Why::of(id, proposal, &self.objective))
    }

    /// Trials that have not ended, in the order of their numbers.
    pub fn pending(&self) -> impl Iterator<Item = &Trial> {
        self.running.iter().filter_map(|id| self.trial(*id))
    }

    /// Trials that were cut off because the tuning was over, and have not been tried again: see
    /// [`Trial::was_cut_off`]. The next [`ask`](Self::ask) gives their configurations first.
    pub fn cut_off(&self) -> impl Iterator<Item = &Trial> {
        self.cut_off.iter().filter_map(|id| self.trial(*id))
    }

    /// The completed trial of the best value; the earliest of several. Where values are noisy, a lucky measurement may be the best:
    /// what is then to be used is the one that is [`recommended`](Self::recommended).
    pub fn best(&self) -> Option<&Trial> {
        self.best.and_then(|id| self.trial(id))
    }

    /// The observed trial that the strategy believes to be the best, whatever the order; where it believes nothing, the
    /// [`best`](Self::best) value. They differ where values are noisy: with [`BayesianOptimization`](crate::BayesianOptimization), where learnt or declared
    /// noise makes up at least a fifth of the variance of the losses' signal.
    ///
    /// # Errors
    /// Those of the strategy, and [`Error::UnknownTrial`] if it recommends one that does not exist.
    pub fn recommended(&self) -> Result<Option<&Trial>, Error> {
        let mut known = Known::of(self, self.trials.len());
        // What was stopped on its way has no final value to be recommended for.
        known.observations.retain(|observation| {
            self.trial(observation.trial).is_some_and(|trial| trial.value().is_some())
        });
        let history = History {
            axes: self.space.axes(),
            observations: &[],
            pending: &[],
            failures: &[],
            next_trial: self.next_id(),
            max_jobs: self.settings.limits.max_jobs,
            max_parallel_jobs: self.parallel_jobs(),
            repetitions: self.settings.repetitions,
            index: None,
        };
        match self.strategy.outlook(&known.history(&history))? {
            None => Ok(self.best()),
            Some(Outlook { recommended: number, .. }) => {
                self.trial(number).map(Some).ok_or(Error::UnknownTrial(number))
            }
        }
    }

    /// Adds a report of a running trial.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::AlreadyEnded`] if it is not running any more.
    pub fn report(&mut self, trial: TrialId, step: u64, value: f64) -> Result<(), Error> {
        self.running(trial)?;
        self.record(Event::Reported { trial, report: Report { step, value } }, None);
        Ok(())
    }

    /// Notes that a running trial is to be asked to stop. That it stops is up to whoever runs it, and told like any end.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::AlreadyEnded`] if it is not running any more.
    pub fn ask_to_stop(&mut self, trial: TrialId, cause: StopCause) -> Result<(), Error> {
        self.running(trial)?;
        self.record(Event::StopAsked { trial, cause }, None);
        Ok(())
    }

    /// Notes that a running trial is not to stop any more, because it runs anew.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::AlreadyEnded`] if it is not running any more.
    pub fn withdraw_stop(&mut self, trial: TrialId) -> Result<(), Error> {
        self.running(trial)?;
        self.record(Event::StopWithdrawn { trial }, None);
        Ok(())
    }

    /// Notes where the job of a running trial can be found again. To note the same once more changes nothing.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::AlreadyEnded`] if it is not running any more.
    pub fn locate(&mut self, trial: TrialId, place: &str) -> Result<(), Error> {
        self.running(trial)?;
        if self.trial(trial).is_some_and(|known| known.place.as_deref() != Some(place)) {
            self.record(Event::Located { trial, place: place.into() }, None);
        }
        Ok(())
    }

    /// Notes that an attempt at a running trial failed, and that there will be another one: the trial goes on.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::AlreadyEnded`] if it is not running any more.
    pub fn attempt_failed(&mut self, trial: TrialId, failure: Failure) -> Result<(), Error> {
        self.running(trial)?;
        self.record(Event::AttemptFailed { trial, failure }, None);
        Ok(())
    }

    /// Ends a trial. A completed value that is not finite is recorded as a failure of that kind; a value at which it was
    /// stopped that is not finite, as none. To tell the same once more changes nothing.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::Conflict`] if the trial has ended otherwise: the first outcome counts, the other one is
    /// set aside in the ledger. (It is no error where [`LateResults`] says that it is used.)
    pub fn tell(&mut self, trial: TrialId, outcome: Outcome) -> Result<(), Error> {
        let outcome = sound(outcome);
        let known = self.trial(trial).ok_or(Error::UnknownTrial(trial))?;
        let Some(kept) = &known.outcome else {
            self.record(Event::Told { trial, outcome }, None);
            return Ok(());
        };
        if *kept == outcome {
            return Ok(());
        }
        let used = self.supersedes(kept, &outcome);
        let conflict = Error::Conflict { trial, kept: kept.clone(), told: outcome.clone() };
        if used {
            self.record(Event::SetAside { trial, outcome }, None);
            return Ok(());
        }
        self.set_aside(trial, outcome)?;
        Err(conflict)
    }

    /// Keeps what was told of a trial without counting it: the end of an attempt that had been given up, say, while another one
    /// is under way. The same thing twice is kept once.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`].
    pub fn set_aside(&mut self, trial: TrialId, outcome: Outcome) -> Result<(), Error> {
        let outcome = sound(outcome);
        let known = self.trial(trial).ok_or(Error::UnknownTrial(trial))?;
        if !known.set_aside.contains(&outcome) {
            self.record(Event::SetAside { trial, outcome }, None);
        }
        Ok(())
    }

    /// Whether a late outcome takes the place of the first one. What was abandoned stays so.
    pub(super) fn supersedes(&self, kept: &Outcome, late: &Outcome) -> bool {
        let is_abandoned = matches!(
            kept,
            Outcome::Failed(failure) if failure.kind == FailureKind::Abandoned
        );
        self.settings.late_results == LateResults::Used
            && kept.value().is_none()
            && late.value().is_some()
            && !is_abandoned
    }

    /// Gives a running trial up, and its configuration for good: it is never proposed again, whatever is allowed.
    ///
    /// # Errors
    /// Those of [`tell`](Self::tell).
    pub fn abandon(&mut self, trial: TrialId, why: impl Into<String>) -> Result<(), Error> {
        self.tell(trial, Outcome::Failed(Failure::new(FailureKind::Abandoned, why)))
    }

    pub(super) fn next_id(&self) -> TrialId {
        TrialId(self.trials.len() as u64 + 1)
    }

    fn running(&self, id: TrialId) -> Result<(), Error> {
        match self.trial(id) {
            None => Err(Error::UnknownTrial(id)),
            Some(trial) if trial.outcome.is_some() => Err(Error::AlreadyEnded(id)),
            Some(_) => Ok(()),
        }
    }
}

/// Whether a recorded configuration is in the space's own order and types.
fn check_same(configuration: &Configuration, normal: &Configuration) -> Result<(), Error> {
    if configuration == normal {
        return Ok(());
    }
    Err(Error::Invalid(vec![Violation::new(
        "configuration",
        configuration,
        "recorded configurations are in the space's own order and types",
        "pass it through SearchSpace::normalize",
    )]))
}
