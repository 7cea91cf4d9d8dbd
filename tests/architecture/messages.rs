//! The file `docs/messages.txt` contains all messages that a user can see.
//!
//! The messages are the texts in the sources, with their placeholders.
//! `SNAPSHOTS=overwrite cargo test --test architecture messages` writes the file.

use std::fmt::Write;
use std::fs;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::sources::Module;
use crate::{packages, root};

const SNAPSHOT: &str = "docs/messages.txt";
/// The minimum number of words of a message. A shorter text counts only beside a message.
const MIN_WORDS: usize = 2;
/// Calls whose texts describe impossible states to developers.
const INTERNAL: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "expect",
    "todo",
    "unimplemented",
    "unreachable",
];
/// Attributes that contain messages.
const ATTRIBUTES: &[&str] = &["error", "command", "arg"];
/// Parts of scripts, pages and headers, which no user reads as text.
const CODE: &[&str] =
    &["</", "/>", "fill=", "stroke=", "$((", "-src ", "exec ", "while :", "\\s*", "enum value set"];

/// Adds the messages in a stream of tokens to `found`.
fn find_messages(tokens: TokenStream, found: &mut Vec<String>) {
    let mut last_name: Option<String> = None;
    let mut last_token: Option<TokenTree> = None;
    let mut is_attribute = false;
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => is_attribute = true,
            TokenTree::Punct(punct) if punct.as_char() == '!' => {}
            TokenTree::Ident(name) => {
                (last_name, is_attribute) = (Some(name.to_string()), false);
            }
            TokenTree::Literal(literal) => {
                found.extend(literal_text(&literal.to_string()).filter(|text| is_message(text)));
            }
            TokenTree::Group(group) => {
                let name = last_name.as_deref().unwrap_or_default();
                let is_call = group.delimiter() == Delimiter::Parenthesis
                    && !matches!(&last_token, Some(TokenTree::Group(_)));
                let is_internal = is_call && INTERNAL.contains(&name);
                if is_attribute {
                    add_attribute(group.stream(), found);
                } else if is_call && name == "concat" {
                    let text: String = literals(group.stream()).concat();
                    found.extend(Some(text).filter(|text| is_message(text)));
                } else if !is_internal {
                    add_group(group.stream(), is_call, found);
                }
                is_attribute = false;
            }
            TokenTree::Punct(_) => is_attribute = false,
        }
        last_token = Some(token);
    }
}

/// Adds the messages of an attribute, such as `#[error("…")]`, to `found`.
fn add_attribute(tokens: TokenStream, found: &mut Vec<String>) {
    let name = tokens.clone().into_iter().next().map(|token| token.to_string());
    if name.is_some_and(|name| ATTRIBUTES.contains(&name.as_str())) {
        find_messages(tokens, found);
    }
}

/// Adds the messages in a group to `found`. All texts of one call, such as parameter, rule and
/// remedy, become one message.
fn add_group(tokens: TokenStream, is_call: bool, found: &mut Vec<String>) {
    let mut messages = Vec::new();
    find_messages(tokens.clone(), &mut messages);
    let is_short = tokens.clone().into_iter().all(|token| match token {
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() != ';',
        _ => true,
    });
    if is_call && is_short && !messages.is_empty() {
        let texts: Vec<String> =
            literals(tokens).into_iter().filter(|text| has_words(text)).collect();
        found.push(texts.join(" | "));
    } else {
        found.append(&mut messages);
    }
}

/// Returns true if a text has letters outside of placeholders.
fn has_words(text: &str) -> bool {
    let plain = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    plain.into_iter().any(|part| part.chars().any(char::is_alphabetic))
}

