//! What a file imports from its own crate: every path that begins with `crate`, `self` or `super`, in `use` or in the code.

use crate::sources::{Module, Package};

/// One path in a file, followed to the file that it leads to.
pub(crate) struct Import {
    /// As written, braces resolved.
    pub(crate) written: String,
    /// The module that it names, or that has what it names.
    pub(crate) target: Vec<String>,
}

/// All imports of a module, one for each leaf of a group in braces.
pub(crate) fn imports(package: &Package, module: &Module) -> Vec<Import> {
    paths(&module.code).iter().map(|path| follow(package, module, path)).collect()
}

fn follow(package: &Package, module: &Module, path: &[String]) -> Import {
    let mut target = match path[0].as_str() {
        "crate" => Vec::new(),
        "self" => module.path.clone(),
        _ => parent(&module.path),
    };
    let mut rest = &path[1..];
    while rest.first().is_some_and(|name| name == "super") {
        target = parent(&target);
        rest = &rest[1..];
    }
    while let Some(name) = rest.first() {
        target.push(name.clone());
        if package.module(&target).is_none() {
            target.pop();
            break;
        }
        rest = &rest[1..];
    }
    Import { written: path.join("::"), target }
}

fn parent(path: &[String]) -> Vec<String> {
    path[..path.len().saturating_sub(1)].to_vec()
}

/// All paths of the code that begin with `crate`, `self` or `super`, one for each leaf of a group in braces.
pub(crate) fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::"] {
        for (position, _) in code.match_indices(start) {
            let before = code[..position].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            tree(&code[position..], &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Reads one path, or a tree of them: `a::{b, c::d}`.
fn tree(text: &str, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        for part in parts(group) {
            tree(part, &mut before.clone(), found);
        }
        return;
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    if end == 0 {
        if text.starts_with('*') {
            before.push("*".to_owned());
        }
        if !before.is_empty() && !text.starts_with('}') {
            found.push(before.clone());
        }
        return;
    }
    before.push(text[..end].to_owned());
    match text[end..].strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => tree(rest, before, found),
        _ => found.push(before.clone()),
    }
}

/// The parts of a group, up to its closing brace; commas inside of inner braces separate nothing.
fn parts(group: &str) -> Vec<&str> {
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
