//! Budgets and bills of training jobs.

use super::*;

#[test]
fn a_budget_of_money_requires_prices_of_earlier_instance_types() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 2, 1);
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    let mut first_study = study(&tuning_request, Vec::new());
    let first_rules = rules(&tuning_request, &first);
    tune(&mut first_study, &mut first, first_rules);
    drop(first);
    let mut more = request("trees", 12, 1);
    set_instance_type(&mut more, "ml.m5.large");
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.large", 3.6);
    // A job takes 1300 instance-seconds and costs 1.3 USD, so that two more jobs fit at most.
    let second = evaluator(&fake, &settings.clock, &more).with_budget(Budget::money(2.0));
    let mut second = second.with_prices(prices).unwrap();
    let mut resumed = study(&more, first_study.events().to_vec());
    let resumed_rules = rules(&more, &second);
    let error =
        Tuner::with_rules(resumed_rules).run(&mut resumed, &mut second).unwrap_err().to_string();
    assert!(error.contains("no price for ml.m5.xlarge"), "{error}");
    assert_eq!(fake.creation_counts().len(), 2);
}

#[test]
fn a_nan_budget_does_not_allow_unlimited_jobs() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 5, 1);
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 3.6);
    let jobs =
        evaluator(&fake, &settings.clock, &tuning_request).with_budget(Budget::money(f64::NAN));
    let mut jobs = jobs.with_prices(prices).unwrap();
    let mut empty = study(&tuning_request, Vec::new());
    let result = Tuner::with_rules(rules(&tuning_request, &jobs)).run(&mut empty, &mut jobs);
    assert!(result.is_err() || fake.creation_counts().len() < 5, "{:?}", result.unwrap().reason);
}

#[test]
fn a_new_job_counts_as_committed_at_once() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut jobs, 1, 0.4);
    assert_eq!(jobs.bill().committed, 2 * 3900 * SECOND);
}

#[test]
fn after_a_restart_running_jobs_count_from_their_start() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut first, 1, 0.4);
    collect_events(&mut first, 600 * SECOND);
    let before = first.bill().running;
    assert!(before > 800 * SECOND);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &tuning_request).with_budget(800 * SECOND);
    let recorded_trial = trial(1, 0.4);
    for _ in 0..20 {
        match second.start(&Job::new(&recorded_trial, 1)).unwrap() {
            StartOutcome::Busy { retry_after } => drop(second.wait(retry_after).unwrap()),
            _ => break,
        }
    }
    let after = second.bill().running;
    let next = second.start(&Job::new(&trial(2, 0.5), 1)).unwrap();
    assert!(after >= before, "{before:?} before, {after:?} after; the next job: {next:?}");
}

#[test]
fn outdated_search_results_do_not_bill_ended_jobs() {
    let settings = FakeSettings {
        faults: Faults { search_lag: 300 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let tuning_request = request("trees", 2, 1);
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut first, 1, 0.4);
    collect_until_ended(&mut first, 1);
    drop(first);
    let mut second =
        evaluator(&fake, &settings.clock, &tuning_request).with_budget(1_000_000 * SECOND);
    start_job(&mut second, 2, 0.5);
    collect_until_ended(&mut second, 1);
    settings.clock.sleep(5000 * SECOND);
    assert_eq!(second.billed(), fake.total_billed_time(), "{}", second.bill());
}

#[test]
fn a_quota_used_by_adopted_jobs_is_waited_for() {
    let (first_kind, second_kind) = ("ml.m5.xlarge", "ml.p4d.24xlarge");
    let settings =
        FakeSettings { quotas: InstanceQuotas::for_type(first_kind, 2), ..Default::default() };
    let fake = fake(&settings);
    let mut tuning_request = request("trees", 3, 2);
    let definition = tuning_request.definition.as_mut().unwrap();
    let resources = json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": first_kind, "InstanceCount": 2, "VolumeSizeInGB": 30},
        {"InstanceType": second_kind, "InstanceCount": 1, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(resources).unwrap());
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    start_job(&mut first, 2, 0.4);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &tuning_request);
    // The running job is adopted first; then trial 1 is retried.
    second.adopt(&Job::new(&trial(2, 0.4), 1)).unwrap();
    let recorded_trial = trial(1, 0.3);
    for _ in 0..200 {
        match second.start(&Job::new(&recorded_trial, 2)).unwrap() {
            StartOutcome::Busy { retry_after } => drop(second.wait(retry_after).unwrap()),
            _ => break,
        }
    }
    let made = fake.request(&training_job_name("trees", 1, 2)).unwrap();
    assert_eq!(made["ResourceConfig"]["InstanceType"], first_kind);
}

