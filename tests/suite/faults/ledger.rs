//! What is told twice, late, out of order, or is hostile; and how it ends.

use super::*;

#[test]
fn fault_19_a_result_that_is_told_twice() {
    let mut study = bayesian(ResourceLimits::default());
    study.ask(1).unwrap();
    study.tell(TrialId(1), Outcome::from(1.0)).unwrap();
    let events = study.events().len();
    study.tell(TrialId(1), Outcome::from(1.0)).unwrap();
    assert_eq!(study.events().len(), events, "the same again changes nothing");
    let conflict = study.tell(TrialId(1), Outcome::from(2.0)).unwrap_err();
    assert!(matches!(conflict, Error::Conflict { trial: TrialId(1), .. }), "{conflict}");
    assert!(
        conflict.to_string().contains("2.0") && conflict.to_string().contains("set aside"),
        "{conflict}"
    );
    let trial = study.trial(TrialId(1)).unwrap();
    assert_eq!((trial.value(), trial.set_aside.as_slice()), (Some(1.0), &[Outcome::from(2.0)][..]));
    study.tell(TrialId(1), Outcome::from(2.0)).unwrap_err();
    assert_eq!(study.trial(TrialId(1)).unwrap().set_aside.len(), 1, "kept once");
}

#[test]
fn fault_20_results_that_come_after_a_deadline_or_a_stop() {
    for late_results in [LateResults::SetAside, LateResults::Used] {
        let settings = StudySettings { late_results, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(line(), objective.clone(), SobolSearch, settings).unwrap();
        study.ask(3).unwrap();
        study.tell(TrialId(1), failed(FailureKind::Timeout)).unwrap();
        study.tell(TrialId(2), Outcome::Stopped { value: Some(5.0) }).unwrap();
        study.tell(TrialId(3), Outcome::from(3.0)).unwrap();
        let told: Vec<bool> =
            (1..=3).map(|n| study.tell(TrialId(n), Outcome::from(0.5)).is_ok()).collect();
        let used = late_results == LateResults::Used;
        assert_eq!(told, [used, used, false], "a value is never exchanged for another one");
        let values: Vec<Option<f64>> = study.trials().iter().map(Trial::value).collect();
        let late = used.then_some(0.5);
        assert_eq!(values, [late, late, Some(3.0)]);
        assert!(study.trials().iter().all(|trial| trial.set_aside.len() == 1), "nothing is lost");
        // What was given up for good stays so.
        study.ask(1).unwrap();
        study.abandon(TrialId(4), "never again").unwrap();
        study.tell(TrialId(4), Outcome::from(0.1)).unwrap_err();
        assert_eq!(study.trial(TrialId(4)).unwrap().value(), None);
        let events = study.events().to_vec();
        let again = Study::replay(line(), objective, SobolSearch, settings, events).unwrap();
        assert_eq!(again.trials(), study.trials());
    }
}

#[test]
fn fault_21_results_of_unknown_trials() {
    let mut study = bayesian(ResourceLimits::default());
    assert!(matches!(study.tell(TrialId(7), 1.0.into()), Err(Error::UnknownTrial(TrialId(7)))));
    assert!(matches!(study.tell(TrialId(0), 1.0.into()), Err(Error::UnknownTrial(TrialId(0)))));
    assert!(matches!(study.report(TrialId(7), 1, 1.0), Err(Error::UnknownTrial(TrialId(7)))));
    assert!(matches!(
        study.ask_to_stop(TrialId(7), StopCause::TuningOver),
        Err(Error::UnknownTrial(TrialId(7)))
    ));
    assert!(study.events().is_empty());
}

#[test]
fn fault_22_results_out_of_order_belong_to_their_trials() {
    let mut study = bayesian(ResourceLimits::new(12, 4));
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        // The later, the faster.
        let seconds = 20 - u32::try_from(job.trial.id.0).unwrap();
        SimulatedJob::new(job.trial.configuration.float("x"), seconds * SECOND)
    });
    tune(&mut study, &mut jobs).unwrap();
    for trial in study.trials() {
        assert_eq!(trial.value(), Some(trial.configuration.float("x")));
    }
}

#[test]
fn fault_23_what_cannot_be_factored_falls_back_and_says_so() {
    let mut study = bayesian(ResourceLimits::default());
    // Thirty times the same place with the same value, and places that differ by nothing.
    for _ in 0..30 {
        study.observe(&Configuration::from([("x", 0.5.into())]), Outcome::from(1.0)).unwrap();
    }
    for i in 0..10 {
        let x = 0.5 + 1e-13 * f64::from(i);
        let value = 1.0 + 0.1 * f64::from(i % 2);
        study.observe(&Configuration::from([("x", x.into())]), Outcome::from(value)).unwrap();
    }
    let mut tried = BTreeSet::new();
    for _ in 0..5 {
        let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        tried.insert(trials[0].configuration.float("x").to_bits());
        let why = study.why(trials[0].id).unwrap();
        assert!(why.model.is_some() || why.fallback.is_some(), "{why}");
        study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
    }
    assert_eq!(tried.len(), 5);
}

