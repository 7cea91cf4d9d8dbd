//! The spending of earlier runs, and the jobs that they left running.

use std::time::Duration;

use super::attempt::Attempt;
use super::remedies::remedy;
use super::sagemaker_evaluator::SageMakerEvaluator;
use super::service::JobFilter;
use super::service_client::{Operation, Response};
use super::timing::{IDLE, RETRY_AFTER_TIMEOUT};
use surmise::evaluator::EvaluatorError;

impl SageMakerEvaluator {
    /// Polls the running jobs of earlier runs that belong to no attempt, if the last round was at
    /// least `interval` ago; returns how long until there is more to do. The bill needs their ends.
    ///
    /// A round continues where a request had to wait: a round that restarts may never complete.
    pub(super) fn poll_untracked_jobs(
        &mut self,
        interval: Duration,
    ) -> Result<Duration, EvaluatorError> {
        let now = self.client.clock().now();
        let mut remaining = match self.untracked_remaining.take() {
            Some(remaining) => remaining,
            None => {
                let untracked = self.untracked_jobs();
                if untracked.is_empty() {
                    return Ok(IDLE);
                }
                let next_round =
                    self.untracked_polled_at.map_or(now, |at| at.saturating_add(interval));
                if next_round > now {
                    return Ok(next_round.saturating_sub(now));
                }
                untracked
            }
        };
        while let Some(name) = remaining.last() {
            let response =
                self.client.send(Operation::Describe, |service| service.describe(name))?;
            let now = self.client.clock().now();
            let wait = match response {
                Response::Received(job) => {
                    self.spending.record(&job, (now, self.client.clock().unix_seconds()));
                    remaining.pop();
                    continue;
                }
                Response::Refused(_) => {
                    self.spending.record_missing(name, now);
                    remaining.pop();
                    continue;
                }
                Response::RetryAfter(wait) => wait,
                Response::Lost => RETRY_AFTER_TIMEOUT,
            };
            self.untracked_remaining = Some(remaining);
            return Ok(wait);
        }
        self.untracked_polled_at = Some(self.client.clock().now());
        Ok(interval)
    }

    /// Returns the names of jobs that are not known to have ended and belong to no attempt.
    pub(super) fn untracked_jobs(&self) -> Vec<String> {
        let tracked: Vec<&str> = self.attempts.values().map(Attempt::name).collect();
        let running = self.spending.running().filter(|name| !tracked.contains(name));
        running.map(str::to_owned).collect()
    }

    /// Searches for the spending of earlier runs, if there is a budget; returns how long to wait if
    /// a request is delayed.
    pub(super) fn find_earlier_spending(&mut self) -> Result<Option<Duration>, EvaluatorError> {
        while self.spending.needs_earlier_spending() {
            let prefix = format!("{}-", self.template.tuning_job());
            let page = self.spending.next_page.clone();
            let filter = JobFilter::NamePrefix { prefix: &prefix, page: page.as_deref() };
            match self.client.send(Operation::Search, |service| service.search(&filter))? {
                Response::Received(found) => {
                    let now = self.client.clock().now();
                    // Other tuning jobs may have names with this prefix, and SageMaker's own tuner
                    // uses the same form of names.
                    let earlier = found.jobs.iter().filter(|job| {
                        is_numbered(&job.name, &prefix) && job.tuning_job_arn.is_none()
                    });
                    let unix = self.client.clock().unix_seconds();
                    earlier.for_each(|job| self.spending.record(job, (now, unix)));
                    // A page that refers to itself would be read forever.
                    let next = found.next_page.filter(|next| page.as_ref() != Some(next));
                    self.spending.next_page = next;
                    if self.spending.next_page.is_none() {
                        self.spending.set_earlier_spending_known();
                    }
                }
                Response::RetryAfter(wait) => return Ok(Some(wait)),
                Response::Lost => return Ok(Some(Duration::from_secs(1))),
                Response::Refused(error) => {
                    self.spending.set_earlier_spending_known();
                    let remedy = remedy(&error, "sagemaker:Search");
                    self.warn(format!(
                        "the spending of earlier runs does not count against the budget, because \
                         the search for it was refused: {error}{remedy}"
                    ));
                }
            }
        }
        Ok(None)
    }
}

/// Returns whether a name has the form of [`training_job_name`](crate::training_job_name): the
/// prefix, the number of a trial and a hash.
fn is_numbered(name: &str, prefix: &str) -> bool {
    let parts = name.strip_prefix(prefix).and_then(|suffix| suffix.split_once('-'));
    parts.is_some_and(|(trial, hash)| {
        trial.bytes().all(|byte| byte.is_ascii_digit())
            && hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
