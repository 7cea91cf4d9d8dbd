//! Names of exported files.

/// Returns a text as a name of a file: letters, digits and hyphens.
pub(super) fn file_name(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<String>>().join("-")
}
