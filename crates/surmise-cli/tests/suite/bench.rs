//! `surmise bench` with tables, shards and published runs.

use std::fs;

use crate::temporary_folder::Folder;

const TABLE: &str = "rate,units,accuracy\n1,1,0.1\n1,2,0.2\n2,1,0.3\n2,2,0.4\n3,1,0.5\n3,2,0.6\n";

const RUN: [&str; 8] = [
    "bench",
    "run",
    "--table",
    "mine=table.csv",
    "--value",
    "accuracy",
    "--strategies",
    "random,sobol",
];

fn run_with(rest: &[&'static str]) -> Vec<&'static str> {
    RUN.iter().chain(rest).copied().collect()
}

/// Runs on another table, or with another meaning of its values, are not mixed with earlier ones.
#[test]
fn a_changed_table_is_refused() {
    let folder = Folder::new("bench-table");
    fs::write(folder.file("table.csv"), TABLE).unwrap();
    let run = run_with(&["--maximize", "--seeds", "4", "--out", "out", "--quiet"]);
    folder.ok(&run);
    folder.ok(&run);
    let (status, _, errors) = folder.run(&run_with(&["--seeds", "4", "--out", "out", "--quiet"]));
    assert_eq!(status, 2, "{errors}");
    assert!(errors.contains("mine/0 with another table"), "{errors}");
    fs::write(folder.file("table.csv"), TABLE.replace("0.6", "0.7")).unwrap();
    let (status, _, errors) = folder.run(&run);
    assert_eq!(status, 2, "{errors}");
}

/// Joined shards are the whole experiment, can be extended, and can be published.
#[test]
fn shards_are_joined_extended_and_published() {
    let folder = Folder::new("bench-shards");
    fs::write(folder.file("table.csv"), TABLE).unwrap();
    folder.ok(&run_with(&["--seeds", "4", "--out", "whole", "--quiet"]));
    let text =
        folder.ok(&run_with(&["--seeds", "4", "--shard", "1/2", "--out", "first", "--quiet"]));
    assert!(text.contains("shard 1 of 2"), "{text}");
    folder.ok(&run_with(&["--seeds", "4", "--shard", "2/2", "--out", "second", "--quiet"]));
    folder.ok(&["bench", "merge", "first", "second", "--out", "all", "--compact", "all.ndjson.gz"]);
    let compare = |runs: &str| folder.ok(&["bench", "compare", runs]);
    let without_times = |text: &str| text.split("## Reliability").next().unwrap().to_owned();
    let whole = without_times(&compare("whole"));
    assert_eq!(without_times(&compare("all")), whole);
    assert_eq!(without_times(&compare("all.ndjson.gz")), whole);
    // The program that made the shards may add runs.
    let text = folder.ok(&run_with(&["--seeds", "5", "--out", "all", "--quiet"]));
    assert!(text.contains("10 runs"), "{text}");
    let (status, _, errors) = folder.run(&["bench", "compare", "first", "first", "--join"]);
    assert_eq!(status, 2, "{errors}");
}
