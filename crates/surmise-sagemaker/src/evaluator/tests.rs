//! Tests of the evaluator with a scripted service: its reaction to each kind of error.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use surmise::evaluator::{Evaluator, EvaluatorError, Job, JobEvent, StartOutcome};
use surmise::space::Configuration;
use surmise::trial::{Outcome, Source, Trial, TrialId};

use super::*;
use crate::clock::Clock;
use crate::request::CreateTrainingJobRequest;

const SECOND: Duration = Duration::from_secs(1);

/// The script and the state of the service.
#[derive(Debug, Default)]
struct Script {
    /// For each operation, the errors of its next requests; none after the last one.
    errors: BTreeMap<&'static str, VecDeque<ServiceErrorKind>>,
    /// Whether requests with an error take effect nevertheless.
    carries_out: bool,
    jobs: BTreeMap<String, (Duration, BTreeMap<String, String>)>,
    requests: Vec<&'static str>,
}

#[derive(Debug, Clone)]
struct ScriptedService {
    script: Arc<Mutex<Script>>,
    clock: Clock,
}

impl ScriptedService {
    fn new(errors: &[(&'static str, &[ServiceErrorKind])]) -> Self {
        let queue = |kinds: &[ServiceErrorKind]| kinds.iter().copied().collect();
        let errors = errors.iter().map(|(name, kinds)| (*name, queue(kinds))).collect();
        let script = Script { errors, ..Script::default() };
        Self { script: Arc::new(Mutex::new(script)), clock: Clock::simulated() }
    }

    fn request_count(&self, operation: &str) -> usize {
        self.script.lock().unwrap().requests.iter().filter(|it| **it == operation).count()
    }

    fn job_count(&self) -> usize {
        self.script.lock().unwrap().jobs.len()
    }

    fn respond<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut Script) -> Result<T, ServiceErrorKind>,
    ) -> Result<T, ServiceError> {
        let mut script = self.script.lock().unwrap();
        script.requests.push(operation);
        let error = script.errors.get_mut(operation).and_then(VecDeque::pop_front);
        let response = match error {
            Some(kind) if script.carries_out => act(&mut script).and(Err(kind)),
            Some(kind) => Err(kind),
            None => act(&mut script),
        };
        response.map_err(|kind| ServiceError::new(kind, "an error of the script"))
    }

    fn job(&self, script: &Script, name: &str) -> Option<TrainingJob> {
        let (end, values) = script.jobs.get(name)?;
        let has_ended = self.clock.now() >= *end;
        let status = if has_ended { "Completed" } else { "InProgress" };
        Some(TrainingJob {
            hyper_parameters: values.clone(),
            final_metrics: vec![("loss".to_owned(), 0.5)],
            billable_seconds: has_ended.then_some(60),
            ..TrainingJob::new(name, status, if has_ended { "Completed" } else { "Training" })
        })
    }
}

impl TrainingService for ScriptedService {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        let values = request.hyper_parameters.iter().flatten();
        let values = values.map(|(name, value)| (name.clone(), value.clone())).collect();
        let end = self.clock.now() + 60 * SECOND;
        self.respond("create", |script| {
            if script.jobs.contains_key(&request.name) {
                return Err(ServiceErrorKind::AlreadyExists);
            }
            script.jobs.insert(request.name.clone(), (end, values));
            Ok(String::new())
        })
    }

    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        self.respond("describe", |script| self.job(script, name).ok_or(ServiceErrorKind::NotFound))
    }

    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        self.respond("search", |script| {
            let matches = |name: &&String| match filter {
                JobFilter::Names(names) => names.contains(&name.as_str()),
                JobFilter::NamePrefix { prefix, .. } => name.starts_with(prefix),
            };
            let found = script.jobs.keys().filter(matches);
            let jobs = found.filter_map(|name| self.job(script, name)).collect();
            Ok(FoundJobs { jobs, next_page: None })
        })
    }

    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        let now = self.clock.now();
        self.respond("stop", |script| match script.jobs.get_mut(name) {
            None => Err(ServiceErrorKind::NotFound),
            Some((end, _)) if *end <= now => Err(ServiceErrorKind::NotRunning),
            Some((end, _)) => {
                *end = now;
                Ok(())
            }
        })
    }
}

fn evaluator(service: &ScriptedService) -> SageMakerEvaluator {
    let request = json!({
        "HyperParameterTuningJobName": "trees",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 4}},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": "trees", "TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::012345678912:role/tuner",
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}});
    let request = serde_json::from_value(request).unwrap();
    let evaluator = SageMakerEvaluator::new(&request, service.clone()).unwrap();
    evaluator.with_clock(service.clock.clone())
}

fn trial(number: u64) -> Trial {
    Trial::new(TrialId(number), Source::Study, Configuration::from([("rate", 0.5.into())]))
}

fn start(evaluator: &mut SageMakerEvaluator, number: u64) -> Result<StartOutcome, EvaluatorError> {
    evaluator.start(&Job::new(&trial(number), 1))
}

