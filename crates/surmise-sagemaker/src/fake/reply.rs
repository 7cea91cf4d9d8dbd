//! Requests to the fake, what is answered, and what the network makes of both.

use std::time::Duration;

use serde_json::Value;

/// A request, without its signature.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) body: Value,
    /// What names and proves who asks.
    pub(super) authorization: Option<String>,
    /// When it says that it was signed: seconds by the service's clock from then to now.
    pub(super) age: Option<f64>,
    pub(super) session_token: Option<String>,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Reply {
    Answer(Value),
    Error {
        status: u16,
        code: String,
        message: String,
    },
    /// The line is cut.
    Nothing,
}

/// A request that was made, and what became of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// When.
    pub at: Duration,
    /// Such as `CreateTrainingJob`.
    pub operation: String,
    /// Of what, where it is of one thing.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was carried out and answered.
    Answered,
    /// It was carried out, and its reply was lost.
    ReplyLost,
    /// It was lost itself.
    RequestLost,
    /// It was refused, with this code.
    Refused(String),
}

pub(super) fn refused(code: &str, message: impl Into<String>) -> Reply {
    Reply::Error { status: 400, code: code.to_owned(), message: message.into() }
}
