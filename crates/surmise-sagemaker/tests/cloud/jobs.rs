//! The request of a training job, its outcome, and its costs.

use std::collections::BTreeSet;

use surmise::{FailureKind, StopHandle, StopReason};
use surmise_sagemaker::evaluator::{TrainingJob, TrainingService};
use surmise_sagemaker::fake::{Faults, JobTimes};
use surmise_sagemaker::training_job_name;

use super::*;

#[test]
fn training_jobs_have_the_settings_of_the_request() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 1, 1);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start_job(&mut evaluator, 7, 0.25), StartOutcome::Started);
    let name = training_job_name("trees", 7, 1);
    let made = fake.request(&name).unwrap();
    let definition = serde_json::to_value(request.definition.as_ref().unwrap()).unwrap();
    let wanted =
        serde_json::json!({"num_round": "20", "rate": "0.25", "_tuning_objective_metric": "loss"});
    assert_eq!(made["HyperParameters"], wanted);
    for member in [
        "AlgorithmSpecification",
        "RoleArn",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Environment",
    ] {
        assert_eq!(made[member], definition[member], "{member}");
    }
    assert_eq!(made["Tags"], serde_json::json!([{"Key": "team", "Value": "trees"}]));
    let members: BTreeSet<&str> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!members.contains("StaticHyperParameters") && !members.contains("RetryStrategy"));
    let urgent = trial(8, 0.5);
    let job = Job { timeout: Some(90 * SECOND), ..Job::new(&urgent, 2) };
    evaluator.start(&job).unwrap();
    let made = fake.request(&training_job_name("trees", 8, 2)).unwrap();
    assert_eq!(made["StoppingCondition"]["MaxRuntimeInSeconds"], 90);
}

#[test]
fn job_names_are_unique_and_fit_the_limit() {
    let longest = "a".repeat(32);
    let names = [(1, 1), (1, 2), (2, 1), (100_000, 1), (u64::MAX, u32::MAX)]
        .map(|(trial, attempt)| training_job_name(&longest, trial, attempt));
    assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn fault_d2_the_instances_actually_used_are_billed() {
    let settings = FakeSettings {
        faults: Faults { no_capacity: ["ml.p5.48xlarge".to_owned()].into(), ..Faults::default() },
        ..FakeSettings::default()
    };
    let fake = fake(&settings);
    let mut request = request("trees", 1, 1);
    let resources = serde_json::json!({"VolumeSizeInGB": 30, "InstancePreferences": [
        {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1},
        {"InstanceType": "ml.m5.xlarge", "InstanceCount": 3}]});
    let definition = request.definition.as_mut().unwrap();
    definition.resources = Some(serde_json::from_value(resources).unwrap());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    start_job(&mut evaluator, 1, 0.4);
    assert!(matches!(wait_for_outcome(&mut evaluator), Outcome::Completed { .. }));
    let job = evaluator.training_job(id(1, 1)).unwrap();
    assert_eq!((job.billable_seconds, job.instances), (Some(646), Some(3)));
    assert_eq!(evaluator.billed(), 3 * 646 * SECOND, "of three instances");
    assert_eq!(evaluator.billed(), fake.total_billed_time());
}

#[test]
fn a_completed_job_has_a_metric_and_a_model_location() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut evaluator, 1, 0.4);
    // The service keeps 32 bits; the evaluator returns the shortest decimal number of them.
    let Outcome::Completed { value } = wait_for_outcome(&mut evaluator) else { panic!() };
    assert!((value - 0.1).abs() < 1e-7, "{value}");
    let job = evaluator.training_job(id(1, 1)).unwrap();
    assert_eq!(job.secondary_status, "Completed");
    let model = format!("s3://bucket/models/{}/output/model.tar.gz", job.name);
    assert_eq!(job.model.as_deref(), Some(model.as_str()));
    let seconds = job.billable_seconds.unwrap();
    assert!((600..700).contains(&seconds), "download and upload are billed: {seconds}");
    assert_eq!((job.training_seconds, job.instances), (Some(seconds), Some(2)));
    assert_eq!(evaluator.billed(), 2 * Duration::from_secs(seconds), "of two instances");
    assert_eq!(evaluator.billed(), fake.total_billed_time());
}

