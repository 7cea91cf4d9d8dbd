//! How the next trial comes about: what was cut off, what is enqueued, what the strategy proposes.

use std::sync::Arc;

use super::event::Event;
use super::known::{Known, StoppedTrials};
use super::settings::{Asked, Order};
use super::trials::Study;
use crate::cube::{self, Axis, UnitPoint};
use crate::error::Error;
use crate::rng::Rng;
use crate::space::Configuration;
use crate::strategy::{History, Observation, Phase, Proposal, Repetitions, Strategy};
use crate::trial::{Trial, TrialId};

/// What has to be done for the next trial.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing now: the order wants an earlier trial to be told first.
    Wait,
    /// Nothing more: here it is.
    Ready(Trial),
    /// A proposal has to be computed, and then [committed](Study::commit).
    Compute(Computation),
}

/// A proposal that is to be computed. It shares what the study knows, and can be handed to another thread.
#[derive(Debug)]
pub(crate) struct Computation {
    strategy: Arc<dyn Strategy>,
    known: Arc<Known>,
    axes: Vec<Axis>,
    seed: u64,
    trial: u64,
    max_jobs: Option<usize>,
    max_parallel_jobs: usize,
    repetitions: Repetitions,
}

impl Computation {
    /// Whether it takes no time to speak of.
    pub(crate) fn is_quick(&self) -> bool {
        self.strategy.is_quick()
    }

    /// What the strategy proposes; `None` if the space is exhausted.
    ///
    /// # Errors
    /// Those of the strategy.
    pub(crate) fn run(&self) -> Result<Option<Proposal>, Error> {
        let history = History {
            axes: &self.axes,
            observations: &self.known.observations,
            pending: &self.known.pending,
            failures: &self.known.failures,
            next_trial: TrialId(self.trial),
            max_jobs: self.max_jobs,
            max_parallel_jobs: self.max_parallel_jobs,
            repetitions: self.repetitions,
            index: Some(self.known.index()),
        };
        self.strategy.propose(&history, &mut Rng::stream(self.seed, self.trial))
    }
}

impl Study {
    /// Asks for up to `count` trials. `ask(4)` equals four times `ask(1)`.
    ///
    /// What was cut off because the tuning was over comes first, then what is [enqueued](Self::enqueue), then what the strategy proposes.
    /// The limits are not enforced here: whoever asks by hand decides when it is enough.
    ///
    /// # Errors
    /// Those of the strategy, and [`Error::BadProposal`] if its point does not lie in the cube, or means a configuration that
    /// was asked or told. (A point that is not snapped is snapped.) Trials that were asked before the error are in the ledger,
    /// as pending.
    pub fn ask(&mut self, count: usize) -> Result<Asked, Error> {
        let mut asked = Vec::new();
        while asked.len() < count {
            let trial = match self.begin()? {
                Step::Wait if asked.is_empty() => return Ok(Asked::Wait),
                Step::Wait => break,
                Step::Ready(trial) => Some(trial),
                Step::Compute(computation) => {
                    let proposed = computation.run()?;
                    // What is known is shared as long as this lives, and would be copied.
                    drop(computation);
                    self.commit(proposed)?
                }
            };
            match trial {
                Some(trial) => asked.push(trial),
                None => match self.exhausted() {
                    None => {}
                    Some(answer) if asked.is_empty() => return Ok(answer),
                    Some(_) => break,
                },
            }
        }
        Ok(Asked::Trials(asked))
    }

    /// What there is to say where the strategy has nothing to propose; nothing if it is to be asked once more, because it did not know all
    /// outcomes.
    pub(crate) fn exhausted(&self) -> Option<Asked> {
        let runs = !self.running.is_empty();
        let knew_all = self.nothing_left.is_none_or(|(_, knew_all)| knew_all);
        // What runs may be repeated once it has a loss, or has come to nothing by bad luck; under a lag, that is known when nothing runs.
        let may_repeat = self.settings.repetitions == Repetitions::Allowed;
        if runs && (may_repeat || !knew_all) {
            return Some(Asked::Wait);
        }
        knew_all.then_some(Asked::Exhausted)
    }

    /// Whether the strategy had nothing to propose while it did not know the last outcomes because of the lag.
    fn is_nothing_left_under_the_lag(&self) -> bool {
        self.nothing_left == Some((self.trials.len(), false))
    }

