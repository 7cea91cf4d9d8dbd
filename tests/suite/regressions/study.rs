//! Study and tuning loop: interrupted trials, hanging jobs, running jobs, reports and grids.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use surmise::evaluator::{
    Adoption, Evaluator, EvaluatorError, FunctionEvaluator, Job, JobEvent, JobId, Reporter,
    SimulatedEvaluator, SimulatedJob, SimulatedReport, StartOutcome,
};
use surmise::rng::Rng;
use surmise::space::GridLevels;
use surmise::strategy::{History, Phase, Proposal};
use surmise::study::Event;
use surmise::trial::{FailureKind, StopCause};
use surmise::tune::{Progress, StopHandle};
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, EarlyStopping, Error, GridSearch, Objective,
    Order, Outcome, ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace,
    StopReason, Strategy, Study, StudySettings, Trial, Tuner, tune,
};

use super::{ask, bayesian, new_study, unit_cube};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn fault_a2_interrupted_trials_are_proposed_again() {
    let pair = SearchSpace::new([ParameterRange::categorical("kind", ["a", "b"])]).unwrap();
    let mut study = bayesian(pair.clone(), 1);
    let first = ask(&mut study);
    study.report(first.id, 1, 1000.0).unwrap();
    study.request_stop(first.id, StopCause::TuningOver).unwrap();
    study.tell(first.id, Outcome::Stopped { value: Some(1000.0) }).unwrap();
    assert!(study.trial(first.id).unwrap().needs_rerun());
    assert_eq!(study.trials_to_rerun().count(), 1);
    // The interrupted configuration is proposed first, then the other one of the two.
    let repeated = ask(&mut study);
    assert_eq!(repeated.configuration, first.configuration);
    assert_eq!(study.proposal(repeated.id).unwrap().phase, Phase::Rerun);
    assert_eq!(study.trials_to_rerun().count(), 0);
    study.tell(repeated.id, Outcome::from(1.0)).unwrap();
    let other = ask(&mut study);
    assert_ne!(other.configuration, first.configuration);
    study.tell(other.id, Outcome::from(2.0)).unwrap();
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted);
    assert_eq!(study.recommended().unwrap().unwrap().id, repeated.id);

    let events = study.events().to_vec();
    let strategy = BayesianOptimization::default();
    let objective = Objective::minimize("loss");
    let settings = StudySettings { seed: 1, ..Default::default() };
    let replayed = Study::replay(pair, objective, strategy, settings, events).unwrap();
    assert_eq!(replayed.trials(), study.trials());
}

/// The history of a strategy must not contain the value of an interrupted trial.
#[test]
fn fault_a2_interrupted_trials_are_no_observations() {
    #[derive(Debug, Clone, Default)]
    struct ObservationCounter(Arc<Mutex<Vec<usize>>>);
    impl Strategy for ObservationCounter {
        fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
            self.0.lock().unwrap().push(history.observations.len());
            RandomSearch.propose(history, rng)
        }
    }
    let counter = ObservationCounter::default();
    let mut study = new_study(unit_cube(1), counter.clone(), StudySettings::default());
    for cause in [StopCause::TuningOver, StopCause::Cancelled] {
        let trial = ask(&mut study);
        study.request_stop(trial.id, cause).unwrap();
        study.tell(trial.id, Outcome::Stopped { value: Some(1000.0) }).unwrap();
        let repeated = ask(&mut study);
        study.request_stop(repeated.id, StopCause::TuningOver).unwrap();
        // The job completes before it receives the stop request.
        study.tell(repeated.id, Outcome::Completed { value: 3.0 }).unwrap();
    }
    ask(&mut study);
    assert_eq!(*counter.0.lock().unwrap(), [0, 1, 2], "only the completed trials are observations");
}

