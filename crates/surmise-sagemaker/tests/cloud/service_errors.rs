//! Errors between evaluator and service that must fail no trial; the numbers are those of
//! docs/faults.md.

use surmise::{FailureKind, StopReason};
use surmise_sagemaker::evaluator::{RateLimit, RateLimits, ServiceErrorKind, TrainingService};
use surmise_sagemaker::fake::{Faults, InstanceQuotas, RequestOutcome};
use surmise_sagemaker::training_job_name;

use super::*;

/// Runs a tuning under faults, and asserts that each trial completes in its first attempt.
fn tune_under_faults(
    settings: &FakeSettings,
    jobs: usize,
    parallel: usize,
) -> (FakeSageMaker, Vec<String>) {
    let fake = fake(settings);
    let request = request("trees", jobs, parallel);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    let (reason, progress_log) = tune(&mut study, &mut evaluator, rules);
    assert_eq!(reason, StopReason::JobLimit { jobs });
    let completed = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert_eq!(completed, jobs);
    assert!(study.trials().iter().all(|trial| trial.attempt() == 1));
    assert!(fake.creation_counts().values().all(|times| *times == 1));
    assert_eq!(fake.creation_counts().len(), jobs);
    assert!(fake.max_concurrent_jobs() <= parallel, "{}", fake.max_concurrent_jobs());
    (fake, progress_log)
}

#[test]
fn fault_14_throttling_fails_no_trial() {
    let faults = Faults { throttled: 0.5, ..Default::default() };
    let (fake, _) = tune_under_faults(&FakeSettings { faults, ..Default::default() }, 20, 4);
    let refused = RequestOutcome::Refused("ThrottlingException".to_owned());
    assert!(fake.log().iter().filter(|entry| entry.outcome == refused).count() > 20);
}

#[test]
fn requests_obey_the_rate_limits() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut rate_limits = RateLimits::default();
    rate_limits.create = RateLimit { per_second: 0.5, burst: 2.0 };
    let mut evaluator =
        evaluator(&fake, &settings.clock, &request("trees", 10, 10)).with_rate_limits(rate_limits);
    for number in 1..=10 {
        start_job(&mut evaluator, number, 0.1 * number as f64);
    }
    collect_until_ended(&mut evaluator, 10);
    let log = fake.log();
    let created: Vec<_> =
        log.iter().filter(|entry| entry.operation == "CreateTrainingJob").map(|e| e.at).collect();
    assert_eq!(created.len(), 10);
    assert_eq!(created[9], 16 * SECOND, "two at once, then one every two seconds: {created:?}");
    // One search covers ten jobs; only ended jobs are described one by one.
    let request_count = |name: &str| log.iter().filter(|entry| entry.operation == name).count();
    assert!((10..=13).contains(&request_count("DescribeTrainingJob")));
    assert!(request_count("Search") > 30);
}

#[test]
fn without_search_permission_jobs_are_described_one_by_one() {
    let denied = ["Search".to_owned()].into();
    let faults = Faults { denied, ..Default::default() };
    let (fake, _) = tune_under_faults(&FakeSettings { faults, ..Default::default() }, 8, 4);
    let searches = fake.log().iter().filter(|entry| entry.operation == "Search").count();
    assert_eq!(searches, 1);
}

#[test]
fn outdated_search_results_delay_outcomes_but_lose_none() {
    let faults = Faults { search_lag: 90 * SECOND, ..Default::default() };
    tune_under_faults(&FakeSettings { faults, ..Default::default() }, 12, 6);
}

#[test]
fn fault_18_lost_replies_and_requests_create_no_duplicates() {
    let faults = Faults { lost_replies: 0.2, lost_requests: 0.2, ..Default::default() };
    let (fake, _) = tune_under_faults(&FakeSettings { faults, ..Default::default() }, 30, 4);
    let log = fake.log();
    let creation_count = |outcome: &RequestOutcome| {
        let creations = log.iter().filter(|entry| entry.operation == "CreateTrainingJob");
        creations.filter(|entry| entry.outcome == *outcome).count()
    };
    assert!(creation_count(&RequestOutcome::ReplyLost) > 0);
    assert!(creation_count(&RequestOutcome::RequestLost) > 0);
    assert!(
        creation_count(&RequestOutcome::Refused("ResourceInUse".to_owned())) > 0,
        "the repeated creation was refused"
    );
}

