//! Clocks, rooms and pauses of whoever runs the jobs.

use super::*;

/// Nothing below the evaluators reads a clock, and theirs is monotonic; one that stands still or leaps forward breaks nothing.
#[test]
fn fault_13_clocks_that_stand_still_and_leap() {
    struct Leaping {
        inner: FunctionEvaluator,
        looks: std::cell::Cell<u32>,
    }
    impl Evaluator for Leaping {
        fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
            self.inner.start(job)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            self.inner.wait(timeout.min(Duration::from_millis(20)))
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            self.inner.stop(job)
        }
        fn elapsed(&self) -> Duration {
            self.looks.set(self.looks.get() + 1);
            if self.looks.get() < 40 { Duration::ZERO } else { Duration::from_secs(1 << 40) }
        }
    }
    let mut study = bayesian(ResourceLimits::new(10, 2));
    let inner = FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x")));
    let mut jobs = Leaping { inner, looks: std::cell::Cell::new(0) };
    let retries = RetryPolicy::default();
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 10);
    // With a deadline, jobs that run when it leaps are asked to stop; none is lost.
    let mut other = bayesian(ResourceLimits::new(10, 2));
    jobs.looks.set(0);
    let mut tuner = Tuner::new().job_deadline(3600 * SECOND).retries(retries);
    tuner.run(&mut other, &mut jobs).unwrap();
    assert!(other.pending().next().is_none() && other.trials().len() == 10);
}

#[test]
fn fault_14_jobs_that_a_service_throttles_do_not_fail_for_it() {
    let mut study = bayesian(ResourceLimits::new(6, 2));
    let mut jobs = scripted(
        |_, attempt| if attempt < 8 { failed(FailureKind::Throttled) } else { 1.0.into() },
    );
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 6);
}

/// Has room for one job only, whatever it is asked for.
struct Narrow<E> {
    inner: E,
    running: usize,
    refused: usize,
    most: usize,
}

impl<E: Evaluator> Evaluator for Narrow<E> {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        if self.running == 1 {
            self.refused += 1;
            return Ok(Start::Busy { retry_after: 600 * SECOND });
        }
        self.running += 1;
        self.most = self.most.max(self.running);
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
fn fault_15_no_room_keeps_the_proposal_and_shrinks_the_parallelism() {
    let mut study = bayesian(ResourceLimits::new(8, 4));
    let mut jobs = Narrow { inner: scripted(|_, _| 1.0.into()), running: 0, refused: 0, most: 0 };
    let mut busy = 0;
    Tuner::new()
        .observe(|_, progress| {
            busy += usize::from(matches!(progress, Progress::Busy { .. }));
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!((study.trials().len(), jobs.most), (8, 1));
    assert!(busy > 0 && busy == jobs.refused);
    assert_eq!(jobs.elapsed(), 8 * SECOND, "it asks again as soon as a job ends");
}

/// Says nothing at all for hours, then everything.
#[test]
fn fault_16_silence_is_no_verdict() {
    let mut study = bayesian(ResourceLimits::new(4, 2));
    let mut jobs =
        SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob::new(1.0, 30 * 3600 * SECOND));
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 4);
}

/// Cannot run jobs for a while, and says so.
struct Pausing<E> {
    inner: E,
    waits: usize,
    is_paused: bool,
}

impl<E: Evaluator> Evaluator for Pausing<E> {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        assert!(!self.is_paused, "nothing is started meanwhile");
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
fn fault_17_a_pause_fails_nothing_and_is_told() {
    let mut study = bayesian(ResourceLimits::new(8, 2));
    let mut jobs = Pausing { inner: scripted(|_, _| 1.0.into()), waits: 0, is_paused: false };
    let mut told = Vec::new();
    Tuner::new()
        .observe(|_, progress| {
            match progress {
                Progress::Paused { why } => told.push((*why).to_owned()),
                Progress::Resumed => told.push("resumed".to_owned()),
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!(told, ["the token has expired: log in again", "resumed"]);
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 8);
}
