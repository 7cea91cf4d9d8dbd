//! What is read and written again is equal, order and unknown members included; what cannot be read says why.

use serde_json::{Value, json};
use surmise_sagemaker::{
    CreateHyperParameterTuningJobRequest, Document, DocumentReader, DocumentShape,
    HyperParameterTuningJobConfig, JobStrategy, Judge, ReadError, TuningJobCompletionCriteria,
};

use crate::{document, file, files, judge, one_definition, with};

/// Reads a whole request as types and writes it: the same text, to the last character.
fn round_trip(name: &str, value: &Value) {
    let request: CreateHyperParameterTuningJobRequest =
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(serde_json::to_string(&request).unwrap(), value.to_string(), "{name}");
    assert_eq!(Document::from(&request).body(), value, "{name}");
}

#[test]
fn accepted_requests_survive_a_round_trip_to_the_last_character() {
    for (name, request) in files("accepted") {
        assert!(judge(&request).is_accepted(), "{name}: {}", judge(&request));
        round_trip(&name, &request);
        let read = document(&request).request().unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), request, "{name}");
        let others = read.other.members().chain(read.config.other.members());
        assert_eq!(others.count(), 0, "{name} has members that no type knows");
    }
}

#[test]
fn published_requests_are_read_judged_and_written_back() {
    /// What AWS published and its own service would refuse, and why it would.
    const REFUSED: [(&str, &str); 9] = [
        ("define-environment.json", "$.TrainingJobDefinition.Environment"),
        ("define-metrics.json", "$.HyperParameterTuningJobName"),
        ("define-ranges.json", "$.HyperParameterTuningJobName"),
        ("sdk-test-completion-criteria.json", "$.TrainingJobDefinition.RoleArn"),
        ("sdk-test-multi-algo-details.json", "$.TrainingJobDefinitions[0].RoleArn"),
        ("sdk-test-multi-algo-request.json", "$.TrainingJobDefinitions[0].HyperParameterRanges"),
        ("sdk-test-tuning-request.json", "$.HyperParameterTuningJobConfig.ParameterRanges"),
        ("step-functions-sdk-tuning-placeholders.json", "$.TrainingJobDefinition.RoleArn"),
        ("step-functions-sdk-tuning-task.json", "$.Parameters.TrainingJobDefinition.RoleArn"),
    ];
    let published = files("published");
    assert!(published.len() >= 27);
    for (name, value) in published {
        let document = document(&value);
        let verdict = Judge::default().judge(&document);
        match REFUSED.iter().find(|(refused, _)| *refused == name) {
            Some((_, path)) => {
                assert!(verdict.errors().any(|error| error.subject == *path), "{name}: {verdict}");
            }
            None => {
                assert!(verdict.is_accepted(), "{name}: {verdict}");
                if *document.shape() == DocumentShape::Request {
                    round_trip(&name, &value);
                }
            }
        }
    }
}

#[test]
fn unknown_members_numbers_as_strings_and_order_survive() {
    let text = r#"{"Zeta":{"b":1,"a":[1,2.50,"x"]},"HyperParameterTuningJobConfig":{"ResourceLimits":{"New":null,"MaxParallelTrainingJobs":1},"Strategy":"Random","ParameterRanges":{"ContinuousParameterRanges":[{"Unit":"m","MaxValue":"1.500","Name":"x","MinValue":"-0.0e0"}],"IntegerParameterRanges":[]},"Alpha":true},"HyperParameterTuningJobName":"n"}"#;
    let request: CreateHyperParameterTuningJobRequest = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&request).unwrap();
    // JSON has one way to write the number 2.5.
    assert_eq!(written, text.replace("2.50", "2.5"));
    let range = &request.config.parameter_ranges.as_ref().unwrap().continuous.as_ref().unwrap()[0];
    assert_eq!((range.min_value.as_str(), range.max_value.as_str()), ("-0.0e0", "1.500"));
    assert_eq!(range.other.members().collect::<Vec<_>>(), [("Unit", &json!("m"))]);
    for target in ["1", "1.0", "-0.5", "1e30"] {
        let text = format!("{{\"TargetObjectiveMetricValue\":{target}}}");
        let criteria: TuningJobCompletionCriteria = serde_json::from_str(&text).unwrap();
        assert_eq!(
            serde_json::to_value(&criteria).unwrap(),
            serde_json::from_str::<Value>(&text).unwrap()
        );
    }
}

