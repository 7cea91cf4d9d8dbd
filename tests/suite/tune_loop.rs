//! `tune` with unreliable evaluators, which are late or busy, repeat events, or panic.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use surmise::evaluator::{Evaluator, Job, JobEvent, JobId, StartOutcome};
use surmise::rng::Rng;
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind};
use surmise::tune::{Progress, TuningResult};
use surmise::{
    BayesianOptimization, Configuration, Error, EvaluatorError, FunctionEvaluator, Objective,
    Order, Outcome, ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace,
    StopReason, Study, StudySettings, TrialId, Tuner, tune,
};

fn study(limits: ResourceLimits, order: Order) -> Study {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)])
        .unwrap();
    let settings = StudySettings { seed: 1, limits, order, ..Default::default() };
    Study::new(space, Objective::minimize("loss"), RandomSearch, settings).unwrap()
}

/// Ends jobs late and out of order, is busy at random, and repeats events. It also sends events of
/// unknown jobs, panics with `panic_probability`, and counts the running jobs.
struct UnreliableEvaluator {
    rng: Rng,
    running: Vec<JobId>,
    max_running: usize,
    /// The number of started jobs.
    started: usize,
    /// Events that the next `wait` returns a second time.
    repeated: VecDeque<JobEvent>,
    time: Duration,
    /// The number of started jobs after which every start returns an error.
    error_after: Option<usize>,
    /// The probability that a call panics.
    panic_probability: f64,
}

impl UnreliableEvaluator {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::stream(seed, 0),
            running: Vec::new(),
            max_running: 0,
            started: 0,
            repeated: VecDeque::new(),
            time: Duration::ZERO,
            error_after: None,
            panic_probability: 0.0,
        }
    }

    fn maybe_panic(&mut self) {
        assert!(self.rng.uniform() >= self.panic_probability, "the evaluator itself panics");
    }

    /// Returns events of a job that was never started, or of an attempt that was never started.
    fn unexpected_events(&mut self) -> Vec<JobEvent> {
        let mut jobs = vec![JobId { trial: TrialId(1_000_000), attempt: 1 }];
        jobs.extend(self.running.first().map(|job| JobId { attempt: 2, ..*job }));
        let job = jobs[self.rng.index(jobs.len())];
        vec![
            JobEvent::Report { job, step: 7, value: 0.5 },
            JobEvent::Ended { job, outcome: Outcome::Completed { value: -1e9 } },
        ]
    }
}

