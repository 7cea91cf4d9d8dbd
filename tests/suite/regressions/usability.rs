//! Difficulties of new users: many digits, partial configurations, unused parallelism, and results
//! that change from run to run.

use std::time::Duration;

use surmise::evaluator::{FunctionEvaluator, Job, SimulatedEvaluator, SimulatedJob};
use surmise::strategy::Phase;
use surmise::{
    BayesianOptimization, Configuration, Objective, Order, Outcome, ParameterRange, RandomSearch,
    ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, tune,
};

use super::{ask, bayesian, new_study, unit_cube};

const SECOND: Duration = Duration::from_secs(1);

/// Values are printed, passed to programs and recorded with the same digits.
#[test]
fn proposed_values_have_at_most_seven_digits() {
    let space = SearchSpace::new([
        ParameterRange::continuous("lr", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("dropout", 0.0..=0.5, ScalingType::Linear),
        ParameterRange::continuous("momentum", 0.5..=0.999, ScalingType::Auto),
    ])
    .unwrap();
    let mut study = bayesian(space, 4);
    for _ in 0..30 {
        let trial = ask(&mut study);
        let c = &trial.configuration;
        for (name, value) in c.iter() {
            let digits = value.to_string().chars().filter(char::is_ascii_digit).count();
            assert!(digits <= 7, "{name} = {value}");
        }
        let point = study.space().encode(c).unwrap();
        assert_eq!(study.space().normalize(c).unwrap(), *c);
        assert!(point.iter().all(|u| (0.0..=1.0).contains(u)));
        let loss = (c.float("lr").log10() + 2.0).powi(2) + c.float("dropout");
        study.tell(trial.id, Outcome::from(loss)).unwrap();
    }
}

#[test]
fn partial_configurations_can_be_enqueued() {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=3, ScalingType::Linear),
    ])
    .unwrap();
    let mut study = bayesian(space.clone(), 2);
    let with_x = |value: f64| Configuration::from([("x", value.into())]);
    study.enqueue(&with_x(0.123_456_789)).unwrap();
    study.enqueue(&Configuration::from([("n", 2.into())])).unwrap();
    assert!(study.enqueue(&with_x(0.123_456_789)).is_err(), "twice");
    assert!(study.enqueue(&with_x(7.0)).is_err());
    assert!(study.enqueue(&Configuration::from([("y", 1.0.into())])).is_err());
    assert!(study.enqueue(&Configuration::default()).is_err());
    let (first, second) = (ask(&mut study), ask(&mut study));
    assert!((first.configuration.float("x") - 0.123_456_789).abs() < f64::EPSILON);
    assert_eq!(second.configuration.integer("n"), 2);
    assert_eq!(study.proposal(first.id).unwrap().phase, Phase::Enqueued);
    ask(&mut study);

    let events = study.events().to_vec();
    let strategy = BayesianOptimization::default();
    let settings = StudySettings { seed: 2, ..Default::default() };
    let objective = Objective::minimize("loss");
    let replayed = Study::replay(space, objective, strategy, settings, events).unwrap();
    assert_eq!(replayed.trials(), study.trials());

    // A partial configuration is skipped if all its completions have been tried.
    let pair = SearchSpace::new([
        ParameterRange::categorical("a", ["0", "1"]),
        ParameterRange::categorical("b", ["0", "1"]),
    ])
    .unwrap();
    let mut study = bayesian(pair, 1);
    for b in ["0", "1"] {
        let configuration = Configuration::from([("a", "0".into()), ("b", b.into())]);
        study.add_observation(&configuration, Outcome::from(1.0)).unwrap();
    }
    study.enqueue(&Configuration::from([("a", "0".into())])).unwrap();
    assert_eq!(ask(&mut study).configuration.category("a"), "1");
    assert_eq!(study.enqueued().count(), 0);
}

#[test]
fn more_parallel_jobs_than_jobs_give_a_warning() {
    let limits = ResourceLimits::new(3, 8);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
    let warnings = tune(&mut study, &mut jobs).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("max_parallel_jobs is 8"), "{warnings:?}");
}

/// Like `examples/minimize_function.rs`, it runs four jobs in parallel, on threads that end in any
/// order.
#[test]
fn minimize_function_is_deterministic_for_its_seed() {
    let run = || {
        let space = SearchSpace::new([
            ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
            ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
            ParameterRange::categorical("optimizer", ["adam", "sgd"]),
        ]);
        let limits = ResourceLimits::new(40, 4);
        let settings =
            StudySettings { seed: 7, order: Order::FixedLag(4), limits, ..Default::default() };
        let mut study = new_study(space.unwrap(), BayesianOptimization::default(), settings);
        let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
            let rate = c.float("learning_rate").log10();
            std::thread::sleep(Duration::from_micros(rate.to_bits() % 3000));
            let penalty = if c.category("optimizer") == "adam" { 0.0 } else { 0.5 };
            Ok::<_, String>(
                (rate + 2.52).powi(2) + 0.1 * (c.float("layers") - 3.0).powi(2) + penalty,
            )
        });
        tune(&mut study, &mut jobs).unwrap();
        study.trials().to_vec()
    };
    let first = run();
    for _ in 0..3 {
        assert_eq!(run(), first);
    }
}
