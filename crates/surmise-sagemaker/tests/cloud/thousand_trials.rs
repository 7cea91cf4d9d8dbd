//! A thousand trials under many faults, with a tuner that is killed halfway.

use std::panic::{AssertUnwindSafe, catch_unwind};

use surmise::pattern::MetricPattern;
use surmise::{EarlyStopping, FailureKind, RetryPolicy, StopReason};
use surmise_sagemaker::SageMakerEvaluator;
use surmise_sagemaker::evaluator::{BilledFor, TrainingReportSource};
use surmise_sagemaker::fake::{Faults, InstanceQuotas, RequestOutcome};
use surmise_sagemaker::training_job_name;

use super::*;

#[test]
fn a_thousand_trials_are_created_exactly_once() {
    let faults = Faults {
        throttled: 0.05,
        lost_replies: 0.02,
        failed_by_service: 0.01,
        ..Default::default()
    };
    let settings = FakeSettings { seed: 5, faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 1000, 10);
    let mut first = study(&request, Vec::new());
    let mut evaluator_before = evaluator(&fake, &settings.clock, &request);
    let rules =
        TuningRules { retries: RetryPolicy::default(), ..rules(&request, &evaluator_before) };
    kill_halfway(rules.clone(), &mut first, &mut evaluator_before);
    drop(evaluator_before);
    settings.clock.sleep(100 * SECOND);

    let mut study = study(&request, first.events().to_vec());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut adopted = 0;
    let tuned = Tuner::with_rules(rules)
        .on_progress(|_, progress| {
            adopted += u32::from(matches!(progress, Progress::Started { adopted: true, .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 1000 });
    assert!(adopted >= 8, "{adopted}");
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));

    assert_created_once(&fake, &study);
    assert_eq!(fake.max_concurrent_jobs(), 10);
    let log = fake.log();
    let count =
        |outcome: &RequestOutcome| log.iter().filter(|entry| entry.outcome == *outcome).count();
    assert!(count(&RequestOutcome::ReplyLost) > 50);
    assert!(count(&RequestOutcome::Refused("ThrottlingException".to_owned())) > 100);
}

/// Returns all faults of the fake that no test excludes, at once.
fn all_faults() -> Faults {
    let hour = 3600 * SECOND;
    Faults {
        throttled: 0.05,
        lost_replies: 0.02,
        lost_requests: 0.02,
        internal_errors: 0.01,
        // Every eight hours there is no reply for twenty minutes. Every ten hours the credentials
        // are expired for half an hour.
        outages: (1..200).map(|n| n * 8 * hour..n * 8 * hour + 1200 * SECOND).collect(),
        expired: (1..160).map(|n| n * 10 * hour..n * 10 * hour + 1800 * SECOND).collect(),
        clock_skew: 2700,
        denied: ["sagemaker:BatchGetMetrics".to_owned()].into(),
        silent: ["DescribeLogStreams".to_owned()].into(),
        creation_lag: 20 * SECOND,
        search_lag: 40 * SECOND,
        metrics_lag: 50 * SECOND,
        quota_before_name: true,
        not_in_region: ["ml.p4d.24xlarge".to_owned()].into(),
        spot_wait: 120 * SECOND,
        interrupted: 0.2,
        failed_by_service: 0.02,
        ..Default::default()
    }
}

/// Returns a request for spot instances of two types, of which the first is not in the region, with
/// checkpoints.
fn request_with_all_options() -> CreateHyperParameterTuningJobRequest {
    let mut request = request("trees", 1000, 20);
    let definition = request.definition.as_mut().unwrap();
    let resources = serde_json::json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(resources).unwrap());
    definition.spot_training = Some(true);
    definition.stopping_condition.max_wait_time_in_seconds = Some(20_000);
    let config = serde_json::json!({"S3Uri": "s3://bucket/checkpoints"});
    definition.checkpoints = Some(serde_json::from_value(config).unwrap());
    request
}

