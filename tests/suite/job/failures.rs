//! Failures: which are tried again, and which end it.

use super::*;

/// Kinds of failure by attempt at trial 2, and how the trial ended, with the times at which its attempts began.
fn attempts(
    script: &'static [FailureKind],
    retries: RetryPolicy,
) -> (Option<Outcome>, Vec<(u32, Duration)>) {
    let mut study = study(3, 1);
    let begun = RefCell::new(Vec::new());
    let configuration = RefCell::new(None);
    let clock = Cell::new(Duration::ZERO);
    let mut jobs = Clocked {
        inner: SimulatedEvaluator::new(|job: &Job<'_>| {
            if job.trial.id.0 != 2 {
                return SimulatedJob::new(1.0, SECOND);
            }
            begun.borrow_mut().push((job.attempt, clock.get()));
            let first =
                configuration.borrow_mut().get_or_insert(job.trial.configuration.clone()).clone();
            assert_eq!(first, job.trial.configuration, "the same configuration each time");
            let kind = script.get(job.attempt as usize - 1);
            SimulatedJob::new(kind.map_or(Outcome::from(7.0), |kind| failed(*kind)), SECOND)
        }),
        clock: &clock,
    };
    Tuner::new().retries(retries).run(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().len(), 3, "a retry is no further job");
    let trial = study.trial(TrialId(2)).unwrap().clone();
    assert_eq!(trial.attempt() as usize, begun.borrow().len());
    drop(jobs);
    (trial.outcome, begun.into_inner())
}

struct Clocked<'a, E> {
    inner: E,
    clock: &'a Cell<Duration>,
}

impl<E: Evaluator> Evaluator for Clocked<'_, E> {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        self.clock.set(self.inner.elapsed());
        self.inner.start(job)
    }
    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        self.inner.wait(timeout)
    }
    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.inner.stop(job)
    }
    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}

#[test]
fn failures_are_tried_again_by_their_kind() {
    use FailureKind::{Error, Interrupted, MissingMetric, OutOfMemory};
    let default = RetryPolicy::default;
    let (outcome, begun) = attempts(&[Interrupted, MissingMetric, Interrupted], default());
    assert_eq!((outcome, begun.len()), (Some(Outcome::from(7.0)), 4));
    let (outcome, begun) = attempts(&[Error], default());
    assert_eq!((outcome, begun.len()), (Some(failed(Error)), 1));
    let (outcome, begun) = attempts(&[MissingMetric, MissingMetric], default());
    assert_eq!((outcome, begun.len()), (Some(failed(MissingMetric)), 2));
    let (outcome, begun) = attempts(&[Interrupted; 9], default());
    assert_eq!((outcome, begun.len()), (Some(failed(Interrupted)), 4));
    let (outcome, begun) = attempts(&[Interrupted], RetryPolicy::never());
    assert_eq!((outcome, begun.len()), (Some(failed(Interrupted)), 1));
    let (outcome, begun) = attempts(&[OutOfMemory], default().with(OutOfMemory, 1));
    assert_eq!((outcome, begun.len()), (Some(Outcome::from(7.0)), 2));
}

#[test]
fn a_timeout_can_be_tried_again_with_a_whole_deadline() {
    let mut study = study(1, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.attempt {
        1 => curve(&[0.9; 60]),
        _ => curve(&[0.5, 0.4]),
    });
    let retries = RetryPolicy::never().with(FailureKind::Timeout, 1).with_backoff(Backoff::none());
    Tuner::new().job_deadline(5 * SECOND).retries(retries).run(&mut study, &mut jobs).unwrap();
    let trial = study.trial(TrialId(1)).unwrap();
    assert_eq!((trial.value(), trial.attempt(), trial.reports.len()), (Some(0.4), 2, 2));
    assert_eq!((trial.failed_attempts[0].kind, trial.stop_asked), (FailureKind::Timeout, None));
    assert_eq!(jobs.elapsed(), 7 * SECOND);
}

/// Attempt 1 is given up for interrupted; its end comes while attempt 2 runs, and once more afterwards.
#[test]
fn the_late_end_of_an_earlier_attempt_is_kept() {
    struct Late<E>(E, u32);
    impl<E: Evaluator> Evaluator for Late<E> {
        fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
            self.0.start(job)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            let mut events = self.0.wait(timeout)?;
            let ends =
                |e: &&JobEvent| matches!(e, JobEvent::Ended { job, .. } if job.trial == TrialId(1));
            self.1 += u32::try_from(events.iter().filter(ends).count()).unwrap();
            let job = JobId { trial: TrialId(1), attempt: 1 };
            if self.1 > 0 {
                events.push(JobEvent::Late { job, outcome: Outcome::from(0.25) });
            }
            Ok(events)
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            self.0.stop(job)
        }
        fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }
    }
    let mut study = study(2, 1);
    let inner = SimulatedEvaluator::new(|job: &Job<'_>| match (job.trial.id.0, job.attempt) {
        (1, 1) => SimulatedJob::new(failed(FailureKind::Interrupted), SECOND),
        _ => SimulatedJob::new(0.5, SECOND),
    });
    tune(&mut study, &mut Late(inner, 0)).unwrap();
    let trial = study.trial(TrialId(1)).unwrap();
    assert_eq!(trial.value(), Some(0.5), "the attempt that was under way counts");
    assert_eq!(trial.set_aside, [Outcome::from(0.25)], "the other one is kept, once");
}

