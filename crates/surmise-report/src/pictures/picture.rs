//! A picture.

/// A picture of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Picture {
    /// What it is called in a file's name: letters and hyphens.
    pub name: &'static str,
    /// Its heading.
    pub title: String,
    /// How it is read, as sentences.
    pub reading: String,
    /// What it shows, as sentences: for those who cannot see it.
    pub says: String,
    /// The picture, as SVG.
    pub svg: String,
}
