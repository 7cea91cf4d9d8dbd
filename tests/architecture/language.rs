//! Plain language, as far as a program can check it: width, banned words, length of docs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{PACKAGES, root};

const MAX_COLUMNS: usize = 100;
const MIN_DOC_WORDS: usize = 4;

/// Words and phrases without a subject that exists in the code, or with a meaning of our own.
///
/// A phrase matches whole words, in any case.
const BANNED: &[&str] = &[
    "anybody",
    "buried",
    "burial",
    "came to nothing",
    "come to nothing",
    "comes to nothing",
    "farewell",
    "heed",
    "heeds",
    "nobody",
    "others",
    "shall",
    "somebody",
    "stillborn",
    "street",
    "the same with",
    "to speak of",
    "what is told",
    "whatever",
    "whoever",
    "whomever",
];

/// A line of a text file that breaks a rule.
type Offence = String;

/// Text files of all packages that people read.
fn texts() -> Vec<(String, String)> {
    let name = |path: &Path| path.strip_prefix(root()).unwrap_or(path).display().to_string();
    files().iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Pages of all packages, with their paths.
pub(crate) fn pages() -> Vec<(PathBuf, String)> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let pages = files().into_iter().filter(is_page);
    pages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn files() -> Vec<PathBuf> {
    let folders = PACKAGES.iter().map(|(_, folder, _)| root().join(folder));
    let mut files = Vec::new();
    for folder in folders {
        for part in ["src", "tests", "examples", "benches", "docs", "fuzz/fuzz_targets"] {
            add_texts(&folder.join(part), &mut files);
        }
        let pages = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        files.extend(pages.filter(|path| is_text(path)));
    }
    files
}

fn add_texts(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("data") {
            add_texts(&path, files);
        } else if is_text(&path) {
            files.push(path);
        }
    }
}

fn is_text(path: &Path) -> bool {
    let is_generated = path.ends_with("public-api.txt") || path.ends_with("docs/messages.txt");
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.is_file() && !is_generated && matches!(extension, Some("rs" | "py" | "sh" | "md"))
}

/// Lines with more columns than allowed. Tables, addresses and quoted output keep their width.
fn too_wide(name: &str, text: &str) -> Vec<Offence> {
    let is_markdown = name.ends_with(".md");
    let mut is_quoted = false;
    let mut offences = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if is_markdown && start.starts_with("```") {
            is_quoted = !is_quoted;
        }
        let is_table = start.trim_start_matches(['/', '!', ' ']).starts_with('|');
        let is_free = is_table || (is_markdown && is_quoted);
        let columns = line.chars().count();
        if columns > MAX_COLUMNS && !is_free && !line.contains("http") {
            offences.push(format!("{name}:{}: {columns} columns", index + 1));
        }
    }
    offences
}

/// Comments, docs, strings and pages with a banned word.
fn banned_words(name: &str, text: &str) -> Vec<Offence> {
    let is_markdown = name.ends_with(".md");
    let is_prose = |line: &str| {
        let start = line.trim_start();
        is_markdown || start.starts_with("//") || start.starts_with('#') || line.contains('"')
    };
    let mut offences = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| is_prose(line)) {
        let line = line.to_lowercase();
        for word in BANNED.iter().filter(|word| has_phrase(&line, word)) {
            offences.push(format!("{name}:{}: `{word}`", index + 1));
        }
    }
    offences
}

/// Tells whether a text has a phrase, bounded by other characters than letters and digits.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Doc comments of fewer words than a sentence has.
fn short_docs(name: &str, text: &str) -> Vec<Offence> {
    let mut offences = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    // The empty line at the end closes a doc that ends the file.
    for (index, line) in text.lines().chain([""]).enumerate() {
        let start = line.trim_start();
        if let Some(words) = start.strip_prefix("///").or_else(|| start.strip_prefix("//!")) {
            doc.push(words);
        } else if !doc.is_empty() {
            let text = doc.join(" ");
            let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
            if text.split_whitespace().filter(is_word).count() < MIN_DOC_WORDS {
                let line = index + 1 - doc.len();
                offences.push(format!("{name}:{line}: `{}` says too little", text.trim()));
            }
            doc.clear();
        }
    }
    offences
}

#[test]
fn lines_have_at_most_100_columns() {
    let texts = texts();
    assert!(texts.len() > 400, "the files are found: {}", texts.len());
    let offences: Vec<Offence> =
        texts.iter().flat_map(|(name, text)| too_wide(name, text)).collect();
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn sentences_have_subjects_that_exist() {
    let own = "tests/architecture/language.rs";
    let texts = texts().into_iter().filter(|(name, _)| name != own);
    let offences: Vec<Offence> =
        texts.flat_map(|(name, text)| banned_words(&name, &text)).collect();
    assert!(offences.is_empty(), "Say it in plain words.\n{}", offences.join("\n"));
}

#[test]
fn docs_have_at_least_four_words() {
    let sources = texts().into_iter().filter(|(name, _)| name.ends_with(".rs"));
    let offences: Vec<Offence> =
        sources.flat_map(|(name, text)| short_docs(&name, &text)).collect();
    assert!(offences.is_empty(), "Write a sentence.\n{}", offences.join("\n"));
}

#[test]
fn each_rule_finds_its_offence() {
    let wide = "x".repeat(MAX_COLUMNS + 1);
    assert_eq!(too_wide("a.rs", &wide), [format!("a.rs:1: {} columns", MAX_COLUMNS + 1)]);
    assert!(too_wide("a.md", &format!("| {wide}\n```text\n{wide}\n```")).is_empty());
    assert_eq!(too_wide("a.md", &format!("```\n```\n{wide}")).len(), 1);
    assert_eq!(banned_words("a.rs", "let others = 1;\n// Others do."), ["a.rs:2: `others`"]);
    assert!(banned_words("a.rs", "// Brothers do.").is_empty());
    assert_eq!(short_docs("a.rs", "/// These rules.\nfn a() {}").len(), 1);
    assert!(short_docs("a.rs", "/// Returns the current rules.\nfn a() {}").is_empty());
    // Two lines of one comment count together.
    assert!(short_docs("a.rs", "/// Returns the\n/// current rules.").is_empty());
}
