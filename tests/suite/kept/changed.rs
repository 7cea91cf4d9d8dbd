//! Going on with another search than a journal was written for.

use surmise::journal::{Journal, JournalTrouble};
use surmise::*;

use super::folder::Folder;
use super::going_on::trouble;

fn study(most: f64, choices: &[&str], settings: StudySettings) -> Study {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=most, ScalingType::Linear),
        ParameterRange::categorical("kind", choices.iter().copied()),
    ]);
    Study::new(space.unwrap(), Objective::minimize("loss"), SobolSearch, settings).unwrap()
}

/// Four trials, of which the last one has not ended.
fn journal(folder: &Folder) -> (Study, std::path::PathBuf) {
    let path = folder.file("run.surmise");
    let _ = std::fs::remove_file(&path);
    let (mut study, mut journal) =
        Journal::resume(&path, study(1.0, &["a", "b"], StudySettings::default())).unwrap();
    for value in [0.5, 0.25, 0.75] {
        let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        study.tell(trials[0].id, Outcome::from(value)).unwrap();
    }
    study.ask(1).unwrap();
    journal.write(&study).unwrap();
    (study, path)
}

fn differences(error: Error) -> Vec<String> {
    match trouble(error) {
        JournalTrouble::Different { differences } => differences,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fault_25_another_search_is_refused_with_what_differs() {
    let folder = Folder::new("differs");
    let (_, path) = journal(&folder);
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
    let other = Study::new(
        space.unwrap(),
        Objective::maximize("gain"),
        RandomSearch,
        StudySettings::default(),
    );
    let found = differences(Journal::resume(&path, other.unwrap()).unwrap_err());
    assert_eq!(
        found,
        [
            "objective.goal was \"Minimize\", and is \"Maximize\"",
            "objective.metric_name was \"loss\", and is \"gain\"",
            "strategy.name was \"sobol\", and is \"random\"",
        ]
    );
}

#[test]
fn other_settings_go_on_with_everything() {
    let folder = Folder::new("settings");
    let (before, path) = journal(&folder);
    let settings = StudySettings { limits: ResourceLimits::new(50, 2), ..Default::default() };
    let changed = || study(1.0, &["a", "b"], settings);
    assert!(Journal::resume(&path, changed()).is_err());
    let (again, journal) = Journal::resume_changed(&path, changed()).unwrap();
    assert_eq!(again.events(), before.events());
    assert!(journal.opening().changes.iter().any(|line| line == "all 4 trials are kept"));
    assert!(!journal.opening().began_anew);
    drop(journal);
    // From now on this is what the journal is for.
    assert_eq!(Journal::resume(&path, changed()).unwrap().0.settings().limits, settings.limits);
    assert_eq!(Journal::open(&path).unwrap().0.settings().limits, settings.limits);
}

#[test]
fn another_space_keeps_what_fits_and_says_what_does_not() {
    let folder = Folder::new("space");
    let (before, path) = journal(&folder);
    let changed = || study(1.0, &["a", "c"], StudySettings::default());
    let (again, journal) = Journal::resume_changed(&path, changed()).unwrap();
    let fits = before
        .trials()
        .iter()
        .filter(|trial| trial.outcome.is_some() && trial.configuration.category("kind") == "a");
    let fits: Vec<_> = fits.map(|trial| (&trial.configuration, &trial.outcome)).collect();
    let kept: Vec<_> =
        again.trials().iter().map(|trial| (&trial.configuration, &trial.outcome)).collect();
    assert_eq!(kept, fits);
    assert!(!fits.is_empty() && fits.len() < 3);
    let report = journal.opening().changes.join("\n");
    assert!(report.contains("begins anew"), "{report}");
    assert!(report.contains("trial 4: it has not ended; its job may still run"), "{report}");
    drop(journal);
    let (reopened, mut journal) = Journal::resume(&path, changed()).unwrap();
    assert_eq!(reopened.events(), again.events());
    // What was before is in the file until it is compacted.
    let before = std::fs::metadata(&path).unwrap().len();
    journal.compact().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < before);
    drop(journal);
    assert_eq!(Journal::resume(&path, changed()).unwrap().0.events(), again.events());
}

#[test]
fn a_strategy_of_ones_own_is_named_and_can_be_looked_at() {
    #[derive(Debug)]
    struct Own;
    impl Strategy for Own {
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
    let folder = Folder::new("own");
    let path = folder.file("run.surmise");
    let space = || {
        SearchSpace::new([
            ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::categorical("kind", ["a", "b"]),
        ])
    };
    let new = || {
        Study::new(space().unwrap(), Objective::minimize("loss"), Own, StudySettings::default())
            .unwrap()
    };
    let (mut study, mut journal) = Journal::resume(&path, new()).unwrap();
    study.ask(2).unwrap();
    journal.write(&study).unwrap();
    drop(journal);
    let found = trouble(Journal::open(&path).unwrap_err());
    assert!(
        matches!(&found, JournalTrouble::OwnStrategy { name } if name.ends_with("Own")),
        "{found:?}"
    );
    assert_eq!(Journal::read(&path).unwrap().trials(), study.trials());
    assert_eq!(Journal::resume(&path, new()).unwrap().0.trials(), study.trials());
}

#[test]
fn values_of_another_metric_are_not_taken_for_those_of_this_one() {
    let folder = Folder::new("metric");
    let (before, path) = journal(&folder);
    let objective = Objective::minimize("error");
    let (space, settings) = (before.space().clone(), *before.settings());
    let changed = Study::new(space, objective, SobolSearch, settings).unwrap();
    let (again, journal) = Journal::resume_changed(&path, changed).unwrap();
    assert!(again.trials().is_empty() && journal.opening().began_anew);
    let changes = &journal.opening().changes;
    assert!(changes.contains(&"trial 1: its value is one of \"loss\"".to_owned()), "{changes:?}");
}
