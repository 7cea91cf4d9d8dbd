//! Budgets and bills.

use super::*;

#[test]
fn a_budget_of_money_holds_though_an_earlier_type_has_no_price() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let first_rules = rules(&own, &first);
    tune(&mut known, &mut first, first_rules);
    drop(first);
    let mut more = request("trees", 12, 1);
    with_type(&mut more, "ml.m5.large");
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.large", 3.6);
    // 1300 instance-seconds a job, 1.3 USD: two jobs more at the most.
    let second = evaluator(&fake, &settings.clock, &more).with_budget(Budget::money(2.0));
    let mut second = second.with_prices(prices).unwrap();
    let mut again = study(&more, known.events().to_vec());
    let again_rules = rules(&more, &second);
    let error = Tuner::with(again_rules).run(&mut again, &mut second).unwrap_err().to_string();
    assert!(error.contains("no price of ml.m5.xlarge"), "{error}");
    assert_eq!(fake.creations().len(), 2);
}

#[test]
fn a_budget_that_is_no_number_is_no_licence() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 5, 1);
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 3.6);
    let jobs = evaluator(&fake, &settings.clock, &own).with_budget(Budget::money(f64::NAN));
    let mut jobs = jobs.with_prices(prices).unwrap();
    let mut empty = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut empty, &mut jobs);
    assert!(result.is_err() || fake.creations().len() < 5, "{:?}", result.unwrap().reason);
}

#[test]
fn what_has_just_been_created_is_committed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut jobs, 1, 0.4);
    assert_eq!(jobs.bill().committed, 2 * 3900 * SECOND);
}

#[test]
fn a_job_that_ran_before_a_restart_counts_from_when_it_had_its_machines() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    events(&mut first, 600 * SECOND);
    let before = first.bill().running;
    assert!(before > 800 * SECOND);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own).with_budget(800 * SECOND);
    let known = trial(1, 0.4);
    for _ in 0..20 {
        match second.start(&Job::new(&known, 1)).unwrap() {
            Start::Busy { retry_after } => drop(second.wait(retry_after).unwrap()),
            _ => break,
        }
    }
    let after = second.bill().running;
    let next = second.start(&Job::new(&trial(2, 0.5), 1)).unwrap();
    assert!(after >= before, "{before:?} before, {after:?} after; the next job: {next:?}");
}

#[test]
fn a_search_that_is_behind_makes_no_job_run_for_ever() {
    let settings = FakeSettings {
        faults: Faults { search_lag: 300 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let own = request("trees", 2, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    ends(&mut first, 1);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own).with_budget(1_000_000 * SECOND);
    start(&mut second, 2, 0.5);
    ends(&mut second, 1);
    settings.clock.sleep(5000 * SECOND);
    assert_eq!(second.billed(), fake.billed(), "{}", second.bill());
}

#[test]
fn a_quota_that_own_jobs_of_before_use_up_takes_no_dearer_instances() {
    let (first_kind, second_kind) = ("ml.m5.xlarge", "ml.p4d.24xlarge");
    let settings =
        FakeSettings { quotas: InstanceQuotas::of_type(first_kind, 2), ..Default::default() };
    let fake = fake(&settings);
    let mut own = request("trees", 3, 2);
    let definition = own.definition.as_mut().unwrap();
    let machines = json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": first_kind, "InstanceCount": 2, "VolumeSizeInGB": 30},
        {"InstanceType": second_kind, "InstanceCount": 1, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(machines).unwrap());
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 2, 0.4);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own);
    // What runs is taken on first. Trial 1 is to be tried again.
    second.adopt(&Job::new(&trial(2, 0.4), 1)).unwrap();
    let known = trial(1, 0.3);
    for _ in 0..200 {
        match second.start(&Job::new(&known, 2)).unwrap() {
            Start::Busy { retry_after } => drop(second.wait(retry_after).unwrap()),
            _ => break,
        }
    }
    let made = fake.request(&training_job_name("trees", 1, 2)).unwrap();
    assert_eq!(made["ResourceConfig"]["InstanceType"], first_kind);
}

