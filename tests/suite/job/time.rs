//! How long a tuning, and each of its jobs, may take.

use super::*;

#[test]
fn the_time_of_the_tuning_is_kept_and_what_runs_is_stopped() {
    let max_runtime = Some(10 * SECOND);
    let mut study =
        study_with(ResourceLimits { max_runtime, ..ResourceLimits::new(99, 2) }, SobolSearch);
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| curve(&[1.0, 0.5, 0.25, 0.125]));
    let tuned = tune(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::MaxRuntime { limit: 10 * SECOND, jobs: 6 });
    assert_eq!(jobs.elapsed(), 10 * SECOND);
    let stopped: Vec<_> = study.trials().iter().filter(|t| t.value().is_none()).collect();
    assert_eq!(stopped.len(), 2);
    for trial in stopped {
        assert_eq!(trial.outcome, Some(Outcome::Stopped { value: Some(0.5) }));
    }
}

#[test]
fn a_job_that_takes_too_long_has_failed_and_its_configuration_is_not_tried_again() {
    let mut study = study(3, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        assert_eq!(job.deadline, Some(3 * SECOND));
        if job.trial.id.0 == 2 { curve(&[0.9; 60]) } else { curve(&[1.0, 1.0]) }
    });
    Tuner::new().job_deadline(3 * SECOND).run(&mut study, &mut jobs).unwrap();
    let slow = study.trial(TrialId(2)).unwrap();
    match &slow.outcome {
        Some(Outcome::Failed(failure)) => {
            assert_eq!(failure.kind, FailureKind::Timeout);
            assert!(failure.message.contains("0.9"), "its last value is kept: {failure}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(slow.stop_asked, Some(StopCause::Deadline { after: 3 * SECOND }));
    assert_eq!(jobs.elapsed(), 7 * SECOND);
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 2);
}
