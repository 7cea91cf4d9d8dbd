//! Starts training jobs: creates them, handles refusals, and adopts existing ones.

use std::time::Duration;

use super::attempt::{Attempt, Presence, ReportState};
use super::capacity::parse_quota;
use super::comparison::differences;
use super::description::TrainingJob;
use super::remedies::remedy;
use super::sagemaker_evaluator::SageMakerEvaluator;
use super::service_client::{Operation, Response};
use super::service_error::{ServiceError, ServiceErrorKind};
use super::spending::{instances, max_seconds};
use crate::request::OBJECTIVE_METRIC;
use surmise::evaluator::{EvaluatorError, Job, JobEvent, JobId, StartOutcome};
use surmise::trial::{Failure, FailureKind, Outcome};

/// How long to wait for a new role or permission to take effect.
const PROPAGATION_TIMEOUT: Duration = Duration::from_secs(120);
/// Interval at which a creation is retried meanwhile.
const PROPAGATION_RETRY: Duration = Duration::from_secs(10);
/// Delay before a request without a reply is sent again.
pub(super) const RETRY_SOON: Duration = Duration::from_secs(1);

/// Returns the error "cannot `verb` training job `name`". `action` is the operation's name in
/// policies.
pub(super) fn operation_error(
    verb: &str,
    name: &str,
    error: &ServiceError,
    action: &str,
) -> EvaluatorError {
    let remedy = remedy(error, action);
    EvaluatorError::new(format!("cannot {verb} training job {name}: {error}{remedy}"))
}

impl SageMakerEvaluator {
    /// Implements [`start`](surmise::evaluator::Evaluator::start) of the trait `Evaluator`.
    pub(super) fn start_job(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let id = job.id();
        let has_failed_to_start = self.events.iter().any(|event| event.job() == Some(id));
        if has_failed_to_start || self.attempts.contains_key(&id) {
            return Ok(StartOutcome::Adopted);
        }
        self.check_budget()?;
        if let Some(retry_after) = self.verify_earlier_jobs()? {
            return Ok(StartOutcome::Busy { retry_after });
        }
        if let Some(retry_after) = self.find_earlier_spending()? {
            return Ok(StartOutcome::Busy { retry_after });
        }
        self.check_prices()?;
        let now = self.client.clock().now();
        if self.spending.exceeded_budget(now).is_some() {
            return self.adopt_only(job);
        }
        let wait = self.capacity.wait_time(self.attempts.len(), now);
        if wait > Duration::ZERO {
            return Ok(StartOutcome::Busy { retry_after: wait });
        }
        let attempt = self.attempt(job);
        if job.trial.job_location.is_some() {
            // The job was created before. If it is missing, `find_job` checks the account.
            if let Some(start) = self.find_job(job, attempt.clone())? {
                return Ok(start);
            }
        }
        self.create(id, attempt)
    }

    fn check_budget(&self) -> Result<(), EvaluatorError> {
        match self.spending.invalid_amount() {
            None => Ok(()),
            Some(amount) => Err(EvaluatorError::new(format!(
                "the budget is {amount}, which is not an amount of money; give a finite number \
                 that is not negative"
            ))),
        }
    }

    /// Checks that there are prices for all instance types, those of earlier runs included, if the
    /// budget is in money.
    fn check_prices(&self) -> Result<(), EvaluatorError> {
        if !self.spending.is_budget_in_money() {
            return Ok(());
        }
        let region = self.client.region().unwrap_or_else(|| "an unknown region".to_owned());
        let options = self.template.instance_options().iter();
        let all: Vec<(String, u32)> = options.flat_map(instances).collect();
        let mut missing = match &self.spending.prices {
            Some(list) => list.prices.types_without_price(&list.region, &all),
            None => all.into_iter().map(|(kind, _)| kind).collect(),
        };
        missing.extend(self.spending.types_without_price());
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        Err(EvaluatorError::new(format!(
            "the budget is in money, but there is no price for {} in {region}; set the price by \
             with_prices, or give a budget in instance time",
            missing.join(", ")
        )))
    }

    /// Returns a new attempt with the request for its training job.
    pub(super) fn attempt(&self, job: &Job<'_>) -> Attempt {
        let option = self.capacity.preferred_option(self.client.clock().now());
        let numbers = (job.trial.id.0, job.attempt);
        let configuration = &job.trial.configuration;
        let request = self.template.request(configuration, numbers, option, job.timeout);
        let last_step = job.trial.reports.iter().map(|report| report.step).max();
        let reports = ReportState { last_step, ..ReportState::default() };
        Attempt { reports, ..Attempt::new(request, option) }
    }

