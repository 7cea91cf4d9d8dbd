//! When it is enough: criteria of the rules, and of your own.

use super::*;

#[test]
fn a_target_that_is_reached_ends_it_and_stops_what_runs() {
    let mut study = study(20, 2);
    // The third reaches it; the fourth runs for ever.
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
        3 => SimulatedJob::new(0.5, SECOND),
        4 => curve(&[3.0; 1000]),
        number => SimulatedJob::new(number as f64 + 1.0, SECOND),
    });
    let tuned = Tuner::new()
        .completion(CompletionCriteria::target(0.5))
        .run(&mut study, &mut jobs)
        .unwrap();
    let reason = StopReason::TargetReached { trial: TrialId(3), value: 0.5, target: 0.5 };
    assert_eq!(tuned.reason, reason);
    assert_eq!(study.trials().len(), 4, "nothing more is asked for");
    let last = study.trial(TrialId(4)).unwrap();
    assert_eq!(last.stop_asked, Some(StopCause::TuningOver));
    assert_eq!(last.outcome, Some(Outcome::Stopped { value: Some(3.0) }));
    // What has been reached is not to be reached once more.
    let again = Tuner::new()
        .completion(CompletionCriteria::target(0.5))
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!((again.reason, study.trials().len()), (reason, 4));
}

#[test]
fn a_target_knows_the_goal() {
    let settings = StudySettings { limits: ResourceLimits::new(9, 1), ..Default::default() };
    let objective = Objective::maximize("accuracy");
    let mut study = Study::new(line(), objective, SobolSearch, settings).unwrap();
    let tuned = Tuner::new()
        .completion(CompletionCriteria::target(0.3))
        .run(&mut study, &mut by_number(|number| (0.1 * number as f64).into()))
        .unwrap();
    assert!(matches!(tuned.reason, StopReason::TargetReached { trial: TrialId(3), .. }));
}

fn not_improving(values: &'static [f64], criteria: CompletionCriteria) -> (StopReason, usize) {
    let mut study = study(values.len(), 1);
    let mut jobs = by_number(|number| match values[usize::try_from(number).unwrap() - 1] {
        value if value.is_nan() => failed(FailureKind::Error),
        value => value.into(),
    });
    let tuned = Tuner::new().completion(criteria).run(&mut study, &mut jobs).unwrap();
    (tuned.reason, study.trials().len())
}

/// SageMaker's guide: jobs that do not beat the best one so far.
#[test]
fn jobs_in_a_row_that_do_not_beat_the_best_end_it() {
    let values = &[9.0, 8.0, 8.0, 8.5, 7.999, 8.0, f64::NAN, 9.0, 1.0];
    let (reason, jobs) = not_improving(values, CompletionCriteria::not_improving_for(3));
    let best = TrialId(5);
    assert_eq!(reason, StopReason::NotImproving { jobs: 3, best, value: 7.999 });
    assert_eq!(jobs, 8);
    // Failures before there is a best value are not counted.
    let values = &[f64::NAN, f64::NAN, f64::NAN, 1.0, 2.0, 2.0, 0.5];
    let (reason, jobs) = not_improving(values, CompletionCriteria::not_improving_for(3));
    assert_eq!((reason, jobs), (StopReason::JobLimit { jobs: 7 }, 7));
}

#[test]
fn jobs_that_were_cut_off_have_not_failed_to_improve() {
    let max_runtime = Some(5 * SECOND);
    let limits = ResourceLimits { max_runtime, ..ResourceLimits::new(40, 4) };
    let mut study = study_with(limits, SobolSearch);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
        1 => SimulatedJob::new(0.5, SECOND),
        _ => curve(&[9.0; 100]),
    });
    let criteria = CompletionCriteria::not_improving_for(4);
    for call in 1..=3 {
        let tuned = Tuner::new().completion(criteria).run(&mut study, &mut jobs).unwrap();
        assert!(matches!(tuned.reason, StopReason::MaxRuntime { .. }), "call {call}");
    }
}

/// SageMaker's API reference: jobs that do not improve it by a hundredth.
#[test]
fn by_the_other_reading_small_improvements_are_none() {
    let values = &[9.0, 8.0, 7.99, 7.98, 7.97, 1.0];
    let other =
        CompletionCriteria { least_improvement: 0.01, ..CompletionCriteria::not_improving_for(3) };
    let (reason, jobs) = not_improving(values, other);
    let best = TrialId(5);
    assert_eq!((reason, jobs), (StopReason::NotImproving { jobs: 3, best, value: 7.97 }, 5));
    let (reason, _) = not_improving(values, CompletionCriteria::not_improving_for(3));
    assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
}

