//! The ends of a tuning: completion criteria, custom criteria, failures and exhausted grids.

use super::*;

#[test]
fn reaching_the_target_ends_the_tuning_and_stops_running_jobs() {
    let mut study = study(20, 2);
    // Trial 3 reaches the target while trial 4 runs for 1,000 seconds.
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
        3 => SimulatedJob::new(0.5, SECOND),
        4 => curve(&[3.0; 1000]),
        number => SimulatedJob::new(number as f64 + 1.0, SECOND),
    });
    let result = Tuner::new()
        .completion(CompletionCriteria::target(0.5))
        .run(&mut study, &mut jobs)
        .unwrap();
    let reason = StopReason::TargetReached { trial: TrialId(3), value: 0.5, target: 0.5 };
    assert_eq!(result.reason, reason);
    assert_eq!(study.trials().len(), 4, "no further trial is asked for");
    let running_trial = study.trial(TrialId(4)).unwrap();
    assert_eq!(running_trial.stop_cause, Some(StopCause::TuningOver));
    assert_eq!(running_trial.outcome, Some(Outcome::Stopped { value: Some(3.0) }));
    // The next call ends at once, because the target is already reached.
    let second_call = Tuner::new()
        .completion(CompletionCriteria::target(0.5))
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!((second_call.reason, study.trials().len()), (reason, 4));
}

#[test]
fn targets_follow_the_goal() {
    let settings = StudySettings { limits: ResourceLimits::new(9, 1), ..Default::default() };
    let objective = Objective::maximize("accuracy");
    let mut study = Study::new(unit_interval(), objective, SobolSearch, settings).unwrap();
    let result = Tuner::new()
        .completion(CompletionCriteria::target(0.3))
        .run(&mut study, &mut by_number(|number| (0.1 * number as f64).into()))
        .unwrap();
    assert!(matches!(result.reason, StopReason::TargetReached { trial: TrialId(3), .. }));
}

/// Runs jobs with these values, where NaN is a failure. Returns the stop reason and the number of
/// trials.
fn run_values(values: &'static [f64], criteria: CompletionCriteria) -> (StopReason, usize) {
    let mut study = study(values.len(), 1);
    let mut jobs = by_number(|number| match values[usize::try_from(number).unwrap() - 1] {
        value if value.is_nan() => failed(FailureKind::Error),
        value => value.into(),
    });
    let result = Tuner::new().completion(criteria).run(&mut study, &mut jobs).unwrap();
    (result.reason, study.trials().len())
}

/// This is the rule of SageMaker's guide: it counts the jobs that are not better than the best one.
#[test]
fn consecutive_jobs_without_improvement_end_the_tuning() {
    let values = &[9.0, 8.0, 8.0, 8.5, 7.999, 8.0, f64::NAN, 9.0, 1.0];
    let (reason, jobs) = run_values(values, CompletionCriteria::not_improving_for(3));
    let best = TrialId(5);
    assert_eq!(reason, StopReason::NotImproving { jobs: 3, best, value: 7.999 });
    assert_eq!(jobs, 8);
    // Failures before the first value do not count.
    let values = &[f64::NAN, f64::NAN, f64::NAN, 1.0, 2.0, 2.0, 0.5];
    let (reason, jobs) = run_values(values, CompletionCriteria::not_improving_for(3));
    assert_eq!((reason, jobs), (StopReason::JobLimit { jobs: 7 }, 7));
}

#[test]
fn interrupted_jobs_do_not_count_as_not_improving() {
    let max_runtime = Some(5 * SECOND);
    let limits = ResourceLimits { max_runtime, ..ResourceLimits::new(40, 4) };
    let mut study = study_with(limits, SobolSearch);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
        1 => SimulatedJob::new(0.5, SECOND),
        _ => curve(&[9.0; 100]),
    });
    let criteria = CompletionCriteria::not_improving_for(4);
    for call in 1..=3 {
        let result = Tuner::new().completion(criteria).run(&mut study, &mut jobs).unwrap();
        assert!(matches!(result.reason, StopReason::MaxRuntime { .. }), "call {call}");
    }
}

/// This is the rule of SageMaker's API reference: it counts the jobs that do not improve the best
/// value by one percent.
#[test]
fn improvements_below_the_threshold_do_not_count() {
    let values = &[9.0, 8.0, 7.99, 7.98, 7.97, 1.0];
    let with_threshold =
        CompletionCriteria { min_improvement: 0.01, ..CompletionCriteria::not_improving_for(3) };
    let (reason, jobs) = run_values(values, with_threshold);
    let best = TrialId(5);
    assert_eq!((reason, jobs), (StopReason::NotImproving { jobs: 3, best, value: 7.97 }, 5));
    let (reason, _) = run_values(values, CompletionCriteria::not_improving_for(3));
    assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
}

