//! Tests of `surmise tune`, and of the subcommands that read its journal.

use std::fs;

use crate::temporary_folder::Folder;

/// A job that prints two epochs; its loss is the squared distance from lr = 0.25 and n = 3.
const SCRIPT: &str = r#"
lr=${1#--lr=}; n=${2#--n=}; opt=${3#--opt=}
echo "epoch: 1 loss: 100"
loss=$(awk "BEGIN { d = $lr - 0.25; print d * d + ($n - 3) * ($n - 3) }")
echo "epoch: 2 val_loss: 7 loss: $loss"
[ "$opt" = bad ] && { echo "bad optimizer" >&2; exit 3; }
exit 0
"#;

/// Returns the command line that tunes this job with these options and arguments.
pub(crate) fn line<'a>(options: &[&'a str], arguments: &[&'a str]) -> Vec<&'a str> {
    let study = ["tune", "--set", "lr=0.01..1 log", "--set", "n=1..6", "--set", "opt=good|bad"];
    let command = ["--", "sh", "job.sh"];
    [&study[..], options, &command[..], arguments].concat()
}

pub(crate) fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    fs::write(folder.file("job.sh"), SCRIPT).unwrap();
    folder
}

#[test]
fn a_script_is_tuned_and_the_same_command_resumes() {
    let folder = folder("one-line");
    let options = ["--minimize", "loss", "--jobs", "12", "--parallel", "3"];
    let output = folder.ok(&line(&options, &["--lr={lr}"]));
    assert!(
        output.starts_with("job: a new study, kept in job.surmise: 12 jobs, 3 at a time\n"),
        "{output}"
    );
    assert!(output.contains("  n    1 to 6, whole numbers\n"), "{output}");
    assert!(output.contains("trial 1 starts: lr="), "{output}");
    assert!(
        output.contains("failed: exit status: 3; the end of its standard error: bad optimizer"),
        "{output}"
    );
    let command = folder.ok(&["best", "job", "--command"]);
    assert!(output.contains(&command), "{output}");
    assert!(command.starts_with("sh job.sh --lr="), "{command}");
    // The printed command has the best value.
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut job = std::process::Command::new("sh");
    let job = job.args(&words[1..]).current_dir(folder.path()).output().unwrap();
    let best: serde_json::Value =
        serde_json::from_str(&folder.ok(&["best", "job", "--json"])).unwrap();
    let value = best["value"].as_f64().unwrap();
    let printed = String::from_utf8(job.stdout).unwrap();
    assert!(printed.trim_end().ends_with(&format!(" loss: {value}")), "{printed} {value}");

    let output = folder.ok(&line(&options, &["--lr={lr}"]));
    assert!(
        output.starts_with("job: resumes job.surmise: 12 of 12 jobs are done, best "),
        "{output}"
    );
    assert!(!output.contains("starts"), "{output}");
    let more = ["--minimize", "loss", "--jobs", "14", "--parallel", "3"];
    let output = folder.ok(&line(&more, &["--lr={lr}"]));
    assert!(output.contains("--jobs was 12, and is 14"), "{output}");
    assert_eq!(output.matches(" starts: ").count(), 2, "{output}");
    let shown = folder.ok(&["show", "job"]);
    assert_eq!(shown.lines().count(), 1 + 14 + 1, "{shown}");
}

#[test]
fn a_changed_command_needs_accept_changes() {
    let folder = folder("another-line");
    let options = ["--minimize", "loss", "--jobs", "4", "--name", "s"];
    folder.ok(&line(&options, &["--lr={lr}"]));
    for (options, arguments, expected) in [
        (vec!["--minimize", "cost"], vec!["--lr={lr}"], "the metric was \"loss\", and is \"cost\""),
        (vec!["--minimize", "loss", "--seed", "3"], vec!["--lr={lr}"], "--seed was 0, and is 3"),
        (
            vec!["--minimize", "loss"],
            vec!["--lr", "{lr}"],
            "command was `sh job.sh --lr={lr}`, and is",
        ),
        (
            vec!["--minimize", "loss", "--pass", "env"],
            vec!["--lr={lr}"],
            "pass was `arguments`, and is `env`",
        ),
    ] {
        let options = [&options[..], &["--jobs", "4", "--name", "s"]].concat();
        let (status, output, errors) = folder.run(&line(&options, &arguments));
        assert_eq!((status, output.as_str()), (3, ""), "{errors}");
        assert!(errors.contains(expected) && errors.contains("--accept-changes"), "{errors}");
    }
    let options =
        ["--minimize", "loss", "--jobs", "5", "--name", "s", "--seed", "3", "--accept-changes"];
    let output = folder.ok(&line(&options, &["--lr={lr}"]));
    assert!(output.contains("all 4 trials are kept"), "{output}");
    assert!(output.contains("trial 5"), "{output}");
}

