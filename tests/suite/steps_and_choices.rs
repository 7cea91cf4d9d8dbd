//! Steps, significant digits and typed choices, in ranges, configurations, grids and the arguments
//! of programs.

use surmise::space::{GridLevels, ParameterValue};
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Error, GridSearch, Objective, Outcome,
    ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings,
};

use ScalingType::{Auto, Linear, Logarithmic, ReverseLogarithmic};

fn stepped_space() -> SearchSpace {
    let continuous = ParameterRange::continuous;
    SearchSpace::new([
        continuous("dropout", 0.1..=0.5, Linear).and_then(|range| range.with_step(0.1)),
        continuous("scale", 0.5..=100.0, Logarithmic).and_then(|range| range.with_step(0.5)),
        continuous("rate", 1e-4..=1.0, Logarithmic)
            .and_then(|range| range.with_significant_digits(1)),
        continuous("share", 0.2..=0.9, Linear).and_then(|range| range.with_significant_digits(2)),
        ParameterRange::integer("units", 32..=500, Auto).and_then(|range| range.with_step(32.0)),
        ParameterRange::integer("wide", 8..=1024, Auto).and_then(|range| range.with_step(8.0)),
    ])
    .unwrap()
}

/// Returns the values of a stepped parameter, one for each cell of its axis, as texts.
fn values_of_all_cells(space: &SearchSpace, name: &str) -> Vec<String> {
    let axis = space.ranges().iter().position(|range| range.name() == name).unwrap();
    let mut point: Vec<f64> = space.axes().iter().map(|axis| axis.snap(0.5)).collect();
    (0..space.axes()[axis].cell_count().unwrap())
        .map(|cell| {
            point[axis] = space.axes()[axis].coordinate(cell);
            space.decode(&point.clone().into()).value(name).unwrap().to_string()
        })
        .collect()
}

#[test]
fn steps_and_significant_digits_give_short_decimals() {
    let space = stepped_space();
    assert_eq!(values_of_all_cells(&space, "dropout"), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
    let scale = values_of_all_cells(&space, "scale");
    assert_eq!(
        (scale.len(), &scale[..3], &scale[199]),
        (200, &["0.5", "1.0", "1.5"].map(String::from)[..], &"100.0".to_owned())
    );
    let rate = values_of_all_cells(&space, "rate");
    assert_eq!(
        (rate.len(), &rate[0], &rate[9], &rate[36]),
        (37, &"0.0001".to_owned(), &"0.001".to_owned(), &"1.0".to_owned())
    );
    assert_eq!(values_of_all_cells(&space, "share").len(), 71);
    // The last step is the largest one that does not exceed the maximum.
    let units = values_of_all_cells(&space, "units");
    assert_eq!((units.len(), units[14].as_str()), (15, "480"));
    assert_eq!(space.ranges()[4].resolved_scaling().unwrap().scaling, Linear);
    assert_eq!(space.ranges()[5].resolved_scaling().unwrap().scaling, Logarithmic);
}

#[test]
fn values_between_steps_are_refused_with_the_nearest_steps() {
    let space = stepped_space();
    let fill_in =
        |name: &str, value: ParameterValue| space.fill_in(&Configuration::from([(name, value)]));
    let message = |name: &str, value: f64| fill_in(name, value.into()).unwrap_err().to_string();
    assert!(message("dropout", 0.25).contains("in steps of 0.1; use 0.2 or 0.3"));
    assert!(message("rate", 0.015).contains("decimals of 1 significant digits; use 0.01 or 0.02"));
    assert!(
        message("units", 499.0).contains("in steps of 32; use 480"),
        "{}",
        message("units", 499.0)
    );
    // Rounding errors of sums and of single precision are accepted.
    for value in [0.1 + 0.2, f64::from(0.3_f32), 0.3] {
        let configuration = fill_in("dropout", value.into()).unwrap();
        assert_eq!(configuration.value("dropout"), Some(&ParameterValue::Float(0.3)));
    }
}

#[test]
fn a_bound_in_single_precision_is_accepted() {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.7..=1.1, Linear)]).unwrap();
    let configuration = |x: f64| Configuration::from([("x", x.into())]);
    for (single, bound) in [(f64::from(0.7_f32), 0.7), (f64::from(1.1_f32), 1.1)] {
        assert!(!(0.7..=1.1).contains(&single), "the rounded bound is outside of the range");
        assert_eq!(space.normalize(&configuration(single)).unwrap(), configuration(bound));
        assert!(
            space.encode(&configuration(single + (single - bound))).is_err(),
            "other values outside of the range are refused"
        );
    }
}

