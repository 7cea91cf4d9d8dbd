//! Checks that the connection is to the region and the account of the study's jobs.

use std::time::Duration;

use super::comparison::{region_and_account, result_differences};
use super::sagemaker_evaluator::SageMakerEvaluator;
use super::service_client::{Operation, Response};
use super::service_error::{ServiceError, ServiceErrorKind};
use super::starting::{RETRY_SOON, operation_error};
use surmise::evaluator::{EvaluatorError, JobEvent, JobId};
use surmise::trial::Trial;

/// Number of names of existing jobs that are remembered.
const MAX_REMEMBERED_NAMES: usize = 5;

/// Returns the error for a connection to another region or account than that of the study.
fn wrong_location_error(connection: &str, (region, account): (&str, &str)) -> EvaluatorError {
    EvaluatorError::new(format!(
        "the training jobs of this study are in account {account}, region {region}, but the \
         connection is to {connection}; connect to region {region} with credentials of account \
         {account}"
    ))
}

impl SageMakerEvaluator {
    /// Remembers the location of the jobs of earlier runs, and the last of these jobs.
    ///
    /// # Errors
    /// [`EvaluatorError`] if they are in another region or account than the connection.
    pub(super) fn remember_earlier_jobs(
        &mut self,
        trials: &[&Trial],
    ) -> Result<(), EvaluatorError> {
        for trial in trials {
            let Some((region, account)) =
                trial.job_location.as_deref().and_then(region_and_account)
            else {
                continue;
            };
            if let Some(current) = self.client.region().filter(|current| current != region) {
                let connection = format!("region {current}");
                return Err(wrong_location_error(&connection, (region, account)));
            }
            match &self.location {
                Some((_, current)) if current != account => {
                    let connection = format!("account {current}");
                    return Err(wrong_location_error(&connection, (region, account)));
                }
                _ => self.location = Some((region.to_owned(), account.to_owned())),
            }
        }
        for trial in trials.iter().rev().take(MAX_REMEMBERED_NAMES).rev() {
            let numbers = (trial.id.0, trial.attempt());
            let request = self.template.request(&trial.configuration, numbers, 0, None);
            self.remember_name(&request.name);
            self.job_to_verify = Some((request, trial.job_location.clone().unwrap_or_default()));
        }
        Ok(())
    }

    /// Remembers the name of an existing job, for the check of the account.
    fn remember_name(&mut self, name: &str) {
        self.remembered_names.retain(|it| it != name);
        self.remembered_names.push(name.to_owned());
        if self.remembered_names.len() > MAX_REMEMBERED_NAMES {
            self.remembered_names.remove(0);
        }
    }

    /// Checks that the last job of an earlier run is in this account, and had the same definition.
    ///
    /// Returns how long to wait if a request is delayed.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the account or the definition differs.
    pub(super) fn verify_earlier_jobs(&mut self) -> Result<Option<Duration>, EvaluatorError> {
        let Some((request, location)) = self.job_to_verify.clone() else { return Ok(None) };
        let name = request.name.as_str();
        let response = match self.is_missing_under_check(name) {
            true => Response::Refused(ServiceError::new(ServiceErrorKind::NotFound, "as before")),
            false => self.client.send(Operation::Describe, |service| service.describe(name))?,
        };
        match response {
            Response::Received(job) => {
                let is_described = !job.description.is_null();
                let difference =
                    is_described.then(|| result_differences(&request, &job.description));
                if let Some(difference) = difference.flatten() {
                    return Err(EvaluatorError::new(format!(
                        "training job {location} of this study differs from the request \
                         ({difference}), so that their results cannot be compared: choose another \
                         name for the tuning job and begin a new study, or restore the earlier \
                         request"
                    )));
                }
                self.has_created = true;
            }
            Response::RetryAfter(wait) => return Ok(Some(wait)),
            Response::Lost => return Ok(Some(RETRY_SOON)),
            Response::Refused(error) if error.kind == ServiceErrorKind::NotFound => {
                if let Some(wait) = self.check_account(name)? {
                    return Ok(Some(wait));
                }
            }
            Response::Refused(error) => {
                return Err(operation_error(
                    "describe",
                    name,
                    &error,
                    "sagemaker:DescribeTrainingJob",
                ));
            }
        }
        self.job_to_verify = None;
        Ok(None)
    }

    /// Returns whether a job is missing, and the check of the account is under way for it.
    pub(super) fn is_missing_under_check(&self, name: &str) -> bool {
        self.account_check.as_ref().is_some_and(|(missing, _)| missing == name)
    }

    /// Checks whether the connection is to the account of a missing job: at least one of the other
    /// remembered jobs must exist. Returns how long to wait if a request is delayed.
    ///
    /// # Errors
    /// [`EvaluatorError`] if none of the other remembered jobs exists.
    pub(super) fn check_account(
        &mut self,
        missing: &str,
    ) -> Result<Option<Duration>, EvaluatorError> {
        let unfinished = self.account_check.take().filter(|(name, _)| name == missing);
        let other_names = || {
            let names = self.remembered_names.iter().filter(|name| *name != missing);
            names.cloned().collect()
        };
        let (_, mut remaining): (String, Vec<String>) =
            unfinished.unwrap_or_else(|| (missing.to_owned(), other_names()));
        let is_only_job = remaining.is_empty() && self.job_to_verify.is_none();
        while let Some(name) = remaining.last() {
            let response =
                self.client.send(Operation::Describe, |service| service.describe(name))?;
            let wait = match response {
                Response::Received(_) => return Ok(None),
                Response::Refused(_) => {
                    remaining.pop();
                    continue;
                }
                Response::RetryAfter(wait) => wait,
                Response::Lost => RETRY_SOON,
            };
            // Continue from here next time: a check that restarts may never complete.
            self.account_check = Some((missing.to_owned(), remaining));
            return Ok(Some(wait));
        }
        if is_only_job {
            return Ok(None);
        }
        let (region, account) = self.location.clone().unwrap_or_default();
        Err(EvaluatorError::new(format!(
            "training job {missing} was created in account {account}, region {region}, and does \
             not exist there, nor do other jobs of this tuning job: the credentials may belong to \
             another account. Connect to account {account}; if the jobs were deleted, choose \
             another name for the tuning job and begin a new study"
        )))
    }

    /// Reports the location of a job.
    ///
    /// # Errors
    /// [`EvaluatorError`] if it is in another region or account than the jobs before it.
    pub(super) fn record_location(&mut self, job: JobId, arn: &str) -> Result<(), EvaluatorError> {
        let Some((region, account)) = region_and_account(arn) else { return Ok(()) };
        if let Some((earlier_region, earlier_account)) = &self.location
            && (earlier_region != region || earlier_account != account)
        {
            let connection = format!("account {account}, region {region}");
            return Err(wrong_location_error(&connection, (earlier_region, earlier_account)));
        }
        self.location = Some((region.to_owned(), account.to_owned()));
        let name = arn.rsplit('/').next().unwrap_or_default();
        let name = self.attempts.get(&job).map_or(name.to_owned(), |it| it.name().to_owned());
        self.remember_name(&name);
        self.events.push(JobEvent::Located { job, location: arn.to_owned() });
        Ok(())
    }
}