#[test]
fn fault_a2_a_resumed_tuning_runs_interrupted_trials_first() {
    let limits = ResourceLimits { max_runtime: Some(5 * SECOND / 2), ..ResourceLimits::new(8, 2) };
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let simulate = |_: &Job<'_>| SimulatedJob {
        reports: vec![SimulatedReport { after: SECOND / 4, step: 1, value: 9.0 }],
        ..SimulatedJob::new(1.0, SECOND)
    };
    let mut jobs = SimulatedEvaluator::new(simulate);
    let reason = tune(&mut study, &mut jobs).unwrap().reason;
    assert!(matches!(reason, StopReason::MaxRuntime { .. }), "{reason}");
    let interrupted: Vec<Configuration> =
        study.trials_to_rerun().map(|trial| trial.configuration.clone()).collect();
    assert_eq!(interrupted.len(), 2);
    let first_call_count = study.trials().len();
    while !matches!(tune(&mut study, &mut jobs).unwrap().reason, StopReason::JobLimit { .. }) {}
    let next: Vec<Configuration> = study.trials()[first_call_count..first_call_count + 2]
        .iter()
        .map(|t| t.configuration.clone())
        .collect();
    assert_eq!(next, interrupted);
    // An interrupted trial does not count toward the job limit.
    assert_eq!(study.trials().iter().filter(|trial| trial.value().is_some()).count(), 8);
}

#[test]
fn fault_a8_max_runtime_does_not_wait_for_a_hanging_function() {
    for hangs_forever in [false, true] {
        let (sender, receiver) = channel::<()>();
        let receiver = Mutex::new(receiver);
        let mut jobs = FunctionEvaluator::new(move |_: &Configuration| {
            if hangs_forever {
                let _ = receiver.lock().unwrap().recv();
            } else {
                std::thread::sleep(Duration::from_secs(15));
            }
            Ok::<_, String>(1.0)
        })
        .with_stop_grace_period(Duration::from_millis(200));
        let limits = ResourceLimits {
            max_runtime: Some(Duration::from_millis(300)),
            ..ResourceLimits::new(4, 1)
        };
        let settings = StudySettings { limits, ..Default::default() };
        let mut study = new_study(unit_cube(1), RandomSearch, settings);
        let start = Instant::now();
        let reason = tune(&mut study, &mut jobs).unwrap().reason;
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert!(matches!(reason, StopReason::MaxRuntime { .. }), "{reason}");
        let trial = &study.trials()[0];
        assert!(
            matches!(&trial.outcome, Some(Outcome::Failed(f)) if f.kind == FailureKind::Timeout),
            "{trial:?}"
        );
        assert!(trial.needs_rerun(), "the trial counts as interrupted");
        drop(sender);
    }
}

#[test]
fn fault_a10_ignored_events_are_counted_and_a_hundred_are_kept() {
    let limits = ResourceLimits::new(8, 1);
    let settings = StudySettings { limits, order: Order::FixedLag(1), ..Default::default() };
    let mut study = new_study(unit_cube(1), RandomSearch, settings);
    // The function ignores stop requests.
    let mut jobs = FunctionEvaluator::reporting(|_: &Configuration, reporter: &Reporter| {
        let loss = reporter.job().trial.0 as f64;
        for step in 1..=200 {
            let _ = reporter.report(step, loss);
        }
        Ok::<_, String>(loss)
    });
    let result =
        Tuner::new().early_stopping(EarlyStopping::auto()).run(&mut study, &mut jobs).unwrap();
    assert!(result.ignored_event_count > 300, "{}", result.ignored_event_count);
    assert_eq!(result.ignored_events.len(), 100);
}

/// An evaluator with running jobs of an earlier call.
struct EvaluatorWithJobs {
    running: Vec<JobId>,
    max_running: usize,
    started: usize,
    /// The started and adopted jobs that have not ended.
    accepted: Vec<JobId>,
}

impl Evaluator for EvaluatorWithJobs {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let is_running = self.running.contains(&job.id());
        if !is_running {
            self.running.push(job.id());
            self.started += 1;
        }
        self.accepted.push(job.id());
        self.max_running = self.max_running.max(self.running.len());
        Ok(if is_running { StartOutcome::Adopted } else { StartOutcome::Started })
    }

    fn wait(&mut self, _: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        if self.accepted.is_empty() {
            return Ok(Vec::new());
        }
        let job = self.accepted.remove(0);
        self.running.retain(|running| *running != job);
        Ok(vec![JobEvent::Ended { job, outcome: Outcome::from(1.0) }])
    }

    fn stop(&mut self, _: JobId) -> Result<(), EvaluatorError> {
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if !self.running.contains(&job.id()) {
            return Ok(Adoption::NotRunning);
        }
        self.accepted.push(job.id());
        Ok(Adoption::Running)
    }
}

