//! Faults related to those of the list, which a second reading found.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use surmise::cube::Grid;
use surmise::evaluator::{
    CommandEvaluator, Evaluator, FunctionEvaluator, Job, PassConfiguration, Reporter,
    SimulatedEvaluator, SimulatedJob, SimulatedReport,
};
use surmise::space::GridLevels;
use surmise::strategy::Phase;
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind, StopCause};
use surmise::tune::StopHandle;
use surmise::{
    Asked, BayesianOptimization, Configuration, EarlyStopping, GridSearch, Objective, Order,
    Outcome, ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace, StopReason,
    Strategy, Study, StudySettings, Tuner, tune,
};

use super::{ask, bayesian, cube, study_of};

const SECOND: Duration = Duration::from_secs(1);

fn choices(count: usize) -> SearchSpace {
    let values: Vec<String> = (0..count).map(|i| i.to_string()).collect();
    SearchSpace::new([ParameterRange::categorical("a", values)]).unwrap()
}

fn allowed(order: Order, jobs: usize) -> StudySettings {
    StudySettings {
        repetitions: surmise::strategy::Repetitions::Allowed,
        order,
        limits: ResourceLimits::new(jobs, 1),
        ..Default::default()
    }
}

#[test]
fn fault_a16_even_levels_of_any_number_are_all_tried() {
    for (count, order) in [(4, Order::Arrival), (7, Order::FixedLag(2)), (65, Order::Arrival)] {
        let grid = cube(1).grid([("x0", GridLevels::Even(count))]).unwrap();
        let settings = StudySettings { order, ..Default::default() };
        let mut study = study_of(cube(1), GridSearch::new(grid), settings);
        let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
        tune(&mut study, &mut jobs).unwrap();
        let tried: Vec<f64> = study.trials().iter().map(|t| t.configuration.float("x0")).collect();
        assert_eq!(tried.len(), count);
        let level = |i: usize| i as f64 / (count - 1) as f64;
        assert!(tried.iter().enumerate().all(|(i, x)| (x - level(i)).abs() < 1e-15), "{tried:?}");
    }
    // A grid of coordinates says no digits.
    let grid = Grid::new(vec![vec![0.0, 1.0 / 3.0, 2.0 / 3.0]]).unwrap();
    let mut study = study_of(cube(1), GridSearch::new(grid), StudySettings::default());
    for _ in 0..3 {
        ask(&mut study);
    }
    assert_eq!(study.ask(1).unwrap(), Asked::Exhausted);
}

#[test]
fn fault_a2_what_was_decided_counts_though_the_job_did_not_hear_of_it() {
    for order in [Order::Arrival, Order::FixedLag(1)] {
        let limits = ResourceLimits { max_runtime: Some(SECOND / 2), ..ResourceLimits::new(4, 1) };
        let settings = StudySettings { limits, order, ..Default::default() };
        let mut study = study_of(cube(1), RandomSearch, settings);
        let mut jobs = FunctionEvaluator::reporting(|_: &Configuration, reporter: &Reporter| {
            let _ = reporter.report(9, 0.25);
            std::thread::sleep(20 * SECOND);
            Ok::<_, String>(0.25)
        })
        .with_patience(SECOND / 5);
        Tuner::new()
            .early_stopping(EarlyStopping::hyperband(1, 9))
            .run(&mut study, &mut jobs)
            .unwrap();
        assert_eq!(study.trials()[0].outcome, Some(Outcome::from(0.25)), "{order:?}");
    }
}

#[test]
fn fault_a6_a_log_with_what_was_cut_off_can_be_read_again() {
    for strategy in [
        Box::new(RandomSearch) as Box<dyn Strategy>,
        Box::new(BayesianOptimization::default()),
        Box::new(GridSearch::new(choices(4).grid::<&str>([]).unwrap())),
    ] {
        let mut study = study_of(choices(4), strategy, StudySettings::default());
        let trial = ask(&mut study);
        study.ask_to_stop(trial.id, StopCause::TuningOver).unwrap();
        study.tell(trial.id, Outcome::Stopped { value: Some(3.0) }).unwrap();
        study.observe(&trial.configuration, Outcome::Stopped { value: Some(3.0) }).unwrap();
        let mut seen = std::collections::HashSet::from([trial.configuration.to_string()]);
        while let Asked::Trials(trials) = study.ask(1).unwrap() {
            assert!(seen.insert(trials[0].configuration.to_string()), "twice");
            study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
        }
        assert_eq!(seen.len(), 4);
        // What came from outside counts.
        assert_eq!(study.trials().len(), 5);
    }
}