    /// Adopts the job of an earlier run, but creates none: the budget is used up.
    fn adopt_only(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        // Jobs that earlier runs left running may have ended or been deleted.
        let retry_after = self.poll_untracked_jobs(self.poll_interval)?;
        if self.untracked_remaining.is_some() {
            return Ok(StartOutcome::Busy { retry_after });
        }
        let attempt = self.attempt(job);
        if let Some(start) = self.find_job(job, attempt)? {
            return Ok(start);
        }
        Ok(match self.spending.exceeded_budget(self.client.clock().now()) {
            Some((spent, budget)) => StartOutcome::OutOfBudget { spent, budget },
            None => StartOutcome::Busy { retry_after: RETRY_SOON },
        })
    }

    /// Adopts the training job of an attempt, if one exists; checks the account if it is missing.
    pub(super) fn find_job(
        &mut self,
        job: &Job<'_>,
        attempt: Attempt,
    ) -> Result<Option<StartOutcome>, EvaluatorError> {
        let name = attempt.name().to_owned();
        let found = match self.is_missing_under_check(&name) {
            true => None,
            false => self.adopt_existing(job.id(), attempt)?,
        };
        if found.is_none() && job.trial.job_location.is_some() {
            // The job was created before: it was deleted, or the account is another one.
            let wait = self.check_account(&name)?;
            return Ok(wait.map(|retry_after| StartOutcome::Busy { retry_after }));
        }
        Ok(found)
    }

    /// Adopts the training job with the name of an attempt, if one exists.
    fn adopt_existing(
        &mut self,
        id: JobId,
        attempt: Attempt,
    ) -> Result<Option<StartOutcome>, EvaluatorError> {
        let name = attempt.name();
        let response = self.client.send(Operation::Describe, |service| service.describe(name))?;
        let now = self.client.clock().now();
        match response {
            Response::Received(_) => {
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.found(now));
                Ok(Some(StartOutcome::Adopted))
            }
            Response::Refused(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Response::Refused(error) => {
                Err(operation_error("describe", name, &error, "sagemaker:DescribeTrainingJob"))
            }
            Response::RetryAfter(retry_after) => Ok(Some(StartOutcome::Busy { retry_after })),
            Response::Lost => Ok(Some(StartOutcome::Busy { retry_after: RETRY_SOON })),
        }
    }

    /// Requests the creation of a training job.
    pub(super) fn create(
        &mut self,
        id: JobId,
        mut attempt: Attempt,
    ) -> Result<StartOutcome, EvaluatorError> {
        let now = self.client.clock().now();
        let running = self.attempts.len();
        attempt.requested_at = now;
        if !attempt.presence.is_reply_lost() {
            attempt.first_requested_at = now;
        }
        let response =
            self.client.send(Operation::Create, |service| service.create(&attempt.request))?;
        let now = self.client.clock().now();
        let error = match response {
            Response::Received(arn) => {
                self.capacity.record_success(running, now);
                (self.has_created, self.not_ready_since) = (true, None);
                self.record_creation(id, &attempt);
                let name = attempt.name().to_owned();
                self.attempts.insert(id, attempt.created(now, self.poll_interval));
                if let Err(error) = self.record_location(id, &arn) {
                    // The job is in another account: stop it, because it costs money there.
                    let _ = self.client.send_final_stops(vec![name]);
                    return Err(error);
                }
                return Ok(StartOutcome::Started);
            }
            // The job may be running, so it counts until the service says that it is missing.
            Response::Lost => {
                self.record_creation(id, &attempt);
                self.attempts.insert(
                    id,
                    Attempt { presence: Presence::Requested { is_reply_lost: true }, ..attempt },
                );
                return Ok(StartOutcome::Started);
            }
            Response::RetryAfter(retry_after) => return Ok(StartOutcome::Busy { retry_after }),
            Response::Refused(error) => error,
        };
        self.handle_refusal(id, attempt, &error)
    }

    /// Records a created job, or one whose creation may have taken effect, for the bill.
    fn record_creation(&mut self, id: JobId, attempt: &Attempt) {
        let resources = attempt.request.resources.as_ref();
        let instance_count =
            resources.map_or(1, |it| instances(it).iter().map(|(_, count)| count).sum());
        let condition = attempt.request.stopping_condition.as_ref();
        let max_runtime = condition.and_then(|it| it.max_runtime_in_seconds).map(u64::from);
        self.spending.record_creation(attempt.name(), instance_count, max_seconds(max_runtime));
        if let Some(earlier) = self.failed_attempts.remove(&id.trial) {
            self.mark_retried(earlier);
        }
    }