#[test]
fn internal_errors_of_the_service_are_retried() {
    let faults = Faults { internal_errors: 0.3, ..Default::default() };
    tune_under_faults(&FakeSettings { faults, ..Default::default() }, 20, 4);
}

#[test]
fn a_job_with_an_unknown_creation_can_be_stopped() {
    for faults in [
        Faults { lost_requests: 1.0, ..Default::default() },
        Faults { lost_replies: 1.0, ..Default::default() },
    ] {
        let settings = FakeSettings { faults, ..Default::default() };
        let fake = fake(&settings);
        let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
        assert_eq!(start_job(&mut evaluator, 1, 0.4), StartOutcome::Started, "the job may run");
        fake.set_faults(Faults::default());
        evaluator.stop(id(1, 1)).unwrap();
        assert_eq!(wait_for_outcome(&mut evaluator), Outcome::Stopped { value: None });
        assert!(fake.creation_counts().len() <= 1);
    }
}

#[test]
fn fault_15_an_exhausted_quota_reduces_concurrency() {
    let settings = FakeSettings { quotas: InstanceQuotas::for_all_types(6), ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 30, 8);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    let (reason, progress_log) = tune(&mut study, &mut evaluator, rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 30 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some() && trial.attempt() == 1));
    assert!(progress_log.iter().any(|progress| progress.starts_with("Busy")));
    assert_eq!((fake.max_concurrent_jobs(), evaluator.learned_concurrency_limit()), (3, Some(3)));
    let refused = RequestOutcome::Refused("ResourceLimitExceeded".to_owned());
    let refusals = fake.log().iter().filter(|entry| entry.outcome == refused).count();
    assert!((1..60).contains(&refusals), "the limit is probed rarely: {refusals}");

    // The learned limit is given up once the quota allows more jobs.
    fake.set_quotas(InstanceQuotas::default());
    for number in 100..108 {
        start_job(&mut evaluator, number, 0.5);
    }
    assert_eq!(fake.max_concurrent_jobs(), 8);
}

#[test]
fn without_capacity_the_next_instance_type_is_tried() {
    let no_capacity = ["ml.p4d.24xlarge".to_owned()].into();
    let faults = Faults { no_capacity, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let mut request = request("trees", 6, 2);
    let definition = request.definition.as_mut().unwrap();
    let instances = serde_json::json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(instances).unwrap());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    tune(&mut study, &mut evaluator, rules);
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert_eq!(study.trials()[0].failed_attempts[0].kind, FailureKind::Throttled);
    let second = fake.request(&training_job_name("trees", 1, 2)).unwrap();
    let wanted = serde_json::json!({
        "InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 40
    });
    assert_eq!(second["ResourceConfig"], wanted);
    let creations = fake.creation_counts();
    let first_choice = creations.keys().filter(|name| {
        fake.request(name).unwrap()["ResourceConfig"]["InstanceType"] == "ml.p4d.24xlarge"
    });
    assert!(
        (2..=4).contains(&first_choice.count()),
        "the first type is tried again after half an hour only"
    );
}

