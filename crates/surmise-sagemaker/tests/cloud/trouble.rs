//! What goes wrong between the evaluator and the service, and fails no trial. Numbers are those of the usual table of faults.

use surmise::{FailureKind, StopReason};
use surmise_sagemaker::evaluator::{Pace, Rate, ServiceErrorKind, TrainingService};
use surmise_sagemaker::fake::{Fate, Faults, InstanceQuotas};
use surmise_sagemaker::training_job_name;

use super::*;

/// Runs a tuning under faults; none of its trials may have failed.
fn survives(settings: &FakeSettings, jobs: usize, parallel: usize) -> (FakeSageMaker, Vec<String>) {
    let fake = fake(settings);
    let request = request("trees", jobs, parallel);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    let (reason, told) = tune(&mut study, &mut evaluator, rules);
    assert_eq!(reason, StopReason::JobLimit { jobs });
    let completed = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert_eq!(completed, jobs);
    assert!(study.trials().iter().all(|trial| trial.attempt() == 1));
    assert!(fake.creations().values().all(|times| *times == 1));
    assert_eq!(fake.creations().len(), jobs);
    assert!(fake.most_at_once() <= parallel, "{}", fake.most_at_once());
    (fake, told)
}

#[test]
fn fault_14_throttling_fails_no_trial() {
    let faults = Faults { throttled: 0.5, ..Default::default() };
    let (fake, _) = survives(&FakeSettings { faults, ..Default::default() }, 20, 4);
    let refused = Fate::Refused("ThrottlingException".to_owned());
    assert!(fake.log().iter().filter(|entry| entry.fate == refused).count() > 20);
}

#[test]
fn requests_keep_the_pace() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut pace = Pace::default();
    pace.create = Rate { per_second: 0.5, burst: 2.0 };
    let mut evaluator =
        evaluator(&fake, &settings.clock, &request("trees", 10, 10)).with_pace(pace);
    for number in 1..=10 {
        start(&mut evaluator, number, 0.1 * number as f64);
    }
    ends(&mut evaluator, 10);
    let log = fake.log();
    let created: Vec<_> =
        log.iter().filter(|entry| entry.operation == "CreateTrainingJob").map(|e| e.at).collect();
    assert_eq!(created.len(), 10);
    assert_eq!(created[9], 16 * SECOND, "two at once, then one every two seconds: {created:?}");
    // Ten jobs are looked at by one question; only their ends are looked at one by one.
    let asked = |name: &str| log.iter().filter(|entry| entry.operation == name).count();
    assert!((10..=13).contains(&asked("DescribeTrainingJob")));
    assert!(asked("Search") > 30);
}

#[test]
fn without_the_right_to_search_jobs_are_looked_at_one_by_one() {
    let denied = ["Search".to_owned()].into();
    let faults = Faults { denied, ..Default::default() };
    let (fake, _) = survives(&FakeSettings { faults, ..Default::default() }, 8, 4);
    let searches = fake.log().iter().filter(|entry| entry.operation == "Search").count();
    assert_eq!(searches, 1);
}

#[test]
fn searches_that_are_behind_delay_ends_and_lose_none() {
    let faults = Faults { search_lag: 90 * SECOND, ..Default::default() };
    survives(&FakeSettings { faults, ..Default::default() }, 12, 6);
}

#[test]
fn fault_18_lost_replies_and_lost_requests_double_nothing() {
    let faults = Faults { lost_replies: 0.2, lost_requests: 0.2, ..Default::default() };
    let (fake, _) = survives(&FakeSettings { faults, ..Default::default() }, 30, 4);
    let log = fake.log();
    let lost = |fate: &Fate| {
        let of_creations = log.iter().filter(|entry| entry.operation == "CreateTrainingJob");
        of_creations.filter(|entry| entry.fate == *fate).count()
    };
    assert!(lost(&Fate::ReplyLost) > 0 && lost(&Fate::RequestLost) > 0);
    assert!(lost(&Fate::Refused("ResourceInUse".to_owned())) > 0, "asked again, and known");
}

#[test]
fn errors_of_the_service_are_taken_for_silence() {
    let faults = Faults { internal_errors: 0.3, ..Default::default() };
    survives(&FakeSettings { faults, ..Default::default() }, 20, 4);
}

#[test]
fn a_job_that_may_or_may_not_have_been_made_can_be_stopped() {
    for faults in [
        Faults { lost_requests: 1.0, ..Default::default() },
        Faults { lost_replies: 1.0, ..Default::default() },
    ] {
        let settings = FakeSettings { faults, ..Default::default() };
        let fake = fake(&settings);
        let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
        assert_eq!(start(&mut evaluator, 1, 0.4), Start::Started, "it may run");
        fake.set_faults(Faults::default());
        evaluator.stop(id(1, 1)).unwrap();
        assert_eq!(outcome(&mut evaluator), Outcome::Stopped { value: None });
        assert!(fake.creations().len() <= 1);
    }
}

