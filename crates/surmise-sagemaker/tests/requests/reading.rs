//! Reading and writing requests: a round trip changes nothing, including order and unknown members,
//! and documents that cannot be read are refused with the reason.

use serde_json::{Value, json};
use surmise_sagemaker::{
    CreateHyperParameterTuningJobRequest, Document, DocumentFormat, DocumentReader,
    HyperParameterTuningJobConfig, JobStrategy, ReadError, TuningJobCompletionCriteria, Validator,
};

use crate::{document, file, files, one_definition, validate, with};

/// Asserts that a request is written to the last character as it was read.
fn assert_round_trip(name: &str, value: &Value) {
    let request: CreateHyperParameterTuningJobRequest =
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(serde_json::to_string(&request).unwrap(), value.to_string(), "{name}");
    assert_eq!(Document::from(&request).body(), value, "{name}");
}

#[test]
fn accepted_requests_survive_a_round_trip_to_the_last_character() {
    for (name, request) in files("accepted") {
        assert!(validate(&request).is_accepted(), "{name}: {}", validate(&request));
        assert_round_trip(&name, &request);
        let read = document(&request).request().unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), request, "{name}");
        let unknown = read.unknown_members.members().chain(read.config.unknown_members.members());
        assert_eq!(unknown.count(), 0, "{name} has members that no type knows");
    }
}

#[test]
fn published_requests_are_read_validated_and_written_back() {
    /// Published requests that the service refuses, with the path of the error.
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
        let validation = Validator::default().validate(&document);
        match REFUSED.iter().find(|(refused, _)| *refused == name) {
            Some((_, path)) => {
                let is_reported = validation.errors().any(|error| error.subject == *path);
                assert!(is_reported, "{name}: {validation}");
            }
            None => {
                assert!(validation.is_accepted(), "{name}: {validation}");
                if *document.format() == DocumentFormat::Request {
                    assert_round_trip(&name, &value);
                }
            }
        }
    }
}

