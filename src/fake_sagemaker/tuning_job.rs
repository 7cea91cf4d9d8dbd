//! A tuning job of the fake's own tuner: planned to its end when it is created, and shown as far as time has come.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::training_job::{Job, number, time};
use crate::sagemaker::{CreateHyperParameterTuningJobRequest, TrainingJobTemplate};
use crate::study::{Asked, Study};
use crate::trial::{Failure, FailureKind, Outcome, TrialId};

/// As many training jobs as the service allows where a request does not say.
const MOST_JOBS: usize = 750;

#[derive(Debug)]
pub(super) struct FakeTuningJob {
    request: Value,
    arn: String,
    metric: String,
    is_minimized: bool,
    created: f64,
    /// The keys of its training jobs, in order.
    jobs: Vec<String>,
    tuned: BTreeMap<String, Value>,
    stopped_at: Option<f64>,
}

type Make<'a> = dyn FnMut((Value, f64)) -> Job + 'a;

impl FakeTuningJob {
    /// Plans a tuning job: which training jobs it will create, and when.
    pub(super) fn new(
        body: &Value,
        arn: &str,
        now: f64,
        make: &mut Make<'_>,
    ) -> Result<(Self, Vec<Job>), String> {
        let request: CreateHyperParameterTuningJobRequest =
            serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
        let template = TrainingJobTemplate::of(&request).map_err(|error| error.to_string())?;
        let tuning = request.tuning().map_err(|error| error.to_string())?;
        let metric = tuning.objective.metric_name.clone();
        let is_minimized = tuning.objective.loss(1.0) > 0.0;
        let mut plan = Plan {
            most: tuning.limits.max_jobs.unwrap_or(MOST_JOBS),
            parallel: tuning.limits.max_parallel_jobs,
            study: tuning.study().map_err(|error| error.to_string())?,
            metric: metric.clone(),
            running: Vec::new(),
            jobs: Vec::new(),
            tuned: BTreeMap::new(),
        };
        plan.run(arn, now, &mut |trial, study, at| {
            let configuration = &study.trial(trial).ok_or("a trial is missing")?.configuration;
            let request = template.request(configuration, (trial.0, 1), 0, None);
            let tuned = serde_json::to_value(crate::sagemaker::tuned_values(configuration));
            let body = serde_json::to_value(&request).map_err(|error| error.to_string())?;
            Ok((make((body, at)), tuned.map_err(|error| error.to_string())?))
        })?;
        let jobs = plan.jobs.iter().map(|job| job.name.to_ascii_lowercase()).collect();
        let (request, arn, tuned) = (body.clone(), arn.to_owned(), plan.tuned);
        let created = now;
        let tuning_job =
            Self { request, arn, metric, is_minimized, created, jobs, tuned, stopped_at: None };
        Ok((tuning_job, plan.jobs))
    }

