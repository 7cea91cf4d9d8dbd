//! The time limits of a tuning and of each job.

use super::*;

#[test]
fn max_runtime_stops_running_jobs() {
    let max_runtime = Some(10 * SECOND);
    let mut study =
        study_with(ResourceLimits { max_runtime, ..ResourceLimits::new(99, 2) }, SobolSearch);
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| curve(&[1.0, 0.5, 0.25, 0.125]));
    let result = tune(&mut study, &mut jobs).unwrap();
    assert_eq!(result.reason, StopReason::MaxRuntime { limit: 10 * SECOND, jobs: 6 });
    assert_eq!(jobs.elapsed(), 10 * SECOND);
    let stopped: Vec<_> = study.trials().iter().filter(|t| t.value().is_none()).collect();
    assert_eq!(stopped.len(), 2);
    for trial in stopped {
        assert_eq!(trial.outcome, Some(Outcome::Stopped { value: Some(0.5) }));
    }
}

#[test]
fn jobs_that_exceed_their_timeout_fail_and_are_not_retried() {
    let mut study = study(3, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        assert_eq!(job.timeout, Some(3 * SECOND));
        if job.trial.id.0 == 2 { curve(&[0.9; 60]) } else { curve(&[1.0, 1.0]) }
    });
    Tuner::new().job_timeout(3 * SECOND).run(&mut study, &mut jobs).unwrap();
    let slow = study.trial(TrialId(2)).unwrap();
    match &slow.outcome {
        Some(Outcome::Failed(failure)) => {
            assert_eq!(failure.kind, FailureKind::Timeout);
            assert!(
                failure.message.contains("0.9"),
                "the message contains the last value: {failure}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(slow.stop_cause, Some(StopCause::Timeout { after: 3 * SECOND }));
    assert_eq!(jobs.elapsed(), 7 * SECOND);
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 2);
}
