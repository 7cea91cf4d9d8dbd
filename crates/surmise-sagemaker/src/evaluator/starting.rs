//! How training jobs come to be: created, refused, or found there already.

use std::time::Duration;

use super::attempt::{Attempt, Presence, Reports};
use super::description::TrainingJob;
use super::identity::{differences, differences_of_results, home};
use super::line::{Answer, Operation};
use super::remedies::remedy;
use super::room::quota;
use super::spending::instances;
use super::spending::most_seconds;
use super::training_jobs::SageMakerEvaluator;
use super::trouble::{ServiceError, ServiceErrorKind};
use crate::request::OBJECTIVE_METRIC;
use surmise::evaluator::{EvaluatorError, Job, JobEvent, JobId, Start};
use surmise::trial::{Failure, FailureKind, Outcome, Trial};

/// For how long a role that has just been made is waited for, and how often it is tried.
const PROPAGATION: Duration = Duration::from_secs(120);
const PROPAGATION_RETRY: Duration = Duration::from_secs(10);
/// So many names of jobs that are there are kept in mind.
const KNOWN: usize = 5;
/// When to ask again for what was not answered.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What cannot be gone on after. `action` is what a policy calls what was asked for.
pub(super) fn cannot(what: &str, name: &str, error: &ServiceError, action: &str) -> EvaluatorError {
    let remedy = remedy(error, action);
    EvaluatorError::new(format!("cannot {what} training job {name}: {error}{remedy}"))
}

/// The jobs are not where they are looked for.
fn elsewhere(here: &str, (region, account): (&str, &str)) -> EvaluatorError {
    EvaluatorError::new(format!(
        "the training jobs of this study are in account {account}, region {region}, but {here} is asked; connect to {region} with credentials of account {account}"
    ))
}

