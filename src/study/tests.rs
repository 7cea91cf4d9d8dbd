use super::*;
use crate::error::Error;
use crate::limits::ResourceLimits;
use crate::objective::Objective;
use crate::rng::Rng;
use crate::space::{Configuration, SearchSpace};
use crate::space::{ParameterRange, ScalingType};
use crate::strategy::{BayesianOptimization, RandomSearch, SobolSearch};
use crate::strategy::{History, Proposal, Strategy};
use crate::trial::{FailureKind, Outcome, Report, Trial, TrialId};

fn unit_interval() -> SearchSpace {
    SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
}

fn study(order: Order) -> Study {
    let settings = StudySettings { seed: 3, order, ..Default::default() };
    Study::new(unit_interval(), Objective::minimize("loss"), SobolSearch, settings).unwrap()
}

fn ask_one(study: &mut Study) -> Trial {
    match study.ask(1).unwrap() {
        AskOutcome::Trials(mut trials) => trials.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn outcomes_may_come_in_any_order_but_only_once() {
    let mut study = study(Order::Arrival);
    let AskOutcome::Trials(trials) = study.ask(3).unwrap() else { panic!("three trials") };
    study.tell(trials[2].id, Outcome::from(3.0)).unwrap();
    study.report(trials[0].id, 1, 9.0).unwrap();
    study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
    let conflict = study.tell(trials[0].id, Outcome::from(0.0)).unwrap_err();
    assert!(matches!(conflict, Error::Conflict { trial: TrialId(1), .. }), "{conflict}");
    study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
    assert!(matches!(study.report(trials[2].id, 2, 0.0), Err(Error::AlreadyEnded(TrialId(3)))));
    assert!(matches!(
        study.tell(TrialId(9), Outcome::from(0.0)),
        Err(Error::UnknownTrial(TrialId(9)))
    ));
    assert!(matches!(
        study.tell(TrialId(0), Outcome::from(0.0)),
        Err(Error::UnknownTrial(TrialId(0)))
    ));
    assert_eq!(study.best().unwrap().value(), Some(1.0));
    assert_eq!(study.pending().map(|trial| trial.id.0).collect::<Vec<_>>(), [2]);
    assert_eq!(study.trials()[0].reports, [Report { step: 1, value: 9.0 }]);
    assert_eq!(study.events().len(), 7, "the conflict is recorded, the repetition is not");
}

#[test]
fn non_finite_values_become_failures() {
    let mut study = study(Order::Arrival);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let trial = ask_one(&mut study);
        study.tell(trial.id, Outcome::Completed { value }).unwrap();
        match &study.trial(trial.id).unwrap().outcome {
            Some(Outcome::Failed(failure)) => {
                assert_eq!(failure.kind, FailureKind::NonFiniteMetric);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(study.best().is_none());
}

#[test]
fn fixed_lag_waits_for_the_outcomes_that_it_needs() {
    let mut study = study(Order::FixedLag(2));
    let AskOutcome::Trials(first) = study.ask(5).unwrap() else { panic!("two trials") };
    assert_eq!(first.len(), 2);
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Wait);
    study.tell(first[1].id, Outcome::from(1.0)).unwrap();
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Wait, "the first is needed first");
    study.tell(first[0].id, Outcome::from(1.0)).unwrap();
    let AskOutcome::Trials(next) = study.ask(5).unwrap() else { panic!("two more") };
    assert_eq!(next.len(), 2);
}

/// A strategy whose proposals depend on the number of parallel jobs.
#[derive(Debug)]
struct ByParallelJobs;

impl Strategy for ByParallelJobs {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let share = 1.0 / history.max_parallel_jobs as f64;
        let shifted = share / (history.next_trial.0 as f64 + rng.uniform());
        Ok(Some(Proposal::new(vec![shifted].into(), crate::strategy::Phase::Heuristic)))
    }
}

#[test]
fn fixed_lag_hides_the_number_of_workers_from_strategies() {
    let first = |order, workers| {
        let limits = ResourceLimits { max_parallel_jobs: workers, ..Default::default() };
        let settings = StudySettings { order, limits, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(unit_interval(), objective, ByParallelJobs, settings).unwrap();
        ask_one(&mut study).configuration
    };
    assert_eq!(first(Order::FixedLag(4), 1), first(Order::FixedLag(4), 3));
    assert_ne!(first(Order::FixedLag(2), 1), first(Order::FixedLag(4), 1));
    assert_ne!(first(Order::Arrival, 1), first(Order::Arrival, 3));
}

#[test]
fn best_trial_has_the_largest_value_when_maximizing() {
    let settings = StudySettings::default();
    let objective = Objective::maximize("accuracy");
    let mut study = Study::new(unit_interval(), objective, RandomSearch, settings).unwrap();
    for value in [0.3, 0.9, 0.5] {
        let trial = ask_one(&mut study);
        study.tell(trial.id, Outcome::from(value)).unwrap();
    }
    assert_eq!(study.best().unwrap().value(), Some(0.9));
}

#[test]
fn external_observations_count_and_are_never_proposed() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=3, ScalingType::Linear)]).unwrap();
    let settings = StudySettings::default();
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
    let two: Configuration = serde_json::from_str(r#"{"n": 2}"#).unwrap();
    assert_eq!(study.add_observation(&two, Outcome::from(5.0)).unwrap(), TrialId(1));
    let AskOutcome::Trials(trials) = study.ask(9).unwrap() else { panic!("two trials") };
    let mut values: Vec<i64> = trials.iter().map(|t| t.configuration.integer("n")).collect();
    values.sort_unstable();
    assert_eq!(values, [1, 3]);
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted);
    let invalid: Configuration = serde_json::from_str(r#"{"n": 4}"#).unwrap();
    assert!(study.add_observation(&invalid, Outcome::from(0.0)).is_err());
}

#[test]
fn invalid_settings_are_rejected() {
    let settings = StudySettings {
        order: Order::FixedLag(0),
        limits: ResourceLimits { max_jobs: Some(0), max_parallel_jobs: 0, max_runtime: None },
        ..Default::default()
    };
    let error = Study::new(unit_interval(), Objective::minimize("loss"), RandomSearch, settings)
        .unwrap_err();
    assert_eq!(error.violations().len(), 3);
}

#[test]
fn stopped_trials_are_not_recommended() {
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(
        unit_interval(),
        Objective::minimize("loss"),
        strategy,
        StudySettings::default(),
    )
    .unwrap();
    for value in [3.0, 1.0, 2.0, 4.0] {
        let trial = ask_one(&mut study);
        study.tell(trial.id, Outcome::from(value)).unwrap();
    }
    let trial = ask_one(&mut study);
    study.tell(trial.id, Outcome::Stopped { value: Some(-5.0) }).unwrap();
    assert_eq!(study.recommended().unwrap().unwrap().id, TrialId(2));
}
