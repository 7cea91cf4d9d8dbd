//! Every rule of a single member, on both sides of each bound.
//!
//! The cases are generated from the rules of this crate, which tests/judges/shapes.py compares with
//! the service's own model.

use serde_json::{Value, json};
use surmise_sagemaker::service_model;

use crate::{at, files, one_definition, validate};

/// Collects JSON pointer, path in findings, and shape of each value whose shape is known.
fn collect_values(
    value: &Value,
    shape: &Value,
    pointer: &str,
    path: &str,
    found: &mut Vec<(String, String, Value)>,
) {
    found.push((pointer.to_owned(), path.to_owned(), shape.clone()));
    match (shape["type"].as_str().unwrap(), value) {
        ("structure", Value::Object(members)) => {
            for (name, member) in members {
                let shape = &shape["members"][name];
                collect_values(
                    member,
                    shape,
                    &format!("{pointer}/{name}"),
                    &format!("{path}.{name}"),
                    found,
                );
            }
        }
        ("list", Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let (pointer, path) = (format!("{pointer}/{index}"), format!("{path}[{index}]"));
                collect_values(item, &shape["member"], &pointer, &path, found);
            }
        }
        _ => {}
    }
}

/// Returns the rules of all errors at a path after its value is replaced.
fn rules_at(request: &Value, pointer: &str, path: &str, value: Value) -> Vec<String> {
    let mut changed = request.clone();
    *at(&mut changed, pointer) = value;
    let validation = validate(&changed);
    validation
        .errors()
        .filter(|error| error.subject == path)
        .map(|error| error.rule.clone())
        .collect()
}

/// Asserts that `invalid` values, and no `valid` ones, break a rule that begins with `start`.
///
/// The target is a request, the JSON pointer of a value, and the path of its findings. Returns the
/// number of values.
fn check(
    (request, pointer, path): (&Value, &str, &str),
    start: &str,
    valid: &[Value],
    invalid: &[Value],
) -> usize {
    let breaks = |value: &Value| {
        rules_at(request, pointer, path, value.clone()).iter().any(|rule| rule.starts_with(start))
    };
    for value in valid {
        assert!(!breaks(value), "{path}: {value} is within the bounds, but refused: {start}");
    }
    for value in invalid {
        assert!(breaks(value), "{path}: {value} is out of bounds, but accepted: {start}");
    }
    valid.len() + invalid.len()
}

fn check_string(target: (&Value, &str, &str), shape: &Value, text: &str) -> usize {
    let mut checked = 0;
    // Repeating the last character keeps the pattern satisfied.
    let with_length = |length: u64| {
        let count = text.chars().count();
        let last = text.chars().last().unwrap_or('x');
        let more = usize::try_from(length).unwrap().saturating_sub(count);
        json!(text.chars().chain(std::iter::repeat_n(last, more)).collect::<String>())
    };
    if let Some(max) = shape["max"].as_u64().filter(|max| *max >= text.chars().count() as u64) {
        checked +=
            check(target, "it may have at most", &[with_length(max)], &[with_length(max + 1)]);
    }
    match shape["min"].as_u64() {
        Some(min) if min > 0 => {
            let short: String = text.chars().take(usize::try_from(min).unwrap() - 1).collect();
            checked += check(target, "it must have at least", &[with_length(min)], &[json!(short)]);
        }
        _ => {}
    }
    if shape["pattern"].as_str().is_some_and(|pattern| pattern != r"[\S\s]*") {
        // The text keeps its length, so that only the pattern is violated.
        let start: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
        let broken = json!(format!("{start}\n"));
        checked += check(target, "it must be ", &[json!(text)], &[broken]);
    }
    if let Some(names) = shape["enum"].as_array() {
        let wrong =
            [json!("Nonsense"), json!(""), json!(names[0].as_str().unwrap().to_lowercase() + "!")];
        checked += check(target, "it must be one of", names, &wrong);
    }
    if !shape["form of enum"].is_null() {
        let wrong = [json!("m5.xlarge"), json!("ml.m5"), json!("")];
        checked +=
            check(target, "it must be an instance type", &[json!("ml.trn2.48xlarge")], &wrong);
    }
    checked +=
        check(target, "this must be text", &[], &[json!(7), json!(true), json!(null), json!([])]);
    checked
}

