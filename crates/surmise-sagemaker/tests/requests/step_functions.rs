//! State machines: finding the tuning task and resolving its parameters.

use serde_json::{Value, json};
use surmise_sagemaker::{Document, DocumentFormat, DocumentReader, ReadError, Validator};

use crate::{document, file};

const GOLDEN: &str = include_str!("../golden/step_functions.json");

fn task(parameters: &Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
        "Parameters": parameters,
        "End": true,
    })
}

fn machine(parameters: &Value) -> Value {
    json!({"StartAt": "Tune", "States": {"Tune": task(parameters)}})
}

#[test]
fn expressions_have_the_same_values_as_in_moto() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let reader = DocumentReader::default().with_input(golden["input"].clone());
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        let parameters = json!({"Tags": {"deep": [{"v.$": case["expression"]}]}});
        let document = reader.read_value(machine(&parameters)).unwrap();
        let resolved = &document.body()["Tags"]["deep"][0];
        match case["value"].get(0) {
            Some(value) => assert_eq!(resolved, &json!({"v": value}), "{}", case["expression"]),
            None => {
                assert_eq!(resolved, &json!({"v.$": case["expression"]}));
                assert_eq!(document.unresolved().len(), 1, "{}", case["expression"]);
                assert!(!document.unresolved()[0].resolves_at_run_time, "{}", case["expression"]);
            }
        }
    }
}

#[test]
fn expressions_unknown_to_moto_follow_the_specification() {
    let input = json!({"list": [1, 2, "two"], "odd": "{}"});
    let reader = DocumentReader::default().with_input(input);
    for (expression, expected) in [
        ("$.list[-1]", json!("two")),
        (r"States.Format('a\{b\} \'q\' \\ {}', $.list[0])", json!(r"a{b} 'q' \ 1")),
        ("States.Format($.odd, 7)", json!("7")),
        ("States.Array(null, 1.5)", json!([null, 1.5])),
        ("States.ArrayRange(5, 1, -2)", json!([5, 3, 1])),
        ("States.ArrayUnique(States.Array(1, 1.0, 'a', 'a'))", json!([1, "a"])),
        ("States.JsonToString($.list)", json!("[1,2,\"two\"]")),
        ("States.Base64Encode('ab')", json!("YWI=")),
        ("States.Base64Decode('YWI=')", json!("ab")),
    ] {
        let document = reader.read_value(machine(&json!({"Tags.$": expression}))).unwrap();
        assert_eq!(document.body(), &json!({ "Tags": expected }), "{expression}");
    }
    // These calls have the wrong number of arguments for any input.
    for wrong in ["States.Format('{}', 1, 2)", "States.Format('{} {}', $.later)"] {
        let document = document(&machine(&json!({"Tags.$": wrong})));
        assert!(document.unresolved()[0].reason.contains("as many {}"));
        assert!(!document.unresolved()[0].resolves_at_run_time);
    }
    let missing = machine(&json!({"Tags.$": "States.Format('{} {}', $.list[0], $.nowhere)"}));
    let missing = reader.read_value(missing).unwrap();
    assert!(missing.unresolved()[0].reason.starts_with("$.nowhere does not exist"));
    let nested = "States.Array(".repeat(11) + &")".repeat(11);
    let document = reader.read_value(machine(&json!({"Tags.$": nested}))).unwrap();
    assert!(document.unresolved()[0].reason.contains("nested deeper"));
}

