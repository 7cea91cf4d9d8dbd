//! Repeated, late, unordered and hostile results, and the ends of tunings.

use super::*;

#[test]
fn fault_19_a_repeated_result_changes_nothing_and_another_one_is_a_conflict() {
    let mut study = bayesian(ResourceLimits::default());
    study.ask(1).unwrap();
    study.tell(TrialId(1), Outcome::from(1.0)).unwrap();
    let events = study.events().len();
    study.tell(TrialId(1), Outcome::from(1.0)).unwrap();
    assert_eq!(study.events().len(), events, "a repeated result is no event");
    let conflict = study.tell(TrialId(1), Outcome::from(2.0)).unwrap_err();
    assert!(matches!(conflict, Error::Conflict { trial: TrialId(1), .. }), "{conflict}");
    assert!(
        conflict.to_string().contains("2.0") && conflict.to_string().contains("not used"),
        "{conflict}"
    );
    let trial = study.trial(TrialId(1)).unwrap();
    assert_eq!(
        (trial.value(), trial.late_outcomes.as_slice()),
        (Some(1.0), &[Outcome::from(2.0)][..])
    );
    study.tell(TrialId(1), Outcome::from(2.0)).unwrap_err();
    assert_eq!(
        study.trial(TrialId(1)).unwrap().late_outcomes.len(),
        1,
        "a repeated conflict is recorded once"
    );
}

#[test]
fn fault_20_late_results_are_used_only_if_the_settings_say_so() {
    for late_outcomes in [LateOutcomes::RecordOnly, LateOutcomes::UseValue] {
        let settings = StudySettings { late_outcomes, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study =
            Study::new(unit_interval(), objective.clone(), SobolSearch, settings).unwrap();
        study.ask(3).unwrap();
        study.tell(TrialId(1), failed(FailureKind::Timeout)).unwrap();
        study.tell(TrialId(2), Outcome::Stopped { value: Some(5.0) }).unwrap();
        study.tell(TrialId(3), Outcome::from(3.0)).unwrap();
        let accepted: Vec<bool> =
            (1..=3).map(|n| study.tell(TrialId(n), Outcome::from(0.5)).is_ok()).collect();
        let is_used = late_outcomes == LateOutcomes::UseValue;
        assert_eq!(
            accepted,
            [is_used, is_used, false],
            "a value is never replaced by another value"
        );
        let values: Vec<Option<f64>> = study.trials().iter().map(Trial::value).collect();
        let late_value = is_used.then_some(0.5);
        assert_eq!(values, [late_value, late_value, Some(3.0)]);
        assert!(
            study.trials().iter().all(|trial| trial.late_outcomes.len() == 1),
            "every late result is recorded"
        );
        // A late result does not change an abandoned trial.
        study.ask(1).unwrap();
        study.abandon(TrialId(4), "not needed").unwrap();
        study.tell(TrialId(4), Outcome::from(0.1)).unwrap_err();
        assert_eq!(study.trial(TrialId(4)).unwrap().value(), None);
        let events = study.events().to_vec();
        let replayed =
            Study::replay(unit_interval(), objective, SobolSearch, settings, events).unwrap();
        assert_eq!(replayed.trials(), study.trials());
    }
}

#[test]
fn fault_21_results_of_unknown_trials_are_typed_errors() {
    let mut study = bayesian(ResourceLimits::default());
    assert!(matches!(study.tell(TrialId(7), 1.0.into()), Err(Error::UnknownTrial(TrialId(7)))));
    assert!(matches!(study.tell(TrialId(0), 1.0.into()), Err(Error::UnknownTrial(TrialId(0)))));
    assert!(matches!(study.report(TrialId(7), 1, 1.0), Err(Error::UnknownTrial(TrialId(7)))));
    assert!(matches!(
        study.request_stop(TrialId(7), StopCause::TuningOver),
        Err(Error::UnknownTrial(TrialId(7)))
    ));
    assert!(study.events().is_empty());
}

#[test]
fn fault_22_results_out_of_order_belong_to_their_trials() {
    let mut study = bayesian(ResourceLimits::new(12, 4));
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        // Later trials are faster, so that the outcomes arrive out of order.
        let seconds = 20 - u32::try_from(job.trial.id.0).unwrap();
        SimulatedJob::new(job.trial.configuration.float("x"), seconds * SECOND)
    });
    tune(&mut study, &mut jobs).unwrap();
    for trial in study.trials() {
        assert_eq!(trial.value(), Some(trial.configuration.float("x")));
    }
}

#[test]
fn fault_23_a_singular_matrix_gives_new_proposals_with_model_or_fallback() {
    let mut study = bayesian(ResourceLimits::default());
    // Thirty identical observations, and ten points that differ by rounding errors only.
    for _ in 0..30 {
        study
            .add_observation(&Configuration::from([("x", 0.5.into())]), Outcome::from(1.0))
            .unwrap();
    }
    for i in 0..10 {
        let x = 0.5 + 1e-13 * f64::from(i);
        let value = 1.0 + 0.1 * f64::from(i % 2);
        study
            .add_observation(&Configuration::from([("x", x.into())]), Outcome::from(value))
            .unwrap();
    }
    let mut proposed = BTreeSet::new();
    for _ in 0..5 {
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        proposed.insert(trials[0].configuration.float("x").to_bits());
        let why = study.why(trials[0].id).unwrap();
        assert!(why.model.is_some() || why.fallback.is_some(), "{why}");
        study.tell(trials[0].id, Outcome::from(1.0)).unwrap();
    }
    assert_eq!(proposed.len(), 5);
}

