//! The rules of plain language that a program can check: width of lines, banned words, and length
//! of docs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sources::find_files;
use crate::{PACKAGES, root};

const MAX_COLUMNS: usize = 100;
const MIN_DOC_WORDS: usize = 4;

/// Words and phrases that name no existing subject, or that have a special meaning in this project.
///
/// A phrase matches only at the boundaries of words. Upper and lower case are equal.
const BANNED: &[&str] = &[
    "anybody",
    "buried",
    "burial",
    "came to nothing",
    "come to nothing",
    "comes to nothing",
    "farewell",
    "heed",
    "heeded",
    "heeds",
    "kept aside",
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

/// The description of a line that breaks a rule: file, line number and problem.
type Offense = String;

/// Reads the text files of all packages, without generated files, with their paths.
fn read_texts() -> Vec<(String, String)> {
    let name = |path: &Path| path.strip_prefix(root()).unwrap_or(path).display().to_string();
    text_files().iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Reads the Markdown pages of all packages, with their paths.
pub(crate) fn read_pages() -> Vec<(PathBuf, String)> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let pages = text_files().into_iter().filter(is_page);
    pages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn text_files() -> Vec<PathBuf> {
    let folders = PACKAGES.iter().map(|(_, folder, _)| root().join(folder));
    let mut files = Vec::new();
    for folder in folders {
        for part in ["src", "tests", "examples", "benches", "docs", "fuzz", ".ci"] {
            files.extend(find_files(&folder.join(part), is_text));
        }
        let pages = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        files.extend(pages.filter(|path| is_text(path)));
    }
    files
}

fn is_text(path: &Path) -> bool {
    let is_generated = path.ends_with("public-api.txt") || path.ends_with("docs/messages.txt");
    let inside = path.strip_prefix(root()).unwrap_or(path);
    let is_data = inside.iter().any(|part| part == "data" || part == "target" || part == "corpus");
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_script =
        path.parent().is_some_and(|folder| folder.file_name().is_some_and(|name| name == ".ci"));
    let is_known = matches!(extension, Some("rs" | "py" | "sh" | "md" | "toml"));
    path.is_file() && !is_generated && !is_data && (is_script || is_known)
}

/// Finds the lines with more columns than allowed. Tables, quoted output, values of TOML and lines
/// with an address may have any width.
fn find_wide_lines(name: &str, text: &str) -> Vec<Offense> {
    let is_markdown = name.ends_with(".md");
    let mut is_quoted = false;
    let mut offenses = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if is_markdown && start.starts_with("```") {
            let is_output = ["```text", "```console"].iter().any(|fence| start.starts_with(fence));
            is_quoted = !is_quoted && is_output;
        }
        let is_table = start.trim_start_matches(['/', '!', ' ']).starts_with('|');
        let is_value = name.ends_with(".toml") && !start.starts_with('#');
        let may_be_wide = is_table || is_value || (is_markdown && is_quoted);
        let columns = line.chars().count();
        if columns > MAX_COLUMNS && !may_be_wide && !line.contains("://") {
            offenses.push(format!("{name}:{}: {columns} columns", index + 1));
        }
    }
    offenses
}

/// Finds the lines of comments, docs, strings and pages that contain a banned word.
fn find_banned_words(name: &str, text: &str) -> Vec<Offense> {
    let is_markdown = name.ends_with(".md");
    let is_prose = |line: &str| {
        let start = line.trim_start();
        is_markdown || start.starts_with("//") || start.starts_with('#') || line.contains('"')
    };
    let mut offenses = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| is_prose(line)) {
        let line = line.to_lowercase();
        for word in BANNED.iter().filter(|word| has_phrase(&line, word)) {
            offenses.push(format!("{name}:{}: `{word}`", index + 1));
        }
    }
    offenses
}

/// Returns true if a text contains a phrase, and no letter, digit or underscore touches it.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(phrase).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + phrase.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Finds the doc comments with fewer than `MIN_DOC_WORDS` words.
fn find_short_docs(name: &str, text: &str) -> Vec<Offense> {
    let mut offenses = Vec::new();
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
                offenses.push(format!("{name}:{line}: `{}` says too little", text.trim()));
            }
            doc.clear();
        }
    }
    offenses
}

#[test]
fn lines_have_at_most_100_columns() {
    let texts = read_texts();
    assert!(texts.len() > 400, "the files are found: {}", texts.len());
    let offenses: Vec<Offense> =
        texts.iter().flat_map(|(name, text)| find_wide_lines(name, text)).collect();
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

#[test]
fn no_text_contains_a_banned_word() {
    let this_file = "tests/architecture/language.rs";
    let texts = read_texts().into_iter().filter(|(name, _)| name != this_file);
    let offenses: Vec<Offense> =
        texts.flat_map(|(name, text)| find_banned_words(&name, &text)).collect();
    assert!(offenses.is_empty(), "Say it in plain words.\n{}", offenses.join("\n"));
}

#[test]
fn docs_have_at_least_four_words() {
    let sources = read_texts().into_iter().filter(|(name, _)| name.ends_with(".rs"));
    let offenses: Vec<Offense> =
        sources.flat_map(|(name, text)| find_short_docs(&name, &text)).collect();
    assert!(offenses.is_empty(), "Write a sentence.\n{}", offenses.join("\n"));
}

#[test]
fn each_rule_finds_its_offense() {
    let wide = "x".repeat(MAX_COLUMNS + 1);
    assert_eq!(find_wide_lines("a.rs", &wide), [format!("a.rs:1: {} columns", MAX_COLUMNS + 1)]);
    assert!(find_wide_lines("a.md", &format!("| {wide}\n```text\n{wide}\n```")).is_empty());
    assert_eq!(find_wide_lines("a.md", &format!("```\n```\n{wide}")).len(), 1);
    assert_eq!(find_banned_words("a.rs", "let others = 1;\n// Others do."), ["a.rs:2: `others`"]);
    assert!(find_banned_words("a.rs", "// Brothers do.").is_empty());
    assert_eq!(find_short_docs("a.rs", "/// These rules.\nfn a() {}").len(), 1);
    assert!(find_short_docs("a.rs", "/// Returns the current rules.\nfn a() {}").is_empty());
    // Two lines of one comment count together.
    assert!(find_short_docs("a.rs", "/// Returns the\n/// current rules.").is_empty());
}
