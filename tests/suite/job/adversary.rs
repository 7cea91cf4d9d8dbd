//! All rules at once, under jobs that do all that jobs may do.

use super::*;

/// Reports at random, takes its time to stop, is busy, fails in all ways, says things twice.
struct Adversary {
    rng: Rng,
    running: BTreeMap<JobId, (u64, bool)>,
    most_at_once: usize,
    started: BTreeMap<JobId, usize>,
    time: Duration,
}

impl Adversary {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::stream(seed, 0),
            running: BTreeMap::new(),
            most_at_once: 0,
            started: BTreeMap::new(),
            time: Duration::ZERO,
        }
    }

    fn end(&mut self, is_stopping: bool) -> Outcome {
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

impl Evaluator for Adversary {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        assert!(!self.running.contains_key(&job.id()), "no job is started twice");
        assert!(self.running.keys().all(|id| id.trial != job.id().trial), "one attempt at a time");
        if self.rng.uniform() < 0.2 {
            return Ok(Start::Busy { retry_after: SECOND });
        }
        self.running.insert(job.id(), (0, false));
        *self.started.entry(job.id()).or_default() += 1;
        self.most_at_once = self.most_at_once.max(self.running.len());
        Ok(Start::Started)
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
                let outcome = self.end(is_stopping);
                events.push(JobEvent::Ended { job, outcome: outcome.clone() });
                match self.rng.index(6) {
                    0 => events.push(JobEvent::Ended { job, outcome }),
                    1 => events.push(JobEvent::Late { job, outcome: Outcome::from(0.5) }),
                    2 => events.push(JobEvent::Paused { why: "a nap".to_owned() }),
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

    /// Whatever rules are in force and whatever jobs do: the limits hold, every trial ends once, and the ledger can be replayed.
    #[test]
    fn limits_hold_under_all_rules(
        seed in 0_u64..1_000_000,
        jobs in 1_usize..30,
        parallel in 1_usize..7,
        lag in proptest::option::of(1_usize..7),
        rule in 0_usize..3,
        deadline in proptest::option::of(1_u64..6),
        late_results in prop_oneof![Just(LateResults::SetAside), Just(LateResults::Used)],
    ) {
        let order = lag.map_or(Order::Arrival, Order::FixedLag);
        let limits = ResourceLimits::new(jobs, parallel);
        let settings = StudySettings { seed, order, limits, late_results, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(line(), objective.clone(), RandomSearch, settings).unwrap();
        let mut adversary = Adversary::new(seed);
        let early_stopping = [EarlyStopping::Off, EarlyStopping::auto(), EarlyStopping::hyperband(1, 6)][rule];
        let rules = TuningRules {
            early_stopping,
            job_deadline: deadline.map(Duration::from_secs),
            circuit_breaker: None,
            ..TuningRules::default()
        };
        let mut most_pending = 0;
        let tuned = Tuner::with(rules)
            .observe(|study: &Study, _: &Progress<'_>| {
                most_pending = most_pending.max(study.pending().count());
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut adversary)
            .unwrap();
        prop_assert_eq!(tuned.reason, StopReason::JobLimit { jobs });
        prop_assert!(adversary.most_at_once <= parallel && most_pending <= parallel);
        prop_assert_eq!(study.trials().len(), jobs);
        prop_assert!(study.pending().next().is_none());
        // Each attempt ran once, and there are as many as the ledger says.
        prop_assert!(adversary.started.values().all(|count| *count == 1));
        let attempts: u32 = study.trials().iter().map(Trial::attempt).sum();
        prop_assert_eq!(adversary.started.len(), attempts as usize);
        let told = study.events().iter().filter(|event| matches!(event, Event::Told { .. })).count();
        prop_assert_eq!(told, jobs);
        let events = study.events().to_vec();
        let again = Study::replay(line(), objective, RandomSearch, settings, events).unwrap();
        prop_assert_eq!(again.trials().len(), study.trials().len());
        prop_assert_eq!(format!("{:?}", again.trials()), format!("{:?}", study.trials()));
    }
}
