//! What is billed, and when there is nothing left to spend.

use surmise::StopReason;

use super::*;

#[test]
fn a_budget_stops_launching_and_nothing_else() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 20, 2);
    // Each job: some 640 seconds of two machines.
    let budget = 6000 * SECOND;
    let mut first = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    let mut study = study(&request, Vec::new());
    let first_rules = rules(&request, &first);
    let (reason, _) = tune(&mut study, &mut first, first_rules);
    let StopReason::OutOfBudget { spent, budget: limit, jobs } = reason else {
        panic!("{reason:?}")
    };
    assert!(spent >= budget && limit == budget);
    let completed = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert_eq!(completed, fake.creations().len(), "what ran came to its end");
    assert!((5..=6).contains(&completed) && jobs == completed, "{completed} {jobs}");
    assert_eq!(first.billed(), fake.billed());

    // After a restart the bill is still there; with more to spend it goes on where it was.
    let mut second = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    let second_rules = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, second_rules);
    assert!(matches!(reason, StopReason::OutOfBudget { .. }), "{reason:?}");
    assert_eq!(fake.creations().len(), completed, "nothing was launched");
    assert_eq!(second.billed(), first.billed());
    let mut third = evaluator(&fake, &settings.clock, &request).with_budget(10 * budget);
    let third_rules = rules(&request, &third);
    let (reason, _) = tune(&mut study, &mut third, third_rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 20 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some()), "no proposal was lost");
    assert_eq!(fake.creations().len(), 20);
}

#[test]
fn other_tuning_jobs_have_bills_of_their_own() {
    for names in [["trees", "trees-2"], ["trees-2", "trees"], ["trees-001", "trees"]] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        for name in names {
            let request = request(name, 1, 1);
            let evaluator = evaluator(&fake, &settings.clock, &request);
            let mut evaluator = evaluator.with_budget(9000 * SECOND);
            start(&mut evaluator, 1, 0.5);
            assert_eq!(evaluator.billed(), Duration::ZERO, "{name} of {names:?}");
            outcome(&mut evaluator);
            let name = surmise_sagemaker::training_job_name(name, 1, 1);
            assert_eq!(evaluator.billed().as_secs(), fake.bills()[&name]);
        }
    }
}

#[test]
fn a_job_that_is_gone_costs_no_more() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut evaluator, 1, 0.5);
    events(&mut evaluator, 400 * SECOND);
    fake.remove_training_job(&surmise_sagemaker::training_job_name("trees", 1, 1));
    outcome(&mut evaluator);
    let billed = evaluator.billed();
    assert!(billed > Duration::ZERO);
    settings.clock.sleep(9000 * SECOND);
    assert_eq!(evaluator.billed(), billed);
}

#[test]
fn with_nothing_left_to_spend_jobs_that_run_are_followed_nevertheless() {
    let settings = FakeSettings::default();
    let unequal = |values: &BTreeMap<String, String>| {
        let duration = if values["rate"] == "0.1" { 600 * SECOND } else { 6000 * SECOND };
        FakeTraining::new(duration).metric("loss", [0.5])
    };
    let fake = FakeSageMaker::start(settings.clone(), unequal).unwrap();
    let mut request = request("trees", 6, 2);
    let condition = &mut request.definition.as_mut().unwrap().stopping_condition;
    condition.max_runtime_in_seconds = Some(9000);
    let budget = 1000 * SECOND;
    let mut first = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    start(&mut first, 1, 0.1);
    start(&mut first, 2, 0.2);
    ends(&mut first, 1);
    drop(first);
    // After the restart there is nothing left, and a job runs.
    let mut second = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    assert!(matches!(start(&mut second, 3, 0.3), Start::OutOfBudget { .. }));
    assert_eq!(start(&mut second, 2, 0.2), Start::Adopted);
    ends(&mut second, 1);
    assert_eq!(fake.creations().len(), 2);
    assert_eq!(second.billed(), fake.billed());
}
