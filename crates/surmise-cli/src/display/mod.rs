//! What is shown of a tuning while it runs, and of its trials afterwards.

mod text;

mod estimate;

mod echo;
mod summary;

mod json;
mod lines;
mod live;

mod view;

pub(crate) use self::lines::one_line;
pub(crate) use self::text::{described, duration, number, plural, printable, short, value};
pub(crate) use self::view::Display;