/// Runs one job with this training, under these faults. Returns its outcome and description.
fn run_job(
    training: FakeTraining,
    faults: Faults,
    change: impl FnOnce(&mut CreateHyperParameterTuningJobRequest),
) -> (Outcome, TrainingJob) {
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = FakeSageMaker::start(settings.clone(), move |_| training.clone()).unwrap();
    let mut request = request("trees", 1, 1);
    change(&mut request);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    start_job(&mut evaluator, 1, 0.5);
    let outcome = wait_for_outcome(&mut evaluator);
    (outcome, evaluator.training_job(id(1, 1)).unwrap().clone())
}

fn kind(outcome: &Outcome) -> FailureKind {
    match outcome {
        Outcome::Failed(failure) => failure.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_final_status_maps_to_an_outcome() {
    let two_hours = || FakeTraining::new(2 * 3600 * SECOND).metric("loss", [0.5, 0.4]);
    let (outcome, job) = run_job(two_hours(), Faults::default(), |_| ());
    assert_eq!(outcome, Outcome::Stopped { value: Some(0.5) });
    assert_eq!(job.secondary_status, "MaxRuntimeExceeded");
    let without_metric = FakeTraining::new(2 * 3600 * SECOND);
    assert_eq!(kind(&run_job(without_metric, Faults::default(), |_| ()).0), FailureKind::Timeout);

    let spot = |request: &mut CreateHyperParameterTuningJobRequest| {
        let definition = request.definition.as_mut().unwrap();
        definition.spot_training = Some(true);
        definition.stopping_condition.max_wait_time_in_seconds = Some(3600);
    };
    let interrupted = || Faults { interrupted: 1.0, ..Default::default() };
    let nearly_an_hour = FakeTraining::new(3400 * SECOND).metric("loss", [0.5]);
    let (outcome, job) = run_job(nearly_an_hour, interrupted(), spot);
    assert_eq!(kind(&outcome), FailureKind::Timeout);
    assert_eq!(job.secondary_status, "MaxWaitTimeExceeded");

    let ten_minutes = FakeTraining::new(600 * SECOND).metric("loss", [0.5]);
    let (outcome, job) = run_job(ten_minutes.clone(), interrupted(), spot);
    assert_eq!(
        outcome,
        Outcome::Completed { value: 0.5 },
        "the job resumed after the interruption"
    );
    assert!(job.training_seconds > Some(700), "the job restarted, and both runs are billed");

    let no_metric = FakeTraining::new(SECOND);
    let (outcome, _) = run_job(no_metric, Faults::default(), |_| ());
    assert_eq!(kind(&outcome), FailureKind::MissingMetric);
    let nan = FakeTraining::new(SECOND).metric("loss", [f64::NAN]);
    assert_eq!(kind(&run_job(nan, Faults::default(), |_| ()).0), FailureKind::NonFiniteMetric);

    for (reason, wanted) in [
        ("AlgorithmError: framework error: ValueError", FailureKind::Error),
        ("AlgorithmError: exit code: 137", FailureKind::OutOfMemory),
        ("ClientError: Data download failed", FailureKind::Setup),
    ] {
        let (outcome, _) =
            run_job(ten_minutes.clone().fail_with(reason), Faults::default(), |_| ());
        assert_eq!(kind(&outcome), wanted, "{reason}");
    }
    let by_service = Faults { failed_by_service: 1.0, ..Default::default() };
    assert_eq!(kind(&run_job(ten_minutes, by_service, |_| ()).0), FailureKind::Interrupted);
}

#[test]
fn the_evaluator_waits_for_a_late_final_metric() {
    let late_metrics = Faults { metrics_lag: 20 * SECOND, ..Default::default() };
    let training = FakeTraining::new(600 * SECOND).metric("loss", [0.5]);
    assert_eq!(run_job(training, late_metrics, |_| ()).0, Outcome::Completed { value: 0.5 });
}

#[test]
fn fault_28_a_stopping_job_occupies_its_slot_until_it_has_ended() {
    let times = JobTimes { stopping: 100 * SECOND, ..Default::default() };
    let settings = FakeSettings { times, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 2, 1);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    start_job(&mut evaluator, 1, 0.4);
    let before = collect_events(&mut evaluator, 300 * SECOND);
    assert!(matches!(before[..], [JobEvent::Located { .. }]), "{before:?}");
    let stop_requested_at = evaluator.elapsed();
    evaluator.stop(id(1, 1)).unwrap();
    let outcome = wait_for_outcome(&mut evaluator);
    assert!(evaluator.elapsed() - stop_requested_at >= 50 * SECOND);
    // The last reported value is that of the first of five steps.
    assert!(
        matches!(outcome, Outcome::Stopped { value: Some(value) } if (value - 0.9).abs() < 1e-6),
        "{outcome:?}"
    );

    // A cancelled tuning waits for the stopping job and starts no other job.
    let request = super::request("bushes", 2, 1);
    let mut evaluator = super::evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let handle = StopHandle::new();
    let mut seen = 0;
    let tuned = Tuner::new()
        .stop_grace_period(600 * SECOND)
        .stop_handle(&handle)
        .on_progress(|_, progress| {
            if matches!(progress, Progress::Started { .. }) {
                seen += 1;
                handle.cancel();
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::Cancelled { left_running: 0 });
    assert_eq!((seen, fake.max_concurrent_jobs()), (1, 1));
}

#[test]
fn stopping_an_ended_job_is_no_error() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    evaluator.stop(id(1, 1)).unwrap();
    start_job(&mut evaluator, 1, 0.4);
    // The job ends before the evaluator polls it, and then gets a stop request.
    settings.clock.sleep(3600 * SECOND);
    evaluator.stop(id(1, 1)).unwrap();
    assert!(matches!(wait_for_outcome(&mut evaluator), Outcome::Completed { .. }));
    evaluator.stop(id(1, 1)).unwrap();
    assert!(evaluator.wait(60 * SECOND).unwrap().is_empty());
    let refused = service(&fake).stop(&training_job_name("trees", 1, 1)).unwrap_err();
    assert_eq!(refused.kind, surmise_sagemaker::evaluator::ServiceErrorKind::NotRunning);
}

#[test]
fn external_stops_and_removals_are_noticed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 2, 2));
    start_job(&mut evaluator, 1, 0.4);
    start_job(&mut evaluator, 2, 0.6);
    collect_events(&mut evaluator, 400 * SECOND);
    fake.stop_training_job(&training_job_name("trees", 1, 1));
    fake.remove_training_job(&training_job_name("trees", 2, 1));
    let events = collect_until_ended(&mut evaluator, 2);
    let of = |number| {
        events.iter().find_map(|event| match event {
            JobEvent::Ended { job, outcome } if job.trial.0 == number => Some(outcome.clone()),
            _ => None,
        })
    };
    assert!(matches!(of(1), Some(Outcome::Stopped { value: Some(_) })));
    // Describing a removed job is a ValidationException.
    assert_eq!(kind(&of(2).unwrap()), FailureKind::Interrupted);
}

