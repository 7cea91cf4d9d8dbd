//! Enqueued configurations, external observations, and the explanations of trials.

use super::*;

fn configuration(x: f64) -> Configuration {
    Configuration::from([("x", x.into())])
}

fn mixed_space() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("eta", 1e-4..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("depth", 1..=9, ScalingType::Linear),
        ParameterRange::categorical("booster", ["tree", "dart"]),
    ])
    .unwrap()
}

#[test]
fn enqueued_configurations_run_first_and_count_as_jobs() {
    let mut study = study_with(ResourceLimits::new(5, 2), BayesianOptimization::default());
    study.enqueue(&configuration(0.25)).unwrap();
    study.enqueue(&configuration(0.75)).unwrap();
    study.enqueue_defaults(&configuration(0.125)).unwrap();
    assert_eq!(study.enqueued().count(), 3);
    tune(&mut study, &mut by_number(|number| (number as f64).into())).unwrap();
    let proposed: Vec<f64> = study.trials().iter().map(|t| t.configuration.float("x")).collect();
    assert_eq!(proposed[..3], [0.125, 0.25, 0.75]);
    assert_eq!((proposed.len(), study.enqueued().count()), (5, 0));
    assert!(study.why(TrialId(1)).unwrap().to_string().contains("enqueued by the user"));
    let replayed = Study::replay(
        unit_interval(),
        Objective::minimize("loss"),
        BayesianOptimization::default(),
        *study.settings(),
        study.events().to_vec(),
    );
    assert_eq!(replayed.unwrap().trials(), study.trials());
}

#[test]
fn enqueued_defaults_may_omit_parameters() {
    let settings = StudySettings::default();
    let objective = Objective::minimize("loss");
    let mut study = Study::new(mixed_space(), objective, RandomSearch, settings).unwrap();
    study.enqueue_defaults(&Configuration::from([("eta", 0.3.into())])).unwrap();
    let AskOutcome::Trials(trials) = study.ask(1).unwrap() else { panic!() };
    let c = &trials[0].configuration;
    assert_eq!((c.float("eta"), c.integer("depth"), c.category("booster")), (0.3, 5, "tree"));
    let error = study.enqueue_defaults(&Configuration::from([("etta", 0.3.into())])).unwrap_err();
    assert!(error.to_string().contains("`etta`"), "{error}");
    let error = study.enqueue_defaults(&Configuration::from([("eta", 30.0.into())])).unwrap_err();
    assert!(error.to_string().contains("0.0001 to 1.0"), "{error}");
}

#[test]
fn duplicates_are_not_enqueued_and_external_results_dequeue() {
    let mut study = study(9, 1);
    study.enqueue(&configuration(0.5)).unwrap();
    assert!(
        study.enqueue(&configuration(0.5)).unwrap_err().to_string().contains("enqueued already")
    );
    study.add_observation(&configuration(0.5), Outcome::from(1.0)).unwrap();
    assert_eq!(study.enqueued().count(), 0, "an external result dequeues the configuration");
    let error = study.enqueue(&configuration(0.5)).unwrap_err();
    assert!(
        error.to_string().contains("trial 1") && error.to_string().contains("Allowed"),
        "{error}"
    );
    study.enqueue(&configuration(0.25)).unwrap();
    let failure = failed(FailureKind::Interrupted);
    study.add_observation(&configuration(0.25), failure).unwrap();
    assert_eq!(
        study.enqueued().count(),
        1,
        "an external interruption does not dequeue the configuration"
    );
}

#[test]
fn the_model_uses_the_standard_deviation_of_an_observation() {
    // A parabola around 0.3, and an outlier at 0.9 with this standard deviation.
    let propose = |std_dev: f64| {
        let mut study = study_with(ResourceLimits::default(), BayesianOptimization::default());
        for i in 0..=8 {
            let x = f64::from(i) / 8.0;
            study.add_observation(&configuration(x), Outcome::from((x - 0.3).powi(2))).unwrap();
        }
        study.add_noisy_observation(&configuration(0.9), -2.0, std_dev).unwrap();
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        let next = trials[0].configuration.float("x");
        (next, study.recommended().unwrap().unwrap().configuration.float("x"))
    };
    let (next, recommended) = propose(100.0);
    assert!((next - 0.3).abs() < 0.15 && (recommended - 0.3).abs() < 0.1, "{next} {recommended}");
    let (next, recommended) = propose(0.0);
    assert!((next - 0.9).abs() < 0.11 && (recommended - 0.9).abs() < 1e-12, "{next} {recommended}");
    let mut study = study(1, 1);
    for std_dev in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(study.add_noisy_observation(&configuration(0.1), 1.0, std_dev).is_err());
    }
    assert!(study.trials().is_empty());
}

#[test]
fn explanations_are_in_the_unit_of_the_metric() {
    let settings = StudySettings { limits: ResourceLimits::new(20, 1), ..Default::default() };
    let objective = Objective::maximize("accuracy");
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(unit_interval(), objective, strategy, settings).unwrap();
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        Ok::<_, String>(0.9 - (c.float("x") - 0.4).powi(2))
    });
    tune(&mut study, &mut jobs).unwrap();
    let why = study.why(TrialId(20)).unwrap();
    let expected = why.prediction.unwrap();
    assert!(expected.low <= expected.median && expected.median <= expected.high);
    assert!((expected.median - 0.9).abs() < 0.05, "{expected:?}: an accuracy, not a loss");
    assert!(
        why.to_string().contains("accuracy = ") && why.to_string().contains("by a model"),
        "{why}"
    );
    let why = study.why(TrialId(1)).unwrap();
    assert!(why.prediction.is_none() && why.to_string().contains("fill the space"), "{why}");
    study.add_observation(&configuration(0.1), Outcome::from(0.5)).unwrap();
    assert_eq!(study.why(TrialId(21)), None, "an observation has no proposal");
}

/// A configuration that always kills its job, for example by its memory, must not run forever.
#[test]
fn a_configuration_interrupted_three_times_is_not_proposed_again() {
    for order in [Order::Arrival, Order::FixedLag(2)] {
        let limits = ResourceLimits::new(12, 2);
        let settings = StudySettings { limits, order, ..Default::default() };
        let space =
            SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
        let strategy = BayesianOptimization::default();
        let mut study =
            Study::new(space.unwrap(), Objective::minimize("loss"), strategy, settings).unwrap();
        let simulate = |job: &Job<'_>| {
            let x = job.trial.configuration.float("x");
            let failure = Failure::new(FailureKind::Interrupted, "killed");
            let outcome = if x < 0.3 { Outcome::Failed(failure) } else { Outcome::from(x) };
            SimulatedJob::new(outcome, Duration::from_secs(1))
        };
        Tuner::new()
            .retries(RetryPolicy::never())
            .circuit_breaker(None)
            .run(&mut study, &mut SimulatedEvaluator::new(simulate))
            .unwrap();
        for trial in study.trials() {
            let equal =
                study.trials().iter().filter(|other| other.configuration == trial.configuration);
            assert!(equal.count() <= 3, "{order:?}: {:?}", study.trials());
        }
    }
}