impl SageMakerEvaluator {
    pub(super) fn start_job(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        let is_stillborn = self.events.iter().any(|event| event.job() == Some(id));
        if is_stillborn || self.attempts.contains_key(&id) {
            return Ok(Start::Adopted);
        }
        self.check_budget()?;
        if let Some(retry_after) = self.verify_earlier_jobs()? {
            return Ok(Start::Busy { retry_after });
        }
        if let Some(retry_after) = self.look_back()? {
            return Ok(Start::Busy { retry_after });
        }
        self.check_prices()?;
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

    fn check_budget(&self) -> Result<(), EvaluatorError> {
        match self.spending.bad_amount() {
            None => Ok(()),
            Some(amount) => Err(EvaluatorError::new(format!(
                "the budget is {amount}, which is no amount of money; give a number that is not negative"
            ))),
        }
    }

    /// Money cannot be counted without prices, of what may be used and of what has been.
    fn check_prices(&self) -> Result<(), EvaluatorError> {
        if !self.spending.is_in_money() {
            return Ok(());
        }
        let region = self.line.region().unwrap_or_else(|| "an unknown region".to_owned());
        let all: Vec<(String, u32)> = self.template.machines().iter().flat_map(instances).collect();
        let mut missing = match &self.spending.prices {
            Some(list) => list.prices.lacking(&list.region, &all),
            None => all.into_iter().map(|(kind, _)| kind).collect(),
        };
        missing.extend(self.spending.without_price());
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
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
        let reports = Reports { last_step, ..Reports::default() };
        Attempt { reports, ..Attempt::new(request, machines) }
    }

    /// Nothing is left to spend: only a job that is there, from an earlier call, is taken on.
    fn adopt_at_most(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        // What earlier calls left running may have ended, or be gone.
        let retry_after = self.look_at_strays(self.poll)?;
        if self.strays_left.is_some() {
            return Ok(Start::Busy { retry_after });
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
        let found = match self.is_known_to_be_missing(&name) {
            true => None,
            false => self.look_whether_it_is_there(job.id(), attempt)?,
        };
        if found.is_none() && job.trial.place.is_some() {
            // The job was created before: it has been removed, or these are credentials of another account.
            let wait = self.check_account(&name)?;
            return Ok(wait.map(|retry_after| Start::Busy { retry_after }));
        }
        Ok(found)
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

    /// Keeps in mind where jobs of earlier calls are, and the last one of them.
    pub(super) fn recall_jobs(&mut self, trials: &[&Trial]) -> Result<(), EvaluatorError> {
        for trial in trials {
            let Some((region, account)) = trial.place.as_deref().and_then(home) else { continue };
            if let Some(own) = self.line.region().filter(|own| own != region) {
                return Err(elsewhere(&format!("region {own}"), (region, account)));
            }
            match &self.home {
                Some((_, own)) if own != account => {
                    return Err(elsewhere(&format!("account {own}"), (region, account)));
                }
                _ => self.home = Some((region.to_owned(), account.to_owned())),
            }
        }
        for trial in trials.iter().rev().take(KNOWN).rev() {
            let numbers = (trial.id.0, trial.attempt());
            let request = self.template.request(&trial.configuration, numbers, 0, None);
            self.keep_in_mind(&request.name);
            self.to_verify = Some((request, trial.place.clone().unwrap_or_default()));
        }
        Ok(())
    }

    /// Keeps a name in mind.
    fn keep_in_mind(&mut self, name: &str) {
        self.known.retain(|known| known != name);
        self.known.push(name.to_owned());
        if self.known.len() > KNOWN {
            self.known.remove(0);
        }
    }

    /// Looks at the last job of an earlier call, before anything is created: whether it is in this account, and of this definition. How
    /// long to wait, if that takes time.
    fn verify_earlier_jobs(&mut self) -> Result<Option<Duration>, EvaluatorError> {
        let Some((request, place)) = self.to_verify.clone() else { return Ok(None) };
        let name = request.name.as_str();
        let answer = match self.is_known_to_be_missing(name) {
            true => Answer::Refused(ServiceError::new(ServiceErrorKind::Missing, "as before")),
            false => self.line.ask(Operation::Describe, |service| service.describe(name))?,
        };
        match answer {
            Answer::Given(job) => {
                let is_told = !job.description.is_null();
                let difference =
                    is_told.then(|| differences_of_results(&request, &job.description));
                if let Some(difference) = difference.flatten() {
                    return Err(EvaluatorError::new(format!(
                        "training job {place} of this study was another one ({difference}); results of different jobs cannot be compared: give the tuning job another name and begin another study, or make the request as it was"
                    )));
                }
                self.has_created = true;
            }
            Answer::Later(wait) => return Ok(Some(wait)),
            Answer::Lost => return Ok(Some(SOON)),
            Answer::Refused(error) if error.kind == ServiceErrorKind::Missing => {
                if let Some(wait) = self.check_account(name)? {
                    return Ok(Some(wait));
                }
            }
            Answer::Refused(error) => {
                return Err(cannot("describe", name, &error, "sagemaker:DescribeTrainingJob"));
            }
        }
        self.to_verify = None;
        Ok(None)
    }

    /// Whether a job is missing, and it is being found out why.
    pub(super) fn is_known_to_be_missing(&self, name: &str) -> bool {
        self.account_check.as_ref().is_some_and(|(missing, _)| missing == name)
    }

    /// A job that was created is not there: whether any other job is that is known. If none is, these are credentials of another account. How long to
    /// wait, if that takes time.
    pub(super) fn check_account(
        &mut self,
        missing: &str,
    ) -> Result<Option<Duration>, EvaluatorError> {
        let begun = self.account_check.take().filter(|(name, _)| name == missing);
        let others = || {
            let others = self.known.iter().filter(|name| *name != missing);
            others.cloned().collect()
        };
        let (_, mut rest): (String, Vec<String>) =
            begun.unwrap_or_else(|| (missing.to_owned(), others()));
        let is_alone = rest.is_empty() && self.to_verify.is_none();
        while let Some(name) = rest.last() {
            let wait = match self.line.ask(Operation::Describe, |service| service.describe(name))? {
                Answer::Given(_) => return Ok(None),
                Answer::Refused(_) => {
                    rest.pop();
                    continue;
                }
                Answer::Later(wait) => wait,
                Answer::Lost => SOON,
            };
            // It goes on from here: asking for all anew might never come to an end.
            self.account_check = Some((missing.to_owned(), rest));
            return Ok(Some(wait));
        }
        if is_alone {
            return Ok(None);
        }
        let (region, account) = self.home.clone().unwrap_or_default();
        Err(EvaluatorError::new(format!(
            "training job {missing} was created in account {account}, region {region}, and is not there, nor are others of this tuning job: are these credentials of another account? Connect to the one of before; if the jobs were removed, give the tuning job another name and begin anew"
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
        if !attempt.presence.was_lost() {
            attempt.first_asked_at = now;
        }
        let answer =
            self.line.ask(Operation::Create, |service| service.create(&attempt.request))?;
        let now = self.line.clock().now();
        let error = match answer {
            Answer::Given(arn) => {
                self.room.admitted(live, now);
                (self.has_created, self.not_ready_since) = (true, None);
                self.was_created(id, &attempt);
                let name = attempt.name().to_owned();
                self.attempts.insert(id, attempt.created(now, self.poll));
                if let Err(error) = self.located(id, &arn) {
                    // It is in another account: it shall not cost.
                    let _ = self.line.stop_at_once(vec![name]);
                    return Err(error);
                }
                return Ok(Start::Started);
            }
            // Perhaps it runs: it holds its place until that is known.
            Answer::Lost => {
                self.was_created(id, &attempt);
                self.attempts.insert(
                    id,
                    Attempt { presence: Presence::Asked { was_lost: true }, ..attempt },
                );
                return Ok(Start::Started);
            }
            Answer::Later(retry_after) => return Ok(Start::Busy { retry_after }),
            Answer::Refused(error) => error,
        };
        self.refused(id, attempt, &error)
    }

    /// A job is there, or may be, that was asked for now.
    fn was_created(&mut self, id: JobId, attempt: &Attempt) {
        let resources = attempt.request.resources.as_ref();
        let machines = resources.map_or(1, |it| instances(it).iter().map(|(_, count)| count).sum());
        let condition = attempt.request.stopping_condition.as_ref();
        let longest = condition.and_then(|it| it.max_runtime_in_seconds).map(u64::from);
        self.spending.created(attempt.name(), machines, most_seconds(longest));
        if let Some(earlier) = self.failed.remove(&id.trial) {
            self.was_retried(earlier);
        }
    }

    /// Tells where a job runs.
    ///
    /// # Errors
    /// If that is another region or account than those of the jobs before it.
    pub(super) fn located(&mut self, job: JobId, arn: &str) -> Result<(), EvaluatorError> {
        let Some((region, account)) = home(arn) else { return Ok(()) };
        if let Some((own_region, own)) = &self.home
            && (own_region != region || own != account)
        {
            let here = format!("account {account}, region {region}");
            return Err(elsewhere(&here, (own_region, own)));
        }
        self.home = Some((region.to_owned(), account.to_owned()));
        let name = arn.rsplit('/').next().unwrap_or_default();
        let name = self.attempts.get(&job).map_or(name.to_owned(), |it| it.name().to_owned());
        self.keep_in_mind(&name);
        self.events.push(JobEvent::Located { job, place: arn.to_owned() });
        Ok(())
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
