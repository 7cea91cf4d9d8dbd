//! The fake's own tuner: tuning jobs created, judged, carried on as time comes, described, stopped, deleted.

use serde_json::{Value, json};

use super::account::Account;
use super::lists::Listing;
use super::reply::{Reply, refused};
use super::training_job::{Birth, Job, values};
use super::tuning_job::{self, FakeTuningJob, definitions, hyperparameters};
use crate::judge::Judge;
use crate::reading::DocumentReader;
use surmise::rng::Rng;
use surmise::stable_hash::stable_hash;

const TUNING_JOBS: Listing = Listing {
    member: "HyperParameterTuningJobSummaries",
    name: "HyperParameterTuningJobName",
    status: "HyperParameterTuningJobStatus",
    sort_by: "Name",
    is_descending: false,
};

impl Account {
    /// Lets the fake's own tuner go on to now.
    pub(super) fn advance(&mut self) {
        let now = self.seconds();
        let (mut tuning_jobs, mut jobs) =
            (std::mem::take(&mut self.tuning_jobs), std::mem::take(&mut self.jobs));
        for job in tuning_jobs.values_mut() {
            job.advance(&mut jobs, now, &mut |body, at| self.born(body, at));
        }
        (self.tuning_jobs, self.jobs) = (tuning_jobs, jobs);
    }

    /// A training job of the fake's own tuner.
    fn born(&mut self, request: Value, now: f64) -> Job {
        let training = (self.training)(&values(&request));
        let name = request["TrainingJobName"].as_str().unwrap_or_default().to_owned();
        let mut rng = Rng::stream(self.seed, stable_hash(&name));
        let arn = self.arn("training-job", &name);
        self.tag(&arn, &request["Tags"]);
        *self.creations.entry(name.clone()).or_default() += 1;
        let (times, faults, spot_discount) = (&self.times, &self.faults, self.spot_discount);
        let birth = Birth { name, arn, request, training, now, times, faults, spot_discount };
        Job::new(birth, &mut rng)
    }

    pub(super) fn create_tuning_job(&mut self, body: &Value) -> Reply {
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let key = name.to_ascii_lowercase();
        let arn = self.arn("hyper-parameter-tuning-job", name);
        if self.tuning_jobs.contains_key(&key) {
            let text = format!(
                "A hyperparameter tuning job with the name, {arn}, already exists. Choose a different name."
            );
            return refused("ResourceInUse", text);
        }
        if let Err(text) = self.judge(body) {
            return refused("ValidationException", text);
        }
        match FakeTuningJob::new(body, &arn, self.seconds()) {
            Ok(job) => {
                self.tuning_jobs.insert(key, job);
                self.tag(&arn, &body["Tags"]);
                self.advance();
                Reply::Answer(json!({"HyperParameterTuningJobArn": arn}))
            }
            Err(text) => {
                refused("ValidationException", format!("1 validation error detected: {text}"))
            }
        }
    }

    /// Whether a tuning job can be made: by the judge of requests, and by what there is.
    pub(super) fn judge(&self, body: &Value) -> Result<(), String> {
        let document =
            DocumentReader::default().recognize(body.clone()).map_err(|error| error.to_string())?;
        let verdict = Judge::default().judge(&document);
        if let Some(violation) = verdict.errors().next() {
            return Err(format!("1 validation error detected: {violation}"));
        }
        let tags = body["Tags"].as_array().into_iter().flatten();
        let mut keys: Vec<&str> = tags.filter_map(|tag| tag["Key"].as_str()).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive."
                    .to_owned(),
            );
        }
        for definition in definitions(body) {
            let algorithm = definition["AlgorithmSpecification"]["AlgorithmName"].as_str();
            if let Some(name) = algorithm.filter(|name| self.resources.algorithm(name).is_none()) {
                return Err(format!("Could not find algorithm \"{name}\"."));
            }
        }
        let kind = body["WarmStartConfig"]["WarmStartType"].as_str();
        for parent in tuning_job::parents(body) {
            let Some(parent) = self.tuning_jobs.get(&parent) else {
                return Err(format!(
                    "Could not find the parent hyperparameter tuning job {parent}."
                ));
            };
            if !parent.is_over(&self.jobs, self.seconds()) {
                return Err(format!(
                    "The parent hyperparameter tuning job {} is not in a terminal state.",
                    parent.name
                ));
            }
            if hyperparameters(&parent.request) != hyperparameters(body) {
                return Err("The set of tunable plus static HyperParameter names is not the same across current and parent tuning jobs".to_owned());
            }
            let image = |body: &Value| {
                definitions(body)[0]["AlgorithmSpecification"]["TrainingImage"].clone()
            };
            if kind == Some("IdenticalDataAndAlgorithm") && image(&parent.request) != image(body) {
                return Err("Only the following fields in TrainingJobDefinition are allowed to change: StaticHyperParameters, ResourceConfig, StoppingCondition".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn tuning_job(&self, body: &Value) -> Result<&FakeTuningJob, Reply> {
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let job = self.tuning_jobs.get(&name.to_ascii_lowercase());
        job.ok_or_else(|| refused("ResourceNotFound", "Requested resource not found."))
    }

    pub(super) fn described_tuning(&self, job: &FakeTuningJob) -> Value {
        let arn = |kind: &str, name: &str| self.arn(kind, name);
        let (resources, tells_goal) = (&self.resources, self.faults.metric_type);
        let account = tuning_job::Account { resources, arn: &arn, tells_goal };
        let parents = job.parents();
        let parents: Vec<&FakeTuningJob> =
            parents.iter().filter_map(|name| self.tuning_jobs.get(name)).collect();
        job.describe(&self.jobs, self.seconds(), &account, &parents)
    }

    pub(super) fn stop_tuning_job(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let Some(job) = self.tuning_jobs.get_mut(&name.to_ascii_lowercase()) else {
            return refused("ResourceNotFound", "Requested resource not found.");
        };
        match job.stop(&mut self.jobs, now) {
            Ok(()) => Reply::Answer(json!({})),
            Err(status) => refused(
                "ValidationException",
                format!(
                    "The request was rejected because the hyperparameter tuning job is already in status {status}."
                ),
            ),
        }
    }

    pub(super) fn delete_tuning_job(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        let (key, arn, is_over) = match self.tuning_job(body) {
            Ok(job) => {
                (job.name.to_ascii_lowercase(), job.arn.clone(), job.is_over(&self.jobs, now))
            }
            Err(reply) => return reply,
        };
        if !is_over {
            let text = format!("The hyperparameter tuning job {arn} is not in a terminal state.");
            return refused("ValidationException", text);
        }
        self.tuning_jobs.remove(&key);
        self.tags.remove(&arn);
        Reply::Answer(json!({}))
    }

    pub(super) fn tuning_jobs(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let all = self.tuning_jobs.values().map(|job| job.entry(&self.jobs, now));
        TUNING_JOBS.reply(all.collect(), body)
    }
}
