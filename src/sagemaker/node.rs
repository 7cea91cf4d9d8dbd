//! A place in a JSON document: the value there, and the path to it that a finding names.

use serde_json::{Map, Value};

/// A value and the path to it, such as `$.Tags[1].Key`.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
    /// Whether `X.$` stands for a member X whose value is not known yet.
    pub(super) templated: bool,
}

impl<'a> Node<'a> {
    pub(super) fn root(path: impl Into<String>, value: &'a Value, templated: bool) -> Self {
        Self { path: path.into(), value, templated }
    }

    /// The path of a member, whether it is there or not.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}{}", self.path, step(name))
    }

    pub(super) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// A member that is there and known.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let value = self.object()?.get(name)?;
        Some(Self { path: self.path_of(name), value, templated: self.templated })
    }

    /// The same, several levels down.
    pub(super) fn at(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self.clone(), |node, name| node.member(name))
    }

    /// Whether a member is there, known or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object().is_some_and(|object| object.contains_key(name)) || self.awaits(name)
    }

    /// Whether a member is there, but its value is not known yet.
    pub(super) fn awaits(&self, name: &str) -> bool {
        self.templated
            && self.object().is_some_and(|object| object.contains_key(&format!("{name}.$")))
    }

    /// The items of a list; none if it is no list.
    pub(super) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let item = |(index, value)| Self {
            path: format!("{}[{index}]", self.path),
            value,
            templated: self.templated,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The items of a member that is a list; none if it is not there.
    pub(super) fn list(&self, name: &str) -> Vec<Self> {
        self.member(name).map(|list| list.items()).unwrap_or_default()
    }

    /// The entries of a member that is a map of names.
    pub(super) fn map(&self, name: &str) -> Vec<(&'a str, Self)> {
        let Some(map) = self.member(name) else { return Vec::new() };
        let entries = map.object().into_iter().flatten();
        entries.filter_map(|(key, _)| Some((key.as_str(), map.member(key)?))).collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.object()?.get(name)?.as_str()
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.object().and_then(|object| object.get(name)) == Some(&Value::Bool(true))
    }
}

/// One step of a path: `.name`, or `['na me']` where a dot would mislead.
pub(super) fn step(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.chars().all(plain) {
        format!(".{name}")
    } else {
        format!("['{}']", name.replace('\\', r"\\").replace('\'', r"\'"))
    }
}

/// A value as a finding shows it: JSON, shortened where it is long.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = match value {
        Value::Object(members) => format!("an object of {} members", members.len()),
        Value::Array(items) => format!("a list of {}", items.len()),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}… ({} characters)", text.chars().count())
}
