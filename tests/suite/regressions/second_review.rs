//! Regression tests for faults that a second review found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use surmise::evaluator::{
    CommandEvaluator, Evaluator, FunctionEvaluator, Job, PassConfiguration, Reporter,
    SimulatedEvaluator, SimulatedJob, SimulatedReport,
};
use surmise::space::GridLevels;
use surmise::strategy::Phase;
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind, StopCause};
use surmise::tune::StopHandle;
use surmise::unit_cube::Grid;
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, EarlyStopping, GridSearch, Objective, Order,
    Outcome, ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace, StopReason,
    Strategy, Study, StudySettings, Tuner, tune,
};

use super::{ask, bayesian, new_study, unit_cube};

const SECOND: Duration = Duration::from_secs(1);

/// Returns a space of one categorical parameter `a` with the choices `0`, `1`, ….
fn choices(count: usize) -> SearchSpace {
    let values: Vec<String> = (0..count).map(|i| i.to_string()).collect();
    SearchSpace::new([ParameterRange::categorical("a", values)]).unwrap()
}

fn settings_with_repetitions(order: Order, jobs: usize) -> StudySettings {
    StudySettings {
        repetitions: surmise::strategy::Repetitions::Allowed,
        order,
        limits: ResourceLimits::new(jobs, 1),
        ..Default::default()
    }
}

#[test]
fn fault_a16_all_evenly_spaced_levels_of_a_grid_are_tried() {
    for (count, order) in [(4, Order::Arrival), (7, Order::FixedLag(2)), (65, Order::Arrival)] {
        let grid = unit_cube(1).grid([("x0", GridLevels::EvenlySpaced(count))]).unwrap();
        let settings = StudySettings { order, ..Default::default() };
        let mut study = new_study(unit_cube(1), GridSearch::new(grid), settings);
        let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
        tune(&mut study, &mut jobs).unwrap();
        let values: Vec<f64> = study.trials().iter().map(|t| t.configuration.float("x0")).collect();
        assert_eq!(values.len(), count);
        let level = |i: usize| i as f64 / (count - 1) as f64;
        assert!(values.iter().enumerate().all(|(i, x)| (x - level(i)).abs() < 1e-15), "{values:?}");
    }
    // The coordinates of a grid may have any number of digits.
    let grid = Grid::new(vec![vec![0.0, 1.0 / 3.0, 2.0 / 3.0]]).unwrap();
    let mut study = new_study(unit_cube(1), GridSearch::new(grid), StudySettings::default());
    for _ in 0..3 {
        ask(&mut study);
    }
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted);
}

#[test]
fn fault_a2_a_stop_decision_counts_even_if_the_job_ignores_it() {
    for order in [Order::Arrival, Order::FixedLag(1)] {
        let limits = ResourceLimits { max_runtime: Some(SECOND / 2), ..ResourceLimits::new(4, 1) };
        let settings = StudySettings { limits, order, ..Default::default() };
        let mut study = new_study(unit_cube(1), RandomSearch, settings);
        let mut jobs = FunctionEvaluator::reporting(|_: &Configuration, reporter: &Reporter| {
            let _ = reporter.report(9, 0.25);
            std::thread::sleep(20 * SECOND);
            Ok::<_, String>(0.25)
        })
        .with_stop_grace_period(SECOND / 5);
        Tuner::new()
            .early_stopping(EarlyStopping::hyperband(1, 9))
            .run(&mut study, &mut jobs)
            .unwrap();
        assert_eq!(study.trials()[0].outcome, Some(Outcome::from(0.25)), "{order:?}");
    }
}

#[test]
fn fault_a6_an_interrupted_trial_may_be_observed_externally() {
    for strategy in [
        Box::new(RandomSearch) as Box<dyn Strategy>,
        Box::new(BayesianOptimization::default()),
        Box::new(GridSearch::new(choices(4).grid::<&str>([]).unwrap())),
    ] {
        let mut study = new_study(choices(4), strategy, StudySettings::default());
        let trial = ask(&mut study);
        study.request_stop(trial.id, StopCause::TuningOver).unwrap();
        study.tell(trial.id, Outcome::Stopped { value: Some(3.0) }).unwrap();
        study.add_observation(&trial.configuration, Outcome::Stopped { value: Some(3.0) }).unwrap();
        let mut proposed = std::collections::HashSet::from([trial.configuration.to_string()]);
        while let AskOutcome::Trials(trials) = study.ask(1).unwrap() {
            assert!(proposed.insert(trials[0].configuration.to_string()), "proposed twice");
            study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
        }
        assert_eq!(proposed.len(), 4);
        // The external observation is also a trial.
        assert_eq!(study.trials().len(), 5);
    }
}