#[test]
fn unresolved_expressions_are_named_with_the_reason() {
    let parameters = json!({
        "HyperParameterTuningJobName.$": "$$.Execution.Name",
        "Tags.$": "States.UUID()",
        "Autotune.$": "States.Hash('x', 'SHA-1')",
        "WarmStartConfig.$": "$.parents",
        "TrainingJobDefinition": {"RoleArn.$": "$role.arn", "Environment.$": 5},
    });
    let bare = document(&machine(&parameters));
    let unresolved_paths = |document: &Document| -> Vec<(String, bool)> {
        let unresolved = document.unresolved().iter();
        unresolved
            .map(|one| (one.path.rsplit_once("['").unwrap().1.to_owned(), one.resolves_at_run_time))
            .collect()
    };
    assert_eq!(
        unresolved_paths(&bare),
        [
            ("HyperParameterTuningJobName.$']".to_owned(), true),
            ("Tags.$']".to_owned(), true),
            ("Autotune.$']".to_owned(), true),
            ("WarmStartConfig.$']".to_owned(), true),
            ("RoleArn.$']".to_owned(), true),
            ("Environment.$']".to_owned(), false),
        ]
    );
    // An input without the value makes the state machine fail.
    let reader = DocumentReader::default()
        .with_input(json!({"other": 1}))
        .with_context(json!({"Execution": {"Name": "run-7"}}));
    let document = reader.read_value(machine(&parameters)).unwrap();
    assert_eq!(document.body()["HyperParameterTuningJobName"], "run-7");
    assert!(unresolved_paths(&document).contains(&("WarmStartConfig.$']".to_owned(), false)));
    let validation = Validator::default().validate(&document);
    let parents = "$.States.Tune.Parameters['WarmStartConfig.$']";
    assert!(validation.errors().any(|error| error.subject == parents), "{validation}");
    // A member with an unresolved value is not reported as missing.
    assert!(!validation.errors().any(|error| error.subject.ends_with(".RoleArn")), "{validation}");
}

#[test]
fn the_aws_sample_without_an_input_is_accepted_with_unresolved_parts() {
    let document = document(&file("tune_model_state_machine.json"));
    let validation = Validator::default().validate(&document);
    assert!(validation.is_accepted(), "{validation}");
    assert_eq!(document.unresolved().len(), 1);
    assert_eq!(document.unresolved()[0].expression, "$.body.jobName");
    assert!(document.request().unwrap_err().to_string().contains("$.body.jobName"));
    assert_eq!(document.request_with_name("by-hand").unwrap().name, "by-hand");
    assert_eq!(document.tuning().unwrap().space.ranges().len(), 4);
}

#[test]
fn tuning_tasks_are_found_at_any_depth() {
    let inner = machine(&json!({"HyperParameterTuningJobName": "n"}));
    for outer in [
        json!({"States": {"P": {"Type": "Parallel", "Branches": [{"States": {}}, inner]}}}),
        json!({"States": {"M": {"Type": "Map", "ItemProcessor": inner}}}),
        json!({"States": {"M": {"Type": "Map", "Iterator": inner}}}),
    ] {
        let document = document(&outer);
        assert_eq!(document.body()["HyperParameterTuningJobName"], "n");
        let DocumentFormat::StateMachine { state, path, waits_for_completion } = document.format()
        else {
            panic!()
        };
        assert_eq!((state.as_str(), *waits_for_completion), ("Tune", true));
        assert!(path.ends_with(".States.Tune.Parameters") && path.len() > 25, "{path}");
    }
    for (resource, waits_for_completion) in [
        ("arn:aws:states:::sagemaker:createHyperParameterTuningJob", false),
        ("arn:aws-cn:states:::sagemaker:createHyperParameterTuningJob.sync", true),
        ("arn:aws:states:::aws-sdk:sagemaker:createHyperParameterTuningJob", false),
    ] {
        let mut state = task(&json!({"HyperParameterTuningJobName": "n"}));
        state["Resource"] = resource.into();
        let document = document(&state);
        let DocumentFormat::StateMachine { waits_for_completion: found, path, .. } =
            document.format()
        else {
            panic!()
        };
        assert_eq!((*found, path.as_str()), (waits_for_completion, "$.Parameters"), "{resource}");
    }
}

#[test]
fn several_tasks_require_a_choice() {
    let several = json!({"States": {
        "A": task(&json!({"HyperParameterTuningJobName": "a"})),
        "B": task(&json!({"HyperParameterTuningJobName": "b"})),
        "C": {"Type": "Succeed"},
    }});
    let error = DocumentReader::default().read_value(several.clone()).unwrap_err();
    assert_eq!(error, ReadError::SeveralTasks { states: vec!["A".into(), "B".into()] });
    let chosen = DocumentReader::default().with_state("B").read_value(several.clone()).unwrap();
    assert_eq!(chosen.body()["HyperParameterTuningJobName"], "b");
    let error = DocumentReader::default().with_state("C").read_value(several).unwrap_err();
    assert!(error.to_string().contains("\"A\", \"B\", \"C\""), "{error}");
}

