//! The tables of a comparison, independent of Markdown and HTML.

mod table;

mod by_case;
mod overall;
mod pairs;
mod reliability;

mod all;

pub(super) use self::all::tables;
pub(super) use self::table::Table;
