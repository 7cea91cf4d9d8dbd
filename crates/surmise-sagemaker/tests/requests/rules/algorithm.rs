//! Rules of algorithms: the built-in XGBoost, and algorithm resources with a description.

use serde_json::{Value, json};
use surmise_sagemaker::{AlgorithmDescription, Severity, Validator};

use super::{RANGES, assert_error, assert_warning, has_finding};
use crate::{document, file, validate, with, without};

/// Returns AWS's sample with larger limits, and without hyperparameters unknown to XGBoost.
fn xgboost() -> Value {
    let sample = file("tune_model_state_machine.json");
    let mut request = sample["States"]["HyperparameterTuning (XGBoost)"]["Parameters"].clone();
    request.as_object_mut().unwrap().shift_remove("HyperParameterTuningJobName.$");
    request["HyperParameterTuningJobName"] = "sample".into();
    request["HyperParameterTuningJobConfig"]["ResourceLimits"] =
        json!({"MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 4});
    request["TrainingJobDefinition"]["StaticHyperParameters"] = json!({"num_round": "2"});
    request
}

#[test]
fn static_values_of_xgboost_are_validated() {
    let pointer = |name: &str| format!("/TrainingJobDefinition/StaticHyperParameters/{name}");
    let statics = |name: &str, value: &str| with(xgboost(), &[(&pointer(name), json!(value))]);
    let path = |name: &str| format!("$.TrainingJobDefinition.StaticHyperParameters.{name}");
    let unknown = statics("precision_dtype", "float32");
    assert_warning(&path("precision_dtype"), "no such hyperparameter", &[xgboost()], &[unknown]);
    let eta = |value: &str| statics("eta", value);
    assert_warning(&path("eta"), "takes 0 to 1", &[eta("1")], &[eta("1.01"), eta("nan")]);
    let fraction = statics("num_round", "2.0");
    assert_warning(&path("num_round"), "whole numbers", &[xgboost()], &[fraction]);
    let booster = |value: &str| statics("booster", value);
    let (valid, invalid) = ([booster("dart")], [booster("\"dart\"")]);
    assert_warning(&path("booster"), "takes gbtree, gblinear, dart", &valid, &invalid);
    let missing = without(xgboost(), &[&pointer("num_round")]);
    assert_warning(&path("num_round"), "requires", &[xgboost()], &[missing]);
}

#[test]
fn tuned_values_of_xgboost_are_validated() {
    const FIRST: &str =
        "/HyperParameterTuningJobConfig/ParameterRanges/ContinuousParameterRanges/0";
    let tuned = |name: &str| with(xgboost(), &[(&format!("{FIRST}/Name"), json!(name))]);
    let path = format!("{RANGES}.ContinuousParameterRanges[0]");
    let name = format!("{path}.Name");
    let valid = [tuned("reg_alpha"), tuned("lambda")];
    assert_error(&name, "no such hyperparameter", &valid, &[tuned("alhpa")]);
    assert_error(
        &name,
        "is not tunable",
        &[tuned("min_child_weight")],
        &[tuned("scale_pos_weight")],
    );
    let real = json!({"Name": "num_round", "MinValue": "1", "MaxValue": "9"});
    let real = with(xgboost(), &[(FIRST, real)]);
    let real = without(real, &["/TrainingJobDefinition/StaticHyperParameters/num_round"]);
    assert_warning(&path, "its type must be Integer", &[xgboost()], &[real]);
}

#[test]
fn objectives_of_xgboost_have_a_direction() {
    let pointer = "/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective";
    let objective = |goal: &str, name: &str| {
        with(xgboost(), &[(pointer, json!({"Type": goal, "MetricName": name}))])
    };
    let path = |member: &str| {
        format!("$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.{member}")
    };
    let valid = [objective("Minimize", "validation:rmse"), objective("Maximize", "validation:auc")];
    let invalid =
        [objective("Maximize", "validation:rmse"), objective("Minimize", "validation:auc")];
    assert_warning(&path("Type"), "must be", &valid, &invalid);
    let invalid = [objective("Minimize", "rmse"), objective("Minimize", "train:rmse")];
    assert_warning(&path("MetricName"), "does not report this metric", &valid, &invalid);
}

#[test]
fn a_zero_that_means_no_limit_gives_a_warning() {
    let pointer =
        "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/1/MinValue";
    let from = |min: &str| with(xgboost(), &[(pointer, json!(min))]);
    let path = format!("{RANGES}.IntegerParameterRanges[1].MinValue");
    assert_warning(&path, "no limit", &[from("1")], &[from("0")]);
}

/// Returns a request for the algorithm of `algorithm_description.json`.
pub(super) fn trees() -> Value {
    let mut request = xgboost();
    let config = &mut request["HyperParameterTuningJobConfig"];
    config["HyperParameterTuningJobObjective"] =
        json!({"Type": "Maximize", "MetricName": "validation:accuracy"});
    config["ParameterRanges"] = json!({
        "IntegerParameterRanges": [{"Name": "max_leaf_nodes", "MinValue": "2", "MaxValue": "100"}],
        "ContinuousParameterRanges": [{"Name": "min_share", "MinValue": "0", "MaxValue": "0.5"}],
        "CategoricalParameterRanges": [{"Name": "criterion", "Values": ["gini", "entropy"]}],
    });
    let definition = &mut request["TrainingJobDefinition"];
    definition["AlgorithmSpecification"] = json!({
        "TrainingInputMode": "File",
        "AlgorithmName": "arn:aws:sagemaker:us-east-2:764419575721:algorithm/decision-trees",
    });
    definition["StaticHyperParameters"] = json!({"seed": "7", "note": "anything at all"});
    definition["EnableNetworkIsolation"] = true.into();
    definition["InputDataConfig"] = json!([{
        "ChannelName": "training",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train"}},
        "ContentType": "text/csv",
    }]);
    request
}

/// Asserts that each value, set at its JSON pointer, violates a rule of the algorithm description.
fn assert_rules_of_description(cases: &[(&str, Value, &str, &str)]) {
    let description = AlgorithmDescription::read_value(file("algorithm_description.json")).unwrap();
    let validator = Validator::default().with_algorithm(description);
    for (pointer, value, path, text) in cases {
        let validation = validator.validate(&document(&with(trees(), &[(pointer, value.clone())])));
        let is_found = has_finding(&validation, Severity::Error, &format!("$.{path}"), text);
        assert!(is_found, "{path}: {text}: missing in\n{validation}");
    }
}

#[test]
fn requests_that_match_the_algorithm_description_are_accepted() {
    let description = AlgorithmDescription::read_value(file("algorithm_description.json")).unwrap();
    let validator = Validator::default().with_algorithm(description);
    for request in [
        trees(),
        // The maximum is the largest one that the description allows.
        with(
            trees(),
            &[(
                "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/0/MaxValue",
                json!("1000"),
            )],
        ),
        // The request may name the algorithm without its ARN.
        with(
            trees(),
            &[(
                "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName",
                json!("decision-trees"),
            )],
        ),
    ] {
        let validation = validator.validate(&document(&request));
        assert!(validation.findings().is_empty(), "{validation}");
    }
}

#[test]
fn tuned_values_must_match_the_algorithm_description() {
    let (integer, continuous, categorical) =
        ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges");
    let path = |list: &str| format!("HyperParameterTuningJobConfig.ParameterRanges.{list}[0]");
    let at = |list: &str, member: &str| format!("{}.{member}", path(list));
    let pointer = |list: &str, member: &str| {
        format!("/HyperParameterTuningJobConfig/ParameterRanges/{list}/0/{member}")
    };
    let name = pointer(integer, "Name");
    assert_rules_of_description(&[
        (&name, json!("depth"), &at(integer, "Name"), "no such hyperparameter"),
        (&name, json!("seed"), &at(integer, "Name"), "is not tunable"),
        (&pointer(integer, "MaxValue"), json!("1001"), &at(integer, "MaxValue"), "takes 2 to 1000"),
        (&pointer(integer, "MinValue"), json!("1"), &at(integer, "MinValue"), "takes 2 to 1000"),
        (
            &pointer(continuous, "Name"),
            json!("max_leaf_nodes"),
            &path(continuous),
            "its type must be Integer",
        ),
        (
            &pointer(continuous, "MaxValue"),
            json!("1.1"),
            &at(continuous, "MaxValue"),
            "takes 0 to 1",
        ),
        (
            &pointer(categorical, "Values/1"),
            json!("mse"),
            &at(categorical, "Values[1]"),
            "takes gini, entropy",
        ),
    ]);
}

#[test]
fn static_values_and_objective_must_match_the_algorithm_description() {
    let statics = "/TrainingJobDefinition/StaticHyperParameters";
    let path = |name: &str| format!("TrainingJobDefinition.StaticHyperParameters.{name}");
    let pointer = |member: &str| {
        format!("/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective/{member}")
    };
    let objective = |member: &str| {
        format!("HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.{member}")
    };
    let metric = pointer("MetricName");
    assert_rules_of_description(&[
        (&format!("{statics}/seed"), json!("x"), &path("seed"), "whole numbers"),
        (&format!("{statics}/extra"), json!("1"), &path("extra"), "no such hyperparameter"),
        (statics, json!({}), &path("seed"), "requires this"),
        (&metric, json!("loss"), &objective("MetricName"), "does not report this metric"),
        (&pointer("Type"), json!("Minimize"), &objective("Type"), "maximized"),
    ]);
}

#[test]
fn channels_must_match_the_algorithm_description() {
    let pointer = |member: &str| format!("/TrainingJobDefinition/InputDataConfig/0/{member}");
    let list = "TrainingJobDefinition.InputDataConfig";
    let path = |member: &str| format!("{list}[0].{member}");
    let name = pointer("ChannelName");
    assert_rules_of_description(&[
        (&name, json!("train"), &path("ChannelName"), "no such channel"),
        (&name, json!("validation"), list, "requires the channel training"),
        (
            &pointer("ContentType"),
            json!("application/json"),
            &path("ContentType"),
            "does not support it",
        ),
        (
            &pointer("CompressionType"),
            json!("Gzip"),
            &path("CompressionType"),
            "does not support it",
        ),
        (&pointer("InputMode"), json!("Pipe"), &path("InputMode"), "does not support it"),
    ]);
}

#[test]
fn instances_isolation_and_metrics_must_match_the_algorithm_description() {
    let pointer = |member: &str| format!("/TrainingJobDefinition/{member}");
    let path = |member: &str| format!("TrainingJobDefinition.{member}");
    let metrics = json!([{"Name": "n", "Regex": "(1)"}]);
    let instance = pointer("ResourceConfig/InstanceType");
    let definitions = path("AlgorithmSpecification.MetricDefinitions");
    assert_rules_of_description(&[
        (
            &instance,
            json!("ml.p3.2xlarge"),
            &path("ResourceConfig.InstanceType"),
            "does not support it",
        ),
        (
            &pointer("ResourceConfig/InstanceCount"),
            json!(2),
            &path("ResourceConfig.InstanceCount"),
            "uses only one instance",
        ),
        (
            &pointer("EnableNetworkIsolation"),
            json!(false),
            &path("EnableNetworkIsolation"),
            "network isolation",
        ),
        (
            &pointer("AlgorithmSpecification/MetricDefinitions"),
            metrics,
            &definitions,
            "defines its metrics itself",
        ),
    ]);
}

#[test]
fn an_algorithm_description_must_be_complete_and_of_the_named_algorithm() {
    let validate_with = |changes: &[(&str, Value)]| {
        let description = with(file("algorithm_description.json"), changes);
        let description = AlgorithmDescription::read_value(description).unwrap();
        Validator::default().with_algorithm(description).validate(&document(&trees()))
    };
    let name = "$.TrainingJobDefinition.AlgorithmSpecification.AlgorithmName";
    let validation = validate_with(&[("/AlgorithmStatus", json!("InProgress"))]);
    assert!(
        has_finding(&validation, Severity::Error, name, "status is InProgress"),
        "{validation}"
    );
    let validation =
        validate_with(&[("/AlgorithmName", json!("other")), ("/AlgorithmArn", json!("arn:other"))]);
    assert!(validation.is_accepted());
    assert!(
        has_finding(&validation, Severity::Warning, name, "of another algorithm, other"),
        "{validation}"
    );
    let error = AlgorithmDescription::read(b"{}").unwrap_err().to_string();
    assert!(error.contains("describe-algorithm"), "{error}");
}

#[test]
fn hyperparameters_of_a_script_are_not_validated() {
    let statics = json!({
        "sagemaker_program": "\"train.py\"",
        "sagemaker_submit_directory": "\"s3://bucket/source.tar.gz\"",
        "my-rate": "0.5",
    });
    let pointer = "/TrainingJobDefinition/StaticHyperParameters";
    let validation = validate(&with(xgboost(), &[(pointer, statics)]));
    assert!(
        !validation.warnings().any(|warning| warning.subject.contains("Static")),
        "{validation}"
    );
}

#[test]
fn an_algorithm_resource_is_validated_even_with_a_script() {
    let pointer = "/TrainingJobDefinition/StaticHyperParameters/sagemaker_program";
    let path = "TrainingJobDefinition.StaticHyperParameters.sagemaker_program";
    assert_rules_of_description(&[(pointer, json!("train.py"), path, "no such hyperparameter")]);
}

#[test]
fn an_image_of_the_same_name_is_not_built_in() {
    let images = "/TrainingJobDefinition/AlgorithmSpecification";
    let own = json!({
        "TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/xgboost:mine",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "validation:rmse", "Regex": "rmse=(\\S+)"}],
    });
    let first = "/HyperParameterTuningJobConfig/ParameterRanges/ContinuousParameterRanges/0/Name";
    let own = with(xgboost(), &[(images, own), (first, json!("my_rate"))]);
    assert!(validate(&own).is_accepted(), "{}", validate(&own));
    // Without metric definitions it may be a built-in image in an unknown region.
    let bare = without(own, &[&format!("{images}/MetricDefinitions")]);
    let path = "$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName";
    assert!(has_finding(&validate(&bare), Severity::Warning, path, "must define the objective"));
    assert!(validate(&bare).is_accepted());
}

