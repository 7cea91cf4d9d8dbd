//! Links of pages lead to files and headings that exist, and the first pages are short.

use std::fs;
use std::path::Path;

use crate::language::read_pages;
use crate::{packages, root};

/// The maximum numbers of words of the pages that newcomers read first.
const MAX_WORDS: &[(&str, usize)] = &[("README.md", 900), ("ARCHITECTURE.md", 1500)];

/// Returns the targets of the links in a page, of the forms `](target)` and `[label]: target`.
///
/// Addresses of websites and paths of Rust items are left out.
fn link_targets(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let definitions = text.lines().filter_map(|line| {
        let (label, target) = line.split_once("]: ")?;
        label.starts_with('[').then_some(target)
    });
    let is_external = |target: &&str| target.contains("://") || target.contains("::");
    inline.chain(definitions).filter(|target| !is_external(target)).collect()
}

/// Returns the anchors of a page's headings, as GitHub forms them.
fn heading_anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Returns the error of a link from a page, or `None` if its file and heading exist.
fn find_link_error(page: &Path, text: &str, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = page.parent()?.join(file);
    if !file.is_empty() && !path.exists() {
        return Some(format!("{}: no file {target}", page.display()));
    }
    let text = match file {
        "" => text.to_owned(),
        _ if anchor.is_empty() => return None,
        _ => fs::read_to_string(&path).ok()?,
    };
    let has_heading =
        anchor.is_empty() || heading_anchors(&text).iter().any(|heading| heading == anchor);
    (!has_heading).then(|| format!("{}: no heading {target}", page.display()))
}

#[test]
fn links_of_pages_have_existing_targets() {
    let pages = read_pages();
    assert!(pages.len() > 40, "the pages are found: {}", pages.len());
    let offenses: Vec<String> = (pages.iter())
        .flat_map(|(path, text)| {
            link_targets(text)
                .into_iter()
                .filter_map(move |target| find_link_error(path, text, target))
        })
        .collect();
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

/// A source includes each page with Rust code as documentation, so that its code is tested.
#[test]
fn rust_code_of_pages_is_tested() {
    let packages = packages();
    let sources: Vec<&str> = (packages.iter())
        .flat_map(|package| package.modules.iter().map(|module| module.text.as_str()))
        .collect();
    let with_code = read_pages().into_iter().filter(|(_, text)| text.contains("```rust"));
    let names: Vec<String> = with_code
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(names.len() > 10, "the pages are found: {}", names.len());
    let is_included = |name: &String| {
        // `include_str!("../../docs/NAME")`, or the name in the list of chapters.
        let marks = [format!("/{name}\")"), format!(" \"{name}\",")];
        sources.iter().any(|source| marks.iter().any(|mark| source.contains(mark)))
    };
    let missing: Vec<&String> = names.iter().filter(|name| !is_included(name)).collect();
    assert!(missing.is_empty(), "No doc test includes {missing:?}: see `src/guide.rs`.");
}

#[test]
fn first_pages_are_short() {
    for (page, limit) in MAX_WORDS {
        let words = fs::read_to_string(root().join(page)).unwrap().split_whitespace().count();
        assert!(words <= *limit, "{page} has {words} words; at most {limit} are allowed");
    }
}

#[test]
fn dead_links_are_found() {
    let page = root().join("README.md");
    let text = "# A heading\n[a](src/lib.rs) [b](#a-heading) [c](none.md)\n[d]: none.rs\n";
    assert_eq!(link_targets(text), ["src/lib.rs", "#a-heading", "none.md", "none.rs"]);
    let has_error = |target: &&str| find_link_error(&page, text, target).is_some();
    assert_eq!(link_targets(text).into_iter().filter(has_error).count(), 2);
    assert!(find_link_error(&page, text, "#another-heading").is_some());
    assert!(find_link_error(&page, text, "ARCHITECTURE.md#rules").is_none());
    assert!(link_targets("[a](https://example.com)").is_empty());
}