#[test]
fn unsupported_tasks_are_refused_with_the_reason() {
    let mut jsonata = machine(&json!({}));
    jsonata["QueryLanguage"] = "JSONata".into();
    let mut computed = machine(&json!({}));
    computed["States"]["Tune"]["Arguments"] = "{% $states.input %}".into();
    let mut sdk = machine(&json!({}));
    sdk["States"]["Tune"]["Resource"] =
        "arn:aws:states:::aws-sdk:sagemaker:createHyperParameterTuningJob.sync".into();
    let mut token = machine(&json!({}));
    token["States"]["Tune"]["Resource"] =
        "arn:aws:states:::sagemaker:createHyperParameterTuningJob.waitForTaskToken".into();
    for (machine, expected) in [
        (jsonata, "its Arguments are not an object"),
        (computed, "its Arguments are not an object"),
        (token, "waitForTaskToken"),
        (sdk, ".sync is not supported"),
    ] {
        let error = DocumentReader::default().read_value(machine).unwrap_err();
        assert!(matches!(error, ReadError::UnsupportedTask { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn input_paths_select_the_input_and_parameters_may_be_omitted() {
    let mut narrowed = machine(&json!({"HyperParameterTuningJobName.$": "$.name"}));
    narrowed["States"]["Tune"]["InputPath"] = "$.inner".into();
    let reader = DocumentReader::default().with_input(json!({"inner": {"name": "deep"}}));
    assert_eq!(reader.read_value(narrowed).unwrap().body()["HyperParameterTuningJobName"], "deep");
    let mut without_parameters = machine(&json!({}));
    without_parameters["States"]["Tune"].as_object_mut().unwrap().shift_remove("Parameters");
    let error = DocumentReader::default().read_value(without_parameters.clone()).unwrap_err();
    assert!(error.to_string().contains("give an input"), "{error}");
    let reader =
        DocumentReader::default().with_input(json!({"HyperParameterTuningJobName": "whole"}));
    let document = reader.read_value(without_parameters).unwrap();
    assert_eq!(document.body()["HyperParameterTuningJobName"], "whole");
}

#[test]
fn an_input_path_without_a_value_is_an_error() {
    let with_path = |path: Value| {
        let mut machine = machine(&json!({"HyperParameterTuningJobName.$": "$.name"}));
        machine["States"]["Tune"]["InputPath"] = path;
        let reader = DocumentReader::default().with_input(json!({"name": "n"}));
        let document = reader.read_value(machine).unwrap();
        let validation = Validator::default().validate(&document);
        let is_named = validation.errors().any(|error| error.subject == "$.States.Tune.InputPath");
        (is_named, document.body().clone())
    };
    for path in [json!("$.other"), json!(7), json!("name")] {
        assert!(with_path(path.clone()).0, "{path}");
    }
    let (is_named, body) = with_path(json!("$"));
    assert_eq!((is_named, &body["HyperParameterTuningJobName"]), (false, &json!("n")));
    // A null as InputPath selects an empty input.
    let (is_named, body) = with_path(json!(null));
    assert_eq!((is_named, &body["HyperParameterTuningJobName.$"]), (false, &json!("$.name")));
    // An InputPath may refer to the context object only.
    let mut machine = machine(&json!({"HyperParameterTuningJobName.$": "$.Name"}));
    machine["States"]["Tune"]["InputPath"] = "$$.Execution".into();
    let reader = DocumentReader::default().with_context(json!({"Execution": {"Name": "run"}}));
    assert_eq!(reader.read_value(machine).unwrap().body()["HyperParameterTuningJobName"], "run");
}

#[test]
fn bare_parameters_are_resolved() {
    let parameters = file("published/step-functions-sdk-tuning-placeholders.json");
    let input = json!({"job_name": "n"});
    let context = json!({"Execution": {"Input": {
        "objective_metric_name": "test:msd", "objective_type": "Minimize",
        "max_jobs": 4, "max_parallel_jobs": 2,
        "strategy": "Bayesian", "early_stopping_type": "Off", "tags": [{"Key": "k", "Value": "v"}],
        "hyperparameter_ranges": {}, "data_input": [],
    }}});
    let reader = DocumentReader::default().with_input(input).with_context(context);
    let document = reader.read_value(parameters).unwrap();
    assert!(document.unresolved().is_empty(), "{:?}", document.unresolved());
    assert_eq!(document.body()["HyperParameterTuningJobName"], "n");
    let limits = &document.body()["HyperParameterTuningJobConfig"]["ResourceLimits"];
    assert_eq!(limits["MaxNumberOfTrainingJobs"], 4);
}
