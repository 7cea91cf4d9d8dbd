//! The account behind the fake: its jobs and resources, and the execution of requests.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::defaults;
use super::faults::Faults;
use super::instances::InstanceQuotas;
use super::lists::{Listing, page};
use super::reply::{Call, LogEntry, Reply, RequestOutcome, refused};
use super::resources::Resources;
use super::search::{self, matches_expression};
use super::settings::FakeSettings;
use super::training::FakeTraining;
use super::training::JobTimes;
use super::training_job::{Job, NewJob, hyperparameters, offset};
use super::tuning_job::FakeTuningJob;
use crate::clock::Clock;
use crate::request::CreateTrainingJobRequest;
use surmise::rng::Rng;
use surmise::stable_hash::stable_hash;

pub(super) type Training = Box<dyn Fn(&BTreeMap<String, String>) -> FakeTraining + Send>;

pub(super) struct Account {
    pub(super) clock: Clock,
    /// The time from the start of simulated time to the start of the clock, in seconds.
    pub(super) offset: f64,
    pub(super) region: String,
    pub(super) number: String,
    pub(super) times: JobTimes,
    pub(super) latency: Duration,
    pub(super) faults: Faults,
    pub(super) quotas: InstanceQuotas,
    pub(super) spot_discount: f64,
    pub(super) training: Training,
    /// Training jobs by their names in lower case, which are unique.
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) tuning_jobs: BTreeMap<String, FakeTuningJob>,
    pub(super) resources: Resources,
    /// Tags of resources by ARN.
    pub(super) tags: BTreeMap<String, Vec<Value>>,
    pub(super) creation_counts: BTreeMap<String, usize>,
    pub(super) log: Vec<LogEntry>,
    pub(super) rng: Rng,
    pub(super) seed: u64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