#[test]
fn a_lost_creation_is_not_repeated_beyond_the_budget() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 2, 2);
    let second_name = training_job_name("trees", 2, 1);
    let mut times = 0;
    let clock = settings.clock.clone();
    let service = HookedService::new(
        &fake,
        move |operation, name, _| {
            if operation != "create" || name != second_name {
                return Reaction::Pass;
            }
            times += 1;
            match times {
                1 => Reaction::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ if clock.now() < 2000 * SECOND => Reaction::Fail(
                    ServiceErrorKind::Throttled,
                    "ThrottlingException: Rate exceeded",
                ),
                _ => Reaction::Pass,
            }
        },
        keep_description,
    );
    let mut jobs =
        hooked_evaluator(&settings.clock, &tuning_request, service).with_budget(1000 * SECOND);
    let mut study = study(&tuning_request, Vec::new());
    let tuning_rules = rules(&tuning_request, &jobs);
    let (reason, _) = tune(&mut study, &mut jobs, tuning_rules);
    assert_eq!(fake.creation_counts().len(), 1, "{reason:?}; {}", jobs.bill());
}

#[test]
fn a_retry_with_a_lost_reply_is_billed_as_a_retry() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let (first, second) = (training_job_name("trees", 1, 1), training_job_name("trees", 1, 2));
    let mut times = 0;
    let service = HookedService::new(
        &fake,
        move |operation, name, _| {
            if operation == "create" && name == second {
                times += 1;
                if times == 1 {
                    return Reaction::LoseReply;
                }
            }
            Reaction::Pass
        },
        move |it| {
            if it["TrainingJobName"] == first.as_str() && it["TrainingJobStatus"] == "Completed" {
                set_failed(
                    it,
                    "InternalServerError: We encountered an internal error.",
                    Value::Null,
                );
            }
        },
    );
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    let mut study = study(&tuning_request, Vec::new());
    let tuning_rules = rules(&tuning_request, &jobs);
    tune(&mut study, &mut jobs, tuning_rules);
    let bill = jobs.bill();
    assert_eq!(bill.by_outcome.get(&BilledFor::Retried).map_or(0, |it| it.jobs), 1, "{bill}");
}

#[derive(Debug)]
struct SamePage(SageMakerService);

impl TrainingService for SamePage {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        self.0.create(request)
    }
    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        self.0.describe(name)
    }
    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        let JobFilter::NamePrefix { prefix, .. } = filter else { return self.0.search(filter) };
        let mut found = self.0.search(&JobFilter::NamePrefix { prefix, page: None })?;
        found.next_page = Some("the same".to_owned());
        Ok(found)
    }
    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop(name)
    }
}

#[test]
fn a_page_that_points_to_itself_is_not_read_forever() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let jobs = SageMakerEvaluator::new(&tuning_request, SamePage(service(&fake))).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone()).with_budget(10_000 * SECOND);
    let recorded_trial = trial(1, 0.4);
    for _ in 0..200 {
        match jobs.start(&Job::new(&recorded_trial, 1)).unwrap() {
            StartOutcome::Busy { retry_after } => drop(jobs.wait(retry_after).unwrap()),
            _ => return,
        }
    }
    panic!("never started in {:?}", jobs.elapsed());
}

#[test]
fn no_more_jobs_are_created_than_max_cost_states() {
    let settings = FakeSettings::default();
    let first = Arc::new(Mutex::new(None::<String>));
    let training = move |values: &BTreeMap<String, String>| {
        let mut first = first.lock().unwrap();
        let best = first.get_or_insert_with(|| values["rate"].clone());
        let job = FakeTraining::new(600 * SECOND).metric("loss", [0.5]);
        if *best == values["rate"] { job } else { job.fail_with("AlgorithmError: exit code: 1") }
    };
    let fake = FakeSageMaker::start(settings.clone(), training).unwrap();
    let tuning_request = request("trees", 25, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let tuning = tuning_request.tuning().unwrap();
    let tuning_rules =
        TuningRules { retries: surmise::RetryPolicy::never(), ..rules(&tuning_request, &jobs) };
    let max_cost = jobs.max_cost(&tuning.limits, &tuning_rules).unwrap();
    let mut study = study(&tuning_request, Vec::new());
    let (reason, _) = tune(&mut study, &mut jobs, tuning_rules);
    let made = fake.creation_counts().len();
    let max_jobs = max_cost.jobs * max_cost.attempts as usize;
    assert!(made <= max_jobs, "{made} made; {max_cost}; {reason}");
}

#[test]
fn a_spent_budget_does_not_delay_adoption() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 12, 12);
    let mut first = evaluator(&fake, &settings.clock, &tuning_request);
    for number in 1..=12 {
        start_job(&mut first, number, 0.4);
    }
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &tuning_request).with_budget(SECOND);
    settings.clock.sleep(200 * SECOND);
    let start = settings.clock.now();
    // The rate limit allows fewer descriptions per second than there are jobs.
    assert_eq!(start_job(&mut second, 12, 0.4), StartOutcome::Adopted);
    assert!(settings.clock.now() - start < 30 * SECOND, "{:?}", settings.clock.now() - start);
}
