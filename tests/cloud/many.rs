//! A thousand trials, with throttling, lost replies and a restart.

use std::panic::{AssertUnwindSafe, catch_unwind};

use surmise::fake_sagemaker::{Fate, Faults};
use surmise::sagemaker::training_job_name;
use surmise::{RetryPolicy, StopReason};

use super::*;

#[test]
fn a_thousand_trials_are_created_exactly_once_each() {
    let faults = Faults {
        throttled: 0.05,
        lost_replies: 0.02,
        failed_by_service: 0.01,
        ..Default::default()
    };
    let settings = FakeSettings { seed: 5, faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 1000, 10);
    let mut first = study(&request, Vec::new());
    let mut evaluator_before = evaluator(&fake, &settings.clock, &request);
    let rules =
        TuningRules { retries: RetryPolicy::default(), ..rules(&request, &evaluator_before) };
    // The tuner is killed in the middle of things; its jobs go on.
    let killed = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with(rules.clone())
            .observe(|study, progress| {
                let begun = study.trials().len();
                assert!(begun < 500 || !matches!(progress, Progress::Started { .. }), "killed");
                ControlFlow::Continue(())
            })
            .run(&mut first, &mut evaluator_before)
    }));
    assert!(killed.is_err());
    drop(evaluator_before);
    settings.clock.sleep(100 * SECOND);

    let mut study = study(&request, first.events().to_vec());
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut adopted = 0;
    let tuned = Tuner::with(rules)
        .observe(|_, progress| {
            adopted += u32::from(matches!(progress, Progress::Started { adopted: true, .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 1000 });
    assert!(adopted >= 8, "{adopted}");
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));

    // Each attempt once, and nothing else; never more at any instant than there may be.
    let mut wanted: Vec<String> = study
        .trials()
        .iter()
        .flat_map(|trial| (1..=trial.attempt()).map(|n| training_job_name("trees", trial.id.0, n)))
        .collect();
    wanted.sort();
    let creations = fake.creations();
    assert!(creations.values().all(|times| *times == 1));
    let mut made: Vec<String> = creations.into_keys().collect();
    made.sort();
    assert_eq!(made, wanted);
    assert!(wanted.len() > 1000, "some were tried again");
    assert_eq!(fake.most_at_once(), 10);
    let log = fake.log();
    let count = |fate: &Fate| log.iter().filter(|entry| entry.fate == *fate).count();
    assert!(count(&Fate::ReplyLost) > 50);
    assert!(count(&Fate::Refused("ThrottlingException".to_owned())) > 100);
}