#[test]
fn a_criterion_of_ones_own_ends_it() {
    let mut study = study(50, 1);
    let tuned = Tuner::new()
        .complete_when("three below 0.5", |study: &Study| {
            study.trials().iter().filter(|t| t.value().is_some_and(|v| v < 0.5)).count() == 3
        })
        .run(&mut study, &mut by_number(|number| (1.0 / number as f64).into()))
        .unwrap();
    assert_eq!(tuned.reason, StopReason::OwnCriterion { name: "three below 0.5".to_owned() });
    assert_eq!(study.trials().len(), 5);
}

#[test]
fn an_observer_that_has_seen_enough_ends_it() {
    let mut study = study(50, 3);
    let mut seen = 0;
    let tuned = Tuner::new()
        .observe(|_, progress| {
            seen += usize::from(matches!(progress, Progress::NewBest { .. }));
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run(&mut study, &mut by_number(|number| (9.0 - number as f64).into()))
        .unwrap();
    assert_eq!(tuned.reason, StopReason::Observer);
    assert!(study.pending().next().is_none() && study.trials().len() <= 6);
}

#[test]
fn too_many_failures_end_it_and_say_why() {
    let mut study = study(50, 1);
    let tuned = tune(&mut study, &mut by_number(|_| failed(FailureKind::Error))).unwrap();
    let last = Failure::new(FailureKind::Error, "as scripted");
    assert_eq!(tuned.reason, StopReason::TooManyFailures { failures: 10, of_last: 10, last });
    assert_eq!(study.trials().len(), 10);
    assert!(tuned.reason.to_string().contains("as scripted"), "{}", tuned.reason);
    // A rate: five of the last eight.
    let breaker = Some(CircuitBreaker { failures: 5, of_last: 8 });
    let mut jobs = by_number(|number| match number % 3 {
        0 => 1.0.into(),
        _ => failed(FailureKind::OutOfMemory),
    });
    let mut other = super::study(50, 1);
    let tuned = Tuner::new().circuit_breaker(breaker).run(&mut other, &mut jobs).unwrap();
    assert!(matches!(tuned.reason, StopReason::TooManyFailures { failures: 5, .. }));
    assert_eq!(other.trials().len(), 7);
    // Another call forgives what was before it; without a breaker it goes on to the limit.
    let tuned = Tuner::new().circuit_breaker(None).run(&mut other, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 50 });
}

#[test]
fn a_grid_ends_after_its_last_point() {
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
    let tuned = tune(&mut study, &mut by_number(|number| (number as f64).into())).unwrap();
    assert_eq!(tuned.reason, StopReason::SpaceExhausted { jobs: 6 });
    let tried: Vec<(String, i64)> = study
        .trials()
        .iter()
        .map(|t| (t.configuration.category("booster").to_owned(), t.configuration.integer("depth")))
        .collect();
    let wanted = [("tree", 2), ("tree", 4), ("dart", 2), ("dart", 4), ("linear", 2), ("linear", 4)];
    assert_eq!(tried, wanted.map(|(booster, depth)| (booster.to_owned(), depth)));
}

#[test]
fn everything_that_is_wrong_with_rules_is_said_at_once() {
    let rules = TuningRules {
        early_stopping: EarlyStopping::hyperband(9, 3),
        completion: CompletionCriteria {
            target: Some(f64::NAN),
            not_improving_for: Some(0),
            least_improvement: -1.0,
        },
        retries: RetryPolicy::default().with_backoff(Backoff { jitter: 2.0, ..Backoff::default() }),
        job_deadline: Some(Duration::ZERO),
        circuit_breaker: Some(CircuitBreaker { failures: 3, of_last: 2 }),
        canary: Some(Canary { failures: 0, one_at_a_time: false }),
        missing_metrics: Some(0),
    };
    let error =
        Tuner::with(rules).run(&mut study(1, 1), &mut by_number(|_| 1.0.into())).unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "early_stopping.min_resource",
            "completion.target",
            "completion.not_improving_for",
            "completion.least_improvement",
            "retries.backoff.jitter",
            "job_deadline",
            "circuit_breaker.failures",
            "canary.failures",
            "missing_metrics"
        ]
    );
}
