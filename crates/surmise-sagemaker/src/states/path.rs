//! JSON paths of Step Functions: members, indices, slices, unions, wildcards, recursive descent.
//!
//! Filters are not supported.

use serde_json::Value;

use super::unresolved_reason::UnresolvedReason;

/// The maximum number of values that one step of a path may select.
const MAX_VALUES: usize = 100_000;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Names(Vec<String>),
    Indices(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    All,
    /// Selects the value and all its descendants.
    Descend,
}

/// A path from a root, such as `$.body.jobs[0]['name']`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonPath(Vec<Step>);

impl JsonPath {
    /// Parses a path that begins with `$`.
    pub(super) fn new(text: &str) -> Result<Self, UnresolvedReason> {
        let malformed = |reason: &str| {
            UnresolvedReason::Malformed(format!("{text:?} is not a JSON path: {reason}"))
        };
        let mut rest =
            text.strip_prefix('$').ok_or_else(|| malformed("it does not begin with $"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Descend);
                rest = after;
                if rest.starts_with('[') {
                    continue;
                }
                (steps, rest) =
                    parse_dotted(steps, rest).ok_or_else(|| malformed("a name is missing"))?;
            } else if let Some(after) = rest.strip_prefix('.') {
                (steps, rest) =
                    parse_dotted(steps, after).ok_or_else(|| malformed("a name is missing"))?;
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = find_closing_bracket(after)
                    .ok_or_else(|| malformed("a bracket is not closed"))?;
                steps.push(parse_bracket(after[..end].trim(), text)?);
                rest = &after[end + 1..];
            } else {
                return Err(malformed("a step begins with . or ["));
            }
        }
        Ok(Self(steps))
    }

    /// Returns the selected value, or a list if the path may select several.
    pub(super) fn find(&self, root: &Value) -> Result<Value, UnresolvedReason> {
        let mut found = vec![root];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in found {
                step.apply(value, &mut next);
                if next.len() > MAX_VALUES {
                    let reason = format!("the path selects more than {MAX_VALUES} values");
                    return Err(UnresolvedReason::Unsupported(reason));
                }
            }
            found = next;
        }
        let is_definite = self.0.iter().all(Step::is_definite);
        match (is_definite, found.as_slice()) {
            (true, [one]) => Ok((*one).clone()),
            (true, _) => Err(UnresolvedReason::Missing("it".to_owned())),
            (false, several) => Ok(Value::Array(several.iter().copied().cloned().collect())),
        }
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        match self {
            Self::Names(names) => names.len() == 1,
            Self::Indices(indices) => indices.len() == 1,
            Self::Slice(..) | Self::All | Self::Descend => false,
        }
    }

    fn apply<'a>(&self, value: &'a Value, found: &mut Vec<&'a Value>) {
        match (self, value) {
            (Self::Names(names), Value::Object(members)) => {
                found.extend(names.iter().filter_map(|name| members.get(name)));
            }
            (Self::Indices(indices), Value::Array(items)) => {
                let item = |index: &i64| items.get(index_from_start(*index, items.len())?);
                found.extend(indices.iter().filter_map(item));
            }
            (Self::Slice(from, to), Value::Array(items)) => {
                let bound = |end: Option<i64>, default: usize| match end {
                    None => default,
                    Some(end) if end < 0 => items
                        .len()
                        .saturating_sub(usize::try_from(end.unsigned_abs()).unwrap_or(usize::MAX)),
                    Some(end) => usize::try_from(end).unwrap_or(usize::MAX).min(items.len()),
                };
                let (from, to) = (bound(*from, 0), bound(*to, items.len()));
                found.extend(items.get(from..to).unwrap_or_default());
            }
            (Self::All, Value::Object(members)) => found.extend(members.values()),
            (Self::All, Value::Array(items)) => found.extend(items),
            (Self::Descend, value) => descend(value, found),
            _ => {}
        }
    }
}

fn descend<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if found.len() > MAX_VALUES {
        return;
    }
    found.push(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| descend(member, found)),
        Value::Array(items) => items.iter().for_each(|item| descend(item, found)),
        _ => {}
    }
}

