//! The order of imports: between packages, modules, and the files of a folder.

use crate::imports::imports;
use crate::packages;
use crate::sources::{Module, Package};
use crate::tables::{PACKAGE_ORDER, may_import};

/// Returns the violations of the order in a package, and its imports, one line per file.
fn check_package(package: &Package) -> (Vec<String>, Vec<String>) {
    let (mut violations, mut lines) = (Vec::new(), Vec::new());
    for module in package.modules.iter().filter(|module| !module.is_for_tests()) {
        let mut targets: Vec<String> = Vec::new();
        for import in imports(package, module) {
            let pairs = module.path.iter().zip(&import.target);
            let common = pairs.take_while(|(name, target_name)| name == target_name).count();
            if common == module.path.len() {
                // A file may import itself and the files below it.
                continue;
            }
            if let Some(violation) = violation(package, module, &import.target, common) {
                violations.push(format!(
                    "{}/{}: `{}` {violation}",
                    package.name, module.file, import.written
                ));
            }
            let target = import.target.join("/");
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        lines.push(format!("{}/{} → {}", package.name, module.file, targets.join(", ")));
    }
    (violations, lines)
}

/// Returns the rule that an import violates, with the remedy, or `None` if the import is allowed.
///
/// `common` is the number of names with which both module paths begin.
fn violation(
    package: &Package,
    module: &Module,
    target: &[String],
    common: usize,
) -> Option<String> {
    if common == target.len() {
        let root = &package.module(target)?.file;
        return Some(format!(
            "imports from {root} above it: name the file with the item, `super::FILE::…`"
        ));
    }
    let root = package.module(&module.path[..common])?;
    let line = |name: &String| root.children.iter().position(|child| child == name);
    let (name, target_name) = (&module.path[common], &target[common]);
    if line(target_name).is_none() {
        return Some(format!("imports {target_name}, which {} does not list by `mod`", root.file));
    }
    (line(name) <= line(target_name)).then(|| {
        format!(
            "imports a later file: {} lists `{target_name}` after `{name}`; move the line, or \
             move the common items into an earlier file",
            root.file
        )
    })
}

#[test]
fn files_import_only_lower_files() {
    let mut violations = Vec::new();
    for package in packages() {
        let (found, lines) = check_package(&package);
        violations.extend(found);
        #[allow(clippy::print_stdout, reason = "it prints the imports on request")]
        lines.iter().for_each(|line| println!("{line}"));
    }
    assert!(
        violations.is_empty(),
        "Files import only files that are listed before them.\n{}",
        violations.join("\n")
    );
}

#[test]
fn modules_of_the_engine_import_only_modules_in_the_table() {
    let mut violations = Vec::new();
    let engine = &packages()[0];
    for module in engine.modules.iter().filter(|module| !module.path.is_empty()) {
        let name = &module.path[0];
        let Some(allowed) = may_import(name) else {
            violations.push(format!("{name} has no row in the table: add it"));
            continue;
        };
        for import in imports(engine, module).iter().filter(|_| !module.is_for_tests()) {
            let Some(target) = import.target.first() else { continue };
            if target != name && target != "error" && !allowed.contains(&target.as_str()) {
                violations.push(format!("{} imports {target}, which {name} may not", module.file));
            }
        }
    }
    violations.dedup();
    assert!(
        violations.is_empty(),
        "Modules import only modules that the table allows.\n{}",
        violations.join("\n")
    );
}

#[test]
fn the_table_lists_no_unused_import() {
    let engine = &packages()[0];
    let mut violations = Vec::new();
    let names: Vec<&String> = engine
        .modules
        .iter()
        .filter(|module| module.path.len() == 1)
        .map(|module| &module.path[0])
        .collect();
    for name in names {
        let files = engine.modules.iter().filter(|module| module.path.first() == Some(name));
        let targets: Vec<String> = files
            .flat_map(|module| imports(engine, module))
            .filter_map(|import| import.target.first().cloned())
            .collect();
        let unused = may_import(name)
            .unwrap_or_default()
            .iter()
            .filter(|allowed| !targets.iter().any(|target| target == *allowed));
        violations
            .extend(unused.map(|allowed| format!("{name} may import {allowed}, and does not")));
    }
    assert!(
        violations.is_empty(),
        "The table lists only imports that exist.\n{}",
        violations.join("\n")
    );
}

#[test]
fn packages_import_only_lower_packages() {
    let names: Vec<&str> = crate::PACKAGES.iter().map(|(name, ..)| *name).collect();
    let mut violations = Vec::new();
    for package in packages() {
        let (_, _, allowed) = crate::PACKAGES.iter().find(|row| row.0 == package.name).unwrap();
        for module in &package.modules {
            for other in names.iter().filter(|other| **other != package.name) {
                let imports_it = module.code.contains(&format!("use {other}::"))
                    || module.code.contains(&format!("({other}::"))
                    || module.code.contains(&format!(" {other}::"));
                if imports_it && !allowed.contains(other) {
                    violations.push(format!("{}/{} imports {other}", package.name, module.file));
                }
            }
        }
    }
    assert!(
        violations.is_empty(),
        "Packages import only earlier packages: {PACKAGE_ORDER}\n{}",
        violations.join("\n")
    );
}

#[test]
fn planted_violations_are_found() {
    let violations = |files: &[(&str, &str)]| check_package(&Package::from_texts(files)).0;
    let lib = ("lib.rs", "mod a;\nmod b;\n");
    assert!(violations(&[lib, ("a.rs", ""), ("b.rs", "use crate::a::{One, Two};\n")]).is_empty());
    // Two files that import each other.
    let cycle = violations(&[lib, ("a.rs", "use crate::b::Two;"), ("b.rs", "use crate::a::One;")]);
    assert_eq!(cycle.len(), 1);
    assert!(cycle[0].contains("planted/a.rs: `crate::b::Two` imports a later file"), "{cycle:?}");
    // Imports of a later file inside a folder, by `super`, and in the code.
    let folder = [("lib.rs", "mod a;"), ("a/mod.rs", "mod low;\n\nmod high;\n")];
    let low = |text| violations(&[folder[0], folder[1], ("a/low.rs", text), ("a/high.rs", "")]);
    assert!(low("use super::high::{self, Thing};")[0].contains("lists `high` after `low`"));
    assert_eq!(low("fn f() {\n    super::high::g()\n}").len(), 1);
    assert_eq!(low("use crate::a::high::Thing;").len(), 1);
    // An import from the `mod.rs` of the same folder.
    let from_root = low("use super::Thing;");
    assert!(from_root[0].contains("imports from a/mod.rs above it"), "{from_root:?}");
    // An import from a folder to a later folder.
    let folders = [("lib.rs", "mod a;\nmod c;"), ("a/mod.rs", "mod low;"), ("c/mod.rs", "mod d;")];
    let later =
        [folders[0], folders[1], folders[2], ("a/low.rs", "use crate::c::D;"), ("c/d.rs", "")];
    assert_eq!(violations(&later).len(), 1);
}
