//! Outcomes of jobs, and jobs that a tuner leaves running.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use surmise::StopHandle;
use surmise::evaluator::RunningJob;
use surmise_sagemaker::CreateTrainingJobRequest;
use surmise_sagemaker::evaluator::{FoundJobs, JobFilter, TuningJob};

use super::*;

#[test]
fn fault_h7_unavailable_spot_instances_count_as_missing_capacity() {
    let (settings, fake) = start_fake(Faults { spot_wait: HALF_HOUR * 4, ..Default::default() });
    let request = spot_request("trees", 3, 3600);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &jobs);
    let mut retried = 0;
    let tuned = Tuner::with_rules(rules)
        .on_progress(|_, progress| {
            if matches!(progress, Progress::Retrying { .. }) {
                retried += 1;
                if retried == 15 {
                    fake.set_faults(Faults::default());
                }
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 3 });
    assert!(study.trials().iter().all(|trial| trial.value().is_some()));
    let failures = study.trials().iter().flat_map(|trial| &trial.failed_attempts);
    let kinds: Vec<FailureKind> = failures.map(|failure| failure.kind).collect();
    assert!(kinds.len() >= 15 && kinds.iter().all(|kind| *kind == FailureKind::Throttled));
    assert_eq!(jobs.bill().spent, fake.total_billed_time(), "waiting for instances is not billed");
}

#[test]
fn fault_h15_a_job_stopped_by_its_time_limit_keeps_its_value() {
    // The evaluator and the import of a tuning job must give the same outcome.
    let (settings, fake) = start_fake(Faults::default());
    let mut request = request("trees", 1, 1);
    request.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds = Some(400);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let tuning_rules = rules(&request, &jobs);
    tune(&mut study, &mut jobs, tuning_rules);
    let outcome = study.trials()[0].outcome.clone().unwrap();
    assert!(matches!(outcome, Outcome::Stopped { value: Some(_) }), "{outcome:?}");

    request.name = "bushes".to_owned();
    let mut job =
        TuningJob::launch_with_clock(settings.clock.clone(), &request, service(&fake)).unwrap();
    let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
    let (imported, _) = end.study(&job.training_jobs().unwrap()).unwrap();
    assert!(matches!(imported.trials()[0].outcome, Some(Outcome::Stopped { value: Some(_) })));
}

#[test]
fn fault_h16_cancelled_trials_run_again() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 6, 3);
    let mut first = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let handle = StopHandle::new();
    let cancel_handle = handle.clone();
    let clock = settings.clock.clone();
    let tuned = Tuner::with_rules(rules(&request, &first))
        .stop_grace_period(Duration::ZERO)
        .stop_handle(&handle)
        .complete_when("never", |_| false)
        .on_progress(|study, progress| {
            if matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 3)
            {
                // Two of five steps have been reported.
                clock.sleep(400 * SECOND);
                assert_eq!(study.trials().len(), 3);
                cancel_handle.cancel();
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut first)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::Cancelled { left_running: 3 });
    let names: Vec<String> = tuned.possibly_running.iter().map(|job| job.name.clone()).collect();
    let wanted: Vec<String> = (1..=3).map(|trial| training_job_name("trees", trial, 1)).collect();
    assert_eq!(names, wanted);
    let interrupted: Vec<_> =
        study.trials().iter().map(|trial| trial.configuration.clone()).collect();
    drop(first);

    let mut second = evaluator(&fake, &settings.clock, &request);
    let resumed_rules = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, resumed_rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
    let completed: Vec<_> = study.trials().iter().filter(|it| it.value().is_some()).collect();
    assert_eq!(completed.len(), 6, "an interrupted trial does not count as a job");
    for configuration in interrupted {
        assert!(completed.iter().any(|trial| trial.configuration == configuration));
    }
}

/// A service that becomes unreachable: each request then takes a while and fails.
#[derive(Debug)]
struct UnreachableService(
    SageMakerService,
    Duration,
    std::sync::Arc<std::sync::atomic::AtomicBool>,
);

impl UnreachableService {
    fn check_reachable(&self) -> Result<(), ServiceError> {
        if !self.2.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(());
        }
        std::thread::sleep(self.1);
        Err(ServiceError::new(ServiceErrorKind::Unreachable, "offline"))
    }
}

impl TrainingService for UnreachableService {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        self.check_reachable()?;
        self.0.create(request)
    }

    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        self.check_reachable()?;
        self.0.describe(name)
    }

    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        self.check_reachable()?;
        self.0.search(filter)
    }

    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        self.check_reachable()?;
        self.0.stop(name)
    }
}

#[allow(clippy::disallowed_methods, reason = "it measures real time")]
#[test]
fn fault_h13_dropping_an_offline_evaluator_is_fast_and_running_jobs_are_named() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 100, 100);
    let is_unreachable = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let service =
        UnreachableService(service(&fake), Duration::from_millis(300), is_unreachable.clone());
    let jobs = SageMakerEvaluator::new(&request, service).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone());
    for number in 1..=100 {
        start_job(&mut jobs, number, 0.3);
    }
    is_unreachable.store(true, std::sync::atomic::Ordering::Relaxed);
    for number in 1..=100 {
        jobs.stop(id(number, 1)).unwrap();
    }
    let remaining: Vec<RunningJob> = jobs.possibly_running();
    assert_eq!(remaining.len(), 100);
    assert_eq!(remaining[0].name, training_job_name("trees", 1, 1));
    let start = Instant::now();
    drop(jobs);
    assert!(start.elapsed() < 5 * SECOND, "{:?}", start.elapsed());
}

#[test]
fn fault_h13_an_error_names_the_jobs_that_may_still_run() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 6, 3);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let error = Tuner::with_rules(rules(&request, &jobs))
        .on_progress(|study, progress| {
            if study.trials().len() == 3 && matches!(progress, Progress::Started { .. }) {
                let denied = ["DescribeTrainingJob".to_owned(), "Search".to_owned()].into();
                fake.set_faults(Faults { denied, ..Default::default() });
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap_err();
    let text = error.to_string();
    for number in 1..=3 {
        assert!(text.contains(&training_job_name("trees", number, 1)), "{text}");
    }
    assert!(text.contains("these jobs may still run and cost money"), "{text}");
}

#[test]
fn jobs_of_a_panicked_tuner_are_possibly_running() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let killed = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with_rules(rules(&request, &jobs))
            .on_progress(|_, progress| {
                assert!(!matches!(progress, Progress::Recorded(Event::Located { .. })), "killed");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
    }));
    assert!(killed.is_err());
    assert_eq!(jobs.possibly_running().len(), 1);
}
