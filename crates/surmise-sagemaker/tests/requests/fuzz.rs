//! No bytes, changed request or expression causes a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use surmise::pattern::MetricPattern;
use surmise_sagemaker::{AlgorithmDescription, Document, DocumentReader, Validator};

use crate::{file, files};

/// Calls everything that the crate offers for a document.
fn exercise(document: &Document) {
    let validator = Validator::default()
        .with_algorithm(
            AlgorithmDescription::read_value(file("algorithm_description.json")).unwrap(),
        )
        .with_log_lines(["epoch 1 loss=0.5", ""]);
    let validation = validator.validate(document);
    let _ = validation.to_string();
    let _ =
        document.tuning().map(|tuning| tuning.study().map(|mut study| study.ask(2).map(|_| ())));
    if let Ok(request) = document.request() {
        // Even an invalid request is written as it was read.
        assert_eq!(serde_json::to_value(&request).unwrap(), *document.body());
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            Just(String::new()),
            "\\PC{0,20}",
            "[0-9.eE+-]{1,8}",
            Just("$.a".to_owned()),
            Just("x".repeat(3000)),
            Just("States.Format('{}', $.a)".to_owned()),
            Just("Logarithmic".to_owned()),
            Just("Grid".to_owned()),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[A-Za-z.$]{0,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Collects the JSON pointers of all values of a document.
fn pointers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(member, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Rename(String),
    Duplicate,
    Swap(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        json_value().prop_map(Change::Replace),
        Just(Change::Remove),
        "[A-Za-z]{0,6}(\\.\\$)?".prop_map(Change::Rename),
        Just(Change::Duplicate),
        any::<usize>().prop_map(Change::Swap),
    ]
}

fn apply(document: &mut Value, index: usize, change: &Change) {
    let mut all = Vec::new();
    pointers(document, "", &mut all);
    let pointer = all[index % all.len()].clone();
    if let Change::Swap(other) = change {
        let value = document.pointer(&all[other % all.len()]).cloned();
        if let (Some(value), Some(target)) = (value, document.pointer_mut(&pointer)) {
            *target = value;
        }
        return;
    }
    if let Change::Replace(value) = change {
        if let Some(target) = document.pointer_mut(&pointer) {
            *target = value.clone();
        }
        return;
    }
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), change) {
        (Some(Value::Object(members)), Change::Remove) => {
            members.shift_remove(&name);
        }
        (Some(Value::Object(members)), Change::Rename(new)) => {
            if let Some(value) = members.shift_remove(&name) {
                members.insert(format!("{name}{new}"), value);
            }
        }
        (Some(Value::Array(items)), Change::Remove) => {
            items.remove(name.parse().unwrap());
        }
        (Some(Value::Array(items)), Change::Duplicate) => {
            let item = items[name.parse::<usize>().unwrap()].clone();
            items.push(item);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_cause_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(document) = Document::read(&bytes) {
            exercise(&document);
        }
    }

    #[test]
    fn no_json_causes_a_panic(value in json_value()) {
        for shaped in [
            value.clone(),
            json!({"HyperParameterTuningJobConfig": value.clone()}),
            json!({"Strategy": "Bayesian", "ParameterRanges": value.clone()}),
            json!({"States": value.clone()}),
            json!({"States": {"S": {
                "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob",
                "Parameters": value.clone()
            }}}),
        ] {
            let reader = DocumentReader::default().with_input(value.clone());
            if let Ok(document) = reader.read_value(shaped) {
                exercise(&document);
            }
        }
    }

    #[test]
    fn no_changed_request_causes_a_panic(
        which in any::<usize>(),
        changes in vec((any::<usize>(), change()), 1..6),
    ) {
        let accepted = files("accepted").into_iter();
        let mut requests: Vec<Value> = accepted.map(|(_, request)| request).collect();
        requests.push(file("tune_model_state_machine.json"));
        let index = which % requests.len();
        let mut request = requests.swap_remove(index);
        for (index, change) in &changes {
            apply(&mut request, *index, change);
        }
        let reader = DocumentReader::default().with_input(json!({"body": {"jobName": "n"}}));
        let without_input = DocumentReader::default().read_value(request.clone());
        let documents = [without_input, reader.read_value(request)];
        for document in documents.iter().flatten() {
            exercise(document);
        }
    }

    #[test]
    fn no_expression_causes_a_panic(
        text in prop_oneof![
            "\\PC{0,30}",
            "\\$[.a-c\\[\\]'0-9:*,?@()-]{0,20}",
            "States\\.(Format|Array|ArrayRange|MathAdd|StringSplit|ArrayPartition|Base64Decode\
             |JsonMerge|StringToJson)\\([$.a-c'{}\\\\,0-9 -]{0,20}\\)?",
        ],
        input in json_value(),
    ) {
        let parameters = json!({"HyperParameterTuningJobName.$": text});
        let reader = DocumentReader::default().with_input(json!({"a": input}));
        let document = reader.read_value(parameters).unwrap();
        // An expression either has a value or is listed as unresolved.
        let is_named = document.unresolved().len() == 1;
        prop_assert_eq!(document.body().get("HyperParameterTuningJobName").is_none(), is_named);
        prop_assert_eq!(document.body().get("HyperParameterTuningJobName.$").is_some(), is_named);
    }

    #[test]
    fn no_regular_expression_causes_a_panic(
        expression in "\\PC{0,30}|[()\\[\\]?*+.a|\\\\{}0-9^$]{0,20}",
        line in "\\PC{0,30}",
    ) {
        if let Ok(pattern) = MetricPattern::new(&expression) {
            let _ = (pattern.has_group(), pattern.find(&line), pattern.value(&line));
        }
        let metrics = json!([{"Name": "n", "Regex": expression}]);
        let request = json!({"TrainingJobDefinition": {"AlgorithmSpecification": {
            "MetricDefinitions": metrics
        }}});
        exercise(&DocumentReader::default().read_value(request).unwrap());
    }
}
