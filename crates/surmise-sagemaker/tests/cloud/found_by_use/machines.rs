//! Quotas, types of instances, and what they cost.

use surmise_sagemaker::evaluator::{BilledFor, Budget, Prices};

use super::*;

const FIRST: &str = "ml.p4d.24xlarge";
const SECOND_BEST: &str = "ml.g5.xlarge";

/// A request with two types of instances that would do, one or two of each.
fn flexible(jobs: usize, parallel: usize) -> CreateHyperParameterTuningJobRequest {
    let mut request = request("trees", jobs, parallel);
    let definition = request.definition.as_mut().unwrap();
    let machines = serde_json::json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": FIRST, "InstanceCount": 2, "VolumeSizeInGB": 30},
        {"InstanceType": SECOND_BEST, "InstanceCount": 1, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(machines).unwrap());
    request
}

/// How many training jobs there were on each type.
fn types(fake: &FakeSageMaker) -> BTreeMap<String, usize> {
    let mut types = BTreeMap::new();
    for name in fake.creations().keys() {
        let request = fake.request(name).unwrap();
        let kind = request["ResourceConfig"]["InstanceType"].as_str().unwrap().to_owned();
        *types.entry(kind).or_default() += 1;
    }
    types
}

fn runs(
    settings: &FakeSettings,
    fake: &FakeSageMaker,
    request: &CreateHyperParameterTuningJobRequest,
) {
    let mut jobs = evaluator(fake, &settings.clock, request);
    let mut study = study(request, Vec::new());
    let rules = rules(request, &jobs);
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    assert!(matches!(reason, StopReason::JobLimit { .. }), "{reason:?}");
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
}

#[test]
fn fault_h9_instances_that_never_will_be_are_passed_over_while_there_are_others() {
    let with = |faults: Faults, quotas: InstanceQuotas| {
        let settings = FakeSettings { faults, quotas, ..Default::default() };
        let fake = fake(&settings);
        runs(&settings, &fake, &flexible(4, 2));
        let types = types(&fake);
        assert_eq!(types, BTreeMap::from([(SECOND_BEST.to_owned(), 4)]));
    };
    // A quota of nothing, and one that is less than a job needs.
    with(Faults::default(), InstanceQuotas::of_type(FIRST, 0));
    with(Faults::default(), InstanceQuotas::of_type(FIRST, 1));
    let not_in_region = [FIRST.to_owned()].into();
    with(Faults { not_in_region, ..Default::default() }, InstanceQuotas::default());
    let unsupported = [FIRST.to_owned()].into();
    with(Faults { unsupported, ..Default::default() }, InstanceQuotas::default());
}

#[test]
fn fault_h9_where_there_never_will_be_any_instances_an_error_says_so_at_once() {
    let both = || [FIRST.to_owned(), SECOND_BEST.to_owned()].into();
    for (faults, quotas, wanted) in [
        (Faults::default(), InstanceQuotas::in_all(0), "is 0 Instances"),
        (
            Faults { not_in_region: both(), ..Default::default() },
            InstanceQuotas::default(),
            "not available in this region",
        ),
        (
            Faults { unsupported: both(), ..Default::default() },
            InstanceQuotas::default(),
            "enum value set",
        ),
    ] {
        let settings = FakeSettings { faults, quotas, ..Default::default() };
        let fake = fake(&settings);
        let request = flexible(4, 2);
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let error = Tuner::new().run(&mut study, &mut jobs).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("name other instances"), "{error}");
        assert!(settings.clock.now() < 60 * SECOND);
    }
}

#[test]
fn fault_h9_a_quota_that_own_jobs_use_up_is_waited_for_and_dearer_instances_are_not_taken() {
    let quotas = InstanceQuotas::of_type(FIRST, 4);
    let settings = FakeSettings { quotas, ..Default::default() };
    let fake = fake(&settings);
    runs(&settings, &fake, &flexible(12, 4));
    assert_eq!(types(&fake), BTreeMap::from([(FIRST.to_owned(), 12)]));
    assert_eq!(fake.most_at_once(), 2, "two jobs of two instances each");
}

#[test]
fn fault_h9_a_quota_that_others_use_up_is_got_round_and_tried_again_soon() {
    let quotas = InstanceQuotas::of_type(FIRST, 4);
    let settings = FakeSettings { quotas, ..Default::default() };
    let fake = fake(&settings);
    // Somebody else's two jobs, of ten minutes each.
    let others = request("others", 2, 2);
    let mut others = others;
    let resources = others.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.instance_type = Some(FIRST.to_owned());
    let mut somebody = evaluator(&fake, &settings.clock, &others);
    start(&mut somebody, 1, 0.5);
    start(&mut somebody, 2, 0.6);
    runs(&settings, &fake, &flexible(12, 1));
    let types = types(&fake);
    assert!((1..=3).contains(&types[SECOND_BEST]), "{types:?}");
}

#[test]
fn fault_h10_running_spot_jobs_count_as_they_will_be_billed() {
    let (settings, fake) = under(Faults::default());
    let mut request = spot("trees", 60, 9000);
    request.config.resource_limits.max_parallel_training_jobs = 10;
    // Thirty jobs at three tenths of their price, of two instances and some 640 seconds each.
    let budget = 30 * 2 * 640 * 3 / 10 * SECOND;
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &jobs);
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    assert!(matches!(reason, StopReason::OutOfBudget { .. }), "{reason:?}");
    let count = fake.creations().len();
    assert!((27..=40).contains(&count), "{count}");
    let bill = jobs.bill();
    assert_eq!(bill.spent, fake.billed());
    // What runs when it is used up comes to its end: at most ten jobs.
    assert!(bill.spent >= budget && bill.spent < budget + budget / 3, "{bill}");
    let saved = bill.saved_by_spot.as_secs_f64() / (bill.spent + bill.saved_by_spot).as_secs_f64();
    assert!((0.68..0.72).contains(&saved), "{saved}");
}

