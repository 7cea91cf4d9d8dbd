//! The evaluator against a scripted double of the service: what it does about each kind of trouble.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use surmise::evaluator::{Evaluator, EvaluatorError, Job, JobEvent, Start};
use surmise::space::Configuration;
use surmise::trial::{Outcome, Source, Trial, TrialId};

use super::*;
use crate::clock::Clock;
use crate::request::CreateTrainingJobRequest;

const SECOND: Duration = Duration::from_secs(1);

/// What the double does next, and what it has.
#[derive(Debug, Default)]
struct Script {
    /// The trouble that each further request of an operation has; none beyond.
    troubles: BTreeMap<&'static str, VecDeque<ServiceErrorKind>>,
    /// Whether a request that has trouble is carried out nevertheless.
    carries_out: bool,
    jobs: BTreeMap<String, (Duration, BTreeMap<String, String>)>,
    asked: Vec<&'static str>,
}

#[derive(Debug, Clone)]
struct Double {
    script: Arc<Mutex<Script>>,
    clock: Clock,
}

impl Double {
    fn new(troubles: &[(&'static str, &[ServiceErrorKind])]) -> Self {
        let queue = |kinds: &[ServiceErrorKind]| kinds.iter().copied().collect();
        let troubles = troubles.iter().map(|(name, kinds)| (*name, queue(kinds))).collect();
        let script = Script { troubles, ..Script::default() };
        Self { script: Arc::new(Mutex::new(script)), clock: Clock::simulated() }
    }

    fn asked(&self, operation: &str) -> usize {
        self.script.lock().unwrap().asked.iter().filter(|asked| **asked == operation).count()
    }

    fn created(&self) -> usize {
        self.script.lock().unwrap().jobs.len()
    }

    fn answer<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut Script) -> Result<T, ServiceErrorKind>,
    ) -> Result<T, ServiceError> {
        let mut script = self.script.lock().unwrap();
        script.asked.push(operation);
        let trouble = script.troubles.get_mut(operation).and_then(VecDeque::pop_front);
        let answer = match trouble {
            Some(kind) if script.carries_out => act(&mut script).and(Err(kind)),
            Some(kind) => Err(kind),
            None => act(&mut script),
        };
        answer.map_err(|kind| ServiceError::new(kind, "as the script says"))
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

impl TrainingService for Double {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        let values = request.hyper_parameters.iter().flatten();
        let values = values.map(|(name, value)| (name.clone(), value.clone())).collect();
        let end = self.clock.now() + 60 * SECOND;
        self.answer("create", |script| {
            if script.jobs.contains_key(&request.name) {
                return Err(ServiceErrorKind::Exists);
            }
            script.jobs.insert(request.name.clone(), (end, values));
            Ok(String::new())
        })
    }

    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        self.answer("describe", |script| self.job(script, name).ok_or(ServiceErrorKind::Missing))
    }

    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        self.answer("search", |script| {
            let matches = |name: &&String| match filter {
                JobFilter::Names(names) => names.contains(&name.as_str()),
                JobFilter::Begins { with, .. } => name.starts_with(with),
            };
            let found = script.jobs.keys().filter(matches);
            let jobs = found.filter_map(|name| self.job(script, name)).collect();
            Ok(FoundJobs { jobs, next_page: None })
        })
    }

    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        let now = self.clock.now();
        self.answer("stop", |script| match script.jobs.get_mut(name) {
            None => Err(ServiceErrorKind::Missing),
            Some((end, _)) if *end <= now => Err(ServiceErrorKind::NotRunning),
            Some((end, _)) => {
                *end = now;
                Ok(())
            }
        })
    }
}

fn evaluator(double: &Double) -> SageMakerEvaluator {
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
    let evaluator = SageMakerEvaluator::new(&request, double.clone()).unwrap();
    evaluator.with_clock(double.clock.clone())
}

fn trial(number: u64) -> Trial {
    Trial::new(TrialId(number), Source::Own, Configuration::from([("rate", 0.5.into())]))
}

fn start(evaluator: &mut SageMakerEvaluator, number: u64) -> Result<Start, EvaluatorError> {
    evaluator.start(&Job::new(&trial(number), 1))
}