#[test]
fn fault_24_a_space_that_is_exhausted() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=5, ScalingType::Linear)]).unwrap();
    let settings = StudySettings { limits: ResourceLimits::new(99, 3), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
    let tuned = tune(&mut study, &mut scripted(|trial, _| (trial as f64).into())).unwrap();
    assert_eq!(tuned.reason, StopReason::SpaceExhausted { jobs: 5 });
    assert_eq!(study.ask(1).unwrap(), Asked::Exhausted);
}

#[test]
fn fault_27_requests_to_stop_drain_and_then_cancel() {
    let run = |requests: &'static [u64], jobs_of: u32| {
        let handle = StopHandle::new();
        let mut study = bayesian(ResourceLimits::new(50, 2));
        let mut jobs =
            SimulatedEvaluator::new(move |_: &Job<'_>| SimulatedJob::new(1.0, jobs_of * SECOND));
        let (mut ended, mut left) = (0, requests.to_vec());
        let tuned = Tuner::new()
            .stop_by(&handle)
            .observe(|_, progress| {
                ended += u64::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
                left.extract_if(.., |at| *at == ended).for_each(|_| handle.request());
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
            .unwrap();
        assert!(handle.is_requested());
        (tuned.reason, study)
    };
    let (reason, study) = run(&[4], 10);
    assert!(matches!(reason, StopReason::Drained { .. }), "{reason}");
    assert!(study.trials().iter().filter(|t| t.outcome.is_some()).all(|t| t.value().is_some()));
    let (reason, study) = run(&[4, 4], 10);
    assert_eq!(reason, StopReason::Cancelled { left_running: 0 });
    let stopped = study.trials().iter().filter(|t| t.stop_asked == Some(StopCause::Cancelled));
    assert!(stopped.count() <= 2 && study.trials().len() < 10);
    // What was asked for and not run is pending; another call goes on with it.
    let mut study = study;
    let done = study.trials().iter().filter(|t| t.outcome.is_some()).count();
    tune(&mut study, &mut scripted(|_, _| 2.0.into())).unwrap();
    assert!(done < 50 && study.trials().len() == 50 && study.pending().next().is_none());
}

/// What a cancelled tuning had begun has another attempt when it goes on, so that nothing else is proposed.
#[test]
fn fault_27_a_cancelled_tuning_goes_on_as_an_undisturbed_one() {
    let limits = ResourceLimits::new(12, 3);
    let begin = || {
        let order = Order::FixedLag(3);
        let settings = StudySettings { seed: 1, limits, order, ..Default::default() };
        let strategy = BayesianOptimization::default();
        Study::new(line(), Objective::minimize("loss"), strategy, settings).unwrap()
    };
    let jobs = || {
        SimulatedEvaluator::new(|job: &Job<'_>| {
            let x = job.trial.configuration.float("x");
            SimulatedJob::new(
                x * x,
                if job.trial.id.0.is_multiple_of(2) { 10 * SECOND } else { 25 * SECOND },
            )
        })
    };
    let trajectory = |study: &Study| {
        let told = |trial: &Trial| (trial.configuration.clone(), trial.value());
        study.trials().iter().map(told).collect::<Vec<_>>()
    };
    let mut undisturbed = begin();
    tune(&mut undisturbed, &mut jobs()).unwrap();
    for at in [1, 4, 7] {
        let mut study = begin();
        let handle = StopHandle::new();
        Tuner::new()
            .stop_by(&handle)
            .observe(|study, _| {
                let ended = study.trials().iter().filter(|trial| trial.outcome.is_some());
                if ended.count() == at {
                    handle.cancel();
                }
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs())
            .unwrap();
        assert!(study.pending().any(|trial| trial.attempt() == 2), "one was cut off");
        assert_eq!(study.cut_off().count(), 0);
        tune(&mut study, &mut jobs()).unwrap();
        assert_eq!(trajectory(&study), trajectory(&undisturbed), "cancelled after {at}");
    }
}

/// Jobs that take minutes to stop keep their slots meanwhile.
#[test]
fn fault_28_a_stopping_job_holds_its_slot() {
    struct Slow {
        running: Vec<(JobId, Option<Duration>)>,
        clock: Duration,
        most: usize,
    }
    impl Evaluator for Slow {
        fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
            self.running.push((job.id(), None));
            self.most = self.most.max(self.running.len());
            Ok(Start::Started)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            self.clock += timeout.min(10 * SECOND);
            let clock = self.clock;
            let over = self
                .running
                .extract_if(.., |(_, stop)| stop.is_some_and(|at| clock >= at + 300 * SECOND));
            let outcome = Outcome::Stopped { value: None };
            Ok(over.map(|(job, _)| JobEvent::Ended { job, outcome: outcome.clone() }).collect())
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            let now = self.clock;
            self.running
                .iter_mut()
                .filter(|(id, _)| *id == job)
                .for_each(|(_, stop)| *stop = Some(now));
            Ok(())
        }
        fn elapsed(&self) -> Duration {
            self.clock
        }
    }
    let mut study = bayesian(ResourceLimits::new(6, 2));
    let mut jobs = Slow { running: Vec::new(), clock: Duration::ZERO, most: 0 };
    let mut tuner = Tuner::new().job_deadline(60 * SECOND).circuit_breaker(None);
    tuner.run(&mut study, &mut jobs).unwrap();
    assert_eq!(jobs.most, 2);
    assert_eq!(kinds(&study), [FailureKind::Timeout; 6]);
    assert!(jobs.elapsed() >= 3 * 360 * SECOND, "three rounds of two, six minutes each");
}

#[test]
fn fault_29_a_job_that_hangs_ends_as_timeout_and_the_study_goes_on() {
    let mut study = bayesian(ResourceLimits::new(4, 1));
    let (open, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let mut jobs = FunctionEvaluator::reporting(move |c: &Configuration, reporter: &Reporter| {
        if reporter.job().trial == TrialId(2) {
            // Deaf to everything, until the test is over.
            let _ = gate.lock().unwrap().recv();
        }
        Ok::<_, String>(c.float("x"))
    })
    .with_patience(Duration::from_millis(50));
    let mut tuner = Tuner::new().job_deadline(Duration::from_millis(100));
    tuner.run(&mut study, &mut jobs).unwrap();
    assert_eq!(kinds(&study), [FailureKind::Timeout]);
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 3);
    drop(open);
}

#[test]
fn fault_30_ten_thousand_trials() {
    let settings = StudySettings { limits: ResourceLimits::new(10_000, 64), ..Default::default() };
    let objective = Objective::minimize("loss");
    let mut study = Study::new(line(), objective, SobolSearch, settings).unwrap();
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        let reports = (1..=3).map(|step| surmise::evaluator::SimulatedReport {
            after: step * SECOND,
            step: step.into(),
            value: 1.0 / job.trial.id.0 as f64,
        });
        let outcome = job.trial.id.0 as f64;
        SimulatedJob { reports: reports.collect(), ..SimulatedJob::new(outcome, 3 * SECOND) }
    });
    let rules = TuningRules {
        early_stopping: EarlyStopping::auto(),
        completion: CompletionCriteria::not_improving_for(20_000),
        ..TuningRules::default()
    };
    let tuned = Tuner::with(rules).run(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 10_000 });
    assert_eq!(study.best().unwrap().id, TrialId(1));
}