#[test]
fn without_any_capacity_trials_wait() {
    let no_capacity = || ["ml.m5.xlarge".to_owned()].into();
    let faults = Faults { no_capacity: no_capacity(), ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 4, 4);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let mut refused = 0;
    let rules = rules(&request, &evaluator);
    Tuner::with_rules(rules)
        .on_progress(|_, progress| {
            if matches!(progress, Progress::Retrying { .. }) {
                refused += 1;
                if refused == 10 {
                    fake.set_faults(Faults::default());
                }
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)
        .unwrap();
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert!(fake.creation_counts().values().all(|times| *times == 1));
}

#[test]
fn fault_17_expired_credentials_pause_the_tuning_and_new_ones_resume_it() {
    let expired = vec![1000 * SECOND..9000 * SECOND];
    let faults = Faults { expired, ..Default::default() };
    let (fake, progress_log) =
        tune_under_faults(&FakeSettings { faults, ..Default::default() }, 12, 3);
    let at = |what: &str| progress_log.iter().position(|progress| progress.starts_with(what));
    let (paused, resumed) = (at("Paused").unwrap(), at("Resumed").unwrap());
    assert!(paused < resumed);
    assert!(progress_log[paused].contains("renew them"), "{}", progress_log[paused]);
    assert!(!progress_log[paused..resumed].iter().any(|progress| progress.starts_with("Started")));
    assert!(fake.now() > 9000 * SECOND);
}

#[test]
fn credentials_that_are_invalid_from_the_start_are_an_error() {
    let expired = vec![Duration::ZERO..9000 * SECOND];
    let faults = Faults { expired, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    let error = evaluator.start(&Job::new(&trial(1, 0.5), 1)).unwrap_err();
    assert!(error.reason.contains("no valid credentials"), "{error}");
}

#[test]
fn fault_16_a_network_outage_is_reported_and_fails_no_trial() {
    let outages = vec![500 * SECOND..4000 * SECOND];
    let faults = Faults { outages, ..Default::default() };
    let (fake, progress_log) =
        tune_under_faults(&FakeSettings { faults, ..Default::default() }, 12, 3);
    assert_eq!(progress_log.iter().filter(|progress| progress.starts_with("Paused")).count(), 1);
    assert_eq!(progress_log.iter().filter(|progress| progress.starts_with("Resumed")).count(), 1);
    let lost_requests =
        fake.log().iter().filter(|entry| entry.outcome == RequestOutcome::RequestLost).count();
    assert!(lost_requests < 120, "requests come at growing intervals: {lost_requests}");
}

#[test]
fn an_outage_before_the_first_request_is_survived() {
    // No job runs that could be polled, so that requests only serve to detect the end of the
    // outage.
    let outages = vec![Duration::ZERO..500 * SECOND];
    let faults = Faults { outages, ..Default::default() };
    tune_under_faults(&FakeSettings { faults, ..Default::default() }, 4, 2);
}

#[test]
fn after_a_restart_own_jobs_are_adopted_and_foreign_jobs_refused() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start_job(&mut first, 1, 0.4), StartOutcome::Started);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start_job(&mut second, 1, 0.4), StartOutcome::Adopted);
    assert!(matches!(wait_for_outcome(&mut second), Outcome::Completed { .. }));
    assert_eq!(fake.creation_counts().values().sum::<usize>(), 1);

    // A job of another tuning has the same name and another rate.
    let mut other = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start_job(&mut other, 1, 0.9), StartOutcome::Adopted);
    let error = other.wait(60 * SECOND).unwrap_err();
    assert!(error.reason.contains("choose another name"), "{error}");
    assert!(
        error.reason.contains(
            "HyperParameters.rate is \"0.4\" in the existing job and \"0.9\" in the request"
        ),
        "{error}"
    );
}

#[test]
fn permanent_refusals_are_errors_with_a_remedy() {
    let denied = ["CreateTrainingJob".to_owned()].into();
    let faults = Faults { denied, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 1, 1);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let error = evaluator.start(&Job::new(&trial(1, 0.5), 1)).unwrap_err();
    assert!(error.reason.contains("sagemaker:CreateTrainingJob"), "{error}");
    assert!(
        error.reason.contains("line 7 of crates/surmise-sagemaker/docs/caller_policy.json"),
        "{error}"
    );
    let missing = service(&fake).describe("nothing").unwrap_err();
    assert_eq!(missing.kind, ServiceErrorKind::NotFound);
}

#[test]
fn a_new_role_is_waited_for() {
    let faults = Faults { role_unknown_until: 60 * SECOND, ..Default::default() };
    tune_under_faults(&FakeSettings { faults, ..Default::default() }, 3, 2);
    let faults = Faults { role_unknown_until: 9000 * SECOND, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 3, 2);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let error = Tuner::new().run(&mut study, &mut evaluator).unwrap_err();
    assert!(error.to_string().contains("Could not assume role"), "{error}");
}

