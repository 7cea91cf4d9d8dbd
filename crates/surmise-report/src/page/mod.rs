//! The page: one HTML file that needs nothing from elsewhere.

mod summary;
mod table;

mod filter;

mod html;
