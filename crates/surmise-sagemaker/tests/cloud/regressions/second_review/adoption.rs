//! Adoption of jobs: members that were removed, time limits, accounts and definitions.

use super::*;

fn channel(
    request: &mut CreateHyperParameterTuningJobRequest,
    content: Option<&str>,
    compression: Option<&str>,
) {
    let mut value = json!({"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data"}}});
    if let Some(content) = content {
        value["ContentType"] = json!(content);
    }
    if let Some(compression) = compression {
        value["CompressionType"] = json!(compression);
    }
    request.definition.as_mut().unwrap().input = Some(vec![serde_json::from_value(value).unwrap()]);
}

#[test]
fn removing_the_content_type_of_a_channel_makes_another_job() {
    let result =
        adopt_after_change(|it| channel(it, Some("text/csv"), None), |it| channel(it, None, None));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn changing_the_compression_makes_another_job() {
    let result = adopt_after_change(
        |it| channel(it, None, Some("Gzip")),
        |it| channel(it, None, Some("None")),
    );
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn removing_the_output_key_makes_another_job() {
    let result = adopt_after_change(
        |it| {
            it.definition.as_mut().unwrap().output.kms_key_id =
                Some("arn:aws:kms:us-west-2:012345678912:key/1".to_owned());
        },
        |_| (),
    );
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn a_job_that_exceeded_a_shorter_time_limit_is_not_adopted() {
    let limit = |seconds: u32| {
        move |it: &mut CreateHyperParameterTuningJobRequest| {
            it.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds =
                Some(seconds);
        }
    };
    let result = adopt_after_change(limit(400), limit(3600));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn earlier_results_are_recognized_after_a_lost_request() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut first, 1, 0.4);
    collect_until_ended(&mut first, 1);
    drop(first);
    settings.clock.sleep(100_000 * SECOND);
    let mut times = 0;
    let service = HookedService::new(
        &fake,
        move |operation, _, _| {
            times += u32::from(operation == "create");
            match (operation, times) {
                ("create", 1) => Reaction::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ => Reaction::Pass,
            }
        },
        keep_description,
    );
    let mut second = hooked_evaluator(&settings.clock, &tuning_request, service);
    start_job(&mut second, 1, 0.4);
    let all = collect_until_ended(&mut second, 1);
    let texts = warnings(&all);
    let bill = second.bill();
    assert!(texts.iter().any(|it| it.contains("had ended before")), "{texts:?}; {bill}");
    assert!(bill.by_outcome.contains_key(&BilledFor::Adopted), "{bill}");
}

fn two_accounts() -> (FakeSettings, FakeSageMaker, FakeSageMaker) {
    let settings = FakeSettings::default();
    let first_fake = fake(&settings);
    let other = FakeSettings { account: "999999999999".to_owned(), ..settings.clone() };
    let other_fake = fake(&other);
    (settings, first_fake, other_fake)
}

#[test]
fn credentials_of_another_account_do_not_make_jobs_missing() {
    let (settings, first_fake, other_fake) = two_accounts();
    let tuning_request = request("trees", 2, 2);
    let current = Arc::new(Mutex::new(0));
    let mut service = HookedService::new(&first_fake, |_, _, _| Reaction::Pass, keep_description);
    service.inner.push(super::service(&other_fake));
    service.current = Arc::clone(&current);
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    let mut study = study(&tuning_request, Vec::new());
    let clock = settings.clock.clone();
    let result = Tuner::with_rules(rules(&tuning_request, &jobs))
        .on_progress(|_, progress| {
            if matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 2)
            {
                // The credentials are renewed with those of another account.
                clock.sleep(200 * SECOND);
                *current.lock().unwrap() = 1;
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs);
    assert!(
        other_fake.creation_counts().is_empty(),
        "{:?}: {} jobs in one account, {} in the other, billed {:?} and {:?}",
        result.map(|it| (it.reason, it.warnings)),
        first_fake.creation_counts().len(),
        other_fake.creation_counts().len(),
        first_fake.total_billed_time(),
        other_fake.total_billed_time(),
    );
}

#[test]
fn a_study_without_pending_trials_resumes_only_in_its_account() {
    let (settings, first_fake, other_fake) = two_accounts();
    let tuning_request = request("trees", 3, 1);
    let mut jobs = evaluator(&first_fake, &settings.clock, &tuning_request);
    let mut first_study = study(&tuning_request, Vec::new());
    let tuning_rules = rules(&tuning_request, &jobs);
    tune(&mut first_study, &mut jobs, tuning_rules);
    drop(jobs);
    let more = request("trees", 5, 1);
    let mut jobs = evaluator(&other_fake, &settings.clock, &more).with_budget(3000 * SECOND);
    let mut resumed = study(&more, first_study.events().to_vec());
    let result = Tuner::with_rules(rules(&more, &jobs)).run(&mut resumed, &mut jobs);
    assert!(
        other_fake.creation_counts().is_empty(),
        "{:?}; {} jobs in the other account; bill {} though {:?} were spent",
        result.map(|it| (it.reason, it.warnings)),
        other_fake.creation_counts().len(),
        jobs.bill(),
        first_fake.total_billed_time(),
    );
}

#[test]
fn a_changed_definition_is_reported() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let mut first_study = study(&tuning_request, Vec::new());
    let tuning_rules = rules(&tuning_request, &jobs);
    tune(&mut first_study, &mut jobs, tuning_rules);
    drop(jobs);
    let mut more = request("trees", 5, 1);
    more.definition.as_mut().unwrap().algorithm.training_image =
        Some("012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:2".to_owned());
    let mut jobs = evaluator(&fake, &settings.clock, &more).with_budget(100_000 * SECOND);
    let mut resumed = study(&more, first_study.events().to_vec());
    let result = Tuner::with_rules(rules(&more, &jobs)).run(&mut resumed, &mut jobs);
    let texts = result.as_ref().map_or(1, |it| it.warnings.len());
    assert!(texts > 0, "{:?}", result.map(|it| (it.reason, it.warnings)));
}

#[test]
fn a_late_metric_is_waited_for_after_a_restart() {
    let settings = FakeSettings {
        faults: Faults { metrics_lag: 100 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut first, 1, 0.4);
    drop(first);
    while fake.billed_seconds().is_empty() {
        settings.clock.sleep(SECOND);
    }
    let mut second = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut second, 1, 0.4);
    let end = wait_for_outcome(&mut second);
    assert!(matches!(end, Outcome::Completed { .. }), "{end:?}");
}

#[test]
fn without_search_permission_a_removed_job_does_not_end_the_study() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 4, 2);
    let events =
        kill_tuner(&fake, &settings.clock, &tuning_request, keep_description, |progress| {
            matches!(progress, Progress::Recorded(Event::Told { .. }))
        });
    let mut resumed = study(&tuning_request, events);
    let pending = resumed.pending().next().unwrap().id.0;
    fake.remove_training_job(&training_job_name("trees", pending, 1));
    let denied = ["Search".to_owned()].into();
    fake.set_faults(Faults { denied, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let result = Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut resumed, &mut jobs);
    assert!(result.is_ok(), "{}; {:?}", result.unwrap_err(), fake.creation_counts().len());
}

#[test]
fn failures_of_earlier_calls_do_not_count_as_first_failures() {
    let settings = FakeSettings {
        faults: Faults { role_denied: ["s3:PutObject".to_owned()].into(), ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let tuning_request = request("trees", 6, 2);
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let mut first_study = study(&tuning_request, Vec::new());
    let tuning_rules = rules(&tuning_request, &jobs);
    let (reason, _) = tune(&mut first_study, &mut jobs, tuning_rules);
    assert!(matches!(reason, StopReason::FirstJobsFailed { .. }), "{reason:?}");
    drop(jobs);
    // The role's policy is corrected, and the tuning begins again without recorded events.
    fake.set_faults(Faults::default());
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let mut restarted = study(&tuning_request, Vec::new());
    let tuning_rules = rules(&tuning_request, &jobs);
    let (reason, _) = tune(&mut restarted, &mut jobs, tuning_rules);
    assert!(!matches!(reason, StopReason::FirstJobsFailed { .. }), "{reason}");
}

#[test]
fn a_key_alias_equals_its_arn() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut tuning_request = request("trees", 1, 1);
    tuning_request.definition.as_mut().unwrap().output.kms_key_id = Some("alias/mine".to_owned());
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut first, 1, 0.4);
    drop(first);
    let edit = |it: &mut Value| {
        it["OutputDataConfig"]["KmsKeyId"] = json!("arn:aws:kms:us-west-2:012345678912:alias/mine");
    };
    let mut second = hooked_evaluator(
        &settings.clock,
        &tuning_request,
        HookedService::new(&fake, |_, _, _| Reaction::Pass, edit),
    );
    second.start(&Job::new(&trial(1, 0.4), 1)).unwrap();
    let result = second.wait(60 * SECOND);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