/// Waits until a number of jobs have ended, and returns all events.
fn wait_for_ends(evaluator: &mut SageMakerEvaluator, jobs: usize) -> Vec<JobEvent> {
    let mut events = Vec::new();
    let ended = |events: &[JobEvent]| {
        events.iter().filter(|event| matches!(event, JobEvent::Ended { .. })).count()
    };
    while ended(&events) < jobs {
        assert!(evaluator.elapsed() < Duration::from_secs(100_000), "{events:?}");
        events.extend(evaluator.wait(600 * SECOND).unwrap());
    }
    events
}

#[test]
fn each_error_of_a_creation_is_handled() {
    use ServiceErrorKind as Kind;

    let start_with_error = |kind| {
        let service = ScriptedService::new(&[("create", &[kind])]);
        start(&mut evaluator(&service), 1)
    };
    for kind in [Kind::Throttled, Kind::QuotaExceeded, Kind::NotReady] {
        assert!(matches!(start_with_error(kind), Ok(StartOutcome::Busy { .. })), "{kind}");
    }
    let outcome = start_with_error(Kind::Unreachable);
    assert_eq!(outcome, Ok(StartOutcome::Started), "the job may be running");
    assert_eq!(start_with_error(Kind::AlreadyExists), Ok(StartOutcome::Adopted));
    for kind in [Kind::Credentials, Kind::AccessDenied, Kind::Invalid] {
        assert!(start_with_error(kind).is_err(), "{kind}");
    }
    // Once a job was accepted, a validation error is the job's fault, and credentials can be
    // renewed.
    let service = ScriptedService::new(&[("create", &[])]);
    let mut evaluator = evaluator(&service);
    start(&mut evaluator, 1).unwrap();
    let refuse = |kind| {
        service.script.lock().unwrap().errors.insert("create", [kind].into());
    };
    refuse(Kind::Invalid);
    assert_eq!(start(&mut evaluator, 2), Ok(StartOutcome::Started));
    let failed = evaluator.wait(SECOND).unwrap();
    assert!(matches!(&failed[..], [JobEvent::Ended { outcome: Outcome::Failed(_), .. }]));
    refuse(Kind::Credentials);
    assert!(matches!(start(&mut evaluator, 3), Ok(StartOutcome::Busy { .. })));
    assert!(matches!(evaluator.wait(SECOND).unwrap()[..], [JobEvent::Paused { .. }]));
}

#[test]
fn errors_of_queries_only_delay_the_results() {
    use ServiceErrorKind as Kind;

    for carries_out in [false, true] {
        for kind in [Kind::Throttled, Kind::Unreachable, Kind::Credentials] {
            let errors = [kind; 7];
            let service = ScriptedService::new(&[("describe", &errors), ("search", &errors)]);
            service.script.lock().unwrap().carries_out = carries_out;
            let mut evaluator = evaluator(&service);
            for number in 1..=4 {
                assert_eq!(start(&mut evaluator, number), Ok(StartOutcome::Started));
            }
            let events = wait_for_ends(&mut evaluator, 4);
            let count = |is_match: fn(&JobEvent) -> bool| {
                events.iter().filter(|event| is_match(event)).count()
            };
            let completed = count(|event| {
                matches!(event, JobEvent::Ended { outcome: Outcome::Completed { .. }, .. })
            });
            assert_eq!((completed, service.job_count()), (4, 4), "{kind}");
            let paused = count(|event| matches!(event, JobEvent::Paused { .. }));
            assert_eq!(paused, count(|event| matches!(event, JobEvent::Resumed)), "{kind}");
            assert_eq!(paused > 0, kind != Kind::Throttled, "{kind}");
        }
    }
}

#[test]
fn lost_creations_are_retried_and_create_one_job() {
    for carries_out in [false, true] {
        let lost = [ServiceErrorKind::Unreachable; 3];
        let service = ScriptedService::new(&[("create", &lost)]);
        service.script.lock().unwrap().carries_out = carries_out;
        let mut evaluator = evaluator(&service);
        assert_eq!(start(&mut evaluator, 1), Ok(StartOutcome::Started));
        assert_eq!(start(&mut evaluator, 1), Ok(StartOutcome::Adopted), "it counts as running");
        let events = wait_for_ends(&mut evaluator, 1);
        assert!(matches!(
            events.last(),
            Some(JobEvent::Ended { outcome: Outcome::Completed { .. }, .. })
        ));
        // If the first request took effect, the second one gets `AlreadyExists`.
        let requests = if carries_out { 2 } else { 4 };
        assert_eq!((service.job_count(), service.request_count("create")), (1, requests));
    }
}

#[test]
fn waits_take_exactly_their_timeout() {
    let service = ScriptedService::new(&[]);
    let mut evaluator = evaluator(&service);
    assert!(evaluator.wait(7 * SECOND).unwrap().is_empty());
    assert_eq!(evaluator.elapsed(), 7 * SECOND);
    start(&mut evaluator, 1).unwrap();
    assert!(evaluator.wait(20 * SECOND).unwrap().is_empty());
    assert_eq!(evaluator.elapsed(), 27 * SECOND);
    assert!(evaluator.wait(Duration::ZERO).unwrap().is_empty());
    assert_eq!(service.request_count("describe"), 1, "jobs are polled every 15 seconds");
}