#[test]
fn fault_31_hostile_names_and_values() {
    let hostile = "</script><b>'\"; rm -rf $HOME `id` \u{202e}\n";
    let space = SearchSpace::new([
        ParameterRange::categorical(hostile, [hostile, "plain"]),
        ParameterRange::continuous("--x=", 0.0..=1.0, ScalingType::Linear),
    ])
    .unwrap();
    let settings = StudySettings { limits: ResourceLimits::new(2, 1), ..Default::default() };
    let objective = Objective::minimize(hostile);
    let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
    // No shell reads them: they arrive as they are.
    let script =
        "import sys; print(len([a for a in sys.argv[1:] if 'rm -rf' in a or '--x=' in a]))";
    let mut jobs = CommandEvaluator::new("python3").arguments(["-c", script]);
    tune(&mut study, &mut jobs).unwrap();
    assert!(study.trials().iter().all(|trial| trial.value() == Some(2.0)), "{:?}", study.trials());
    let error = study.enqueue(&Configuration::from([(hostile, "none".into())])).unwrap_err();
    assert!(!error.to_string().is_empty());
}

#[test]
fn fault_32_a_log_with_several_metrics() {
    let script = "for v in 3 1 2; do echo \"epoch loss=$v\"; echo \"worker loss=$v.5\" >&2; sleep 0.02; done";
    let pattern = || MetricPattern::new(r"^epoch loss=(\S+)").unwrap();
    for (reading, value) in [
        (ReadingOfSeveral::Last, 2.0),
        (ReadingOfSeveral::Least, 1.0),
        (ReadingOfSeveral::Greatest, 3.0),
    ] {
        let mut study = bayesian(ResourceLimits::new(1, 1));
        let mut jobs = CommandEvaluator::new("sh")
            .arguments(["-c", script, "sh"])
            .metric_from(MetricSource::Pattern(pattern()))
            .several_as(reading);
        tune(&mut study, &mut jobs).unwrap();
        assert_eq!(study.trials()[0].value(), Some(value));
    }
}

/// Not a row of the table, but behind all of them: the caller's own panic in an observer leaves the ledger intact.
#[test]
fn an_observer_that_panics_leaves_the_ledger_intact() {
    let mut study = bayesian(ResourceLimits::new(6, 2));
    let run = || {
        Tuner::new()
            .observe(|study: &Study, _: &Progress<'_>| {
                assert!(study.events().len() < 5, "enough");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut scripted(|_, _| 1.0.into()))
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    tune(&mut study, &mut scripted(|_, _| 1.0.into())).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 6);
}