/// Converts an index, which counts from the end if it is negative, to one from the start.
fn index_from_start(index: i64, length: usize) -> Option<usize> {
    let from_start =
        if index < 0 { i64::try_from(length).ok()?.checked_add(index)? } else { index };
    usize::try_from(from_start).ok()
}

/// Parses `name` or `*` after a dot; returns the steps and the remaining text.
fn parse_dotted(mut steps: Vec<Step>, text: &str) -> Option<(Vec<Step>, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    steps.push(if name == "*" { Step::All } else { Step::Names(vec![name.to_owned()]) });
    Some((steps, rest))
}

/// Returns the position of the bracket that closes the one before `text`.
fn find_closing_bracket(text: &str) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ']') => return Some(at),
            _ => {}
        }
    }
    None
}

/// Parses the text between two brackets.
fn parse_bracket(text: &str, path: &str) -> Result<Step, UnresolvedReason> {
    let malformed =
        || UnresolvedReason::Malformed(format!("{path:?} is not a JSON path: [{text}]"));
    if text == "*" {
        return Ok(Step::All);
    }
    if text.starts_with('?') || text.starts_with('(') {
        let reason = format!("filters such as [{text}] are not supported");
        return Err(UnresolvedReason::Unsupported(reason));
    }
    if text.starts_with(['\'', '"']) {
        return parse_quoted_names(text).map(Step::Names).ok_or_else(malformed);
    }
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| malformed());
    if let Some((from, to)) = text.split_once(':') {
        let end = |text: &str| (!text.trim().is_empty()).then(|| number(text)).transpose();
        return Ok(Step::Slice(end(from)?, end(to)?));
    }
    text.split(',').map(number).collect::<Result<_, _>>().map(Step::Indices)
}

/// Parses one or several names in quotes, separated by commas.
fn parse_quoted_names(text: &str) -> Option<Vec<String>> {
    let (mut names, mut rest) = (Vec::new(), text);
    loop {
        let open = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (mut name, mut escaped, mut end) = (String::new(), false, None);
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => {
                    name.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                c if c == open => {
                    end = Some(at + 1);
                    break;
                }
                c => name.push(c),
            }
        }
        names.push(name);
        rest = rest.get(end?..)?.trim_start();
        if rest.is_empty() {
            return Some(names);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(path: &str, root: &Value) -> Result<Value, UnresolvedReason> {
        JsonPath::new(path)?.find(root)
    }

    #[test]
    fn paths_select_the_values_that_step_functions_selects() {
        let root = json!({
            "a": {"b-c": [1, 2, 3], "d": {"e": null}},
            "x y": true,
            "l": [{"n": 1}, {"n": 2}],
        });
        for (path, expected) in [
            ("$", root.clone()),
            ("$.a.b-c[0]", json!(1)),
            ("$.a['b-c'][-1]", json!(3)),
            ("$['x y']", json!(true)),
            ("$[\"a\"].d.e", json!(null)),
            ("$.a.b-c[0:2]", json!([1, 2])),
            ("$.a.b-c[-2:]", json!([2, 3])),
            ("$.a.b-c[2,0]", json!([3, 1])),
            ("$.l[*].n", json!([1, 2])),
            ("$..n", json!([1, 2])),
            ("$..[0]", json!([1, {"n": 1}])),
            ("$.a['d','b-c']", json!([{"e": null}, [1, 2, 3]])),
            ("$.l[*].missing", json!([])),
        ] {
            assert_eq!(find(path, &root), Ok(expected), "{path}");
        }
        for path in ["$.b", "$.a.b-c[3]", "$.a.b-c[-4]", "$.l.n", "$['x y'].z"] {
            assert!(matches!(find(path, &root), Err(UnresolvedReason::Missing(_))), "{path}");
        }
        for path in ["a", "$.", "$..", "$a", "$[", "$[x]", "$['a]", "$['a' 'b']", "$[1:x]", "$[]"] {
            assert!(matches!(find(path, &root), Err(UnresolvedReason::Malformed(_))), "{path}");
        }
        assert!(matches!(find("$.l[?(@.n > 1)]", &root), Err(UnresolvedReason::Unsupported(_))));
    }
}