impl Evaluator for UnreliableEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        if self.error_after.is_some_and(|limit| self.started >= limit) {
            return Err(EvaluatorError::new("no more machines"));
        }
        self.maybe_panic();
        if self.running.contains(&job.id()) {
            // Only a caller that lost the reply in a panic starts a job twice.
            assert!(self.panic_probability > 0.0, "no job is started twice");
            return Ok(StartOutcome::Adopted);
        }
        if self.rng.uniform() < 0.2 {
            return Ok(StartOutcome::Busy { retry_after: Duration::from_secs(1) });
        }
        self.running.push(job.id());
        self.started += 1;
        self.max_running = self.max_running.max(self.running.len());
        // The job runs, but the caller does not receive the reply.
        self.maybe_panic();
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        self.maybe_panic();
        self.time += timeout.min(Duration::from_secs(1));
        let mut events: Vec<JobEvent> = self.repeated.drain(..).collect();
        if self.rng.uniform() < 0.3 {
            events.extend(self.unexpected_events());
        }
        while !self.running.is_empty() && self.rng.uniform() < 0.6 {
            let job = self.running.swap_remove(self.rng.index(self.running.len()));
            events.push(JobEvent::Report { job, step: 1, value: self.rng.uniform() });
            let outcome = match self.rng.index(10) {
                0 | 1 => Outcome::Completed { value: f64::NAN },
                2 => Outcome::Failed(Failure::new(FailureKind::Panic, "the job panicked")),
                3 => Outcome::Stopped { value: None },
                _ => Outcome::Completed { value: self.rng.uniform() },
            };
            let ended = JobEvent::Ended { job, outcome };
            if self.rng.uniform() < 0.3 {
                self.repeated.push_back(JobEvent::Report { job, step: 2, value: 0.0 });
                self.repeated.push_back(ended.clone());
            }
            events.push(ended);
        }
        Ok(events)
    }

    fn stop(&mut self, _: JobId) -> Result<(), EvaluatorError> {
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.time
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn limits_are_never_exceeded(
        seed in 0_u64..1_000_000,
        jobs in 1_usize..40,
        parallel in 1_usize..9,
        lag in proptest::option::of(1_usize..9),
    ) {
        let order = lag.map_or(Order::Arrival, Order::FixedLag);
        let mut study = study(ResourceLimits::new(jobs, parallel), order);
        let mut evaluator = UnreliableEvaluator::new(seed);
        let (mut told_count, mut max_pending) = (0, 0);
        let result = Tuner::new().on_progress(|study, progress| {
            told_count += usize::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
            max_pending = max_pending.max(study.pending().count());
            ControlFlow::Continue(())
        }).run(&mut study, &mut evaluator).unwrap();
        prop_assert!(max_pending <= parallel, "each trial is asked for only when it can run");
        prop_assert_eq!(result.reason, StopReason::JobLimit { jobs });
        prop_assert!(evaluator.max_running <= parallel);
        prop_assert_eq!((evaluator.started, study.trials().len(), told_count), (jobs, jobs, jobs));
        prop_assert!(study.pending().next().is_none());
        prop_assert!(study.trials().iter().all(|trial| trial.reports.len() == 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The caller catches the panic and calls again. Running jobs are adopted, so that the limits
    /// hold over all calls together.
    #[test]
    fn a_panicking_evaluator_loses_no_trial_and_exceeds_no_limit(
        seed in 0_u64..1_000_000,
        jobs in 1_usize..30,
        parallel in 1_usize..6,
    ) {
        let mut study = study(ResourceLimits::new(jobs, parallel), Order::Arrival);
        let reliable = UnreliableEvaluator::new(seed);
        let mut evaluator = UnreliableEvaluator { panic_probability: 0.05, ..reliable };
        let mut panics = 0;
        let result = loop {
            let run = || tune(&mut study, &mut evaluator);
            match catch_unwind(AssertUnwindSafe(run)) {
                Ok(result) => break result.unwrap(),
                Err(payload) => {
                    let message = payload.downcast_ref::<&str>().copied();
                    prop_assert_eq!(message, Some("the evaluator itself panics"));
                    panics += 1;
                }
            }
            prop_assert!(panics < 1000, "the tuning ends");
        };
        prop_assert_eq!(result.reason, StopReason::JobLimit { jobs });
        prop_assert!(evaluator.max_running <= parallel);
        prop_assert_eq!((evaluator.started, study.trials().len()), (jobs, jobs));
        prop_assert!(study.pending().next().is_none());
    }
}

#[test]
fn trials_asked_before_the_tuning_run_first_within_the_limits() {
    let mut study = study(ResourceLimits::new(9, 2), Order::Arrival);
    study.ask(6).unwrap();
    let mut evaluator = UnreliableEvaluator::new(4);
    tune(&mut study, &mut evaluator).unwrap();
    assert_eq!((evaluator.max_running, evaluator.started), (2, 9));
}

#[test]
fn trials_asked_beyond_the_job_limit_do_not_run() {
    let mut study = study(ResourceLimits::new(5, 2), Order::Arrival);
    study.ask(8).unwrap();
    let mut evaluator = UnreliableEvaluator::new(6);
    let result = tune(&mut study, &mut evaluator).unwrap();
    assert_eq!(result.reason, StopReason::JobLimit { jobs: 5 });
    assert_eq!((evaluator.started, study.pending().count()), (5, 3));
    tune(&mut study, &mut evaluator).unwrap();
    assert_eq!(evaluator.started, 5);
}

#[test]
fn every_event_is_observed_right_after_it_is_recorded() {
    let mut study = study(ResourceLimits::new(12, 3), Order::Arrival);
    let mut observed = 0;
    let observer = |study: &Study, progress: &Progress<'_>| {
        if let Progress::Recorded(event) = progress {
            observed += 1;
            assert_eq!((study.events().len(), study.events().last()), (observed, Some(*event)));
        }
        ControlFlow::Continue(())
    };
    Tuner::new().on_progress(observer).run(&mut study, &mut UnreliableEvaluator::new(7)).unwrap();
    assert_eq!(observed, study.events().len());
}

/// The order in which real threads end is random, but it must not affect the proposals.
#[test]
fn under_a_fixed_lag_thread_timing_changes_no_proposal() {
    let run = |parallel: usize, slowness: u64| {
        let space = crate::strategies::mixed_space();
        let limits = ResourceLimits::new(24, parallel);
        let settings =
            StudySettings { seed: 5, limits, order: Order::FixedLag(4), ..Default::default() };
        let strategy = BayesianOptimization::default();
        let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
        let mut evaluator = FunctionEvaluator::new(move |c: &Configuration| {
            let loss = crate::strategies::loss(c);
            std::thread::sleep(Duration::from_micros(loss.to_bits() % 4096 * slowness));
            Ok::<f64, String>(loss)
        });
        tune(&mut study, &mut evaluator).unwrap();
        study.trials().iter().map(|trial| trial.configuration.clone()).collect::<Vec<_>>()
    };
    let four = run(4, 1);
    assert_eq!(run(4, 3), four);
    assert_eq!(run(2, 1), four);
    assert_eq!(run(1, 0), four);
}

#[test]
fn an_exhausted_space_ends_the_tuning() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=7, ScalingType::Linear)]).unwrap();
    let limits = ResourceLimits { max_parallel_jobs: 3, ..Default::default() };
    let settings = StudySettings { limits, ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, settings).unwrap();
    let result = tune(&mut study, &mut UnreliableEvaluator::new(5)).unwrap();
    assert_eq!(result.reason, StopReason::SpaceExhausted { jobs: 7 });
}

