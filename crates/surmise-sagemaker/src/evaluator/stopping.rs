//! How training jobs are asked to stop, and what follows if they cannot be.

use std::time::Duration;

use super::attempt::{Look, Stopping};
use super::line::{Answer, Operation};
use super::remedies::remedy;
use super::starting::cannot;
use super::times::{AFTER_SILENCE, AGAIN, IDLE, SETTLING};
use super::training_jobs::SageMakerEvaluator;
use super::trouble::{ServiceError, ServiceErrorKind};
use surmise::evaluator::{EvaluatorError, JobEvent, JobId};
use surmise::trial::Outcome;

/// So often a request to stop is refused until it is believed.
const STOP_REFUSALS: u32 = 3;

impl SageMakerEvaluator {
    pub(super) fn ask_to_stop(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let name = attempt.request.name.as_str();
        if !self.may_stop {
            attempt.stopping = Stopping::Denied;
            return Ok(Duration::ZERO);
        }
        let answer = self.line.ask(Operation::Stop, |service| service.stop(name))?;
        let now = self.line.clock().now();
        let error = match answer {
            Answer::Given(()) => {
                attempt.stopping = attempt.stopping.asked();
                attempt.presence = attempt.presence.found();
                attempt.look_at = attempt.look_at.max(now);
                return Ok(Duration::ZERO);
            }
            Answer::Later(wait) => {
                attempt.stopping = attempt.stopping.again_at(now.saturating_add(wait));
                return Ok(wait);
            }
            // Others first.
            Answer::Lost => {
                attempt.stopping = attempt.stopping.again_at(now.saturating_add(AFTER_SILENCE));
                return Ok(AFTER_SILENCE);
            }
            Answer::Refused(error) => error,
        };
        self.stop_was_refused(id, &error)
    }

    /// A job could not be asked to stop.
    fn stop_was_refused(
        &mut self,
        id: JobId,
        error: &ServiceError,
    ) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        match error.kind {
            ServiceErrorKind::NotRunning => {
                attempt.stopping = attempt.stopping.asked();
                attempt.presence = attempt.presence.found();
                (attempt.look_at, attempt.look) = (now, Look::Closely);
                Ok(Duration::ZERO)
            }
            // Perhaps it has ended: it is looked at, and asked again if not.
            ServiceErrorKind::Invalid => {
                attempt.presence = attempt.presence.found();
                (attempt.look_at, attempt.look) = (now, Look::Closely);
                attempt.stopping = attempt.stopping.again_at(now.saturating_add(AGAIN));
                if attempt.stopping.refused() == STOP_REFUSALS {
                    attempt.stopping = Stopping::Denied;
                    let name = attempt.name().to_owned();
                    self.warn(format!(
                        "training job {name} cannot be stopped, and runs to its end: {error}"
                    ));
                }
                Ok(Duration::ZERO)
            }
            ServiceErrorKind::Denied => {
                attempt.stopping = Stopping::Denied;
                self.may_stop = false;
                let remedy = remedy(error, "sagemaker:StopTrainingJob");
                self.warn(format!(
                    "training jobs cannot be stopped, and run to their ends: {error}{remedy}"
                ));
                Ok(Duration::ZERO)
            }
            // It was never made, or has been removed.
            ServiceErrorKind::Missing if now.saturating_sub(attempt.asked_at) >= SETTLING => {
                self.spending.gone(attempt.name(), now);
                self.attempts.remove(&id);
                let outcome = Outcome::Stopped { value: None };
                self.events.push(JobEvent::Ended { job: id, outcome });
                Ok(Duration::ZERO)
            }
            ServiceErrorKind::Missing => {
                attempt.presence = attempt.presence.missed();
                attempt.look_at = now.saturating_add(AGAIN);
                Ok(AGAIN)
            }
            _ => Err(cannot("stop", attempt.name(), error, "sagemaker:StopTrainingJob")),
        }
    }
}
