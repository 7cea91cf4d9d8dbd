//! All rules at once, with an evaluator that does everything that its contract allows.

use super::*;

/// Reports at random, stops late, is busy at random, fails in all ways, and repeats events.
struct AdversarialEvaluator {
    rng: Rng,
    /// The last step of each running job, and whether it was asked to stop.
    running: BTreeMap<JobId, (u64, bool)>,
    max_running: usize,
    /// The number of starts of each job.
    started: BTreeMap<JobId, usize>,
    time: Duration,
}

impl AdversarialEvaluator {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::stream(seed, 0),
            running: BTreeMap::new(),
            max_running: 0,
            started: BTreeMap::new(),
            time: Duration::ZERO,
        }
    }

    fn random_outcome(&mut self, is_stopping: bool) -> Outcome {
        let value = self.rng.uniform();
        match self.rng.index(12) {
            0 => failed(FailureKind::Interrupted),
            1 => failed(FailureKind::MissingMetric),
            2 => failed(FailureKind::Throttled),
            3 => failed(FailureKind::Error),
            4 => Outcome::Completed { value: f64::NAN },
            5 => Outcome::Stopped { value: None },
            _ if is_stopping => Outcome::Stopped { value: Some(value) },
            _ => Outcome::Completed { value },
        }
    }
}

impl Evaluator for AdversarialEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        assert!(!self.running.contains_key(&job.id()), "no job is started twice");
        assert!(self.running.keys().all(|id| id.trial != job.id().trial), "one attempt at a time");
        if self.rng.uniform() < 0.2 {
            return Ok(StartOutcome::Busy { retry_after: SECOND });
        }
        self.running.insert(job.id(), (0, false));
        *self.started.entry(job.id()).or_default() += 1;
        self.max_running = self.max_running.max(self.running.len());
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        self.time += timeout.min(SECOND / 2);
        let mut events = Vec::new();
        for job in self.running.keys().copied().collect::<Vec<_>>() {
            let (step, is_stopping) = self.running[&job];
            let chance = self.rng.uniform();
            if chance < 0.5 {
                let value = if chance < 0.02 { f64::NAN } else { self.rng.uniform() };
                self.running.insert(job, (step + 1, is_stopping));
                events.push(JobEvent::Report { job, step: step + 1, value });
            } else if chance < 0.6 {
                self.running.remove(&job);
                let outcome = self.random_outcome(is_stopping);
                events.push(JobEvent::Ended { job, outcome: outcome.clone() });
                match self.rng.index(6) {
                    0 => events.push(JobEvent::Ended { job, outcome }),
                    1 => events.push(JobEvent::Late { job, outcome: Outcome::from(0.5) }),
                    2 => events.push(JobEvent::Paused { why: "no connection".to_owned() }),
                    _ => {}
                }
            }
        }
        if self.rng.uniform() < 0.3 {
            events.push(JobEvent::Resumed);
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        if let Some((_, is_stopping)) = self.running.get_mut(&job) {
            assert!(!*is_stopping, "a job is asked to stop once");
            *is_stopping = true;
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.time
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Under all rules and all behaviors of jobs, the limits hold, every trial ends once, and the
    /// events can be replayed.
    #[test]
    fn limits_hold_under_all_rules(
        seed in 0_u64..1_000_000,
        jobs in 1_usize..30,
        parallel in 1_usize..7,
        lag in proptest::option::of(1_usize..7),
        rule in 0_usize..3,
        timeout in proptest::option::of(1_u64..6),
        late_outcomes in prop_oneof![Just(LateOutcomes::RecordOnly), Just(LateOutcomes::UseValue)],
    ) {
        let order = lag.map_or(Order::Arrival, Order::FixedLag);
        let limits = ResourceLimits::new(jobs, parallel);
        let settings = StudySettings { seed, order, limits, late_outcomes, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study =
            Study::new(unit_interval(), objective.clone(), RandomSearch, settings).unwrap();
        let mut evaluator = AdversarialEvaluator::new(seed);
        let stopping_rules =
            [EarlyStopping::Off, EarlyStopping::auto(), EarlyStopping::hyperband(1, 6)];
        let rules = TuningRules {
            early_stopping: stopping_rules[rule],
            job_timeout: timeout.map(Duration::from_secs),
            circuit_breaker: None,
            ..TuningRules::default()
        };
        let mut max_pending = 0;
        let result = Tuner::with_rules(rules)
            .on_progress(|study: &Study, _: &Progress<'_>| {
                max_pending = max_pending.max(study.pending().count());
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut evaluator)
            .unwrap();
        prop_assert_eq!(result.reason, StopReason::JobLimit { jobs });
        prop_assert!(evaluator.max_running <= parallel && max_pending <= parallel);
        prop_assert_eq!(study.trials().len(), jobs);
        prop_assert!(study.pending().next().is_none());
        // Each attempt ran once, and the number of jobs is the number of recorded attempts.
        prop_assert!(evaluator.started.values().all(|count| *count == 1));
        let attempts: u32 = study.trials().iter().map(Trial::attempt).sum();
        prop_assert_eq!(evaluator.started.len(), attempts as usize);
        let is_told = |event: &&Event| matches!(event, Event::Told { .. });
        prop_assert_eq!(study.events().iter().filter(is_told).count(), jobs);
        let events = study.events().to_vec();
        let replayed =
            Study::replay(unit_interval(), objective, RandomSearch, settings, events).unwrap();
        prop_assert_eq!(replayed.trials().len(), study.trials().len());
        prop_assert_eq!(format!("{:?}", replayed.trials()), format!("{:?}", study.trials()));
    }
}
