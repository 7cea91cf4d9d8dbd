//! Asking for the next trial: one to rerun, an enqueued one, or one that the strategy
//! proposes.

use std::sync::Arc;

use super::definition::Study;
use super::event::Event;
use super::history_lists::HistoryLists;
use super::settings::{AskOutcome, Order, StoppedTrials};
use crate::error::Error;
use crate::rng::Rng;
use crate::space::Configuration;
use crate::strategy::{History, Observation, Phase, Proposal, Repetitions, Strategy};
use crate::trial::{Trial, TrialId};
use crate::unit_cube::{self, Axis, UnitPoint};

/// The next step of [`Study::ask`].
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing can happen now: the order needs the outcome of an earlier trial first.
    Wait,
    /// The trial is ready, without a proposal of the strategy.
    Ready(Trial),
    /// A proposal must be computed and then [committed](Study::commit_proposal).
    Compute(ProposalTask),
}

/// A proposal that must be computed, with all inputs of the computation.
///
/// It shares the history with the study, and may run on another thread.
#[derive(Debug)]
pub(crate) struct ProposalTask {
    strategy: Arc<dyn Strategy>,
    history: Arc<HistoryLists>,
    axes: Vec<Axis>,
    seed: u64,
    next_trial: TrialId,
    max_jobs: Option<usize>,
    max_parallel_jobs: usize,
    repetitions: Repetitions,
}

impl ProposalTask {
    /// Returns whether the computation takes a negligible time.
    pub(crate) fn is_cheap(&self) -> bool {
        self.strategy.is_cheap()
    }

    /// Computes the proposal; `None` if the space is exhausted.
    ///
    /// # Errors
    /// Any error of the strategy.
    pub(crate) fn run(&self) -> Result<Option<Proposal>, Error> {
        let history = History {
            axes: &self.axes,
            observations: &self.history.observations,
            pending: &self.history.pending,
            failures: &self.history.failures,
            next_trial: self.next_trial,
            max_jobs: self.max_jobs,
            max_parallel_jobs: self.max_parallel_jobs,
            repetitions: self.repetitions,
            index: Some(self.history.index()),
        };
        self.strategy.propose(&history, &mut Rng::stream(self.seed, self.next_trial.0))
    }
}

