//! Algorithm, machines, time, channels, metrics.

use std::slice::from_ref;

use serde_json::{Value, json};
use surmise_sagemaker::{Judge, Severity};

use super::{base, config, definition, error, says, warning};
use crate::{document, file, judge, with, without};

const RESOURCES: &str = "$.TrainingJobDefinition.ResourceConfig";

#[test]
fn an_algorithm_is_an_image_or_a_resource() {
    let path = |member: &str| format!("$.TrainingJobDefinition.AlgorithmSpecification.{member}");
    let both = definition(&[("/AlgorithmSpecification/AlgorithmName", json!("mine"))]);
    error(&path("AlgorithmName"), "not both", &[base()], &[both]);
    let image = "/TrainingJobDefinition/AlgorithmSpecification/TrainingImage";
    let neither = without(base(), &[image]);
    error(&path("TrainingImage"), "an image or an algorithm", &[base()], &[neither]);
    let empty = with(base(), &[(image, json!(""))]);
    error(&path("TrainingImage"), "have a path", &[base()], &[empty]);
}

#[test]
fn machines_are_given_once() {
    let flexible = json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 9});
    let both = definition(&[("/HyperParameterTuningResourceConfig", flexible.clone())]);
    let path = "$.TrainingJobDefinition.HyperParameterTuningResourceConfig";
    error(path, "not both", &[base()], &[both]);
    let neither = without(base(), &["/TrainingJobDefinition/ResourceConfig"]);
    let place = "/TrainingJobDefinition/HyperParameterTuningResourceConfig";
    let other = with(neither.clone(), &[(place, flexible)]);
    error(RESOURCES, "need machines", &[base(), other], &[neither]);
}

