//! What somebody wants to be tried before anything is proposed.

use super::{Event, Study};
use crate::error::{Error, Violation};
use crate::space::Configuration;
use crate::strategy::{Phase, Proposal};
use crate::trial::Trial;

impl Study {
    /// Wants a configuration to be tried: the next [`ask`](Self::ask) gives it, before anything is proposed, in the order of
    /// enqueuing. It then counts as a job like any other.
    ///
    /// ```
    /// use surmise::*;
    ///
    /// let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)])?;
    /// let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, StudySettings::default())?;
    /// study.enqueue(&Configuration::from([("x", 0.25.into())]))?;
    /// let Asked::Trials(trials) = study.ask(1)? else { unreachable!("there is one") };
    /// assert_eq!(trials[0].configuration.float("x"), 0.25);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the configuration is not one of the space's, is enqueued already, or has been asked or told and may not
    /// be repeated.
    pub fn enqueue(&mut self, configuration: &Configuration) -> Result<(), Error> {
        self.add_to_queue(configuration, false)
    }

    /// Wants the defaults to be tried first of all: before what is enqueued. Parameters that `defaults` does not name are in the
    /// middle of their ranges (of choices, the first one).
    ///
    /// # Errors
    /// Those of [`enqueue`](Self::enqueue).
    pub fn start_from(&mut self, defaults: &Configuration) -> Result<(), Error> {
        let whole = self.space.completed(defaults)?;
        self.add_to_queue(&whole, true)
    }

    /// What is wanted and has not been asked for, in its order.
    pub fn enqueued(&self) -> impl Iterator<Item = &Configuration> {
        self.queue.iter()
    }

    fn add_to_queue(&mut self, configuration: &Configuration, first: bool) -> Result<(), Error> {
        let configuration = self.space.normalize(configuration)?;
        self.check_wanted(&configuration)?;
        self.record(Event::Enqueued { configuration, first }, None);
        Ok(())
    }

    /// Whether a configuration can be put into the queue.
    pub(super) fn check_wanted(&self, configuration: &Configuration) -> Result<(), Error> {
        let refused = |rule: String, remedy: &str| {
            Err(Error::Invalid(vec![Violation::new("configuration", configuration, rule, remedy)]))
        };
        if self.queue.contains(configuration) {
            return refused("it is enqueued already".to_owned(), "enqueue it once");
        }
        match self.forbidden_by(configuration) {
            None => Ok(()),
            Some(trial) => refused(
                format!("it is trial {} already, and would be tried once more", trial.id),
                "leave it out, or set StudySettings::repetitions to Allowed if metrics are noisy",
            ),
        }
    }

    /// Whether it is this configuration's turn.
    pub(super) fn check_turn(&self, configuration: &Configuration) -> Result<(), Error> {
        if self.queue.front() == Some(configuration) {
            return Ok(());
        }
        Err(Error::BadProposal(format!("{configuration} is not the first that is enqueued")))
    }

    /// The trial that somebody wanted most.
    pub(super) fn ask_from_queue(&mut self) -> Result<Option<Trial>, Error> {
        let Some(configuration) = self.queue.front().cloned() else { return Ok(None) };
        let point = self.space.encode(&configuration)?;
        let (trial, proposal) = (self.next_id(), Proposal::new(point.clone(), Phase::Enqueued));
        self.record(Event::Asked { trial, configuration, proposal }, Some(point));
        Ok(self.trials.last().cloned())
    }

    /// Takes out of the queue what has come from elsewhere meanwhile.
    pub(super) fn forget_what_is_known(&mut self) {
        let known = self.trials.last().map(|trial| trial.configuration.clone());
        if let Some(known) = known.filter(|known| self.forbidden_by(known).is_some()) {
            self.queue.retain(|wanted| *wanted != known);
        }
    }
}
