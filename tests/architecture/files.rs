//! What a file looks like.

use std::fs;

use crate::sources::{Module, rust_files};
use crate::tables::{DOORS, LONGEST};
use crate::{packages, root};

/// What stands in a face and does not belong there.
fn contents(face: &Module) -> Vec<&str> {
    let starts = |line: &&str| {
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
    face.code.lines().filter(starts).collect()
}

#[test]
fn faces_have_no_contents() {
    let mut offences = Vec::new();
    for package in packages() {
        for face in package.modules.iter().filter(|module| module.is_face()) {
            // A program begins in its face.
            let allowed = ["fn main() -> std::process::ExitCode {"];
            for line in contents(face).iter().filter(|line| !allowed.contains(line)) {
                offences.push(format!(
                    "{}/{}: `{line}`: give it a file, and re-export it here",
                    package.name, face.file
                ));
            }
        }
    }
    assert!(
        offences.is_empty(),
        "A face has documentation, `mod` and `use` only.\n{}",
        offences.join("\n")
    );
}

#[test]
fn foreign_crates_have_one_door() {
    let mut offences = Vec::new();
    for package in packages() {
        let doors = DOORS.iter().filter(|(owner, ..)| *owner == package.name);
        for ((_, name, door), module) in
            doors.flat_map(|door| package.modules.iter().map(move |module| (door, module)))
        {
            let named = module.code.match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = module.code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            });
            let is_door = match door.strip_suffix('*') {
                Some(beginning) => module.file.starts_with(beginning),
                None => module.file == *door,
            };
            if named && !is_door {
                offences.push(format!(
                    "{}/{} names {name}; its door is {door}",
                    package.name, module.file
                ));
            }
        }
    }
    assert!(offences.is_empty(), "A heavy foreign crate has one door.\n{}", offences.join("\n"));
}

#[test]
fn files_say_what_they_are() {
    for package in packages() {
        for module in &package.modules {
            let is_tests = module.file.ends_with("tests.rs");
            let has_headline = module.text.starts_with("//! ");
            assert!(
                is_tests || has_headline,
                "{}/{} has no headline: begin it by `//! `",
                package.name,
                module.file
            );
        }
    }
}

/// Ways past the arrows: another name for the crate, and files that are taken in as text.
const DETOURS: [&str; 6] =
    ["extern crate self", "crate as ", "include!", "#[path", "crate ::", "super ::"];

/// What a file has of them.
fn detours(code: &str) -> Vec<&'static str> {
    DETOURS.into_iter().filter(|detour| code.contains(detour)).collect()
}

#[test]
fn no_file_goes_past_the_arrows() {
    let mut offences = Vec::new();
    for package in packages() {
        for module in &package.modules {
            let found = detours(&module.code).into_iter();
            offences.extend(
                found.map(|detour| format!("{}/{}: `{detour}`", package.name, module.file)),
            );
        }
    }
    assert!(offences.is_empty(), "Name what you import by its path.\n{}", offences.join("\n"));
    assert_eq!(detours("use crate as house;"), ["crate as "]);
    assert_eq!(detours("include!(\"x.rs\");"), ["include!"]);
}

/// Files with more lines than are allowed.
fn too_long<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let lines = files.into_iter().map(|(name, text)| (name, text.lines().count()));
    let long = lines.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(name, lines)| format!("{name} has {lines}: divide it by its subjects")).collect()
}

#[test]
fn a_file_fits_one_sitting() {
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
    let offences = too_long(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    assert!(offences.is_empty(), "A file has at most {LONGEST} lines.\n{}", offences.join("\n"));
}

#[test]
fn one_line_too_many_is_found() {
    let (fits, long) = ("\n".repeat(LONGEST), "\n".repeat(LONGEST + 1));
    assert!(too_long([("fits.rs", fits.as_str())]).is_empty());
    assert_eq!(too_long([("long.rs", long.as_str())]).len(), 1);
}

/// What stands in for something that is not there yet.
fn marks() -> [String; 5] {
    ["to!do!", "unimp!lemented!", "FIX!ME", "TO!DO", "_TA!BLE"]
        .map(|mark| mark.replacen('!', "", 1))
}

#[test]
fn nothing_is_unfinished() {
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let pages = pages.map(|page| (page.to_owned(), fs::read_to_string(root().join(page)).unwrap()));
    let mut texts: Vec<(String, String)> = pages.into_iter().collect();
    for package in packages() {
        texts.extend(package.modules.into_iter().map(|module| (module.file, module.text)));
    }
    for (name, text) in texts {
        for mark in marks() {
            assert!(!text.contains(&mark), "{name}: {mark}");
        }
    }
}