#[test]
fn another_evaluator_resumes_after_an_evaluator_error() {
    let mut study = study(ResourceLimits::new(10, 3), Order::Arrival);
    let mut failing = UnreliableEvaluator { error_after: Some(4), ..UnreliableEvaluator::new(2) };
    let error = tune(&mut study, &mut failing).unwrap_err();
    assert!(matches!(error, Error::Evaluator(_)), "{error}");
    assert!((4..=10).contains(&study.trials().len()));
    let TuningResult { reason, .. } = tune(&mut study, &mut UnreliableEvaluator::new(3)).unwrap();
    assert_eq!(reason, StopReason::JobLimit { jobs: 10 });
    assert!(study.trials().iter().all(|trial| trial.outcome.is_some()), "no trial is lost");
}

#[test]
fn functions_run_in_parallel_and_a_panic_fails_only_its_trial() {
    let mut study = study(ResourceLimits::new(12, 3), Order::Arrival);
    // The number of running jobs, and its maximum.
    let counters = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let shared = Arc::clone(&counters);
    let mut evaluator = FunctionEvaluator::new(move |c: &Configuration| {
        let running = shared.0.fetch_add(1, Ordering::SeqCst) + 1;
        shared.1.fetch_max(running, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        shared.0.fetch_sub(1, Ordering::SeqCst);
        let x = c.float("x");
        assert!(x < 0.5, "the upper half panics");
        Ok::<f64, String>(x)
    });
    tune(&mut study, &mut evaluator).unwrap();
    let max_running = counters.1.load(Ordering::SeqCst);
    assert!((2..=3).contains(&max_running), "{max_running} jobs at the same time");
    let failed = study.trials().iter().filter(|t| matches!(t.outcome, Some(Outcome::Failed(_))));
    let completed = study.trials().iter().filter(|trial| trial.value().is_some());
    let (failed, completed) = (failed.count(), completed.count());
    assert!(failed > 0 && completed > 0 && failed + completed == 12, "{failed} {completed}");
}
