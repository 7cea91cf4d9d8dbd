//! The fake's own tuner: creates, advances, describes, stops and deletes tuning jobs.

use serde_json::{Value, json};

use super::account::Account;
use super::lists::Listing;
use super::reply::{Reply, refused};
use super::training_job::{Job, NewJob, hyperparameters};
use super::tuning_job::{DescriptionContext, FakeTuningJob};
use super::tuning_request::{definitions, hyperparameter_names, parents};
use crate::reading::DocumentReader;
use crate::validation::Validator;
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
    /// Advances all tuning jobs to the current time.
    pub(super) fn advance(&mut self) {
        let now = self.seconds();
        let (mut tuning_jobs, mut jobs) =
            (std::mem::take(&mut self.tuning_jobs), std::mem::take(&mut self.jobs));
        for job in tuning_jobs.values_mut() {
            job.advance(&mut jobs, now, &mut |body, at| self.create_training_job(body, at));
        }
        (self.tuning_jobs, self.jobs) = (tuning_jobs, jobs);
    }

    /// Creates a training job of a tuning job.
    fn create_training_job(&mut self, request: Value, now: f64) -> Job {
        let training = (self.training)(&hyperparameters(&request));
        let name = request["TrainingJobName"].as_str().unwrap_or_default().to_owned();
        let mut rng = Rng::stream(self.seed, stable_hash(&name));
        let arn = self.arn("training-job", &name);
        self.tag(&arn, &request["Tags"]);
        *self.creation_counts.entry(name.clone()).or_default() += 1;
        let (times, faults, spot_discount) = (&self.times, &self.faults, self.spot_discount);
        let new_job = NewJob { name, arn, request, training, now, times, faults, spot_discount };
        Job::new(new_job, &mut rng)
    }

    pub(super) fn create_tuning_job(&mut self, body: &Value) -> Reply {
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let key = name.to_ascii_lowercase();
        let arn = self.arn("hyper-parameter-tuning-job", name);
        if self.tuning_jobs.contains_key(&key) {
            let text = format!(
                "A hyperparameter tuning job with the name, {arn}, already exists. Choose a \
                 different name."
            );
            return refused("ResourceInUse", text);
        }
        if let Err(text) = self.validate_tuning_request(body) {
            return refused("ValidationException", text);
        }
        match FakeTuningJob::new(body, &arn, self.seconds()) {
            Ok(job) => {
                self.tuning_jobs.insert(key, job);
                self.tag(&arn, &body["Tags"]);
                self.advance();
                Reply::Success(json!({"HyperParameterTuningJobArn": arn}))
            }
            Err(text) => {
                refused("ValidationException", format!("1 validation error detected: {text}"))
            }
        }
    }

    /// Validates a request by the rules of [`Validator`] and by the resources of the account.
    pub(super) fn validate_tuning_request(&self, body: &Value) -> Result<(), String> {
        let document = DocumentReader::default()
            .read_value(body.clone())
            .map_err(|error| error.to_string())?;
        let validation = Validator::default().validate(&document);
        if let Some(violation) = validation.errors().next() {
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
        for parent in parents(body) {
            let Some(parent) = self.tuning_jobs.get(&parent) else {
                return Err(format!(
                    "Could not find the parent hyperparameter tuning job {parent}."
                ));
            };
            if !parent.has_ended(&self.jobs, self.seconds()) {
                return Err(format!(
                    "The parent hyperparameter tuning job {} is not in a terminal state.",
                    parent.name
                ));
            }
            if hyperparameter_names(&parent.request) != hyperparameter_names(body) {
                let text = "The set of tunable plus static HyperParameter names is not the same \
                            across current and parent tuning jobs";
                return Err(text.to_owned());
            }
            let image = |body: &Value| {
                definitions(body)[0]["AlgorithmSpecification"]["TrainingImage"].clone()
            };
            if kind == Some("IdenticalDataAndAlgorithm") && image(&parent.request) != image(body) {
                let text = "Only the following fields in TrainingJobDefinition are allowed to \
                            change: StaticHyperParameters, ResourceConfig, StoppingCondition";
                return Err(text.to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn tuning_job(&self, body: &Value) -> Result<&FakeTuningJob, Reply> {
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let job = self.tuning_jobs.get(&name.to_ascii_lowercase());
        job.ok_or_else(|| refused("ResourceNotFound", "Requested resource not found."))
    }

    pub(super) fn describe_tuning_job(&self, job: &FakeTuningJob) -> Value {
        let arn = |kind: &str, name: &str| self.arn(kind, name);
        let (resources, has_metric_type) = (&self.resources, self.faults.metric_type);
        let context = DescriptionContext { resources, arn: &arn, has_metric_type };
        let parents = job.parents();
        let parents: Vec<&FakeTuningJob> =
            parents.iter().filter_map(|name| self.tuning_jobs.get(name)).collect();
        job.describe(&self.jobs, self.seconds(), &context, &parents)
    }

    pub(super) fn stop_tuning_job(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let Some(job) = self.tuning_jobs.get_mut(&name.to_ascii_lowercase()) else {
            return refused("ResourceNotFound", "Requested resource not found.");
        };
        match job.stop(&mut self.jobs, now) {
            Ok(()) => Reply::Success(json!({})),
            Err(status) => refused(
                "ValidationException",
                format!(
                    "The request was rejected because the hyperparameter tuning job is already in \
                     status {status}."
                ),
            ),
        }
    }

    pub(super) fn delete_tuning_job(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        let (key, arn, has_ended) = match self.tuning_job(body) {
            Ok(job) => {
                (job.name.to_ascii_lowercase(), job.arn.clone(), job.has_ended(&self.jobs, now))
            }
            Err(reply) => return reply,
        };
        if !has_ended {
            let text = format!("The hyperparameter tuning job {arn} is not in a terminal state.");
            return refused("ValidationException", text);
        }
        self.tuning_jobs.remove(&key);
        self.tags.remove(&arn);
        Reply::Success(json!({}))
    }

    pub(super) fn list_tuning_jobs(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let all = self.tuning_jobs.values().map(|job| job.list_entry(&self.jobs, now));
        TUNING_JOBS.reply(all.collect(), body)
    }
}
