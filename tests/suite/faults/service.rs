//! Clocks that jump, throttled jobs, busy evaluators, silent jobs and pauses.

use super::*;

/// The tuner reads the clock of the evaluator. No trial may be lost if this clock stands still or
/// jumps forward.
#[test]
fn fault_13_clocks_that_stand_still_or_leap_lose_no_trial() {
    struct LeapingClock {
        inner: FunctionEvaluator,
        clock_reads: std::cell::Cell<u32>,
    }
    impl Evaluator for LeapingClock {
        fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
            self.inner.start(job)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            self.inner.wait(timeout.min(Duration::from_millis(20)))
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            self.inner.stop(job)
        }
        fn elapsed(&self) -> Duration {
            self.clock_reads.set(self.clock_reads.get() + 1);
            if self.clock_reads.get() < 40 { Duration::ZERO } else { Duration::from_secs(1 << 40) }
        }
    }
    let mut study = bayesian(ResourceLimits::new(10, 2));
    let inner = FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x")));
    let mut jobs = LeapingClock { inner, clock_reads: std::cell::Cell::new(0) };
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 10);
    // With a timeout, the jobs that run during the jump are stopped, but no trial is lost.
    let mut with_timeout = bayesian(ResourceLimits::new(10, 2));
    jobs.clock_reads.set(0);
    let mut tuner = Tuner::new().job_timeout(3600 * SECOND).retries(RetryPolicy::default());
    tuner.run(&mut with_timeout, &mut jobs).unwrap();
    assert!(with_timeout.pending().next().is_none() && with_timeout.trials().len() == 10);
}

#[test]
fn fault_14_throttled_jobs_are_retried_until_they_complete() {
    let mut study = bayesian(ResourceLimits::new(6, 2));
    let mut jobs = scripted(
        |_, attempt| if attempt < 8 { failed(FailureKind::Throttled) } else { 1.0.into() },
    );
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 6);
}

/// An evaluator that runs one job at a time and refuses further jobs as busy.
struct OneJobAtATime<E> {
    inner: E,
    running: usize,
    refused: usize,
    max_running: usize,
}

impl<E: Evaluator> Evaluator for OneJobAtATime<E> {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        if self.running == 1 {
            self.refused += 1;
            return Ok(StartOutcome::Busy { retry_after: 600 * SECOND });
        }
        self.running += 1;
        self.max_running = self.max_running.max(self.running);
        self.inner.start(job)
    }
    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events = self.inner.wait(timeout)?;
        self.running -= events.iter().filter(|e| matches!(e, JobEvent::Ended { .. })).count();
        Ok(events)
    }
    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.inner.stop(job)
    }
    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}

#[test]
fn fault_15_a_busy_evaluator_keeps_the_proposal_and_reduces_concurrency() {
    let mut study = bayesian(ResourceLimits::new(8, 4));
    let mut jobs = OneJobAtATime {
        inner: scripted(|_, _| 1.0.into()),
        running: 0,
        refused: 0,
        max_running: 0,
    };
    let mut busy_messages = 0;
    Tuner::new()
        .on_progress(|_, progress| {
            busy_messages += usize::from(matches!(progress, Progress::Busy { .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!((study.trials().len(), jobs.max_running), (8, 1));
    assert!(busy_messages > 0 && busy_messages == jobs.refused);
    assert_eq!(jobs.elapsed(), 8 * SECOND, "the start is retried as soon as a job ends");
}

/// Jobs of thirty hours report nothing until they end.
#[test]
fn fault_16_a_silent_job_has_not_failed() {
    let mut study = bayesian(ResourceLimits::new(4, 2));
    let mut jobs =
        SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, 30 * 3600 * SECOND));
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 4);
}

/// An evaluator that pauses at its second `wait` and resumes at its fifth.
struct PausingEvaluator<E> {
    inner: E,
    waits: usize,
    is_paused: bool,
}

impl<E: Evaluator> Evaluator for PausingEvaluator<E> {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        assert!(!self.is_paused, "no job starts during a pause");
        self.inner.start(job)
    }
    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        self.waits += 1;
        match self.waits {
            2 => {
                self.is_paused = true;
                Ok(vec![JobEvent::Paused { why: "the token has expired: log in again".to_owned() }])
            }
            5 => {
                self.is_paused = false;
                Ok(vec![JobEvent::Resumed])
            }
            _ => self.inner.wait(timeout),
        }
    }
    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.inner.stop(job)
    }
    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}

#[test]
fn fault_17_a_pause_is_reported_and_fails_no_trial() {
    let mut study = bayesian(ResourceLimits::new(8, 2));
    let mut jobs =
        PausingEvaluator { inner: scripted(|_, _| 1.0.into()), waits: 0, is_paused: false };
    let mut messages = Vec::new();
    Tuner::new()
        .on_progress(|_, progress| {
            match progress {
                Progress::Paused { why } => messages.push((*why).to_owned()),
                Progress::Resumed => messages.push("resumed".to_owned()),
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!(messages, ["the token has expired: log in again", "resumed"]);
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 8);
}
