//! The ledger: what was asked, what was told, and nothing else.
//!
//! A [`Study`] is an append-only list of [`Event`]s, from which the trials are derived. It does no I/O, reads no clock and
//! starts no thread; it can be driven by [`tune`](crate::tune::tune), or by hand with [`ask`](Study::ask) and
//! [`tell`](Study::tell).

mod event;
mod known;
mod queue;
mod settings;
mod sound;
mod why;

use std::collections::{HashMap, VecDeque};

pub use self::event::Event;
use self::known::Known;
pub use self::known::StoppedTrials;
pub use self::settings::{Asked, LateResults, Order, StudySettings};
use self::sound::{check_deviation, check_sound, sound};
pub use self::why::{Expected, Why};
use crate::cube::UnitPoint;
use crate::error::{Error, Violation};
use crate::objective::Objective;
use crate::rng::Rng;
use crate::space::{Configuration, SearchSpace};
use crate::strategy::{History, Outlook, Phase, Proposal, Repetitions, Strategy};
use crate::trial::{Failure, FailureKind, Outcome, Report, Source, StopCause, Trial, TrialId};

/// The ledger of one search, and the strategy that continues it.
#[derive(Debug)]
pub struct Study {
    space: SearchSpace,
    objective: Objective,
    strategy: Box<dyn Strategy>,
    settings: StudySettings,
    events: Vec<Event>,
    /// Derived from the events: number i + 1 at index i.
    trials: Vec<Trial>,
    /// Derived likewise.
    points: Vec<UnitPoint>,
    /// Derived likewise: the place of the event that added each trial.
    added: Vec<usize>,
    /// Derived likewise: what is to be tried before anything is proposed.
    queue: VecDeque<Configuration>,
    /// Derived likewise: the known noise of values from outside.
    deviations: HashMap<TrialId, f64>,
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
            space,
            objective,
            strategy: Box::new(strategy),
            settings,
            events: Vec::new(),
            trials: Vec::new(),
            points: Vec::new(),
            added: Vec::new(),
            queue: VecDeque::new(),
            deviations: HashMap::new(),
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
        for (index, event) in events.into_iter().enumerate() {
            let point = study
                .place_of(&event)
                .map_err(|error| Error::BadEvent { index, reason: error.to_string() })?;
            study.record(event, point);
        }
        Ok(study)
    }

    /// The point of an event that adds a trial.
    ///
    /// # Errors
    /// If the event cannot be the next one.
    fn place_of(&self, event: &Event) -> Result<Option<UnitPoint>, Error> {
        match event {
            Event::Enqueued { configuration, .. } => {
                self.check_wanted(configuration)?;
                self.check_normal(configuration).map(|()| None)
            }
            Event::Asked { trial, configuration, proposal } => {
                if proposal.phase == Phase::Enqueued {
                    self.check_turn(configuration)?;
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
            | Event::AttemptFailed { trial, .. } => self.running(*trial).map(|()| None),
            Event::Told { trial, outcome } => {
                check_sound(outcome)?;
                self.running(*trial).map(|()| None)
            }
            Event::SetAside { trial, outcome } => {
                check_sound(outcome)?;
                self.trial(*trial).map(|_| None).ok_or(Error::UnknownTrial(trial.0))
            }
        }
    }

    /// The point of the next trial, if it has this number and configuration.
    fn addition(&self, trial: TrialId, configuration: &Configuration) -> Result<UnitPoint, Error> {
        if trial != self.next_id() {
            return Err(Error::OutOfTurn { trial: trial.0, next: self.next_id().0 });
        }
        self.check_normal(configuration)?;
        self.space.encode(configuration)
    }

    fn check_normal(&self, configuration: &Configuration) -> Result<(), Error> {
        if self.space.normalize(configuration)? == *configuration {
            return Ok(());
        }
        Err(Error::Invalid(vec![Violation::new(
            "configuration",
            configuration,
            "recorded configurations are in the space's own order and types",
            "pass it through SearchSpace::normalize",
        )]))
    }

    /// The trial that forbids a configuration to be tried once more.
    fn forbidden_by(&self, configuration: &Configuration) -> Option<&Trial> {
        let counts = |trial: &Trial| match &trial.outcome {
            None => true,
            Some(Outcome::Failed(failure)) => !failure.kind.is_transient(),
            Some(Outcome::Stopped { value: None }) => !trial.was_cut_off(),
            Some(Outcome::Completed { .. } | Outcome::Stopped { value: Some(_) }) => {
                self.settings.repetitions == Repetitions::Never
            }
        };
        self.trials.iter().find(|trial| trial.configuration == *configuration && counts(trial))
    }

    /// Whether a proposal is none that was asked or told, or may be repeated.
    fn check_new(&self, configuration: &Configuration) -> Result<(), Error> {
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
        self.trials.iter().filter(|trial| trial.outcome.is_none())
    }

    /// The completed trial of the best value; the earliest of several.
    pub fn best(&self) -> Option<&Trial> {
        let loss = |trial: &Trial| trial.value().map(|value| self.objective.loss(value));
        self.trials
            .iter()
            .filter_map(|trial| Some((trial, loss(trial)?)))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .map(|(trial, _)| trial)
    }

    /// The observed trial that the strategy believes to be the best, whatever the order; where it believes nothing, the
    /// [`best`](Self::best) value. They differ where values are noisy.
    ///
    /// # Errors
    /// Those of the strategy, and [`Error::UnknownTrial`] if it recommends one that does not exist.
    pub fn recommended(&self) -> Result<Option<&Trial>, Error> {
        let mut known = Known::of(self, self.trials.len());
        // What was stopped on its way has no final value to be recommended for.
        known.observations.retain(|observation| {
            self.trial(TrialId(observation.trial)).is_some_and(|trial| trial.value().is_some())
        });
        match self.strategy.outlook(&self.history(&known))? {
            None => Ok(self.best()),
            Some(Outlook { recommended: number, .. }) => {
                self.trial(TrialId(number)).map(Some).ok_or(Error::UnknownTrial(number))
            }
        }
    }

    /// Asks for up to `count` trials. `ask(4)` equals four times `ask(1)`.
    ///
    /// The limits are not enforced here: whoever asks by hand decides when it is enough.
    ///
    /// # Errors
    /// Those of the strategy, and [`Error::BadProposal`] if its point does not lie in the cube, or means a configuration that
    /// was asked or told. (A point that is not snapped is snapped.) Trials that were asked before the error are in the ledger,
    /// as pending.
    pub fn ask(&mut self, count: usize) -> Result<Asked, Error> {
        let mut asked = Vec::new();
        while asked.len() < count {
            if self.must_wait() {
                if asked.is_empty() {
                    return Ok(Asked::Wait);
                }
                break;
            }
            match self.propose()? {
                Some(trial) => asked.push(trial),
                // What runs may be repeated once it has a loss.
                None if asked.is_empty()
                    && self.settings.repetitions == Repetitions::Allowed
                    && self.pending().next().is_some() =>
                {
                    return Ok(Asked::Wait);
                }
                None if asked.is_empty() => return Ok(Asked::Exhausted),
                None => break,
            }
        }
        Ok(Asked::Trials(asked))
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
        let known = self.trial(trial).ok_or(Error::UnknownTrial(trial.0))?;
        let Some(kept) = &known.outcome else {
            self.record(Event::Told { trial, outcome }, None);
            return Ok(());
        };
        if *kept == outcome {
            return Ok(());
        }
        let used = self.supersedes(kept, &outcome);
        let conflict = Error::Conflict {
            trial: trial.0,
            kept: format!("{kept:?}"),
            told: format!("{outcome:?}"),
        };
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
        let known = self.trial(trial).ok_or(Error::UnknownTrial(trial.0))?;
        if !known.set_aside.contains(&outcome) {
            self.record(Event::SetAside { trial, outcome }, None);
        }
        Ok(())
    }

    /// Whether a late outcome takes the place of the first one. What was abandoned stays so.
    fn supersedes(&self, kept: &Outcome, late: &Outcome) -> bool {
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

    /// Adds a configuration that was run elsewhere, with its outcome. It gets a number, counts for the model, and is never
    /// proposed (unless repetitions are allowed); under a fixed lag it becomes known like any trial of its number.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the configuration is not one of the space's.
    pub fn observe(
        &mut self,
        configuration: &Configuration,
        outcome: Outcome,
    ) -> Result<TrialId, Error> {
        self.add_observed(configuration, outcome, None)
    }

    /// The same with a value whose noise is known: `deviation` is its standard deviation, in the unit of the metric (that of a
    /// mean over n runs is the runs' own by √n). The model believes it accordingly.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the configuration is not one of the space's, or the deviation is negative or not finite.
    pub fn observe_noisy(
        &mut self,
        configuration: &Configuration,
        value: f64,
        deviation: f64,
    ) -> Result<TrialId, Error> {
        check_deviation(Some(deviation))?;
        self.add_observed(configuration, Outcome::from(value), Some(deviation))
    }

    fn add_observed(
        &mut self,
        configuration: &Configuration,
        outcome: Outcome,
        deviation: Option<f64>,
    ) -> Result<TrialId, Error> {
        let point = self.space.encode(configuration)?;
        let configuration = self.space.normalize(configuration)?;
        let trial = self.next_id();
        let outcome = sound(outcome);
        self.record(Event::Observed { trial, configuration, outcome, deviation }, Some(point));
        Ok(trial)
    }

    fn next_id(&self) -> TrialId {
        TrialId(self.trials.len() as u64 + 1)
    }

    fn running(&self, id: TrialId) -> Result<(), Error> {
        match self.trial(id) {
            None => Err(Error::UnknownTrial(id.0)),
            Some(trial) if trial.outcome.is_some() => Err(Error::AlreadyEnded(id.0)),
            Some(_) => Ok(()),
        }
    }

    /// Number of trials, from the first on, whose outcomes the next proposal may know.
    fn horizon(&self) -> usize {
        match self.settings.order {
            Order::Arrival => self.trials.len(),
            Order::FixedLag(lag) => (self.trials.len() + 1).saturating_sub(lag),
        }
    }

    fn must_wait(&self) -> bool {
        matches!(self.settings.order, Order::FixedLag(_))
            && self.trials[..self.horizon()].iter().any(|trial| trial.outcome.is_none())
    }

    fn history<'a>(&'a self, known: &'a Known) -> History<'a> {
        History {
            axes: self.space.axes(),
            observations: &known.observations,
            pending: &known.pending,
            failures: &known.failures,
            next_trial: self.next_id().0,
            max_jobs: self.settings.limits.max_jobs,
            // What a proposal may know must not depend on the number of workers.
            max_parallel_jobs: match self.settings.order {
                Order::Arrival => self.settings.limits.max_parallel_jobs,
                Order::FixedLag(lag) => lag,
            },
            repetitions: self.settings.repetitions,
        }
    }

    fn propose(&mut self) -> Result<Option<Trial>, Error> {
        if let Some(trial) = self.ask_from_queue()? {
            return Ok(Some(trial));
        }
        let known = Known::of(self, self.horizon());
        let id = self.next_id();
        let history = self.history(&known);
        let mut rng = Rng::stream(self.settings.seed, id.0);
        let Some(proposal) = self.strategy.propose(&history, &mut rng)? else {
            return Ok(None);
        };
        let point = &proposal.point;
        let inside = point.iter().all(|u| (0.0..=1.0).contains(u));
        if point.len() != self.space.axes().len() || !inside {
            let (axes, point) = (self.space.axes().len(), &point[..]);
            let text = format!("{point:?} does not lie in a cube of {axes} axes from 0 to 1");
            return Err(Error::BadProposal(text));
        }
        // The point is what its configuration encodes to, so that a trial which comes back from outside, by its values, is
        // the same to the last digit.
        let configuration = self.space.decode(&self.space.snap(point));
        let point = self.space.encode(&configuration)?;
        self.check_new(&configuration)?;
        self.record(Event::Asked { trial: id, configuration, proposal }, Some(point));
        Ok(self.trials.last().cloned())
    }

    /// The only change of state: appends an event and derives what follows from it.
    fn record(&mut self, event: Event, point: Option<UnitPoint>) {
        match &event {
            Event::Enqueued { configuration, first: true } => {
                self.queue.push_front(configuration.clone());
            }
            Event::Enqueued { configuration, first: false } => {
                self.queue.push_back(configuration.clone());
            }
            Event::Asked { trial, configuration, proposal } => {
                if proposal.phase == Phase::Enqueued {
                    self.queue.pop_front();
                }
                self.add(Trial::new(*trial, Source::Own, configuration.clone()));
            }
            Event::Observed { trial, configuration, outcome, deviation } => {
                let observed = Trial::new(*trial, Source::Outside, configuration.clone());
                self.add(Trial { outcome: Some(outcome.clone()), ..observed });
                self.deviations.extend(deviation.map(|deviation| (*trial, deviation)));
                self.forget_what_is_known();
            }
            Event::Reported { trial, report } => self.entry(*trial).reports.push(*report),
            Event::StopAsked { trial, cause } => {
                self.entry(*trial).stop_asked = Some(*cause);
            }
            Event::AttemptFailed { trial, failure } => {
                let entry = self.entry(*trial);
                entry.failed_attempts.push(failure.clone());
                entry.reports.clear();
                entry.stop_asked = None;
            }
            Event::Told { trial, outcome } => self.entry(*trial).outcome = Some(outcome.clone()),
            Event::SetAside { trial, outcome } => {
                let kept = self.trial(*trial).and_then(|trial| trial.outcome.clone());
                let used = kept.is_some_and(|kept| self.supersedes(&kept, outcome));
                let entry = self.entry(*trial);
                // The ledger shows which of the two came first.
                let aside = if used { entry.outcome.replace(outcome.clone()) } else { None };
                entry.set_aside.push(aside.unwrap_or_else(|| outcome.clone()));
            }
        }
        self.points.extend(point);
        self.events.push(event);
    }

    fn add(&mut self, trial: Trial) {
        self.trials.push(trial);
        self.added.push(self.events.len());
    }

    fn entry(&mut self, id: TrialId) -> &mut Trial {
        let index = usize::try_from(id.0 - 1).expect("the number of a trial in memory");
        &mut self.trials[index]
    }
}

#[cfg(test)]
mod tests;
