//! Writes the steps of JSON paths.

/// Returns the step to a member: `.name`, or `['na me']` for a name with other characters.
pub(crate) fn step(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.chars().all(is_plain) {
        return format!(".{name}");
    }
    let escaped = name.chars().flat_map(|c| match c {
        '\'' | '\\' => vec!['\\', c],
        c if c.is_control() => c.escape_default().collect(),
        c => vec![c],
    });
    format!("['{}']", escaped.collect::<String>())
}