fn ends(evaluator: &mut SageMakerEvaluator, jobs: usize) -> Vec<JobEvent> {
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
fn each_trouble_with_a_creation_has_its_answer() {
    use ServiceErrorKind as Kind;

    let answer = |kind| start(&mut evaluator(&Double::new(&[("create", &[kind])])), 1);
    for kind in [Kind::Throttled, Kind::Quota, Kind::NotReady] {
        assert!(matches!(answer(kind), Ok(Start::Busy { .. })), "{kind}");
    }
    assert_eq!(answer(Kind::Unreachable), Ok(Start::Started), "perhaps it runs");
    assert_eq!(answer(Kind::Exists), Ok(Start::Adopted));
    for kind in [Kind::Credentials, Kind::Denied, Kind::Invalid] {
        assert!(answer(kind).is_err(), "{kind}");
    }
    // Once a job was taken on, what is refused is refused for its own sake, and credentials can be renewed.
    let double = Double::new(&[("create", &[])]);
    let mut evaluator = evaluator(&double);
    start(&mut evaluator, 1).unwrap();
    let refuse = |kind| {
        double.script.lock().unwrap().troubles.insert("create", [kind].into());
    };
    refuse(Kind::Invalid);
    assert_eq!(start(&mut evaluator, 2), Ok(Start::Started));
    let failed = evaluator.wait(SECOND).unwrap();
    assert!(matches!(&failed[..], [JobEvent::Ended { outcome: Outcome::Failed(_), .. }]));
    refuse(Kind::Credentials);
    assert!(matches!(start(&mut evaluator, 3), Ok(Start::Busy { .. })));
    assert!(matches!(evaluator.wait(SECOND).unwrap()[..], [JobEvent::Paused { .. }]));
}

#[test]
fn trouble_with_questions_only_delays() {
    use ServiceErrorKind as Kind;

    for carries_out in [false, true] {
        for kind in [Kind::Throttled, Kind::Unreachable, Kind::Credentials] {
            let several = [kind; 7];
            let double = Double::new(&[("describe", &several), ("search", &several)]);
            double.script.lock().unwrap().carries_out = carries_out;
            let mut evaluator = evaluator(&double);
            for number in 1..=4 {
                assert_eq!(start(&mut evaluator, number), Ok(Start::Started));
            }
            let events = ends(&mut evaluator, 4);
            let told = |wanted: fn(&JobEvent) -> bool| events.iter().filter(|e| wanted(e)).count();
            let completed = told(|event| {
                matches!(event, JobEvent::Ended { outcome: Outcome::Completed { .. }, .. })
            });
            assert_eq!((completed, double.created()), (4, 4), "{kind}");
            let paused = told(|event| matches!(event, JobEvent::Paused { .. }));
            assert_eq!(paused, told(|event| matches!(event, JobEvent::Resumed)), "{kind}");
            assert_eq!(paused > 0, kind != Kind::Throttled, "{kind}");
        }
    }
}

#[test]
fn a_creation_without_an_answer_is_asked_for_again_and_made_once() {
    for carries_out in [false, true] {
        let lost = [ServiceErrorKind::Unreachable; 3];
        let double = Double::new(&[("create", &lost)]);
        double.script.lock().unwrap().carries_out = carries_out;
        let mut evaluator = evaluator(&double);
        assert_eq!(start(&mut evaluator, 1), Ok(Start::Started));
        assert_eq!(start(&mut evaluator, 1), Ok(Start::Adopted), "it holds its place");
        let events = ends(&mut evaluator, 1);
        assert!(matches!(
            events.last(),
            Some(JobEvent::Ended { outcome: Outcome::Completed { .. }, .. })
        ));
        // If the first one was carried out, the second is told that there is one of its name.
        let asked = if carries_out { 2 } else { 4 };
        assert_eq!((double.created(), double.asked("create")), (1, asked));
    }
}

#[test]
fn a_wait_takes_as_long_as_it_may_and_no_longer() {
    let double = Double::new(&[]);
    let mut evaluator = evaluator(&double);
    assert!(evaluator.wait(7 * SECOND).unwrap().is_empty());
    assert_eq!(evaluator.elapsed(), 7 * SECOND);
    start(&mut evaluator, 1).unwrap();
    assert!(evaluator.wait(20 * SECOND).unwrap().is_empty());
    assert_eq!(evaluator.elapsed(), 27 * SECOND);
    assert!(evaluator.wait(Duration::ZERO).unwrap().is_empty());
    assert_eq!(double.asked("describe"), 1, "jobs are looked at every quarter of a minute");
}
