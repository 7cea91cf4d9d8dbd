//! What an algorithm supports.

use serde_json::{Value, json};
use surmise_sagemaker::{AlgorithmDescription, Judge, Severity};

use super::{RANGES, error, says, warning};
use crate::{document, file, judge, with, without};

/// The sample, with limits that let it search, and without what XGBoost does not know.
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
fn xgboosts_static_values_are_known() {
    let place = |name: &str| format!("/TrainingJobDefinition/StaticHyperParameters/{name}");
    let statics = |name: &str, value: &str| with(xgboost(), &[(&place(name), json!(value))]);
    let path = |name: &str| format!("$.TrainingJobDefinition.StaticHyperParameters.{name}");
    let unknown = statics("precision_dtype", "float32");
    warning(&path("precision_dtype"), "no such hyperparameter", &[xgboost()], &[unknown]);
    let eta = |value: &str| statics("eta", value);
    warning(&path("eta"), "takes 0 to 1", &[eta("1")], &[eta("1.01"), eta("nan")]);
    let fraction = statics("num_round", "2.0");
    warning(&path("num_round"), "whole numbers", &[xgboost()], &[fraction]);
    let booster = |value: &str| statics("booster", value);
    let (good, bad) = ([booster("dart")], [booster("\"dart\"")]);
    warning(&path("booster"), "takes gbtree, gblinear, dart", &good, &bad);
    let missing = without(xgboost(), &[&place("num_round")]);
    warning(&path("num_round"), "requires", &[xgboost()], &[missing]);
}

#[test]
fn xgboosts_tunable_values_are_known() {
    const FIRST: &str =
        "/HyperParameterTuningJobConfig/ParameterRanges/ContinuousParameterRanges/0";
    let tuned = |name: &str| with(xgboost(), &[(&format!("{FIRST}/Name"), json!(name))]);
    let place = format!("{RANGES}.ContinuousParameterRanges[0]");
    let name = format!("{place}.Name");
    let known = [tuned("reg_alpha"), tuned("lambda")];
    error(&name, "no such hyperparameter", &known, &[tuned("alhpa")]);
    error(&name, "cannot tune it", &[tuned("min_child_weight")], &[tuned("scale_pos_weight")]);
    let real = json!({"Name": "num_round", "MinValue": "1", "MaxValue": "9"});
    let real = with(xgboost(), &[(FIRST, real)]);
    let real = without(real, &["/TrainingJobDefinition/StaticHyperParameters/num_round"]);
    warning(&place, "its type must be Integer", &[xgboost()], &[real]);
}

#[test]
fn xgboosts_objectives_have_a_direction() {
    let place = "/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective";
    let objective = |goal: &str, name: &str| {
        with(xgboost(), &[(place, json!({"Type": goal, "MetricName": name}))])
    };
    let path = |member: &str| {
        format!("$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.{member}")
    };
    let good = [objective("Minimize", "validation:rmse"), objective("Maximize", "validation:auc")];
    let bad = [objective("Maximize", "validation:rmse"), objective("Minimize", "validation:auc")];
    warning(&path("Type"), "must be", &good, &bad);
    let bad = [objective("Minimize", "rmse"), objective("Minimize", "train:rmse")];
    warning(&path("MetricName"), "cannot be tuned for it", &good, &bad);
}

#[test]
fn a_zero_that_means_no_limit_is_warned_of() {
    let place = "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/1/MinValue";
    let from = |min: &str| with(xgboost(), &[(place, json!(min))]);
    let path = format!("{RANGES}.IntegerParameterRanges[1].MinValue");
    warning(&path, "no limit", &[from("1")], &[from("0")]);
}

/// A request for the algorithm that is described beside it.
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

/// Rules that a description brings: each place with this value breaks the rule at the path.
fn each_by_description(cases: &[(&str, Value, &str, &str)]) {
    let description = AlgorithmDescription::recognize(file("algorithm_description.json")).unwrap();
    let judge = Judge::default().with_algorithm(description);
    for (place, value, path, text) in cases {
        let verdict = judge.judge(&document(&with(trees(), &[(place, value.clone())])));
        let is_said = says(&verdict, Severity::Error, &format!("$.{path}"), text);
        assert!(is_said, "{path}: {text}: should be said in\n{verdict}");
    }
}