#[test]
fn what_is_enqueued_is_asked_for_once() {
    let pair = || {
        let bit = |name| ParameterRange::categorical(name, ["0", "1"]);
        SearchSpace::new([bit("a"), bit("b")]).unwrap()
    };
    let whole = |a: &str, b: &str| Configuration::from([("a", a.into()), ("b", b.into())]);
    let mut study = study_of(pair(), RandomSearch, StudySettings::default());
    study.enqueue(&Configuration::from([("a", "0".into())])).unwrap();
    study.enqueue(&whole("0", "0")).unwrap();
    study.enqueue(&whole("0", "1")).unwrap();
    let mut seen = std::collections::HashSet::new();
    while let Asked::Trials(trials) = study.ask(1).unwrap() {
        assert!(seen.insert(trials[0].configuration.to_string()), "{}", trials[0].configuration);
    }
    assert_eq!((seen.len(), study.enqueued().count()), (4, 0));
    let replayed = Study::replay(
        pair(),
        Objective::minimize("loss"),
        RandomSearch,
        StudySettings::default(),
        study.events().to_vec(),
    )
    .unwrap();
    assert_eq!(replayed.trials(), study.trials());

    // What was cut off comes first, and is not enqueued besides.
    let mut study = study_of(pair(), RandomSearch, StudySettings::default());
    let trial = ask(&mut study);
    study.ask_to_stop(trial.id, StopCause::TuningOver).unwrap();
    study.tell(trial.id, Outcome::Stopped { value: None }).unwrap();
    study.enqueue(&trial.configuration).unwrap();
    let again = ask(&mut study);
    assert_eq!(study.proposal(again.id).unwrap().phase, Phase::CutOff);
    assert_ne!(ask(&mut study).configuration, again.configuration);
}

#[test]
fn what_is_enqueued_in_part_is_tried_though_the_strategy_is_at_its_end() {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("b", 0..=1, ScalingType::Linear),
    ])
    .unwrap();
    let levels = [("x", GridLevels::values([0.1])), ("b", GridLevels::Every)];
    let grid = space.grid(levels).unwrap();
    let mut study = study_of(space, GridSearch::new(grid), StudySettings::default());
    let Asked::Trials(trials) = study.ask(5).unwrap() else { panic!() };
    assert_eq!(trials.len(), 2);
    study.enqueue(&Configuration::from([("x", 0.5.into())])).unwrap();
    assert!((ask(&mut study).configuration.float("x") - 0.5).abs() < 1e-12);
    assert_eq!((study.ask(1).unwrap(), study.enqueued().count()), (Asked::Exhausted, 0));
}

#[test]
fn fault_a2_a_cancelled_tuning_that_goes_on_has_all_its_jobs() {
    let limits = ResourceLimits::new(6, 2);
    let mut study = study_of(cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let heeds = Arc::new(AtomicBool::new(false));
    let does_heed = Arc::clone(&heeds);
    let mut jobs = FunctionEvaluator::reporting(move |_: &Configuration, reporter: &Reporter| {
        // Those of the first call run on until the second one, and then come to nothing.
        while !does_heed.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if reporter.should_stop() { Err("stopped".to_owned()) } else { Ok(1.0) }
    });
    let handle = StopHandle::new();
    let other = handle.clone();
    std::thread::spawn(move || {
        std::thread::sleep(SECOND / 10);
        other.cancel();
    });
    let patience = Duration::from_millis(20);
    Tuner::new().stop_by(&handle).cancel_patience(patience).run(&mut study, &mut jobs).unwrap();
    assert_eq!(study.pending().count(), 2);
    heeds.store(true, Ordering::SeqCst);
    let tuned = tune(&mut study, &mut jobs).unwrap();
    let values = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert_eq!((values, tuned.reason), (6, StopReason::JobLimit { jobs: 6 }));
}

/// That an earlier call asked a trial to stop says nothing of a job that was started anew.
#[test]
fn fault_a2_a_job_that_is_started_anew_is_not_cut_off_by_an_earlier_call() {
    let limits = ResourceLimits::new(3, 1);
    let mut study = study_of(cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let trial = ask(&mut study);
    study.ask_to_stop(trial.id, StopCause::Cancelled).unwrap();
    let simulate = |job: &Job<'_>| {
        let timeout = Outcome::Failed(Failure::new(FailureKind::Timeout, "its own"));
        let outcome = if job.trial.id.0 == 1 { timeout } else { Outcome::from(1.0) };
        SimulatedJob::new(outcome, SECOND)
    };
    tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap();
    assert!(!study.trials()[0].was_cut_off());
    assert!(study.events().iter().any(|event| matches!(event, Event::StopWithdrawn { .. })));
    assert_eq!((study.trials().len(), study.cut_off().count()), (3, 0));
}

#[test]
fn under_a_lag_a_small_space_is_searched_to_its_end() {
    for lag in [2, 3, 5] {
        let mut study = study_of(choices(2), RandomSearch, allowed(Order::FixedLag(lag), 10));
        let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
        let tuned = tune(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 10 }, "lag {lag}");
    }
    // What came to nothing by bad luck can be tried again.
    let settings = StudySettings { order: Order::FixedLag(3), ..Default::default() };
    let mut study = study_of(choices(4), RandomSearch, settings);
    for number in 1..=4 {
        let trial = ask(&mut study);
        let failed = Outcome::Failed(Failure::new(FailureKind::Interrupted, "spot"));
        let outcome = if number == 4 { failed } else { Outcome::from(1.0) };
        study.tell(trial.id, outcome).unwrap();
    }
    let again = ask(&mut study);
    assert_eq!(again.configuration, study.trials()[3].configuration);
    assert_eq!(study.ask(1).unwrap(), Asked::Wait);
    study.tell(again.id, Outcome::from(1.0)).unwrap();
    assert_eq!(study.ask(1).unwrap(), Asked::Exhausted);
}

