//! A tuning job of the fake's own tuner: training jobs are proposed as time comes, so that nobody waits for a plan.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::filled_in;
use super::resources::Resources;
use super::training_job::{Job, number, time};
use crate::request::{CreateHyperParameterTuningJobRequest, TrainingJobTemplate};
use surmise::study::{Asked, Study};
use surmise::trial::{Failure, FailureKind, Outcome, TrialId};

/// As many training jobs as the service allows where a request does not say.
const MOST_JOBS: usize = 750;

/// One definition of training jobs, and its search.
#[derive(Debug)]
struct Part {
    name: Option<String>,
    template: TrainingJobTemplate,
    study: Study,
    metric: String,
    is_minimized: bool,
    is_exhausted: bool,
}

#[derive(Debug)]
struct Running {
    part: usize,
    trial: TrialId,
    key: String,
}

#[derive(Debug)]
pub(super) struct FakeTuningJob {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) request: Value,
    created: f64,
    parts: Vec<Part>,
    most: usize,
    parallel: usize,
    /// The keys of its training jobs, in order, and of which part they are.
    jobs: Vec<(String, usize)>,
    tuned: BTreeMap<String, Value>,
    running: Vec<Running>,
    /// The time up to which jobs have been proposed.
    at: f64,
    stopped_at: Option<f64>,
}

/// Makes a training job of a request, at a time.
type Make<'a> = dyn FnMut(Value, f64) -> Job + 'a;
type Jobs = BTreeMap<String, Job>;

/// What a description needs to know of the account.
pub(super) struct Account<'a> {
    pub(super) resources: &'a Resources,
    pub(super) arn: &'a dyn Fn(&str, &str) -> String,
    /// Whether final metrics have a `Type`.
    pub(super) tells_goal: bool,
}

/// The definitions of a request.
pub(super) fn definitions(body: &Value) -> Vec<&Value> {
    match body["TrainingJobDefinitions"].as_array() {
        Some(several) => several.iter().collect(),
        None => vec![&body["TrainingJobDefinition"]],
    }
}

/// The objective of a definition: its own, or that of all.
pub(super) fn objective<'v>(body: &'v Value, definition: &'v Value) -> &'v Value {
    match &definition["TuningObjective"] {
        Value::Null => &body["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"],
        own => own,
    }
}

/// The ranges of a definition, with one about the hint for each parameter that Autotune is to choose a range for.
fn ranges(body: &Value, definition: &Value) -> Value {
    let own = &definition["HyperParameterRanges"];
    let general = &body["HyperParameterTuningJobConfig"]["ParameterRanges"];
    let mut ranges = if own.is_object() { own.clone() } else { general.clone() };
    let auto = ranges["AutoParameters"].as_array().cloned().unwrap_or_default();
    if !ranges.is_object() {
        ranges = json!({});
    }
    for parameter in auto {
        let hint = parameter["ValueHint"].as_str().unwrap_or_default().trim_matches('"');
        let (list, range) = match hint.parse::<f64>() {
            Ok(value) if value != 0.0 && value.is_finite() => {
                let (a, b) = (0.5 * value, 2.0 * value);
                let range = json!({"Name": parameter["Name"], "MinValue": a.min(b).to_string(), "MaxValue": a.max(b).to_string()});
                ("ContinuousParameterRanges", range)
            }
            Ok(_) => (
                "ContinuousParameterRanges",
                json!({"Name": parameter["Name"], "MinValue": "0", "MaxValue": "1"}),
            ),
            Err(_) => {
                ("CategoricalParameterRanges", json!({"Name": parameter["Name"], "Values": [hint]}))
            }
        };
        match ranges[list].as_array_mut() {
            Some(list) => list.push(range),
            None => ranges[list] = json!([range]),
        }
    }
    if let Some(members) = ranges.as_object_mut() {
        members.shift_remove("AutoParameters");
        members.retain(|_, list| list.as_array().is_some_and(|list| !list.is_empty()));
        if members.is_empty() {
            // Autotune that is told nothing has something to choose all the same.
            let first =
                definition["StaticHyperParameters"].as_object().and_then(|it| it.iter().next());
            let (name, value) = first
                .map_or(("attempt", json!("1")), |(name, value)| (name.as_str(), value.clone()));
            let range = json!({"Name": name, "Values": [value]});
            members.insert("CategoricalParameterRanges".to_owned(), json!([range]));
        }
    }
    ranges
}