#[test]
fn what_fits_the_description_of_its_algorithm_is_accepted() {
    let description = AlgorithmDescription::recognize(file("algorithm_description.json")).unwrap();
    let judge = Judge::default().with_algorithm(description);
    for request in [
        trees(),
        // What its ends allow.
        with(
            trees(),
            &[(
                "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges/0/MaxValue",
                json!("1000"),
            )],
        ),
        // By its name alone; a value that is required and tuned.
        with(
            trees(),
            &[(
                "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName",
                json!("decision-trees"),
            )],
        ),
    ] {
        let verdict = judge.judge(&document(&request));
        assert!(verdict.findings().is_empty(), "{verdict}");
    }
}

#[test]
fn tuned_values_fit_the_description_of_the_algorithm() {
    let (integer, continuous, categorical) =
        ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges");
    let path = |list: &str| format!("HyperParameterTuningJobConfig.ParameterRanges.{list}[0]");
    let at = |list: &str, member: &str| format!("{}.{member}", path(list));
    let place = |list: &str, member: &str| {
        format!("/HyperParameterTuningJobConfig/ParameterRanges/{list}/0/{member}")
    };
    let name = place(integer, "Name");
    each_by_description(&[
        (&name, json!("depth"), &at(integer, "Name"), "no such hyperparameter"),
        (&name, json!("seed"), &at(integer, "Name"), "cannot tune it"),
        (&place(integer, "MaxValue"), json!("1001"), &at(integer, "MaxValue"), "takes 2 to 1000"),
        (&place(integer, "MinValue"), json!("1"), &at(integer, "MinValue"), "takes 2 to 1000"),
        (
            &place(continuous, "Name"),
            json!("max_leaf_nodes"),
            &path(continuous),
            "its type must be Integer",
        ),
        (&place(continuous, "MaxValue"), json!("1.1"), &at(continuous, "MaxValue"), "takes 0 to 1"),
        (
            &place(categorical, "Values/1"),
            json!("mse"),
            &at(categorical, "Values[1]"),
            "takes gini, entropy",
        ),
    ]);
}

#[test]
fn static_values_and_the_objective_fit_the_description_of_the_algorithm() {
    let statics = "/TrainingJobDefinition/StaticHyperParameters";
    let path = |name: &str| format!("TrainingJobDefinition.StaticHyperParameters.{name}");
    let place = |member: &str| {
        format!("/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective/{member}")
    };
    let objective = |member: &str| {
        format!("HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.{member}")
    };
    let metric = place("MetricName");
    each_by_description(&[
        (&format!("{statics}/seed"), json!("x"), &path("seed"), "whole numbers"),
        (&format!("{statics}/extra"), json!("1"), &path("extra"), "no such hyperparameter"),
        (statics, json!({}), &path("seed"), "requires this"),
        (&metric, json!("loss"), &objective("MetricName"), "cannot be tuned for it"),
        (&place("Type"), json!("Minimize"), &objective("Type"), "maximized"),
    ]);
}

#[test]
fn channels_fit_the_description_of_the_algorithm() {
    let place = |member: &str| format!("/TrainingJobDefinition/InputDataConfig/0/{member}");
    let list = "TrainingJobDefinition.InputDataConfig";
    let path = |member: &str| format!("{list}[0].{member}");
    let name = place("ChannelName");
    each_by_description(&[
        (&name, json!("train"), &path("ChannelName"), "no such channel"),
        (&name, json!("validation"), list, "must have the channel training"),
        (
            &place("ContentType"),
            json!("application/json"),
            &path("ContentType"),
            "does not take it",
        ),
        (&place("CompressionType"), json!("Gzip"), &path("CompressionType"), "does not take it"),
        (&place("InputMode"), json!("Pipe"), &path("InputMode"), "does not take it"),
    ]);
}

#[test]
fn machines_isolation_and_metrics_fit_the_description_of_the_algorithm() {
    let place = |member: &str| format!("/TrainingJobDefinition/{member}");
    let path = |member: &str| format!("TrainingJobDefinition.{member}");
    let metrics = json!([{"Name": "n", "Regex": "(1)"}]);
    let instance = place("ResourceConfig/InstanceType");
    let definitions = path("AlgorithmSpecification.MetricDefinitions");
    each_by_description(&[
        (
            &instance,
            json!("ml.p3.2xlarge"),
            &path("ResourceConfig.InstanceType"),
            "does not support it",
        ),
        (
            &place("ResourceConfig/InstanceCount"),
            json!(2),
            &path("ResourceConfig.InstanceCount"),
            "one machine only",
        ),
        (
            &place("EnableNetworkIsolation"),
            json!(false),
            &path("EnableNetworkIsolation"),
            "isolated",
        ),
        (
            &place("AlgorithmSpecification/MetricDefinitions"),
            metrics,
            &definitions,
            "defines its metrics itself",
        ),
    ]);
}

