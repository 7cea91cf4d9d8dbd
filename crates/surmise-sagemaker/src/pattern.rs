//! Regular expressions as the service means them: the patterns of its model, and what is doubtful in those of metrics.
//!
//! Which of the features of Python's and Java's dialects it knows is not published.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, Mutex, PoisonError};

use surmise::pattern::MetricPattern;

/// Whether a whole text matches a pattern, as the service's model means it.
///
/// # Panics
/// If the pattern cannot be read: patterns of the model are constants, and a test reads them all.
pub(crate) fn matches_whole(pattern: &'static str, text: &str) -> bool {
    /// Compiled once each; there are some thirty.
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, MetricPattern>>> =
        LazyLock::new(Mutex::default);

    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern).or_insert_with(|| {
        // \d and \w are of ASCII there.
        let ascii = pattern.replace(r"\d", "[0-9]").replace(r"\w", "[A-Za-z0-9_]");
        MetricPattern::new(&format!(r"\A(?:{ascii})\z")).expect("patterns of the model can be read")
    });
    regex.is_match(text)
}

/// Whether the first group of an expression can capture nothing: because what it captures can be empty and nothing has to follow, as in
/// `F1=(.*?)`, or because it need not take part, as in `F1=(.+)?` and `(.+)|nan`. `None` if there is no group or it cannot be told.
pub(crate) fn first_group_can_be_empty(expression: &str) -> Option<bool> {
    let group = first_group(expression)?;
    let rest = &expression[group.end + 1..];
    let is_optional = rest.starts_with(['?', '*']) || rest.starts_with("{0");
    let alone = MetricPattern::new(&format!(r"\A(?:{})\z", &expression[group])).ok()?;
    // What has to follow ends it, as in `loss=(.*?);`.
    let after = MetricPattern::new(&format!(r"\A(?:{rest})\z"));
    let is_ended = after.is_ok_and(|after| !after.is_match(""));
    let is_empty = alone.is_match("") && !is_ended;
    Some(is_optional || has_alternatives(expression) || is_empty)
}

/// Parentheses and bars that are neither escaped nor in a class: where they stand, and how many parentheses are open around them.
fn marks(expression: &str) -> impl Iterator<Item = (usize, char, usize)> {
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

/// Whether an expression is one of several, outside of all parentheses.
fn has_alternatives(expression: &str) -> bool {
    marks(expression).any(|(_, mark, depth)| mark == '|' && depth == 0)
}

/// Where it stands in the first pair of capturing parentheses.
fn first_group(expression: &str) -> Option<Range<usize>> {
    let opened = marks(expression).filter(|(_, mark, _)| *mark == '(');
    let mut groups =
        opened.filter_map(|(at, _, depth)| Some((at + 1 + head(&expression[at + 1..])?, depth)));
    let (start, depth) = groups.next()?;
    let end = marks(expression).find(|mark| mark.0 >= start && (mark.1, mark.2) == (')', depth));
    Some(start..end?.0)
}

/// The length of a group's name with its marks, if what is in these parentheses is captured.
fn head(inside: &str) -> Option<usize> {
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
    fn groups_that_can_be_empty_are_told() {
        for (expression, empty) in [
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
            assert_eq!(first_group_can_be_empty(expression), empty, "{expression}");
        }
    }

    #[test]
    fn whole_patterns_match_whole_texts_of_ascii() {
        let matches = |text| matches_whole(r"\d{2}", text);
        assert!(matches("12") && !matches("123") && !matches("12\n"));
        assert!(!matches("\u{0661}\u{0662}"));
    }
}
