//! A picture with its texts.

/// A picture of a study as SVG, with texts that explain and summarize it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Picture {
    /// The name for a file, of letters and hyphens.
    pub name: &'static str,
    /// The heading of the picture.
    pub title: String,
    /// The instructions for reading the picture, in a few sentences.
    pub explanation: String,
    /// The content of the picture, in a few sentences, also for readers who cannot see it.
    pub summary: String,
    /// The picture as SVG.
    pub svg: String,
}
