//! Rules of a definition: algorithm, instances, time limits, channels and metrics.

use std::slice::from_ref;

use serde_json::{Value, json};
use surmise_sagemaker::{Severity, Validator};

use super::{assert_error, assert_warning, base, config, definition, has_finding};
use crate::{document, file, validate, with, without};

const RESOURCES: &str = "$.TrainingJobDefinition.ResourceConfig";

#[test]
fn an_algorithm_is_an_image_or_a_resource() {
    let path = |member: &str| format!("$.TrainingJobDefinition.AlgorithmSpecification.{member}");
    let both = definition(&[("/AlgorithmSpecification/AlgorithmName", json!("mine"))]);
    assert_error(&path("AlgorithmName"), "not both", &[base()], &[both]);
    let image = "/TrainingJobDefinition/AlgorithmSpecification/TrainingImage";
    let neither = without(base(), &[image]);
    assert_error(&path("TrainingImage"), "an image or an algorithm", &[base()], &[neither]);
    let empty = with(base(), &[(image, json!(""))]);
    assert_error(&path("TrainingImage"), "have a path", &[base()], &[empty]);
}

#[test]
fn instances_are_stated_once() {
    let flexible = json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 9});
    let both = definition(&[("/HyperParameterTuningResourceConfig", flexible.clone())]);
    let path = "$.TrainingJobDefinition.HyperParameterTuningResourceConfig";
    assert_error(path, "not both", &[base()], &[both]);
    let neither = without(base(), &["/TrainingJobDefinition/ResourceConfig"]);
    let pointer = "/TrainingJobDefinition/HyperParameterTuningResourceConfig";
    let other = with(neither.clone(), &[(pointer, flexible)]);
    assert_error(RESOURCES, "need instances", &[base(), other], &[neither]);
}