impl Account {
    pub(super) fn new(settings: FakeSettings, training: Training) -> Self {
        Self {
            offset: offset(&settings.clock),
            clock: settings.clock,
            region: settings.region,
            number: settings.account,
            times: settings.times,
            latency: settings.latency,
            faults: settings.faults,
            quotas: settings.quotas,
            spot_discount: settings.spot_discount,
            training,
            jobs: BTreeMap::new(),
            tuning_jobs: BTreeMap::new(),
            resources: Resources::default(),
            tags: BTreeMap::new(),
            creation_counts: BTreeMap::new(),
            log: Vec::new(),
            rng: Rng::stream(settings.seed, 0),
            seed: settings.seed,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(super) fn seconds(&self) -> f64 {
        self.offset + self.now().as_secs_f64()
    }

    pub(super) fn log(&self) -> &[LogEntry] {
        &self.log
    }

    pub(super) fn creation_counts(&self) -> BTreeMap<String, usize> {
        self.creation_counts.clone()
    }

    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    pub(super) fn set_quotas(&mut self, quotas: InstanceQuotas) {
        self.quotas = quotas;
    }

    /// Returns the billed time of each ended training job by name, in seconds of one instance.
    pub(super) fn billed_seconds(&self) -> BTreeMap<String, u64> {
        let now = self.seconds();
        let ended = self.jobs.values().filter(|job| job.has_ended(now));
        let billed =
            |job: &Job| job.billable_seconds().unwrap_or(0) * job.instances().count() as u64;
        ended.map(|job| (job.name.clone(), billed(job))).collect()
    }

    pub(super) fn request(&self, name: &str) -> Option<Value> {
        self.jobs.get(&name.to_ascii_lowercase()).map(|job| job.request().clone())
    }

    pub(super) fn stop_externally(&mut self, name: &str) {
        let now = self.seconds();
        if let Some(job) = self.jobs.get_mut(&name.to_ascii_lowercase()) {
            let _ = job.stop(now);
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.jobs.remove(&name.to_ascii_lowercase());
    }

    /// Returns the maximum number of training jobs that ran at the same time.
    pub(super) fn max_concurrent_jobs(&self) -> usize {
        let now = self.seconds();
        let mut changes: Vec<(f64, i64)> = Vec::new();
        for job in self.jobs.values() {
            changes.push((job.created, 1));
            if job.has_ended(now) {
                changes.push((job.end(), -1));
            }
        }
        // At equal times, ends come before creations.
        changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut running = 0;
        let counts = changes.iter().map(|(_, change)| {
            running += change;
            running
        });
        usize::try_from(counts.max().unwrap_or(0)).unwrap_or(0)
    }

    /// Executes a request, unless a fault prevents it, and logs it.
    pub(super) fn handle(&mut self, call: &Call) -> Reply {
        let name = ["TrainingJobName", "HyperParameterTuningJobName", "logStreamNamePrefix"]
            .iter()
            .find_map(|key| call.body[*key].as_str())
            .unwrap_or_default()
            .to_owned();
        // Each request draws the same number of random numbers, so that outcomes do not shift the
        // stream.
        let [lost_reply, throttled, internal_error, lost_request, metric_error] =
            [(); 5].map(|()| self.rng.uniform());
        self.clock.sleep(self.latency);
        let at = self.now();
        let (reply, outcome) = if lost_request < self.faults.lost_requests
            || self.has_outage()
            || self.faults.silent.contains(&call.operation)
        {
            (Reply::Nothing, RequestOutcome::RequestLost)
        } else {
            let reply = match self.refusal(call, throttled, internal_error) {
                Some(refusal) => refusal,
                None => {
                    self.advance();
                    match call.operation.as_str() {
                        "BatchGetMetrics" => self.metrics(&call.body, metric_error),
                        _ => self.execute(call),
                    }
                }
            };
            let outcome = match &reply {
                Reply::Error { code, .. } => RequestOutcome::Refused(code.clone()),
                _ => RequestOutcome::Answered,
            };
            if lost_reply < self.faults.lost_replies {
                (Reply::Nothing, RequestOutcome::ReplyLost)
            } else {
                (reply, outcome)
            }
        };
        self.log.push(LogEntry { at, operation: call.operation.clone(), name, outcome });
        reply
    }

    fn has_outage(&self) -> bool {
        self.faults.outages.iter().any(|outage| outage.contains(&self.now()))
    }

    fn execute(&mut self, call: &Call) -> Reply {
        let body = &call.body;
        match call.operation.as_str() {
            "CreateTrainingJob" => self.create(body),
            "DescribeTrainingJob" => self.describe(body),
            "StopTrainingJob" => self.stop(body),
            "Search" => self.search(body),
            "ListTrainingJobs" => self.list(body),
            "DescribeLogStreams" => self.log_streams(body),
            "GetLogEvents" => self.log_events(body),
            "CreateHyperParameterTuningJob" => self.create_tuning_job(body),
            "DescribeHyperParameterTuningJob" => match self.tuning_job(body) {
                Ok(job) => Reply::Success(self.describe_tuning_job(job)),
                Err(reply) => reply,
            },
            "StopHyperParameterTuningJob" => self.stop_tuning_job(body),
            "DeleteHyperParameterTuningJob" => self.delete_tuning_job(body),
            "ListHyperParameterTuningJobs" => self.list_tuning_jobs(body),
            "ListTrainingJobsForHyperParameterTuningJob" => match self.tuning_job(body) {
                Ok(job) => {
                    let listing = Listing { sort_by: "Name", ..TRAINING_JOBS };
                    let summaries =
                        job.summaries(&self.jobs, self.seconds(), self.faults.metric_type);
                    listing.reply(summaries, body)
                }
                Err(reply) => reply,
            },
            "AddTags" | "ListTags" | "DeleteTags" => self.tags(&call.operation, body),
            other => self.execute_on_resource(other, body),
        }
    }

    fn execute_on_resource(&mut self, operation: &str, body: &Value) -> Reply {
        let now = self.seconds();
        let (region, number) = (self.region.clone(), self.number.clone());
        let arn = |kind: &str, name: &str| arn_of(&region, &number, kind, name);
        match self.resources.execute(operation, body, now, &arn) {
            Some((reply, created)) => {
                if let Some((arn, tags)) = created {
                    self.tags.remove(&arn);
                    self.tag(&arn, &tags);
                }
                reply
            }
            None => refused("UnknownOperationException", format!("{operation} is not known here")),
        }
    }

    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        arn_of(&self.region, &self.number, kind, name)
    }

    fn create(&mut self, body: &Value) -> Reply {
        let validation = CreateTrainingJobRequest::validate(body);
        if let Some(violation) = validation.errors().next() {
            let text = format!("1 validation error detected: {violation}");
            return refused("ValidationException", text);
        }
        let name = body["TrainingJobName"].as_str().unwrap_or_default().to_owned();
        let key = name.to_ascii_lowercase();
        let arn = self.arn("training-job", &name);
        let now = self.seconds();
        if let Some(refusal) = self.creation_refusal(body, (&key, &arn), now) {
            return refusal;
        }
        let training = (self.training)(&hyperparameters(body));
        let new_job = NewJob {
            name,
            arn: arn.clone(),
            request: body.clone(),
            training,
            now,
            times: &self.times,
            faults: &self.faults,
            spot_discount: self.spot_discount,
        };
        // With its own random stream a job does not depend on other requests.
        let mut rng = Rng::stream(self.seed, stable_hash(&key));
        let job = Job::new(new_job, &mut rng);
        *self.creation_counts.entry(job.name.clone()).or_default() += 1;
        self.jobs.insert(key, job);
        self.tag(&arn, &body["Tags"]);
        Reply::Success(json!({"TrainingJobArn": arn}))
    }

    fn job(&mut self, body: &Value) -> Option<&mut Job> {
        let visible_since = self.seconds() - self.faults.creation_lag.as_secs_f64();
        let key = body["TrainingJobName"].as_str()?.to_ascii_lowercase();
        self.jobs.get_mut(&key).filter(|job| job.created <= visible_since)
    }

    fn describe(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        match self.job(body).map(|job| job.clone()) {
            Some(job) => Reply::Success(self.describe_training_job(&job, now)),
            // The service has this code, although its model has ResourceNotFound.
            None => refused("ValidationException", "Requested resource not found."),
        }
    }

    fn stop(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        match self.job(body).map(|job| job.stop(now)) {
            Some(Ok(())) => Reply::Success(json!({})),
            Some(Err(status)) => {
                let default_text = || {
                    format!(
                        "The request was rejected because the training job is in status {status}."
                    )
                };
                let text = self.faults.stop_refusal.clone().unwrap_or_else(default_text);
                refused("ValidationException", text)
            }
            None => refused("ValidationException", "Requested resource not found."),
        }
    }

    /// Executes `Search`.
    ///
    /// There may be thousands of training jobs. So a search by name and status only filters them
    /// before they are described.
    fn search(&self, body: &Value) -> Reply {
        let expression = &body["SearchExpression"];
        let time = self.seconds() - self.faults.search_lag.as_secs_f64();
        let resource = body["Resource"].as_str().unwrap_or_default();
        let found: Vec<Value> = match resource {
            "TrainingJob" => {
                let by_name = filters_by_name_or_status_only(expression);
                let matches_name = |job: &Job| {
                    let (name, status) = (&job.name, job.status(time));
                    let item = json!({"TrainingJobName": name, "TrainingJobStatus": status});
                    matches_expression(expression, &item)
                };
                let jobs = self.jobs.values().filter(|job| job.created <= time);
                let jobs = jobs.filter(|job| !by_name || matches_name(job));
                let described =
                    jobs.map(|job| self.with_tags(self.describe_training_job(job, time), &job.arn));
                described.filter(|item| by_name || matches_expression(expression, item)).collect()
            }
            "HyperParameterTuningJob" => {
                let all = self.tuning_jobs.values();
                let described =
                    all.map(|job| self.with_tags(self.describe_tuning_job(job), &job.arn));
                described.filter(|item| matches_expression(expression, item)).collect()
            }
            _ => return refused("ValidationException", format!("{resource} is not searched here")),
        };
        let found = search::sorted(found, body).into_iter().map(|mut item| {
            if let Some(members) = item.as_object_mut() {
                members.shift_remove("Autotune");
            }
            json!({resource: item})
        });
        page("Results", found.collect(), body)
    }

    pub(super) fn with_tags(&self, mut item: Value, arn: &str) -> Value {
        item["Tags"] = json!(self.tags.get(arn).cloned().unwrap_or_default());
        item
    }

    fn list(&self, body: &Value) -> Reply {
        const MEMBERS: [&str; 7] = [
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
        ];
        let now = self.seconds();
        let found = self.jobs.values().filter(|job| job.created <= now);
        let summaries = found.map(|job| {
            let description = job.describe(now, Duration::ZERO);
            let members = MEMBERS
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), description.get(*name)?.clone())));
            Value::Object(members.collect())
        });
        TRAINING_JOBS.reply(summaries.collect(), body)
    }

    /// Describes a training job, with the default values of the service.
    fn describe_training_job(&self, job: &Job, now: f64) -> Value {
        let mut description = job.describe(now, self.faults.metrics_lag);
        defaults::fill_in(&mut description);
        let algorithm = &mut description["AlgorithmSpecification"];
        if let Some(name) = algorithm["AlgorithmName"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            algorithm["AlgorithmName"] = json!(self.arn("algorithm", &name));
        }
        description
    }
}

fn arn_of(region: &str, number: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:sagemaker:{region}:{number}:{kind}/{}", name.to_ascii_lowercase())
}

pub(super) const TRAINING_JOBS: Listing = Listing {
    member: "TrainingJobSummaries",
    name: "TrainingJobName",
    status: "TrainingJobStatus",
    sort_by: "CreationTime",
    is_descending: false,
};

/// Returns whether an expression filters only by name and status of training jobs.
fn filters_by_name_or_status_only(expression: &Value) -> bool {
    let mut filters = expression["Filters"].as_array().into_iter().flatten();
    expression["SubExpressions"].is_null()
        && filters.all(|filter| {
            ["TrainingJobName", "TrainingJobStatus"].iter().any(|name| filter["Name"] == *name)
        })
}