#[test]
fn unknown_members_numbers_as_strings_and_order_survive() {
    let text = concat!(
        r#"{"Zeta":{"b":1,"a":[1,2.50,"x"]},"HyperParameterTuningJobConfig":{"#,
        r#""ResourceLimits":{"New":null,"MaxParallelTrainingJobs":1},"Strategy":"Random","#,
        r#""ParameterRanges":{"ContinuousParameterRanges":[{"Unit":"m","MaxValue":"1.500","#,
        r#""Name":"x","MinValue":"-0.0e0"}],"IntegerParameterRanges":[]},"Alpha":true},"#,
        r#""HyperParameterTuningJobName":"n"}"#
    );
    let request: CreateHyperParameterTuningJobRequest = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&request).unwrap();
    // The number 2.5 has only one spelling in JSON.
    assert_eq!(written, text.replace("2.50", "2.5"));
    let range = &request.config.parameter_ranges.as_ref().unwrap().continuous.as_ref().unwrap()[0];
    assert_eq!((range.min_value.as_str(), range.max_value.as_str()), ("-0.0e0", "1.500"));
    assert_eq!(range.unknown_members.members().collect::<Vec<_>>(), [("Unit", &json!("m"))]);
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
fn members_set_in_code_are_written_after_those_read() {
    let mut config: HyperParameterTuningJobConfig = serde_json::from_str(
        r#"{"Strategy":"Random","New":1,"ResourceLimits":{"MaxParallelTrainingJobs":2}}"#,
    )
    .unwrap();
    config.random_seed = Some(7);
    config.unknown_members.insert("New", json!(2));
    assert_eq!(
        serde_json::to_string(&config).unwrap(),
        concat!(
            r#"{"Strategy":"Random","ResourceLimits":{"MaxParallelTrainingJobs":2},"#,
            r#""New":2,"RandomSeed":7}"#
        )
    );
    config.unknown_members.insert("Strategy", json!("Bayesian"));
    config.strategy = JobStrategy::Grid;
    assert!(serde_json::to_string(&config).unwrap().starts_with(r#"{"Strategy":"Grid""#));
}

#[test]
fn a_bare_configuration_is_read() {
    let config = one_definition()["HyperParameterTuningJobConfig"].clone();
    let read = document(&config);
    assert_eq!(*read.format(), DocumentFormat::Config);
    assert!(Validator::default().validate(&read).is_accepted());
    assert_eq!(serde_json::to_value(read.config().unwrap()).unwrap(), config);
    let error = read.request().unwrap_err().to_string();
    assert!(error.contains("without training jobs"), "{error}");
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    bytes.extend(one_definition().to_string().bytes());
    assert_eq!(*Document::read(&bytes).unwrap().body(), one_definition());
}

#[test]
fn documents_without_a_request_are_refused_with_the_reason() {
    for (text, wanted) in [
        ("", "not JSON"),
        ("{\"a\": }", "line 1 column 7"),
        ("\u{0}\u{ff}", "not JSON"),
        ("[1]", "it is not an object"),
        ("{}", "it is empty"),
        ("{\"Foo\": 1}", "\"Foo\""),
        ("{\"States\": {\"A\": {\"Type\": \"Pass\"}}}", "there are \"A\""),
        (
            "{\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::lambda:invoke\"}",
            "creates no tuning job",
        ),
    ] {
        let error = Document::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(Document::read(deep.as_bytes()), Err(ReadError::NotJson(_))));
}

#[test]
fn the_aws_sample_is_read_completely() {
    let machine = file("tune_model_state_machine.json");
    let reader = DocumentReader::default().with_input(json!({"body": {"jobName": "from-path-1"}}));
    let document = reader.read_value(machine.clone()).unwrap();
    let DocumentFormat::StateMachine { state, waits_for_completion, .. } = document.format() else {
        panic!("{:?}", document.format())
    };
    assert_eq!((state.as_str(), *waits_for_completion), ("HyperparameterTuning (XGBoost)", true));
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
        "arn:aws:iam::012345678912:role/\
         StepFunctionsSample-SageM-SageMakerAPIExecutionRol-1MNH1VS5CGGOG"
    );
    assert_eq!(definition.static_hyper_parameters.as_ref().unwrap()["num_round"], "2");
    assert_eq!(definition.input.as_ref().unwrap().len(), 2);
    assert_eq!(definition.stopping_condition.max_runtime_in_seconds, Some(86_400));

    let validation = Validator::default().validate(&document);
    assert!(validation.is_accepted(), "{validation}");
    let warned: Vec<&str> =
        validation.warnings().map(|w| w.subject.rsplit_once("Parameters.").unwrap().1).collect();
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
fn wrong_json_types_are_refused_with_a_remedy() {
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
    let validation = validate(&request);
    let remedies: Vec<&str> = validation.errors().map(|error| error.remedy.as_str()).collect();
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
    let validation = validate(&request);
    let unknown =
        validation.errors().find(|error| error.subject == "$.HyperparameterTuningJobConfig");
    assert_eq!(
        unknown.unwrap().remedy,
        "did you mean HyperParameterTuningJobConfig? Otherwise, remove it"
    );
    let tolerant = Validator::default().allow_unknown_members();
    let with_more = with(one_definition(), &[("/Tomorrow", json!(1))]);
    assert!(!validate(&with_more).is_accepted());
    assert!(tolerant.validate(&document(&with_more)).is_accepted());
}

#[test]
fn duplicate_members_give_a_warning() {
    let text = one_definition().to_string();
    let with_duplicate = text.replace("\"epochs\":\"30\"", "\"epochs\":\"10\",\"epochs\":\"30\"");
    assert_ne!(text, with_duplicate);
    let document = Document::read(with_duplicate.as_bytes()).unwrap();
    assert_eq!(*document.body(), one_definition());
    let validation = Validator::default().validate(&document);
    let path = "$.TrainingJobDefinition.StaticHyperParameters.epochs";
    assert!(validation.is_accepted());
    assert!(validation.warnings().any(|warning| warning.subject == path), "{validation}");
    assert!(validate(&one_definition()).warnings().all(|warning| warning.subject != path));
}

#[test]
fn control_characters_in_names_are_escaped() {
    let request = with(one_definition(), &[("/a\nb'", json!("x".repeat(100_000)))]);
    let validation = validate(&request);
    let unknown = validation.errors().find(|error| error.subject.contains("a\\n")).unwrap();
    assert_eq!(unknown.subject, r"$['a\nb\'']");
    assert!(unknown.value.ends_with("… (100000 characters)") && unknown.value.len() < 150);
}

#[test]
fn one_fault_gives_exactly_one_error() {
    let long = with(one_definition(), &[("/HyperParameterTuningJobName", json!("a".repeat(33)))]);
    let errors: Vec<String> = validate(&long).errors().map(|error| error.rule.clone()).collect();
    assert_eq!(errors, ["it may have at most 32 characters, not 33"]);
    let role = with(one_definition(), &[("/TrainingJobDefinition/RoleArn", json!("MyRole"))]);
    let validation = validate(&role);
    let error = validation.errors().next().unwrap();
    assert_eq!(
        (validation.errors().count(), error.remedy.as_str()),
        (1, "give the ARN of an IAM role")
    );
    let short = with(
        one_definition(),
        &[("/HyperParameterTuningJobConfig/TrainingJobEarlyStopping", json!("Off"))],
    );
    let remedy = validate(&short).errors().next().unwrap().remedy.clone();
    assert_eq!(remedy, "did you mean TrainingJobEarlyStoppingType? Otherwise, remove it");
}