#[test]
fn with_a_retry_strategy_the_service_retries_and_the_tuner_does_not() {
    let settings = FakeSettings {
        faults: Faults { failed_by_service: 1.0, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let mut request = request("trees", 2, 1);
    let strategy = serde_json::from_value(serde_json::json!({"MaximumRetryAttempts": 3})).unwrap();
    request.definition.as_mut().unwrap().retry_strategy = Some(strategy);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    assert_eq!(rules.job_timeout, None, "the service enforces the time limit");
    tune(&mut study, &mut evaluator, rules);
    assert!(study.trials().iter().all(|trial| trial.attempt() == 1));
    let made = fake.request(&training_job_name("trees", 1, 1)).unwrap();
    assert_eq!(made["RetryStrategy"]["MaximumRetryAttempts"], 3);

    // Without a retry strategy the tuner retries.
    request.definition.as_mut().unwrap().retry_strategy = None;
    request.name = "again".to_owned();
    let mut evaluator = super::evaluator(&fake, &settings.clock, &request);
    let mut study = super::study(&request, Vec::new());
    let rules = super::rules(&request, &evaluator);
    tune(&mut study, &mut evaluator, rules);
    assert!(study.trials().iter().all(|trial| trial.attempt() == 4));
}

#[test]
fn a_quota_of_zero_is_an_error() {
    let settings = FakeSettings { quotas: InstanceQuotas::for_all_types(0), ..Default::default() };
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    let error = evaluator.start(&Job::new(&trial(1, 0.5), 1)).unwrap_err();
    assert!(error.reason.contains("request a higher quota"), "{error}");
}

#[test]
fn existing_jobs_are_adopted_even_if_the_quota_is_checked_first() {
    let faults = Faults { quota_before_name: true, ..Default::default() };
    let settings =
        FakeSettings { faults, quotas: InstanceQuotas::for_all_types(4), ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 2, 2);
    let mut first = evaluator(&fake, &settings.clock, &request);
    start_job(&mut first, 1, 0.4);
    start_job(&mut first, 2, 0.6);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &request);
    let trial = trial(1, 0.4);
    assert_eq!(second.start(&Job::new(&trial, 1)).unwrap(), StartOutcome::Adopted);
    assert_eq!(start_job(&mut second, 2, 0.6), StartOutcome::Adopted);
    collect_until_ended(&mut second, 2);
}

#[test]
fn jobs_that_appear_late_are_not_considered_missing() {
    let faults = Faults {
        creation_lag: 60 * SECOND,
        search_lag: 60 * SECOND,
        lost_replies: 0.2,
        ..Default::default()
    };
    tune_under_faults(&FakeSettings { faults, ..Default::default() }, 12, 4);
}

#[test]
fn a_tuning_resumes_from_the_service_alone() {
    // Under a fixed lag the proposals follow from the seed, so that the jobs of both runs have the
    // same names and hyperparameters.
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 20, 3);
    let new_study = || {
        let tuning = request.tuning().unwrap();
        let order = surmise::Order::FixedLag(3);
        let settings =
            StudySettings { seed: 7, order, limits: tuning.limits, ..Default::default() };
        let strategy = surmise::BayesianOptimization::default();
        Study::new(tuning.space, tuning.objective, strategy, settings).unwrap()
    };
    let mut first = evaluator(&fake, &settings.clock, &request);
    let mut completed = 0;
    let mut study = new_study();
    Tuner::new()
        .on_progress(|_, progress| {
            completed += usize::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
            if completed < 11 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .run(&mut study, &mut first)
        .unwrap();
    let before = fake.creation_counts().len();
    assert!((11..20).contains(&before));
    drop(first);

    let mut second = evaluator(&fake, &settings.clock, &request);
    let mut study = new_study();
    let rules = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 20 });
    let completed = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert!(completed >= 17, "all but the stopped trials completed: {completed}");
    assert_eq!(fake.creation_counts().len(), 20, "no job was created twice");
}

#[test]
fn slow_requests_only_cause_delay() {
    let faults = Faults { throttled: 0.1, lost_replies: 0.1, ..Default::default() };
    let settings = FakeSettings { faults, latency: 3 * SECOND, ..Default::default() };
    tune_under_faults(&settings, 12, 4);
}
