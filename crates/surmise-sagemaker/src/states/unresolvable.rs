//! Why an expression has no value.

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unresolvable {
    /// Nothing was given to look it up in.
    Unknown(&'static str),
    /// This path leads nowhere in what was given.
    Missing(String),
    /// There is a value beside it under the same name.
    Beside(String),
    /// It is no expression.
    Malformed(String),
    /// It is one that Step Functions knows and we do not.
    Unsupported(String),
    /// It has another value each time.
    Random(String),
    /// It is known when this happens.
    Later(&'static str),
}
