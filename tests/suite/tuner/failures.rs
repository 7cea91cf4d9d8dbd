//! Failed jobs: retries and their delays, late results, and abandoned configurations.

use super::*;

/// Runs three trials. The attempts of the second one fail with the kinds in `script`, and later
/// attempts complete.
///
/// Returns the outcome of the second trial, and the number and start time of each attempt.
fn run_attempts(
    script: &'static [FailureKind],
    retries: RetryPolicy,
) -> (Option<Outcome>, Vec<(u32, Duration)>) {
    let mut study = study(3, 1);
    let starts = RefCell::new(Vec::new());
    let configuration = RefCell::new(None);
    let clock = Cell::new(Duration::ZERO);
    let mut jobs = ClockedEvaluator {
        inner: SimulatedEvaluator::new(|job: &Job<'_>| {
            if job.trial.id.0 != 2 {
                return SimulatedJob::new(1.0, SECOND);
            }
            starts.borrow_mut().push((job.attempt, clock.get()));
            let first =
                configuration.borrow_mut().get_or_insert(job.trial.configuration.clone()).clone();
            assert_eq!(first, job.trial.configuration, "each attempt has the same configuration");
            let kind = script.get(job.attempt as usize - 1);
            SimulatedJob::new(kind.map_or(Outcome::from(7.0), |kind| failed(*kind)), SECOND)
        }),
        clock: &clock,
    };
    Tuner::new().retries(retries).run(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().len(), 3, "a retry does not count as a job");
    let trial = study.trial(TrialId(2)).unwrap().clone();
    assert_eq!(trial.attempt() as usize, starts.borrow().len());
    drop(jobs);
    (trial.outcome, starts.into_inner())
}

struct ClockedEvaluator<'a, E> {
    inner: E,
    clock: &'a Cell<Duration>,
}

impl<E: Evaluator> Evaluator for ClockedEvaluator<'_, E> {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
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
fn retries_depend_on_the_kind_of_failure() {
    use FailureKind::{Error, Interrupted, MissingMetric, OutOfMemory};
    let default = RetryPolicy::default;
    let (outcome, starts) = run_attempts(&[Interrupted, MissingMetric, Interrupted], default());
    assert_eq!((outcome, starts.len()), (Some(Outcome::from(7.0)), 4));
    let (outcome, starts) = run_attempts(&[Error], default());
    assert_eq!((outcome, starts.len()), (Some(failed(Error)), 1));
    let (outcome, starts) = run_attempts(&[MissingMetric, MissingMetric], default());
    assert_eq!((outcome, starts.len()), (Some(failed(MissingMetric)), 2));
    let (outcome, starts) = run_attempts(&[Interrupted; 9], default());
    assert_eq!((outcome, starts.len()), (Some(failed(Interrupted)), 4));
    let (outcome, starts) = run_attempts(&[Interrupted], RetryPolicy::never());
    assert_eq!((outcome, starts.len()), (Some(failed(Interrupted)), 1));
    let (outcome, starts) = run_attempts(&[OutOfMemory], default().with_retries(OutOfMemory, 1));
    assert_eq!((outcome, starts.len()), (Some(Outcome::from(7.0)), 2));
}

#[test]
fn a_retry_after_a_timeout_has_the_full_timeout() {
    let mut study = study(1, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.attempt {
        1 => curve(&[0.9; 60]),
        _ => curve(&[0.5, 0.4]),
    });
    let retries =
        RetryPolicy::never().with_retries(FailureKind::Timeout, 1).with_backoff(Backoff::none());
    Tuner::new().job_timeout(5 * SECOND).retries(retries).run(&mut study, &mut jobs).unwrap();
    let trial = study.trial(TrialId(1)).unwrap();
    assert_eq!((trial.value(), trial.attempt(), trial.reports.len()), (Some(0.4), 2, 2));
    assert_eq!((trial.failed_attempts[0].kind, trial.stop_cause), (FailureKind::Timeout, None));
    assert_eq!(jobs.elapsed(), 7 * SECOND);
}

/// Attempt 1 is recorded as interrupted. Its result arrives during attempt 2, and again afterward.
#[test]
fn a_late_result_of_an_earlier_attempt_is_recorded() {
    /// Returns the late result at each wait after the first end of a job of trial 1.
    struct LateEvaluator<E> {
        inner: E,
        has_ended: bool,
    }
    impl<E: Evaluator> Evaluator for LateEvaluator<E> {
        fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
            self.inner.start(job)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            let mut events = self.inner.wait(timeout)?;
            let is_end =
                |e: &JobEvent| matches!(e, JobEvent::Ended { job, .. } if job.trial == TrialId(1));
            self.has_ended |= events.iter().any(is_end);
            let job = JobId { trial: TrialId(1), attempt: 1 };
            if self.has_ended {
                events.push(JobEvent::Late { job, outcome: Outcome::from(0.25) });
            }
            Ok(events)
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            self.inner.stop(job)
        }
        fn elapsed(&self) -> Duration {
            self.inner.elapsed()
        }
    }
    let mut study = study(2, 1);
    let inner = SimulatedEvaluator::new(|job: &Job<'_>| match (job.trial.id.0, job.attempt) {
        (1, 1) => SimulatedJob::new(failed(FailureKind::Interrupted), SECOND),
        _ => SimulatedJob::new(0.5, SECOND),
    });
    tune(&mut study, &mut LateEvaluator { inner, has_ended: false }).unwrap();
    let trial = study.trial(TrialId(1)).unwrap();
    assert_eq!(trial.value(), Some(0.5), "the running attempt counts");
    assert_eq!(trial.late_outcomes, [Outcome::from(0.25)], "the late result is recorded once");
}

