//! Requests to the fake, its replies, and the log of both.

use std::time::Duration;

use serde_json::Value;

/// A request to the fake.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) body: Value,
    /// The `Authorization` header with the signature.
    pub(super) authorization: Option<String>,
    /// The age of the signature by the service's clock, in seconds.
    pub(super) age: Option<f64>,
    pub(super) session_token: Option<String>,
}

#[derive(Debug)]
pub(super) enum Reply {
    Success(Value),
    Error {
        status: u16,
        code: String,
        message: String,
    },
    /// The fake closes the connection without a reply.
    Nothing,
}

/// An entry of the log of requests.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogEntry {
    /// The time by the fake's clock.
    pub at: Duration,
    /// The operation, such as `CreateTrainingJob`.
    pub operation: String,
    /// The name of the resource; empty if the operation concerns none or several.
    pub name: String,
    /// The outcome of the request.
    pub outcome: RequestOutcome,
}

/// The outcome of a request to the fake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestOutcome {
    /// The request was executed, and its reply was sent.
    Answered,
    /// The request was executed, but its reply was lost.
    ReplyLost,
    /// The request was lost before it was executed.
    RequestLost,
    /// The request was refused with this error code.
    Refused(String),
}

pub(super) fn refused(code: &str, message: impl Into<String>) -> Reply {
    Reply::Error { status: 400, code: code.to_owned(), message: message.into() }
}
