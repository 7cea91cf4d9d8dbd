use std::sync::mpsc::channel;

use super::*;
use crate::trial::{Source, Trial, TrialId};

const LONG: Duration = Duration::from_secs(20);

fn trial() -> Trial {
    Trial::new(TrialId(1), Source::Own, Configuration::default())
}

fn outcome_of<E: fmt::Display + 'static>(
    function: impl Fn(&Configuration) -> Result<f64, E> + Send + Sync + 'static,
) -> Outcome {
    let trial = trial();
    let mut evaluator = FunctionEvaluator::new(function);
    let job = Job::new(&trial, 1);
    assert_eq!(evaluator.start(&job).unwrap(), Start::Started);
    let events = evaluator.wait(LONG).unwrap();
    assert!(evaluator.wait(Duration::ZERO).unwrap().is_empty(), "a job ends once");
    assert_eq!(evaluator.start(&job).unwrap(), Start::Started, "it has ended");
    assert_eq!(evaluator.start(&job).unwrap(), Start::Adopted, "it runs");
    match events.as_slice() {
        [JobEvent::Ended { job: id, outcome }] if *id == job.id() => outcome.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_way_to_end_is_told() {
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

/// What happens to a job that counts up for ever, or to 3, and is asked to stop after its second report.
fn told(counts_for_ever: bool, leaves_by_error: bool) -> Vec<JobEvent> {
    let trial = trial();
    let (go, gone) = channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let (here, arrived) = channel::<()>();
    let mut evaluator = FunctionEvaluator::reporting(move |_, reporter: &Reporter| {
        for step in 1.. {
            if reporter.report(step, 10.0 - step as f64).is_break() {
                return if leaves_by_error { Err("stopped") } else { Ok(10.0 - step as f64) };
            }
            if step == 2 {
                here.send(()).unwrap();
                gone.lock().unwrap().recv().unwrap();
                if !counts_for_ever {
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
    // Its second report is answered when more is asked for.
    evaluator.wait(Duration::ZERO).unwrap();
    arrived.recv().unwrap();
    evaluator.stop(Job::new(&trial, 1).id()).unwrap();
    go.send(()).unwrap();
    while !matches!(events.last(), Some(JobEvent::Ended { .. })) {
        events.extend(evaluator.wait(LONG).unwrap());
    }
    events
}

#[test]
fn whoever_hears_that_it_is_to_stop_has_stopped() {
    let job = JobId { trial: TrialId(1), attempt: 1 };
    let report = |step: u64| JobEvent::Report { job, step, value: 10.0 - step as f64 };
    let ended = |outcome| JobEvent::Ended { job, outcome };
    let stopped = Outcome::Stopped { value: Some(7.0) };
    assert_eq!(told(true, false), [report(1), report(2), report(3), ended(stopped)]);
    let silent = Outcome::Stopped { value: None };
    assert_eq!(told(true, true), [report(1), report(2), report(3), ended(silent)]);
    // It did not ask, and came to its own end.
    assert_eq!(told(false, false), [report(1), report(2), ended(Outcome::from(0.5))]);
}

#[test]
fn a_closure_that_hangs_is_left_behind_and_what_it_returns_is_late() {
    let trial = trial();
    let (go, gone) = channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let mut evaluator = FunctionEvaluator::new(move |_| {
        gone.lock().unwrap().recv().unwrap();
        Ok::<_, String>(4.0)
    })
    .with_patience(Duration::from_millis(20));
    let job = Job { deadline: Some(Duration::from_millis(10)), ..Job::new(&trial, 1) };
    evaluator.start(&job).unwrap();
    let events = evaluator.wait(LONG).unwrap();
    let [JobEvent::Ended { outcome: Outcome::Failed(failure), .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(evaluator.elapsed() >= Duration::from_millis(30));
    go.send(()).unwrap();
    let late = JobEvent::Late { job: job.id(), outcome: Outcome::from(4.0) };
    assert_eq!(evaluator.wait(LONG).unwrap(), [late]);
}
