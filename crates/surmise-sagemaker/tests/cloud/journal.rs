//! The journal of a study: names and costs of its training jobs survive a restart.

use std::panic::{AssertUnwindSafe, catch_unwind};

use surmise::StopReason;
use surmise::journal::Journal;

use super::*;

#[test]
fn the_journal_records_training_jobs_and_their_costs() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("kept", 8, 2);
    let folder = std::env::temp_dir().join(format!("surmise-cloud-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("run.surmise");
    let new_study = || study(&request, Vec::new());

    let (mut study, mut journal) = Journal::resume(&path, new_study()).unwrap();
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let rules = rules(&request, &jobs);
    let mut ended = 0;
    let killed = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with_rules(rules.clone())
            .journal_to(&mut journal)
            .on_progress(|_, progress| {
                ended += u32::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
                assert!(ended < 4, "killed");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
    }));
    assert!(killed.is_err());
    drop((journal, jobs));

    let (mut study, mut journal) = Journal::resume(&path, new_study()).unwrap();
    assert_eq!(study.trials().iter().filter(|trial| trial.outcome.is_some()).count(), 4);
    assert!(journal.note("evaluator").unwrap()["spent"]["secs"].as_u64().unwrap() > 1000);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut adopted = 0;
    let tuned = Tuner::with_rules(rules)
        .journal_to(&mut journal)
        .on_progress(|_, progress| {
            adopted += u32::from(matches!(progress, Progress::Started { adopted: true, .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 8 });
    assert!(adopted > 0);
    assert!(fake.creation_counts().values().all(|times| *times == 1));
    drop(journal);

    let (study, journal) = Journal::resume(&path, new_study()).unwrap();
    assert_eq!(journal.note("evaluator"), Some(&serde_json::to_value(jobs.bill()).unwrap()));
    for trial in study.trials() {
        let name = surmise_sagemaker::training_job_name("kept", trial.id.0, 1);
        assert!(trial.job_location.as_ref().unwrap().ends_with(&name), "{:?}", trial.job_location);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
