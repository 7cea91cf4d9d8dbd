//! Which file imports which.

use crate::imports::imports;
use crate::packages;
use crate::sources::{Module, Package};
use crate::tables::{PACKAGES_ROWS, may_import};

/// What the arrows of a package break, and the arrows themselves, a line for each file.
fn drawn(package: &Package) -> (Vec<String>, Vec<String>) {
    let (mut offences, mut lines) = (Vec::new(), Vec::new());
    for module in package.modules.iter().filter(|module| !module.is_for_tests()) {
        let mut arrows: Vec<String> = Vec::new();
        for import in imports(package, module) {
            let own = &module.path;
            let common = own.iter().zip(&import.target).take_while(|(own, to)| own == to).count();
            if common == own.len() {
                // Its own modules, or itself.
                continue;
            }
            if let Some(offence) = offence(package, module, &import.target, common) {
                offences.push(format!(
                    "{}/{}: `{}` {offence}",
                    package.name, module.file, import.written
                ));
            }
            let arrow = import.target.join("/");
            if !arrows.contains(&arrow) {
                arrows.push(arrow);
            }
        }
        lines.push(format!("{}/{} → {}", package.name, module.file, arrows.join(", ")));
    }
    (offences, lines)
}

/// What an import breaks, with the way out.
fn offence(package: &Package, module: &Module, target: &[String], common: usize) -> Option<String> {
    if common == target.len() {
        let face = &package.module(target)?.file;
        return Some(format!(
            "goes through the face {face} above it: name the file that has what is wanted, `super::FILE::…`"
        ));
    }
    let face = package.module(&module.path[..common])?;
    let line = |name: &String| face.children.iter().position(|child| child == name);
    let (own, other) = (&module.path[common], &target[common]);
    if line(other).is_none() {
        return Some(format!("leads to {other}, which {} does not list by `mod`", face.file));
    }
    (line(own) <= line(other)).then(|| {
        format!(
            "points upwards: {} lists `{other}` after `{own}`; move what both need into a file below both, or the line if nothing points back",
            face.file
        )
    })
}

#[test]
fn no_arrow_points_upwards() {
    let mut offences = Vec::new();
    for package in packages() {
        let (found, lines) = drawn(&package);
        offences.extend(found);
        #[allow(clippy::print_stdout, reason = "what it draws is for people")]
        lines.iter().for_each(|line| println!("{line}"));
    }
    assert!(
        offences.is_empty(),
        "Files import only what stands below them.\n{}",
        offences.join("\n")
    );
}

#[test]
fn modules_of_the_engine_import_what_the_table_allows() {
    let mut offences = Vec::new();
    let engine = &packages()[0];
    for module in engine.modules.iter().filter(|module| !module.path.is_empty()) {
        let own = &module.path[0];
        let Some(allowed) = may_import(own) else {
            offences.push(format!(
                "{own} stands in no row of the table: add it, here and in ARCHITECTURE.md"
            ));
            continue;
        };
        for import in imports(engine, module).iter().filter(|_| !module.is_for_tests()) {
            let Some(other) = import.target.first() else { continue };
            if other != own && other != "error" && !allowed.contains(&other.as_str()) {
                offences.push(format!("{} imports {other}, which {own} may not", module.file));
            }
        }
    }
    offences.dedup();
    assert!(offences.is_empty(), "Modules import what the table allows.\n{}", offences.join("\n"));
}

#[test]
fn the_table_allows_nothing_that_is_not_needed() {
    let engine = &packages()[0];
    let mut offences = Vec::new();
    let rows: Vec<&String> = engine
        .modules
        .iter()
        .filter(|module| module.path.len() == 1)
        .map(|module| &module.path[0])
        .collect();
    for own in rows {
        let of_own = engine.modules.iter().filter(|module| module.path.first() == Some(own));
        let targets: Vec<String> = of_own
            .flat_map(|module| imports(engine, module))
            .filter_map(|import| import.target.first().cloned())
            .collect();
        let unused = may_import(own)
            .unwrap_or_default()
            .iter()
            .filter(|other| !targets.iter().any(|target| target == *other));
        offences.extend(unused.map(|other| format!("{own} may import {other}, and does not")));
    }
    assert!(offences.is_empty(), "The table shows what is.\n{}", offences.join("\n"));
}

#[test]
fn packages_import_what_stands_below_them() {
    let names: Vec<&str> = crate::PACKAGES.iter().map(|(name, ..)| *name).collect();
    let mut offences = Vec::new();
    for package in packages() {
        let (_, _, allowed) = crate::PACKAGES.iter().find(|row| row.0 == package.name).unwrap();
        for module in &package.modules {
            for other in names.iter().filter(|other| **other != package.name) {
                let imports_it = module.code.contains(&format!("use {other}::"))
                    || module.code.contains(&format!("({other}::"))
                    || module.code.contains(&format!(" {other}::"));
                if imports_it && !allowed.contains(other) {
                    offences.push(format!("{}/{} imports {other}", package.name, module.file));
                }
            }
        }
    }
    assert!(
        offences.is_empty(),
        "Packages import what stands below them: {PACKAGES_ROWS}\n{}",
        offences.join("\n")
    );
}

#[test]
fn what_is_planted_is_found() {
    let faults = |files: &[(&str, &str)]| drawn(&Package::of(files)).0;
    let lib = ("lib.rs", "mod a;\nmod b;\n");
    assert!(faults(&[lib, ("a.rs", ""), ("b.rs", "use crate::a::{One, Two};\n")]).is_empty());
    // A circle of files.
    let circle = faults(&[lib, ("a.rs", "use crate::b::Two;"), ("b.rs", "use crate::a::One;")]);
    assert_eq!(circle.len(), 1);
    assert!(circle[0].contains("planted/a.rs: `crate::b::Two` points upwards"), "{circle:?}");
    // Upwards inside of a folder, by `super`, and in the code.
    let folder = [("lib.rs", "mod a;"), ("a/mod.rs", "mod low;\n\nmod high;\n")];
    let low = |text| faults(&[folder[0], folder[1], ("a/low.rs", text), ("a/high.rs", "")]);
    assert!(low("use super::high::{self, Thing};")[0].contains("lists `high` after `low`"));
    assert_eq!(low("fn f() {\n    super::high::g()\n}").len(), 1);
    assert_eq!(low("use crate::a::high::Thing;").len(), 1);
    // Through the face.
    let through = low("use super::Thing;");
    assert!(through[0].contains("through the face a/mod.rs"), "{through:?}");
    // From a folder to another one.
    let two = [("lib.rs", "mod a;\nmod c;"), ("a/mod.rs", "mod low;"), ("c/mod.rs", "mod d;")];
    let up = [two[0], two[1], two[2], ("a/low.rs", "use crate::c::D;"), ("c/d.rs", "")];
    assert_eq!(faults(&up).len(), 1);
}