#[test]
fn fault_24_an_exhausted_space_ends_the_tuning() {
    let space =
        SearchSpace::new([ParameterRange::integer("n", 1..=5, ScalingType::Linear)]).unwrap();
    let settings = StudySettings { limits: ResourceLimits::new(99, 3), ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
    let result = tune(&mut study, &mut scripted(|trial, _| (trial as f64).into())).unwrap();
    assert_eq!(result.reason, StopReason::SpaceExhausted { jobs: 5 });
    assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted);
}

#[test]
fn fault_27_the_first_stop_request_drains_and_the_second_cancels() {
    // Each request follows the end of this number of trials.
    let run = |requests: &'static [u64], job_seconds: u32| {
        let handle = StopHandle::new();
        let mut study = bayesian(ResourceLimits::new(50, 2));
        let mut jobs = SimulatedEvaluator::new(move |_: &Job<'_>| {
            SimulatedJob::new(1.0, job_seconds * SECOND)
        });
        let (mut ended, mut remaining) = (0, requests.to_vec());
        let result = Tuner::new()
            .stop_handle(&handle)
            .on_progress(|_, progress| {
                ended += u64::from(matches!(progress, Progress::Recorded(Event::Told { .. })));
                remaining.extract_if(.., |count| *count == ended).for_each(|_| handle.request());
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
            .unwrap();
        assert!(handle.is_requested());
        (result.reason, study)
    };
    let (reason, study) = run(&[4], 10);
    assert!(matches!(reason, StopReason::Drained { .. }), "{reason}");
    assert!(study.trials().iter().filter(|t| t.outcome.is_some()).all(|t| t.value().is_some()));
    let (reason, study) = run(&[4, 4], 10);
    assert_eq!(reason, StopReason::Cancelled { left_running: 0 });
    let stopped = study.trials().iter().filter(|t| t.stop_cause == Some(StopCause::Cancelled));
    assert!(stopped.count() <= 2 && study.trials().len() < 10);
    // Trials that have not run are pending; another call runs them.
    let mut study = study;
    let ended = study.trials().iter().filter(|t| t.outcome.is_some()).count();
    tune(&mut study, &mut scripted(|_, _| 2.0.into())).unwrap();
    assert!(ended < 50 && study.trials().len() == 50 && study.pending().next().is_none());
}

/// The running jobs of a cancelled tuning get another attempt when it resumes, so that the
/// proposals do not change.
#[test]
fn fault_27_a_resumed_tuning_equals_an_uninterrupted_one() {
    let limits = ResourceLimits::new(12, 3);
    let new_study = || {
        let order = Order::FixedLag(3);
        let settings = StudySettings { seed: 1, limits, order, ..Default::default() };
        let strategy = BayesianOptimization::default();
        Study::new(unit_interval(), Objective::minimize("loss"), strategy, settings).unwrap()
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
    let results = |study: &Study| {
        let result = |trial: &Trial| (trial.configuration.clone(), trial.value());
        study.trials().iter().map(result).collect::<Vec<_>>()
    };
    let mut uninterrupted = new_study();
    tune(&mut uninterrupted, &mut jobs()).unwrap();
    for ended_count in [1, 4, 7] {
        let mut study = new_study();
        let handle = StopHandle::new();
        Tuner::new()
            .stop_handle(&handle)
            .on_progress(|study, _| {
                let ended = study.trials().iter().filter(|trial| trial.outcome.is_some());
                if ended.count() == ended_count {
                    handle.cancel();
                }
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs())
            .unwrap();
        assert!(study.pending().any(|trial| trial.attempt() == 2), "one job was cancelled");
        assert_eq!(study.trials_to_rerun().count(), 0);
        tune(&mut study, &mut jobs()).unwrap();
        assert_eq!(
            results(&study),
            results(&uninterrupted),
            "cancelled after {ended_count} trials"
        );
    }
}

/// A job that takes minutes to stop counts toward the concurrency limit until it has ended.
#[test]
fn fault_28_a_stopping_job_holds_its_slot() {
    struct SlowToStop {
        running: Vec<(JobId, Option<Duration>)>,
        clock: Duration,
        max_running: usize,
    }
    impl Evaluator for SlowToStop {
        fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
            self.running.push((job.id(), None));
            self.max_running = self.max_running.max(self.running.len());
            Ok(StartOutcome::Started)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            self.clock += timeout.min(10 * SECOND);
            let clock = self.clock;
            let ended = self.running.extract_if(.., |(_, stop)| {
                stop.is_some_and(|stop_time| clock >= stop_time + 300 * SECOND)
            });
            let outcome = Outcome::Stopped { value: None };
            Ok(ended.map(|(job, _)| JobEvent::Ended { job, outcome: outcome.clone() }).collect())
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            let clock = self.clock;
            self.running
                .iter_mut()
                .filter(|(id, _)| *id == job)
                .for_each(|(_, stop)| *stop = Some(clock));
            Ok(())
        }
        fn elapsed(&self) -> Duration {
            self.clock
        }
    }
    let mut study = bayesian(ResourceLimits::new(6, 2));
    let mut jobs = SlowToStop { running: Vec::new(), clock: Duration::ZERO, max_running: 0 };
    let mut tuner = Tuner::new().job_timeout(60 * SECOND).circuit_breaker(None);
    tuner.run(&mut study, &mut jobs).unwrap();
    assert_eq!(jobs.max_running, 2);
    assert_eq!(failure_kinds(&study), [FailureKind::Timeout; 6]);
    assert!(jobs.elapsed() >= 3 * 360 * SECOND, "three pairs of jobs, six minutes each");
}

#[test]
fn fault_29_a_hanging_job_ends_as_a_timeout() {
    let mut study = bayesian(ResourceLimits::new(4, 1));
    let (sender, receiver) = channel::<()>();
    let receiver = Mutex::new(receiver);
    let mut jobs = FunctionEvaluator::reporting(move |c: &Configuration, reporter: &Reporter| {
        if reporter.job().trial == TrialId(2) {
            // Ignores all requests until the test ends.
            let _ = receiver.lock().unwrap().recv();
        }
        Ok::<_, String>(c.float("x"))
    })
    .with_stop_grace_period(Duration::from_millis(50));
    let mut tuner = Tuner::new().job_timeout(Duration::from_millis(100));
    tuner.run(&mut study, &mut jobs).unwrap();
    assert_eq!(failure_kinds(&study), [FailureKind::Timeout]);
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 3);
    drop(sender);
}

