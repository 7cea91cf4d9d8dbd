//! A tuning job of the fake's own tuner.
//!
//! It proposes training jobs when time advances, not all at its creation, which would take long.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::defaults;
use super::resources::Resources;
use super::training_job::{Job, number, time};
use super::tuning_request::{definitions, objective, parents, ranges};
use crate::request::{
    CreateHyperParameterTuningJobRequest, TrainingJobTemplate, training_job_name, tuned_values,
};
use surmise::study::{AskOutcome, Study};
use surmise::trial::{Failure, FailureKind, Outcome, TrialId};

/// The maximum number of training jobs of a request without a limit.
const MAX_JOBS: usize = 750;

/// One definition of training jobs, and the study that tunes it.
#[derive(Debug)]
struct TunedDefinition {
    name: Option<String>,
    template: TrainingJobTemplate,
    study: Study,
    metric: String,
    is_minimized: bool,
    is_exhausted: bool,
}

#[derive(Debug)]
struct RunningJob {
    /// The index of its definition.
    definition: usize,
    trial: TrialId,
    key: String,
}

#[derive(Debug)]
pub(super) struct FakeTuningJob {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) request: Value,
    created: f64,
    definitions: Vec<TunedDefinition>,
    max_jobs: usize,
    max_parallel_jobs: usize,
    /// The keys of its training jobs, in order, with the indices of their definitions.
    jobs: Vec<(String, usize)>,
    tuned_hyperparameters: BTreeMap<String, Value>,
    running: Vec<RunningJob>,
    /// The time up to which the tuning job has advanced.
    time: f64,
    stopped_at: Option<f64>,
}

/// Creates a training job from a request, at a time.
type CreateJob<'a> = dyn FnMut(Value, f64) -> Job + 'a;
type Jobs = BTreeMap<String, Job>;

/// The properties of the account that a description depends on.
pub(super) struct DescriptionContext<'a> {
    pub(super) resources: &'a Resources,
    pub(super) arn: &'a dyn Fn(&str, &str) -> String,
    /// True if final metrics have a `Type`.
    pub(super) has_metric_type: bool,
}

impl TunedDefinition {
    /// Converts a definition to a request with this definition only, and to a study.
    fn new(body: &Value, definition: &Value) -> Result<Self, String> {
        let mut single = body.clone();
        let mut single_definition = definition.clone();
        let name = single_definition["DefinitionName"].as_str().map(str::to_owned);
        let (ranges, objective) = (ranges(body, definition), objective(body, definition).clone());
        for (value, names) in [
            (&mut single, ["TrainingJobDefinitions", "WarmStartConfig", "Autotune"]),
            (&mut single_definition, ["HyperParameterRanges", "TuningObjective", "DefinitionName"]),
        ] {
            if let Some(members) = value.as_object_mut() {
                names.iter().for_each(|name| drop(members.shift_remove(*name)));
            }
        }
        let has_range = |name: &str| {
            let lists =
                ranges.as_object().into_iter().flatten().filter_map(|(_, list)| list.as_array());
            lists.flatten().any(|range| range["Name"] == name)
        };
        if let Some(statics) = single_definition["StaticHyperParameters"].as_object_mut() {
            statics.retain(|name, _| !has_range(name));
        }
        single["TrainingJobDefinition"] = single_definition;
        single["HyperParameterTuningJobConfig"]["ParameterRanges"] = ranges;
        single["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] = objective;
        let request: CreateHyperParameterTuningJobRequest =
            serde_json::from_value(single).map_err(|error| error.to_string())?;
        let template =
            TrainingJobTemplate::from_request(&request).map_err(|error| error.to_string())?;
        let tuning = request.tuning().map_err(|error| error.to_string())?;
        Ok(Self {
            name,
            template,
            metric: tuning.objective.metric_name.clone(),
            is_minimized: tuning.objective.loss(1.0) > 0.0,
            study: tuning.study().map_err(|error| error.to_string())?,
            is_exhausted: false,
        })
    }
}

impl FakeTuningJob {
    pub(super) fn new(body: &Value, arn: &str, now: f64) -> Result<Self, String> {
        let definitions: Result<Vec<TunedDefinition>, String> = definitions(body)
            .into_iter()
            .map(|definition| TunedDefinition::new(body, definition))
            .collect();
        let limits = &body["HyperParameterTuningJobConfig"]["ResourceLimits"];
        let count =
            |name: &str| limits[name].as_u64().and_then(|count| usize::try_from(count).ok());
        Ok(Self {
            name: body["HyperParameterTuningJobName"].as_str().unwrap_or_default().to_owned(),
            arn: arn.to_owned(),
            request: body.clone(),
            created: now,
            definitions: definitions?,
            max_jobs: count("MaxNumberOfTrainingJobs").unwrap_or(MAX_JOBS),
            max_parallel_jobs: count("MaxParallelTrainingJobs").unwrap_or(1),
            jobs: Vec::new(),
            tuned_hyperparameters: BTreeMap::new(),
            running: Vec::new(),
            time: now,
            stopped_at: None,
        })
    }