#[test]
fn machines_are_given_whole() {
    let fixed = |resources: Value| definition(&[("/ResourceConfig", resources)]);
    let of = |count: u32| fixed(json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": count}));
    let good = of(1);
    let path = |member: &str| format!("{RESOURCES}.{member}");
    let bad = fixed(json!({"InstanceCount": 1}));
    error(&path("InstanceType"), "need machines", from_ref(&good), &[bad]);
    let bad = fixed(json!({"InstanceType": "ml.m5.xlarge"}));
    error(&path("InstanceCount"), "need machines", from_ref(&good), &[bad]);
    error(&path("InstanceCount"), "at least one machine", from_ref(&good), &[of(0)]);
    let groups = definition(&[("/ResourceConfig/InstanceType", json!("ml.m5.xlarge"))]);
    error(&path("InstanceGroups"), "not both", &[base(), good], &[groups]);
}

#[test]
fn flexible_machines_are_in_the_list_or_beside_it() {
    let several = || file("accepted/several_definitions.json");
    let place = "/TrainingJobDefinitions/1/HyperParameterTuningResourceConfig";
    let path = "$.TrainingJobDefinitions[1].HyperParameterTuningResourceConfig";
    let values = [json!("ml.m5.large"), json!(1), json!(5)];
    for (name, value) in ["InstanceType", "InstanceCount", "VolumeSizeInGB"].iter().zip(values) {
        let bad = with(several(), &[(&format!("{place}/{name}"), value)]);
        let path = format!("{path}.{name}");
        error(&path, "in each of InstanceConfigs", &[several()], &[bad]);
    }
    let zero = with(several(), &[(&format!("{place}/InstanceConfigs/0/InstanceCount"), json!(0))]);
    let path = format!("{path}.InstanceConfigs[0].InstanceCount");
    error(&path, "at least one machine", &[several()], &[zero]);
    let place = "/TrainingJobDefinitions/2/HyperParameterTuningResourceConfig/AllocationStrategy";
    let alone = with(several(), &[(place, json!("Prioritized"))]);
    let path = "$.TrainingJobDefinitions[2].HyperParameterTuningResourceConfig.AllocationStrategy";
    warning(path, "there are none", &[several()], &[alone]);
}

#[test]
fn a_key_for_disks_that_cannot_be_had_is_warned_of() {
    let on = |instance: &str| {
        let machines = json!({"InstanceType": instance, "InstanceCount": 1, "VolumeKmsKeyId": "k"});
        definition(&[("/ResourceConfig", machines)])
    };
    let good = ["ml.m5.xlarge", "ml.c5n.2xlarge", "ml.p3.2xlarge", "ml.trn1.2xlarge"].map(on);
    let bad = ["ml.g4dn.xlarge", "ml.p4d.24xlarge", "ml.m5d.large", "ml.g5.xlarge"].map(on);
    warning(&format!("{RESOURCES}.VolumeKmsKeyId"), "disks of its own", &good, &bad);
}

#[test]
fn keep_alive_is_disregarded() {
    let place = "/TrainingJobDefinition/ResourceConfig/KeepAlivePeriodInSeconds";
    let path = format!("{RESOURCES}.KeepAlivePeriodInSeconds");
    warning(&path, "disregard it", &[without(base(), &[place])], &[base()]);
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
    let good = time(both(60), true);
    error(path, "the time of running", from_ref(&good), &[time(both(59), true)]);
    error(path, "waiting and running together", from_ref(&good), &[time(runs(), true)]);
    error(path, "spot training only", &[good, time(runs(), false)], &[time(both(60), false)]);
    let bare = without(base(), &["/TrainingJobDefinition/CheckpointConfig"]);
    let path = "$.TrainingJobDefinition.EnableManagedSpotTraining";
    warning(path, "CheckpointConfig", &[base()], &[bare]);
    let unlimited = time(json!({}), false);
    warning("$.TrainingJobDefinition.StoppingCondition", "run for a day", &[base()], &[unlimited]);
}

const CHANNELS: &str = "$.TrainingJobDefinition.InputDataConfig";

#[test]
fn a_channel_has_one_source_and_a_name_of_its_own() {
    let channels = base()["TrainingJobDefinition"]["InputDataConfig"].clone();
    let source = |value: Value| definition(&[("/InputDataConfig/2/DataSource", value)]);
    let path = format!("{CHANNELS}[2].DataSource.S3DataSource");
    error(&path, "from somewhere", &[base()], &[source(json!({}))]);
    let mut two = channels[2]["DataSource"].clone();
    two["DatasetSource"] = channels[3]["DataSource"]["DatasetSource"].clone();
    error(&format!("{CHANNELS}[2].DataSource"), "from one place", &[base()], &[source(two)]);
    let same = definition(&[("/InputDataConfig/2/ChannelName", json!("train"))]);
    error(&format!("{CHANNELS}[2].ChannelName"), "distinct names", &[base()], &[same]);
}

#[test]
fn augmented_manifests_are_streamed_and_alone_have_attributes() {
    let path = |member: &str| format!("{CHANNELS}[1].DataSource.S3DataSource.{member}");
    let file = definition(&[("/InputDataConfig/1/InputMode", json!("File"))]);
    error(&path("S3DataType"), "must come as a stream", &[base()], &[file]);
    let place = "/InputDataConfig/1/DataSource/S3DataSource/S3DataType";
    let prefix = definition(&[(place, json!("S3Prefix"))]);
    // A public test against the service creates it.
    warning(&path("AttributeNames"), "augmented manifests only", &[base()], &[prefix]);
}

/// A request with preferred machines, changed below its definition.
fn preferred(changes: &[(&str, Value)]) -> Value {
    changes.iter().fold(file("accepted/instance_preferences.json"), |value, (place, new)| {
        with(value, &[(&format!("/TrainingJobDefinition{place}"), new.clone())])
    })
}

#[test]
fn fault_d2_preferred_machines_take_the_place_of_others() {
    let good = [preferred(&[])];
    let machines = "$.TrainingJobDefinition.ResourceConfig";
    let beside =
        |member: &str, value: Value| preferred(&[(&format!("/ResourceConfig/{member}"), value)]);
    error(
        &format!("{machines}.InstanceType"),
        "take the place of InstanceType",
        &good,
        &[beside("InstanceType", json!("ml.m5.xlarge"))],
    );
    error(
        &format!("{machines}.InstanceCount"),
        "in each preference or here",
        &good,
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
    error(
        &format!("{machines}.InstancePreferences[1].InstanceCount"),
        "needs a number of machines",
        &[all(counted(json!(1), json!(1)))],
        &[all(counted(json!(1), Value::Null))],
    );
    let once = preferred(&[
        ("/ResourceConfig/InstancePreferences", counted(Value::Null, Value::Null)),
        ("/ResourceConfig/InstanceCount", json!(1)),
    ]);
    error(
        &format!("{machines}.InstancePreferences[1].InstanceType"),
        "preferred once only",
        &[once],
        &[all(json!([
            {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
        ]))],
    );
}

#[test]
fn fault_d2_preferred_machines_are_chosen_by_the_service() {
    let good = [preferred(&[])];
    let machines = "$.TrainingJobDefinition.ResourceConfig";
    let beside =
        |member: &str, value: Value| preferred(&[(&format!("/ResourceConfig/{member}"), value)]);
    for member in ["SelectedInstanceType", "SelectedInstanceCount"] {
        let value = if member.ends_with("Type") { json!("ml.m5.xlarge") } else { json!(1) };
        let path = format!("{machines}.{member}");
        error(&path, "what the service answers", &good, &[beside(member, value)]);
    }
    let spot = preferred(&[
        ("/EnableManagedSpotTraining", json!(true)),
        ("/StoppingCondition/MaxWaitTimeInSeconds", json!(7200)),
    ]);
    let path = "$.TrainingJobDefinition.EnableManagedSpotTraining";
    error(path, "on demand and reserved", &good, &[spot]);
    let plan = "arn:aws:sagemaker:us-west-2:111122223333:training-plan/trees";
    error(
        &format!("{machines}.InstancePreferences[0].TrainingPlanArns"),
        "one training plan for all",
        &good,
        &[beside("TrainingPlanArn", json!(plan))],
    );
}

#[test]
fn fault_d1_a_job_may_wait_for_half_an_hour() {
    for (seconds, is_accepted) in [(1799, false), (1800, true), (3600, true)] {
        let request = definition(&[("/StoppingCondition/MaxPendingTimeInSeconds", json!(seconds))]);
        assert_eq!(judge(&request).is_accepted(), is_accepted, "{seconds}: {}", judge(&request));
    }
}

#[test]
fn fault_d5_and_d7_the_built_in_xgboost_is_warned_of_once() {
    let request = || file("accepted/instance_preferences.json");
    let ranges = "/HyperParameterTuningJobConfig/ParameterRanges/IntegerParameterRanges";
    let depth = json!([{"Name": "max_depth", "MinValue": "1.0", "MaxValue": "9"}]);
    let verdict = judge(&with(request(), &[(ranges, depth)]));
    let about = verdict.findings().iter().map(|finding| finding.violation.subject.as_str());
    let about: Vec<&str> = about.filter(|path| path.contains("MinValue")).collect();
    assert_eq!(about.len(), 1, "{verdict}");
    let path = "$.TrainingJobDefinition.InputDataConfig";
    let none = without(request(), &["/TrainingJobDefinition/InputDataConfig"]);
    let place = "/TrainingJobDefinition/InputDataConfig/0/ChannelName";
    let other = with(request(), &[(place, json!("validation"))]);
    warning(path, "learns from the channel train", &[request()], &[none, other]);
}

#[test]
fn groups_of_machines_are_known() {
    let named = |name: &str| {
        let place = "/InputDataConfig/0/DataSource/S3DataSource/InstanceGroupNames";
        definition(&[(place, json!([name]))])
    };
    let path = format!("{CHANNELS}[0].DataSource.S3DataSource.InstanceGroupNames[0]");
    warning(&path, "no group of machines", &[named("servers")], &[named("others")]);
}

#[test]
fn packing_outside_of_streams_is_warned_of() {
    for (member, value) in [("CompressionType", "Gzip"), ("RecordWrapperType", "RecordIO")] {
        let bad = definition(&[(&format!("/InputDataConfig/0/{member}"), json!(value))]);
        warning(&format!("{CHANNELS}[0].{member}"), "input mode Pipe", &[base()], &[bad]);
    }
    let bare = without(base(), &["/TrainingJobDefinition/VpcConfig"]);
    let path = format!("{CHANNELS}[2].DataSource.FileSystemDataSource");
    warning(&path, "private network", &[base()], &[bare]);
}

const METRICS: &str = "$.TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions";

#[test]
fn an_own_image_defines_its_objective() {
    let path = "$.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName";
    let metrics = "/TrainingJobDefinition/AlgorithmSpecification/MetricDefinitions";
    let built_in = || file("accepted/grid.json");
    let none = without(base(), &[metrics]);
    error(path, "must define the objective", &[base(), built_in()], &[none]);
    let place = "/HyperParameterTuningJobObjective/MetricName";
    let other = config(&[(place, json!("accuracy"))]);
    let text = "one of the metrics that are defined: validation:accuracy, train:loss";
    error(path, text, &[base()], &[other]);
    let overridden = with(built_in(), &[(metrics, json!([{"Name": "n", "Regex": "(\\d+)"}]))]);
    warning(METRICS, "defines its metrics itself", &[built_in()], &[overridden]);
}

#[test]
fn expressions_that_find_no_value_are_warned_of() {
    let path = format!("{METRICS}[0].Regex");
    let place = "/AlgorithmSpecification/MetricDefinitions";
    let regex = |regex: &str| definition(&[(&format!("{place}/0/Regex"), json!(regex))]);
    let good =
        [regex(r"acc=(\S+)"), regex("acc=(.+?);"), regex("acc=(.*?);"), regex(r"(?<=acc=)(\S+)")];
    let bad = ["F1=(.*?)", "acc=([0-9.]*)", r"acc=(\d+)?", r"acc=(\d+)|nan"].map(regex);
    warning(&path, "can be empty", &good, &bad);
    warning(&path, "there is none", &good, &[regex(r"acc=\S+"), regex(r"acc=(?:\S+)")]);
    warning(&path, "cannot be read here", &good, &[regex("acc=("), regex("[")]);
    let same = definition(&[(&format!("{place}/1/Name"), json!("validation:accuracy"))]);
    warning(&format!("{METRICS}[1].Name"), "distinct names", &[base()], &[same]);
    let many = |count: usize| {
        let metric = |i: usize| json!({"Name": format!("m{i}"), "Regex": r"(\S+)"});
        let mut metrics: Vec<Value> = (1..count).map(metric).collect();
        metrics.push(json!({"Name": "validation:accuracy", "Regex": r"(\S+)"}));
        definition(&[(place, metrics.into())])
    };
    warning(METRICS, "limits page", &[many(20)], &[many(21), many(40)]);
}

#[test]
fn expressions_that_capture_part_of_a_number_are_warned_of() {
    let path = format!("{METRICS}[0].Regex");
    let on = |regex: &str, line: &str| {
        let place = "/AlgorithmSpecification/MetricDefinitions/0/Regex";
        let request = definition(&[(place, json!(regex))]);
        Judge::default().with_log_lines([line, "train-loss=1"]).judge(&document(&request))
    };
    for (regex, line, text) in [
        (r"acc=([0-9.]+)", "acc=1e-05", r#"captures "1" of the number "1e-05""#),
        (r".*acc.*([0-9.]+)", "acc=0.25", r#"captures "5" of the number "0.25""#),
        (r"acc=-?([0-9.]+)", "acc=-0.5", r#"captures "0.5" of the number "-0.5""#),
    ] {
        let verdict = on(regex, line);
        assert!(says(&verdict, Severity::Warning, &path, text), "{verdict}");
    }
    for (regex, line) in [
        (r"acc=(\S+)", "acc=1e-05"),
        (r"acc=([0-9.]+)", "acc=0.5, 3"),
        (r"acc=([0-9.]+)", "t-acc=0.5."),
    ] {
        let verdict = on(regex, line);
        assert!(!says(&verdict, Severity::Warning, &path, "of the number"), "{verdict}");
    }
}

#[test]
fn expressions_are_tried_on_lines() {
    let path = format!("{METRICS}[0].Regex");
    let on = |lines: &[&str]| {
        let judge = Judge::default().with_log_lines(lines.iter().copied());
        judge.judge(&document(&base()))
    };
    let good = on(&["start", "step 1 validation-accuracy=0.5", "train-loss=3e-2"]);
    assert!(good.warnings().all(|warning| !warning.subject.contains("Regex")), "{good}");
    for (lines, text) in [
        (["start", "accuracy 0.5", "train-loss=3e-2"], "none of 3 lines"),
        (["validation-accuracy=0.5", "validation-accuracy=nan", "train-loss=1"], "\"nan\""),
        (["", "validation-accuracy=0.5,", "train-loss=1"], "\"0.5,\""),
    ] {
        let verdict = on(&lines);
        assert!(says(&verdict, Severity::Warning, &path, text), "{text}: {verdict}");
    }
}
