//! The line to a service: paces requests, and tells silence, exhaustion and refusal apart.

use std::mem;
use std::time::Duration;

use super::pace::{Bucket, Pace, Pause};
use super::remedies::remedy;
use super::service::TrainingService;
use super::trouble::{ServiceError, ServiceErrorKind};
use crate::clock::Clock;
use surmise::error::EvaluatorError;
use surmise::evaluator::JobEvent;
use surmise::rng::Rng;

/// Which operation a request is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Create,
    Describe,
    Search,
    Stop,
    Reports,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Answer<T> {
    Given(T),
    /// It was not sent, or refused for now: to be asked again after this time.
    Later(Duration),
    /// No answer came: whether it was carried out is not known.
    Lost,
    /// It was refused for a reason that time does not mend, or that is the asker's business.
    Refused(ServiceError),
}

/// Requests in a row without an answer after which people are told.
const SILENCES: u32 = 3;
/// The first pause after a silence and the longest, in seconds; the same where credentials are not valid.
const SILENCE: (f64, f64) = (1.0, 60.0);
const INVALID: (f64, f64) = (10.0, 60.0);
/// For how long requests to stop are sent when the evaluator goes.
const LAST_STOPS: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Trouble {
    kind: ServiceErrorKind,
    times: u32,
    pause: Pause,
    is_told: bool,
    /// Whether people have been told of this trouble, or of one that came before it without an answer in between.
    has_been_told: bool,
}

#[derive(Debug)]
pub(super) struct Line {
    service: Box<dyn TrainingService>,
    clock: Clock,
    buckets: [Bucket; 5],
    trouble: Option<Trouble>,
    has_answered: bool,
    /// Pauses and resumptions that have not been told.
    events: Vec<JobEvent>,
    rng: Rng,
}

/// A bucket for each [`Operation`], in their order.
fn buckets(pace: &Pace) -> [Bucket; 5] {
    [pace.create, pace.describe, pace.search, pace.stop, pace.reports].map(Bucket::new)
}

impl Line {
    pub(super) fn new(
        service: Box<dyn TrainingService>,
        clock: Clock,
        pace: &Pace,
        seed: u64,
    ) -> Self {
        let buckets = buckets(pace);
        let rng = Rng::stream(seed, 0);
        Self { service, clock, buckets, trouble: None, has_answered: false, events: vec![], rng }
    }

    pub(super) fn set_pace(&mut self, pace: &Pace) {
        self.buckets = buckets(pace);
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Whether people have been told of trouble that goes on.
    pub(super) fn is_paused(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.has_been_told)
    }

    /// Sends requests to stop, once each, at whatever pace, because nobody will ask again; and not for long. The jobs of which it is not
    /// known that they were asked to stop.
    pub(super) fn stop_at_once(&mut self, names: Vec<String>) -> Vec<String> {
        let until = self.clock.now().saturating_add(LAST_STOPS);
        let mut is_silent = false;
        let has_failed = |name: &String| {
            if is_silent || self.clock.now() >= until {
                return true;
            }
            let stopped = self.service.stop(name);
            is_silent = stopped.as_ref().is_err_and(|error| {
                matches!(
                    error.kind,
                    ServiceErrorKind::Unreachable
                        | ServiceErrorKind::Credentials
                        | ServiceErrorKind::Signature
                )
            });
            stopped.is_err_and(|error| {
                !matches!(error.kind, ServiceErrorKind::NotRunning | ServiceErrorKind::Missing)
            })
        };
        names.into_iter().filter(has_failed).collect()
    }

    /// The region that is asked, if it is known.
    pub(super) fn region(&self) -> Option<String> {
        self.service.region()
    }

    pub(super) fn take_events(&mut self) -> Vec<JobEvent> {
        mem::take(&mut self.events)
    }

