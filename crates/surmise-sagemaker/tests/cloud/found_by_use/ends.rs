//! How jobs end, and how the tuner leaves them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use surmise::StopHandle;
use surmise::evaluator::RunningJob;
use surmise_sagemaker::CreateTrainingJobRequest;
use surmise_sagemaker::evaluator::{FoundJobs, JobFilter, TuningJob};

use super::*;

#[test]
fn fault_h7_spot_instances_that_never_came_are_a_want_of_machines() {
    let (settings, fake) = under(Faults { spot_waits: HALF_AN_HOUR * 4, ..Default::default() });
    let request = spot("trees", 3, 3600);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &jobs);
    let mut retried = 0;
    let tuned = Tuner::with(rules)
        .observe(|_, progress| {
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
    assert_eq!(jobs.bill().spent, fake.billed(), "waiting is not billed");
}

#[test]
fn fault_h15_a_job_whose_time_was_up_keeps_its_value() {
    // Ours and what is brought back from SageMaker's own tuner say the same of the same job.
    let (settings, fake) = under(Faults::default());
    let mut request = request("trees", 1, 1);
    request.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds = Some(400);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut own = study(&request, Vec::new());
    let own_rules = rules(&request, &jobs);
    tune(&mut own, &mut jobs, own_rules);
    let ours = own.trials()[0].outcome.clone().unwrap();
    assert!(matches!(ours, Outcome::Stopped { value: Some(_) }), "{ours:?}");

    request.name = "bushes".to_owned();
    let mut job = TuningJob::launch_by(settings.clock.clone(), &request, service(&fake)).unwrap();
    let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
    let (theirs, _) = end.study(&job.training_jobs().unwrap()).unwrap();
    assert!(matches!(theirs.trials()[0].outcome, Some(Outcome::Stopped { value: Some(_) })));
}

#[test]
fn fault_h16_what_was_cut_off_by_a_cancellation_runs_again() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 6, 3);
    let mut first = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let handle = StopHandle::new();
    let cancelling = handle.clone();
    let clock = settings.clock.clone();
    let tuned = Tuner::with(rules(&request, &first))
        .cancel_patience(Duration::ZERO)
        .stop_by(&handle)
        .complete_when("never", |_| false)
        .observe(|study, progress| {
            if matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 3)
            {
                // Two steps of five have been told.
                clock.sleep(400 * SECOND);
                assert_eq!(study.trials().len(), 3);
                cancelling.cancel();
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut first)
        .unwrap();
    assert_eq!(tuned.reason, StopReason::Cancelled { left_running: 3 });
    let names: Vec<String> = tuned.may_still_run.iter().map(|job| job.name.clone()).collect();
    let wanted: Vec<String> = (1..=3).map(|trial| training_job_name("trees", trial, 1)).collect();
    assert_eq!(names, wanted);
    let cut_off: Vec<_> = study.trials().iter().map(|trial| trial.configuration.clone()).collect();
    drop(first);

    let mut second = evaluator(&fake, &settings.clock, &request);
    let again = rules(&request, &second);
    let (reason, _) = tune(&mut study, &mut second, again);
    assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
    let completed: Vec<_> = study.trials().iter().filter(|it| it.value().is_some()).collect();
    assert_eq!(completed.len(), 6, "a truncated job is none");
    for configuration in cut_off {
        assert!(completed.iter().any(|trial| trial.configuration == configuration));
    }
}

/// A service that is not there any more: each request takes a while, and comes to nothing.
#[derive(Debug)]
struct Gone(SageMakerService, Duration, std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Gone {
    fn is_gone(&self) -> Result<(), ServiceError> {
        if !self.2.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(());
        }
        std::thread::sleep(self.1);
        Err(ServiceError::new(ServiceErrorKind::Unreachable, "offline"))
    }
}

impl TrainingService for Gone {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        self.is_gone()?;
        self.0.create(request)
    }

    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        self.is_gone()?;
        self.0.describe(name)
    }

    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        self.is_gone()?;
        self.0.search(filter)
    }

    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        self.is_gone()?;
        self.0.stop(name)
    }
}

#[allow(clippy::disallowed_methods, reason = "it is about time that people wait")]
#[test]
fn fault_h13_leaving_offline_takes_no_time_and_says_what_may_cost() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 100, 100);
    let is_gone = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let gone = Gone(service(&fake), Duration::from_millis(300), is_gone.clone());
    let jobs = SageMakerEvaluator::new(&request, gone).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone());
    for number in 1..=100 {
        start(&mut jobs, number, 0.3);
    }
    is_gone.store(true, std::sync::atomic::Ordering::Relaxed);
    for number in 1..=100 {
        jobs.stop(id(number, 1)).unwrap();
    }
    let left: Vec<RunningJob> = jobs.may_still_run();
    assert_eq!(left.len(), 100);
    assert_eq!(left[0].name, training_job_name("trees", 1, 1));
    let begun = Instant::now();
    drop(jobs);
    assert!(begun.elapsed() < 5 * SECOND, "{:?}", begun.elapsed());
}

#[test]
fn fault_h13_an_error_that_ends_a_tuning_names_the_jobs_that_may_cost() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 6, 3);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let error = Tuner::with(rules(&request, &jobs))
        .observe(|study, progress| {
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
    assert!(text.contains("these jobs may still run, and cost"), "{text}");
}

#[test]
fn a_tuner_that_panics_leaves_jobs_that_another_call_knows() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let killed = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with(rules(&request, &jobs))
            .observe(|_, progress| {
                assert!(!matches!(progress, Progress::Recorded(Event::Located { .. })), "killed");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
    }));
    assert!(killed.is_err());
    assert_eq!(jobs.may_still_run().len(), 1);
}