impl Part {
    /// A definition as a request of its own.
    fn of(body: &Value, definition: &Value) -> Result<Self, String> {
        let mut one = body.clone();
        let mut own = definition.clone();
        let name = own["DefinitionName"].as_str().map(str::to_owned);
        let (ranges, objective) = (ranges(body, definition), objective(body, definition).clone());
        for (value, names) in [
            (&mut one, ["TrainingJobDefinitions", "WarmStartConfig", "Autotune"]),
            (&mut own, ["HyperParameterRanges", "TuningObjective", "DefinitionName"]),
        ] {
            if let Some(members) = value.as_object_mut() {
                names.iter().for_each(|name| drop(members.shift_remove(*name)));
            }
        }
        let is_told = |name: &str| {
            let lists =
                ranges.as_object().into_iter().flatten().filter_map(|(_, it)| it.as_array());
            lists.flatten().any(|range| range["Name"] == name)
        };
        if let Some(statics) = own["StaticHyperParameters"].as_object_mut() {
            statics.retain(|name, _| !is_told(name));
        }
        one["TrainingJobDefinition"] = own;
        one["HyperParameterTuningJobConfig"]["ParameterRanges"] = ranges;
        one["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] = objective;
        let request: CreateHyperParameterTuningJobRequest =
            serde_json::from_value(one).map_err(|error| error.to_string())?;
        let template = TrainingJobTemplate::of(&request).map_err(|error| error.to_string())?;
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
        let parts: Result<Vec<Part>, String> =
            definitions(body).into_iter().map(|definition| Part::of(body, definition)).collect();
        let limits = &body["HyperParameterTuningJobConfig"]["ResourceLimits"];
        let count =
            |name: &str| limits[name].as_u64().and_then(|count| usize::try_from(count).ok());
        Ok(Self {
            name: body["HyperParameterTuningJobName"].as_str().unwrap_or_default().to_owned(),
            arn: arn.to_owned(),
            request: body.clone(),
            created: now,
            parts: parts?,
            most: count("MaxNumberOfTrainingJobs").unwrap_or(MOST_JOBS),
            parallel: count("MaxParallelTrainingJobs").unwrap_or(1),
            jobs: Vec::new(),
            tuned: BTreeMap::new(),
            running: Vec::new(),
            at: now,
            stopped_at: None,
        })
    }

    /// Proposes and begins what is to run by now.
    pub(super) fn advance(&mut self, jobs: &mut Jobs, now: f64, make: &mut Make<'_>) {
        while self.stopped_at.is_none() {
            while self.jobs.len() < self.most
                && self.running.len() < self.parallel
                && self.begin(jobs, make)
            {}
            let end = |running: &Running| jobs.get(&running.key).map_or(now, Job::end);
            let ends = self.running.iter().map(end).enumerate();
            let first = ends.min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((place, end)) = first.filter(|(_, end)| *end <= now) else { return };
            self.at = self.at.max(end);
            self.end(place, jobs);
        }
    }

    /// Begins the next training job, if there is one: definitions take turns.
    fn begin(&mut self, jobs: &mut Jobs, make: &mut Make<'_>) -> bool {
        let count = self.parts.len();
        for turn in 0..count {
            let place = (self.jobs.len() + turn) % count;
            let part = &mut self.parts[place];
            if part.is_exhausted {
                continue;
            }
            let Ok(Asked::Trials(trials)) = part.study.ask(1) else {
                part.is_exhausted = true;
                continue;
            };
            let configuration = &trials[0].configuration;
            let number = self.jobs.len() as u64 + 1;
            let request = part.template.request(configuration, (number, 1), 0, None);
            let Ok(mut body) = serde_json::to_value(&request) else { return false };
            // The name of a tuning job that was deleted is free again, those of its training jobs are not.
            let name = body["TrainingJobName"].as_str().unwrap_or_default();
            if jobs.contains_key(&name.to_ascii_lowercase()) {
                let moment = format!("{}@{}", self.name, self.created);
                let other = crate::request::training_job_name(&moment, number, 1);
                let hash = other.rsplit('-').next().unwrap_or_default();
                body["TrainingJobName"] = json!(format!("{}-{number:03}-{hash}", self.name));
            }
            if let Some(tags) = self.request.get("Tags") {
                body["Tags"] = tags.clone();
            }
            let mut job = make(body, self.at);
            job.tuning_job = Some(self.arn.clone());
            let key = job.name.to_ascii_lowercase();
            let tuned = crate::request::tuned_values(configuration);
            self.tuned.insert(job.name.clone(), json!(tuned));
            self.running.push(Running { part: place, trial: trials[0].id, key: key.clone() });
            self.jobs.push((key.clone(), place));
            jobs.insert(key, job);
            return true;
        }
        false
    }

    fn end(&mut self, place: usize, jobs: &Jobs) {
        let Running { part, trial, key } = self.running.remove(place);
        let part = &mut self.parts[part];
        let outcome = jobs.get(&key).map(|job| {
            match (job.status(self.at), job.final_value(&part.metric, self.at)) {
                ("Completed", Some(value)) => Outcome::from(value),
                ("Stopped", value) => Outcome::Stopped { value },
                (status, _) => Outcome::Failed(Failure::new(FailureKind::Error, status)),
            }
        });
        let gone = || Outcome::Failed(Failure::new(FailureKind::Error, "it is gone"));
        let _ = part.study.tell(trial, outcome.unwrap_or_else(gone));
    }

    fn own<'j>(&'j self, jobs: &'j Jobs) -> impl Iterator<Item = (&'j Job, &'j Part)> {
        let own = self.jobs.iter().map(|(key, part)| (key, &self.parts[*part]));
        own.filter_map(|(key, part)| Some((jobs.get(key)?, part)))
    }

