//! The imports of a file from its own crate: every path that begins with `crate`, `self` or
//! `super`, in `use` or in the code.

use crate::sources::{Module, Package};

/// One path in a file, resolved to the module that it names.
pub(crate) struct Import {
    /// The path as written, with groups in braces expanded.
    pub(crate) written: String,
    /// The module that the path names, or that contains the named item.
    pub(crate) target: Vec<String>,
}

/// Returns all imports of a module, one for each leaf of a group in braces.
pub(crate) fn imports(package: &Package, module: &Module) -> Vec<Import> {
    find_paths(&module.code).iter().map(|path| resolve(package, module, path)).collect()
}

fn resolve(package: &Package, module: &Module, path: &[String]) -> Import {
    let mut target = match path[0].as_str() {
        "crate" => Vec::new(),
        "self" => module.path.clone(),
        _ => parent(&module.path),
    };
    let mut names = &path[1..];
    while names.first().is_some_and(|name| name == "super") {
        target = parent(&target);
        names = &names[1..];
    }
    while let Some(name) = names.first() {
        target.push(name.clone());
        if package.module(&target).is_none() {
            target.pop();
            break;
        }
        names = &names[1..];
    }
    Import { written: path.join("::"), target }
}

fn parent(path: &[String]) -> Vec<String> {
    path[..path.len().saturating_sub(1)].to_vec()
}

/// Returns all paths that begin with `crate`, `self` or `super`, one for each leaf of a group in
/// braces.
pub(crate) fn find_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::"] {
        for (position, _) in code.match_indices(start) {
            let before = code[..position].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            read_tree(&code[position..], &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Adds one path, or each path of a tree such as `a::{b, c::d}`, to `found`.
///
/// `prefix` contains the names before the text.
fn read_tree(text: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        for part in split_group(group) {
            read_tree(part, &mut prefix.clone(), found);
        }
        return;
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    if end == 0 {
        if text.starts_with('*') {
            prefix.push("*".to_owned());
        }
        if !prefix.is_empty() && !text.starts_with('}') {
            found.push(prefix.clone());
        }
        return;
    }
    prefix.push(text[..end].to_owned());
    match text[end..].strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => read_tree(rest, prefix, found),
        _ => found.push(prefix.clone()),
    }
}

/// Returns the parts of a group up to its closing brace. Commas inside inner braces do not
/// separate.
fn split_group(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (position, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..position]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}