    /// Proposes, starts and ends the training jobs of the time up to `now`.
    pub(super) fn advance(&mut self, jobs: &mut Jobs, now: f64, create: &mut CreateJob<'_>) {
        while self.stopped_at.is_none() {
            while self.jobs.len() < self.max_jobs
                && self.running.len() < self.max_parallel_jobs
                && self.start_next(jobs, create)
            {}
            let end = |running: &RunningJob| jobs.get(&running.key).map_or(now, Job::end);
            let ends = self.running.iter().map(end).enumerate();
            let first = ends.min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((index, end)) = first.filter(|(_, end)| *end <= now) else { return };
            self.time = self.time.max(end);
            self.end(index, jobs);
        }
    }

    /// Starts the next training job; returns false if all definitions are exhausted.
    ///
    /// Definitions take turns.
    fn start_next(&mut self, jobs: &mut Jobs, create: &mut CreateJob<'_>) -> bool {
        let count = self.definitions.len();
        for turn in 0..count {
            let index = (self.jobs.len() + turn) % count;
            let definition = &mut self.definitions[index];
            if definition.is_exhausted {
                continue;
            }
            let Ok(AskOutcome::Trials(trials)) = definition.study.ask(1) else {
                definition.is_exhausted = true;
                continue;
            };
            let configuration = &trials[0].configuration;
            let number = self.jobs.len() as u64 + 1;
            let request = definition.template.request(configuration, (number, 1), 0, None);
            let Ok(mut body) = serde_json::to_value(&request) else { return false };
            // A deleted tuning job frees its name, but not those of its training jobs.
            let name = body["TrainingJobName"].as_str().unwrap_or_default();
            if jobs.contains_key(&name.to_ascii_lowercase()) {
                let unique_name = format!("{}@{}", self.name, self.created);
                let other = training_job_name(&unique_name, number, 1);
                let hash = other.rsplit('-').next().unwrap_or_default();
                body["TrainingJobName"] = json!(format!("{}-{number:03}-{hash}", self.name));
            }
            if let Some(tags) = self.request.get("Tags") {
                body["Tags"] = tags.clone();
            }
            let mut job = create(body, self.time);
            job.tuning_job = Some(self.arn.clone());
            let key = job.name.to_ascii_lowercase();
            self.tuned_hyperparameters.insert(job.name.clone(), json!(tuned_values(configuration)));
            let trial = trials[0].id;
            self.running.push(RunningJob { definition: index, trial, key: key.clone() });
            self.jobs.push((key.clone(), index));
            jobs.insert(key, job);
            return true;
        }
        false
    }

    /// Passes the outcome of a running job that has ended to its study.
    fn end(&mut self, index: usize, jobs: &Jobs) {
        let RunningJob { definition, trial, key } = self.running.remove(index);
        let definition = &mut self.definitions[definition];
        let outcome = jobs.get(&key).map(|job| {
            match (job.status(self.time), job.final_value(&definition.metric, self.time)) {
                ("Completed", Some(value)) => Outcome::from(value),
                ("Stopped", value) => Outcome::Stopped { value },
                (status, _) => Outcome::Failed(Failure::new(FailureKind::Error, status)),
            }
        });
        let removed = || Outcome::Failed(Failure::new(FailureKind::Error, "the job was removed"));
        let _ = definition.study.tell(trial, outcome.unwrap_or_else(removed));
    }

    /// Returns the training jobs of this tuning job, each with its definition.
    fn training_jobs<'j>(
        &'j self,
        jobs: &'j Jobs,
    ) -> impl Iterator<Item = (&'j Job, &'j TunedDefinition)> {
        let keys = self.jobs.iter().map(|(key, index)| (key, &self.definitions[*index]));
        keys.filter_map(|(key, definition)| Some((jobs.get(key)?, definition)))
    }