#[test]
fn a_custom_criterion_ends_the_tuning() {
    let mut study = study(50, 1);
    let result = Tuner::new()
        .complete_when("three below 0.5", |study: &Study| {
            study.trials().iter().filter(|t| t.value().is_some_and(|v| v < 0.5)).count() == 3
        })
        .run(&mut study, &mut by_number(|number| (1.0 / number as f64).into()))
        .unwrap();
    assert_eq!(result.reason, StopReason::CustomCriterion { name: "three below 0.5".to_owned() });
    assert_eq!(study.trials().len(), 5);
}

#[test]
fn an_observer_can_end_the_tuning() {
    let mut study = study(50, 3);
    let mut improvements = 0;
    let result = Tuner::new()
        .on_progress(|_, progress| {
            improvements += usize::from(matches!(progress, Progress::NewBest { .. }));
            if improvements == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run(&mut study, &mut by_number(|number| (9.0 - number as f64).into()))
        .unwrap();
    assert_eq!(result.reason, StopReason::Observer);
    assert!(study.pending().next().is_none() && study.trials().len() <= 6);
}

#[test]
fn too_many_failures_end_the_tuning_with_the_last_failure() {
    let mut study = study(50, 1);
    let result = tune(&mut study, &mut by_number(|_| failed(FailureKind::Error))).unwrap();
    let last = Failure::new(FailureKind::Error, "as scripted");
    assert_eq!(result.reason, StopReason::TooManyFailures { failures: 10, of_last: 10, last });
    assert_eq!(study.trials().len(), 10);
    assert!(result.reason.to_string().contains("as scripted"), "{}", result.reason);
    // The limit may be a rate: here five of the last eight jobs.
    let breaker = Some(CircuitBreaker { failures: 5, of_last: 8 });
    let mut jobs = by_number(|number| match number % 3 {
        0 => 1.0.into(),
        _ => failed(FailureKind::OutOfMemory),
    });
    let mut second_study = super::study(50, 1);
    let result = Tuner::new().circuit_breaker(breaker).run(&mut second_study, &mut jobs).unwrap();
    assert!(matches!(result.reason, StopReason::TooManyFailures { failures: 5, .. }));
    assert_eq!(second_study.trials().len(), 7);
    // Without a circuit breaker, another call reaches the job limit.
    let result = Tuner::new().circuit_breaker(None).run(&mut second_study, &mut jobs).unwrap();
    assert_eq!(result.reason, StopReason::JobLimit { jobs: 50 });
}

#[test]
fn a_grid_search_ends_after_its_last_point() {
    let space = SearchSpace::new([
        ParameterRange::categorical("booster", ["tree", "dart", "linear"]),
        ParameterRange::integer("depth", 1..=9, ScalingType::Linear),
    ])
    .unwrap();
    let grid = space.grid([("depth", GridLevels::values([2_i64, 4]))]).unwrap();
    assert_eq!(grid.count(), 6);
    let limits = ResourceLimits { max_parallel_jobs: 4, ..Default::default() };
    let settings = StudySettings { limits, ..Default::default() };
    let objective = Objective::minimize("loss");
    let mut study = Study::new(space, objective, GridSearch::new(grid), settings).unwrap();
    let result = tune(&mut study, &mut by_number(|number| (number as f64).into())).unwrap();
    assert_eq!(result.reason, StopReason::SpaceExhausted { jobs: 6 });
    let proposed: Vec<(String, i64)> = study
        .trials()
        .iter()
        .map(|t| (t.configuration.category("booster").to_owned(), t.configuration.integer("depth")))
        .collect();
    let expected =
        [("tree", 2), ("tree", 4), ("dart", 2), ("dart", 4), ("linear", 2), ("linear", 4)];
    assert_eq!(proposed, expected.map(|(booster, depth)| (booster.to_owned(), depth)));
}

#[test]
fn all_violations_of_the_rules_are_reported_at_once() {
    let rules = TuningRules {
        early_stopping: EarlyStopping::hyperband(9, 3),
        completion: CompletionCriteria {
            target: Some(f64::NAN),
            not_improving_for: Some(0),
            min_improvement: -1.0,
        },
        retries: RetryPolicy::default().with_backoff(Backoff { jitter: 2.0, ..Backoff::default() }),
        job_timeout: Some(Duration::ZERO),
        circuit_breaker: Some(CircuitBreaker { failures: 3, of_last: 2 }),
        canary: Some(Canary { failures: 0, one_at_a_time: false }),
        max_missing_metrics: Some(0),
    };
    let error =
        Tuner::with_rules(rules).run(&mut study(1, 1), &mut by_number(|_| 1.0.into())).unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "early_stopping.min_resource",
            "completion.target",
            "completion.not_improving_for",
            "completion.min_improvement",
            "retries.backoff.jitter",
            "job_timeout",
            "circuit_breaker.failures",
            "canary.failures",
            "max_missing_metrics"
        ]
    );
}
