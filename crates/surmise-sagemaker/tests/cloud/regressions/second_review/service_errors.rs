//! Lost and refused requests, and running jobs that must not be forgotten.

use super::*;

#[test]
fn a_repeated_creation_also_omits_the_objective_hyperparameter() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 2, 1);
    let mut times = 0;
    let service = HookedService::new(
        &fake,
        move |operation, _, body| {
            if operation != "create" {
                return Reaction::Pass;
            }
            times += 1;
            match times {
                1 => Reaction::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ if body.contains("_tuning_objective_metric") => Reaction::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: unsupported hyperparameter _tuning_objective_metric",
                ),
                _ => Reaction::Pass,
            }
        },
        keep_description,
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    let mut empty = study(&tuning_request, Vec::new());
    let result = Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut empty, &mut jobs);
    let tuned = result.unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 2 });
    assert!(empty.trials().iter().all(|it| it.value().is_some()), "{:?}", empty.trials());
}

#[test]
fn a_refused_stop_is_repeated_or_reported() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let stops = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&stops);
    let service = HookedService::new(
        &fake,
        move |operation, _, _| {
            if operation != "stop" {
                return Reaction::Pass;
            }
            *counted.lock().unwrap() += 1;
            match *counted.lock().unwrap() {
                1 => Reaction::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: The request cannot be carried out now.",
                ),
                _ => Reaction::Pass,
            }
        },
        keep_description,
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    start_job(&mut jobs, 1, 0.4);
    collect_events(&mut jobs, 200 * SECOND);
    jobs.stop(id(1, 1)).unwrap();
    let all = collect_until_ended(&mut jobs, 1);
    let texts = warnings(&all);
    assert!(
        *stops.lock().unwrap() > 1 || !texts.is_empty(),
        "{} stop requests, warnings {texts:?}, outcomes {:?}",
        stops.lock().unwrap(),
        ended(&all)
    );
}

#[test]
fn running_jobs_of_a_finished_tuning_are_stopped_or_named() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 10, 3);
    let events =
        kill_tuner(&fake, &settings.clock, &tuning_request, keep_description, |progress| {
            matches!(progress, Progress::Recorded(Event::Told { .. }))
        });
    let mut resumed = study(&tuning_request, events);
    let running = resumed.pending().count();
    assert!(running >= 1);
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let tuned = Tuner::with_rules(rules(&tuning_request, &jobs))
        .completion(CompletionCriteria::target(100.0))
        .run(&mut resumed, &mut jobs)
        .unwrap();
    assert!(matches!(tuned.reason, StopReason::TargetReached { .. }));
    let stops = fake.log().iter().filter(|it| it.operation == "StopTrainingJob").count();
    assert!(
        stops + tuned.possibly_running.len() >= running,
        "{running} run, {stops} asked to stop, named {:?}",
        tuned.possibly_running
    );
}

#[test]
fn running_jobs_are_followed_even_if_a_retry_exceeds_the_budget() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 10, 2);
    let first = training_job_name("trees", 1, 1);
    let events = kill_tuner(
        &fake,
        &settings.clock,
        &tuning_request,
        move |it| {
            if it["TrainingJobName"] == first.as_str() && !it["TrainingStartTime"].is_null() {
                set_failed(
                    it,
                    "InternalServerError: We encountered an internal error.",
                    Value::Null,
                );
            }
        },
        |progress| matches!(progress, Progress::Retrying { .. }),
    );
    fake.stop_training_job(&training_job_name("trees", 1, 1));
    settings.clock.sleep(130 * SECOND);
    let mut resumed = study(&tuning_request, events);
    let pending: Vec<u64> = resumed.pending().map(|it| it.id.0).collect();
    assert_eq!(pending, [1, 2]);
    assert!(resumed.trials()[1].job_location.is_some());
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request).with_budget(SECOND);
    let tuned =
        Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut resumed, &mut jobs).unwrap();
    assert!(matches!(tuned.reason, StopReason::OutOfBudget { .. }), "{:?}", tuned.reason);
    let is_followed = resumed.trials()[1].outcome.is_some();
    assert!(
        is_followed || !tuned.possibly_running.is_empty(),
        "trial 2 runs: {:?}; named {:?}; {}",
        resumed.trials()[1].job_location,
        tuned.possibly_running,
        jobs.bill()
    );
}

#[allow(clippy::disallowed_methods, reason = "it measures real time")]
#[test]
fn a_job_whose_stop_is_denied_is_followed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let mut times = 0;
    let request_count = Arc::new(Mutex::new(0_u64));
    let count = Arc::clone(&request_count);
    let service = HookedService::new(
        &fake,
        move |operation, _, _| {
            *count.lock().unwrap() += 1;
            match operation {
                "create" => {
                    times += 1;
                    if times == 1 { Reaction::LoseReply } else { Reaction::Pass }
                }
                "stop" => {
                    Reaction::Fail(ServiceErrorKind::AccessDenied, "AccessDeniedException: no")
                }
                _ => Reaction::Pass,
            }
        },
        keep_description,
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    start_job(&mut jobs, 1, 0.4);
    jobs.stop(id(1, 1)).unwrap();
    let until = jobs.elapsed() + 1500 * SECOND;
    let mut all = Vec::new();
    let start = std::time::Instant::now();
    while jobs.elapsed() < until && ended(&all).is_empty() {
        all.extend(jobs.wait(until - jobs.elapsed()).unwrap());
    }
    let real = start.elapsed();
    assert!(
        !ended(&all).is_empty(),
        "after 1500 s: {all:?}; {} requests in {real:?} of real time; {}",
        request_count.lock().unwrap(),
        jobs.bill()
    );
}

