//! Exit statuses and help texts of all subcommands.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn surmise(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_surmise"));
    command.args(arguments).current_dir(root).stdin(Stdio::null()).output().unwrap()
}

fn exit_status(arguments: &[&str]) -> i32 {
    surmise(arguments).status.code().unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

const DATA: &str = "crates/surmise-sagemaker/tests/data";

#[test]
fn every_subcommand_has_help() {
    for arguments in [
        &["--help"] as &[&str],
        &["demo", "--help"],
        &["tune", "--help"],
        &["show", "--help"],
        &["best", "--help"],
        &["why", "--help"],
        &["logs", "--help"],
        &["enqueue", "--help"],
        &["stop", "--help"],
        &["repair", "--help"],
        &["ask", "--help"],
        &["tell", "--help"],
        &["export", "--help"],
        &["import", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
        &["ask-tell", "--help"],
        &["bench", "--help"],
        &["bench", "run", "--help"],
        &["bench", "compare", "--help"],
        &["bench", "check", "--help"],
        &["bench", "random-means", "--help"],
        &["sagemaker", "--help"],
        &["sagemaker", "check", "--help"],
        &["sagemaker", "run", "--help"],
        &["sagemaker", "write", "--help"],
        &["sagemaker", "describe", "--help"],
        &["sagemaker", "model", "--help"],
    ] {
        let output = surmise(arguments);
        let (text, _) = texts(&output);
        assert!(output.status.success() && text.contains("Usage:"), "{arguments:?}: {text}");
    }
    for (arguments, words) in [
        (&["--help"] as &[&str], "Exit status: 0 done; 1"),
        (&["ask-tell", "--help"], r#"{"op":"help"}"#),
        (&["bench", "run", "--help"], "resumes an interrupted benchmark"),
        (&["bench", "check", "--help"], "Exit status: 0 the strategy is as good as before; 1"),
        (
            &["sagemaker", "check", "--help"],
            "Exit status: 0 the service would accept the request; 1",
        ),
        (&["sagemaker", "run", "--help"], "3 the service would accept the request, but"),
    ] {
        let (text, _) = texts(&surmise(arguments));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
}

#[test]
fn an_invalid_command_line_has_exit_status_2() {
    for (arguments, names) in [
        (&["tune-it"] as &[&str], "tune-it"),
        (&["demo", "--seed", "many"], "many"),
        (&["demo", "--seeds", "0"], "--seeds"),
        (&["demo", "--seed", "1", "--seeds", "2"], "--seeds"),
        (&["ask-tell", "--strategy", "psychic"], "psychic"),
        (&["bench", "run", "--seeds", "0"], "--seeds"),
        (&["bench", "run", "--parallel", "2", "--workers", "3"], "--workers"),
        (&["bench", "run", "--external", "mine"], "NAME='command'"),
        (&["bench", "run", "--seeds", "40-21"], "21-40"),
        (&["bench", "run", "--shard", "3/2"], "I/N"),
        (&["bench", "run", "--table", "mine=trainings.csv"], "--value"),
        (&["bench", "run", "--suite", "real", "--tables", "nowhere"], "fetch_tables.py"),
        (&["bench", "run", "--suite", "smoke", "--only", "held-out"], "no such problems"),
        (&["bench", "merge", "a"], "--out"),
        (&["bench", "merge", "nowhere", "--compact", "runs.ndjson.gz"], "nowhere"),
        (&["bench", "compare", "a", "--control", "b", "--paired-by-name"], "--paired-by-name"),
        (&["bench", "compare"], "DIR"),
        (&["bench", "check"], "--baseline"),
        (&["sagemaker", "check"], "FILE"),
        (&["sagemaker", "check", "f", "--quotas", "huge"], "huge"),
        (&["sagemaker", "run", "f", "--jobs", "0"], "--jobs"),
    ] {
        let output = surmise(arguments);
        let (_, text) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(names), "{arguments:?}: {text}");
    }
}

#[test]
fn exit_statuses_say_whether_the_service_would_accept_a_request() {
    let sample = format!("{DATA}/tune_model_state_machine.json");
    assert_eq!(exit_status(&["sagemaker", "check", &sample]), 0);
    let refused = format!("{DATA}/published/sdk-test-completion-criteria.json");
    assert_eq!(exit_status(&["sagemaker", "check", &refused]), 1);
    assert_eq!(exit_status(&["sagemaker", "check", "README.md"]), 2);
    assert_eq!(exit_status(&["sagemaker", "check", "nowhere.json"]), 2);
    let several = format!("{DATA}/accepted/several_definitions.json");
    assert_eq!(exit_status(&["sagemaker", "write", &several]), 3);
    assert_eq!(exit_status(&["sagemaker", "run", &several]), 3);
    assert_eq!(exit_status(&["sagemaker", "describe", &several]), 3);
}

/// Standard output contains only JSON; messages go to standard error.
#[test]
fn write_prints_only_json_to_standard_output() {
    let file = format!("{DATA}/accepted/one_definition.json");
    let output = surmise(&["sagemaker", "write", &file]);
    let (text, errors) = texts(&output);
    assert!(output.status.success(), "{errors}");
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(written["HyperParameterTuningJobConfig"].is_object());
    assert!(errors.contains("accepted: 0 errors"), "{errors}");
    let (text, _) = texts(&surmise(&["sagemaker", "model"]));
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}

#[test]
fn unknown_names_and_files_of_a_benchmark_have_exit_status_2() {
    for (arguments, names) in [
        (&["bench", "run", "--suite", "imaginary", "--quiet"] as &[&str], "imaginary"),
        (&["bench", "run", "--strategies", "psychic", "--quiet"], "psychic"),
        (&["bench", "run", "--problems", "imaginary", "--quiet"], "imaginary"),
        (&["bench", "compare", "nowhere"], "nowhere"),
        (&["bench", "compare", "README.md"], "README.md"),
        (&["bench", "check", "--baseline", "nowhere.json", "--quiet"], "nowhere.json"),
        (&["bench", "check", "--baseline", "README.md", "--quiet"], "README.md"),
        (&["bench", "random-means", "--problems", "imaginary"], "imaginary"),
    ] {
        let output = surmise(arguments);
        let (_, text) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(names), "{arguments:?}: {text}");
    }
}

#[test]
fn the_demo_prints_its_results() {
    let output = surmise(&["demo", "--quiet", "--seed", "3"]);
    let (text, errors) = texts(&output);
    assert!(output.status.success(), "{errors}");
    for line in
        ["The best trials of Bayesian optimization:", "random search, 50 jobs", "untuned defaults"]
    {
        assert!(text.contains(line), "{text}");
    }
}

/// A closed pipe ends a subcommand silently, and a full disk is an ordinary error.
#[test]
fn a_closed_or_full_output_causes_no_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sample = format!("{DATA}/tune_model_state_machine.json");
    let baseline =
        ["bench", "check", "--baseline", "crates/surmise-bench/baseline.json", "--quiet"];
    for arguments in [
        &["demo", "--quiet"] as &[&str],
        &["demo", "--quiet", "--seeds", "1"],
        &["sagemaker", "check", &sample],
        &["sagemaker", "run", &sample, "--jobs", "3"],
        &["sagemaker", "model"],
        &["sagemaker", "check", "nowhere.json"],
        &baseline,
    ] {
        let closed = || {
            let (reader, writer) = io::pipe().unwrap();
            drop(reader);
            writer
        };
        let full = || File::options().write(true).open("/dev/full").unwrap();
        for (output, errors) in [
            (Stdio::from(closed()), Stdio::from(full())),
            (Stdio::from(full()), Stdio::from(closed())),
        ] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_surmise"));
            command.args(arguments).current_dir(&root).stdin(Stdio::null());
            let status = command.stdout(output).stderr(errors).status().unwrap();
            assert!(status.code().is_some_and(|code| code <= 3), "{arguments:?}: {status}");
        }
    }
}

#[test]
fn completions_and_manual_pages_are_written() {
    let folder = crate::temporary_folder::Folder::new("shells");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.ok(&["completions", shell]);
        assert!(script.contains("early-stopping") && script.contains("sagemaker"), "{shell}");
    }
    folder.ok(&["man", "pages/man1"]);
    let page = std::fs::read_to_string(folder.file("pages/man1/surmise-tune.1")).unwrap();
    assert!(page.contains("early") && page.contains("Exit status"), "{page}");
    assert!(folder.file("pages/man1/surmise-bench-run.1").exists());
}
