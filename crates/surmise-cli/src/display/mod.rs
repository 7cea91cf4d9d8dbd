//! Prints a tuning while it runs, and formats its trials.

mod text;

mod estimate;

mod echo;
mod summary;

mod json;
mod lines;
mod live;

mod view;

pub(crate) use self::lines::shorten_message;
pub(crate) use self::text::{
    describe_range, format_configuration, format_duration, format_number, format_value, pluralize,
    sanitize,
};
pub(crate) use self::view::ProgressDisplay;