#[test]
fn enqueued_configurations_are_proposed_once() {
    let pair = || {
        let bit = |name| ParameterRange::categorical(name, ["0", "1"]);
        SearchSpace::new([bit("a"), bit("b")]).unwrap()
    };
    let configuration = |a: &str, b: &str| Configuration::from([("a", a.into()), ("b", b.into())]);
    let mut study = new_study(pair(), RandomSearch, StudySettings::default());
    study.enqueue(&Configuration::from([("a", "0".into())])).unwrap();
    study.enqueue(&configuration("0", "0")).unwrap();
    study.enqueue(&configuration("0", "1")).unwrap();
    let mut proposed = std::collections::HashSet::new();
    while let AskOutcome::Trials(trials) = study.ask(1).unwrap() {
        assert!(
            proposed.insert(trials[0].configuration.to_string()),
            "{}",
            trials[0].configuration
        );
    }
    assert_eq!((proposed.len(), study.enqueued().count()), (4, 0));
    let replayed = Study::replay(
        pair(),
        Objective::minimize("loss"),
        RandomSearch,
        StudySettings::default(),
        study.events().to_vec(),
    )
    .unwrap();
    assert_eq!(replayed.trials(), study.trials());

    // An interrupted trial is proposed first, and only once even if it is also enqueued.
    let mut study = new_study(pair(), RandomSearch, StudySettings::default());
    let trial = ask(&mut study);
    study.request_stop(trial.id, StopCause::TuningOver).unwrap();
    study.tell(trial.id, Outcome::Stopped { value: None }).unwrap();
    study.enqueue(&trial.configuration).unwrap();
    let repeated = ask(&mut study);
    assert_eq!(study.proposal(repeated.id).unwrap().phase, Phase::Rerun);
    assert_ne!(ask(&mut study).configuration, repeated.configuration);
}

#[test]
fn partial_configurations_run_even_if_the_strategy_is_exhausted() {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("b", 0..=1, ScalingType::Linear),
    ])
    .unwrap();
    let levels = [("x", GridLevels::values([0.1])), ("b", GridLevels::All)];
    let grid = space.grid(levels).unwrap();
    let mut study = new_study(space, GridSearch::new(grid), StudySettings::default());
    let AskOutcome::Trials(trials) = study.ask(5).unwrap() else { panic!() };
    assert_eq!(trials.len(), 2);
    study.enqueue(&Configuration::from([("x", 0.5.into())])).unwrap();
    assert!((ask(&mut study).configuration.float("x") - 0.5).abs() < 1e-12);
    assert_eq!((study.ask(1).unwrap(), study.enqueued().count()), (AskOutcome::Exhausted, 0));
}

#[test]
fn fault_a2_a_resumed_tuning_runs_all_its_jobs() {
    let limits = ResourceLimits::new(6, 2);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let may_end = Arc::new(AtomicBool::new(false));
    let may_end_in_jobs = Arc::clone(&may_end);
    let mut jobs = FunctionEvaluator::reporting(move |_: &Configuration, reporter: &Reporter| {
        // The jobs of the first call run until the second call, and then fail as stopped.
        while !may_end_in_jobs.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if reporter.should_stop() { Err("stopped".to_owned()) } else { Ok(1.0) }
    });
    let handle = StopHandle::new();
    let cancel_handle = handle.clone();
    std::thread::spawn(move || {
        std::thread::sleep(SECOND / 10);
        cancel_handle.cancel();
    });
    let grace = Duration::from_millis(20);
    Tuner::new().stop_handle(&handle).stop_grace_period(grace).run(&mut study, &mut jobs).unwrap();
    assert_eq!(study.pending().count(), 2);
    may_end.store(true, Ordering::SeqCst);
    let result = tune(&mut study, &mut jobs).unwrap();
    let completed = study.trials().iter().filter(|trial| trial.value().is_some()).count();
    assert_eq!((completed, result.reason), (6, StopReason::JobLimit { jobs: 6 }));
}

