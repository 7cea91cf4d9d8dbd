//! Unresolved members of state machines: they are neither missing nor wrong, but other errors
//! remain.

use serde_json::{Value, json};
use surmise_sagemaker::{
    AlgorithmDescription, Document, DocumentReader, Severity, Validation, Validator,
};

use super::{base, has_finding};
use crate::{at, document, file, with, without};

/// Returns a request as the parameters of a task, without an input.
fn task(parameters: &Value) -> Document {
    document(&json!({"States": {"T": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
        "Parameters": parameters,
    }}}))
}

fn validate_task(parameters: &Value) -> Validation {
    Validator::default().validate(&task(parameters))
}

/// Replaces the value at a JSON pointer by an expression.
fn with_expression(mut request: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = at(&mut request, parent).as_object_mut().unwrap();
    members.shift_remove(name).expect(pointer);
    members.insert(format!("{name}.$"), json!("$.later"));
    request
}

/// Collects the JSON pointers of all members of a request.
fn members(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.push(format!("{pointer}/{name}"));
                self::members(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                members(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn an_unresolved_member_never_refuses_an_accepted_request() {
    let mut count = 0;
    for name in ["one_definition", "several_definitions", "autotune", "grid"] {
        let request = file(&format!("accepted/{name}.json"));
        let mut found = Vec::new();
        members(&request, "", &mut found);
        for pointer in found {
            let validation = validate_task(&with_expression(request.clone(), &pointer));
            assert!(validation.is_accepted(), "{name} {pointer}: {validation}");
            count += 1;
        }
    }
    assert!(count > 200);
}

#[test]
fn an_unresolved_member_is_accepted_with_an_algorithm_description() {
    let description = AlgorithmDescription::read_value(file("algorithm_description.json")).unwrap();
    let validator = Validator::default().with_algorithm(description);
    let request = super::algorithm::trees();
    let mut found = Vec::new();
    members(&request, "", &mut found);
    for pointer in found {
        let validation = validator.validate(&task(&with_expression(request.clone(), &pointer)));
        assert!(validation.is_accepted(), "{pointer}: {validation}");
    }
}

#[test]
fn an_unresolved_member_still_excludes_its_alternatives() {
    let several = file("accepted/several_definitions.json");
    let flexible =
        several["TrainingJobDefinitions"][2]["HyperParameterTuningResourceConfig"].clone();
    let one = several["TrainingJobDefinitions"][0].clone();
    for (pointer, value) in [
        ("/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName", json!("mine")),
        ("/TrainingJobDefinition/HyperParameterTuningResourceConfig", flexible),
        ("/TrainingJobDefinitions", json!([one])),
    ] {
        let validation =
            validate_task(&with_expression(with(base(), &[(pointer, value)]), pointer));
        assert!(
            validation.errors().any(|error| error.rule.contains("not both")),
            "{pointer}: {validation}"
        );
    }
}

#[test]
fn a_value_and_its_expression_exclude_each_other() {
    let both = with(base(), &[("/HyperParameterTuningJobName.$", json!("$.name"))]);
    let path = "$.States.T.Parameters['HyperParameterTuningJobName.$']";
    let validation = validate_task(&both);
    let is_found = validation.errors().any(|error| {
        error.subject == path
            && error.rule.contains("there is also a member HyperParameterTuningJobName")
    });
    assert!(is_found, "{validation}");
}

#[test]
fn expressions_inside_resolved_values_are_not_evaluated() {
    let request = with_expression(base(), "/Tags");
    let machine = json!({"States": {"T": {
        "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob",
        "Parameters": request,
    }}});
    let input = json!({"later": [{"Key.$": "$.x", "Value": "v"}]});
    let document = DocumentReader::default().with_input(input).read_value(machine).unwrap();
    let validation = Validator::default().validate(&document);
    let path = "$.States.T.Parameters.Tags[0]['Key.$']";
    assert!(has_finding(&validation, Severity::Error, path, "has no such member"), "{validation}");
}

#[test]
fn a_null_for_an_optional_member_gives_a_warning() {
    let resolved = |pointer: &str| {
        let machine = json!({"States": {"T": {
            "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob",
            "Parameters": with_expression(base(), pointer),
        }}});
        let reader = DocumentReader::default().with_input(json!({"later": null}));
        Validator::default().validate(&reader.read_value(machine).unwrap())
    };
    let optional = resolved("/WarmStartConfig");
    assert!(optional.is_accepted(), "{optional}");
    let path = "$.States.T.Parameters.WarmStartConfig";
    assert!(has_finding(&optional, Severity::Warning, path, "null"), "{optional}");
    let path = "$.States.T.Parameters.TrainingJobDefinition.RoleArn";
    let required = resolved("/TrainingJobDefinition/RoleArn");
    assert!(has_finding(&required, Severity::Error, path, "must be text"), "{required}");
    assert!(
        !Validator::default()
            .validate(&document(&with(base(), &[("/Tags", json!(null))])))
            .is_accepted()
    );
}

#[test]
fn a_bare_configuration_may_have_expressions() {
    let config = base()["HyperParameterTuningJobConfig"].clone();
    let open = with_expression(config.clone(), "/ResourceLimits");
    let read = document(&open);
    assert_eq!(read.unresolved().len(), 1);
    assert!(Validator::default().validate(&read).is_accepted());
    let input = json!({"later": config["ResourceLimits"]});
    let resolved = DocumentReader::default().with_input(input).read_value(open).unwrap();
    assert_eq!(*resolved.body(), {
        let mut moved = without(config.clone(), &["/ResourceLimits"]);
        moved["ResourceLimits"] = config["ResourceLimits"].clone();
        moved
    });
    assert!(resolved.config().is_ok());
}

#[test]
fn an_expression_without_the_suffix_gives_a_warning() {
    let of = |name: &str| {
        with(
            base(),
            &[("/HyperParameterTuningJobName", json!("n")), ("/Tags/0/Value", json!(name))],
        )
    };
    let path = "$.States.T.Parameters.Tags[0].Value";
    let text = "looks like an expression";
    for forgotten in ["$.wd", "States.Format('x')", "$$.Execution.Name"] {
        let validation = validate_task(&of(forgotten));
        assert!(has_finding(&validation, Severity::Warning, path, text), "{validation}");
    }
    for plain in ["", "US.States", "a$.b"] {
        let validation = validate_task(&of(plain));
        assert!(!has_finding(&validation, Severity::Warning, path, text), "{validation}");
    }
    // Outside a state machine, such a text is no expression.
    let validation = Validator::default().validate(&document(&of("$.wd")));
    let is_found = validation.findings().iter().any(|it| it.violation.rule.contains(text));
    assert!(!is_found, "{validation}");
}
