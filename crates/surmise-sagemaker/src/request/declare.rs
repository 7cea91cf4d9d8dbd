//! How the types of a request are declared: each member once, with its type, its name in JSON and its shape in the service's model.
//!
//! From that come the struct, a constructor of what is required, reading and writing, and the table that documents are
//! checked against. What is read and written again is equal: members that are not known here are kept, and so is the order of all.

use serde_json::Value;

/// Members that this version does not know, and the order in which members were given.
///
/// `Other::default()` is what a request that is made by hand has. Two are equal if their members are, in whatever order.
#[derive(Debug, Clone, Default)]
pub struct Other {
    /// `None` stands for a member that is known.
    pub(crate) order: Vec<(String, Option<Value>)>,
}

impl Other {
    /// The members that are not known, in the order given.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.order.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?)))
    }

    /// Sets a member that this version does not know, so that it is written too. Under the name of a field it has no effect.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        self.order.retain(|(known, value)| value.is_none() || *known != name);
        self.order.push((name, Some(value)));
    }
}

impl PartialEq for Other {
    fn eq(&self, other: &Self) -> bool {
        let has = |these: &Self, name: &str, value: &Value| {
            these.members().any(|member| member == (name, value))
        };
        self.members().count() == other.members().count()
            && self.members().all(|(name, value)| has(other, name, value))
    }
}

/// Declares a structure of the request: required and optional members, each with its type, its name in JSON and its shape.
macro_rules! structure {
    (
        $(#[$about:meta])*
        pub struct $name:ident in $shape_name:literal {
            required { $(
                $(#[$required_about:meta])*
                $required:ident: $required_type:ty = $required_name:literal, $required_shape:expr;
            )* }
            optional { $(
                $(#[$optional_about:meta])*
                $optional:ident: $optional_type:ty = $optional_name:literal, $optional_shape:expr;
            )* }
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $( $(#[$required_about])* #[doc(alias = $required_name)] pub $required: $required_type, )*
            $( $(#[$optional_about])* #[doc(alias = $optional_name)] pub $optional: Option<$optional_type>, )*
            /// Members that this version does not know, as they were given.
            pub other: $crate::Other,
        }

        impl $name {
            /// What is required, and nothing else.
            #[allow(clippy::new_without_default, reason = "no member has a value of its own")]
            pub fn new($( $required: impl Into<$required_type> ),*) -> Self {
                Self {
                    $( $required: $required.into(), )*
                    $( $optional: None, )*
                    other: $crate::Other::default(),
                }
            }

            #[allow(dead_code, reason = "the root is checked by its parts")]
            pub(crate) const STRUCTURE: $crate::shape::Structure =
                $crate::shape::Structure {
                    name: $shape_name,
                    members: &[
                        $( $crate::shape::Member {
                            name: $required_name, required: true, shape: &$required_shape,
                        }, )*
                        $( $crate::shape::Member {
                            name: $optional_name, required: false, shape: &$optional_shape,
                        }, )*
                    ],
                };

            #[allow(dead_code, reason = "the root is checked by its parts")]
            pub(crate) const SHAPE: $crate::shape::Shape =
                $crate::shape::Shape::Structure(&Self::STRUCTURE);

            fn write_member<M: serde::ser::SerializeMap>(
                &self,
                name: &str,
                map: &mut M,
            ) -> Result<(), M::Error> {
                match name {
                    $( $required_name => map.serialize_entry(name, &self.$required)?, )*
                    $( $optional_name => if let Some(value) = &self.$optional {
                        map.serialize_entry(name, value)?;
                    }, )*
                    _ => {}
                }
                Ok(())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;

                let mut map = serializer.serialize_map(None)?;
                for (name, unknown) in &self.other.order {
                    match unknown {
                        // A field counts, whatever else is set under its name.
                        Some(_) if Self::STRUCTURE.members.iter().any(|m| m.name == name) => {}
                        Some(value) => map.serialize_entry(name, value)?,
                        None => self.write_member(name, &mut map)?,
                    }
                }
                let given = |name: &str| {
                    let mut known = self.other.order.iter().filter(|(_, value)| value.is_none());
                    known.any(|(given, _)| given == name)
                };
                for member in Self::STRUCTURE.members.iter().filter(|member| !given(member.name)) {
                    self.write_member(member.name, &mut map)?;
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("the members of ", $shape_name))
                    }

                    fn visit_map<M: serde::de::MapAccess<'de>>(
                        self,
                        mut map: M,
                    ) -> Result<$name, M::Error> {
                        $( let mut $required: Option<$required_type> = None; )*
                        $( let mut $optional: Option<$optional_type> = None; )*
                        let mut other = $crate::Other::default();
                        while let Some(name) = map.next_key::<String>()? {
                            match name.as_str() {
                                $( $required_name => $required = Some(map.next_value()?), )*
                                $( $optional_name => $optional = map.next_value()?, )*
                                _ => {
                                    let value = map.next_value()?;
                                    other.insert(name, value);
                                    continue;
                                }
                            }
                            if !other.order.iter().any(|(given, _)| *given == name) {
                                other.order.push((name, None));
                            }
                        }
                        Ok($name {
                            $( $required: $required
                                .ok_or_else(|| serde::de::Error::missing_field($required_name))?, )*
                            $( $optional, )*
                            other,
                        })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

/// Declares an enumeration of the request.
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $name:ident { $( $(#[$variant_about:meta])* $variant:ident = $variant_name:literal, )+ }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$variant_about])* #[serde(rename = $variant_name)] $variant, )+ }

        impl $name {
            pub(crate) const SHAPE: $crate::shape::Shape =
                $crate::shape::Shape::Choice(&[ $( $variant_name ),+ ]);

            /// Its name in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $variant_name, )+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use choices;
pub(crate) use structure;
