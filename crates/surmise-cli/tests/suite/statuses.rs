//! What each subcommand ends with, and that help is there for all.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn surmise(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_surmise"));
    command.args(arguments).current_dir(root).stdin(Stdio::null()).output().unwrap()
}

fn status(arguments: &[&str]) -> i32 {
    surmise(arguments).status.code().unwrap()
}

fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

const DATA: &str = "crates/surmise-sagemaker/tests/data";

#[test]
fn every_subcommand_has_help() {
    for arguments in [
        &["--help"] as &[&str],
        &["demo", "--help"],
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
        let (text, _) = told(&output);
        assert!(output.status.success() && text.contains("Usage:"), "{arguments:?}: {text}");
    }
    let (text, _) = told(&surmise(&["sagemaker", "check", "--help"]));
    assert!(text.contains("Exit status: 0 the service would accept the request, 1"), "{text}");
}

#[test]
fn a_command_line_that_cannot_be_read_ends_with_2_and_says_why() {
    for (arguments, names) in [
        (&["tune-it"] as &[&str], "tune-it"),
        (&["demo", "--seed", "many"], "many"),
        (&["demo", "--seed", "1", "--seeds", "2"], "--seeds"),
        (&["ask-tell", "--strategy", "psychic"], "psychic"),
        (&["bench", "run", "--seeds", "0"], "--seeds"),
        (&["bench", "run", "--parallel", "2", "--workers", "3"], "--workers"),
        (&["bench", "run", "--external", "mine"], "NAME='command'"),
        (&["bench", "compare"], "DIR"),
        (&["bench", "check"], "--baseline"),
        (&["sagemaker", "check"], "FILE"),
        (&["sagemaker", "check", "f", "--quotas", "huge"], "huge"),
        (&["sagemaker", "run", "f", "--jobs", "0"], "--jobs"),
    ] {
        let output = surmise(arguments);
        let (_, text) = told(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(names), "{arguments:?}: {text}");
    }
}

#[test]
fn a_request_ends_with_what_the_service_would_make_of_it() {
    let sample = format!("{DATA}/tune_model_state_machine.json");
    assert_eq!(status(&["sagemaker", "check", &sample]), 0);
    let refused = format!("{DATA}/published/sdk-test-completion-criteria.json");
    assert_eq!(status(&["sagemaker", "check", &refused]), 1);
    assert_eq!(status(&["sagemaker", "check", "README.md"]), 2);
    assert_eq!(status(&["sagemaker", "check", "nowhere.json"]), 2);
    let several = format!("{DATA}/accepted/several_definitions.json");
    assert_eq!(status(&["sagemaker", "write", &several]), 3);
}

/// JSON alone goes to standard output, the rest to standard error.
#[test]
fn what_is_written_is_json() {
    let file = format!("{DATA}/accepted/one_definition.json");
    let output = surmise(&["sagemaker", "write", &file]);
    let (text, aside) = told(&output);
    assert!(output.status.success(), "{aside}");
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(written["HyperParameterTuningJobConfig"].is_object());
    assert!(aside.contains("accepted: 0 errors"), "{aside}");
    let (text, _) = told(&surmise(&["sagemaker", "model"]));
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}

#[test]
fn a_benchmark_that_fails_ends_with_1() {
    for (arguments, names) in [
        (&["bench", "run", "--suite", "imaginary", "--quiet"] as &[&str], "imaginary"),
        (&["bench", "run", "--strategies", "psychic", "--quiet"], "psychic"),
        (&["bench", "run", "--problems", "imaginary", "--quiet"], "imaginary"),
        (&["bench", "compare", "nowhere"], "nowhere"),
        (&["bench", "check", "--baseline", "nowhere.json", "--quiet"], "nowhere.json"),
    ] {
        let output = surmise(arguments);
        let (_, text) = told(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains(names), "{arguments:?}: {text}");
    }
}

#[test]
fn the_demo_prints_what_it_found() {
    let output = surmise(&["demo", "--quiet", "--seed", "3"]);
    let (text, aside) = told(&output);
    assert!(output.status.success(), "{aside}");
    for line in
        ["The best trials of Bayesian optimization:", "random search, 50 jobs", "untuned defaults"]
    {
        assert!(text.contains(line), "{text}");
    }
}