/// A stop request of an earlier call must not apply to a job that a later call starts again.
#[test]
fn fault_a2_a_restarted_job_is_not_stopped_by_an_earlier_request() {
    let limits = ResourceLimits::new(3, 1);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let trial = ask(&mut study);
    study.request_stop(trial.id, StopCause::Cancelled).unwrap();
    let simulate = |job: &Job<'_>| {
        let timeout = Outcome::Failed(Failure::new(FailureKind::Timeout, "too long"));
        let outcome = if job.trial.id.0 == 1 { timeout } else { Outcome::from(1.0) };
        SimulatedJob::new(outcome, SECOND)
    };
    tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap();
    assert!(!study.trials()[0].needs_rerun());
    assert!(study.events().iter().any(|event| matches!(event, Event::StopWithdrawn { .. })));
    assert_eq!((study.trials().len(), study.trials_to_rerun().count()), (3, 0));
}

#[test]
fn under_a_fixed_lag_small_spaces_are_searched_completely() {
    for lag in [2, 3, 5] {
        let mut study = new_study(
            choices(2),
            RandomSearch,
            settings_with_repetitions(Order::FixedLag(lag), 10),
        );
        let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
        let result = tune(&mut study, &mut jobs).unwrap();
        assert_eq!(result.reason, StopReason::JobLimit { jobs: 10 }, "lag {lag}");
    }
    // An interrupted configuration may be proposed again.
    let settings = StudySettings { order: Order::FixedLag(3), ..Default::default() };
    let mut study = new_study(choices(4), RandomSearch, settings);
    for number in 1..=4 {
        let trial = ask(&mut study);
        let failed = Outcome::Failed(Failure::new(FailureKind::Interrupted, "spot"));
        let outcome = if number == 4 { failed } else { Outcome::from(1.0) };
        study.tell(trial.id, outcome).unwrap();
    }
    let repeated = ask(&mut study);
    assert_eq!(repeated.configuration, study.trials()[3].configuration);
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Wait);
    study.tell(repeated.id, Outcome::from(1.0)).unwrap();
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted);
}

#[test]
fn under_a_fixed_lag_duplicate_observations_reveal_no_early_result() {
    let next_proposals = |told_first: bool| {
        let mut study = new_study(
            unit_cube(1),
            BayesianOptimization::default(),
            settings_with_repetitions(Order::FixedLag(2), 40),
        );
        let configuration = |x: f64| Configuration::from([("x0", x.into())]);
        let loss = |x: f64| Outcome::from((x - 0.3).powi(2));
        for x in [0.31, 0.0, 0.5, 0.9, 0.7, 0.15] {
            study.add_observation(&configuration(x), loss(x)).unwrap();
        }
        study.enqueue(&configuration(0.31)).unwrap();
        let enqueued = ask(&mut study);
        if told_first {
            study.tell(enqueued.id, loss(0.31)).unwrap();
        }
        let next = ask(&mut study);
        if !told_first {
            study.tell(enqueued.id, loss(0.31)).unwrap();
        }
        study.tell(next.id, loss(next.configuration.float("x0"))).unwrap();
        (next.configuration, ask(&mut study).configuration)
    };
    assert_eq!(next_proposals(true), next_proposals(false));
}

#[test]
fn fault_a3_a_failing_rerun_of_the_best_trial_ends_the_tuning() {
    let limits = ResourceLimits::new(60, 1);
    let mut study =
        new_study(unit_cube(2), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut started = 0;
    let simulate = |_: &Job<'_>| {
        started += 1;
        let interrupted = Outcome::Failed(Failure::new(FailureKind::Interrupted, "by signal 9"));
        SimulatedJob::new(if started <= 10 { Outcome::from(1.0) } else { interrupted }, SECOND)
    };
    let mut jobs = SimulatedEvaluator::new(simulate);
    let retries = surmise::limits::RetryPolicy::never();
    let reason = Tuner::new().retries(retries).run(&mut study, &mut jobs).unwrap().reason;
    assert!(matches!(reason, StopReason::TooManyFailures { .. }), "{reason}");
    assert!(study.trials().len() <= 31, "{}", study.trials().len());
}

/// Three quarters of the integers fail, and every fourth one succeeds.
#[test]
fn fault_a3_a_working_program_with_many_failures_is_not_stopped() {
    for seed in 0..16 {
        let range = ParameterRange::integer("n", 1..=200, ScalingType::Linear);
        let limits = ResourceLimits::new(60, 1);
        let settings = StudySettings { seed, limits, ..Default::default() };
        let space = SearchSpace::new([range]).unwrap();
        let mut study = new_study(space, BayesianOptimization::default(), settings);
        let simulate = |job: &Job<'_>| {
            let n = job.trial.configuration.integer("n");
            let error = Outcome::Failed(Failure::new(FailureKind::Error, "no multiple of 4"));
            let outcome = if n % 4 == 0 { Outcome::from((n - 120).abs() as f64) } else { error };
            SimulatedJob::new(outcome, SECOND)
        };
        let result = tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap();
        assert_eq!(result.reason, StopReason::JobLimit { jobs: 60 }, "seed {seed}");
    }
}

