//! A place in a JSON document: the value there, and the path to it that a finding names.

use serde_json::{Map, Value};

use crate::json_path::step;
use crate::unresolved::Unresolved;

/// A value and the path to it, such as `$.Tags[1].Key`.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a Value,
    /// Expressions of the document whose values are not known yet; each stands for a member.
    pub(crate) open: &'a [Unresolved],
}

/// A member and its name.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) node: Node<'a>,
}

impl<'a> Node<'a> {
    pub(crate) fn root(path: impl Into<String>, value: &'a Value, open: &'a [Unresolved]) -> Self {
        Self { path: path.into(), value, open }
    }

    fn at_path(&self, path: String, value: &'a Value) -> Self {
        Self { path, value, open: self.open }
    }

    /// The path of a member, whether it is there or not.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}{}", self.path, step(name))
    }

    pub(crate) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// A member that is there and known.
    pub(crate) fn member(&self, name: &str) -> Option<Self> {
        Some(self.at_path(self.path_of(name), self.object()?.get(name)?))
    }

    /// A member that is there, known or not: in the latter case the expression that stands for it.
    pub(crate) fn place(&self, name: &str) -> Option<Self> {
        let expression = || self.member(&format!("{name}.$")).filter(Node::is_open);
        self.member(name).or_else(expression)
    }

    /// Whether this is an expression whose value is not known yet.
    pub(crate) fn is_open(&self) -> bool {
        self.open.iter().any(|unresolved| unresolved.path == self.path)
    }

    /// The same, several levels down.
    pub(crate) fn at(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self.clone(), |node, name| node.member(name))
    }

    /// Whether a member is there, known or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Whether a member is there, but its value is not known yet.
    pub(crate) fn awaits(&self, name: &str) -> bool {
        !self.open.is_empty() && self.member(name).is_none() && self.has(name)
    }

    /// All members, known or not, by their names without the suffix of expressions.
    pub(crate) fn members(&self) -> Vec<Entry<'a>> {
        let members = self.object().into_iter().flatten();
        let entry = |(name, value): (&'a String, &'a Value)| {
            let node = self.at_path(self.path_of(name), value);
            let stem = name.strip_suffix(".$").filter(|_| node.is_open());
            Entry { name: stem.unwrap_or(name), node }
        };
        members.map(entry).collect()
    }

    /// The items of a list; none if it is no list.
    pub(crate) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let item = |(index, value)| self.at_path(format!("{}[{index}]", self.path), value);
        items.iter().enumerate().map(item).collect()
    }

    /// The items of a member that is a list; none if it is not there.
    pub(crate) fn list(&self, name: &str) -> Vec<Self> {
        self.member(name).map(|list| list.items()).unwrap_or_default()
    }

    /// The entries of a member that is a map of names, known or not.
    pub(crate) fn map(&self, name: &str) -> Vec<Entry<'a>> {
        self.member(name).map(|map| map.members()).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.object()?.get(name)?.as_str()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.object().and_then(|object| object.get(name)) == Some(&Value::Bool(true))
    }
}

/// A value as a finding shows it: JSON, shortened where it is long.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    match value {
        Value::Object(members) => format!("an object of {} members", members.len()),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("{}… ({} characters)", Value::from(start), text.chars().count())
        }
        other => other.to_string(),
    }
}