#[test]
fn under_a_lag_a_copy_from_outside_is_none_before_the_original_may_be_known() {
    let proposed = |told_first: bool| {
        let mut study =
            study_of(cube(1), BayesianOptimization::default(), allowed(Order::FixedLag(2), 40));
        let at = |x: f64| Configuration::from([("x0", x.into())]);
        let loss = |x: f64| Outcome::from((x - 0.3).powi(2));
        for x in [0.31, 0.0, 0.5, 0.9, 0.7, 0.15] {
            study.observe(&at(x), loss(x)).unwrap();
        }
        study.enqueue(&at(0.31)).unwrap();
        let own = ask(&mut study);
        if told_first {
            study.tell(own.id, loss(0.31)).unwrap();
        }
        let next = ask(&mut study);
        if !told_first {
            study.tell(own.id, loss(0.31)).unwrap();
        }
        study.tell(next.id, loss(next.configuration.float("x0"))).unwrap();
        (next.configuration, ask(&mut study).configuration)
    };
    assert_eq!(proposed(true), proposed(false));
}

#[test]
fn fault_a3_a_probe_that_fails_as_the_jobs_did_ends_the_tuning() {
    let limits = ResourceLimits::new(60, 1);
    let mut study = study_of(cube(2), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut started = 0;
    let simulate = |_: &Job<'_>| {
        started += 1;
        let killed = Outcome::Failed(Failure::new(FailureKind::Interrupted, "by signal 9"));
        SimulatedJob::new(if started <= 10 { Outcome::from(1.0) } else { killed }, SECOND)
    };
    let mut jobs = SimulatedEvaluator::new(simulate);
    let retries = surmise::limits::RetryPolicy::never();
    let tuned = Tuner::new().retries(retries).run(&mut study, &mut jobs).unwrap();
    assert!(matches!(tuned.reason, StopReason::TooManyFailures { .. }), "{}", tuned.reason);
    assert!(study.trials().len() <= 31, "{}", study.trials().len());
}

/// Three quarters of the integers fail, whatever lies next to them.
#[test]
fn fault_a3_a_sound_program_is_not_taken_for_a_broken_one() {
    for seed in 0..16 {
        let range = ParameterRange::integer("n", 1..=200, ScalingType::Linear);
        let limits = ResourceLimits::new(60, 1);
        let settings = StudySettings { seed, limits, ..Default::default() };
        let space = SearchSpace::new([range]).unwrap();
        let mut study = study_of(space, BayesianOptimization::default(), settings);
        let simulate = |job: &Job<'_>| {
            let n = job.trial.configuration.integer("n");
            let error = Outcome::Failed(Failure::new(FailureKind::Error, "no multiple of 4"));
            let outcome = if n % 4 == 0 { Outcome::from((n - 120).abs() as f64) } else { error };
            SimulatedJob::new(outcome, SECOND)
        };
        let tuned = tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 60 }, "seed {seed}");
    }
}