    /// Begins with the next trial.
    ///
    /// # Errors
    /// None that a sound ledger gives.
    pub(crate) fn begin(&mut self) -> Result<Step, Error> {
        if self.must_wait() {
            return Ok(Step::Wait);
        }
        self.pass_over_what_is_taken();
        if let Some((configuration, phase)) = self.next_in_line() {
            return self.add_from_queue(configuration, phase).map(Step::Ready);
        }
        let knows_all = self.is_nothing_left_under_the_lag();
        if knows_all && !self.running.is_empty() {
            return Ok(Step::Wait);
        }
        let known = match self.settings.stopped_trials {
            // All have ended, so that what is known does not depend on pace.
            _ if knows_all => Arc::new(Known::of(self, self.trials.len())),
            // Every end may change what is said of the others.
            StoppedTrials::Projected => Arc::new(Known::of(self, self.horizon())),
            _ => Arc::clone(&self.known),
        };
        Ok(Step::Compute(Computation {
            strategy: Arc::clone(&self.strategy),
            known,
            axes: self.space.axes().to_vec(),
            seed: self.settings.seed,
            trial: self.next_id().0,
            max_jobs: self.settings.limits.max_jobs,
            max_parallel_jobs: self.parallel_jobs(),
            repetitions: self.settings.repetitions,
        }))
    }

    /// Makes a trial of what the strategy proposed.
    ///
    /// # Errors
    /// [`Error::BadProposal`], as [`ask`](Self::ask) says.
    pub(crate) fn commit(&mut self, proposed: Option<Proposal>) -> Result<Option<Trial>, Error> {
        let Some(proposal) = proposed else {
            let knew_all =
                self.is_nothing_left_under_the_lag() || self.horizon() >= self.trials.len();
            self.nothing_left = Some((self.trials.len(), knew_all));
            return self.ask_for_a_part();
        };
        self.check_inside(&proposal.point)?;
        // The point is what its configuration encodes to, so that a trial which comes back from outside, by its values, is
        // the same to the last digit.
        let configuration = self.with_few_digits(&proposal)?;
        if let Some(completed) = self.complete_enqueued(Some(&configuration))? {
            return self.add_from_queue(completed, Phase::Enqueued).map(Some);
        }
        self.check_new(&configuration)?;
        let point = self.space.encode(&configuration)?;
        let (trial, proposal) = (self.next_id(), Box::new(proposal));
        self.record(Event::Asked { trial, configuration, proposal }, Some(point));
        Ok(Some(self.last_trial()))
    }

    /// Makes a trial of the first part of a configuration in the queue that may still mean something new, where nothing is proposed.
    fn ask_for_a_part(&mut self) -> Result<Option<Trial>, Error> {
        while self.is_part_enqueued() {
            if let Some(configuration) = self.complete_enqueued(None)? {
                return self.add_from_queue(configuration, Phase::Enqueued).map(Some);
            }
        }
        Ok(None)
    }

    /// Makes a trial of a configuration that no strategy has proposed.
    fn add_from_queue(
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

    /// The configuration next to a proposal that has the fewest digits and lies nowhere that has been tried; the proposal's own if there is
    /// none.
    ///
    /// # Errors
    /// [`Error::BadProposal`] if what is proposed has been proposed or tried, and may not be repeated.
    fn with_few_digits(&self, proposal: &Proposal) -> Result<Configuration, Error> {
        let point = self.space.snap(&proposal.point);
        let repetitions = self.settings.repetitions;
        let mut all = self.space.near(&point, &proposal.numbers)?.collect::<Vec<_>>();
        let own = all.pop().expect("a point represents a configuration");
        self.check_new(&own)?;
        if let Some(trial) = self.proposed_before(&own) {
            return Err(Error::BadProposal(format!(
                "{own} has been asked or told, as trial {trial}, in fewer digits (and may not be repeated, or not now); Visited::of(history).contains(…) tells"
            )));
        }
        if repetitions == Repetitions::Allowed {
            // What is measured once more is the same to the last digit.
            let axes = self.space.axes();
            let is_there = |other: &&Observation| cube::same(axes, &other.point, &point);
            if let Some(again) = self.known.observations.iter().find(is_there) {
                let trial = self.trial(again.trial);
                return Ok(trial.map_or(own, |trial| trial.configuration.clone()));
            }
        }
        for configuration in all {
            let place = self.space.encode(&configuration)?;
            if !self.known.is_taken_at(&place, Repetitions::Never) {
                return Ok(configuration);
            }
        }
        Ok(own)
    }

    /// The trial for which the same was proposed, if that forbids it.
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
                let mut trials = self.proposed.candidates(proposed).map(trial);
                trials.find(|trial| self.forbids(trial) && is_same(trial))
            }
        };
        found.map(|trial| trial.id)
    }

    fn check_inside(&self, point: &UnitPoint) -> Result<(), Error> {
        let axes = self.space.axes().len();
        if point.len() == axes && point.iter().all(|u| (0.0..=1.0).contains(u)) {
            return Ok(());
        }
        let point = &point[..];
        let text = format!("{point:?} does not lie in a cube of {axes} axes from 0 to 1");
        Err(Error::BadProposal(text))
    }

    fn last_trial(&self) -> Trial {
        self.trials.last().expect("one was added").clone()
    }

    /// Number of trials, from the first on, whose outcomes the next proposal may know.
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

    /// What a proposal may know must not depend on the number of workers.
    pub(super) fn parallel_jobs(&self) -> usize {
        match self.settings.order {
            Order::Arrival => self.settings.limits.max_parallel_jobs,
            Order::FixedLag(lag) => lag,
        }
    }
}
