//! Requests that are lost or refused, and jobs that nobody looks at any more.

use super::*;

#[test]
fn the_objective_hyperparameter_is_left_out_of_a_lost_creation_too() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 1);
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, _, body| {
            if op != "create" {
                return Do::Pass;
            }
            times += 1;
            match times {
                1 => Do::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ if body.contains("_tuning_objective_metric") => Do::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: unsupported hyperparameter _tuning_objective_metric",
                ),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut empty = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut empty, &mut jobs);
    let tuned = result.unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 2 });
    assert!(empty.trials().iter().all(|it| it.value().is_some()), "{:?}", empty.trials());
}

#[test]
fn a_stop_that_is_refused_once_is_asked_again_or_told() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let stops = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&stops);
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            if op != "stop" {
                return Do::Pass;
            }
            *counted.lock().unwrap() += 1;
            match *counted.lock().unwrap() {
                1 => Do::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: The request cannot be carried out now.",
                ),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    start(&mut jobs, 1, 0.4);
    events(&mut jobs, 200 * SECOND);
    jobs.stop(id(1, 1)).unwrap();
    let all = ends(&mut jobs, 1);
    let told = warnings(&all);
    assert!(
        *stops.lock().unwrap() > 1 || !told.is_empty(),
        "asked {} times, told {told:?}, ended {:?}",
        stops.lock().unwrap(),
        ended(&all)
    );
}

#[test]
fn jobs_of_before_are_stopped_or_named_where_a_tuning_is_over_at_once() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 10, 3);
    let ledger = killed(&fake, &settings.clock, &own, nothing, |progress| {
        matches!(progress, Progress::Recorded(Event::Told { .. }))
    });
    let mut again = study(&own, ledger);
    let running = again.pending().count();
    assert!(running >= 1);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let tuned = Tuner::with(rules(&own, &jobs))
        .completion(CompletionCriteria::target(100.0))
        .run(&mut again, &mut jobs)
        .unwrap();
    assert!(matches!(tuned.reason, StopReason::TargetReached { .. }));
    let stops = fake.log().iter().filter(|it| it.operation == "StopTrainingJob").count();
    assert!(
        stops + tuned.may_still_run.len() >= running,
        "{running} run, {stops} asked to stop, named {:?}",
        tuned.may_still_run
    );
}

#[test]
fn jobs_of_before_are_followed_though_a_retry_before_them_cannot_be_paid() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 10, 2);
    let first = training_job_name("trees", 1, 1);
    let ledger = killed(
        &fake,
        &settings.clock,
        &own,
        move |it| {
            if it["TrainingJobName"] == first.as_str() && !it["TrainingStartTime"].is_null() {
                failed(it, "InternalServerError: We encountered an internal error.", Value::Null);
            }
        },
        |progress| matches!(progress, Progress::Retrying { .. }),
    );
    fake.stop_training_job(&training_job_name("trees", 1, 1));
    settings.clock.sleep(130 * SECOND);
    let mut again = study(&own, ledger);
    let pending: Vec<u64> = again.pending().map(|it| it.id.0).collect();
    assert_eq!(pending, [1, 2]);
    assert!(again.trials()[1].place.is_some());
    let mut jobs = evaluator(&fake, &settings.clock, &own).with_budget(SECOND);
    let tuned = Tuner::with(rules(&own, &jobs)).run(&mut again, &mut jobs).unwrap();
    assert!(matches!(tuned.reason, StopReason::OutOfBudget { .. }), "{:?}", tuned.reason);
    let is_followed = again.trials()[1].outcome.is_some();
    assert!(
        is_followed || !tuned.may_still_run.is_empty(),
        "trial 2 runs: {:?}; named {:?}; {}",
        again.trials()[1].place,
        tuned.may_still_run,
        jobs.bill()
    );
}

#[allow(clippy::disallowed_methods, reason = "it is about time that people wait")]
#[test]
fn a_lost_job_that_may_not_be_stopped_is_followed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut times = 0;
    let asked = Arc::new(Mutex::new(0_u64));
    let count = Arc::clone(&asked);
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            *count.lock().unwrap() += 1;
            match op {
                "create" => {
                    times += 1;
                    if times == 1 { Do::Lose } else { Do::Pass }
                }
                "stop" => Do::Fail(ServiceErrorKind::Denied, "AccessDeniedException: no"),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    start(&mut jobs, 1, 0.4);
    jobs.stop(id(1, 1)).unwrap();
    let until = jobs.elapsed() + 1500 * SECOND;
    let mut all = Vec::new();
    let begun = std::time::Instant::now();
    while jobs.elapsed() < until && ended(&all).is_empty() {
        all.extend(jobs.wait(until - jobs.elapsed()).unwrap());
    }
    let real = begun.elapsed();
    assert!(
        !ended(&all).is_empty(),
        "after 1500 s: {all:?}; {} requests; {real:?} of real time; {}",
        asked.lock().unwrap(),
        jobs.bill()
    );
}

