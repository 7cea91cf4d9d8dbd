//! Instance types, quotas and costs.

use surmise_sagemaker::evaluator::{BilledFor, Budget, Prices};

use super::*;

const FIRST: &str = "ml.p4d.24xlarge";
const SECOND_BEST: &str = "ml.g5.xlarge";

/// Returns a request with two instance types: two instances of the first or one of the second.
fn flexible(jobs: usize, parallel: usize) -> CreateHyperParameterTuningJobRequest {
    let mut request = request("trees", jobs, parallel);
    let definition = request.definition.as_mut().unwrap();
    let instances = serde_json::json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": FIRST, "InstanceCount": 2, "VolumeSizeInGB": 30},
        {"InstanceType": SECOND_BEST, "InstanceCount": 1, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(instances).unwrap());
    request
}

/// Returns the number of training jobs on each instance type.
fn jobs_by_type(fake: &FakeSageMaker) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in fake.creation_counts().keys() {
        let request = fake.request(name).unwrap();
        let kind = request["ResourceConfig"]["InstanceType"].as_str().unwrap().to_owned();
        *counts.entry(kind).or_default() += 1;
    }
    counts
}

fn run_tuning(
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
fn fault_h9_unavailable_instance_types_are_skipped() {
    let assert_second_type_used = |faults: Faults, quotas: InstanceQuotas| {
        let settings = FakeSettings { faults, quotas, ..Default::default() };
        let fake = fake(&settings);
        run_tuning(&settings, &fake, &flexible(4, 2));
        let counts = jobs_by_type(&fake);
        assert_eq!(counts, BTreeMap::from([(SECOND_BEST.to_owned(), 4)]));
    };
    // The quota of the first type is zero, or less than a job needs.
    assert_second_type_used(Faults::default(), InstanceQuotas::for_type(FIRST, 0));
    assert_second_type_used(Faults::default(), InstanceQuotas::for_type(FIRST, 1));
    let not_in_region = [FIRST.to_owned()].into();
    assert_second_type_used(
        Faults { not_in_region, ..Default::default() },
        InstanceQuotas::default(),
    );
    let unsupported = [FIRST.to_owned()].into();
    assert_second_type_used(
        Faults { unsupported, ..Default::default() },
        InstanceQuotas::default(),
    );
}

#[test]
fn fault_h9_without_any_available_instance_type_an_error_comes_at_once() {
    let all_types = || [FIRST.to_owned(), SECOND_BEST.to_owned()].into();
    for (faults, quotas, wanted) in [
        (Faults::default(), InstanceQuotas::for_all_types(0), "is 0 Instances"),
        (
            Faults { not_in_region: all_types(), ..Default::default() },
            InstanceQuotas::default(),
            "not available in this region",
        ),
        (
            Faults { unsupported: all_types(), ..Default::default() },
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
        assert!(error.contains(wanted) && error.contains("choose other instance types"), "{error}");
        assert!(settings.clock.now() < 60 * SECOND);
    }
}

#[test]
fn fault_h9_a_quota_used_by_own_jobs_is_waited_for() {
    let quotas = InstanceQuotas::for_type(FIRST, 4);
    let settings = FakeSettings { quotas, ..Default::default() };
    let fake = fake(&settings);
    run_tuning(&settings, &fake, &flexible(12, 4));
    assert_eq!(jobs_by_type(&fake), BTreeMap::from([(FIRST.to_owned(), 12)]));
    assert_eq!(fake.max_concurrent_jobs(), 2, "two jobs of two instances each");
}

#[test]
fn fault_h9_a_quota_used_by_foreign_jobs_leads_to_the_next_instance_type() {
    let quotas = InstanceQuotas::for_type(FIRST, 4);
    let settings = FakeSettings { quotas, ..Default::default() };
    let fake = fake(&settings);
    // Another user runs two jobs of ten minutes.
    let mut foreign = request("foreign", 2, 2);
    let resources = foreign.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.instance_type = Some(FIRST.to_owned());
    let mut other_user = evaluator(&fake, &settings.clock, &foreign);
    start_job(&mut other_user, 1, 0.5);
    start_job(&mut other_user, 2, 0.6);
    run_tuning(&settings, &fake, &flexible(12, 1));
    let counts = jobs_by_type(&fake);
    assert!((1..=3).contains(&counts[SECOND_BEST]), "{counts:?}");
}

#[test]
fn fault_h10_running_spot_jobs_count_at_the_spot_price() {
    let (settings, fake) = start_fake(Faults::default());
    let mut request = spot_request("trees", 60, 9000);
    request.config.resource_limits.max_parallel_training_jobs = 10;
    // The budget is for thirty jobs of two instances and about 640 seconds, at three tenths of the
    // price.
    let budget = 30 * 2 * 640 * 3 / 10 * SECOND;
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &jobs);
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    assert!(matches!(reason, StopReason::OutOfBudget { .. }), "{reason:?}");
    let count = fake.creation_counts().len();
    assert!((27..=40).contains(&count), "{count}");
    let bill = jobs.bill();
    assert_eq!(bill.spent, fake.total_billed_time());
    // Up to ten jobs still run when the budget is spent.
    assert!(bill.spent >= budget && bill.spent < budget + budget / 3, "{bill}");
    let saved = bill.saved_by_spot.as_secs_f64() / (bill.spent + bill.saved_by_spot).as_secs_f64();
    assert!((0.68..0.72).contains(&saved), "{saved}");
}

#[test]
fn fault_h10_a_used_up_budget_can_be_raised() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 10, 2);
    let budget = Budget::instance_time(3000 * SECOND);
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_budget(budget.clone());
    let mut study = study(&request, Vec::new());
    let mut out_of_budget_count = 0;
    let tuned = Tuner::with_rules(rules(&request, &jobs))
        .on_progress(|_, progress| {
            if matches!(progress, Progress::OutOfBudget { .. }) {
                out_of_budget_count += 1;
                budget.set_instance_time(100_000 * SECOND);
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!((tuned.reason, out_of_budget_count), (StopReason::JobLimit { jobs: 10 }, 1));
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    assert_eq!(jobs.billed(), fake.total_billed_time());
}

#[test]
fn fault_h11_instances_of_all_groups_are_billed_and_estimated() {
    let (settings, fake) = start_fake(Faults::default());
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
    let max_cost = jobs.max_cost(&tuning.limits, &jobs.adapt_rules(tuning.rules)).unwrap();
    // Four attempts of an hour and five minutes, on five instances that cost 2 USD an hour
    // together.
    assert_eq!((max_cost.instances, max_cost.seconds, max_cost.attempts), (5, 3900, 4));
    assert_eq!(max_cost.instance_time, 4 * 3900 * 5 * SECOND);
    assert_eq!(max_cost.money.as_ref().unwrap().to_string(), "8.67 USD");
    assert!(max_cost.to_string().contains("ml.g5.xlarge or ml.m5.xlarge"), "{max_cost}");
    start_job(&mut jobs, 1, 0.4);
    wait_for_outcome(&mut jobs);
    assert_eq!(jobs.training_job(id(1, 1)).unwrap().instances, Some(5));
    assert_eq!(jobs.billed(), fake.total_billed_time());
    let hours = fake.total_billed_time().as_secs_f64() / 5.0 / 3600.0;
    let money = jobs.bill().money.unwrap();
    assert!((money.amount - 2.0 * hours).abs() < 1e-9, "{money}");
}

#[test]
fn the_bill_is_divided_by_outcome() {
    let faults = Faults { failed_by_service: 0.2, ..Default::default() };
    let (settings, fake) = start_fake(faults);
    let request = request("trees", 30, 5);
    let mut first = evaluator(&fake, &settings.clock, &request).with_budget(10_000 * SECOND);
    let mut study = study(&request, Vec::new());
    let first_rules = rules(&request, &first);
    tune(&mut study, &mut first, first_rules);
    let spent = first.bill().spent;
    assert_eq!(spent, fake.total_billed_time());
    drop(first);

    let mut second = evaluator(&fake, &settings.clock, &request).with_budget(1_000_000 * SECOND);
    let second_rules = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, second_rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 30 });
    let bill = second.bill();
    assert_eq!((bill.total(), bill.committed), (fake.total_billed_time(), Duration::ZERO));
    assert_eq!(
        bill.by_outcome[&BilledFor::Adopted].instance_time,
        spent,
        "jobs of the earlier call"
    );
    let parts: Duration = bill.by_outcome.values().map(|part| part.instance_time).sum();
    assert_eq!(parts, bill.spent);
    let failures = study.trials().iter().map(|trial| trial.failed_attempts.len()).sum::<usize>();
    assert!(failures > 0);
    let jobs: usize = bill.by_outcome.values().map(|part| part.jobs).sum();
    assert_eq!(jobs, fake.creation_counts().len());
    assert!(bill.by_outcome[&BilledFor::Retried].jobs > 0, "{bill}");
}