#[test]
fn fault_g_many_trials_of_few_configurations_take_linear_time() {
    let min_seconds = |work: &dyn Fn()| {
        let times = (0..3).map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        });
        times.min().unwrap().as_secs_f64()
    };
    let observe_time = |trials: usize| {
        min_seconds(&|| {
            let mut study = new_study(choices(4), RandomSearch, StudySettings::default());
            for trial in 0..trials {
                let configuration = Configuration::from([("a", (trial % 4).to_string().into())]);
                study.add_observation(&configuration, Outcome::from(trial as f64)).unwrap();
            }
        })
    };
    let ask_time = |trials: usize| {
        min_seconds(&|| {
            let mut study = new_study(
                choices(4),
                RandomSearch,
                settings_with_repetitions(Order::Arrival, trials),
            );
            for trial in 0..trials {
                let id = ask(&mut study).id;
                study.tell(id, Outcome::from(trial as f64)).unwrap();
            }
        })
    };
    let enqueue_time = |trials: u32| {
        min_seconds(&|| {
            let mut study = new_study(unit_cube(1), RandomSearch, StudySettings::default());
            for trial in 0..trials {
                let x = f64::from(trial) / f64::from(trials);
                study.enqueue(&Configuration::from([("x0", x.into())])).unwrap();
            }
        })
    };
    // Linear time is a factor of 10, and quadratic time of 100; trees and caches may exceed 10.
    for (operation, few, many) in [
        ("observed", observe_time(2000), observe_time(20_000)),
        ("asked", ask_time(2000), ask_time(20_000)),
        ("enqueued", enqueue_time(2000), enqueue_time(20_000)),
    ] {
        assert!(
            many < 6.0 * 10.0 * few,
            "{operation}: {many} s for 10 times as many as in {few} s"
        );
    }
}

#[test]
fn fault_a15_step_zero_does_not_count_as_the_first_step() {
    let limits = ResourceLimits::new(2, 1);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
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
    let result = Tuner::new()
        .early_stopping(EarlyStopping::hyperband(1, 27))
        .run(&mut study, &mut jobs)
        .unwrap();
    let warnings = result.warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("is 100, beyond max_resource = 27"), "{warnings:?}");
}

#[test]
fn fault_b6_no_parameter_overrides_an_environment_variable() {
    let space = |name: &str| {
        SearchSpace::new([ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear)])
            .unwrap()
    };
    let by_environment = PassConfiguration::Environment { prefix: String::new() };
    let jobs = CommandEvaluator::new("true")
        .pass_configuration(by_environment)
        .environment_variable("A", "mine");
    let error_for = |name: &str| jobs.check_space(&space(name)).unwrap_err().to_string();
    assert!(
        error_for("a").contains("must not hide the variable A, which all jobs are given"),
        "{}",
        error_for("a")
    );
    assert!(
        error_for("path").contains("must not hide the variable PATH, which programs need"),
        "{}",
        error_for("path")
    );
    assert!(jobs.check_space(&space("b")).is_ok());
}

#[test]
fn fault_b7_nul_characters_are_refused_in_prefixes_and_paths() {
    let prefix = PassConfiguration::Environment { prefix: "P\0".to_owned() };
    for jobs in [
        CommandEvaluator::new("true").pass_configuration(prefix),
        CommandEvaluator::new("true").working_directory("/tmp\0x"),
        CommandEvaluator::new("true").in_folder("/tmp\0x"),
    ] {
        assert!(jobs.check().unwrap_err().to_string().contains("the character NUL"));
    }
}

#[test]
fn an_exhausted_study_stays_exhausted() {
    let mut study = bayesian(choices(3), 1);
    for _ in 0..3 {
        let id = ask(&mut study).id;
        study.tell(id, Outcome::from(1.0)).unwrap();
    }
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted);
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted, "the second call");
}

#[test]
fn early_stopping_without_reports_gives_a_warning() {
    let limits = ResourceLimits::new(4, 1);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, SECOND));
    let mut tuner = Tuner::new().early_stopping(EarlyStopping::auto());
    let warnings = tuner.run(&mut study, &mut jobs).unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("reported nothing"), "{warnings:?}");
}
