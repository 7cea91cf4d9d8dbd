//! Queries of a study: settings, trials, best trial, recommendation.

use super::definition::Study;
use super::event::Event;
use super::history_lists::HistoryLists;
use super::settings::StudySettings;
use super::why::Why;
use crate::error::Error;
use crate::objective::Objective;
use crate::space::SearchSpace;
use crate::strategy::{History, Proposal, Recommendation, Strategy};
use crate::trial::{Trial, TrialId};

impl Study {
    /// Returns the search space.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// Returns the objective: the metric and its goal.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Returns the strategy that proposes trials.
    pub fn strategy(&self) -> &dyn Strategy {
        self.strategy.as_ref()
    }

    /// Returns the settings of the study.
    pub fn settings(&self) -> &StudySettings {
        &self.settings
    }

    /// Returns all events, in the order in which they were recorded.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns all trials in the order of their numbers.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Returns the trial with this number; `None` if there is none.
    pub fn trial(&self, id: TrialId) -> Option<&Trial> {
        self.trials.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// Returns the noise of an external value that was [added](Self::add_noisy_observation) with
    /// it: a standard deviation in the unit of the metric.
    pub fn noise_std_dev(&self, id: TrialId) -> Option<f64> {
        self.noise_std_devs.get(&id).copied()
    }

    /// Returns the proposal of a trial, with its reasons; `None` for an external trial.
    pub fn proposal(&self, id: TrialId) -> Option<&Proposal> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        match &self.events[*self.trial_event_indices.get(index)?] {
            Event::Asked { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    /// Returns why a trial was proposed, in the unit of the metric; `None` for an external trial.
    ///
    /// Its `Display` form is a sentence:
    ///
    /// ```
    /// use surmise::{
    ///     Error, Objective, ParameterRange, RandomSearch, ScalingType, SearchSpace, Study,
    ///     StudySettings, TrialId,
    /// };
    ///
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range])?;
    /// let objective = Objective::minimize("loss");
    /// let mut study = Study::new(space, objective, RandomSearch, StudySettings::default())?;
    /// study.ask(1)?;
    /// let why = study.why(TrialId(1)).expect("the trial was proposed");
    /// assert_eq!(why.to_string(), "trial 1 was proposed at random");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn why(&self, id: TrialId) -> Option<Why> {
        self.proposal(id).map(|proposal| Why::new(id, proposal, &self.objective))
    }

    /// Returns the trials that have not ended, in the order of their numbers.
    pub fn pending(&self) -> impl Iterator<Item = &Trial> {
        self.running.iter().filter_map(|id| self.trial(*id))
    }

    /// Returns the trials that the end of the tuning [stopped](Trial::needs_rerun), and
    /// that have not been tried again.
    ///
    /// The next [`ask`](Self::ask) returns their configurations first.
    pub fn trials_to_rerun(&self) -> impl Iterator<Item = &Trial> {
        self.to_rerun.iter().filter_map(|id| self.trial(*id))
    }

    /// Returns the completed trial with the best value; the earliest if there are several.
    ///
    /// With noisy values, the best value may be a lucky measurement: use
    /// [`recommended`](Self::recommended) then.
    pub fn best(&self) -> Option<&Trial> {
        self.best.and_then(|id| self.trial(id))
    }

    /// Returns the trial that the strategy considers the best; `None` if no trial has completed.
    ///
    /// It is the trial with the [`best`](Self::best) value unless values are noisy.
    /// [`BayesianOptimization`](crate::BayesianOptimization) may recommend another trial if the
    /// learned or declared noise makes up at least a fifth of the variance of the losses' signal.
    /// The [`Order`](super::Order) does not matter here: all outcomes count.
    ///
    /// # Errors
    /// Any error of the strategy, and [`Error::UnknownTrial`] if it recommends a trial that does
    /// not exist.
    pub fn recommended(&self) -> Result<Option<&Trial>, Error> {
        let mut lists = HistoryLists::from_study(self, self.trials.len());
        // A trial that was stopped early has no final value, so it cannot be recommended.
        lists.observations.retain(|observation| {
            self.trial(observation.trial).is_some_and(|trial| trial.value().is_some())
        });
        let without_trials = History {
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
        match self.strategy.recommend(&lists.to_history(&without_trials))? {
            None => Ok(self.best()),
            Some(Recommendation { trial: number, .. }) => {
                self.trial(number).map(Some).ok_or(Error::UnknownTrial(number))
            }
        }
    }

    pub(super) fn next_id(&self) -> TrialId {
        TrialId(self.trials.len() as u64 + 1)
    }

    pub(super) fn check_running(&self, id: TrialId) -> Result<(), Error> {
        match self.trial(id) {
            None => Err(Error::UnknownTrial(id)),
            Some(trial) if trial.outcome.is_some() => Err(Error::AlreadyEnded(id)),
            Some(_) => Ok(()),
        }
    }
}
