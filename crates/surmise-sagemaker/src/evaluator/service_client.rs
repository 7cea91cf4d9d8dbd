//! Sends requests within the rate limits, and distinguishes outages, throttling and refusals.

use std::mem;
use std::time::Duration;

use super::rate_limits::{BackoffTimer, RateLimits, TokenBucket};
use super::remedies::remedy;
use super::service::TrainingService;
use super::service_error::{ServiceError, ServiceErrorKind};
use crate::clock::Clock;
use surmise::error::EvaluatorError;
use surmise::evaluator::JobEvent;
use surmise::rng::Rng;

/// The operation of a request; each has a rate limit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Create,
    Describe,
    Search,
    Stop,
    Reports,
}

/// The response to a request.
#[derive(Debug)]
pub(super) enum Response<T> {
    Received(T),
    /// The request was not sent, or was throttled. Send it again after this time.
    RetryAfter(Duration),
    /// There was no reply; the service may or may not have carried out the request.
    Lost,
    /// The service refused the request; the caller decides what to do.
    Refused(ServiceError),
}

/// Number of consecutive requests without a reply after which the user is informed.
const MAX_LOST_REQUESTS: u32 = 3;
/// Backoff after a request without a reply: the first delay and the maximum, in seconds.
const LOST_BACKOFF: (f64, f64) = (1.0, 60.0);
/// Backoff while the credentials are not valid: the first delay and the maximum, in seconds.
const CREDENTIALS_BACKOFF: (f64, f64) = (10.0, 60.0);
/// How long stop requests are sent when the evaluator is dropped.
const FINAL_STOPS_TIMEOUT: Duration = Duration::from_secs(10);

/// A period in which the service does not answer, or does not accept the credentials.
#[derive(Debug)]
struct Outage {
    kind: ServiceErrorKind,
    failures: u32,
    backoff: BackoffTimer,
    /// True once the user is informed of this kind of outage.
    is_announced: bool,
    /// True once the user is informed of this outage, or of another kind just before it.
    is_pause_announced: bool,
}

/// Sends the requests of the evaluator to the service.
#[derive(Debug)]
pub(super) struct ServiceClient {
    service: Box<dyn TrainingService>,
    clock: Clock,
    buckets: [TokenBucket; 5],
    outage: Option<Outage>,
    has_answered: bool,
    /// Pauses and resumptions that have not been returned yet.
    events: Vec<JobEvent>,
    rng: Rng,
}

/// Returns a token bucket for each [`Operation`], in their order.
fn buckets(limits: &RateLimits) -> [TokenBucket; 5] {
    [limits.create, limits.describe, limits.search, limits.stop, limits.reports]
        .map(TokenBucket::new)
}

impl ServiceClient {
    pub(super) fn new(
        service: Box<dyn TrainingService>,
        clock: Clock,
        rate_limits: &RateLimits,
        seed: u64,
    ) -> Self {
        let buckets = buckets(rate_limits);
        let rng = Rng::stream(seed, 0);
        Self { service, clock, buckets, outage: None, has_answered: false, events: vec![], rng }
    }

