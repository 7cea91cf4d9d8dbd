//! A value in a JSON document together with its path.

use serde_json::{Map, Value};

use crate::json_path::step;
use crate::unresolved::Unresolved;

/// A value in a JSON document and its path, such as `$.Tags[1].Key`.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a Value,
    /// The unresolved expressions of the whole document.
    pub(crate) unresolved: &'a [Unresolved],
}

/// A member of an object: its name and its node.
pub(crate) struct NamedNode<'a> {
    pub(crate) name: &'a str,
    pub(crate) node: Node<'a>,
}

impl<'a> Node<'a> {
    pub(crate) fn root(
        path: impl Into<String>,
        value: &'a Value,
        unresolved: &'a [Unresolved],
    ) -> Self {
        Self { path: path.into(), value, unresolved }
    }

    fn with_path(&self, path: String, value: &'a Value) -> Self {
        Self { path, value, unresolved: self.unresolved }
    }

    /// Returns the path of a member, present or not.
    pub(crate) fn path_of(&self, name: &str) -> String {
        format!("{}{}", self.path, step(name))
    }

    pub(crate) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// Returns a member that is present and resolved.
    pub(crate) fn member(&self, name: &str) -> Option<Self> {
        Some(self.with_path(self.path_of(name), self.object()?.get(name)?))
    }

    /// Returns a member, or the unresolved expression in its place.
    pub(crate) fn member_or_expression(&self, name: &str) -> Option<Self> {
        let expression = || self.member(&format!("{name}.$")).filter(Node::is_unresolved);
        self.member(name).or_else(expression)
    }

    /// Returns whether this node is an unresolved expression.
    pub(crate) fn is_unresolved(&self) -> bool {
        self.unresolved.iter().any(|unresolved| unresolved.path == self.path)
    }

    /// Returns the member at the end of a path of names.
    pub(crate) fn descendant(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self.clone(), |node, name| node.member(name))
    }

    /// Returns whether a member is present, resolved or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.member_or_expression(name).is_some()
    }

    /// Returns whether a member is present, but only as an unresolved expression.
    pub(crate) fn has_unresolved(&self, name: &str) -> bool {
        !self.unresolved.is_empty() && self.member(name).is_none() && self.has(name)
    }

    /// Returns all members, resolved or not; names of expressions are without `.$`.
    pub(crate) fn members(&self) -> Vec<NamedNode<'a>> {
        let members = self.object().into_iter().flatten();
        let entry = |(name, value): (&'a String, &'a Value)| {
            let node = self.with_path(self.path_of(name), value);
            let stem = name.strip_suffix(".$").filter(|_| node.is_unresolved());
            NamedNode { name: stem.unwrap_or(name), node }
        };
        members.map(entry).collect()
    }

    /// Returns the items of a list; empty if this is not a list.
    pub(crate) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let item = |(index, value)| self.with_path(format!("{}[{index}]", self.path), value);
        items.iter().enumerate().map(item).collect()
    }

    /// Returns the items of a member that is a list; empty if it is absent.
    pub(crate) fn list(&self, name: &str) -> Vec<Self> {
        self.member(name).map(|list| list.items()).unwrap_or_default()
    }

    /// Returns the members of a member that is an object; empty if it is absent.
    pub(crate) fn map(&self, name: &str) -> Vec<NamedNode<'a>> {
        self.member(name).map(|map| map.members()).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.object()?.get(name)?.as_str()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.object().and_then(|object| object.get(name)) == Some(&Value::Bool(true))
    }
}

/// Formats a value for a finding: as JSON, shortened if it is long.
pub(crate) fn display_value(value: &Value) -> String {
    const MAX_CHARACTERS: usize = 80;
    match value {
        Value::Object(members) => format!("an object of {} members", members.len()),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::String(text) if text.chars().count() > MAX_CHARACTERS => {
            let start: String = text.chars().take(MAX_CHARACTERS).collect();
            format!("{}… ({} characters)", Value::from(start), text.chars().count())
        }
        other => other.to_string(),
    }
}