    /// Sends a request if it may be sent now.
    ///
    /// # Errors
    /// If nothing can be asked at all: there never were valid credentials, or something is not allowed.
    pub(super) fn ask<T>(
        &mut self,
        operation: Operation,
        mut request: impl FnMut(&mut dyn TrainingService) -> Result<T, ServiceError>,
    ) -> Result<Answer<T>, EvaluatorError> {
        let now = self.clock.now();
        let silent_for = self.trouble.as_ref().map_or(Duration::ZERO, |it| it.pause.left(now));
        if silent_for > Duration::ZERO {
            return Ok(Answer::Later(silent_for));
        }
        let bucket = &mut self.buckets[operation as usize];
        if let Err(wait) = bucket.take(now) {
            return Ok(Answer::Later(wait));
        }
        let mut result = request(self.service.as_mut());
        if result.as_ref().is_err_and(|error| error.kind == ServiceErrorKind::Signature) {
            // From the refusal the SDK has learnt how far this machine's clock is off.
            result = request(self.service.as_mut());
        }
        let now = self.clock.now();
        let bucket = &mut self.buckets[operation as usize];
        Ok(match result {
            // Reports come from another service: that it is silent says nothing of SageMaker.
            Err(error)
                if error.kind == ServiceErrorKind::Unreachable
                    && matches!(operation, Operation::Reports) =>
            {
                bucket.throttled(now, &mut self.rng);
                Answer::Lost
            }
            Err(error) if error.kind == ServiceErrorKind::Unreachable => {
                self.troubled(&error, SILENCE, SILENCES);
                Answer::Lost
            }
            Err(error)
                if matches!(
                    error.kind,
                    ServiceErrorKind::Credentials | ServiceErrorKind::Signature
                ) =>
            {
                if !self.has_answered {
                    return Err(never_valid(&error));
                }
                self.troubled(&error, INVALID, 1);
                let pause = self.trouble.as_ref().map_or(Duration::ZERO, |it| it.pause.left(now));
                Answer::Later(pause)
            }
            Err(error) if error.kind == ServiceErrorKind::Throttled => {
                bucket.throttled(now, &mut self.rng);
                let wait = bucket.wait(now);
                self.recovered();
                Answer::Later(wait)
            }
            Err(error) => {
                bucket.answered();
                self.recovered();
                Answer::Refused(error)
            }
            Ok(answer) => {
                bucket.answered();
                self.recovered();
                Answer::Given(answer)
            }
        })
    }

    fn recovered(&mut self) {
        self.has_answered = true;
        if self.trouble.take().is_some_and(|trouble| trouble.has_been_told) {
            self.events.push(JobEvent::Resumed);
        }
    }

    /// Notes trouble, and tells people of it once there were `patience` in a row.
    fn troubled(&mut self, error: &ServiceError, (first, longest): (f64, f64), patience: u32) {
        let fresh = || Trouble {
            kind: error.kind,
            times: 0,
            pause: Pause::new(first, longest),
            is_told: false,
            has_been_told: false,
        };
        let trouble = self.trouble.get_or_insert_with(fresh);
        if trouble.kind != error.kind {
            // It is another trouble now, and wants another remedy.
            *trouble = Trouble { has_been_told: trouble.has_been_told, ..fresh() };
        }
        trouble.times += 1;
        trouble.pause.lengthen(self.clock.now(), &mut self.rng);
        if trouble.times < patience || trouble.is_told {
            return;
        }
        (trouble.is_told, trouble.has_been_told) = (true, true);
        let why = match error.kind {
            ServiceErrorKind::Credentials => format!(
                "SageMaker takes the credentials no longer ({}); renew them: jobs go on meanwhile, and nothing is lost",
                error.message
            ),
            ServiceErrorKind::Signature => format!(
                "SageMaker refuses the signatures of requests ({}){}; jobs go on meanwhile, and nothing is lost",
                error.message,
                remedy(error, "")
            ),
            _ => format!(
                "SageMaker does not answer ({}); jobs may go on meanwhile, and nothing is lost",
                error.message
            ),
        };
        self.events.push(JobEvent::Paused { why });
    }
}

/// There never were valid credentials: nothing can be waited for.
fn never_valid(error: &ServiceError) -> EvaluatorError {
    let remedy = match error.kind {
        ServiceErrorKind::Signature => remedy(error, ""),
        _ => "; give valid ones, as by `aws configure`, `aws sso login`, or a role of the machine"
            .to_owned(),
    };
    EvaluatorError::new(format!("{error}{remedy}"))
}