#[test]
fn fault_30_ten_thousand_trials_are_tuned() {
    let settings = StudySettings { limits: ResourceLimits::new(10_000, 64), ..Default::default() };
    let objective = Objective::minimize("loss");
    let mut study = Study::new(unit_interval(), objective, SobolSearch, settings).unwrap();
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
    let result = Tuner::with_rules(rules).run(&mut study, &mut jobs).unwrap();
    assert_eq!(result.reason, StopReason::JobLimit { jobs: 10_000 });
    assert_eq!(study.best().unwrap().id, TrialId(1));
}

#[test]
fn fault_31_no_shell_interprets_hostile_names_and_values() {
    let hostile = "</script><b>'\"; rm -rf $HOME `id` \u{202e}\n";
    let space = SearchSpace::new([
        ParameterRange::categorical(hostile, [hostile, "plain"]),
        ParameterRange::continuous("--x=", 0.0..=1.0, ScalingType::Linear),
    ])
    .unwrap();
    let settings = StudySettings { limits: ResourceLimits::new(2, 1), ..Default::default() };
    let objective = Objective::minimize(hostile);
    let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
    // The program counts the arguments that contain a hostile text.
    let script =
        "import sys; print(len([a for a in sys.argv[1:] if 'rm -rf' in a or '--x=' in a]))";
    let mut jobs = CommandEvaluator::new("python3").arguments(["-c", script]);
    tune(&mut study, &mut jobs).unwrap();
    assert!(study.trials().iter().all(|trial| trial.value() == Some(2.0)), "{:?}", study.trials());
    let error = study.enqueue(&Configuration::from([(hostile, "none".into())])).unwrap_err();
    assert!(!error.to_string().is_empty());
}

#[test]
fn fault_32_of_several_metrics_in_a_log_the_selected_one_counts() {
    let script = "for v in 3 1 2; do echo \"epoch loss=$v\"; \
                  echo \"worker loss=$v.5\" >&2; sleep 0.02; done";
    let pattern = || MetricPattern::new(r"^epoch loss=(\S+)").unwrap();
    for (selection, value) in
        [(MatchSelection::Last, 2.0), (MatchSelection::Min, 1.0), (MatchSelection::Max, 3.0)]
    {
        let mut study = bayesian(ResourceLimits::new(1, 1));
        let mut jobs = CommandEvaluator::new("sh")
            .arguments(["-c", script, "sh"])
            .metric_from(MetricSource::Pattern(pattern()))
            .match_selection(selection);
        tune(&mut study, &mut jobs).unwrap();
        assert_eq!(study.trials()[0].value(), Some(value));
    }
}

/// The table in docs/faults.md does not contain this fault: the caller's observer panics.
#[test]
fn a_panicking_observer_leaves_the_events_intact() {
    let mut study = bayesian(ResourceLimits::new(6, 2));
    let run = || {
        Tuner::new()
            .on_progress(|study: &Study, _: &Progress<'_>| {
                assert!(study.events().len() < 5, "the observer panics");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut scripted(|_, _| 1.0.into()))
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    tune(&mut study, &mut scripted(|_, _| 1.0.into())).unwrap();
    assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 6);
}
