//! Regular expressions in the dialect of the service: the patterns of its model, and a check of the
//! expressions for metrics.
//!
//! AWS does not publish which features of Python's and Java's dialects the service supports.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, Mutex, PoisonError};

use surmise::pattern::MetricPattern;

/// Returns whether a whole text matches a pattern of the service's model.
///
/// # Panics
/// Panics if the pattern is invalid. The patterns are constants, and a test compiles them all.
pub(crate) fn matches_whole(pattern: &'static str, text: &str) -> bool {
    /// Each of the about thirty patterns is compiled once.
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, MetricPattern>>> =
        LazyLock::new(Mutex::default);

    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern).or_insert_with(|| {
        // In the model, \d and \w match ASCII characters only.
        let ascii = pattern.replace(r"\d", "[0-9]").replace(r"\w", "[A-Za-z0-9_]");
        MetricPattern::new(&format!(r"\A(?:{ascii})\z")).expect("patterns of the model are valid")
    });
    regex.is_match(text)
}

/// Returns whether the first group of an expression may capture nothing; `None` if there is no
/// group, or if the group is not a valid expression.
///
/// A group may capture an empty text if nothing must follow it, as in `F1=(.*?)`. It may also be
/// skipped, as in `F1=(.+)?` and `(.+)|nan`.
pub(crate) fn first_group_may_be_empty(expression: &str) -> Option<bool> {
    let group = first_group(expression)?;
    let suffix = &expression[group.end + 1..];
    let is_optional = suffix.starts_with(['?', '*']) || suffix.starts_with("{0");
    let group = MetricPattern::new(&format!(r"\A(?:{})\z", &expression[group])).ok()?;
    // If something must follow, the group extends up to it, as in `loss=(.*?);`.
    let suffix = MetricPattern::new(&format!(r"\A(?:{suffix})\z"));
    let must_follow = suffix.is_ok_and(|suffix| !suffix.is_match(""));
    let may_be_empty = group.is_match("") && !must_follow;
    Some(is_optional || has_alternatives(expression) || may_be_empty)
}

/// Returns the parentheses and bars that are neither escaped nor in a character class: their
/// positions, and the number of open parentheses around them.
fn delimiters(expression: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let (mut depth, mut in_class, mut escaped) = (0_usize, false, false);
    expression.char_indices().filter_map(move |(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            _ if in_class => {}
            '(' => {
                depth += 1;
                return Some((at, c, depth - 1));
            }
            ')' => {
                depth = depth.saturating_sub(1);
                return Some((at, c, depth));
            }
            '|' => return Some((at, c, depth)),
            _ => {}
        }
        None
    })
}

/// Returns whether an expression has alternatives outside of all parentheses.
fn has_alternatives(expression: &str) -> bool {
    delimiters(expression).any(|(_, delimiter, depth)| delimiter == '|' && depth == 0)
}

/// Returns the range inside the first pair of capturing parentheses.
fn first_group(expression: &str) -> Option<Range<usize>> {
    let opened = delimiters(expression).filter(|(_, delimiter, _)| *delimiter == '(');
    let mut groups = opened.filter_map(|(at, _, depth)| {
        Some((at + 1 + group_name_length(&expression[at + 1..])?, depth))
    });
    let (start, depth) = groups.next()?;
    let end = delimiters(expression)
        .find(|&(at, delimiter, end_depth)| at >= start && (delimiter, end_depth) == (')', depth));
    Some(start..end?.0)
}

/// Returns the length of the name of a group, such as `?P<name>`; 0 without a name, and `None` if
/// the parentheses do not capture.
fn group_name_length(inside: &str) -> Option<usize> {
    let named = inside.strip_prefix("?P<").or_else(|| inside.strip_prefix("?<"));
    match named.filter(|name| !name.starts_with(['=', '!'])).and_then(|name| name.find('>')) {
        Some(length) => Some(inside.len() - named?.len() + length + 1),
        None => (!inside.starts_with('?')).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_may_be_empty_are_detected() {
        for (expression, expected) in [
            (r"F1=(.*?)", Some(true)),
            (r"loss: ([0-9.]*)", Some(true)),
            (r"loss: ([0-9\.]+)", Some(false)),
            (r"\(a\)[(]=(\S+);", Some(false)),
            (r"(?:loss|Loss)=(\d+|)", Some(true)),
            (r"(?P<value>-?\d+(\.\d*)?)", Some(false)),
            (r"(?<=a)b(?<v>.*)", Some(true)),
            (r"loss=\d+", None),
            (r"((a|b)?c)", Some(false)),
            (r"loss=(.*?);", Some(false)),
            (r"loss=(.*?);?", Some(true)),
            (r"loss=(.*?)$", Some(true)),
            (r"loss: (\d+)?", Some(true)),
            (r"loss: (\d+)*;", Some(true)),
            (r"loss: (\d+){0,1}", Some(true)),
            (r"loss: (\d+)|nan", Some(true)),
            (r"(a)|(b)", Some(true)),
            (r"(?:a|b)=(\S+)[|]\|", Some(false)),
            (r"(\d+)+", Some(false)),
        ] {
            assert_eq!(first_group_may_be_empty(expression), expected, "{expression}");
        }
    }

    #[test]
    fn patterns_match_whole_ascii_texts() {
        let matches = |text| matches_whole(r"\d{2}", text);
        assert!(matches("12") && !matches("123") && !matches("12\n"));
        assert!(!matches("\u{0661}\u{0662}"));
    }
}