#[test]
fn fault_a13_running_jobs_count_before_new_jobs_start() {
    let limits = ResourceLimits::new(12, 2);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    // An earlier call had six jobs. Five of them run; the second one does not.
    let trials: Vec<Trial> = (0..6).map(|_| ask(&mut study)).collect();
    let running = trials.iter().filter(|trial| trial.id.0 != 2).map(|t| Job::new(t, 1).id());
    let mut jobs = EvaluatorWithJobs {
        running: running.collect(),
        max_running: 5,
        started: 0,
        accepted: Vec::new(),
    };
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(jobs.max_running, 5, "no job starts while the five jobs run");
    assert_eq!(jobs.started, 7, "the job that did not run, and six new jobs");
    assert_eq!(study.trials().len(), 12);
}

#[test]
fn fault_a14_each_report_is_answered_with_its_own_stop_decision() {
    let run = || {
        let limits = ResourceLimits::new(40, 1);
        let settings = StudySettings { seed: 3, limits, ..Default::default() };
        let mut study = new_study(unit_cube(2), RandomSearch, settings);
        let mut jobs = FunctionEvaluator::reporting(|c: &Configuration, reporter: &Reporter| {
            let loss = c.float("x0") + c.float("x1");
            for step in 1..=27 {
                if reporter.report(step, loss + 1.0 / step as f64).is_break() {
                    return Ok::<_, String>(loss + 1.0 / step as f64);
                }
            }
            Ok(loss)
        });
        Tuner::new()
            .early_stopping(EarlyStopping::hyperband(1, 27))
            .run(&mut study, &mut jobs)
            .unwrap();
        study.trials().to_vec()
    };
    let first = run();
    let stopped = first
        .iter()
        .filter(|trial| matches!(trial.stop_cause, Some(StopCause::SuccessiveHalving { .. })));
    let stopped: Vec<&Trial> = stopped.collect();
    assert!(stopped.len() > 10, "{} of 40 are stopped", stopped.len());
    for trial in stopped {
        let Some(StopCause::SuccessiveHalving { step, .. }) = trial.stop_cause else { panic!() };
        assert_eq!(
            trial.reports.last().unwrap().step,
            step,
            "the decision follows from the last report"
        );
    }
    for _ in 0..3 {
        assert_eq!(run(), first);
    }
}

#[test]
fn fault_a15_a_first_step_above_max_resource_gives_a_warning() {
    let limits = ResourceLimits::new(4, 1);
    let mut study =
        new_study(unit_cube(1), RandomSearch, StudySettings { limits, ..Default::default() });
    let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| SimulatedJob {
        reports: (1..=3)
            .map(|i| SimulatedReport { after: i * SECOND, step: u64::from(100 * i), value: 1.0 })
            .collect(),
        ..SimulatedJob::new(1.0, 4 * SECOND)
    });
    let mut printed = Vec::new();
    let result = Tuner::new()
        .early_stopping(EarlyStopping::hyperband(1, 27))
        .on_progress(|_, progress| {
            if let Progress::Warning(text) = progress {
                printed.push((*text).to_owned());
            }
            std::ops::ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    let warnings = result.warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("100") && warnings[0].contains("27"));
    assert_eq!(printed, warnings);
}

#[test]
fn fault_a16_a_grid_tries_exactly_the_given_values() {
    let range = ParameterRange::continuous("rate", 1e-6..=1.0, ScalingType::Logarithmic);
    let space = SearchSpace::new([range]).unwrap();
    let proposed = |levels: GridLevels| -> Vec<f64> {
        let grid = space.grid([("rate", levels)]).unwrap();
        let mut study = new_study(space.clone(), GridSearch::new(grid), StudySettings::default());
        let AskOutcome::Trials(trials) = study.ask(10).unwrap() else { panic!() };
        trials.iter().map(|trial| trial.configuration.float("rate")).collect()
    };
    let values = [1e-4, 1e-3, 1e-2, 0.012_345_678_901_234_567];
    assert_eq!(proposed(GridLevels::values(values)), values);
    assert_eq!(proposed(GridLevels::EvenlySpaced(4)), [1e-6, 1e-4, 1e-2, 1.0]);
    let range = ParameterRange::continuous("rate", 1e-3..=1.0, ScalingType::Logarithmic);
    let space = SearchSpace::new([range]).unwrap();
    let grid = space.grid([("rate", GridLevels::EvenlySpaced(4))]).unwrap();
    let mut study = new_study(space, GridSearch::new(grid), StudySettings::default());
    let AskOutcome::Trials(trials) = study.ask(10).unwrap() else { panic!() };
    let rates: Vec<f64> = trials.iter().map(|trial| trial.configuration.float("rate")).collect();
    assert_eq!(rates, [0.001, 0.01, 0.1, 1.0], "as the documentation says");
}