#[test]
fn a_description_is_ready_and_of_the_algorithm_that_is_named() {
    let judged = |changes: &[(&str, Value)]| {
        let description = with(file("algorithm_description.json"), changes);
        let description = AlgorithmDescription::recognize(description).unwrap();
        Judge::default().with_algorithm(description).judge(&document(&trees()))
    };
    let name = "$.TrainingJobDefinition.AlgorithmSpecification.AlgorithmName";
    let verdict = judged(&[("/AlgorithmStatus", json!("InProgress"))]);
    assert!(says(&verdict, Severity::Error, name, "status is InProgress"), "{verdict}");
    let verdict =
        judged(&[("/AlgorithmName", json!("other")), ("/AlgorithmArn", json!("arn:other"))]);
    assert!(verdict.is_accepted());
    assert!(says(&verdict, Severity::Warning, name, "the description of other"), "{verdict}");
    let error = AlgorithmDescription::read(b"{}").unwrap_err().to_string();
    assert!(error.contains("describe-algorithm"), "{error}");
}

#[test]
fn values_of_a_script_are_its_own_business() {
    let statics = json!({
        "sagemaker_program": "\"train.py\"",
        "sagemaker_submit_directory": "\"s3://bucket/source.tar.gz\"",
        "my-rate": "0.5",
    });
    let place = "/TrainingJobDefinition/StaticHyperParameters";
    let verdict = judge(&with(xgboost(), &[(place, statics)]));
    assert!(!verdict.warnings().any(|warning| warning.subject.contains("Static")), "{verdict}");
}

#[test]
fn a_script_changes_nothing_for_an_algorithm_resource() {
    let place = "/TrainingJobDefinition/StaticHyperParameters/sagemaker_program";
    let path = "TrainingJobDefinition.StaticHyperParameters.sagemaker_program";
    each_by_description(&[(place, json!("train.py"), path, "no such hyperparameter")]);
}

#[test]
fn an_image_of_the_same_name_is_not_sagemakers() {
    let images = "/TrainingJobDefinition/AlgorithmSpecification";
    let own = json!({
        "TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/xgboost:mine",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "validation:rmse", "Regex": "rmse=(\\S+)"}],
    });
    let first = "/HyperParameterTuningJobConfig/ParameterRanges/ContinuousParameterRanges/0/Name";
    let own = with(xgboost(), &[(images, own), (first, json!("my_rate"))]);
    assert!(judge(&own).is_accepted(), "{}", judge(&own));
    // Without definitions it may be SageMaker's after all, in a region that is not known here.
    let bare = without(own, &[&format!("{images}/MetricDefinitions")]);
    let path = "$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName";
    assert!(says(&judge(&bare), Severity::Warning, path, "must define the objective"));
    assert!(judge(&bare).is_accepted());
}

#[test]
fn an_algorithm_of_another_account_is_another_algorithm() {
    let description = file("algorithm_description.json");
    let description = AlgorithmDescription::recognize(description).unwrap();
    let judge = Judge::default().with_algorithm(description.clone());
    let place = "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName";
    let path = "$.TrainingJobDefinition.AlgorithmSpecification.AlgorithmName";
    let other = json!("arn:aws:sagemaker:us-east-2:111122223333:algorithm/decision-trees");
    let verdict = judge.judge(&document(&with(trees(), &[(place, other.clone())])));
    assert!(says(&verdict, Severity::Warning, path, "the description of"), "{verdict}");
    // Each of several can be described.
    let mut second = description;
    second.algorithm_arn = other.as_str().map(str::to_owned);
    let verdict = judge.with_algorithm(second).judge(&document(&with(trees(), &[(place, other)])));
    assert!(verdict.is_accepted(), "{verdict}");
}

#[test]
fn a_type_that_is_not_known_takes_anything() {
    let mut description = file("algorithm_description.json");
    description["TrainingSpecification"]["SupportedHyperParameters"][3]["Type"] = "Tuple".into();
    let description = AlgorithmDescription::recognize(description).unwrap();
    let place = "/TrainingJobDefinition/StaticHyperParameters/seed";
    let request = with(trees(), &[(place, json!("(1, 2)"))]);
    let verdict = Judge::default().with_algorithm(description).judge(&document(&request));
    assert!(verdict.is_accepted(), "{verdict}");
}
