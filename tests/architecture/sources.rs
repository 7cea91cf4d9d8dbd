//! The source files of all packages, as modules.

use std::fs;
use std::path::{Path, PathBuf};

/// A package of the workspace, with its modules.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) modules: Vec<Module>,
}

/// One source file below the folder `src`.
pub(crate) struct Module {
    /// The path relative to the package's `src`, with forward slashes.
    pub(crate) file: String,
    /// The module path below the crate; empty for `lib.rs` and `main.rs`.
    pub(crate) path: Vec<String>,
    pub(crate) text: String,
    /// The code, without comments and without the tests at its end.
    pub(crate) code: String,
    /// The modules that the file declares, in order, without those for tests.
    pub(crate) children: Vec<String>,
}

impl Package {
    /// Reads all sources of the package in this folder.
    pub(crate) fn read(name: &'static str, folder: &Path) -> Self {
        let root = folder.join("src");
        let files = rust_files(&root);
        let mut modules: Vec<Module> = files.iter().map(|file| Module::read(&root, file)).collect();
        modules.sort_by(|a, b| a.path.cmp(&b.path));
        Self { name, modules }
    }

    /// Makes a package from file names and texts, to test the checks themselves.
    pub(crate) fn from_texts(files: &[(&str, &str)]) -> Self {
        let module =
            |(file, text): &(&str, &str)| Module::new((*file).to_owned(), (*text).to_owned());
        Self { name: "planted", modules: files.iter().map(module).collect() }
    }

    pub(crate) fn module(&self, path: &[String]) -> Option<&Module> {
        self.modules.iter().find(|module| module.path == path)
    }
}

impl Module {
    fn read(root: &Path, file: &Path) -> Self {
        let parts: Vec<_> = file.strip_prefix(root).unwrap().iter().collect();
        let parts: Vec<&str> = parts.iter().map(|part| part.to_str().unwrap()).collect();
        Self::new(parts.join("/"), fs::read_to_string(file).unwrap())
    }

    fn new(file: String, text: String) -> Self {
        let stem = file.trim_end_matches(".rs");
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let path = match stem {
            "lib" | "main" => Vec::new(),
            _ => stem.split('/').map(str::to_owned).collect(),
        };
        let code = strip_comments_and_tests(&text);
        let children = declared_modules(&code);
        Self { file, path, text, code, children }
    }

    pub(crate) fn is_for_tests(&self) -> bool {
        self.path.iter().any(|name| name == "tests")
    }

    /// Returns whether the file declares modules, as `mod.rs`, `lib.rs` and `main.rs` do.
    pub(crate) fn is_folder_root(&self) -> bool {
        !self.children.is_empty()
    }
}

/// Returns all Rust files in a folder and below.
pub(crate) fn rust_files(root: &Path) -> Vec<PathBuf> {
    find_files(root, |path| path.extension().is_some_and(|extension| extension == "rs"))
}

/// Returns the wanted files in a folder and below.
pub(crate) fn find_files(root: &Path, is_wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if is_wanted(&path) {
                files.push(path);
            }
        }
    }
    files
}

fn strip_comments_and_tests(text: &str) -> String {
    let mut code = text;
    for tests in ["#[cfg(test)]\nmod tests", "#[cfg(test)]\npub(super) mod tests"] {
        code = code.split(tests).next().unwrap_or_default();
    }
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(without_comment).collect::<Vec<_>>().join("\n")
}

/// Returns a line without its comment; `//` inside a string is no comment.
fn without_comment(line: &str) -> &str {
    let comments = line.match_indices(" // ").map(|(start, _)| start);
    let is_outside = |start: &usize| line[..*start].matches('"').count().is_multiple_of(2);
    comments.filter(is_outside).min().map_or(line, |start| &line[..start])
}

/// Returns the names of the declarations `mod name;`.
fn declared_modules(code: &str) -> Vec<String> {
    let declaration = |line: &str| {
        let name = line.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let name = name.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')?;
        (name != "tests").then(|| name.to_owned())
    };
    code.lines().filter_map(declaration).collect()
}
