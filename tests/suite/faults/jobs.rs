//! Jobs and tuners that break.

use super::*;

#[test]
fn fault_01_an_evaluator_that_panics() {
    let mut study = bayesian(ResourceLimits::new(12, 3));
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        assert!(c.float("x") <= 0.5, "the upper half is broken");
        Ok::<_, String>(c.float("x"))
    });
    tune(&mut study, &mut jobs).unwrap();
    let failed = kinds(&study);
    assert!(!failed.is_empty() && failed.iter().all(|kind| *kind == FailureKind::Panic));
    let Some(Outcome::Failed(failure)) = study
        .trials()
        .iter()
        .map(|t| &t.outcome)
        .find_map(|o| o.as_ref().filter(|o| o.value().is_none()))
    else {
        panic!()
    };
    assert!(failure.message.contains("the upper half is broken"), "{failure}");
    assert!(study.best().unwrap().value().unwrap() < 0.2, "the study goes on");
}

#[test]
fn fault_02_a_metric_that_is_nan_never_reaches_the_model() {
    let mut study = bayesian(ResourceLimits::new(20, 2));
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        let x = c.float("x");
        Ok::<_, String>(if x > 0.7 { f64::NAN } else { (x - 0.3).powi(2) })
    });
    tune(&mut study, &mut jobs).unwrap();
    assert!(kinds(&study).contains(&FailureKind::NonFiniteMetric));
    assert!(study.best().unwrap().value().unwrap() < 1e-3, "the search is no random one");
    let model = study.trials().iter().filter_map(|t| study.why(t.id)).filter_map(|w| w.expected);
    assert!(model.clone().count() > 5 && model.clone().all(|e| e.median.is_finite()));
}

#[test]
fn fault_03_infinities_and_absurd_outliers() {
    let mut study = bayesian(ResourceLimits::new(24, 1));
    let mut number = 0;
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        number += 1;
        let value = match number {
            3 => f64::INFINITY,
            4 => 1e300,
            5 => f64::NEG_INFINITY,
            6 => 1e18,
            _ => (job.trial.configuration.float("x") - 0.3).powi(2),
        };
        SimulatedJob::new(value, SECOND)
    });
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(kinds(&study), [FailureKind::NonFiniteMetric; 2]);
    assert_eq!(study.trial(TrialId(4)).unwrap().value(), Some(1e300), "the raw value is kept");
    let best = study.best().unwrap().value().unwrap();
    assert!(best < 1e-2, "{best}");
}

#[test]
fn fault_04_a_job_that_tells_no_metric_is_tried_once_more() {
    let mut study = bayesian(ResourceLimits::new(3, 1));
    let mut jobs = scripted(|trial, attempt| match (trial, attempt) {
        // Logs that came late, and logs that never came.
        (1, 1) | (2, _) => failed(FailureKind::MissingMetric),
        _ => 1.0.into(),
    });
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trial(TrialId(1)).unwrap().value(), Some(1.0));
    assert_eq!(kinds(&study), [FailureKind::MissingMetric]);
    assert_eq!(study.trial(TrialId(2)).unwrap().attempt(), 2);
}

#[test]
fn fault_05_a_job_that_is_killed_is_run_again_with_the_same_configuration() {
    let mut study = bayesian(ResourceLimits::new(4, 2));
    let mut seen = Vec::new();
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        seen.push((job.id(), job.trial.configuration.clone()));
        let is_killed = job.trial.id.0 == 2 && job.attempt < 3;
        let outcome = if is_killed { failed(FailureKind::Interrupted) } else { 1.0.into() };
        SimulatedJob::new(outcome, SECOND)
    });
    tune(&mut study, &mut jobs).unwrap();
    drop(jobs);
    let attempts: Vec<_> = seen.iter().filter(|(job, _)| job.trial == TrialId(2)).collect();
    assert_eq!(attempts.iter().map(|(job, _)| job.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(attempts.windows(2).all(|pair| pair[0].1 == pair[1].1));
    assert_eq!(study.trials().len(), 4);
    let kept = &study.trial(TrialId(2)).unwrap().failed_attempts;
    assert!(kept.len() == 2 && kept.iter().all(|failure| failure.kind == FailureKind::Interrupted));
}

/// Killed at any event: what it knew, and nothing else, is replayed; the next proposals are the same as without the kill, attempts are
/// counted on, and a stop that had been decided is asked for again.
#[test]
fn fault_06_a_tuner_that_is_killed_goes_on_where_it_was() {
    let curve = |job: &Job<'_>| {
        let (x, number) = (job.trial.configuration.float("x"), job.trial.id.0);
        if number.is_multiple_of(5) && job.attempt == 1 {
            return SimulatedJob::new(failed(FailureKind::Interrupted), SECOND);
        }
        let reports = (1..=6).map(|step| surmise::evaluator::SimulatedReport {
            after: step * SECOND,
            step: step.into(),
            value: x + 1.0 / f64::from(step),
        });
        SimulatedJob { reports: reports.collect(), ..SimulatedJob::new(x, 6 * SECOND) }
    };
    let settings = StudySettings {
        seed: 3,
        order: Order::FixedLag(1),
        limits: ResourceLimits::new(14, 1),
        ..Default::default()
    };
    let new = |events: Vec<Event>| {
        let strategy = BayesianOptimization::default();
        let objective = Objective::minimize("loss");
        Study::replay(line(), objective, strategy, settings, events).unwrap()
    };
    let tuner = || Tuner::new().early_stopping(EarlyStopping::auto());
    let mut whole = new(Vec::new());
    tuner().run(&mut whole, &mut SimulatedEvaluator::new(curve)).unwrap();
    assert!(whole.trials().iter().any(|trial| trial.stop_asked.is_some()));
    let fates = |study: &Study| -> Vec<_> {
        let fate = |t: &Trial| (t.configuration.clone(), t.outcome.clone(), t.attempt());
        study.trials().iter().map(fate).collect()
    };
    for known in (0..whole.events().len()).step_by(3) {
        let mut again = new(whole.events()[..known].to_vec());
        tuner().run(&mut again, &mut SimulatedEvaluator::new(curve)).unwrap();
        assert_eq!(fates(&again), fates(&whole), "killed after {known} events");
    }
}
