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

fn line() -> SearchSpace {
    SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
}

fn study(order: Order) -> Study {
    let settings = StudySettings { seed: 3, order, ..Default::default() };
    Study::new(line(), Objective::minimize("loss"), SobolSearch, settings).unwrap()
}

fn ask_one(study: &mut Study) -> Trial {
    match study.ask(1).unwrap() {
        Asked::Trials(mut trials) => trials.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn outcomes_come_in_any_order_and_once() {
    let mut study = study(Order::Arrival);
    let Asked::Trials(trials) = study.ask(3).unwrap() else { panic!("three trials") };
    study.tell(trials[2].id, Outcome::from(3.0)).unwrap();
    study.report(trials[0].id, 1, 9.0).unwrap();
    study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
    let again = study.tell(trials[0].id, Outcome::from(0.0)).unwrap_err();
    assert!(matches!(again, Error::Conflict { trial: TrialId(1), .. }), "{again}");
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
    assert_eq!(study.events().len(), 7, "the conflict is kept, the repetition is not");
}

#[test]
fn metrics_that_are_not_finite_become_typed_failures() {
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
fn a_fixed_lag_waits_for_the_outcomes_that_it_needs() {
    let mut study = study(Order::FixedLag(2));
    let Asked::Trials(first) = study.ask(5).unwrap() else { panic!("two trials") };
    assert_eq!(first.len(), 2);
    assert_eq!(study.ask(1).unwrap(), Asked::Wait);
    study.tell(first[1].id, Outcome::from(1.0)).unwrap();
    assert_eq!(study.ask(1).unwrap(), Asked::Wait, "the first is needed first");
    study.tell(first[0].id, Outcome::from(1.0)).unwrap();
    let Asked::Trials(next) = study.ask(5).unwrap() else { panic!("two more") };
    assert_eq!(next.len(), 2);
}

/// Lets the number of parallel jobs show in what it proposes.
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
fn under_a_fixed_lag_a_strategy_cannot_see_the_number_of_workers() {
    let first = |order, workers| {
        let limits = ResourceLimits { max_parallel_jobs: workers, ..Default::default() };
        let settings = StudySettings { order, limits, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(line(), objective, ByParallelJobs, settings).unwrap();
        ask_one(&mut study).configuration
    };
    assert_eq!(first(Order::FixedLag(4), 1), first(Order::FixedLag(4), 3));
    assert_ne!(first(Order::FixedLag(2), 1), first(Order::FixedLag(4), 1));
    assert_ne!(first(Order::Arrival, 1), first(Order::Arrival, 3));
}

#[test]
fn a_goal_turns_the_search_around() {
    let settings = StudySettings::default();
    let objective = Objective::maximize("accuracy");
    let mut study = Study::new(line(), objective, RandomSearch, settings).unwrap();
    for value in [0.3, 0.9, 0.5] {
        let trial = ask_one(&mut study);
        study.tell(trial.id, Outcome::from(value)).unwrap();
    }
    assert_eq!(study.best().unwrap().value(), Some(0.9));
}

#[test]
fn outside_observations_count_and_are_never_proposed() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=3, ScalingType::Linear)]).unwrap();
    let settings = StudySettings::default();
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
    let two: Configuration = serde_json::from_str(r#"{"n": 2}"#).unwrap();
    assert_eq!(study.observe(&two, Outcome::from(5.0)).unwrap(), TrialId(1));
    let Asked::Trials(rest) = study.ask(9).unwrap() else { panic!("two trials") };
    let mut values: Vec<i64> = rest.iter().map(|t| t.configuration.integer("n")).collect();
    values.sort_unstable();
    assert_eq!(values, [1, 3]);
    assert_eq!(study.ask(1).unwrap(), Asked::Exhausted);
    let outside: Configuration = serde_json::from_str(r#"{"n": 4}"#).unwrap();
    assert!(study.observe(&outside, Outcome::from(0.0)).is_err());
}

#[test]
fn settings_are_checked() {
    let settings = StudySettings {
        order: Order::FixedLag(0),
        limits: ResourceLimits { max_jobs: Some(0), max_parallel_jobs: 0, max_runtime: None },
        ..Default::default()
    };
    let error =
        Study::new(line(), Objective::minimize("loss"), RandomSearch, settings).unwrap_err();
    assert_eq!(error.violations().len(), 3);
}

#[test]
fn what_was_stopped_on_its_way_is_not_recommended() {
    let strategy = BayesianOptimization::default();
    let mut study =
        Study::new(line(), Objective::minimize("loss"), strategy, StudySettings::default())
            .unwrap();
    for value in [3.0, 1.0, 2.0, 4.0] {
        let trial = ask_one(&mut study);
        study.tell(trial.id, Outcome::from(value)).unwrap();
    }
    let trial = ask_one(&mut study);
    study.tell(trial.id, Outcome::Stopped { value: Some(-5.0) }).unwrap();
    assert_eq!(study.recommended().unwrap().unwrap().id, TrialId(2));
}