#[test]
fn under_all_faults_each_job_is_created_once_and_the_bill_is_exact() {
    let max_jobs = 14;
    let quotas = InstanceQuotas {
        spot_per_type: [("ml.m5.xlarge".to_owned(), 2 * max_jobs)].into(),
        ..InstanceQuotas::default()
    };
    let settings = FakeSettings {
        seed: 11,
        faults: all_faults(),
        quotas,
        latency: Duration::from_millis(200),
        ..Default::default()
    };
    let fake = fake(&settings);
    let request = request_with_all_options();
    let budget = Duration::from_secs(100_000_000);
    let make = |reports| {
        let jobs = evaluator(&fake, &settings.clock, &request).with_budget(budget);
        jobs.reports_from(reports)
    };
    let mut first = study(&request, Vec::new());
    // The log service does not answer, and the metrics service denies access.
    let mut before = make(TrainingReportSource::Logs(MetricPattern::new("loss:(.*)").unwrap()));
    let rules = TuningRules {
        early_stopping: EarlyStopping::auto(),
        retries: RetryPolicy::default().with_retries(FailureKind::Interrupted, 10),
        ..rules(&request, &before)
    };
    kill_halfway(rules.clone(), &mut first, &mut before);
    let remaining = before.possibly_running();
    assert!((1..=20).contains(&remaining.len()), "{remaining:?}");
    drop(before);
    settings.clock.sleep(100 * SECOND);

    let mut study = study(&request, first.events().to_vec());
    let mut jobs = make(TrainingReportSource::Metrics("loss".to_owned()));
    let tuned = Tuner::with_rules(rules).run(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 1000 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert!(tuned.possibly_running.is_empty());
    let denied = tuned.warnings.iter().filter(|it| it.contains("sagemaker:BatchGetMetrics"));
    assert_eq!(denied.count(), 1, "{:?}", tuned.warnings);

    assert_created_once(&fake, &study);
    assert_eq!(fake.max_concurrent_jobs(), max_jobs);

    // The bill equals that of the fake, including the jobs of the killed tuner.
    let bill = jobs.bill();
    assert_eq!((bill.spent, bill.running), (fake.total_billed_time(), Duration::ZERO));
    assert!(bill.by_outcome[&BilledFor::Adopted].jobs > 400, "{bill}");
    assert!(bill.saved_by_spot > bill.spent, "spot instances cost three tenths: {bill}");
    assert_all_faults_occurred(&fake);
}

/// Asserts that exactly the recorded attempts were created, each one once.
fn assert_created_once(fake: &FakeSageMaker, study: &Study) {
    let mut wanted: Vec<String> = study
        .trials()
        .iter()
        .flat_map(|trial| (1..=trial.attempt()).map(|n| training_job_name("trees", trial.id.0, n)))
        .collect();
    wanted.sort();
    let creations = fake.creation_counts();
    assert!(creations.values().all(|times| *times == 1));
    assert_eq!(creations.into_keys().collect::<Vec<_>>(), wanted);
    assert!(wanted.len() > 1000, "some trials were retried");
}

fn assert_all_faults_occurred(fake: &FakeSageMaker) {
    let log = fake.log();
    let refused = |code: &str| {
        let outcome = RequestOutcome::Refused(code.to_owned());
        log.iter().filter(|entry| entry.outcome == outcome).count()
    };
    for code in [
        "ThrottlingException",
        "ResourceLimitExceeded",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "AccessDeniedException",
    ] {
        assert!(refused(code) > 0, "{code}");
    }
    assert!(log.iter().any(|entry| entry.outcome == RequestOutcome::RequestLost));
}

/// Runs a study until it has 500 trials; then the tuner panics while its jobs continue.
fn kill_halfway(rules: TuningRules, study: &mut Study, jobs: &mut SageMakerEvaluator) {
    let killed = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with_rules(rules)
            .on_progress(|study, progress| {
                let trials = study.trials().len();
                assert!(trials < 500 || !matches!(progress, Progress::Started { .. }), "killed");
                ControlFlow::Continue(())
            })
            .run(study, jobs)
    }));
    assert!(killed.is_err());
}
