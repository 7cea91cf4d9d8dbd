//! The style sheet of HTML pages with pictures.

/// Returns a style sheet for screens of any width, for light and dark mode, and for paper.
///
/// Put pictures into `figure > div`, which is white in dark mode too. Put wide tables into
/// `div.wide`, and notes into `p.note`.
pub fn page_style() -> &'static str {
    include_str!("page.css")
}
