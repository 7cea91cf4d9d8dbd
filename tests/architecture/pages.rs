//! The tests that pages name exist.

use std::fs;

use crate::{PACKAGES, root};

/// `docs/verification.md` names the test of every oracle and law, as module path and name.
#[test]
fn every_test_named_by_the_verification_page_exists() {
    let page = fs::read_to_string(root().join("docs/verification.md")).unwrap();
    let headers = ["oracle", "gradient against central differences", "law", "---"];
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<(&str, &str)> = rows.filter_map(|row| row.rsplit_once(" | ")).collect();
    let rows = rows.into_iter().filter(|(first_cell, _)| !headers.contains(first_cell));
    let names: Vec<&str> = rows
        .flat_map(|(_, tests)| tests.split(", "))
        .map(|name| {
            let plain = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            plain.unwrap_or_else(|| panic!("{name} is not in backquotes"))
        })
        .collect();
    assert!(names.len() >= 50, "the tables are found: {}", names.len());
    let missing = missing_tests(names);
    assert!(missing.is_empty(), "docs/verification.md names tests that do not exist: {missing:#?}");
}

/// The pages of faults name tests in the last column of their tables.
#[test]
fn every_test_named_by_a_page_of_faults_exists() {
    let pages = ["docs/faults.md", "docs/journal.md", "crates/surmise-sagemaker/docs/faults.md"];
    for page in pages {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        let last_cells = rows.filter_map(|row| Some(row.rsplit_once(" | ")?.1));
        let names: Vec<&str> = last_cells
            .flat_map(|tests| tests.split('`'))
            .filter(|name| name.contains("::"))
            .collect();
        assert!(names.len() >= 20, "the tables of {page} are found: {}", names.len());
        let missing = missing_tests(names);
        assert!(missing.is_empty(), "{page} names tests that do not exist: {missing:#?}");
    }
}

/// Returns the names without a test.
fn missing_tests(names: Vec<&str>) -> Vec<&str> {
    let mut missing = Vec::new();
    for name in names {
        // The names of another package's tests begin with the package.
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
        // `a::b::tests` is in src/a/b.rs, src/a/b/mod.rs or src/a/b/tests.rs; `laws` is in
        // tests/suite/laws.rs, and `cloud::kills` in tests/cloud/kills.rs.
        let module = path.split("::tests").next().unwrap().replace("::", "/");
        let files = [
            format!("src/{module}.rs"),
            format!("src/{module}/mod.rs"),
            format!("src/{module}/tests.rs"),
            format!("src/{}.rs", path.replace("::", "/")),
            format!("tests/suite/{module}.rs"),
            format!("tests/{module}.rs"),
        ];
        let defines_test = |file: &String| {
            let text = fs::read_to_string(root().join(folder).join(file)).unwrap_or_default();
            let position = text.find(&format!("fn {function}("));
            position.is_some_and(|position| text[..position].trim_end().ends_with("#[test]"))
        };
        if !files.iter().any(defines_test) {
            missing.push(name);
        }
    }
    missing
}