fn check_integer(target: (&Value, &str, &str), shape: &Value) -> usize {
    let mut checked = 0;
    if let Some(min) = shape["min"].as_i64() {
        checked += check(target, "it must be at least", &[json!(min)], &[json!(min - 1)]);
    }
    match shape["max"].as_i64() {
        Some(max) => {
            checked += check(target, "it must be at most", &[json!(max)], &[json!(max + 1)]);
        }
        None => {
            let max = i64::from(i32::MAX);
            let (valid, invalid) = ([json!(max)], [json!(max + 1)]);
            checked += check(target, "it must fit into 32 bits", &valid, &invalid);
        }
    }
    let wrong = [json!("7"), json!(1.5), json!(null), json!(u64::MAX)];
    checked + check(target, "this must be a whole number", &[], &wrong)
}

fn check_list(target: (&Value, &str, &str), shape: &Value, items: &[Value]) -> usize {
    let mut checked = 0;
    let of = |count: u64| json!(vec![items[0].clone(); usize::try_from(count).unwrap()]);
    let max = shape["max"].as_u64().unwrap();
    checked += check(target, "it may have at most", &[of(max)], &[of(max + 1)]);
    if shape["min"].as_u64().is_some_and(|min| min > 0) {
        checked += check(target, "it must have at least", &[of(1)], &[json!([])]);
    }
    checked + check(target, "this must be a list", &[], &[json!({}), json!("x"), json!(null)])
}

