//! `tune` under evaluators that behave badly.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use surmise::evaluator::{Evaluator, Job, JobEvent, JobId, Start};
use surmise::rng::Rng;
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind};
use surmise::tune::{Progress, Tuned};
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

/// Ends jobs out of order and late, is busy at random, says things twice and of jobs that it never had, panics if told to,
/// and counts what runs.
struct Scripted {
    rng: Rng,
    running: Vec<JobId>,
    most_at_once: usize,
    started: usize,
    /// Said once more, later.
    extra: VecDeque<JobEvent>,
    time: Duration,
    breaks_after: Option<usize>,
    /// How likely each call is to panic.
    panics: f64,
}

impl Scripted {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::stream(seed, 0),
            running: Vec::new(),
            most_at_once: 0,
            started: 0,
            extra: VecDeque::new(),
            time: Duration::ZERO,
            breaks_after: None,
            panics: 0.0,
        }
    }

    fn perhaps_panic(&mut self) {
        assert!(self.rng.uniform() >= self.panics, "the evaluator itself panics");
    }

    /// What nobody waits for: a job that never was, and another attempt at one that runs.
    fn nonsense(&mut self) -> Vec<JobEvent> {
        let mut jobs = vec![JobId { trial: TrialId(1_000_000), attempt: 1 }];
        jobs.extend(self.running.first().map(|job| JobId { attempt: 2, ..*job }));
        let job = jobs[self.rng.index(jobs.len())];
        vec![
            JobEvent::Report { job, step: 7, value: 0.5 },
            JobEvent::Ended { job, outcome: Outcome::Completed { value: -1e9 } },
        ]
    }
}

impl Evaluator for Scripted {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        if self.breaks_after.is_some_and(|most| self.started >= most) {
            return Err(EvaluatorError::new("no more machines"));
        }
        self.perhaps_panic();
        if self.running.contains(&job.id()) {
            // Only whoever lost track of it, in a panic, starts a job twice.
            assert!(self.panics > 0.0, "no job is started twice");
            return Ok(Start::Adopted);
        }
        if self.rng.uniform() < 0.2 {
            return Ok(Start::Busy { retry_after: Duration::from_secs(1) });
        }
        self.running.push(job.id());
        self.started += 1;
        self.most_at_once = self.most_at_once.max(self.running.len());
        // The worst moment: the job runs, but the caller will never hear of it.
        self.perhaps_panic();
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        self.perhaps_panic();
        self.time += timeout.min(Duration::from_secs(1));
        let mut events: Vec<JobEvent> = self.extra.drain(..).collect();
        if self.rng.uniform() < 0.3 {
            events.extend(self.nonsense());
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
                self.extra.push_back(JobEvent::Report { job, step: 2, value: 0.0 });
                self.extra.push_back(ended.clone());
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
        let mut evaluator = Scripted::new(seed);
        let (mut told, mut most_pending) = (0, 0);
        let tuned = Tuner::new().observe(|study, progress| {
            told += usize::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
            most_pending = most_pending.max(study.pending().count());
            ControlFlow::Continue(())
        }).run(&mut study, &mut evaluator).unwrap();
        prop_assert!(most_pending <= parallel, "nothing is asked before there is a place for it");
        prop_assert_eq!(tuned.reason, StopReason::JobLimit { jobs });
        prop_assert!(evaluator.most_at_once <= parallel);
        prop_assert_eq!((evaluator.started, study.trials().len(), told), (jobs, jobs, jobs));
        prop_assert!(study.pending().next().is_none());
        prop_assert!(study.trials().iter().all(|trial| trial.reports.len() == 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The caller catches the panic and calls again: running jobs are adopted, and all together is within the limits.
    #[test]
    fn an_evaluator_that_panics_loses_nothing_and_exceeds_no_limit(
        seed in 0_u64..1_000_000,
        jobs in 1_usize..30,
        parallel in 1_usize..6,
    ) {
        let mut study = study(ResourceLimits::new(jobs, parallel), Order::Arrival);
        let mut evaluator = Scripted { panics: 0.05, ..Scripted::new(seed) };
        let mut attempts = 0;
        let tuned = loop {
            let run = || tune(&mut study, &mut evaluator);
            match catch_unwind(AssertUnwindSafe(run)) {
                Ok(tuned) => break tuned.unwrap(),
                Err(payload) => {
                    let message = payload.downcast_ref::<&str>().copied();
                    prop_assert_eq!(message, Some("the evaluator itself panics"));
                    attempts += 1;
                }
            }
            prop_assert!(attempts < 1000, "it comes to an end");
        };
        prop_assert_eq!(tuned.reason, StopReason::JobLimit { jobs });
        prop_assert!(evaluator.most_at_once <= parallel);
        prop_assert_eq!((evaluator.started, study.trials().len()), (jobs, jobs));
        prop_assert!(study.pending().next().is_none());
    }
}

#[test]
fn trials_that_were_asked_by_hand_run_first_and_under_the_limits() {
    let mut study = study(ResourceLimits::new(9, 2), Order::Arrival);
    study.ask(6).unwrap();
    let mut evaluator = Scripted::new(4);
    tune(&mut study, &mut evaluator).unwrap();
    assert_eq!((evaluator.most_at_once, evaluator.started), (2, 9));
}

#[test]
fn asking_for_too_much_by_hand_does_not_lift_the_limit() {
    let mut study = study(ResourceLimits::new(5, 2), Order::Arrival);
    study.ask(8).unwrap();
    let mut evaluator = Scripted::new(6);
    let tuned = tune(&mut study, &mut evaluator).unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 5 });
    assert_eq!((evaluator.started, study.pending().count()), (5, 3));
    tune(&mut study, &mut evaluator).unwrap();
    assert_eq!(evaluator.started, 5);
}

#[test]
fn every_event_is_shown_when_it_has_just_been_recorded() {
    let mut study = study(ResourceLimits::new(12, 3), Order::Arrival);
    let mut shown = 0;
    let watch = |study: &Study, progress: &Progress<'_>| {
        if let Progress::Recorded(event) = progress {
            shown += 1;
            assert_eq!((study.events().len(), study.events().last()), (shown, Some(*event)));
        }
        ControlFlow::Continue(())
    };
    Tuner::new().observe(watch).run(&mut study, &mut Scripted::new(7)).unwrap();
    assert_eq!(shown, study.events().len());
}

