//! What is not known before a state machine runs is neither missing nor wrong; what is wrong in any case is.

use serde_json::{Value, json};
use surmise_sagemaker::{AlgorithmDescription, Document, DocumentReader, Judge, Severity, Verdict};

use super::{base, says};
use crate::{at, document, file, with, without};

/// A request as the parameters of a task, without an input.
fn task(parameters: &Value) -> Document {
    document(&json!({"States": {"T": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
        "Parameters": parameters,
    }}}))
}

fn judged(parameters: &Value) -> Verdict {
    Judge::default().judge(&task(parameters))
}

/// The request with a member's value replaced by an expression.
fn open(mut request: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = at(&mut request, parent).as_object_mut().unwrap();
    members.shift_remove(name).expect(pointer);
    members.insert(format!("{name}.$"), json!("$.later"));
    request
}

/// All members of a request, as pointers.
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
fn no_member_that_is_known_later_makes_an_accepted_request_refused() {
    let mut count = 0;
    for name in ["one_definition", "several_definitions", "autotune", "grid"] {
        let request = file(&format!("accepted/{name}.json"));
        let mut found = Vec::new();
        members(&request, "", &mut found);
        for pointer in found {
            let verdict = judged(&open(request.clone(), &pointer));
            assert!(verdict.is_accepted(), "{name} {pointer}: {verdict}");
            count += 1;
        }
    }
    assert!(count > 200);
}

#[test]
fn nor_beside_the_description_of_its_algorithm() {
    let description = AlgorithmDescription::recognize(file("algorithm_description.json")).unwrap();
    let judge = Judge::default().with_algorithm(description);
    let request = super::algorithm::trees();
    let mut found = Vec::new();
    members(&request, "", &mut found);
    for pointer in found {
        let verdict = judge.judge(&task(&open(request.clone(), &pointer)));
        assert!(verdict.is_accepted(), "{pointer}: {verdict}");
    }
}

#[test]
fn what_stands_beside_what_it_excludes_is_refused_before_it_is_known() {
    let several = file("accepted/several_definitions.json");
    let flexible =
        several["TrainingJobDefinitions"][2]["HyperParameterTuningResourceConfig"].clone();
    let one = several["TrainingJobDefinitions"][0].clone();
    for (place, value) in [
        ("/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName", json!("mine")),
        ("/TrainingJobDefinition/HyperParameterTuningResourceConfig", flexible),
        ("/TrainingJobDefinitions", json!([one])),
    ] {
        let verdict = judged(&open(with(base(), &[(place, value)]), place));
        assert!(
            verdict.errors().any(|error| error.rule.contains("not both")),
            "{place}: {verdict}"
        );
    }
}

#[test]
fn a_value_and_an_expression_for_it_exclude_each_other() {
    let both = with(base(), &[("/HyperParameterTuningJobName.$", json!("$.name"))]);
    let path = "$.States.T.Parameters['HyperParameterTuningJobName.$']";
    let verdict = judged(&both);
    let is_said = verdict.errors().any(|error| {
        error.subject == path
            && error.rule.contains("there is HyperParameterTuningJobName beside it")
    });
    assert!(is_said, "{verdict}");
}

#[test]
fn expressions_in_what_was_resolved_are_no_expressions_any_more() {
    let request = open(base(), "/Tags");
    let machine = json!({"States": {"T": {
        "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob",
        "Parameters": request,
    }}});
    let input = json!({"later": [{"Key.$": "$.x", "Value": "v"}]});
    let document = DocumentReader::default().with_input(input).recognize(machine).unwrap();
    let verdict = Judge::default().judge(&document);
    let path = "$.States.T.Parameters.Tags[0]['Key.$']";
    assert!(says(&verdict, Severity::Error, path, "has no such member"), "{verdict}");
}

#[test]
fn a_value_that_turns_out_to_be_null_is_warned_of_where_it_may_be_left_out() {
    let resolved = |pointer: &str| {
        let machine = json!({"States": {"T": {
            "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob",
            "Parameters": open(base(), pointer),
        }}});
        let reader = DocumentReader::default().with_input(json!({"later": null}));
        Judge::default().judge(&reader.recognize(machine).unwrap())
    };
    let optional = resolved("/WarmStartConfig");
    assert!(optional.is_accepted(), "{optional}");
    let path = "$.States.T.Parameters.WarmStartConfig";
    assert!(says(&optional, Severity::Warning, path, "null"), "{optional}");
    let path = "$.States.T.Parameters.TrainingJobDefinition.RoleArn";
    let required = resolved("/TrainingJobDefinition/RoleArn");
    assert!(says(&required, Severity::Error, path, "must be text"), "{required}");
    assert!(
        !Judge::default().judge(&document(&with(base(), &[("/Tags", json!(null))]))).is_accepted()
    );
}

#[test]
fn a_configuration_may_have_expressions_too() {
    let config = base()["HyperParameterTuningJobConfig"].clone();
    let open = open(config.clone(), "/ResourceLimits");
    let read = document(&open);
    assert_eq!(read.unresolved().len(), 1);
    assert!(Judge::default().judge(&read).is_accepted());
    let input = json!({"later": config["ResourceLimits"]});
    let resolved = DocumentReader::default().with_input(input).recognize(open).unwrap();
    assert_eq!(*resolved.body(), {
        let mut moved = without(config.clone(), &["/ResourceLimits"]);
        moved["ResourceLimits"] = config["ResourceLimits"].clone();
        moved
    });
    assert!(resolved.config().is_ok());
}

#[test]
fn an_expression_whose_name_lacks_its_suffix_is_warned_of() {
    let of = |name: &str| {
        with(
            base(),
            &[("/HyperParameterTuningJobName", json!("n")), ("/Tags/0/Value", json!(name))],
        )
    };
    let path = "$.States.T.Parameters.Tags[0].Value";
    let text = "looks like an expression";
    for forgotten in ["$.wd", "States.Format('x')", "$$.Execution.Name"] {
        let verdict = judged(&of(forgotten));
        assert!(says(&verdict, Severity::Warning, path, text), "{verdict}");
    }
    for plain in ["", "US.States", "a$.b"] {
        let verdict = judged(&of(plain));
        assert!(!says(&verdict, Severity::Warning, path, text), "{verdict}");
    }
    // Outside of a state machine nothing is an expression.
    let alone = Judge::default().judge(&document(&of("$.wd")));
    assert!(!alone.findings().iter().any(|one| one.violation.rule.contains(text)), "{alone}");
}