#[test]
fn expired_credentials_are_reported_even_after_an_outage() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let clock = settings.clock.clone();
    let service = HookedService::new(
        &fake,
        move |_, _, _| match clock.now().as_secs() {
            100..1000 => Reaction::Fail(ServiceErrorKind::Unreachable, "offline"),
            1000..50_000 => Reaction::Fail(ServiceErrorKind::Credentials, "ExpiredTokenException"),
            _ => Reaction::Pass,
        },
        keep_description,
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    start_job(&mut jobs, 1, 0.4);
    let all = collect_events(&mut jobs, 40_000 * SECOND);
    let texts: Vec<&String> = all
        .iter()
        .filter_map(|it| match it {
            JobEvent::Paused { why } => Some(why),
            _ => None,
        })
        .collect();
    assert!(texts.iter().any(|it| it.contains("redentials")), "{texts:?}");
}

#[test]
fn ended_jobs_are_recorded_before_an_error_ends_the_tuning() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 2, 2);
    let ended_name = Arc::new(Mutex::new(None::<String>));
    let (seen, request_count) = (Arc::clone(&ended_name), Arc::clone(&ended_name));
    let service = HookedService::new(
        &fake,
        move |operation, name, _| match &*request_count.lock().unwrap() {
            Some(ended) if operation == "describe" && name != ended => {
                Reaction::Fail(ServiceErrorKind::AccessDenied, "AccessDeniedException: no")
            }
            _ => Reaction::Pass,
        },
        move |it| {
            if it["TrainingJobStatus"] == "Completed" {
                *seen.lock().unwrap() = it["TrainingJobName"].as_str().map(str::to_owned);
            }
        },
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    let mut study = study(&tuning_request, Vec::new());
    let result = Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut study, &mut jobs);
    let error = result.unwrap_err().to_string();
    let has_ended = study.trials().iter().filter(|it| it.outcome.is_some()).count();
    assert_eq!(has_ended, 1, "{error}");
}

#[test]
fn an_error_names_a_job_with_an_unanswered_creation() {
    for kind in [ServiceErrorKind::AccessDenied, ServiceErrorKind::Credentials] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let tuning_request = request("trees", 1, 1);
        let mut times = 0;
        let service = HookedService::new(
            &fake,
            move |operation, _, _| {
                times += u32::from(operation == "create");
                match times {
                    1 => Reaction::LoseReply,
                    _ => Reaction::Fail(kind, "trouble"),
                }
            },
            keep_description,
        );
        let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
        let mut study = study(&tuning_request, Vec::new());
        let result = Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut study, &mut jobs);
        let error = result.unwrap_err().to_string();
        assert_eq!(fake.creation_counts().len(), 1);
        assert!(error.contains("may still run"), "{kind:?}: {error}");
    }
}

#[test]
fn paths_and_uris_are_no_secrets() {
    for text in [
        "No S3 objects found under S3 URL \
         \"s3://DataBucket1/projects/2024/experimentA/train/part1\" given in input data source.",
        "FileNotFoundError: /opt/ml/input/data/train/Images2024/Fold3/missing.csv",
    ] {
        let texts = ServiceError::new(ServiceErrorKind::Invalid, text).message;
        assert!(!texts.contains("withheld"), "{texts}");
    }
}

#[test]
fn failed_first_jobs_name_running_jobs_of_earlier_calls() {
    // The canary allows one job at a time, but four jobs of a killed call are running.
    let settings = FakeSettings {
        faults: Faults { role_denied: ["s3:PutObject".to_owned()].into(), ..Default::default() },
        ..Default::default()
    };
    let count = std::sync::atomic::AtomicU32::new(0);
    let longer = move |_: &BTreeMap<String, String>| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        FakeTraining::new(SECOND * if number < 2 { 100 } else { 50_000 }).metric("loss", [0.5])
    };
    let fake = FakeSageMaker::start(settings.clone(), longer).unwrap();
    let mut tuning_request = request("trees", 6, 4);
    tuning_request.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds =
        Some(80_000);
    let events =
        kill_tuner(&fake, &settings.clock, &tuning_request, keep_description, |progress| {
            match progress {
                Progress::Recorded(Event::Located { trial, .. }) => trial.0 == 4,
                _ => false,
            }
        });
    let mut resumed = study(&tuning_request, events);
    assert_eq!(resumed.pending().count(), 4);
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let tuning_rules = rules(&tuning_request, &jobs);
    let canary = Some(surmise::Canary::default().one_at_a_time());
    let tuned = Tuner::with_rules(TuningRules { canary, ..tuning_rules })
        .run(&mut resumed, &mut jobs)
        .unwrap();
    let running = fake.creation_counts().len() - fake.billed_seconds().len();
    assert!(
        tuned.possibly_running.len() >= running,
        "{:?}: {running} run, named {:?}",
        tuned.reason,
        tuned.possibly_running
    );
}

#[test]
fn a_refused_search_does_not_end_the_tuning() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 6, 4);
    let mut times = 0;
    let service = HookedService::new(
        &fake,
        move |operation, _, _| {
            times += u32::from(operation == "search");
            match (operation, times) {
                ("search", 3) => Reaction::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: Search is not available at the moment.",
                ),
                _ => Reaction::Pass,
            }
        },
        keep_description,
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    let mut study = study(&tuning_request, Vec::new());
    let result = Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut study, &mut jobs);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
