//! The account behind the fake: who is asked what, what goes wrong with it, and what there is.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::faults::Faults;
use super::training_job::{Birth, FakeTraining, Job, number, time, values};
use super::tuning_job::FakeTuningJob;
use super::{FakeSettings, JobTimes};
use crate::evaluator::Clock;
use crate::rng::Rng;
use crate::sagemaker::CreateTrainingJobRequest;
use crate::stable_hash::stable_hash;

pub(super) type Training = Box<dyn Fn(&BTreeMap<String, String>) -> FakeTraining + Send>;

/// A request, without its signature.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) body: Value,
    /// What names and proves who asks.
    pub(super) authorization: Option<String>,
    pub(super) session_token: Option<String>,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Reply {
    Answer(Value),
    Error {
        status: u16,
        code: String,
        message: String,
    },
    /// The line is cut.
    Nothing,
}

/// A request that was made, and what became of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// When.
    pub at: Duration,
    /// Such as `CreateTrainingJob`.
    pub operation: String,
    /// Of what, where it is of one thing.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was carried out and answered.
    Answered,
    /// It was carried out, and its reply was lost.
    ReplyLost,
    /// It was lost itself.
    RequestLost,
    /// It was refused, with this code.
    Refused(String),
}

pub(super) struct Account {
    clock: Clock,
    region: String,
    number: String,
    times: JobTimes,
    latency: Duration,
    faults: Faults,
    quota: Option<usize>,
    training: Training,
    /// By their names in lower case, which are unique.
    jobs: BTreeMap<String, Job>,
    tuning_jobs: BTreeMap<String, FakeTuningJob>,
    creations: BTreeMap<String, usize>,
    log: Vec<Entry>,
    rng: Rng,
    seed: u64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

pub(super) fn refused(code: &str, message: impl Into<String>) -> Reply {
    Reply::Error { status: 400, code: code.to_owned(), message: message.into() }
}

impl Account {
    pub(super) fn new(settings: FakeSettings, training: Training) -> Self {
        Self {
            clock: settings.clock,
            region: settings.region,
            number: settings.account,
            times: settings.times,
            latency: settings.latency,
            faults: settings.faults,
            quota: settings.quota,
            training,
            jobs: BTreeMap::new(),
            tuning_jobs: BTreeMap::new(),
            creations: BTreeMap::new(),
            log: Vec::new(),
            rng: Rng::stream(settings.seed, 0),
            seed: settings.seed,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    fn seconds(&self) -> f64 {
        self.now().as_secs_f64()
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

    pub(super) fn set_quota(&mut self, quota: Option<usize>) {
        self.quota = quota;
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
        let [lost, throttled, internal, unheard] = [(); 4].map(|()| self.rng.uniform());
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
                None => self.carry_out(call),
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

    /// Why a request is not even looked at.
    fn refusal(&self, call: &Call, throttled: f64, internal: f64) -> Option<Reply> {
        let Some(authorization) = &call.authorization else {
            let text = "Missing Authentication Token";
            return Some(refused("MissingAuthenticationTokenException", text));
        };
        if self.faults.expired.iter().any(|time| time.contains(&self.now())) {
            // The service's message has the request that should have been signed; this one is as talkative.
            let token = call.session_token.as_deref().unwrap_or_default();
            let text = format!(
                "The security token included in the request is expired: {authorization} x-amz-security-token:{token}"
            );
            return Some(refused("ExpiredTokenException", text));
        }
        if self.faults.denied.contains(&call.operation) {
            let text = format!(
                "User: arn:aws:sts::{}:assumed-role/tuner/i-0 is not authorized to perform: sagemaker:{} because no identity-based policy allows it",
                self.number, call.operation
            );
            return Some(refused("AccessDeniedException", text));
        }
        if throttled < self.faults.throttled {
            return Some(refused("ThrottlingException", "Rate exceeded"));
        }
        (internal < self.faults.internal_errors).then(|| Reply::Error {
            status: 500,
            code: "InternalFailure".to_owned(),
            message: "An internal failure occurred.".to_owned(),
        })
    }

    fn carry_out(&mut self, call: &Call) -> Reply {
        let body = &call.body;
        match call.operation.as_str() {
            "CreateTrainingJob" => self.create(body),
            "DescribeTrainingJob" => self.describe(body),
            "StopTrainingJob" => self.stop(body),
            "Search" => self.search(body),
            "ListTrainingJobs" => self.list(body),
            "BatchGetMetrics" => self.metrics(body),
            "DescribeLogStreams" => self.log_streams(body),
            "GetLogEvents" => self.log_events(body),
            "CreateHyperParameterTuningJob" => self.create_tuning_job(body),
            "DescribeHyperParameterTuningJob" => self.with_tuning_job(body, |job, jobs, now| {
                Reply::Answer(job.describe(jobs, now))
            }),
            "StopHyperParameterTuningJob" => self.with_tuning_job(body, |job, jobs, now| {
                match job.stop(jobs, now) {
                    Ok(()) => Reply::Answer(json!({})),
                    Err(status) => refused(
                        "ValidationException",
                        format!("The request was rejected because the hyperparameter tuning job is in status {status}."),
                    ),
                }
            }),
            "ListTrainingJobsForHyperParameterTuningJob" => {
                let token = body["NextToken"].as_str().map(str::to_owned);
                let most = body["MaxResults"].as_u64().unwrap_or(10);
                self.with_tuning_job(body, |job, jobs, now| {
                    let all = job.summaries(jobs, now);
                    page("TrainingJobSummaries", all, token.as_deref(), most)
                })
            }
            other => refused("UnknownOperationException", format!("{other} is not known here")),
        }
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        let (region, number) = (&self.region, &self.number);
        format!("arn:aws:sagemaker:{region}:{number}:{kind}/{}", name.to_ascii_lowercase())
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
        let (times, faults) = (&self.times, &self.faults);
        let birth =
            Birth { name, arn: arn.clone(), request: body.clone(), training, now, times, faults };
        // A stream of its own: what becomes of a job does not depend on what else was asked.
        let mut rng = Rng::stream(self.seed, stable_hash(&key));
        let job = Job::new(birth, &mut rng);
        *self.creations.entry(job.name.clone()).or_default() += 1;
        self.jobs.insert(key, job);
        Reply::Answer(json!({"TrainingJobArn": arn}))
    }

    /// Why there will be no such training job; which reason is looked for first, is a setting.
    fn refuses_to_create(&self, body: &Value, (key, arn): (&str, &str), now: f64) -> Option<Reply> {
        let is_taken = || {
            let text = format!(
                "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
            );
            self.jobs.contains_key(key).then(|| refused("ResourceInUse", text))
        };
        let is_unready = || {
            let role = body["RoleArn"].as_str().unwrap_or_default();
            let text = format!(
                "Could not assume role {role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."
            );
            let is_known = self.now() >= self.faults.role_unknown_until;
            (!is_known).then(|| refused("ValidationException", text))
        };
        let is_full = || {
            let live = self.jobs.values().filter(|job| !job.has_ended(now)).count();
            let quota = self.quota.filter(|quota| live >= *quota)?;
            let text = format!(
                "The account-level service limit 'Number of instances across all training jobs' is {quota} Instances, with current utilization of {live} Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota."
            );
            Some(refused("ResourceLimitExceeded", text))
        };
        if self.faults.quota_before_name {
            return is_full().or_else(is_taken).or_else(is_unready);
        }
        is_taken().or_else(is_unready).or_else(is_full)
    }

    fn job(&mut self, body: &Value) -> Option<&mut Job> {
        let known = self.seconds() - self.faults.creation_lag.as_secs_f64();
        let key = body["TrainingJobName"].as_str()?.to_ascii_lowercase();
        self.jobs.get_mut(&key).filter(|job| job.created <= known)
    }

    fn describe(&mut self, body: &Value) -> Reply {
        let (now, lag) = (self.seconds(), self.faults.metrics_lag);
        match self.job(body) {
            Some(job) => Reply::Answer(job.describe(now, lag)),
            // Not ResourceNotFound, in spite of the service's model.
            None => refused("ValidationException", "Requested resource not found."),
        }
    }

    fn stop(&mut self, body: &Value) -> Reply {
        let now = self.seconds();
        match self.job(body).map(|job| job.stop(now)) {
            Some(Ok(())) => Reply::Answer(json!({})),
            Some(Err(status)) => refused(
                "ValidationException",
                format!("The request was rejected because the training job is in status {status}."),
            ),
            None => refused("ValidationException", "Requested resource not found."),
        }
    }

    fn search(&self, body: &Value) -> Reply {
        if body["Resource"] != "TrainingJob" {
            return refused("ValidationException", "only training jobs can be searched here");
        }
        let expression = &body["SearchExpression"];
        let filters: Vec<&Value> = expression["Filters"].as_array().into_iter().flatten().collect();
        let matches = |filter: &&Value, job: &Job| {
            let value = filter["Value"].as_str().unwrap_or_default();
            match (filter["Name"].as_str(), filter["Operator"].as_str()) {
                (Some("TrainingJobName"), Some("Equals")) => job.name == value,
                (Some("TrainingJobName"), Some("Contains")) => job.name.contains(value),
                (Some("TrainingJobStatus"), Some("Equals")) => job.status(self.seconds()) == value,
                _ => false,
            }
        };
        let is_or = expression["Operator"] == "Or";
        let seen = self.seconds() - self.faults.search_lag.as_secs_f64();
        let found =
            self.jobs.values().filter(|job| job.created <= seen).filter(|job| match is_or {
                true => filters.iter().any(|filter| matches(filter, job)),
                false => filters.iter().all(|filter| matches(filter, job)),
            });
        let lag = self.faults.metrics_lag;
        let found = found.map(|job| json!({"TrainingJob": job.describe(seen, lag)})).collect();
        let most = body["MaxResults"].as_u64().unwrap_or(10);
        page("Results", found, body["NextToken"].as_str(), most)
    }

    fn list(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let part = body["NameContains"].as_str().unwrap_or_default();
        let found = self.jobs.values().filter(|job| job.created <= now && job.name.contains(part));
        let summaries = found.map(|job| {
            json!({"TrainingJobName": job.name, "TrainingJobArn": job.arn,
                "CreationTime": time(job.created), "TrainingJobStatus": job.status(now)})
        });
        let most = body["MaxResults"].as_u64().unwrap_or(10);
        page("TrainingJobSummaries", summaries.collect(), body["NextToken"].as_str(), most)
    }

    fn metrics(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let queries = body["MetricQueries"].as_array().into_iter().flatten();
        let results = queries.map(|query| {
            let job = self.jobs.values().find(|job| query["ResourceArn"] == job.arn.as_str());
            let told = job.zip(query["MetricName"].as_str());
            let told = told.map(|(job, metric)| job.told(metric, now)).unwrap_or_default();
            json!({
                "Status": "Complete",
                "XAxisValues": (1..=told.len()).collect::<Vec<_>>(),
                "MetricValues": told.iter().map(|(_, value)| number(*value)).collect::<Vec<_>>(),
            })
        });
        Reply::Answer(json!({"MetricQueryResults": results.collect::<Vec<_>>()}))
    }

    fn log_streams(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
        let begun = self.jobs.values().filter(|job| !job.lines(now).is_empty());
        let streams = begun.map(|job| format!("{}/algo-1-1795132800", job.name));
        let streams = streams.filter(|name| name.starts_with(prefix));
        let streams: Vec<Value> = streams.map(|name| json!({"logStreamName": name})).collect();
        Reply::Answer(json!({"logStreams": streams}))
    }

    fn log_events(&self, body: &Value) -> Reply {
        let now = self.seconds();
        let stream = body["logStreamName"].as_str().unwrap_or_default();
        let name = stream.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let Some(job) = self.jobs.get(&name) else {
            return refused(
                "ResourceNotFoundException",
                "The specified log stream does not exist.",
            );
        };
        let token = body["nextToken"].as_str().and_then(|token| token.strip_prefix("f/"));
        let from = token.and_then(|token| token.parse().ok()).unwrap_or(0_usize);
        let lines = job.lines(now);
        let events = lines
            .iter()
            .skip(from)
            .map(|(at, line)| json!({"timestamp": (time(*at) * 1000.0).round(), "message": line}));
        let events: Vec<Value> = events.collect();
        let next = format!("f/{}", lines.len().max(from));
        Reply::Answer(json!({"events": events, "nextForwardToken": next}))
    }

    fn create_tuning_job(&mut self, body: &Value) -> Reply {
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        let key = name.to_ascii_lowercase();
        let arn = self.arn("hyper-parameter-tuning-job", name);
        if self.tuning_jobs.contains_key(&key) {
            let text = format!(
                "A hyperparameter tuning job with the name, {arn}, already exists. Choose a different name."
            );
            return refused("ResourceInUse", text);
        }
        let now = self.seconds();
        let made = FakeTuningJob::new(body, &arn, now, &mut |birth| {
            let training = (self.training)(&values(&birth.0));
            let name = birth.0["TrainingJobName"].as_str().unwrap_or_default().to_owned();
            let mut rng = Rng::stream(self.seed, stable_hash(&name));
            let arn = self.arn("training-job", &name);
            let (times, faults) = (&self.times, &self.faults);
            let (request, now) = birth;
            Job::new(Birth { name, arn, request, training, now, times, faults }, &mut rng)
        });
        match made {
            Ok((tuning_job, jobs)) => {
                for job in jobs {
                    *self.creations.entry(job.name.clone()).or_default() += 1;
                    self.jobs.insert(job.name.to_ascii_lowercase(), job);
                }
                self.tuning_jobs.insert(key, tuning_job);
                Reply::Answer(json!({"HyperParameterTuningJobArn": arn}))
            }
            Err(text) => {
                refused("ValidationException", format!("1 validation error detected: {text}"))
            }
        }
    }

    fn with_tuning_job(
        &mut self,
        body: &Value,
        act: impl FnOnce(&mut FakeTuningJob, &mut BTreeMap<String, Job>, f64) -> Reply,
    ) -> Reply {
        let now = self.seconds();
        let name = body["HyperParameterTuningJobName"].as_str().unwrap_or_default();
        match self.tuning_jobs.get_mut(&name.to_ascii_lowercase()) {
            Some(job) => act(job, &mut self.jobs, now),
            None => refused("ResourceNotFound", "Requested resource not found."),
        }
    }
}

/// A part of a list, and the token of the next one.
fn page(member: &str, all: Vec<Value>, token: Option<&str>, most: u64) -> Reply {
    let from = token.and_then(|token| token.parse().ok()).unwrap_or(0_usize);
    let most = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, 100);
    let rest = all.len().saturating_sub(from) > most;
    let some: Vec<Value> = all.into_iter().skip(from).take(most).collect();
    let mut answer = json!({member: some});
    if rest {
        answer["NextToken"] = json!((from + most).to_string());
    }
    Reply::Answer(answer)
}