/// Returns the texts of all string literals in a stream of tokens.
fn literals(tokens: TokenStream) -> Vec<String> {
    let texts = |token| match token {
        TokenTree::Literal(literal) => literal_text(&literal.to_string()).into_iter().collect(),
        TokenTree::Group(group) => literals(group.stream()),
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(texts).collect()
}

/// Returns the text of a string literal, without its quotes and escapes; `None` for any other
/// literal.
fn literal_text(literal: &str) -> Option<String> {
    let quoted = |text: &str| Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    match literal.strip_prefix('r') {
        Some(raw) => quoted(raw.trim_matches('#')),
        None => quoted(literal).map(|text| unescape(&text)),
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match characters.next() {
            Some('\n') => while characters.next_if(|c| c.is_whitespace()).is_some() {},
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') | None => {}
            Some('u') => {
                let code: String = characters.by_ref().take_while(|c| *c != '}').skip(1).collect();
                plain.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            Some(other) => plain.push(other),
        }
    }
    plain
}

/// Returns true for prose, and false for names, formats and code.
fn is_message(text: &str) -> bool {
    let is_word = |word: &&str| {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
        word.len() > 1 && word.chars().all(|c| c.is_alphabetic() || "-'’".contains(c))
    };
    let is_code = CODE.iter().any(|mark| text.contains(mark));
    !is_code && text.split_whitespace().filter(is_word).count() >= MIN_WORDS
}

/// Returns the messages of a file, each as one line.
fn messages_of_file(module: &Module) -> Vec<String> {
    let mut found = Vec::new();
    let tokens = module.code.parse().unwrap_or_else(|error| panic!("{}: {error}", module.file));
    find_messages(tokens, &mut found);
    found.into_iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn make_snapshot() -> String {
    let mut text = String::from(
        "Messages that a user can see, as the sources have them. A name in braces is a value.\n\
         Texts of one message are divided by `|`: subject, rule, remedy.\n",
    );
    for package in packages() {
        for module in package.modules.iter().filter(|module| !module.is_for_tests()) {
            let messages = messages_of_file(module);
            if !messages.is_empty() {
                let _ = writeln!(text, "\n# {} {}\n", package.name, module.file);
            }
            for message in messages {
                let _ = writeln!(text, "{message}");
            }
        }
    }
    text
}

#[test]
fn messages_are_those_of_the_snapshot() {
    // The published engine has no other packages, but the file contains their messages too.
    if crate::PACKAGES.iter().any(|(_, folder, _)| !root().join(folder).join("src").is_dir()) {
        return;
    }
    let path = root().join(SNAPSHOT);
    let current = make_snapshot();
    #[allow(clippy::disallowed_methods, reason = "a person asks the test to write the file")]
    let overwrite = std::env::var("SNAPSHOTS").as_deref() == Ok("overwrite");
    if overwrite {
        fs::write(&path, &current).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    let differences: Vec<String> = (stored.lines().filter(|line| !current.contains(line)))
        .map(|line| format!("- {line}"))
        .chain(
            current.lines().filter(|line| !stored.contains(line)).map(|line| format!("+ {line}")),
        )
        .collect();
    assert!(
        stored == current,
        "{SNAPSHOT} differs from the sources. Read the differences; then write the file by \
         `SNAPSHOTS=overwrite cargo test --test architecture messages`.\n{}",
        differences.join("\n")
    );
}

#[test]
fn messages_are_found_as_they_are_printed() {
    let find = |text: &str| {
        let package = crate::sources::Package::from_texts(&[("planted.rs", text)]);
        messages_of_file(&package.modules[0])
    };
    let violation = "fn f() { Violation::new(name, 3, format!(\"must be below {max}\"), \
                     \"give a smaller one\") }";
    assert_eq!(find(violation), ["must be below {max} | give a smaller one"]);
    let broken = "fn f() { warn(\"it is \\\n    not there\"); expect(\"an invariant of ours\") }";
    assert_eq!(find(broken), ["it is not there"]);
    assert!(find("#[allow(x, reason = \"for good reasons only\")] fn f() {}").is_empty());
    let rule = "fn f() { findings.error(&node, \"it must be below 3\", \"lower it\") }";
    assert_eq!(find(rule), ["it must be below 3 | lower it"]);
    let remedy = "fn f() { write!(f, \"no name: {reason}; use another {name}\") }";
    assert_eq!(find(remedy), ["no name: {reason}; use another {name}"]);
    assert_eq!(find("#[error(\"not JSON: {0}\")] struct E;"), ["not JSON: {0}"]);
    assert_eq!(find("const A: &str = concat!(\"a text \", \"of parts\");"), ["a text of parts"]);
    assert_eq!(find("fn f() { panic!(\"there is no parameter {name}\") }").len(), 1);
    assert!(find("fn f() { assert!(x, \"this one never happens\"); g(\"a name\") }").is_empty());
}
