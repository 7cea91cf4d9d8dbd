//! Running a tuning to its end.

use super::progress::Tuned;
use super::run::Run;
use super::tuner::Tuner;
use crate::error::Error;
use crate::evaluator::{Evaluator, EvaluatorError};
use crate::study::Study;
use crate::trial::{Failure, FailureKind, Trial, TrialId};

impl Tuner<'_> {
    /// Runs the study to its end: never more than `max_parallel_jobs` at once, nor `max_jobs` in all.
    ///
    /// Trials that were asked before, but have not ended, run first, as far as `max_jobs` allows; every trial of the study's own
    /// that has ended counts as a job, unless it was [cut off](crate::Trial::was_cut_off): then it comes first. Criteria that are met already end it before anything is started. A trial that waits for its
    /// next attempt keeps its place.
    ///
    /// Proposals are computed on a thread of their own while jobs run, so that deadlines, cancellations and reports do not wait for them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the rules make no sense or the evaluator cannot pass what the space has, [`Error::Evaluator`] if no jobs can be run, an error of the strategy, or [`Error::Journal`] if what is
    /// recorded cannot be kept. The ledger is then intact: the trials that were running are pending, and another call goes on with them.
    pub fn run(
        &mut self,
        study: &mut Study,
        evaluator: &mut dyn Evaluator,
    ) -> Result<Tuned, Error> {
        self.rules.check()?;
        evaluator.check_space(study.space())?;
        let located = study.trials().iter().filter(|trial| trial.place.is_some());
        evaluator.recall(&located.collect::<Vec<_>>())?;
        self.give_up_what_is_lost(study, evaluator)?;
        if let Some(sink) = self.sink.as_deref_mut() {
            sink.keep(study)?;
        }
        Run::resume(self, study, evaluator).drive().map_err(|error| match error {
            // Whoever reads the error shall know what still costs.
            Error::Evaluator(error) => Error::Evaluator(and_what_may_run(error, evaluator)),
            error => error,
        })
    }

    /// Attempts that ended with an earlier process are followed by others, because they may have had effects.
    fn give_up_what_is_lost(
        &self,
        study: &mut Study,
        evaluator: &dyn Evaluator,
    ) -> Result<(), Error> {
        let Some(sink) = self.sink.as_deref().filter(|_| evaluator.loses_jobs()) else {
            return Ok(());
        };
        let is_lost = |trial: &&Trial| trial.place.is_none() && sink.is_from_before(trial.id);
        let lost: Vec<TrialId> = study.pending().filter(is_lost).map(|trial| trial.id).collect();
        for trial in lost {
            let text = "the process that ran it ended";
            study.attempt_failed(trial, Failure::new(FailureKind::Cancelled, text))?;
        }
        Ok(())
    }
}

/// An error, with the names of the jobs that may still run.
fn and_what_may_run(mut error: EvaluatorError, evaluator: &mut dyn Evaluator) -> EvaluatorError {
    let jobs = evaluator.may_still_run();
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        error.reason.push_str(&format!("; these jobs may still run, and cost: {names}"));
    }
    error
}

/// Runs a study to its end under the default rules. See [`Tuner`].
///
/// # Errors
/// Those of [`Tuner::run`].
pub fn tune(study: &mut Study, evaluator: &mut dyn Evaluator) -> Result<Tuned, Error> {
    Tuner::new().run(study, evaluator)
}
