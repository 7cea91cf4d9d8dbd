//! The reasons for which an expression has no value.

/// The reason for which an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnresolvedReason {
    /// The reader did not get the input or the context, which the field names.
    NotGiven(&'static str),
    /// The path does not exist in the given input or context.
    Missing(String),
    /// The same object also has a member of this name without `.$`.
    DuplicateName(String),
    /// The text is not a valid expression.
    Malformed(String),
    /// Step Functions supports the expression, but this crate does not.
    Unsupported(String),
    /// The function returns a random value.
    Random(String),
    /// The value becomes known when the event in the field happens.
    Later(&'static str),
}
