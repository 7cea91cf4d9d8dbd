use std::sync::mpsc::channel;

use super::*;
use crate::trial::{Source, Trial, TrialId};

const LONG: Duration = Duration::from_secs(20);

fn trial() -> Trial {
    Trial::new(TrialId(1), Source::Study, Configuration::default())
}

fn outcome_of<E: fmt::Display + 'static>(
    function: impl Fn(&Configuration) -> Result<f64, E> + Send + Sync + 'static,
) -> Outcome {
    let trial = trial();
    let mut evaluator = FunctionEvaluator::new(function);
    let job = Job::new(&trial, 1);
    assert_eq!(evaluator.start(&job).unwrap(), StartOutcome::Started);
    let events = evaluator.wait(LONG).unwrap();
    assert!(evaluator.wait(Duration::ZERO).unwrap().is_empty(), "a job ends once");
    assert_eq!(evaluator.start(&job).unwrap(), StartOutcome::Started, "it has ended");
    assert_eq!(evaluator.start(&job).unwrap(), StartOutcome::Adopted, "it runs");
    match events.as_slice() {
        [JobEvent::Ended { job: id, outcome }] if *id == job.id() => outcome.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_errors_and_panics_become_outcomes() {
    let failed = |outcome: Outcome| match outcome {
        Outcome::Failed(failure) => (failure.kind, failure.message),
        other => panic!("{other:?}"),
    };
    assert_eq!(outcome_of(|_| Ok::<_, String>(2.5)), Outcome::Completed { value: 2.5 });
    let (kind, message) = failed(outcome_of(|_| Err("no luck")));
    assert_eq!((kind, message.as_str()), (FailureKind::Error, "no luck"));
    let typed = || Failure::new(FailureKind::OutOfMemory, "9 GB are too much");
    let (kind, message) = failed(outcome_of(move |_| Err(typed())));
    assert_eq!((kind, message.as_str()), (FailureKind::OutOfMemory, "9 GB are too much"));
    let (kind, message) = failed(outcome_of(|c| Ok::<_, String>(c.float("missing"))));
    assert_eq!(kind, FailureKind::Panic);
    assert!(message.contains("missing"), "{message}");
    let (kind, _) = failed(outcome_of(|_| Ok::<_, String>(f64::NAN)));
    assert_eq!(kind, FailureKind::NonFiniteMetric);
}

/// Returns the events of a job that is asked to stop after its second report. The job reports
/// without end or returns after that report; on a stop request it returns an error or a value.
fn events_of_stopped_job(reports_without_end: bool, returns_error: bool) -> Vec<JobEvent> {
    let trial = trial();
    let (resume, resumed) = channel::<()>();
    let resumed = std::sync::Mutex::new(resumed);
    let (arrive, arrived) = channel::<()>();
    let mut evaluator = FunctionEvaluator::reporting(move |_, reporter: &Reporter| {
        for step in 1.. {
            if reporter.report(step, 10.0 - step as f64).is_break() {
                return if returns_error { Err("stopped") } else { Ok(10.0 - step as f64) };
            }
            if step == 2 {
                arrive.send(()).unwrap();
                resumed.lock().unwrap().recv().unwrap();
                if !reports_without_end {
                    break;
                }
            }
        }
        Ok(0.5)
    });
    evaluator.start(&Job::new(&trial, 1)).unwrap();
    let mut events = Vec::new();
    while events.len() < 2 {
        events.extend(evaluator.wait(LONG).unwrap());
    }
    // The next `wait` acknowledges the second report.
    evaluator.wait(Duration::ZERO).unwrap();
    arrived.recv().unwrap();
    evaluator.stop(Job::new(&trial, 1).id()).unwrap();
    resume.send(()).unwrap();
    while !matches!(events.last(), Some(JobEvent::Ended { .. })) {
        events.extend(evaluator.wait(LONG).unwrap());
    }
    events
}

#[test]
fn jobs_that_see_the_stop_request_count_as_stopped() {
    let job = JobId { trial: TrialId(1), attempt: 1 };
    let report = |step: u64| JobEvent::Report { job, step, value: 10.0 - step as f64 };
    let ended = |outcome| JobEvent::Ended { job, outcome };
    let stopped = Outcome::Stopped { value: Some(7.0) };
    let expected = [report(1), report(2), report(3), ended(stopped)];
    assert_eq!(events_of_stopped_job(true, false), expected);
    let without_value = Outcome::Stopped { value: None };
    let expected = [report(1), report(2), report(3), ended(without_value)];
    assert_eq!(events_of_stopped_job(true, true), expected);
    // This job returned before it saw the stop request.
    let expected = [report(1), report(2), ended(Outcome::from(0.5))];
    assert_eq!(events_of_stopped_job(false, false), expected);
}

#[test]
fn hanging_closures_are_abandoned_and_their_values_are_late() {
    let trial = trial();
    let (resume, resumed) = channel::<()>();
    let resumed = std::sync::Mutex::new(resumed);
    let mut evaluator = FunctionEvaluator::new(move |_| {
        resumed.lock().unwrap().recv().unwrap();
        Ok::<_, String>(4.0)
    })
    .with_stop_grace_period(Duration::from_millis(20));
    let job = Job { timeout: Some(Duration::from_millis(10)), ..Job::new(&trial, 1) };
    evaluator.start(&job).unwrap();
    let events = evaluator.wait(LONG).unwrap();
    let [JobEvent::Ended { outcome: Outcome::Failed(failure), .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(evaluator.elapsed() >= Duration::from_millis(30));
    resume.send(()).unwrap();
    let late = JobEvent::Late { job: job.id(), outcome: Outcome::from(4.0) };
    assert_eq!(evaluator.wait(LONG).unwrap(), [late]);
}