#[test]
fn who_is_to_renew_credentials_hears_of_it_though_there_was_an_outage_before() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let clock = settings.clock.clone();
    let service = Hooked::of(
        &fake,
        move |_, _, _| match clock.now().as_secs() {
            100..1000 => Do::Fail(ServiceErrorKind::Unreachable, "offline"),
            1000..50_000 => Do::Fail(ServiceErrorKind::Credentials, "ExpiredTokenException"),
            _ => Do::Pass,
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    start(&mut jobs, 1, 0.4);
    let all = events(&mut jobs, 40_000 * SECOND);
    let told: Vec<&String> = all
        .iter()
        .filter_map(|it| match it {
            JobEvent::Paused { why } => Some(why),
            _ => None,
        })
        .collect();
    assert!(told.iter().any(|it| it.contains("redentials")), "{told:?}");
}

#[test]
fn what_has_ended_is_told_before_an_error_ends_a_tuning() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 2);
    let ended_name = Arc::new(Mutex::new(None::<String>));
    let (seen, asked) = (Arc::clone(&ended_name), Arc::clone(&ended_name));
    let service = Hooked::of(
        &fake,
        move |op, name, _| match &*asked.lock().unwrap() {
            Some(ended) if op == "describe" && name != ended => {
                Do::Fail(ServiceErrorKind::Denied, "AccessDeniedException: no")
            }
            _ => Do::Pass,
        },
        move |it| {
            if it["TrainingJobStatus"] == "Completed" {
                *seen.lock().unwrap() = it["TrainingJobName"].as_str().map(str::to_owned);
            }
        },
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut known = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut known, &mut jobs);
    let error = result.unwrap_err().to_string();
    let has_ended = known.trials().iter().filter(|it| it.outcome.is_some()).count();
    assert_eq!(has_ended, 1, "{error}");
}

#[test]
fn an_error_names_a_job_whose_creation_was_not_answered() {
    for kind in [ServiceErrorKind::Denied, ServiceErrorKind::Credentials] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let own = request("trees", 1, 1);
        let mut times = 0;
        let service = Hooked::of(
            &fake,
            move |op, _, _| {
                times += u32::from(op == "create");
                match times {
                    1 => Do::Lose,
                    _ => Do::Fail(kind, "trouble"),
                }
            },
            nothing,
        );
        let mut jobs = hooked(&settings.clock, &own, service);
        let mut known = study(&own, Vec::new());
        let result = Tuner::with(rules(&own, &jobs)).run(&mut known, &mut jobs);
        let error = result.unwrap_err().to_string();
        assert_eq!(fake.creations().len(), 1);
        assert!(error.contains("may still run"), "{kind:?}: {error}");
    }
}

#[test]
fn addresses_are_no_secrets() {
    for text in [
        "No S3 objects found under S3 URL \"s3://DataBucket1/projects/2024/experimentA/train/part1\" given in input data source.",
        "FileNotFoundError: /opt/ml/input/data/train/Images2024/Fold3/missing.csv",
    ] {
        let told = ServiceError::new(ServiceErrorKind::Invalid, text).message;
        assert!(!told.contains("withheld"), "{told}");
    }
}

#[test]
fn jobs_of_before_are_named_where_first_failures_end_a_tuning() {
    // One at a time, by the canary; three run already, of a call before that was killed.
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
    let mut own = request("trees", 6, 4);
    own.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds = Some(80_000);
    let ledger = killed(
        &fake,
        &settings.clock,
        &own,
        nothing,
        |progress| matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 4),
    );
    let mut again = study(&own, ledger);
    assert_eq!(again.pending().count(), 4);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let own_rules = rules(&own, &jobs);
    let canary = Some(surmise::Canary::default().one_at_a_time());
    let tuned =
        Tuner::with(TuningRules { canary, ..own_rules }).run(&mut again, &mut jobs).unwrap();
    let running = fake.creations().len() - fake.bills().len();
    assert!(
        tuned.may_still_run.len() >= running,
        "{:?}: {running} run, named {:?}",
        tuned.reason,
        tuned.may_still_run
    );
}

#[test]
fn a_search_that_is_refused_is_done_without() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 6, 4);
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            times += u32::from(op == "search");
            match (op, times) {
                ("search", 3) => Do::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: Search is not available at the moment.",
                ),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut known = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut known, &mut jobs);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
