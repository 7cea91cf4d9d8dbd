//! What somebody wants meanwhile: to drain, to cancel, to watch.

use super::*;

fn at(x: f64) -> Configuration {
    Configuration::from([("x", x.into())])
}

fn mixed() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("eta", 1e-4..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("depth", 1..=9, ScalingType::Linear),
        ParameterRange::categorical("booster", ["tree", "dart"]),
    ])
    .unwrap()
}

#[test]
fn what_is_wanted_runs_first_and_counts_as_a_job() {
    let mut study = study_with(ResourceLimits::new(5, 2), BayesianOptimization::default());
    study.enqueue(&at(0.25)).unwrap();
    study.enqueue(&at(0.75)).unwrap();
    study.start_from(&at(0.125)).unwrap();
    assert_eq!(study.enqueued().count(), 3);
    tune(&mut study, &mut by_number(|number| (number as f64).into())).unwrap();
    let tried: Vec<f64> = study.trials().iter().map(|t| t.configuration.float("x")).collect();
    assert_eq!(tried[..3], [0.125, 0.25, 0.75]);
    assert_eq!((tried.len(), study.enqueued().count()), (5, 0));
    assert!(study.why(TrialId(1)).unwrap().to_string().contains("it was enqueued"));
    let again = Study::replay(
        line(),
        Objective::minimize("loss"),
        BayesianOptimization::default(),
        *study.settings(),
        study.events().to_vec(),
    );
    assert_eq!(again.unwrap().trials(), study.trials());
}

#[test]
fn defaults_may_name_a_part_of_the_parameters() {
    let settings = StudySettings::default();
    let objective = Objective::minimize("loss");
    let mut study = Study::new(mixed(), objective, RandomSearch, settings).unwrap();
    study.start_from(&Configuration::from([("eta", 0.3.into())])).unwrap();
    let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
    let c = &trials[0].configuration;
    assert_eq!((c.float("eta"), c.integer("depth"), c.category("booster")), (0.3, 5, "tree"));
    let error = study.start_from(&Configuration::from([("etta", 0.3.into())])).unwrap_err();
    assert!(error.to_string().contains("`etta`"), "{error}");
    let error = study.start_from(&Configuration::from([("eta", 30.0.into())])).unwrap_err();
    assert!(error.to_string().contains("0.0001 to 1.0"), "{error}");
}

#[test]
fn what_is_wanted_twice_or_known_is_refused_and_what_comes_from_elsewhere_is_no_longer_wanted() {
    let mut study = study(9, 1);
    study.enqueue(&at(0.5)).unwrap();
    assert!(study.enqueue(&at(0.5)).unwrap_err().to_string().contains("enqueued already"));
    study.observe(&at(0.5), Outcome::from(1.0)).unwrap();
    assert_eq!(study.enqueued().count(), 0, "it has been run elsewhere");
    let error = study.enqueue(&at(0.5)).unwrap_err();
    assert!(
        error.to_string().contains("trial 1") && error.to_string().contains("Allowed"),
        "{error}"
    );
    study.enqueue(&at(0.25)).unwrap();
    let failure = failed(FailureKind::Interrupted);
    study.observe(&at(0.25), failure).unwrap();
    assert_eq!(study.enqueued().count(), 1, "bad luck elsewhere tells nothing");
}

#[test]
fn noise_that_is_told_is_believed() {
    // A bowl around 0.3, and a fluke at 0.9 that is told to be one.
    let told = |deviation: f64| {
        let mut study = study_with(ResourceLimits::default(), BayesianOptimization::default());
        for i in 0..=8 {
            let x = f64::from(i) / 8.0;
            study.observe(&at(x), Outcome::from((x - 0.3).powi(2))).unwrap();
        }
        study.observe_noisy(&at(0.9), -2.0, deviation).unwrap();
        let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        let next = trials[0].configuration.float("x");
        (next, study.recommended().unwrap().unwrap().configuration.float("x"))
    };
    let (next, recommended) = told(100.0);
    assert!((next - 0.3).abs() < 0.15 && (recommended - 0.3).abs() < 0.1, "{next} {recommended}");
    let (next, recommended) = told(0.0);
    assert!((next - 0.9).abs() < 0.11 && (recommended - 0.9).abs() < 1e-12, "{next} {recommended}");
    let mut study = study(1, 1);
    for deviation in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(study.observe_noisy(&at(0.1), 1.0, deviation).is_err());
    }
    assert!(study.trials().is_empty());
}

#[test]
fn the_why_of_a_trial_is_in_the_unit_of_the_metric() {
    let settings = StudySettings { limits: ResourceLimits::new(20, 1), ..Default::default() };
    let objective = Objective::maximize("accuracy");
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(line(), objective, strategy, settings).unwrap();
    let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
        Ok::<_, String>(0.9 - (c.float("x") - 0.4).powi(2))
    });
    tune(&mut study, &mut jobs).unwrap();
    let why = study.why(TrialId(20)).unwrap();
    let expected = why.expected.unwrap();
    assert!(expected.low <= expected.median && expected.median <= expected.high);
    assert!((expected.median - 0.9).abs() < 0.05, "{expected:?}: an accuracy, not a loss");
    assert!(
        why.to_string().contains("accuracy = ") && why.to_string().contains("by a model"),
        "{why}"
    );
    let first = study.why(TrialId(1)).unwrap();
    assert!(first.expected.is_none() && first.to_string().contains("fill the space"), "{first}");
    study.observe(&at(0.1), Outcome::from(0.5)).unwrap();
    assert_eq!(study.why(TrialId(21)), None, "nobody proposed it");
}

/// A configuration whose jobs are killed each time is not tried for ever.
#[test]
fn what_is_interrupted_a_third_time_is_no_bad_luck() {
    for order in [Order::Arrival, Order::FixedLag(2)] {
        let limits = ResourceLimits::new(12, 2);
        let settings = StudySettings { limits, order, ..Default::default() };
        let space =
            SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
        let strategy = BayesianOptimization::default();
        let mut study =
            Study::new(space.unwrap(), Objective::minimize("loss"), strategy, settings).unwrap();
        let killed = |job: &Job<'_>| {
            let x = job.trial.configuration.float("x");
            let failure = Failure::new(FailureKind::Interrupted, "killed");
            let outcome = if x < 0.3 { Outcome::Failed(failure) } else { Outcome::from(x) };
            SimulatedJob::new(outcome, Duration::from_secs(1))
        };
        let rules = RetryPolicy::never();
        Tuner::new()
            .retries(rules)
            .circuit_breaker(None)
            .run(&mut study, &mut SimulatedEvaluator::new(killed))
            .unwrap();
        for trial in study.trials() {
            let same =
                study.trials().iter().filter(|other| other.configuration == trial.configuration);
            assert!(same.count() <= 3, "{order:?}: {:?}", study.trials());
        }
    }
}
