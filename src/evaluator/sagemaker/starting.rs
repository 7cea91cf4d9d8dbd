//! How training jobs come to be: created, refused, or found there already.

use std::time::Duration;

use super::attempt::Attempt;
use super::identity::{differences, home};
use super::line::{Answer, Operation};
use super::remedies::remedy;
use super::room::quota;
use super::trouble::{ServiceError, ServiceErrorKind};
use super::{
    EvaluatorError, Job, JobEvent, JobFilter, JobId, SageMakerEvaluator, Start, TrainingJob,
};
use crate::sagemaker::{OBJECTIVE_METRIC, ResourceConfig};
use crate::trial::{Failure, FailureKind, Outcome};

/// For how long a role that has just been made is waited for, and how often it is tried.
const PROPAGATION: Duration = Duration::from_secs(120);
const PROPAGATION_RETRY: Duration = Duration::from_secs(10);
/// When to ask again for what was not answered.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What cannot be gone on after. `action` is what a policy calls what was asked for.
pub(super) fn cannot(what: &str, name: &str, error: &ServiceError, action: &str) -> EvaluatorError {
    let remedy = remedy(error, action);
    EvaluatorError::new(format!("cannot {what} training job {name}: {error}{remedy}"))
}

/// The types of instances of a request, and how many of each.
pub(super) fn instances(resources: &ResourceConfig) -> Vec<(String, u32)> {
    if let Some(groups) = resources.instance_groups.as_ref().filter(|groups| !groups.is_empty()) {
        return groups.iter().map(|it| (it.instance_type.clone(), it.instance_count)).collect();
    }
    let kind = resources.instance_type.clone().unwrap_or_default();
    vec![(kind, resources.instance_count.unwrap_or(1))]
}

impl SageMakerEvaluator {
    pub(super) fn start_job(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        let is_stillborn = self.events.iter().any(|event| event.job() == Some(id));
        if is_stillborn || self.attempts.contains_key(&id) {
            return Ok(Start::Adopted);
        }
        self.check_prices()?;
        self.check_place(job)?;
        if let Some(retry_after) = self.look_back()? {
            return Ok(Start::Busy { retry_after });
        }
        let now = self.line.clock().now();
        if self.spending.is_over(now).is_some() {
            return self.adopt_at_most(job);
        }
        let wait = self.room.wait(self.attempts.len(), now);
        if wait > Duration::ZERO {
            return Ok(Start::Busy { retry_after: wait });
        }
        let attempt = self.attempt(job);
        if job.trial.place.is_some() {
            // It was created before; if it is not there, that must be understood first.
            if let Some(start) = self.find(job, attempt.clone())? {
                return Ok(start);
            }
        }
        self.create(id, attempt)
    }

    /// Money cannot be counted without prices.
    fn check_prices(&self) -> Result<(), EvaluatorError> {
        if !self.spending.is_in_money() {
            return Ok(());
        }
        let list = self.spending.prices.as_ref();
        let price = |kind: &str| list?.prices.per_second(&list?.region, &[(kind.to_owned(), 1)]);
        let all = self.template.machines().iter().flat_map(instances);
        let missing: Vec<String> =
            all.map(|(kind, _)| kind).filter(|kind| price(kind).is_none()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let region = self.line.region().unwrap_or_else(|| "an unknown region".to_owned());
        Err(EvaluatorError::new(format!(
            "the budget is an amount of money, but there is no price of {} in {region}; give it by with_prices, or a budget in instance time",
            missing.join(", ")
        )))
    }

    /// What is to be asked for.
    pub(super) fn attempt(&self, job: &Job<'_>) -> Attempt {
        let machines = self.room.machines(self.line.clock().now());
        let numbers = (job.trial.id.0, job.attempt);
        let configuration = &job.trial.configuration;
        let request = self.template.request(configuration, numbers, machines, job.deadline);
        let last_step = job.trial.reports.iter().map(|report| report.step).max();
        Attempt { last_step, ..Attempt::new(request, machines) }
    }

    /// Nothing is left to spend: only a job that is there, from an earlier call, is taken on.
    fn adopt_at_most(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        // What earlier calls left running may have ended, or be gone.
        let strays = self.spending.running();
        let own: Vec<&str> = self.attempts.values().map(Attempt::name).collect();
        let strays: Vec<String> =
            strays.filter(|name| !own.contains(name)).map(str::to_owned).collect();
        for name in strays {
            let answer = self.line.ask(Operation::Describe, |service| service.describe(&name))?;
            let now = self.line.clock().now();
            match answer {
                Answer::Given(found) => self.spending.note(&found, now),
                Answer::Refused(_) => self.spending.gone(&name, now),
                Answer::Later(retry_after) => return Ok(Start::Busy { retry_after }),
                Answer::Lost => return Ok(Start::Busy { retry_after: SOON }),
            }
        }
        let attempt = self.attempt(job);
        if let Some(start) = self.find(job, attempt)? {
            return Ok(start);
        }
        Ok(match self.spending.is_over(self.line.clock().now()) {
            Some((spent, budget)) => Start::OutOfBudget { spent, budget },
            None => Start::Busy { retry_after: SOON },
        })
    }

    /// Adopts the training job of an attempt if there is one.
    pub(super) fn find(
        &mut self,
        job: &Job<'_>,
        attempt: Attempt,
    ) -> Result<Option<Start>, EvaluatorError> {
        let name = attempt.name().to_owned();
        match (self.look_whether_it_is_there(job.id(), attempt)?, &job.trial.place) {
            (None, Some(place)) => self.check_whether_it_can_be_gone(&name, place),
            (found, _) => Ok(found),
        }
    }

    /// Takes on the training job of an attempt if there is one of its name.
    fn look_whether_it_is_there(
        &mut self,
        id: JobId,
        attempt: Attempt,
    ) -> Result<Option<Start>, EvaluatorError> {
        let name = attempt.name();
        let answer = self.line.ask(Operation::Describe, |service| service.describe(name))?;
        let now = self.line.clock().now();
        match answer {
            Answer::Given(_) => {
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.found(now));
                Ok(Some(Start::Adopted))
            }
            Answer::Refused(error) if error.kind == ServiceErrorKind::Missing => Ok(None),
            Answer::Refused(error) => {
                Err(cannot("describe", name, &error, "sagemaker:DescribeTrainingJob"))
            }
            Answer::Later(retry_after) => Ok(Some(Start::Busy { retry_after })),
            Answer::Lost => Ok(Some(Start::Busy { retry_after: SOON })),
        }
    }

