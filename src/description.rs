//! The description of a strategy or an acquisition function, for journals and comparisons.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::any::type_name;

/// The name and settings of a strategy or an acquisition function.
///
/// Two strategies with equal descriptions make equal proposals, and two acquisition functions with
/// equal descriptions return equal values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The name of the strategy or the acquisition function; by default, the name of its type.
    pub name: String,
    /// The settings as JSON; null if there are none or if they are unknown.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub settings: Value,
}

impl Description {
    /// Creates a description with this name and without settings.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), settings: Value::Null }
    }

    /// Sets the settings; a new description has none.
    ///
    /// Settings that cannot be written as JSON, such as maps with non-string keys, become null.
    #[must_use]
    pub fn with_settings(self, settings: impl Serialize) -> Self {
        Self { settings: serde_json::to_value(settings).unwrap_or_default(), ..self }
    }

    /// Creates a description named after a type: the crate and the type, such as `surmise::Plain`.
    pub fn of_type<T: ?Sized>() -> Self {
        let full = type_name::<T>();
        // Split off generic arguments first, because they also contain paths.
        let (path, arguments) = full.find('<').map_or((full, ""), |index| full.split_at(index));
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
    struct Generic<T>(std::marker::PhantomData<T>);

    #[test]
    fn names_of_types_have_their_crate_and_no_modules() {
        assert_eq!(Description::of_type::<Plain>().name, "surmise::Plain");
        let generic = Description::of_type::<Generic<Plain>>().name;
        assert_eq!(generic.split('<').next(), Some("surmise::Generic"));
        assert_eq!(Description::of_type::<str>().name, "str");
    }

    #[test]
    fn missing_settings_are_not_serialized() {
        let written = serde_json::to_string(&Description::named("random")).unwrap();
        assert_eq!(written, r#"{"name":"random"}"#);
        let described = Description::named("grid").with_settings([1, 2]);
        let written = serde_json::to_string(&described).unwrap();
        assert_eq!(written, r#"{"name":"grid","settings":[1,2]}"#);
        assert_eq!(serde_json::from_str::<Description>(&written).unwrap(), described);
    }
}
