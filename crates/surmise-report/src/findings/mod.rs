//! What is remarkable about a study, and what to do about it.

mod finding;

mod failures;
mod model;
mod progress;
mod search_space;
mod stopping;

mod all;

pub use self::finding::{Finding, FindingKind};