    fn own<'j>(
        &'j self,
        jobs: &'j BTreeMap<String, Job>,
        now: f64,
    ) -> impl Iterator<Item = &'j Job> {
        let own = self.jobs.iter().filter_map(|key| jobs.get(key));
        own.filter(move |job| job.created <= now)
    }

    fn status(&self, jobs: &BTreeMap<String, Job>, now: f64) -> &'static str {
        let all = self.jobs.iter().filter_map(|key| jobs.get(key));
        let are_over = all.clone().all(|job| job.created <= now && job.has_ended(now));
        let succeeded = all.clone().any(|job| job.final_value(&self.metric, now).is_some());
        match (self.stopped_at.is_some(), are_over) {
            (true, true) => "Stopped",
            (true, false) => "Stopping",
            (false, false) => "InProgress",
            (false, true) if succeeded => "Completed",
            (false, true) => "Failed",
        }
    }

    /// Stops it, and its training jobs; says its status if it has ended.
    pub(super) fn stop(
        &mut self,
        jobs: &mut BTreeMap<String, Job>,
        now: f64,
    ) -> Result<(), &'static str> {
        match self.status(jobs, now) {
            "InProgress" => {}
            "Stopping" => return Ok(()),
            ended => return Err(ended),
        }
        self.stopped_at = Some(now);
        self.jobs.retain(|key| {
            let is_made = jobs.get(key).is_some_and(|job| job.created <= now);
            if !is_made {
                jobs.remove(key);
            }
            is_made
        });
        for key in &self.jobs {
            if let Some(job) = jobs.get_mut(key) {
                let _ = job.stop(now);
            }
        }
        Ok(())
    }

    fn summary(&self, job: &Job, now: f64) -> Value {
        let value = job.final_value(&self.metric, now).filter(|_| job.has_ended(now));
        let status = job.status(now);
        let mut summary = json!({
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "CreationTime": time(job.created),
            "TrainingJobStatus": status,
            "TunedHyperParameters": self.tuned.get(&job.name),
            "ObjectiveStatus": match (job.has_ended(now), value, status) {
                (false, ..) => "Pending",
                (_, Some(_), status) if status != "Failed" => "Succeeded",
                _ => "Failed",
            },
        });
        if let Some(value) = value {
            let goal = if self.is_minimized { "Minimize" } else { "Maximize" };
            summary["FinalHyperParameterTuningJobObjectiveMetric"] =
                json!({"Type": goal, "MetricName": self.metric, "Value": number(value)});
        }
        if let Some(reason) = job.describe(now, std::time::Duration::ZERO).get("FailureReason") {
            summary["FailureReason"] = reason.clone();
        }
        summary
    }

    pub(super) fn summaries(&self, jobs: &BTreeMap<String, Job>, now: f64) -> Vec<Value> {
        self.own(jobs, now).map(|job| self.summary(job, now)).collect()
    }

    pub(super) fn describe(&self, jobs: &BTreeMap<String, Job>, now: f64) -> Value {
        let mut answer = self.request.clone();
        let count =
            |status: &str| self.own(jobs, now).filter(|job| job.status(now) == status).count();
        let ended = self.own(jobs, now).filter(|job| job.has_ended(now)).count();
        let valued: Vec<&Job> = self
            .own(jobs, now)
            .filter(|job| job.has_ended(now) && job.status(now) != "Failed")
            .filter(|job| job.final_value(&self.metric, now).is_some())
            .collect();
        let succeeded = valued.len();
        let created = self.own(jobs, now).count();
        let loss = |job: &&Job| {
            let value = job.final_value(&self.metric, now).unwrap_or(f64::INFINITY);
            if self.is_minimized { value } else { -value }
        };
        let best = valued
            .into_iter()
            .filter(|job| job.status(now) == "Completed")
            .min_by(|a, b| loss(a).total_cmp(&loss(b)));
        answer["HyperParameterTuningJobArn"] = json!(self.arn);
        answer["HyperParameterTuningJobStatus"] = json!(self.status(jobs, now));
        answer["CreationTime"] = json!(time(self.created));
        answer["LastModifiedTime"] = json!(time(now));
        answer["TrainingJobStatusCounters"] = json!({
            "Completed": count("Completed"),
            "InProgress": count("InProgress") + count("Stopping"),
            "RetryableError": 0,
            "NonRetryableError": count("Failed"),
            "Stopped": count("Stopped"),
        });
        answer["ObjectiveStatusCounters"] = json!({
            "Succeeded": succeeded, "Pending": created - ended, "Failed": ended - succeeded,
        });
        if let Some(best) = best {
            answer["BestTrainingJob"] = self.summary(best, now);
        }
        // What was left out has its default.
        let config = &mut answer["HyperParameterTuningJobConfig"];
        if config.is_object() && config["TrainingJobEarlyStoppingType"].is_null() {
            config["TrainingJobEarlyStoppingType"] = json!("Off");
        }
        // The service adds this to what is static.
        let definition = &mut answer["TrainingJobDefinition"];
        if definition.is_object() {
            definition["StaticHyperParameters"]["_tuning_objective_metric"] = json!(self.metric);
        }
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("Tags");
        }
        answer
    }
}

/// A tuning job that is being planned.
struct Plan {
    study: Study,
    metric: String,
    most: usize,
    parallel: usize,
    /// Trials that run, with the places of their jobs.
    running: Vec<(TrialId, usize)>,
    jobs: Vec<Job>,
    tuned: BTreeMap<String, Value>,
}

type Begin<'a> = dyn FnMut(TrialId, &Study, f64) -> Result<(Job, Value), String> + 'a;

impl Plan {
    fn run(&mut self, arn: &str, mut now: f64, begin: &mut Begin<'_>) -> Result<(), String> {
        loop {
            while self.jobs.len() < self.most && self.running.len() < self.parallel {
                let asked = self.study.ask(1).map_err(|error| error.to_string())?;
                let Asked::Trials(trials) = asked else { break };
                for trial in trials {
                    let (mut job, tuned) = begin(trial.id, &self.study, now)?;
                    job.tuning_job = Some(arn.to_owned());
                    self.running.push((trial.id, self.jobs.len()));
                    self.tuned.insert(job.name.clone(), tuned);
                    self.jobs.push(job);
                }
            }
            let ends = self.running.iter().enumerate();
            let first =
                ends.min_by(|a, b| self.jobs[a.1.1].end().total_cmp(&self.jobs[b.1.1].end()));
            let Some((place, _)) = first else { return Ok(()) };
            let (trial, index) = self.running.remove(place);
            let job = &self.jobs[index];
            now = job.end();
            let outcome = match (job.status(now), job.final_value(&self.metric, now)) {
                ("Completed", Some(value)) => Outcome::from(value),
                ("Stopped", value) => Outcome::Stopped { value },
                (status, _) => Outcome::Failed(Failure::new(FailureKind::Error, status)),
            };
            self.study.tell(trial, outcome).map_err(|error| error.to_string())?;
        }
    }
}
