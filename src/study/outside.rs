//! What was run elsewhere.

use super::event::Event;
use super::sound::{check_deviation, sound};
use super::trials::Study;
use crate::error::Error;
use crate::space::Configuration;
use crate::trial::{Outcome, TrialId};

impl Study {
    /// Adds a configuration that was run elsewhere, with its outcome. It gets a number, counts for the model, and is never
    /// proposed (unless repetitions are allowed); under a fixed lag it becomes known like any trial of its number.
    ///
    /// The same outcome of the same configuration once more (a log that is read twice, a message that is sent again) is a trial of its own, but
    /// no further measurement: strategies are told of it once.
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
        let (configuration, point) = self.space.normalize_and_encode(configuration)?;
        let trial = self.next_id();
        let outcome = sound(outcome);
        self.record(Event::Observed { trial, configuration, outcome, deviation }, Some(point));
        Ok(trial)
    }
}