fn check_map(target: (&Value, &str, &str), shape: &Value) -> usize {
    let of = |count: u64, value: &str| -> Value {
        (0..count)
            .map(|index| (format!("name{index}"), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let max = shape["max"].as_u64().unwrap();
    let mut checked = check(target, "it may have at most", &[of(max, "")], &[of(max + 1, "")]);
    let (request, pointer, path) = target;
    let max_length = usize::try_from(shape["value"]["max"].as_u64().unwrap()).unwrap();
    let entry = (request, pointer, path);
    for (count, is_valid) in [(max_length, true), (max_length + 1, false)] {
        let mut changed = request.clone();
        *at(&mut changed, entry.1) = json!({ "name": "v".repeat(count) });
        let path = format!("{path}.name");
        let refused = validate(&changed)
            .errors()
            .any(|error| error.subject == path && error.rule.starts_with("it may have at most"));
        assert_eq!(refused, !is_valid, "{path} of {count} characters");
        checked += 1;
    }
    let max_length = usize::try_from(shape["key"]["max"].as_u64().unwrap()).unwrap();
    for (count, is_valid) in [(max_length, true), (max_length + 1, false)] {
        let mut changed = request.clone();
        let name = "n".repeat(count);
        let path = format!("{path}.{name} (its name)");
        *at(&mut changed, entry.1) = json!({ name: "" });
        let refused = validate(&changed)
            .errors()
            .any(|error| error.subject == path && error.rule.starts_with("it may have at most"));
        assert_eq!(refused, !is_valid, "a name of {count} characters");
        checked += 1;
    }
    checked
}

fn check_structure(
    target: (&Value, &str, &str),
    shape: &Value,
    members: &serde_json::Map<String, Value>,
) -> usize {
    let (request, pointer, path) = target;
    // A document that is no object is no request, so the root is left out.
    let wrong_types =
        if pointer.is_empty() { vec![] } else { vec![json!([]), json!("x"), json!(1)] };
    let mut checked = check(target, "this must be an object", &[], &wrong_types);
    for required in shape["required"].as_array().unwrap() {
        let name = required.as_str().unwrap();
        let mut fewer = members.clone();
        fewer.shift_remove(name).expect("an accepted request has all required members");
        let mut changed = request.clone();
        *at(&mut changed, pointer) = fewer.into();
        let path = format!("{path}.{name}");
        let is_reported = validate(&changed)
            .errors()
            .any(|error| error.subject == path && error.value == "missing");
        assert!(is_reported, "{path} is missing without an error");
        checked += 1;
    }
    let mut more = members.clone();
    more.insert("Nonsense".to_owned(), json!(1));
    let mut changed = request.clone();
    *at(&mut changed, pointer) = more.into();
    let path = format!("{path}.Nonsense");
    let is_refused = validate(&changed)
        .errors()
        .any(|error| error.subject == path && error.rule.ends_with("has no such member"));
    assert!(is_refused, "{path} is unknown without an error");
    checked + 1
}

#[test]
fn every_member_is_validated_on_both_sides_of_each_bound() {
    let model = service_model();
    let mut checked = 0;
    for (name, request) in files("accepted") {
        let mut found = Vec::new();
        collect_values(&request, &model, "", "$", &mut found);
        assert!(found.len() > 20, "{name}");
        for (pointer, path, shape) in found {
            let target = (&request, pointer.as_str(), path.as_str());
            checked += match (shape["type"].as_str().unwrap(), request.pointer(&pointer).unwrap()) {
                ("string", Value::String(text)) => check_string(target, &shape, text),
                ("integer", _) => check_integer(target, &shape),
                ("long", _) => check(
                    target,
                    "this must be a whole number",
                    &[json!(i64::MIN)],
                    &[json!("1"), json!(0.5)],
                ),
                ("float", _) => {
                    check(
                        target,
                        "it must fit into 32 bits",
                        &[json!(3.4e38), json!(0)],
                        &[json!(3.5e38)],
                    ) + check(
                        target,
                        "this must be a number",
                        &[json!(-1.5)],
                        &[json!("0.9"), json!(null)],
                    )
                }
                ("boolean", _) => check(
                    target,
                    "this must be true or false",
                    &[json!(true)],
                    &[json!("true"), json!(1)],
                ),
                ("list", Value::Array(items)) => check_list(target, &shape, items),
                ("map", _) => check_map(target, &shape),
                ("structure", Value::Object(members)) => check_structure(target, &shape, members),
                other => panic!("{path}: {other:?}"),
            };
        }
    }
    assert!(checked > 1500, "{checked} bounds were checked");
}

/// JSON pointers with texts that their patterns accept, and similar ones that they refuse.
const PATTERNS: [(&str, &[&str], &[&str]); 14] = [
    ("/HyperParameterTuningJobName", &["a", "a--b", "0"], &["-a", "a-", "a_b", "a.b", "ä"]),
    (
        "/WarmStartConfig/ParentHyperParameterTuningJobs/0/HyperParameterTuningJobName",
        &["A-1"],
        &["a:b", "a "],
    ),
    ("/TrainingJobDefinition/DefinitionName", &["a-b"], &["a-", "a b"]),
    (
        "/TrainingJobDefinition/RoleArn",
        &["arn:aws-cn:iam::123456789012:role/a/b", "arn:aws:iam::012345678912:rolex"],
        &[
            "arn:aws:iam::12345678901:role/admin",
            "arn:aws:iam::123456789012:user/admin",
            "arn:aws:iam::123456789012:role/a b",
        ],
    ),
    (
        "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName",
        &["mine", "arn:aws:sagemaker:us-east-2:764419575721:algorithm/a-b"],
        &["mine-", "-mine", "a_b", "arn:aws:sagemaker:us-east-2:7644:algorithm/a"],
    ),
    (
        "/TrainingJobDefinition/OutputDataConfig/S3OutputPath",
        &["s3://b", "https://b/k"],
        &["s3:/b", "file:///b", "s3:///k"],
    ),
    ("/TrainingJobDefinition/OutputDataConfig/KmsKeyId", &["", "alias/a_b"], &["a b", "a+b"]),
    ("/TrainingJobDefinition/VpcConfig/Subnets/0", &["subnet-1"], &["subnet_1", ""]),
    ("/TrainingJobDefinition/InputDataConfig/0/ChannelName", &["a.b-c_d"], &["a/b", "a b"]),
    (
        "/TrainingJobDefinition/InputDataConfig/2/DataSource/FileSystemDataSource/FileSystemId",
        &["fs-01234567"],
        &["fs-XYZ45678", "fs_01234567", "gs-01234567"],
    ),
    (
        "/TrainingJobDefinition/InputDataConfig/3/DataSource/DatasetSource/DatasetArn",
        &["arn:aws:sagemaker:us-east-1:aws:hub-content/h/DataSet/d"],
        &["arn:aws:sagemaker:us-east-1:aws:hub-content/h/Model/d"],
    ),
    (
        "/TrainingJobDefinition/ResourceConfig/TrainingPlanArn",
        &["arn:aws:sagemaker:us-east-1:111122223333:training-plan/"],
        &["arn:aws:sagemaker:us-east-1:11112222333:training-plan/xx"],
    ),
    ("/Tags/0/Key", &["Größe 1", "a.b:c/d=e+f-g@h_"], &["a#b", "a,b", "a\tb"]),
    (
        "/TrainingJobDefinition/StaticHyperParameters/epochs",
        &["", "any thing: #\t"],
        &["two\nlines"],
    ),
];

#[test]
fn patterns_reject_near_misses() {
    let request = one_definition();
    for (pointer, valid, invalid) in PATTERNS {
        let step = |step: &str| {
            if step.parse::<usize>().is_ok() { format!("[{step}]") } else { format!(".{step}") }
        };
        let path: String = pointer.split('/').skip(1).map(step).collect();
        let [valid, invalid] =
            [valid, invalid].map(|texts| texts.iter().map(|text| json!(text)).collect());
        let (valid, invalid): (Vec<Value>, Vec<Value>) = (valid, invalid);
        check((&request, pointer, &format!("${path}")), "it must be ", &valid, &invalid);
    }
    let mut environment = request;
    environment["TrainingJobDefinition"]["Environment"] =
        json!({"1A": "", "A-B": "", "_a1": "any\nthing"});
    let validation = validate(&environment);
    let refused: Vec<&str> = validation.errors().map(|error| error.subject.as_str()).collect();
    let of = |name: &str| format!("$.TrainingJobDefinition.Environment{name} (its name)");
    assert_eq!(refused, [of(".1A"), of("['A-B']")]);
}

/// Collects all members of the model, as paths without indices.
fn all_members(shape: &Value, path: &str, found: &mut Vec<String>) {
    match shape["type"].as_str().unwrap() {
        "structure" => {
            for (name, member) in shape["members"].as_object().unwrap() {
                let path = format!("{path}.{name}");
                found.push(path.clone());
                all_members(member, &path, found);
            }
        }
        "list" => all_members(&shape["member"], &format!("{path}[]"), found),
        _ => {}
    }
}

#[test]
fn the_accepted_requests_use_every_member() {
    let model = service_model();
    let mut used = Vec::new();
    for (_, request) in files("accepted") {
        let mut found = Vec::new();
        collect_values(&request, &model, "", "$", &mut found);
        let plain = |path: &str| {
            let parts = path.split(['[', ']']).enumerate();
            parts
                .filter(|(index, _)| index % 2 == 0)
                .map(|(_, part)| part)
                .collect::<Vec<_>>()
                .join("[]")
        };
        used.extend(found.iter().map(|(_, path, _)| plain(path)));
    }
    // The members of one definition and of several definitions are the same.
    let one = |path: &str| path.replace("$.TrainingJobDefinitions[]", "$.TrainingJobDefinition");
    let used: Vec<String> = used.iter().map(|path| one(path)).collect();
    let mut all = Vec::new();
    all_members(&model, "$", &mut all);
    let ranges = |path: &str| {
        path.replace(
            "$.TrainingJobDefinition.HyperParameterRanges",
            "$.HyperParameterTuningJobConfig.ParameterRanges",
        )
    };
    // Members that only the service sets are left out.
    let is_answer = |path: &str| path.contains(".SelectedInstance");
    let unused: Vec<&String> = all
        .iter()
        .filter(|path| !is_answer(path))
        .filter(|path| !used.contains(&one(path)) && !used.contains(&ranges(&one(path))))
        .collect();
    assert!(unused.is_empty(), "{unused:#?}");
    assert!(all.len() > 150);
}