impl Study {
    /// Asks for up to `count` trials to run. `ask(4)` gives the same trials as four calls of
    /// `ask(1)`.
    ///
    /// [Trials to rerun](Self::trials_to_rerun) come first, then [enqueued](Self::enqueue)
    /// configurations, then proposals of the strategy. The limits of
    /// [`StudySettings`](super::StudySettings) are not enforced here, except that strategies plan
    /// with them: stop asking when you have enough.
    ///
    /// ```
    /// use surmise::{
    ///     AskOutcome, Error, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    ///     SearchSpace, Study, StudySettings,
    /// };
    ///
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range])?;
    /// let objective = Objective::minimize("loss");
    /// let mut study = Study::new(space, objective, RandomSearch, StudySettings::default())?;
    /// let AskOutcome::Trials(trials) = study.ask(2)? else { unreachable!("x is continuous") };
    /// for trial in trials {
    ///     let loss = trial.configuration.float("x").powi(2);
    ///     study.tell(trial.id, Outcome::from(loss))?;
    /// }
    /// assert_eq!(study.trials().len(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Any error of the strategy. [`Error::InvalidProposal`] if its point lies outside the unit
    /// cube, or if its configuration must not be repeated. (A point that is not snapped is
    /// snapped.) Trials that were asked for before the error are in the study, as pending.
    pub fn ask(&mut self, count: usize) -> Result<AskOutcome, Error> {
        let mut asked = Vec::new();
        while asked.len() < count {
            let trial = match self.next_step()? {
                Step::Wait if asked.is_empty() => return Ok(AskOutcome::Wait),
                Step::Wait => break,
                Step::Ready(trial) => Some(trial),
                Step::Compute(task) => {
                    let proposed = task.run()?;
                    // While the task shares the history, a change of the history copies it.
                    drop(task);
                    self.commit_proposal(proposed)?
                }
            };
            match trial {
                Some(trial) => asked.push(trial),
                None => match self.outcome_without_proposal() {
                    None => {}
                    Some(answer) if asked.is_empty() => return Ok(answer),
                    Some(_) => break,
                },
            }
        }
        Ok(AskOutcome::Trials(asked))
    }

    /// Returns the answer for a strategy that proposed nothing.
    ///
    /// `None` means that the strategy must be asked again, because it did not know all outcomes.
    pub(crate) fn outcome_without_proposal(&self) -> Option<AskOutcome> {
        let has_running = !self.running.is_empty();
        let knew_all = self.exhausted_at.is_none_or(|(_, knew_all)| knew_all);
        // A running trial may be repeated once it has a loss or has failed transiently. Under a
        // fixed lag, the strategy sees that only when no trial runs.
        let may_repeat = self.settings.repetitions == Repetitions::Allowed;
        if has_running && (may_repeat || !knew_all) {
            return Some(AskOutcome::Wait);
        }
        knew_all.then_some(AskOutcome::Exhausted)
    }

    /// Returns whether the strategy proposed nothing while the lag hid the last outcomes from it.
    fn is_exhausted_under_lag(&self) -> bool {
        self.exhausted_at == Some((self.trials.len(), false))
    }

    /// Returns what must happen for the next trial.
    ///
    /// # Errors
    /// None for a study that was built through its methods.
    pub(crate) fn next_step(&mut self) -> Result<Step, Error> {
        if self.must_wait() {
            return Ok(Step::Wait);
        }
        self.dequeue_blocked();
        if let Some((configuration, phase)) = self.next_queued() {
            return self.add_queued_trial(configuration, phase).map(Step::Ready);
        }
        let needs_all_outcomes = self.is_exhausted_under_lag();
        if needs_all_outcomes && !self.running.is_empty() {
            return Ok(Step::Wait);
        }
        let history = match self.settings.stopped_trials {
            // All trials have ended, so the history does not depend on the order of completion.
            _ if needs_all_outcomes => Arc::new(HistoryLists::from_study(self, self.trials.len())),
            // Each outcome may change the projections of all stopped trials.
            StoppedTrials::Projected => Arc::new(HistoryLists::from_study(self, self.horizon())),
            _ => Arc::clone(&self.history),
        };
        Ok(Step::Compute(ProposalTask {
            strategy: Arc::clone(&self.strategy),
            history,
            axes: self.space.axes().to_vec(),
            seed: self.settings.seed,
            next_trial: self.next_id(),
            max_jobs: self.settings.limits.max_jobs,
            max_parallel_jobs: self.parallel_jobs(),
            repetitions: self.settings.repetitions,
        }))
    }

    /// Adds a trial for a proposal. Returns `None` if there is no new trial.
    ///
    /// # Errors
    /// [`Error::InvalidProposal`], for the reasons that [`ask`](Self::ask) names.
    pub(crate) fn commit_proposal(
        &mut self,
        proposed: Option<Proposal>,
    ) -> Result<Option<Trial>, Error> {
        let Some(proposal) = proposed else {
            let knew_all = self.is_exhausted_under_lag() || self.horizon() >= self.trials.len();
            self.exhausted_at = Some((self.trials.len(), knew_all));
            return self.add_trial_from_partial();
        };
        self.check_in_unit_cube(&proposal.point)?;
        let configuration = self.round_to_few_digits(&proposal)?;
        if let Some(completed) = self.complete_partial(Some(&configuration))? {
            return self.add_queued_trial(completed, Phase::Enqueued).map(Some);
        }
        self.check_not_repeated(&configuration)?;
        // As on replay, the point of a trial is the encoding of its configuration.
        let point = self.space.encode(&configuration)?;
        let (trial, proposal) = (self.next_id(), Box::new(proposal));
        self.record(Event::Asked { trial, configuration, proposal }, Some(point));
        Ok(Some(self.last_trial()))
    }

    /// Adds a trial for the first enqueued partial configuration that can be completed, where the
    /// strategy proposed nothing.
    fn add_trial_from_partial(&mut self) -> Result<Option<Trial>, Error> {
        while self.is_next_partial() {
            if let Some(configuration) = self.complete_partial(None)? {
                return self.add_queued_trial(configuration, Phase::Enqueued).map(Some);
            }
        }
        Ok(None)
    }

    /// Adds a trial for a configuration that no strategy has proposed.
    fn add_queued_trial(
        &mut self,
        configuration: Configuration,
        phase: Phase,
    ) -> Result<Trial, Error> {
        let point = self.space.encode(&configuration)?;
        let proposal = Box::new(Proposal::new(point.clone(), phase));
        let trial = self.next_id();
        self.record(Event::Asked { trial, configuration, proposal }, Some(point));
        Ok(self.last_trial())
    }

    /// Returns the configuration near a proposal that has the fewest digits and was not tried
    /// before.
    ///
    /// Returns the exact configuration of the proposal if there is none.
    ///
    /// # Errors
    /// [`Error::InvalidProposal`] if the configuration was proposed or tried before and must not be
    /// repeated.
    fn round_to_few_digits(&self, proposal: &Proposal) -> Result<Configuration, Error> {
        let point = self.space.snap(&proposal.point);
        let repetitions = self.settings.repetitions;
        let mut nearby =
            self.space.configurations_near(&point, &proposal.numbers)?.collect::<Vec<_>>();
        let exact = nearby.pop().expect("a point represents a configuration");
        self.check_not_repeated(&exact)?;
        if let Some(trial) = self.proposed_before(&exact) {
            return Err(Error::InvalidProposal(format!(
                "{exact} is trial {trial} already, rounded to fewer digits, and must not be \
                 repeated; a strategy can check a point by `Visited::new(history).contains(…)`"
            )));
        }
        if repetitions == Repetitions::Allowed {
            // A repeated measurement uses the same configuration, to the last digit.
            let axes = self.space.axes();
            let is_same =
                |other: &&Observation| unit_cube::is_same_point(axes, &other.point, &point);
            if let Some(earlier) = self.history.observations.iter().find(is_same) {
                let trial = self.trial(earlier.trial);
                return Ok(trial.map_or(exact, |trial| trial.configuration.clone()));
            }
        }
        for configuration in nearby {
            let point = self.space.encode(&configuration)?;
            if !self.history.is_blocked_at(&point, Repetitions::Never) {
                return Ok(configuration);
            }
        }
        Ok(exact)
    }

    /// Returns the trial for which the same configuration was proposed, if that trial blocks a
    /// repetition.
    fn proposed_before(&self, proposed: &Configuration) -> Option<TrialId> {
        let is_same = |trial: &&Trial| {
            self.proposal(trial.id).is_some_and(|proposal| {
                self.space.decode(&self.space.snap(&proposal.point)) == *proposed
            })
        };
        let trial = |index: usize| &self.trials[index];
        let found = match self.settings.repetitions {
            Repetitions::Allowed => self.blocking.candidates(proposed).map(trial).find(is_same),
            Repetitions::Never => {
                let mut trials = self.proposed_configurations.candidates(proposed).map(trial);
                trials.find(|trial| self.blocks_repetition(trial) && is_same(trial))
            }
        };
        found.map(|trial| trial.id)
    }

    fn check_in_unit_cube(&self, point: &UnitPoint) -> Result<(), Error> {
        let axes = self.space.axes().len();
        if point.len() == axes && point.iter().all(|u| (0.0..=1.0).contains(u)) {
            return Ok(());
        }
        let point = &point[..];
        let text = format!("{point:?} lies outside the unit cube of {axes} axes");
        Err(Error::InvalidProposal(text))
    }

    fn last_trial(&self) -> Trial {
        self.trials.last().expect("one was added").clone()
    }

    /// Returns the number of trials, from the first on, whose outcomes the next proposal may know.
    pub(super) fn horizon(&self) -> usize {
        match self.settings.order {
            Order::Arrival => self.trials.len(),
            Order::FixedLag(lag) => (self.trials.len() + 1).saturating_sub(lag),
        }
    }

    fn must_wait(&self) -> bool {
        let first = self.running.first().map_or(u64::MAX, |trial| trial.0);
        matches!(self.settings.order, Order::FixedLag(_)) && first <= self.horizon() as u64
    }

    /// Returns the number of parallel jobs that strategies see.
    ///
    /// Under a fixed lag it is the lag, so that proposals do not depend on the number of workers.
    pub(super) fn parallel_jobs(&self) -> usize {
        match self.settings.order {
            Order::Arrival => self.settings.limits.max_parallel_jobs,
            Order::FixedLag(lag) => lag,
        }
    }
}
