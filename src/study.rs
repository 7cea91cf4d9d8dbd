//! The ledger: what was asked, what was told, and nothing else.
//!
//! A [`Study`] is an append-only list of [`Event`]s, from which the trials are derived. It does no I/O, reads no clock and
//! starts no thread; it can be driven by [`tune`](crate::tune::tune), or by hand with [`ask`](Study::ask) and
//! [`tell`](Study::tell).

use crate::cube::UnitPoint;
use crate::error::{Error, Violation};
use crate::limits::ResourceLimits;
use crate::objective::Objective;
use crate::rng::Rng;
use crate::space::{Configuration, SearchSpace};
use crate::strategy::{
    FailedPoint, History, Observation, Outlook, Pending, Proposal, Repetitions, Strategy,
};
use crate::trial::{Failure, Outcome, Report, Source, Trial, TrialId};

/// Which outcomes a proposal may know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Whatever has been told. The best use of results, but the trajectory depends on when they come.
    #[default]
    Arrival,
    /// The proposal of trial k knows the outcomes of trials 1, …, k − lag, and holds every later one as pending, told or not.
    ///
    /// With the same seed and lag, any number of workers and any order of completion give the same trajectory. A lag below
    /// the number of workers leaves some of them waiting.
    FixedLag(usize),
}

/// How a study proposes. By default the seed is 0, the order is that of arrival, one job runs at a time, and there is no limit
/// in all: then only a finite space ends a tuning.
#[derive(Debug, Clone, Copy, Default)]
pub struct StudySettings {
    /// Same seed, same proposals.
    pub seed: u64,
    /// Which outcomes a proposal may know.
    pub order: Order,
    /// What strategies plan with, and [`tune`](crate::tune::tune) keeps to.
    pub limits: ResourceLimits,
    /// Whether a configuration may be tried more than once. By default never.
    pub repetitions: Repetitions,
}

/// What happened, in the order in which the study learnt of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The strategy proposed a trial.
    Asked {
        /// Its number.
        trial: TrialId,
        /// What to run.
        configuration: Configuration,
        /// The strategy's reasons.
        proposal: Proposal,
    },
    /// A configuration that was run elsewhere came with its outcome.
    Observed {
        /// The number it gets here.
        trial: TrialId,
        /// What was run.
        configuration: Configuration,
        /// How it ended.
        outcome: Outcome,
    },
    /// A running trial reported its metric.
    Reported {
        /// Which trial.
        trial: TrialId,
        /// What it reported.
        report: Report,
    },
    /// A trial ended.
    Told {
        /// Which trial.
        trial: TrialId,
        /// How it ended.
        outcome: Outcome,
    },
}