#[test]
fn waits_between_attempts_double_up_to_a_bound_and_jitter() {
    let backoff = Backoff { first: 10 * SECOND, factor: 2.0, longest: 30 * SECOND, jitter: 0.0 };
    let exact = RetryPolicy::never().with(FailureKind::Throttled, 4).with_backoff(backoff);
    let (_, begun) = attempts(&[FailureKind::Throttled; 4], exact.clone());
    let times: Vec<u64> = begun.iter().map(|(_, time)| time.as_secs()).collect();
    // A second for the job, then 10, 20, 30, 30 seconds.
    assert_eq!(times, [1, 12, 33, 64, 95]);
    let jittered = || exact.clone().with_backoff(Backoff { jitter: 0.5, ..backoff });
    let (_, begun) = attempts(&[FailureKind::Throttled; 4], jittered());
    let waits: Vec<f64> =
        begun.windows(2).map(|pair| (pair[1].1 - pair[0].1 - SECOND).as_secs_f64()).collect();
    for (wait, whole) in waits.iter().zip([10.0, 20.0, 30.0, 30.0]) {
        assert!((whole / 2.0..=whole).contains(wait), "{waits:?}");
    }
    assert!((waits[2] - waits[3]).abs() > 1e-9, "each has a chance of its own");
    assert_eq!(attempts(&[FailureKind::Throttled; 4], jittered()).1, begun, "by the seed");
}

#[test]
fn bad_luck_leaves_the_configuration_free_and_abandoning_does_not() {
    let space = SearchSpace::new([ParameterRange::categorical("c", ["a"])]).unwrap();
    let ask = |outcome: Outcome| {
        let objective = Objective::minimize("loss");
        let settings = StudySettings { repetitions: Repetitions::Allowed, ..Default::default() };
        let mut study = Study::new(space.clone(), objective, RandomSearch, settings).unwrap();
        study.ask(1).unwrap();
        study.tell(TrialId(1), outcome).unwrap();
        let first = study.ask(1).unwrap();
        let events = study.events().to_vec();
        let objective = study.objective().clone();
        Study::replay(space.clone(), objective, RandomSearch, settings, events).unwrap();
        first
    };
    assert!(matches!(ask(failed(FailureKind::Interrupted)), Asked::Trials(_)));
    assert!(matches!(ask(failed(FailureKind::Throttled)), Asked::Trials(_)));
    assert_eq!(ask(failed(FailureKind::Error)), Asked::Exhausted);
    assert_eq!(ask(failed(FailureKind::Abandoned)), Asked::Exhausted);
    assert!(matches!(ask(Outcome::from(1.0)), Asked::Trials(_)), "repetitions are allowed");
}

#[test]
fn a_place_of_bad_luck_is_tried_again_before_a_space_is_exhausted() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=4, ScalingType::Linear)]).unwrap();
    let limits = ResourceLimits { max_parallel_jobs: 2, ..Default::default() };
    let settings = StudySettings { limits, ..Default::default() };
    let objective = Objective::minimize("loss");
    let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
    let mut jobs = by_number(|number| match number {
        2 | 4 => failed(FailureKind::Interrupted),
        _ => (number as f64).into(),
    });
    let tuned = Tuner::new().retries(RetryPolicy::never()).run(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::SpaceExhausted { jobs: 6 });
    let mut measured: Vec<i64> = study
        .trials()
        .iter()
        .filter(|t| t.value().is_some())
        .map(|t| t.configuration.integer("n"))
        .collect();
    measured.sort_unstable();
    assert_eq!(measured, [1, 2, 3, 4]);
}

#[test]
fn abandoned_by_hand() {
    let mut study = study(9, 2);
    study.ask(1).unwrap();
    study.abandon(TrialId(1), "this rate burns the plant down").unwrap();
    let Some(Outcome::Failed(failure)) = &study.trials()[0].outcome else { panic!() };
    assert_eq!(failure.kind, FailureKind::Abandoned);
    let configuration = study.trials()[0].configuration.clone();
    let error = study.enqueue(&configuration).unwrap_err();
    assert!(error.to_string().contains("trial 1"), "{error}");
}