#[test]
fn an_algorithm_of_another_account_is_another_algorithm() {
    let description = file("algorithm_description.json");
    let description = AlgorithmDescription::read_value(description).unwrap();
    let validator = Validator::default().with_algorithm(description.clone());
    let pointer = "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName";
    let path = "$.TrainingJobDefinition.AlgorithmSpecification.AlgorithmName";
    let other = json!("arn:aws:sagemaker:us-east-2:111122223333:algorithm/decision-trees");
    let validation = validator.validate(&document(&with(trees(), &[(pointer, other.clone())])));
    assert!(
        has_finding(&validation, Severity::Warning, path, "is of another algorithm"),
        "{validation}"
    );
    // Each of several definitions may have a description.
    let mut second = description;
    second.algorithm_arn = other.as_str().map(str::to_owned);
    let validation =
        validator.with_algorithm(second).validate(&document(&with(trees(), &[(pointer, other)])));
    assert!(validation.is_accepted(), "{validation}");
}

#[test]
fn an_unknown_type_accepts_any_value() {
    let mut description = file("algorithm_description.json");
    description["TrainingSpecification"]["SupportedHyperParameters"][3]["Type"] = "Tuple".into();
    let description = AlgorithmDescription::read_value(description).unwrap();
    let pointer = "/TrainingJobDefinition/StaticHyperParameters/seed";
    let request = with(trees(), &[(pointer, json!("(1, 2)"))]);
    let validation = Validator::default().with_algorithm(description).validate(&document(&request));
    assert!(validation.is_accepted(), "{validation}");
}