/// The answer to [`Study::ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Trials to run: as many as were asked for, or fewer if the order or the space allows no more now.
    Trials(Vec<Trial>),
    /// None now; the order wants an earlier trial to be told first, or all that is left may be repeated when it has ended.
    Wait,
    /// None ever: every configuration has been asked or told, and may not be repeated.
    Exhausted,
}

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
            Event::Asked { trial, configuration, .. } => {
                self.check_new(configuration)?;
                self.addition(*trial, configuration).map(Some)
            }
            Event::Observed { trial, configuration, outcome } => {
                check_sound(outcome)?;
                self.addition(*trial, configuration).map(Some)
            }
            Event::Reported { trial, .. } => self.running(*trial).map(|()| None),
            Event::Told { trial, outcome } => {
                check_sound(outcome)?;
                self.running(*trial).map(|()| None)
            }
        }
    }

    /// The point of the next trial, if it has this number and configuration.
    fn addition(&self, trial: TrialId, configuration: &Configuration) -> Result<UnitPoint, Error> {
        if trial != self.next_id() {
            return Err(Error::OutOfTurn { trial: trial.0, next: self.next_id().0 });
        }
        if self.space.normalize(configuration)? != *configuration {
            return Err(Error::Invalid(vec![Violation::new(
                "configuration",
                configuration,
                "recorded configurations are in the space's own order and types",
                "pass it through SearchSpace::normalize",
            )]));
        }
        self.space.encode(configuration)
    }

    /// Whether a proposal is none that was asked or told, or may be repeated.
    fn check_new(&self, configuration: &Configuration) -> Result<(), Error> {
        let counts = |trial: &Trial| match self.settings.repetitions {
            Repetitions::Never => true,
            Repetitions::Allowed => match &trial.outcome {
                None | Some(Outcome::Failed(_) | Outcome::Stopped { value: None }) => true,
                Some(Outcome::Completed { .. } | Outcome::Stopped { value: Some(_) }) => false,
            },
        };
        let same = |trial: &&Trial| trial.configuration == *configuration;
        if self.trials.iter().filter(same).any(counts) {
            return Err(Error::BadProposal(format!(
                "{configuration} has been asked or told (and may not be repeated, or not now); Visited::of(history).contains(…) tells"
            )));
        }
        Ok(())
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
        self.events.iter().find_map(|event| match event {
            Event::Asked { trial, proposal, .. } if *trial == id => Some(proposal),
            _ => None,
        })
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

    /// Ends a trial. A completed value that is not finite is recorded as a failure of that kind; a value at which it was
    /// stopped that is not finite, as none.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`], or [`Error::AlreadyEnded`] if it has been told before; the first outcome is kept.
    pub fn tell(&mut self, trial: TrialId, outcome: Outcome) -> Result<(), Error> {
        self.running(trial)?;
        self.record(Event::Told { trial, outcome: sound(outcome) }, None);
        Ok(())
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
        let point = self.space.encode(configuration)?;
        let configuration = self.space.normalize(configuration)?;
        let trial = self.next_id();
        let outcome = sound(outcome);
        self.record(Event::Observed { trial, configuration, outcome }, Some(point));
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
            Event::Asked { trial, configuration, .. } => {
                self.add(*trial, Source::Own, configuration.clone(), None);
            }
            Event::Observed { trial, configuration, outcome } => {
                self.add(*trial, Source::Outside, configuration.clone(), Some(outcome.clone()));
            }
            Event::Reported { trial, report } => self.entry(*trial).reports.push(*report),
            Event::Told { trial, outcome } => self.entry(*trial).outcome = Some(outcome.clone()),
        }
        self.points.extend(point);
        self.events.push(event);
    }

    fn add(
        &mut self,
        id: TrialId,
        source: Source,
        configuration: Configuration,
        outcome: Option<Outcome>,
    ) {
        self.trials.push(Trial { id, source, configuration, reports: Vec::new(), outcome });
    }

    fn entry(&mut self, id: TrialId) -> &mut Trial {
        let index = usize::try_from(id.0 - 1).expect("the number of a trial in memory");
        &mut self.trials[index]
    }
}

/// What the next proposal may know.
#[derive(Default)]
struct Known {
    observations: Vec<Observation>,
    pending: Vec<Pending>,
    failures: Vec<FailedPoint>,
}

impl Known {
    /// What is known if the outcomes of the first `horizon` trials are.
    fn of(study: &Study, horizon: usize) -> Self {
        let mut known = Self::default();
        for (index, (trial, point)) in study.trials.iter().zip(&study.points).enumerate() {
            let (number, point) = (trial.id.0, point.clone());
            let outcome = if index < horizon { trial.outcome.as_ref() } else { None };
            match outcome {
                None => known.pending.push(Pending { trial: number, point }),
                Some(Outcome::Completed { value } | Outcome::Stopped { value: Some(value) }) => {
                    let loss = study.objective.loss(*value);
                    known.observations.push(Observation { trial: number, point, loss });
                }
                Some(Outcome::Failed(_) | Outcome::Stopped { value: None }) => {
                    known.failures.push(FailedPoint { trial: number, point });
                }
            }
        }
        known
    }
}

/// The value of an outcome that must not be recorded, because it is not finite.
fn stray_value(outcome: &Outcome) -> Option<f64> {
    match outcome {
        Outcome::Completed { value } | Outcome::Stopped { value: Some(value) } => {
            (!value.is_finite()).then_some(*value)
        }
        _ => None,
    }
}

/// Outcomes as they are recorded: with finite values only.
fn sound(outcome: Outcome) -> Outcome {
    match (stray_value(&outcome), outcome) {
        (None, sound) => sound,
        (Some(value), Outcome::Completed { .. }) => Outcome::Failed(Failure::not_finite(value)),
        (Some(_), _) => Outcome::Stopped { value: None },
    }
}

/// Whether an outcome is one that [`sound`] gives.
fn check_sound(outcome: &Outcome) -> Result<(), Error> {
    match stray_value(outcome) {
        None => Ok(()),
        Some(value) => Err(Error::Invalid(vec![Violation::new(
            "value",
            value,
            "recorded values are finite",
            "record a failure of kind NonFiniteMetric instead",
        )])),
    }
}

#[cfg(test)]
mod tests;
