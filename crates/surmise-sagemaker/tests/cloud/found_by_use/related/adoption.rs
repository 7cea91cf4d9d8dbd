//! Whose job it is, and whose account.

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
fn content_type_taken_out_of_a_channel_is_another_job() {
    let result = adopted(|it| channel(it, Some("text/csv"), None), |it| channel(it, None, None));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn compression_changed_is_another_job() {
    let result =
        adopted(|it| channel(it, None, Some("Gzip")), |it| channel(it, None, Some("None")));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn output_key_taken_out_is_another_job() {
    let result = adopted(
        |it| {
            it.definition.as_mut().unwrap().output.kms_key_id =
                Some("arn:aws:kms:us-west-2:012345678912:key/1".to_owned());
        },
        |_| (),
    );
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn a_job_that_ran_out_of_less_time_is_not_the_result_of_one_with_more() {
    let limit = |seconds: u32| {
        move |it: &mut CreateHyperParameterTuningJobRequest| {
            it.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds =
                Some(seconds);
        }
    };
    let result = adopted(limit(400), limit(3600));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn old_results_are_old_though_a_request_was_lost() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    ends(&mut first, 1);
    drop(first);
    settings.clock.sleep(100_000 * SECOND);
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            times += u32::from(op == "create");
            match (op, times) {
                ("create", 1) => Do::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut second = hooked(&settings.clock, &own, service);
    start(&mut second, 1, 0.4);
    let all = ends(&mut second, 1);
    let told = warnings(&all);
    let bill = second.bill();
    assert!(told.iter().any(|it| it.contains("had ended before")), "{told:?}; {bill}");
    assert!(bill.by_outcome.contains_key(&BilledFor::Adopted), "{bill}");
}

fn two_accounts() -> (FakeSettings, FakeSageMaker, FakeSageMaker) {
    let settings = FakeSettings::default();
    let here = fake(&settings);
    let other = FakeSettings { account: "999999999999".to_owned(), ..settings.clone() };
    let there = fake(&other);
    (settings, here, there)
}

#[test]
fn jobs_are_not_gone_because_credentials_are_of_another_account_now() {
    let (settings, here, there) = two_accounts();
    let own = request("trees", 2, 2);
    let which = Arc::new(Mutex::new(0));
    let mut service = Hooked::of(&here, |_, _, _| Do::Pass, nothing);
    service.inner.push(super::service(&there));
    service.which = Arc::clone(&which);
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut study = study(&own, Vec::new());
    let clock = settings.clock.clone();
    let result = Tuner::with(rules(&own, &jobs))
        .observe(|_, progress| {
            if matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 2)
            {
                // Somebody renews the credentials, of another profile.
                clock.sleep(200 * SECOND);
                *which.lock().unwrap() = 1;
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs);
    assert!(
        there.creations().is_empty(),
        "{:?}: {} jobs in one account, {} in the other, billed {:?} and {:?}",
        result.map(|it| (it.reason, it.warnings)),
        here.creations().len(),
        there.creations().len(),
        here.billed(),
        there.billed(),
    );
}

#[test]
fn a_study_whose_trials_have_all_ended_goes_on_where_they_were() {
    let (settings, here, there) = two_accounts();
    let own = request("trees", 3, 1);
    let mut jobs = evaluator(&here, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    tune(&mut known, &mut jobs, own_rules);
    drop(jobs);
    let more = request("trees", 5, 1);
    let mut jobs = evaluator(&there, &settings.clock, &more).with_budget(3000 * SECOND);
    let mut again = study(&more, known.events().to_vec());
    let result = Tuner::with(rules(&more, &jobs)).run(&mut again, &mut jobs);
    assert!(
        there.creations().is_empty(),
        "{:?}; {} jobs in the other account; bill {} though {:?} were spent",
        result.map(|it| (it.reason, it.warnings)),
        there.creations().len(),
        jobs.bill(),
        here.billed(),
    );
}

#[test]
fn a_study_does_not_mix_results_of_two_definitions() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    tune(&mut known, &mut jobs, own_rules);
    drop(jobs);
    let mut more = request("trees", 5, 1);
    more.definition.as_mut().unwrap().algorithm.training_image =
        Some("012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:2".to_owned());
    let mut jobs = evaluator(&fake, &settings.clock, &more).with_budget(100_000 * SECOND);
    let mut again = study(&more, known.events().to_vec());
    let result = Tuner::with(rules(&more, &jobs)).run(&mut again, &mut jobs);
    let told = result.as_ref().map_or(1, |it| it.warnings.len());
    assert!(told > 0, "{:?}", result.map(|it| (it.reason, it.warnings)));
}

#[test]
fn a_metric_that_is_late_is_waited_for_after_a_restart_too() {
    let settings = FakeSettings {
        faults: Faults { metrics_lag: 100 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    drop(first);
    while fake.bills().is_empty() {
        settings.clock.sleep(SECOND);
    }
    let mut second = evaluator(&fake, &settings.clock, &own);
    start(&mut second, 1, 0.4);
    let end = outcome(&mut second);
    assert!(matches!(end, Outcome::Completed { .. }), "{end:?}");
}

#[test]
fn without_the_right_to_search_a_job_that_was_removed_does_not_end_a_study() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 4, 2);
    let ledger = killed(&fake, &settings.clock, &own, nothing, |progress| {
        matches!(progress, Progress::Recorded(Event::Told { .. }))
    });
    let mut again = study(&own, ledger);
    let left = again.pending().next().unwrap().id.0;
    fake.remove_training_job(&training_job_name("trees", left, 1));
    let denied = ["Search".to_owned()].into();
    fake.set_faults(Faults { denied, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let result = Tuner::with(rules(&own, &jobs)).run(&mut again, &mut jobs);
    assert!(result.is_ok(), "{}; {:?}", result.unwrap_err(), fake.creations().len());
}

#[test]
fn failures_of_before_prove_nothing_of_now() {
    let settings = FakeSettings {
        faults: Faults { role_denied: ["s3:PutObject".to_owned()].into(), ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let own = request("trees", 6, 2);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    let (reason, _) = tune(&mut known, &mut jobs, own_rules);
    assert!(matches!(reason, StopReason::FirstJobsFailed { .. }), "{reason:?}");
    drop(jobs);
    // The policy of the role has been mended; begun anew without a ledger, as evaluator.md says.
    fake.set_faults(Faults::default());
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let mut anew = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    let (reason, _) = tune(&mut anew, &mut jobs, own_rules);
    assert!(!matches!(reason, StopReason::FirstJobsFailed { .. }), "{reason}");
}

#[test]
fn an_alias_of_a_key_and_its_arn_are_the_same() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut own = request("trees", 1, 1);
    own.definition.as_mut().unwrap().output.kms_key_id = Some("alias/mine".to_owned());
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    drop(first);
    let edit = |it: &mut Value| {
        it["OutputDataConfig"]["KmsKeyId"] = json!("arn:aws:kms:us-west-2:012345678912:alias/mine");
    };
    let mut second = hooked(&settings.clock, &own, Hooked::of(&fake, |_, _, _| Do::Pass, edit));
    second.start(&Job::new(&trial(1, 0.4), 1)).unwrap();
    let result = second.wait(60 * SECOND);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
