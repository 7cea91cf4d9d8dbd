//! A thousand trials, with everything going wrong at once, and the tuner killed in the middle.

use std::panic::{AssertUnwindSafe, catch_unwind};

use surmise::pattern::MetricPattern;
use surmise::{EarlyStopping, FailureKind, RetryPolicy, StopReason};
use surmise_sagemaker::SageMakerEvaluator;
use surmise_sagemaker::evaluator::{BilledFor, TrainingReports};
use surmise_sagemaker::fake::{Fate, Faults, InstanceQuotas};
use surmise_sagemaker::training_job_name;

use super::*;

#[test]
fn a_thousand_trials_are_created_exactly_once_each() {
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
    kill_half_way(rules.clone(), &mut first, &mut evaluator_before);
    drop(evaluator_before);
    settings.clock.sleep(100 * SECOND);

    let mut study = study(&request, first.events().to_vec());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut adopted = 0;
    let tuned = Tuner::with(rules)
        .observe(|_, progress| {
            adopted += u32::from(matches!(progress, Progress::Started { adopted: true, .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 1000 });
    assert!(adopted >= 8, "{adopted}");
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));

    // Each attempt once, and nothing else; never more at any instant than there may be.
    let mut wanted: Vec<String> = study
        .trials()
        .iter()
        .flat_map(|trial| (1..=trial.attempt()).map(|n| training_job_name("trees", trial.id.0, n)))
        .collect();
    wanted.sort();
    let creations = fake.creations();
    assert!(creations.values().all(|times| *times == 1));
    let mut made: Vec<String> = creations.into_keys().collect();
    made.sort();
    assert_eq!(made, wanted);
    assert!(wanted.len() > 1000, "some were tried again");
    assert_eq!(fake.most_at_once(), 10);
    let log = fake.log();
    let count = |fate: &Fate| log.iter().filter(|entry| entry.fate == *fate).count();
    assert!(count(&Fate::ReplyLost) > 50);
    assert!(count(&Fate::Refused("ThrottlingException".to_owned())) > 100);
}

/// What goes wrong, all at once.
fn everything() -> Faults {
    let hour = 3600 * SECOND;
    Faults {
        throttled: 0.05,
        lost_replies: 0.02,
        lost_requests: 0.02,
        internal_errors: 0.01,
        // Nobody answers for twenty minutes, every eight hours; every ten, credentials expire for half an hour.
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
        spot_waits: 120 * SECOND,
        interrupted: 0.2,
        failed_by_service: 0.02,
        ..Default::default()
    }
}

/// Spot instances of two types, of which the first is not in the region, with checkpoints.
fn everything_that_can_be_asked_for() -> CreateHyperParameterTuningJobRequest {
    let mut request = request("trees", 1000, 20);
    let definition = request.definition.as_mut().unwrap();
    let machines = serde_json::json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(machines).unwrap());
    definition.spot_training = Some(true);
    definition.stopping_condition.max_wait_time_in_seconds = Some(20_000);
    let config = serde_json::json!({"S3Uri": "s3://bucket/checkpoints"});
    definition.checkpoints = Some(serde_json::from_value(config).unwrap());
    request
}

#[test]
fn with_all_faults_at_once_each_job_is_made_once_and_the_bill_is_right_to_the_second() {
    let places = 14;
    let quotas = InstanceQuotas {
        spot_of_type: [("ml.m5.xlarge".to_owned(), 2 * places)].into(),
        ..InstanceQuotas::default()
    };
    let settings = FakeSettings {
        seed: 11,
        faults: everything(),
        quotas,
        latency: Duration::from_millis(200),
        ..Default::default()
    };
    let fake = fake(&settings);
    let request = everything_that_can_be_asked_for();
    let budget = Duration::from_secs(100_000_000);
    let make = |reports| {
        let jobs = evaluator(&fake, &settings.clock, &request).with_budget(budget);
        jobs.reports_from(reports)
    };
    let mut first = study(&request, Vec::new());
    // Logs are silent, and metrics denied.
    let mut before = make(TrainingReports::Logs(MetricPattern::new("loss:(.*)").unwrap()));
    let rules = TuningRules {
        early_stopping: EarlyStopping::auto(),
        retries: RetryPolicy::default().with(FailureKind::Interrupted, 10),
        ..rules(&request, &before)
    };
    kill_half_way(rules.clone(), &mut first, &mut before);
    let left = before.may_still_run();
    assert!((1..=20).contains(&left.len()), "{left:?}");
    drop(before);
    settings.clock.sleep(100 * SECOND);

    let mut study = study(&request, first.events().to_vec());
    let mut jobs = make(TrainingReports::Metrics("loss".to_owned()));
    let tuned = Tuner::with(rules).run(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 1000 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert!(tuned.may_still_run.is_empty());
    let denied = tuned.warnings.iter().filter(|it| it.contains("sagemaker:BatchGetMetrics"));
    assert_eq!(denied.count(), 1, "{:?}", tuned.warnings);

    each_was_made_once(&fake, &study);
    assert_eq!(fake.most_at_once(), places);

    // The bill is the fake's, those jobs included that the first tuner left behind.
    let bill = jobs.bill();
    assert_eq!((bill.spent, bill.running), (fake.billed(), Duration::ZERO));
    assert!(bill.by_outcome[&BilledFor::Adopted].jobs > 400, "{bill}");
    assert!(bill.saved_by_spot > bill.spent, "seven tenths are off: {bill}");
    everything_went_wrong(&fake);
}

/// Each attempt was made once, and nothing else.
fn each_was_made_once(fake: &FakeSageMaker, study: &Study) {
    let mut wanted: Vec<String> = study
        .trials()
        .iter()
        .flat_map(|trial| (1..=trial.attempt()).map(|n| training_job_name("trees", trial.id.0, n)))
        .collect();
    wanted.sort();
    let creations = fake.creations();
    assert!(creations.values().all(|times| *times == 1));
    assert_eq!(creations.into_keys().collect::<Vec<_>>(), wanted);
    assert!(wanted.len() > 1000, "some were tried again");
}

fn everything_went_wrong(fake: &FakeSageMaker) {
    let log = fake.log();
    let refused = |code: &str| {
        let fate = Fate::Refused(code.to_owned());
        log.iter().filter(|entry| entry.fate == fate).count()
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
    assert!(log.iter().any(|entry| entry.fate == Fate::RequestLost));
}

/// Runs a study until it has 500 trials: there the tuner is killed in the middle of things, and its jobs go on.
fn kill_half_way(rules: TuningRules, study: &mut Study, jobs: &mut SageMakerEvaluator) {
    let killed = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with(rules)
            .observe(|study, progress| {
                let begun = study.trials().len();
                assert!(begun < 500 || !matches!(progress, Progress::Started { .. }), "killed");
                ControlFlow::Continue(())
            })
            .run(study, jobs)
    }));
    assert!(killed.is_err());
}
