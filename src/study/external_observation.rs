//! Adds external observations: results of configurations that were run outside of the study.

use super::definition::Study;
use super::event::Event;
use super::finite_values::{check_noise_std_dev, make_finite};
use crate::error::Error;
use crate::space::Configuration;
use crate::trial::{Outcome, TrialId};

impl Study {
    /// Adds a configuration that was run elsewhere, with its outcome. Returns its trial number.
    ///
    /// The model learns from it, and it is never proposed (unless repetitions are allowed). Under a
    /// fixed lag it becomes visible like any trial of its number. A result that is added twice (a
    /// log that is read again) is two trials, but strategies see one measurement.
    ///
    /// ```
    /// use surmise::{
    ///     Configuration, Error, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    ///     SearchSpace, Study, StudySettings,
    /// };
    ///
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range])?;
    /// let objective = Objective::minimize("loss");
    /// let mut study = Study::new(space, objective, RandomSearch, StudySettings::default())?;
    /// study.add_observation(&Configuration::from([("x", 0.25.into())]), Outcome::from(0.5))?;
    /// assert_eq!(study.best().and_then(|trial| trial.value()), Some(0.5));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the space does not contain the configuration.
    pub fn add_observation(
        &mut self,
        configuration: &Configuration,
        outcome: Outcome,
    ) -> Result<TrialId, Error> {
        self.add_observed(configuration, outcome, None)
    }

    /// Adds a value that was measured elsewhere, and its noise. Returns its trial number.
    ///
    /// `noise_std_dev` is the standard deviation of the noise, in the unit of the metric. For a
    /// mean over n runs, it is the standard deviation of one run divided by √n. The model weights
    /// the value accordingly.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the space does not contain the configuration, or if `noise_std_dev` is
    /// negative or not finite.
    pub fn add_noisy_observation(
        &mut self,
        configuration: &Configuration,
        value: f64,
        noise_std_dev: f64,
    ) -> Result<TrialId, Error> {
        check_noise_std_dev(Some(noise_std_dev))?;
        self.add_observed(configuration, Outcome::from(value), Some(noise_std_dev))
    }

    fn add_observed(
        &mut self,
        configuration: &Configuration,
        outcome: Outcome,
        noise_std_dev: Option<f64>,
    ) -> Result<TrialId, Error> {
        let (configuration, point) = self.space.normalize_and_encode(configuration)?;
        let trial = self.next_id();
        let outcome = make_finite(outcome);
        self.record(Event::Observed { trial, configuration, outcome, noise_std_dev }, Some(point));
        Ok(trial)
    }
}
