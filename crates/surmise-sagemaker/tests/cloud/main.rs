//! Tests of the SageMaker evaluator through AWS's SDK, against the fake SageMaker.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod budget;
mod conformance;
mod jobs;
mod journal;
mod kills;
mod regressions;
mod reports;
mod secrets;
mod service_errors;
mod thousand_trials;
mod tuning_jobs;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use surmise::evaluator::{Job, JobEvent, JobId, StartOutcome};
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{Evaluator, Outcome, RandomSearch, Study, StudySettings, Trial, Tuner, TuningRules};
use surmise_sagemaker::evaluator::{Connection, SageMakerService};
use surmise_sagemaker::fake::{FakeSageMaker, FakeSettings, FakeTraining};
use surmise_sagemaker::{Clock, SageMakerEvaluator};
use surmise_sagemaker::{CreateHyperParameterTuningJobRequest, Document};

const SECOND: Duration = Duration::from_secs(1);

const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY01";
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEAkaCXVzLXdlc3QtMiJHMEUCIQDx7Surmise0Token";

/// Returns a tuning request with one parameter, `rate`, and all settings of a training job.
fn request(name: &str, jobs: usize, parallel: usize) -> CreateHyperParameterTuningJobRequest {
    let text = serde_json::json!({
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "RandomSeed": 7,
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": {"ContinuousParameterRanges": [
                {"Name": "rate", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}]}},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss:(\\S+)"}]},
            "StaticHyperParameters": {"num_round": "20"},
            "RoleArn": "arn:aws:iam::012345678912:role/tuner",
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "Environment": {"GREETING": "hello"}},
        "Tags": [{"Key": "team", "Value": "trees"}]
    });
    let document = Document::read(text.to_string().as_bytes()).unwrap();
    document.request().unwrap()
}

/// Returns ten minutes of training in five steps; the final loss is the distance of `rate` from
/// 0.3.
fn training(values: &BTreeMap<String, String>) -> FakeTraining {
    let rate: f64 = values["rate"].parse().unwrap();
    let curve = (1..=5).map(|step| (rate - 0.3).abs() + 1.0 / f64::from(step) - 0.2);
    FakeTraining::new(600 * SECOND).metric("train:loss", [9.0]).metric("loss", curve)
}

fn fake(settings: &FakeSettings) -> FakeSageMaker {
    FakeSageMaker::start(settings.clone(), training).unwrap()
}

fn service(fake: &FakeSageMaker) -> SageMakerService {
    service_at(fake.url().as_ref())
}

fn service_at(url: &str) -> SageMakerService {
    Connection::new()
        .region("us-west-2")
        .endpoint(url)
        .access_key(ACCESS_KEY, SECRET_KEY, Some(SESSION_TOKEN.to_owned()))
        .open()
        .unwrap()
}

fn evaluator(
    fake: &FakeSageMaker,
    clock: &Clock,
    request: &CreateHyperParameterTuningJobRequest,
) -> SageMakerEvaluator {
    let evaluator = SageMakerEvaluator::new(request, service(fake)).unwrap();
    evaluator.with_clock(clock.clone())
}

fn study(request: &CreateHyperParameterTuningJobRequest, events: Vec<Event>) -> Study {
    let tuning = request.tuning().unwrap();
    let settings = StudySettings {
        seed: tuning.seed.unwrap_or(0),
        limits: tuning.limits,
        ..Default::default()
    };
    Study::replay(tuning.space, tuning.objective, RandomSearch, settings, events).unwrap()
}

fn rules(
    request: &CreateHyperParameterTuningJobRequest,
    evaluator: &SageMakerEvaluator,
) -> TuningRules {
    evaluator.adapt_rules(request.tuning().unwrap().rules)
}

/// Returns a trial with this rate.
fn trial(number: u64, rate: f64) -> Trial {
    let configuration = surmise::Configuration::from([("rate", rate.into())]);
    Trial::new(surmise::TrialId(number), surmise::trial::Source::Study, configuration)
}

fn id(number: u64, attempt: u32) -> JobId {
    JobId { trial: surmise::TrialId(number), attempt }
}

/// Starts one job, and waits as long as the evaluator is busy.
fn start_job(evaluator: &mut SageMakerEvaluator, number: u64, rate: f64) -> StartOutcome {
    let trial = trial(number, rate);
    for _ in 0..1000 {
        match evaluator.start(&Job::new(&trial, 1)).unwrap() {
            StartOutcome::Busy { retry_after } => {
                evaluator.wait(retry_after).unwrap();
            }
            other => return other,
        }
    }
    panic!("the evaluator stays busy");
}

/// Returns all events of this duration.
fn collect_events(evaluator: &mut SageMakerEvaluator, time: Duration) -> Vec<JobEvent> {
    let until = evaluator.elapsed() + time;
    let mut events = Vec::new();
    while evaluator.elapsed() < until {
        events.extend(evaluator.wait(until.saturating_sub(evaluator.elapsed())).unwrap());
    }
    events
}

/// Returns all events until this number of jobs has ended.
fn collect_until_ended(evaluator: &mut SageMakerEvaluator, jobs: usize) -> Vec<JobEvent> {
    let mut events = Vec::new();
    for _ in 0..1000 {
        events.extend(evaluator.wait(600 * SECOND).unwrap());
        let ended = events.iter().filter(|event| matches!(event, JobEvent::Ended { .. })).count();
        if ended >= jobs {
            return events;
        }
    }
    panic!("{jobs} jobs never ended: {events:?}");
}

/// Waits for the end of the only job and returns its outcome.
fn wait_for_outcome(evaluator: &mut SageMakerEvaluator) -> Outcome {
    let events = collect_until_ended(evaluator, 1);
    let ended = events.iter().find_map(|event| match event {
        JobEvent::Ended { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    ended.unwrap()
}

/// Runs a tuning to its end. Returns the stop reason, and all progress as text.
fn tune(
    study: &mut Study,
    evaluator: &mut SageMakerEvaluator,
    rules: TuningRules,
) -> (surmise::StopReason, Vec<String>) {
    let mut log = Vec::new();
    let tuned = Tuner::with_rules(rules)
        .on_progress(|_, progress: &Progress<'_>| {
            log.push(format!("{progress:?}"));
            ControlFlow::Continue(())
        })
        .run(study, evaluator)
        .unwrap();
    (tuned.reason, log)
}
