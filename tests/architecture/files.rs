//! The form of source files: declarations in `mod.rs`, headlines, length, and foreign crates.

use std::fs;

use crate::sources::{Module, rust_files};
use crate::tables::{FOREIGN_CRATES, MAX_LINES};
use crate::{packages, root};

/// Returns the first lines of the items in a `mod.rs`, each of which belongs in a separate file.
fn find_items(root_file: &Module) -> Vec<&str> {
    let starts_item = |line: &&str| {
        let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let line = line.trim_start_matches("pub ");
        let items = [
            "fn ",
            "struct ",
            "enum ",
            "impl ",
            "impl<",
            "trait ",
            "const ",
            "static ",
            "type ",
            "macro_rules!",
        ];
        items.iter().any(|item| line.starts_with(item))
    };
    root_file.code.lines().filter(starts_item).collect()
}

#[test]
fn module_roots_contain_only_declarations() {
    let mut violations = Vec::new();
    for package in packages() {
        for root_file in package.modules.iter().filter(|module| module.is_folder_root()) {
            // The entry point of a program may be in `main.rs`.
            let allowed = ["fn main() -> std::process::ExitCode {"];
            for line in find_items(root_file).iter().filter(|line| !allowed.contains(line)) {
                violations.push(format!(
                    "{}/{}: `{line}`: give it a file, and re-export it here",
                    package.name, root_file.file
                ));
            }
        }
    }
    assert!(
        violations.is_empty(),
        "`mod.rs` and `lib.rs` contain only documentation, `mod` and `use`.\n{}",
        violations.join("\n")
    );
}

#[test]
fn each_foreign_crate_is_named_in_one_file() {
    let mut violations = Vec::new();
    for package in packages() {
        let rows = FOREIGN_CRATES.iter().filter(|(owner, ..)| *owner == package.name);
        for ((_, name, allowed_file), module) in
            rows.flat_map(|row| package.modules.iter().map(move |module| (row, module)))
        {
            let is_named = module.code.match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = module.code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            });
            let is_allowed = match allowed_file.strip_suffix('*') {
                Some(prefix) => module.file.starts_with(prefix),
                None => module.file == *allowed_file,
            };
            if is_named && !is_allowed {
                violations.push(format!(
                    "{}/{} names {name}; only {allowed_file} may",
                    package.name, module.file
                ));
            }
        }
    }
    assert!(
        violations.is_empty(),
        "Only one file names a heavy foreign crate.\n{}",
        violations.join("\n")
    );
}

#[test]
fn every_file_starts_with_a_headline() {
    for package in packages() {
        for module in &package.modules {
            let is_tests = module.file.ends_with("tests.rs");
            let has_headline = module.text.starts_with("//! ");
            assert!(
                is_tests || has_headline,
                "{}/{} has no headline: begin the file with `//! `",
                package.name,
                module.file
            );
        }
    }
}

/// Patterns that bypass the check of imports: another name for the crate, and included files.
const FORBIDDEN: [&str; 6] =
    ["extern crate self", "crate as ", "include!", "#[path", "crate ::", "super ::"];

/// Returns the forbidden patterns that the code contains.
fn find_forbidden(code: &str) -> Vec<&'static str> {
    FORBIDDEN.into_iter().filter(|pattern| code.contains(pattern)).collect()
}

#[test]
fn no_file_bypasses_the_import_check() {
    let mut violations = Vec::new();
    for package in packages() {
        for module in &package.modules {
            let found = find_forbidden(&module.code).into_iter();
            violations.extend(
                found.map(|pattern| format!("{}/{}: `{pattern}`", package.name, module.file)),
            );
        }
    }
    assert!(violations.is_empty(), "Import each item by its path.\n{}", violations.join("\n"));
    assert_eq!(find_forbidden("use crate as engine;"), ["crate as "]);
    assert_eq!(find_forbidden("include!(\"x.rs\");"), ["include!"]);
}

/// Returns the files with more lines than allowed.
fn find_too_long<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let lines = files.into_iter().map(|(name, text)| (name, text.lines().count()));
    let too_long = lines.filter(|(_, lines)| *lines > MAX_LINES);
    let violation = |(name, lines)| format!("{name} has {lines} lines: divide it by its subjects");
    too_long.map(violation).collect()
}

#[test]
fn no_file_is_too_long() {
    let mut files = Vec::new();
    let packages = crate::PACKAGES.iter().map(|(_, folder, _)| root().join(folder));
    for folder in packages {
        for part in ["src", "tests", "examples", "benches"] {
            for file in rust_files(&folder.join(part)) {
                let name = file.strip_prefix(root()).unwrap().display().to_string();
                files.push((name, fs::read_to_string(&file).unwrap()));
            }
        }
    }
    let violations = find_too_long(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    assert!(
        violations.is_empty(),
        "A file has at most {MAX_LINES} lines.\n{}",
        violations.join("\n")
    );
}

#[test]
fn one_line_above_the_limit_is_found() {
    let (fitting, long) = ("\n".repeat(MAX_LINES), "\n".repeat(MAX_LINES + 1));
    assert!(find_too_long([("fitting.rs", fitting.as_str())]).is_empty());
    assert_eq!(find_too_long([("long.rs", long.as_str())]).len(), 1);
}

/// Returns the words that mark unfinished work, assembled so that this file does not contain them.
fn placeholders() -> [String; 5] {
    ["to!do!", "unimp!lemented!", "FIX!ME", "TO!DO", "_TA!BLE"]
        .map(|placeholder| placeholder.replacen('!', "", 1))
}

#[test]
fn no_file_contains_placeholders() {
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let pages = pages.map(|page| (page.to_owned(), fs::read_to_string(root().join(page)).unwrap()));
    let mut texts: Vec<(String, String)> = pages.into_iter().collect();
    for package in packages() {
        texts.extend(package.modules.into_iter().map(|module| (module.file, module.text)));
    }
    for (name, text) in texts {
        for placeholder in placeholders() {
            assert!(!text.contains(&placeholder), "{name}: {placeholder}");
        }
    }
}
