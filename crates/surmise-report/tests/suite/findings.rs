//! Each finding on a study that has the problem, and on a study that does not have it.

use crate::studies::{continuous_space, float, random_study, sobol_study};
use surmise::rng::Rng;
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Failure, FailureKind, Objective, Outcome,
    ParameterRange, RandomSearch, ScalingType, SearchSpace, Study, StudySettings,
};
use surmise_report::{Analysis, Finding, FindingKind};

fn findings(study: &Study) -> Vec<Finding> {
    Analysis::new(study).findings()
}

fn find(study: &Study, kind: FindingKind) -> Option<Finding> {
    findings(study).into_iter().find(|finding| finding.kind == kind)
}

/// Asserts that there is a finding of this kind, about these parameters, with these words.
#[track_caller]
fn assert_found(study: &Study, kind: FindingKind, parameters: &[&str], words: &[&str]) {
    let found = find(study, kind);
    let Some(finding) = found else { panic!("only {:?}", findings(study)) };
    assert_eq!(finding.parameters, parameters, "{finding:?}");
    let text = format!("{} {}", finding.message, finding.advice);
    for word in words {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[track_caller]
fn assert_none(study: &Study, kind: FindingKind) {
    assert_eq!(find(study, kind), None);
}

fn minimized(space: SearchSpace, count: usize, value: impl FnMut(&Configuration) -> f64) -> Study {
    sobol_study(space, Objective::minimize("loss"), count, 1, value)
}

#[test]
fn a_best_value_at_the_end_of_its_range_is_found() {
    let kind = FindingKind::BestAtEndOfRange;
    let rate = |low, high| {
        SearchSpace::new([
            ParameterRange::continuous("rate", low..=high, ScalingType::Logarithmic),
            ParameterRange::continuous("idle", 0.0..=1.0, ScalingType::Linear),
        ])
        .unwrap()
    };
    let loss = |c: &Configuration| (float(c, "rate").log10() + 1.0).powi(2);
    assert_found(
        &bayesian(rate(1e-5, 1e-3), loss),
        kind,
        &["rate"],
        &["upper end", "to about 0.01"],
    );
    assert_found(
        &bayesian(rate(1.0, 100.0), loss),
        kind,
        &["rate"],
        &["lower end", "to about 0.1"],
    );
    assert_none(&bayesian(rate(1e-3, 10.0), loss), kind);
    // A range of positive values is not widened below 0.
    let depth = SearchSpace::new([ParameterRange::integer("depth", 0..=9, ScalingType::Linear)]);
    let study = minimized(depth.unwrap(), 10, |c| c.integer("depth") as f64);
    assert_found(&study, kind, &["depth"], &["lower end", "If depth allows values beyond"]);
    // A maximized metric, and an integer parameter.
    let layers = SearchSpace::new([ParameterRange::integer("layers", 1..=9, ScalingType::Linear)]);
    let study = sobol_study(layers.unwrap(), Objective::maximize("score"), 9, 1, |c| {
        c.integer("layers") as f64
    });
    assert_found(&study, kind, &["layers"], &["upper end", "to about 13"]);
}

/// Returns a study with 25 trials of Bayesian optimization.
fn bayesian(space: SearchSpace, value: impl Fn(&Configuration) -> f64) -> Study {
    let settings = StudySettings { seed: 1, ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
    for _ in 0..25 {
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else {
            panic!("the space is exhausted")
        };
        study.tell(trials[0].id, Outcome::from(value(&trials[0].configuration))).unwrap();
    }
    study
}

fn with_noise(std_dev: f64, curvature: f64) -> Study {
    let mut rng = Rng::stream(7, 7);
    minimized(continuous_space(&["x", "y"], 0.0, 1.0), 60, |c| {
        curvature * (float(c, "x") - 0.5).powi(2) + std_dev * rng.normal()
    })
}

#[test]
fn dominating_noise_is_found() {
    let (noisy, quiet) = (with_noise(0.4, 4.0), with_noise(0.01, 4.0));
    assert_found(&noisy, FindingKind::NoiseDominates, &[], &["is noise", "again"]);
    assert_none(&quiet, FindingKind::NoiseDominates);
}

#[test]
fn parameters_without_effect_are_found() {
    assert_found(&with_noise(1.0, 0.0), FindingKind::NoParameterMatters, &[], &["run one"]);
    assert_none(&with_noise(0.1, 4.0), FindingKind::NoParameterMatters);
}

#[test]
fn a_rough_function_gives_a_finding_about_the_model() {
    // The function has far more waves than the study has values.
    let rough = |c: &Configuration| {
        let x = float(c, "x");
        (0.6 * x).sin() + (90.0 * x).sin() * (70.0 * float(c, "y")).cos()
    };
    let study = random_study(continuous_space(&["x", "y"], 0.0, 3.0), 60, 3, rough);
    let is_found = findings(&study).iter().any(|finding| {
        matches!(
            finding.kind,
            FindingKind::PoorModel | FindingKind::NoiseDominates | FindingKind::NoParameterMatters
        )
    });
    assert!(is_found, "{:?}", findings(&study));
    let smooth =
        random_study(continuous_space(&["x", "y"], 0.0, 3.0), 60, 3, |c| float(c, "x").sin());
    assert_none(&smooth, FindingKind::PoorModel);
}

/// The explained variance and the coverage are set by hand.
#[test]
fn low_explained_variance_and_low_coverage_are_found() {
    let study = with_noise(0.01, 4.0);
    let found = |explained: f64, observed: f64| {
        let mut analysis = Analysis::new(&study);
        let calibration = &mut analysis.model.as_mut().unwrap().calibration;
        calibration.explained_variance = explained;
        calibration.coverage[2].observed = observed;
        let kinds = [FindingKind::PoorModel, FindingKind::NoParameterMatters];
        analysis.findings().into_iter().find(|finding| kinds.contains(&finding.kind))
    };
    let message = |found: Option<Finding>| found.unwrap().message;
    assert_eq!(found(0.9, 0.95), None);
    assert!(message(found(0.3, 0.95)).contains("explains only 30 % of the variance"));
    assert!(message(found(0.9, 0.7)).contains("contain only 70 %"));
    assert_eq!(found(0.05, 0.95).unwrap().kind, FindingKind::NoParameterMatters);
}

#[test]
fn a_parameter_without_effect_can_be_fixed() {
    let space = || continuous_space(&["idle", "x", "y"], 0.0, 1.0);
    let kind = FindingKind::ParameterCanBeFixed;
    let study = minimized(space(), 60, |c| (float(c, "x") - 0.3).powi(2) + float(c, "y"));
    assert_found(&study, kind, &["idle"], &["hardly matters", "Fix it at"]);
    let all = minimized(space(), 60, |c| float(c, "x") + float(c, "y") + float(c, "idle"));
    assert_none(&all, kind);
}

#[test]
fn an_interaction_is_found() {
    let space = || continuous_space(&["x", "y"], -1.0, 1.0);
    let kind = FindingKind::Interaction;
    let product = minimized(space(), 60, |c| float(c, "x") * float(c, "y"));
    let found = find(&product, kind).unwrap();
    assert!(found.parameters.contains(&"x".to_owned()) && found.parameters.len() == 2);
    assert!(found.message.contains("100 %") || found.message.contains("9"), "{found:?}");
    assert_none(&minimized(space(), 60, |c| float(c, "x") + float(c, "y").powi(2)), kind);
}

fn with_failures(fails: impl Fn(&Configuration, usize) -> bool) -> Study {
    let space = SearchSpace::new([
        ParameterRange::integer("batch", 1..=1024, ScalingType::Logarithmic),
        ParameterRange::categorical("optimizer", ["adam", "lion", "sgd"]),
    ])
    .unwrap();
    let settings = StudySettings { seed: 1, ..Default::default() };
    let objective = Objective::minimize("loss");
    let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
    for number in 0..40 {
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else {
            panic!("the space is exhausted")
        };
        let configuration = &trials[0].configuration;
        let outcome = match fails(configuration, number) {
            true => Outcome::Failed(Failure::new(FailureKind::OutOfMemory, "killed")),
            false => Outcome::from((configuration.integer("batch") as f64).ln()),
        };
        study.tell(trials[0].id, outcome).unwrap();
    }
    study
}

#[test]
fn failures_in_a_region_are_found() {
    let kind = FindingKind::FailuresInRegion;
    let large = with_failures(|c, _| c.integer("batch") > 200);
    assert_found(&large, kind, &["batch"], &["batch ≥ ", "failed there, 0 of"]);
    let lion = with_failures(|c, _| c.category("optimizer") == "lion");
    assert_found(&lion, kind, &["optimizer"], &["optimizer = lion"]);
    assert_none(&with_failures(|_, number| number % 4 == 0), kind);
    assert_none(&with_failures(|_, _| false), kind);
    assert_none(&with_failures(|_, _| true), kind);
}

#[test]
fn many_failures_are_found_with_their_reason() {
    let kind = FindingKind::ManyFailures;
    assert_found(&with_failures(|_, _| true), kind, &[], &["40 of 40", "killed", "trial 1"]);
    assert_found(&with_failures(|_, number| number % 2 == 0), kind, &[], &["20 of 40"]);
    assert_none(&with_failures(|_, number| number % 8 == 0), kind);
}

#[test]
fn a_category_with_one_bad_value_is_neither_undersampled_nor_fixable() {
    let space = SearchSpace::new([
        ParameterRange::categorical("optimizer", ["adam", "lion", "sgd"]),
        ParameterRange::continuous("rate", 0.0..=1.0, ScalingType::Linear),
    ])
    .unwrap();
    let settings = StudySettings::default();
    let mut study = Study::new(space, Objective::minimize("loss"), RandomSearch, settings).unwrap();
    for number in 0..24 {
        let rate = f64::from(number) / 24.0;
        let (optimizer, loss) = if number == 7 { ("lion", 9.0) } else { ("adam", rate) };
        let optimizer = if number % 3 == 0 { "sgd" } else { optimizer };
        let values = [("optimizer", optimizer.into()), ("rate", rate.into())];
        study.enqueue(&values.into_iter().collect()).unwrap();
        let AskOutcome::Trials(trials) = study.ask(1).unwrap() else {
            panic!("the space is exhausted")
        };
        // The trial with a bad value is stopped early.
        study.report(trials[0].id, 1, loss).unwrap();
        let stopped = Outcome::Stopped { value: Some(loss) };
        let outcome = if optimizer == "lion" { stopped } else { Outcome::from(loss) };
        study.tell(trials[0].id, outcome).unwrap();
    }
    let kinds: Vec<FindingKind> = findings(&study).into_iter().map(|one| one.kind).collect();
    assert!(!kinds.contains(&FindingKind::UndersampledChoice), "{kinds:?}");
    let fixable = find(&study, FindingKind::ParameterCanBeFixed);
    assert!(fixable.is_none_or(|finding| finding.parameters != ["optimizer"]));
    let analysis = Analysis::new(&study);
    let parameters = &analysis.model.as_ref().unwrap().importance.parameters;
    let optimizer = parameters.iter().find(|one| one.name == "optimizer").unwrap();
    assert!(optimizer.total.mean > 0.5, "{parameters:?}");
}

#[test]
fn a_parameter_that_matters_near_the_best_is_not_fixed() {
    let space = SearchSpace::new([
        ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::categorical("optimizer", ["adam", "sgd"]),
    ])
    .unwrap();
    let study = minimized(space, 40, |c| {
        let distance = (float(c, "rate").log10() + 3.0).powi(2);
        distance + if c.category("optimizer") == "sgd" { 0.4 } else { 0.0 }
    });
    assert_none(&study, FindingKind::ParameterCanBeFixed);
}

#[test]
fn a_model_of_noise_gives_no_findings_about_parameters() {
    for seed in 0..4 {
        let mut rng = Rng::stream(seed, 3);
        let study =
            random_study(continuous_space(&["x", "y"], 0.0, 1.0), 40, seed, |_| rng.normal());
        for finding in findings(&study) {
            assert!(finding.parameters.is_empty(), "{finding:?}");
        }
        let analysis = Analysis::new(&study);
        assert!(analysis.model.as_ref().unwrap().importance.warning().is_some());
    }
}

#[test]
fn an_undersampled_category_is_found() {
    let study_with = |sgd_trials: usize| {
        let choice = ParameterRange::categorical("optimizer", ["adam", "sgd"]);
        let rate = ParameterRange::continuous("rate", 0.0..=1.0, ScalingType::Linear);
        let space = SearchSpace::new([choice, rate]).unwrap();
        let settings = StudySettings::default();
        let objective = Objective::minimize("loss");
        let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
        for number in 0..20 {
            let rate = number as f64 / 20.0;
            let optimizer = if number < sgd_trials { "sgd" } else { "adam" };
            let configuration =
                [("optimizer", optimizer.into()), ("rate", rate.into())].into_iter().collect();
            study.add_observation(&configuration, Outcome::from(rate)).unwrap();
        }
        study
    };
    let kind = FindingKind::UndersampledChoice;
    assert_found(&study_with(1), kind, &["optimizer"], &["optimizer = sgd", "once in 20"]);
    assert_found(&study_with(0), kind, &["optimizer"], &["never in 20"]);
    assert_none(&study_with(4), kind);
}

#[test]
fn stagnation_and_late_improvement_are_found() {
    let sequence = |values: Vec<f64>| {
        let mut values = values.into_iter();
        minimized(continuous_space(&["x"], 0.0, 1.0), values.len(), |_| values.next().unwrap())
    };
    let (stagnating, improving) = (FindingKind::NoImprovement, FindingKind::StillImproving);
    let stuck =
        sequence((0..40).map(|i| if i == 5 { 0.0 } else { 1.0 + 0.01 * f64::from(i) }).collect());
    assert_found(&stuck, stagnating, &[], &["last 34 of 40"]);
    assert_none(&stuck, improving);
    let always_better = sequence((0..40).map(|i| 1.0 / f64::from(i + 1)).collect());
    assert_found(&always_better, improving, &[], &["in the last 6 of 40"]);
    assert_none(&always_better, stagnating);
    let converged = sequence((0..30).map(|i| (1.0 / f64::from(i + 1)).max(0.05)).collect());
    assert_none(&converged, stagnating);
    assert_none(&converged, improving);
}

#[test]
fn savings_of_early_stopping_are_found() {
    let curves = |reports: u64, has_worse_trials: bool| {
        let mut study = Study::new(
            continuous_space(&["x"], 0.0, 1.0),
            Objective::minimize("loss"),
            RandomSearch,
            StudySettings::default(),
        )
        .unwrap();
        for number in 0..20_u32 {
            let AskOutcome::Trials(trials) = study.ask(1).unwrap() else {
                panic!("the space is exhausted")
            };
            let end = if has_worse_trials { f64::from(number % 5) } else { -f64::from(number) };
            for step in 1..=reports {
                study.report(trials[0].id, step, end + 1.0 / step as f64).unwrap();
            }
            study.tell(trials[0].id, Outcome::from(end)).unwrap();
        }
        study
    };
    let kind = FindingKind::EarlyStoppingWouldSave;
    assert_found(
        &curves(10, true),
        kind,
        &[],
        &["would have stopped", "of 20 trials", "Use early"],
    );
    assert_none(&curves(10, false), kind);
    assert_none(&curves(0, true), kind);
}

#[test]
fn a_study_without_a_model_says_why() {
    let kind = FindingKind::NoModel;
    let space = || continuous_space(&["x"], 0.0, 1.0);
    assert_eq!(findings(&minimized(space(), 0, |_| 0.0)), []);
    assert_found(
        &minimized(space(), 3, |c| float(c, "x")),
        kind,
        &[],
        &["too few values for a model: 3"],
    );
    assert_found(&minimized(space(), 12, |_| 2.0), kind, &[], &["All 12 values are equal"]);
}

#[test]
fn a_study_without_problems_has_no_findings() {
    let study = bayesian(continuous_space(&["x", "y"], 0.0, 1.0), |c| {
        (float(c, "x") - 0.4).powi(2) + (float(c, "y") - 0.6).powi(2)
    });
    assert_eq!(findings(&study), []);
}
