//! Bills and budgets of training jobs.

use surmise::StopReason;

use super::*;

#[test]
fn a_spent_budget_only_stops_launching() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 20, 2);
    // Each job takes about 640 seconds on two instances.
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
    assert_eq!(completed, fake.creation_counts().len(), "running jobs were not stopped");
    assert!((5..=6).contains(&completed) && jobs == completed, "{completed} {jobs}");
    assert_eq!(first.billed(), fake.total_billed_time());

    // After a restart the bill is the same, and a larger budget resumes the tuning.
    let mut second = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    let second_rules = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, second_rules);
    assert!(matches!(reason, StopReason::OutOfBudget { .. }), "{reason:?}");
    assert_eq!(fake.creation_counts().len(), completed, "no job was launched");
    assert_eq!(second.billed(), first.billed());
    let mut third = evaluator(&fake, &settings.clock, &request).with_budget(10 * budget);
    let third_rules = rules(&request, &third);
    let (reason, _) = tune(&mut study, &mut third, third_rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 20 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some()), "no proposal was lost");
    assert_eq!(fake.creation_counts().len(), 20);
}

#[test]
fn each_tuning_job_has_its_own_bill() {
    for names in [["trees", "trees-2"], ["trees-2", "trees"], ["trees-001", "trees"]] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        for name in names {
            let request = request(name, 1, 1);
            let evaluator = evaluator(&fake, &settings.clock, &request);
            let mut evaluator = evaluator.with_budget(9000 * SECOND);
            start_job(&mut evaluator, 1, 0.5);
            assert_eq!(evaluator.billed(), Duration::ZERO, "{name} of {names:?}");
            wait_for_outcome(&mut evaluator);
            let name = surmise_sagemaker::training_job_name(name, 1, 1);
            assert_eq!(evaluator.billed().as_secs(), fake.billed_seconds()[&name]);
        }
    }
}

#[test]
fn a_removed_job_costs_nothing_more() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut evaluator = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut evaluator, 1, 0.5);
    collect_events(&mut evaluator, 400 * SECOND);
    fake.remove_training_job(&surmise_sagemaker::training_job_name("trees", 1, 1));
    wait_for_outcome(&mut evaluator);
    let billed = evaluator.billed();
    assert!(billed > Duration::ZERO);
    settings.clock.sleep(9000 * SECOND);
    assert_eq!(evaluator.billed(), billed);
}

#[test]
fn a_spent_budget_does_not_stop_following_running_jobs() {
    let settings = FakeSettings::default();
    let two_durations = |values: &BTreeMap<String, String>| {
        let duration = if values["rate"] == "0.1" { 600 * SECOND } else { 6000 * SECOND };
        FakeTraining::new(duration).metric("loss", [0.5])
    };
    let fake = FakeSageMaker::start(settings.clone(), two_durations).unwrap();
    let mut request = request("trees", 6, 2);
    let condition = &mut request.definition.as_mut().unwrap().stopping_condition;
    condition.max_runtime_in_seconds = Some(9000);
    let budget = 1000 * SECOND;
    let mut first = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    start_job(&mut first, 1, 0.1);
    start_job(&mut first, 2, 0.2);
    collect_until_ended(&mut first, 1);
    drop(first);
    // After the restart the budget is spent while a job runs.
    let mut second = evaluator(&fake, &settings.clock, &request).with_budget(budget);
    assert!(matches!(start_job(&mut second, 3, 0.3), StartOutcome::OutOfBudget { .. }));
    assert_eq!(start_job(&mut second, 2, 0.2), StartOutcome::Adopted);
    collect_until_ended(&mut second, 1);
    assert_eq!(fake.creation_counts().len(), 2);
    assert_eq!(second.billed(), fake.total_billed_time());
}