#[test]
fn fault_g_many_measurements_of_few_places_are_linear() {
    let fastest = |work: &dyn Fn()| {
        let times = (0..3).map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        });
        times.min().unwrap().as_secs_f64()
    };
    let observed = |trials: usize| {
        fastest(&|| {
            let mut study = study_of(choices(4), RandomSearch, StudySettings::default());
            for trial in 0..trials {
                let place = Configuration::from([("a", (trial % 4).to_string().into())]);
                study.observe(&place, Outcome::from(trial as f64)).unwrap();
            }
        })
    };
    let asked = |trials: usize| {
        fastest(&|| {
            let mut study = study_of(choices(4), RandomSearch, allowed(Order::Arrival, trials));
            for trial in 0..trials {
                let id = ask(&mut study).id;
                study.tell(id, Outcome::from(trial as f64)).unwrap();
            }
        })
    };
    let enqueued = |trials: u32| {
        fastest(&|| {
            let mut study = study_of(cube(1), RandomSearch, StudySettings::default());
            for trial in 0..trials {
                let x = f64::from(trial) / f64::from(trials);
                study.enqueue(&Configuration::from([("x0", x.into())])).unwrap();
            }
        })
    };
    // A hundred times, if it were quadratic; trees and caches take their part.
    for (what, few, many) in [
        ("observed", observed(2000), observed(20_000)),
        ("asked", asked(2000), asked(20_000)),
        ("enqueued", enqueued(2000), enqueued(20_000)),
    ] {
        assert!(many < 6.0 * 10.0 * few, "{what}: {many} s for 10 times as many as in {few} s");
    }
}

#[test]
fn fault_a15_a_report_at_step_0_is_not_the_first_step() {
    let limits = ResourceLimits::new(2, 1);
    let mut study = study_of(cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob {
        reports: (0..=3)
            .map(|i| SimulatedReport {
                after: (i + 1) * SECOND,
                step: u64::from(100 * i),
                value: 1.0,
            })
            .collect(),
        ..SimulatedJob::new(1.0, 9 * SECOND)
    });
    let tuned = Tuner::new()
        .early_stopping(EarlyStopping::hyperband(1, 27))
        .observe(|_, _| ControlFlow::Continue(()))
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!(tuned.warnings.len(), 1, "{:?}", tuned.warnings);
    assert!(tuned.warnings[0].contains("is 100, beyond max_resource = 27"), "{:?}", tuned.warnings);
}

#[test]
fn fault_b6_no_parameter_hides_a_variable_that_jobs_have() {
    let space = |name: &str| {
        SearchSpace::new([ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear)])
            .unwrap()
    };
    let by_environment = PassConfiguration::Environment { prefix: String::new() };
    let jobs = CommandEvaluator::new("true").pass(by_environment).variable("A", "mine");
    let said = |name: &str| jobs.check_space(&space(name)).unwrap_err().to_string();
    assert!(said("a").contains("would hide A, which is given to all jobs"), "{}", said("a"));
    assert!(said("path").contains("would hide PATH, which programs need"), "{}", said("path"));
    assert!(jobs.check_space(&space("b")).is_ok());
}

#[test]
fn fault_b7_nul_is_found_wherever_it_is_given() {
    let prefix = PassConfiguration::Environment { prefix: "P\0".to_owned() };
    for jobs in [
        CommandEvaluator::new("true").pass(prefix),
        CommandEvaluator::new("true").working_directory("/tmp\0x"),
        CommandEvaluator::new("true").in_folder("/tmp\0x"),
    ] {
        assert!(jobs.check().unwrap_err().to_string().contains("the character NUL"));
    }
}

#[test]
fn a_study_that_repeats_nothing_goes_on_as_before() {
    let mut study = bayesian(choices(3), 1);
    for _ in 0..3 {
        let id = ask(&mut study).id;
        study.tell(id, Outcome::from(1.0)).unwrap();
    }
    assert_eq!(study.ask(1).unwrap(), Asked::Exhausted);
    assert_eq!(study.ask(1).unwrap(), Asked::Exhausted, "asked twice");
}

#[test]
fn early_stopping_of_jobs_that_report_nothing_is_warned_of() {
    let limits = ResourceLimits::new(4, 1);
    let mut study = study_of(cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
    let tuner = || Tuner::new().early_stopping(EarlyStopping::auto());
    let tuned = tuner().run(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.warnings.len(), 1, "{:?}", tuned.warnings);
    assert!(tuned.warnings[0].contains("reported nothing"), "{:?}", tuned.warnings);
}
