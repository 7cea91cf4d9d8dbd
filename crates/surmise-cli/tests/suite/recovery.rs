//! Errors of a tuning, and how another command recovers from them.

use std::fs;

use crate::temporary_folder::Folder;
use crate::tune::folder;

#[test]
fn all_errors_are_printed_at_once() {
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
    for expected in [
        "no metric is given",
        "unknown word `lgo` after the bounds",
        "this choice is empty",
        "no parameter is called `lrr`",
        "{lr}, {opt}",
    ] {
        assert!(errors.contains(expected), "{expected}: {errors}");
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
        let arguments: &[&str] = match command {
            "why" | "logs" => &["1"],
            "enqueue" => &["x=1"],
            "tell" => &["1", "2"],
            "export" => &["--csv"],
            _ => &[],
        };
        let (status, _, errors) = folder.run(&[&[command, "missing"], arguments].concat());
        assert_eq!(status, 3, "{command}: {errors}");
        assert!(errors.contains("missing.surmise: the file does not exist"), "{command}: {errors}");
    }
}

#[test]
fn another_process_stops_a_running_tuning() {
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
        crate::wait_until(|| text().matches("\"asked\"").count() > before);
        let (status, _, errors) = folder.run(&["enqueue", "s", "x=0.5"]);
        assert_eq!(status, 3, "{errors}");
        assert!(errors.contains(&tuner.id().to_string()), "{errors}");
        let options: &[&str] = if cancel { &["--cancel"] } else { &[] };
        let output = folder.ok(&[&["stop", "s"], options].concat());
        assert!(output.contains(&tuner.id().to_string()), "{output}");
        assert_eq!(tuner.wait().unwrap().code(), Some(4));
    }
    assert_eq!(folder.run(&["stop", "s"]).0, 1);
    assert!(
        folder
            .ok(&["enqueue", "s", "x=0.123"])
            .contains("enqueued x=0.123; 1 configuration to be tried")
    );
    assert_eq!(folder.run(&["enqueue", "s", "x=5"]).0, 2);
    assert_eq!(folder.run(&["enqueue", "s", "y=5"]).0, 2);
}

#[test]
fn a_journal_without_completed_jobs_is_renamed() {
    let folder = folder("fruitless");
    let tune = |options: &[&str], command: &[&str]| {
        let study =
            ["tune", "--name", "s", "--set", "x=0.0..1.0", "--minimize", "loss", "--jobs", "3"];
        folder.run(&[&study[..], options, &["--"], command].concat())
    };
    // A missing program is an error before a journal is created.
    let (status, _, errors) = tune(&[], &["trainer", "{x}"]);
    assert!(status == 2 && errors.contains("the program `trainer` was not found"), "{errors}");
    assert!(!folder.file("s.surmise").exists());
    // Two jobs without the metric end the tuning, and the reason is printed.
    let (status, output, _) = tune(&["--quiet"], &["sh", "-c", "echo val-loss: 3"]);
    assert!(status == 1 && output.contains("Print the metric as `loss: VALUE`"), "{output}");
    assert!(folder.ok(&["show", "s"]).contains("\n2 failed"));
    // A corrected command starts a new study, and the earlier journal is renamed.
    let (status, output, _) = tune(&[], &["sh", "-c", "echo loss: 3"]);
    assert!(
        status == 0 && output.contains("kept in s.before-1.surmise: no job of it completed"),
        "{output}"
    );
    assert!(folder.ok(&["show", "s"]).contains("\n3 completed"));
    assert!(folder.ok(&["show", "s.before-1"]).contains("\n2 failed"));
    assert!(folder.file("s.before-1.jobs").is_dir());
    // The option --fresh renames a journal with completed jobs.
    let (status, output, _) = tune(&["--fresh"], &["sh", "-c", "echo loss: 3"]);
    assert!(status == 0 && output.contains("s.before-2.surmise"), "{output}");
    // Changed stopping rules are accepted and printed.
    let (_, output, _) = tune(&["--patience", "2"], &["sh", "-c", "echo loss: 3"]);
    assert!(
        output.contains("the stopping rules were the default ones, and are --patience 2"),
        "{output}"
    );
}

#[test]
fn jobs_of_a_cancelled_tuning_wait_and_are_retried() {
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
    crate::wait_until(|| journal().matches("\"asked\"").count() == 2);
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
fn accepting_changes_keeps_the_earlier_study_with_its_logs() {
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
    assert!(output.contains("the earlier study is kept in s.before-1.surmise"), "{output}");
    assert_eq!(folder.ok(&["logs", "s.before-1", "2"]), before);
    assert!(folder.ok(&["show", "s.before-1"]).contains("3 completed"));
}

#[test]
fn journals_with_different_extensions_have_different_job_folders() {
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
fn invalid_rules_are_errors_before_a_journal_is_created() {
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

/// A job needs 0.7 s to end after its tuner is killed. The next attempt starts afterwards.
#[test]
fn a_retry_waits_for_the_previous_attempt_to_end() {
    let folder = Folder::new("beside");
    let script = "trap 'sleep 0.7; echo ends >> log; exit' TERM; echo begins >> log; \
                  [ $SURMISE_ATTEMPT = 2 ] || { sleep 30 & wait; }; echo loss: 1";
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
    // The next tuner waits for attempts whose process is recorded in their folder.
    let process = folder.file("s.jobs").join("trial-00001-attempt-1").join("process");
    let is_recorded = || fs::read_to_string(&process).is_ok_and(|text| text.ends_with('\n'));
    crate::wait_until(|| log() == "begins\n" && is_recorded());
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    folder.ok(&line);
    assert_eq!(log(), "begins\nends\nbegins\n");
}
