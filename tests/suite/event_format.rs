//! The serialized form of events and settings: every version reads older files, and a round trip
//! changes nothing.
//!
//! `tests/data/events-1.ndjson` contains every event in the form of version 1, written by hand.
//! A change that cannot read it needs a new version, and code that still reads version 1.

use std::time::Duration;

use surmise::strategy::{Expectation, ModelDiagnostics, Phase, Proposal};
use surmise::study::{EVENT_VERSION, Event};
use surmise::trial::{Report, StopCause};
use surmise::unit_cube::UnitPoint;
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Failure, FailureKind, LateOutcomes, Objective,
    Order, Outcome, ParameterRange, ParameterValue, Repetitions, ResourceLimits, ScalingType,
    SearchSpace, StoppedTrials, Study, StudySettings, TrialId,
};

const EVENTS: &str = include_str!("../data/events-1.ndjson");
const SETTINGS: &str = include_str!("../data/settings-1.json");

fn configuration() -> Configuration {
    Configuration::from([
        ("rate", 0.001.into()),
        ("layers", 3.into()),
        ("optimizer", "adam".into()),
        ("nesterov", true.into()),
        ("decay", ParameterValue::Null),
    ])
}

fn point() -> UnitPoint {
    vec![0.5, 0.25].into()
}

/// Returns the events of the file, in the same order.
fn expected_events() -> Vec<Event> {
    let trial = TrialId(7);
    let plain = Proposal::new(point(), Phase::Design);
    let mut full = Proposal::new(point(), Phase::Exploration);
    full.expectation = expectation();
    full.fallback = Some("the posterior is flat".to_owned());
    full.model = diagnostics();
    full.numbers = vec![(1, 0.25)];
    let failure = || Failure::new(FailureKind::OutOfMemory, "exit status: 137");
    let stop = |cause| Event::StopRequested { trial, cause };
    let told = |outcome| Event::Told { trial, outcome };
    let reported = |value| Event::Reported { trial, report: Report { step: 3, value } };
    let (step, value) = (4, 0.75);
    vec![
        Event::Enqueued { configuration: configuration(), first: true },
        Event::Dequeued { configuration: configuration() },
        Event::Asked { trial, configuration: configuration(), proposal: Box::new(plain) },
        Event::Asked { trial, configuration: configuration(), proposal: Box::new(full) },
        Event::Observed {
            trial,
            configuration: configuration(),
            outcome: Outcome::from(0.5),
            noise_std_dev: None,
        },
        Event::Observed {
            trial,
            configuration: configuration(),
            outcome: Outcome::from(0.5),
            noise_std_dev: Some(0.125),
        },
        reported(0.5),
        reported(f64::INFINITY),
        Event::Located {
            trial,
            location: "arn:aws:sagemaker:us-west-2:012345678912:training-job/a".into(),
        },
        stop(StopCause::MedianRule { step, value, median: 0.5, jobs: 9 }),
        stop(StopCause::SuccessiveHalving { step, value, rung: 3, better: 4, jobs: 9 }),
        stop(StopCause::MaxResource { step, value }),
        stop(StopCause::Timeout { after: Duration::from_millis(1500) }),
        stop(StopCause::TuningOver),
        stop(StopCause::Cancelled),
        Event::StopWithdrawn { trial },
        Event::AttemptFailed { trial, failure: failure() },
        told(Outcome::Completed { value: -1.5e-8 }),
        told(Outcome::Stopped { value: Some(2.0) }),
        told(Outcome::Stopped { value: None }),
        told(Outcome::Failed(failure())),
        Event::LateOutcome { trial, outcome: Outcome::from(0.5) },
    ]
}

fn expectation() -> Option<Expectation> {
    serde_json::from_str(r#"{"median":0.5,"low":0.25,"high":"Infinity","acquisition":-3.5}"#)
        .unwrap()
}

fn diagnostics() -> Option<ModelDiagnostics> {
    let text = r#"{"observations":12,"log_posterior":-20.5,"evaluations":300,"at_bounds":1,
        "noise_share":1e-6,"noise_deviation":0.001,"noise_widened":1.0,"draws":1}"#;
    serde_json::from_str(text).unwrap()
}

