//! Early stopping.

use super::*;

/// Ten jobs of ten steps at heights 1, 2, …; the fourth and all later ones are above the median.
#[test]
fn the_median_rule_stops_what_promises_little() {
    let mut study = study(10, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| curve(&[job.trial.id.0 as f64; 10]));
    let rule = EarlyStopping::MedianRule(MedianRule { grace_steps: 2, grace_population: 3 });
    let tuned = Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 10 });
    let steps: Vec<usize> = study.trials().iter().map(|t| t.reports.len()).collect();
    assert_eq!(steps, [10, 10, 10, 3, 3, 3, 3, 3, 3, 3]);
    assert_eq!(jobs.elapsed(), (30 + 21) * SECOND);
    let fourth = study.trial(TrialId(4)).unwrap();
    let cause = StopCause::MedianRule { step: 3, value: 4.0, median: 2.0, jobs: 3 };
    assert_eq!(fourth.stop_asked, Some(cause));
    assert_eq!(fourth.outcome, Some(Outcome::Stopped { value: Some(4.0) }));
    // The decision stands in the ledger before the end that it brought about.
    let place = |wanted: &dyn Fn(&Event) -> bool| study.events().iter().position(wanted).unwrap();
    let asked = place(&|e| matches!(e, Event::StopAsked { trial: TrialId(4), .. }));
    let told = place(&|e| matches!(e, Event::Told { trial: TrialId(4), .. }));
    assert!(asked < told);
}

#[test]
fn reaching_the_greatest_resource_is_completing() {
    let mut study = study(9, 1);
    // Jobs would go on to step 100.
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        let height = 10.0 - job.trial.id.0 as f64;
        let values: Vec<f64> = (1..=100).map(|step| height + 1.0 / f64::from(step)).collect();
        curve(&values)
    });
    let tuner = Tuner::new().early_stopping(EarlyStopping::hyperband(1, 9));
    let mut tuner = tuner;
    tuner.run(&mut study, &mut jobs).unwrap();
    for trial in study.trials() {
        let height = 10.0 - trial.id.0 as f64;
        // Each is better than all before it, so each goes all the way: to step 9, not 100.
        assert_eq!(trial.outcome, Some(Outcome::Completed { value: height + 1.0 / 9.0 }));
        assert!(matches!(trial.stop_asked, Some(StopCause::MaxResource { step: 9, .. })));
    }
    assert_eq!(study.best().unwrap().id, TrialId(9));
}

/// With η = 3 and jobs that get worse and worse, only the first two go beyond the first rung.
#[test]
fn successive_halving_stops_all_but_the_best_of_a_rung() {
    let mut study = study(9, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| curve(&[job.trial.id.0 as f64; 9]));
    let mut tuner = Tuner::new().early_stopping(EarlyStopping::hyperband(1, 9));
    tuner.run(&mut study, &mut jobs).unwrap();
    let steps: Vec<usize> = study.trials().iter().map(|t| t.reports.len()).collect();
    assert_eq!(steps, [9, 9, 1, 1, 1, 1, 1, 1, 1]);
    let third = study.trial(TrialId(3)).unwrap().stop_asked;
    let cause = StopCause::SuccessiveHalving { step: 1, value: 3.0, rung: 1, better: 2, jobs: 3 };
    assert_eq!(third, Some(cause));
}

#[test]
fn what_a_stopped_job_tells_the_model_is_a_setting() {
    // One job falls from 5 to 1, the second is stopped at 6: it would have gained 4.
    let run = |stopped_trials| {
        let settings = StudySettings {
            limits: ResourceLimits::new(2, 1),
            stopped_trials,
            ..Default::default()
        };
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let probe = Probe(std::sync::Arc::clone(&seen));
        let mut study = Study::new(line(), Objective::minimize("loss"), probe, settings).unwrap();
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
            1 => curve(&[5.0, 5.0, 1.0]),
            _ => curve(&[4.0, 6.0, 9.0]),
        });
        let rule = EarlyStopping::MedianRule(MedianRule { grace_steps: 1, grace_population: 1 });
        Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
        study.ask(1).unwrap();
        let told = seen.lock().unwrap();
        told.last().cloned().unwrap()
    };
    assert_eq!(run(StoppedTrials::Projected), "[1.0, 2.0] []");
    assert_eq!(run(StoppedTrials::LastValue), "[1.0, 6.0] []");
    assert_eq!(run(StoppedTrials::PlaceOnly), "[1.0] [Unknown]");
}

/// Writes down what a strategy is told.
#[derive(Debug)]
struct Probe(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Strategy for Probe {
    fn propose(
        &self,
        history: &strategy::History<'_>,
        rng: &mut Rng,
    ) -> Result<Option<strategy::Proposal>, Error> {
        let losses: Vec<f64> = history.observations.iter().map(|o| o.loss).collect();
        let failures: Vec<_> = history.failures.iter().map(|f| f.kind).collect();
        self.0.lock().unwrap().push(format!("{losses:?} {failures:?}"));
        RandomSearch.propose(history, rng)
    }
}

/// Threads, with closures that take their time at random and hear of a stop sooner or later.
#[test]
fn under_a_fixed_lag_early_stopping_depends_on_no_pace() {
    let run = |parallel: usize, pace: u64, rule: EarlyStopping| {
        let limits = ResourceLimits::new(24, parallel);
        let order = Order::FixedLag(4);
        let settings = StudySettings { seed: 6, limits, order, ..Default::default() };
        let strategy = BayesianOptimization::default();
        let space = crate::promises::mixed();
        let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
        let mut jobs =
            FunctionEvaluator::reporting(move |c: &Configuration, reporter: &Reporter| {
                let loss = crate::promises::loss(c);
                for step in 1..=9 {
                    let value = loss + (1.0 + loss.abs()) / step as f64;
                    std::thread::sleep(Duration::from_micros(value.to_bits() % 1024 * pace));
                    if reporter.report(step, value).is_break() {
                        return Ok::<f64, String>(value);
                    }
                }
                Ok(loss)
            });
        Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
        study
    };
    for rule in [EarlyStopping::auto(), EarlyStopping::hyperband(1, 9)] {
        let told = |study: &Study| -> Vec<_> {
            study.trials().iter().map(|t| (t.configuration.clone(), t.outcome.clone())).collect()
        };
        let four = run(4, 1, rule);
        let stopped = four.trials().iter().filter(|t| t.stop_asked.is_some()).count();
        assert!(
            (1..24).contains(&stopped) || matches!(rule, EarlyStopping::SuccessiveHalving(_)),
            "{stopped}"
        );
        for (parallel, pace) in [(4, 3), (2, 1), (1, 0)] {
            assert_eq!(told(&run(parallel, pace, rule)), told(&four), "{rule:?} {parallel}");
        }
    }
}
