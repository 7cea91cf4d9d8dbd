//! JSON paths, as far as Step Functions takes them: members, indices, slices, unions, wildcards, descent. Filters are not.

use serde_json::Value;

use super::unresolvable::Unresolvable;

/// Values that a path may meet on its way.
const MOST: usize = 100_000;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Names(Vec<String>),
    Indices(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    All,
    /// To the value and everything below it.
    Descend,
}

/// A path from a root, such as `$.body.jobs[0]['name']`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonPath(Vec<Step>);

impl JsonPath {
    /// Reads a path that begins with `$`.
    pub(super) fn new(text: &str) -> Result<Self, Unresolvable> {
        let bad = |why: &str| Unresolvable::Malformed(format!("{text:?} is no JSON path: {why}"));
        let mut rest = text.strip_prefix('$').ok_or_else(|| bad("it does not begin with $"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Descend);
                rest = after;
                if rest.starts_with('[') {
                    continue;
                }
                (steps, rest) = dotted(steps, rest).ok_or_else(|| bad("a name is missing"))?;
            } else if let Some(after) = rest.strip_prefix('.') {
                (steps, rest) = dotted(steps, after).ok_or_else(|| bad("a name is missing"))?;
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after).ok_or_else(|| bad("a bracket is not closed"))?;
                steps.push(bracketed(after[..end].trim(), text)?);
                rest = &after[end + 1..];
            } else {
                return Err(bad("a step begins with . or ["));
            }
        }
        Ok(Self(steps))
    }

    /// What the path leads to: the value itself, or a list where it could be several.
    pub(super) fn find(&self, root: &Value) -> Result<Value, Unresolvable> {
        let mut found = vec![root];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in found {
                step.apply(value, &mut next);
                if next.len() > MOST {
                    let why = format!("the path leads to more than {MOST} values");
                    return Err(Unresolvable::Unsupported(why));
                }
            }
            found = next;
        }
        let definite = self.0.iter().all(Step::is_definite);
        match (definite, found.as_slice()) {
            (true, [one]) => Ok((*one).clone()),
            (true, _) => Err(Unresolvable::Missing("it".to_owned())),
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
                let item = |index: &i64| items.get(place(*index, items.len())?);
                found.extend(indices.iter().filter_map(item));
            }
            (Self::Slice(from, to), Value::Array(items)) => {
                let bound = |end: Option<i64>, absent: usize| match end {
                    None => absent,
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
    if found.len() > MOST {
        return;
    }
    found.push(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| descend(member, found)),
        Value::Array(items) => items.iter().for_each(|item| descend(item, found)),
        _ => {}
    }
}

/// The index counted from the front, where a negative one counts from the back.
fn place(index: i64, length: usize) -> Option<usize> {
    let from_front =
        if index < 0 { i64::try_from(length).ok()?.checked_add(index)? } else { index };
    usize::try_from(from_front).ok()
}

/// `name` or `*` after a dot, and what comes after it.
fn dotted(mut steps: Vec<Step>, text: &str) -> Option<(Vec<Step>, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    steps.push(if name == "*" { Step::All } else { Step::Names(vec![name.to_owned()]) });
    Some((steps, rest))
}

/// Where the bracket ends that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
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

/// What stands in brackets.
fn bracketed(text: &str, path: &str) -> Result<Step, Unresolvable> {
    let bad = || Unresolvable::Malformed(format!("{path:?} is no JSON path: [{text}]"));
    if text == "*" {
        return Ok(Step::All);
    }
    if text.starts_with('?') || text.starts_with('(') {
        let why = format!("filters such as [{text}] are not supported");
        return Err(Unresolvable::Unsupported(why));
    }
    if text.starts_with(['\'', '"']) {
        return quoted(text).map(Step::Names).ok_or_else(bad);
    }
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| bad());
    if let Some((from, to)) = text.split_once(':') {
        let end = |text: &str| (!text.trim().is_empty()).then(|| number(text)).transpose();
        return Ok(Step::Slice(end(from)?, end(to)?));
    }
    text.split(',').map(number).collect::<Result<_, _>>().map(Step::Indices)
}

/// One or several names in quotes, separated by commas.
fn quoted(text: &str) -> Option<Vec<String>> {
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

    fn find(path: &str, root: &Value) -> Result<Value, Unresolvable> {
        JsonPath::new(path)?.find(root)
    }

    #[test]
    fn paths_lead_where_they_say() {
        let root = json!({"a": {"b-c": [1, 2, 3], "d": {"e": null}}, "x y": true, "l": [{"n": 1}, {"n": 2}]});
        for (path, wanted) in [
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
            assert_eq!(find(path, &root), Ok(wanted), "{path}");
        }
        for path in ["$.b", "$.a.b-c[3]", "$.a.b-c[-4]", "$.l.n", "$['x y'].z"] {
            assert!(matches!(find(path, &root), Err(Unresolvable::Missing(_))), "{path}");
        }
        for path in ["a", "$.", "$..", "$a", "$[", "$[x]", "$['a]", "$['a' 'b']", "$[1:x]", "$[]"] {
            assert!(matches!(find(path, &root), Err(Unresolvable::Malformed(_))), "{path}");
        }
        assert!(matches!(find("$.l[?(@.n > 1)]", &root), Err(Unresolvable::Unsupported(_))));
    }
}
