//! The architecture as a test: who may import whom, which file is the door to a foreign crate, and what a file looks like.

use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import, besides `error`. A module below is never seen by one above in `lib.rs`.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("significant", &[]),
    ("cube", &["significant"]),
    ("lbfgs", &[]),
    ("linalg", &[]),
    ("normal", &[]),
    ("rng", &[]),
    ("sobol", &["rng"]),
    ("stable_hash", &[]),
    ("maximize", &["rng", "linalg", "cube", "sobol", "lbfgs"]),
    ("limits", &["objective", "trial"]),
    ("objective", &[]),
    ("space", &["cube", "significant"]),
    ("trial", &["space", "objective"]),
    ("acquisition", &["normal"]),
    ("gp", &["linalg", "lbfgs", "rng", "normal", "cube"]),
    (
        "strategy",
        &["rng", "linalg", "normal", "sobol", "cube", "lbfgs", "maximize", "gp", "acquisition"],
    ),
    ("stopping", &["objective", "limits", "trial"]),
    ("study", &["rng", "cube", "space", "objective", "limits", "trial", "stopping", "strategy"]),
    ("evaluator", &["rng", "space", "objective", "trial"]),
    ("evaluator/command", &["space", "trial", "sagemaker"]),
    ("evaluator/sagemaker", &["rng", "stable_hash", "limits", "trial", "sagemaker"]),
    ("sagemaker", &["space", "objective", "limits", "trial"]),
    ("sagemaker/training_job.rs", &["stable_hash", "space", "trial"]),
    ("sagemaker/bring_back.rs", &["space", "objective", "limits", "trial", "study"]),
    ("sagemaker/convert.rs", &["space", "objective", "limits", "trial", "study", "strategy"]),
    ("sagemaker/describe.rs", &["space", "objective", "limits", "trial", "study"]),
    ("sagemaker/write.rs", &["space", "objective", "limits", "trial", "study"]),
    (
        "tune",
        &[
            "rng",
            "cube",
            "space",
            "objective",
            "limits",
            "trial",
            "strategy",
            "stopping",
            "study",
            "evaluator",
        ],
    ),
    ("benchmark", &["*"]),
    ("conformance", &["*"]),
    ("fake_sagemaker", &["rng", "stable_hash", "trial", "study", "evaluator", "sagemaker"]),
    ("report", &["*"]),
];

/// Foreign crates that only one file may name; with a star at the end, files whose names begin so.
const DOORS: &[(&str, &str)] = &[
    ("faer", "linalg/faer.rs"),
    ("ndarray_linalg", "linalg/lapack.rs"),
    ("lax", "linalg/lapack.rs"),
    ("pulp", "linalg/vector.rs"),
    ("rand", "rng.rs"),
    ("rand_distr", "rng.rs"),
    ("statrs", "normal.rs"),
    ("libm", "normal.rs"),
    ("sobol_burley", "sobol.rs"),
    ("fancy_regex", "sagemaker/pattern.rs"),
    ("rustix", "evaluator/command/process.rs"),
    ("aws_config", "evaluator/sagemaker/sdk.rs"),
    ("aws_sdk_sagemaker", "evaluator/sagemaker/sdk.rs"),
    ("aws_sdk_sagemakermetrics", "evaluator/sagemaker/sdk*"),
    ("aws_sdk_cloudwatchlogs", "evaluator/sagemaker/sdk*"),
    ("httpdate", "fake_sagemaker/http.rs"),
    ("hyper", "fake_sagemaker/http.rs"),
    ("hyper_util", "fake_sagemaker/http.rs"),
    ("http_body_util", "fake_sagemaker/http.rs"),
    ("indicatif", "tune/progress_bar.rs"),
    ("tracing", "tune/trace.rs"),
];

const LONGEST: usize = 600;

