//! The style of the pages on which pictures stand.

/// A style sheet: for screens of any width, light and dark, and for paper. Pictures stand in `figure > div`, which is white in the dark, too; wide
/// tables in `div.wide`; what is to be read beside them in `p.note`.
pub fn page_style() -> &'static str {
    include_str!("page.css")
}
