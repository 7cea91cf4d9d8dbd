//! The architecture as a test, for all packages: who may import whom, what the face of a folder is, which file is the door to a foreign
//! crate, and what a file looks like. `cargo test --test architecture -- --nocapture` prints what it draws.
//!
//! A folder's `mod.rs` is its face: documentation, `mod` and `use`. Its `mod` lines stand from the ground up: a file imports only what stands in
//! a line before its own. So there is no circle of files anywhere.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod arrows;
mod files;
mod imports;
mod pages;
mod sources;
mod tables;

use std::path::Path;

use sources::Package;

/// Name and folder of every package, and of the packages that it may import.
const PACKAGES: &[(&str, &str, &[&str])] = &[
    ("surmise", ".", &[]),
    ("surmise_sagemaker", "crates/surmise-sagemaker", &["surmise"]),
    ("surmise_bench", "crates/surmise-bench", &["surmise"]),
    ("surmise_report", "crates/surmise-report", &["surmise"]),
    (
        "surmise_cli",
        "crates/surmise-cli",
        &["surmise", "surmise_bench", "surmise_report", "surmise_sagemaker"],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All packages that are there: of the engine as it is published, itself alone.
fn packages() -> Vec<Package> {
    let all = PACKAGES.iter().map(|(name, folder, _)| (*name, root().join(folder)));
    let there = all.filter(|(_, folder)| folder.join("src").is_dir());
    let packages: Vec<Package> = there.map(|(name, folder)| Package::read(name, &folder)).collect();
    assert!(packages[0].modules.len() > 100, "the sources are found");
    packages
}