    /// Whether the study knows this attempt to run in another region or account.
    fn check_place(&self, job: &Job<'_>) -> Result<(), EvaluatorError> {
        let Some(place) = &job.trial.place else { return Ok(()) };
        let Some((region, account)) = home(place) else { return Ok(()) };
        let other = |here: String| {
            Err(EvaluatorError::new(format!(
                "training job {place} was created for trial {}, but {here} is asked; connect to {region} with credentials of account {account}, where the jobs of this study are",
                job.trial.id
            )))
        };
        if let Some(own) = self.line.region().filter(|own| own != region) {
            return other(format!("region {own}"));
        }
        match &self.home {
            Some((_, own)) if own != account => other(format!("account {own}")),
            _ => Ok(()),
        }
    }

    /// A job that was created is not there. If others are, in its account, somebody has removed it; if there are none, this is another account.
    fn check_whether_it_can_be_gone(
        &mut self,
        name: &str,
        place: &str,
    ) -> Result<Option<Start>, EvaluatorError> {
        let account = home(place).map(|(_, account)| account.to_owned());
        if self.home.as_ref().map(|(_, own)| own) == account.as_ref() {
            return Ok(None);
        }
        let with = format!("{}-", self.template.tuning_job());
        let filter = JobFilter::Begins { with: &with, page: None };
        let found = match self.line.ask(Operation::Search, |service| service.search(&filter))? {
            Answer::Given(found) => found.jobs,
            Answer::Later(retry_after) => return Ok(Some(Start::Busy { retry_after })),
            Answer::Lost => return Ok(Some(Start::Busy { retry_after: SOON })),
            Answer::Refused(_) => Vec::new(),
        };
        let is_of_account = |job: &TrainingJob| {
            home(&job.arn).map(|(_, own)| own.to_owned()) == account && account.is_some()
        };
        if found.iter().any(is_of_account) {
            return Ok(None);
        }
        Err(EvaluatorError::new(format!(
            "training job {name} was created as {place}, and is not there, nor is any other of this tuning job: if these are credentials of another account, connect to the one of before; else give the tuning job another name, and begin anew"
        )))
    }

    /// Asks for a training job.
    pub(super) fn create(
        &mut self,
        id: JobId,
        mut attempt: Attempt,
    ) -> Result<Start, EvaluatorError> {
        let now = self.line.clock().now();
        let live = self.attempts.len();
        attempt.asked_at = now;
        let answer =
            self.line.ask(Operation::Create, |service| service.create(&attempt.request))?;
        let now = self.line.clock().now();
        let error = match answer {
            Answer::Given(arn) => {
                self.room.admitted(live, now);
                (self.has_created, self.not_ready_since) = (true, None);
                self.spending.created(attempt.name());
                self.located(id, &arn);
                if let Some(earlier) = self.failed.remove(&id.trial) {
                    self.was_retried(earlier);
                }
                self.attempts.insert(id, attempt.created(now, self.poll));
                return Ok(Start::Started);
            }
            // Perhaps it runs: it holds its place until that is known.
            Answer::Lost => {
                self.spending.created(attempt.name());
                self.attempts.insert(id, Attempt { was_lost: true, ..attempt });
                return Ok(Start::Started);
            }
            Answer::Later(retry_after) => return Ok(Start::Busy { retry_after }),
            Answer::Refused(error) => error,
        };
        self.refused(id, attempt, &error)
    }

