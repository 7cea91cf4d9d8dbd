//! Jobs that fail, and tuners that are killed.

use super::*;

#[test]
fn fault_01_a_panicking_function_fails_only_its_trial() {
    let mut study = bayesian(ResourceLimits::new(12, 3));
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        assert!(c.float("x") <= 0.5, "the upper half panics");
        Ok::<_, String>(c.float("x"))
    });
    tune(&mut study, &mut jobs).unwrap();
    let failed = failure_kinds(&study);
    assert!(!failed.is_empty() && failed.iter().all(|kind| *kind == FailureKind::Panic));
    let Some(Outcome::Failed(failure)) = study
        .trials()
        .iter()
        .map(|t| &t.outcome)
        .find_map(|o| o.as_ref().filter(|o| o.value().is_none()))
    else {
        panic!()
    };
    assert!(failure.message.contains("the upper half panics"), "{failure}");
    assert!(study.best().unwrap().value().unwrap() < 0.2, "the tuning continues");
}

#[test]
fn fault_02_a_metric_that_is_nan_never_reaches_the_model() {
    let mut study = bayesian(ResourceLimits::new(20, 2));
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        let x = c.float("x");
        Ok::<_, String>(if x > 0.7 { f64::NAN } else { (x - 0.3).powi(2) })
    });
    tune(&mut study, &mut jobs).unwrap();
    assert!(failure_kinds(&study).contains(&FailureKind::NonFiniteMetric));
    assert!(study.best().unwrap().value().unwrap() < 1e-3, "the model guides the search");
    let reasons = study.trials().iter().filter_map(|trial| study.why(trial.id));
    let medians = reasons.filter_map(|why| why.prediction).map(|prediction| prediction.median);
    assert!(medians.clone().count() > 5 && medians.clone().all(f64::is_finite));
}

#[test]
fn fault_03_infinities_fail_and_outliers_do_not_mislead_the_model() {
    let mut study = bayesian(ResourceLimits::new(24, 1));
    let mut job_count = 0;
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        job_count += 1;
        let value = match job_count {
            3 => f64::INFINITY,
            4 => 1e300,
            5 => f64::NEG_INFINITY,
            6 => 1e18,
            _ => (job.trial.configuration.float("x") - 0.3).powi(2),
        };
        SimulatedJob::new(value, SECOND)
    });
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(failure_kinds(&study), [FailureKind::NonFiniteMetric; 2]);
    assert_eq!(
        study.trial(TrialId(4)).unwrap().value(),
        Some(1e300),
        "the study contains the raw value"
    );
    let best = study.best().unwrap().value().unwrap();
    assert!(best < 1e-2, "{best}");
}

#[test]
fn fault_04_a_job_without_a_metric_is_retried_once() {
    let mut study = bayesian(ResourceLimits::new(3, 1));
    let mut jobs = scripted(|trial, attempt| match (trial, attempt) {
        // The metric of trial 1 arrives late; that of trial 2 never arrives.
        (1, 1) | (2, _) => failed(FailureKind::MissingMetric),
        _ => 1.0.into(),
    });
    tune(&mut study, &mut jobs).unwrap();
    assert_eq!(study.trial(TrialId(1)).unwrap().value(), Some(1.0));
    assert_eq!(failure_kinds(&study), [FailureKind::MissingMetric]);
    assert_eq!(study.trial(TrialId(2)).unwrap().attempt(), 2);
}

#[test]
fn fault_05_a_killed_job_is_retried_with_the_same_configuration() {
    let mut study = bayesian(ResourceLimits::new(4, 2));
    let mut started = Vec::new();
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        started.push((job.id(), job.trial.configuration.clone()));
        let is_killed = job.trial.id.0 == 2 && job.attempt < 3;
        let outcome = if is_killed { failed(FailureKind::Interrupted) } else { 1.0.into() };
        SimulatedJob::new(outcome, SECOND)
    });
    tune(&mut study, &mut jobs).unwrap();
    drop(jobs);
    let attempts: Vec<_> = started.iter().filter(|(job, _)| job.trial == TrialId(2)).collect();
    assert_eq!(attempts.iter().map(|(job, _)| job.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(attempts.windows(2).all(|pair| pair[0].1 == pair[1].1));
    assert_eq!(study.trials().len(), 4);
    let failures = &study.trial(TrialId(2)).unwrap().failed_attempts;
    assert!(
        failures.len() == 2
            && failures.iter().all(|failure| failure.kind == FailureKind::Interrupted)
    );
}

/// The tuner is killed after each third event, and the recorded events are replayed. The resumed
/// tuning makes the same proposals, continues the count of attempts, and repeats recorded stop
/// requests.
#[test]
fn fault_06_a_killed_tuner_resumes_from_its_events() {
    let curve = |job: &Job<'_>| {
        let x = job.trial.configuration.float("x");
        if job.trial.id.0.is_multiple_of(5) && job.attempt == 1 {
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
    let replay = |events: Vec<Event>| {
        let strategy = BayesianOptimization::default();
        let objective = Objective::minimize("loss");
        Study::replay(unit_interval(), objective, strategy, settings, events).unwrap()
    };
    let tuner = || Tuner::new().early_stopping(EarlyStopping::auto());
    let mut uninterrupted = replay(Vec::new());
    tuner().run(&mut uninterrupted, &mut SimulatedEvaluator::new(curve)).unwrap();
    assert!(uninterrupted.trials().iter().any(|trial| trial.stop_cause.is_some()));
    let results = |study: &Study| -> Vec<_> {
        let result = |t: &Trial| (t.configuration.clone(), t.outcome.clone(), t.attempt());
        study.trials().iter().map(result).collect()
    };
    for recorded in (0..uninterrupted.events().len()).step_by(3) {
        let mut resumed = replay(uninterrupted.events()[..recorded].to_vec());
        tuner().run(&mut resumed, &mut SimulatedEvaluator::new(curve)).unwrap();
        assert_eq!(results(&resumed), results(&uninterrupted), "killed after {recorded} events");
    }
}
