//! Stop requests of training jobs, and the handling of refused ones.

use std::time::Duration;

use super::attempt::{PollMode, StopState};
use super::remedies::remedy;
use super::sagemaker_evaluator::SageMakerEvaluator;
use super::service_client::{Operation, Response};
use super::service_error::{ServiceError, ServiceErrorKind};
use super::starting::operation_error;
use super::timing::{CONSISTENCY_POLL_INTERVAL, CONSISTENCY_WINDOW, IDLE, RETRY_AFTER_TIMEOUT};
use surmise::evaluator::{EvaluatorError, JobEvent, JobId};
use surmise::trial::Outcome;

/// Number of refused stop requests after which a job counts as not stoppable.
const MAX_STOP_REFUSALS: u32 = 3;

impl SageMakerEvaluator {
    /// Sends the stop request of a job; returns how long until there is more to do for it.
    pub(super) fn request_stop(&mut self, id: JobId) -> Result<Duration, EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        let name = attempt.request.name.as_str();
        if !self.can_stop {
            attempt.stop_state = StopState::Denied;
            return Ok(Duration::ZERO);
        }
        let response = self.client.send(Operation::Stop, |service| service.stop(name))?;
        let now = self.client.clock().now();
        let error = match response {
            Response::Received(()) => {
                attempt.stop_state = attempt.stop_state.sent();
                attempt.presence = attempt.presence.marked_found();
                attempt.poll_at = attempt.poll_at.max(now);
                return Ok(Duration::ZERO);
            }
            Response::RetryAfter(wait) => {
                attempt.stop_state = attempt.stop_state.with_retry_at(now.saturating_add(wait));
                return Ok(wait);
            }
            // Poll the other jobs first.
            Response::Lost => {
                attempt.stop_state =
                    attempt.stop_state.with_retry_at(now.saturating_add(RETRY_AFTER_TIMEOUT));
                return Ok(RETRY_AFTER_TIMEOUT);
            }
            Response::Refused(error) => error,
        };
        self.handle_stop_refusal(id, &error)
    }

    fn handle_stop_refusal(
        &mut self,
        id: JobId,
        error: &ServiceError,
    ) -> Result<Duration, EvaluatorError> {
        let now = self.client.clock().now();
        let Some(attempt) = self.attempts.get_mut(&id) else { return Ok(IDLE) };
        match error.kind {
            ServiceErrorKind::NotRunning => {
                attempt.stop_state = attempt.stop_state.sent();
                attempt.presence = attempt.presence.marked_found();
                (attempt.poll_at, attempt.poll_mode) = (now, PollMode::ByDescribe);
                Ok(Duration::ZERO)
            }
            // The job may have ended: describe it, and send the request again if it has not.
            ServiceErrorKind::Invalid => {
                attempt.presence = attempt.presence.marked_found();
                (attempt.poll_at, attempt.poll_mode) = (now, PollMode::ByDescribe);
                attempt.stop_state =
                    attempt.stop_state.with_retry_at(now.saturating_add(CONSISTENCY_POLL_INTERVAL));
                if attempt.stop_state.count_refusal() == MAX_STOP_REFUSALS {
                    attempt.stop_state = StopState::Denied;
                    let name = attempt.name().to_owned();
                    self.warn(format!(
                        "training job {name} cannot be stopped, and runs to its end: {error}"
                    ));
                }
                Ok(Duration::ZERO)
            }
            ServiceErrorKind::AccessDenied => {
                attempt.stop_state = StopState::Denied;
                self.can_stop = false;
                let remedy = remedy(error, "sagemaker:StopTrainingJob");
                self.warn(format!(
                    "training jobs cannot be stopped, and run to their ends: {error}{remedy}"
                ));
                Ok(Duration::ZERO)
            }
            // The job was never created, or has been deleted.
            ServiceErrorKind::NotFound
                if now.saturating_sub(attempt.requested_at) >= CONSISTENCY_WINDOW =>
            {
                self.spending.record_missing(attempt.name(), now);
                self.attempts.remove(&id);
                let outcome = Outcome::Stopped { value: None };
                self.events.push(JobEvent::Ended { job: id, outcome });
                Ok(Duration::ZERO)
            }
            ServiceErrorKind::NotFound => {
                attempt.presence = attempt.presence.marked_missing();
                attempt.poll_at = now.saturating_add(CONSISTENCY_POLL_INTERVAL);
                Ok(CONSISTENCY_POLL_INTERVAL)
            }
            _ => Err(operation_error("stop", attempt.name(), error, "sagemaker:StopTrainingJob")),
        }
    }
}
