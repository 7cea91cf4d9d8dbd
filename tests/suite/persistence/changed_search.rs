//! Resuming a journal with another space, objective, strategy or other settings.

use surmise::journal::{Journal, JournalErrorKind};
use surmise::*;

use super::folder::TempFolder;
use super::resuming::error_kind;

fn study(max: f64, choices: &[&str], settings: StudySettings) -> Study {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=max, ScalingType::Linear),
        ParameterRange::categorical("kind", choices.iter().copied()),
    ]);
    Study::new(space.unwrap(), Objective::minimize("loss"), SobolSearch, settings).unwrap()
}

/// Writes a journal with four trials, of which the last one has not ended.
fn write_journal(folder: &TempFolder) -> (Study, std::path::PathBuf) {
    let path = folder.file("run.surmise");
    let _ = std::fs::remove_file(&path);
    let (mut study, mut journal) =
        Journal::resume(&path, study(1.0, &["a", "b"], StudySettings::default())).unwrap();
    for value in [0.5, 0.25, 0.75] {
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        study.tell(trials[0].id, Outcome::from(value)).unwrap();
    }
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    (study, path)
}

fn differences(error: Error) -> Vec<String> {
    match error_kind(error) {
        JournalErrorKind::DifferentStudy { differences } => differences,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fault_25_resuming_another_search_is_refused_with_each_difference() {
    let folder = TempFolder::new("differs");
    let (_, path) = write_journal(&folder);
    let settings = StudySettings { seed: 7, ..Default::default() };
    let error = Journal::resume(&path, study(2.0, &["a", "b"], settings)).unwrap_err();
    assert!(error.to_string().contains("resume_changed"), "{error}");
    assert_eq!(
        differences(error),
        ["space.x.max was 1.0, and is 2.0", "settings.seed was 0, and is 7"]
    );
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::categorical("kind", ["a", "b"]),
    ]);
    let other_search = Study::new(
        space.unwrap(),
        Objective::maximize("gain"),
        RandomSearch,
        StudySettings::default(),
    );
    let error = Journal::resume(&path, other_search.unwrap()).unwrap_err();
    assert_eq!(
        differences(error),
        [
            "objective.goal was \"Minimize\", and is \"Maximize\"",
            "objective.metric_name was \"loss\", and is \"gain\"",
            "strategy.name was \"sobol\", and is \"random\"",
        ]
    );
}

#[test]
fn changed_settings_keep_all_trials() {
    let folder = TempFolder::new("settings");
    let (original, path) = write_journal(&folder);
    let settings = StudySettings { limits: ResourceLimits::new(50, 2), ..Default::default() };
    let changed = || study(1.0, &["a", "b"], settings);
    assert!(Journal::resume(&path, changed()).is_err());
    let (resumed_study, journal) = Journal::resume_changed(&path, changed()).unwrap();
    assert_eq!(resumed_study.events(), original.events());
    assert!(journal.open_summary().changes.iter().any(|line| line == "all 4 trials are kept"));
    assert!(!journal.open_summary().is_restarted);
    drop(journal);
    // The journal now contains the changed settings.
    assert_eq!(Journal::resume(&path, changed()).unwrap().0.settings().limits, settings.limits);
    assert_eq!(Journal::open(&path).unwrap().0.settings().limits, settings.limits);
}

#[test]
fn a_changed_space_keeps_matching_trials_and_reports_dropped_ones() {
    let folder = TempFolder::new("space");
    let (original, path) = write_journal(&folder);
    let changed = || study(1.0, &["a", "c"], StudySettings::default());
    let (resumed_study, journal) = Journal::resume_changed(&path, changed()).unwrap();
    let matching = original
        .trials()
        .iter()
        .filter(|trial| trial.outcome.is_some() && trial.configuration.category("kind") == "a");
    let matching: Vec<_> = matching.map(|trial| (&trial.configuration, &trial.outcome)).collect();
    let kept: Vec<_> =
        resumed_study.trials().iter().map(|trial| (&trial.configuration, &trial.outcome)).collect();
    assert_eq!(kept, matching);
    assert!(!matching.is_empty() && matching.len() < 3);
    let report = journal.open_summary().changes.join("\n");
    assert!(report.contains("starts again"), "{report}");
    assert!(report.contains("trial 4: it has not ended; its job may still run"), "{report}");
    drop(journal);
    let (reopened, mut journal) = Journal::resume(&path, changed()).unwrap();
    assert_eq!(reopened.events(), resumed_study.events());
    // The records of the earlier study stay in the file until it is compacted.
    let size = std::fs::metadata(&path).unwrap().len();
    journal.compact().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < size);
    drop(journal);
    assert_eq!(Journal::resume(&path, changed()).unwrap().0.events(), resumed_study.events());
}

#[test]
fn a_custom_strategy_is_named_and_its_journal_can_be_read() {
    #[derive(Debug)]
    struct CustomStrategy;
    impl Strategy for CustomStrategy {
        fn propose(
            &self,
            _: &surmise::strategy::History<'_>,
            rng: &mut surmise::rng::Rng,
        ) -> Result<Option<surmise::strategy::Proposal>, Error> {
            let point = vec![rng.uniform(), 0.0];
            Ok(Some(surmise::strategy::Proposal::new(
                point.into(),
                surmise::strategy::Phase::Random,
            )))
        }
    }
    let folder = TempFolder::new("custom-strategy");
    let path = folder.file("run.surmise");
    let space = || {
        SearchSpace::new([
            ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::categorical("kind", ["a", "b"]),
        ])
    };
    let new_study = || {
        Study::new(
            space().unwrap(),
            Objective::minimize("loss"),
            CustomStrategy,
            StudySettings::default(),
        )
        .unwrap()
    };
    let (mut study, mut journal) = Journal::resume(&path, new_study()).unwrap();
    study.ask(2).unwrap();
    journal.write(&study).unwrap();
    drop(journal);
    let kind = error_kind(Journal::open(&path).unwrap_err());
    let JournalErrorKind::CustomStrategy { name } = kind else { panic!("{kind:?}") };
    assert!(name.ends_with("CustomStrategy"), "{name}");
    assert_eq!(Journal::read(&path).unwrap().trials(), study.trials());
    assert_eq!(Journal::resume(&path, new_study()).unwrap().0.trials(), study.trials());
}

#[test]
fn values_of_another_metric_are_dropped() {
    let folder = TempFolder::new("another-metric");
    let (original, path) = write_journal(&folder);
    let objective = Objective::minimize("error");
    let (space, settings) = (original.space().clone(), *original.settings());
    let changed = Study::new(space, objective, SobolSearch, settings).unwrap();
    let (resumed_study, journal) = Journal::resume_changed(&path, changed).unwrap();
    assert!(resumed_study.trials().is_empty() && journal.open_summary().is_restarted);
    let changes = &journal.open_summary().changes;
    assert!(
        changes.contains(&"trial 1: its value is of the metric \"loss\"".to_owned()),
        "{changes:?}"
    );
}
