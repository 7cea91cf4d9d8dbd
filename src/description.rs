//! What a strategy or an acquisition is, as a record that can be kept and compared.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::any::type_name;

/// A name and settings: two parts of a search that have the same description behave alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// What it is called; the name of its type, unless it says otherwise.
    pub name: String,
    /// Its settings as JSON; null if it has none or does not tell.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub settings: Value,
}

impl Description {
    /// A description without settings.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), settings: Value::Null }
    }

    /// The same with these settings. What cannot be written as JSON, such as a map whose keys are no texts, is left out.
    #[must_use]
    pub fn with(self, settings: impl Serialize) -> Self {
        Self { settings: serde_json::to_value(settings).unwrap_or_default(), ..self }
    }

    /// The name of a type, in its crate and without the modules on the way.
    pub fn of_type<T: ?Sized>() -> Self {
        let full = type_name::<T>();
        // The arguments of a generic type are part of its name, with paths of their own.
        let (path, arguments) = full.find('<').map_or((full, ""), |at| full.split_at(at));
        let name = match (path.split("::").next(), path.rsplit("::").next()) {
            (Some(first), Some(last)) if first != last => format!("{first}::{last}{arguments}"),
            _ => full.to_owned(),
        };
        Self::named(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;
    struct Of<T>(std::marker::PhantomData<T>);

    #[test]
    fn types_are_called_by_their_crate_and_name() {
        assert_eq!(Description::of_type::<Plain>().name, "surmise::Plain");
        assert_eq!(Description::of_type::<Of<Plain>>().name.split('<').next(), Some("surmise::Of"));
        assert_eq!(Description::of_type::<str>().name, "str");
    }

    #[test]
    fn settings_that_are_absent_are_not_written() {
        let written = serde_json::to_string(&Description::named("random")).unwrap();
        assert_eq!(written, r#"{"name":"random"}"#);
        let described = Description::named("grid").with([1, 2]);
        let written = serde_json::to_string(&described).unwrap();
        assert_eq!(written, r#"{"name":"grid","settings":[1,2]}"#);
        assert_eq!(serde_json::from_str::<Description>(&written).unwrap(), described);
    }
}