    pub(super) fn status(&self, jobs: &Jobs, now: f64) -> &'static str {
        let have_ended = self.training_jobs(jobs).all(|(job, _)| job.has_ended(now))
            && (self.stopped_at.is_some() || self.running.is_empty());
        let has_value = |(job, definition): (&Job, &TunedDefinition)| {
            job.final_value(&definition.metric, now).is_some()
        };
        let has_succeeded = self.training_jobs(jobs).any(has_value);
        match (self.stopped_at.is_some(), have_ended) {
            (true, true) => "Stopped",
            (true, false) => "Stopping",
            (false, false) => "InProgress",
            (false, true) if has_succeeded => "Completed",
            (false, true) => "Failed",
        }
    }

    pub(super) fn has_ended(&self, jobs: &Jobs, now: f64) -> bool {
        matches!(self.status(jobs, now), "Completed" | "Stopped" | "Failed")
    }

    /// Returns the time at which the tuning job ended, if it has.
    fn end_time(&self, jobs: &Jobs, now: f64) -> Option<f64> {
        let ends = self.training_jobs(jobs).map(|(job, _)| job.end());
        let last = ends.fold(self.stopped_at.unwrap_or(self.created), f64::max);
        self.has_ended(jobs, now).then_some(last)
    }

    /// Stops the tuning job and its training jobs.
    ///
    /// # Errors
    /// The status of a tuning job that has ended.
    pub(super) fn stop(&mut self, jobs: &mut Jobs, now: f64) -> Result<(), &'static str> {
        match self.status(jobs, now) {
            "InProgress" => {}
            "Stopping" => return Ok(()),
            ended => return Err(ended),
        }
        self.stopped_at = Some(now);
        for (key, _) in &self.jobs {
            if let Some(job) = jobs.get_mut(key) {
                let _ = job.stop(now);
            }
        }
        Ok(())
    }

    /// Summarizes a training job; `has_type` adds the `Type` of its final metric.
    fn summary(
        &self,
        (job, definition): (&Job, &TunedDefinition),
        now: f64,
        has_type: bool,
    ) -> Value {
        let value = job.final_value(&definition.metric, now).filter(|_| job.has_ended(now));
        let status = job.status(now);
        let mut summary = json!({
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "CreationTime": time(job.created),
            "TrainingJobStatus": status,
            "TunedHyperParameters": self.tuned_hyperparameters.get(&job.name),
            "ObjectiveStatus": match (job.has_ended(now), value, status) {
                (false, ..) => "Pending",
                (_, Some(_), status) if status != "Failed" => "Succeeded",
                _ => "Failed",
            },
        });
        if let Some(value) = value {
            let metric = &mut summary["FinalHyperParameterTuningJobObjectiveMetric"];
            *metric = json!({"MetricName": definition.metric, "Value": number(value)});
            if has_type {
                let goal = if definition.is_minimized { "Minimize" } else { "Maximize" };
                metric["Type"] = json!(goal);
            }
        }
        if let Some(name) = &definition.name {
            summary["TrainingJobDefinitionName"] = json!(name);
        }
        let description = job.describe(now, std::time::Duration::ZERO);
        for name in ["FailureReason", "TrainingStartTime", "TrainingEndTime"] {
            if let Some(value) = description.get(name) {
                summary[name] = value.clone();
            }
        }
        summary
    }

    pub(super) fn summaries(&self, jobs: &Jobs, now: f64, has_type: bool) -> Vec<Value> {
        self.training_jobs(jobs).map(|job| self.summary(job, now, has_type)).collect()
    }

    /// Returns the best completed training job with its loss (smaller is better).
    fn best<'j>(
        &'j self,
        jobs: &'j Jobs,
        now: f64,
    ) -> Option<(f64, (&'j Job, &'j TunedDefinition))> {
        let losses = self.training_jobs(jobs).filter_map(|(job, definition)| {
            let value = job.final_value(&definition.metric, now)?;
            let loss = if definition.is_minimized { value } else { -value };
            (job.status(now) == "Completed").then_some((loss, (job, definition)))
        });
        losses.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Returns the members that a description and an entry of a list have in common.
    fn common_members(&self, jobs: &Jobs, now: f64) -> Value {
        let count = |wanted: &[&str]| {
            self.training_jobs(jobs).filter(|(job, _)| wanted.contains(&job.status(now))).count()
        };
        let ended = self.training_jobs(jobs).filter(|(job, _)| job.has_ended(now)).count();
        let has_value = |(job, definition): &(&Job, &TunedDefinition)| {
            job.has_ended(now)
                && job.status(now) != "Failed"
                && job.final_value(&definition.metric, now).is_some()
        };
        let succeeded = self.training_jobs(jobs).filter(has_value).count();
        let end = self.end_time(jobs, now);
        let last =
            self.training_jobs(jobs).map(|(job, _)| job.created).fold(self.created, f64::max);
        let mut members = json!({
            "HyperParameterTuningJobName": self.name,
            "HyperParameterTuningJobArn": self.arn,
            "HyperParameterTuningJobStatus": self.status(jobs, now),
            "CreationTime": time(self.created),
            "LastModifiedTime": time(end.or(self.stopped_at).unwrap_or(last)),
            "TrainingJobStatusCounters": {
                "Completed": count(&["Completed"]),
                "InProgress": count(&["InProgress", "Stopping"]),
                "RetryableError": 0,
                "NonRetryableError": count(&["Failed"]),
                "Stopped": count(&["Stopped"]),
            },
            "ObjectiveStatusCounters": {
                "Succeeded": succeeded,
                "Pending": self.jobs.len() - ended,
                "Failed": ended - succeeded,
            },
        });
        if let Some(end) = end {
            members["HyperParameterTuningEndTime"] = json!(time(end));
        }
        members
    }

    pub(super) fn list_entry(&self, jobs: &Jobs, now: f64) -> Value {
        let config = &self.request["HyperParameterTuningJobConfig"];
        let mut entry = self.common_members(jobs, now);
        entry["Strategy"] = config["Strategy"].clone();
        entry["ResourceLimits"] = config["ResourceLimits"].clone();
        entry
    }

    pub(super) fn describe(
        &self,
        jobs: &Jobs,
        now: f64,
        context: &DescriptionContext<'_>,
        parents: &[&Self],
    ) -> Value {
        let mut description = self.request.clone();
        let describe = |definition: &Value| {
            let metric = objective(&self.request, definition)["MetricName"].as_str();
            let metric = metric.unwrap_or_default();
            defaults::describe_definition(definition, metric, context.resources, context.arn)
        };
        if let Some(several) = self.request["TrainingJobDefinitions"].as_array() {
            description["TrainingJobDefinitions"] = several.iter().map(describe).collect();
        } else {
            description["TrainingJobDefinition"] = describe(&self.request["TrainingJobDefinition"]);
        }
        let config = &mut description["HyperParameterTuningJobConfig"];
        if config.is_object() && config["TrainingJobEarlyStoppingType"].is_null() {
            config["TrainingJobEarlyStoppingType"] = json!("Off");
        }
        for (name, value) in self.common_members(jobs, now).as_object().into_iter().flatten() {
            description[name] = value.clone();
        }
        if let Some((_, best)) = self.best(jobs, now) {
            description["BestTrainingJob"] = self.summary(best, now, context.has_metric_type);
            let kind = &self.request["WarmStartConfig"]["WarmStartType"];
            let all = parents.iter().copied().chain([self]);
            let bests = all.filter_map(|job| Some((job, job.best(jobs, now)?)));
            let overall = bests.min_by(|a, b| a.1.0.total_cmp(&b.1.0));
            if let Some((job, (_, best))) = overall.filter(|_| *kind == "IdenticalDataAndAlgorithm")
            {
                description["OverallBestTrainingJob"] =
                    job.summary(best, now, context.has_metric_type);
                description["OverallBestTrainingJob"]["TuningJobName"] = json!(job.name);
            }
        }
        let until = self.end_time(jobs, now).unwrap_or(now);
        #[allow(clippy::cast_possible_truncation, reason = "seconds of a tuning job")]
        let seconds = (until - self.created) as i64;
        description["ConsumedResources"] = json!({"RuntimeInSeconds": seconds});
        description["TuningJobCompletionDetails"] =
            json!({"NumberOfTrainingJobsObjectiveNotImproving": 0});
        if let Some(members) = description.as_object_mut() {
            members.shift_remove("Tags");
        }
        description
    }

    /// Returns the names of its parents, in lower case.
    pub(super) fn parents(&self) -> Vec<String> {
        parents(&self.request)
    }
}