struct Source {
    /// Relative to `src/`, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    /// The code without comments and without the tests at its end.
    fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        code.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The module of `lib.rs` that it belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).unwrap();
                let parts: Vec<_> = relative.iter().map(|part| part.to_str().unwrap()).collect();
                sources.push(Source {
                    path: parts.join("/"),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    assert!(sources.len() > 30, "the sources are found");
    sources
}

/// First components of all `crate::` paths, those in braces included.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        let heads: Vec<&str> = match after.strip_prefix('{') {
            Some(group) => top_level(group.split_once("};").map_or(group, |(group, _)| group)),
            None => vec![after],
        };
        for head in heads {
            let name = head.trim_start();
            let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
            found.push(name[..end].to_owned());
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// The parts of a list that commas outside of inner braces separate.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (position, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
}

#[test]
fn imports_run_down_the_street_only() {
    let mut offences = Vec::new();
    for source in sources() {
        if source.path == "lib.rs" || source.path.ends_with("tests.rs") {
            continue;
        }
        // A row of a file comes before that of its folder, that before the module's.
        let rule = |key: &str| MAY_IMPORT.iter().find(|(name, _)| *name == key);
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let found = rule(&source.path).or_else(|| rule(folder)).or_else(|| rule(source.module()));
        let Some((_, allowed)) = found else {
            offences.push(format!("{} stands in no row of the table", source.path));
            continue;
        };
        // From a file at the top, `super` is the crate.
        if !source.path.contains('/') && source.code().contains("super::") {
            offences.push(format!("{} says super:: where crate:: is meant", source.path));
        }
        for import in imports(&source.code()) {
            let own = import == source.module() || import == "error";
            if !own && !allowed.contains(&import.as_str()) && !allowed.contains(&"*") {
                offences.push(format!("{} imports {import}", source.path));
            }
        }
    }
    assert!(offences.is_empty(), "{offences:#?}");
}

#[test]
fn imports_are_recognized() {
    let code = "use crate::{gp::{self, Posterior}, cube};\nuse crate::rng::Rng;\ncrate::a::b()";
    assert_eq!(imports(code), ["gp", "cube", "rng", "a"]);
}

#[test]
fn foreign_crates_have_one_door() {
    for source in sources() {
        for (name, door) in DOORS {
            let named = source.code().match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = source.code()[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            let is_door = match door.strip_suffix('*') {
                Some(beginning) => source.path.starts_with(beginning),
                None => source.path == *door,
            };
            assert!(!named || is_door, "{} names {name}; its door is {door}", source.path);
        }
    }
}

#[test]
fn files_say_what_they_are_and_fit_one_sitting() {
    for source in sources() {
        let is_tests = source.path.ends_with("tests.rs");
        assert!(is_tests || source.text.starts_with("//! "), "{} has no headline", source.path);
        let lines = source.text.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", source.path);
    }
}

#[test]
fn nothing_is_unfinished() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages =
        ["README.md", "ARCHITECTURE.md", "BENCHMARKING.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let pages = pages.map(|page| Source {
        path: page.to_owned(),
        text: fs::read_to_string(root.join(page)).unwrap(),
    });
    for source in sources().into_iter().chain(pages) {
        for mark in [
            "todo!",
            "unimplemented!",
            concat!("FIX", "ME"),
            concat!("TO", "DO"),
            concat!("_TA", "BLE"),
        ] {
            assert!(!source.text.contains(mark), "{}: {mark}", source.path);
        }
    }
}

/// ARCHITECTURE.md names the test of every oracle and law, as module path and name.
#[test]
fn every_law_has_the_test_that_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
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
    for name in names {
        let (path, function) = name.rsplit_once("::").unwrap();
        // `a::b::tests` is in src/a/b.rs, src/a/b/mod.rs or src/a/b/tests.rs; `laws` in tests/suite/laws.rs,
        // `cloud::many` in tests/cloud/many.rs.
        let module = path.split("::tests").next().unwrap().replace("::", "/");
        let files = [
            format!("src/{module}.rs"),
            format!("src/{module}/mod.rs"),
            format!("src/{module}/tests.rs"),
            format!("tests/suite/{module}.rs"),
            format!("tests/{module}.rs"),
        ];
        let is_there = |file: &String| {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            let place = text.find(&format!("fn {function}("));
            place.is_some_and(|place| text[..place].trim_end().ends_with("#[test]"))
        };
        assert!(files.iter().any(is_there), "{name} is named in ARCHITECTURE.md, but is no test");
    }
}