#[test]
fn members_set_by_hand_are_written_behind_those_that_were_read() {
    let mut config: HyperParameterTuningJobConfig = serde_json::from_str(
        r#"{"Strategy":"Random","New":1,"ResourceLimits":{"MaxParallelTrainingJobs":2}}"#,
    )
    .unwrap();
    config.random_seed = Some(7);
    config.other.insert("New", json!(2));
    assert_eq!(
        serde_json::to_string(&config).unwrap(),
        r#"{"Strategy":"Random","ResourceLimits":{"MaxParallelTrainingJobs":2},"New":2,"RandomSeed":7}"#
    );
    config.other.insert("Strategy", json!("Bayesian"));
    config.strategy = JobStrategy::Grid;
    assert!(serde_json::to_string(&config).unwrap().starts_with(r#"{"Strategy":"Grid""#));
}

#[test]
fn a_bare_configuration_is_read() {
    let config = one_definition()["HyperParameterTuningJobConfig"].clone();
    let read = document(&config);
    assert_eq!(*read.shape(), DocumentShape::Config);
    assert!(Judge::default().judge(&read).is_accepted());
    assert_eq!(serde_json::to_value(read.config().unwrap()).unwrap(), config);
    let error = read.request().unwrap_err().to_string();
    assert!(error.contains("without training jobs"), "{error}");
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    bytes.extend(one_definition().to_string().bytes());
    assert_eq!(*Document::read(&bytes).unwrap().body(), one_definition());
}

#[test]
fn what_is_no_request_says_why() {
    for (text, wanted) in [
        ("", "no JSON"),
        ("{\"a\": }", "line 1 column 7"),
        ("\u{0}\u{ff}", "no JSON"),
        ("[1]", "it is no object"),
        ("{}", "it is empty"),
        ("{\"Foo\": 1}", "\"Foo\""),
        ("{\"States\": {\"A\": {\"Type\": \"Pass\"}}}", "there are \"A\""),
        (
            "{\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::lambda:invoke\"}",
            "makes no tuning job",
        ),
    ] {
        let error = Document::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(Document::read(deep.as_bytes()), Err(ReadError::NotJson(_))));
}

#[test]
fn the_sample_is_read_whole() {
    let machine = file("tune_model_state_machine.json");
    let reader = DocumentReader::default().with_input(json!({"body": {"jobName": "from-path-1"}}));
    let document = reader.recognize(machine.clone()).unwrap();
    let DocumentShape::StateMachine { state, waits, .. } = document.shape() else {
        panic!("{:?}", document.shape())
    };
    assert_eq!((state.as_str(), *waits), ("HyperparameterTuning (XGBoost)", true));
    let request = document.request().unwrap();
    assert_eq!(request.name, "from-path-1");
    let mut parameters = machine["States"]["HyperparameterTuning (XGBoost)"]["Parameters"].clone();
    let members = parameters.as_object_mut().unwrap();
    members.shift_remove("HyperParameterTuningJobName.$");
    members.insert("HyperParameterTuningJobName".into(), json!("from-path-1"));
    assert_eq!(serde_json::to_value(&request).unwrap(), parameters);
    let definition = request.definition.as_ref().unwrap();
    assert_eq!(
        definition.role_arn,
        "arn:aws:iam::012345678912:role/StepFunctionsSample-SageM-SageMakerAPIExecutionRol-1MNH1VS5CGGOG"
    );
    assert_eq!(definition.static_hyper_parameters.as_ref().unwrap()["num_round"], "2");
    assert_eq!(definition.input.as_ref().unwrap().len(), 2);
    assert_eq!(definition.stopping_condition.max_runtime_in_seconds, Some(86_400));

    let verdict = Judge::default().judge(&document);
    assert!(verdict.is_accepted(), "{verdict}");
    let warned: Vec<&str> =
        verdict.warnings().map(|w| w.subject.rsplit_once("Parameters.").unwrap().1).collect();
    assert_eq!(
        warned,
        [
            "HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs",
            "precision_dtype",
            "HyperParameterTuningJobConfig.ParameterRanges.IntegerParameterRanges[0].MinValue",
            "HyperParameterTuningJobConfig.ParameterRanges.IntegerParameterRanges[1].MinValue",
        ]
    );
}

#[test]
fn types_of_json_are_refused_with_a_remedy() {
    let request = with(
        one_definition(),
        &[
            ("/HyperParameterTuningJobConfig/RandomSeed", json!("123")),
            (
                "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/0/MinValue",
                json!(2),
            ),
            ("/TrainingJobDefinition/EnableNetworkIsolation", json!("true")),
        ],
    );
    let verdict = judge(&request);
    let remedies: Vec<&str> = verdict.errors().map(|error| error.remedy.as_str()).collect();
    assert_eq!(
        remedies,
        ["write it in quotes: \"2\"", "write it without quotes: 123", "write it without quotes"]
    );
    let error = document(&request).request().unwrap_err();
    assert_eq!(error.violations().len(), 3);
}

#[test]
fn a_misnamed_member_is_recognized() {
    let mut request = one_definition();
    let members = request.as_object_mut().unwrap();
    let config = members.shift_remove("HyperParameterTuningJobConfig").unwrap();
    members.insert("HyperparameterTuningJobConfig".into(), config);
    let verdict = judge(&request);
    let unknown = verdict.errors().find(|error| error.subject == "$.HyperparameterTuningJobConfig");
    assert_eq!(
        unknown.unwrap().remedy,
        "HyperParameterTuningJobConfig may be meant; else remove it"
    );
    let tolerant = Judge::default().allowing_unknown_members();
    let with_more = with(one_definition(), &[("/Tomorrow", json!(1))]);
    assert!(!judge(&with_more).is_accepted());
    assert!(tolerant.judge(&document(&with_more)).is_accepted());
}

#[test]
fn members_that_are_there_twice_are_warned_of() {
    let text = one_definition().to_string();
    let twice = text.replace("\"epochs\":\"30\"", "\"epochs\":\"10\",\"epochs\":\"30\"");
    assert_ne!(text, twice);
    let document = Document::read(twice.as_bytes()).unwrap();
    assert_eq!(*document.body(), one_definition());
    let verdict = Judge::default().judge(&document);
    let path = "$.TrainingJobDefinition.StaticHyperParameters.epochs";
    assert!(verdict.is_accepted());
    assert!(verdict.warnings().any(|warning| warning.subject == path), "{verdict}");
    assert!(judge(&one_definition()).warnings().all(|warning| warning.subject != path));
}

#[test]
fn names_that_would_spoil_a_message_are_escaped() {
    let request = with(one_definition(), &[("/a\nb'", json!("x".repeat(100_000)))]);
    let verdict = judge(&request);
    let unknown = verdict.errors().find(|error| error.subject.contains("a\\n")).unwrap();
    assert_eq!(unknown.subject, r"$['a\nb\'']");
    assert!(unknown.value.ends_with("… (100000 characters)") && unknown.value.len() < 150);
}

#[test]
fn a_name_that_is_too_long_is_that_and_nothing_else() {
    let long = with(one_definition(), &[("/HyperParameterTuningJobName", json!("a".repeat(33)))]);
    let errors: Vec<String> = judge(&long).errors().map(|error| error.rule.clone()).collect();
    assert_eq!(errors, ["it may have at most 32 characters, not 33"]);
    let role = with(one_definition(), &[("/TrainingJobDefinition/RoleArn", json!("MyRole"))]);
    let verdict = judge(&role);
    let error = verdict.errors().next().unwrap();
    assert_eq!(
        (verdict.errors().count(), error.remedy.as_str()),
        (1, "give the ARN of an IAM role")
    );
    let short = with(
        one_definition(),
        &[("/HyperParameterTuningJobConfig/TrainingJobEarlyStopping", json!("Off"))],
    );
    let remedy = judge(&short).errors().next().unwrap().remedy.clone();
    assert_eq!(remedy, "TrainingJobEarlyStoppingType may be meant; else remove it");
}