#[test]
fn stop_requests_are_sent_when_the_evaluator_is_dropped() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 30, 30);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let handle = StopHandle::new();
    let mut started = 0;
    let tuned = Tuner::new()
        .stop_grace_period(Duration::ZERO)
        .stop_handle(&handle)
        .on_progress(|_, progress| {
            started += usize::from(matches!(progress, Progress::Started { .. }));
            if started == 30 {
                handle.cancel();
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::Cancelled { left_running: 30 });
    // The rate limit delays some stop requests; they are sent when the evaluator is dropped.
    drop(evaluator);
    settings.clock.sleep(600 * SECOND);
    let names: Vec<String> = fake.creation_counts().into_keys().collect();
    let mut service = service(&fake);
    assert_eq!(names.len(), 30);
    for name in names {
        assert_eq!(service.describe(&name).unwrap().status, "Stopped", "{name}");
    }
}

#[test]
fn each_trial_has_its_own_checkpoint_folder() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut request = request("trees", 2, 2);
    let config =
        serde_json::json!({"S3Uri": "s3://bucket/checkpoints/", "LocalPath": "/opt/ml/state"});
    request.definition.as_mut().unwrap().checkpoints =
        Some(serde_json::from_value(config).unwrap());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let trial = trial(7, 0.5);
    // Another attempt of a trial resumes from the checkpoints of the first one.
    for attempt in 1..=2 {
        evaluator.start(&Job::new(&trial, attempt)).unwrap();
        let made = fake.request(&training_job_name("trees", 7, attempt)).unwrap();
        let wanted = serde_json::json!({
            "S3Uri": "s3://bucket/checkpoints/trees-007-4e1a1cc6",
            "LocalPath": "/opt/ml/state"
        });
        assert_eq!(made["CheckpointConfig"], wanted);
    }
}
