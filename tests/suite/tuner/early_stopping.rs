//! Early stopping by the median rule and by successive halving.

use super::*;

/// Ten jobs report the constants 1, 2, …, 10. All jobs after the third one are above the median.
#[test]
fn the_median_rule_stops_trials_above_the_median() {
    let mut study = study(10, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| curve(&[job.trial.id.0 as f64; 10]));
    let rule = EarlyStopping::MedianRule(MedianRule { grace_steps: 2, grace_population: 3 });
    let result = Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
    assert_eq!(result.reason, StopReason::JobLimit { jobs: 10 });
    let steps: Vec<usize> = study.trials().iter().map(|t| t.reports.len()).collect();
    assert_eq!(steps, [10, 10, 10, 3, 3, 3, 3, 3, 3, 3]);
    assert_eq!(jobs.elapsed(), (30 + 21) * SECOND);
    let fourth = study.trial(TrialId(4)).unwrap();
    let cause = StopCause::MedianRule { step: 3, value: 4.0, median: 2.0, jobs: 3 };
    assert_eq!(fourth.stop_cause, Some(cause));
    assert_eq!(fourth.outcome, Some(Outcome::Stopped { value: Some(4.0) }));
    // The decision is recorded before the end that it causes.
    let index =
        |is_match: &dyn Fn(&Event) -> bool| study.events().iter().position(is_match).unwrap();
    let requested = index(&|e| matches!(e, Event::StopRequested { trial: TrialId(4), .. }));
    let told = index(&|e| matches!(e, Event::Told { trial: TrialId(4), .. }));
    assert!(requested < told);
}

#[test]
fn reaching_max_resource_completes_a_trial() {
    let mut study = study(9, 1);
    // Without early stopping the jobs run to step 100.
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        let limit = 10.0 - job.trial.id.0 as f64;
        let values: Vec<f64> = (1..=100).map(|step| limit + 1.0 / f64::from(step)).collect();
        curve(&values)
    });
    let mut tuner = Tuner::new().early_stopping(EarlyStopping::hyperband(1, 9));
    tuner.run(&mut study, &mut jobs).unwrap();
    for trial in study.trials() {
        let limit = 10.0 - trial.id.0 as f64;
        // Each trial is better than all earlier ones, so that it reaches step 9, the maximum
        // resource.
        assert_eq!(trial.outcome, Some(Outcome::Completed { value: limit + 1.0 / 9.0 }));
        assert!(matches!(trial.stop_cause, Some(StopCause::MaxResource { step: 9, .. })));
    }
    assert_eq!(study.best().unwrap().id, TrialId(9));
}

/// The reduction factor is η = 3. Each job is worse than the last one, so that only the first two
/// pass the first rung.
#[test]
fn successive_halving_stops_all_but_the_best_of_a_rung() {
    let mut study = study(9, 1);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| curve(&[job.trial.id.0 as f64; 9]));
    let mut tuner = Tuner::new().early_stopping(EarlyStopping::hyperband(1, 9));
    tuner.run(&mut study, &mut jobs).unwrap();
    let steps: Vec<usize> = study.trials().iter().map(|t| t.reports.len()).collect();
    assert_eq!(steps, [9, 9, 1, 1, 1, 1, 1, 1, 1]);
    let third = study.trial(TrialId(3)).unwrap().stop_cause;
    let cause = StopCause::SuccessiveHalving { step: 1, value: 3.0, rung: 1, better: 2, jobs: 3 };
    assert_eq!(third, Some(cause));
}

#[test]
fn a_setting_selects_the_observation_of_a_stopped_job() {
    // The first job falls from 5 to 1. The second one is stopped at 6, and a projection with the
    // same gain of 4 gives 2.
    let run = |stopped_trials| {
        let settings = StudySettings {
            limits: ResourceLimits::new(2, 1),
            stopped_trials,
            ..Default::default()
        };
        let recorded = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let strategy = RecordingStrategy(std::sync::Arc::clone(&recorded));
        let mut study =
            Study::new(unit_interval(), Objective::minimize("loss"), strategy, settings).unwrap();
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
            1 => curve(&[5.0, 5.0, 1.0]),
            _ => curve(&[4.0, 6.0, 9.0]),
        });
        let rule = EarlyStopping::MedianRule(MedianRule { grace_steps: 1, grace_population: 1 });
        Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
        study.ask(1).unwrap();
        let histories = recorded.lock().unwrap();
        histories.last().cloned().unwrap()
    };
    assert_eq!(run(StoppedTrials::Projected), "[1.0, 2.0] []");
    assert_eq!(run(StoppedTrials::LastValue), "[1.0, 6.0] []");
    assert_eq!(run(StoppedTrials::VisitedOnly), "[1.0] [Unknown]");
}

/// Random search that records the losses and failures of each history.
#[derive(Debug)]
struct RecordingStrategy(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Strategy for RecordingStrategy {
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

/// The functions run on threads for different times, and notice a stop request at different steps.
#[test]
fn under_a_fixed_lag_early_stopping_does_not_depend_on_timing() {
    let run = |parallel: usize, slowness: u64, rule: EarlyStopping| {
        let limits = ResourceLimits::new(24, parallel);
        let order = Order::FixedLag(4);
        let settings = StudySettings { seed: 6, limits, order, ..Default::default() };
        let strategy = BayesianOptimization::default();
        let space = crate::strategies::mixed_space();
        let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
        let mut jobs =
            FunctionEvaluator::reporting(move |c: &Configuration, reporter: &Reporter| {
                let loss = crate::strategies::loss(c);
                for step in 1..=9 {
                    let value = loss + (1.0 + loss.abs()) / step as f64;
                    std::thread::sleep(Duration::from_micros(value.to_bits() % 1024 * slowness));
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
        let results = |study: &Study| -> Vec<_> {
            study.trials().iter().map(|t| (t.configuration.clone(), t.outcome.clone())).collect()
        };
        let reference = run(4, 1, rule);
        let stopped = reference.trials().iter().filter(|t| t.stop_cause.is_some()).count();
        assert!(
            (1..24).contains(&stopped) || matches!(rule, EarlyStopping::SuccessiveHalving(_)),
            "{stopped}"
        );
        for (parallel, slowness) in [(4, 3), (2, 1), (1, 0)] {
            assert_eq!(
                results(&run(parallel, slowness, rule)),
                results(&reference),
                "{rule:?} {parallel}"
            );
        }
    }
}
