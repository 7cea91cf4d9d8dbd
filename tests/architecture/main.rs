//! Tests of the architecture, for all packages: the imports of each file, the contents of
//! `mod.rs`, the files that may name a foreign crate, and the form of files and pages.
//!
//! `cargo test --test architecture -- --nocapture` prints the imports of each file. The `mod` lines
//! of a folder's `mod.rs` are in order: a file imports only files that are listed before it. So
//! imports never form a cycle.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod files;
mod import_order;
mod imports;
mod language;
mod links;
mod messages;
mod pages;
mod sources;
mod tables;

use std::path::Path;

use sources::Package;

/// Name and folder of every package, and the names of the packages that it may import.
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

/// Reads all packages that exist; the published engine contains only itself.
fn packages() -> Vec<Package> {
    let all = PACKAGES.iter().map(|(name, folder, _)| (*name, root().join(folder)));
    let existing = all.filter(|(_, folder)| folder.join("src").is_dir());
    let packages = existing.map(|(name, folder)| Package::read(name, &folder));
    let packages: Vec<Package> = packages.collect();
    assert!(packages[0].modules.len() > 100, "the sources are found");
    packages
}
