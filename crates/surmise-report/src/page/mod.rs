//! The page of a report: one self-contained HTML file.

mod summary;
mod table;

mod filter;

mod html;