#[test]
fn fault_15_a_quota_that_is_used_up_makes_busy_and_fewer_at_once() {
    let settings = FakeSettings { quotas: InstanceQuotas::in_all(6), ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 30, 8);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    let (reason, told) = tune(&mut study, &mut evaluator, rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 30 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some() && trial.attempt() == 1));
    assert!(told.iter().any(|progress| progress.starts_with("Busy")));
    assert_eq!((fake.most_at_once(), evaluator.learned_limit()), (3, Some(3)));
    let refused = Fate::Refused("ResourceLimitExceeded".to_owned());
    let refusals = fake.log().iter().filter(|entry| entry.fate == refused).count();
    assert!((1..60).contains(&refusals), "it is tried now and then, not all the time: {refusals}");

    // What was learnt is forgotten when there is room again.
    fake.set_quotas(InstanceQuotas::default());
    for number in 100..108 {
        start(&mut evaluator, number, 0.5);
    }
    assert_eq!(fake.most_at_once(), 8);
}

#[test]
fn where_there_are_no_machines_others_are_asked_for_and_the_trial_goes_on() {
    let no_capacity = ["ml.p4d.24xlarge".to_owned()].into();
    let faults = Faults { no_capacity, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let mut request = request("trees", 6, 2);
    let definition = request.definition.as_mut().unwrap();
    let machines = serde_json::json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(machines).unwrap());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    tune(&mut study, &mut evaluator, rules);
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert_eq!(study.trials()[0].failed_attempts[0].kind, FailureKind::Throttled);
    let second = fake.request(&training_job_name("trees", 1, 2)).unwrap();
    let wanted = serde_json::json!({"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 40});
    assert_eq!(second["ResourceConfig"], wanted);
    let creations = fake.creations();
    let first_choice = creations.keys().filter(|name| {
        fake.request(name).unwrap()["ResourceConfig"]["InstanceType"] == "ml.p4d.24xlarge"
    });
    assert!((2..=4).contains(&first_choice.count()), "it is tried again after half an hour only");
}

#[test]
fn where_there_are_no_machines_at_all_trials_wait_for_them() {
    let no_capacity = || ["ml.m5.xlarge".to_owned()].into();
    let faults = Faults { no_capacity: no_capacity(), ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 4, 4);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let mut refused = 0;
    let rules = rules(&request, &evaluator);
    Tuner::with(rules)
        .observe(|_, progress| {
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
    assert!(fake.creations().values().all(|times| *times == 1));
}

#[test]
fn fault_17_expired_credentials_pause_the_tuning_and_new_ones_resume_it() {
    let expired = vec![1000 * SECOND..9000 * SECOND];
    let faults = Faults { expired, ..Default::default() };
    let (fake, told) = survives(&FakeSettings { faults, ..Default::default() }, 12, 3);
    let at = |what: &str| told.iter().position(|progress| progress.starts_with(what));
    let (paused, resumed) = (at("Paused").unwrap(), at("Resumed").unwrap());
    assert!(paused < resumed);
    assert!(told[paused].contains("renew them"), "{}", told[paused]);
    assert!(!told[paused..resumed].iter().any(|progress| progress.starts_with("Started")));
    assert!(fake.now() > 9000 * SECOND);
}

#[test]
fn credentials_that_never_were_valid_are_an_error() {
    let expired = vec![Duration::ZERO..9000 * SECOND];
    let faults = Faults { expired, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    let error = evaluator.start(&Job::new(&trial(1, 0.5), 1)).unwrap_err();
    assert!(error.reason.contains("no valid credentials"), "{error}");
}

#[test]
fn fault_16_a_network_that_is_down_is_told_and_fails_nothing() {
    let outages = vec![500 * SECOND..4000 * SECOND];
    let faults = Faults { outages, ..Default::default() };
    let (fake, told) = survives(&FakeSettings { faults, ..Default::default() }, 12, 3);
    assert_eq!(told.iter().filter(|progress| progress.starts_with("Paused")).count(), 1);
    assert_eq!(told.iter().filter(|progress| progress.starts_with("Resumed")).count(), 1);
    let lost = fake.log().iter().filter(|entry| entry.fate == Fate::RequestLost).count();
    assert!(lost < 120, "it is asked at growing intervals: {lost}");
}

#[test]
fn a_line_that_is_cut_before_anything_was_asked_is_found_again() {
    // Nothing runs that could be looked at: it is asked for no other reason than to learn of the end.
    let outages = vec![Duration::ZERO..500 * SECOND];
    let faults = Faults { outages, ..Default::default() };
    survives(&FakeSettings { faults, ..Default::default() }, 4, 2);
}

#[test]
fn after_a_restart_jobs_are_adopted_and_those_of_others_are_not() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start(&mut first, 1, 0.4), Start::Started);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start(&mut second, 1, 0.4), Start::Adopted);
    assert!(matches!(outcome(&mut second), Outcome::Completed { .. }));
    assert_eq!(fake.creations().values().sum::<usize>(), 1);

    // Another tuning job of the same name: its job has the name, and another rate.
    let mut stranger = evaluator(&fake, &settings.clock, &request);
    assert_eq!(start(&mut stranger, 1, 0.9), Start::Adopted);
    let error = stranger.wait(60 * SECOND).unwrap_err();
    assert!(error.reason.contains("give this one another name"), "{error}");
    assert!(
        error.reason.contains("HyperParameters.rate is \"0.4\" there, \"0.9\" here"),
        "{error}"
    );
}

#[test]
fn what_is_refused_for_good_is_an_error_that_says_what_to_do() {
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
    assert_eq!(missing.kind, ServiceErrorKind::Missing);
}

#[test]
fn a_role_that_has_just_been_made_is_waited_for() {
    let faults = Faults { role_unknown_until: 60 * SECOND, ..Default::default() };
    survives(&FakeSettings { faults, ..Default::default() }, 3, 2);
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
fn the_service_retries_within_a_job_as_the_request_says_and_the_tuner_does_not() {
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
    assert_eq!(rules.job_deadline, None, "the service keeps the time");
    tune(&mut study, &mut evaluator, rules);
    assert!(study.trials().iter().all(|trial| trial.attempt() == 1));
    let made = fake.request(&training_job_name("trees", 1, 1)).unwrap();
    assert_eq!(made["RetryStrategy"]["MaximumRetryAttempts"], 3);

    // Without one it is for the tuner.
    request.definition.as_mut().unwrap().retry_strategy = None;
    request.name = "again".to_owned();
    let mut evaluator = super::evaluator(&fake, &settings.clock, &request);
    let mut study = super::study(&request, Vec::new());
    let rules = super::rules(&request, &evaluator);
    tune(&mut study, &mut evaluator, rules);
    assert!(study.trials().iter().all(|trial| trial.attempt() == 4));
}

#[test]
fn a_quota_of_nothing_is_an_error() {
    let settings = FakeSettings { quotas: InstanceQuotas::in_all(0), ..Default::default() };
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    let error = evaluator.start(&Job::new(&trial(1, 0.5), 1)).unwrap_err();
    assert!(error.reason.contains("ask for a higher quota"), "{error}");
}

#[test]
fn a_quota_that_hides_what_is_there_is_seen_through() {
    let faults = Faults { quota_before_name: true, ..Default::default() };
    let settings = FakeSettings { faults, quotas: InstanceQuotas::in_all(4), ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 2, 2);
    let mut first = evaluator(&fake, &settings.clock, &request);
    start(&mut first, 1, 0.4);
    start(&mut first, 2, 0.6);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &request);
    let known = trial(1, 0.4);
    assert_eq!(second.start(&Job::new(&known, 1)).unwrap(), Start::Adopted);
    assert_eq!(start(&mut second, 2, 0.6), Start::Adopted);
    ends(&mut second, 2);
}

#[test]
fn jobs_that_are_not_known_at_once_are_not_taken_for_missing() {
    let faults = Faults {
        creation_lag: 60 * SECOND,
        search_lag: 60 * SECOND,
        lost_replies: 0.2,
        ..Default::default()
    };
    survives(&FakeSettings { faults, ..Default::default() }, 12, 4);
}

#[test]
fn a_tuning_is_resumed_from_the_service_alone() {
    // Under a fixed lag the same seed proposes the same, whatever the pace: names and hyperparameters are those of before.
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 20, 3);
    let again = || {
        let tuning = request.tuning().unwrap();
        let order = surmise::Order::FixedLag(3);
        let settings =
            StudySettings { seed: 7, order, limits: tuning.limits, ..Default::default() };
        let strategy = surmise::BayesianOptimization::default();
        Study::new(tuning.space, tuning.objective, strategy, settings).unwrap()
    };
    let mut first = evaluator(&fake, &settings.clock, &request);
    let mut completed = 0;
    let mut study = again();
    Tuner::new()
        .observe(|_, progress| {
            completed += usize::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
            if completed < 11 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .run(&mut study, &mut first)
        .unwrap();
    let before = fake.creations().len();
    assert!((11..20).contains(&before));
    drop(first);

    let mut second = evaluator(&fake, &settings.clock, &request);
    let mut study = again();
    let rules = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 20 });
    let told = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert!(told >= 17, "all but those that were stopped: {told}");
    assert_eq!(fake.creations().len(), 20, "none was made again");
}

#[test]
fn requests_that_take_their_time_only_delay() {
    let faults = Faults { throttled: 0.1, lost_replies: 0.1, ..Default::default() };
    let settings = FakeSettings { faults, latency: 3 * SECOND, ..Default::default() };
    survives(&settings, 12, 4);
}
