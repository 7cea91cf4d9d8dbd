//! A tuning request as it was given, in any of its shapes, and what of it is not known yet.

mod json;
mod leftovers;
mod wrapping;

mod document;

mod reader;

pub(crate) use self::document::NAME;
pub use self::document::{Document, DocumentShape};
pub use self::reader::{DocumentReader, ReadError};
#[cfg(test)]
pub(crate) use self::wrapping::REQUEST_MEMBERS;