    pub(super) fn status(&self, jobs: &Jobs, now: f64) -> &'static str {
        let are_over = self.own(jobs).all(|(job, _)| job.has_ended(now))
            && (self.stopped_at.is_some() || self.running.is_empty());
        let has_value = |(job, part): (&Job, &Part)| job.final_value(&part.metric, now).is_some();
        let succeeded = self.own(jobs).any(has_value);
        match (self.stopped_at.is_some(), are_over) {
            (true, true) => "Stopped",
            (true, false) => "Stopping",
            (false, false) => "InProgress",
            (false, true) if succeeded => "Completed",
            (false, true) => "Failed",
        }
    }

    pub(super) fn is_over(&self, jobs: &Jobs, now: f64) -> bool {
        matches!(self.status(jobs, now), "Completed" | "Stopped" | "Failed")
    }

    /// When it ended, if it has.
    fn ended(&self, jobs: &Jobs, now: f64) -> Option<f64> {
        let ends = self.own(jobs).map(|(job, _)| job.end());
        let last = ends.fold(self.stopped_at.unwrap_or(self.created), f64::max);
        self.is_over(jobs, now).then_some(last)
    }

    /// Stops it, and its training jobs; says its status if it has ended.
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

    fn summary(&self, (job, part): (&Job, &Part), now: f64, tells_goal: bool) -> Value {
        let value = job.final_value(&part.metric, now).filter(|_| job.has_ended(now));
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
            let metric = &mut summary["FinalHyperParameterTuningJobObjectiveMetric"];
            *metric = json!({"MetricName": part.metric, "Value": number(value)});
            if tells_goal {
                metric["Type"] = json!(if part.is_minimized { "Minimize" } else { "Maximize" });
            }
        }
        if let Some(name) = &part.name {
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

    pub(super) fn summaries(&self, jobs: &Jobs, now: f64, tells_goal: bool) -> Vec<Value> {
        self.own(jobs).map(|own| self.summary(own, now, tells_goal)).collect()
    }

    /// The best training job, and what it is to be compared by.
    fn best<'j>(&'j self, jobs: &'j Jobs, now: f64) -> Option<(f64, (&'j Job, &'j Part))> {
        let losses = self.own(jobs).filter_map(|(job, part)| {
            let value = job.final_value(&part.metric, now)?;
            let loss = if part.is_minimized { value } else { -value };
            (job.status(now) == "Completed").then_some((loss, (job, part)))
        });
        losses.min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// What a description and an entry of a list have in common.
    fn shared(&self, jobs: &Jobs, now: f64) -> Value {
        let count = |wanted: &[&str]| {
            self.own(jobs).filter(|(job, _)| wanted.contains(&job.status(now))).count()
        };
        let ended = self.own(jobs).filter(|(job, _)| job.has_ended(now)).count();
        let has_value = |(job, part): &(&Job, &Part)| {
            job.has_ended(now)
                && job.status(now) != "Failed"
                && job.final_value(&part.metric, now).is_some()
        };
        let succeeded = self.own(jobs).filter(has_value).count();
        let end = self.ended(jobs, now);
        let last = self.own(jobs).map(|(job, _)| job.created).fold(self.created, f64::max);
        let mut shared = json!({
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
            shared["HyperParameterTuningEndTime"] = json!(time(end));
        }
        shared
    }

    /// An entry of a list.
    pub(super) fn entry(&self, jobs: &Jobs, now: f64) -> Value {
        let config = &self.request["HyperParameterTuningJobConfig"];
        let mut entry = self.shared(jobs, now);
        entry["Strategy"] = config["Strategy"].clone();
        entry["ResourceLimits"] = config["ResourceLimits"].clone();
        entry
    }

    pub(super) fn describe(
        &self,
        jobs: &Jobs,
        now: f64,
        account: &Account<'_>,
        parents: &[&Self],
    ) -> Value {
        let mut answer = self.request.clone();
        let filled = |definition: &Value| {
            let metric = objective(&self.request, definition)["MetricName"].as_str();
            filled_in::definition(
                definition,
                metric.unwrap_or_default(),
                account.resources,
                account.arn,
            )
        };
        if let Some(several) = self.request["TrainingJobDefinitions"].as_array() {
            answer["TrainingJobDefinitions"] = several.iter().map(filled).collect();
        } else {
            answer["TrainingJobDefinition"] = filled(&self.request["TrainingJobDefinition"]);
        }
        // What was left out has its default.
        let config = &mut answer["HyperParameterTuningJobConfig"];
        if config.is_object() && config["TrainingJobEarlyStoppingType"].is_null() {
            config["TrainingJobEarlyStoppingType"] = json!("Off");
        }
        for (name, value) in self.shared(jobs, now).as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        if let Some((_, best)) = self.best(jobs, now) {
            answer["BestTrainingJob"] = self.summary(best, now, account.tells_goal);
            let kind = &self.request["WarmStartConfig"]["WarmStartType"];
            let all = parents.iter().copied().chain([self]);
            let bests = all.filter_map(|job| Some((job, job.best(jobs, now)?)));
            let overall = bests.min_by(|a, b| a.1.0.total_cmp(&b.1.0));
            if let Some((job, (_, best))) = overall.filter(|_| *kind == "IdenticalDataAndAlgorithm")
            {
                answer["OverallBestTrainingJob"] = job.summary(best, now, account.tells_goal);
                answer["OverallBestTrainingJob"]["TuningJobName"] = json!(job.name);
            }
        }
        let until = self.ended(jobs, now).unwrap_or(now);
        #[allow(clippy::cast_possible_truncation, reason = "seconds of a tuning job")]
        let seconds = (until - self.created) as i64;
        answer["ConsumedResources"] = json!({"RuntimeInSeconds": seconds});
        answer["TuningJobCompletionDetails"] =
            json!({"NumberOfTrainingJobsObjectiveNotImproving": 0});
        if let Some(members) = answer.as_object_mut() {
            members.shift_remove("Tags");
        }
        answer
    }

    /// The names of its parents.
    pub(super) fn parents(&self) -> Vec<String> {
        parents(&self.request)
    }
}

/// The names of the parents of a warm start.
pub(super) fn parents(body: &Value) -> Vec<String> {
    let list = body["WarmStartConfig"]["ParentHyperParameterTuningJobs"].as_array();
    let names = list.into_iter().flatten().filter_map(|parent| {
        parent["HyperParameterTuningJobName"].as_str().map(str::to_ascii_lowercase)
    });
    names.collect()
}

/// The names of all hyperparameters of a definition, tuned and static.
pub(super) fn hyperparameters(body: &Value) -> Vec<String> {
    let definition = definitions(body)[0];
    let ranges = ranges(body, definition);
    let lists = ranges.as_object().into_iter().flatten().filter_map(|(_, list)| list.as_array());
    let tuned = lists.flatten().filter_map(|range| range["Name"].as_str());
    let statics = definition["StaticHyperParameters"].as_object();
    let mut names: Vec<String> = tuned.map(str::to_owned).collect();
    names.extend(statics.into_iter().flatten().map(|(name, _)| name.clone()));
    names.sort_unstable();
    names
}