#[test]
fn instances_need_type_and_count() {
    let fixed = |resources: Value| definition(&[("/ResourceConfig", resources)]);
    let of = |count: u32| fixed(json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": count}));
    let valid = of(1);
    let path = |member: &str| format!("{RESOURCES}.{member}");
    let invalid = fixed(json!({"InstanceCount": 1}));
    assert_error(&path("InstanceType"), "need instances", from_ref(&valid), &[invalid]);
    let invalid = fixed(json!({"InstanceType": "ml.m5.xlarge"}));
    assert_error(&path("InstanceCount"), "need instances", from_ref(&valid), &[invalid]);
    assert_error(&path("InstanceCount"), "at least one instance", from_ref(&valid), &[of(0)]);
    let groups = definition(&[("/ResourceConfig/InstanceType", json!("ml.m5.xlarge"))]);
    assert_error(&path("InstanceGroups"), "not both", &[base(), valid], &[groups]);
}

#[test]
fn flexible_instances_are_listed_or_stated_directly() {
    let several = || file("accepted/several_definitions.json");
    let pointer = "/TrainingJobDefinitions/1/HyperParameterTuningResourceConfig";
    let path = "$.TrainingJobDefinitions[1].HyperParameterTuningResourceConfig";
    let values = [json!("ml.m5.large"), json!(1), json!(5)];
    for (name, value) in ["InstanceType", "InstanceCount", "VolumeSizeInGB"].iter().zip(values) {
        let invalid = with(several(), &[(&format!("{pointer}/{name}"), value)]);
        let path = format!("{path}.{name}");
        assert_error(&path, "in each of InstanceConfigs", &[several()], &[invalid]);
    }
    let zero =
        with(several(), &[(&format!("{pointer}/InstanceConfigs/0/InstanceCount"), json!(0))]);
    let path = format!("{path}.InstanceConfigs[0].InstanceCount");
    assert_error(&path, "at least one instance", &[several()], &[zero]);
    let pointer = "/TrainingJobDefinitions/2/HyperParameterTuningResourceConfig/AllocationStrategy";
    let without_configs = with(several(), &[(pointer, json!("Prioritized"))]);
    let path = "$.TrainingJobDefinitions[2].HyperParameterTuningResourceConfig.AllocationStrategy";
    assert_warning(path, "no effect without InstanceConfigs", &[several()], &[without_configs]);
}

#[test]
fn a_volume_key_for_local_disks_gives_a_warning() {
    let on = |instance: &str| {
        let resources =
            json!({"InstanceType": instance, "InstanceCount": 1, "VolumeKmsKeyId": "k"});
        definition(&[("/ResourceConfig", resources)])
    };
    let valid = ["ml.m5.xlarge", "ml.c5n.2xlarge", "ml.p3.2xlarge", "ml.trn1.2xlarge"].map(on);
    let invalid = ["ml.g4dn.xlarge", "ml.p4d.24xlarge", "ml.m5d.large", "ml.g5.xlarge"].map(on);
    assert_warning(&format!("{RESOURCES}.VolumeKmsKeyId"), "has local disks", &valid, &invalid);
}

#[test]
fn keep_alive_gives_a_warning() {
    let pointer = "/TrainingJobDefinition/ResourceConfig/KeepAlivePeriodInSeconds";
    let path = format!("{RESOURCES}.KeepAlivePeriodInSeconds");
    assert_warning(&path, "ignore it", &[without(base(), &[pointer])], &[base()]);
}

#[test]
fn spot_training_waits_at_least_as_long_as_it_runs() {
    let time = |condition: Value, spot: bool| {
        definition(&[
            ("/StoppingCondition", condition),
            ("/EnableManagedSpotTraining", json!(spot)),
        ])
    };
    let both = |waits: u32| json!({"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": waits});
    let runs = || json!({"MaxRuntimeInSeconds": 60});
    let path = "$.TrainingJobDefinition.StoppingCondition.MaxWaitTimeInSeconds";
    let valid = time(both(60), true);
    assert_error(
        path,
        "not be shorter than MaxRuntimeInSeconds",
        from_ref(&valid),
        &[time(both(59), true)],
    );
    assert_error(path, "waiting and running together", from_ref(&valid), &[time(runs(), true)]);
    assert_error(
        path,
        "only spot training",
        &[valid, time(runs(), false)],
        &[time(both(60), false)],
    );
    let bare = without(base(), &["/TrainingJobDefinition/CheckpointConfig"]);
    let path = "$.TrainingJobDefinition.EnableManagedSpotTraining";
    assert_warning(path, "CheckpointConfig", &[base()], &[bare]);
    let unlimited = time(json!({}), false);
    assert_warning(
        "$.TrainingJobDefinition.StoppingCondition",
        "run for a day",
        &[base()],
        &[unlimited],
    );
}

const CHANNELS: &str = "$.TrainingJobDefinition.InputDataConfig";

#[test]
fn a_channel_has_one_source_and_a_distinct_name() {
    let channels = base()["TrainingJobDefinition"]["InputDataConfig"].clone();
    let source = |value: Value| definition(&[("/InputDataConfig/2/DataSource", value)]);
    let path = format!("{CHANNELS}[2].DataSource.S3DataSource");
    assert_error(&path, "must have a data source", &[base()], &[source(json!({}))]);
    let mut two = channels[2]["DataSource"].clone();
    two["DatasetSource"] = channels[3]["DataSource"]["DatasetSource"].clone();
    assert_error(
        &format!("{CHANNELS}[2].DataSource"),
        "exactly one data source",
        &[base()],
        &[source(two)],
    );
    let same = definition(&[("/InputDataConfig/2/ChannelName", json!("train"))]);
    assert_error(&format!("{CHANNELS}[2].ChannelName"), "distinct names", &[base()], &[same]);
}

#[test]
fn augmented_manifests_need_pipe_mode_and_only_they_have_attributes() {
    let path = |member: &str| format!("{CHANNELS}[1].DataSource.S3DataSource.{member}");
    let file = definition(&[("/InputDataConfig/1/InputMode", json!("File"))]);
    assert_error(&path("S3DataType"), "need input mode Pipe", &[base()], &[file]);
    let pointer = "/InputDataConfig/1/DataSource/S3DataSource/S3DataType";
    let prefix = definition(&[(pointer, json!("S3Prefix"))]);
    // The service accepts it: a public test creates such a job.
    assert_warning(&path("AttributeNames"), "only augmented manifests", &[base()], &[prefix]);
}

/// Returns a request with instance preferences, changed below its definition.
fn preferred(changes: &[(&str, Value)]) -> Value {
    changes.iter().fold(file("accepted/instance_preferences.json"), |value, (pointer, new)| {
        with(value, &[(&format!("/TrainingJobDefinition{pointer}"), new.clone())])
    })
}

#[test]
fn fault_d2_instance_preferences_exclude_other_instances() {
    let valid = [preferred(&[])];
    let resources = "$.TrainingJobDefinition.ResourceConfig";
    let beside =
        |member: &str, value: Value| preferred(&[(&format!("/ResourceConfig/{member}"), value)]);
    assert_error(
        &format!("{resources}.InstanceType"),
        "a definition must have either InstancePreferences or InstanceType, not both",
        &valid,
        &[beside("InstanceType", json!("ml.m5.xlarge"))],
    );
    assert_error(
        &format!("{resources}.InstanceCount"),
        "in each preference or here",
        &valid,
        &[beside("InstanceCount", json!(1))],
    );
    let counted = |first: Value, second: Value| {
        let one = |kind: &str, count: Value| match count {
            Value::Null => json!({"InstanceType": kind}),
            count => json!({"InstanceType": kind, "InstanceCount": count}),
        };
        json!([one("ml.c5.xlarge", first), one("ml.m5.xlarge", second)])
    };
    let all = |value: Value| beside("InstancePreferences", value);
    assert_error(
        &format!("{resources}.InstancePreferences[1].InstanceCount"),
        "needs a number of instances",
        &[all(counted(json!(1), json!(1)))],
        &[all(counted(json!(1), Value::Null))],
    );
    let once = preferred(&[
        ("/ResourceConfig/InstancePreferences", counted(Value::Null, Value::Null)),
        ("/ResourceConfig/InstanceCount", json!(1)),
    ]);
    assert_error(
        &format!("{resources}.InstancePreferences[1].InstanceType"),
        "preferred only once",
        &[once],
        &[all(json!([
            {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
        ]))],
    );
}

#[test]
fn fault_d2_selected_instances_are_set_by_the_service() {
    let valid = [preferred(&[])];
    let resources = "$.TrainingJobDefinition.ResourceConfig";
    let beside =
        |member: &str, value: Value| preferred(&[(&format!("/ResourceConfig/{member}"), value)]);
    for member in ["SelectedInstanceType", "SelectedInstanceCount"] {
        let value = if member.ends_with("Type") { json!("ml.m5.xlarge") } else { json!(1) };
        let path = format!("{resources}.{member}");
        assert_error(&path, "descriptions from the service", &valid, &[beside(member, value)]);
    }
    let spot = preferred(&[
        ("/EnableManagedSpotTraining", json!(true)),
        ("/StoppingCondition/MaxWaitTimeInSeconds", json!(7200)),
    ]);
    let path = "$.TrainingJobDefinition.EnableManagedSpotTraining";
    assert_error(path, "on-demand and reserved", &valid, &[spot]);
    let plan = "arn:aws:sagemaker:us-west-2:111122223333:training-plan/trees";
    assert_error(
        &format!("{resources}.InstancePreferences[0].TrainingPlanArns"),
        "a training plan for all instances",
        &valid,
        &[beside("TrainingPlanArn", json!(plan))],
    );
}

#[test]
fn fault_d1_the_pending_time_is_at_least_half_an_hour() {
    for (seconds, is_accepted) in [(1799, false), (1800, true), (3600, true)] {
        let request = definition(&[("/StoppingCondition/MaxPendingTimeInSeconds", json!(seconds))]);
        assert_eq!(
            validate(&request).is_accepted(),
            is_accepted,
            "{seconds}: {}",
            validate(&request)
        );
    }
}

#[test]
fn fault_d5_and_d7_the_built_in_xgboost_gives_one_warning() {
    let request = || file("accepted/instance_preferences.json");
    let ranges = "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges";
    let depth = json!([{"Name": "max_depth", "MinValue": "1.0", "MaxValue": "9"}]);
    let validation = validate(&with(request(), &[(ranges, depth)]));
    let about = validation.findings().iter().map(|finding| finding.violation.subject.as_str());
    let about: Vec<&str> = about.filter(|path| path.contains("MinValue")).collect();
    assert_eq!(about.len(), 1, "{validation}");
    let path = "$.TrainingJobDefinition.InputDataConfig";
    let none = without(request(), &["/TrainingJobDefinition/InputDataConfig"]);
    let pointer = "/TrainingJobDefinition/InputDataConfig/0/ChannelName";
    let other = with(request(), &[(pointer, json!("validation"))]);
    assert_warning(path, "learns from the channel train", &[request()], &[none, other]);
}

#[test]
fn instance_groups_must_exist() {
    let named = |name: &str| {
        let pointer = "/InputDataConfig/0/DataSource/S3DataSource/InstanceGroupNames";
        definition(&[(pointer, json!([name]))])
    };
    let path = format!("{CHANNELS}[0].DataSource.S3DataSource.InstanceGroupNames[0]");
    assert_warning(&path, "no instance group", &[named("servers")], &[named("clients")]);
}

#[test]
fn compression_and_wrappers_without_pipe_mode_give_a_warning() {
    for (member, value) in [("CompressionType", "Gzip"), ("RecordWrapperType", "RecordIO")] {
        let invalid = definition(&[(&format!("/InputDataConfig/0/{member}"), json!(value))]);
        assert_warning(
            &format!("{CHANNELS}[0].{member}"),
            "input mode Pipe",
            &[base()],
            &[invalid],
        );
    }
    let bare = without(base(), &["/TrainingJobDefinition/VpcConfig"]);
    let path = format!("{CHANNELS}[2].DataSource.FileSystemDataSource");
    assert_warning(&path, "through a VPC", &[base()], &[bare]);
}

const METRICS: &str = "$.TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions";

#[test]
fn a_custom_image_must_define_its_objective() {
    let path = "$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName";
    let metrics = "/TrainingJobDefinition/AlgorithmSpecification/MetricDefinitions";
    let built_in = || file("accepted/grid.json");
    let none = without(base(), &[metrics]);
    assert_error(path, "must define the objective", &[base(), built_in()], &[none]);
    let pointer = "/HyperParameterTuningJobObjective/MetricName";
    let other = config(&[(pointer, json!("accuracy"))]);
    let text = "one of the defined metrics: validation:accuracy, train:loss";
    assert_error(path, text, &[base()], &[other]);
    let overridden = with(built_in(), &[(metrics, json!([{"Name": "n", "Regex": "(\\d+)"}]))]);
    assert_warning(METRICS, "defines its metrics itself", &[built_in()], &[overridden]);
}

#[test]
fn expressions_without_a_value_give_a_warning() {
    let path = format!("{METRICS}[0].Regex");
    let pointer = "/AlgorithmSpecification/MetricDefinitions";
    let regex = |regex: &str| definition(&[(&format!("{pointer}/0/Regex"), json!(regex))]);
    let valid =
        [regex(r"acc=(\S+)"), regex("acc=(.+?);"), regex("acc=(.*?);"), regex(r"(?<=acc=)(\S+)")];
    let invalid = ["F1=(.*?)", "acc=([0-9.]*)", r"acc=(\d+)?", r"acc=(\d+)|nan"].map(regex);
    assert_warning(&path, "can be empty", &valid, &invalid);
    assert_warning(&path, "has no group", &valid, &[regex(r"acc=\S+"), regex(r"acc=(?:\S+)")]);
    assert_warning(&path, "cannot parse it", &valid, &[regex("acc=("), regex("[")]);
    let same = definition(&[(&format!("{pointer}/1/Name"), json!("validation:accuracy"))]);
    assert_warning(&format!("{METRICS}[1].Name"), "distinct names", &[base()], &[same]);
    let many = |count: usize| {
        let metric = |i: usize| json!({"Name": format!("m{i}"), "Regex": r"(\S+)"});
        let mut metrics: Vec<Value> = (1..count).map(metric).collect();
        metrics.push(json!({"Name": "validation:accuracy", "Regex": r"(\S+)"}));
        definition(&[(pointer, metrics.into())])
    };
    assert_warning(METRICS, "page of limits", &[many(20)], &[many(21), many(40)]);
}

#[test]
fn expressions_that_capture_part_of_a_number_give_a_warning() {
    let path = format!("{METRICS}[0].Regex");
    let on = |regex: &str, line: &str| {
        let pointer = "/AlgorithmSpecification/MetricDefinitions/0/Regex";
        let request = definition(&[(pointer, json!(regex))]);
        Validator::default().with_log_lines([line, "train-loss=1"]).validate(&document(&request))
    };
    for (regex, line, text) in [
        (r"acc=([0-9.]+)", "acc=1e-05", r#"captures only "1" of the number "1e-05""#),
        (r".*acc.*([0-9.]+)", "acc=0.25", r#"captures only "5" of the number "0.25""#),
        (r"acc=-?([0-9.]+)", "acc=-0.5", r#"captures only "0.5" of the number "-0.5""#),
    ] {
        let validation = on(regex, line);
        assert!(has_finding(&validation, Severity::Warning, &path, text), "{validation}");
    }
    for (regex, line) in [
        (r"acc=(\S+)", "acc=1e-05"),
        (r"acc=([0-9.]+)", "acc=0.5, 3"),
        (r"acc=([0-9.]+)", "t-acc=0.5."),
    ] {
        let validation = on(regex, line);
        assert!(
            !has_finding(&validation, Severity::Warning, &path, "of the number"),
            "{validation}"
        );
    }
}

#[test]
fn expressions_are_tried_on_log_lines() {
    let path = format!("{METRICS}[0].Regex");
    let on = |lines: &[&str]| {
        let validator = Validator::default().with_log_lines(lines.iter().copied());
        validator.validate(&document(&base()))
    };
    let valid = on(&["start", "step 1 validation-accuracy=0.5", "train-loss=3e-2"]);
    assert!(valid.warnings().all(|warning| !warning.subject.contains("Regex")), "{valid}");
    for (lines, text) in [
        (["start", "accuracy 0.5", "train-loss=3e-2"], "none of 3 lines"),
        (["validation-accuracy=0.5", "validation-accuracy=nan", "train-loss=1"], "\"nan\""),
        (["", "validation-accuracy=0.5,", "train-loss=1"], "\"0.5,\""),
    ] {
        let validation = on(&lines);
        assert!(has_finding(&validation, Severity::Warning, &path, text), "{text}: {validation}");
    }
}
