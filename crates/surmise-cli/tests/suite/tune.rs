//! `surmise tune` and the commands on its journal.

use std::fs;

use crate::folder::Folder;

/// A job: it prints two epochs and its loss, the distance of lr from 0.25 and of n from 3.
const SCRIPT: &str = r#"
lr=${1#--lr=}; n=${2#--n=}; opt=${3#--opt=}
echo "epoch: 1 loss: 100"
echo "epoch: 2 val_loss: 7 loss: $(awk "BEGIN { d = $lr - 0.25; print d * d + ($n - 3) * ($n - 3) }")"
[ "$opt" = bad ] && { echo "what a pity" >&2; exit 3; }
exit 0
"#;

/// A tuning of that job with these options, and these arguments after the command.
fn line<'a>(options: &[&'a str], arguments: &[&'a str]) -> Vec<&'a str> {
    let study = ["tune", "--set", "lr=0.01..1 log", "--set", "n=1..6", "--set", "opt=good|bad"];
    let command = ["--", "sh", "job.sh"];
    [&study[..], options, &command[..], arguments].concat()
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    fs::write(folder.file("job.sh"), SCRIPT).unwrap();
    folder
}

#[test]
fn a_script_is_tuned_from_one_line_and_the_same_line_goes_on() {
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
        output.contains("failed: exit status: 3; the end of its standard error: what a pity"),
        "{output}"
    );
    let command = folder.ok(&["best", "job", "--command"]);
    assert!(output.contains(&command), "{output}");
    assert!(command.starts_with("sh job.sh --lr="), "{command}");
    // What the command prints is the best value.
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut again = std::process::Command::new("sh");
    let again = again.args(&words[1..]).current_dir(folder.path()).output().unwrap();
    let best: serde_json::Value =
        serde_json::from_str(&folder.ok(&["best", "job", "--json"])).unwrap();
    let value = best["value"].as_f64().unwrap();
    let printed = String::from_utf8(again.stdout).unwrap();
    assert!(printed.trim_end().ends_with(&format!(" loss: {value}")), "{printed} {value}");

    let output = folder.ok(&line(&options, &["--lr={lr}"]));
    assert!(
        output.starts_with("job: goes on with job.surmise: 12 of 12 jobs are done, best "),
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
fn another_line_on_the_same_journal_is_refused_or_accepted() {
    let folder = folder("another-line");
    let options = ["--minimize", "loss", "--jobs", "4", "--name", "s"];
    folder.ok(&line(&options, &["--lr={lr}"]));
    for (options, arguments, wanted) in [
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
        assert!(errors.contains(wanted) && errors.contains("--accept-changes"), "{errors}");
    }
    let options =
        ["--minimize", "loss", "--jobs", "5", "--name", "s", "--seed", "3", "--accept-changes"];
    let output = folder.ok(&line(&options, &["--lr={lr}"]));
    assert!(output.contains("all 4 trials are kept"), "{output}");
    assert!(output.contains("trial 5"), "{output}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let folder = folder("wrong");
    let (status, output, errors) = folder.run(&[
        "tune",
        "--set",
        "lr=1e-5..1 lgo",
        "--set",
        "opt=a||b",
        "--jobs",
        "3",
        "--",
        "sh",
        "job.sh",
        "{lrr}",
    ]);
    assert_eq!((status, output.as_str()), (2, ""), "{errors}");
    for wanted in [
        "no metric is named",
        "`lgo` is unknown here",
        "this choice is empty",
        "no parameter is called `lrr`",
        "{lr}, {opt}",
    ] {
        assert!(errors.contains(wanted), "{wanted}: {errors}");
    }
    assert!(!folder.file("job.surmise").exists());
    let (status, _, errors) = folder.run(&["tune", "--minimize", "loss"]);
    assert_eq!(status, 2);
    assert!(
        errors.contains("no parameter is given") && errors.contains("no command is given"),
        "{errors}"
    );
    let (status, _, errors) = folder.run(&["tune", "--function", "brannin"]);
    assert_eq!(status, 2);
    assert!(
        errors.contains("no function is called `brannin`") && errors.contains("branin"),
        "{errors}"
    );
    assert_eq!(folder.run(&["tune", "missing.toml"]).0, 2);
    for command in ["show", "best", "why", "logs", "stop", "repair", "enqueue", "tell", "export"] {
        let more: &[&str] = match command {
            "why" | "logs" => &["1"],
            "enqueue" => &["x=1"],
            "tell" => &["1", "2"],
            "export" => &["--csv"],
            _ => &[],
        };
        let (status, _, errors) = folder.run(&[&[command, "missing"], more].concat());
        assert_eq!(status, 3, "{command}: {errors}");
        assert!(errors.contains("missing.surmise: there is no such file"), "{command}: {errors}");
    }
}

#[test]
fn a_metric_is_found_where_it_is() {
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
        let place: &[&str] = if name == "folder" { &["{folder}/{trial}"] } else { &[] };
        folder.ok(&[&study[..], &options, &command[..], place].concat());
        let shown = folder.ok(&["show", name]);
        assert!(shown.contains("2 completed; best: "), "{name}: {shown}");
    }
    let reports = folder.ok(&["show", "json", "--json"]);
    let reports: serde_json::Value = serde_json::from_str(&reports).unwrap();
    assert_eq!(reports[0]["reports"][0]["step"], 1);
    assert_eq!(reports[0]["reports"][0]["value"], reports[0]["configuration"]["x"]);
}

#[test]
fn what_tune_ends_with() {
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
    assert!(folder.ok(&["show", "e", "--failed"]).contains("longer than it may"));
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

#[test]
fn a_running_tuner_is_stopped_from_elsewhere() {
    let folder = folder("stopped");
    let line = [
        "tune",
        "--name",
        "s",
        "--set",
        "x=0.0..1.0",
        "--minimize",
        "loss",
        "--jobs",
        "50",
        "--",
        "sh",
        "-c",
        "sleep 0.2; echo loss=1",
        "sh",
    ];
    for cancel in [false, true] {
        let mut tuner = folder.surmise(&line).stdout(std::process::Stdio::null()).spawn().unwrap();
        let text = || fs::read_to_string(folder.file("s.surmise")).unwrap_or_default();
        let before = text().matches("\"asked\"").count();
        crate::soon(|| text().matches("\"asked\"").count() > before);
        let (status, _, errors) = folder.run(&["enqueue", "s", "x=0.5"]);
        assert_eq!(status, 3, "{errors}");
        assert!(errors.contains(&tuner.id().to_string()), "{errors}");
        let options: &[&str] = if cancel { &["--cancel"] } else { &[] };
        let output = folder.ok(&[&["stop", "s"], options].concat());
        assert!(output.contains(&tuner.id().to_string()), "{output}");
        assert_eq!(tuner.wait().unwrap().code(), Some(4));
    }
    assert_eq!(folder.run(&["stop", "s"]).0, 1);
    assert!(folder.ok(&["enqueue", "s", "x=0.123"]).contains("x=0.123 is enqueued; 1 wait"));
    assert_eq!(folder.run(&["enqueue", "s", "x=5"]).0, 2);
    assert_eq!(folder.run(&["enqueue", "s", "y=5"]).0, 2);
}

#[test]
fn trials_are_shown_sorted_and_cut_to_size() {
    let folder = folder("shown");
    folder.ok(&line(&["--quiet", "--minimize", "loss", "--jobs", "9"], &[]));
    let values = |options: &[&str]| -> Vec<f64> {
        let json = folder.ok(&[&["show", "job", "--json"], options].concat());
        let trials: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        trials.iter().map(|trial| trial["value"].as_f64().unwrap_or(f64::INFINITY)).collect()
    };
    let sorted = values(&["--sort", "value"]);
    assert!(sorted.is_sorted() && sorted.len() == 9, "{sorted:?}");
    assert!(values(&["--failed"]).iter().all(|value| value.is_infinite()));
    assert_eq!(folder.run(&["show", "job", "--sort", "none"]).0, 2);
    folder.ok(&["show", "job", "--sort", "n"]);
    let csv = folder.ok(&["show", "job", "--csv"]);
    assert!(csv.starts_with("trial,state,loss,begun,ended,failure,lr,n,opt\n"), "{csv}");
    let why = folder.ok(&["why", "job", "1"]);
    assert!(why.contains("trial 1 was proposed") && why.contains("it completed after"), "{why}");
    let logs = folder.ok(&["logs", "job", "1"]);
    assert!(logs.starts_with("epoch: 1 loss: 100\n"), "{logs}");
    assert_eq!(folder.run(&["why", "job", "10"]).0, 2);
    assert_eq!(folder.run(&["logs", "job", "1", "--attempt", "2"]).0, 1);
    let env = folder.ok(&["best", "job", "--env"]);
    assert!(env.contains("export HP_LR=") && env.contains("export HP_OPT=good\n"), "{env}");
}

#[test]
fn a_study_moves_by_csv_and_by_optunas_journal() {
    let folder = folder("moves");
    folder.ok(&line(&["--quiet", "--minimize", "loss", "--jobs", "8"], &[]));
    let results = |name: &str| {
        let trials: Vec<serde_json::Value> =
            serde_json::from_str(&folder.ok(&["show", name, "--json"])).unwrap();
        let result =
            |trial: &serde_json::Value| (trial["configuration"].clone(), trial["value"].clone());
        trials.iter().map(result).collect::<Vec<_>>()
    };
    folder.ok(&["export", "job", "--csv", "-o", "job.csv"]);
    let ranges = [
        "--set",
        "lr=0.01..1 log",
        "--set",
        "n=1..6",
        "--set",
        "opt=good|bad",
        "--minimize",
        "loss",
    ];
    folder.ok(&[&["import", "csv", "job.csv"], &ranges[..]].concat());
    assert_eq!(results("csv"), results("job"));
    folder.ok(&["export", "job", "--optuna-journal", "-o", "job.log"]);
    folder.ok(&["import", "optuna", "job.log", "--optuna-journal"]);
    assert_eq!(results("optuna"), results("job"));
    // What is known is not known twice, and what does not fit is said.
    let output = folder.ok(&["import", "csv", "job.csv"]);
    assert!(output.contains("0 results are new to csv.surmise, 8 were known"), "{output}");
    assert_eq!(results("csv"), results("job"));
    fs::write(folder.file("odd.csv"), "lr,n,opt,loss\n0.5,2,good,0.75\n9,2,good,1\n0.5,2,bad,\n")
        .unwrap();
    let output = folder.ok(&["import", "csv", "odd.csv"]);
    assert!(output.contains("2 results are new") && output.contains("left out: row 2"), "{output}");
    fs::write(folder.file("odd.csv"), "lr,n,loss\n0.5,x,0.75\n").unwrap();
    let (status, _, errors) = folder.run(&["import", "csv", "odd.csv"]);
    assert!(status == 2 && errors.contains("no column opt"), "{errors}");
    assert!(
        folder
            .ok(&["export", "job", "--sagemaker-analytics"])
            .starts_with("lr,n,opt,TrainingJobName,TrainingJobStatus,FinalObjectiveValue,")
    );
}

#[test]
fn a_request_runs_with_its_script_in_the_container_contract() {
    let folder = Folder::new("request");
    let request = serde_json::json!({
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
            "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}
    });
    fs::write(folder.file("job.json"), request.to_string()).unwrap();
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
    fs::write(folder.file("bad.json"), "{\"HyperParameterTuningJobName\": \"a b\"}").unwrap();
    assert_eq!(folder.run(&["tune", "bad.json", "--script", "./train.sh"]).0, 2);
}

#[test]
fn events_are_json_for_machines() {
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
fn a_line_that_came_to_nothing_does_not_stand_in_the_way() {
    let folder = folder("fruitless");
    let tune = |options: &[&str], command: &[&str]| {
        let study =
            ["tune", "--name", "s", "--set", "x=0.0..1.0", "--minimize", "loss", "--jobs", "3"];
        folder.run(&[&study[..], options, &["--"], command].concat())
    };
    // A program that is not there is told before there is a journal.
    let (status, _, errors) = tune(&[], &["trainer", "{x}"]);
    assert!(status == 2 && errors.contains("there is no program `trainer`"), "{errors}");
    assert!(!folder.file("s.surmise").exists());
    // Two jobs without the metric are enough, and the reason is said.
    let (status, output, _) = tune(&["--quiet"], &["sh", "-c", "echo val-loss: 3"]);
    assert!(status == 1 && output.contains("looked for as `loss: VALUE`"), "{output}");
    assert!(folder.ok(&["show", "s"]).contains("\n2 failed"));
    // The line that is meant begins anew, and the journal of before is kept.
    let (status, output, _) = tune(&[], &["sh", "-c", "echo loss: 3"]);
    assert!(
        status == 0 && output.contains("kept in s.before-1.surmise: none of its jobs completed"),
        "{output}"
    );
    assert!(folder.ok(&["show", "s"]).contains("\n3 completed"));
    assert!(folder.ok(&["show", "s.before-1"]).contains("\n2 failed"));
    assert!(folder.file("s.before-1.jobs").is_dir());
    // So it does on demand.
    let (status, output, _) = tune(&["--fresh"], &["sh", "-c", "echo loss: 3"]);
    assert!(status == 0 && output.contains("s.before-2.surmise"), "{output}");
    // Other rules are accepted, and said.
    let (_, output, _) = tune(&["--patience", "2"], &["sh", "-c", "echo loss: 3"]);
    assert!(output.contains("the rules were the default ones, and are --patience 2"), "{output}");
}

#[test]
fn flags_and_the_best_value_of_a_job() {
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

/// The last epoch of Hyperband is a job's own end: what it does afterwards is not cut off.
#[test]
fn a_job_that_reaches_the_last_epoch_ends_by_itself() {
    let folder = Folder::new("last-epoch");
    let script = "for epoch in 1 2 3; do echo epoch: $epoch loss: $1; sleep 0.03; done; sleep 0.2; touch \"$2/model\"";
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

#[test]
fn what_a_cancelled_tuner_left_waits_and_is_tried_once_more() {
    let folder = Folder::new("waits");
    let line = [
        "tune",
        "--name",
        "s",
        "--set",
        "x=0.0..1.0",
        "--minimize",
        "loss",
        "--jobs",
        "2",
        "--parallel",
        "2",
        "--",
        "sh",
        "-c",
        "[ -e go ] || sleep 30; echo loss: 1",
        "sh",
    ];
    let mut tuner = folder.surmise(&line).stdout(std::process::Stdio::null()).spawn().unwrap();
    let journal = || fs::read_to_string(folder.file("s.surmise")).unwrap_or_default();
    crate::soon(|| journal().matches("\"asked\"").count() == 2);
    assert!(folder.ok(&["show", "s"]).contains("2 running"));
    folder.ok(&["stop", "s", "--cancel"]);
    tuner.wait().unwrap();
    assert!(folder.ok(&["show", "s"]).contains("2 waiting"));
    fs::write(folder.file("go"), "").unwrap();
    folder.ok(&line);
    let why = folder.ok(&["why", "s", "1"]);
    assert!(
        why.contains("attempt 1 failed: the tuning was cancelled") && !why.contains("attempt 2"),
        "{why}"
    );
}

#[test]
fn accepted_changes_keep_the_study_of_before_with_its_logs() {
    let folder = Folder::new("accepted");
    let tune = |range: &str| {
        let study = [
            "tune",
            "--name",
            "s",
            "--set",
            range,
            "--minimize",
            "loss",
            "--jobs",
            "3",
            "--accept-changes",
        ];
        folder.ok(&[&study[..], &["--", "sh", "-c", "echo I am $0; echo loss: $0", "{x}"]].concat())
    };
    tune("x=0.0..1.0");
    let before = folder.ok(&["logs", "s", "2"]);
    let output = tune("x=0.4..1.0");
    assert!(output.contains("the study of before is kept in s.before-1.surmise"), "{output}");
    assert_eq!(folder.ok(&["logs", "s.before-1", "2"]), before);
    assert!(folder.ok(&["show", "s.before-1"]).contains("3 completed"));
}

#[test]
fn studies_of_other_names_have_other_folders() {
    let folder = Folder::new("folders");
    for name in ["run.a", "run.b"] {
        let text = format!("echo I am {name}; echo loss: 1");
        folder.ok(&[
            "tune",
            "--set",
            "x=0.1..1.0",
            "--minimize",
            "loss",
            "--jobs",
            "1",
            "--journal",
            name,
            "--",
            "sh",
            "-c",
            &text,
        ]);
    }
    assert!(folder.ok(&["logs", "run.a", "1"]).contains("I am run.a"));
    assert!(folder.ok(&["logs", "run.b", "1"]).contains("I am run.b"));
}

#[test]
fn what_is_wrong_with_rules_is_said_before_there_is_a_journal() {
    let folder = Folder::new("rules");
    for options in [
        ["--patience", "0"],
        ["--early-stopping", "hyperband=50,1"],
        ["--start-from", "x=5"],
        ["--metric-file", "/absolute"],
        ["--name", ""],
    ] {
        let study = ["tune", "--journal", "s", "--set", "x=0.0..1.0", "--minimize", "loss"];
        let (status, _, errors) = folder.run(&[&study[..], &options, &["--", "true"]].concat());
        assert_eq!(status, 2, "{options:?}: {errors}");
        assert!(!folder.file("s").exists(), "{options:?}");
    }
}

#[test]
fn an_export_with_all_states_is_imported_as_it_is() {
    let folder = Folder::new("states");
    let rows = "x,state,loss,failure\n0.8,failed,0.001,oom\n0.81,running,,\n0.82,completed,0.5,\n0.83,stopped,,\n";
    fs::write(folder.file("known.csv"), rows).unwrap();
    let output =
        folder.ok(&["import", "s", "known.csv", "--set", "x=0.0..1.0", "--minimize", "loss"]);
    assert!(
        output.contains("left out: row 2: it is running") && output.contains("2 results are new"),
        "{output}"
    );
    let shown = folder.ok(&["show", "s", "--json"]);
    assert!(shown.contains("oom") && folder.ok(&["best", "s"]).contains("loss 0.5"), "{shown}");
}

/// A job that takes its time to end when its tuner is killed: the next attempt waits for that.
#[test]
fn another_attempt_does_not_begin_beside_one_that_still_ends() {
    let folder = Folder::new("beside");
    let script = "trap 'sleep 0.7; echo ends >> log; exit' TERM; echo begins >> log; [ $SURMISE_ATTEMPT = 2 ] || { sleep 30 & wait; }; echo loss: 1";
    let line = [
        "tune",
        "--name",
        "s",
        "--set",
        "x=0.0..1.0",
        "--minimize",
        "loss",
        "--jobs",
        "1",
        "--quiet",
        "--",
        "sh",
        "-c",
        script,
    ];
    let mut tuner = folder.surmise(&line).spawn().unwrap();
    let log = || fs::read_to_string(folder.file("log")).unwrap_or_default();
    crate::soon(|| log() == "begins\n");
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    folder.ok(&line);
    assert_eq!(log(), "begins\nends\nbegins\n");
}
