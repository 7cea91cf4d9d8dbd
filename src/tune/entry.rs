//! The entry points: [`Tuner::run`] and [`tune()`].

use super::progress::TuningResult;
use super::run_state::TuningRun;
use super::tuner::Tuner;
use crate::error::Error;
use crate::evaluator::{Evaluator, EvaluatorError};
use crate::study::Study;
use crate::trial::{Failure, FailureKind, Trial, TrialId};

impl Tuner<'_> {
    /// Runs jobs until the study is complete: at most `max_parallel_jobs` at once, and `max_jobs`
    /// in all.
    ///
    /// Pending trials of an earlier call run first, as far as `max_jobs` allows. Each ended trial
    /// of the study counts as a job, unless it was [interrupted](crate::Trial::needs_rerun):
    /// then its configuration comes first. If a completion criterion is met already, no job starts.
    /// A trial that waits for its next attempt occupies one of the parallel slots.
    ///
    /// While jobs run, proposals are computed on a thread of their own, so that timeouts,
    /// cancellations and reports do not wait for them.
    ///
    /// ```
    /// use surmise::{
    ///     Configuration, Error, FunctionEvaluator, Objective, ParameterRange, RandomSearch,
    ///     ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, Tuner,
    /// };
    ///
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range])?;
    /// let settings = StudySettings { limits: ResourceLimits::new(8, 2), ..Default::default() };
    /// let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, settings)?;
    /// let mut jobs = FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x")));
    /// let result = Tuner::new().run(&mut study, &mut jobs)?;
    /// println!("{}", result.reason); // 8 jobs have run, as many as the limits allow
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`Error::Invalid`] if a rule is invalid, or if the evaluator cannot pass the parameters of
    ///   the space.
    /// - [`Error::Evaluator`] if no jobs can be run.
    /// - [`Error::Journal`] if events cannot be persisted.
    /// - Any error of the strategy.
    ///
    /// The study stays usable: running trials are pending, and another call continues with them.
    pub fn run(
        &mut self,
        study: &mut Study,
        evaluator: &mut dyn Evaluator,
    ) -> Result<TuningResult, Error> {
        self.rules.check()?;
        evaluator.check_space(study.space())?;
        let located = study.trials().iter().filter(|trial| trial.job_location.is_some());
        evaluator.on_resume(&located.collect::<Vec<_>>())?;
        self.fail_lost_attempts(study, evaluator)?;
        if let Some(sink) = self.sink.as_deref_mut() {
            sink.persist(study)?;
        }
        TuningRun::new(self, study, evaluator).run_to_end().map_err(|error| match error {
            // The error names the jobs that may still run, because they cost money.
            Error::Evaluator(error) => Error::Evaluator(with_running_jobs(error, evaluator)),
            error => error,
        })
    }

    /// Fails the attempts that ended with an earlier process.
    ///
    /// Their trials get another attempt, because the lost one may have had side effects.
    fn fail_lost_attempts(
        &self,
        study: &mut Study,
        evaluator: &dyn Evaluator,
    ) -> Result<(), Error> {
        let Some(sink) = self.sink.as_deref().filter(|_| evaluator.loses_jobs_on_exit()) else {
            return Ok(());
        };
        let is_lost =
            |trial: &&Trial| trial.job_location.is_none() && sink.is_from_earlier_process(trial.id);
        let lost: Vec<TrialId> = study.pending().filter(is_lost).map(|trial| trial.id).collect();
        for trial in lost {
            let text = "the process that ran the job ended";
            study.record_failed_attempt(trial, Failure::new(FailureKind::Cancelled, text))?;
        }
        Ok(())
    }
}

/// Adds the names of the jobs that may still run to an error.
fn with_running_jobs(mut error: EvaluatorError, evaluator: &mut dyn Evaluator) -> EvaluatorError {
    let jobs = evaluator.possibly_running();
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        error.reason.push_str(&format!("; these jobs may still run and cost money: {names}"));
    }
    error
}

/// Runs a study until it is complete, under the default rules.
///
/// Use a [`Tuner`] for early stopping, completion criteria, retries, timeouts, observers, or a
/// journal.
///
/// # Errors
/// Those of [`Tuner::run`].
pub fn tune(study: &mut Study, evaluator: &mut dyn Evaluator) -> Result<TuningResult, Error> {
    Tuner::new().run(study, evaluator)
}