#[test]
fn fault_h10_a_budget_can_be_raised_while_it_drains() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 10, 2);
    let budget = Budget::instance_time(3000 * SECOND);
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_budget(budget.clone());
    let mut study = study(&request, Vec::new());
    let mut drained = 0;
    let tuned = Tuner::with(rules(&request, &jobs))
        .observe(|_, progress| {
            if matches!(progress, Progress::OutOfBudget { .. }) {
                drained += 1;
                budget.set_instance_time(100_000 * SECOND);
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!((tuned.reason, drained), (StopReason::JobLimit { jobs: 10 }, 1));
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert_eq!(jobs.billed(), fake.billed());
}

#[test]
fn fault_h11_instances_of_all_groups_are_billed_and_estimated() {
    let (settings, fake) = under(Faults::default());
    let mut request = request("trees", 1, 1);
    let groups = serde_json::json!({"VolumeSizeInGB": 30, "InstanceGroups": [
        {"InstanceGroupName": "fast", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        {"InstanceGroupName": "many", "InstanceType": "ml.m5.xlarge", "InstanceCount": 4}]});
    request.definition.as_mut().unwrap().resources = Some(serde_json::from_value(groups).unwrap());
    let prices = Prices::new("USD").with("us-west-2", "ml.g5.xlarge", 1.0).with(
        "us-west-2",
        "ml.m5.xlarge",
        0.25,
    );
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_prices(prices).unwrap();
    let tuning = request.tuning().unwrap();
    let most = jobs.most_cost(&tuning.limits, &jobs.rules(tuning.rules)).unwrap();
    // An hour and five minutes, four times, of five instances that cost 2 USD an hour.
    assert_eq!((most.instances, most.seconds, most.attempts), (5, 3900, 4));
    assert_eq!(most.instance_time, 4 * 3900 * 5 * SECOND);
    assert_eq!(most.money.as_ref().unwrap().to_string(), "8.67 USD");
    assert!(most.to_string().contains("ml.g5.xlarge or ml.m5.xlarge"), "{most}");
    start(&mut jobs, 1, 0.4);
    outcome(&mut jobs);
    assert_eq!(jobs.training_job(id(1, 1)).unwrap().instances, Some(5));
    assert_eq!(jobs.billed(), fake.billed());
    let hours = fake.billed().as_secs_f64() / 5.0 / 3600.0;
    let money = jobs.bill().money.unwrap();
    assert!((money.amount - 2.0 * hours).abs() < 1e-9, "{money}");
}

#[test]
fn a_bill_says_what_was_paid_for_what() {
    let faults = Faults { failed_by_service: 0.2, ..Default::default() };
    let (settings, fake) = under(faults);
    let request = request("trees", 30, 5);
    let mut first = evaluator(&fake, &settings.clock, &request).with_budget(10_000 * SECOND);
    let mut study = study(&request, Vec::new());
    let before = rules(&request, &first);
    tune(&mut study, &mut first, before);
    let spent = first.bill().spent;
    assert_eq!(spent, fake.billed());
    drop(first);

    let mut second = evaluator(&fake, &settings.clock, &request).with_budget(1_000_000 * SECOND);
    let again = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, again);
    assert_eq!(reason, StopReason::JobLimit { jobs: 30 });
    let bill = second.bill();
    assert_eq!((bill.total(), bill.committed), (fake.billed(), Duration::ZERO));
    assert_eq!(bill.by_outcome[&BilledFor::Adopted].instance_time, spent, "by the call before");
    let parts: Duration = bill.by_outcome.values().map(|part| part.instance_time).sum();
    assert_eq!(parts, bill.spent);
    let failures = study.trials().iter().map(|trial| trial.failed_attempts.len()).sum::<usize>();
    assert!(failures > 0);
    let jobs: usize = bill.by_outcome.values().map(|part| part.jobs).sum();
    assert_eq!(jobs, fake.creations().len());
    assert!(bill.by_outcome[&BilledFor::Retried].jobs > 0, "{bill}");
}

#[test]
fn while_jobs_run_it_is_known_what_they_may_take() {
    let (settings, fake) = under(Faults::default());
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut jobs, 1, 0.4);
    events(&mut jobs, 400 * SECOND);
    let bill = jobs.bill();
    assert_eq!(bill.spent, Duration::ZERO);
    assert!(bill.running > 400 * SECOND, "of two instances: {bill}");
    assert_eq!(bill.running + bill.committed, 2 * 3900 * SECOND);
}

#[test]
fn a_budget_of_money_needs_prices() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 20, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_budget(Budget::money(1.0));
    let mut empty = study(&request, Vec::new());
    let error = Tuner::new().run(&mut empty, &mut jobs).unwrap_err().to_string();
    assert!(error.contains("no price of ml.m5.xlarge in us-west-2"), "{error}");
    assert!(fake.creations().is_empty());

    // A dollar at 1.80 an hour is 2000 seconds of an instance.
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 1.8);
    let jobs = evaluator(&fake, &settings.clock, &request).with_budget(Budget::money(1.0));
    let mut jobs = jobs.with_prices(prices).unwrap();
    let again = rules(&request, &jobs);
    let (reason, _) = tune(&mut empty, &mut jobs, again);
    let StopReason::OutOfBudget { spent, budget, .. } = reason else { panic!("{reason:?}") };
    assert!(spent >= 2000 * SECOND && fake.creations().len() == 2, "{spent:?}");
    assert!(budget.abs_diff(2000 * SECOND) < SECOND, "{budget:?}");
    assert!(jobs.bill().money.unwrap().amount >= 1.0);
}
