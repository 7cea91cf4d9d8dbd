//! Reads a tuning request from any of its formats, and lists the values that are still unknown.

mod explanation;
mod formats;
mod json;

mod document;

mod reader;

pub(crate) use self::document::NAME;
pub use self::document::{Document, DocumentFormat};
#[cfg(test)]
pub(crate) use self::formats::REQUEST_MEMBERS;
pub use self::reader::{DocumentReader, ReadError};
