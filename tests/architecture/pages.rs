//! What ARCHITECTURE.md says of tests.

use std::fs;

use crate::{PACKAGES, root};

/// ARCHITECTURE.md names the test of every oracle and law, as module path and name.
#[test]
fn every_law_has_the_test_that_is_named() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = page.split("## What holds, and the test that says so").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let heads = ["oracle", "gradient against central differences", "law", "---"];
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<(&str, &str)> = rows.filter_map(|row| row.rsplit_once(" | ")).collect();
    let rows = rows.into_iter().filter(|(what, _)| !heads.contains(what));
    let names: Vec<&str> = rows
        .flat_map(|(_, tests)| tests.split(", "))
        .map(|name| {
            let plain = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            plain.unwrap_or_else(|| panic!("{name} is no name of a test"))
        })
        .collect();
    assert!(names.len() >= 50, "the tables are found: {}", names.len());
    let missing = no_tests(names);
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is no test: {missing:#?}");
}

/// So do the pages of faults, in the last column of their tables.
#[test]
fn every_fault_has_the_test_that_is_named() {
    for page in ["docs/faults.md", "docs/journal.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        let last = rows.filter_map(|row| Some(row.rsplit_once(" | ")?.1));
        let names: Vec<&str> =
            last.flat_map(|tests| tests.split('`')).filter(|name| name.contains("::")).collect();
        assert!(names.len() >= 20, "the tables of {page} are found: {}", names.len());
        let missing = no_tests(names);
        assert!(missing.is_empty(), "{page} names what is no test: {missing:#?}");
    }
}

/// Those of these names that are no tests.
fn no_tests(names: Vec<&str>) -> Vec<&str> {
    let mut missing = Vec::new();
    for name in names {
        // Another package's begin with its name.
        let (package, rest) = match name.split_once("::") {
            Some((first, rest)) if PACKAGES.iter().any(|(package, ..)| *package == first) => {
                (first, rest)
            }
            _ => ("surmise", name),
        };
        let folder = PACKAGES.iter().find(|(name, ..)| *name == package).unwrap().1;
        if !root().join(folder).join("src").is_dir() {
            continue;
        }
        let Some((path, function)) = rest.rsplit_once("::") else { panic!("{name} has no module") };
        // `a::b::tests` is in src/a/b.rs, src/a/b/mod.rs or src/a/b/tests.rs; `laws` in tests/suite/laws.rs,
        // `cloud::many` in tests/cloud/many.rs.
        let module = path.split("::tests").next().unwrap().replace("::", "/");
        let files = [
            format!("src/{module}.rs"),
            format!("src/{module}/mod.rs"),
            format!("src/{module}/tests.rs"),
            format!("src/{}.rs", path.replace("::", "/")),
            format!("tests/suite/{module}.rs"),
            format!("tests/{module}.rs"),
        ];
        let is_there = |file: &String| {
            let text = fs::read_to_string(root().join(folder).join(file)).unwrap_or_default();
            let place = text.find(&format!("fn {function}("));
            place.is_some_and(|place| text[..place].trim_end().ends_with("#[test]"))
        };
        if !files.iter().any(is_there) {
            missing.push(name);
        }
    }
    missing
}