    /// Tells where a job runs.
    pub(super) fn located(&mut self, job: JobId, arn: &str) {
        let Some((region, account)) = home(arn) else { return };
        self.home = Some((region.to_owned(), account.to_owned()));
        self.events.push(JobEvent::Located { job, place: arn.to_owned() });
    }

    /// A training job was refused, or is there already.
    fn refused(
        &mut self,
        id: JobId,
        attempt: Attempt,
        error: &ServiceError,
    ) -> Result<Start, EvaluatorError> {
        let now = self.line.clock().now();
        let is_refused = matches!(
            error.kind,
            ServiceErrorKind::Quota | ServiceErrorKind::NotReady | ServiceErrorKind::Invalid
        );
        // Which the service looks at first, the name or the rest, is not known: the job may be there nevertheless.
        if is_refused && let Some(start) = self.look_whether_it_is_there(id, attempt.clone())? {
            return Ok(start);
        }
        match error.kind {
            ServiceErrorKind::Exists => {
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.found(now));
                Ok(Start::Adopted)
            }
            ServiceErrorKind::Quota | ServiceErrorKind::Invalid if is_never_to_be_had(error) => {
                match self.room.never(attempt.machines, &error.message) {
                    None => Ok(Start::Busy { retry_after: SOON }),
                    Some(all) => Err(EvaluatorError::new(format!(
                        "cannot create training job {}: none of its instances can be had: {all}; ask for a higher quota, or name other instances",
                        attempt.name()
                    ))),
                }
            }
            ServiceErrorKind::Quota => Ok(self.wait_for_room(&attempt)),
            ServiceErrorKind::NotReady
                if now.saturating_sub(*self.not_ready_since.get_or_insert(now)) < PROPAGATION =>
            {
                Ok(Start::Busy { retry_after: PROPAGATION_RETRY })
            }
            ServiceErrorKind::Invalid
                if error.message.contains(OBJECTIVE_METRIC)
                    && self.template.leave_objective_out() =>
            {
                self.warn(format!(
                    "training jobs are refused with the hyperparameter {OBJECTIVE_METRIC} ({}); from now on it is left out",
                    error.message
                ));
                Ok(Start::Busy { retry_after: Duration::ZERO })
            }
            ServiceErrorKind::Invalid if self.has_created => {
                let failure = Failure::new(FailureKind::Error, error.to_string());
                self.events.push(JobEvent::Ended { job: id, outcome: Outcome::Failed(failure) });
                Ok(Start::Started)
            }
            _ => Err(cannot("create", attempt.name(), error, "sagemaker:CreateTrainingJob")),
        }
    }

    /// A quota is used up: by jobs of one's own, which will end; or by others, so that the next of the instances that would do are tried.
    fn wait_for_room(&mut self, attempt: &Attempt) -> Start {
        let (now, live) = (self.line.clock().now(), self.attempts.len());
        let has_own = self.attempts.values().any(|it| it.machines == attempt.machines);
        if !has_own && self.room.has_others_than(attempt.machines, now) {
            self.room.is_full(attempt.machines, now);
            return Start::Busy { retry_after: SOON };
        }
        self.room.refused(live, now);
        Start::Busy { retry_after: self.room.wait(live, now) }
    }

    /// Where a training job that is there differs from the one that is asked for; `None` if it is the one.
    pub(super) fn difference(&self, attempt: &Attempt, job: &TrainingJob) -> Option<String> {
        let request = &attempt.request;
        if job.description.is_null() {
            // A service that says little of jobs: what it says is compared.
            let values = request.hyper_parameters.iter().flatten();
            let differs =
                values.filter(|(name, value)| job.hyper_parameters.get(*name) != Some(*value));
            let differs: Vec<&str> = differs.map(|(name, _)| name.as_str()).collect();
            return (!differs.is_empty())
                .then(|| format!("HyperParameters: {}", differs.join(", ")));
        }
        let machines = self.template.machines().iter();
        let machines: Vec<_> =
            machines.map(|it| serde_json::to_value(it).unwrap_or_default()).collect();
        differences(request, &machines, &job.description)
    }

    pub(super) fn warn(&mut self, text: String) {
        self.events.push(JobEvent::Warning { text });
    }
}

/// Whether a refusal means that there will never be such instances: the region does not have them, training jobs cannot, or a quota is less
/// than one job needs.
fn is_never_to_be_had(error: &ServiceError) -> bool {
    let text = &error.message;
    let is_no_type = text.contains("instanceType") && text.contains("enum value set");
    let is_too_small = quota(text).is_some_and(|(most, wanted)| most < wanted);
    match error.kind {
        ServiceErrorKind::Invalid => is_no_type || text.contains("nsupported instance type"),
        _ => is_too_small || text.contains("not available in this region"),
    }
}