#[test]
fn invalid_steps_and_digits_are_refused_with_their_rule() {
    let continuous = ParameterRange::continuous;
    let error_of = |range: Result<ParameterRange, Error>| range.unwrap_err().to_string();
    let error_of_step = |low: f64, scaling, step: f64| {
        error_of(continuous("x", low..=1.0, scaling).and_then(|range| range.with_step(step)))
    };
    assert!(error_of_step(0.0, Linear, 0.0).contains("the step must be a finite number above 0"));
    assert!(
        error_of_step(0.0, Linear, f64::NAN).contains("the step must be a finite number above 0")
    );
    assert!(
        error_of_step(0.0, Linear, 2.0).contains("must not exceed the width of the range, 1.0")
    );
    assert!(error_of_step(0.0, Linear, 1e-13).contains("more than 2^40 steps"));
    assert!(error_of_step(0.01, Logarithmic, 0.1).contains("the step must not exceed min, 0.01"));
    assert!(
        error_of_step(0.0, ReverseLogarithmic, 0.1).contains("linear or logarithmic")
            || error_of_step(0.0, ReverseLogarithmic, 0.1).contains("reverse")
    );
    let error_of_digits = |low: f64, high: f64, digits| {
        error_of(
            continuous("x", low..=high, Linear)
                .and_then(|range| range.with_significant_digits(digits)),
        )
    };
    assert!(error_of_digits(0.1, 1.0, 0).contains("from 1 to 12"));
    assert!(error_of_digits(0.0, 1.0, 2).contains("min > 0"));
    assert!(error_of_digits(0.11, 0.19, 1).contains("no such decimal"));
    assert!(error_of_digits(1e-9, 1.0, 12).contains("more than 2^40 such decimals"));
    let kind = ParameterRange::categorical("kind", ["a"]).and_then(|range| range.with_step(1.0));
    assert!(error_of(kind).contains("choices have no order"));
    let integer = ParameterRange::integer("n", 0..=9, Linear).unwrap();
    assert!(error_of(integer.clone().with_step(0.5)).contains("must be an integer"));
    assert!(error_of(integer.clone().with_step(-1.0)).contains("at least 1"));
    assert!(error_of(integer.with_significant_digits(1)).contains("use a step"));
}

#[test]
fn stepped_spaces_are_searched_completely_without_repetition() {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, Linear).and_then(|range| range.with_step(0.25)),
        ParameterRange::continuous("rate", 0.1..=1.0, Logarithmic)
            .and_then(|range| range.with_significant_digits(1)),
    ])
    .unwrap();
    let objective = Objective::minimize("loss");
    let mut study =
        Study::new(space, objective, BayesianOptimization::default(), StudySettings::default())
            .unwrap();
    let mut proposed = std::collections::HashSet::new();
    while let AskOutcome::Trials(trials) = study.ask(1).unwrap() {
        let c = &trials[0].configuration;
        assert!(proposed.insert(c.to_string()), "{c} is repeated");
        let loss = (c.float("x") - 0.6).powi(2) + (c.float("rate").ln() + 1.0).powi(2);
        study.tell(trials[0].id, Outcome::from(loss)).unwrap();
    }
    assert_eq!(proposed.len(), 5 * 10);
}

#[test]
fn choices_keep_their_types() {
    let space = SearchSpace::new([
        ParameterRange::categorical("batch", [32, 64, 128]),
        ParameterRange::categorical("momentum", [0.9, 0.99]),
        ParameterRange::categorical("nesterov", [true, false]),
        ParameterRange::categorical("depth", [ParameterValue::Null, 3.into(), "auto".into()]),
    ])
    .unwrap();
    let json = serde_json::to_string(&space).unwrap();
    assert!(json.contains("[null,3,\"auto\"]"), "{json}");
    assert_eq!(serde_json::from_str::<SearchSpace>(&json).unwrap(), space);
    let mut study = Study::new(
        space.clone(),
        Objective::minimize("loss"),
        RandomSearch,
        StudySettings::default(),
    )
    .unwrap();
    let AskOutcome::Trials(trials) = study.ask(20).unwrap() else { panic!() };
    for trial in &trials {
        let c = &trial.configuration;
        assert!([32, 64, 128].contains(&c.integer("batch")));
        assert!(c.float("momentum") > 0.8 && c.float("batch") >= 32.0);
        let _: bool = c.boolean("nesterov");
        let json = serde_json::to_string(c).unwrap();
        assert_eq!(serde_json::from_str::<Configuration>(&json).unwrap(), *c);
        assert_eq!(space.normalize(&serde_json::from_str(&json).unwrap()).unwrap(), *c);
    }
    // A text or number that is equivalent to a choice is read as the choice.
    let equivalent: Configuration = serde_json::from_str(
        r#"{"batch": 64.0, "momentum": "0.90", "nesterov": "true", "depth": "null"}"#,
    )
    .unwrap();
    let normalized = space.normalize(&equivalent).unwrap();
    assert_eq!(normalized.to_string(), "batch = 64, momentum = 0.9, nesterov = true, depth = null");
    assert_eq!(normalized.integer("batch"), 64);
    let invalid = Configuration::from([("depth", true.into())]);
    let message = space.fill_in(&invalid).unwrap_err().to_string();
    assert!(message.contains("the choices are [null, 3, \"auto\"]"), "{message}");
}