#[test]
fn retry_delays_double_up_to_a_limit_with_jitter() {
    let backoff =
        Backoff { initial_delay: 10 * SECOND, factor: 2.0, max_delay: 30 * SECOND, jitter: 0.0 };
    let exact = RetryPolicy::never().with_retries(FailureKind::Throttled, 4).with_backoff(backoff);
    let (_, starts) = run_attempts(&[FailureKind::Throttled; 4], exact.clone());
    let times: Vec<u64> = starts.iter().map(|(_, time)| time.as_secs()).collect();
    // Each attempt takes one second; the delays are 10, 20, 30 and 30 seconds.
    assert_eq!(times, [1, 12, 33, 64, 95]);
    let jittered = || exact.clone().with_backoff(Backoff { jitter: 0.5, ..backoff });
    let (_, starts) = run_attempts(&[FailureKind::Throttled; 4], jittered());
    let delays: Vec<f64> =
        starts.windows(2).map(|pair| (pair[1].1 - pair[0].1 - SECOND).as_secs_f64()).collect();
    for (delay, max_delay) in delays.iter().zip([10.0, 20.0, 30.0, 30.0]) {
        assert!((max_delay / 2.0..=max_delay).contains(delay), "{delays:?}");
    }
    assert!((delays[2] - delays[3]).abs() > 1e-9, "each delay has its own jitter");
    assert_eq!(
        run_attempts(&[FailureKind::Throttled; 4], jittered()).1,
        starts,
        "the jitter follows from the seed"
    );
}

#[test]
fn interrupted_configurations_may_be_proposed_again_and_abandoned_ones_not() {
    let space = SearchSpace::new([ParameterRange::categorical("c", ["a"])]).unwrap();
    let ask_after = |outcome: Outcome| {
        let objective = Objective::minimize("loss");
        let settings = StudySettings { repetitions: Repetitions::Allowed, ..Default::default() };
        let mut study = Study::new(space.clone(), objective, RandomSearch, settings).unwrap();
        study.ask(1).unwrap();
        study.tell(TrialId(1), outcome).unwrap();
        let second_ask = study.ask(1).unwrap();
        let events = study.events().to_vec();
        let objective = study.objective().clone();
        Study::replay(space.clone(), objective, RandomSearch, settings, events).unwrap();
        second_ask
    };
    assert!(matches!(ask_after(failed(FailureKind::Interrupted)), AskOutcome::Trials(_)));
    assert!(matches!(ask_after(failed(FailureKind::Throttled)), AskOutcome::Trials(_)));
    assert_eq!(ask_after(failed(FailureKind::Error)), AskOutcome::Exhausted);
    assert_eq!(ask_after(failed(FailureKind::Abandoned)), AskOutcome::Exhausted);
    assert!(
        matches!(ask_after(Outcome::from(1.0)), AskOutcome::Trials(_)),
        "repetitions are allowed"
    );
}

#[test]
fn interrupted_configurations_run_again_before_the_space_is_exhausted() {
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
    let result = Tuner::new().retries(RetryPolicy::never()).run(&mut study, &mut jobs).unwrap();
    assert_eq!(result.reason, StopReason::SpaceExhausted { jobs: 6 });
    let mut completed: Vec<i64> = study
        .trials()
        .iter()
        .filter(|t| t.value().is_some())
        .map(|t| t.configuration.integer("n"))
        .collect();
    completed.sort_unstable();
    assert_eq!(completed, [1, 2, 3, 4]);
}

#[test]
fn abandoned_configurations_cannot_be_enqueued() {
    let mut study = study(9, 2);
    study.ask(1).unwrap();
    study.abandon(TrialId(1), "this rate damages the plant").unwrap();
    let Some(Outcome::Failed(failure)) = &study.trials()[0].outcome else { panic!() };
    assert_eq!(failure.kind, FailureKind::Abandoned);
    let configuration = study.trials()[0].configuration.clone();
    let error = study.enqueue(&configuration).unwrap_err();
    assert!(error.to_string().contains("trial 1"), "{error}");
}