/// Random search that needs this time for each proposal.
#[derive(Debug)]
struct SlowStrategy(Duration);

impl Strategy for SlowStrategy {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        std::thread::sleep(self.0);
        RandomSearch.propose(history, rng)
    }
}

#[test]
fn fault_g_timeouts_and_cancellation_work_during_a_slow_proposal() {
    let limits = ResourceLimits::new(3, 3);
    let settings = StudySettings { limits, ..Default::default() };
    let mut study = new_study(unit_cube(1), SlowStrategy(Duration::from_millis(1500)), settings);
    let mut jobs = FunctionEvaluator::reporting(|_: &Configuration, reporter: &Reporter| {
        let start = Instant::now();
        while !reporter.should_stop() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok::<_, String>(start.elapsed().as_secs_f64())
    });
    Tuner::new()
        .job_timeout(Duration::from_millis(300))
        .circuit_breaker(None)
        .run(&mut study, &mut jobs)
        .unwrap();
    // The first job is stopped while the second proposal is being computed.
    let Some(Outcome::Failed(failure)) = &study.trials()[0].outcome else { panic!() };
    assert_eq!(failure.kind, FailureKind::Timeout);
    let told_position = study
        .events()
        .iter()
        .position(|event| matches!(event, Event::Told { trial, .. } if trial.0 == 1));
    let asked_position = study
        .events()
        .iter()
        .position(|event| matches!(event, Event::Asked { trial, .. } if trial.0 == 2));
    assert!(told_position < asked_position, "{told_position:?} {asked_position:?}");

    let handle = StopHandle::new();
    let cancel_handle = handle.clone();
    let mut study = new_study(unit_cube(1), SlowStrategy(Duration::from_secs(20)), settings);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        cancel_handle.cancel();
    });
    let start = Instant::now();
    let mut jobs = FunctionEvaluator::new(|_: &Configuration| Ok::<_, String>(1.0));
    let reason = Tuner::new().stop_handle(&handle).run(&mut study, &mut jobs).unwrap().reason;
    assert!(matches!(reason, StopReason::Cancelled { .. }), "{reason}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Two tunings run on all threads of the pool that also computes proposals. Neither may wait for a
/// thread that the other one occupies.
#[test]
fn parallel_tunings_on_one_thread_pool_do_not_deadlock() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let tunings = || rayon::join(run_parallel_jobs, run_parallel_jobs);
    assert_eq!(pool.install(tunings), (16, 16));
}

/// Runs 16 jobs, three in parallel, and returns the number of trials.
fn run_parallel_jobs() -> usize {
    let limits = ResourceLimits::new(16, 3);
    let settings = StudySettings { limits, ..Default::default() };
    let mut study = new_study(unit_cube(3), BayesianOptimization::default(), settings);
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x0")));
    tune(&mut study, &mut jobs).unwrap();
    study.trials().len()
}

#[test]
fn fault_g_reports_are_recorded_during_a_slow_proposal() {
    let limits = ResourceLimits::new(2, 2);
    let settings = StudySettings { limits, ..Default::default() };
    let mut study = new_study(unit_cube(1), SlowStrategy(Duration::from_secs(1)), settings);
    let mut jobs = FunctionEvaluator::reporting(|_: &Configuration, reporter: &Reporter| {
        for step in 1..=10 {
            let _ = reporter.report(step, 1.0);
        }
        Ok::<_, String>(1.0)
    });
    tune(&mut study, &mut jobs).unwrap();
    let earlier_events = study
        .events()
        .iter()
        .take_while(|event| !matches!(event, Event::Asked { trial, .. } if trial.0 == 2));
    let reports = earlier_events.filter(|event| matches!(event, Event::Reported { .. })).count();
    assert_eq!(reports, 10, "all reports of the first job precede the second proposal");
}