    pub(super) fn set_rate_limits(&mut self, rate_limits: &RateLimits) {
        self.buckets = buckets(rate_limits);
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Returns whether the user is informed of an outage that has not ended.
    pub(super) fn is_paused(&self) -> bool {
        self.outage.as_ref().is_some_and(|outage| outage.is_pause_announced)
    }

    /// Sends a last stop request for each job, without rate limits and for ten seconds at most.
    ///
    /// Returns the names of the jobs whose requests have failed.
    pub(super) fn send_final_stops(&mut self, names: Vec<String>) -> Vec<String> {
        let until = self.clock.now().saturating_add(FINAL_STOPS_TIMEOUT);
        let mut is_unavailable = false;
        let has_failed = |name: &String| {
            if is_unavailable || self.clock.now() >= until {
                return true;
            }
            let stopped = self.service.stop(name);
            is_unavailable = stopped.as_ref().is_err_and(|error| {
                matches!(
                    error.kind,
                    ServiceErrorKind::Unreachable
                        | ServiceErrorKind::Credentials
                        | ServiceErrorKind::Signature
                )
            });
            stopped.is_err_and(|error| {
                !matches!(error.kind, ServiceErrorKind::NotRunning | ServiceErrorKind::NotFound)
            })
        };
        names.into_iter().filter(has_failed).collect()
    }

    /// Returns the region of the service, if it is known.
    pub(super) fn region(&self) -> Option<String> {
        self.service.region()
    }

    pub(super) fn take_events(&mut self) -> Vec<JobEvent> {
        mem::take(&mut self.events)
    }

    /// Sends a request, unless an outage or a rate limit delays it.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the service has never accepted the credentials.
    pub(super) fn send<T>(
        &mut self,
        operation: Operation,
        mut request: impl FnMut(&mut dyn TrainingService) -> Result<T, ServiceError>,
    ) -> Result<Response<T>, EvaluatorError> {
        let now = self.clock.now();
        let outage_delay = self.outage_delay(now);
        if outage_delay > Duration::ZERO {
            return Ok(Response::RetryAfter(outage_delay));
        }
        let bucket = &mut self.buckets[operation as usize];
        if let Err(wait) = bucket.take(now) {
            return Ok(Response::RetryAfter(wait));
        }
        let mut result = request(self.service.as_mut());
        if result.as_ref().is_err_and(|error| error.kind == ServiceErrorKind::Signature) {
            // The refusal tells the SDK how far this machine's clock is off.
            result = request(self.service.as_mut());
        }
        let now = self.clock.now();
        let bucket = &mut self.buckets[operation as usize];
        Ok(match result {
            // Reports come from another service, whose outage does not affect SageMaker.
            Err(error)
                if error.kind == ServiceErrorKind::Unreachable
                    && matches!(operation, Operation::Reports) =>
            {
                bucket.record_throttling(now, &mut self.rng);
                Response::Lost
            }
            Err(error) if error.kind == ServiceErrorKind::Unreachable => {
                self.record_failure(&error, LOST_BACKOFF, MAX_LOST_REQUESTS);
                Response::Lost
            }
            Err(error)
                if matches!(
                    error.kind,
                    ServiceErrorKind::Credentials | ServiceErrorKind::Signature
                ) =>
            {
                if !self.has_answered {
                    return Err(invalid_credentials_error(&error));
                }
                self.record_failure(&error, CREDENTIALS_BACKOFF, 1);
                Response::RetryAfter(self.outage_delay(now))
            }
            Err(error) if error.kind == ServiceErrorKind::Throttled => {
                bucket.record_throttling(now, &mut self.rng);
                let wait = bucket.wait_time(now);
                self.record_recovery();
                Response::RetryAfter(wait)
            }
            Err(error) => {
                bucket.record_success();
                self.record_recovery();
                Response::Refused(error)
            }
            Ok(response) => {
                bucket.record_success();
                self.record_recovery();
                Response::Received(response)
            }
        })
    }

    /// Returns how long the current outage delays requests.
    fn outage_delay(&self, now: Duration) -> Duration {
        self.outage.as_ref().map_or(Duration::ZERO, |outage| outage.backoff.remaining(now))
    }

    fn record_recovery(&mut self) {
        self.has_answered = true;
        if self.outage.take().is_some_and(|outage| outage.is_pause_announced) {
            self.events.push(JobEvent::Resumed);
        }
    }

    /// Begins or continues an outage; informs the user after `max_failures` consecutive failures.
    fn record_failure(
        &mut self,
        error: &ServiceError,
        (first_delay, max_delay): (f64, f64),
        max_failures: u32,
    ) {
        let new_outage = || Outage {
            kind: error.kind,
            failures: 0,
            backoff: BackoffTimer::new(first_delay, max_delay),
            is_announced: false,
            is_pause_announced: false,
        };
        let outage = self.outage.get_or_insert_with(new_outage);
        if outage.kind != error.kind {
            // Another kind of outage needs another remedy, so announce it, too.
            *outage = Outage { is_pause_announced: outage.is_pause_announced, ..new_outage() };
        }
        outage.failures += 1;
        outage.backoff.extend(self.clock.now(), &mut self.rng);
        if outage.failures < max_failures || outage.is_announced {
            return;
        }
        (outage.is_announced, outage.is_pause_announced) = (true, true);
        let why = match error.kind {
            ServiceErrorKind::Credentials => format!(
                "SageMaker does not accept the credentials any more ({}); renew them: running \
                 jobs continue meanwhile",
                error.message
            ),
            ServiceErrorKind::Signature => format!(
                "SageMaker refuses the signatures of requests ({}){}; running jobs continue \
                 meanwhile",
                error.message,
                remedy(error, "")
            ),
            _ => format!(
                "SageMaker does not answer ({}); running jobs may continue meanwhile",
                error.message
            ),
        };
        self.events.push(JobEvent::Paused { why });
    }
}

/// Returns the error for credentials that the service has never accepted.
fn invalid_credentials_error(error: &ServiceError) -> EvaluatorError {
    let remedy = match error.kind {
        ServiceErrorKind::Signature => remedy(error, ""),
        _ => "; provide valid credentials by `aws configure`, `aws sso login`, or a role of the \
              machine"
            .to_owned(),
    };
    EvaluatorError::new(format!("{error}{remedy}"))
}