/// The written text is also compared: reading accepts a changed name of a field with a default.
#[test]
fn every_event_keeps_its_serialized_form() {
    assert_eq!(EVENT_VERSION, 1);
    let lines: Vec<&str> = EVENTS.lines().collect();
    let expected = expected_events();
    assert_eq!(lines.len(), expected.len());
    for (line, event) in lines.into_iter().zip(expected) {
        let read: Event =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(format!("{read:?}"), format!("{event:?}"), "{line}");
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
}

#[test]
fn unknown_fields_are_ignored_and_missing_fields_are_errors() {
    let with_unknown_field = r#"{"event":"stop_withdrawn","trial":7,"since":3}"#;
    assert_eq!(
        serde_json::from_str::<Event>(with_unknown_field).unwrap(),
        Event::StopWithdrawn { trial: TrialId(7) }
    );
    for invalid in [
        r#"{"event":"told","trial":7}"#,
        r#"{"event":"told","trial":-7,"outcome":{"outcome":"completed","value":1}}"#,
        r#"{"event":"told","trial":7,"outcome":{"outcome":"completed","value":"1"}}"#,
        r#"{"event":"gone","trial":7}"#,
        r#"{"trial":7}"#,
    ] {
        assert!(serde_json::from_str::<Event>(invalid).is_err(), "{invalid}");
    }
}

#[test]
fn settings_keep_their_serialized_form() {
    let limits =
        ResourceLimits { max_runtime: Some(Duration::from_secs(90)), ..ResourceLimits::new(40, 4) };
    let settings = StudySettings {
        seed: 7,
        order: Order::FixedLag(4),
        limits,
        repetitions: Repetitions::Allowed,
        stopped_trials: StoppedTrials::Projected,
        late_outcomes: LateOutcomes::UseValue,
    };
    let read: StudySettings = serde_json::from_str(SETTINGS).unwrap();
    assert_eq!(format!("{read:?}"), format!("{settings:?}"));
    assert_eq!(serde_json::to_string(&settings).unwrap() + "\n", SETTINGS);
    // A field that an older version did not write has its default.
    let old: StudySettings = serde_json::from_str(r#"{"seed":3}"#).unwrap();
    assert_eq!(
        format!("{old:?}"),
        format!("{:?}", StudySettings { seed: 3, ..Default::default() })
    );
}

/// A resumed study must make the same proposal as an uninterrupted one.
#[test]
fn a_study_survives_serialization_of_its_events() {
    let space = || {
        SearchSpace::new([
            ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
            ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
            ParameterRange::categorical("optimizer", ["adam", "sgd"]),
        ])
        .unwrap()
    };
    let settings = StudySettings { seed: 3, ..Default::default() };
    let objective = || Objective::minimize("loss");
    let mut study =
        Study::new(space(), objective(), BayesianOptimization::default(), settings).unwrap();
    let ask = |study: &mut Study| match study.ask(1).unwrap() {
        AskOutcome::Trials(mut trials) => trials.remove(0),
        other => panic!("{other:?}"),
    };
    for number in 0..14 {
        let trial = ask(&mut study);
        study.report(trial.id, 1, if number == 3 { f64::NAN } else { 0.5 }).unwrap();
        let outcome = match number % 5 {
            4 => Outcome::Failed(Failure::new(FailureKind::Error, "a\nb \"c\" \u{2028} ü")),
            _ => Outcome::from((trial.configuration.float("rate").log10() + 2.0).powi(2)),
        };
        study.tell(trial.id, outcome).unwrap();
    }
    let lines: Vec<String> =
        study.events().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let events = lines.iter().map(|line| serde_json::from_str::<Event>(line).unwrap());
    let settings = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
    let strategy = BayesianOptimization::default();
    let mut replayed =
        Study::replay(space(), objective(), strategy, settings, events.collect::<Vec<_>>())
            .unwrap();
    assert_eq!(format!("{:?}", replayed.trials()), format!("{:?}", study.trials()));
    let (next, next_replayed) = (ask(&mut study), ask(&mut replayed));
    assert_eq!(next.configuration, next_replayed.configuration);
    let (last, last_replayed) = (study.events().last(), replayed.events().last());
    assert_eq!(
        serde_json::to_string(&last).unwrap(),
        serde_json::to_string(&last_replayed).unwrap()
    );
}
