//! Tells the program its commit, which benchmark runs record.

use std::path::Path;
use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn main() {
    // Where the sources change, they may differ from the commit.
    for sources in ["build.rs", "src", "../surmise-bench/src", "../../src"] {
        println!("cargo::rerun-if-changed={sources}");
    }
    // A packaged crate has no repository.
    let Some(directory) = git(&["rev-parse", "--absolute-git-dir"]) else { return };
    let log = Path::new(&directory).join("logs/HEAD");
    if log.exists() {
        println!("cargo::rerun-if-changed={}", log.display());
    }
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    let has_changes = git(&["status", "--porcelain", "--untracked-files=no"]);
    let mark = if has_changes.is_some_and(|changes| !changes.is_empty()) { "+" } else { "" };
    println!("cargo::rustc-env=SURMISE_COMMIT={commit}{mark}");
}