#[test]
fn equivalent_choices_are_refused() {
    let error_of = |values: Vec<ParameterValue>| {
        ParameterRange::categorical("x", values)
            .map_or_else(|error| error.to_string(), |_| String::new())
    };
    assert!(error_of(vec![1.into(), 1.0.into()]).contains("1 and 1.0, which are equal"));
    assert!(error_of(vec!["1e0".into(), 1.into()]).contains("\"1e0\" and 1, which are equal"));
    assert!(error_of(vec![true.into(), "true".into()]).contains("which are equal"));
    assert!(error_of(vec![0.0.into(), (-0.0).into()]).contains("-0.0, twice"));
    assert!(error_of(vec!["a".into(), "a".into()]).contains("\"a\", twice"));
    assert!(error_of(vec![f64::NAN.into()]).contains("finite"));
    assert_eq!(
        error_of(vec!["1.1".into(), "1.10".into()]),
        "",
        "different texts are different choices"
    );
}

#[test]
fn grids_support_steps_and_typed_choices() {
    let space = SearchSpace::new([
        ParameterRange::continuous("dropout", 0.0..=0.3, Linear)
            .and_then(|range| range.with_step(0.1)),
        ParameterRange::integer("units", 32..=128, Linear).and_then(|range| range.with_step(32.0)),
        ParameterRange::categorical("nesterov", [true, false]),
    ])
    .unwrap();
    let grid = space.grid([("dropout", GridLevels::All), ("units", GridLevels::All)]).unwrap();
    assert_eq!(grid.count(), 4 * 4 * 2);
    let settings = StudySettings { limits: ResourceLimits::new(5, 2), ..Default::default() };
    let mut study =
        Study::new(space, Objective::minimize("loss"), GridSearch::new(grid), settings).unwrap();
    let AskOutcome::Trials(trials) = study.ask(1).unwrap() else { panic!() };
    assert_eq!(trials[0].configuration.to_string(), "dropout = 0.0, units = 32, nesterov = true");
}

#[cfg(all(unix, feature = "regex"))]
#[test]
fn programs_receive_typed_choices_and_stepped_values() {
    use std::time::Duration;

    use surmise::evaluator::{
        CommandEvaluator, Evaluator, Job, JobEvent, MetricSource, PassConfiguration,
    };
    use surmise::pattern::MetricPattern;
    use surmise::trial::{Source, Trial, TrialId};

    let configuration = Configuration::from([
        ("rate", 0.15.into()),
        ("batch", 64.into()),
        ("nesterov", false.into()),
        ("depth", ParameterValue::Null),
    ]);
    let trial = Trial::new(TrialId(1), Source::Study, configuration);
    let folder = std::env::temp_dir().join(format!("surmise-steps-{}", std::process::id()));
    let assert_receives = |pass: PassConfiguration, script: &str, expected: &str| {
        let script = format!(
            "got=$({script}); [ \"$got\" = '{expected}' ] && echo ok=1 || echo \"$got\" >&2"
        );
        let pattern = MetricSource::Pattern(MetricPattern::new("ok=(.+)").unwrap());
        let jobs = CommandEvaluator::new("sh").arguments(["-c", &script, "sh"]);
        let mut jobs = jobs.pass_configuration(pass).metric_from(pattern).in_folder(&folder);
        jobs.start(&Job::new(&trial, 1)).unwrap();
        loop {
            for event in jobs.wait(Duration::from_secs(10)).unwrap() {
                if let JobEvent::Ended { outcome, .. } = event {
                    assert_eq!(outcome, Outcome::from(1.0), "{expected}");
                    return;
                }
            }
        }
    };
    let arguments = "--rate=0.15 --batch=64 --nesterov=false --depth=null";
    assert_receives(PassConfiguration::Arguments, "echo \"$@\"", arguments);
    let prefix = PassConfiguration::Environment { prefix: "HP_".to_owned() };
    assert_receives(prefix, "echo $HP_RATE $HP_BATCH $HP_NESTEROV $HP_DEPTH", "0.15 64 false null");
    let json = r#"{"rate":0.15,"batch":64,"nesterov":false,"depth":null}"#;
    assert_receives(PassConfiguration::JsonFile, "cat \"$1\" | tr -d \" \\n\"", json);
    std::fs::remove_dir_all(&folder).unwrap();
}