    /// Handles a refused creation.
    fn handle_refusal(
        &mut self,
        id: JobId,
        attempt: Attempt,
        error: &ServiceError,
    ) -> Result<StartOutcome, EvaluatorError> {
        let now = self.client.clock().now();
        let may_exist = matches!(
            error.kind,
            ServiceErrorKind::QuotaExceeded
                | ServiceErrorKind::NotReady
                | ServiceErrorKind::Invalid
        );
        // The service may check the request before the name, so a job of this name may exist.
        if may_exist && let Some(start) = self.adopt_existing(id, attempt.clone())? {
            return Ok(start);
        }
        match error.kind {
            ServiceErrorKind::AlreadyExists => {
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.found(now));
                Ok(StartOutcome::Adopted)
            }
            ServiceErrorKind::QuotaExceeded | ServiceErrorKind::Invalid
                if is_permanently_unavailable(error) =>
            {
                match self.capacity.exclude(attempt.instance_option, &error.message) {
                    None => Ok(StartOutcome::Busy { retry_after: RETRY_SOON }),
                    Some(all) => Err(EvaluatorError::new(format!(
                        "cannot create training job {}: none of its instance types is available: \
                         {all}; request a higher quota, or choose other instance types",
                        attempt.name()
                    ))),
                }
            }
            ServiceErrorKind::QuotaExceeded => Ok(self.wait_for_capacity(&attempt)),
            ServiceErrorKind::NotReady
                if now.saturating_sub(*self.not_ready_since.get_or_insert(now))
                    < PROPAGATION_TIMEOUT =>
            {
                Ok(StartOutcome::Busy { retry_after: PROPAGATION_RETRY })
            }
            ServiceErrorKind::Invalid
                if error.message.contains(OBJECTIVE_METRIC) && self.template.omit_objective() =>
            {
                self.warn(format!(
                    "the service refuses the hyperparameter {OBJECTIVE_METRIC} ({}); training jobs \
                     are created without it from now on",
                    error.message
                ));
                Ok(StartOutcome::Busy { retry_after: Duration::ZERO })
            }
            ServiceErrorKind::Invalid if self.has_created => {
                let failure = Failure::new(FailureKind::Error, error.to_string());
                self.events.push(JobEvent::Ended { job: id, outcome: Outcome::Failed(failure) });
                Ok(StartOutcome::Started)
            }
            _ => {
                Err(operation_error("create", attempt.name(), error, "sagemaker:CreateTrainingJob"))
            }
        }
    }

    /// Handles a used-up quota: tries another instance option if one is available and no job of
    /// this evaluator uses this one; otherwise waits for jobs to end.
    fn wait_for_capacity(&mut self, attempt: &Attempt) -> StartOutcome {
        let (now, running) = (self.client.clock().now(), self.attempts.len());
        let option = attempt.instance_option;
        let uses_option = self.attempts.values().any(|it| it.instance_option == option);
        if !uses_option && self.capacity.has_alternative_to(option, now) {
            self.capacity.record_full_quota(option, now);
            return StartOutcome::Busy { retry_after: RETRY_SOON };
        }
        self.capacity.record_refusal(running, now);
        StartOutcome::Busy { retry_after: self.capacity.wait_time(running, now) }
    }

    /// Describes how an existing training job differs from the request; `None` if it matches.
    pub(super) fn difference(&self, attempt: &Attempt, job: &TrainingJob) -> Option<String> {
        let request = &attempt.request;
        if job.description.is_null() {
            // A service without descriptions in JSON: compare the hyperparameters only.
            let values = request.hyper_parameters.iter().flatten();
            let different =
                values.filter(|(name, value)| job.hyper_parameters.get(*name) != Some(*value));
            let different: Vec<&str> = different.map(|(name, _)| name.as_str()).collect();
            return (!different.is_empty())
                .then(|| format!("HyperParameters: {}", different.join(", ")));
        }
        let options = self.template.instance_options().iter();
        let options: Vec<_> =
            options.map(|it| serde_json::to_value(it).unwrap_or_default()).collect();
        differences(request, &options, &job.description)
    }

    pub(super) fn warn(&mut self, text: String) {
        self.events.push(JobEvent::Warning { text });
    }
}

/// Returns whether a refusal means that the instances are permanently unavailable.
///
/// They are if the region or training jobs do not have the type, or if the quota is below what one
/// job needs.
fn is_permanently_unavailable(error: &ServiceError) -> bool {
    let text = &error.message;
    let is_unknown_type = text.contains("instanceType") && text.contains("enum value set");
    let is_too_small = parse_quota(text).is_some_and(|(limit, requested)| limit < requested);
    match error.kind {
        ServiceErrorKind::Invalid => is_unknown_type || text.contains("nsupported instance type"),
        _ => is_too_small || text.contains("not available in this region"),
    }
}
