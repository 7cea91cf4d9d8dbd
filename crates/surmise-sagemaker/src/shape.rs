//! The service's model as data: the shape of each member of a request, and the check of a document.
//!
//! Lengths, patterns, counts and enumerations are those of the service model in botocore 1.43.11; a
//! script of the continuous integration compares them field by field. Integers have 32 bits there,
//! unless they are `long`.

use serde_json::{Map, Value, json};

use crate::findings::Findings;
use crate::node::{NamedNode, Node};
use crate::pattern::matches_whole;

/// The shape of a value in a request: its type and its constraints.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A string with a length in characters and, optionally, a pattern.
    Text { min: usize, max: Option<usize>, pattern: Option<Pattern> },
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// An instance type. The service adds new ones so often that only the form is checked.
    InstanceType,
    /// An integer of 32 bits.
    Integer { min: Option<i64>, max: Option<i64> },
    /// An integer of 64 bits.
    Long,
    /// A number that fits into 32 bits.
    Float,
    /// One of the values `true` and `false`.
    Boolean,
    /// A list of values of the same shape.
    List { item: &'static Shape, min: usize, max: usize },
    /// A map from texts to values of the same shape.
    Map { key: &'static Shape, value: &'static Shape, max: usize },
    /// An object with named members.
    Structure(&'static Structure),
}

/// A pattern, and its meaning for messages, such as "made of letters and digits".
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) expression: &'static str,
    pub(crate) meaning: &'static str,
}

/// An object of the model: its name and its members.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) name: &'static str,
    pub(crate) members: &'static [Member],
}

/// A member of a [`Structure`].
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: &'static Shape,
}

/// The form of all instance types that the service had in May 2026.
const INSTANCE_TYPE: &str = r"ml\.[a-z0-9-]+\.[a-z0-9-]+";

impl Shape {
    /// Returns the shape of a text with `min` to `max` characters.
    pub(crate) const fn text(min: usize, max: usize) -> Self {
        Self::Text { min, max: Some(max), pattern: None }
    }

    /// Returns the shape of a text that matches a regular expression as a whole.
    pub(crate) const fn pattern(
        min: usize,
        max: usize,
        expression: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self::Text { min, max: Some(max), pattern: Some(Pattern { expression, meaning }) }
    }

    /// Returns the shape of a text without line breaks.
    pub(crate) const fn line(min: usize, max: usize) -> Self {
        let expression = if min == 0 { ".*" } else { ".+" };
        Self::pattern(min, max, expression, "a single line")
    }

    pub(crate) const fn list(item: &'static Self, min: usize, max: usize) -> Self {
        Self::List { item, min, max }
    }

    pub(crate) const fn at_least(min: i64) -> Self {
        Self::Integer { min: Some(min), max: None }
    }

    pub(crate) const fn between(min: i64, max: i64) -> Self {
        Self::Integer { min: Some(min), max: Some(max) }
    }

    /// Converts the shape to the format of botocore's model, for comparison with it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Text { min, max, pattern } => {
                json!({"type": "string", "min": min, "max": max,
                       "pattern": pattern.as_ref().map(|pattern| pattern.expression)})
            }
            Self::Choice(names) => json!({"type": "string", "enum": names}),
            Self::InstanceType => json!({"type": "string", "form of enum": INSTANCE_TYPE}),
            Self::Integer { min, max } => json!({"type": "integer", "min": min, "max": max}),
            Self::Long => json!({"type": "long"}),
            Self::Float => json!({"type": "float"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::List { item, min, max } => {
                json!({"type": "list", "min": min, "max": max, "member": item.to_json()})
            }
            Self::Map { key, value, max } => {
                json!({"type": "map", "max": max, "key": key.to_json(), "value": value.to_json()})
            }
            Self::Structure(structure) => {
                let required = structure.members.iter().filter(|member| member.required);
                let members: Map<String, Value> = structure
                    .members
                    .iter()
                    .map(|member| (member.name.to_owned(), member.shape.to_json()))
                    .collect();
                json!({"type": "structure", "members": members,
                       "required": required.map(|member| member.name).collect::<Vec<_>>()})
            }
        }
    }

    /// Describes the expected type for messages.
    fn expected_type(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) | Self::InstanceType => "text",
            Self::Integer { .. } | Self::Long => "a whole number",
            Self::Float => "a number",
            Self::Boolean => "true or false",
            Self::List { .. } => "a list",
            Self::Map { .. } | Self::Structure(_) => "an object",
        }
    }
}

