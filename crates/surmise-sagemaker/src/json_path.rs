//! Paths in a JSON document, step by step.

/// One step of a path: `.name`, or `['na me']` where a dot would mislead.
pub(crate) fn step(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.chars().all(plain) {
        return format!(".{name}");
    }
    let escaped = name.chars().flat_map(|c| match c {
        '\'' | '\\' => vec!['\\', c],
        c if c.is_control() => c.escape_default().collect(),
        c => vec![c],
    });
    format!("['{}']", escaped.collect::<String>())
}