#[test]
fn the_metric_is_found_in_each_source() {
    let folder = Folder::new("metric");
    for (name, script, options) in [
        ("json", r#"echo "{\"epoch\": 1, \"loss\": $HP_X}""#, vec!["--pass", "env"]),
        (
            "regex",
            r#"echo "the loss is $HP_X now""#,
            vec!["--pass", "env", "--metric-regex", r"loss is (\S+)"],
        ),
        (
            "file",
            r#"echo "$HP_X" > "$SURMISE_FOLDER/out""#,
            vec!["--pass", "env", "--metric-file", "out"],
        ),
        ("error", r#"echo "loss=$HP_X" >&2"#, vec!["--pass", "env"]),
        ("config", r#"sed -n 's/.*"x": \(.*\)/loss=\1/p' "$0""#, vec!["--pass", "json"]),
        ("folder", r#"echo "loss=0.5"; [ "$0" = "$SURMISE_FOLDER/$SURMISE_TRIAL" ]"#, vec![]),
    ] {
        let study = [
            "tune",
            "--quiet",
            "--name",
            name,
            "--set",
            "x=0.1..1.0",
            "--minimize",
            "loss",
            "--jobs",
            "2",
        ];
        let command = ["--", "sh", "-c", script];
        let arguments: &[&str] = if name == "folder" { &["{folder}/{trial}"] } else { &[] };
        folder.ok(&[&study[..], &options, &command[..], arguments].concat());
        let shown = folder.ok(&["show", name]);
        assert!(shown.contains("2 completed; best: "), "{name}: {shown}");
    }
    let reports = folder.ok(&["show", "json", "--json"]);
    let reports: serde_json::Value = serde_json::from_str(&reports).unwrap();
    assert_eq!(reports[0]["reports"][0]["step"], 1);
    assert_eq!(reports[0]["reports"][0]["value"], reports[0]["configuration"]["x"]);
}

#[test]
fn exit_statuses_of_tune_depend_on_the_end_of_the_tuning() {
    let folder = folder("statuses");
    let tune = |options: &[&str], script: &str| {
        let study = ["tune", "--quiet", "--set", "x=0.0..1.0", "--minimize", "loss", "--jobs", "6"];
        let command = ["--", "sh", "-c", script, "sh"];
        folder.run(&[&study[..], options, &command[..]].concat()).0
    };
    assert_eq!(tune(&["--name", "a"], "echo loss=1"), 0);
    assert_eq!(tune(&["--name", "b"], "exit 1"), 1);
    assert_eq!(tune(&["--name", "c", "--target", "0.5"], "echo loss=0.4"), 0);
    assert!(folder.ok(&["show", "c"]).contains("\n1 completed; best"));
    assert_eq!(tune(&["--name", "d", "--patience", "2"], "echo loss=0.4"), 0);
    assert!(folder.ok(&["show", "d"]).contains("\n3 completed; best"));
    assert_eq!(tune(&["--name", "e", "--job-timeout", "100ms"], "sleep 5"), 1);
    assert!(folder.ok(&["show", "e", "--failed"]).contains("exceeded its maximum runtime"));
    assert_eq!(
        tune(
            &["--name", "f", "--retries", "1", "--jobs", "1"],
            "[ $SURMISE_ATTEMPT = 2 ] && echo loss=1"
        ),
        2
    );
    fs::write(folder.file("g.surmise"), "something else\n").unwrap();
    assert_eq!(tune(&["--name", "g"], "echo loss=1"), 3);
    assert_eq!(fs::read_to_string(folder.file("g.surmise")).unwrap(), "something else\n");
}

/// Returns a request for three training jobs that tune one learning rate.
fn request() -> serde_json::Value {
    serde_json::json!({
        "HyperParameterTuningJobName": "trees",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"ContinuousParameterRanges": [
                {"Name": "rate", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}]}},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss:(\\S+)"}]},
            "RoleArn": "arn:aws:iam::012345678912:role/tuner",
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
            "ResourceConfig":
                {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}
    })
}

#[test]
fn a_request_runs_its_script_like_a_training_container() {
    let folder = Folder::new("request");
    fs::write(folder.file("job.json"), request().to_string()).unwrap();
    let (status, _, errors) = folder.run(&["tune", "job.json"]);
    assert!(status == 2 && errors.contains("--script"), "{errors}");
    fs::write(folder.file("train.sh"), "#!/bin/sh\necho loss:$SM_HP_RATE $2\n").unwrap();
    let mut permissions = fs::metadata(folder.file("train.sh")).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(folder.file("train.sh"), permissions).unwrap();
    let output = folder.ok(&["tune", "job.json", "--script", "./train.sh", "--jobs", "2"]);
    assert!(
        output.contains("trees: a new study, kept in trees.surmise: 2 jobs, 1 at a time"),
        "{output}"
    );
    assert!(output.contains("2 jobs have run"), "{output}");
    let (status, _, errors) = folder.run(&[
        "tune",
        "job.json",
        "--script",
        "./train.sh",
        "--pass",
        "env",
        "--set",
        "x=1..2",
    ]);
    assert!(
        status == 2 && errors.contains("--pass, --set cannot be used with a request"),
        "{errors}"
    );
    let line = [
        "tune",
        "job.json",
        "--script",
        "./train.sh",
        "--name",
        "s",
        "--jobs",
        "1",
        "--start-from",
        "rate=0.25",
    ];
    assert!(folder.ok(&line).contains("trial 1 starts: rate=0.25"));
    fs::write(folder.file("bad.json"), "{\"HyperParameterTuningJobName\": \"a b\"}").unwrap();
    assert_eq!(folder.run(&["tune", "bad.json", "--script", "./train.sh"]).0, 2);
}

#[test]
fn events_are_printed_as_json() {
    let folder = folder("json");
    let output = folder.ok(&line(&["--json", "--minimize", "loss", "--jobs", "3"], &[]));
    let events: Vec<serde_json::Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((count("asked"), count("started"), count("told"), count("over")), (3, 3, 3, 1));
    assert_eq!(count("reported"), 6);
    let quiet = folder.ok(&line(&["--quiet", "--minimize", "loss", "--jobs", "3"], &[]));
    assert!(quiet.starts_with("best: trial ") && quiet.lines().count() == 2, "{quiet}");
}

#[test]
fn flags_are_passed_and_the_best_value_of_a_job_counts() {
    let folder = Folder::new("flags");
    let script = "echo loss: 5; echo loss: 1; echo loss: 2; [ \"$1\" = --use-it ] || [ $# = 0 ]";
    let line = [
        "tune",
        "--name",
        "s",
        "--set",
        "use_it=true|false",
        "--minimize",
        "loss",
        "--jobs",
        "2",
        "--metric-of",
        "best",
        "--quiet",
        "--",
        "sh",
        "-c",
        script,
        "sh",
        "{--use-it}",
    ];
    folder.ok(&line);
    let shown = folder.ok(&["show", "s", "--json"]);
    assert_eq!(
        shown.matches("\"value\": 1.0").count() - shown.matches("\"value\": 1.0\n      }").count(),
        2,
        "{shown}"
    );
    let numbers =
        ["--set", "n=1..3", "--minimize", "loss", "--", "sh", "-c", script, "sh", "{--n}"];
    let (status, _, errors) = folder.run(&[&["tune"], &numbers[..]].concat());
    assert!(status == 2 && errors.contains("--set 'n=true|false'"), "{errors}");
}

/// Hyperband does not stop a job at its last epoch, so that it can save its model.
#[test]
fn a_job_is_not_stopped_at_its_last_epoch() {
    let folder = Folder::new("last-epoch");
    let script = "for epoch in 1 2 3; do echo epoch: $epoch loss: $1; sleep 0.03; done; \
                  sleep 0.2; touch \"$2/model\"";
    let line = [
        "tune",
        "--name",
        "s",
        "--set",
        "x=0.1..1.0",
        "--minimize",
        "loss",
        "--jobs",
        "2",
        "--early-stopping",
        "hyperband=1,3",
        "--quiet",
        "--",
        "sh",
        "-c",
        script,
        "sh",
        "{x}",
        "{folder}",
    ];
    folder.ok(&line);
    assert!(folder.file("s.jobs/trial-00001-attempt-1/model").exists());
}