/// Finds everything in a document that does not match its shape, at any depth.
pub(crate) fn check(node: &Node<'_>, shape: &Shape, findings: &mut Findings) {
    match (shape, node.value) {
        (Shape::Text { min, max, pattern }, Value::String(text)) => {
            check_text(node, text, (*min, *max), pattern.as_ref(), findings);
        }
        (Shape::Choice(names), Value::String(text)) => check_choice(node, text, names, findings),
        (Shape::InstanceType, Value::String(text)) => {
            if !matches_whole(INSTANCE_TYPE, text) {
                let rule = "it must be an instance type such as \"ml.m5.xlarge\"";
                findings.error(node, rule, "use the form ml.FAMILY.SIZE");
            }
        }
        (Shape::Integer { min, max }, Value::Number(_)) if node.value.as_i64().is_some() => {
            check_integer(node, *min, *max, findings);
        }
        (Shape::Long, Value::Number(_)) if node.value.as_i64().is_some() => {}
        (Shape::Float, Value::Number(number)) => {
            let largest = f64::from(f32::MAX);
            if !number.as_f64().is_some_and(|number| number.abs() <= largest) {
                let rule = "it must fit into 32 bits, whose largest number is 3.4e38";
                findings.error(node, rule, "use a number closer to 0");
            }
        }
        (Shape::Boolean, Value::Bool(_)) => {}
        (Shape::List { item: item_shape, min, max }, Value::Array(items)) => {
            check_count(node, items.len(), (*min, *max), findings);
            for item in node.items() {
                check(&item, item_shape, findings);
            }
        }
        (Shape::Map { key, value, max }, Value::Object(entries)) => {
            check_count(node, entries.len(), (0, *max), findings);
            check_entries(node, (key, value), findings);
        }
        (Shape::Structure(structure), Value::Object(_)) => {
            check_members(node, structure, findings);
        }
        (shape, value) => report_wrong_type(node, shape, value, findings),
    }
}

/// Reports a value of another type than expected, with a guess of what was meant.
fn report_wrong_type(node: &Node<'_>, shape: &Shape, value: &Value, findings: &mut Findings) {
    let remedy = match (shape, value) {
        (_, Value::Null) => "leave the member out, or give it a value".to_owned(),
        (Shape::Text { .. } | Shape::Choice(_), Value::Number(_) | Value::Bool(_)) => {
            format!("write it in quotes: \"{value}\"")
        }
        (Shape::Integer { .. } | Shape::Long | Shape::Float, Value::String(text)) => {
            match text.trim().parse::<f64>() {
                Ok(_) => format!("write it without quotes: {}", text.trim()),
                Err(_) => "give a number".to_owned(),
            }
        }
        (Shape::Integer { .. } | Shape::Long, Value::Number(_)) => {
            "write it without a fraction, and within 64 bits".to_owned()
        }
        (Shape::Boolean, Value::String(_)) => "write it without quotes".to_owned(),
        (Shape::List { .. }, _) => "put it in brackets".to_owned(),
        _ => format!("give {}", shape.expected_type()),
    };
    findings.error(node, format!("this must be {}", shape.expected_type()), remedy);
}

fn check_text(
    node: &Node<'_>,
    text: &str,
    (min, max): (usize, Option<usize>),
    pattern: Option<&Pattern>,
    findings: &mut Findings,
) {
    let count = text.chars().count();
    if count < min {
        let rule = format!("it must have at least {min} characters");
        match pattern {
            Some(Pattern { meaning, .. }) => {
                let remedy = format!("give {}", meaning.trim_start_matches("made of "));
                findings.error(node, format!("{rule}, and be {meaning}"), remedy);
            }
            None => findings.error(node, rule, "make it longer"),
        }
    }
    if let Some(max) = max.filter(|max| count > *max) {
        let rule = format!("it may have at most {max} characters, not {count}");
        findings.error(node, rule, "make it shorter");
    }
    if let Some(Pattern { expression, meaning }) = pattern
        && (min..=max.unwrap_or(usize::MAX)).contains(&count)
        && !matches_whole(expression, text)
    {
        let rule = format!("it must be {meaning} (pattern {expression})");
        let remedy = match meaning.strip_prefix("made of ") {
            Some(parts) => format!("use {parts} only"),
            None => format!("give {meaning}"),
        };
        findings.error(node, rule, remedy);
    }
}

