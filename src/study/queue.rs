//! What is tried before anything is proposed: what was cut off, and what is enqueued.

use std::collections::hash_map::Entry;

use super::event::Event;
use super::trials::Study;
use crate::error::{Error, Violation};
use crate::rng::Rng;
use crate::space::{Configuration, ParameterValue};
use crate::strategy::Phase;

/// Completions of a part of a configuration that are looked at, where those before have been tried.
const ATTEMPTS: usize = 1000;
/// Sets the chance in completions apart from that of other streams.
const COMPLETION: u32 = 3;

impl Study {
    /// Wants a configuration to be tried: the next [`ask`](Self::ask) gives it, before anything is proposed, in the order of
    /// enqueuing. It then counts as a job like any other.
    ///
    /// A part of a configuration is enough: the strategy chooses the values of the parameters that it does not name.
    ///
    /// ```
    /// use surmise::{
    ///     Asked, Configuration, Error, Objective, ParameterRange, RandomSearch, ScalingType,
    ///     SearchSpace, Study, StudySettings,
    /// };
    ///
    /// let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range("x"), range("y")])?;
    /// let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, StudySettings::default())?;
    /// study.enqueue(&Configuration::from([("x", 0.25.into()), ("y", 0.75.into())]))?;
    /// study.enqueue(&Configuration::from([("y", 0.5.into())]))?;
    /// let Asked::Trials(trials) = study.ask(2)? else { unreachable!("there are two") };
    /// assert_eq!(trials[0].configuration.float("x"), 0.25);
    /// assert_eq!(trials[1].configuration.float("y"), 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if a value is not one of its range's, or a parameter is unknown; if the configuration is enqueued already, or
    /// has been asked or told and may not be repeated.
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

    /// What is wanted and has not been asked for, in its order: configurations, whole or in part.
    pub fn enqueued(&self) -> impl Iterator<Item = &Configuration> {
        self.queue.iter()
    }

    fn add_to_queue(&mut self, configuration: &Configuration, first: bool) -> Result<(), Error> {
        let configuration = self.space.normalize_part(configuration)?;
        self.check_wanted(&configuration)?;
        self.record(Event::Enqueued { configuration, first }, None);
        Ok(())
    }

    /// Whether a configuration can be put into the queue.
    pub(super) fn check_wanted(&self, configuration: &Configuration) -> Result<(), Error> {
        let refused = |rule: String, remedy: &str| {
            Err(Error::Invalid(vec![Violation::new("configuration", configuration, rule, remedy)]))
        };
        if self.is_queued(configuration) {
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

    fn is_queued(&self, configuration: &Configuration) -> bool {
        let may_be = self.queued.contains_key(&configuration.hash_of_values());
        may_be && self.queue.contains(configuration)
    }

    pub(super) fn put_into_queue(&mut self, configuration: Configuration, first: bool) {
        *self.queued.entry(configuration.hash_of_values()).or_default() += 1;
        if first {
            self.queue.push_front(configuration);
        } else {
            self.queue.push_back(configuration);
        }
    }

    pub(super) fn pop_queue(&mut self) {
        if let Some(configuration) = self.queue.pop_front() {
            self.forget_queued(&configuration);
        }
    }

    fn forget_queued(&mut self, configuration: &Configuration) {
        if let Entry::Occupied(mut count) = self.queued.entry(configuration.hash_of_values()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Takes out of the queue what has been asked for since it was put there.
    pub(super) fn pass_over_what_is_taken(&mut self) {
        while let Some(front) = self.queue.front().filter(|front| self.is_whole(front)).cloned()
            && self.forbidden_by(&front).is_some()
        {
            self.record(Event::Dequeued { configuration: front }, None);
        }
    }

    fn is_whole(&self, configuration: &Configuration) -> bool {
        configuration.iter().len() == self.space.ranges().len()
    }

    /// The configuration that is to be asked for before anything is proposed, and why.
    pub(super) fn next_in_line(&self) -> Option<(Configuration, Phase)> {
        let cut_off = self.cut_off.iter().filter_map(|id| self.trial(*id));
        let mut cut_off = cut_off.map(|trial| &trial.configuration);
        if let Some(next) = cut_off.find(|next| self.forbidden_by(next).is_none()) {
            return Some((next.clone(), Phase::CutOff));
        }
        let front = self.queue.front().filter(|front| self.is_whole(front))?;
        Some((front.clone(), Phase::Enqueued))
    }

    /// Whether it is this configuration's turn, for this reason.
    pub(super) fn check_turn(
        &self,
        configuration: &Configuration,
        phase: Phase,
    ) -> Result<(), Error> {
        if phase == Phase::CutOff {
            return match self.next_in_line() {
                Some((next, Phase::CutOff)) if next == *configuration => Ok(()),
                _ => Err(Error::BadProposal(format!(
                    "{configuration} is not the first that was cut off"
                ))),
            };
        }
        let front = self.queue.front();
        if front.is_some_and(|front| fits(front, configuration)) {
            return self
                .check_new(configuration)
                .or_else(|error| if front == Some(configuration) { Ok(()) } else { Err(error) });
        }
        Err(Error::BadProposal(format!("{configuration} is not the first that is enqueued")))
    }

    /// Whether the first of the queue is a part of a configuration.
    pub(super) fn is_part_enqueued(&self) -> bool {
        self.queue.front().is_some_and(|front| !self.is_whole(front))
    }

    /// The first of the queue, if it is a part of a configuration, with the other values of one that was proposed. Where that may not be
    /// tried again, or nothing was proposed, with random ones; and where everything that it may mean has been tried, it is taken out of the
    /// queue.
    ///
    /// # Errors
    /// None that a sound ledger gives.
    pub(super) fn complete_enqueued(
        &mut self,
        proposed: Option<&Configuration>,
    ) -> Result<Option<Configuration>, Error> {
        let Some(part) = self.queue.front().filter(|front| !self.is_whole(front)).cloned() else {
            return Ok(None);
        };
        let given = |others: &Configuration| -> Result<Configuration, Error> {
            let values = others.iter().map(|(name, value)| -> (&str, ParameterValue) {
                (name, part.value(name).unwrap_or(value).clone())
            });
            self.space.normalize(&values.collect())
        };
        if let Some(first) = proposed.map(given).transpose()?
            && self.forbidden_by(&first).is_none()
        {
            return Ok(Some(first));
        }
        let mut rng = Rng::stream(self.settings.seed, self.next_id().0).shared(COMPLETION);
        for _ in 0..ATTEMPTS {
            let point: Vec<f64> = self.space.axes().iter().map(|_| rng.uniform()).collect();
            let other = given(&self.space.decode(&self.space.snap(&point.into())))?;
            if self.forbidden_by(&other).is_none() {
                return Ok(Some(other));
            }
        }
        self.record(Event::Dequeued { configuration: part }, None);
        Ok(None)
    }

    /// Takes out of the queue what has come from elsewhere meanwhile.
    pub(super) fn forget_what_is_known(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let known = self.trials.last().map(|trial| trial.configuration.clone());
        let is_wanted = |known: &Configuration| self.is_queued(known);
        if let Some(known) = known.filter(is_wanted)
            && self.forbidden_by(&known).is_some()
        {
            self.queue.retain(|wanted| *wanted != known);
            self.forget_queued(&known);
        }
    }
}

/// Whether a configuration has all values of a part of one.
fn fits(part: &Configuration, configuration: &Configuration) -> bool {
    part.iter().all(|(name, value)| configuration.value(name) == Some(value))
}
