//! What earlier calls have spent, and what became of the jobs that they left.

use std::time::Duration;

use super::attempt::Attempt;
use super::line::{Answer, Operation};
use super::remedies::remedy;
use super::service::JobFilter;
use super::times::{AFTER_SILENCE, IDLE};
use super::training_jobs::SageMakerEvaluator;
use surmise::evaluator::EvaluatorError;

impl SageMakerEvaluator {
    /// Looks at the jobs of earlier calls that no attempt stands for, if the last round was this long ago, because the bill waits for their
    /// ends; how long until there is more to do.
    ///
    /// A round goes on where requests had to wait: if each began anew, it might never come to an end.
    pub(super) fn look_at_strays(&mut self, every: Duration) -> Result<Duration, EvaluatorError> {
        let now = self.line.clock().now();
        let mut left = match self.strays_left.take() {
            Some(left) => left,
            None => {
                let strays = self.strays();
                if strays.is_empty() {
                    return Ok(IDLE);
                }
                let next_round = self.strays_looked_at.map_or(now, |at| at.saturating_add(every));
                if next_round > now {
                    return Ok(next_round.saturating_sub(now));
                }
                strays
            }
        };
        while let Some(name) = left.last() {
            let answer = self.line.ask(Operation::Describe, |service| service.describe(name))?;
            let now = self.line.clock().now();
            let wait = match answer {
                Answer::Given(job) => {
                    self.spending.note(&job, (now, self.line.clock().unix_seconds()));
                    left.pop();
                    continue;
                }
                Answer::Refused(_) => {
                    self.spending.gone(name, now);
                    left.pop();
                    continue;
                }
                Answer::Later(wait) => wait,
                Answer::Lost => AFTER_SILENCE,
            };
            self.strays_left = Some(left);
            return Ok(wait);
        }
        self.strays_looked_at = Some(self.line.clock().now());
        Ok(every)
    }

    /// Jobs that have not been seen to end, and that no attempt stands for.
    pub(super) fn strays(&self) -> Vec<String> {
        let own: Vec<&str> = self.attempts.values().map(Attempt::name).collect();
        let running = self.spending.running().filter(|name| !own.contains(name));
        running.map(str::to_owned).collect()
    }

    /// Finds out what earlier calls have spent, if there is a budget; how long to wait, if that takes time.
    pub(super) fn look_back(&mut self) -> Result<Option<Duration>, EvaluatorError> {
        while self.spending.must_look_back() {
            let with = format!("{}-", self.template.tuning_job());
            let page = self.spending.next_page.clone();
            let filter = JobFilter::Begins { with: &with, page: page.as_deref() };
            match self.line.ask(Operation::Search, |service| service.search(&filter))? {
                Answer::Given(found) => {
                    let now = self.line.clock().now();
                    // There may be other tuning jobs whose names begin so; and SageMaker's own tuner names its training jobs alike.
                    let own = found.jobs.iter().filter(|job| {
                        is_numbered(&job.name, &with) && job.tuning_job_arn.is_none()
                    });
                    let unix = self.line.clock().unix_seconds();
                    own.for_each(|job| self.spending.note(job, (now, unix)));
                    // A page that names itself would be read for ever.
                    let next = found.next_page.filter(|next| page.as_ref() != Some(next));
                    self.spending.next_page = next;
                    if self.spending.next_page.is_none() {
                        self.spending.has_looked_back();
                    }
                }
                Answer::Later(wait) => return Ok(Some(wait)),
                Answer::Lost => return Ok(Some(Duration::from_secs(1))),
                Answer::Refused(error) => {
                    self.spending.has_looked_back();
                    let remedy = remedy(&error, "sagemaker:Search");
                    self.warn(format!("what earlier calls have spent does not count against the budget, because it cannot be searched for: {error}{remedy}"));
                }
            }
        }
        Ok(None)
    }
}

/// Whether a name is what [`training_job_name`](crate::training_job_name) makes after this beginning: a trial's number and a hash.
fn is_numbered(name: &str, beginning: &str) -> bool {
    let parts = name.strip_prefix(beginning).and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(trial, hash)| {
        trial.bytes().all(|byte| byte.is_ascii_digit())
            && hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