#[test]
fn a_lost_creation_is_not_made_up_for_when_nothing_is_left_to_spend() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 2);
    let second_name = training_job_name("trees", 2, 1);
    let mut times = 0;
    let clock = settings.clock.clone();
    let service = Hooked::of(
        &fake,
        move |op, name, _| {
            if op != "create" || name != second_name {
                return Do::Pass;
            }
            times += 1;
            match times {
                1 => Do::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ if clock.now() < 2000 * SECOND => {
                    Do::Fail(ServiceErrorKind::Throttled, "ThrottlingException: Rate exceeded")
                }
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service).with_budget(1000 * SECOND);
    let mut study = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    let (reason, _) = tune(&mut study, &mut jobs, own_rules);
    assert_eq!(fake.creations().len(), 1, "{reason:?}; {}", jobs.bill());
}

#[test]
fn a_retry_whose_reply_was_lost_is_billed_as_one() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let (first, second) = (training_job_name("trees", 1, 1), training_job_name("trees", 1, 2));
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, name, _| {
            if op == "create" && name == second {
                times += 1;
                if times == 1 {
                    return Do::Lose;
                }
            }
            Do::Pass
        },
        move |it| {
            if it["TrainingJobName"] == first.as_str() && it["TrainingJobStatus"] == "Completed" {
                failed(it, "InternalServerError: We encountered an internal error.", Value::Null);
            }
        },
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    tune(&mut known, &mut jobs, own_rules);
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
        let JobFilter::Begins { with, .. } = filter else { return self.0.search(filter) };
        let mut found = self.0.search(&JobFilter::Begins { with, page: None })?;
        found.next_page = Some("the same".to_owned());
        Ok(found)
    }
    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop(name)
    }
}

#[test]
fn a_page_that_names_itself_is_not_read_for_ever() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let jobs = SageMakerEvaluator::new(&own, SamePage(service(&fake))).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone()).with_budget(10_000 * SECOND);
    let known = trial(1, 0.4);
    for _ in 0..200 {
        match jobs.start(&Job::new(&known, 1)).unwrap() {
            Start::Busy { retry_after } => drop(jobs.wait(retry_after).unwrap()),
            _ => return,
        }
    }
    panic!("never started in {:?}", jobs.elapsed());
}

#[test]
fn no_more_jobs_are_made_than_the_most_that_was_told() {
    let settings = FakeSettings::default();
    let first = Arc::new(Mutex::new(None::<String>));
    let training = move |values: &BTreeMap<String, String>| {
        let mut first = first.lock().unwrap();
        let best = first.get_or_insert_with(|| values["rate"].clone());
        let job = FakeTraining::new(600 * SECOND).metric("loss", [0.5]);
        if *best == values["rate"] { job } else { job.failing("AlgorithmError: exit code: 1") }
    };
    let fake = FakeSageMaker::start(settings.clone(), training).unwrap();
    let own = request("trees", 25, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let tuning = own.tuning().unwrap();
    let own_rules = TuningRules { retries: surmise::RetryPolicy::never(), ..rules(&own, &jobs) };
    let most = jobs.most_cost(&tuning.limits, &own_rules).unwrap();
    let mut known = study(&own, Vec::new());
    let (reason, _) = tune(&mut known, &mut jobs, own_rules);
    let made = fake.creations().len();
    assert!(made <= most.jobs * most.attempts as usize, "{made} made; {most}; {reason}");
}

#[test]
fn with_nothing_left_to_spend_many_jobs_of_before_are_taken_on_soon() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 12, 12);
    let mut first = evaluator(&fake, &settings.clock, &own);
    for number in 1..=12 {
        start(&mut first, number, 0.4);
    }
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own).with_budget(SECOND);
    settings.clock.sleep(200 * SECOND);
    let begun = settings.clock.now();
    // More than may be described in a second: each of them is looked at once, and then the job is found.
    assert_eq!(start(&mut second, 12, 0.4), Start::Adopted);
    assert!(settings.clock.now() - begun < 30 * SECOND, "{:?}", settings.clock.now() - begun);
}
