//! The account behind the fake: who is asked what, what goes wrong with it, and what there is.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::faults::Faults;
use super::filled_in;
use super::lists::{Listing, page};
use super::machines::InstanceQuotas;
use super::reply::{Call, Entry, Fate, Reply, refused};
use super::resources::Resources;
use super::search::{self, is_found};
use super::settings::FakeSettings;
use super::training::FakeTraining;
use super::training::JobTimes;
use super::training_job::{Birth, Job, offset, values};
use super::tuning_job::FakeTuningJob;
use crate::clock::Clock;
use crate::request::CreateTrainingJobRequest;
use surmise::rng::Rng;
use surmise::stable_hash::stable_hash;

pub(super) type Training = Box<dyn Fn(&BTreeMap<String, String>) -> FakeTraining + Send>;

pub(super) struct Account {
    pub(super) clock: Clock,
    /// Seconds from the beginning of simulated time to that of the clock.
    pub(super) offset: f64,
    pub(super) region: String,
    pub(super) number: String,
    pub(super) times: JobTimes,
    pub(super) latency: Duration,
    pub(super) faults: Faults,
    pub(super) quotas: InstanceQuotas,
    pub(super) spot_discount: f64,
    pub(super) training: Training,
    /// By their names in lower case, which are unique.
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) tuning_jobs: BTreeMap<String, FakeTuningJob>,
    pub(super) resources: Resources,
    /// By ARN.
    pub(super) tags: BTreeMap<String, Vec<Value>>,
    pub(super) creations: BTreeMap<String, usize>,
    pub(super) log: Vec<Entry>,
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
            creations: BTreeMap::new(),
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

    pub(super) fn log(&self) -> &[Entry] {
        &self.log
    }

    pub(super) fn creations(&self) -> BTreeMap<String, usize> {
        self.creations.clone()
    }

    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    pub(super) fn set_quotas(&mut self, quotas: InstanceQuotas) {
        self.quotas = quotas;
    }

    /// What the training jobs that have ended are billed for: seconds of one instance, by name.
    pub(super) fn bills(&self) -> BTreeMap<String, u64> {
        let now = self.seconds();
        let ended = self.jobs.values().filter(|job| job.has_ended(now));
        let bill = |job: &Job| job.billable_seconds().unwrap_or(0) * job.machines().count() as u64;
        ended.map(|job| (job.name.clone(), bill(job))).collect()
    }

    pub(super) fn request(&self, name: &str) -> Option<Value> {
        self.jobs.get(&name.to_ascii_lowercase()).map(|job| job.request().clone())
    }

    pub(super) fn stop_from_elsewhere(&mut self, name: &str) {
        let now = self.seconds();
        if let Some(job) = self.jobs.get_mut(&name.to_ascii_lowercase()) {
            let _ = job.stop(now);
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.jobs.remove(&name.to_ascii_lowercase());
    }

    /// The most training jobs that had not ended at any instant.
    pub(super) fn most_at_once(&self) -> usize {
        let now = self.seconds();
        let mut changes: Vec<(f64, i64)> = Vec::new();
        for job in self.jobs.values() {
            changes.push((job.created, 1));
            if job.has_ended(now) {
                changes.push((job.end(), -1));
            }
        }
        // What ends at an instant makes room at that instant.
        changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut live = 0;
        let most = changes.iter().map(|(_, change)| {
            live += change;
            live
        });
        usize::try_from(most.max().unwrap_or(0)).unwrap_or(0)
    }

    /// Carries a request out, unless something goes wrong with it.
    pub(super) fn handle(&mut self, call: &Call) -> Reply {
        let name = ["TrainingJobName", "HyperParameterTuningJobName", "logStreamNamePrefix"]
            .iter()
            .find_map(|key| call.body[*key].as_str())
            .unwrap_or_default()
            .to_owned();
        // The same number of draws for each request, whatever becomes of it.
        let [lost, throttled, internal, unheard, unmeasured] = [(); 5].map(|()| self.rng.uniform());
        self.clock.sleep(self.latency);
        let at = self.now();
        let (reply, fate) = if unheard < self.faults.lost_requests
            || self.is_out()
            || self.faults.silent.contains(&call.operation)
        {
            (Reply::Nothing, Fate::RequestLost)
        } else {
            let reply = match self.refusal(call, throttled, internal) {
                Some(refusal) => refusal,
                None => {
                    self.advance();
                    match call.operation.as_str() {
                        "BatchGetMetrics" => self.metrics(&call.body, unmeasured),
                        _ => self.carry_out(call),
                    }
                }
            };
            let fate = match &reply {
                Reply::Error { code, .. } => Fate::Refused(code.clone()),
                _ => Fate::Answered,
            };
            if lost < self.faults.lost_replies {
                (Reply::Nothing, Fate::ReplyLost)
            } else {
                (reply, fate)
            }
        };
        self.log.push(Entry { at, operation: call.operation.clone(), name, fate });
        reply
    }

    fn is_out(&self) -> bool {
        self.faults.outages.iter().any(|outage| outage.contains(&self.now()))
    }

    fn carry_out(&mut self, call: &Call) -> Reply {
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
                Ok(job) => Reply::Answer(self.described_tuning(job)),
                Err(reply) => reply,
            },
            "StopHyperParameterTuningJob" => self.stop_tuning_job(body),
            "DeleteHyperParameterTuningJob" => self.delete_tuning_job(body),
            "ListHyperParameterTuningJobs" => self.tuning_jobs(body),
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
            other => self.carry_out_on_resource(other, body),
        }
    }

    fn carry_out_on_resource(&mut self, operation: &str, body: &Value) -> Reply {
        let now = self.seconds();
        let (region, number) = (self.region.clone(), self.number.clone());
        let arn = |kind: &str, name: &str| arn_of(&region, &number, kind, name);
        match self.resources.carry_out(operation, body, now, &arn) {
            Some((reply, made)) => {
                if let Some((arn, tags)) = made {
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
        let verdict = CreateTrainingJobRequest::judge(body);
        if let Some(violation) = verdict.errors().next() {
            let text = format!("1 validation error detected: {violation}");
            return refused("ValidationException", text);
        }
        let name = body["TrainingJobName"].as_str().unwrap_or_default().to_owned();
        let key = name.to_ascii_lowercase();
        let arn = self.arn("training-job", &name);
        let now = self.seconds();
        if let Some(refusal) = self.refuses_to_create(body, (&key, &arn), now) {
            return refusal;
        }
        let training = (self.training)(&values(body));
        let birth = Birth {
            name,
            arn: arn.clone(),
            request: body.clone(),
            training,
            now,
            times: &self.times,
            faults: &self.faults,
            spot_discount: self.spot_discount,
        };
        // A stream of its own: what becomes of a job does not depend on what else was asked.
        let mut rng = Rng::stream(self.seed, stable_hash(&key));
        let job = Job::new(birth, &mut rng);
        *self.creations.entry(job.name.clone()).or_default() += 1;
        self.jobs.insert(key, job);
        self.tag(&arn, &body["Tags"]);
        Reply::Answer(json!({"TrainingJobArn": arn}))
    }

    fn job(&mut self, body: &Value) -> Option<&mut Job> {
        let known = self.seconds() - self.faults.creation_lag.as_secs_f64();
        let key = body["TrainingJobName"].as_str()?.to_ascii_lowercase();
        self.jobs.get_mut(&key).filter(|job| job.created <= known)
    }

    fn describe(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        match self.job(body).map(|job| job.clone()) {
            Some(job) => Reply::Answer(self.described(&job, now)),
            // Not ResourceNotFound, in spite of the service's model.
            None => refused("ValidationException", "Requested resource not found."),
        }
    }

    fn stop(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        match self.job(body).map(|job| job.stop(now)) {
            Some(Ok(())) => Reply::Answer(json!({})),
            Some(Err(status)) => {
                let usual = || {
                    format!(
                        "The request was rejected because the training job is in status {status}."
                    )
                };
                let text = self.faults.stop_refusal.clone().unwrap_or_else(usual);
                refused("ValidationException", text)
            }
            None => refused("ValidationException", "Requested resource not found."),
        }
    }

    /// Training jobs by names and statuses are looked for before they are described: there may be thousands.
    fn search(&self, body: &Value) -> Reply {
        let expression = &body["SearchExpression"];
        let seen = self.seconds() - self.faults.search_lag.as_secs_f64();
        let resource = body["Resource"].as_str().unwrap_or_default();
        let found: Vec<Value> = match resource {
            "TrainingJob" => {
                let short = |job: &Job| json!({"TrainingJobName": job.name, "TrainingJobStatus": job.status(seen)});
                let is_short = is_about_names(expression);
                let jobs = self.jobs.values().filter(|job| job.created <= seen);
                let jobs = jobs.filter(|job| !is_short || is_found(expression, &short(job)));
                let described = jobs.map(|job| self.with_tags(self.described(job, seen), &job.arn));
                described.filter(|item| is_short || is_found(expression, item)).collect()
            }
            "HyperParameterTuningJob" => {
                let all = self.tuning_jobs.values();
                let described = all.map(|job| self.with_tags(self.described_tuning(job), &job.arn));
                described.filter(|item| is_found(expression, item)).collect()
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
        const KEPT: [&str; 7] = [
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
            let kept = KEPT
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), description.get(*name)?.clone())));
            Value::Object(kept.collect())
        });
        TRAINING_JOBS.reply(summaries.collect(), body)
    }

    /// What is known of a training job, with what the service fills in.
    fn described(&self, job: &Job, now: f64) -> Value {
        let mut answer = job.describe(now, self.faults.metrics_lag);
        filled_in::fill_in(&mut answer);
        let algorithm = &mut answer["AlgorithmSpecification"];
        if let Some(name) = algorithm["AlgorithmName"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            algorithm["AlgorithmName"] = json!(self.arn("algorithm", &name));
        }
        answer
    }
}

fn arn_of(region: &str, number: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:sagemaker:{region}:{number}:{kind}/{}", name.to_ascii_lowercase())
}

/// Lists of training jobs.
pub(super) const TRAINING_JOBS: Listing = Listing {
    member: "TrainingJobSummaries",
    name: "TrainingJobName",
    status: "TrainingJobStatus",
    sort_by: "CreationTime",
    is_descending: false,
};

/// Whether an expression asks for names and statuses of training jobs only.
fn is_about_names(expression: &Value) -> bool {
    let mut filters = expression["Filters"].as_array().into_iter().flatten();
    expression["SubExpressions"].is_null()
        && filters.all(|filter| {
            ["TrainingJobName", "TrainingJobStatus"].iter().any(|name| filter["Name"] == *name)
        })
}