/// Not simulated: threads of the function evaluator, with closures that take their time at random.
#[test]
fn under_a_fixed_lag_real_threads_change_nothing() {
    let run = |parallel: usize, pace: u64| {
        let space = crate::promises::mixed();
        let limits = ResourceLimits::new(24, parallel);
        let settings =
            StudySettings { seed: 5, limits, order: Order::FixedLag(4), ..Default::default() };
        let strategy = BayesianOptimization::default();
        let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
        let mut evaluator = FunctionEvaluator::new(move |c: &Configuration| {
            let loss = crate::promises::loss(c);
            std::thread::sleep(Duration::from_micros(loss.to_bits() % 4096 * pace));
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
fn a_finite_space_ends_the_tuning() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=7, ScalingType::Linear)]).unwrap();
    let limits = ResourceLimits { max_parallel_jobs: 3, ..Default::default() };
    let settings = StudySettings { limits, ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, settings).unwrap();
    let tuned = tune(&mut study, &mut Scripted::new(5)).unwrap();
    assert_eq!(tuned.reason, StopReason::SpaceExhausted { jobs: 7 });
}

#[test]
fn a_broken_evaluator_ends_the_run_and_another_one_goes_on() {
    let mut study = study(ResourceLimits::new(10, 3), Order::Arrival);
    let mut broken = Scripted { breaks_after: Some(4), ..Scripted::new(2) };
    let error = tune(&mut study, &mut broken).unwrap_err();
    assert!(matches!(error, Error::Evaluator(_)), "{error}");
    let asked_before = study.trials().len();
    assert!((4..=10).contains(&asked_before));
    let Tuned { reason, .. } = tune(&mut study, &mut Scripted::new(3)).unwrap();
    assert_eq!(reason, StopReason::JobLimit { jobs: 10 });
    assert!(study.trials().iter().all(|trial| trial.outcome.is_some()), "nothing is lost");
}

#[test]
fn closures_run_at_once_up_to_the_limit_and_their_panics_are_survived() {
    let mut study = study(ResourceLimits::new(12, 3), Order::Arrival);
    let counters = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let shared = Arc::clone(&counters);
    let mut evaluator = FunctionEvaluator::new(move |c: &Configuration| {
        let now = shared.0.fetch_add(1, Ordering::SeqCst) + 1;
        shared.1.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        shared.0.fetch_sub(1, Ordering::SeqCst);
        let x = c.float("x");
        assert!(x < 0.5, "the upper half panics");
        Ok::<f64, String>(x)
    });
    tune(&mut study, &mut evaluator).unwrap();
    let most = counters.1.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
    let failed = study.trials().iter().filter(|t| matches!(t.outcome, Some(Outcome::Failed(_))));
    let completed = study.trials().iter().filter(|trial| trial.value().is_some());
    let (failed, completed) = (failed.count(), completed.count());
    assert!(failed > 0 && completed > 0 && failed + completed == 12, "{failed} {completed}");
}
