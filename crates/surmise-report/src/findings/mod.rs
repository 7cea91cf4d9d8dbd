//! Findings about a study, with advice.

mod finding;

mod failures;
mod model;
mod progress;
mod search_space;
mod stopping;

mod all;

pub use self::finding::{Finding, FindingKind};