fn check_choice(node: &Node<'_>, text: &str, names: &[&str], findings: &mut Findings) {
    if !names.contains(&text) {
        let rule = format!("it must be one of {}", names.join(", "));
        let remedy = match nearest(text, names.iter().copied()) {
            Some(name) => format!("use \"{name}\""),
            None if names.len() == 1 => format!("use \"{}\"", names[0]),
            None => "use one of these".to_owned(),
        };
        findings.error(node, rule, remedy);
    }
}

fn check_integer(node: &Node<'_>, min: Option<i64>, max: Option<i64>, findings: &mut Findings) {
    let number = node.value.as_i64().unwrap_or_default();
    let largest = i64::from(i32::MAX);
    if let Some(min) = min.filter(|min| number < *min) {
        findings.error(node, format!("it must be at least {min}"), "raise it");
    } else if let Some(max) = max.filter(|max| number > *max) {
        findings.error(node, format!("it must be at most {max}"), "lower it");
    } else if number > largest || number < -largest - 1 {
        findings.error(node, "it must fit into 32 bits", format!("use at most {largest}"));
    }
}

fn check_count(node: &Node<'_>, count: usize, (min, max): (usize, usize), findings: &mut Findings) {
    if count < min {
        let rule = format!("it must have at least {min} elements");
        findings.error(node, rule, "add one, or leave the member out");
    }
    if count > max {
        let rule = format!("it may have at most {max} elements, not {count}");
        findings.error(node, rule, "remove some");
    }
}

fn check_entries(node: &Node<'_>, (key, value): (&Shape, &Shape), findings: &mut Findings) {
    for entry in node.members() {
        let name = Value::String(entry.name.to_owned());
        check(&Node::root(format!("{} (its name)", entry.node.path), &name, &[]), key, findings);
        if !entry.node.is_unresolved() {
            check(&entry.node, value, findings);
        }
    }
}

fn check_members(node: &Node<'_>, structure: &Structure, findings: &mut Findings) {
    for NamedNode { name, node: value } in node.members() {
        match structure.members.iter().find(|member| member.name == name) {
            // The value is checked once it is known.
            Some(_) if value.is_unresolved() => {}
            Some(member)
                if value.value.is_null() && !member.required && findings.in_state_machine =>
            {
                let rule = "null is passed to the service, unlike an absent member";
                findings.warning(&value, rule, "leave the member out, or give it a value");
            }
            Some(member) => check(&value, member.shape, findings),
            None => {
                let names = structure.members.iter().map(|member| member.name);
                let remedy = match nearest(name, names) {
                    Some(name) => format!("did you mean {name}? Otherwise, remove it"),
                    None => "remove it".to_owned(),
                };
                findings.unknown_member(&value, structure.name, remedy);
            }
        }
    }
    for member in structure.members.iter().filter(|member| member.required) {
        if !node.has(member.name) {
            findings.missing(
                node.path_of(member.name),
                format!("{} must have this member", structure.name),
                format!("add it: {}", member.shape.expected_type()),
            );
        }
    }
}

/// Returns the name that was probably meant: equal except for case and punctuation, or with at most
/// two different letters.
pub(crate) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// The smallest edit distance of names that do not count as similar.
    const MIN_DIFFERENT: usize = 3;
    let normalized = |name: &str| {
        let letters = name.chars().take(80).filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect::<Vec<char>>()
    };
    let text = normalized(text);
    // A long name that is a prefix of the other one counts as one edit.
    let is_prefix =
        |a: &[char], b: &[char]| a.len().min(b.len()) > 8 && (a.starts_with(b) || b.starts_with(a));
    let distance = |name: &str| {
        let name = normalized(name);
        let edits = edit_distance(&text, &name);
        if is_prefix(&text, &name) { edits.min(1) } else { edits }
    };
    let (distance, name) = names.map(|name| (distance(name), name)).min_by_key(|(d, _)| *d)?;
    (distance < MIN_DIFFERENT.min(text.len())).then_some(name)
}

/// Returns the Levenshtein distance of two texts.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