#[test]
fn the_bill_contains_the_committed_time_of_running_jobs() {
    let (settings, fake) = start_fake(Faults::default());
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut jobs, 1, 0.4);
    collect_events(&mut jobs, 400 * SECOND);
    let bill = jobs.bill();
    assert_eq!(bill.spent, Duration::ZERO);
    assert!(bill.running > 400 * SECOND, "the time of two instances: {bill}");
    assert_eq!(bill.running + bill.committed, 2 * 3900 * SECOND);
}

#[test]
fn a_budget_of_money_needs_prices() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 20, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request).with_budget(Budget::money(1.0));
    let mut empty = study(&request, Vec::new());
    let error = Tuner::new().run(&mut empty, &mut jobs).unwrap_err().to_string();
    assert!(error.contains("no price for ml.m5.xlarge in us-west-2"), "{error}");
    assert!(fake.creation_counts().is_empty());

    // At 1.80 USD an hour, one dollar buys 2000 seconds of an instance.
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 1.8);
    let jobs = evaluator(&fake, &settings.clock, &request).with_budget(Budget::money(1.0));
    let mut jobs = jobs.with_prices(prices).unwrap();
    let second_rules = rules(&request, &jobs);
    let (reason, _) = tune(&mut empty, &mut jobs, second_rules);
    let StopReason::OutOfBudget { spent, budget, .. } = reason else { panic!("{reason:?}") };
    assert!(spent >= 2000 * SECOND && fake.creation_counts().len() == 2, "{spent:?}");
    assert!(budget.abs_diff(2000 * SECOND) < SECOND, "{budget:?}");
    assert!(jobs.bill().money.unwrap().amount >= 1.0);
}
