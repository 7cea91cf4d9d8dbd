//! Macros that declare the types of a request: each member once, with type, JSON name and shape.
//!
//! A declaration generates the struct, a constructor with the required members, serialization, and
//! the shape that documents are checked against. Reading and writing a request again changes
//! nothing: unknown members and the order of all members are kept.

use serde_json::Value;

/// The members of an object that this version does not know.
///
/// They are kept, so that writing a request again loses nothing. The value also remembers the order
/// of all members. Two values are equal if they have the same members in any order. A request that
/// you build in code has `UnknownMembers::default()`.
#[derive(Debug, Clone, Default)]
pub struct UnknownMembers {
    /// All members in the order of the document; `None` for a known one.
    pub(crate) order: Vec<(String, Option<Value>)>,
}

impl UnknownMembers {
    /// Returns the unknown members in the order of the document.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.order.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?)))
    }

    /// Sets a member that this version does not know, so that it is written, too.
    ///
    /// A member with the name of a field has no effect.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        self.order.retain(|(existing, value)| value.is_none() || *existing != name);
        self.order.push((name, Some(value)));
    }
}

impl PartialEq for UnknownMembers {
    fn eq(&self, other: &Self) -> bool {
        self.members().count() == other.members().count()
            && self.members().all(|member| other.members().any(|it| it == member))
    }
}

/// Declares a structure: required and optional members with type, JSON name and shape.
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
            $( $(#[$required_about])* #[doc(alias = $required_name)]
            pub $required: $required_type, )*
            $( $(#[$optional_about])* #[doc(alias = $optional_name)]
            pub $optional: Option<$optional_type>, )*
            /// The members that this version does not know.
            pub unknown_members: $crate::UnknownMembers,
        }

        impl $name {
            /// Creates a value with the required members only.
            #[allow(clippy::new_without_default, reason = "members have no default values")]
            pub fn new($( $required: impl Into<$required_type> ),*) -> Self {
                Self {
                    $( $required: $required.into(), )*
                    $( $optional: None, )*
                    unknown_members: $crate::UnknownMembers::default(),
                }
            }

            #[allow(dead_code, reason = "some structures are checked only as members")]
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

            #[allow(dead_code, reason = "some structures are checked only as members")]
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
                for (name, unknown) in &self.unknown_members.order {
                    match unknown {
                        // A field takes precedence over an unknown member with its name.
                        Some(_) if Self::STRUCTURE.members.iter().any(|m| m.name == name) => {}
                        Some(value) => map.serialize_entry(name, value)?,
                        None => self.write_member(name, &mut map)?,
                    }
                }
                let is_written = |name: &str| {
                    let order = self.unknown_members.order.iter();
                    order.filter(|(_, value)| value.is_none()).any(|(written, _)| written == name)
                };
                let members = Self::STRUCTURE.members.iter();
                for member in members.filter(|member| !is_written(member.name)) {
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
                        let mut unknown_members = $crate::UnknownMembers::default();
                        while let Some(name) = map.next_key::<String>()? {
                            match name.as_str() {
                                $( $required_name => $required = Some(map.next_value()?), )*
                                $( $optional_name => $optional = map.next_value()?, )*
                                _ => {
                                    let value = map.next_value()?;
                                    unknown_members.insert(name, value);
                                    continue;
                                }
                            }
                            if !unknown_members.order.iter().any(|(it, _)| *it == name) {
                                unknown_members.order.push((name, None));
                            }
                        }
                        Ok($name {
                            $( $required: $required
                                .ok_or_else(|| serde::de::Error::missing_field($required_name))?, )*
                            $( $optional, )*
                            unknown_members,
                        })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

/// Declares an enumeration: variants and their names in JSON.
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[$variant_about:meta])* $variant:ident = $variant_name:literal, )+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$variant_about])* #[serde(rename = $variant_name)] $variant, )+ }

        impl $name {
            pub(crate) const SHAPE: $crate::shape::Shape =
                $crate::shape::Shape::Choice(&[ $( $variant_name ),+ ]);

            /// Returns the name in JSON.
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
